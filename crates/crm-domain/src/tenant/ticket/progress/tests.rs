use proptest::prelude::*;

use super::{TicketStatus::*, *};
use crate::{
    business_hours::BusinessHoursDraft,
    field::{Check, Patch},
    tenant::sla_policy::SlaPolicyDraft,
};

/// Monday, 2026-01-19, 09:00 UTC.
fn monday() -> Stamp {
    Stamp::parse("2026-01-19T09:00:00Z").unwrap()
}

fn at(minute: u64) -> Stamp {
    monday().plus(minutes(minute))
}

fn minutes(count: u64) -> Duration {
    Duration::from_secs(count * 60)
}

/// First response within `response` minutes, resolution within `resolution`; in office hours or always.
fn policy(response: i64, resolution: i64, office: bool) -> SlaPolicyFields {
    let set = |text: &str| Patch::Set(text.to_owned());
    let hours = BusinessHoursDraft {
        time_zone: set("UTC"),
        days: ["Mon", "Tue", "Wed", "Thu", "Fri"].map(str::to_owned).to_vec(),
        from: set("09:00"),
        to: set("17:00"),
    };
    let draft = SlaPolicyDraft {
        name: set("Any"),
        applies_to: set("Ticket"),
        first_response_minutes: Patch::Set(response.to_string()),
        resolution_minutes: Patch::Set(resolution.to_string()),
        business_hours: if office { Patch::Set(hours) } else { Patch::Keep },
        ..SlaPolicyDraft::default()
    };
    SlaPolicyFields::parse(draft, Check::new()).unwrap()
}

/// A ticket that goes through states at minutes.
struct Run<'a> {
    policy: Option<&'a SlaPolicyFields>,
    progress: TicketProgress,
    status: TicketStatus,
}

impl<'a> Run<'a> {
    fn start(policy: Option<&'a SlaPolicyFields>) -> Self {
        let mut run = Self {
            policy,
            progress: TicketProgress::default(),
            status: New,
        };
        run.progress = TicketProgress::start(run.watch(0));
        run
    }

    fn watch(&self, minute: u64) -> Watch<'a> {
        Watch {
            created_at: monday(),
            now: at(minute),
            policy: self.policy,
        }
    }

    fn enter(&mut self, minute: u64, to: TicketStatus) {
        assert!(self.status.may_become(to));
        let watch = self.watch(minute);
        self.progress.enter(self.status, to, watch);
        self.status = to;
    }

    fn retarget(&mut self, minute: u64, policy: Option<&'a SlaPolicyFields>) {
        self.policy = policy;
        let watch = self.watch(minute);
        self.progress.retarget(watch);
    }
}

#[test]
fn waiting_moves_the_resolution_and_nothing_else() {
    let policy = policy(60, 240, false);
    let mut run = Run::start(Some(&policy));
    assert_eq!(run.progress.first_response_due_at, Some(at(60)));
    assert_eq!(run.progress.resolution_due_at, Some(at(240)));
    run.enter(100, Pending);
    assert_eq!(run.progress.resolution_due_at, None);
    run.enter(400, Open);
    assert_eq!(run.progress.resolution_due_at, Some(at(540)));
    assert_eq!(run.progress.first_response_due_at, Some(at(60)));
    run.enter(500, Resolved);
    assert_eq!(run.progress.resolution_due_at, Some(at(540)));
    assert_eq!(
        (run.progress.resolved_at, run.progress.resolution_minutes),
        (Some(at(500)), Some(200))
    );
}

#[test]
fn what_was_missed_stays_missed() {
    let policy = policy(60, 240, false);
    let mut run = Run::start(Some(&policy));
    run.enter(300, Pending);
    assert_eq!(run.progress.resolution_due_at, Some(at(240)));
    run.enter(900, Open);
    assert_eq!(run.progress.resolution_due_at, Some(at(240)));
    run.enter(1_000, Resolved);
    assert_eq!(run.progress.resolution_minutes, Some(400));
    run.enter(2_000, Open);
    assert_eq!((run.progress.resolution_due_at, run.progress.reopened_count), (Some(at(240)), 1));
}

#[test]
fn reopening_goes_on_with_what_was_left() {
    let policy = policy(60, 240, false);
    let mut run = Run::start(Some(&policy));
    run.enter(100, Resolved);
    run.enter(150, Closed);
    assert_eq!((run.progress.resolved_at, run.progress.closed_at), (Some(at(100)), Some(at(150))));
    assert_eq!(run.progress.resolution_minutes, Some(100));
    run.enter(1_000, Open);
    assert_eq!((run.progress.resolved_at, run.progress.closed_at), (None, None));
    assert_eq!((run.progress.resolution_minutes, run.progress.reopened_count), (None, 1));
    assert_eq!(run.progress.resolution_due_at, Some(at(1_140)));
}

