use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::{
    decimal::Decimal,
    field::{Email, Text, parse_date},
    id::{AccountId, ContactId, LeadId, OpportunityId, SlaPolicyId, StageId, TicketId, UserId},
    money::{Currency, Money},
    tenant::{
        change::{EntityKind, NewChange},
        custom_field::FieldValue,
        handoff::{ChecklistItem, HandoffFields, HandoffStatus},
        label::Labels,
        lead::{Lead, LeadFields, LeadOutcome, LeadStatus, Prospect, ProspectStatus, Qualification},
        opportunity::OpportunityFields,
        priority::Priority,
        task::{TaskFields, TaskStatus},
        ticket::{TicketFields, TicketProgress, TicketStatus},
    },
};

fn text<const MAX: usize>(value: &str) -> Text<MAX> {
    Text::from_store(value.to_owned())
}

prop_compose! {
    fn any_fields()(
        last_name in "[a-c]{1,2}", phone in prop::option::of("[0-9]{1,2}"), email in prop::option::of("[a-c]@acme[.]test"),
        status in "New|Qualified|Disqualified|Converted|Nurturing", at in prop::option::of(0..3_i64), reason in prop::option::of("no|never"),
        account in prop::option::of(1..3_i64), owner in 1..3_i64,
    ) -> LeadFields {
        LeadFields {
            external_id: None,
            first_name: None,
            last_name: Some(text(&last_name)),
            email: email.map(Email::from_store),
            phone: phone.map(Text::from_store),
            title: None,
            company: None,
            source: None,
            status: LeadStatus::from_store(status),
            description: None,
            account_id: account.map(AccountId::from_i64),
            owner_id: UserId::from_i64(owner),
            outcome: LeadOutcome {
                qualified_at: at.map(Stamp::from_micros),
                disqualified_reason: reason.map(Text::from_store),
                converted_opportunity_id: account.map(OpportunityId::from_i64),
                ..LeadOutcome::default()
            },
            prospect: Prospect {
                prospect_status: account.map(|_| ProspectStatus::Contacted),
                next_action_date: at.map(|_| parse_date("2026-02-28").unwrap()),
                qualification: Qualification {
                    decision_maker: at.map(|at| at > 1),
                    fit_score: account.map(|score| Decimal::parse(&format!("{score}.5")).unwrap()),
                    ..Qualification::default()
                },
                ..Prospect::default()
            },
        }
    }
}

/// What becomes of a lead.
#[derive(Debug, Clone)]
enum Step {
    Edit(Box<LeadFields>),
    Delete,
    Restore,
    /// The clock tells something of it.
    Warn,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => any_fields().prop_map(|fields| Step::Edit(Box::new(fields))),
        1 => Just(Step::Delete),
        1 => Just(Step::Restore),
        1 => Just(Step::Warn),
    ]
}

/// A lead, and what the feed tells of it.
struct History {
    lead: Lead,
    is_live: bool,
    changes: Vec<Change>,
    /// What the lead was after each change, while it was live: of deletions nobody is told.
    states: Vec<Option<Lead>>,
}

impl History {
    fn of(fields: LeadFields) -> Self {
        let lead = Lead {
            id: LeadId::from_i64(1),
            uuid: Uuid::nil(),
            fields,
            created_at: Stamp::from_micros(1),
            created_by: None,
            updated_at: Stamp::from_micros(1),
        };
        let made = NewChange::created(&lead).unwrap();
        let mut history = Self {
            lead,
            is_live: true,
            changes: Vec::new(),
            states: Vec::new(),
        };
        history.record(made);
        history
    }

