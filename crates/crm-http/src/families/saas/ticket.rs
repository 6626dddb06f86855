//! Tickets (contract C-74 … C-80, X-87).

pub(super) mod action;
pub(super) mod comment;
mod wire;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use crm_domain::{
    Error,
    field::Check,
    id::{RecordId, TicketId},
    stamp::Stamp,
    tenant::{
        TenantReader, UnitOfWork,
        ticket::{self, TicketField},
    },
};

use super::{
    answer::{IfMatch, created, kept, record, write_over},
    context::{Body, Delete, Permit, Read, Write},
    error::{BodyResponses, ErrorResponses, LookupResponses, SaasError, StaleResponses, StateResponses},
    id::{TICKET, check_owner, in_path},
    list::{self, List, ListParams},
    page::PageBody,
    related::Listed,
};
use crate::shared::{call::Call, idempotency::once, tenant::TenantSession};

pub(crate) use wire::{Ticket, TicketChanges, TicketRequest};

pub(super) const PATH: &str = "/api/tickets";
pub(super) const ITEM: &str = "/api/tickets/{id}";

impl Listed for Ticket {
    type Field = TicketField;
    const PATH: &'static str = PATH;

    async fn page(tenant: &TenantSession, query: &str, list: List<TicketField>) -> Result<HttpResponse, SaasError> {
        let read = |reader: &mut dyn TenantReader, filter: &_, sort, window: &_| reader.tickets().list(filter, sort, window);
        list::answer(tenant, query, list, read, Self::of).await
    }
}

/// Lists tickets.
#[utoipa::path(
    get, path = PATH, tag = "tickets", operation_id = "saas_list_tickets", params(ListParams<TicketField>),
    responses((status = 200, description = "A page of tickets", body = PageBody<Ticket>), ErrorResponses),
    security(("accessToken" = []))
)]
pub(super) async fn list(permit: Permit<Read>, request: HttpRequest) -> Result<HttpResponse, SaasError> {
    Ticket::page(&permit.tenant, request.query_string(), List::of("tickets")).await
}

/// Shows a ticket.
#[utoipa::path(
    get, path = ITEM, tag = "tickets", operation_id = "saas_get_ticket", params(("id" = String, Path, example = "ticket_12")),
    responses((status = 200, description = "The ticket", body = Ticket), ErrorResponses, LookupResponses),
    security(("accessToken" = []))
)]
pub(super) async fn get(permit: Permit<Read>, id: web::Path<String>) -> Result<HttpResponse, SaasError> {
    let id: TicketId = in_path(&id, TICKET)?;
    let ticket = permit.tenant.read(move |reader| reader.tickets().lookup(id)).await?;
    let ticket = ticket.ok_or_else(|| Error::not_found(TicketId::NOUN, id))?;
    let updated_at = ticket.updated_at;
    Ok(record(&Ticket::of(ticket, permit.tenant.tenant.id), updated_at))
}

/// Creates a ticket; its due times follow from the SLA policy for its priority.
#[utoipa::path(
    post, path = PATH, tag = "tickets", operation_id = "saas_create_ticket", request_body = TicketRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key and body takes effect once")),
    responses(
        (status = 201, description = "The new ticket", body = Ticket, headers(("Location" = String))),
        ErrorResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn create(call: Call, permit: Permit<Write>, body: Body<TicketRequest>) -> Result<HttpResponse, SaasError> {
    let mut check = Check::new();
    let (tenant, owner) = (permit.tenant.tenant.id, permit.user().id);
    let draft = body.value.draft(&mut check);
    check_owner(&call.app.control, tenant, &draft.owner_id, &mut check).await?;
    let guard = body.guard;
    let answer = permit.tenant.write(move |unit| {
        once(unit, guard.as_ref(), |unit| {
            let ticket = ticket::create(unit, draft, Some(owner), check)?;
            kept(StatusCode::CREATED, &Ticket::of(ticket, tenant))
        })
    });
    Ok(created(answer.await?, PATH)?)
}

/// When the record changed last.
fn state(unit: &mut dyn UnitOfWork, id: TicketId) -> crm_domain::Result<Option<Stamp>> {
    Ok(unit.tickets().lookup(id)?.map(|ticket| ticket.updated_at))
}

/// Changes the fields given; the others stay (contract X-93).
#[utoipa::path(
    put, path = ITEM, tag = "tickets", operation_id = "saas_update_ticket", request_body = TicketChanges,
    params(
        ("id" = String, Path, example = "ticket_12"),
        ("If-Match" = Option<String>, Header, description = "Only while the ticket has this entity tag")
    ),
    responses(
        (status = 200, description = "The ticket as it is now", body = Ticket),
        ErrorResponses, LookupResponses, StateResponses, StaleResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn update(
    call: Call,
    permit: Permit<Write>,
    id: web::Path<String>,
    condition: IfMatch,
    body: Body<TicketRequest>,
) -> Result<HttpResponse, SaasError> {
    let id: TicketId = in_path(&id, TICKET)?;
    let mut check = Check::new();
    let tenant = permit.tenant.tenant.id;
    let draft = body.value.draft(&mut check);
    check_owner(&call.app.control, tenant, &draft.owner_id, &mut check).await?;
    let ticket = write_over(&permit.tenant, condition, id, state, move |unit| {
        ticket::update(unit, id, draft, check)
    })
    .await?;
    let updated_at = ticket.updated_at;
    Ok(record(&Ticket::of(ticket, tenant), updated_at))
}

/// Deletes a ticket.
#[utoipa::path(
    delete, path = ITEM, tag = "tickets", operation_id = "saas_delete_ticket",
    params(
        ("id" = String, Path, example = "ticket_12"),
        ("If-Match" = Option<String>, Header, description = "Only while the ticket has this entity tag")
    ),
    responses(
        (status = 204, description = "It is gone"),
        ErrorResponses, LookupResponses, StaleResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn remove(permit: Permit<Delete>, id: web::Path<String>, condition: IfMatch) -> Result<HttpResponse, SaasError> {
    let id: TicketId = in_path(&id, TICKET)?;
    write_over(&permit.tenant, condition, id, state, move |unit| ticket::remove(unit, id)).await?;
    Ok(HttpResponse::NoContent().finish())
}
