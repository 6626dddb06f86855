//! SLA policies: how soon records are to be answered and settled (contract X-174).

mod choice;
mod draft;
mod port;
mod record;

pub use choice::choose;
pub use draft::SlaPolicyDraft;
pub use port::{SlaPolicyField, SlaPolicyFilter, SlaPolicyReads, SlaPolicyRepository};

use serde::Serialize;
use uuid::Uuid;

use crate::{
    business_hours::BusinessHours,
    error::Result,
    field::Text,
    id::{RecordId, SlaPolicyId, UserId},
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        change::{Entity, EntityKind, NewChange},
        priority::Priority,
    },
};

crate::words! {
    /// What a policy is for.
    pub enum SlaSubject {
        /// Tickets.
        Ticket,
        /// Leads.
        Lead,
        /// Opportunities, as family C calls them.
        Deal,
    }
}

/// Most minutes of a target: a year.
pub const MINUTES_MAX: i64 = 525_600;
/// How much of a target is used up when a policy that says nothing else warns, in per cent.
pub const DEFAULT_WARNING_PERCENT: i64 = 80;

/// What people enter about a policy. A value of this type is valid by construction, but for its name's uniqueness.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the names say it; times are minutes of working time")]
pub struct SlaPolicyFields {
    /// Unique among live policies, whatever its case.
    pub name: Text<255>,
    pub applies_to: SlaSubject,
    /// The priority that it is for; `None` for one that records are given by name or as the default.
    pub priority: Option<Priority>,
    pub first_response_minutes: i64,
    pub resolution_minutes: i64,
    /// How long a record may stay in one stage.
    pub stage_minutes: Option<i64>,
    /// How much of a target is used up when a warning is due, in per cent.
    pub warning_percent: i64,
    /// When time counts; always, where there are none.
    pub business_hours: Option<BusinessHours>,
    /// Whether it is for the records that no other policy is for; one policy of each subject at most.
    pub is_default: bool,
    /// One that is not is given to no further record.
    pub is_active: bool,
}

/// An SLA policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlaPolicy {
    /// Per-tenant id; ascending in the order of creation.
    pub id: SlaPolicyId,
    /// Version 7 uuid.
    pub uuid: Uuid,
    /// What people entered.
    pub fields: SlaPolicyFields,
    /// Stamp of the unit that created it.
    pub created_at: Stamp,
    /// The user who created it; `None` for integrations and jobs.
    pub created_by: Option<UserId>,
    /// Stamp of the last unit that changed it.
    pub updated_at: Stamp,
}

impl Entity for SlaPolicy {
    const KIND: EntityKind = EntityKind::SlaPolicy;
    type Fields = SlaPolicyFields;
    fn id(&self) -> i64 {
        self.id.get()
    }
    fn fields(&self) -> &SlaPolicyFields {
        &self.fields
    }
}

fn revise(unit: &mut dyn UnitOfWork, before: &SlaPolicy, fields: SlaPolicyFields) -> Result<Option<SlaPolicy>> {
    let after = SlaPolicy {
        fields,
        updated_at: unit.stamp(),
        ..before.clone()
    };
    let Some(change) = NewChange::updated(before, &after)? else {
        return Ok(None);
    };
    unit.sla_policies().update(&after)?;
    unit.record(change);
    Ok(Some(after))
}

/// The default of a subject is one no more, but for `next`, which is to be it.
fn replace_default(unit: &mut dyn UnitOfWork, subject: SlaSubject, next: Option<SlaPolicyId>) -> Result<()> {
    for policy in unit.sla_policies().list_of(subject)? {
        if policy.fields.is_default && Some(policy.id) != next {
            let fields = SlaPolicyFields {
                is_default: false,
                ..policy.fields.clone()
            };
            revise(unit, &policy, fields)?;
        }
    }
    Ok(())
}
