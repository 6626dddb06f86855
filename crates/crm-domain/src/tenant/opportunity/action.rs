//! What is done to an opportunity beside editing it: it moves through its stages, is won or lost, and reopened.
//!
//! [`Opportunity::after`] says what each does, without a store:
//!
//! ```text
//!          move                    win, or move to a won stage
//!        ┌──────┐   ┌────────────────────────────────────────────► won ──┐
//!        └──► open ─┤                                                    │ reopen
//!              ▲    └────────────────────────────────────────────► lost ─┤
//!              │                   lose, or move to a lost stage         │
//!              └─────────────────────────────────────────────────────────┘
//! ```

use time::Date;

use super::{Opportunity, OpportunityContext, OpportunityFields, context, history::last_stage, revise};
use crate::{
    error::{Error, Problem, Result},
    field::{Check, Patch, Text, parse_date, parse_integer},
    id::{OpportunityId, RecordId, StageId},
    money::Money,
    tenant::{
        UnitOfWork,
        change::NewChange,
        pipeline::{Stage, StageKind},
    },
};

/// Where an opportunity moves, unparsed.
#[derive(Debug, Clone, Default)]
pub struct MoveDraft {
    /// The stage's name in the opportunity's pipeline, whatever its case.
    pub stage: Patch<String>,
    /// A stage of any pipeline; wins over `stage`.
    pub stage_id: Patch<StageId>,
    /// Per cent; the stage's own when left out.
    pub probability: Patch<String>,
}

/// How an opportunity was won, unparsed.
#[derive(Debug, Clone, Default)]
pub struct WinDraft {
    /// Today when left out.
    pub closed_on: Patch<String>,
    /// In major units; stays when left out.
    pub amount: Patch<String>,
    /// Of the amount; stays when left out.
    pub currency: Patch<String>,
}

/// Why an opportunity was lost, unparsed.
#[derive(Debug, Clone, Default)]
pub struct LossDraft {
    /// Required.
    pub reason: Patch<String>,
    /// Today when left out.
    pub closed_on: Patch<String>,
}

/// Where a closed opportunity goes on, unparsed.
#[derive(Debug, Clone, Default)]
pub struct ReopeningDraft {
    /// An open stage; the one that it was closed in when left out.
    pub stage_id: Patch<StageId>,
}

/// An action, before its particulars are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
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
enum Action {
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
    fn allows(&self, verb: Verb) -> Result<()> {
        let state = self.stage.fields.kind;
        if verb.fits(state) {
            return Ok(());
        }
        Err(Error::state(OpportunityId::NOUN, self.id, state.as_str(), verb.participle()))
    }

