//! The catalogue of events: which row of the change feed is which event. Only the row decides, so whatever wrote it, a route of any family, an
//! import, a merge, a job or the command line, makes the same events, once per row (contract X-16).
//!
//! | what the row tells | events |
//! |---|---|
//! | a lead is made, or changed | `lead.created`, or `lead.updated` |
//! | and has become qualified, or converted without having been it | besides `lead.qualified` |
//! | and has become qualified, as a lead or as a prospect | besides `prospect.qualified` |
//! | and has become disqualified or converted | besides `lead.disqualified` or `prospect.created` |
//! | a deal is made, or changed | `deal.created`, or `deal.updated` |
//! | and has entered another stage | besides `deal.stage_changed` |
//! | and has become won or lost | besides `deal.won` or `deal.lost` |
//! | a task is made | `task.created` |
//! | a task has become completed | `task.completed` |
//! | a handoff is made, or has become completed | `handoff.initiated`, or `handoff.completed` |
//! | a task has become overdue, by the clock | `task.overdue` |
//! | a target of an SLA policy of a deal, lead or ticket will soon be missed, or was | `sla.warning`, or `sla.breach` |
//!
//! * **`…updated` stands for every change** of the record, its tags, custom fields and references included, also where another event tells more
//!   of it: who keeps a copy needs `…created` and `…updated` alone.
//! * **To become something is to be it now and not before.** A record that is made in such a state has become so: who counts won deals by
//!   `deal.won` counts the imported ones too. What is won, reopened and won again is won twice. A converted lead is qualified, as key figures
//!   count it: who counts qualified leads by `lead.qualified` counts those that were made or became converted at once.
//! * **Deletions** are no events, since no document names any; the change feed tells them.
//! * **A restored record** is updated: its references and stage may be others than before it was deleted. It has not become anything again.
//! * **Merges and their undoing** are what they do to each record: what the one that remains takes over, and what refers to another record now, is
//!   updated; what is merged is deleted, or when that is undone, restored. That it was a merge is no event.
//! * **A prospect** of family B is what a lead is converted to. It is qualified when the lead was, or when somebody says so of the prospect (contract
//!   B-35, B-48); to be converted is not enough for it.
//!   A lead that became qualified as a prospect only, after it was converted, has become qualified as well.
//!
//! * **The clock's rows** change nothing of their record, so they are no `…updated`. Each of them is there once for each promise
//!   ([`timer`](crate::tenant::timer)).

use serde_json::{Map, Value};

use super::Event;
use crate::{
    stamp::Stamp,
    tenant::{
        change::{Change, ChangeKind, EntityKind},
        handoff::HandoffStatus,
        lead::{LeadStatus, ProspectStatus},
        opportunity::STAGE,
        pipeline::StageKind,
        task::TaskStatus,
    },
    usecase::clock::told,
};

/// Something that webhooks are told of.
#[derive(Debug, Clone, PartialEq)]
pub struct Occurrence {
    /// What.
    pub event: Event,
    /// Of which record: lead, opportunity, task, ticket or handoff.
    pub record: (EntityKind, i64),
    /// What else there is to tell, in the domain's words: `old_stage` and `new_stage` by name, as the stages were called then (contract E-64,
    /// E-80), where a deal was moved, won or lost; `old_status` and `new_status` where a lead became something. The old one is null where the
    /// record is new. Of what the clock tells, `due_at`, to the second; of SLA policies besides `target` (`first_response`, `time_in_stage` or `resolution`),
    /// `policy` by name, `sla_policy_id`, and `stage`, in which the record stays too long. Other events have none.
    pub metadata: Map<String, Value>,
}

