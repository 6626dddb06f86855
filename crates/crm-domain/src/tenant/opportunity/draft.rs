//! What callers say of an opportunity, and how it becomes valid fields.

use time::Date;

use super::OpportunityFields;
use crate::{
    error::{Problem, Result},
    field::{Check, Patch, Text, join_search, parse_date, parse_integer},
    id::{AccountId, ContactId, RecordId, StageId, UserId},
    money::{Currency, Money},
    tenant::pipeline::{Pipeline, Stage, StageKind},
};

/// What a caller says of an opportunity, unparsed; numbers as their decimal text. Serves creation and update alike.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the fields of OpportunityFields")]
pub struct OpportunityDraft {
    pub external_id: Patch<String>,
    pub name: Patch<String>,
    pub account_id: Patch<AccountId>,
    pub contact_id: Patch<ContactId>,
    /// The stage's name in the default pipeline, whatever its case.
    pub stage: Patch<String>,
    /// Wins over `stage`.
    pub stage_id: Patch<StageId>,
    /// In major units of `currency`.
    pub amount: Patch<String>,
    pub currency: Patch<String>,
    /// Left out, a new stage brings its own; cleared, the stage's own counts again.
    pub probability: Patch<String>,
    pub expected_close_date: Patch<String>,
    pub closed_on: Patch<String>,
    pub engaged_on: Patch<String>,
    pub description: Patch<String>,
    pub lead_source: Patch<String>,
    pub next_step: Patch<String>,
    pub lost_reason: Patch<String>,
    pub competitors: Patch<String>,
    pub include_in_forecast: Patch<bool>,
    pub owner_id: Patch<UserId>,
}

/// What parsing an opportunity needs to know of its tenant.
#[derive(Debug, Clone)]
pub struct OpportunityContext {
    /// The owner, unless the draft names another.
    pub owner: UserId,
    /// Every pipeline.
    pub pipelines: Vec<Pipeline>,
    /// Of amounts that come without a currency.
    pub currency: Currency,
    /// Today in the tenant's time zone: the day an opportunity that enters a closing stage is closed on.
    pub today: Date,
}

impl OpportunityContext {
    pub(crate) fn default_pipeline(&self) -> Option<&Pipeline> {
        self.pipelines
            .iter()
            .find(|pipeline| pipeline.fields.is_default)
            .or(self.pipelines.first())
    }

    /// The pipeline that a stage is of.
    pub(super) fn pipeline_of(&self, id: StageId) -> Option<&Pipeline> {
        let has = |pipeline: &&Pipeline| pipeline.stages.iter().any(|stage| stage.id == id);
        self.pipelines.iter().find(has)
    }

    pub(crate) fn stage(&self, id: StageId) -> Option<&Stage> {
        self.pipelines
            .iter()
            .flat_map(|pipeline| &pipeline.stages)
            .find(|stage| stage.id == id)
    }

    pub(super) fn choose_stage(
        &self,
        id: Patch<StageId>,
        name: Patch<String>,
        current: Option<StageId>,
        check: &mut Check,
    ) -> Option<&Stage> {
        let found = match (id, name) {
            (Patch::Set(id), _) => self.stage(id).ok_or(("stage_id", Problem::Reference { noun: StageId::NOUN })),
            (_, Patch::Set(name)) if !name.trim().is_empty() => self.stage_by_name(&name, current).map_err(|problem| ("stage", problem)),
            // A new opportunity has nothing to clear: some clients send every field that they do not set as null.
            (Patch::Clear, _) | (_, Patch::Clear | Patch::Set(_)) if current.is_some() => Err(("stage", Problem::Required)),
            (Patch::Keep | Patch::Clear, _) => match current {
                Some(id) => self.stage(id).ok_or(("stage_id", Problem::Reference { noun: StageId::NOUN })),
                None => self
                    .default_pipeline()
                    .and_then(Pipeline::first_stage)
                    .ok_or(("stage", Problem::Required)),
            },
        };
        found.map_err(|(field, problem)| check.fail(field, problem)).ok()
    }

