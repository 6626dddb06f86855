//! The shapes of a lead.

use crm_domain::{
    error::Problem,
    field::{Check, Patch},
    id::TenantId,
    tenant::{
        label::Labels,
        lead::{self, LeadDraft, check_status},
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{
    families::saas::{
        custom_field::values,
        id::{COMPANY, CONTACT, DEAL, LEAD, TENANT, USER, in_body, show},
        schema::changes_schema,
    },
    shared::json_body::Given,
};

/// A lead as it is sent: to create one, or the fields of one to change. Null clears a field.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::LeadRequest)]
pub(crate) struct LeadRequest {
    /// The id in the system that the lead came from; unique among the tenant's leads.
    #[schema(value_type = Option<String>)]
    external_id: Given<String>,
    /// Required to create.
    #[schema(value_type = String, example = "John")]
    first_name: Given<String>,
    /// Required to create.
    #[schema(value_type = String, example = "Doe")]
    last_name: Given<String>,
    /// Required to create; unique among the tenant's leads, whatever its case.
    #[schema(value_type = String, example = "john.doe@example.com")]
    email: Given<String>,
    #[schema(value_type = Option<String>, example = "+1234567890")]
    phone: Given<String>,
    #[schema(value_type = Option<String>, example = "CTO")]
    title: Given<String>,
    /// The company's name as the lead gives it.
    #[schema(value_type = Option<String>, example = "Acme Corp")]
    company: Given<String>,
    #[schema(value_type = Option<String>, example = "Website")]
    source: Given<String>,
    /// `New`, `Contacted`, `Qualified` or `Disqualified`, whatever the case; `New` when left out.
    #[schema(value_type = Option<String>, example = "New")]
    status: Given<String>,
    #[schema(value_type = Option<String>)]
    description: Given<String>,
    #[schema(value_type = Option<String>, example = "company_12")]
    company_id: Given<String>,
    /// The user responsible; who creates it when left out.
    #[schema(value_type = Option<String>, example = "user_456")]
    owner_id: Given<String>,
    /// Values of the tenant's custom fields, by their keys. Null clears a value; those left out stay.
    #[schema(value_type = Option<Object>, example = json!({"tier": "Gold"}))]
    pub(super) custom_fields: Given<Map<String, Value>>,
}

impl LeadRequest {
    /// The draft of a new lead (contract X-89).
    pub(super) fn creation(self, check: &mut Check) -> LeadDraft {
        let draft = self.draft(check);
        for (field, given) in required(&draft) {
            if matches!(given, Patch::Keep) {
                check.fail(field, Problem::Required);
            }
        }
        draft
    }

    /// The draft of an update: what is required can be changed, not cleared. A lead that came without it stays without.
    pub(super) fn update(self, check: &mut Check) -> LeadDraft {
        self.draft(check)
    }

    fn draft(self, check: &mut Check) -> LeadDraft {
        let draft = LeadDraft {
            external_id: self.external_id.patch("external_id", check),
            first_name: self.first_name.patch("first_name", check),
            last_name: self.last_name.patch("last_name", check),
            email: self.email.patch("email", check),
            phone: self.phone.patch("phone", check),
            title: self.title.patch("title", check),
            company: self.company.patch("company", check),
            source: self.source.patch("source", check),
            status: self.status.patch("status", check),
            description: self.description.patch("description", check),
            account_id: in_body(self.company_id, COMPANY, "account_id", check),
            owner_id: in_body(self.owner_id, USER, "owner_id", check),
        };
        check_status(&draft.status, check);
        for (field, given) in required(&draft) {
            if matches!(given, Patch::Clear) || matches!(given, Patch::Set(text) if text.trim().is_empty()) {
                check.fail(field, Problem::Required);
            }
        }
        draft
    }
}

/// What this family's leads have, and other families' may lack.
fn required(draft: &LeadDraft) -> [(&'static str, &Patch<String>); 3] {
    [
        ("first_name", &draft.first_name),
        ("last_name", &draft.last_name),
        ("email", &draft.email),
    ]
}

changes_schema! {
    /// Documents a body that changes a lead.
    LeadChanges = "saas.LeadChanges" of LeadRequest
}

/// A lead.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::Lead)]
pub(crate) struct Lead {
    #[schema(example = "lead_123")]
    id: String,
    external_id: Option<String>,
    #[schema(example = "John")]
    first_name: Option<String>,
    #[schema(example = "Doe")]
    last_name: Option<String>,
    #[schema(example = "john.doe@example.com")]
    email: Option<String>,
    #[schema(example = "+1234567890")]
    phone: Option<String>,
    #[schema(example = "CTO")]
    title: Option<String>,
    #[schema(example = "Acme Corp")]
    company: Option<String>,
    #[schema(example = "Website")]
    source: Option<String>,
    /// `New`, `Contacted`, `Qualified`, `Disqualified`, `Converted`, or a word of the system that the lead was imported from.
    #[schema(example = "New")]
    status: String,
    description: Option<String>,
    #[schema(example = "company_12")]
    company_id: Option<String>,
    #[schema(example = "user_456")]
    owner_id: String,
    /// When it became qualified here.
    #[schema(example = "2026-01-17T10:30:00Z")]
    qualified_at: Option<String>,
    /// Only while it is disqualified.
    disqualified_reason: Option<String>,
    /// When it was converted here.
    #[schema(example = "2026-01-17T10:30:00Z")]
    converted_at: Option<String>,
    #[schema(example = "contact_56")]
    converted_contact_id: Option<String>,
    #[schema(example = "company_12")]
    converted_company_id: Option<String>,
    #[schema(example = "deal_34")]
    converted_deal_id: Option<String>,
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

impl Lead {
    pub(crate) fn of(lead: lead::Lead, labels: Labels, tenant: TenantId) -> Self {
        let fields = lead.fields;
        let outcome = fields.outcome;
        Self {
            id: show(LEAD, lead.id),
            external_id: fields.external_id.map(|text| text.into_inner()),
            first_name: fields.first_name.map(|text| text.into_inner()),
            last_name: fields.last_name.map(|text| text.into_inner()),
            email: fields.email.map(|email| email.into_inner()),
            phone: fields.phone.map(|text| text.into_inner()),
            title: fields.title.map(|text| text.into_inner()),
            company: fields.company.map(|text| text.into_inner()),
            source: fields.source.map(|text| text.into_inner()),
            status: fields.status.to_string(),
            description: fields.description.map(|text| text.into_inner()),
            company_id: fields.account_id.map(|id| show(COMPANY, id)),
            owner_id: show(USER, fields.owner_id),
            qualified_at: outcome.qualified_at.map(|at| at.to_second_precision()),
            disqualified_reason: outcome.disqualified_reason.map(|text| text.into_inner()),
            converted_at: outcome.converted_at.map(|at| at.to_second_precision()),
            converted_contact_id: outcome.converted_contact_id.map(|id| show(CONTACT, id)),
            converted_company_id: outcome.converted_account_id.map(|id| show(COMPANY, id)),
            converted_deal_id: outcome.converted_opportunity_id.map(|id| show(DEAL, id)),
            created_at: lead.created_at.to_second_precision(),
            updated_at: lead.updated_at.to_second_precision(),
            created_by: lead.created_by.map(|id| show(USER, id)),
            tenant_id: show(TENANT, tenant),
            custom_fields: values(&labels.custom_fields),
            tags: labels.tags,
        }
    }
}
