//! Accounts in SQL.

use crm_domain::{
    error::{Error, Result},
    field::{Email, Text, WebAddress},
    id::{AccountId, RecordId, UserId},
    page::{Page, Sort, Window},
    stamp::Stamp,
    tenant::account::{Account, AccountFields, AccountFilter, AccountReads, AccountRepository, AccountSort},
};
use diesel::{AsChangeset, ExpressionMethods, Insertable, QueryDsl, Queryable, RunQueryDsl};

use super::{
    Session, Writing,
    column::{money, uuid},
    counter::next,
    found,
    fragment::{Bind, Condition},
    schema::{account, counter},
    window::{self, SortSql},
};
use crate::{connection::Connection, dialect, error::map, insert_rows, read_counters, sort_sql};

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

/// The SQL of each order.
fn sort_sql(key: AccountSort) -> SortSql {
    match key {
        AccountSort::CreatedAt => sort_sql!("account"),
        AccountSort::UpdatedAt => sort_sql!("account", integer "updated_at"),
        AccountSort::Name => sort_sql!("account", text "name_key"),
        AccountSort::Category => sort_sql!("account", nullable text "category"),
        AccountSort::Website => sort_sql!("account", nullable text "website"),
        AccountSort::Phone => sort_sql!("account", nullable text "phone"),
        AccountSort::Email => sort_sql!("account", nullable text "email"),
        AccountSort::City => sort_sql!("account", nullable text "city"),
        AccountSort::State => sort_sql!("account", nullable text "state"),
        AccountSort::ZipCode => sort_sql!("account", nullable text "zip_code"),
        AccountSort::Country => sort_sql!("account", nullable text "country"),
        AccountSort::Industry => sort_sql!("account", nullable text "industry"),
        AccountSort::Employees => sort_sql!("account", nullable integer "employees"),
        AccountSort::AnnualRevenue => sort_sql!("account", nullable integer "annual_revenue"),
        AccountSort::FoundedYear => sort_sql!("account", nullable integer "founded_year"),
        AccountSort::OwnerId => sort_sql!("account", integer "owner_id"),
        AccountSort::ExternalId => sort_sql!("account", nullable text "external_id"),
        AccountSort::Address => sort_sql!("account", nullable text "address"),
        AccountSort::Currency => sort_sql!("account", nullable text "currency"),
        AccountSort::Description => sort_sql!("account", nullable text "description"),
        AccountSort::ParentId => sort_sql!("account", nullable integer "parent_id"),
        AccountSort::CreatedBy => sort_sql!("account", nullable integer "created_by"),
    }
}

/// The conditions of a filter. `spread` says that many rows match: then the list's own order is walked instead of the stamp's index.
fn conditions(filter: &AccountFilter, connection: &Connection, spread: bool) -> Vec<Condition> {
    let mut conditions = Vec::new();
    if let Some(stamp) = filter.updated_after {
        // The unary plus keeps both planners from the column's index.
        let sql = if spread {
            "+account.updated_at > "
        } else {
            "account.updated_at > "
        };
        conditions.push(Condition::new(vec![(sql, Some(Bind::Integer(stamp.micros())))]));
    }
    if let Some(term) = &filter.search {
        let matching = "account.id IN (SELECT rowid FROM account_search WHERE account_search MATCH ";
        conditions.push(window::search(
            term,
            dialect::has_search_table(connection),
            "account.search_text LIKE ",
            matching,
        ));
    }
    conditions
}

fn count(connection: &mut Connection, filter: &AccountFilter) -> Result<i64> {
    let mut query = account::table.filter(account::deleted_at.is_null()).count().into_boxed();
    for condition in conditions(filter, connection, false) {
        query = query.filter(condition);
    }
    query.get_result(connection).map_err(map)
}

/// The live total and the last stamp.
fn counters(connection: &mut Connection) -> Result<(i64, i64)> {
    read_counters!(connection, counter::account_live)
}

/// A page of rows, each with the live total and the last stamp: one statement, so that the three agree.
type ListedRow = (AccountRow, Option<i64>, Option<i64>);

impl<State> AccountReads for Session<'_, State> {
    fn lookup(&mut self, id: AccountId) -> Result<Option<Account>> {
        use diesel::OptionalExtension;
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
            .filter(account::external_id.eq_any(window::storable(external_ids)))
            .filter(account::deleted_at.is_null());
        rows.load::<AccountRow>(self.connection)
            .map_err(map)?
            .into_iter()
            .map(Account::try_from)
            .collect()
    }

    fn lookup_named(&mut self, names: &[String]) -> Result<Vec<Account>> {
        let keys: Vec<String> = window::storable(names).iter().map(|name| name.trim().to_lowercase()).collect();
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

    fn list(&mut self, filter: &AccountFilter, sort: Sort<AccountSort>, window: &Window) -> Result<Page<Account>> {
        let filtered = *filter != AccountFilter::default();
        let before = if filtered { Some(counters(self.connection)?) } else { None };
        let matches = if filtered { Some(count(self.connection, filter)?) } else { None };
        let spread = matches
            .zip(before)
            .is_some_and(|(matches, (live, _))| !window::is_selective(matches, live));
        let order = sort_sql(sort.key);
        let after = window::after(window, order, sort.direction)?;
        let rows = |connection: &mut Connection| {
            let (live, seen) = (counter::table.select(counter::account_live), counter::table.select(counter::stamp));
            let mut query = account::table
                .filter(account::deleted_at.is_null())
                .select((account::all_columns, live.single_value(), seen.single_value()))
                .order(order.order(sort.direction))
                .limit(window::fetch(window))
                .offset(window::offset(window))
                .into_boxed();
            for condition in conditions(filter, connection, spread).into_iter().chain(after.clone()) {
                query = query.filter(condition);
            }
            query.load::<ListedRow>(connection).map_err(map)
        };
        let (rows, (live, seen)) = window::load(self.connection, before, rows, |(_, live, seen)| live.zip(*seen), counters)?;
        let items = rows
            .into_iter()
            .map(|(row, _, _)| Account::try_from(row))
            .collect::<Result<Vec<_>>>()?;
        Ok(window::page(items, matches.unwrap_or(live), seen, window))
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
}
