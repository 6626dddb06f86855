//! What callers say of a task, and how it becomes valid fields.

use super::{TaskFields, TaskStatus};
use crate::{
    error::{Problem, Result},
    field::{Check, Patch, Text, join_search},
    id::{AccountId, ContactId, LeadId, OpportunityId, TicketId, UserId},
    stamp::Stamp,
    tenant::priority::{DEFAULT_PRIORITY, Priority},
};

/// What a caller says of a task, unparsed. Serves creation and update alike.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the fields of TaskFields")]
pub struct TaskDraft {
    pub title: Patch<String>,
    pub description: Patch<String>,
    pub priority: Patch<String>,
    pub status: Patch<String>,
    pub due_at: Patch<String>,
    pub started_at: Patch<String>,
    pub completed_at: Patch<String>,
    pub account_id: Patch<AccountId>,
    pub contact_id: Patch<ContactId>,
    pub lead_id: Patch<LeadId>,
    pub opportunity_id: Patch<OpportunityId>,
    pub ticket_id: Patch<TicketId>,
    pub owner_id: Patch<UserId>,
}

/// What parsing a new task needs to know.
#[derive(Debug, Clone, Copy)]
pub struct TaskContext {
    /// The owner, unless the draft names another.
    pub owner: UserId,
    /// When a task that is begun or completed now was.
    pub now: Stamp,
}

impl TaskFields {
    /// Parses a new task.
    pub fn parse(draft: TaskDraft, context: TaskContext, check: Check) -> Result<Self> {
        Self::merge(None, draft, context, check)
    }

    /// Parses an update of `self`: fields the draft does not mention stay.
    pub fn updated(&self, draft: TaskDraft, now: Stamp, check: Check) -> Result<Self> {
        let owner = self.owner_id;
        Self::merge(Some(self), draft, TaskContext { owner, now }, check)
    }

    fn merge(current: Option<&Self>, draft: TaskDraft, TaskContext { owner, now }: TaskContext, mut check: Check) -> Result<Self> {
        macro_rules! optional {
            ($field:ident, $parse:expr) => {
                check.optional(
                    stringify!($field),
                    draft.$field,
                    current.and_then(|c| c.$field.clone()),
                    $parse,
                )
            };
        }
        let title = check.required("title", draft.title, current.map(|c| c.title.clone()), Text::parse);
        let priority = check.optional("priority", draft.priority, current.map(|c| c.priority), Priority::parse);
        let status = check.optional("status", draft.status, current.map(|c| c.status), TaskStatus::parse);
        // An owner who stays may have left since: that must not keep people from editing the rest.
        if current.is_some() && draft.owner_id == Patch::Set(owner) {
            check.forgive("owner_id");
        }
        let complete = title.is_some();
        let is_told_when = [&draft.started_at, &draft.completed_at]
            .into_iter()
            .any(|time| matches!(time, Patch::Set(_)));
        let fields = Self {
            // Every field is judged, also beside a required one that was noted as wrong and fails the whole.
            title: title.unwrap_or_else(|| Text::from_store(String::new())),
            description: optional!(description, Text::parse),
            priority: priority.unwrap_or(DEFAULT_PRIORITY),
            status: current.map_or(TaskStatus::Open, |c| c.status),
            due_at: optional!(due_at, Stamp::parse_entered),
            started_at: optional!(started_at, Stamp::parse_entered),
            completed_at: optional!(completed_at, Stamp::parse_entered),
            account_id: draft.account_id.or_current(current.and_then(|c| c.account_id)),
            contact_id: draft.contact_id.or_current(current.and_then(|c| c.contact_id)),
            lead_id: draft.lead_id.or_current(current.and_then(|c| c.lead_id)),
            opportunity_id: draft.opportunity_id.or_current(current.and_then(|c| c.opportunity_id)),
            ticket_id: draft.ticket_id.or_current(current.and_then(|c| c.ticket_id)),
            owner_id: draft.owner_id.or_current(Some(owner)).unwrap_or(owner),
        };
        let fields = fields.in_status(status.unwrap_or(TaskStatus::Open), now);
        if is_told_when && fields.completed_at.zip(fields.started_at).is_some_and(|(end, start)| end < start) {
            check.fail("completed_at", Problem::Rule("must not be before started at".to_owned()));
        }
        check.finish_with(complete.then_some(fields))
    }

