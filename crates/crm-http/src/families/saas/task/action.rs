//! What is done to a task: it is completed and reopened.

use actix_web::{HttpResponse, http::StatusCode, web};
use crm_domain::{
    id::TaskId,
    tenant::{UnitOfWork, task},
};

use super::Task;
use crate::{
    families::saas::{
        answer::{acted, kept},
        context::{Nothing, Particulars, Permit, Write},
        error::{ErrorResponses, LookupResponses, SaasError, StateResponses},
        id::in_path,
        word::TASK,
    },
    shared::idempotency::once,
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
    body: Particulars<Nothing>,
) -> Result<HttpResponse, SaasError> {
    act(permit, &id, body, task::complete).await
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
    body: Particulars<Nothing>,
) -> Result<HttpResponse, SaasError> {
    act(permit, &id, body, task::reopen).await
}

async fn act(
    permit: Permit<Write>,
    id: &str,
    Particulars(body): Particulars<Nothing>,
    action: fn(&mut dyn UnitOfWork, TaskId) -> crm_domain::Result<task::Task>,
) -> Result<HttpResponse, SaasError> {
    let id: TaskId = in_path(id, TASK)?;
    let (tenant, now) = (permit.tenant.tenant.id, permit.tenant.now);
    let answer = permit.tenant.write(move |unit| {
        once(unit, body.guard.as_ref(), |unit| {
            kept(StatusCode::OK, &Task::of(action(unit, id)?, tenant, now))
        })
    });
    Ok(acted(answer.await?))
}
