//! Stages that rows name and that do not exist: they are imagined until it is known which rows need them. Only the default pipeline gets any.

use std::collections::HashSet;

use super::PIPELINE;
use crate::{
    field::Text,
    id::{RecordId, StageId},
    stamp::Stamp,
    tenant::{
        opportunity::OpportunityContext,
        pipeline::{Pipeline, Stage, StageFields, StageKind},
    },
    usecase::import::{columns::Columns, noun::Row},
};

/// The stages of all pipelines.
pub(super) fn stages_of(context: &OpportunityContext) -> impl Iterator<Item = &Stage> {
    context.pipelines.iter().flat_map(|pipeline| &pipeline.stages)
}

/// The stages that the rows name and that do not exist, in the order of the rows.
pub(super) fn unknown_stages(columns: &Columns, context: &OpportunityContext, rows: &[Row]) -> Vec<Text<100>> {
    let (mut seen, mut unknown) = (HashSet::new(), Vec::new());
    let exists = |name: &str| {
        context
            .default_pipeline()
            .is_some_and(|pipeline| pipeline.stage_named(name).is_some())
    };
    for row in rows {
        let Some(name) = columns.text(&row.cells, "stage") else {
            continue;
        };
        // Only the default pipeline gets stages that it lacks.
        let is_elsewhere = |default: &Pipeline| {
            let named = columns.text(&row.cells, PIPELINE);
            named.is_some_and(|name| name.to_lowercase() != default.fields.name.to_lowercase())
        };
        if context.default_pipeline().is_some_and(is_elsewhere) {
            continue;
        }
        // A name that is no valid one fails its row, when that is parsed.
        if seen.insert(name.to_lowercase())
            && !exists(name)
            && let Ok(name) = Text::parse(name)
        {
            unknown.push(name);
        }
    }
    unknown
}

/// The context as it would be with the stages that it lacks: their ids, below zero, are those of no stage.
pub(super) fn imagined(mut context: OpportunityContext, names: impl IntoIterator<Item = Text<100>>) -> OpportunityContext {
    let default = context.pipelines.iter_mut().max_by_key(|pipeline| pipeline.fields.is_default);
    if let Some(pipeline) = default {
        for name in names {
            if pipeline.stage_named(&name).is_none() {
                pipeline.stages.push(imagined_stage(pipeline, name));
            }
        }
    }
    context
}

fn imagined_stage(pipeline: &Pipeline, name: Text<100>) -> Stage {
    let count = i64::try_from(pipeline.stages.len()).unwrap_or(i64::MAX - 1);
    Stage {
        id: StageId::from_i64(-1 - count),
        fields: StageFields {
            pipeline_id: pipeline.id,
            name,
            position: count,
            probability: 0,
            kind: StageKind::Open,
        },
        created_at: Stamp::default(),
        created_by: None,
        updated_at: Stamp::default(),
    }
}