/// The events that follow from a change, in the order in which they are told; none of a change whose fields cannot be read.
pub fn occurrences(change: &Change) -> Vec<Occurrence> {
    let of_kind = match change.entity {
        EntityKind::Handoff => of_handoff,
        EntityKind::Lead => of_lead,
        EntityKind::Opportunity => of_deal,
        EntityKind::Task => of_task,
        EntityKind::Ticket => of_ticket,
        EntityKind::Account
        | EntityKind::Activity
        | EntityKind::ApiKey
        | EntityKind::Contact
        | EntityKind::CustomField
        | EntityKind::Invitation
        | EntityKind::Partner
        | EntityKind::Pipeline
        | EntityKind::Setting
        | EntityKind::SlaPolicy
        | EntityKind::Stage
        | EntityKind::Tag
        | EntityKind::TicketComment
        | EntityKind::User
        | EntityKind::Webhook => return Vec::new(),
    };
    let Ok(fields) = serde_json::from_str(&change.fields) else {
        return Vec::new();
    };
    let mut row = Row {
        kind: change.kind,
        fields,
        told: Vec::new(),
    };
    of_kind(&mut row);
    let occurrence = |(event, metadata)| Occurrence {
        event,
        record: (change.entity, change.entity_id),
        metadata,
    };
    row.told.into_iter().map(occurrence).collect()
}

/// Contract E-67 … E-70, B-62, X-63.
fn of_lead(row: &mut Row) {
    row.tell_existence(Event::LeadCreated, Some(Event::LeadUpdated));
    row.tell_clock();
    let [qualified, disqualified, converted] = [LeadStatus::Qualified, LeadStatus::Disqualified, LeadStatus::Converted];
    for (statuses, event) in [
        (&[&qualified, &converted][..], Event::LeadQualified),
        (&[&disqualified], Event::LeadDisqualified),
        (&[&converted], Event::ProspectCreated),
    ] {
        let words: Vec<&str> = statuses.iter().map(|status| status.as_str()).collect();
        row.tell_became(STATUS, &words, event, of_status);
    }
    row.tell_became(STATUS, &[qualified.as_str()], Event::ProspectQualified, of_status);
    if !row.has_told(Event::ProspectQualified) {
        row.tell_became(
            PROSPECT_STATUS,
            &[ProspectStatus::Qualified.as_str()],
            Event::ProspectQualified,
            of_prospect,
        );
    }
}

/// Contract E-62 … E-66, B-59.
fn of_deal(row: &mut Row) {
    row.tell_existence(Event::DealCreated, Some(Event::DealUpdated));
    row.tell_clock();
    if row.kind == ChangeKind::Updated && row.step(STAGE_ID).is_some() {
        row.tell(Event::DealStageChanged, of_stage(row));
    }
    for (kind, event) in [(StageKind::Won, Event::DealWon), (StageKind::Lost, Event::DealLost)] {
        row.tell_became(STATUS, &[kind.as_str()], event, of_stage);
    }
}

/// Contract E-71 … E-73.
fn of_task(row: &mut Row) {
    row.tell_existence(Event::TaskCreated, None);
    row.tell_clock();
    // Without its status before: the families' words for that differ.
    row.tell_became(STATUS, &[TaskStatus::Completed.as_str()], Event::TaskCompleted, |_| Map::new());
}

/// Contract E-76, E-77.
fn of_handoff(row: &mut Row) {
    row.tell_existence(Event::HandoffInitiated, None);
    row.tell_became(STATUS, &[HandoffStatus::Completed.as_str()], Event::HandoffCompleted, |_| {
        Map::new()
    });
}

/// Nobody is told of tickets but by the clock: no document names an event of them.
fn of_ticket(row: &mut Row) {
    row.tell_clock();
}

/// A field of leads, tasks and handoffs; changes of deals tell theirs.
const STATUS: &str = "status";
const STAGE_ID: &str = "stage_id";
const PROSPECT_STATUS: &str = "prospect_status";

fn of_stage(row: &Row) -> Map<String, Value> {
    row.metadata(STAGE, ["old_stage", "new_stage"])
}

