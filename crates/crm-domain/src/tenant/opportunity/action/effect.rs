//! What each action does to an opportunity, without a store.

use time::Date;

use crate::{
    error::{Error, Result},
    field::Text,
    id::{OpportunityId, RecordId},
    money::Money,
    tenant::{
        opportunity::{Opportunity, OpportunityFields},
        pipeline::{Stage, StageKind},
    },
};

/// An action, before its particulars are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Move,
    Win,
    Lose,
    Reopen,
}

impl Verb {
    /// What is done to the opportunity, as it follows `cannot be`.
    fn participle(self) -> &'static str {
        match self {
            Self::Move => "moved",
            Self::Win => "won",
            Self::Lose => "lost",
            Self::Reopen => "reopened",
        }
    }

    fn fits(self, state: StageKind) -> bool {
        match self {
            Self::Move | Self::Win | Self::Lose => state == StageKind::Open,
            Self::Reopen => state != StageKind::Open,
        }
    }
}

/// An action that was parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    Move {
        stage: Stage,
        probability: Option<i64>,
        today: Date,
    },
    Win {
        stage: Stage,
        closed_on: Date,
        amount: Option<Money>,
    },
    Lose {
        stage: Stage,
        closed_on: Date,
        reason: Text<1_000>,
    },
    Reopen {
        stage: Stage,
    },
}

impl Opportunity {
    /// # Errors
    /// [`Error::State`] when the opportunity is open or closed, and the action is for the others.
    pub(super) fn allows(&self, verb: Verb) -> Result<()> {
        let state = self.stage.fields.kind;
        if verb.fits(state) {
            return Ok(());
        }
        Err(Error::state(OpportunityId::NOUN, self.id, state.as_str(), verb.participle()))
    }

    /// The fields that an action leaves, and their stage.
    pub(super) fn after(&self, action: Action) -> (OpportunityFields, Stage) {
        let fields = self.fields.clone();
        let (stage, fields) = match action {
            Action::Move { stage, probability, today } => {
                let entered = stage.id != fields.stage_id;
                let own = if entered { stage.fields.probability } else { fields.probability };
                let closed_on = (stage.fields.kind != StageKind::Open).then_some(today);
                let probability = probability.unwrap_or(own);
                (
                    stage,
                    OpportunityFields {
                        probability,
                        closed_on,
                        ..fields
                    },
                )
            }
            Action::Win { stage, closed_on, amount } => {
                let (probability, closed_on) = (stage.fields.probability, Some(closed_on));
                (
                    stage,
                    OpportunityFields {
                        probability,
                        closed_on,
                        amount,
                        ..fields
                    },
                )
            }
            Action::Lose { stage, closed_on, reason } => {
                let (probability, closed_on, lost_reason) = (stage.fields.probability, Some(closed_on), Some(reason));
                (
                    stage,
                    OpportunityFields {
                        probability,
                        closed_on,
                        lost_reason,
                        ..fields
                    },
                )
            }
            Action::Reopen { stage } => {
                let probability = stage.fields.probability;
                (
                    stage,
                    OpportunityFields {
                        probability,
                        closed_on: None,
                        lost_reason: None,
                        ..fields
                    },
                )
            }
        };
        (
            OpportunityFields {
                stage_id: stage.id,
                ..fields
            },
            stage,
        )
    }
}

#[cfg(test)]
mod tests;
