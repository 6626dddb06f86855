//! Opportunities: what may be sold. Family A's Opportunity, family C's Deal.

use serde::Serialize;
use time::Date;
use uuid::Uuid;

use crate::{
    error::{Error, Problem, Result},
    field::{Check, Patch, Text, format_date, parse_date, parse_integer},
    id::{AccountId, ContactId, OpportunityId, RecordId, StageId, UserId},
    money::{Currency, Money},
    page::{Page, Sort, SortValue, Window},
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        change::{Entity, EntityKind, NewChange},
        pipeline::{Pipeline, Stage, StageKind, default_pipeline},
    },
};

/// What people enter about an opportunity. A value of this type is valid by construction, but for its references.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the names say it; units and formats are the types'")]
pub struct OpportunityFields {
    /// The id in the system that it came from; unique among live opportunities.
    pub external_id: Option<Text<255>>,
    pub name: Text<255>,
    /// `None` when nobody knows for whom it is: family A shows those under one reserved account.
    pub account_id: Option<AccountId>,
    pub contact_id: Option<ContactId>,
    pub stage_id: StageId,
    /// `None` when nobody knows yet.
    pub amount: Option<Money>,
    /// Per cent, 0 to 100.
    pub probability: i64,
    #[serde(serialize_with = "date_or_null")]
    pub expected_close_date: Option<Date>,
    /// The day it was won or lost.
    #[serde(serialize_with = "date_or_null")]
    pub closed_on: Option<Date>,
    /// The day the talks began.
    #[serde(serialize_with = "date_or_null")]
    pub engaged_on: Option<Date>,
    pub description: Option<Text<10_000>>,
    pub lead_source: Option<Text<100>>,
    pub next_step: Option<Text<500>>,
    /// Whether forecasts count it (contract A-51).
    pub include_in_forecast: bool,
    pub owner_id: UserId,
}

fn date_or_null<S: serde::Serializer>(date: &Option<Date>, serializer: S) -> Result<S::Ok, S::Error> {
    date.map(format_date).serialize(serializer)
}

/// An opportunity with the stage it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opportunity {
    /// Per-tenant id; ascending in the order of creation.
    pub id: OpportunityId,
    /// Version 7 uuid.
    pub uuid: Uuid,
    /// What people entered.
    pub fields: OpportunityFields,
    /// The stage of `fields.stage_id`.
    pub stage: Stage,
    /// Stamp of the unit that created it.
    pub created_at: Stamp,
    /// The user who created it; `None` for integrations and jobs.
    pub created_by: Option<UserId>,
    /// Stamp of the last unit that changed it.
    pub updated_at: Stamp,
}

impl Entity for Opportunity {
    const KIND: EntityKind = EntityKind::Opportunity;
    type Fields = OpportunityFields;
    fn id(&self) -> i64 {
        self.id.get()
    }
    fn fields(&self) -> &OpportunityFields {
        &self.fields
    }
}

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
    /// Today, UTC: the day an opportunity that enters a closing stage is closed on.
    pub today: Date,
}

impl OpportunityContext {
    pub(crate) fn default_pipeline(&self) -> Option<&Pipeline> {
        self.pipelines
            .iter()
            .find(|pipeline| pipeline.is_default)
            .or(self.pipelines.first())
    }

    pub(crate) fn stage(&self, id: StageId) -> Option<&Stage> {
        self.pipelines
            .iter()
            .flat_map(|pipeline| &pipeline.stages)
            .find(|stage| stage.id == id)
    }

