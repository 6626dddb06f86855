//! Accounts in SQL.

use crm_domain::{
    error::{Error, Result},
    field::{Email, Text, WebAddress},
    id::{AccountId, RecordId, UserId},
    page::{Page, Sort, Window},
    query::Field,
    stamp::Stamp,
    tenant::account::{Account, AccountField, AccountFields, AccountFilter, AccountReads, AccountRepository},
};
use diesel::{AsChangeset, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, RunQueryDsl};

use super::{
    Session, Writing,
    column::{money, uuid},
    counter::next,
    found,
    list::{self, ColumnsOf, Listed, Table},
    schema::account,
};
use crate::{error::map, insert_rows};

#[derive(Debug, Clone, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = account, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(crate) struct AccountRow {
    id: i64,
    uuid: String,
    external_id: Option<String>,
    name: String,
    name_key: String,
    category: Option<String>,
    website: Option<String>,
    phone: Option<String>,
    email: Option<String>,
    address: Option<String>,
    city: Option<String>,
    state: Option<String>,
    zip_code: Option<String>,
    country: Option<String>,
    industry: Option<String>,
    employees: Option<i64>,
    annual_revenue: Option<i64>,
    currency: Option<String>,
    founded_year: Option<i64>,
    description: Option<String>,
    parent_id: Option<i64>,
    owner_id: i64,
    search_text: String,
    created_at: i64,
    created_by: Option<i64>,
    updated_at: i64,
    deleted_at: Option<i64>,
    domain: Option<String>,
}

impl From<&Account> for AccountRow {
    fn from(account: &Account) -> Self {
        let fields = account.fields.clone();
        Self {
            id: account.id.get(),
            uuid: account.uuid.to_string(),
            external_id: fields.external_id.map(Text::into_inner),
            name_key: fields.name.to_lowercase(),
            search_text: account.fields.search_text(),
            name: fields.name.into_inner(),
            category: fields.category.map(Text::into_inner),
            website: fields.website.map(WebAddress::into_inner),
            phone: fields.phone.map(Text::into_inner),
            email: fields.email.map(Email::into_inner),
            address: fields.address.map(Text::into_inner),
            city: fields.city.map(Text::into_inner),
            state: fields.state.map(Text::into_inner),
            zip_code: fields.zip_code.map(Text::into_inner),
            country: fields.country.map(Text::into_inner),
            industry: fields.industry.map(Text::into_inner),
            employees: fields.employees,
            annual_revenue: fields.annual_revenue.map(|money| money.minor),
            currency: fields.annual_revenue.map(|money| money.currency.as_str().to_owned()),
            founded_year: fields.founded_year,
            description: fields.description.map(Text::into_inner),
            parent_id: fields.parent_id.map(RecordId::get),
            owner_id: fields.owner_id.get(),
            created_at: account.created_at.micros(),
            created_by: account.created_by.map(RecordId::get),
            updated_at: account.updated_at.micros(),
            deleted_at: None,
            domain: account.fields.domain(),
        }
    }
}

impl TryFrom<AccountRow> for Account {
    type Error = Error;

    fn try_from(row: AccountRow) -> Result<Self> {
        let fields = AccountFields {
            external_id: row.external_id.map(Text::from_store),
            name: Text::from_store(row.name),
            category: row.category.map(Text::from_store),
            website: row.website.map(WebAddress::from_store),
            phone: row.phone.map(Text::from_store),
            email: row.email.map(Email::from_store),
            address: row.address.map(Text::from_store),
            city: row.city.map(Text::from_store),
            state: row.state.map(Text::from_store),
            zip_code: row.zip_code.map(Text::from_store),
            country: row.country.map(Text::from_store),
            industry: row.industry.map(Text::from_store),
            employees: row.employees,
            annual_revenue: money(row.annual_revenue, row.currency.as_deref())?,
            founded_year: row.founded_year,
            description: row.description.map(Text::from_store),
            parent_id: row.parent_id.map(AccountId::from_i64),
            owner_id: UserId::from_i64(row.owner_id),
        };
        Ok(Self {
            id: AccountId::from_i64(row.id),
            uuid: uuid(&row.uuid)?,
            fields,
            created_at: Stamp::from_micros(row.created_at),
            created_by: row.created_by.map(UserId::from_i64),
            updated_at: Stamp::from_micros(row.updated_at),
        })
    }
}

/// The version of the migration that makes the column `domain`.
pub(crate) const DOMAIN_VERSION: &str = "20261122000180";

/// The id of a row that was kept before there was the column, and its domain.
pub(crate) fn domain_of(row: AccountRow) -> Result<(i64, Option<String>)> {
    let account: Account = row.try_into()?;
    Ok((account.id.get(), account.fields.domain()))
}

impl Listed for AccountField {
    type Columns = ColumnsOf<account::table>;
    type Row = AccountRow;
    const TABLE: Table = Table::of_records("account");
    const TOTAL: &'static str = "account_live";

