//! SLA policies (contract X-174).

mod wire;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use crm_domain::{
    Error,
    field::Check,
    id::{RecordId, SlaPolicyId},
    stamp::Stamp,
    tenant::{
        TenantReader, UnitOfWork,
        sla_policy::{self, SlaPolicyField, SlaPolicyFields},
    },
};

use super::{
    answer::{IfMatch, created, kept, record, write_over},
    context::{Body, Configure, Permit, Read},
    error::{BodyResponses, ConflictResponses, ErrorResponses, LookupResponses, SaasError, StaleResponses, StateResponses},
    id::{SLA_POLICY, in_path},
    list::{self, List, ListParams},
    page::PageBody,
};
use crate::shared::idempotency::once;

pub(crate) use wire::{SlaPolicy, SlaPolicyChanges, SlaPolicyRequest};

pub(super) const PATH: &str = "/api/sla-policies";
pub(super) const ITEM: &str = "/api/sla-policies/{id}";

/// Lists SLA policies.
#[utoipa::path(
    get, path = PATH, tag = "sla-policies", operation_id = "saas_list_sla_policies", params(ListParams<SlaPolicyField>),
    responses((status = 200, description = "A page of SLA policies", body = PageBody<SlaPolicy>), ErrorResponses),
    security(("accessToken" = []))
)]
pub(super) async fn list(permit: Permit<Read>, request: HttpRequest) -> Result<HttpResponse, SaasError> {
    let list = List::of("sla-policies");
    let read = |reader: &mut dyn TenantReader, filter: &_, sort, window: &_| reader.sla_policies().list(filter, sort, window);
    list::answer(&permit.tenant, request.query_string(), list, read, SlaPolicy::of).await
}

/// Shows an SLA policy.
#[utoipa::path(
    get, path = ITEM, tag = "sla-policies", operation_id = "saas_get_sla_policy", params(("id" = String, Path, example = "sla_policy_2")),
    responses((status = 200, description = "The policy", body = SlaPolicy), ErrorResponses, LookupResponses),
    security(("accessToken" = []))
)]
pub(super) async fn get(permit: Permit<Read>, id: web::Path<String>) -> Result<HttpResponse, SaasError> {
    let id: SlaPolicyId = in_path(&id, SLA_POLICY)?;
    let policy = permit.tenant.read(move |reader| reader.sla_policies().lookup(id)).await?;
    let policy = policy.ok_or_else(|| Error::not_found(SlaPolicyId::NOUN, id))?;
    let updated_at = policy.updated_at;
    Ok(record(&SlaPolicy::of(policy, permit.tenant.tenant.id), updated_at))
}

/// Creates an SLA policy; a new default takes the place of the one before.
#[utoipa::path(
    post, path = PATH, tag = "sla-policies", operation_id = "saas_create_sla_policy", request_body = SlaPolicyRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key and body takes effect once")),
    responses(
        (status = 201, description = "The new policy", body = SlaPolicy, headers(("Location" = String))),
        ErrorResponses, ConflictResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn create(permit: Permit<Configure>, body: Body<SlaPolicyRequest>) -> Result<HttpResponse, SaasError> {
    let mut check = Check::new();
    let tenant = permit.tenant.tenant.id;
    let draft = body.value.draft(&mut check);
    let guard = body.guard;
    let answer = permit.tenant.write(move |unit| {
        once(unit, guard.as_ref(), |unit| {
            let fields = SlaPolicyFields::parse(draft.in_usual_zone(unit)?, check)?;
            let policy = sla_policy::create(unit, fields)?;
            kept(StatusCode::CREATED, &SlaPolicy::of(policy, tenant))
        })
    });
    Ok(created(answer.await?, PATH)?)
}

/// When the record changed last.
fn state(unit: &mut dyn UnitOfWork, id: SlaPolicyId) -> crm_domain::Result<Option<Stamp>> {
    Ok(unit.sla_policies().lookup(id)?.map(|policy| policy.updated_at))
}

/// Changes the fields given; the others stay (contract X-93).
#[utoipa::path(
    put, path = ITEM, tag = "sla-policies", operation_id = "saas_update_sla_policy", request_body = SlaPolicyChanges,
    params(
        ("id" = String, Path, example = "sla_policy_2"),
        ("If-Match" = Option<String>, Header, description = "Only while the policy has this entity tag")
    ),
    responses(
        (status = 200, description = "The policy as it is now", body = SlaPolicy),
        ErrorResponses, LookupResponses, ConflictResponses, StaleResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn update(
    permit: Permit<Configure>,
    id: web::Path<String>,
    condition: IfMatch,
    body: Body<SlaPolicyRequest>,
) -> Result<HttpResponse, SaasError> {
    let id: SlaPolicyId = in_path(&id, SLA_POLICY)?;
    let mut check = Check::new();
    let tenant = permit.tenant.tenant.id;
    let draft = body.value.draft(&mut check);
    let policy = write_over(&permit.tenant, condition, id, state, move |unit| {
        sla_policy::update(unit, id, draft, check)
    })
    .await?;
    let updated_at = policy.updated_at;
    Ok(record(&SlaPolicy::of(policy, tenant), updated_at))
}

/// Deletes an SLA policy that no ticket follows; others can be deactivated.
#[utoipa::path(
    delete, path = ITEM, tag = "sla-policies", operation_id = "saas_delete_sla_policy",
    params(
        ("id" = String, Path, example = "sla_policy_2"),
        ("If-Match" = Option<String>, Header, description = "Only while the policy has this entity tag")
    ),
    responses(
        (status = 204, description = "It is gone"),
        ErrorResponses, LookupResponses, StateResponses, StaleResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn remove(permit: Permit<Configure>, id: web::Path<String>, condition: IfMatch) -> Result<HttpResponse, SaasError> {
    let id: SlaPolicyId = in_path(&id, SLA_POLICY)?;
    write_over(&permit.tenant, condition, id, state, move |unit| sla_policy::remove(unit, id)).await?;
    Ok(HttpResponse::NoContent().finish())
}
