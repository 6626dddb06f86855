//! Opportunities (contract A-48 … … A-82).

mod view;

use actix_web::{HttpRequest, HttpResponse, web};
use crm_domain::{
    Result,
    id::{OpportunityId, RecordId},
    page::Sort,
    query::{Comparison, Condition},
    tenant::{
        TenantReader,
        account::Account,
        opportunity::{Opportunity, OpportunityField, OpportunityFilter},
    },
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    account::{Unassigned, accounts_of},
    context::Reader,
    error::{ApiError, ErrorBody},
    json,
    page::{Expand, ListQuery, ListWindow, Pagination},
    to_json,
};

pub(super) use view::{OPPORTUNITY_ID, OpportunityView};

pub(super) const PATH: &str = "/api/v1/external/opportunities";
pub(super) const ITEM: &str = "/api/v1/external/opportunities/{id}";

/// A page of opportunities (contract A-56).
#[derive(Serialize, ToSchema)]
#[schema(as = health_trixss::OpportunityList)]
pub(super) struct OpportunityList<'a> {
    opportunities: Vec<OpportunityView<'a>>,
    pagination: Pagination,
}

/// List opportunities, in the order of creation.
#[utoipa::path(
    get, path = PATH, tag = "health_trixss", operation_id = "health_trixss_list_opportunities",
    params(
        ("limit" = Option<String>, Query, description = "Most records of the page: 1 to 100, default 50; out of range it is clamped, not numeric it is 50", example = "50"),
        ("offset" = Option<String>, Query, description = "Records to skip, default 0; negative or not numeric it is 0", example = "0"),
        ("includeInForecast" = Option<String>, Query, description = "`true` (default): only those that forecasts count; `false`: only the others; `all`: both", example = "true"),
        ("updatedSince" = Option<String>, Query, description = "Only opportunities changed after this ISO 8601 timestamp", example = "2025-02-01T00:00:00.000Z"),
        ("expand" = Option<String>, Query, description = "`account`; other words are ignored", example = "account"),
        ("cursor" = Option<String>, Query, description = "`pagination.nextCursor` of the page before; then `offset` does not count"),
    ),
    responses(
        (status = 200, description = "A page of opportunities", body = OpportunityList),
        (status = 400, description = "A timestamp or cursor that cannot be read", body = ErrorBody),
        (status = 401, description = "No key, or one that does not open the door", body = ErrorBody),
        (status = 403, description = "The key may not be used from this address", body = ErrorBody),
        (status = 429, description = "Rate limit exceeded", body = ErrorBody),
        (status = 500, description = "Failed to fetch opportunities", body = ErrorBody),
        (status = 503, description = "A database cannot be reached", body = ErrorBody),
    ),
    security(("health_trixss_key" = []))
)]
pub(super) async fn list(reader: Reader, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let query = ListQuery::parse(request.query_string())?;
    let forecast = query.include_in_forecast;
    let forecast = forecast.map(|flag| Condition::equal(OpportunityField::IncludeInForecast, flag));
    let changed = query
        .updated_since
        .map(|stamp| Condition::compare(OpportunityField::UpdatedAt, Comparison::Greater, stamp));
    let filter = OpportunityFilter::of(forecast.into_iter().chain(changed));
    let order = format!(
        "opportunities by creation, forecast {:?}, after {:?}",
        query.include_in_forecast, query.updated_since
    );
    let window = query.window(&order)?;
    let parents = query.expand.account.then_some(reader.unassigned);
    // A page without such a filter and without accounts is one statement, which sees one state by itself.
    let is_one_statement = query.updated_since.is_none() && parents.is_none();
    let work = move |tenant: &mut dyn TenantReader| list_body(tenant, &filter, &window, parents);
    let body = if is_one_statement {
        reader.session.read(work).await?
    } else {
        reader.session.snapshot(work).await?
    };
    Ok(json(body))
}

/// Reads and writes a page; with `parents` each opportunity shows its account.
fn list_body(
    tenant: &mut dyn TenantReader,
    filter: &OpportunityFilter,
    window: &ListWindow,
    parents: Option<Unassigned>,
) -> Result<Vec<u8>> {
    let page = tenant.opportunities().list(filter, Sort::default(), &window.window())?;
    let accounts = match parents {
        Some(_) => accounts_of(tenant, page.items.iter().filter_map(|found| found.fields.account_id).collect())?,
        None => Vec::new(),
    };
    let last = page.items.last().map(|found| found.id.get());
    let opportunities = page.items.iter().map(|found| show_along(found, parents, &accounts)).collect();
    to_json(&OpportunityList {
        opportunities,
        pagination: window.pagination(&page, last),
    })
}

/// An opportunity, with its account when `parents` stands for those that have none.
fn show_along<'a>(opportunity: &'a Opportunity, parents: Option<Unassigned>, accounts: &'a [Account]) -> OpportunityView<'a> {
    let view = OpportunityView::from(opportunity);
    match parents {
        Some(unassigned) => view.with_account(opportunity, unassigned, accounts),
        None => view,
    }
}

/// Show one opportunity, whatever its forecast flag.
#[utoipa::path(
    get, path = ITEM, tag = "health_trixss", operation_id = "health_trixss_show_opportunity",
    params(
        ("id" = String, Path, description = "Opportunity id", example = "OPP-00001"),
        ("expand" = Option<String>, Query, description = "`account`; other words are ignored", example = "account"),
    ),
    responses(
        (status = 200, description = "The opportunity", body = OpportunityView),
        (status = 401, description = "No key, or one that does not open the door", body = ErrorBody),
        (status = 403, description = "The key may not be used from this address", body = ErrorBody),
        (status = 404, description = "Opportunity not found", body = ErrorBody),
        (status = 429, description = "Rate limit exceeded", body = ErrorBody),
        (status = 500, description = "Failed to fetch opportunity", body = ErrorBody),
        (status = 503, description = "A database cannot be reached", body = ErrorBody),
    ),
    security(("health_trixss_key" = []))
)]
pub(super) async fn get(reader: Reader, id: web::Path<String>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let parents = Expand::parse(request.query_string()).account.then_some(reader.unassigned);
    let shown = match OPPORTUNITY_ID.parse(&id) {
        Some(number) => {
            let work = move |tenant: &mut dyn TenantReader| show_body(tenant, OpportunityId::from_i64(number), parents);
            // One statement sees one state by itself.
            match parents {
                Some(_) => reader.session.snapshot(work).await?,
                None => reader.session.read(work).await?,
            }
        }
        None => None,
    };
    shown.map(json).ok_or_else(|| ApiError::NoOpportunity(id.into_inner()))
}

fn show_body(tenant: &mut dyn TenantReader, id: OpportunityId, parents: Option<Unassigned>) -> Result<Option<Vec<u8>>> {
    let Some(opportunity) = tenant.opportunities().lookup(id)? else {
        return Ok(None);
    };
    let accounts = match parents {
        Some(_) => accounts_of(tenant, opportunity.fields.account_id.into_iter().collect())?,
        None => Vec::new(),
    };
    to_json(&show_along(&opportunity, parents, &accounts)).map(Some)
}