    /// In the pipeline that the opportunity is in, else in the default one.
    fn stage_by_name(&self, name: &str, current: Option<StageId>) -> Result<&Stage, Problem> {
        let own = current.and_then(|id| self.pipeline_of(id));
        let pipeline = own.or(self.default_pipeline()).ok_or(Problem::Reference { noun: StageId::NOUN })?;
        pipeline.stage_named(name).ok_or_else(|| Problem::Choice {
            allowed: pipeline.stages.iter().map(|stage| stage.fields.name.to_string()).collect(),
        })
    }
}

impl OpportunityFields {
    /// Parses a new opportunity.
    pub fn parse(draft: OpportunityDraft, context: &OpportunityContext, check: Check) -> Result<(Self, Stage)> {
        Self::merge(None, draft, context, check)
    }

    /// Parses an update of `self`: fields the draft does not mention stay; entering another stage brings that stage's probability and closing day.
    pub fn updated(&self, draft: OpportunityDraft, context: &OpportunityContext, check: Check) -> Result<(Self, Stage)> {
        Self::merge(Some(self), draft, context, check)
    }

    fn merge(current: Option<&Self>, draft: OpportunityDraft, context: &OpportunityContext, mut check: Check) -> Result<(Self, Stage)> {
        macro_rules! optional {
            ($field:ident, $parse:expr) => {
                check.optional(
                    stringify!($field),
                    draft.$field,
                    current.and_then(|c| c.$field.clone()),
                    $parse,
                )
            };
        }
        let name = check.required("name", draft.name, current.map(|c| c.name.clone()), Text::parse);
        let stage = context.choose_stage(draft.stage_id, draft.stage, current.map(|c| c.stage_id), &mut check);
        let entered = stage
            .filter(|stage| current.is_none_or(|c| c.stage_id != stage.id))
            .map(|stage| &stage.fields);
        let probability = match draft.probability {
            Patch::Keep => entered.map(|fields| fields.probability).or(current.map(|c| c.probability)),
            // Cleared, it is the stage's own again.
            given => check
                .optional("probability", given, None, |text| parse_integer(text, 0, 100))
                .or(stage.map(|stage| stage.fields.probability)),
        };
        let amount = Money::merge(
            &mut check,
            "amount",
            draft.amount,
            draft.currency,
            1,
            current.and_then(|c| c.amount),
            context.currency,
        );
        // Only what is closed has the day it was closed on: without another, the day it enters a closing stage. A day that was known goes with
        // the stage, also when a whole record is sent back.
        if let (Patch::Set(day), Some(StageKind::Open)) = (&draft.closed_on, stage.map(|stage| stage.fields.kind)) {
            let known = current.and_then(|c| c.closed_on);
            if parse_date(day).is_ok_and(|day| known != Some(day)) {
                check.fail("closed_on", Problem::Rule("must not be given while the stage is open".to_owned()));
            }
        }
        let closed_on = match (optional!(closed_on, parse_date), stage.map(|stage| stage.fields.kind)) {
            (_, Some(StageKind::Open)) => None,
            (None, Some(StageKind::Won | StageKind::Lost)) if entered.is_some() => Some(context.today),
            (given, _) => given,
        };
        let is_lost = stage.is_some_and(|stage| stage.fields.kind == StageKind::Lost);
        let lost_reason = optional!(lost_reason, Text::parse).filter(|_| is_lost);
        let owner = current.map_or(context.owner, |c| c.owner_id);
        // An owner who stays may have left since: that must not keep people from editing the rest.
        if current.is_some() && draft.owner_id == Patch::Set(owner) {
            check.forgive("owner_id");
        }
        let complete = name.is_some();
        let fields = Self {
            external_id: optional!(external_id, Text::parse),
            // Every field is judged, also beside a required one that was noted as wrong and fails the whole.
            name: name.unwrap_or_else(|| Text::from_store(String::new())),
            account_id: draft.account_id.or_current(current.and_then(|c| c.account_id)),
            contact_id: draft.contact_id.or_current(current.and_then(|c| c.contact_id)),
            stage_id: stage.map_or(StageId::from_i64(0), |stage| stage.id),
            amount,
            probability: probability.unwrap_or(0),
            expected_close_date: optional!(expected_close_date, parse_date),
            closed_on,
            engaged_on: optional!(engaged_on, parse_date),
            description: optional!(description, Text::parse),
            lead_source: optional!(lead_source, Text::parse),
            next_step: optional!(next_step, Text::parse),
            lost_reason,
            competitors: optional!(competitors, Text::parse),
            include_in_forecast: draft
                .include_in_forecast
                .or_current(current.map(|c| c.include_in_forecast))
                .unwrap_or(true),
            owner_id: draft.owner_id.or_current(Some(owner)).unwrap_or(owner),
        };
        check.finish_with(stage.filter(|_| complete).map(|stage| (fields, stage.clone())))
    }

