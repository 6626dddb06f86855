//! Keeping timers as records are.

use std::collections::{BTreeMap, HashMap};

use crate::{
    error::Result,
    id::{LeadId, OpportunityId, RecordId, TaskId, TicketId},
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        change::{Change, ChangeKind, EntityKind, NewChange},
        lead::{Lead, LeadStatus},
        opportunity::Opportunity,
        pipeline::StageKind,
        sla_policy::{SlaPolicy, SlaSubject},
        timer::{Moment, Pursuit, Target, Timer, of_pursuit, of_task, of_ticket, policy_for, settle},
    },
};

use super::review;

/// What was done to a record, as far as its timers are concerned.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Deed {
    is_new: bool,
    is_gone: bool,
    is_back: bool,
    /// Whether it is in another stage now.
    has_moved: bool,
    /// Whether what is known of its stage may be older than the policy that asks for it.
    is_reviewed: bool,
}

impl Deed {
    /// Nothing was done to it.
    pub(super) fn reviewed() -> Self {
        Self {
            is_reviewed: true,
            ..Self::default()
        }
    }
}

/// By kind and id.
type Deeds = BTreeMap<i64, Deed>;

/// Has the timers of the records that a unit changed be those that they have now. `recorded` is everything that the unit recorded.
///
/// # Errors
/// Those of the unit.
pub fn follow(unit: &mut dyn UnitOfWork, recorded: &[NewChange]) -> Result<()> {
    let mut of_kind: BTreeMap<EntityKind, Deeds> = BTreeMap::new();
    for change in recorded {
        if change.entity == EntityKind::SlaPolicy {
            review::order(unit, change)?;
        } else if let Some(deed) = deed(change) {
            let known = of_kind.entry(change.entity).or_default().entry(change.entity_id).or_default();
            known.is_new |= deed.is_new;
            known.is_gone |= deed.is_gone;
            known.is_back |= deed.is_back;
            known.has_moved |= deed.has_moved;
        }
    }
    for (entity, deeds) in of_kind {
        if is_governed(unit, entity)? {
            derive(unit, entity, &deeds, None)?;
        }
    }
    Ok(())
}

/// The subject of the policies that may govern records of a kind.
pub(super) fn subject_of(entity: EntityKind) -> Option<SlaSubject> {
    match entity {
        EntityKind::Ticket => Some(SlaSubject::Ticket),
        EntityKind::Lead => Some(SlaSubject::Lead),
        EntityKind::Opportunity => Some(SlaSubject::Deal),
        _ => None,
    }
}

/// Whether records of a kind can have timers at all: where nobody made a policy, nobody pays for them.
fn is_governed(unit: &mut dyn UnitOfWork, entity: EntityKind) -> Result<bool> {
    let Some(subject) = subject_of(entity) else { return Ok(true) };
    let policies = unit.timers().policies()?;
    Ok(policies.iter().any(|policy| policy.fields.applies_to == subject))
}

/// The fields on which the timers of records of a kind depend, that of the stage first.
fn fields_of(entity: EntityKind) -> &'static [&'static str] {
    match entity {
        EntityKind::Task => &["status", "due_at"],
        EntityKind::Ticket => &[
            "status",
            "sla_policy_id",
            "first_responded_at",
            "first_response_due_at",
            "resolution_due_at",
        ],
        EntityKind::Lead => &["status"],
        EntityKind::Opportunity => &["stage_id"],
        _ => &[],
    }
}

/// What a change is to the timers of its record; `None` where they stay as they are.
fn deed(change: &NewChange) -> Option<Deed> {
    let (stage, others) = fields_of(change.entity).split_first()?;
    let has_moved = mentions(&change.fields, stage);
    match change.kind {
        // A task that is due never has none.
        ChangeKind::Created if change.entity == EntityKind::Task && !mentions(&change.fields, "due_at") => None,
        ChangeKind::Created => Some(Deed {
            is_new: true,
            ..Deed::default()
        }),
        ChangeKind::Updated if has_moved || others.iter().any(|field| mentions(&change.fields, field)) => Some(Deed {
            has_moved,
            ..Deed::default()
        }),
        ChangeKind::Deleted => Some(Deed {
            is_gone: true,
            ..Deed::default()
        }),
        ChangeKind::Restored => Some(Deed {
            is_back: true,
            ..Deed::default()
        }),
        ChangeKind::Updated
        | ChangeKind::Merged
        | ChangeKind::Unmerged
        | ChangeKind::Overdue
        | ChangeKind::SlaWarning
        | ChangeKind::SlaBreach => None,
    }
}

