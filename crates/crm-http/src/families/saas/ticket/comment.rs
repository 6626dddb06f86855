//! Comments of a ticket.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use crm_domain::{
    Error,
    field::Check,
    id::{RecordId, TenantId, TicketCommentId, TicketId},
    query::Condition,
    stamp::Stamp,
    tenant::{
        TenantReader, UnitOfWork,
        ticket::Ticket,
        ticket_comment::{self, Editor, TicketCommentDraft, TicketCommentField},
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    families::saas::{
        answer::{created, kept_record, once_over, record, write_over},
        context::{Body, Delete, Permit, Read, Write},
        error::{BodyResponses, ErrorResponses, LookupResponses, SaasError, StaleResponses},
        id::{COMMENT, TENANT, TICKET, USER, in_path, show},
        list::{self, List, ListParams},
        page::PageBody,
        resource::changed_at,
        schema::changes_schema,
    },
    shared::json_body::Given,
};

pub(in super::super) const PATH: &str = "/api/tickets/{id}/comments";
pub(in super::super) const ITEM: &str = "/api/tickets/{id}/comments/{commentId}";

/// A comment as it is sent: to write one, or the fields of one to change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::TicketCommentRequest)]
pub(crate) struct TicketCommentRequest {
    /// Required to create.
    #[schema(value_type = String, example = "Please try again now")]
    body: Given<String>,
    /// Whether only the team may read it; false when left out. A user's first comment that is not internal is the ticket's first response.
    #[schema(value_type = Option<bool>)]
    is_internal: Given<bool>,
}

impl TicketCommentRequest {
    fn draft(self, check: &mut Check) -> TicketCommentDraft {
        TicketCommentDraft {
            body: self.body.patch("body", check),
            is_internal: self.is_internal.patch("is_internal", check),
        }
    }
}

changes_schema! {
    /// Documents a body that changes a comment.
    TicketCommentChanges = "saas.TicketCommentChanges" of TicketCommentRequest
}

/// A comment.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::TicketComment)]
pub(crate) struct TicketComment {
    #[schema(example = "comment_9")]
    id: String,
    #[schema(example = "ticket_12")]
    ticket_id: String,
    body: String,
    is_internal: bool,
    /// The user who wrote it; null for an integration.
    #[schema(example = "user_456")]
    author_id: Option<String>,
    #[schema(example = "2026-01-17T10:30:00Z")]
    created_at: String,
    #[schema(example = "2026-01-17T10:30:00Z")]
    updated_at: String,
    /// The same as `authorId`.
    #[schema(example = "user_456")]
    created_by: Option<String>,
    #[schema(example = "tenant_789")]
    tenant_id: String,
}

impl TicketComment {
    fn of(comment: ticket_comment::TicketComment, tenant: TenantId) -> Self {
        let author = comment.created_by.map(|id| show(USER, id));
        Self {
            id: show(COMMENT, comment.id),
            ticket_id: show(TICKET, comment.fields.ticket_id),
            body: comment.fields.body.into_inner(),
            is_internal: comment.fields.is_internal,
            author_id: author.clone(),
            created_at: comment.created_at.to_second_precision(),
            updated_at: comment.updated_at.to_second_precision(),
            created_by: author,
            tenant_id: show(TENANT, tenant),
        }
    }
}

/// A ticket and one of its comments, as a path names them.
struct Place {
    ticket: TicketId,
    comment: TicketCommentId,
}

impl Place {
    fn of(path: &(String, String)) -> crm_domain::Result<Self> {
        Ok(Self {
            ticket: in_path(&path.0, TICKET)?,
            comment: in_path(&path.1, COMMENT)?,
        })
    }
}

fn missing_ticket(id: TicketId) -> Error {
    Error::not_found(TicketId::NOUN, id)
}

/// Lists a ticket's comments.
#[utoipa::path(
    get, path = PATH, tag = "tickets", operation_id = "saas_list_ticket_comments",
    params(("id" = String, Path, example = "ticket_12"), ListParams<TicketCommentField>),
    responses((status = 200, description = "A page of comments", body = PageBody<TicketComment>), ErrorResponses, LookupResponses),
    security(("accessToken" = []))
)]
pub(in super::super) async fn list(permit: Permit<Read>, id: web::Path<String>, request: HttpRequest) -> Result<HttpResponse, SaasError> {
    let id: TicketId = in_path(&id, TICKET)?;
    let found = move |reader: &mut dyn TenantReader| reader.tickets().lookup(id)?.map(drop).ok_or_else(|| missing_ticket(id));
    let condition = Condition::equal(TicketCommentField::TicketId, id);
    let list = List::related(format!("tickets/{id}/comments"), condition, Box::new(found));
    let read = |reader: &mut dyn TenantReader, filter: &_, sort, window: &_| reader.ticket_comments().list(filter, sort, window);
    list::answer(&permit.tenant, request.query_string(), list, read, TicketComment::of).await
}

