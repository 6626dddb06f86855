//! Rows that are accounts.

use std::sync::Arc;

use crate::{
    error::Result,
    field::{Check, Patch},
    id::{AccountId, RecordId, UserId},
    money::Currency,
    tenant::{
        TenantStore, UnitOfWork,
        account::{Account, AccountDraft, AccountFields, create_many, revise},
        change::EntityKind,
    },
};

use super::{
    columns::Columns,
    company::Links,
    noun::{Natural, Noun, Records, Row},
};

/// Accounts.
pub(super) struct Accounts {
    columns: Arc<Columns>,
    owner: UserId,
    /// Of amounts that come without a currency.
    currency: Currency,
}

impl Accounts {
    fn draft(&self, cells: &[String]) -> AccountDraft {
        let patch = |field| self.columns.patch(cells, field);
        AccountDraft {
            external_id: patch("external_id"),
            name: patch("name"),
            category: patch("category"),
            website: patch("website"),
            phone: patch("phone"),
            email: patch("email"),
            address: patch("address"),
            city: patch("city"),
            state: patch("state"),
            zip_code: patch("zip_code"),
            country: patch("country"),
            industry: patch("industry"),
            employees: self.columns.number(cells, "employees"),
            annual_revenue: patch("annual_revenue"),
            currency: self.columns.currency(cells, "annual_revenue"),
            default_currency: self.currency,
            revenue_scale: self.columns.revenue_scale,
            founded_year: patch("founded_year"),
            description: patch("description"),
            parent_id: Patch::Keep,
            owner_id: Patch::Keep,
        }
    }
}

impl Noun for Accounts {
    type Record = Account;
    type Parsed = AccountFields;
    const NOUN: &'static str = AccountId::NOUN;
    const KIND: EntityKind = EntityKind::Account;
    const NATURAL: Natural = Natural::Shared;
    const HAS_PARENT: bool = true;

    fn new(store: &dyn TenantStore, columns: Arc<Columns>, owner: UserId) -> Result<Self> {
        let currency = store.reading(|reader| Ok(reader.settings().lookup()?.preferences.default_currency))?;
        Ok(Self { columns, owner, currency })
    }

    fn columns(&self) -> &Arc<Columns> {
        &self.columns
    }

    fn parse(&self, cells: &[String]) -> Result<AccountFields> {
        AccountFields::parse(self.draft(cells), self.owner, Check::new())
    }

    fn merge(&self, current: &AccountFields, row: &Row, _links: Links<'_>) -> Result<AccountFields> {
        let draft = AccountDraft {
            owner_id: row.owner.into(),
            ..self.draft(&row.cells)
        };
        current.updated(draft, Check::new())
    }

    fn complete(parsed: &mut AccountFields, owner: Option<UserId>, _links: Links<'_>) {
        parsed.owner_id = owner.unwrap_or(parsed.owner_id);
    }

    fn external_id(parsed: &AccountFields) -> Option<&str> {
        parsed.external_id.as_deref()
    }

    fn natural_key(parsed: &AccountFields) -> Option<String> {
        Some(parsed.name.to_lowercase())
    }

    fn lookup_external(records: &mut Records<'_>, ids: &[String]) -> Result<Vec<Account>> {
        records.accounts().lookup_external(ids)
    }

    fn lookup_natural(records: &mut Records<'_>, keys: &[String]) -> Result<Vec<Account>> {
        records.accounts().lookup_named(keys)
    }

    fn id(record: &Account) -> i64 {
        record.id.get()
    }

    fn fields(record: &Account) -> AccountFields {
        record.fields.clone()
    }

    fn add(unit: &mut dyn UnitOfWork, new: Vec<AccountFields>) -> Result<Vec<i64>> {
        let added = create_many(unit, new)?;
        Ok(added.iter().map(|account| account.id.get()).collect())
    }

    fn revise(unit: &mut dyn UnitOfWork, before: &Account, fields: AccountFields) -> Result<()> {
        revise(unit, before, fields).map(drop)
    }
}

/// The fields of an account of which only the name is known.
pub(super) fn named(name: &str, owner: UserId) -> Result<AccountFields> {
    let draft = AccountDraft {
        name: Patch::Set(name.to_owned()),
        ..AccountDraft::default()
    };
    AccountFields::parse(draft, owner, Check::new())
}
