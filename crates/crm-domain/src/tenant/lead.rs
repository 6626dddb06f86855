//! Leads: people who may become customers. Families A, B, C and E show them.

use serde::Serialize;
use uuid::Uuid;

use crate::{
    error::{Error, Problem, Result},
    field::{Check, Email, Patch, Text, join_search},
    id::{AccountId, LeadId, RecordId, UserId},
    page::{Page, Sort, SortValue, Window},
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        change::{Entity, EntityKind, NewChange},
    },
};

/// The status of a lead that nobody gave one (contract X-89).
pub const DEFAULT_STATUS: &str = "New";

/// What people enter about a lead. A value of this type is valid by construction, but for its account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the names say it; formats are the types'")]
pub struct LeadFields {
    /// The id in the system that the lead came from; unique among live leads.
    pub external_id: Option<Text<255>>,
    /// At least one of first and last name is there.
    pub first_name: Option<Text<100>>,
    pub last_name: Option<Text<100>>,
    /// Not unique by itself: families that deduplicate say so.
    pub email: Option<Email>,
    pub phone: Option<Text<50>>,
    pub title: Option<Text<150>>,
    pub company: Option<Text<255>>,
    /// Where the lead came from, e.g. `Website` (contract C-38).
    pub source: Option<Text<100>>,
    /// Where it stands, e.g. `New` (contract X-89).
    pub status: Text<50>,
    pub description: Option<Text<10_000>>,
    /// The account it belongs to, or was converted into.
    pub account_id: Option<AccountId>,
    pub owner_id: UserId,
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

/// What a caller says of a lead, unparsed. Serves creation and update alike.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the fields of LeadFields")]
pub struct LeadDraft {
    pub external_id: Patch<String>,
    pub first_name: Patch<String>,
    pub last_name: Patch<String>,
    pub email: Patch<String>,
    pub phone: Patch<String>,
    pub title: Patch<String>,
    pub company: Patch<String>,
    pub source: Patch<String>,
    pub status: Patch<String>,
    pub description: Patch<String>,
    pub account_id: Patch<AccountId>,
    pub owner_id: Patch<UserId>,
}

impl LeadFields {
    /// Parses a new lead, owned by `owner` unless the draft names another.
    pub fn parse(draft: LeadDraft, owner: UserId, check: Check) -> Result<Self> {
        Self::merge(None, draft, owner, check)
    }

    /// Parses an update of `self`: fields the draft does not mention stay.
    pub fn updated(&self, draft: LeadDraft, check: Check) -> Result<Self> {
        Self::merge(Some(self), draft, self.owner_id, check)
    }

    fn merge(current: Option<&Self>, draft: LeadDraft, owner: UserId, mut check: Check) -> Result<Self> {
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
        let default_status = || Text::from_store(DEFAULT_STATUS.to_owned());
        let status = check
            .required(
                "status",
                draft.status,
                Some(current.map_or_else(default_status, |c| c.status.clone())),
                Text::parse,
            )
            .unwrap_or_else(default_status);
        let fields = Self {
            external_id: optional!(external_id, Text::parse),
            first_name: optional!(first_name, Text::parse),
            last_name: optional!(last_name, Text::parse),
            email: optional!(email, Email::parse),
            phone: optional!(phone, Text::parse),
            title: optional!(title, Text::parse),
            company: optional!(company, Text::parse),
            source: optional!(source, Text::parse),
            status,
            description: optional!(description, Text::parse),
            account_id: draft.account_id.or_current(current.and_then(|c| c.account_id)),
            owner_id: draft.owner_id.or_current(Some(owner)).unwrap_or(owner),
        };
        if fields.first_name.is_none() && fields.last_name.is_none() {
            check.fail("last_name", Problem::Required);
        }
        check.finish()?;
        Ok(fields)
    }

    /// First and last name, as far as known.
    pub fn full_name(&self) -> String {
        super::contact::full_name(self.first_name.as_deref(), self.last_name.as_deref())
    }

    /// The lower-case text that a search looks in.
    pub fn search_text(&self) -> String {
        let name = self.full_name();
        let parts = [
            Some(name.as_str()),
            self.email.as_ref().map(Email::as_str),
            self.phone.as_deref(),
            self.company.as_deref(),
            self.title.as_deref(),
            self.source.as_deref(),
        ];
        join_search(&parts)
    }
}

/// What leads can be sorted by; creation is the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the fields of Lead")]
pub enum LeadSort {
    #[default]
    CreatedAt,
    UpdatedAt,
    FirstName,
    LastName,
    Email,
    Company,
    Source,
    Status,
}

impl LeadSort {
    /// What a cursor carries of a lead in a list sorted by this key. Emails are compared in lower case; ids ascend with creation.
    pub fn value(self, lead: &Lead) -> SortValue {
        let fields = &lead.fields;
        let text = |value: Option<&str>| SortValue::Text(value.map(str::to_owned));
        match self {
            Self::CreatedAt => SortValue::Id,
            Self::UpdatedAt => SortValue::Integer(Some(lead.updated_at.micros())),
            Self::FirstName => text(fields.first_name.as_deref()),
            Self::LastName => text(fields.last_name.as_deref()),
            Self::Email => SortValue::Text(fields.email.as_ref().map(Email::key)),
            Self::Company => text(fields.company.as_deref()),
            Self::Source => text(fields.source.as_deref()),
            Self::Status => text(Some(&fields.status)),
        }
    }
}

/// Which leads a list shows; deleted ones never.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeadFilter {
    /// Only those changed after this stamp.
    pub updated_after: Option<Stamp>,
    /// Only those whose name, email, phone, company, title or source holds this text, whatever its case.
    pub search: Option<String>,
}

