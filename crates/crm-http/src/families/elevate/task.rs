//! Tasks (contract E-31 … E-34, X-164, X-165).

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse};
use crm_domain::{
    Result as DomainResult,
    control::tenant::Tenant,
    id::RecordId,
    page::Sort,
    query::Condition,
    stamp::Stamp,
    tenant::{
        TenantReader,
        change::EntityKind,
        priority::Priority,
        task::{Task as Entity, TaskField, TaskFilter, TaskStatus, overdue, pending},
    },
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    context::Access,
    error::{ApiError, ErrorResponses},
    page::{PageParams, Place, PollParams, Query, changed_since},
    related::{Related, user},
};

pub(super) const PATH: &str = "/api/external/tasks";

/// Where a task stands by the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Pending,
    Completed,
    Overdue,
}

const STATUSES: [(&str, Status); 3] = [
    ("pending", Status::Pending),
    ("completed", Status::Completed),
    ("overdue", Status::Overdue),
];

/// The document's words for priorities (E-33).
const PRIORITIES: [(&str, Priority); 4] = [
    ("low", Priority::Low),
    ("medium", Priority::Normal),
    ("high", Priority::High),
    ("urgent", Priority::Urgent),
];

pub(super) fn priority_word(priority: Priority) -> &'static str {
    match priority {
        Priority::Low => "low",
        Priority::Normal => "medium",
        Priority::High => "high",
        Priority::Urgent => "urgent",
    }
}

fn status_word(task: &Entity, now: Stamp) -> &'static str {
    if task.fields.is_overdue(now) {
        "overdue"
    } else {
        state_word(task.fields.status)
    }
}

/// The status but for the clock, by which what is pending is overdue. A cancelled task is none of the three that can be asked for.
pub(super) fn state_word(status: TaskStatus) -> &'static str {
    match status {
        TaskStatus::Completed => "completed",
        TaskStatus::Cancelled => "cancelled",
        TaskStatus::Open | TaskStatus::InProgress => "pending",
    }
}

/// A task.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = elevate::Task)]
pub(super) struct Task {
    id: Uuid,
    tenant_id: Uuid,
    #[schema(example = "Call back")]
    title: String,
    description: Option<String>,
    /// `pending`, `overdue` as soon as it is due and not done, `completed` or `cancelled`.
    #[schema(example = "pending")]
    status: &'static str,
    /// `low`, `medium`, `high` or `urgent`.
    #[schema(example = "medium")]
    priority: &'static str,
    #[schema(format = DateTime, example = "2026-01-12T09:00:00Z")]
    due_date: Option<String>,
    #[schema(format = DateTime)]
    completed_at: Option<String>,
    account_id: Option<Uuid>,
    contact_id: Option<Uuid>,
    lead_id: Option<Uuid>,
    deal_id: Option<Uuid>,
    /// The user responsible, as `/api/users` names it.
    #[schema(example = "user_456")]
    owner_id: String,
    #[schema(format = DateTime, example = "2026-01-10T00:00:00Z")]
    created_at: String,
    #[schema(format = DateTime, example = "2026-01-10T00:00:00Z")]
    updated_at: String,
}

impl Task {
    /// Tasks with what they refer to, each as it stands at a time.
    pub fn show(reader: &mut dyn TenantReader, tenant: &Tenant, tasks: &[(Entity, Stamp)]) -> DomainResult<Vec<Self>> {
        let wanted = tasks.iter().flat_map(|(task, _)| {
            let fields = &task.fields;
            [
                (EntityKind::Account, fields.account_id.map(RecordId::get)),
                (EntityKind::Contact, fields.contact_id.map(RecordId::get)),
                (EntityKind::Lead, fields.lead_id.map(RecordId::get)),
                (EntityKind::Opportunity, fields.opportunity_id.map(RecordId::get)),
            ]
        });
        let related = Related::read(reader, wanted)?;
        Ok(tasks.iter().map(|(task, now)| Self::of(task, tenant, *now, &related)).collect())
    }

    fn of(task: &Entity, tenant: &Tenant, now: Stamp, related: &Related) -> Self {
        let fields = &task.fields;
        Self {
            id: task.uuid,
            tenant_id: tenant.uuid,
            title: fields.title.to_string(),
            description: fields.description.as_deref().map(str::to_owned),
            status: status_word(task, now),
            priority: priority_word(fields.priority),
            due_date: fields.due_at.map(Stamp::to_second_precision),
            completed_at: fields.completed_at.map(Stamp::to_second_precision),
            account_id: related.of(EntityKind::Account, fields.account_id),
            contact_id: related.of(EntityKind::Contact, fields.contact_id),
            lead_id: related.of(EntityKind::Lead, fields.lead_id),
            deal_id: related.of(EntityKind::Opportunity, fields.opportunity_id),
            owner_id: user(fields.owner_id),
            created_at: task.created_at.to_second_precision(),
            updated_at: task.updated_at.to_second_precision(),
        }
    }
}

/// A page of tasks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = elevate::Tasks)]
pub(super) struct Tasks {
    tasks: Vec<Task>,
    #[serde(flatten)]
    place: Place,
}

/// Lists tasks, in the order of creation.
#[utoipa::path(
    get, path = PATH, tag = "elevate pull", operation_id = "elevate_list_tasks",
    params(
        ("status" = Option<String>, Query, description = "Only tasks that are `pending`, `completed` or, by the clock, `overdue`", example = "overdue"),
        ("priority" = Option<String>, Query, description = "Only tasks of this priority: `low`, `medium`, `high` or `urgent`", example = "high"),
        PollParams, PageParams,
    ),
    responses((status = 200, description = "A page of tasks", body = Tasks), ErrorResponses),
    security(("elevate_key" = []))
)]
pub(super) async fn list(access: Access, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let mut query = Query::parse(request.query_string());
    let status = query.word("status", &STATUSES);
    let priority = query.word("priority", &PRIORITIES);
    let since = query.since();
    let paging = query.paging(&format!("tasks by creation, {status:?}, {priority:?}, since {since:?}"));
    query.finish()?;
    let now = access.tenant.now;
    let mut filter = TaskFilter::of(changed_since(TaskField::UpdatedAt, since));
    match status {
        Some(Status::Pending) => filter.conditions.extend(pending(now)),
        Some(Status::Overdue) => filter.conditions.extend(overdue(now)),
        Some(Status::Completed) => filter.conditions.push(Condition::equal(TaskField::Status, TaskStatus::Completed)),
        None => {}
    }
    let priority = priority.map(|priority| Condition::equal(TaskField::Priority, priority as i64));
    filter.conditions.extend(priority);
    let tenant = Arc::clone(&access.tenant.tenant);
    let read = move |reader: &mut dyn TenantReader| {
        let page = reader.tasks().list(&filter, Sort::default(), &paging.window())?;
        let last = page.items.last().map(|task| task.id.get());
        let place = paging.place_of(&page, last);
        let tasks: Vec<_> = page.items.into_iter().map(|task| (task, now)).collect();
        Ok(Tasks {
            place,
            tasks: Task::show(reader, &tenant, &tasks)?,
        })
    };
    Ok(HttpResponse::Ok().json(access.tenant.snapshot(read).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    // E-33
    #[test]
    fn every_priority_has_the_documents_word() {
        for (word, priority) in PRIORITIES {
            assert_eq!(priority_word(priority), word);
        }
        assert_eq!(PRIORITIES.len(), Priority::ALL.len());
    }
}
