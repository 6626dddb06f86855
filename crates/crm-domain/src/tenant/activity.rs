//! Activities: calls, mails, meetings and notes about a record.

use serde::Serialize;
use uuid::Uuid;

use crate::{
    error::{Error, Problem, Result},
    field::{Check, Patch, Text},
    id::{AccountId, ActivityId, ContactId, LeadId, OpportunityId, RecordId, UserId},
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        change::{Entity, EntityKind, NewChange},
    },
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
            allowed: Self::ALL.map(|kind| kind.as_str().to_owned()).to_vec(),
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

/// What a caller says of an activity, unparsed. Serves creation and update alike.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the fields of ActivityFields")]
pub struct ActivityDraft {
    pub activity_type: Patch<String>,
    pub subject: Patch<String>,
    pub body: Patch<String>,
    pub occurred_at: Patch<String>,
    pub completed: Patch<bool>,
    pub account_id: Patch<AccountId>,
    pub contact_id: Patch<ContactId>,
    pub lead_id: Patch<LeadId>,
    pub opportunity_id: Patch<OpportunityId>,
    pub owner_id: Patch<UserId>,
}

impl ActivityFields {
    /// Parses a new activity, owned by `owner` unless the draft names another.
    pub fn parse(draft: ActivityDraft, owner: UserId, check: Check) -> Result<Self> {
        Self::merge(None, draft, owner, check)
    }

    /// Parses an update of `self`: fields the draft does not mention stay.
    pub fn updated(&self, draft: ActivityDraft, check: Check) -> Result<Self> {
        Self::merge(Some(self), draft, self.owner_id, check)
    }

    fn merge(current: Option<&Self>, draft: ActivityDraft, owner: UserId, mut check: Check) -> Result<Self> {
        let activity_type = check.required(
            "activity_type",
            draft.activity_type,
            current.map(|c| c.activity_type),
            ActivityType::parse,
        );
        let subject = check.required("subject", draft.subject, current.map(|c| c.subject.clone()), Text::parse);
        let fields = activity_type.zip(subject).map(|(activity_type, subject)| Self {
            activity_type,
            subject,
            body: check.optional("body", draft.body, current.and_then(|c| c.body.clone()), Text::parse),
            occurred_at: check.optional("occurred_at", draft.occurred_at, current.and_then(|c| c.occurred_at), Stamp::parse),
            completed: draft.completed.or_current(current.map(|c| c.completed)).unwrap_or(false),
            account_id: draft.account_id.or_current(current.and_then(|c| c.account_id)),
            contact_id: draft.contact_id.or_current(current.and_then(|c| c.contact_id)),
            lead_id: draft.lead_id.or_current(current.and_then(|c| c.lead_id)),
            opportunity_id: draft.opportunity_id.or_current(current.and_then(|c| c.opportunity_id)),
            owner_id: draft.owner_id.or_current(Some(owner)).unwrap_or(owner),
        });
        check.finish_with(fields)
    }
}

/// Reads activities.
pub trait ActivityReads {
    /// The live activity with this id.
    fn lookup(&mut self, id: ActivityId) -> Result<Option<Activity>>;
    /// All live activities of these accounts, by account, then creation.
    fn list_of_accounts(&mut self, accounts: &[AccountId]) -> Result<Vec<Activity>>;
}

/// Writes activities. Callers outside this crate use [`create`], which also records the change.
pub trait ActivityRepository: ActivityReads {
    /// Keeps new activities; ids ascend in the order given.
    fn add(&mut self, fields: Vec<ActivityFields>) -> Result<Vec<Activity>>;
    /// Keeps an activity's new fields and `updated_at`.
    fn update(&mut self, activity: &Activity) -> Result<()>;
    /// Marks an activity deleted at this unit's stamp.
    fn remove(&mut self, id: ActivityId) -> Result<()>;
}

/// Creates an activity.
///
/// # Errors
/// [`Error::Invalid`] when a record that it is about does not exist.
pub fn create(unit: &mut dyn UnitOfWork, fields: ActivityFields) -> Result<Activity> {
    check_references(unit, &fields)?;
    let mut added = unit.activities().add(vec![fields])?;
    let activity = added
        .pop()
        .ok_or_else(|| Error::Internal("an added activity is missing".to_owned()))?;
    unit.record(NewChange::created(&activity)?);
    Ok(activity)
}

fn check_references(unit: &mut dyn UnitOfWork, fields: &ActivityFields) -> Result<()> {
    let mut check = Check::new();
    if let Some(id) = fields.account_id
        && unit.accounts().lookup(id)?.is_none()
    {
        check.fail("account_id", Problem::Reference { noun: AccountId::NOUN });
    }
    if let Some(id) = fields.contact_id
        && unit.contacts().lookup(id)?.is_none()
    {
        check.fail("contact_id", Problem::Reference { noun: ContactId::NOUN });
    }
    if let Some(id) = fields.lead_id
        && unit.leads().lookup(id)?.is_none()
    {
        check.fail("lead_id", Problem::Reference { noun: LeadId::NOUN });
    }
    if let Some(id) = fields.opportunity_id
        && unit.opportunities().lookup(id)?.is_none()
    {
        check.fail("opportunity_id", Problem::Reference { noun: OpportunityId::NOUN });
    }
    check.finish()
}