    fn record(&mut self, new: NewChange) {
        let seq = i64::try_from(self.changes.len()).unwrap() + 1;
        self.changes.push(Change {
            seq,
            stamp: Stamp::from_micros(seq),
            entity: new.entity,
            entity_id: new.entity_id,
            kind: new.kind,
            actor: "system".to_owned(),
            family: "saas".to_owned(),
            fields: new.fields,
        });
        if new.kind.gives_stamp() {
            self.lead.updated_at = Stamp::from_micros(seq);
        }
        self.states.push(self.is_live.then(|| self.lead.clone()));
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Edit(fields) if self.is_live => {
                let before = self.lead.clone();
                self.lead.fields = *fields;
                if let Some(change) = NewChange::updated(&before, &self.lead).unwrap() {
                    self.record(change);
                }
            }
            Step::Delete if self.is_live => {
                self.is_live = false;
                self.record(NewChange::deleted(&self.lead).unwrap());
            }
            Step::Restore if !self.is_live => {
                self.is_live = true;
                // What was deleted meanwhile it refers to no more.
                self.lead.fields.account_id = None;
                self.record(NewChange::restored(&self.lead).unwrap());
            }
            Step::Warn if self.is_live => self.record(NewChange {
                entity: EntityKind::Lead,
                entity_id: 1,
                kind: ChangeKind::SlaWarning,
                fields: json!({ "sla_due_at": [null, "2026-01-10T09:00:00.000000Z"], "status": [null, "of no lead"] }).to_string(),
            }),
            Step::Edit(_) | Step::Delete | Step::Restore | Step::Warn => {}
        }
    }

    /// The lead as a change left it, out of what it is and what came later.
    fn rewound(&self, place: usize) -> Lead {
        let mut rewinding = Rewinding::default();
        for later in self.changes[place + 1..].iter().rev() {
            rewinding.undo(later);
        }
        let last = self.changes[..=place].iter().rev().find(|change| change.kind.gives_stamp());
        rewinding.set_updated_at(last.unwrap().stamp);
        let moment = Moment {
            change: &self.changes[place],
            rewinding: &rewinding,
        };
        rewound(&self.lead, &moment).unwrap()
    }
}

proptest! {
    #[test]
    fn undoing_what_came_later_gives_what_there_was(first in any_fields(), steps in prop::collection::vec(any_step(), 0..12)) {
        let mut history = History::of(first);
        steps.into_iter().for_each(|step| history.take(step));
        for (place, state) in history.states.iter().enumerate() {
            if let Some(state) = state {
                prop_assert_eq!(&history.rewound(place), state, "{:?}", history.changes);
            }
        }
    }
}

#[test]
fn what_nothing_came_after_is_what_it_is() {
    let mut rewinding = Rewinding::default();
    let change = |kind, fields: Value| Change {
        seq: 7,
        stamp: Stamp::from_micros(7),
        entity: EntityKind::Lead,
        entity_id: 1,
        kind,
        actor: "system".to_owned(),
        family: "saas".to_owned(),
        fields: fields.to_string(),
    };
    for kind in [
        ChangeKind::Overdue,
        ChangeKind::SlaWarning,
        ChangeKind::SlaBreach,
        ChangeKind::Merged,
        ChangeKind::Unmerged,
    ] {
        rewinding.undo(&change(kind, json!({ "due_at": ["a", "b"] })));
    }
    assert_eq!(rewinding, Rewinding::default());
    rewinding.undo(&change(ChangeKind::Updated, json!("no object")));
    assert!(rewinding.is_restamped() && rewinding.field("due_at").is_none());
}