    /// The fields that an action leaves, and their stage.
    fn after(&self, action: Action) -> (OpportunityFields, Stage) {
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

/// Editing moves only what is open; a closed opportunity keeps its stage until it is reopened.
///
/// # Errors
/// [`Error::State`].
pub(super) fn check_edit(before: &Opportunity, fields: &OpportunityFields) -> Result<()> {
    if fields.stage_id == before.fields.stage_id {
        return Ok(());
    }
    before.allows(Verb::Move)
}

/// Moves an open opportunity to another stage, also of another pipeline; a closing stage closes it today.
///
/// # Errors
/// [`Error::NotFound`], [`Error::State`] when it is closed, [`Error::Invalid`].
pub fn move_to(unit: &mut dyn UnitOfWork, id: OpportunityId, draft: MoveDraft, mut check: Check) -> Result<Opportunity> {
    act(unit, id, Verb::Move, |_, context, before| {
        if matches!(
            (&draft.stage_id, &draft.stage),
            (Patch::Keep | Patch::Clear, Patch::Keep | Patch::Clear)
        ) {
            check.fail("stage_id", Problem::Required);
        }
        let stage = context.choose_stage(draft.stage_id, draft.stage, Some(before.fields.stage_id), &mut check);
        let probability = check.optional("probability", draft.probability, None, |text| parse_integer(text, 0, 100));
        let stage = stage.cloned();
        check.finish_with(stage.map(|stage| Action::Move {
            stage,
            probability,
            today: context.today,
        }))
    })
}

/// Wins an open opportunity: it enters its pipeline's first won stage.
///
/// # Errors
/// [`Error::NotFound`], [`Error::State`] when it is closed, [`Error::Invalid`].
pub fn win(unit: &mut dyn UnitOfWork, id: OpportunityId, draft: WinDraft, mut check: Check) -> Result<Opportunity> {
    act(unit, id, Verb::Win, |_, context, before| {
        let closed_on = check.optional("closed_on", draft.closed_on, None, |text| past_date(text, context.today));
        let amount = Money::merge(
            &mut check,
            "amount",
            draft.amount,
            draft.currency,
            1,
            before.fields.amount,
            context.currency,
        );
        check.finish()?;
        Ok(Action::Win {
            stage: closing_stage(context, before, StageKind::Won)?,
            closed_on: closed_on.unwrap_or(context.today),
            amount,
        })
    })
}

/// Loses an open opportunity: it enters its pipeline's first lost stage.
///
/// # Errors
/// [`Error::NotFound`], [`Error::State`] when it is closed, [`Error::Invalid`].
pub fn lose(unit: &mut dyn UnitOfWork, id: OpportunityId, draft: LossDraft, mut check: Check) -> Result<Opportunity> {
    act(unit, id, Verb::Lose, |_, context, before| {
        let reason = check.required("reason", draft.reason, None, Text::parse);
        let closed_on = check.optional("closed_on", draft.closed_on, None, |text| past_date(text, context.today));
        let reason = check.finish_with(reason)?;
        Ok(Action::Lose {
            stage: closing_stage(context, before, StageKind::Lost)?,
            closed_on: closed_on.unwrap_or(context.today),
            reason,
        })
    })
}

/// Reopens a closed opportunity, in the stage that it was closed in unless another open one is named.
///
/// # Errors
/// [`Error::NotFound`], [`Error::State`] when it is open, [`Error::Invalid`].
pub fn reopen(unit: &mut dyn UnitOfWork, id: OpportunityId, draft: ReopeningDraft, mut check: Check) -> Result<Opportunity> {
    act(unit, id, Verb::Reopen, |unit, context, before| {
        let is_open = |stage: &&Stage| stage.fields.kind == StageKind::Open;
        let stage = match draft.stage_id {
            Patch::Set(id) => {
                let stage = context.stage(id);
                if stage.is_none() {
                    check.fail("stage_id", Problem::Reference { noun: StageId::NOUN });
                } else if !stage.is_some_and(|stage| is_open(&stage)) {
                    check.fail("stage_id", Problem::Rule("must name an open stage".to_owned()));
                }
                stage.cloned()
            }
            Patch::Keep | Patch::Clear => {
                let changes = unit.changes();
                let was = last_stage(changes, id, |id| context.stage(id).filter(is_open).is_some())?;
                let own = context.pipeline_of(before.fields.stage_id);
                let first = || own.and_then(|pipeline| pipeline.first_of(StageKind::Open));
                was.and_then(|id| context.stage(id)).or_else(first).cloned()
            }
        };
        check.finish_with(stage.map(|stage| Action::Reopen { stage }))
    })
}

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
            if let Some(change) = NewChange::updated(before, &after)? {
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
    unit.opportunities().update(&after)
}

fn act(
    unit: &mut dyn UnitOfWork,
    id: OpportunityId,
    verb: Verb,
    choose: impl FnOnce(&mut dyn UnitOfWork, &OpportunityContext, &Opportunity) -> Result<Action>,
) -> Result<Opportunity> {
    let before = unit.opportunities().lookup(id)?;
    let before = before.ok_or_else(|| Error::not_found(OpportunityId::NOUN, id))?;
    before.allows(verb)?;
    let context = context(unit, before.fields.owner_id)?;
    let action = choose(unit, &context, &before)?;
    let (fields, stage) = before.after(action);
    Ok(revise(unit, &before, fields, stage)?.unwrap_or(before))
}

/// The pipeline's first stage of this kind, which each has.
fn closing_stage(context: &OpportunityContext, opportunity: &Opportunity, kind: StageKind) -> Result<Stage> {
    let pipeline = context.pipeline_of(opportunity.fields.stage_id);
    let stage = pipeline.and_then(|pipeline| pipeline.first_of(kind)).cloned();
    stage.ok_or_else(|| {
        Error::Internal(format!(
            "the pipeline of opportunity {} has no {} stage",
            opportunity.id,
            kind.as_str()
        ))
    })
}

/// A day that has come: what is won or lost has ended.
fn past_date(text: &str, today: Date) -> Result<Date, Problem> {
    let date = parse_date(text)?;
    if date > today {
        return Err(Problem::Rule("must not be in the future".to_owned()));
    }
    Ok(date)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        id::{PipelineId, UserId},
        stamp::Stamp,
        tenant::pipeline::StageFields,
    };

    const KINDS: [StageKind; 5] = [StageKind::Open, StageKind::Open, StageKind::Won, StageKind::Lost, StageKind::Open];

    fn stage(index: usize) -> Stage {
        let id = i64::try_from(index).unwrap() + 1;
        Stage {
            id: StageId::from_i64(id),
            fields: StageFields {
                pipeline_id: PipelineId::from_i64(1),
                name: Text::from_store(format!("Stage {id}")),
                position: id,
                probability: id * 10,
                kind: KINDS[index],
            },
            created_at: Stamp::default(),
            created_by: None,
            updated_at: Stamp::default(),
        }
    }

    fn opportunity() -> Opportunity {
        let stage = stage(0);
        Opportunity {
            id: OpportunityId::from_i64(1),
            uuid: uuid::Uuid::nil(),
            fields: OpportunityFields {
                external_id: None,
                name: Text::from_store("Deal".to_owned()),
                account_id: None,
                contact_id: None,
                stage_id: stage.id,
                amount: None,
                probability: stage.fields.probability,
                expected_close_date: None,
                closed_on: None,
                engaged_on: None,
                description: None,
                lead_source: None,
                next_step: None,
                lost_reason: None,
                include_in_forecast: true,
                owner_id: UserId::from_i64(1),
            },
            stage,
            created_at: Stamp::default(),
            created_by: None,
            updated_at: Stamp::default(),
        }
    }

    fn day(number: i32) -> Date {
        Date::from_julian_day(2_460_000 + number).unwrap()
    }

    /// Any action, on stages that its parsing lets through.
    fn any_action() -> impl Strategy<Value = (Verb, Action)> {
        let moving = (0..KINDS.len(), prop::option::of(0..=100_i64), 0..100);
        let moving = moving.prop_map(|(index, probability, today)| {
            let (stage, today) = (stage(index), day(today));
            (Verb::Move, Action::Move { stage, probability, today })
        });
        let winning = (0..100, prop::option::of(1..1_000_i64)).prop_map(|(closed_on, minor)| {
            let currency = crate::money::Currency::USD;
            let (stage, closed_on, amount) = (stage(2), day(closed_on), minor.map(|minor| Money { minor, currency }));
            (Verb::Win, Action::Win { stage, closed_on, amount })
        });
        let losing = (0..100, "[a-z]{1,5}").prop_map(|(closed_on, reason)| {
            let (stage, closed_on, reason) = (stage(3), day(closed_on), Text::from_store(reason));
            (Verb::Lose, Action::Lose { stage, closed_on, reason })
        });
        let reopening = prop::sample::select(vec![0, 1, 4]).prop_map(|index| (Verb::Reopen, Action::Reopen { stage: stage(index) }));
        prop_oneof![moving, winning, losing, reopening]
    }

    proptest! {
        #[test]
        fn whatever_is_done_the_state_is_whole(actions in prop::collection::vec(any_action(), 1..40)) {
            let mut now = opportunity();
            for (verb, action) in actions {
                let was_open = now.stage.fields.kind == StageKind::Open;
                let allowed = now.allows(verb);
                prop_assert_eq!(allowed.is_ok(), was_open == (verb != Verb::Reopen));
                if let Err(error) = allowed {
                    let state = now.stage.fields.kind.as_str();
                    prop_assert!(error.to_string().contains(state), "{} names {}", error, state);
                    continue;
                }
                let (fields, stage) = now.after(action.clone());
                prop_assert_eq!(fields.stage_id, stage.id);
                prop_assert_eq!(fields.closed_on.is_some(), stage.fields.kind != StageKind::Open, "closed has a day, open has none");
                prop_assert!(fields.lost_reason.is_none() || stage.fields.kind == StageKind::Lost, "only what is lost has a reason");
                match &action {
                    Action::Move { probability: Some(given), .. } => prop_assert_eq!(fields.probability, *given),
                    Action::Move { stage, .. } if stage.id == now.fields.stage_id => prop_assert_eq!(fields.probability, now.fields.probability),
                    _ => prop_assert_eq!(fields.probability, stage.fields.probability),
                }
                // Nothing else changes but a won amount.
                let mut rest = OpportunityFields {
                    stage_id: now.fields.stage_id,
                    probability: now.fields.probability,
                    closed_on: now.fields.closed_on,
                    lost_reason: now.fields.lost_reason.clone(),
                    ..fields.clone()
                };
                if verb == Verb::Win {
                    rest.amount = now.fields.amount;
                }
                prop_assert_eq!(&rest, &now.fields);
                now = Opportunity { fields, stage, ..now };
            }
        }
    }
}
