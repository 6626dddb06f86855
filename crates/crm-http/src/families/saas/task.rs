//! Tasks: what somebody is to do, and by when (contract ).

pub(super) mod action;
mod wire;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use crm_domain::{
    Error,
    field::Check,
    id::{RecordId, TaskId},
    stamp::Stamp,
    tenant::{
        TenantReader, UnitOfWork,
        task::{self, TaskField},
    },
};

use super::{
    answer::{IfMatch, created, kept, record, write_over},
    context::{Body, Delete, Permit, Read, Write},
    error::{BodyResponses, ErrorResponses, LookupResponses, SaasError, StaleResponses},
    id::{check_owner, in_path},
    include::{self, IncludeParam},
    list::{self, List, ListParams},
    page::PageBody,
    related::Listed,
    word::TASK,
};
use crate::shared::{call::Call, idempotency::once, tenant::TenantSession};

pub(crate) use wire::{Task, TaskChanges, TaskRequest};

pub(super) const PATH: &str = "/api/tasks";
pub(super) const ITEM: &str = "/api/tasks/{id}";

impl Listed for Task {
    type Field = TaskField;
    const PATH: &'static str = PATH;

    async fn page(tenant: &TenantSession, query: &str, list: List<TaskField>) -> Result<HttpResponse, SaasError> {
        let now = tenant.now;
        let list = list.with_switch("overdue", task::overdue(now));
        let read = |reader: &mut dyn TenantReader, filter: &_, sort, window: &_| reader.tasks().list(filter, sort, window);
        list::answer(tenant, query, list, read, move |task, tenant| Self::of(task, tenant, now)).await
    }
}

/// Lists tasks.
#[utoipa::path(
    get, path = PATH, tag = "tasks", operation_id = "saas_list_tasks",
    params(
        ListParams<TaskField>,
        ("overdue" = Option<bool>, Query, description = "`true`: only tasks that are still to be done and were due before now")
    ),
    responses((status = 200, description = "A page of tasks", body = PageBody<Task>), ErrorResponses),
    security(("accessToken" = []))
)]
pub(super) async fn list(permit: Permit<Read>, request: HttpRequest) -> Result<HttpResponse, SaasError> {
    Task::page(&permit.tenant, request.query_string(), List::of("tasks")).await
}

/// Shows a task.
#[utoipa::path(
    get, path = ITEM, tag = "tasks", operation_id = "saas_get_task", params(("id" = String, Path, example = "task_12"), IncludeParam<TaskField>),
    responses((status = 200, description = "The task", body = Task), ErrorResponses, LookupResponses),
    security(("accessToken" = []))
)]
pub(super) async fn get(permit: Permit<Read>, id: web::Path<String>, request: HttpRequest) -> Result<HttpResponse, SaasError> {
    let id: TaskId = in_path(&id, TASK)?;
    let now = permit.tenant.now;
    let read = move |reader: &mut dyn TenantReader| {
        let found = reader.tasks().lookup(id)?;
        found.ok_or_else(|| Error::not_found(TaskId::NOUN, id))
    };
    include::one::<TaskField, _>(
        &permit.tenant,
        request.query_string(),
        read,
        |found| found.updated_at,
        move |task, tenant| Task::of(task, tenant, now),
    )
    .await
}

fn shown(task: task::Task, tenant: &TenantSession) -> HttpResponse {
    let updated_at = task.updated_at;
    record(&Task::of(task, tenant.tenant.id, tenant.now), updated_at)
}

/// Creates a task.
#[utoipa::path(
    post, path = PATH, tag = "tasks", operation_id = "saas_create_task", request_body = TaskRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key and body takes effect once")),
    responses(
        (status = 201, description = "The new task", body = Task, headers(("Location" = String))),
        ErrorResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn create(call: Call, permit: Permit<Write>, body: Body<TaskRequest>) -> Result<HttpResponse, SaasError> {
    let mut check = Check::new();
    let (tenant, now, owner) = (permit.tenant.tenant.id, permit.tenant.now, permit.user().id);
    let draft = body.value.draft(&mut check);
    check_owner(&call.app.control, tenant, &draft.owner_id, &mut check).await?;
    let guard = body.guard;
    let answer = permit.tenant.write(move |unit| {
        once(unit, guard.as_ref(), |unit| {
            let task = task::create(unit, draft, owner, check)?;
            kept(StatusCode::CREATED, &Task::of(task, tenant, now))
        })
    });
    Ok(created(answer.await?, PATH)?)
}

/// When the record changed last.
fn state(unit: &mut dyn UnitOfWork, id: TaskId) -> crm_domain::Result<Option<Stamp>> {
    Ok(unit.tasks().lookup(id)?.map(|task| task.updated_at))
}

/// Changes the fields given; the others stay (contract X-93).
#[utoipa::path(
    put, path = ITEM, tag = "tasks", operation_id = "saas_update_task", request_body = TaskChanges,
    params(
        ("id" = String, Path, example = "task_12"),
        ("If-Match" = Option<String>, Header, description = "Only while the task has this entity tag")
    ),
    responses(
        (status = 200, description = "The task as it is now", body = Task),
        ErrorResponses, LookupResponses, StaleResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn update(
    call: Call,
    permit: Permit<Write>,
    id: web::Path<String>,
    condition: IfMatch,
    body: Body<TaskRequest>,
) -> Result<HttpResponse, SaasError> {
    let id: TaskId = in_path(&id, TASK)?;
    let mut check = Check::new();
    let draft = body.value.draft(&mut check);
    check_owner(&call.app.control, permit.tenant.tenant.id, &draft.owner_id, &mut check).await?;
    let task = write_over(&permit.tenant, condition, id, state, move |unit| {
        task::update(unit, id, draft, check)
    })
    .await?;
    Ok(shown(task, &permit.tenant))
}

/// Deletes a task.
#[utoipa::path(
    delete, path = ITEM, tag = "tasks", operation_id = "saas_delete_task",
    params(
        ("id" = String, Path, example = "task_12"),
        ("If-Match" = Option<String>, Header, description = "Only while the task has this entity tag")
    ),
    responses(
        (status = 204, description = "It is gone"),
        ErrorResponses, LookupResponses, StaleResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn remove(permit: Permit<Delete>, id: web::Path<String>, condition: IfMatch) -> Result<HttpResponse, SaasError> {
    let id: TaskId = in_path(&id, TASK)?;
    write_over(&permit.tenant, condition, id, state, move |unit| task::remove(unit, id)).await?;
    Ok(HttpResponse::NoContent().finish())
}
