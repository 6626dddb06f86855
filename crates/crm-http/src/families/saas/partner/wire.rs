//! The shapes of a partner.

use crm_domain::{
    field::{Check, Email, Text, WebAddress},
    id::TenantId,
    tenant::partner::{self, PartnerDraft, Percent},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    families::saas::{
        id::{PARTNER, TENANT, USER, in_body, show},
        schema::changes_schema,
    },
    shared::json_body::{Decimal, Given},
};

/// A partner as it is sent: to create one, or the fields of one to change. Null clears a field.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::PartnerRequest)]
pub(crate) struct PartnerRequest {
    /// Required to create; unique among the tenant's partners, whatever its case.
    #[schema(value_type = String, example = "Acme Resale")]
    name: Given<String>,
    #[schema(value_type = Option<String>, example = "Reseller")]
    partner_type: Given<String>,
    /// `Active` when left out.
    #[schema(value_type = Option<String>, example = "Active")]
    status: Given<String>,
    #[schema(value_type = Option<String>, format = Email)]
    email: Given<String>,
    #[schema(value_type = Option<String>)]
    phone: Given<String>,
    #[schema(value_type = Option<String>, example = "https://acme-resale.example")]
    website: Given<String>,
    #[schema(value_type = Option<String>)]
    contact_name: Given<String>,
    /// Its share of what it sells, with at most two decimals.
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 100, example = 12.5)]
    commission_percent: Given<Decimal>,
    #[schema(value_type = Option<String>)]
    notes: Given<String>,
    /// The user responsible; who creates it when left out.
    #[schema(value_type = Option<String>, example = "user_456")]
    owner_id: Given<String>,
}

impl PartnerRequest {
    pub(super) fn draft(self, check: &mut Check) -> PartnerDraft {
        PartnerDraft {
            name: self.name.patch("name", check),
            partner_type: self.partner_type.patch("partner_type", check),
            status: self.status.patch("status", check),
            email: self.email.patch("email", check),
            phone: self.phone.patch("phone", check),
            website: self.website.patch("website", check),
            contact_name: self.contact_name.patch("contact_name", check),
            commission_percent: self.commission_percent.patch("commission_percent", check),
            notes: self.notes.patch("notes", check),
            owner_id: in_body(self.owner_id, USER, "owner_id", check),
        }
    }
}

changes_schema! {
    /// Documents a body that changes a partner.
    PartnerChanges = "saas.PartnerChanges" of PartnerRequest
}

/// A partner.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::Partner)]
pub(crate) struct Partner {
    #[schema(example = "partner_3")]
    id: String,
    #[schema(example = "Acme Resale")]
    name: String,
    #[schema(example = "Reseller")]
    partner_type: Option<String>,
    #[schema(example = "Active")]
    status: String,
    email: Option<String>,
    phone: Option<String>,
    website: Option<String>,
    contact_name: Option<String>,
    #[schema(value_type = Option<f64>, example = 12.5)]
    commission_percent: Option<serde_json::Number>,
    notes: Option<String>,
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
}

impl Partner {
    pub(super) fn of(partner: partner::Partner, tenant: TenantId) -> Self {
        let fields = partner.fields;
        Self {
            id: show(PARTNER, partner.id),
            name: fields.name.into_inner(),
            partner_type: fields.partner_type.map(Text::into_inner),
            status: fields.status.into_inner(),
            email: fields.email.map(Email::into_inner),
            phone: fields.phone.map(Text::into_inner),
            website: fields.website.map(WebAddress::into_inner),
            contact_name: fields.contact_name.map(Text::into_inner),
            commission_percent: fields.commission_percent.map(Percent::number),
            notes: fields.notes.map(Text::into_inner),
            owner_id: show(USER, fields.owner_id),
            created_at: partner.created_at.to_second_precision(),
            updated_at: partner.updated_at.to_second_precision(),
            created_by: partner.created_by.map(|id| show(USER, id)),
            tenant_id: show(TENANT, tenant),
        }
    }
}
