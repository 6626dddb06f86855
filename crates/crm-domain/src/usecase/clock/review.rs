//! Finding the timers of records anew whose policy was changed.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    REVIEWED,
    follow::{Deed, derive, mentions},
};
use crate::{
    error::{Error, Result},
    id::{RecordId, SlaPolicyId},
    tenant::{
        UnitOfWork,
        change::{ChangeKind, EntityKind, NewChange},
        sla_policy::SlaSubject,
    },
};

/// What of a policy says when something is due.
const TIMES: [&str; 8] = [
    "applies_to",
    "first_response_minutes",
    "resolution_minutes",
    "stage_minutes",
    "warning_percent",
    "business_hours",
    "is_default",
    "is_active",
];

/// Has the records reviewed that a changed policy may govern. A new one for tickets governs none that is there already.
pub(super) fn order(unit: &mut dyn UnitOfWork, change: &NewChange) -> Result<()> {
    match change.kind {
        ChangeKind::Updated if !TIMES.iter().any(|field| mentions(&change.fields, field)) => return Ok(()),
        ChangeKind::Deleted => unit.timers().forget_policy(SlaPolicyId::from_i64(change.entity_id))?,
        ChangeKind::Created | ChangeKind::Restored | ChangeKind::Updated => {}
        ChangeKind::Merged | ChangeKind::Unmerged | ChangeKind::Overdue | ChangeKind::SlaWarning | ChangeKind::SlaBreach => return Ok(()),
    }
    let governs_those_there = !matches!(change.kind, ChangeKind::Created | ChangeKind::Restored);
    for subject in subjects(unit, change)? {
        let is_default = || mentions(&change.fields, "is_default") && change.fields.contains("[null,true]");
        match subject {
            SlaSubject::Ticket if governs_those_there => unit.timers().begin_review(EntityKind::Ticket)?,
            SlaSubject::Lead if governs_those_there || is_default() => unit.timers().begin_review(EntityKind::Lead)?,
            SlaSubject::Deal if governs_those_there || is_default() => unit.timers().begin_review(EntityKind::Opportunity)?,
            SlaSubject::Ticket | SlaSubject::Lead | SlaSubject::Deal => {}
        }
    }
    Ok(())
}

/// What the policy was for, and is.
fn subjects(unit: &mut dyn UnitOfWork, change: &NewChange) -> Result<Vec<SlaSubject>> {
    let fields: Map<String, Value> = serde_json::from_str(&change.fields).map_err(|error| Error::Internal(error.to_string()))?;
    let told = fields.get("applies_to").and_then(Value::as_array);
    if let Some(pair) = told {
        let words = pair.iter().filter_map(Value::as_str);
        return Ok(words.filter_map(|word| SlaSubject::parse(word).ok()).collect());
    }
    let policy = unit.sla_policies().lookup(SlaPolicyId::from_i64(change.entity_id))?;
    Ok(policy.map(|policy| policy.fields.applies_to).into_iter().collect())
}

/// Does a part of the first review that is not done.
pub(super) fn advance(unit: &mut dyn UnitOfWork) -> Result<()> {
    let Some(review) = unit.timers().review()? else { return Ok(()) };
    let ids = unit.timers().running(review.entity, review.after, REVIEWED)?;
    let deeds: BTreeMap<i64, Deed> = ids.iter().map(|id| (*id, Deed::reviewed())).collect();
    derive(unit, review.entity, &deeds, Some(review.since))?;
    let is_over = ids.len() < REVIEWED as usize;
    unit.timers()
        .advance_review(review.entity, ids.last().copied().filter(|_| !is_over))
}
