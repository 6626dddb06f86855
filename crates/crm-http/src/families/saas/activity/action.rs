//! What is done to an activity: it is completed and reopened.

use actix_web::{HttpResponse, web};
use crm_domain::tenant::activity;

use super::Activity;
use crate::families::saas::{
    context::{Nothing, Particulars, Permit, Write},
    error::{ErrorResponses, LookupResponses, SaasError, StateResponses},
    resource::act,
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
    Particulars(body): Particulars<Nothing>,
) -> Result<HttpResponse, SaasError> {
    act(&permit, body.guard, &id, activity::complete).await
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
    Particulars(body): Particulars<Nothing>,
) -> Result<HttpResponse, SaasError> {
    act(&permit, body.guard, &id, activity::reopen).await
}
