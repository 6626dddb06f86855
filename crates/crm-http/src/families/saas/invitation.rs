//! Invitations: an Admin invites, the invited person chooses the password (`POST /api/auth/accept-invitation`).
//!
//! The answer to a creation shows the token; where it came with an `Idempotency-Key` it is kept sealed, and shown again to nobody but a repeated
//! request of the same user.

mod wire;

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use crm_domain::{
    control::{ControlStore, ControlUnit},
    id::{InvitationId, RecordId},
    page::SortValue,
    tenant::change::Origin,
    usecase::invitations,
};

use super::{
    answer::{created_secretly, kept},
    context::{Body, ManageUsers, Permit, ReadInvitations},
    error::{BodyResponses, ConflictResponses, ErrorResponses, LookupResponses, SaasError},
    id::{INVITATION, in_path},
    page::{PageBody, PageParams, Query},
};
use crate::shared::{call::Call, tenant::block};

pub(crate) use wire::{InvitationInfo, InvitationRequest, InvitedResponse};

pub(super) const PATH: &str = "/api/invitations";
pub(super) const ITEM: &str = "/api/invitations/{id}";

/// Lists the tenant's invitations, newest first, whatever became of them.
#[utoipa::path(
    get, path = PATH, tag = "users", operation_id = "saas_list_invitations", params(PageParams),
    responses((status = 200, description = "A page of invitations", body = PageBody<InvitationInfo>), ErrorResponses),
    security(("accessToken" = []))
)]
pub(super) async fn list(call: Call, permit: Permit<ReadInvitations>, request: HttpRequest) -> Result<HttpResponse, SaasError> {
    let mut query = Query::parse(request.query_string());
    let paging = query.paging("invitations");
    query.finish()?;
    let (control, tenant) = (Arc::clone(&call.app.control), permit.tenant.tenant.id);
    let (window, now) = (paging.window(), permit.tenant.now);
    let page = block(move || control.reading(|reader| reader.invitations().list(tenant, &window))).await?;
    let place = |invitation: &crm_domain::control::invitation::Invitation| (SortValue::Id, invitation.id.get());
    Ok(HttpResponse::Ok().json(PageBody::new(&paging, page, place, |invitation| {
        InvitationInfo::of(invitation, now)
    })))
}

/// Invites somebody. The answer shows the token, once: who has it chooses the password and becomes the user, within seven days.
#[utoipa::path(
    post, path = PATH, tag = "users", operation_id = "saas_create_invitation", request_body = InvitationRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key takes effect once")),
    responses(
        (status = 201, description = "The invitation and its token", body = InvitedResponse, headers(("Location" = String))),
        ErrorResponses, ConflictResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn create(call: Call, permit: Permit<ManageUsers>, body: Body<InvitationRequest>) -> Result<HttpResponse, SaasError> {
    let fields = body.value.parse()?;
    let (app, tenant, by) = (Arc::clone(&call.app), permit.tenant.tenant.id, permit.user().id);
    let now = permit.tenant.now;
    let invite = move |unit: &mut dyn ControlUnit, origin: &Origin| {
        let (token, invitation) = invitations::invite(unit, &*app.entropy, origin, tenant, by, fields)?;
        kept(StatusCode::CREATED, &InvitedResponse::of(&token, invitation, now))
    };
    let answer = permit.tenant.administer_once(&call.app.sealer, body.guard, invite).await?;
    let location = format!("{PATH}/{}", wire::made(&answer.body)?);
    Ok(created_secretly(answer, location))
}

/// Revokes an invitation: its token dies at once. Doing it twice changes nothing; one that was accepted cannot be revoked.
#[utoipa::path(
    delete, path = ITEM, tag = "users", operation_id = "saas_revoke_invitation",
    params(("id" = String, Path, example = "invitation_3")),
    responses((status = 204, description = "It is revoked"), ErrorResponses, LookupResponses, ConflictResponses),
    security(("accessToken" = []))
)]
pub(super) async fn revoke(permit: Permit<ManageUsers>, id: web::Path<String>) -> Result<HttpResponse, SaasError> {
    let id: InvitationId = in_path(&id, INVITATION)?;
    permit.over_untagged()?;
    let tenant = permit.tenant.tenant.id;
    let revoke = move |control: &dyn ControlStore, origin: &Origin| invitations::revoke(control, origin, tenant, id);
    permit.tenant.administer(revoke).await?;
    Ok(HttpResponse::NoContent().finish())
}
