//! Partners (contract ).

mod wire;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use crm_domain::{
    Error,
    field::Check,
    id::{PartnerId, RecordId},
    stamp::Stamp,
    tenant::{
        TenantReader, UnitOfWork,
        partner::{self, PartnerField, PartnerFields},
    },
};

use super::{
    answer::{IfMatch, created, kept, record, write_over},
    context::{Body, Configure, Delete, Permit, Read},
    error::{BodyResponses, ConflictResponses, ErrorResponses, LookupResponses, SaasError, StaleResponses},
    id::{PARTNER, check_owner, in_path},
    list::{self, List, ListParams},
    page::PageBody,
};
use crate::shared::{call::Call, idempotency::once};

pub(crate) use wire::{Partner, PartnerChanges, PartnerRequest};

pub(super) const PATH: &str = "/api/partners";
pub(super) const ITEM: &str = "/api/partners/{id}";

/// Lists partners.
#[utoipa::path(
    get, path = PATH, tag = "partners", operation_id = "saas_list_partners", params(ListParams<PartnerField>),
    responses((status = 200, description = "A page of partners", body = PageBody<Partner>), ErrorResponses),
    security(("accessToken" = []))
)]
pub(super) async fn list(permit: Permit<Read>, request: HttpRequest) -> Result<HttpResponse, SaasError> {
    let list = List::of("partners");
    let read = |reader: &mut dyn TenantReader, filter: &_, sort, window: &_| reader.partners().list(filter, sort, window);
    list::answer(&permit.tenant, request.query_string(), list, read, Partner::of).await
}

/// Shows a partner.
#[utoipa::path(
    get, path = ITEM, tag = "partners", operation_id = "saas_get_partner", params(("id" = String, Path, example = "partner_3")),
    responses((status = 200, description = "The partner", body = Partner), ErrorResponses, LookupResponses),
    security(("accessToken" = []))
)]
pub(super) async fn get(permit: Permit<Read>, id: web::Path<String>) -> Result<HttpResponse, SaasError> {
    let id: PartnerId = in_path(&id, PARTNER)?;
    let partner = permit.tenant.read(move |reader| reader.partners().lookup(id)).await?;
    let partner = partner.ok_or_else(|| Error::not_found(PartnerId::NOUN, id))?;
    let updated_at = partner.updated_at;
    Ok(record(&Partner::of(partner, permit.tenant.tenant.id), updated_at))
}

/// Creates a partner.
#[utoipa::path(
    post, path = PATH, tag = "partners", operation_id = "saas_create_partner", request_body = PartnerRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key and body takes effect once")),
    responses(
        (status = 201, description = "The new partner", body = Partner, headers(("Location" = String))),
        ErrorResponses, ConflictResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn create(call: Call, permit: Permit<Configure>, body: Body<PartnerRequest>) -> Result<HttpResponse, SaasError> {
    let mut check = Check::new();
    let (tenant, owner) = (permit.tenant.tenant.id, permit.user().id);
    let draft = body.value.draft(&mut check);
    check_owner(&call.app.control, tenant, &draft.owner_id, &mut check).await?;
    let fields = PartnerFields::parse(draft, owner, check)?;
    let guard = body.guard;
    let answer = permit.tenant.write(move |unit| {
        once(unit, guard.as_ref(), |unit| {
            let partner = partner::create(unit, fields)?;
            kept(StatusCode::CREATED, &Partner::of(partner, tenant))
        })
    });
    Ok(created(answer.await?, PATH)?)
}

/// When the record changed last.
fn state(unit: &mut dyn UnitOfWork, id: PartnerId) -> crm_domain::Result<Option<Stamp>> {
    Ok(unit.partners().lookup(id)?.map(|partner| partner.updated_at))
}

/// Changes the fields given; the others stay (contract X-93).
#[utoipa::path(
    put, path = ITEM, tag = "partners", operation_id = "saas_update_partner", request_body = PartnerChanges,
    params(
        ("id" = String, Path, example = "partner_3"),
        ("If-Match" = Option<String>, Header, description = "Only while the partner has this entity tag")
    ),
    responses(
        (status = 200, description = "The partner as it is now", body = Partner),
        ErrorResponses, LookupResponses, ConflictResponses, StaleResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn update(
    call: Call,
    permit: Permit<Configure>,
    id: web::Path<String>,
    condition: IfMatch,
    body: Body<PartnerRequest>,
) -> Result<HttpResponse, SaasError> {
    let id: PartnerId = in_path(&id, PARTNER)?;
    let mut check = Check::new();
    let tenant = permit.tenant.tenant.id;
    let draft = body.value.draft(&mut check);
    check_owner(&call.app.control, tenant, &draft.owner_id, &mut check).await?;
    let partner = write_over(&permit.tenant, condition, id, state, move |unit| {
        partner::update(unit, id, draft, check)
    })
    .await?;
    let updated_at = partner.updated_at;
    Ok(record(&Partner::of(partner, tenant), updated_at))
}

/// Deletes a partner.
#[utoipa::path(
    delete, path = ITEM, tag = "partners", operation_id = "saas_delete_partner",
    params(
        ("id" = String, Path, example = "partner_3"),
        ("If-Match" = Option<String>, Header, description = "Only while the partner has this entity tag")
    ),
    responses(
        (status = 204, description = "It is gone"),
        ErrorResponses, LookupResponses, StaleResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn remove(permit: Permit<Delete>, id: web::Path<String>, condition: IfMatch) -> Result<HttpResponse, SaasError> {
    let id: PartnerId = in_path(&id, PARTNER)?;
    write_over(&permit.tenant, condition, id, state, move |unit| partner::remove(unit, id)).await?;
    Ok(HttpResponse::NoContent().finish())
}
