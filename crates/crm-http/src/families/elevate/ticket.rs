//! Tickets: this family has no routes for them, but its webhooks are told of their SLA targets (contract E-74, E-75).

use crm_domain::{
    Result,
    control::tenant::Tenant,
    id::RecordId,
    stamp::Stamp,
    tenant::{TenantReader, change::EntityKind, ticket::Ticket as Entity},
};
use serde::Serialize;
use uuid::Uuid;

use super::{
    related::{Related, user},
    task::priority_word,
};

/// A ticket.
#[derive(Debug, Serialize)]
pub(super) struct Ticket {
    id: Uuid,
    tenant_id: Uuid,
    subject: String,
    description: Option<String>,
    /// `new`, `open`, `pending`, `resolved` or `closed`.
    status: &'static str,
    /// `low`, `medium`, `high` or `urgent`, as of tasks.
    priority: &'static str,
    category: Option<String>,
    source: Option<String>,
    resolution: Option<String>,
    first_response_due_at: Option<String>,
    resolution_due_at: Option<String>,
    first_responded_at: Option<String>,
    resolved_at: Option<String>,
    closed_at: Option<String>,
    account_id: Option<Uuid>,
    contact_id: Option<Uuid>,
    /// The user who is to settle it, as `/api/users` names it.
    owner_id: Option<String>,
    created_at: String,
    updated_at: String,
}

impl Ticket {
    /// Tickets with what they refer to.
    pub fn show(reader: &mut dyn TenantReader, tenant: &Tenant, tickets: &[Entity]) -> Result<Vec<Self>> {
        let wanted = tickets.iter().flat_map(|ticket| {
            [
                (EntityKind::Account, ticket.fields.account_id.map(RecordId::get)),
                (EntityKind::Contact, ticket.fields.contact_id.map(RecordId::get)),
            ]
        });
        let related = Related::read(reader, wanted)?;
        Ok(tickets.iter().map(|ticket| Self::of(ticket, tenant, &related)).collect())
    }

    fn of(ticket: &Entity, tenant: &Tenant, related: &Related) -> Self {
        let (fields, progress) = (&ticket.fields, &ticket.fields.progress);
        let text = |text: Option<&str>| text.map(str::to_owned);
        let time = |stamp: Option<Stamp>| stamp.map(Stamp::to_second_precision);
        Self {
            id: ticket.uuid,
            tenant_id: tenant.uuid,
            subject: fields.subject.to_string(),
            description: text(fields.description.as_deref()),
            status: fields.status.adjective(),
            priority: priority_word(fields.priority),
            category: text(fields.category.as_deref()),
            source: text(fields.source.as_deref()),
            resolution: text(fields.resolution.as_deref()),
            first_response_due_at: time(progress.first_response_due_at),
            resolution_due_at: time(progress.resolution_due_at),
            first_responded_at: time(progress.first_responded_at),
            resolved_at: time(progress.resolved_at),
            closed_at: time(progress.closed_at),
            account_id: related.of(EntityKind::Account, fields.account_id),
            contact_id: related.of(EntityKind::Contact, fields.contact_id),
            owner_id: fields.owner_id.map(user),
            created_at: ticket.created_at.to_second_precision(),
            updated_at: ticket.updated_at.to_second_precision(),
        }
    }
}
