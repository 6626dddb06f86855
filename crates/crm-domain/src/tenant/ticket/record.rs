//! Tickets as the mechanisms common to all nouns see them.

use super::{Ticket, TicketContext, TicketDraft, TicketFields, context, revise};
use crate::{
    error::Result,
    field::Check,
    id::{RecordId, TicketId, UserId},
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        change::{EntityKind, NewChange},
        link::{self, Reference},
        record::{Key, Record},
    },
};

impl Record for Ticket {
    type Id = TicketId;
    type Draft = TicketDraft;
    type Parsed = TicketFields;
    type Context = TicketContext;

    fn updated_at(&self) -> Stamp {
        self.updated_at
    }

    fn context(unit: &mut dyn UnitOfWork, owner: UserId) -> Result<TicketContext> {
        context(unit, Some(owner))
    }

    fn parse(draft: TicketDraft, context: &TicketContext, check: Check) -> Result<TicketFields> {
        TicketFields::parse(draft, context, check)
    }

    fn updated(&self, draft: TicketDraft, context: &TicketContext, check: Check) -> Result<TicketFields> {
        self.updated(draft, context, check)
    }

    fn fields_of(parsed: &TicketFields) -> &TicketFields {
        parsed
    }

    fn named(draft: &TicketDraft) -> Vec<Reference> {
        [
            Reference::named("account_id", EntityKind::Account, &draft.account_id),
            Reference::named("contact_id", EntityKind::Contact, &draft.contact_id),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn references(fields: &TicketFields) -> Vec<Reference> {
        let references = [
            Reference::of("account_id", EntityKind::Account, fields.account_id),
            Reference::of("contact_id", EntityKind::Contact, fields.contact_id),
            Reference::of("sla_policy_id", EntityKind::SlaPolicy, fields.sla_policy_id),
        ];
        references.into_iter().flatten().collect()
    }

    fn keys(_: &TicketFields) -> Vec<Key> {
        Vec::new()
    }

    fn holders(_: &mut dyn UnitOfWork, _: &'static str, _: &[String]) -> Result<Vec<Self>> {
        Ok(Vec::new())
    }

    fn lookup_many(unit: &mut dyn UnitOfWork, ids: &[TicketId]) -> Result<Vec<Self>> {
        unit.tickets().lookup_many(ids)
    }

    fn create_many(unit: &mut dyn UnitOfWork, new: Vec<TicketFields>) -> Result<Vec<Self>> {
        let added = unit.tickets().add(new)?;
        for ticket in &added {
            unit.record(NewChange::created(ticket)?);
        }
        Ok(added)
    }

    fn revise(unit: &mut dyn UnitOfWork, before: &Self, fields: TicketFields) -> Result<Option<Self>> {
        revise(unit, before, fields)
    }

    /// Their comments can be reached no more, until they are restored.
    fn remove_many(unit: &mut dyn UnitOfWork, tickets: Vec<Self>) -> Result<()> {
        let ids: Vec<i64> = tickets.iter().map(|ticket| ticket.id.get()).collect();
        link::move_all(unit, EntityKind::Ticket, &ids, None)?;
        for ticket in tickets {
            unit.tickets().remove(ticket.id)?;
            unit.record(NewChange::deleted(&ticket)?);
        }
        Ok(())
    }

    fn lookup_deleted(unit: &mut dyn UnitOfWork, id: TicketId) -> Result<Option<Self>> {
        unit.tickets().lookup_deleted(id)
    }

    fn revive(&self, unit: &mut dyn UnitOfWork) -> Result<()> {
        unit.tickets().restore(self)
    }
}