    /// The same in another status, with the times that belong to it: what is begun or completed has been so since `now`, unless it says
    /// otherwise; what is not completed has no time of completion.
    pub(super) fn in_status(self, status: TaskStatus, now: Stamp) -> Self {
        let now = now.whole_second();
        let started_at = match status {
            TaskStatus::InProgress => self.started_at.or(Some(now)),
            TaskStatus::Open | TaskStatus::Completed | TaskStatus::Cancelled => self.started_at,
        };
        let completed_at = match status {
            TaskStatus::Completed => self.completed_at.or(Some(now)),
            TaskStatus::Open | TaskStatus::InProgress | TaskStatus::Cancelled => None,
        };
        Self {
            status,
            started_at,
            completed_at,
            ..self
        }
    }

    /// The lower-case text that a search looks in.
    pub fn search_text(&self) -> String {
        join_search(&[Some(&*self.title), self.description.as_deref()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Error, id::RecordId};

    const NOW: Stamp = Stamp::from_micros(1_000_000);

    fn set(text: &str) -> Patch<String> {
        Patch::Set(text.to_owned())
    }

    fn parse(draft: TaskDraft) -> Result<TaskFields> {
        let owner = UserId::from_i64(1);
        TaskFields::parse(draft, TaskContext { owner, now: NOW }, Check::new())
    }

    fn in_status(status: &str) -> TaskFields {
        parse(TaskDraft {
            title: set("Call back"),
            status: set(status),
            ..TaskDraft::default()
        })
        .unwrap()
    }

    #[test]
    fn nulls_of_a_new_task_are_as_good_as_nothing() {
        let fields = parse(TaskDraft {
            title: set("Call back"),
            priority: Patch::Clear,
            status: Patch::Clear,
            owner_id: Patch::Clear,
            ..TaskDraft::default()
        })
        .unwrap();
        assert_eq!((fields.priority, fields.status), (Priority::Normal, TaskStatus::Open));
        assert_eq!(fields.owner_id, UserId::from_i64(1));
    }

    #[test]
    fn every_wrong_field_is_told_at_once() {
        let wrong = parse(TaskDraft {
            priority: set("soon"),
            status: set("begun"),
            due_at: set("tomorrow"),
            started_at: set("1"),
            completed_at: set("x"),
            ..TaskDraft::default()
        });
        let Err(Error::Invalid(errors)) = wrong else {
            panic!("six fields are wrong");
        };
        let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["completed_at", "due_at", "priority", "started_at", "status", "title"]);
    }

    #[test]
    fn a_status_brings_its_times() {
        let begun = in_status("inprogress");
        assert_eq!((begun.started_at, begun.completed_at), (Some(NOW), None));
        let later = NOW.plus(std::time::Duration::from_secs(5));
        let done = begun.in_status(TaskStatus::Completed, later);
        assert_eq!((done.started_at, done.completed_at), (Some(NOW), Some(later)));
        // It stays as it was when something else is changed.
        let again = done.updated(TaskDraft::default(), later.plus(std::time::Duration::from_secs(5)), Check::new());
        assert_eq!(again.unwrap(), done);
        let cancelled = done.in_status(TaskStatus::Cancelled, later);
        assert_eq!(cancelled.completed_at, None, "what is not completed was never completed");
        let told = parse(TaskDraft {
            title: set("Call back"),
            status: set("Completed"),
            completed_at: set("1969-12-31T23:59:59Z"),
            ..TaskDraft::default()
        });
        assert_eq!(told.unwrap().completed_at, Some(Stamp::from_micros(-1_000_000)));
    }

    #[test]
    fn only_what_is_still_to_be_done_is_overdue_and_only_after_its_time() {
        let due = |status: &str| TaskFields {
            due_at: Some(NOW),
            ..in_status(status)
        };
        let after = Stamp::from_micros(NOW.micros() + 1);
        for (status, is_overdue) in [("Open", true), ("InProgress", true), ("Completed", false), ("Cancelled", false)] {
            assert_eq!(due(status).is_overdue(after), is_overdue, "{status}");
            assert!(!due(status).is_overdue(NOW), "{status} at the very time");
        }
        assert!(!in_status("Open").is_overdue(after), "what is never due is never late");
    }
}
