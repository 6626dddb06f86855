//! Opportunities: what may be sold. Family A's Opportunity, family C's Deal.

mod action;
mod board;
mod draft;
mod forecast;
mod gone_stage;
mod history;
mod port;
mod rewind;
mod status;

pub use action::{LossDraft, MoveDraft, ReopeningDraft, WinDraft, lose, move_to, reopen, win};
pub use board::{Column, Group, Sum, Sums, board};
pub use draft::{OpportunityContext, OpportunityDraft};
pub use forecast::{Forecast, MONTHS_MAX, Month, forecast};
pub(crate) use gone_stage::move_all;
pub use history::{Stay, stage_history};
pub use port::{OpportunityField, OpportunityFilter, OpportunityReads, OpportunityRepository};
pub use status::OpportunityStatus;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::Date;
use uuid::Uuid;

use crate::{
    error::{Error, Result},
    field::{Check, Text, optional_date},
    id::{AccountId, ContactId, OpportunityId, RecordId, StageId, UserId},
    money::Money,
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        change::{Entity, EntityKind, NewChange},
        link::{self, Reference},
        pipeline::{Stage, default_pipeline},
        record::{Key, Record},
    },
    usecase,
};

/// By this name changes tell the stage's name, as it was then.
pub(crate) const STAGE: &str = "stage";
/// By this name changes tell whether it is open, won or lost.
const STATUS: &str = "status";

/// What people enter about an opportunity. A value of this type is valid by construction, but for its references.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    #[serde(default, with = "optional_date")]
    pub expected_close_date: Option<Date>,
    /// The day it was won or lost; only while it is.
    #[serde(default, with = "optional_date")]
    pub closed_on: Option<Date>,
    /// The day the talks began.
    #[serde(default, with = "optional_date")]
    pub engaged_on: Option<Date>,
    pub description: Option<Text<10_000>>,
    pub lead_source: Option<Text<100>>,
    pub next_step: Option<Text<500>>,
    /// Why it was lost; only while it is.
    pub lost_reason: Option<Text<1_000>>,
    /// Who else may be chosen, as people list them (contract B-51).
    pub competitors: Option<Text<1_000>>,
    /// Whether forecasts count it (contract A-51).
    pub include_in_forecast: bool,
    pub owner_id: UserId,
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
    fn meanings(&self) -> Vec<(&'static str, Value)> {
        let stage = &self.stage.fields;
        vec![(STAGE, json!(stage.name)), (STATUS, json!(stage.kind.as_str()))]
    }
}

/// What parsing an opportunity in this unit needs to know.
pub fn context(unit: &mut dyn UnitOfWork, owner: UserId) -> Result<OpportunityContext> {
    let pipelines = unit.pipelines().all()?;
    let preferences = unit.settings().lookup()?.preferences;
    Ok(OpportunityContext {
        owner,
        pipelines,
        today: preferences.time_zone.day_at(unit.stamp()),
        currency: preferences.default_currency,
    })
}

/// Creates opportunities whose references were checked before.
pub fn create_many(unit: &mut dyn UnitOfWork, new: Vec<(OpportunityFields, Stage)>) -> Result<Vec<Opportunity>> {
    let added = unit.opportunities().add(new)?;
    for opportunity in &added {
        unit.record(NewChange::created(opportunity)?);
    }
    Ok(added)
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
    let Some(change) = changed(before, &after)? else {
        return Ok(None);
    };
    unit.opportunities().update(before, &after)?;
    unit.record(change);
    Ok(Some(after))
}

/// [`NewChange::updated`]; whoever hears of another stage hears its name, also where the one before had the same, as in another pipeline.
fn changed(before: &Opportunity, after: &Opportunity) -> Result<Option<NewChange>> {
    let mut change = NewChange::updated(before, after)?;
    let (was, is) = (&before.stage, &after.stage);
    if let Some(change) = &mut change
        && was.id != is.id
        && was.fields.name == is.fields.name
    {
        change.add_field(STAGE, json!([was.fields.name, is.fields.name]))?;
    }
    Ok(change)
}

