//! Leads: people who may become customers. Families A, B, C and E show them.

mod advice;
mod draft;
mod merge;
mod port;
pub mod prospect;
mod record;
mod score;
mod status;

pub use advice::{Advice, Suggestion, Warning, judge, require_email};
pub use draft::LeadDraft;
pub use port::{LeadField, LeadFilter, LeadReads, LeadRepository};
pub use prospect::{Prospect, ProspectDraft, ProspectStatus, Qualification, QualificationDraft};
pub use score::{LEAD_SCORE_MAX, Tier};
pub use status::{LeadOutcome, LeadStatus, LeadStep, check_status, step};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    error::Result,
    field::{Email, Text},
    id::{AccountId, LeadId, RecordId, UserId},
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        change::{Entity, EntityKind, NewChange},
        rewind::rewind,
    },
    usecase::single,
};

/// What people enter about a lead. A value of this type is valid by construction, but for its account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it; formats are the types'")]
pub struct LeadFields {
    /// The id in the system that the lead came from; unique among live leads.
    pub external_id: Option<Text<255>>,
    /// At least one of first and last name is there.
    pub first_name: Option<Text<100>>,
    pub last_name: Option<Text<100>>,
    /// [`single`] and [`bulk`](crate::usecase::bulk) keep it unique among live leads (contract X-100); an import may bring the same one twice.
    pub email: Option<Email>,
    pub phone: Option<Text<50>>,
    pub title: Option<Text<150>>,
    pub company: Option<Text<255>>,
    /// Where the lead came from, e.g. `Website` (contract C-38).
    pub source: Option<Text<100>>,
    pub status: LeadStatus,
    pub description: Option<Text<10_000>>,
    /// The account it belongs to, or was converted into.
    pub account_id: Option<AccountId>,
    pub owner_id: UserId,
    #[serde(flatten)]
    pub outcome: LeadOutcome,
    /// What is known of it as a prospect.
    #[serde(flatten)]
    pub prospect: Prospect,
}

/// A lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lead {
    /// Per-tenant id; ascending in the order of creation.
    pub id: LeadId,
    /// Version 7 uuid.
    pub uuid: Uuid,
    /// What people entered.
    pub fields: LeadFields,
    /// Stamp of the unit that created it.
    pub created_at: Stamp,
    /// The user who created it; `None` for integrations and jobs.
    pub created_by: Option<UserId>,
    /// Stamp of the last unit that changed it.
    pub updated_at: Stamp,
}

impl Entity for Lead {
    const KIND: EntityKind = EntityKind::Lead;
    type Fields = LeadFields;
    fn id(&self) -> i64 {
        self.id.get()
    }
    fn fields(&self) -> &LeadFields {
        &self.fields
    }
}

rewind!(Lead, LeadId, leads, {
    fn put(&mut self, fields: LeadFields) {
        self.fields = fields;
    }
});

/// Creates leads whose references were checked before, also such as share an email.
pub fn create_many(unit: &mut dyn UnitOfWork, fields: Vec<LeadFields>) -> Result<Vec<Lead>> {
    let stamp = unit.stamp();
    let settled = fields.into_iter().map(|fields| fields.settled(None, stamp)).collect();
    let added = unit.leads().add(settled)?;
    for lead in &added {
        unit.record(NewChange::created(lead)?);
    }
    Ok(added)
}

/// Hands a lead to another user, who was checked before.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound).
pub fn assign(unit: &mut dyn UnitOfWork, id: LeadId, owner: UserId) -> Result<Lead> {
    let before = single::known::<Lead>(unit, id)?;
    let fields = LeadFields {
        owner_id: owner,
        ..before.fields.clone()
    };
    Ok(revise(unit, &before, fields)?.unwrap_or(before))
}

/// Says that a lead is worth pursuing.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound); [`Error::State`](crate::Error::State) when it is qualified or converted already.
pub fn qualify(unit: &mut dyn UnitOfWork, id: LeadId) -> Result<Lead> {
    let before = single::known::<Lead>(unit, id)?;
    let fields = LeadFields {
        status: step(&before, LeadStep::Qualify)?,
        ..before.fields.clone()
    };
    Ok(revise(unit, &before, fields)?.unwrap_or(before))
}

/// Says that a lead is not worth pursuing, and why.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound); [`Error::State`](crate::Error::State) when it is disqualified or converted already.
pub fn disqualify(unit: &mut dyn UnitOfWork, id: LeadId, reason: Text<500>) -> Result<Lead> {
    let before = single::known::<Lead>(unit, id)?;
    let mut fields = LeadFields {
        status: step(&before, LeadStep::Disqualify)?,
        ..before.fields.clone()
    };
    fields.outcome.disqualified_reason = Some(reason);
    Ok(revise(unit, &before, fields)?.unwrap_or(before))
}

/// Gives a lead, just read in this unit, fields whose references were checked before; `None` when nothing differs.
pub(crate) fn revise(unit: &mut dyn UnitOfWork, before: &Lead, fields: LeadFields) -> Result<Option<Lead>> {
    let stamp = unit.stamp();
    let after = Lead {
        fields: fields.settled(Some(&before.fields.status), stamp),
        updated_at: stamp,
        ..before.clone()
    };
    let Some(change) = NewChange::updated(before, &after)? else {
        return Ok(None);
    };
    unit.leads().update(before, &after)?;
    unit.record(change);
    Ok(Some(after))
}
