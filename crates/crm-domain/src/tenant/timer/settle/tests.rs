use std::collections::BTreeSet;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{
    business_hours::BusinessHoursDraft,
    field::{Check, Patch},
    id::{RecordId, SlaPolicyId},
    tenant::{
        change::EntityKind,
        sla_policy::{SlaPolicy, SlaPolicyDraft, SlaPolicyFields},
        timer::{Alarm, Promise, Pursuit, Target, of_pursuit},
    },
};

fn minute(minutes: i64) -> Stamp {
    Stamp::from_micros(minutes * 60_000_000)
}

/// One record's timers, as a database keeps them, and what was told.
#[derive(Default)]
struct Kept {
    timers: Vec<Timer>,
    last_id: i64,
    told: Vec<(Promise, Stamp)>,
}

impl Kept {
    fn follow(&mut self, wanted: &[Moment], since: Option<Stamp>, now: Stamp) {
        let settlement = settle(&self.timers, wanted, since, now);
        self.timers.retain(|timer| !settlement.unset.contains(&timer.id));
        for moment in settlement.set {
            self.last_id += 1;
            let is_known = self.timers.iter().any(|timer| timer.moment.promise == moment.promise);
            assert!(!is_known, "{moment:?} would be there twice");
            self.timers.push(Timer {
                id: TimerId::from_i64(self.last_id),
                record: (EntityKind::Task, 1),
                moment,
                fired_at: None,
            });
        }
        let again = settle(&self.timers, wanted, since, now);
        assert_eq!(again, Settlement::default(), "what was settled stays so");
    }

    fn tick(&mut self, now: Stamp) {
        self.timers.sort_by_key(|timer| (timer.moment.fires_at, timer.id.get()));
        for timer in &mut self.timers {
            if timer.is_due(now) {
                assert!(timer.moment.fires_at < now, "nothing is told before it is due");
                timer.fired_at = Some(now);
                self.told.push((timer.moment.promise, timer.moment.fires_at));
            }
        }
    }
}

fn of_due(due: i64) -> Moment {
    Moment {
        promise: Promise {
            alarm: Alarm::Overdue,
            target: Target::Completion,
            policy: None,
            cycle: minute(due),
        },
        fires_at: minute(due),
        due_at: minute(due),
    }
}

fn dues(kept: &Kept) -> Vec<i64> {
    kept.told.iter().map(|(promise, _)| promise.cycle.seconds() / 60).collect()
}

// E-73
#[test]
fn what_came_due_before_anybody_looked_is_told_whatever_was_done_since() {
    let mut kept = Kept::default();
    kept.follow(&[of_due(10)], None, minute(0));
    // Completed too late, and nobody looked.
    kept.follow(&[], None, minute(11));
    // Given another date, and back.
    kept.follow(&[of_due(20)], None, minute(12));
    kept.follow(&[of_due(10)], None, minute(13));
    kept.tick(minute(30));
    kept.tick(minute(31));
    assert_eq!(dues(&kept), [10]);
}

#[test]
fn what_was_due_before_a_promise_is_not_told_but_a_past_wish_is() {
    let mut kept = Kept::default();
    kept.follow(&[of_due(10), of_due(40)], Some(minute(20)), minute(30));
    kept.tick(minute(50));
    assert_eq!(dues(&kept), [40]);
    kept.follow(&[of_due(10)], None, minute(60));
    kept.tick(minute(61));
    assert_eq!(dues(&kept), [40, 10]);
}

#[test]
fn what_is_put_off_is_told_when_it_comes() {
    let mut kept = Kept::default();
    let later = Moment {
        fires_at: minute(30),
        ..of_due(10)
    };
    kept.follow(&[of_due(10)], None, minute(0));
    kept.follow(&[later], Some(minute(5)), minute(5));
    kept.tick(minute(20));
    assert!(kept.told.is_empty());
    kept.tick(minute(31));
    assert_eq!(dues(&kept), [10]);
    // Told, it is not put off any more.
    kept.follow(&[of_due(10)], None, minute(40));
    kept.tick(minute(50));
    assert_eq!(dues(&kept), [10]);
}

/// What happens to a task, so many minutes after what happened before.
#[derive(Debug, Clone)]
enum Event {
    Due(Option<i64>),
    Open(bool),
    Look,
}

fn events() -> impl Strategy<Value = Vec<(i64, Event)>> {
    let event = prop_oneof![
        prop::option::of(0_i64..200).prop_map(Event::Due),
        any::<bool>().prop_map(Event::Open),
        Just(Event::Look),
    ];
    prop::collection::vec((0_i64..30, event), 1..30)
}