    fn choose_stage(&self, id: Patch<StageId>, name: Patch<String>, current: Option<StageId>, check: &mut Check) -> Option<&Stage> {
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
        let own = current.and_then(|id| {
            self.pipelines
                .iter()
                .find(|pipeline| pipeline.stages.iter().any(|stage| stage.id == id))
        });
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
        let known_currency = current.and_then(|c| c.amount).map(|money| money.currency);
        let currency = check
            .optional("currency", draft.currency, known_currency, Currency::parse)
            .unwrap_or_default();
        let closed_on = match (optional!(closed_on, parse_date), entered.map(|fields| fields.kind)) {
            (_, Some(StageKind::Open)) => None,
            (None, Some(StageKind::Won | StageKind::Lost)) => Some(context.today),
            (given, _) => given,
        };
        let owner = current.map_or(context.owner, |c| c.owner_id);
        let amount = optional!(amount, |text| Money::parse(text, currency));
        let complete = name.is_some();
        let fields = Self {
            external_id: optional!(external_id, Text::parse),
            // Every field is judged, also beside a required one that was noted as wrong and fails the whole.
            name: name.unwrap_or_else(|| Text::from_store(String::new())),
            account_id: draft.account_id.or_current(current.and_then(|c| c.account_id)),
            contact_id: draft.contact_id.or_current(current.and_then(|c| c.contact_id)),
            stage_id: stage.map_or(StageId::from_i64(0), |stage| stage.id),
            amount: check.keep("amount", amount.map(|money| money.in_currency(currency)).transpose()),
            probability: probability.unwrap_or(0),
            expected_close_date: optional!(expected_close_date, parse_date),
            closed_on,
            engaged_on: optional!(engaged_on, parse_date),
            description: optional!(description, Text::parse),
            lead_source: optional!(lead_source, Text::parse),
            next_step: optional!(next_step, Text::parse),
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
        super::account::join_search(&[Some(&*self.name), self.lead_source.as_deref(), self.next_step.as_deref()])
    }
}

/// What opportunities can be sorted by; creation is the default (contract X-35).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the fields of Opportunity")]
pub enum OpportunitySort {
    #[default]
    CreatedAt,
    UpdatedAt,
    Name,
    AccountId,
    StageId,
    Amount,
    Probability,
    ExpectedCloseDate,
    ClosedOn,
    LeadSource,
    OwnerId,
    ExternalId,
    ContactId,
    Currency,
    EngagedOn,
    Description,
    NextStep,
    IncludeInForecast,
    CreatedBy,
}

impl OpportunitySort {
    /// What a cursor carries of an opportunity in a list sorted by this key. Names are compared in lower case; ids ascend with creation.
    pub fn value(self, opportunity: &Opportunity) -> SortValue {
        let fields = &opportunity.fields;
        let day = |date: Option<Date>| SortValue::Text(date.map(format_date));
        let text = |value: Option<&str>| SortValue::Text(value.map(str::to_owned));
        match self {
            Self::CreatedAt => SortValue::Id,
            Self::UpdatedAt => SortValue::Integer(Some(opportunity.updated_at.micros())),
            Self::Name => SortValue::Text(Some(fields.name.to_lowercase())),
            Self::AccountId => SortValue::Integer(fields.account_id.map(RecordId::get)),
            Self::StageId => SortValue::Integer(Some(fields.stage_id.get())),
            Self::Amount => SortValue::Integer(fields.amount.map(|money| money.minor)),
            Self::Probability => SortValue::Integer(Some(fields.probability)),
            Self::ExpectedCloseDate => day(fields.expected_close_date),
            Self::ClosedOn => day(fields.closed_on),
            Self::LeadSource => text(fields.lead_source.as_deref()),
            Self::OwnerId => SortValue::Integer(Some(fields.owner_id.get())),
            Self::ExternalId => text(fields.external_id.as_deref()),
            Self::ContactId => SortValue::Integer(fields.contact_id.map(RecordId::get)),
            Self::Currency => text(fields.amount.as_ref().map(|money| money.currency.as_str())),
            Self::EngagedOn => day(fields.engaged_on),
            Self::Description => text(fields.description.as_deref()),
            Self::NextStep => text(fields.next_step.as_deref()),
            Self::IncludeInForecast => SortValue::Integer(Some(i64::from(fields.include_in_forecast))),
            Self::CreatedBy => SortValue::Integer(opportunity.created_by.map(RecordId::get)),
        }
    }
}

/// Which opportunities a list shows; deleted ones never.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpportunityFilter {
    /// Only those that forecasts count, or only those that they do not (contract ).
    pub include_in_forecast: Option<bool>,
    /// Only those changed after this stamp (contract A-54).
    pub updated_after: Option<Stamp>,
    /// Only those whose name, lead source or next step holds this text, whatever its case.
    pub search: Option<String>,
}

/// Reads opportunities.
pub trait OpportunityReads {
    /// The live opportunity with this id.
    fn lookup(&mut self, id: OpportunityId) -> Result<Option<Opportunity>>;
    /// The live opportunities with one of these external ids; at most one each.
    fn lookup_external(&mut self, external_ids: &[String]) -> Result<Vec<Opportunity>>;
    /// A page of the live opportunities that match.
    fn list(&mut self, filter: &OpportunityFilter, sort: Sort<OpportunitySort>, window: &Window) -> Result<Page<Opportunity>>;
    /// All live opportunities of these accounts, by account, then creation.
    fn list_of_accounts(&mut self, accounts: &[AccountId]) -> Result<Vec<Opportunity>>;
    /// All live opportunities without an account, by creation.
    fn list_without_account(&mut self) -> Result<Vec<Opportunity>>;
}

/// Writes opportunities. Callers outside this crate use [`create`], [`update`] and [`remove`], which also record the change.
pub trait OpportunityRepository: OpportunityReads {
    /// Keeps new opportunities, each with the stage it is in; ids ascend in the order given.
    fn add(&mut self, new: Vec<(OpportunityFields, Stage)>) -> Result<Vec<Opportunity>>;
    /// Keeps an opportunity's new fields and `updated_at`.
    fn update(&mut self, opportunity: &Opportunity) -> Result<()>;
    /// Marks an opportunity deleted at this unit's stamp.
    fn remove(&mut self, id: OpportunityId) -> Result<()>;
}

