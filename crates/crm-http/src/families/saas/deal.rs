//! Deals: the domain's opportunities (contract C-67 … C-73, X-87).

pub(super) mod action;
pub(super) mod board;
pub(super) mod handoff;
pub(super) mod history;
mod wire;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use crm_domain::{
    Error,
    field::{Check, Patch},
    id::{OpportunityId, RecordId, TenantId, UserId},
    stamp::Stamp,
    tenant::{
        TenantReader, UnitOfWork,
        opportunity::{self, OpportunityField},
    },
};

use super::{
    answer::{IfMatch, created, kept, record, write_over},
    context::{Body, Delete, Permit, Read, Write},
    error::{BodyResponses, ConflictResponses, ErrorResponses, LookupResponses, SaasError, StaleResponses},
    id::{DEAL, check_owner, in_path},
    include::{self, IncludeParam},
    list::{self, List, ListParams},
    noun::{Noun, Paths, paths},
    page::PageBody,
    related::Listed,
};
use crate::shared::{call::Call, idempotency::once, tenant::TenantSession};

pub(crate) use wire::{Deal, DealChanges, DealRequest, DealStatus};

pub(super) const PATH: &str = "/api/deals";
pub(super) const ITEM: &str = "/api/deals/{id}";

impl Listed for Deal {
    type Field = OpportunityField;
    const PATH: &'static str = PATH;

    async fn page(tenant: &TenantSession, query: &str, list: List<OpportunityField>) -> Result<HttpResponse, SaasError> {
        let read = |reader: &mut dyn TenantReader, filter: &_, sort, window: &_| reader.opportunities().list(filter, sort, window);
        list::answer(tenant, query, list, read, Self::of).await
    }
}

/// Lists deals.
#[utoipa::path(
    get, path = PATH, tag = "deals", operation_id = "saas_list_deals", params(ListParams<OpportunityField>),
    responses((status = 200, description = "A page of deals", body = PageBody<Deal>), ErrorResponses),
    security(("accessToken" = []))
)]
pub(super) async fn list(permit: Permit<Read>, request: HttpRequest) -> Result<HttpResponse, SaasError> {
    Deal::page(&permit.tenant, request.query_string(), List::of("deals")).await
}

/// Shows a deal.
#[utoipa::path(
    get, path = ITEM, tag = "deals", operation_id = "saas_get_deal", params(("id" = String, Path, example = "deal_34"), IncludeParam<OpportunityField>),
    responses((status = 200, description = "The deal", body = Deal), ErrorResponses, LookupResponses),
    security(("accessToken" = []))
)]
pub(super) async fn get(permit: Permit<Read>, id: web::Path<String>, request: HttpRequest) -> Result<HttpResponse, SaasError> {
    let id: OpportunityId = in_path(&id, DEAL)?;
    let read = move |reader: &mut dyn TenantReader| {
        let found = reader.opportunities().lookup(id)?;
        found.ok_or_else(|| Error::not_found(OpportunityId::NOUN, id))
    };
    include::one::<OpportunityField, _>(&permit.tenant, request.query_string(), read, |found| found.updated_at, Deal::of).await
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

impl Noun for opportunity::Opportunity {
    const PREFIX: &'static str = DEAL;
    const PLURAL: &'static str = "deals";
    const PATHS: Paths = paths!("/api/deals");
    type Request = DealRequest;
    type Resource = Deal;

    fn draft(request: DealRequest, check: &mut Check) -> Self::Draft {
        request.draft(check)
    }

    fn owner(draft: &Self::Draft) -> &Patch<UserId> {
        &draft.owner_id
    }

    fn show(self, tenant: TenantId, _: Stamp) -> Deal {
        Deal::of(self, tenant)
    }
}