    fn column(self) -> &'static str {
        match self {
            Self::Name => "name_key",
            other => other.spec().name,
        }
    }

    fn columns() -> Self::Columns {
        account::all_columns
    }

    fn record(row: AccountRow) -> Result<Account> {
        row.try_into()
    }
}

impl<State> AccountReads for Session<'_, State> {
    fn lookup(&mut self, id: AccountId) -> Result<Option<Account>> {
        let row = account::table.find(id.get()).filter(account::deleted_at.is_null());
        let row: Option<AccountRow> = row.first(self.connection).optional().map_err(map)?;
        row.map(Account::try_from).transpose()
    }

    fn lookup_many(&mut self, ids: &[AccountId]) -> Result<Vec<Account>> {
        let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
        let rows = account::table.filter(account::id.eq_any(ids)).filter(account::deleted_at.is_null());
        rows.load::<AccountRow>(self.connection)
            .map_err(map)?
            .into_iter()
            .map(Account::try_from)
            .collect()
    }

    fn lookup_external(&mut self, external_ids: &[String]) -> Result<Vec<Account>> {
        let rows = account::table
            .filter(account::external_id.eq_any(list::storable(external_ids)))
            .filter(account::deleted_at.is_null());
        rows.load::<AccountRow>(self.connection)
            .map_err(map)?
            .into_iter()
            .map(Account::try_from)
            .collect()
    }

    fn lookup_named(&mut self, names: &[String]) -> Result<Vec<Account>> {
        let keys: Vec<String> = list::storable(names).iter().map(|name| name.trim().to_lowercase()).collect();
        let rows = account::table
            .filter(account::name_key.eq_any(keys))
            .filter(account::deleted_at.is_null())
            .order(account::id.asc());
        rows.load::<AccountRow>(self.connection)
            .map_err(map)?
            .into_iter()
            .map(Account::try_from)
            .collect()
    }

    fn lookup_domains(&mut self, domains: &[String]) -> Result<Vec<Account>> {
        let rows = account::table
            .filter(account::domain.eq_any(list::storable(domains)))
            .filter(account::deleted_at.is_null())
            .order(account::id.asc());
        rows.load::<AccountRow>(self.connection)
            .map_err(map)?
            .into_iter()
            .map(Account::try_from)
            .collect()
    }

    fn list(&mut self, filter: &AccountFilter, sort: Sort<AccountField>, window: &Window) -> Result<Page<Account>> {
        list::page(self, filter, sort, window)
    }
}

impl AccountRepository for Session<'_, Writing<'_>> {
    fn add(&mut self, fields: Vec<AccountFields>) -> Result<Vec<Account>> {
        let (stamp, created_by) = (self.state.stamp, self.state.created_by().map(UserId::from_i64));
        let mut new = |fields| Account {
            id: AccountId::from_i64(next(&mut self.state.counters.account_id)),
            uuid: self.state.uuid(),
            fields,
            created_at: stamp,
            created_by,
            updated_at: stamp,
        };
        let added: Vec<Account> = fields.into_iter().map(&mut new).collect();
        self.state.counters.account_live += i64::try_from(added.len()).unwrap_or(i64::MAX);
        let rows: Vec<AccountRow> = added.iter().map(AccountRow::from).collect();
        insert_rows!(self.connection, account::table, &rows).map_err(map)?;
        Ok(added)
    }

    fn update(&mut self, account: &Account) -> Result<()> {
        let row = AccountRow::from(account);
        let live = account::table.find(row.id).filter(account::deleted_at.is_null());
        let updated = diesel::update(live).set(&row).execute(self.connection).map_err(map)?;
        found(updated, account.id)
    }

    fn remove(&mut self, id: AccountId) -> Result<()> {
        let stamp = self.state.stamp.micros();
        let removed = diesel::update(account::table.find(id.get()).filter(account::deleted_at.is_null()))
            .set((account::deleted_at.eq(stamp), account::updated_at.eq(stamp)))
            .execute(self.connection)
            .map_err(map)?;
        self.state.counters.account_live -= i64::try_from(removed).unwrap_or(0);
        Ok(())
    }

    fn lookup_deleted(&mut self, id: AccountId) -> Result<Option<Account>> {
        let row = account::table.find(id.get()).filter(account::deleted_at.is_not_null());
        let row: Option<AccountRow> = row.first(self.connection).optional().map_err(map)?;
        row.map(Account::try_from).transpose()
    }

    fn restore(&mut self, account: &Account) -> Result<()> {
        let deleted = account::table.find(account.id.get()).filter(account::deleted_at.is_not_null());
        let restored = diesel::update(deleted)
            .set((
                account::deleted_at.eq(None::<i64>),
                account::updated_at.eq(self.state.stamp.micros()),
            ))
            .execute(self.connection)
            .map_err(map)?;
        self.state.counters.account_live += i64::try_from(restored).unwrap_or(0);
        found(restored, account.id)
    }
}
