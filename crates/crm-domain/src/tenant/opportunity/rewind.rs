//! Opportunities as they were: in the stage of that time, by the name that it had.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Opportunity, OpportunityFields, STAGE, STATUS};
use crate::{
    error::{Error, Result},
    field::Text,
    id::{OpportunityId, StageId},
    tenant::{
        TenantReader,
        pipeline::{Stage, StageKind},
        rewind::{Moment, rewind},
    },
};

rewind!(Opportunity, OpportunityId, opportunities, {
    fn put(&mut self, fields: OpportunityFields) {
        self.fields = fields;
    }

    fn complete(reader: &mut dyn TenantReader, states: &mut [(&mut Self, Moment<'_>)]) -> Result<()> {
        let others: BTreeSet<StageId> = states
            .iter()
            .filter(|(state, _)| state.fields.stage_id != state.stage.id)
            .map(|(state, _)| state.fields.stage_id)
            .collect();
        let others = if others.is_empty() {
            Vec::new()
        } else {
            reader.pipelines().lookup_stages(&Vec::from_iter(others))?
        };
        for (state, moment) in states {
            if state.fields.stage_id != state.stage.id {
                state.stage = stage_in(&others, state.fields.stage_id)?;
            }
            name(&mut state.stage, moment);
        }
        Ok(())
    }
});

fn stage_in(stages: &[Stage], id: StageId) -> Result<Stage> {
    let found = stages.iter().find(|stage| stage.id == id).cloned();
    found.ok_or_else(|| Error::Internal(format!("stage {id}, in which a deal was, is missing")))
}

/// Calls a stage what it was called, where changes of the record tell: it may have been renamed since.
fn name(stage: &mut Stage, moment: &Moment<'_>) {
    let told = |name: &str| moment.became(name).or_else(|| moment.rewinding.field(name).cloned());
    if let Some(Value::String(name)) = told(STAGE) {
        stage.fields.name = Text::from_store(name);
    }
    if let Some(kind) = told(STATUS).as_ref().and_then(Value::as_str).and_then(StageKind::parse) {
        stage.fields.kind = kind;
    }
}
