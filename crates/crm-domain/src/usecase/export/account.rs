//! Accounts as rows.

use super::{
    noun::{Needed, Noun, cell},
    reference::References,
};
use crate::{
    error::Result,
    field::{Email, WebAddress},
    id::{RecordId, UserId},
    page::{Page, Sort, Window},
    tenant::{
        TenantReader,
        account::{Account, AccountField, AccountFilter},
        change::EntityKind,
    },
};

/// Accounts.
pub(super) struct Accounts;

impl Noun for Accounts {
    type Record = Account;
    type Key = AccountField;
    const KIND: EntityKind = EntityKind::Account;
    const COLUMNS: &'static [&'static str] = &[
        "external_id",
        "name",
        "category",
        "website",
        "phone",
        "email",
        "address",
        "city",
        "state",
        "zip_code",
        "country",
        "industry",
        "employees",
        "annual_revenue",
        "currency",
        "founded_year",
        "description",
        "parent",
        "parent_external_id",
        "owner",
    ];

    fn page(reader: &mut dyn TenantReader, sort: Sort<AccountField>, window: &Window) -> Result<Page<Account>> {
        reader.accounts().list(&AccountFilter::default(), sort, window)
    }

    fn id(account: &Account) -> i64 {
        account.id.get()
    }

    fn owner(account: &Account) -> UserId {
        account.fields.owner_id
    }

    fn accounts(accounts: &[Account]) -> Needed<'_> {
        Needed {
            known: accounts,
            ..Needed::ids(accounts.iter().filter_map(|account| account.fields.parent_id))
        }
    }

    fn cells(account: &Account, references: &References) -> Vec<String> {
        let fields = &account.fields;
        vec![
            references.external_id(Some(account.id)),
            fields.name.to_string(),
            cell(fields.category.as_ref()),
            cell(fields.website.as_ref().map(WebAddress::as_str)),
            cell(fields.phone.as_ref()),
            cell(fields.email.as_ref().map(Email::as_str)),
            cell(fields.address.as_ref()),
            cell(fields.city.as_ref()),
            cell(fields.state.as_ref()),
            cell(fields.zip_code.as_ref()),
            cell(fields.country.as_ref()),
            cell(fields.industry.as_ref()),
            cell(fields.employees.as_ref()),
            cell(fields.annual_revenue.map(|money| money.major()).as_ref()),
            cell(fields.annual_revenue.as_ref().map(|money| money.currency.as_str())),
            cell(fields.founded_year.as_ref()),
            cell(fields.description.as_ref()),
            references.account(fields.parent_id),
            references.external_id(fields.parent_id),
            references.owner(fields.owner_id),
        ]
    }
}
