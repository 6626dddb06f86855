use uuid::Uuid;

use super::*;
use crate::{
    business_hours::BusinessHoursDraft,
    field::{Check, Patch, Text},
    id::{RecordId, TicketId, UserId},
    tenant::{
        priority::Priority,
        sla_policy::SlaPolicyDraft,
        task::TaskStatus,
        ticket::{TicketFields, TicketProgress, TicketStatus, Watch},
    },
};

fn at(text: &str) -> Stamp {
    Stamp::parse(text).unwrap()
}

fn set(text: &str) -> Patch<String> {
    Patch::Set(text.to_owned())
}

/// Two hours to the first response, eight to the settlement, three in a stage; warned of at half the time.
fn policy(hours: Option<(&str, &str, &str)>) -> SlaPolicy {
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday"].map(str::to_owned);
    let hours = hours.map(|(zone, from, to)| BusinessHoursDraft {
        time_zone: set(zone),
        days: days.into(),
        from: set(from),
        to: set(to),
    });
    let draft = SlaPolicyDraft {
        name: set("Gold"),
        applies_to: set("Ticket"),
        first_response_minutes: set("120"),
        resolution_minutes: set("480"),
        stage_minutes: set("180"),
        warning_percent: set("50"),
        business_hours: hours.into(),
        ..SlaPolicyDraft::default()
    };
    SlaPolicy {
        id: SlaPolicyId::from_i64(3),
        uuid: Uuid::nil(),
        fields: SlaPolicyFields::parse(draft, Check::new()).unwrap(),
        created_at: Stamp::default(),
        created_by: None,
        updated_at: Stamp::default(),
    }
}

fn ticket(policy: &SlaPolicy, created_at: Stamp) -> Ticket {
    let watch = Watch {
        created_at,
        now: created_at,
        policy: Some(&policy.fields),
    };
    Ticket {
        id: TicketId::from_i64(1),
        uuid: Uuid::nil(),
        fields: TicketFields {
            subject: Text::parse("Help").unwrap(),
            description: None,
            status: TicketStatus::New,
            priority: Priority::High,
            category: None,
            source: None,
            resolution: None,
            account_id: None,
            contact_id: None,
            owner_id: None,
            sla_policy_id: Some(policy.id),
            progress: TicketProgress::start(watch),
        },
        created_at,
        created_by: None,
        updated_at: created_at,
    }
}

fn shown(moments: &[Moment]) -> Vec<(Alarm, Target, String)> {
    let shown = |moment: &Moment| (moment.promise.alarm, moment.promise.target, moment.fires_at.to_second_precision());
    moments.iter().map(shown).collect()
}

fn told(alarm: Alarm, target: Target, time: &str) -> (Alarm, Target, String) {
    (alarm, target, time.to_owned())
}

fn task(due: Option<&str>, status: TaskStatus) -> TaskFields {
    TaskFields {
        title: Text::parse("Call").unwrap(),
        description: None,
        priority: Priority::High,
        status,
        due_at: due.map(at),
        started_at: None,
        completed_at: None,
        account_id: None,
        contact_id: None,
        lead_id: None,
        opportunity_id: None,
        ticket_id: None,
        owner_id: UserId::from_i64(1),
    }
}

// E-73
#[test]
fn only_an_open_task_with_a_due_date_becomes_overdue() {
    let due = "2025-01-15T12:00:00Z";
    for status in [TaskStatus::Open, TaskStatus::InProgress] {
        assert_eq!(
            shown(&of_task(&task(Some(due), status))),
            [told(Alarm::Overdue, Target::Completion, due)]
        );
    }
    for task in [
        task(None, TaskStatus::Open),
        task(Some(due), TaskStatus::Completed),
        task(Some(due), TaskStatus::Cancelled),
    ] {
        assert_eq!(of_task(&task), []);
    }
}

// E-74, E-75, X-174: a Friday afternoon in Berlin, where summer time begins on that Sunday.
#[test]
fn a_tickets_moments_are_working_time() {
    let policy = policy(Some(("Europe/Berlin", "09:00", "17:00")));
    // 15:00 in Berlin.
    let made = at("2025-03-28T14:00:00Z");
    let ticket = ticket(&policy, made);
    assert_eq!(
        shown(&of_ticket(&ticket, Some(&policy), made)),
        [
            told(Alarm::Warning, Target::FirstResponse, "2025-03-28T15:00:00Z"),
            told(Alarm::Breach, Target::FirstResponse, "2025-03-28T16:00:00Z"),
            // Two hours on Friday, two on Monday: 11:00 there, by summer time.
            told(Alarm::Warning, Target::Resolution, "2025-03-31T09:00:00Z"),
            told(Alarm::Breach, Target::Resolution, "2025-03-31T13:00:00Z"),
            told(Alarm::Warning, Target::TimeInStage, "2025-03-28T15:30:00Z"),
            told(Alarm::Breach, Target::TimeInStage, "2025-03-31T08:00:00Z"),
        ]
    );
    assert_eq!(of_ticket(&ticket, None, made), []);
}

