//! Opportunities: what may be sold. Family A's Opportunity, family C's Deal.

mod draft;
mod port;

pub use draft::{OpportunityContext, OpportunityDraft};
pub use port::{OpportunityFilter, OpportunityReads, OpportunityRepository, OpportunitySort};

use serde::Serialize;
use time::Date;
use uuid::Uuid;

use crate::{
    error::{Error, Problem, Result},
    field::{Check, Text, format_date},
    id::{AccountId, ContactId, OpportunityId, RecordId, StageId, UserId},
    money::Money,
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        change::{Entity, EntityKind, NewChange},
        pipeline::{Stage, default_pipeline},
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
