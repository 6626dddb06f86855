//! The shapes of pipelines and stages.

use crm_domain::{
    field::{Check, Patch},
    id::{StageId, TenantId},
    tenant::pipeline::{self, PipelineDraft, StageDraft},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    families::saas::{
        deal::DealStatus,
        id::{PIPELINE, STAGE, TENANT, USER, in_body, show},
        schema::changes_schema,
    },
    shared::json_body::{Decimal, Given, Objects},
};

/// A pipeline as it is sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::PipelineRequest)]
pub(crate) struct PipelineRequest {
    /// Required to create; unique among the tenant's pipelines, whatever its case.
    #[schema(value_type = String, example = "Renewals")]
    name: Given<String>,
    /// True makes it the one that new deals enter, instead of the one that was.
    #[schema(value_type = Option<bool>)]
    is_default: Given<bool>,
    /// To create only, in order: one open, one won and one lost stage at least. Those that every tenant starts with, when left out.
    #[schema(value_type = Option<Vec<StageRequest>>)]
    stages: Given<Objects<StageRequest>>,
}

/// A stage as it is sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::StageRequest)]
pub(crate) struct StageRequest {
    /// Required to create; unique in the pipeline, whatever its case.
    #[schema(value_type = String, example = "Demo")]
    name: Given<String>,
    /// Per cent; left out, 10 for an open stage, 100 for a won and 0 for a lost one.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 100)]
    probability: Given<Decimal>,
    /// `open`, `won` or `lost`; open when left out.
    #[schema(value_type = Option<String>, example = "open")]
    kind: Given<String>,
}

/// The order of a pipeline's stages.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::StageOrder)]
pub(crate) struct StageOrder {
    /// Each of the pipeline's stages once.
    #[schema(value_type = Vec<String>, example = json!(["stage_2", "stage_1", "stage_3"]))]
    stage_ids: Given<Vec<String>>,
}

impl PipelineRequest {
    pub(super) fn draft(self, check: &mut Check) -> PipelineDraft {
        let stages = match self.stages.patch::<Vec<StageRequest>>("stages", check) {
            Patch::Keep => Patch::Keep,
            Patch::Clear => Patch::Clear,
            Patch::Set(stages) => Patch::Set(stages.into_iter().map(StageRequest::draft).collect()),
        };
        PipelineDraft {
            name: self.name.patch("name", check),
            is_default: self.is_default.patch("is_default", check),
            stages,
        }
    }
}

impl StageRequest {
    pub(super) fn draft(self) -> (StageDraft, Check) {
        let mut check = Check::new();
        let draft = StageDraft {
            name: self.name.patch("name", &mut check),
            probability: self.probability.patch("probability", &mut check),
            kind: self.kind.patch("kind", &mut check),
        };
        (draft, check)
    }
}

impl StageOrder {
    /// The stages in order; what names none is noted.
    pub(super) fn parse(self, check: &mut Check) -> Vec<StageId> {
        let Patch::Set(texts) = self.stage_ids.patch::<Vec<String>>("stage_ids", check) else {
            return Vec::new();
        };
        let read = |text| match in_body(Given::Value(text), STAGE, "stage_ids", check) {
            Patch::Set(id) => Some(id),
            Patch::Keep | Patch::Clear => None,
        };
        texts.into_iter().filter_map(read).collect()
    }
}

changes_schema! {
    /// Documents a body that changes a pipeline.
    PipelineChanges = "saas.PipelineChanges" of PipelineRequest
}

changes_schema! {
    /// Documents a body that changes a stage.
    StageChanges = "saas.StageChanges" of StageRequest
}

/// A pipeline.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::Pipeline)]
pub(crate) struct Pipeline {
    #[schema(example = "pipeline_1")]
    id: String,
    #[schema(example = "Sales")]
    name: String,
    /// Whether deals enter it when no stage is named.
    is_default: bool,
    /// In order.
    stages: Vec<Stage>,
    #[schema(example = "2026-01-17T10:30:00Z")]
    created_at: String,
    #[schema(example = "2026-01-17T10:30:00Z")]
    updated_at: String,
    /// Null for the pipeline that every tenant starts with.
    #[schema(example = "user_456")]
    created_by: Option<String>,
    #[schema(example = "tenant_789")]
    tenant_id: String,
}

/// A stage of a pipeline.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::Stage)]
pub(crate) struct Stage {
    #[schema(example = "stage_1")]
    id: String,
    #[schema(example = "pipeline_1")]
    pipeline_id: String,
    #[schema(example = "Prospecting")]
    name: String,
    /// 1 for the pipeline's first stage.
    position: i64,
    /// Per cent: what a deal's probability becomes when it enters the stage.
    #[schema(minimum = 0, maximum = 100)]
    probability: i64,
    /// What a deal is in this stage.
    kind: DealStatus,
    #[schema(example = "2026-01-17T10:30:00Z")]
    created_at: String,
    #[schema(example = "2026-01-17T10:30:00Z")]
    updated_at: String,
    /// Null for the stages that every tenant starts with, and those of imports.
    #[schema(example = "user_456")]
    created_by: Option<String>,
    #[schema(example = "tenant_789")]
    tenant_id: String,
}

impl Pipeline {
    pub(super) fn of(pipeline: pipeline::Pipeline, tenant: TenantId) -> Self {
        Self {
            id: show(PIPELINE, pipeline.id),
            name: pipeline.fields.name.into_inner(),
            is_default: pipeline.fields.is_default,
            stages: pipeline.stages.into_iter().map(|stage| Stage::of(stage, tenant)).collect(),
            created_at: pipeline.created_at.to_second_precision(),
            updated_at: pipeline.updated_at.to_second_precision(),
            created_by: pipeline.created_by.map(|id| show(USER, id)),
            tenant_id: show(TENANT, tenant),
        }
    }
}

impl Stage {
    pub(super) fn of(stage: pipeline::Stage, tenant: TenantId) -> Self {
        Self {
            id: show(STAGE, stage.id),
            pipeline_id: show(PIPELINE, stage.fields.pipeline_id),
            name: stage.fields.name.into_inner(),
            position: stage.fields.position,
            probability: stage.fields.probability,
            kind: stage.fields.kind.into(),
            created_at: stage.created_at.to_second_precision(),
            updated_at: stage.updated_at.to_second_precision(),
            created_by: stage.created_by.map(|id| show(USER, id)),
            tenant_id: show(TENANT, tenant),
        }
    }
}
