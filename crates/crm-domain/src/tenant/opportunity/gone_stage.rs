//! What becomes of opportunities whose stage goes.

use super::{Opportunity, OpportunityFields, changed, context};
use crate::{
    error::{Error, Result},
    id::RecordId,
    tenant::{UnitOfWork, pipeline::Stage},
};

/// Puts every opportunity of a stage into another one of its kind, with that one's probability: their stage goes.
pub(crate) fn move_all(unit: &mut dyn UnitOfWork, from: &Stage, to: &Stage) -> Result<()> {
    /// Opportunities read at once.
    const BATCH: u32 = 1_000;
    let mut last = 0;
    loop {
        let batch = unit.opportunities().list_in(from.id, last, BATCH)?;
        let Some(end) = batch.last() else { break };
        last = end.id.get();
        for before in &batch {
            let fields = OpportunityFields {
                stage_id: to.id,
                probability: to.fields.probability,
                ..before.fields.clone()
            };
            let after = Opportunity {
                fields,
                stage: to.clone(),
                ..before.clone()
            };
            if let Some(change) = changed(before, &after)? {
                unit.record(change);
            }
        }
    }
    unit.opportunities().move_all(from.id, to)
}

/// Puts a restored opportunity whose stage was deleted meanwhile into the first one of that kind: in its pipeline, or in the default one
/// where that is deleted too. The change that tells of the restoring tells the stage.
pub(super) fn leave_deleted_stage(unit: &mut dyn UnitOfWork, opportunity: &Opportunity) -> Result<()> {
    let context = context(unit, opportunity.fields.owner_id)?;
    if context.stage(opportunity.fields.stage_id).is_some() {
        return Ok(());
    }
    let deleted = &opportunity.stage.fields;
    let own = context.pipelines.iter().find(|pipeline| pipeline.id == deleted.pipeline_id);
    let pipeline = own.or(context.default_pipeline());
    let stage = pipeline.and_then(|pipeline| pipeline.first_of(deleted.kind)).cloned();
    let stage = stage.ok_or_else(|| Error::Internal(format!("no pipeline has a {} stage", deleted.kind.as_str())))?;
    let fields = OpportunityFields {
        stage_id: stage.id,
        probability: stage.fields.probability,
        ..opportunity.fields.clone()
    };
    let after = Opportunity {
        fields,
        stage,
        updated_at: unit.stamp(),
        ..opportunity.clone()
    };
    unit.opportunities().update(opportunity, &after)
}
