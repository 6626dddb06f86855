//! What is done to an opportunity beside editing it: it moves through its stages, is won or lost, and reopened.
//!
//! [`effect`] says what each does, without a store:
//!
//! ```text
//!          move                    win, or move to a won stage
//!        ┌──────┐   ┌────────────────────────────────────────────► won ──┐
//!        └──► open ─┤                                                    │ reopen
//!              ▲    └────────────────────────────────────────────► lost ─┤
//!              │                   lose, or move to a lost stage         │
//!              └─────────────────────────────────────────────────────────┘
//! ```

mod effect;

use time::Date;

use self::effect::{Action, Verb};
use super::{Opportunity, OpportunityContext, OpportunityFields, context, history::last_stage, revise};
use crate::{
    error::{Error, Problem, Result},
    field::{Check, Patch, Text, parse_date, parse_integer},
    id::{OpportunityId, RecordId, StageId},
    money::Money,
    tenant::{
        UnitOfWork,
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