/// Whether a change's fields name this one. In a value the quotes would be escaped.
pub(super) fn mentions(fields: &str, field: &str) -> bool {
    fields.contains(&format!("\"{field}\":"))
}

/// Writes the timers that records of one kind have now. `review` says since when what becomes due is told of records that nobody touched.
pub(super) fn derive(unit: &mut dyn UnitOfWork, entity: EntityKind, deeds: &Deeds, review: Option<Stamp>) -> Result<()> {
    let now = unit.stamp();
    let known: Vec<i64> = deeds.iter().filter(|(_, deed)| !deed.is_new).map(|(id, _)| *id).collect();
    let mut kept: HashMap<i64, Vec<Timer>> = HashMap::new();
    if !known.is_empty() {
        for timer in unit.timers().list_of(entity, &known)? {
            kept.entry(timer.record.1).or_default().push(timer);
        }
    }
    let living: Vec<i64> = deeds.iter().filter(|(_, deed)| !deed.is_gone).map(|(id, _)| *id).collect();
    let wanted = match living.is_empty() {
        true => HashMap::new(),
        false => Wanting { unit, deeds, kept: &kept }.of(entity, &living)?,
    };
    let (mut unset, mut set) = (Vec::new(), Vec::new());
    for (id, deed) in deeds {
        let kept = kept.get(id).map(Vec::as_slice).unwrap_or_default();
        let Some(moments) = wanted.get(id) else {
            // What was told is remembered for when it comes back.
            unset.extend(kept.iter().filter(|timer| timer.fired_at.is_none()).map(|timer| timer.id));
            continue;
        };
        let is_a_wish = entity == EntityKind::Task && !deed.is_back;
        let since = review.or_else(|| (!is_a_wish).then_some(now));
        let settlement = settle(kept, moments, since, now);
        unset.extend(settlement.unset);
        set.extend(settlement.set.into_iter().map(|moment| ((entity, *id), moment)));
    }
    if !unset.is_empty() {
        unit.timers().unset(&unset)?;
    }
    if !set.is_empty() {
        unit.timers().set(&set)?;
    }
    Ok(())
}

/// Finds the moments of records.
struct Wanting<'a> {
    unit: &'a mut dyn UnitOfWork,
    deeds: &'a Deeds,
    kept: &'a HashMap<i64, Vec<Timer>>,
}