#[test]
fn only_working_time_counts() {
    let policy = policy(60, 480, true);
    let mut run = Run::start(Some(&policy));
    // At the end of Monday's office hours.
    assert_eq!(run.progress.resolution_due_at, Some(at(480)));
    run.enter(240, Pending);
    // Tuesday at 10:00: five hours of working time later.
    run.enter(1_500, Open);
    // Four hours were left.
    assert_eq!(run.progress.resolution_due_at, Some(at(1_740)));
    run.enter(1_620, Closed);
    assert_eq!((run.progress.resolution_minutes, run.progress.resolved_at), (Some(360), None));
}

#[test]
fn another_policy_counts_from_the_creation() {
    let (slow, fast) = (policy(60, 480, false), policy(15, 60, false));
    let mut run = Run::start(Some(&slow));
    run.enter(20, Pending);
    run.enter(50, Open);
    run.retarget(55, Some(&fast));
    assert_eq!(
        (run.progress.first_response_due_at, run.progress.resolution_due_at),
        (Some(at(15)), Some(at(90)))
    );
    run.progress.respond(run.watch(58));
    run.retarget(60, None);
    // What was answered was due when it was; what is open is due by no policy.
    assert_eq!(
        (run.progress.first_response_due_at, run.progress.resolution_due_at),
        (Some(at(15)), None)
    );
    assert_eq!(run.progress.first_response_minutes, Some(58));
    run.enter(70, Pending);
    run.retarget(75, Some(&slow));
    assert_eq!(run.progress.resolution_due_at, None);
    run.retarget(80, Some(&fast));
    assert_eq!(run.progress.resolution_due_at, None);
    run.enter(100, Resolved);
    assert_eq!(run.progress.resolution_due_at, Some(at(120)));
    run.retarget(110, Some(&slow));
    assert_eq!(run.progress.resolution_due_at, Some(at(120)));
}

#[test]
fn a_waiting_ticket_that_the_new_policy_finds_late_is_late() {
    let (slow, fast) = (policy(60, 480, false), policy(15, 60, false));
    let mut run = Run::start(Some(&slow));
    run.enter(100, Pending);
    run.retarget(200, Some(&fast));
    assert_eq!(run.progress.resolution_due_at, Some(at(60)));
}

#[test]
fn only_the_first_response_counts() {
    let mut run = Run::start(None);
    run.progress.respond(run.watch(7));
    run.progress.respond(run.watch(9));
    assert_eq!(
        (run.progress.first_responded_at, run.progress.first_response_minutes),
        (Some(at(7)), Some(7))
    );
}

proptest! {
    /// Against a stopwatch that runs while the ticket is new or open.
    #[test]
    fn resolved_in_time_is_what_took_less_than_the_target(
        steps in prop::collection::vec((1_u64..400, prop::sample::select(TicketStatus::ALL)), 1..12),
        target in 1_i64..2_000,
        last in 1_u64..400,
    ) {
        let policy = policy(1, target, false);
        let mut run = Run::start(Some(&policy));
        let (mut minute, mut worked, mut reopened) = (0, 0, 0);
        let steps = steps.into_iter().chain([(last, Open), (1, Resolved)]);
        for (wait, next) in steps {
            minute += wait;
            if run.status.is_running() {
                worked += wait;
            }
            if run.status.may_become(next) {
                reopened += i64::from(run.status.is_settled() && !next.is_settled());
                run.enter(minute, next);
            }
            let progress = &run.progress;
            prop_assert_eq!(progress.stopped_at.is_none(), run.status.is_running());
            prop_assert_eq!(progress.resolution_minutes.is_some(), run.status.is_settled());
            prop_assert!(run.status.is_settled() || (progress.resolved_at.is_none() && progress.closed_at.is_none()));
            prop_assert_eq!(progress.closed_at.is_some(), run.status == Closed);
            // A ticket that waits has a due moment only when that has passed.
            prop_assert_eq!(progress.resolution_due_at.is_some(), run.status != Pending || worked > u64::try_from(target).unwrap());
        }
        let progress = run.progress;
        prop_assert_eq!(progress.reopened_count, reopened);
        prop_assert_eq!(progress.resolution_minutes, i64::try_from(worked).ok());
        let in_time = progress.resolved_at <= progress.resolution_due_at;
        prop_assert_eq!(in_time, worked <= u64::try_from(target).unwrap());
    }
}
