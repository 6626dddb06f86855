//! What is done to a task: it is completed and reopened.

use actix_web::{HttpResponse, web};
use crm_domain::tenant::task;

use super::Task;
use crate::families::saas::{
    context::{Nothing, Particulars, Permit, Write},
    error::{ErrorResponses, LookupResponses, SaasError, StateResponses},
    resource::act,
};

pub(in super::super) const COMPLETE: &str = "/api/tasks/{id}/complete";
pub(in super::super) const REOPEN: &str = "/api/tasks/{id}/reopen";

/// Completes a task; a completed or cancelled one must be reopened first.
#[utoipa::path(
    post, path = COMPLETE, tag = "tasks", operation_id = "saas_complete_task",
    params(
        ("id" = String, Path, example = "task_12"),
        ("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key takes effect once")
    ),
    responses((status = 200, description = "The task as it is now", body = Task), ErrorResponses, LookupResponses, StateResponses),
    security(("accessToken" = []))
)]
pub(in super::super) async fn complete(
    permit: Permit<Write>,
    id: web::Path<String>,
    Particulars(body): Particulars<Nothing>,
) -> Result<HttpResponse, SaasError> {
    act(&permit, body.guard, &id, task::complete).await
}

/// Reopens a completed or cancelled task.
#[utoipa::path(
    post, path = REOPEN, tag = "tasks", operation_id = "saas_reopen_task",
    params(
        ("id" = String, Path, example = "task_12"),
        ("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key takes effect once")
    ),
    responses((status = 200, description = "The task as it is now", body = Task), ErrorResponses, LookupResponses, StateResponses),
    security(("accessToken" = []))
)]
pub(in super::super) async fn reopen(
    permit: Permit<Write>,
    id: web::Path<String>,
    Particulars(body): Particulars<Nothing>,
) -> Result<HttpResponse, SaasError> {
    act(&permit, body.guard, &id, task::reopen).await
}
