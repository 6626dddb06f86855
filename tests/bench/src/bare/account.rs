//! Accounts as family A shows them, straight from diesel to JSON.

use crm_domain::stamp::Stamp;
use crm_http::shared::wire::{Micros, Millis, Numbered, PaddedId};
use crm_store::{
    connection::Connection,
    tenant::schema::{account, counter},
};
use diesel::{ExpressionMethods, Insertable, QueryDsl, QueryResult, Queryable, RunQueryDsl};
use serde::Serialize;

/// How account ids are written.
pub const ACCOUNT_ID: PaddedId<5> = PaddedId { prefix: "ACT-" };
/// Records of a page.
pub const LIMIT: i64 = 50;

/// A row of the table, every column.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = account, treat_none_as_default_value = false)]
pub struct AccountRow {
    pub id: i64,
    pub uuid: String,
    pub external_id: Option<String>,
    pub name: String,
    pub name_key: String,
    pub category: Option<String>,
    pub website: Option<String>,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub address: Option<String>,
    pub city: Option<String>,
    pub state: Option<String>,
    pub zip_code: Option<String>,
    pub country: Option<String>,
    pub industry: Option<String>,
    pub employees: Option<i64>,
    pub annual_revenue: Option<i64>,
    pub currency: Option<String>,
    pub founded_year: Option<i64>,
    pub description: Option<String>,
    pub parent_id: Option<i64>,
    pub owner_id: i64,
    pub search_text: String,
    pub created_at: i64,
    pub created_by: Option<i64>,
    pub updated_at: i64,
    pub deleted_at: Option<i64>,
    pub domain: Option<String>,
}

/// Family A's Account.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountDto {
    id: Numbered<5>,
    name: String,
    category: String,
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
    description: Option<String>,
    owner_id: i64,
    created_at: Millis,
    updated_at: Millis,
}

/// Family A's list.
#[derive(Serialize)]
pub struct AccountsDto {
    accounts: Vec<AccountDto>,
    pagination: PaginationDto,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PaginationDto {
    total: i64,
    limit: i64,
    offset: i64,
    has_more: bool,
    next_updated_since: Micros,
}

impl From<AccountRow> for AccountDto {
    fn from(row: AccountRow) -> Self {
        Self {
            id: ACCOUNT_ID.number(row.id),
            name: row.name,
            category: row.category.unwrap_or_default(),
            website: row.website,
            phone: row.phone,
            email: row.email,
            address: row.address,
            city: row.city,
            state: row.state,
            zip_code: row.zip_code,
            country: row.country,
            industry: row.industry,
            employees: row.employees,
            annual_revenue: row.annual_revenue,
            description: row.description,
            owner_id: row.owner_id,
            created_at: Millis(Stamp::from_micros(row.created_at)),
            updated_at: Millis(Stamp::from_micros(row.updated_at)),
        }
    }
}

/// The first page with the exact total: one statement, as the server's.
pub fn page_with_total(connection: &mut Connection) -> QueryResult<AccountsDto> {
    let (live, seen) = (counter::table.select(counter::account_live), counter::table.select(counter::stamp));
    let rows: Vec<(AccountRow, Option<i64>, Option<i64>)> = account::table
        .filter(account::deleted_at.is_null())
        .select((account::all_columns, live.single_value(), seen.single_value()))
        .order(account::id.asc())
        .limit(LIMIT + 1)
        .offset(0)
        .load(connection)?;
    let (total, seen) = rows
        .first()
        .map_or((0, 0), |(_, live, seen)| (live.unwrap_or(0), seen.unwrap_or(0)));
    Ok(list(rows.into_iter().map(|(row, _, _)| row).collect(), total, seen))
}

/// The first page as before, but without the total.
pub fn page_without_total(connection: &mut Connection) -> QueryResult<AccountsDto> {
    let seen = counter::table.select(counter::stamp);
    let rows: Vec<(AccountRow, Option<i64>)> = account::table
        .filter(account::deleted_at.is_null())
        .select((account::all_columns, seen.single_value()))
        .order(account::id.asc())
        .limit(LIMIT + 1)
        .offset(0)
        .load(connection)?;
    let seen = rows.first().map_or(0, |(_, seen)| seen.unwrap_or(0));
    Ok(list(rows.into_iter().map(|(row, _)| row).collect(), 0, seen))
}

/// One account.
pub fn find(connection: &mut Connection, id: i64) -> QueryResult<AccountDto> {
    let row: AccountRow = account::table.find(id).filter(account::deleted_at.is_null()).first(connection)?;
    Ok(row.into())
}

fn list(mut rows: Vec<AccountRow>, total: i64, seen: i64) -> AccountsDto {
    let has_more = rows.len() as i64 > LIMIT;
    rows.truncate(LIMIT as usize);
    AccountsDto {
        accounts: rows.into_iter().map(AccountDto::from).collect(),
        pagination: PaginationDto {
            total,
            limit: LIMIT,
            offset: 0,
            has_more,
            next_updated_since: Micros(Stamp::from_micros(seen)),
        },
    }
}
