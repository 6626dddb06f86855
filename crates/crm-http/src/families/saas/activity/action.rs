//! What is done to an activity: it is completed and reopened.

use actix_web::{HttpResponse, http::StatusCode, web};
use crm_domain::{
    id::ActivityId,
    tenant::{UnitOfWork, activity},
};

use super::Activity;
use crate::{
    families::saas::{
        answer::{acted, kept},
        context::{Nothing, Particulars, Permit, Write},
        error::{ErrorResponses, LookupResponses, SaasError, StateResponses},
        id::in_path,
        word::ACTIVITY,
    },
    shared::idempotency::once,
};

pub(in super::super) const COMPLETE: &str = "/api/activities/{id}/complete";
pub(in super::super) const REOPEN: &str = "/api/activities/{id}/reopen";

/// Says that an activity took place.
#[utoipa::path(
    post, path = COMPLETE, tag = "activities", operation_id = "saas_complete_activity",
    params(
        ("id" = String, Path, example = "activity_12"),
        ("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key takes effect once")
    ),
    responses((status = 200, description = "The activity as it is now", body = Activity), ErrorResponses, LookupResponses, StateResponses),
    security(("accessToken" = []))
)]
pub(in super::super) async fn complete(
    permit: Permit<Write>,
    id: web::Path<String>,
    body: Particulars<Nothing>,
) -> Result<HttpResponse, SaasError> {
    act(permit, &id, body, activity::complete).await
}

/// Says that a completed activity is still to take place.
#[utoipa::path(
    post, path = REOPEN, tag = "activities", operation_id = "saas_reopen_activity",
    params(
        ("id" = String, Path, example = "activity_12"),
        ("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key takes effect once")
    ),
    responses((status = 200, description = "The activity as it is now", body = Activity), ErrorResponses, LookupResponses, StateResponses),
    security(("accessToken" = []))
)]
pub(in super::super) async fn reopen(
    permit: Permit<Write>,
    id: web::Path<String>,
    body: Particulars<Nothing>,
) -> Result<HttpResponse, SaasError> {
    act(permit, &id, body, activity::reopen).await
}

async fn act(
    permit: Permit<Write>,
    id: &str,
    Particulars(body): Particulars<Nothing>,
    action: fn(&mut dyn UnitOfWork, ActivityId) -> crm_domain::Result<activity::Activity>,
) -> Result<HttpResponse, SaasError> {
    let id: ActivityId = in_path(id, ACTIVITY)?;
    let tenant = permit.tenant.tenant.id;
    let answer = permit.tenant.write(move |unit| {
        once(unit, body.guard.as_ref(), |unit| {
            kept(StatusCode::OK, &Activity::of(action(unit, id)?, tenant))
        })
    });
    Ok(acted(answer.await?))
}
