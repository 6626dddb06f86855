//! Contacts: the people a team talks to.

use serde::Serialize;
use uuid::Uuid;

use crate::{
    error::{Error, Problem, Result},
    field::{Check, Email, Patch, Text, WebAddress, join_search},
    id::{AccountId, ContactId, RecordId, UserId},
    page::{Page, Sort, SortValue, Window},
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        change::{Entity, EntityKind, NewChange},
    },
};

/// What people enter about a contact. A value of this type is valid by construction, but for its account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the names say it; formats are the types'")]
pub struct ContactFields {
    /// The id in the system that the contact came from; unique among live contacts.
    pub external_id: Option<Text<255>>,
    /// At least one of first and last name is there.
    pub first_name: Option<Text<100>>,
    pub last_name: Option<Text<100>>,
    /// Unique among live contacts, whatever its case.
    pub email: Option<Email>,
    pub phone: Option<Text<50>>,
    pub other_phone: Option<Text<50>>,
    pub title: Option<Text<150>>,
    pub company: Option<Text<255>>,
    pub website: Option<WebAddress>,
    pub city: Option<Text<100>>,
    pub state: Option<Text<100>>,
    pub country: Option<Text<100>>,
    pub description: Option<Text<10_000>>,
    pub account_id: Option<AccountId>,
    pub owner_id: UserId,
}

/// A contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// Per-tenant id; ascending in the order of creation.
    pub id: ContactId,
    /// Version 7 uuid.
    pub uuid: Uuid,
    /// What people entered.
    pub fields: ContactFields,
    /// Stamp of the unit that created it.
    pub created_at: Stamp,
    /// The user who created it; `None` for integrations and jobs.
    pub created_by: Option<UserId>,
    /// Stamp of the last unit that changed it.
    pub updated_at: Stamp,
}

impl Entity for Contact {
    const KIND: EntityKind = EntityKind::Contact;
    type Fields = ContactFields;
    fn id(&self) -> i64 {
        self.id.get()
    }
    fn fields(&self) -> &ContactFields {
        &self.fields
    }
}

/// What a caller says of a contact, unparsed. Serves creation and update alike.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the fields of ContactFields")]
pub struct ContactDraft {
    pub external_id: Patch<String>,
    pub first_name: Patch<String>,
    pub last_name: Patch<String>,
    pub email: Patch<String>,
    pub phone: Patch<String>,
    pub other_phone: Patch<String>,
    pub title: Patch<String>,
    pub company: Patch<String>,
    pub website: Patch<String>,
    pub city: Patch<String>,
    pub state: Patch<String>,
    pub country: Patch<String>,
    pub description: Patch<String>,
    pub account_id: Patch<AccountId>,
    pub owner_id: Patch<UserId>,
}

impl ContactFields {
    /// Parses a new contact, owned by `owner` unless the draft names another.
    pub fn parse(draft: ContactDraft, owner: UserId, check: Check) -> Result<Self> {
        Self::merge(None, draft, owner, check)
    }

    /// Parses an update of `self`: fields the draft does not mention stay.
    pub fn updated(&self, draft: ContactDraft, check: Check) -> Result<Self> {
        Self::merge(Some(self), draft, self.owner_id, check)
    }

    fn merge(current: Option<&Self>, draft: ContactDraft, owner: UserId, mut check: Check) -> Result<Self> {
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
        let fields = Self {
            external_id: optional!(external_id, Text::parse),
            first_name: optional!(first_name, Text::parse),
            last_name: optional!(last_name, Text::parse),
            email: optional!(email, Email::parse),
            phone: optional!(phone, Text::parse),
            other_phone: optional!(other_phone, Text::parse),
            title: optional!(title, Text::parse),
            company: optional!(company, Text::parse),
            website: optional!(website, WebAddress::parse),
            city: optional!(city, Text::parse),
            state: optional!(state, Text::parse),
            country: optional!(country, Text::parse),
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
        full_name(self.first_name.as_deref(), self.last_name.as_deref())
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
            self.city.as_deref(),
            self.country.as_deref(),
        ];
        join_search(&parts)
    }
}

/// First and last name, as far as known.
pub(crate) fn full_name(first: Option<&str>, last: Option<&str>) -> String {
    match (first, last) {
        (Some(first), Some(last)) => format!("{first} {last}"),
        (name, None) | (None, name) => name.unwrap_or_default().to_owned(),
    }
}

/// What contacts can be sorted by; creation is the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the fields of Contact")]
pub enum ContactSort {
    #[default]
    CreatedAt,
    UpdatedAt,
    FirstName,
    LastName,
    Email,
    Company,
}

