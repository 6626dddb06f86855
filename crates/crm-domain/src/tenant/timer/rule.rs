//! Which timers a record has.

use std::time::Duration;

use super::{Alarm, Moment, Promise, Target};
use crate::{
    business_hours::{after, between},
    id::SlaPolicyId,
    stamp::Stamp,
    tenant::{
        sla_policy::{SlaPolicy, SlaPolicyFields, SlaSubject},
        task::TaskFields,
        ticket::Ticket,
    },
};

/// A task that is to be done by a date becomes overdue then, once for each date.
pub fn of_task(task: &TaskFields) -> Vec<Moment> {
    let due = task.due_at.filter(|_| task.status.is_open());
    let moment = |due| Moment {
        promise: Promise {
            alarm: Alarm::Overdue,
            target: Target::Completion,
            policy: None,
            cycle: due,
        },
        fires_at: due,
        due_at: due,
    };
    due.map(moment).into_iter().collect()
}

/// The policy that leads or deals follow: the active default. They have no priority, and nobody names a policy for one of them.
pub fn policy_for(policies: &[SlaPolicy], subject: SlaSubject) -> Option<&SlaPolicy> {
    let fits = |policy: &&SlaPolicy| policy.fields.applies_to == subject && policy.fields.is_active && policy.fields.is_default;
    policies.iter().find(fits)
}

/// A ticket's times are those that it has; a warning comes when so much of the working time up to them is used up as its policy says. The
/// states in which its time runs are its stages.
pub fn of_ticket(ticket: &Ticket, policy: Option<&SlaPolicy>, entered_at: Stamp) -> Vec<Moment> {
    let (fields, progress) = (&ticket.fields, &ticket.fields.progress);
    let Some(policy) = policy.filter(|_| !fields.status.is_settled()) else {
        return Vec::new();
    };
    let clock = Clock::of(policy);
    let mut moments = Vec::new();
    if let Some(due) = progress.first_response_due_at
        && progress.first_responded_at.is_none()
    {
        moments.extend(clock.until(Target::FirstResponse, ticket.created_at, Duration::ZERO, due));
    }
    if let Some(due) = progress.resolution_due_at {
        let paused = Duration::from_micros(u64::try_from(progress.paused_micros).unwrap_or(0));
        moments.extend(clock.until(Target::Resolution, ticket.created_at, paused, due));
    }
    if fields.status.is_running() {
        moments.extend(clock.in_stage(entered_at));
    }
    moments
}

/// A lead or a deal, as its policy sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pursuit {
    /// When it was made.
    pub created_at: Stamp,
    /// When it entered the stage that it is in; of a lead, the status.
    pub entered_at: Stamp,
    /// Whether somebody took it up: a lead is no longer new, a deal has left its first stage.
    pub is_answered: bool,
    /// Whether it is settled: a lead is qualified, disqualified or converted, a deal won or lost.
    pub is_settled: bool,
    /// Whether it stays in its stage for good.
    pub is_over: bool,
}

/// The moments of a lead or a deal by its policy: the first response and the settlement are due so much working time after it was made,
/// the next stage so much after it entered this one.
pub fn of_pursuit(pursuit: Pursuit, policy: Option<&SlaPolicy>) -> Vec<Moment> {
    let Some(policy) = policy.filter(|_| !pursuit.is_over) else {
        return Vec::new();
    };
    let clock = Clock::of(policy);
    let mut moments = Vec::new();
    if !pursuit.is_answered && !pursuit.is_settled {
        moments.extend(clock.within(
            Target::FirstResponse,
            pursuit.created_at,
            policy.fields.first_response_minutes,
            Stamp::default(),
        ));
    }
    if !pursuit.is_settled {
        moments.extend(clock.within(
            Target::Resolution,
            pursuit.created_at,
            policy.fields.resolution_minutes,
            Stamp::default(),
        ));
    }
    moments.extend(clock.in_stage(pursuit.entered_at));
    moments
}

/// Measures by a policy.
struct Clock<'a> {
    policy: SlaPolicyId,
    fields: &'a SlaPolicyFields,
}

impl<'a> Clock<'a> {
    fn of(policy: &'a SlaPolicy) -> Self {
        Self {
            policy: policy.id,
            fields: &policy.fields,
        }
    }

    /// The warning and the breach of a target that is due at `due`; `paused` of the time since `start` does not count.
    fn until(&self, target: Target, start: Stamp, paused: Duration, due: Stamp) -> [Moment; 2] {
        let hours = self.fields.business_hours.as_ref();
        let whole = between(hours, start, due).saturating_sub(paused);
        let warns_at = after(hours, start, paused + self.before_warning(whole));
        self.pair(target, Stamp::default(), warns_at.min(due), due)
    }

    /// The warning and the breach of a target that is to be met so many minutes after `start`.
    fn within(&self, target: Target, start: Stamp, minutes: i64, cycle: Stamp) -> [Moment; 2] {
        let hours = self.fields.business_hours.as_ref();
        let whole = Duration::from_secs(u64::try_from(minutes).unwrap_or(0).saturating_mul(60));
        let due = after(hours, start, whole);
        self.pair(target, cycle, after(hours, start, self.before_warning(whole)), due)
    }

    fn in_stage(&self, entered_at: Stamp) -> Vec<Moment> {
        let minutes = self.fields.stage_minutes;
        let within = |minutes| self.within(Target::TimeInStage, entered_at, minutes, entered_at);
        minutes.map(within).into_iter().flatten().collect()
    }

    fn before_warning(&self, whole: Duration) -> Duration {
        let per_cent = u32::try_from(self.fields.warning_percent).unwrap_or(100);
        whole * per_cent / 100
    }

    fn pair(&self, target: Target, cycle: Stamp, warns_at: Stamp, due: Stamp) -> [Moment; 2] {
        let moment = |alarm, fires_at| Moment {
            promise: Promise {
                alarm,
                target,
                policy: Some(self.policy),
                cycle,
            },
            fires_at,
            due_at: due,
        };
        [moment(Alarm::Warning, warns_at), moment(Alarm::Breach, due)]
    }
}

#[cfg(test)]
mod tests;
