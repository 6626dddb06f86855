//! A ticket's clock: what happened when, what is due when, and how long it took.
//!
//! All times are working time by the policy that the ticket follows when they are computed; without a policy all time is working time and
//! nothing is due.
//!
//! * The first response is due so long after the creation; waiting does not move it, since only a response makes a ticket wait.
//! * The clock of the resolution runs while the ticket is new or open, and stands still while it is pending, resolved or closed. When it
//!   goes on, the due moment moves by the working time for which it stood still, unless it was missed before.
//! * While a ticket is pending no moment is known by which it is to be resolved: there is none, unless it was missed before.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::TicketStatus;
use crate::{
    business_hours::{BusinessHours, after, between},
    stamp::Stamp,
    tenant::sla_policy::SlaPolicyFields,
};

/// How far a ticket has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketProgress {
    /// When a user answered it first, for all to read.
    pub first_responded_at: Option<Stamp>,
    /// When it was resolved; `None` when it was not, or was reopened.
    pub resolved_at: Option<Stamp>,
    /// When it was closed; `None` when it was not, or was reopened.
    pub closed_at: Option<Stamp>,
    /// How often it was reopened.
    pub reopened_count: i64,
    /// When the first response is due.
    pub first_response_due_at: Option<Stamp>,
    /// When the resolution is due.
    pub resolution_due_at: Option<Stamp>,
    /// Working minutes until the first response, begun ones not counted.
    pub first_response_minutes: Option<i64>,
    /// Working minutes until it was resolved or closed, begun ones not counted; those for which it waited are not among them.
    pub resolution_minutes: Option<i64>,
    /// Since when the clock of the resolution stands still.
    #[serde(skip)]
    pub stopped_at: Option<Stamp>,
    /// Microseconds of working time for which it stood still before.
    #[serde(skip)]
    pub paused_micros: i64,
}

/// By what a ticket's time is measured.
#[derive(Debug, Clone, Copy)]
pub struct Watch<'a> {
    /// When the ticket was created.
    pub created_at: Stamp,
    /// Now.
    pub now: Stamp,
    /// The policy that it follows.
    pub policy: Option<&'a SlaPolicyFields>,
}

impl Watch<'_> {
    fn hours(&self) -> Option<&BusinessHours> {
        self.policy.and_then(|policy| policy.business_hours.as_ref())
    }

    fn due(&self, target: impl FnOnce(&SlaPolicyFields) -> i64, paused: Duration) -> Option<Stamp> {
        let minutes = u64::try_from(target(self.policy?)).unwrap_or(0);
        Some(after(self.hours(), self.created_at, Duration::from_secs(minutes * 60) + paused))
    }

    /// Whole working minutes since the creation, without those `paused`.
    fn minutes(&self, paused: Duration) -> i64 {
        let worked = between(self.hours(), self.created_at, self.now).saturating_sub(paused);
        i64::try_from(worked.as_secs() / 60).unwrap_or(i64::MAX)
    }
}

impl TicketProgress {
    /// A new ticket's.
    pub fn start(watch: Watch<'_>) -> Self {
        let mut progress = Self::default();
        progress.retarget(watch);
        progress
    }

    /// The ticket follows another policy: what is still open is due by that one.
    pub fn retarget(&mut self, watch: Watch<'_>) {
        if self.first_responded_at.is_none() {
            self.first_response_due_at = watch.due(|policy| policy.first_response_minutes, Duration::ZERO);
        }
        let is_settled = self.resolved_at.is_some() || self.closed_at.is_some();
        if !is_settled {
            let due = self.resolution_due(watch);
            self.resolution_due_at = due.filter(|due| self.stopped_at.is_none_or(|stopped| *due < stopped));
        }
    }

    /// The ticket goes from one state to another, which is allowed.
    pub fn enter(&mut self, from: TicketStatus, to: TicketStatus, watch: Watch<'_>) {
        use TicketStatus::{Closed, New, Open, Pending, Resolved};
        if from == to {
            return;
        }
        let was_settled = from.is_settled();
        let stays_settled = was_settled && to.is_settled();
        if !from.is_running() && !stays_settled {
            self.go_on(watch);
        }
        match to {
            New | Open if was_settled => {
                self.reopened_count += 1;
                (self.resolved_at, self.closed_at, self.resolution_minutes) = (None, None, None);
            }
            New | Open => {}
            Pending => {
                self.stopped_at = Some(watch.now);
                self.resolution_due_at = self.resolution_due_at.filter(|due| *due < watch.now);
            }
            Resolved => {
                self.settle(watch);
                self.resolved_at = Some(watch.now);
            }
            Closed => {
                if !was_settled {
                    self.settle(watch);
                }
                self.closed_at = Some(watch.now);
            }
        }
    }

    /// A user answers the ticket for all to read; only the first time counts.
    pub fn respond(&mut self, watch: Watch<'_>) {
        if self.first_responded_at.is_none() {
            self.first_responded_at = Some(watch.now);
            self.first_response_minutes = Some(watch.minutes(Duration::ZERO));
        }
    }

    /// The clock stops, and tells.
    fn settle(&mut self, watch: Watch<'_>) {
        self.stopped_at = Some(watch.now);
        self.resolution_minutes = Some(watch.minutes(self.paused()));
    }

    /// The clock goes on.
    fn go_on(&mut self, watch: Watch<'_>) {
        let Some(stopped) = self.stopped_at.take() else { return };
        let paused = self.paused() + between(watch.hours(), stopped, watch.now);
        self.paused_micros = i64::try_from(paused.as_micros()).unwrap_or(i64::MAX);
        let was_missed = self.resolution_due_at.is_some_and(|due| due < stopped);
        if !was_missed {
            self.resolution_due_at = self.resolution_due(watch);
        }
    }

    fn resolution_due(&self, watch: Watch<'_>) -> Option<Stamp> {
        watch.due(|policy| policy.resolution_minutes, self.paused())
    }

    fn paused(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.paused_micros).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests;