fn policy(is_working_time: bool) -> SlaPolicy {
    let set = |text: &str| Patch::Set(text.to_owned());
    let hours = BusinessHoursDraft {
        time_zone: set("America/New_York"),
        days: vec!["Wednesday".to_owned(), "Thursday".to_owned(), "Friday".to_owned()],
        from: set("09:00"),
        to: set("11:30"),
    };
    let draft = SlaPolicyDraft {
        name: set("Gold"),
        applies_to: set("Lead"),
        first_response_minutes: set("40"),
        resolution_minutes: set("150"),
        stage_minutes: set("70"),
        warning_percent: set("60"),
        business_hours: is_working_time.then_some(hours).into(),
        ..SlaPolicyDraft::default()
    };
    SlaPolicy {
        id: SlaPolicyId::from_i64(1),
        uuid: Uuid::nil(),
        fields: SlaPolicyFields::parse(draft, Check::new()).unwrap(),
        created_at: Stamp::default(),
        created_by: None,
        updated_at: Stamp::default(),
    }
}

proptest! {
    /// A task is told overdue once for each due date that passed while it was open, whenever somebody looks.
    #[test]
    fn tasks_are_overdue_once_for_each_date(events in events()) {
        let (mut kept, mut expected) = (Kept::default(), BTreeSet::new());
        let (mut now, mut due, mut is_open) = (0, None, true);
        for (pause, event) in events {
            now += pause;
            if let Some(passed) = due.filter(|due| is_open && *due < now) {
                expected.insert(passed);
            }
            match event {
                Event::Due(date) => due = date,
                Event::Open(open) => is_open = open,
                Event::Look => kept.tick(minute(now)),
            }
            let wanted: Vec<Moment> = due.filter(|_| is_open).map(of_due).into_iter().collect();
            kept.follow(&wanted, None, minute(now));
        }
        kept.tick(minute(now));
        if let Some(passed) = due.filter(|due| is_open && *due < now) {
            expected.insert(passed);
        }
        let mut told = dues(&kept);
        told.sort_unstable();
        prop_assert_eq!(told, expected.into_iter().collect::<Vec<_>>());
    }

    /// Each moment of a lead's policy is told once if it came while the lead was as the moment asks, and else never, whenever somebody looks; with and
    /// without business hours.
    #[test]
    fn promises_are_told_once_if_they_were_missed(steps in prop::collection::vec((0_i64..3_000, 0_usize..5), 1..25), is_working_time: bool) {
        let policy = policy(is_working_time);
        // States: new, contacted, qualified, disqualified; the fifth is a look.
        let (mut kept, mut now, mut state, mut entered) = (Kept::default(), 0, 0, 0);
        let (mut running, mut expected): (Vec<Moment>, BTreeSet<(Promise, i64)>) = (Vec::new(), BTreeSet::new());
        let moments = |state: usize, entered: i64| {
            let pursuit = Pursuit {
                created_at: minute(0),
                entered_at: minute(entered),
                is_answered: state > 0,
                is_settled: state > 1,
                is_over: state > 2,
            };
            of_pursuit(pursuit, Some(&policy))
        };
        for (index, (pause, step)) in steps.into_iter().enumerate() {
            now += if index == 0 { 0 } else { pause };
            let passed = running.iter().filter(|moment| moment.fires_at < minute(now));
            expected.extend(passed.map(|moment| (moment.promise, moment.fires_at.micros())));
            match step {
                4 => kept.tick(minute(now)),
                next if next != state => (state, entered) = (next, now),
                _ => {}
            }
            let wanted = moments(state, entered);
            kept.follow(&wanted, Some(minute(now)), minute(now));
            running.retain(|moment| wanted.contains(moment));
            let begins = |moment: &&Moment| moment.fires_at > minute(now) && !running.contains(moment);
            let begun: Vec<Moment> = wanted.iter().filter(begins).copied().collect();
            running.extend(begun);
        }
        now += 100_000;
        expected.extend(running.iter().map(|moment| (moment.promise, moment.fires_at.micros())));
        kept.tick(minute(now));
        kept.tick(minute(now + 1));
        let mut told: Vec<(Promise, i64)> = kept.told.iter().map(|(promise, at)| (*promise, at.micros())).collect();
        told.sort_unstable();
        prop_assert_eq!(told, expected.into_iter().collect::<Vec<_>>());
    }
}
