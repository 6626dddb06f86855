//! The stages that an opportunity was in, as the change feed tells them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    error::{Error, Result},
    id::{OpportunityId, RecordId, StageId},
    stamp::Stamp,
    tenant::{
        TenantReader,
        change::{Change, ChangeReads, EntityKind},
        pipeline::Stage,
    },
};

/// A time that an opportunity spent in a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stay {
    /// The stage as it is now; it may be deleted since.
    pub stage: Stage,
    /// When the opportunity entered it.
    pub entered_at: Stamp,
    /// When it left it; `None` for the stage that it is in.
    pub left_at: Option<Stamp>,
    /// Who put it there, as [`crate::tenant::change::Actor`] shows.
    pub actor: String,
}

/// The stages of a live opportunity, oldest first. The time that it was deleted counts for none.
///
/// # Errors
/// [`Error::NotFound`].
pub fn stage_history(reader: &mut dyn TenantReader, id: OpportunityId) -> Result<Vec<Stay>> {
    let opportunity = reader.opportunities().lookup(id)?;
    opportunity.ok_or_else(|| Error::not_found(OpportunityId::NOUN, id))?;
    let entries = entries(reader.changes(), id)?;
    let mut ids: Vec<_> = entries.iter().map(|entry| entry.stage).collect();
    ids.sort_unstable();
    ids.dedup();
    let stages = reader.pipelines().lookup_stages(&ids)?;
    let stages: BTreeMap<_, _> = stages.into_iter().map(|stage| (stage.id, stage)).collect();
    let stay = |entry: Entry| {
        let stage = stages.get(&entry.stage).cloned();
        Ok(Stay {
            stage: stage.ok_or_else(|| Error::Internal(format!("stage {} of a history is missing", entry.stage)))?,
            entered_at: entry.entered_at,
            left_at: entry.left_at,
            actor: entry.actor,
        })
    };
    entries.into_iter().map(stay).collect()
}

/// The stage that an opportunity was in last among those that fit.
pub(super) fn last_stage(changes: &mut dyn ChangeReads, id: OpportunityId, fits: impl Fn(StageId) -> bool) -> Result<Option<StageId>> {
    let entries = entries(changes, id)?;
    Ok(entries.into_iter().rev().map(|entry| entry.stage).find(|stage| fits(*stage)))
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    stage: StageId,
    entered_at: Stamp,
    left_at: Option<Stamp>,
    actor: String,
}

fn entries(changes: &mut dyn ChangeReads, id: OpportunityId) -> Result<Vec<Entry>> {
    const FIELD: &str = "stage_id";
    let changes = changes.list_of_field(EntityKind::Opportunity, id.get(), FIELD)?;
    let mut entries: Vec<Entry> = Vec::new();
    for change in changes {
        let Some(after) = after(&change, FIELD)? else { continue };
        if let Some(last) = entries.last_mut() {
            // A deletion ended it already, if there was one.
            last.left_at.get_or_insert(change.stamp);
        }
        if let Some(stage) = after.as_i64() {
            entries.push(Entry {
                stage: StageId::from_i64(stage),
                entered_at: change.stamp,
                left_at: None,
                actor: change.actor,
            });
        }
    }
    Ok(entries)
}

/// What a field became; `None` when the change is not of this field.
fn after(change: &Change, field: &str) -> Result<Option<Value>> {
    let broken = |error: String| Error::Internal(format!("the fields of change {} cannot be read: {error}", change.seq));
    let fields: Value = serde_json::from_str(&change.fields).map_err(|error| broken(error.to_string()))?;
    let pair = fields
        .get(field)
        .map(|pair| pair.get(1).cloned().ok_or_else(|| broken("no pair".to_owned())));
    pair.transpose()
}
