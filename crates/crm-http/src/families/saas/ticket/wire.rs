//! The shapes of a ticket.

use crm_domain::{
    field::Check,
    id::TenantId,
    tenant::{
        label::Labels,
        ticket::{self as tickets, TicketDraft},
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{
    families::saas::{
        custom_field::values,
        id::{COMPANY, CONTACT, SLA_POLICY, TENANT, TICKET, USER, in_body, show},
        schema::changes_schema,
    },
    shared::json_body::Given,
};

/// A ticket as it is sent: to create one, or the fields of one to change. Null clears a field.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::TicketRequest)]
pub(crate) struct TicketRequest {
    /// Required to create.
    #[schema(value_type = String, example = "Cannot sign in")]
    subject: Given<String>,
    #[schema(value_type = Option<String>)]
    description: Given<String>,
    /// `New`, `Open`, `Pending`, `Resolved` or `Closed`; `New` when left out. Resolved and closed tickets are reopened by `Open`.
    #[schema(value_type = Option<String>, example = "Open")]
    status: Given<String>,
    /// `Low`, `Normal`, `High` or `Urgent`; `Normal` when left out.
    #[schema(value_type = Option<String>, example = "High")]
    priority: Given<String>,
    #[schema(value_type = Option<String>, example = "Access")]
    category: Given<String>,
    /// Where it came from.
    #[schema(value_type = Option<String>, example = "Email")]
    source: Given<String>,
    /// How it was settled.
    #[schema(value_type = Option<String>)]
    resolution: Given<String>,
    #[schema(value_type = Option<String>, example = "company_12")]
    company_id: Given<String>,
    #[schema(value_type = Option<String>, example = "contact_56")]
    contact_id: Given<String>,
    /// Who is to settle it; who creates it when left out, nobody when null.
    #[schema(value_type = Option<String>, example = "user_456")]
    owner_id: Given<String>,
    /// The active policy for the priority, else the default one, when left out.
    #[schema(value_type = Option<String>, example = "sla_policy_2")]
    sla_policy_id: Given<String>,
    /// Values of the tenant's custom fields, by their keys. Null clears a value; those left out stay.
    #[schema(value_type = Option<Object>, example = json!({"tier": "Gold"}))]
    pub(super) custom_fields: Given<Map<String, Value>>,
}

impl TicketRequest {
    pub(super) fn draft(self, check: &mut Check) -> TicketDraft {
        TicketDraft {
            subject: self.subject.patch("subject", check),
            description: self.description.patch("description", check),
            status: self.status.patch("status", check),
            priority: self.priority.patch("priority", check),
            category: self.category.patch("category", check),
            source: self.source.patch("source", check),
            resolution: self.resolution.patch("resolution", check),
            account_id: in_body(self.company_id, COMPANY, "account_id", check),
            contact_id: in_body(self.contact_id, CONTACT, "contact_id", check),
            owner_id: in_body(self.owner_id, USER, "owner_id", check),
            sla_policy_id: in_body(self.sla_policy_id, SLA_POLICY, "sla_policy_id", check),
        }
    }
}

changes_schema! {
    /// Documents a body that changes a ticket.
    TicketChanges = "saas.TicketChanges" of TicketRequest
}

/// A ticket. Minutes and due times are in working time, as its policy's business hours say.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::Ticket)]
pub(crate) struct Ticket {
    #[schema(example = "ticket_12")]
    id: String,
    #[schema(example = "Cannot sign in")]
    subject: String,
    description: Option<String>,
    #[schema(example = "Open")]
    status: &'static str,
    #[schema(example = "High")]
    priority: &'static str,
    category: Option<String>,
    source: Option<String>,
    resolution: Option<String>,
    #[schema(example = "company_12")]
    company_id: Option<String>,
    #[schema(example = "contact_56")]
    contact_id: Option<String>,
    /// Who is to settle it; null while nobody is.
    #[schema(example = "user_456")]
    owner_id: Option<String>,
    #[schema(example = "sla_policy_2")]
    sla_policy_id: Option<String>,
    /// When a user first commented for all to read.
    first_responded_at: Option<String>,
    resolved_at: Option<String>,
    closed_at: Option<String>,
    reopened_count: i64,
    /// Null without a policy.
    #[schema(example = "2026-01-17T11:30:00Z")]
    first_response_due_at: Option<String>,
    /// Null without a policy, and while the ticket is pending unless it was missed before: then its time stands still.
    #[schema(example = "2026-01-19T10:30:00Z")]
    resolution_due_at: Option<String>,
    first_response_minutes: Option<i64>,
    /// Until it was resolved or closed; the time for which it waited is not counted.
    resolution_minutes: Option<i64>,
    #[schema(example = "2026-01-17T10:30:00Z")]
    created_at: String,
    #[schema(example = "2026-01-17T10:30:00Z")]
    updated_at: String,
    /// Null when no user but an integration or an import made it.
    #[schema(example = "user_456")]
    created_by: Option<String>,
    #[schema(example = "tenant_789")]
    tenant_id: String,
    /// Their names, by name.
    #[schema(example = json!(["VIP"]))]
    tags: Vec<String>,
    /// Its values of the tenant's custom fields, by their keys; those that it has.
    #[schema(value_type = Object, example = json!({"tier": "Gold"}))]
    custom_fields: Map<String, Value>,
}

impl Ticket {
    pub(super) fn of(ticket: tickets::Ticket, labels: Labels, tenant: TenantId) -> Self {
        let fields = ticket.fields;
        let progress = fields.progress;
        let time = |stamp: Option<crm_domain::stamp::Stamp>| stamp.map(|stamp| stamp.to_second_precision());
        Self {
            id: show(TICKET, ticket.id),
            subject: fields.subject.into_inner(),
            description: fields.description.map(|text| text.into_inner()),
            status: fields.status.as_str(),
            priority: fields.priority.as_str(),
            category: fields.category.map(|text| text.into_inner()),
            source: fields.source.map(|text| text.into_inner()),
            resolution: fields.resolution.map(|text| text.into_inner()),
            company_id: fields.account_id.map(|id| show(COMPANY, id)),
            contact_id: fields.contact_id.map(|id| show(CONTACT, id)),
            owner_id: fields.owner_id.map(|id| show(USER, id)),
            sla_policy_id: fields.sla_policy_id.map(|id| show(SLA_POLICY, id)),
            first_responded_at: time(progress.first_responded_at),
            resolved_at: time(progress.resolved_at),
            closed_at: time(progress.closed_at),
            reopened_count: progress.reopened_count,
            first_response_due_at: time(progress.first_response_due_at),
            resolution_due_at: time(progress.resolution_due_at),
            first_response_minutes: progress.first_response_minutes,
            resolution_minutes: progress.resolution_minutes,
            created_at: ticket.created_at.to_second_precision(),
            updated_at: ticket.updated_at.to_second_precision(),
            created_by: ticket.created_by.map(|id| show(USER, id)),
            tenant_id: show(TENANT, tenant),
            custom_fields: values(&labels.custom_fields),
            tags: labels.tags,
        }
    }
}