fn of_prospect(row: &Row) -> Map<String, Value> {
    row.metadata(PROSPECT_STATUS, ["old_status", "new_status"])
}

fn of_status(row: &Row) -> Map<String, Value> {
    row.metadata(STATUS, ["old_status", "new_status"])
}

/// A row of the feed that was read, and what is told of it.
struct Row {
    kind: ChangeKind,
    /// Field → `[before, after]`.
    fields: Map<String, Value>,
    told: Vec<(Event, Map<String, Value>)>,
}

impl Row {
    fn tell(&mut self, event: Event, metadata: Map<String, Value>) {
        self.told.push((event, metadata));
    }

    fn has_told(&self, event: Event) -> bool {
        self.told.iter().any(|(told, _)| *told == event)
    }

    /// That the record is there, or is another than it was.
    fn tell_existence(&mut self, created: Event, updated: Option<Event>) {
        let event = match self.kind {
            ChangeKind::Created => Some(created),
            // What one unit changed and changed back is a row in which nothing differs.
            ChangeKind::Updated => updated.filter(|_| self.fields.keys().any(|field| self.step(field).is_some())),
            ChangeKind::Restored => updated,
            ChangeKind::Deleted
            | ChangeKind::Merged
            | ChangeKind::Unmerged
            | ChangeKind::Overdue
            | ChangeKind::SlaWarning
            | ChangeKind::SlaBreach => None,
        };
        if let Some(event) = event {
            self.tell(event, Map::new());
        }
    }

    /// What the clock tells (contract E-73 … E-75).
    fn tell_clock(&mut self) {
        let (event, names) = match self.kind {
            ChangeKind::Overdue => (Event::TaskOverdue, &told::OVERDUE[..]),
            ChangeKind::SlaWarning => (Event::SlaWarning, &told::SLA[..]),
            ChangeKind::SlaBreach => (Event::SlaBreach, &told::SLA[..]),
            ChangeKind::Created
            | ChangeKind::Updated
            | ChangeKind::Deleted
            | ChangeKind::Restored
            | ChangeKind::Merged
            | ChangeKind::Unmerged => return,
        };
        let mut metadata = Map::new();
        for (field, name) in names {
            if let Some((_, value)) = self.pair(field) {
                let moment = value
                    .as_str()
                    .filter(|_| *name == "due_at")
                    .and_then(|text| Stamp::parse(text).ok());
                let shown = moment.map_or_else(|| value.clone(), |moment| Value::String(moment.to_second_precision()));
                metadata.insert((*name).to_owned(), shown);
            }
        }
        self.tell(event, metadata);
    }

    /// That a field has become one of these words, and was none of them.
    fn tell_became(&mut self, field: &str, words: &[&str], event: Event, metadata: fn(&Self) -> Map<String, Value>) {
        let is_step = matches!(self.kind, ChangeKind::Created | ChangeKind::Updated);
        let is_one = |value: &Value| value.as_str().is_some_and(|word| words.contains(&word));
        if is_step && self.pair(field).is_some_and(|(before, after)| is_one(after) && !is_one(before)) {
            self.tell(event, metadata(self));
        }
    }

    /// What a field was and is; `None` when the row does not tell.
    fn pair(&self, field: &str) -> Option<(&Value, &Value)> {
        match self.fields.get(field)?.as_array()?.as_slice() {
            [before, after] => Some((before, after)),
            _ => None,
        }
    }

    /// What a field was and is, where that differs.
    fn step(&self, field: &str) -> Option<(&Value, &Value)> {
        self.pair(field).filter(|(before, after)| before != after)
    }

    fn metadata(&self, field: &str, [old, new]: [&str; 2]) -> Map<String, Value> {
        let (before, after) = self.pair(field).unwrap_or((&Value::Null, &Value::Null));
        let told = [(old, before), (new, after)];
        told.into_iter().map(|(name, value)| (name.to_owned(), value.clone())).collect()
    }
}

#[cfg(test)]
mod tests;
