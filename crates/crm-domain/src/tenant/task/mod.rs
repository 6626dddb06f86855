//! Tasks: what somebody is to do, and by when.

mod draft;
mod port;
mod record;

pub use draft::{TaskContext, TaskDraft};
pub use port::{TaskField, TaskFilter, TaskReads, TaskRepository, overdue, pending};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    error::{Error, Result},
    field::Text,
    id::{AccountId, ContactId, LeadId, OpportunityId, RecordId, TaskId, TicketId, UserId},
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        about::About,
        change::{Entity, EntityKind, NewChange},
        priority::Priority,
        rewind::rewind,
    },
    usecase::single,
};

crate::words! {
    /// How far a task has come.
    pub enum TaskStatus {
        /// Nobody has begun.
        Open,
        /// Somebody is at it.
        InProgress,
        /// It is done.
        Completed,
        /// It will not be done.
        Cancelled,
    }
}

impl TaskStatus {
    /// Whether it is still to be done.
    pub fn is_open(self) -> bool {
        match self {
            Self::Open | Self::InProgress => true,
            Self::Completed | Self::Cancelled => false,
        }
    }

    /// The state, as it follows `is`.
    fn state(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::InProgress => "in progress",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What people enter about a task. A value of this type is valid by construction, but for its references.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub struct TaskFields {
    pub title: Text<255>,
    pub description: Option<Text<10_000>>,
    pub priority: Priority,
    pub status: TaskStatus,
    /// When it is to be done.
    pub due_at: Option<Stamp>,
    /// When somebody began.
    pub started_at: Option<Stamp>,
    /// When it was done; only completed tasks have it.
    pub completed_at: Option<Stamp>,
    pub account_id: Option<AccountId>,
    pub contact_id: Option<ContactId>,
    pub lead_id: Option<LeadId>,
    pub opportunity_id: Option<OpportunityId>,
    pub ticket_id: Option<TicketId>,
    pub owner_id: UserId,
}

impl TaskFields {
    /// The records that it is about.
    pub fn about(&self) -> About {
        About {
            account_id: self.account_id,
            contact_id: self.contact_id,
            lead_id: self.lead_id,
            opportunity_id: self.opportunity_id,
            ticket_id: self.ticket_id,
        }
    }

    /// Whether it should have been done before `now`, and is still to be done.
    pub fn is_overdue(&self, now: Stamp) -> bool {
        self.status.is_open() && self.due_at.is_some_and(|due| due < now)
    }
}

/// A task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Per-tenant id; ascending in the order of creation.
    pub id: TaskId,
    /// Version 7 uuid.
    pub uuid: Uuid,
    /// What people entered.
    pub fields: TaskFields,
    /// Stamp of the unit that created it.
    pub created_at: Stamp,
    /// The user who created it; `None` for integrations and jobs.
    pub created_by: Option<UserId>,
    /// Stamp of the last unit that changed it.
    pub updated_at: Stamp,
}

impl Entity for Task {
    const KIND: EntityKind = EntityKind::Task;
    type Fields = TaskFields;
    fn id(&self) -> i64 {
        self.id.get()
    }
    fn fields(&self) -> &TaskFields {
        &self.fields
    }
}

rewind!(Task, TaskId, tasks, {
    fn put(&mut self, fields: TaskFields) {
        self.fields = fields;
    }
});

/// Creates tasks whose references were checked before.
pub fn create_many(unit: &mut dyn UnitOfWork, fields: Vec<TaskFields>) -> Result<Vec<Task>> {
    let added = unit.tasks().add(fields)?;
    for task in &added {
        unit.record(NewChange::created(task)?);
    }
    Ok(added)
}

/// Says that a task is done.
///
/// # Errors
/// [`Error::NotFound`], [`Error::State`] when it is completed or cancelled already.
pub fn complete(unit: &mut dyn UnitOfWork, id: TaskId) -> Result<Task> {
    let before: Task = single::known(unit, id)?;
    if !before.fields.status.is_open() {
        return Err(Error::state(TaskId::NOUN, id, before.fields.status.state(), "completed"));
    }
    enter(unit, before, TaskStatus::Completed)
}

/// Says that a task is still to be done.
///
/// # Errors
/// [`Error::NotFound`], [`Error::State`] when it is neither completed nor cancelled.
pub fn reopen(unit: &mut dyn UnitOfWork, id: TaskId) -> Result<Task> {
    let before: Task = single::known(unit, id)?;
    if before.fields.status.is_open() {
        return Err(Error::state(TaskId::NOUN, id, before.fields.status.state(), "reopened"));
    }
    enter(unit, before, TaskStatus::Open)
}

fn enter(unit: &mut dyn UnitOfWork, before: Task, status: TaskStatus) -> Result<Task> {
    let fields = before.fields.clone().in_status(status, unit.stamp());
    Ok(revise(unit, &before, fields)?.unwrap_or(before))
}

/// Gives a task, just read in this unit, fields whose references were checked before; `None` when nothing differs.
pub(crate) fn revise(unit: &mut dyn UnitOfWork, before: &Task, fields: TaskFields) -> Result<Option<Task>> {
    let after = Task {
        fields,
        updated_at: unit.stamp(),
        ..before.clone()
    };
    let Some(change) = NewChange::updated(before, &after)? else {
        return Ok(None);
    };
    unit.tasks().update(&after)?;
    unit.record(change);
    Ok(Some(after))
}
