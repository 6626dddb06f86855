//! Timers: what will become of a record by the clock alone, unless somebody does something about it (contract X-174, E-73 … E-75).
//!
//! Which timers a record has follows from the record and the tenant's SLA policies ([`of_task`], [`of_ticket`], [`of_pursuit`]); what is to be
//! written so that the kept ones are these, [`settle`] tells. Both are pure. The tenant's writer has that done in the very unit that changes the
//! record ([`follow`](crate::usecase::clock::follow)), so timers are never older than records.
//!
//! * **What has come due while the record was open has happened**, also when nobody looked: whatever is done to the record later, the clock still
//!   tells it, once. So what is told does not depend on when the clock looks, or on how long the server was stopped. Only a deleted record
//!   is told nothing of any more.
//! * **What was told is not told again**: a target of a policy once for each record, a stay in a stage once, a due date of a task once. So rows that have
//!   fired stay.
//! * **A task that is given a due date in the past**, or is reopened behind it, is overdue at once. A promise of a policy is another thing: what was due before it was
//!   made, nobody could keep, and nothing is told of it. So a policy for a million old records tells nothing of them but what comes.

mod port;
mod rule;
mod settle;

pub use port::{Review, TimerReads, TimerRepository};
pub use rule::{Pursuit, of_pursuit, of_task, of_ticket, policy_for};
pub use settle::{Settlement, settle};

use std::collections::HashMap;

use super::change::{ChangeKind, EntityKind};
use crate::{
    id::{SlaPolicyId, TimerId},
    stamp::Stamp,
};

/// What happens when a timer fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Alarm {
    /// A task becomes overdue.
    Overdue,
    /// A target of a policy will soon be missed.
    Warning,
    /// A target of a policy is missed.
    Breach,
}

impl Alarm {
    /// What the change feed calls it.
    pub fn change(self) -> ChangeKind {
        match self {
            Self::Overdue => ChangeKind::Overdue,
            Self::Warning => ChangeKind::SlaWarning,
            Self::Breach => ChangeKind::SlaBreach,
        }
    }

    /// The stored word.
    pub fn as_str(self) -> &'static str {
        self.change().as_str()
    }

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Overdue, Self::Warning, Self::Breach]
            .into_iter()
            .find(|alarm| alarm.as_str() == word)
    }
}

/// What is to be done in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// A task, by its due date.
    Completion,
    /// Somebody takes the record up.
    FirstResponse,
    /// The record leaves the stage that it is in.
    TimeInStage,
    /// The record is settled.
    Resolution,
}

impl Target {
    /// The word, as it is stored and as receivers read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completion => "completion",
            Self::FirstResponse => "first_response",
            Self::TimeInStage => "time_in_stage",
            Self::Resolution => "resolution",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Completion, Self::FirstResponse, Self::TimeInStage, Self::Resolution]
            .into_iter()
            .find(|target| target.as_str() == word)
    }
}

/// A promise that may be told of once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Promise {
    /// What is told.
    pub alarm: Alarm,
    /// Of what.
    pub target: Target,
    /// The policy whose target it is; `None` for a task.
    pub policy: Option<SlaPolicyId>,
    /// What sets it apart from an earlier one of the same target: a task's due date, the entry into a stage; else the epoch.
    pub cycle: Stamp,
}

/// When something is to be told of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// What, once.
    pub promise: Promise,
    /// Later than this it is told.
    pub fires_at: Stamp,
    /// By when the target is to be met.
    pub due_at: Stamp,
}

/// A kept moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timer {
    /// Per-tenant id.
    pub id: TimerId,
    /// Whose it is.
    pub record: (EntityKind, i64),
    /// When what is told.
    pub moment: Moment,
    /// When it was told; `None` until then.
    pub fired_at: Option<Stamp>,
}

impl Timer {
    /// Whether it is still to be told and its time has come.
    pub fn is_due(&self, now: Stamp) -> bool {
        self.fired_at.is_none() && self.moment.fires_at < now
    }
}

/// By record id: when the next target is due that is still to be met. What was missed is not awaited any more.
pub fn next_due(timers: &[Timer]) -> HashMap<i64, Stamp> {
    let mut next: HashMap<i64, Stamp> = HashMap::new();
    for timer in timers {
        if timer.fired_at.is_none() && timer.moment.promise.alarm == Alarm::Breach {
            let due = timer.moment.due_at;
            next.entry(timer.record.1)
                .and_modify(|known| *known = due.min(*known))
                .or_insert(due);
        }
    }
    next
}
