//! Contacts: the people a team talks to, with what is known of the companies they work for.
//!
//! Some of a contact follows from the rest: see [`derived`].

pub mod derived;
mod draft;
pub(crate) mod employer;
mod merge;
mod port;
mod stats;
mod technologies;
pub mod template;

pub use draft::ContactDraft;
pub use port::{ContactField, ContactFilter, ContactReads, ContactRepository};
pub use stats::{ContactStats, ContactTotals, StatKind, Tally, stat_keys};
pub use technologies::Technologies;

use serde::Serialize;
use uuid::Uuid;

use crate::{
    error::Result,
    field::{Check, Email, Text, WebAddress},
    id::{AccountId, ContactId, RecordId, UserId},
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        change::{Entity, EntityKind, NewChange},
        link::{self, Reference},
        record::{Key, Record, Settling},
    },
};

/// What people enter about a contact. A value of this type is valid by construction, but for its account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the names say it; formats are the types'")]
pub struct ContactFields {
    /// The id in the system that the contact came from; unique among live contacts.
    pub external_id: Option<Text<255>>,
    /// There whenever one of first and last name is, and then the name that the person goes by. A contact without a name has an email.
    pub full_name: Option<Text<201>>,
    pub first_name: Option<Text<100>>,
    pub last_name: Option<Text<100>>,
    /// Unique among live contacts, whatever its case.
    pub email: Option<Email>,
    /// The mobile phone where a family tells several apart (contract D-45).
    pub phone: Option<Text<50>>,
    pub other_phone: Option<Text<50>>,
    pub home_phone: Option<Text<50>>,
    pub corporate_phone: Option<Text<50>>,
    pub title: Option<Text<150>>,
    /// The account's name where there is one, else as it was given.
    pub company: Option<Text<255>>,
    /// How many people the company employs, 0 to 2^31 − 1.
    pub employees: Option<i64>,
    /// One of [`derived::SIZE_BRACKETS`], or what else was given.
    pub employee_size_bracket: Option<Text<50>>,
    pub industry: Option<Text<100>>,
    pub website: Option<WebAddress>,
    pub company_linkedin: Option<WebAddress>,
    pub person_linkedin: Option<WebAddress>,
    pub technologies: Option<Technologies>,
    /// As it was given (contract X-14).
    pub annual_revenue: Option<Text<100>>,
    pub city: Option<Text<100>>,
    pub state: Option<Text<100>>,
    pub country: Option<Text<100>>,
    pub company_address: Option<Text<500>>,
    pub company_city: Option<Text<100>>,
    pub company_state: Option<Text<100>>,
    pub company_country: Option<Text<100>>,
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
    unit.contacts().update(before, &after)?;
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

    fn settle(unit: &mut dyn UnitOfWork, contacts: &mut [Settling<'_, Self>]) -> Result<()> {
        let mut fields = Vec::with_capacity(contacts.len());
        for Settling { before, after } in contacts {
            fields.push((before.map(|before| &before.fields), &mut **after));
        }
        employer::settle(unit, &mut fields)
    }

    fn vacate(unit: &mut dyn UnitOfWork, ids: &[ContactId]) -> Result<bool> {
        unit.contacts().vacate(ids).map(|()| true)
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
            unit.contacts().remove(&contact)?;
            unit.record(NewChange::deleted(&contact)?);
        }
        Ok(())
    }

    fn lookup_deleted(unit: &mut dyn UnitOfWork, id: ContactId) -> Result<Option<Self>> {
        unit.contacts().lookup_deleted(id)
    }

    fn revive(&self, unit: &mut dyn UnitOfWork) -> Result<()> {
        unit.contacts().restore(self)?;
        employer::follow_one(unit, self)
    }
}
