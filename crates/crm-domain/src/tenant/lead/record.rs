//! What the mechanisms common to all nouns need to know of leads.

use super::{Lead, LeadDraft, LeadFields, create_many, revise, status};
use crate::{
    error::Result,
    field::{Check, Email},
    id::{LeadId, RecordId, UserId},
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        change::{EntityKind, NewChange},
        link::{self, Reference},
        record::{Key, Record},
    },
};

impl Record for Lead {
    type Id = LeadId;
    type Draft = LeadDraft;
    type Parsed = LeadFields;
    type Context = UserId;

    fn updated_at(&self) -> Stamp {
        self.updated_at
    }

    fn context(_: &mut dyn UnitOfWork, owner: UserId) -> Result<UserId> {
        Ok(owner)
    }

    fn parse(draft: LeadDraft, owner: &UserId, check: Check) -> Result<LeadFields> {
        LeadFields::parse(draft, *owner, check)
    }

    fn updated(&self, draft: LeadDraft, _: &UserId, check: Check) -> Result<LeadFields> {
        self.fields.updated(draft, check)
    }

    fn fields_of(parsed: &LeadFields) -> &LeadFields {
        parsed
    }

    fn named(draft: &LeadDraft) -> Vec<Reference> {
        Reference::named("account_id", EntityKind::Account, &draft.account_id)
            .into_iter()
            .collect()
    }

    fn references(fields: &LeadFields) -> Vec<Reference> {
        let outcome = &fields.outcome;
        let references = [
            Reference::of("account_id", EntityKind::Account, fields.account_id),
            Reference::of("converted_account_id", EntityKind::Account, outcome.converted_account_id),
            Reference::of("converted_contact_id", EntityKind::Contact, outcome.converted_contact_id),
            Reference::of(
                "converted_opportunity_id",
                EntityKind::Opportunity,
                outcome.converted_opportunity_id,
            ),
        ];
        references.into_iter().flatten().collect()
    }

    fn keys(fields: &LeadFields) -> Vec<Key> {
        let keys = [
            Key::of("email", fields.email.as_ref().map(Email::key)),
            Key::of("external_id", fields.external_id.as_deref()),
        ];
        keys.into_iter().flatten().collect()
    }

    fn holders(unit: &mut dyn UnitOfWork, field: &'static str, texts: &[String]) -> Result<Vec<Self>> {
        if field == "email" {
            unit.leads().lookup_emails(texts)
        } else {
            unit.leads().lookup_external(texts)
        }
    }

    fn lookup_many(unit: &mut dyn UnitOfWork, ids: &[LeadId]) -> Result<Vec<Self>> {
        unit.leads().lookup_many(ids)
    }

    fn judge(&self, _: &mut dyn UnitOfWork, fields: &LeadFields) -> Result<()> {
        status::check_edit(self, fields)
    }

    fn create_many(unit: &mut dyn UnitOfWork, new: Vec<LeadFields>) -> Result<Vec<Self>> {
        create_many(unit, new)
    }

    fn revise(unit: &mut dyn UnitOfWork, before: &Self, parsed: LeadFields) -> Result<Option<Self>> {
        revise(unit, before, parsed)
    }

    fn remove_many(unit: &mut dyn UnitOfWork, leads: Vec<Self>) -> Result<()> {
        let ids: Vec<i64> = leads.iter().map(|lead| lead.id.get()).collect();
        link::move_all(unit, EntityKind::Lead, &ids, None)?;
        for lead in leads {
            unit.leads().remove(&lead)?;
            unit.record(NewChange::deleted(&lead)?);
        }
        Ok(())
    }

    fn lookup_deleted(unit: &mut dyn UnitOfWork, id: LeadId) -> Result<Option<Self>> {
        unit.leads().lookup_deleted(id)
    }

    fn revive(&self, unit: &mut dyn UnitOfWork) -> Result<()> {
        unit.leads().restore(self)
    }
}
