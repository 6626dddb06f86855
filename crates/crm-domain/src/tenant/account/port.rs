//! Reading and keeping accounts.

use super::{Account, AccountFields};
use crate::{
    error::Result,
    fields,
    id::AccountId,
    page::{Page, Sort, Window},
    query::Filter,
};

fields! {
    /// The fields of accounts that lists know; by creation unless asked otherwise (contract ).
    pub enum AccountField of account: Account {
        CreatedAt: Spec::stamp("created_at").filterable().in_id_order() => account.created_at;
        Id: Spec::id("id").filterable().in_id_order() => account.id;
        UpdatedAt: Spec::stamp("updated_at").filterable() => account.updated_at;
        Name: Spec::key("name").filterable().searchable() => &account.fields.name;
        Category: Spec::text("category").nullable().filterable() => account.fields.category.as_ref();
        Country: Spec::text("country").nullable().filterable() => account.fields.country.as_ref();
        Industry: Spec::text("industry").nullable().filterable() => account.fields.industry.as_ref();
        Employees: Spec::integer("employees").nullable().filterable() => account.fields.employees;
        AnnualRevenue: Spec::money("annual_revenue").nullable().filterable() => account.fields.annual_revenue;
        OwnerId: Spec::id("owner_id").filterable() => account.fields.owner_id;
        ParentId: Spec::id("parent_id").sparse() => account.fields.parent_id;
        ExternalId: Spec::text("external_id").sparse() => account.fields.external_id.as_ref();
        Email: Spec::text("email").nullable().filterable() => account.fields.email.as_ref();
        City: Spec::text("city").nullable().filterable() => account.fields.city.as_ref();
        CreatedBy: Spec::id("created_by").nullable() => account.created_by;
    }
    and Custom
}

/// Which accounts a list shows; a search looks in name, website, email, phone, city, country and industry.
pub type AccountFilter = Filter<AccountField>;

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
    /// The live accounts with one of these [`AccountFields::domain`]s, oldest first.
    fn lookup_domains(&mut self, domains: &[String]) -> Result<Vec<Account>>;
    /// A page of the accounts that match.
    fn list(&mut self, filter: &AccountFilter, sort: Sort<AccountField>, window: &Window) -> Result<Page<Account>>;
}

/// Writes accounts. Callers outside this crate use [`single`](crate::usecase::single) and what is beside it, which also record the
/// change.
pub trait AccountRepository: AccountReads {
    /// Keeps new accounts; ids ascend in the order given.
    fn add(&mut self, fields: Vec<AccountFields>) -> Result<Vec<Account>>;
    /// Keeps an account's new fields and `updated_at`.
    fn update(&mut self, account: &Account) -> Result<()>;
    /// Marks an account deleted at this unit's stamp.
    fn remove(&mut self, id: AccountId) -> Result<()>;
    /// The deleted account with this id.
    fn lookup_deleted(&mut self, id: AccountId) -> Result<Option<Account>>;
    /// Makes an account, as [`lookup_deleted`](AccountRepository::lookup_deleted) read it, live again at this unit's stamp.
    fn restore(&mut self, account: &Account) -> Result<()>;
}
