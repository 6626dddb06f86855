//! Leads (contract C-32 … C-52, C-135, X-88 … X-94).

mod action;
mod wire;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use crm_domain::{
    Error,
    field::{Check, Patch},
    id::{LeadId, RecordId, TenantId, UserId},
    stamp::Stamp,
    tenant::{
        TenantReader, UnitOfWork,
        lead::{self, LeadField, LeadFields},
    },
};

use super::{
    answer::{IfMatch, created, kept, record, write_over},
    context::{Body, Delete, Permit, Read, Write},
    error::{BodyResponses, ConflictResponses, ErrorResponses, LookupResponses, SaasError, StaleResponses},
    id::{LEAD, check_owner, in_path},
    include::{self, IncludeParam},
    list::{self, List, ListParams},
    noun::{Noun, Paths, paths},
    page::PageBody,
    related::Listed,
};
use crate::shared::{call::Call, idempotency::once, tenant::TenantSession};

pub(super) use action::many;
pub(super) use action::{__path_assign, __path_convert, __path_disqualify, __path_qualify};
pub(super) use action::{ASSIGN, CONVERT, DISQUALIFY, QUALIFY, assign, convert, disqualify, qualify};
pub(crate) use wire::{Lead, LeadChanges, LeadRequest};

pub(super) const PATH: &str = "/api/leads";
pub(super) const ITEM: &str = "/api/leads/{id}";

impl Listed for Lead {
    type Field = LeadField;
    const PATH: &'static str = PATH;

    async fn page(tenant: &TenantSession, query: &str, list: List<LeadField>) -> Result<HttpResponse, SaasError> {
        let read = |reader: &mut dyn TenantReader, filter: &_, sort, window: &_| reader.leads().list(filter, sort, window);
        list::answer(tenant, query, list, read, Self::of).await
    }
}

/// Lists leads.
#[utoipa::path(
    get, path = PATH, tag = "leads", operation_id = "saas_list_leads", params(ListParams<LeadField>),
    responses((status = 200, description = "A page of leads", body = PageBody<Lead>), ErrorResponses),
    security(("accessToken" = []))
)]
pub(super) async fn list(permit: Permit<Read>, request: HttpRequest) -> Result<HttpResponse, SaasError> {
    Lead::page(&permit.tenant, request.query_string(), List::of("leads")).await
}

/// Shows a lead.
#[utoipa::path(
    get, path = ITEM, tag = "leads", operation_id = "saas_get_lead", params(("id" = String, Path, example = "lead_123"), IncludeParam<LeadField>),
    responses((status = 200, description = "The lead", body = Lead), ErrorResponses, LookupResponses),
    security(("accessToken" = []))
)]
pub(super) async fn get(permit: Permit<Read>, id: web::Path<String>, request: HttpRequest) -> Result<HttpResponse, SaasError> {
    let id: LeadId = in_path(&id, LEAD)?;
    let read = move |reader: &mut dyn TenantReader| {
        let found = reader.leads().lookup(id)?;
        found.ok_or_else(|| Error::not_found(LeadId::NOUN, id))
    };
    include::one::<LeadField, _>(&permit.tenant, request.query_string(), read, |found| found.updated_at, Lead::of).await
}

/// Creates a lead. Another one with the same email is refused (contract X-100).
#[utoipa::path(
    post, path = PATH, tag = "leads", operation_id = "saas_create_lead", request_body = LeadRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key and body takes effect once")),
    responses(
        (status = 201, description = "The new lead", body = Lead, headers(("Location" = String))),
        ErrorResponses, ConflictResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn create(call: Call, permit: Permit<Write>, body: Body<LeadRequest>) -> Result<HttpResponse, SaasError> {
    let mut check = Check::new();
    let (tenant, owner) = (permit.tenant.tenant.id, permit.user().id);
    let draft = body.value.creation(&mut check);
    check_owner(&call.app.control, tenant, &draft.owner_id, &mut check).await?;
    let fields = LeadFields::parse(draft, owner, check)?;
    let guard = body.guard;
    let answer = permit.tenant.write(move |unit| {
        once(unit, guard.as_ref(), |unit| {
            let lead = lead::create(unit, fields)?;
            kept(StatusCode::CREATED, &Lead::of(lead, tenant))
        })
    });
    Ok(created(answer.await?, PATH)?)
}

/// When the record changed last.
fn state(unit: &mut dyn UnitOfWork, id: LeadId) -> crm_domain::Result<Option<Stamp>> {
    Ok(unit.leads().lookup(id)?.map(|lead| lead.updated_at))
}

/// Changes the fields given; the others stay (contract X-93). A converted lead keeps its status.
#[utoipa::path(
    put, path = ITEM, tag = "leads", operation_id = "saas_update_lead", request_body = LeadChanges,
    params(
        ("id" = String, Path, example = "lead_123"),
        ("If-Match" = Option<String>, Header, description = "Only while the lead has this entity tag")
    ),
    responses(
        (status = 200, description = "The lead as it is now", body = Lead),
        ErrorResponses, LookupResponses, ConflictResponses, StaleResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn update(
    call: Call,
    permit: Permit<Write>,
    id: web::Path<String>,
    condition: IfMatch,
    body: Body<LeadRequest>,
) -> Result<HttpResponse, SaasError> {
    let id: LeadId = in_path(&id, LEAD)?;
    let mut check = Check::new();
    let tenant = permit.tenant.tenant.id;
    let draft = body.value.update(&mut check);
    check_owner(&call.app.control, tenant, &draft.owner_id, &mut check).await?;
    let lead = write_over(&permit.tenant, condition, id, state, move |unit| {
        lead::update(unit, id, draft, check)
    })
    .await?;
    let updated_at = lead.updated_at;
    Ok(record(&Lead::of(lead, tenant), updated_at))
}

/// Deletes a lead.
#[utoipa::path(
    delete, path = ITEM, tag = "leads", operation_id = "saas_delete_lead",
    params(
        ("id" = String, Path, example = "lead_123"),
        ("If-Match" = Option<String>, Header, description = "Only while the lead has this entity tag")
    ),
    responses(
        (status = 204, description = "It is gone"),
        ErrorResponses, LookupResponses, StaleResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn remove(permit: Permit<Delete>, id: web::Path<String>, condition: IfMatch) -> Result<HttpResponse, SaasError> {
    let id: LeadId = in_path(&id, LEAD)?;
    write_over(&permit.tenant, condition, id, state, move |unit| lead::remove(unit, id)).await?;
    Ok(HttpResponse::NoContent().finish())
}

impl Noun for lead::Lead {
    const PREFIX: &'static str = LEAD;
    const PLURAL: &'static str = "leads";
    const PATHS: Paths = paths!("/api/leads");
    type Request = LeadRequest;
    type Resource = Lead;

    fn draft(request: LeadRequest, check: &mut Check) -> Self::Draft {
        request.update(check)
    }

    fn creation(request: LeadRequest, check: &mut Check) -> Self::Draft {
        request.creation(check)
    }

    fn owner(draft: &Self::Draft) -> &Patch<UserId> {
        &draft.owner_id
    }

    fn show(self, tenant: TenantId, _: Stamp) -> Lead {
        Lead::of(self, tenant)
    }
}