    /// The lower-case text that a search looks in.
    pub fn search_text(&self) -> String {
        join_search(&[Some(&*self.name), self.lead_source.as_deref(), self.next_step.as_deref()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Error,
        id::PipelineId,
        stamp::Stamp,
        tenant::pipeline::{PipelineFields, StageFields},
    };

    fn context() -> OpportunityContext {
        let stage = |id, name: &str, probability, kind| Stage {
            id: StageId::from_i64(id),
            fields: StageFields {
                pipeline_id: PipelineId::from_i64(1),
                name: Text::from_store(name.to_owned()),
                position: id,
                probability,
                kind,
            },
            created_at: Stamp::default(),
            created_by: None,
            updated_at: Stamp::default(),
        };
        OpportunityContext {
            owner: UserId::from_i64(1),
            pipelines: vec![Pipeline {
                id: PipelineId::from_i64(1),
                fields: PipelineFields {
                    name: Text::from_store("Sales".to_owned()),
                    is_default: true,
                },
                created_at: Stamp::default(),
                created_by: None,
                updated_at: Stamp::default(),
                stages: vec![stage(1, "Open", 10, StageKind::Open), stage(2, "Won", 100, StageKind::Won)],
            }],
            today: Stamp::default().date(),
            currency: Currency::USD,
        }
    }

    fn draft(name: &str) -> OpportunityDraft {
        OpportunityDraft {
            name: Patch::Set(name.to_owned()),
            ..OpportunityDraft::default()
        }
    }

    #[test]
    fn nulls_of_a_new_opportunity_are_as_good_as_nothing() {
        let nulls = OpportunityDraft {
            stage: Patch::Clear,
            stage_id: Patch::Clear,
            probability: Patch::Clear,
            include_in_forecast: Patch::Clear,
            owner_id: Patch::Clear,
            ..draft("a")
        };
        let with_nulls = OpportunityFields::parse(nulls, &context(), Check::new()).unwrap();
        let without = OpportunityFields::parse(draft("a"), &context(), Check::new()).unwrap();
        assert_eq!(with_nulls, without);
        assert_eq!((with_nulls.0.stage_id.get(), with_nulls.0.probability), (1, 10));
    }

    #[test]
    fn an_opportunity_cannot_lose_its_stage_but_gets_back_the_stages_probability() {
        let (fields, _) = OpportunityFields::parse(
            OpportunityDraft {
                probability: Patch::Set("33".to_owned()),
                ..draft("a")
            },
            &context(),
            Check::new(),
        )
        .unwrap();
        assert_eq!(fields.probability, 33);
        let back = OpportunityDraft {
            probability: Patch::Clear,
            ..OpportunityDraft::default()
        };
        assert_eq!(fields.updated(back, &context(), Check::new()).unwrap().0.probability, 10);
        let no_stage = OpportunityDraft {
            stage: Patch::Clear,
            ..OpportunityDraft::default()
        };
        let Err(Error::Invalid(errors)) = fields.updated(no_stage, &context(), Check::new()) else {
            panic!("a stage is required");
        };
        assert_eq!((errors.len(), errors[0].field.as_str()), (1, "stage"));
    }
}