/// Shows a comment of a ticket.
#[utoipa::path(
    get, path = ITEM, tag = "tickets", operation_id = "saas_get_ticket_comment",
    params(("id" = String, Path, example = "ticket_12"), ("commentId" = String, Path, example = "comment_9")),
    responses((status = 200, description = "The comment", body = TicketComment), ErrorResponses, LookupResponses),
    security(("accessToken" = []))
)]
pub(in super::super) async fn get(permit: Permit<Read>, path: web::Path<(String, String)>) -> Result<HttpResponse, SaasError> {
    let Place { ticket, comment: id } = Place::of(&path)?;
    let read = move |reader: &mut dyn TenantReader| {
        reader.tickets().lookup(ticket)?.ok_or_else(|| missing_ticket(ticket))?;
        let comment = reader.ticket_comments().lookup(id)?;
        let comment = comment.filter(|comment| comment.fields.ticket_id == ticket);
        comment.ok_or_else(|| Error::not_found(TicketCommentId::NOUN, id))
    };
    let comment = permit.tenant.read(read).await?;
    let updated_at = comment.updated_at;
    Ok(record(&TicketComment::of(comment, permit.tenant.tenant.id), updated_at))
}

/// Comments on a ticket.
#[utoipa::path(
    post, path = PATH, tag = "tickets", operation_id = "saas_create_ticket_comment", request_body = TicketCommentRequest,
    params(
        ("id" = String, Path, example = "ticket_12"),
        ("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key and body takes effect once")
    ),
    responses(
        (status = 201, description = "The new comment", body = TicketComment, headers(("Location" = String))),
        ErrorResponses, LookupResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(in super::super) async fn create(
    permit: Permit<Write>,
    id: web::Path<String>,
    body: Body<TicketCommentRequest>,
) -> Result<HttpResponse, SaasError> {
    let id: TicketId = in_path(&id, TICKET)?;
    let mut check = Check::new();
    let tenant = permit.tenant.tenant.id;
    let draft = body.value.draft(&mut check);
    let answer = once_over(&permit, body.guard, id, changed_at::<Ticket>, move |unit| {
        let comment = ticket_comment::create(unit, id, draft, check)?;
        let updated_at = comment.updated_at;
        kept_record(StatusCode::CREATED, &TicketComment::of(comment, tenant), updated_at)
    });
    let path = format!("/api/tickets/{}/comments", show(TICKET, id));
    Ok(created(answer.await?, &path)?)
}

/// When the comment changed last.
fn state(unit: &mut dyn UnitOfWork, id: TicketCommentId) -> crm_domain::Result<Option<Stamp>> {
    Ok(unit.ticket_comments().lookup(id)?.map(|comment| comment.updated_at))
}

/// Changes the fields given; the others stay (contract X-93). A User may change its own comments only; Managers and Admins those of all.
#[utoipa::path(
    put, path = ITEM, tag = "tickets", operation_id = "saas_update_ticket_comment", request_body = TicketCommentChanges,
    params(
        ("id" = String, Path, example = "ticket_12"),
        ("commentId" = String, Path, example = "comment_9"),
        ("If-Match" = Option<String>, Header, description = "Only while the comment has this entity tag")
    ),
    responses(
        (status = 200, description = "The comment as it is now", body = TicketComment),
        ErrorResponses, LookupResponses, StaleResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(in super::super) async fn update(
    permit: Permit<Write>,
    path: web::Path<(String, String)>,
    body: Body<TicketCommentRequest>,
) -> Result<HttpResponse, SaasError> {
    let Place { ticket, comment: id } = Place::of(&path)?;
    let mut check = Check::new();
    let draft = body.value.draft(&mut check);
    let editor = Editor::of(permit.user());
    let change = move |unit: &mut dyn UnitOfWork| ticket_comment::update(unit, ticket, id, draft, editor, check);
    let comment = write_over(&permit, id, state, change).await?;
    let updated_at = comment.updated_at;
    Ok(record(&TicketComment::of(comment, permit.tenant.tenant.id), updated_at))
}

/// Deletes a comment of a ticket. The ticket stays answered.
#[utoipa::path(
    delete, path = ITEM, tag = "tickets", operation_id = "saas_delete_ticket_comment",
    params(
        ("id" = String, Path, example = "ticket_12"),
        ("commentId" = String, Path, example = "comment_9"),
        ("If-Match" = Option<String>, Header, description = "Only while the comment has this entity tag")
    ),
    responses((status = 204, description = "It is gone"), ErrorResponses, LookupResponses, StaleResponses),
    security(("accessToken" = []))
)]
pub(in super::super) async fn remove(permit: Permit<Delete>, path: web::Path<(String, String)>) -> Result<HttpResponse, SaasError> {
    let Place { ticket, comment: id } = Place::of(&path)?;
    let remove = move |unit: &mut dyn UnitOfWork| ticket_comment::remove(unit, ticket, id);
    write_over(&permit, id, state, remove).await?;
    Ok(HttpResponse::NoContent().finish())
}
