//! Stages, and what changes them.

use serde::Serialize;

use super::{Pipeline, STAGES_MAX, StageDraft, lookup};
use crate::{
    error::{Error, Problem, Result},
    field::{Check, Text},
    id::{PipelineId, RecordId, StageId, UserId},
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        change::{Entity, EntityKind, NewChange},
        opportunity,
    },
};

/// What reaching a stage means for the opportunity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the words say it")]
pub enum StageKind {
    Open,
    Won,
    Lost,
}

impl StageKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Open, Self::Won, Self::Lost];
    /// Their words.
    pub const WORDS: [&'static str; 3] = ["open", "won", "lost"];

    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Won => "won",
            Self::Lost => "lost",
        }
    }

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// What people enter about a stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StageFields {
    /// The pipeline it belongs to.
    pub pipeline_id: PipelineId,
    /// Unique among the pipeline's live stages, whatever its case.
    pub name: Text<100>,
    /// Place in the pipeline, ascending.
    pub position: i64,
    /// Per cent, 0 to 100: what an opportunity's probability becomes when it enters the stage.
    pub probability: i64,
    /// Open, won or lost.
    pub kind: StageKind,
}

/// A stage of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// Per-tenant id.
    pub id: StageId,
    /// What people entered.
    pub fields: StageFields,
    /// Stamp of the unit that created it.
    pub created_at: Stamp,
    /// The user who created it; `None` for the stages that a tenant starts with, and those of imports.
    pub created_by: Option<UserId>,
    /// Stamp of the last unit that changed it.
    pub updated_at: Stamp,
}

impl Entity for Stage {
    const KIND: EntityKind = EntityKind::Stage;
    type Fields = StageFields;
    fn id(&self) -> i64 {
        self.id.get()
    }
    fn fields(&self) -> &StageFields {
        &self.fields
    }
}

/// The stages of a new pipeline: name, probability, kind. `Closed Won` and `Closed Lost` are spelled as contract A-115 needs them.
pub const DEFAULT_STAGES: [(&str, i64, StageKind); 6] = [
    ("Prospecting", 10, StageKind::Open),
    ("Qualification", 25, StageKind::Open),
    ("Proposal Sent", 50, StageKind::Open),
    ("Negotiation", 75, StageKind::Open),
    ("Closed Won", 100, StageKind::Won),
    ("Closed Lost", 0, StageKind::Lost),
];

/// Adds a stage to a pipeline: an open one before the closing stages, a closing one at the end.
///
/// # Errors
/// [`Error::NotFound`] for the pipeline, [`Error::Invalid`] for invalid fields, [`Error::Duplicate`] for a taken name.
pub fn add_stage(unit: &mut dyn UnitOfWork, pipeline: PipelineId, draft: StageDraft, mut check: Check) -> Result<Stage> {
    let pipeline = lookup(unit.pipelines(), pipeline)?;
    let parsed = draft.merge(None, &mut check);
    if pipeline.stages.len() >= STAGES_MAX {
        check.fail(
            "pipeline_id",
            Problem::Rule(format!("has {STAGES_MAX} stages, and no room for more")),
        );
    }
    check.finish()?;
    insert(unit, &pipeline, parsed.fields(pipeline.id, 0))
}

/// Adds an open stage to a pipeline, before its closing stages; it is as probable as the one before it.
pub fn add_open_stage(unit: &mut dyn UnitOfWork, pipeline: &Pipeline, name: Text<100>) -> Result<Stage> {
    let last = pipeline.stages.iter().rfind(|stage| stage.fields.kind == StageKind::Open);
    let fields = StageFields {
        pipeline_id: pipeline.id,
        name,
        position: 0,
        probability: last.map_or(10, |last| last.fields.probability),
        kind: StageKind::Open,
    };
    insert(unit, pipeline, fields)
}

fn insert(unit: &mut dyn UnitOfWork, pipeline: &Pipeline, fields: StageFields) -> Result<Stage> {
    let is_open = |stage: &Stage| stage.fields.kind == StageKind::Open;
    let behind_open = pipeline.stages.iter().rposition(is_open).map_or(0, |last| last + 1);
    let place = if fields.kind == StageKind::Open {
        behind_open
    } else {
        pipeline.stages.len()
    };
    let (before, after) = pipeline.stages.split_at(place);
    number(unit, before.iter(), 1)?;
    let position = position(place);
    number(unit, after.iter(), position + 1)?;
    let stage = unit.pipelines().add_stage(StageFields { position, ..fields })?;
    unit.record(NewChange::created(&stage)?);
    Ok(stage)
}

/// Changes a stage. An update that changes nothing leaves no change and no new stamp.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Invalid`], [`Error::Duplicate`] for a taken name; [`Error::State`] for another kind while opportunities
/// are in the stage, or while it is the pipeline's last of its kind.
pub fn update_stage(unit: &mut dyn UnitOfWork, pipeline: PipelineId, id: StageId, draft: StageDraft, mut check: Check) -> Result<Stage> {
    let pipeline = lookup(unit.pipelines(), pipeline)?;
    let before = stage_of(&pipeline, id)?;
    let parsed = draft.merge(Some(&before.fields), &mut check);
    check.finish()?;
    if parsed.kind != before.fields.kind {
        check_not_last(&pipeline, before, "changed to another kind")?;
        check_empty(unit, StageId::NOUN, id, &[id], "changed to another kind")?;
    }
    let fields = parsed.fields(pipeline.id, before.fields.position);
    if fields.name != before.fields.name {
        // Whoever polls for changed opportunities sees its name in them (contract ).
        unit.opportunities().touch_in(id)?;
    }
    revise(unit, before, fields)
}

