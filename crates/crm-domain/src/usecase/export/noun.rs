//! What an export needs to know of a noun.

use super::reference::References;
use crate::{
    error::Result,
    id::{AccountId, ContactId, UserId},
    page::{Page, Sort, Window},
    tenant::{TenantReader, change::EntityKind},
};

/// A noun that can be exported.
pub(super) trait Noun {
    /// The entity.
    type Record;
    /// What its lists are sorted by; the default is the order of creation.
    type Key: Default;
    /// Its kind.
    const KIND: EntityKind;
    /// The importer's names of the fields, one for each cell.
    const COLUMNS: &'static [&'static str];

    /// A page of the live records.
    fn page(reader: &mut dyn TenantReader, sort: Sort<Self::Key>, window: &Window) -> Result<Page<Self::Record>>;
    /// The record's id.
    fn id(record: &Self::Record) -> i64;
    /// Who owns it.
    fn owner(record: &Self::Record) -> UserId;
    /// The accounts whose names the records' cells need.
    fn accounts(records: &[Self::Record]) -> Needed<'_>;
    /// The contacts whom the records' cells need.
    fn contacts(_records: &[Self::Record]) -> Vec<ContactId> {
        Vec::new()
    }
    /// Its cells, in the order of the columns.
    fn cells(record: &Self::Record, references: &References) -> Vec<String>;
    /// Whether an import finds its place again, its pipeline being the default one.
    fn is_importable_in_place(_record: &Self::Record, _references: &References) -> bool {
        true
    }
}

/// The accounts that a page names.
#[derive(Default)]
pub(super) struct Needed<'a> {
    /// To be read.
    pub(super) ids: Vec<AccountId>,
    /// At hand already.
    pub(super) known: &'a [crate::tenant::account::Account],
}

impl Needed<'_> {
    /// Accounts that are not at hand.
    pub(super) fn ids(ids: impl Iterator<Item = AccountId>) -> Self {
        let mut ids: Vec<AccountId> = ids.collect();
        ids.sort_unstable();
        ids.dedup();
        Self { ids, known: &[] }
    }
}

/// The text of an optional value.
pub(super) fn cell(value: Option<&(impl ToString + ?Sized)>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}
