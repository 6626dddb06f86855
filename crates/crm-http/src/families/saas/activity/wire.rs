//! The shapes of an activity.

use crm_domain::{
    field::Check,
    id::TenantId,
    stamp::Stamp,
    tenant::{
        activity::{self, ActivityDraft},
        label::Labels,
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
        word::{ACTIVITY, COMPANY, CONTACT, DEAL, LEAD, TENANT, USER},
    },
    shared::json_body::Given,
};

/// An activity as it is sent: to create one, or the fields of one to change. Null clears a field.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::ActivityRequest)]
pub(crate) struct ActivityRequest {
    /// `call`, `email`, `meeting` or `note`. Required to create.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "call")]
    activity_type: Given<String>,
    /// Required to create.
    #[schema(value_type = String, example = "Asked about the renewal")]
    subject: Given<String>,
    #[schema(value_type = Option<String>)]
    body: Given<String>,
    /// When it takes or took place.
    #[schema(value_type = Option<String>, format = DateTime)]
    occurred_at: Given<String>,
    /// Whether it took place; false when left out.
    #[schema(value_type = Option<bool>)]
    completed: Given<bool>,
    #[schema(value_type = Option<String>, example = "company_12")]
    company_id: Given<String>,
    #[schema(value_type = Option<String>, example = "contact_56")]
    contact_id: Given<String>,
    #[schema(value_type = Option<String>, example = "lead_78")]
    lead_id: Given<String>,
    #[schema(value_type = Option<String>, example = "deal_34")]
    deal_id: Given<String>,
    /// The user responsible; who creates it when left out.
    #[schema(value_type = Option<String>, example = "user_456")]
    owner_id: Given<String>,
    /// Values of the tenant's custom fields, by their keys. Null clears a value; those left out stay.
    #[schema(value_type = Option<Object>, example = json!({"tier": "Gold"}))]
    pub(super) custom_fields: Given<Map<String, Value>>,
}

impl ActivityRequest {
    pub(super) fn draft(self, check: &mut Check) -> ActivityDraft {
        ActivityDraft {
            activity_type: self.activity_type.patch("activity_type", check),
            subject: self.subject.patch("subject", check),
            body: self.body.patch("body", check),
            occurred_at: self.occurred_at.patch("occurred_at", check),
            completed: self.completed.patch("completed", check),
            account_id: in_body(self.company_id, COMPANY, "account_id", check),
            contact_id: in_body(self.contact_id, CONTACT, "contact_id", check),
            lead_id: in_body(self.lead_id, LEAD, "lead_id", check),
            opportunity_id: in_body(self.deal_id, DEAL, "opportunity_id", check),
            owner_id: in_body(self.owner_id, USER, "owner_id", check),
        }
    }
}

changes_schema! {
    /// Documents a body that changes an activity.
    ActivityChanges = "saas.ActivityChanges" of ActivityRequest
}

/// An activity.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::Activity)]
pub(crate) struct Activity {
    #[schema(example = "activity_12")]
    id: String,
    /// `call`, `email`, `meeting` or `note`.
    #[serde(rename = "type")]
    #[schema(example = "call")]
    activity_type: &'static str,
    #[schema(example = "Asked about the renewal")]
    subject: String,
    body: Option<String>,
    /// When it takes or took place.
    #[schema(format = DateTime)]
    occurred_at: Option<String>,
    completed: bool,
    #[schema(example = "company_12")]
    company_id: Option<String>,
    #[schema(example = "contact_56")]
    contact_id: Option<String>,
    #[schema(example = "lead_78")]
    lead_id: Option<String>,
    #[schema(example = "deal_34")]
    deal_id: Option<String>,
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

impl Activity {
    pub(super) fn of(activity: activity::Activity, labels: Labels, tenant: TenantId) -> Self {
        let fields = activity.fields;
        Self {
            id: show(ACTIVITY, activity.id),
            activity_type: fields.activity_type.as_str(),
            subject: fields.subject.into_inner(),
            body: fields.body.map(|text| text.into_inner()),
            occurred_at: fields.occurred_at.map(Stamp::to_second_precision),
            completed: fields.completed,
            company_id: fields.account_id.map(|id| show(COMPANY, id)),
            contact_id: fields.contact_id.map(|id| show(CONTACT, id)),
            lead_id: fields.lead_id.map(|id| show(LEAD, id)),
            deal_id: fields.opportunity_id.map(|id| show(DEAL, id)),
            owner_id: show(USER, fields.owner_id),
            created_at: activity.created_at.to_second_precision(),
            updated_at: activity.updated_at.to_second_precision(),
            created_by: activity.created_by.map(|id| show(USER, id)),
            tenant_id: show(TENANT, tenant),
            custom_fields: values(&labels.custom_fields),
        }
    }
}