/// Restores an opportunity that was deleted along with its account, unless its external id was taken meanwhile or it is live already.
pub(super) fn restore_with_account(unit: &mut dyn UnitOfWork, id: OpportunityId) -> Result<()> {
    match usecase::restore::restore::<Opportunity>(unit, id) {
        Ok(_) | Err(Error::NotFound { .. } | Error::State { .. } | Error::Duplicate { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

impl Record for Opportunity {
    type Id = OpportunityId;
    type Draft = OpportunityDraft;
    type Parsed = (OpportunityFields, Stage);
    type Context = OpportunityContext;

    fn updated_at(&self) -> Stamp {
        self.updated_at
    }

    fn context(unit: &mut dyn UnitOfWork, owner: UserId) -> Result<OpportunityContext> {
        context(unit, owner)
    }

    fn parse(draft: OpportunityDraft, context: &OpportunityContext, check: Check) -> Result<Self::Parsed> {
        OpportunityFields::parse(draft, context, check)
    }

    fn updated(&self, draft: OpportunityDraft, context: &OpportunityContext, check: Check) -> Result<Self::Parsed> {
        self.fields.updated(draft, context, check)
    }

    fn fields_of(parsed: &Self::Parsed) -> &OpportunityFields {
        &parsed.0
    }

    fn named(draft: &OpportunityDraft) -> Vec<Reference> {
        [
            Reference::named("account_id", EntityKind::Account, &draft.account_id),
            Reference::named("contact_id", EntityKind::Contact, &draft.contact_id),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn references(fields: &OpportunityFields) -> Vec<Reference> {
        [
            Reference::of("account_id", EntityKind::Account, fields.account_id),
            Reference::of("contact_id", EntityKind::Contact, fields.contact_id),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn keys(fields: &OpportunityFields) -> Vec<Key> {
        Key::of("external_id", fields.external_id.as_deref()).into_iter().collect()
    }

    fn holders(unit: &mut dyn UnitOfWork, _: &'static str, texts: &[String]) -> Result<Vec<Self>> {
        unit.opportunities().lookup_external(texts)
    }

    fn lookup_many(unit: &mut dyn UnitOfWork, ids: &[OpportunityId]) -> Result<Vec<Self>> {
        unit.opportunities().lookup_many(ids)
    }

    fn judge(&self, _: &mut dyn UnitOfWork, (fields, _): &Self::Parsed) -> Result<()> {
        action::check_edit(self, fields)
    }

    fn create_many(unit: &mut dyn UnitOfWork, new: Vec<Self::Parsed>) -> Result<Vec<Self>> {
        create_many(unit, new)
    }

    fn revise(unit: &mut dyn UnitOfWork, before: &Self, (fields, stage): Self::Parsed) -> Result<Option<Self>> {
        revise(unit, before, fields, stage)
    }

    fn remove_many(unit: &mut dyn UnitOfWork, opportunities: Vec<Self>) -> Result<()> {
        let ids: Vec<i64> = opportunities.iter().map(|opportunity| opportunity.id.get()).collect();
        link::move_all(unit, EntityKind::Opportunity, &ids, None)?;
        for opportunity in opportunities {
            unit.opportunities().remove(&opportunity)?;
            unit.record(NewChange::deleted(&opportunity)?);
        }
        Ok(())
    }

    fn lookup_deleted(unit: &mut dyn UnitOfWork, id: OpportunityId) -> Result<Option<Self>> {
        unit.opportunities().lookup_deleted(id)
    }

    fn revive(&self, unit: &mut dyn UnitOfWork) -> Result<()> {
        unit.opportunities().restore(self)?;
        gone_stage::leave_deleted_stage(unit, self)
    }
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
