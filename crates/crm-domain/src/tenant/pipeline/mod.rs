//! Pipelines and their stages: the way an opportunity goes. Family A shows a stage's name, family C the pipeline's board.

mod draft;
mod port;
mod stage;

use serde::Serialize;

use crate::{
    error::{Error, Result},
    field::{Check, Text},
    id::{PipelineId, RecordId, UserId},
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        change::{Entity, EntityKind, NewChange},
    },
};

pub use draft::{PipelineDraft, STAGES_MAX, StageDraft};
pub use port::{PipelineField, PipelineFilter, PipelineReads, PipelineRepository, StageField, StageFilter};
pub use stage::{DEFAULT_STAGES, Stage, StageFields, StageKind, add_open_stage, add_stage, order_stages, remove_stage, update_stage};

/// What people enter about a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PipelineFields {
    /// Unique among live pipelines, whatever its case.
    pub name: Text<100>,
    /// Whether opportunities enter it when none is named: true of exactly one.
    pub is_default: bool,
}

/// A pipeline. Each tenant starts with one; each has an open, a won and a lost stage at least.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// Per-tenant id.
    pub id: PipelineId,
    /// What people entered.
    pub fields: PipelineFields,
    /// Its live stages in order.
    pub stages: Vec<Stage>,
    /// Stamp of the unit that created it.
    pub created_at: Stamp,
    /// The user who created it; `None` for the one that a tenant starts with.
    pub created_by: Option<UserId>,
    /// Stamp of the last unit that changed it; its stages have their own.
    pub updated_at: Stamp,
}

impl Entity for Pipeline {
    const KIND: EntityKind = EntityKind::Pipeline;
    type Fields = PipelineFields;
    fn id(&self) -> i64 {
        self.id.get()
    }
    fn fields(&self) -> &PipelineFields {
        &self.fields
    }
}

impl Pipeline {
    /// The stage with this name, whatever its case; `won`, `lost` and `closed won`-like words find the closing stages.
    pub fn stage_named(&self, name: &str) -> Option<&Stage> {
        let wanted = name.trim().to_lowercase();
        let by_name = self.stages.iter().find(|stage| stage.fields.name.to_lowercase() == wanted);
        by_name.or_else(|| {
            let kind = match wanted.as_str() {
                "won" | "closed won" | "closed-won" | "closedwon" => StageKind::Won,
                "lost" | "closed lost" | "closed-lost" | "closedlost" => StageKind::Lost,
                _ => return None,
            };
            self.first_of(kind)
        })
    }

    /// Where an opportunity starts: the first open stage.
    pub fn first_stage(&self) -> Option<&Stage> {
        self.first_of(StageKind::Open).or(self.stages.first())
    }

    /// The first stage of this kind.
    pub fn first_of(&self, kind: StageKind) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.fields.kind == kind)
    }
}

/// The default pipeline.
///
/// # Errors
/// [`Error::Internal`] when the tenant has none, which its migrations rule out.
pub fn default_pipeline(pipelines: &mut (impl PipelineReads + ?Sized)) -> Result<Pipeline> {
    let all = pipelines.all()?;
    all.into_iter()
        .find(|pipeline| pipeline.fields.is_default)
        .ok_or_else(|| Error::Internal("no default pipeline".to_owned()))
}

/// The live pipeline with this id and its stages.
///
/// # Errors
/// [`Error::NotFound`].
pub fn lookup(pipelines: &mut (impl PipelineReads + ?Sized), id: PipelineId) -> Result<Pipeline> {
    let all = pipelines.all()?;
    all.into_iter()
        .find(|pipeline| pipeline.id == id)
        .ok_or_else(|| Error::not_found(PipelineId::NOUN, id))
}

/// Creates a pipeline with its stages; those of [`DEFAULT_STAGES`] when the draft names none.
///
/// # Errors
/// [`Error::Invalid`] for invalid fields, [`Error::Duplicate`] for a taken name.
pub fn create(unit: &mut dyn UnitOfWork, draft: PipelineDraft, check: Check) -> Result<Pipeline> {
    let (fields, stages) = draft.parse(check)?;
    if fields.is_default {
        end_default(unit)?;
    }
    let mut pipeline = unit.pipelines().add(fields)?;
    unit.record(NewChange::created(&pipeline)?);
    for (position, stage) in (1..).zip(stages) {
        let stage = unit.pipelines().add_stage(stage.fields(pipeline.id, position))?;
        unit.record(NewChange::created(&stage)?);
        pipeline.stages.push(stage);
    }
    Ok(pipeline)
}

/// Renames a pipeline or makes it the default one. An update that changes nothing leaves no change and no new stamp.
///
/// # Errors
/// [`Error::NotFound`], and those of [`create`]; the default pipeline stays it until another one becomes it.
pub fn update(unit: &mut dyn UnitOfWork, id: PipelineId, draft: PipelineDraft, check: Check) -> Result<Pipeline> {
    let before = lookup(unit.pipelines(), id)?;
    let fields = before.fields.updated(draft, check)?;
    if fields.is_default && !before.fields.is_default {
        end_default(unit)?;
    }
    revise(unit, before, fields)
}

/// Deletes a pipeline and its stages.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::State`] for the default pipeline, which every tenant has, and while opportunities are in it.
pub fn remove(unit: &mut dyn UnitOfWork, id: PipelineId) -> Result<()> {
    let pipeline = lookup(unit.pipelines(), id)?;
    if pipeline.fields.is_default {
        return Err(Error::state(PipelineId::NOUN, id, "the default one", "deleted"));
    }
    let stages: Vec<_> = pipeline.stages.iter().map(|stage| stage.id).collect();
    stage::check_empty(unit, PipelineId::NOUN, id, &stages, "deleted")?;
    for stage in &pipeline.stages {
        unit.pipelines().remove_stage(stage.id)?;
        unit.record(NewChange::deleted(stage)?);
    }
    unit.pipelines().remove(id)?;
    unit.record(NewChange::deleted(&pipeline)?);
    Ok(())
}

/// The default pipeline is one no longer: another becomes it in the same unit.
fn end_default(unit: &mut dyn UnitOfWork) -> Result<()> {
    let before = default_pipeline(unit.pipelines())?;
    let fields = PipelineFields {
        is_default: false,
        ..before.fields.clone()
    };
    revise(unit, before, fields).map(drop)
}

fn revise(unit: &mut dyn UnitOfWork, before: Pipeline, fields: PipelineFields) -> Result<Pipeline> {
    let after = Pipeline {
        fields,
        updated_at: unit.stamp(),
        ..before.clone()
    };
    let Some(change) = NewChange::updated(&before, &after)? else {
        return Ok(before);
    };
    unit.pipelines().update(&after)?;
    unit.record(change);
    Ok(after)
}
