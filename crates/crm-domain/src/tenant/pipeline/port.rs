//! Reading and keeping pipelines.

use super::{Pipeline, PipelineFields, Stage, StageFields, StageKind};
use crate::{
    error::Result,
    fields,
    id::{PipelineId, StageId},
    page::{Page, Sort, Window},
    query::Filter,
};

fields! {
    /// The fields of pipelines that lists know; by creation unless asked otherwise (contract X-106).
    pub enum PipelineField of pipeline: Pipeline {
        CreatedAt: Spec::stamp("created_at").filterable().in_id_order() => pipeline.created_at;
        Id: Spec::id("id").filterable().in_id_order() => pipeline.id;
        UpdatedAt: Spec::stamp("updated_at").filterable() => pipeline.updated_at;
        Name: Spec::key("name").filterable() => &pipeline.fields.name;
        IsDefault: Spec::boolean("is_default").filterable() => pipeline.fields.is_default;
        CreatedBy: Spec::id("created_by").nullable() => pipeline.created_by;
    }
}

fields! {
    /// The fields of stages that lists know; in the pipeline's order unless asked otherwise (contract X-106).
    pub enum StageField of stage: Stage {
        Position: Spec::integer("position").filterable() => stage.fields.position;
        CreatedAt: Spec::stamp("created_at").filterable().in_id_order() => stage.created_at;
        Id: Spec::id("id").filterable().in_id_order() => stage.id;
        UpdatedAt: Spec::stamp("updated_at").filterable() => stage.updated_at;
        PipelineId: Spec::id("pipeline_id").filterable() => stage.fields.pipeline_id;
        Name: Spec::key("name").filterable() => &stage.fields.name;
        Probability: Spec::integer("probability").filterable() => stage.fields.probability;
        Kind: Spec::choice("kind", &StageKind::WORDS).filterable() => stage.fields.kind.as_str();
        CreatedBy: Spec::id("created_by").nullable() => stage.created_by;
    }
}

/// Which pipelines a list shows.
pub type PipelineFilter = Filter<PipelineField>;
/// Which stages a list shows.
pub type StageFilter = Filter<StageField>;

/// Reads pipelines. A tenant has few: what works with them reads them together.
pub trait PipelineReads {
    /// Every live pipeline with its live stages, in order; the default one first.
    fn all(&mut self) -> Result<Vec<Pipeline>>;
    /// A page of the pipelines that match, with their live stages.
    fn list(&mut self, filter: &PipelineFilter, sort: Sort<PipelineField>, window: &Window) -> Result<Page<Pipeline>>;
    /// A page of the stages that match.
    fn list_stages(&mut self, filter: &StageFilter, sort: Sort<StageField>, window: &Window) -> Result<Page<Stage>>;
    /// The stages with these ids, in any order; also deleted ones, whose names a history still shows.
    fn lookup_stages(&mut self, ids: &[StageId]) -> Result<Vec<Stage>>;
}

/// Writes pipelines. Callers outside this crate use the functions beside it, which also record the change.
pub trait PipelineRepository: PipelineReads {
    /// Keeps a new pipeline, which has no stages yet.
    fn add(&mut self, fields: PipelineFields) -> Result<Pipeline>;
    /// Keeps a pipeline's new fields and `updated_at`.
    fn update(&mut self, pipeline: &Pipeline) -> Result<()>;
    /// Marks a pipeline deleted at this unit's stamp.
    fn remove(&mut self, id: PipelineId) -> Result<()>;
    /// Keeps a new stage.
    fn add_stage(&mut self, fields: StageFields) -> Result<Stage>;
    /// Keeps a stage's new fields and `updated_at`.
    fn update_stage(&mut self, stage: &Stage) -> Result<()>;
    /// Marks a stage deleted at this unit's stamp.
    fn remove_stage(&mut self, id: StageId) -> Result<()>;
}
