//! Tasks as the mechanisms common to all nouns see them.

use super::{Task, TaskContext, TaskDraft, TaskFields};
use crate::{
    error::{Error, Result},
    field::Check,
    id::{RecordId, TaskId, UserId},
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        change::{EntityKind, NewChange},
        link::Reference,
        record::{Key, Record},
    },
};

impl Record for Task {
    type Id = TaskId;
    type Draft = TaskDraft;
    type Parsed = TaskFields;
    type Context = TaskContext;

    fn updated_at(&self) -> Stamp {
        self.updated_at
    }

    fn context(unit: &mut dyn UnitOfWork, owner: UserId) -> Result<TaskContext> {
        let now = unit.stamp();
        Ok(TaskContext { owner, now })
    }

    fn parse(draft: TaskDraft, context: &TaskContext, check: Check) -> Result<TaskFields> {
        TaskFields::parse(draft, *context, check)
    }

    fn updated(&self, draft: TaskDraft, context: &TaskContext, check: Check) -> Result<TaskFields> {
        self.fields.updated(draft, context.now, check)
    }

    fn fields_of(parsed: &TaskFields) -> &TaskFields {
        parsed
    }

    fn named(draft: &TaskDraft) -> Vec<Reference> {
        [
            Reference::named("account_id", EntityKind::Account, &draft.account_id),
            Reference::named("contact_id", EntityKind::Contact, &draft.contact_id),
            Reference::named("lead_id", EntityKind::Lead, &draft.lead_id),
            Reference::named("opportunity_id", EntityKind::Opportunity, &draft.opportunity_id),
            Reference::named("ticket_id", EntityKind::Ticket, &draft.ticket_id),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn references(fields: &TaskFields) -> Vec<Reference> {
        fields.about().references()
    }

    fn keys(_: &TaskFields) -> Vec<Key> {
        Vec::new()
    }

    fn holders(_: &mut dyn UnitOfWork, _: &'static str, _: &[String]) -> Result<Vec<Self>> {
        Ok(Vec::new())
    }

    fn lookup_many(unit: &mut dyn UnitOfWork, ids: &[TaskId]) -> Result<Vec<Self>> {
        unit.tasks().lookup_many(ids)
    }

    /// Editing may reopen a task that is done with, as [`super::reopen`] does, but not say that it ended another way.
    fn judge(&self, _: &mut dyn UnitOfWork, fields: &TaskFields) -> Result<()> {
        let (before, after) = (self.fields.status, fields.status);
        if before == after || before.is_open() || after.is_open() {
            return Ok(());
        }
        Err(Error::state(TaskId::NOUN, self.id, before.state(), after.state()))
    }

    fn create_many(unit: &mut dyn UnitOfWork, new: Vec<TaskFields>) -> Result<Vec<Self>> {
        super::create_many(unit, new)
    }

    fn revise(unit: &mut dyn UnitOfWork, before: &Self, parsed: TaskFields) -> Result<Option<Self>> {
        super::revise(unit, before, parsed)
    }

    fn remove_many(unit: &mut dyn UnitOfWork, tasks: Vec<Self>) -> Result<()> {
        for task in tasks {
            unit.tasks().remove(&task)?;
            unit.record(NewChange::deleted(&task)?);
        }
        Ok(())
    }

    fn lookup_deleted(unit: &mut dyn UnitOfWork, id: TaskId) -> Result<Option<Self>> {
        unit.tasks().lookup_deleted(id)
    }

    fn revive(&self, unit: &mut dyn UnitOfWork) -> Result<()> {
        unit.tasks().restore(self)
    }
}