impl Wanting<'_> {
    /// The moments of the live ones among these records.
    fn of(mut self, entity: EntityKind, ids: &[i64]) -> Result<HashMap<i64, Vec<Moment>>> {
        match entity {
            EntityKind::Task => {
                let tasks = self.unit.tasks().lookup_many(&ids_of::<TaskId>(ids))?;
                Ok(tasks.iter().map(|task| (task.id.get(), of_task(&task.fields))).collect())
            }
            EntityKind::Ticket => self.of_tickets(&ids_of(ids)),
            EntityKind::Lead => self.of_leads(&ids_of(ids)),
            EntityKind::Opportunity => self.of_deals(&ids_of(ids)),
            _ => Ok(HashMap::new()),
        }
    }

    fn of_tickets(&mut self, ids: &[TicketId]) -> Result<HashMap<i64, Vec<Moment>>> {
        let policies = self.unit.timers().policies()?;
        let mut moments = HashMap::with_capacity(ids.len());
        for ticket in self.unit.tickets().lookup_many(ids)? {
            let policy = policies.iter().find(|policy| Some(policy.id) == ticket.fields.sla_policy_id);
            let entered_at = match policy.and_then(|policy| policy.fields.stage_minutes) {
                Some(_) => self.entered_at((EntityKind::Ticket, ticket.id.get()), ticket.created_at)?,
                None => ticket.created_at,
            };
            moments.insert(ticket.id.get(), of_ticket(&ticket, policy, entered_at));
        }
        Ok(moments)
    }

    fn of_leads(&mut self, ids: &[LeadId]) -> Result<HashMap<i64, Vec<Moment>>> {
        let policies = self.unit.timers().policies()?;
        let policy = policy_for(&policies, SlaSubject::Lead);
        let mut moments = HashMap::with_capacity(ids.len());
        for lead in self.unit.leads().lookup_many(ids)? {
            let entered_at = match policy.and_then(|policy| policy.fields.stage_minutes) {
                Some(_) => self.entered_at((EntityKind::Lead, lead.id.get()), lead.created_at)?,
                None => lead.created_at,
            };
            moments.insert(lead.id.get(), of_pursuit(pursuit_of_lead(&lead, entered_at), policy));
        }
        Ok(moments)
    }

    fn of_deals(&mut self, ids: &[OpportunityId]) -> Result<HashMap<i64, Vec<Moment>>> {
        let policies = self.unit.timers().policies()?;
        let policy: Option<&SlaPolicy> = policy_for(&policies, SlaSubject::Deal);
        let mut moments = HashMap::with_capacity(ids.len());
        for deal in self.unit.opportunities().lookup_many(ids)? {
            let pursuit = match policy {
                Some(_) => {
                    let entered_at = self.entered_at((EntityKind::Opportunity, deal.id.get()), deal.created_at)?;
                    pursuit_of_deal(&deal, entered_at)
                }
                None => pursuit_of_deal(&deal, deal.created_at),
            };
            moments.insert(deal.id.get(), of_pursuit(pursuit, policy));
        }
        Ok(moments)
    }

    /// When a record entered the stage that it is in. What its timers do not tell the feed does.
    fn entered_at(&mut self, (entity, id): (EntityKind, i64), created_at: Stamp) -> Result<Stamp> {
        let deed = self.deeds.get(&id).copied().unwrap_or_default();
        if deed.is_new {
            return Ok(created_at);
        }
        if deed.has_moved {
            return Ok(self.unit.stamp());
        }
        let kept = self.kept.get(&id).into_iter().flatten();
        let stays = kept.filter(|timer| timer.moment.promise.target == Target::TimeInStage);
        let entered = stays.map(|timer| timer.moment.promise.cycle).max();
        if let Some(entered) = entered.filter(|_| !deed.is_reviewed && !deed.is_back) {
            return Ok(entered);
        }
        let Some(field) = fields_of(entity).first() else {
            return Ok(created_at);
        };
        let changes = self.unit.changes().list_of_field(entity, id, field)?;
        let moved = |change: &&Change| matches!(change.kind, ChangeKind::Created | ChangeKind::Updated) && mentions(&change.fields, field);
        let told = changes.iter().rev().find(moved).map(|change| change.stamp);
        Ok(told.into_iter().chain(entered).max().unwrap_or(created_at))
    }
}

fn ids_of<Id: RecordId>(ids: &[i64]) -> Vec<Id> {
    ids.iter().map(|id| Id::from_i64(*id)).collect()
}

/// A lead's status is its stage.
fn pursuit_of_lead(lead: &Lead, entered_at: Stamp) -> Pursuit {
    let (is_settled, is_over) = match lead.fields.status {
        LeadStatus::New | LeadStatus::Contacted | LeadStatus::Other(_) => (false, false),
        LeadStatus::Qualified => (true, false),
        LeadStatus::Disqualified | LeadStatus::Converted => (true, true),
    };
    Pursuit {
        created_at: lead.created_at,
        entered_at,
        is_answered: lead.fields.status != LeadStatus::New,
        is_settled,
        is_over,
    }
}

/// A deal is answered when it has left the stage in which it was made.
fn pursuit_of_deal(deal: &Opportunity, entered_at: Stamp) -> Pursuit {
    let is_closed = match deal.stage.fields.kind {
        StageKind::Open => false,
        StageKind::Won | StageKind::Lost => true,
    };
    Pursuit {
        created_at: deal.created_at,
        entered_at,
        is_answered: entered_at > deal.created_at,
        is_settled: is_closed,
        is_over: is_closed,
    }
}