/// Puts the stages of a pipeline in this order.
///
/// # Errors
/// [`Error::NotFound`] for the pipeline, [`Error::Invalid`] unless each of its stages is named once.
pub fn order_stages(unit: &mut dyn UnitOfWork, pipeline: PipelineId, order: &[StageId]) -> Result<Pipeline> {
    let before = lookup(unit.pipelines(), pipeline)?;
    let stages: Vec<&Stage> = order
        .iter()
        .filter_map(|id| before.stages.iter().find(|stage| stage.id == *id))
        .collect();
    let mut named = order.to_vec();
    named.sort_unstable();
    named.dedup();
    if stages.len() != order.len() || named.len() != before.stages.len() || named.len() != order.len() {
        let rule = "must name each stage of the pipeline once";
        return Err(Error::invalid("stage_ids", Problem::Rule(rule.to_owned())));
    }
    number(unit, stages.into_iter(), 1)?;
    lookup(unit.pipelines(), pipeline)
}

/// Deletes a stage; the opportunities in it go to `move_to`, a stage of the same kind in any pipeline.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Invalid`] for another `move_to`; [`Error::State`] for the pipeline's last stage of its kind, and while
/// opportunities are in it that have nowhere to go.
pub fn remove_stage(unit: &mut dyn UnitOfWork, pipeline: PipelineId, id: StageId, move_to: Option<StageId>) -> Result<()> {
    let pipelines = unit.pipelines().all()?;
    let found = pipelines.iter().find(|known| known.id == pipeline);
    let pipeline = found.ok_or_else(|| Error::not_found(PipelineId::NOUN, pipeline))?;
    let stage = stage_of(pipeline, id)?;
    check_not_last(pipeline, stage, "deleted")?;
    match move_to {
        Some(target) => {
            let mut stages = pipelines.iter().flat_map(|pipeline| &pipeline.stages);
            let target = stages.find(|other| other.id == target && other.id != id && other.fields.kind == stage.fields.kind);
            let rule = || Problem::Rule(format!("must name another {} stage", stage.fields.kind.as_str()));
            let target = target.ok_or_else(|| Error::invalid("move_to", rule()))?;
            opportunity::move_all(unit, stage, target)?;
        }
        None => check_empty(unit, StageId::NOUN, id, &[id], "deleted")?,
    }
    unit.pipelines().remove_stage(id)?;
    unit.record(NewChange::deleted(stage)?);
    number(unit, pipeline.stages.iter().filter(|other| other.id != id), 1)
}

/// # Errors
/// [`Error::State`] while opportunities are in one of these stages.
pub(super) fn check_empty<Id: std::fmt::Display>(
    unit: &mut dyn UnitOfWork,
    noun: &'static str,
    id: Id,
    stages: &[StageId],
    action: &'static str,
) -> Result<()> {
    match unit.opportunities().count_in(stages)? {
        0 => Ok(()),
        1 => Err(Error::state(noun, id, "used by 1 deal", action)),
        count => Err(Error::state(noun, id, format!("used by {count} deals"), action)),
    }
}

fn check_not_last(pipeline: &Pipeline, stage: &Stage, action: &'static str) -> Result<()> {
    let kind = stage.fields.kind;
    let count = pipeline.stages.iter().filter(|other| other.fields.kind == kind).count();
    if count > 1 {
        return Ok(());
    }
    let state = format!("the pipeline's last {} stage", kind.as_str());
    Err(Error::state(StageId::NOUN, stage.id, state, action))
}

fn stage_of(pipeline: &Pipeline, id: StageId) -> Result<&Stage> {
    let found = pipeline.stages.iter().find(|stage| stage.id == id);
    found.ok_or_else(|| Error::not_found(StageId::NOUN, id))
}

/// Gives stages ascending positions from `first`; those that have theirs stay as they are.
fn number<'a>(unit: &mut dyn UnitOfWork, stages: impl Iterator<Item = &'a Stage>, first: i64) -> Result<()> {
    for (position, stage) in (first..).zip(stages) {
        let fields = StageFields {
            position,
            ..stage.fields.clone()
        };
        revise(unit, stage, fields)?;
    }
    Ok(())
}

/// The position of the stage with this index.
fn position(index: usize) -> i64 {
    i64::try_from(index).map_or(i64::MAX, |index| index + 1)
}

fn revise(unit: &mut dyn UnitOfWork, before: &Stage, fields: StageFields) -> Result<Stage> {
    let after = Stage {
        fields,
        updated_at: unit.stamp(),
        ..before.clone()
    };
    let Some(change) = NewChange::updated(before, &after)? else {
        return Ok(before.clone());
    };
    unit.pipelines().update_stage(&after)?;
    unit.record(change);
    Ok(after)
}