/// Every field has a value, and reads back.
#[test]
fn fields_read_back_from_what_changes_tell() {
    fn assert_reads_back<T: serde::Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(fields: &T) {
        let told = serde_json::to_value(fields).unwrap();
        assert!(told.as_object().unwrap().values().all(|value| !value.is_null()), "{told}");
        assert_eq!(&serde_json::from_value::<T>(told).unwrap(), fields);
    }
    let at = |micros| Some(Stamp::from_micros(micros));
    let day = |day: &str| Some(parse_date(day).unwrap());
    assert_reads_back(&OpportunityFields {
        external_id: Some(text("x-1")),
        name: text("Deal"),
        account_id: Some(AccountId::from_i64(1)),
        contact_id: Some(ContactId::from_i64(2)),
        stage_id: StageId::from_i64(3),
        amount: Some(Money {
            minor: -1_050,
            currency: Currency::parse("EUR").unwrap(),
        }),
        probability: 40,
        expected_close_date: day("2026-02-28"),
        closed_on: day("2026-03-01"),
        engaged_on: day("2025-12-31"),
        description: Some(text("a\nb")),
        lead_source: Some(text("Web")),
        next_step: Some(text("Call")),
        lost_reason: Some(text("price")),
        competitors: Some(text("Acme")),
        include_in_forecast: true,
        owner_id: UserId::from_i64(4),
    });
    assert_reads_back(&TaskFields {
        title: text("Call"),
        description: Some(text("soon")),
        priority: Priority::Urgent,
        status: TaskStatus::InProgress,
        due_at: at(1_768_035_600_000_001),
        started_at: at(1),
        completed_at: at(2),
        account_id: Some(AccountId::from_i64(1)),
        contact_id: Some(ContactId::from_i64(1)),
        lead_id: Some(LeadId::from_i64(1)),
        opportunity_id: Some(OpportunityId::from_i64(1)),
        ticket_id: Some(TicketId::from_i64(1)),
        owner_id: UserId::from_i64(1),
    });
    assert_reads_back(&TicketFields {
        subject: text("Broken"),
        description: Some(text("x")),
        status: TicketStatus::Resolved,
        priority: Priority::Low,
        category: Some(text("Hardware")),
        source: Some(text("Email")),
        resolution: Some(text("replaced")),
        account_id: Some(AccountId::from_i64(1)),
        contact_id: Some(ContactId::from_i64(1)),
        owner_id: Some(UserId::from_i64(1)),
        sla_policy_id: Some(SlaPolicyId::from_i64(1)),
        progress: TicketProgress {
            first_responded_at: at(1),
            resolved_at: at(2),
            closed_at: at(3),
            reopened_count: 4,
            first_response_due_at: at(5),
            resolution_due_at: at(6),
            first_response_minutes: Some(7),
            resolution_minutes: Some(8),
            stopped_at: None,
            paused_micros: 0,
        },
    });
    let item = |title, done| ChecklistItem { title: text(title), done };
    assert_reads_back(&HandoffFields {
        opportunity_id: OpportunityId::from_i64(1),
        receiver_id: UserId::from_i64(2),
        initiator_id: UserId::from_i64(3),
        notes: Some(text("n")),
        checklist: vec![item("a", true), item("b", false)],
        status: HandoffStatus::Completed,
        completed_at: at(9),
    });
}

#[test]
fn labels_are_what_they_were() {
    let update = |seq, fields: Value| Change {
        seq,
        stamp: Stamp::from_micros(seq),
        entity: EntityKind::Lead,
        entity_id: 1,
        kind: ChangeKind::Updated,
        actor: "system".to_owned(),
        family: "saas".to_owned(),
        fields: fields.to_string(),
    };
    let labels = |tags: &[&str], fields: &[(&str, FieldValue)]| Labels {
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        custom_fields: fields.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect(),
    };
    let now = labels(
        &["VIP"],
        &[("seats", FieldValue::Bool(true)), ("kept", FieldValue::Choice("Gold".to_owned()))],
    );
    let mut rewinding = Rewinding::default();
    rewinding.undo(&update(
        3,
        json!({ "tags": [["cold", "VIP"], ["VIP"]], "custom_fields.seats": [4.5, true] }),
    ));
    rewinding.undo(&update(
        2,
        json!({ "custom_fields.seats": [null, 4.5], "custom_fields.tier": ["Gold", null] }),
    ));
    let was = labels(
        &["cold", "VIP"],
        &[
            ("tier", FieldValue::Text(text("Gold"))),
            ("kept", FieldValue::Choice("Gold".to_owned())),
        ],
    );
    assert_eq!(now.clone().rewound(&rewinding), was);
    assert_eq!(now.clone().rewound(&Rewinding::default()), now);
}
