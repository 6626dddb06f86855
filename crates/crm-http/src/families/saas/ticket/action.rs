//! What is done to a ticket: it is assigned, resolved, closed and reopened.

use actix_web::{HttpResponse, web};
use crm_domain::{
    error::Problem,
    field::{Check, Patch},
    tenant::ticket::{self, TicketAction, TicketDraft},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Ticket;
use crate::{
    families::saas::{
        context::{Body, Nothing, Particulars, Permit, Write},
        error::{BodyResponses, ErrorResponses, LookupResponses, SaasError, StateResponses},
        id::{USER, check_owner, in_body},
        resource::act,
    },
    shared::{call::Call, json_body::Given},
};

pub(in super::super) const ASSIGN: &str = "/api/tickets/{id}/assign";
pub(in super::super) const RESOLVE: &str = "/api/tickets/{id}/resolve";
pub(in super::super) const CLOSE: &str = "/api/tickets/{id}/close";
pub(in super::super) const REOPEN: &str = "/api/tickets/{id}/reopen";

/// To whom a ticket goes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::TicketAssignment)]
pub(crate) struct AssignmentRequest {
    #[schema(value_type = String, example = "user_456")]
    owner_id: Given<String>,
}

/// How a ticket was settled.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::TicketResolution)]
pub(crate) struct ResolutionRequest {
    #[schema(value_type = Option<String>, example = "The password was reset")]
    resolution: Given<String>,
}

/// Gives a ticket to somebody; a new one is open then.
#[utoipa::path(
    post, path = ASSIGN, tag = "tickets", operation_id = "saas_assign_ticket", request_body = AssignmentRequest,
    params(
        ("id" = String, Path, example = "ticket_12"),
        ("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key and body takes effect once")
    ),
    responses(
        (status = 200, description = "The ticket as it is now", body = Ticket),
        ErrorResponses, LookupResponses, StateResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(in super::super) async fn assign(
    call: Call,
    permit: Permit<Write>,
    id: web::Path<String>,
    body: Body<AssignmentRequest>,
) -> Result<HttpResponse, SaasError> {
    let mut check = Check::new();
    let owner_id = in_body(body.value.owner_id, USER, "owner_id", &mut check);
    if !matches!(owner_id, Patch::Set(_)) {
        check.fail("owner_id", Problem::Required);
    }
    check_owner(&call.app.control, permit.tenant.tenant.id, &owner_id, &mut check).await?;
    let draft = TicketDraft {
        owner_id,
        ..TicketDraft::default()
    };
    act(&permit, body.guard, &id, |unit, id| {
        ticket::act(unit, id, TicketAction::Assign, draft, check)
    })
    .await
}

/// Resolves a ticket that is new, open or pending.
#[utoipa::path(
    post, path = RESOLVE, tag = "tickets", operation_id = "saas_resolve_ticket", request_body = Option<ResolutionRequest>,
    params(
        ("id" = String, Path, example = "ticket_12"),
        ("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key and body takes effect once")
    ),
    responses(
        (status = 200, description = "The ticket as it is now", body = Ticket),
        ErrorResponses, LookupResponses, StateResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(in super::super) async fn resolve(
    permit: Permit<Write>,
    id: web::Path<String>,
    Particulars(body): Particulars<ResolutionRequest>,
) -> Result<HttpResponse, SaasError> {
    let mut check = Check::new();
    let draft = TicketDraft {
        resolution: body.value.resolution.patch("resolution", &mut check),
        ..TicketDraft::default()
    };
    act(&permit, body.guard, &id, |unit, id| {
        ticket::act(unit, id, TicketAction::Resolve, draft, check)
    })
    .await
}

/// Closes a ticket, resolved or not.
#[utoipa::path(
    post, path = CLOSE, tag = "tickets", operation_id = "saas_close_ticket",
    params(
        ("id" = String, Path, example = "ticket_12"),
        ("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key and body takes effect once")
    ),
    responses(
        (status = 200, description = "The ticket as it is now", body = Ticket),
        ErrorResponses, LookupResponses, StateResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(in super::super) async fn close(
    permit: Permit<Write>,
    id: web::Path<String>,
    Particulars(body): Particulars<Nothing>,
) -> Result<HttpResponse, SaasError> {
    let (draft, check) = (TicketDraft::default(), Check::new());
    act(&permit, body.guard, &id, |unit, id| {
        ticket::act(unit, id, TicketAction::Close, draft, check)
    })
    .await
}

/// Reopens a ticket that is resolved or closed: its time goes on.
#[utoipa::path(
    post, path = REOPEN, tag = "tickets", operation_id = "saas_reopen_ticket",
    params(
        ("id" = String, Path, example = "ticket_12"),
        ("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key and body takes effect once")
    ),
    responses(
        (status = 200, description = "The ticket as it is now", body = Ticket),
        ErrorResponses, LookupResponses, StateResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(in super::super) async fn reopen(
    permit: Permit<Write>,
    id: web::Path<String>,
    Particulars(body): Particulars<Nothing>,
) -> Result<HttpResponse, SaasError> {
    let (draft, check) = (TicketDraft::default(), Check::new());
    act(&permit, body.guard, &id, |unit, id| {
        ticket::act(unit, id, TicketAction::Reopen, draft, check)
    })
    .await
}
