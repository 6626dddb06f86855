use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{stamp::Stamp, tenant::webhook::WebhookFamily};

fn row(entity: EntityKind, kind: ChangeKind, fields: &str) -> Change {
    Change {
        seq: 1,
        stamp: Stamp::default(),
        entity,
        entity_id: 5,
        kind,
        actor: "job:import".to_owned(),
        family: "cli".to_owned(),
        fields: fields.to_owned(),
    }
}

/// Family E's words for the events of a row, as one text.
fn told(entity: EntityKind, kind: ChangeKind, fields: &Value) -> String {
    let words = occurrences(&row(entity, kind, &fields.to_string()));
    let word = |told: Occurrence| {
        assert_eq!(told.record, (entity, 5));
        [WebhookFamily::Elevate, WebhookFamily::Halopsa]
            .iter()
            .find_map(|family| family.word(told.event))
            .unwrap()
    };
    words.into_iter().map(word).collect::<Vec<_>>().join(" ")
}

/// Contract B-59, B-62, E-62 … E-72, E-76, E-77, X-63, X-174.
#[test]
fn each_row_is_the_events_that_the_catalogue_says() {
    use ChangeKind::{Created, Deleted, Merged, Restored, Unmerged, Updated};
    use EntityKind::{Account, Handoff, Lead, Opportunity, Task, Ticket};
    let table = [
        (
            Lead,
            Created,
            json!({"last_name": [null, "Doe"], "status": [null, "New"]}),
            "lead.created",
        ),
        (
            Lead,
            Created,
            json!({"status": [null, "Qualified"]}),
            "lead.created lead.qualified prospect.qualified",
        ),
        (
            Lead,
            Created,
            json!({"status": [null, "Disqualified"]}),
            "lead.created lead.disqualified",
        ),
        (
            Lead,
            Created,
            json!({"status": [null, "Converted"]}),
            "lead.created lead.qualified prospect.created",
        ),
        (Lead, Created, json!({"status": [null, "Nurturing"]}), "lead.created"),
        (
            Lead,
            Updated,
            json!({"prospect_status": [null, "qualified"]}),
            "lead.updated prospect.qualified",
        ),
        (
            Lead,
            Updated,
            json!({"prospect_status": ["qualified", "contacted"]}),
            "lead.updated",
        ),
        (Lead, Updated, json!({"phone": ["1", "2"]}), "lead.updated"),
        (Lead, Updated, json!({"tags": [[], ["VIP"]]}), "lead.updated"),
        (Lead, Updated, json!({"custom_fields.status": ["New", "Qualified"]}), "lead.updated"),
        (
            Lead,
            Updated,
            json!({"status": ["New", "Qualified"]}),
            "lead.updated lead.qualified prospect.qualified",
        ),
        (
            Lead,
            Updated,
            json!({"status": ["New", "Qualified"], "prospect_status": [null, "qualified"]}),
            "lead.updated lead.qualified prospect.qualified",
        ),
        (Lead, Updated, json!({"status": ["Qualified", "Contacted"]}), "lead.updated"),
        (
            Lead,
            Updated,
            json!({"status": ["Qualified", "Disqualified"]}),
            "lead.updated lead.disqualified",
        ),
        (
            Lead,
            Updated,
            json!({"status": ["Qualified", "Converted"]}),
            "lead.updated prospect.created",
        ),
        (
            Lead,
            Updated,
            json!({"status": ["New", "Converted"]}),
            "lead.updated lead.qualified prospect.created",
        ),
        (
            Lead,
            Updated,
            json!({"status": ["Converted", "Qualified"]}),
            "lead.updated prospect.qualified",
        ),
        (Lead, Updated, json!({"status": ["Qualified", "Qualified"]}), ""),
        (Lead, Updated, json!({}), ""),
        (Lead, Restored, json!({"status": [null, "Qualified"]}), "lead.updated"),
        (Lead, Deleted, json!({"status": ["Qualified", null]}), ""),
        (Lead, Merged, json!({"merge_id": [null, 1], "merged_ids": [null, [2]]}), ""),
        (Lead, Unmerged, json!({"merge_id": [1, null], "merged_ids": [[2], null]}), ""),
        (
            Opportunity,
            Created,
            json!({"stage_id": [null, 1], "status": [null, "open"]}),
            "deal.created",
        ),
        (
            Opportunity,
            Created,
            json!({"stage_id": [null, 5], "status": [null, "won"]}),
            "deal.created deal.won",
        ),
        (
            Opportunity,
            Created,
            json!({"stage_id": [null, 6], "status": [null, "lost"]}),
            "deal.created deal.lost",
        ),
        (Opportunity, Updated, json!({"name": ["a", "b"]}), "deal.updated"),
        (Opportunity, Updated, json!({"account_id": [1, 2]}), "deal.updated"),
        (
            Opportunity,
            Updated,
            json!({"stage_id": [1, 2], "stage": ["A", "B"]}),
            "deal.updated deal.stage_changed",
        ),
        (
            Opportunity,
            Updated,
            json!({"stage_id": [1, 5], "status": ["open", "won"]}),
            "deal.updated deal.stage_changed deal.won",
        ),
        (
            Opportunity,
            Updated,
            json!({"stage_id": [1, 6], "status": ["open", "lost"]}),
            "deal.updated deal.stage_changed deal.lost",
        ),
        (
            Opportunity,
            Updated,
            json!({"stage_id": [6, 1], "status": ["lost", "open"]}),
            "deal.updated deal.stage_changed",
        ),
        (Opportunity, Updated, json!({"lost_reason": ["a", "b"]}), "deal.updated"),
        (
            Opportunity,
            Restored,
            json!({"stage_id": [null, 5], "status": [null, "won"]}),
            "deal.updated",
        ),
        (Opportunity, Deleted, json!({"stage_id": [5, null], "status": ["won", null]}), ""),
        (Task, Created, json!({"status": [null, "Open"]}), "task.created"),
        (Task, Created, json!({"status": [null, "Completed"]}), "task.created task.completed"),
        (Task, Updated, json!({"title": ["a", "b"]}), ""),
        (Task, Updated, json!({"status": ["Open", "InProgress"]}), ""),
        (Task, Updated, json!({"status": ["InProgress", "Completed"]}), "task.completed"),
        (Task, Updated, json!({"status": ["Completed", "Open"]}), ""),
        (Task, Restored, json!({"status": [null, "Completed"]}), ""),
        (Handoff, Created, json!({"status": [null, "pending"]}), "handoff.initiated"),
        (Handoff, Updated, json!({"notes": [null, "a"]}), ""),
        (Handoff, Updated, json!({"status": ["pending", "completed"]}), "handoff.completed"),
        (Account, Created, json!({"status": [null, "won"]}), ""),
        (Ticket, Updated, json!({"status": ["open", "completed"]}), ""),
    ];
    for (entity, kind, fields, expected) in table {
        assert_eq!(told(entity, kind, &fields), expected, "{entity:?} {kind:?} {fields}");
    }
}

