//! The shapes of a task.

use crm_domain::{
    field::Check,
    id::TenantId,
    stamp::Stamp,
    tenant::{
        label::Labels,
        task::{self, TaskDraft},
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{
    families::saas::{
        custom_field::values,
        id::{in_body, show},
        schema::changes_schema,
        word::{COMPANY, CONTACT, DEAL, LEAD, TASK, TENANT, TICKET, USER},
    },
    shared::json_body::Given,
};

/// A task as it is sent: to create one, or the fields of one to change. Null clears a field.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::TaskRequest)]
pub(crate) struct TaskRequest {
    /// Required to create.
    #[schema(value_type = String, example = "Send the offer")]
    title: Given<String>,
    #[schema(value_type = Option<String>)]
    description: Given<String>,
    /// `Low`, `Normal`, `High` or `Urgent`; `Normal` when left out.
    #[schema(value_type = Option<String>, example = "High")]
    priority: Given<String>,
    /// `Open`, `InProgress`, `Completed` or `Cancelled`; `Open` when left out.
    #[schema(value_type = Option<String>, example = "Open")]
    status: Given<String>,
    /// When it is to be done.
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Given<String>,
    /// When somebody began; the time it goes in progress when left out.
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Given<String>,
    /// When it was done; the time it is completed when left out. Only completed tasks have it.
    #[schema(value_type = Option<String>, format = DateTime)]
    completed_at: Given<String>,
    #[schema(value_type = Option<String>, example = "company_12")]
    company_id: Given<String>,
    #[schema(value_type = Option<String>, example = "contact_56")]
    contact_id: Given<String>,
    #[schema(value_type = Option<String>, example = "lead_78")]
    lead_id: Given<String>,
    #[schema(value_type = Option<String>, example = "deal_34")]
    deal_id: Given<String>,
    #[schema(value_type = Option<String>, example = "ticket_90")]
    ticket_id: Given<String>,
    /// The user who is to do it; who creates it when left out.
    #[schema(value_type = Option<String>, example = "user_456")]
    owner_id: Given<String>,
    /// Values of the tenant's custom fields, by their keys. Null clears a value; those left out stay.
    #[schema(value_type = Option<Object>, example = json!({"tier": "Gold"}))]
    pub(super) custom_fields: Given<Map<String, Value>>,
}

impl TaskRequest {
    pub(super) fn draft(self, check: &mut Check) -> TaskDraft {
        TaskDraft {
            title: self.title.patch("title", check),
            description: self.description.patch("description", check),
            priority: self.priority.patch("priority", check),
            status: self.status.patch("status", check),
            due_at: self.due_at.patch("due_at", check),
            started_at: self.started_at.patch("started_at", check),
            completed_at: self.completed_at.patch("completed_at", check),
            account_id: in_body(self.company_id, COMPANY, "account_id", check),
            contact_id: in_body(self.contact_id, CONTACT, "contact_id", check),
            lead_id: in_body(self.lead_id, LEAD, "lead_id", check),
            opportunity_id: in_body(self.deal_id, DEAL, "opportunity_id", check),
            ticket_id: in_body(self.ticket_id, TICKET, "ticket_id", check),
            owner_id: in_body(self.owner_id, USER, "owner_id", check),
        }
    }
}

changes_schema! {
    /// Documents a body that changes a task.
    TaskChanges = "saas.TaskChanges" of TaskRequest
}

/// A task.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::Task)]
pub(crate) struct Task {
    #[schema(example = "task_12")]
    id: String,
    #[schema(example = "Send the offer")]
    title: String,
    description: Option<String>,
    /// `Low`, `Normal`, `High` or `Urgent`.
    #[schema(example = "High")]
    priority: &'static str,
    /// `Open`, `InProgress`, `Completed` or `Cancelled`.
    #[schema(example = "Open")]
    status: &'static str,
    #[schema(format = DateTime)]
    due_at: Option<String>,
    /// Whether it is still to be done and was due before now.
    is_overdue: bool,
    #[schema(format = DateTime)]
    started_at: Option<String>,
    #[schema(format = DateTime)]
    completed_at: Option<String>,
    #[schema(example = "company_12")]
    company_id: Option<String>,
    #[schema(example = "contact_56")]
    contact_id: Option<String>,
    #[schema(example = "lead_78")]
    lead_id: Option<String>,
    #[schema(example = "deal_34")]
    deal_id: Option<String>,
    #[schema(example = "ticket_90")]
    ticket_id: Option<String>,
    #[schema(example = "user_456")]
    owner_id: String,
    #[schema(example = "2026-01-17T10:30:00Z")]
    created_at: String,
    #[schema(example = "2026-01-17T10:30:00Z")]
    updated_at: String,
    /// Null when no user but an integration or an import made it.
    #[schema(example = "user_456")]
    created_by: Option<String>,
    #[schema(example = "tenant_789")]
    tenant_id: String,
    /// Its values of the tenant's custom fields, by their keys; those that it has.
    #[schema(value_type = Object, example = json!({"tier": "Gold"}))]
    custom_fields: Map<String, Value>,
}

impl Task {
    pub(super) fn of(task: task::Task, labels: Labels, tenant: TenantId, now: Stamp) -> Self {
        let is_overdue = task.fields.is_overdue(now);
        let fields = task.fields;
        Self {
            id: show(TASK, task.id),
            title: fields.title.into_inner(),
            description: fields.description.map(|text| text.into_inner()),
            priority: fields.priority.as_str(),
            status: fields.status.as_str(),
            due_at: fields.due_at.map(Stamp::to_second_precision),
            is_overdue,
            started_at: fields.started_at.map(Stamp::to_second_precision),
            completed_at: fields.completed_at.map(Stamp::to_second_precision),
            company_id: fields.account_id.map(|id| show(COMPANY, id)),
            contact_id: fields.contact_id.map(|id| show(CONTACT, id)),
            lead_id: fields.lead_id.map(|id| show(LEAD, id)),
            deal_id: fields.opportunity_id.map(|id| show(DEAL, id)),
            ticket_id: fields.ticket_id.map(|id| show(TICKET, id)),
            owner_id: show(USER, fields.owner_id),
            created_at: task.created_at.to_second_precision(),
            updated_at: task.updated_at.to_second_precision(),
            created_by: task.created_by.map(|id| show(USER, id)),
            tenant_id: show(TENANT, tenant),
            custom_fields: values(&labels.custom_fields),
        }
    }
}
