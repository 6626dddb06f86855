//! Tickets: what customers ask for help with (contract C-74 … C-80). Family C shows them.

mod draft;
mod port;
mod progress;
mod record;
mod status;

pub use draft::{TicketContext, TicketDraft};
pub use port::{TicketField, TicketFilter, TicketReads, TicketRepository};
pub use progress::{TicketProgress, Watch};
pub use status::{TicketAction, TicketStatus};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    error::{Error, Result},
    field::{Check, Patch, Text},
    id::{AccountId, ContactId, RecordId, SlaPolicyId, TicketId, UserId},
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        change::{Entity, EntityKind, NewChange},
        link,
        priority::Priority,
        record::Record,
        rewind::rewind,
        sla_policy::SlaSubject,
    },
    usecase::single,
};

/// What people enter about a ticket, and what follows from it. A value of this type is valid by construction, but for its references.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it; formats are the types'")]
pub struct TicketFields {
    pub subject: Text<255>,
    pub description: Option<Text<10_000>>,
    pub status: TicketStatus,
    pub priority: Priority,
    pub category: Option<Text<100>>,
    /// Where it came from, e.g. `Email`.
    pub source: Option<Text<100>>,
    /// How it was settled.
    pub resolution: Option<Text<10_000>>,
    pub account_id: Option<AccountId>,
    pub contact_id: Option<ContactId>,
    /// Who is to settle it; `None` while nobody is.
    pub owner_id: Option<UserId>,
    /// The policy that its due times follow.
    pub sla_policy_id: Option<SlaPolicyId>,
    #[serde(flatten)]
    pub progress: TicketProgress,
}

/// A ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Per-tenant id; ascending in the order of creation.
    pub id: TicketId,
    /// Version 7 uuid.
    pub uuid: Uuid,
    /// What people entered, and what follows from it.
    pub fields: TicketFields,
    /// Stamp of the unit that created it.
    pub created_at: Stamp,
    /// The user who created it; `None` for integrations and jobs.
    pub created_by: Option<UserId>,
    /// Stamp of the last unit that changed it.
    pub updated_at: Stamp,
}

impl Entity for Ticket {
    const KIND: EntityKind = EntityKind::Ticket;
    type Fields = TicketFields;
    fn id(&self) -> i64 {
        self.id.get()
    }
    fn fields(&self) -> &TicketFields {
        &self.fields
    }
}

rewind!(Ticket, TicketId, tickets, {
    // How long its clock stood still, changes do not tell, and nobody is shown.
    fn put(&mut self, mut fields: TicketFields) {
        let (told, kept) = (&mut fields.progress, &self.fields.progress);
        (told.stopped_at, told.paused_micros) = (kept.stopped_at, kept.paused_micros);
        self.fields = fields;
    }
});

/// What parsing a ticket in this unit needs to know.
pub fn context(unit: &mut dyn UnitOfWork, owner: Option<UserId>) -> Result<TicketContext> {
    let policies = unit.sla_policies().list_of(SlaSubject::Ticket)?;
    Ok(TicketContext {
        owner,
        now: unit.stamp(),
        policies,
    })
}

/// Does something to a ticket; the draft says what else changes with it.
///
/// # Errors
/// [`Error::NotFound`], [`Error::State`] where its state does not allow it, and [`Error::Invalid`] for what the draft says.
pub fn act(unit: &mut dyn UnitOfWork, id: TicketId, action: TicketAction, draft: TicketDraft, check: Check) -> Result<Ticket> {
    let before: Ticket = single::known(unit, id)?;
    let status = before.fields.status;
    let Some(next) = action.leads_to(status) else {
        return Err(Error::state(TicketId::NOUN, id, status.adjective(), action.participle()));
    };
    let draft = TicketDraft {
        status: Patch::Set(next.as_str().to_owned()),
        ..draft
    };
    change(unit, before, draft, check)
}

/// A user answered the ticket for all to read: the first time counts as its first response, and a new ticket is open.
pub(crate) fn answered(unit: &mut dyn UnitOfWork, ticket: &Ticket) -> Result<()> {
    let context = context(unit, None)?;
    let watch = context.watch(ticket.created_at, ticket.fields.sla_policy_id);
    let mut fields = ticket.fields.clone();
    fields.progress.respond(watch);
    if fields.status == TicketStatus::New {
        fields.status = TicketStatus::Open;
        fields.progress.enter(ticket.fields.status, fields.status, watch);
    }
    revise(unit, ticket, fields)?;
    Ok(())
}

fn change(unit: &mut dyn UnitOfWork, before: Ticket, draft: TicketDraft, check: Check) -> Result<Ticket> {
    let context = context(unit, None)?;
    let fields = before.updated(draft, &context, check)?;
    link::check(unit, &Ticket::references(&before.fields), &Ticket::references(&fields))?;
    Ok(revise(unit, &before, fields)?.unwrap_or(before))
}

/// Gives a ticket, just read in this unit, fields whose references were checked before; `None` when nothing differs.
pub(crate) fn revise(unit: &mut dyn UnitOfWork, before: &Ticket, fields: TicketFields) -> Result<Option<Ticket>> {
    let after = Ticket {
        fields,
        updated_at: unit.stamp(),
        ..before.clone()
    };
    let Some(change) = NewChange::updated(before, &after)? else {
        return Ok(None);
    };
    unit.tickets().update(&after)?;
    unit.record(change);
    Ok(Some(after))
}