/// Contract E-64, E-80.
#[test]
fn what_it_was_before_is_told_by_name() {
    let metadata = |entity, kind, fields: Value| -> Vec<Value> {
        let told = occurrences(&row(entity, kind, &fields.to_string()));
        told.into_iter().map(|told| Value::Object(told.metadata)).collect()
    };
    let moved = json!({"stage_id": [1, 2], "stage": ["Discovery", "Proposal"], "status": ["open", "won"]});
    let names = json!({"old_stage": "Discovery", "new_stage": "Proposal"});
    assert_eq!(
        metadata(EntityKind::Opportunity, ChangeKind::Updated, moved),
        [json!({}), names.clone(), names]
    );
    let between_pipelines = json!({"stage_id": [1, 7], "stage": ["Discovery", "Discovery"]});
    let names = json!({"old_stage": "Discovery", "new_stage": "Discovery"});
    assert_eq!(
        metadata(EntityKind::Opportunity, ChangeKind::Updated, between_pipelines),
        [json!({}), names]
    );
    let made = json!({"status": [null, "Qualified"]});
    let words = json!({"old_status": null, "new_status": "Qualified"});
    assert_eq!(
        metadata(EntityKind::Lead, ChangeKind::Created, made),
        [json!({}), words.clone(), words]
    );
    let done = json!({"status": ["Open", "Completed"]});
    assert_eq!(metadata(EntityKind::Task, ChangeKind::Updated, done), [json!({})]);
}

#[test]
fn what_cannot_be_read_is_no_event() {
    let deep = "[".repeat(10_000);
    for damaged in ["", "null", "[]", "7", "{", "{\"status\": [", "\u{0}", &deep] {
        for entity in EntityKind::ALL {
            let told = occurrences(&row(entity, ChangeKind::Created, damaged));
            assert!(told.is_empty(), "{entity:?} {damaged:.9}");
        }
    }
    for odd in [
        json!({"status": 7}),
        json!({"status": []}),
        json!({"status": [1, 2, 3]}),
        json!({"status": {}}),
    ] {
        assert_eq!(told(EntityKind::Lead, ChangeKind::Updated, &odd), "");
    }
}

proptest! {
    /// Each event once for a row, of a kind of record that has such events.
    #[test]
    fn no_row_tells_an_event_twice(
        entity in prop::sample::select(EntityKind::ALL.to_vec()),
        kind in prop::sample::select(ChangeKind::ALL.to_vec()),
        field in "status|stage_id|stage|name",
        other in "status|stage_id|stage|name",
        before in "Qualified|won|completed|open|Converted",
        after in "Qualified|won|completed|open|Converted|lost",
    ) {
        let fields = json!({ field: [before.clone(), after.clone()], other: [after, before] });
        let told = occurrences(&row(entity, kind, &fields.to_string()));
        let mut events: Vec<Event> = told.iter().map(|told| told.event).collect();
        let count = events.len();
        events.sort();
        events.dedup();
        prop_assert_eq!(events.len(), count);
        let is_clocked = matches!(kind, ChangeKind::Overdue | ChangeKind::SlaWarning | ChangeKind::SlaBreach);
        let has_events = match entity {
            EntityKind::Lead | EntityKind::Opportunity | EntityKind::Task => true,
            EntityKind::Handoff => !is_clocked,
            EntityKind::Ticket => is_clocked,
            _ => false,
        };
        prop_assert!(has_events || count == 0);
        prop_assert!(!is_clocked || count == usize::from(has_events));
        let is_over = matches!(kind, ChangeKind::Deleted | ChangeKind::Merged | ChangeKind::Unmerged);
        prop_assert!(!is_over || count == 0);
    }
}