/// What parsing an opportunity in this unit needs to know.
pub fn context(unit: &mut dyn UnitOfWork, owner: UserId) -> Result<OpportunityContext> {
    let pipelines = unit.pipelines().list()?;
    Ok(OpportunityContext {
        owner,
        pipelines,
        today: unit.stamp().date(),
    })
}

/// Creates an opportunity.
///
/// # Errors
/// [`Error::Invalid`] for invalid fields and for an account or contact that does not exist, [`Error::Duplicate`] for a taken external id.
pub fn create(unit: &mut dyn UnitOfWork, draft: OpportunityDraft, owner: UserId, check: Check) -> Result<Opportunity> {
    let context = context(unit, owner)?;
    let new = OpportunityFields::parse(draft, &context, check)?;
    check_references(unit, None, &new.0)?;
    let mut added = create_many(unit, vec![new])?;
    added
        .pop()
        .ok_or_else(|| Error::Internal("an added opportunity is missing".to_owned()))
}

/// Creates opportunities whose references were checked before.
pub fn create_many(unit: &mut dyn UnitOfWork, new: Vec<(OpportunityFields, Stage)>) -> Result<Vec<Opportunity>> {
    let added = unit.opportunities().add(new)?;
    for opportunity in &added {
        unit.record(NewChange::created(opportunity)?);
    }
    Ok(added)
}

/// Updates an opportunity: fields the draft does not mention stay. An update that changes nothing leaves no change and no new stamp.
///
/// # Errors
/// [`Error::NotFound`], and those of [`create`].
pub fn update(unit: &mut dyn UnitOfWork, id: OpportunityId, draft: OpportunityDraft, check: Check) -> Result<Opportunity> {
    let before = unit
        .opportunities()
        .lookup(id)?
        .ok_or_else(|| Error::not_found(OpportunityId::NOUN, id))?;
    let context = context(unit, before.fields.owner_id)?;
    let (fields, stage) = before.fields.updated(draft, &context, check)?;
    check_references(unit, Some(&before.fields), &fields)?;
    Ok(revise(unit, &before, fields, stage)?.unwrap_or(before))
}

/// Gives an opportunity, just read in this unit, fields whose references were checked before and the stage that they name; `None` when
/// nothing differs.
pub(crate) fn revise(
    unit: &mut dyn UnitOfWork,
    before: &Opportunity,
    fields: OpportunityFields,
    stage: Stage,
) -> Result<Option<Opportunity>> {
    let after = Opportunity {
        fields,
        stage,
        updated_at: unit.stamp(),
        ..before.clone()
    };
    let Some(change) = NewChange::updated(before, &after)? else {
        return Ok(None);
    };
    unit.opportunities().update(&after)?;
    unit.record(change);
    Ok(Some(after))
}

/// Deletes an opportunity.
///
/// # Errors
/// [`Error::NotFound`].
pub fn remove(unit: &mut dyn UnitOfWork, id: OpportunityId) -> Result<()> {
    let opportunity = unit
        .opportunities()
        .lookup(id)?
        .ok_or_else(|| Error::not_found(OpportunityId::NOUN, id))?;
    unit.opportunities().remove(id)?;
    unit.record(NewChange::deleted(&opportunity)?);
    Ok(())
}

/// A reference that stays may name a record deleted since: that must not keep people from editing the rest.
fn check_references(unit: &mut dyn UnitOfWork, before: Option<&OpportunityFields>, fields: &OpportunityFields) -> Result<()> {
    let mut check = Check::new();
    if let Some(id) = fields.account_id
        && before.is_none_or(|before| before.account_id != fields.account_id)
        && unit.accounts().lookup(id)?.is_none()
    {
        check.fail("account_id", Problem::Reference { noun: AccountId::NOUN });
    }
    if let Some(id) = fields.contact_id
        && before.is_none_or(|before| before.contact_id != fields.contact_id)
        && unit.contacts().lookup(id)?.is_none()
    {
        check.fail("contact_id", Problem::Reference { noun: ContactId::NOUN });
    }
    check.finish()
}

/// Finds or adds the stages that an import names, so that no row is dropped for its stage.
pub fn ensure_stages(unit: &mut dyn UnitOfWork, names: &[Text<100>]) -> Result<()> {
    for name in names {
        let pipeline = default_pipeline(unit.pipelines())?;
        if pipeline.stage_named(name).is_none() {
            super::pipeline::add_open_stage(unit, &pipeline, name.clone())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{id::PipelineId, tenant::pipeline::StageFields};

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
            updated_at: Stamp::default(),
        };
        OpportunityContext {
            owner: UserId::from_i64(1),
            pipelines: vec![Pipeline {
                id: PipelineId::from_i64(1),
                name: "Sales".to_owned(),
                is_default: true,
                stages: vec![stage(1, "Open", 10, StageKind::Open), stage(2, "Won", 100, StageKind::Won)],
            }],
            today: Stamp::default().date(),
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
