//! Accounts (contract A-23 … … A-74).

mod expansion;
mod view;

use actix_web::{HttpRequest, HttpResponse, web};
use crm_domain::{
    Result,
    error::Error,
    id::{AccountId, RecordId},
    page::Sort,
    query::{Comparison, Condition},
    tenant::{
        TenantReader,
        account::{Account, AccountField, AccountFilter},
    },
};
use serde::Serialize;
use utoipa::ToSchema;

use self::expansion::Expansion;
use super::{
    context::Reader,
    error::{ApiError, ErrorBody},
    json,
    page::{Expand, ListQuery, ListWindow, Pagination},
    to_json,
};

pub(super) use view::{ACCOUNT_ID, AccountView, UNASSIGNED_ID, Unassigned, account_number};

pub(super) const PATH: &str = "/api/v1/external/accounts";
pub(super) const ITEM: &str = "/api/v1/external/accounts/{id}";

/// A page of accounts (contract A-29).
#[derive(Serialize, ToSchema)]
#[schema(as = health_trixss::AccountList)]
pub(super) struct AccountList<'a> {
    accounts: Vec<AccountView<'a>>,
    pagination: Pagination,
}

/// List accounts, in the order of creation.
#[utoipa::path(
    get, path = PATH, tag = "health_trixss", operation_id = "health_trixss_list_accounts",
    params(
        ("limit" = Option<String>, Query, description = "Most records of the page: 1 to 100, default 50; out of range it is clamped, not numeric it is 50", example = "50"),
        ("offset" = Option<String>, Query, description = "Records to skip, default 0; negative or not numeric it is 0", example = "0"),
        ("updatedSince" = Option<String>, Query, description = "Only accounts changed after this ISO 8601 timestamp", example = "2025-02-01T00:00:00.000Z"),
        ("expand" = Option<String>, Query, description = "Comma-separated: `opportunities`, `contacts`, `leads`, `activities`; other words are ignored", example = "opportunities"),
        ("cursor" = Option<String>, Query, description = "`pagination.nextCursor` of the page before; then `offset` does not count"),
    ),
    responses(
        (status = 200, description = "A page of accounts", body = AccountList),
        (status = 400, description = "A timestamp or cursor that cannot be read", body = ErrorBody),
        (status = 401, description = "No key, or one that does not open the door", body = ErrorBody),
        (status = 403, description = "The key may not be used from this address", body = ErrorBody),
        (status = 429, description = "Rate limit exceeded", body = ErrorBody),
        (status = 500, description = "Failed to fetch accounts", body = ErrorBody),
        (status = 503, description = "A database cannot be reached", body = ErrorBody),
    ),
    security(("health_trixss_key" = []))
)]
pub(super) async fn list(reader: Reader, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let query = ListQuery::parse(request.query_string())?;
    let filter = AccountFilter::of(
        query
            .updated_since
            .map(|stamp| Condition::compare(AccountField::UpdatedAt, Comparison::Greater, stamp)),
    );
    let window = query.window(&format!("accounts by creation, after {:?}", query.updated_since))?;
    let expand = query.expand;
    // A page without filter and expansion is one statement, which sees one state by itself.
    let is_one_statement = filter.is_everything() && !expand.of_accounts();
    let work = move |tenant: &mut dyn TenantReader| list_body(tenant, &filter, &window, expand);
    let body = if is_one_statement {
        reader.session.read(work).await?
    } else {
        reader.session.snapshot(work).await?
    };
    Ok(json(body))
}

fn list_body(tenant: &mut dyn TenantReader, filter: &AccountFilter, window: &ListWindow, expand: Expand) -> Result<Vec<u8>> {
    let page = tenant.accounts().list(filter, Sort::default(), &window.window())?;
    let ids: Vec<AccountId> = page.items.iter().map(|account| account.id).collect();
    let expansion = Expansion::read(tenant, &ids, expand)?;
    let last = page.items.last().map(|account| account.id.get());
    to_json(&AccountList {
        accounts: page.items.iter().map(|account| expansion.show(account)).collect(),
        pagination: window.pagination(&page, last),
    })
}

/// Show one account. `ACT-00000` is the reserved account that stands for opportunities without one; no list shows it.
#[utoipa::path(
    get, path = ITEM, tag = "health_trixss", operation_id = "health_trixss_show_account",
    params(
        ("id" = String, Path, description = "Account id", example = "ACT-00001"),
        ("expand" = Option<String>, Query, description = "Comma-separated: `opportunities`, `contacts`, `leads`, `activities`; other words are ignored", example = "opportunities,contacts"),
    ),
    responses(
        (status = 200, description = "The account", body = AccountView),
        (status = 401, description = "No key, or one that does not open the door", body = ErrorBody),
        (status = 403, description = "The key may not be used from this address", body = ErrorBody),
        (status = 404, description = "Account not found", body = ErrorBody),
        (status = 429, description = "Rate limit exceeded", body = ErrorBody),
        (status = 500, description = "Failed to fetch account", body = ErrorBody),
        (status = 503, description = "A database cannot be reached", body = ErrorBody),
    ),
    security(("health_trixss_key" = []))
)]
pub(super) async fn get(reader: Reader, id: web::Path<String>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let expand = Expand::parse(request.query_string());
    let shown = match ACCOUNT_ID.parse(&id) {
        Some(UNASSIGNED_ID) => show_unassigned(&reader, expand).await?,
        Some(number) => show_account(&reader, AccountId::from_i64(number), expand).await?,
        None => None,
    };
    shown.map(json).ok_or_else(|| ApiError::NoAccount(id.into_inner()))
}

async fn show_account(reader: &Reader, id: AccountId, expand: Expand) -> Result<Option<Vec<u8>>, Error> {
    let work = move |tenant: &mut dyn TenantReader| {
        let Some(account) = tenant.accounts().lookup(id)? else {
            return Ok(None);
        };
        let expansion = Expansion::read(tenant, &[id], expand)?;
        to_json(&expansion.show(&account)).map(Some)
    };
    // One statement sees one state by itself.
    if expand.of_accounts() {
        reader.session.snapshot(work).await
    } else {
        reader.session.read(work).await
    }
}

async fn show_unassigned(reader: &Reader, expand: Expand) -> Result<Option<Vec<u8>>, Error> {
    let unassigned = reader.unassigned;
    if !expand.opportunities {
        return to_json(&unassigned.show(expand, None)).map(Some);
    }
    let work = move |tenant: &mut dyn TenantReader| {
        let opportunities = tenant.opportunities().list_without_account()?;
        to_json(&unassigned.show(expand, Some(&opportunities))).map(Some)
    };
    reader.session.read(work).await
}

/// The accounts of a page of opportunities, by id.
pub(super) fn accounts_of(tenant: &mut dyn TenantReader, mut ids: Vec<AccountId>) -> Result<Vec<Account>> {
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut accounts = tenant.accounts().lookup_many(&ids)?;
    accounts.sort_unstable_by_key(|account| account.id);
    Ok(accounts)
}
