//! Where an opportunity stands in five words, whatever the stages of its pipeline are called (contract B-56, B-59, X-61).

use super::Opportunity;
use crate::{
    error::{Problem, Result},
    tenant::pipeline::{Pipeline, Stage, StageKind},
};

/// Where an opportunity stands: what its stage means, and of open stages, which talks they are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the words say it")]
pub enum OpportunityStatus {
    Open,
    Proposal,
    Negotiation,
    Won,
    Lost,
}

impl OpportunityStatus {
    /// Every status.
    pub const ALL: [Self; 5] = [Self::Open, Self::Proposal, Self::Negotiation, Self::Won, Self::Lost];

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Proposal => "proposal",
            Self::Negotiation => "negotiation",
            Self::Won => "won",
            Self::Lost => "lost",
        }
    }

    /// Reads the word, whatever its case.
    ///
    /// # Errors
    /// [`Problem::Choice`].
    pub fn parse(word: &str) -> Result<Self, Problem> {
        let wanted = word.trim();
        let found = Self::ALL.into_iter().find(|status| status.as_str().eq_ignore_ascii_case(wanted));
        found.ok_or_else(|| Problem::Choice {
            allowed: Self::ALL.map(|status| status.as_str().to_owned()).to_vec(),
        })
    }

    /// What being in a stage means: an open one is of the talks that its name names (`Proposal Sent`), else simply open.
    pub fn of(stage: &Stage) -> Self {
        match stage.fields.kind {
            StageKind::Won => Self::Won,
            StageKind::Lost => Self::Lost,
            StageKind::Open => {
                let name = stage.fields.name.to_lowercase();
                let named = [Self::Proposal, Self::Negotiation]
                    .into_iter()
                    .find(|status| name.contains(status.as_str()));
                named.unwrap_or(Self::Open)
            }
        }
    }

    /// The pipeline's first stage that means this.
    pub fn stage_in(self, pipeline: &Pipeline) -> Option<&Stage> {
        pipeline.stages.iter().find(|stage| Self::of(stage) == self)
    }
}

impl Opportunity {
    /// Where it stands.
    pub fn status(&self) -> OpportunityStatus {
        OpportunityStatus::of(&self.stage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        field::Text,
        id::{PipelineId, RecordId, StageId},
        stamp::Stamp,
        tenant::pipeline::{DEFAULT_STAGES, PipelineFields, StageFields},
    };

    fn pipeline(stages: &[(&str, StageKind)]) -> Pipeline {
        let stage = |(index, (name, kind)): (usize, &(&str, StageKind))| Stage {
            id: StageId::from_i64(i64::try_from(index).unwrap() + 1),
            fields: StageFields {
                pipeline_id: PipelineId::from_i64(1),
                name: Text::from_store((*name).to_owned()),
                position: i64::try_from(index).unwrap(),
                probability: 50,
                kind: *kind,
            },
            created_at: Stamp::default(),
            created_by: None,
            updated_at: Stamp::default(),
        };
        Pipeline {
            id: PipelineId::from_i64(1),
            fields: PipelineFields {
                name: Text::from_store("Sales".to_owned()),
                is_default: true,
            },
            stages: stages.iter().enumerate().map(stage).collect(),
            created_at: Stamp::default(),
            created_by: None,
            updated_at: Stamp::default(),
        }
    }

    //
    #[test]
    fn the_stages_that_every_tenant_starts_with_have_all_five() {
        let pipeline = pipeline(&DEFAULT_STAGES.map(|(name, _, kind)| (name, kind)));
        let stages = OpportunityStatus::ALL.map(|status| status.stage_in(&pipeline).map(|stage| stage.fields.name.to_string()));
        let expected = ["Prospecting", "Proposal Sent", "Negotiation", "Closed Won", "Closed Lost"];
        assert_eq!(stages, expected.map(|name| Some(name.to_owned())));
        for (stage, status) in pipeline
            .stages
            .iter()
            .zip(["open", "open", "proposal", "negotiation", "won", "lost"])
        {
            assert_eq!(OpportunityStatus::of(stage).as_str(), status);
        }
    }

    #[test]
    fn what_a_pipeline_does_not_know_has_no_stage_there() {
        let pipeline = pipeline(&[("First PROPOSAL", StageKind::Open), ("Lost proposal", StageKind::Lost)]);
        let found = OpportunityStatus::ALL.map(|status| status.stage_in(&pipeline).map(|stage| stage.id.get()));
        assert_eq!(found, [None, Some(1), None, None, Some(2)]);
    }

    #[test]
    fn words_read_back_and_others_are_refused() {
        for status in OpportunityStatus::ALL {
            assert_eq!(OpportunityStatus::parse(&status.as_str().to_uppercase()), Ok(status));
        }
        assert!(matches!(OpportunityStatus::parse("closed"), Err(Problem::Choice { .. })));
    }
}
