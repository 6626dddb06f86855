//! Changes in this family's words: what the feed keeps as numbers of this server is told as uuids and names, its words as those of deals, leads
//! and tasks.

use std::collections::HashMap;

use crm_domain::{
    Error, Result,
    id::{RecordId, StageId, UserId},
    money::Money,
    stamp::Stamp,
    tenant::{
        TenantReader,
        change::{Change, EntityKind},
        priority::Priority,
        task::TaskStatus,
    },
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::families::elevate::{
    related::{Related, user},
    task::{priority_word, state_word},
};

/// The kinds of record that fields refer to.
const REFERENCES: [(&str, EntityKind); 7] = [
    ("account_id", EntityKind::Account),
    ("contact_id", EntityKind::Contact),
    ("lead_id", EntityKind::Lead),
    ("opportunity_id", EntityKind::Opportunity),
    ("converted_account_id", EntityKind::Account),
    ("converted_contact_id", EntityKind::Contact),
    ("converted_opportunity_id", EntityKind::Opportunity),
];
const OWNER: &str = "owner_id";
const STAGE: &str = "stage_id";
const AMOUNT: &str = "amount";
/// Of no use outside, or told by the stage's id or the policy's name.
const NOT_SHOWN: [&str; 4] = ["include_in_forecast", "sla_policy_id", "stage", "ticket_id"];

/// This family's name of a field of the domain.
fn name_of(field: &str) -> &str {
    match field {
        "opportunity_id" => "deal_id",
        "converted_opportunity_id" => "converted_deal_id",
        STAGE => "stage",
        AMOUNT => "value",
        "lead_source" => "source",
        "due_at" => "due_date",
        other => other,
    }
}

/// What changes mean by their numbers.
pub(super) struct Told {
    related: Related,
    stages: HashMap<StageId, String>,
}

impl Told {
    /// Reads what these changes refer to: one statement for each kind of record.
    pub fn read(reader: &mut dyn TenantReader, changes: &[Change]) -> Result<Self> {
        let (mut records, mut stages) = (Vec::new(), Vec::new());
        for change in changes {
            records.push((change.entity, Some(change.entity_id)));
            for (name, pair) in fields_of(change)? {
                let ids = pair.as_array().into_iter().flatten().filter_map(Value::as_i64);
                match (name.as_str(), REFERENCES.iter().find(|(field, _)| *field == name)) {
                    (STAGE, _) => stages.extend(ids.map(StageId::from_i64)),
                    (_, Some((_, kind))) => records.extend(ids.map(|id| (*kind, Some(id)))),
                    (_, None) => {}
                }
            }
        }
        stages.sort_unstable();
        stages.dedup();
        let named = if stages.is_empty() {
            Vec::new()
        } else {
            reader.pipelines().lookup_stages(&stages)?
        };
        Ok(Self {
            related: Related::read(reader, records)?,
            stages: named.into_iter().map(|stage| (stage.id, stage.fields.name.into_inner())).collect(),
        })
    }

    /// A record's uuid.
    pub fn record(&self, kind: EntityKind, id: i64) -> Option<Uuid> {
        self.related.get(kind, id)
    }

    /// The fields of a change, each with `old` and `new`.
    pub fn changes(&self, change: &Change) -> Result<Map<String, Value>> {
        let mut told = Map::new();
        for (name, pair) in fields_of(change)? {
            if NOT_SHOWN.contains(&name.as_str()) {
                continue;
            }
            let kept = [0, 1].map(|place| pair.get(place).unwrap_or(&Value::Null));
            let mut tell = |name: &str, [old, new]: [Value; 2]| {
                // What other families tell apart may be one here.
                if old != new {
                    told.insert(name.to_owned(), json!({ "old": old, "new": new }));
                }
            };
            tell(name_of(&name), kept.map(|kept| self.value(change.entity, &name, kept)));
            if name == AMOUNT {
                tell("currency", kept.map(currency));
            }
        }
        Ok(told)
    }

    fn value(&self, entity: EntityKind, field: &str, kept: &Value) -> Value {
        let kind = REFERENCES.iter().find(|(name, _)| *name == field).map(|(_, kind)| *kind);
        match (field, kind, kept.as_i64()) {
            (OWNER, _, Some(id)) => json!(user(UserId::from_i64(id))),
            (STAGE, _, Some(id)) => json!(self.stages.get(&StageId::from_i64(id))),
            (_, Some(kind), Some(id)) => json!(self.related.get(kind, id)),
            (AMOUNT, _, _) => json!(money(kept).map(Money::major)),
            _ => kept
                .as_str()
                .and_then(|kept| word(entity, field, kept))
                .map_or_else(|| kept.clone(), Value::String),
        }
    }
}

/// An amount as the feed keeps it.
fn money(kept: &Value) -> Option<Money> {
    serde_json::from_value(kept.clone()).ok()
}

fn currency(kept: &Value) -> Value {
    json!(money(kept).map(|money| money.currency))
}

/// A word or a time as the family shows it; `None` for what it shows as it is.
fn word(entity: EntityKind, field: &str, kept: &str) -> Option<String> {
    match (entity, field) {
        (EntityKind::Task, "priority") => Priority::parse(kept).ok().map(|priority| priority_word(priority).to_owned()),
        (EntityKind::Task, "status") => TaskStatus::parse(kept).ok().map(|status| state_word(status).to_owned()),
        // A tenant's custom field may be called so, too.
        (_, field) if field.ends_with("_at") && !field.contains('.') => Stamp::parse(kept).ok().map(Stamp::to_second_precision),
        _ => None,
    }
}

fn fields_of(change: &Change) -> Result<Map<String, Value>> {
    serde_json::from_str(&change.fields).map_err(|error| Error::Internal(format!("change {}: {error}", change.seq)))
}

#[cfg(test)]
mod tests {
    use crm_domain::tenant::change::ChangeKind;

    use super::*;

    #[test]
    fn numbers_of_ours_are_told_as_what_they_mean() {
        let told = Told {
            related: Related::default(),
            stages: [(StageId::from_i64(2), "Proposal".to_owned())].into(),
        };
        let value = |field: &str, kept: Value| told.value(EntityKind::Opportunity, field, &kept);
        assert_eq!(value(STAGE, json!(2)), json!("Proposal"));
        assert_eq!(value(AMOUNT, json!({ "minor": 1_050, "currency": "USD" })), json!(10.5));
        assert_eq!(value(AMOUNT, Value::Null), Value::Null);
        assert_eq!(value("name", json!("a")), json!("a"));
        assert_eq!(value(OWNER, json!(7)), json!("user_7"));
        // A record that is not there is told as none, not as a number.
        assert_eq!(value("account_id", json!(7)), Value::Null);
        assert_eq!(
            (name_of("opportunity_id"), name_of("due_at"), name_of("name")),
            ("deal_id", "due_date", "name")
        );
    }
    fn change(entity: EntityKind, fields: &Value) -> Change {
        Change {
            seq: 1,
            stamp: Stamp::default(),
            entity,
            entity_id: 1,
            kind: ChangeKind::Updated,
            actor: "system".to_owned(),
            family: "saas".to_owned(),
            fields: fields.to_string(),
        }
    }

    #[test]
    fn words_and_times_are_those_of_the_familys_own_records() {
        let told = Told {
            related: Related::default(),
            stages: HashMap::new(),
        };
        let at = "2026-01-10T09:00:00.000001Z";
        let fields = json!({
            "priority": [null, "Normal"], "status": ["Open", "Completed"], "completed_at": [null, at], "custom_fields.seen_at": [null, at],
        });
        assert_eq!(
            Value::Object(told.changes(&change(EntityKind::Task, &fields)).unwrap()),
            json!({
                "priority": { "old": null, "new": "medium" },
                "status": { "old": "pending", "new": "completed" },
                "completed_at": { "old": null, "new": "2026-01-10T09:00:00Z" },
                "custom_fields.seen_at": { "old": null, "new": at },
            })
        );
        // A lead's status may be any word.
        let lead = change(EntityKind::Lead, &json!({ "status": ["Open", "Completed"] }));
        let statuses = json!({ "status": { "old": "Open", "new": "Completed" } });
        assert_eq!(Value::Object(told.changes(&lead).unwrap()), statuses);
        // To begin is no step that this family knows.
        let begun = change(
            EntityKind::Task,
            &json!({ "status": ["Open", "InProgress"], "started_at": [null, at] }),
        );
        let shown = told.changes(&begun).unwrap();
        assert_eq!(shown.keys().collect::<Vec<_>>(), ["started_at"]);
        let amounts = json!({ "amount": [{ "minor": 100, "currency": "USD" }, { "minor": 100, "currency": "EUR" }] });
        let currencies = json!({ "currency": { "old": "USD", "new": "EUR" } });
        assert_eq!(
            Value::Object(told.changes(&change(EntityKind::Opportunity, &amounts)).unwrap()),
            currencies
        );
    }
}
