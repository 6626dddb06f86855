use uuid::Uuid;

use super::*;
use crate::tenant::sla_policy::{SlaPolicyDraft, SlaPolicyFields};

fn set(text: &str) -> Patch<String> {
    Patch::Set(text.to_owned())
}

fn policy(id: i64, priority: Option<&str>, is_active: bool) -> SlaPolicy {
    let draft = SlaPolicyDraft {
        name: set("Any"),
        applies_to: set("Ticket"),
        priority: priority.map(str::to_owned).into(),
        first_response_minutes: set("60"),
        resolution_minutes: Patch::Set((id * 100).to_string()),
        is_default: Patch::Set(priority.is_none()),
        is_active: Patch::Set(is_active),
        ..SlaPolicyDraft::default()
    };
    SlaPolicy {
        id: SlaPolicyId::from_i64(id),
        uuid: Uuid::nil(),
        fields: SlaPolicyFields::parse(draft, Check::new()).unwrap(),
        created_at: Stamp::default(),
        created_by: None,
        updated_at: Stamp::default(),
    }
}

/// The default policy 1, policy 2 for urgent tickets, and policy 3, which is no more given.
fn context(minute: i64) -> TicketContext {
    TicketContext {
        owner: Some(UserId::from_i64(1)),
        now: at(minute),
        policies: vec![
            policy(1, None, true),
            policy(2, Some("Urgent"), true),
            policy(3, Some("High"), false),
        ],
    }
}

fn at(minute: i64) -> Stamp {
    Stamp::from_micros(minute * 60_000_000)
}

fn ticket(draft: TicketDraft) -> Ticket {
    let draft = TicketDraft {
        subject: set("Help"),
        ..draft
    };
    Ticket {
        id: TicketId::from_i64(1),
        uuid: Uuid::nil(),
        fields: TicketFields::parse(draft, &context(0), Check::new()).unwrap(),
        created_at: at(0),
        created_by: None,
        updated_at: at(0),
    }
}

fn change(ticket: &mut Ticket, minute: i64, draft: TicketDraft) {
    ticket.fields = ticket.updated(draft, &context(minute), Check::new()).unwrap();
}

fn follows(ticket: &Ticket) -> Option<i64> {
    ticket.fields.sla_policy_id.map(RecordId::get)
}

#[test]
fn nulls_of_a_new_ticket_are_as_good_as_nothing_but_for_its_owner() {
    let nulls = TicketDraft {
        status: Patch::Clear,
        priority: Patch::Clear,
        sla_policy_id: Patch::Clear,
        owner_id: Patch::Clear,
        ..TicketDraft::default()
    };
    let (with_nulls, without) = (ticket(nulls), ticket(TicketDraft::default()));
    assert_eq!(without.fields.owner_id, Some(UserId::from_i64(1)));
    let unowned = TicketFields {
        owner_id: None,
        ..without.fields
    };
    assert_eq!(with_nulls.fields, unowned);
}

#[test]
fn the_policy_follows_the_priority_until_somebody_chooses_another() {
    let mut ticket = ticket(TicketDraft::default());
    assert_eq!(
        (follows(&ticket), ticket.fields.progress.resolution_due_at),
        (Some(1), Some(at(100)))
    );
    let priority = |word: &str| TicketDraft {
        priority: set(word),
        ..TicketDraft::default()
    };
    change(&mut ticket, 5, priority("urgent"));
    assert_eq!(
        (follows(&ticket), ticket.fields.progress.resolution_due_at),
        (Some(2), Some(at(200)))
    );
    let chosen = |id: Patch<SlaPolicyId>| TicketDraft {
        sla_policy_id: id,
        ..TicketDraft::default()
    };
    change(&mut ticket, 6, chosen(Patch::Set(SlaPolicyId::from_i64(1))));
    change(&mut ticket, 7, priority("Low"));
    assert_eq!(
        (follows(&ticket), ticket.fields.progress.resolution_due_at),
        (Some(1), Some(at(100)))
    );
    change(&mut ticket, 8, chosen(Patch::Clear));
    change(&mut ticket, 9, priority("Urgent"));
    assert_eq!((follows(&ticket), ticket.fields.progress.resolution_due_at), (None, None));
}

#[test]
fn only_policies_in_force_are_given() {
    for id in [3, 4] {
        let draft = TicketDraft {
            subject: set("Help"),
            sla_policy_id: Patch::Set(SlaPolicyId::from_i64(id)),
            ..TicketDraft::default()
        };
        let Err(Error::Invalid(errors)) = TicketFields::parse(draft, &context(0), Check::new()) else {
            panic!("policy {id} is not given");
        };
        assert_eq!((errors.len(), errors[0].field.as_str()), (1, "sla_policy_id"));
    }
}

#[test]
fn a_ticket_created_in_a_state_went_there_at_once() {
    let resolved = ticket(TicketDraft {
        status: set("resolved"),
        ..TicketDraft::default()
    });
    let progress = &resolved.fields.progress;
    assert_eq!((progress.resolved_at, progress.resolution_minutes), (Some(at(0)), Some(0)));
}

#[test]
fn a_step_that_is_not_allowed_is_told_with_the_state() {
    let closed = ticket(TicketDraft {
        status: set("Closed"),
        ..TicketDraft::default()
    });
    for (word, action) in [("New", "made new"), ("Pending", "made pending"), ("Resolved", "resolved")] {
        let draft = TicketDraft {
            status: set(word),
            ..TicketDraft::default()
        };
        let refused = closed.updated(draft, &context(1), Check::new());
        assert!(
            matches!(&refused, Err(Error::State { state, action: told, .. }) if state == "closed" && *told == action),
            "{refused:?}"
        );
    }
}

#[test]
fn every_wrong_field_is_told_at_once() {
    let bad = TicketDraft {
        status: set("Lost"),
        priority: set("Extreme"),
        category: set(&"x".repeat(101)),
        ..TicketDraft::default()
    };
    let Err(Error::Invalid(errors)) = TicketFields::parse(bad, &context(0), Check::new()) else {
        panic!("four fields are wrong");
    };
    let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(fields, ["category", "priority", "status", "subject"]);
}
