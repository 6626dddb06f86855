//! Pipelines and their stages: the way an opportunity goes. Family A shows a stage's name, family C the pipeline's board.

use serde::Serialize;

use crate::{
    error::{Error, Result},
    field::Text,
    id::{PipelineId, RecordId, StageId},
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        change::{Entity, EntityKind, NewChange},
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
        [Self::Open, Self::Won, Self::Lost].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A pipeline. Each tenant starts with one, which cannot be left without stages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// Per-tenant id.
    pub id: PipelineId,
    /// Its name.
    pub name: String,
    /// Whether opportunities enter it when none is named.
    pub is_default: bool,
    /// Its stages in order.
    pub stages: Vec<Stage>,
}

/// What people enter about a stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StageFields {
    /// The pipeline it belongs to.
    pub pipeline_id: PipelineId,
    /// Unique within the pipeline, whatever its case.
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
            self.stages.iter().find(|stage| stage.fields.kind == kind)
        })
    }

    /// Where an opportunity starts: the first open stage.
    pub fn first_stage(&self) -> Option<&Stage> {
        self.stages
            .iter()
            .find(|stage| stage.fields.kind == StageKind::Open)
            .or(self.stages.first())
    }
}

/// The stages of a new tenant's default pipeline: name, probability, kind. `Closed Won` and `Closed Lost` are spelled as contract A-115 needs them.
pub const DEFAULT_STAGES: [(&str, i64, StageKind); 6] = [
    ("Prospecting", 10, StageKind::Open),
    ("Qualification", 25, StageKind::Open),
    ("Proposal Sent", 50, StageKind::Open),
    ("Negotiation", 75, StageKind::Open),
    ("Closed Won", 100, StageKind::Won),
    ("Closed Lost", 0, StageKind::Lost),
];

/// Reads pipelines.
pub trait PipelineReads {
    /// Every pipeline with its stages, in order; the default one first.
    fn list(&mut self) -> Result<Vec<Pipeline>>;
    /// The stage with this id.
    fn lookup_stage(&mut self, id: StageId) -> Result<Option<Stage>>;
}

/// Writes pipelines.
pub trait PipelineRepository: PipelineReads {
    /// Keeps a new stage.
    fn add_stage(&mut self, fields: StageFields) -> Result<Stage>;
    /// Keeps a stage's new fields and `updated_at`.
    fn update_stage(&mut self, stage: &Stage) -> Result<()>;
}

/// The default pipeline.
///
/// # Errors
/// [`Error::Internal`] when the tenant has none, which its migrations rule out.
pub fn default_pipeline(pipelines: &mut (impl PipelineReads + ?Sized)) -> Result<Pipeline> {
    let all = pipelines.list()?;
    all.into_iter()
        .find(|pipeline| pipeline.is_default)
        .ok_or_else(|| Error::Internal("no default pipeline".to_owned()))
}

/// Adds an open stage to a pipeline, before its closing stages.
pub fn add_open_stage(unit: &mut dyn UnitOfWork, pipeline: &Pipeline, name: Text<100>) -> Result<Stage> {
    let mut open: Vec<&Stage> = pipeline
        .stages
        .iter()
        .filter(|stage| stage.fields.kind == StageKind::Open)
        .collect();
    open.sort_by_key(|stage| stage.fields.position);
    let (position, probability) = open
        .last()
        .map_or((0, 10), |last| (last.fields.position + 1, last.fields.probability));
    for closing in pipeline.stages.iter().filter(|stage| stage.fields.position >= position) {
        let fields = StageFields {
            position: closing.fields.position + 1,
            ..closing.fields.clone()
        };
        let moved = Stage {
            fields,
            updated_at: unit.stamp(),
            ..closing.clone()
        };
        unit.pipelines().update_stage(&moved)?;
        if let Some(change) = NewChange::updated(closing, &moved)? {
            unit.record(change);
        }
    }
    let fields = StageFields {
        pipeline_id: pipeline.id,
        name,
        position,
        probability,
        kind: StageKind::Open,
    };
    let stage = unit.pipelines().add_stage(fields)?;
    unit.record(NewChange::created(&stage)?);
    Ok(stage)
}