/// Reads leads.
pub trait LeadReads {
    /// The live lead with this id.
    fn lookup(&mut self, id: LeadId) -> Result<Option<Lead>>;
    /// The live leads with one of these external ids; at most one each.
    fn lookup_external(&mut self, external_ids: &[String]) -> Result<Vec<Lead>>;
    /// The live leads with one of these emails, whatever their case; oldest first.
    fn lookup_emails(&mut self, emails: &[String]) -> Result<Vec<Lead>>;
    /// A page of the live leads that match.
    fn list(&mut self, filter: &LeadFilter, sort: Sort<LeadSort>, window: &Window) -> Result<Page<Lead>>;
    /// All live leads of these accounts, by account, then creation.
    fn list_of_accounts(&mut self, accounts: &[AccountId]) -> Result<Vec<Lead>>;
}

/// Writes leads. Callers outside this crate use [`create`], [`update`] and [`remove`], which also record the change.
pub trait LeadRepository: LeadReads {
    /// Keeps new leads; ids ascend in the order given.
    fn add(&mut self, fields: Vec<LeadFields>) -> Result<Vec<Lead>>;
    /// Keeps a lead's new fields and `updated_at`.
    fn update(&mut self, lead: &Lead) -> Result<()>;
    /// Marks a lead deleted at this unit's stamp.
    fn remove(&mut self, id: LeadId) -> Result<()>;
}

/// Creates a lead.
///
/// # Errors
/// [`Error::Invalid`] when the account does not exist, [`Error::Duplicate`] when the external id is taken.
pub fn create(unit: &mut dyn UnitOfWork, fields: LeadFields) -> Result<Lead> {
    check_references(unit, &fields)?;
    let mut added = create_many(unit, vec![fields])?;
    added.pop().ok_or_else(|| Error::Internal("an added lead is missing".to_owned()))
}

/// Creates leads whose references were checked before.
pub fn create_many(unit: &mut dyn UnitOfWork, fields: Vec<LeadFields>) -> Result<Vec<Lead>> {
    let added = unit.leads().add(fields)?;
    for lead in &added {
        unit.record(NewChange::created(lead)?);
    }
    Ok(added)
}

/// Updates a lead: fields the draft does not mention stay. An update that changes nothing leaves no change and no new stamp.
///
/// # Errors
/// [`Error::NotFound`], and those of [`create`].
pub fn update(unit: &mut dyn UnitOfWork, id: LeadId, draft: LeadDraft, check: Check) -> Result<Lead> {
    let before = unit.leads().lookup(id)?.ok_or_else(|| Error::not_found(LeadId::NOUN, id))?;
    let fields = before.fields.updated(draft, check)?;
    // A reference that stays may name an account deleted since: that must not keep people from editing the rest.
    if fields.account_id != before.fields.account_id {
        check_references(unit, &fields)?;
    }
    Ok(revise(unit, &before, fields)?.unwrap_or(before))
}

/// Gives a lead, just read in this unit, fields whose references were checked before; `None` when nothing differs.
pub(crate) fn revise(unit: &mut dyn UnitOfWork, before: &Lead, fields: LeadFields) -> Result<Option<Lead>> {
    let after = Lead {
        fields,
        updated_at: unit.stamp(),
        ..before.clone()
    };
    let Some(change) = NewChange::updated(before, &after)? else {
        return Ok(None);
    };
    unit.leads().update(&after)?;
    unit.record(change);
    Ok(Some(after))
}

/// Deletes a lead.
///
/// # Errors
/// [`Error::NotFound`].
pub fn remove(unit: &mut dyn UnitOfWork, id: LeadId) -> Result<()> {
    let lead = unit.leads().lookup(id)?.ok_or_else(|| Error::not_found(LeadId::NOUN, id))?;
    unit.leads().remove(id)?;
    unit.record(NewChange::deleted(&lead)?);
    Ok(())
}

fn check_references(unit: &mut dyn UnitOfWork, fields: &LeadFields) -> Result<()> {
    if let Some(id) = fields.account_id
        && unit.accounts().lookup(id)?.is_none()
    {
        return Err(Error::invalid("account_id", Problem::Reference { noun: AccountId::NOUN }));
    }
    Ok(())
}
