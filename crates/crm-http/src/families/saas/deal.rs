//! Deals: the domain's opportunities (contract C-67 … C-73, X-87).

mod wire;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use crm_domain::{
    Error,
    field::Check,
    id::{OpportunityId, RecordId},
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        opportunity::{self, Opportunity, OpportunityFilter, OpportunitySort},
    },
};

use super::{
    answer::{IfMatch, created, kept, record, write_over},
    context::{Body, Delete, Permit, Read, Write},
    error::{BodyResponses, ConflictResponses, ErrorResponses, LookupResponses, SaasError, StaleResponses},
    id::{DEAL, check_owner, in_path},
    page::{PageBody, PageParams, Query, SortKey, SortParams},
};
use crate::shared::{call::Call, idempotency::once};

pub(crate) use wire::{Deal, DealChanges, DealRequest};

pub(super) const PATH: &str = "/api/deals";
pub(super) const ITEM: &str = "/api/deals/{id}";

impl SortKey for OpportunitySort {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("createdAt", Self::CreatedAt),
        // Ids ascend in the order of creation.
        ("id", Self::CreatedAt),
        ("updatedAt", Self::UpdatedAt),
        ("name", Self::Name),
        ("companyId", Self::AccountId),
        ("stageId", Self::StageId),
        ("amount", Self::Amount),
        ("probability", Self::Probability),
        ("expectedCloseDate", Self::ExpectedCloseDate),
        ("closedOn", Self::ClosedOn),
        ("leadSource", Self::LeadSource),
        ("ownerId", Self::OwnerId),
        ("externalId", Self::ExternalId),
        ("contactId", Self::ContactId),
        ("currency", Self::Currency),
        ("engagedOn", Self::EngagedOn),
        ("description", Self::Description),
        ("nextStep", Self::NextStep),
        ("includeInForecast", Self::IncludeInForecast),
        ("createdBy", Self::CreatedBy),
    ];
}

/// Lists deals.
#[utoipa::path(
    get, path = PATH, tag = "deals", operation_id = "saas_list_deals", params(PageParams, SortParams),
    responses((status = 200, description = "A page of deals", body = PageBody<Deal>), ErrorResponses),
    security(("accessToken" = []))
)]
pub(super) async fn list(permit: Permit<Read>, request: HttpRequest) -> Result<HttpResponse, SaasError> {
    let mut query = Query::parse(request.query_string());
    let sort = query.sort::<OpportunitySort>();
    let filter = OpportunityFilter {
        search: query.search(),
        ..OpportunityFilter::default()
    };
    let paging = query.paging(&query.order_and_filter("deals", &["sortBy", "sortOrder", "search"]));
    query.finish()?;
    let window = paging.window();
    let page = permit
        .tenant
        .read(move |reader| reader.opportunities().list(&filter, sort, &window))
        .await?;
    let tenant = permit.tenant.tenant.id;
    let place = |opportunity: &Opportunity| (sort.key.value(opportunity), opportunity.id.get());
    Ok(HttpResponse::Ok().json(PageBody::new(&paging, page, place, |opportunity| Deal::of(opportunity, tenant))))
}

/// Shows a deal.
#[utoipa::path(
    get, path = ITEM, tag = "deals", operation_id = "saas_get_deal", params(("id" = String, Path, example = "deal_34")),
    responses((status = 200, description = "The deal", body = Deal), ErrorResponses, LookupResponses),
    security(("accessToken" = []))
)]
pub(super) async fn get(permit: Permit<Read>, id: web::Path<String>) -> Result<HttpResponse, SaasError> {
    let id: OpportunityId = in_path(&id, DEAL)?;
    let opportunity = permit.tenant.read(move |reader| reader.opportunities().lookup(id)).await?;
    let opportunity = opportunity.ok_or_else(|| Error::not_found(OpportunityId::NOUN, id))?;
    let updated_at = opportunity.updated_at;
    Ok(record(&Deal::of(opportunity, permit.tenant.tenant.id), updated_at))
}

/// Creates a deal; without a stage it starts in the first one of the default pipeline.
#[utoipa::path(
    post, path = PATH, tag = "deals", operation_id = "saas_create_deal", request_body = DealRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key and body takes effect once")),
    responses(
        (status = 201, description = "The new deal", body = Deal, headers(("Location" = String))),
        ErrorResponses, ConflictResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn create(call: Call, permit: Permit<Write>, body: Body<DealRequest>) -> Result<HttpResponse, SaasError> {
    let mut check = Check::new();
    let (tenant, owner) = (permit.tenant.tenant.id, permit.user().id);
    let draft = body.value.draft(&mut check);
    check_owner(&call.app.control, tenant, &draft.owner_id, &mut check).await?;
    let guard = body.guard;
    let answer = permit.tenant.write(move |unit| {
        once(unit, guard.as_ref(), |unit| {
            let opportunity = opportunity::create(unit, draft, owner, check)?;
            kept(StatusCode::CREATED, &Deal::of(opportunity, tenant))
        })
    });
    Ok(created(answer.await?, PATH)?)
}

/// When the record changed last.
fn state(unit: &mut dyn UnitOfWork, id: OpportunityId) -> crm_domain::Result<Option<Stamp>> {
    Ok(unit.opportunities().lookup(id)?.map(|opportunity| opportunity.updated_at))
}

/// Changes the fields given; the others stay (contract X-93).
#[utoipa::path(
    put, path = ITEM, tag = "deals", operation_id = "saas_update_deal", request_body = DealChanges,
    params(
        ("id" = String, Path, example = "deal_34"),
        ("If-Match" = Option<String>, Header, description = "Only while the deal has this entity tag")
    ),
    responses(
        (status = 200, description = "The deal as it is now", body = Deal),
        ErrorResponses, LookupResponses, ConflictResponses, StaleResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn update(
    call: Call,
    permit: Permit<Write>,
    id: web::Path<String>,
    condition: IfMatch,
    body: Body<DealRequest>,
) -> Result<HttpResponse, SaasError> {
    let id: OpportunityId = in_path(&id, DEAL)?;
    let mut check = Check::new();
    let tenant = permit.tenant.tenant.id;
    let draft = body.value.draft(&mut check);
    check_owner(&call.app.control, tenant, &draft.owner_id, &mut check).await?;
    let opportunity = write_over(&permit.tenant, condition, id, state, move |unit| {
        opportunity::update(unit, id, draft, check)
    })
    .await?;
    let updated_at = opportunity.updated_at;
    Ok(record(&Deal::of(opportunity, tenant), updated_at))
}

/// Deletes a deal.
#[utoipa::path(
    delete, path = ITEM, tag = "deals", operation_id = "saas_delete_deal",
    params(
        ("id" = String, Path, example = "deal_34"),
        ("If-Match" = Option<String>, Header, description = "Only while the deal has this entity tag")
    ),
    responses(
        (status = 204, description = "It is gone"),
        ErrorResponses, LookupResponses, StaleResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn remove(permit: Permit<Delete>, id: web::Path<String>, condition: IfMatch) -> Result<HttpResponse, SaasError> {
    let id: OpportunityId = in_path(&id, DEAL)?;
    write_over(&permit.tenant, condition, id, state, move |unit| opportunity::remove(unit, id)).await?;
    Ok(HttpResponse::NoContent().finish())
}
