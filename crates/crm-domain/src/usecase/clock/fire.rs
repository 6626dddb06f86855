//! Telling what has come due.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value, json};

use super::{
    FIRED, review,
    told::{DUE, POLICY, POLICY_ID, STAGE, TARGET, TASK_DUE},
};
use crate::{
    error::Result,
    id::{LeadId, OpportunityId, RecordId, TaskId, TicketId},
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        change::{EntityKind, NewChange},
        sla_policy::SlaPolicy,
        timer::{Alarm, Target, Timer},
    },
};

/// What a look at the clock came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticked {
    /// How many timers fired.
    pub fired: usize,
    /// Whether nothing more is to be done now: then the tenant's database agrees that nothing is before [`Ticked::next`].
    pub is_done: bool,
    /// When there is something to do next.
    pub next: Option<Stamp>,
}

/// Tells what has come due before `now`, in the order in which it did, and does a part of what is to be reviewed. Called again until it is done.
///
/// # Errors
/// Those of the unit.
pub fn tick(unit: &mut dyn UnitOfWork, now: Stamp) -> Result<Ticked> {
    let due = unit.timers().due(now, FIRED)?;
    let fired = fire(unit, &due)?;
    review::advance(unit)?;
    let next = unit.timers().next()?;
    let is_done = next.is_none_or(|next| next >= now);
    if is_done {
        unit.timers().agree(next)?;
    }
    Ok(Ticked { fired, is_done, next })
}

fn fire(unit: &mut dyn UnitOfWork, due: &[Timer]) -> Result<usize> {
    if due.is_empty() {
        return Ok(0);
    }
    let stages = stages(unit, due)?;
    let policies = unit.timers().policies()?;
    let (mut fired, mut moot) = (Vec::new(), Vec::new());
    for timer in due {
        match stages.get(&timer.record) {
            Some(stage) => {
                unit.record(told(timer, stage.as_deref(), &policies));
                fired.push(timer.id);
            }
            // Deleting takes the timers along; this is for what came to be deleted by another way.
            None => moot.push(timer.id),
        }
    }
    unit.timers().unset(&moot)?;
    unit.timers().fired(&fired)?;
    Ok(fired.len())
}

/// The live records among those of the timers, with the names of the stages that they are in.
fn stages(unit: &mut dyn UnitOfWork, due: &[Timer]) -> Result<HashMap<(EntityKind, i64), Option<String>>> {
    let mut of_kind: BTreeMap<EntityKind, BTreeSet<i64>> = BTreeMap::new();
    for timer in due {
        of_kind.entry(timer.record.0).or_default().insert(timer.record.1);
    }
    let mut stages = HashMap::new();
    for (entity, ids) in of_kind {
        let mut note = |id: i64, stage: Option<String>| {
            stages.insert((entity, id), stage);
        };
        match entity {
            EntityKind::Task => {
                let ids: Vec<TaskId> = ids.into_iter().map(TaskId::from_i64).collect();
                let tasks = unit.tasks().lookup_many(&ids)?;
                tasks.iter().for_each(|task| note(task.id.get(), None));
            }
            EntityKind::Ticket => {
                let ids: Vec<TicketId> = ids.into_iter().map(TicketId::from_i64).collect();
                for ticket in unit.tickets().lookup_many(&ids)? {
                    note(ticket.id.get(), Some(ticket.fields.status.as_str().to_owned()));
                }
            }
            EntityKind::Lead => {
                let ids: Vec<LeadId> = ids.into_iter().map(LeadId::from_i64).collect();
                for lead in unit.leads().lookup_many(&ids)? {
                    note(lead.id.get(), Some(lead.fields.status.as_str().to_owned()));
                }
            }
            EntityKind::Opportunity => {
                let ids: Vec<OpportunityId> = ids.into_iter().map(OpportunityId::from_i64).collect();
                for deal in unit.opportunities().lookup_many(&ids)? {
                    note(deal.id.get(), Some(deal.stage.fields.name.to_string()));
                }
            }
            // Records of other kinds have no timers.
            _ => {}
        }
    }
    Ok(stages)
}

/// What the feed tells of a timer that fires.
fn told(timer: &Timer, stage: Option<&str>, policies: &[SlaPolicy]) -> NewChange {
    let (promise, due) = (timer.moment.promise, json!(timer.moment.due_at));
    let mut fields = Map::new();
    let mut tell = |name: &str, pair: Value| fields.insert(name.to_owned(), pair);
    match promise.alarm {
        Alarm::Overdue => {
            // It is no other than before: nothing of the task differs.
            tell(TASK_DUE, json!([due, due]));
        }
        Alarm::Warning | Alarm::Breach => {
            let policy = policies.iter().find(|policy| Some(policy.id) == promise.policy);
            let id = promise.policy.map(RecordId::get);
            tell(TARGET, json!([null, promise.target.as_str()]));
            tell(POLICY_ID, json!([id, id]));
            tell(POLICY, json!([null, policy.map(|policy| &*policy.fields.name)]));
            tell(DUE, json!([null, due]));
            if promise.target == Target::TimeInStage {
                tell(STAGE, json!([null, stage]));
            }
        }
    }
    NewChange {
        entity: timer.record.0,
        entity_id: timer.record.1,
        kind: promise.alarm.change(),
        fields: Value::Object(fields).to_string(),
    }
}
