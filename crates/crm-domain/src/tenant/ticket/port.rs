//! How tickets are listed, read and kept.

use super::{Ticket, TicketFields, TicketStatus};
use crate::{
    error::Result,
    fields,
    id::{SlaPolicyId, TicketId},
    page::{Page, Sort, Window},
    query::Filter,
    tenant::priority::Priority,
};

fields! {
    /// The fields of tickets that lists know; by creation unless asked otherwise (contract X-106).
    pub enum TicketField of ticket: Ticket {
        CreatedAt: Spec::stamp("created_at").filterable().in_id_order() => ticket.created_at;
        Id: Spec::id("id").filterable().in_id_order() => ticket.id;
        UpdatedAt: Spec::stamp("updated_at").filterable() => ticket.updated_at;
        Subject: Spec::key("subject").filterable().searchable() => &ticket.fields.subject;
        Status: Spec::choice("status", TicketStatus::WORDS).filterable() => ticket.fields.status;
        Priority: Spec::ranked("priority", Priority::WORDS).filterable() => ticket.fields.priority as i64;
        Category: Spec::text("category").nullable().filterable() => ticket.fields.category.as_ref();
        AccountId: Spec::id("account_id").sparse() => ticket.fields.account_id;
        ContactId: Spec::id("contact_id").sparse() => ticket.fields.contact_id;
        OwnerId: Spec::id("owner_id").nullable().filterable() => ticket.fields.owner_id;
        SlaPolicyId: Spec::id("sla_policy_id").sparse() => ticket.fields.sla_policy_id;
        ResolvedAt: Spec::stamp("resolved_at").nullable().filterable() => ticket.fields.progress.resolved_at;
        FirstResponseDueAt: Spec::stamp("first_response_due_at").nullable().filterable() => ticket.fields.progress.first_response_due_at;
        ResolutionDueAt: Spec::stamp("resolution_due_at").nullable().filterable() => ticket.fields.progress.resolution_due_at;
        CreatedBy: Spec::id("created_by").nullable() => ticket.created_by;
    }
    and Custom
}

/// Which tickets a list shows; a search looks in subject, category and source.
pub type TicketFilter = Filter<TicketField>;

/// Reads tickets.
pub trait TicketReads {
    /// The live ticket with this id.
    fn lookup(&mut self, id: TicketId) -> Result<Option<Ticket>>;
    /// The live tickets among these ids, in any order.
    fn lookup_many(&mut self, ids: &[TicketId]) -> Result<Vec<Ticket>>;
    /// The deleted tickets among these ids, in any order.
    fn lookup_deleted_many(&mut self, ids: &[TicketId]) -> Result<Vec<Ticket>>;
    /// A page of the tickets that match.
    fn list(&mut self, filter: &TicketFilter, sort: Sort<TicketField>, window: &Window) -> Result<Page<Ticket>>;
    /// Whether live tickets follow this policy.
    fn is_policy_used(&mut self, policy: SlaPolicyId) -> Result<bool>;
}

/// Writes tickets. Callers outside this crate use [`single`](crate::usecase::single) and [`act`](super::act), which also record the change.
pub trait TicketRepository: TicketReads {
    /// Keeps new tickets; ids ascend in the order given.
    fn add(&mut self, fields: Vec<TicketFields>) -> Result<Vec<Ticket>>;
    /// Keeps a ticket's new fields and `updated_at`.
    fn update(&mut self, ticket: &Ticket) -> Result<()>;
    /// Marks a ticket deleted at this unit's stamp.
    fn remove(&mut self, id: TicketId) -> Result<()>;
    /// The deleted ticket with this id.
    fn lookup_deleted(&mut self, id: TicketId) -> Result<Option<Ticket>>;
    /// Makes a ticket, as [`lookup_deleted`](TicketRepository::lookup_deleted) read it, live again at this unit's stamp.
    fn restore(&mut self, ticket: &Ticket) -> Result<()>;
}
