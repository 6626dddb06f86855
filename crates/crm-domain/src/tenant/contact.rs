//! Contacts: the people a team talks to.

mod merge;

use serde::Serialize;
use uuid::Uuid;

use crate::{
    error::{Problem, Result},
    field::{Check, Email, Patch, Text, WebAddress, join_search},
    fields,
    id::{AccountId, ContactId, RecordId, UserId},
    page::{Page, Sort, Window},
    query::Filter,
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        change::{Entity, EntityKind, NewChange},
        link::{self, Reference},
        record::{Key, Record},
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

fields! {
    /// The fields of contacts that lists know; by creation unless asked otherwise (contract X-106).
    pub enum ContactField of contact: Contact {
        CreatedAt: Spec::stamp("created_at").filterable().in_id_order() => contact.created_at;
        Id: Spec::id("id").filterable().in_id_order() => contact.id;
        UpdatedAt: Spec::stamp("updated_at").filterable() => contact.updated_at;
        FirstName: Spec::text("first_name").nullable().filterable() => contact.fields.first_name.as_ref();
        LastName: Spec::text("last_name").nullable().filterable() => contact.fields.last_name.as_ref();
        Email: Spec::key("email").nullable().filterable().searchable() => contact.fields.email.as_ref();
        Company: Spec::text("company").nullable().filterable() => contact.fields.company.as_ref();
        AccountId: Spec::id("account_id").sparse() => contact.fields.account_id;
        OwnerId: Spec::id("owner_id").filterable() => contact.fields.owner_id;
        ExternalId: Spec::text("external_id").sparse() => contact.fields.external_id.as_ref();
        CreatedBy: Spec::id("created_by").nullable() => contact.created_by;
    }
    and Custom
}

/// Which contacts a list shows; a search looks in name, email, phone, company, title, city and country.
pub type ContactFilter = Filter<ContactField>;

/// Reads contacts.
pub trait ContactReads {
    /// The live contact with this id.
    fn lookup(&mut self, id: ContactId) -> Result<Option<Contact>>;
    /// The live contacts among these ids, in any order.
    fn lookup_many(&mut self, ids: &[ContactId]) -> Result<Vec<Contact>>;
    /// The live contacts with one of these external ids; at most one each.
    fn lookup_external(&mut self, external_ids: &[String]) -> Result<Vec<Contact>>;
    /// The live contacts with one of these emails, whatever their case; at most one each.
    fn lookup_emails(&mut self, emails: &[String]) -> Result<Vec<Contact>>;
    /// A page of the contacts that match.
    fn list(&mut self, filter: &ContactFilter, sort: Sort<ContactField>, window: &Window) -> Result<Page<Contact>>;
    /// All live contacts of these accounts, by account, then creation.
    fn list_of_accounts(&mut self, accounts: &[AccountId]) -> Result<Vec<Contact>>;
}

/// Writes contacts. Callers outside this crate use [`single`](crate::usecase::single) and what is beside it, which also record the
/// change.
pub trait ContactRepository: ContactReads {
    /// Keeps new contacts; ids ascend in the order given.
    fn add(&mut self, fields: Vec<ContactFields>) -> Result<Vec<Contact>>;
    /// Keeps a contact's new fields and `updated_at`.
    fn update(&mut self, contact: &Contact) -> Result<()>;
    /// Marks a contact deleted at this unit's stamp.
    fn remove(&mut self, id: ContactId) -> Result<()>;
    /// The deleted contact with this id.
    fn lookup_deleted(&mut self, id: ContactId) -> Result<Option<Contact>>;
    /// Makes a contact, as [`lookup_deleted`](ContactRepository::lookup_deleted) read it, live again at this unit's stamp.
    fn restore(&mut self, contact: &Contact) -> Result<()>;
}

/// Creates contacts whose references were checked before.
pub fn create_many(unit: &mut dyn UnitOfWork, fields: Vec<ContactFields>) -> Result<Vec<Contact>> {
    let added = unit.contacts().add(fields)?;
    for contact in &added {
        unit.record(NewChange::created(contact)?);
    }
    Ok(added)
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

impl Record for Contact {
    type Id = ContactId;
    type Draft = ContactDraft;
    type Parsed = ContactFields;
    type Context = UserId;

    fn updated_at(&self) -> Stamp {
        self.updated_at
    }

    fn context(_: &mut dyn UnitOfWork, owner: UserId) -> Result<UserId> {
        Ok(owner)
    }

    fn parse(draft: ContactDraft, owner: &UserId, check: Check) -> Result<ContactFields> {
        ContactFields::parse(draft, *owner, check)
    }

    fn updated(&self, draft: ContactDraft, _: &UserId, check: Check) -> Result<ContactFields> {
        self.fields.updated(draft, check)
    }

    fn fields_of(parsed: &ContactFields) -> &ContactFields {
        parsed
    }

    fn named(draft: &ContactDraft) -> Vec<Reference> {
        Reference::named("account_id", EntityKind::Account, &draft.account_id)
            .into_iter()
            .collect()
    }

    fn references(fields: &ContactFields) -> Vec<Reference> {
        Reference::of("account_id", EntityKind::Account, fields.account_id)
            .into_iter()
            .collect()
    }

    fn keys(fields: &ContactFields) -> Vec<Key> {
        [
            Key::of("external_id", fields.external_id.as_deref()),
            Key::of("email", fields.email.as_ref().map(Email::key)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn holders(unit: &mut dyn UnitOfWork, field: &'static str, texts: &[String]) -> Result<Vec<Self>> {
        match field {
            "email" => unit.contacts().lookup_emails(texts),
            _ => unit.contacts().lookup_external(texts),
        }
    }

    fn lookup_many(unit: &mut dyn UnitOfWork, ids: &[ContactId]) -> Result<Vec<Self>> {
        unit.contacts().lookup_many(ids)
    }

    fn create_many(unit: &mut dyn UnitOfWork, new: Vec<ContactFields>) -> Result<Vec<Self>> {
        create_many(unit, new)
    }

    fn revise(unit: &mut dyn UnitOfWork, before: &Self, parsed: ContactFields) -> Result<Option<Self>> {
        revise(unit, before, parsed)
    }

    fn remove_many(unit: &mut dyn UnitOfWork, contacts: Vec<Self>) -> Result<()> {
        let ids: Vec<i64> = contacts.iter().map(|contact| contact.id.get()).collect();
        link::move_all(unit, EntityKind::Contact, &ids, None)?;
        for contact in contacts {
            unit.contacts().remove(contact.id)?;
            unit.record(NewChange::deleted(&contact)?);
        }
        Ok(())
    }

    fn lookup_deleted(unit: &mut dyn UnitOfWork, id: ContactId) -> Result<Option<Self>> {
        unit.contacts().lookup_deleted(id)
    }

    fn revive(&self, unit: &mut dyn UnitOfWork) -> Result<()> {
        unit.contacts().restore(self)
    }
}
