//! Reading and keeping tasks.

use super::{Task, TaskFields, TaskStatus};
use crate::{
    error::Result,
    fields,
    id::TaskId,
    page::{Page, Sort, Window},
    query::{Comparison, Condition, Filter},
    stamp::Stamp,
    tenant::priority::Priority,
};

fields! {
    /// The fields of tasks that lists know; by creation unless asked otherwise (contract X-106).
    pub enum TaskField of task: Task {
        CreatedAt: Spec::stamp("created_at").filterable().in_id_order() => task.created_at;
        Id: Spec::id("id").filterable().in_id_order() => task.id;
        UpdatedAt: Spec::stamp("updated_at").filterable() => task.updated_at;
        Title: Spec::key("title").filterable().searchable() => &task.fields.title;
        Priority: Spec::ranked("priority", Priority::WORDS).filterable() => task.fields.priority as i64;
        Status: Spec::choice("status", TaskStatus::WORDS).filterable() => task.fields.status.as_str();
        DueAt: Spec::stamp("due_at").nullable().filterable() => task.fields.due_at;
        AccountId: Spec::id("account_id").sparse() => task.fields.account_id;
        ContactId: Spec::id("contact_id").sparse() => task.fields.contact_id;
        LeadId: Spec::id("lead_id").sparse() => task.fields.lead_id;
        OpportunityId: Spec::id("opportunity_id").sparse() => task.fields.opportunity_id;
        TicketId: Spec::id("ticket_id").sparse() => task.fields.ticket_id;
        OwnerId: Spec::id("owner_id").filterable() => task.fields.owner_id;
        CompletedAt: Spec::stamp("completed_at").nullable().filterable() => task.fields.completed_at;
        CreatedBy: Spec::id("created_by").nullable() => task.created_by;
    }
    and Custom
}

/// Which tasks a list shows; a search looks in title and description.
pub type TaskFilter = Filter<TaskField>;

/// What the overdue tasks have in common: [`TaskFields::is_overdue`], as lists ask it. One index serves both conditions.
pub fn overdue(now: Stamp) -> [Condition<TaskField>; 2] {
    let open = TaskStatus::ALL.iter().filter(|status| status.is_open());
    [
        Condition::one_of(TaskField::Status, open.map(|status| status.as_str())),
        Condition::compare(TaskField::DueAt, Comparison::Less, now),
    ]
}

/// What the tasks have in common that are still to be done and not overdue.
pub fn pending(now: Stamp) -> [Condition<TaskField>; 2] {
    let open = TaskStatus::ALL.iter().filter(|status| status.is_open());
    [
        Condition::one_of(TaskField::Status, open.map(|status| status.as_str())),
        Condition::not_less(TaskField::DueAt, now),
    ]
}

/// Reads tasks.
pub trait TaskReads {
    /// The live task with this id.
    fn lookup(&mut self, id: TaskId) -> Result<Option<Task>>;
    /// The live tasks among these ids, in any order.
    fn lookup_many(&mut self, ids: &[TaskId]) -> Result<Vec<Task>>;
    /// The deleted tasks among these ids, in any order.
    fn lookup_deleted_many(&mut self, ids: &[TaskId]) -> Result<Vec<Task>>;
    /// A page of the tasks that match.
    fn list(&mut self, filter: &TaskFilter, sort: Sort<TaskField>, window: &Window) -> Result<Page<Task>>;
}

/// Writes tasks. Callers outside this crate use [`single`](crate::usecase::single) and what is beside it, which also record the
/// change.
pub trait TaskRepository: TaskReads {
    /// Keeps new tasks; ids ascend in the order given.
    fn add(&mut self, fields: Vec<TaskFields>) -> Result<Vec<Task>>;
    /// Keeps a task's new fields and `updated_at`.
    fn update(&mut self, task: &Task) -> Result<()>;
    /// Marks a task, as it is now, deleted at this unit's stamp.
    fn remove(&mut self, task: &Task) -> Result<()>;
    /// The deleted task with this id.
    fn lookup_deleted(&mut self, id: TaskId) -> Result<Option<Task>>;
    /// Makes a task, as [`lookup_deleted`](TaskRepository::lookup_deleted) read it, live again at this unit's stamp.
    fn restore(&mut self, task: &Task) -> Result<()>;
}