#[test]
fn what_a_ticket_has_behind_it_is_due_no_more_and_waiting_does_not_count() {
    let policy = policy(None);
    let made = at("2025-01-15T10:00:00Z");
    let mut ticket = ticket(&policy, made);
    let watch = |now: Stamp| Watch {
        created_at: made,
        now,
        policy: Some(&policy.fields),
    };
    let targets = |ticket: &Ticket| {
        let mut targets: Vec<Target> = of_ticket(ticket, Some(&policy), made)
            .iter()
            .map(|moment| moment.promise.target)
            .collect();
        targets.dedup();
        targets
    };
    let step = |ticket: &mut Ticket, to: TicketStatus, now: &str| {
        let from = std::mem::replace(&mut ticket.fields.status, to);
        ticket.fields.progress.enter(from, to, watch(at(now)));
    };
    ticket.fields.progress.respond(watch(at("2025-01-15T11:00:00Z")));
    step(&mut ticket, TicketStatus::Open, "2025-01-15T11:00:00Z");
    assert_eq!(targets(&ticket), [Target::Resolution, Target::TimeInStage]);
    step(&mut ticket, TicketStatus::Pending, "2025-01-15T12:00:00Z");
    assert_eq!(targets(&ticket), []);
    step(&mut ticket, TicketStatus::Open, "2025-01-15T13:30:00Z");
    let resolution: Vec<_> = shown(&of_ticket(&ticket, Some(&policy), made))
        .into_iter()
        .filter(|(_, target, _)| *target == Target::Resolution)
        .collect();
    assert_eq!(
        resolution,
        [
            told(Alarm::Warning, Target::Resolution, "2025-01-15T15:30:00Z"),
            told(Alarm::Breach, Target::Resolution, "2025-01-15T19:30:00Z"),
        ]
    );
    step(&mut ticket, TicketStatus::Resolved, "2025-01-15T14:00:00Z");
    assert_eq!(targets(&ticket), []);
}

#[test]
fn a_pursuit_is_answered_then_settled_then_over() {
    let policy = policy(None);
    let (made, entered) = (at("2025-01-15T10:00:00Z"), at("2025-01-15T11:00:00Z"));
    let pursuit = |is_answered, is_settled, is_over| {
        let pursuit = Pursuit {
            created_at: made,
            entered_at: entered,
            is_answered,
            is_settled,
            is_over,
        };
        of_pursuit(pursuit, Some(&policy))
    };
    let stage = [
        told(Alarm::Warning, Target::TimeInStage, "2025-01-15T12:30:00Z"),
        told(Alarm::Breach, Target::TimeInStage, "2025-01-15T14:00:00Z"),
    ];
    let resolution = [
        told(Alarm::Warning, Target::Resolution, "2025-01-15T14:00:00Z"),
        told(Alarm::Breach, Target::Resolution, "2025-01-15T18:00:00Z"),
    ];
    let response = [
        told(Alarm::Warning, Target::FirstResponse, "2025-01-15T11:00:00Z"),
        told(Alarm::Breach, Target::FirstResponse, "2025-01-15T12:00:00Z"),
    ];
    assert_eq!(shown(&pursuit(false, false, false)), [&response[..], &resolution, &stage].concat());
    assert_eq!(shown(&pursuit(true, false, false)), [&resolution[..], &stage].concat());
    assert_eq!(shown(&pursuit(true, true, false)), stage);
    assert_eq!(pursuit(true, true, true), []);
    let cycles: Vec<Stamp> = pursuit(true, false, false).iter().map(|moment| moment.promise.cycle).collect();
    assert_eq!(cycles, [Stamp::default(), Stamp::default(), entered, entered]);
}

#[test]
fn only_the_active_default_governs_leads_and_deals() {
    let other = policy(None);
    let mut default = policy(None);
    default.id = SlaPolicyId::from_i64(4);
    (default.fields.applies_to, default.fields.is_default) = (SlaSubject::Deal, true);
    let mut retired = default.clone();
    retired.fields.is_active = false;
    assert_eq!(policy_for(&[other.clone(), default.clone()], SlaSubject::Deal), Some(&default));
    assert_eq!(policy_for(&[other, retired], SlaSubject::Deal), None);
    assert_eq!(policy_for(&[default], SlaSubject::Lead), None);
}
