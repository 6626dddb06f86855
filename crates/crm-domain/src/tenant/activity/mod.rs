//! Activities: calls, mails, meetings and notes about a record.

mod draft;
mod port;
mod record;

pub use draft::ActivityDraft;
pub use port::{ActivityField, ActivityFilter, ActivityReads, ActivityRepository};

use serde::Serialize;
use uuid::Uuid;

use crate::{
    error::{Error, Problem, Result},
    field::Text,
    id::{AccountId, ActivityId, ContactId, LeadId, OpportunityId, RecordId, UserId},
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        about::About,
        change::{Entity, EntityKind, NewChange},
    },
    usecase::single,
};

/// What kind of activity it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the words say it")]
pub enum ActivityType {
    Call,
    Email,
    Meeting,
    Note,
}

impl ActivityType {
    /// Every type.
    pub const ALL: [Self; 4] = [Self::Call, Self::Email, Self::Meeting, Self::Note];

    /// The stored words, in the order of [`ActivityType::ALL`].
    pub const WORDS: [&str; 4] = ["call", "email", "meeting", "note"];

    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Email => "email",
            Self::Meeting => "meeting",
            Self::Note => "note",
        }
    }

    /// Reads the word, whatever its case.
    pub fn parse(word: &str) -> Result<Self, Problem> {
        let wanted = word.trim().to_lowercase();
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == wanted);
        found.ok_or_else(|| Problem::Choice {
            allowed: Self::WORDS.map(str::to_owned).to_vec(),
        })
    }
}

/// What people enter about an activity. A value of this type is valid by construction, but for its references.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the names say it")]
pub struct ActivityFields {
    pub activity_type: ActivityType,
    pub subject: Text<255>,
    pub body: Option<Text<10_000>>,
    /// When it takes or took place.
    pub occurred_at: Option<Stamp>,
    pub completed: bool,
    pub account_id: Option<AccountId>,
    pub contact_id: Option<ContactId>,
    pub lead_id: Option<LeadId>,
    pub opportunity_id: Option<OpportunityId>,
    pub owner_id: UserId,
}

/// An activity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// Per-tenant id; ascending in the order of creation.
    pub id: ActivityId,
    /// Version 7 uuid.
    pub uuid: Uuid,
    /// What people entered.
    pub fields: ActivityFields,
    /// Stamp of the unit that created it.
    pub created_at: Stamp,
    /// The user who created it; `None` for integrations and jobs.
    pub created_by: Option<UserId>,
    /// Stamp of the last unit that changed it.
    pub updated_at: Stamp,
}

impl ActivityFields {
    /// The records that it is about.
    pub fn about(&self) -> About {
        About {
            account_id: self.account_id,
            contact_id: self.contact_id,
            lead_id: self.lead_id,
            opportunity_id: self.opportunity_id,
            ticket_id: None,
        }
    }
}

impl Entity for Activity {
    const KIND: EntityKind = EntityKind::Activity;
    type Fields = ActivityFields;
    fn id(&self) -> i64 {
        self.id.get()
    }
    fn fields(&self) -> &ActivityFields {
        &self.fields
    }
}

/// Creates activities whose references were checked before.
pub fn create_many(unit: &mut dyn UnitOfWork, fields: Vec<ActivityFields>) -> Result<Vec<Activity>> {
    let added = unit.activities().add(fields)?;
    for activity in &added {
        unit.record(NewChange::created(activity)?);
    }
    Ok(added)
}

/// Says that an activity took place.
///
/// # Errors
/// [`Error::NotFound`], [`Error::State`] when it is completed already.
pub fn complete(unit: &mut dyn UnitOfWork, id: ActivityId) -> Result<Activity> {
    mark(unit, id, true, |before| {
        Error::state(ActivityId::NOUN, before.id, "completed", "completed")
    })
}

/// Says that an activity is still to take place.
///
/// # Errors
/// [`Error::NotFound`], [`Error::State`] when it is not completed.
pub fn reopen(unit: &mut dyn UnitOfWork, id: ActivityId) -> Result<Activity> {
    mark(unit, id, false, |before| {
        Error::state(ActivityId::NOUN, before.id, "open", "reopened")
    })
}

fn mark(unit: &mut dyn UnitOfWork, id: ActivityId, completed: bool, refusal: impl FnOnce(&Activity) -> Error) -> Result<Activity> {
    let before: Activity = single::known(unit, id)?;
    let fields = ActivityFields {
        completed,
        ..before.fields.clone()
    };
    revise(unit, &before, fields)?.ok_or_else(|| refusal(&before))
}

/// Gives an activity, just read in this unit, fields whose references were checked before; `None` when nothing differs.
pub(crate) fn revise(unit: &mut dyn UnitOfWork, before: &Activity, fields: ActivityFields) -> Result<Option<Activity>> {
    let after = Activity {
        fields,
        updated_at: unit.stamp(),
        ..before.clone()
    };
    let Some(change) = NewChange::updated(before, &after)? else {
        return Ok(None);
    };
    unit.activities().update(&after)?;
    unit.record(change);
    Ok(Some(after))
}