impl ContactSort {
    /// What a cursor carries of a contact in a list sorted by this key. Emails are compared in lower case; ids ascend with creation.
    pub fn value(self, contact: &Contact) -> SortValue {
        let fields = &contact.fields;
        let text = |value: Option<&str>| SortValue::Text(value.map(str::to_owned));
        match self {
            Self::CreatedAt => SortValue::Id,
            Self::UpdatedAt => SortValue::Integer(Some(contact.updated_at.micros())),
            Self::FirstName => text(fields.first_name.as_deref()),
            Self::LastName => text(fields.last_name.as_deref()),
            Self::Email => SortValue::Text(fields.email.as_ref().map(Email::key)),
            Self::Company => text(fields.company.as_deref()),
        }
    }
}

/// Which contacts a list shows; deleted ones never.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContactFilter {
    /// Only those changed after this stamp.
    pub updated_after: Option<Stamp>,
    /// Only those whose name, email, phone, company, title, city or country holds this text, whatever its case.
    pub search: Option<String>,
}

/// Reads contacts.
pub trait ContactReads {
    /// The live contact with this id.
    fn lookup(&mut self, id: ContactId) -> Result<Option<Contact>>;
    /// The live contacts with one of these external ids; at most one each.
    fn lookup_external(&mut self, external_ids: &[String]) -> Result<Vec<Contact>>;
    /// The live contacts with one of these emails, whatever their case; at most one each.
    fn lookup_emails(&mut self, emails: &[String]) -> Result<Vec<Contact>>;
    /// A page of the live contacts that match.
    fn list(&mut self, filter: &ContactFilter, sort: Sort<ContactSort>, window: &Window) -> Result<Page<Contact>>;
    /// All live contacts of these accounts, by account, then creation.
    fn list_of_accounts(&mut self, accounts: &[AccountId]) -> Result<Vec<Contact>>;
}

/// Writes contacts. Callers outside this crate use [`create`], [`update`] and [`remove`], which also record the change.
pub trait ContactRepository: ContactReads {
    /// Keeps new contacts; ids ascend in the order given.
    fn add(&mut self, fields: Vec<ContactFields>) -> Result<Vec<Contact>>;
    /// Keeps a contact's new fields and `updated_at`.
    fn update(&mut self, contact: &Contact) -> Result<()>;
    /// Marks a contact deleted at this unit's stamp.
    fn remove(&mut self, id: ContactId) -> Result<()>;
}

/// Creates a contact.
///
/// # Errors
/// [`Error::Invalid`] when the account does not exist, [`Error::Duplicate`] when email or external id is taken.
pub fn create(unit: &mut dyn UnitOfWork, fields: ContactFields) -> Result<Contact> {
    check_references(unit, &fields)?;
    let mut added = create_many(unit, vec![fields])?;
    added.pop().ok_or_else(|| Error::Internal("an added contact is missing".to_owned()))
}

/// Creates contacts whose references were checked before.
pub fn create_many(unit: &mut dyn UnitOfWork, fields: Vec<ContactFields>) -> Result<Vec<Contact>> {
    let added = unit.contacts().add(fields)?;
    for contact in &added {
        unit.record(NewChange::created(contact)?);
    }
    Ok(added)
}

/// Updates a contact: fields the draft does not mention stay. An update that changes nothing leaves no change and no new stamp.
///
/// # Errors
/// [`Error::NotFound`], and those of [`create`].
pub fn update(unit: &mut dyn UnitOfWork, id: ContactId, draft: ContactDraft, check: Check) -> Result<Contact> {
    let before = unit.contacts().lookup(id)?.ok_or_else(|| Error::not_found(ContactId::NOUN, id))?;
    let fields = before.fields.updated(draft, check)?;
    // A reference that stays may name an account deleted since: that must not keep people from editing the rest.
    if fields.account_id != before.fields.account_id {
        check_references(unit, &fields)?;
    }
    Ok(revise(unit, &before, fields)?.unwrap_or(before))
}

/// Gives a contact, just read in this unit, fields whose references were checked before; `None` when nothing differs.
pub(crate) fn revise(unit: &mut dyn UnitOfWork, before: &Contact, fields: ContactFields) -> Result<Option<Contact>> {
    let after = Contact {
        fields,
        updated_at: unit.stamp(),
        ..before.clone()
    };
    let Some(change) = NewChange::updated(before, &after)? else {
        return Ok(None);
    };
    unit.contacts().update(&after)?;
    unit.record(change);
    Ok(Some(after))
}

/// Deletes a contact.
///
/// # Errors
/// [`Error::NotFound`].
pub fn remove(unit: &mut dyn UnitOfWork, id: ContactId) -> Result<()> {
    let contact = unit.contacts().lookup(id)?.ok_or_else(|| Error::not_found(ContactId::NOUN, id))?;
    unit.contacts().remove(id)?;
    unit.record(NewChange::deleted(&contact)?);
    Ok(())
}

fn check_references(unit: &mut dyn UnitOfWork, fields: &ContactFields) -> Result<()> {
    if let Some(id) = fields.account_id
        && unit.accounts().lookup(id)?.is_none()
    {
        return Err(Error::invalid("account_id", Problem::Reference { noun: AccountId::NOUN }));
    }
    Ok(())
}
