//! Reading and keeping accounts.

use super::{Account, AccountFields};
use crate::{
    error::Result,
    field::{Email, WebAddress},
    id::{AccountId, RecordId},
    page::{Page, Sort, SortValue, Window},
    stamp::Stamp,
};

/// What accounts can be sorted by; creation is the default (contract X-35).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the fields of Account")]
pub enum AccountSort {
    #[default]
    CreatedAt,
    UpdatedAt,
    Name,
    Category,
    Website,
    Phone,
    Email,
    City,
    State,
    ZipCode,
    Country,
    Industry,
    Employees,
    AnnualRevenue,
    FoundedYear,
    OwnerId,
    ExternalId,
    Address,
    Currency,
    Description,
    ParentId,
    CreatedBy,
}

impl AccountSort {
    /// What a cursor carries of an account in a list sorted by this key. Names are compared in lower case; ids ascend with creation.
    pub fn value(self, account: &Account) -> SortValue {
        let fields = &account.fields;
        let text = |value: Option<&str>| SortValue::Text(value.map(str::to_owned));
        match self {
            Self::CreatedAt => SortValue::Id,
            Self::UpdatedAt => SortValue::Integer(Some(account.updated_at.micros())),
            Self::Name => SortValue::Text(Some(fields.name.to_lowercase())),
            Self::Category => text(fields.category.as_deref()),
            Self::Website => text(fields.website.as_ref().map(WebAddress::as_str)),
            Self::Phone => text(fields.phone.as_deref()),
            Self::Email => text(fields.email.as_ref().map(Email::as_str)),
            Self::City => text(fields.city.as_deref()),
            Self::State => text(fields.state.as_deref()),
            Self::ZipCode => text(fields.zip_code.as_deref()),
            Self::Country => text(fields.country.as_deref()),
            Self::Industry => text(fields.industry.as_deref()),
            Self::Employees => SortValue::Integer(fields.employees),
            Self::AnnualRevenue => SortValue::Integer(fields.annual_revenue.map(|money| money.minor)),
            Self::FoundedYear => SortValue::Integer(fields.founded_year),
            Self::OwnerId => SortValue::Integer(Some(fields.owner_id.get())),
            Self::ExternalId => text(fields.external_id.as_deref()),
            Self::Address => text(fields.address.as_deref()),
            Self::Currency => text(fields.annual_revenue.as_ref().map(|money| money.currency.as_str())),
            Self::Description => text(fields.description.as_deref()),
            Self::ParentId => SortValue::Integer(fields.parent_id.map(RecordId::get)),
            Self::CreatedBy => SortValue::Integer(account.created_by.map(RecordId::get)),
        }
    }
}

/// Which accounts a list shows; deleted ones never.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountFilter {
    /// Only those changed after this stamp (contract A-27).
    pub updated_after: Option<Stamp>,
    /// Only those whose name, website, email, phone, city, country or industry holds this text, whatever its case.
    pub search: Option<String>,
}

/// Reads accounts.
pub trait AccountReads {
    /// The live account with this id.
    fn lookup(&mut self, id: AccountId) -> Result<Option<Account>>;
    /// The live accounts among these ids, in any order.
    fn lookup_many(&mut self, ids: &[AccountId]) -> Result<Vec<Account>>;
    /// The live accounts with one of these external ids; at most one each.
    fn lookup_external(&mut self, external_ids: &[String]) -> Result<Vec<Account>>;
    /// The live accounts with one of these names, whatever their case, oldest first.
    fn lookup_named(&mut self, names: &[String]) -> Result<Vec<Account>>;
    /// A page of the live accounts that match.
    fn list(&mut self, filter: &AccountFilter, sort: Sort<AccountSort>, window: &Window) -> Result<Page<Account>>;
}

/// Writes accounts. Callers outside this crate use [`create`](super::create), [`update`](super::update) and [`remove`](super::remove), which also record the change.
pub trait AccountRepository: AccountReads {
    /// Keeps new accounts; ids ascend in the order given.
    fn add(&mut self, fields: Vec<AccountFields>) -> Result<Vec<Account>>;
    /// Keeps an account's new fields and `updated_at`.
    fn update(&mut self, account: &Account) -> Result<()>;
    /// Marks an account deleted at this unit's stamp.
    fn remove(&mut self, id: AccountId) -> Result<()>;
}
