//! The shapes of a deal.

use crm_domain::{
    field::{Check, Patch, format_date},
    id::TenantId,
    tenant::{
        label::Labels,
        opportunity::{Opportunity, OpportunityDraft},
        pipeline::StageKind,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{
    families::saas::{
        custom_field::values,
        id::{COMPANY, CONTACT, DEAL, STAGE, TENANT, USER, in_body, show},
        schema::changes_schema,
    },
    shared::json_body::{Decimal, Given},
};

/// A deal as it is sent: to create one, or the fields of one to change. Null clears a field.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::DealRequest)]
pub(crate) struct DealRequest {
    /// The id in the system that the deal came from; unique among the tenant's deals.
    #[schema(value_type = Option<String>)]
    external_id: Given<String>,
    /// Required to create.
    #[schema(value_type = String, example = "Acme renewal")]
    name: Given<String>,
    #[schema(value_type = Option<String>, example = "company_12")]
    company_id: Given<String>,
    #[schema(value_type = Option<String>, example = "contact_56")]
    contact_id: Given<String>,
    /// The stage's name, whatever its case.
    #[schema(value_type = Option<String>, example = "Prospecting")]
    stage: Given<String>,
    /// Wins over `stage`.
    #[schema(value_type = Option<String>, example = "stage_1")]
    stage_id: Given<String>,
    /// In major units of `currency`.
    #[schema(value_type = Option<f64>, example = 75000)]
    amount: Given<Decimal>,
    /// ISO 4217; the tenant's default currency when left out.
    #[schema(value_type = Option<String>, example = "USD")]
    currency: Given<String>,
    /// Per cent; the stage's own when left out.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 100)]
    probability: Given<Decimal>,
    #[schema(value_type = Option<String>, format = Date)]
    expected_close_date: Given<String>,
    /// The day it was won or lost; today when a closing stage is entered without it.
    #[schema(value_type = Option<String>, format = Date)]
    closed_on: Given<String>,
    /// The day the talks began.
    #[schema(value_type = Option<String>, format = Date)]
    engaged_on: Given<String>,
    #[schema(value_type = Option<String>)]
    description: Given<String>,
    #[schema(value_type = Option<String>)]
    lead_source: Given<String>,
    #[schema(value_type = Option<String>)]
    next_step: Given<String>,
    /// Why it was lost; only a lost deal keeps it.
    #[schema(value_type = Option<String>)]
    lost_reason: Given<String>,
    /// True when left out.
    #[schema(value_type = Option<bool>)]
    include_in_forecast: Given<bool>,
    /// The user responsible; who creates it when left out.
    #[schema(value_type = Option<String>, example = "user_456")]
    owner_id: Given<String>,
    /// Values of the tenant's custom fields, by their keys. Null clears a value; those left out stay.
    #[schema(value_type = Option<Object>, example = json!({"tier": "Gold"}))]
    pub(crate) custom_fields: Given<Map<String, Value>>,
}

impl DealRequest {
    pub(crate) fn draft(self, check: &mut Check) -> OpportunityDraft {
        OpportunityDraft {
            external_id: self.external_id.patch("external_id", check),
            name: self.name.patch("name", check),
            account_id: in_body(self.company_id, COMPANY, "account_id", check),
            contact_id: in_body(self.contact_id, CONTACT, "contact_id", check),
            stage: self.stage.patch("stage", check),
            stage_id: in_body(self.stage_id, STAGE, "stage_id", check),
            amount: self.amount.patch("amount", check),
            currency: self.currency.patch("currency", check),
            probability: self.probability.patch("probability", check),
            expected_close_date: self.expected_close_date.patch("expected_close_date", check),
            closed_on: self.closed_on.patch("closed_on", check),
            engaged_on: self.engaged_on.patch("engaged_on", check),
            description: self.description.patch("description", check),
            lead_source: self.lead_source.patch("lead_source", check),
            next_step: self.next_step.patch("next_step", check),
            lost_reason: self.lost_reason.patch("lost_reason", check),
            competitors: Patch::Keep,
            include_in_forecast: self.include_in_forecast.patch("include_in_forecast", check),
            owner_id: in_body(self.owner_id, USER, "owner_id", check),
        }
    }
}

changes_schema! {
    /// Documents a body that changes a deal.
    DealChanges = "saas.DealChanges" of DealRequest
}

/// What the deal's stage means.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = saas::DealStatus)]
pub(crate) enum DealStatus {
    Open,
    Won,
    Lost,
}

impl From<StageKind> for DealStatus {
    fn from(kind: StageKind) -> Self {
        match kind {
            StageKind::Open => Self::Open,
            StageKind::Won => Self::Won,
            StageKind::Lost => Self::Lost,
        }
    }
}

/// A deal.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::Deal)]
pub(crate) struct Deal {
    #[schema(example = "deal_34")]
    id: String,
    external_id: Option<String>,
    #[schema(example = "Acme renewal")]
    name: String,
    #[schema(example = "company_12")]
    company_id: Option<String>,
    #[schema(example = "contact_56")]
    contact_id: Option<String>,
    #[schema(example = "Prospecting")]
    stage: String,
    #[schema(example = "stage_1")]
    stage_id: String,
    status: DealStatus,
    /// In major units of `currency`.
    #[schema(value_type = Option<f64>, example = 75000)]
    amount: Option<serde_json::Number>,
    /// Of `amount`; null without it.
    #[schema(example = "USD")]
    currency: Option<String>,
    /// Per cent.
    #[schema(minimum = 0, maximum = 100)]
    probability: i64,
    #[schema(format = Date)]
    expected_close_date: Option<String>,
    #[schema(format = Date)]
    closed_on: Option<String>,
    #[schema(format = Date)]
    engaged_on: Option<String>,
    description: Option<String>,
    lead_source: Option<String>,
    next_step: Option<String>,
    /// Only of a lost deal.
    lost_reason: Option<String>,
    include_in_forecast: bool,
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
    /// Their names, by name.
    #[schema(example = json!(["VIP"]))]
    tags: Vec<String>,
    /// Its values of the tenant's custom fields, by their keys; those that it has.
    #[schema(value_type = Object, example = json!({"tier": "Gold"}))]
    custom_fields: Map<String, Value>,
}

impl Deal {
    pub(crate) fn of(opportunity: Opportunity, labels: Labels, tenant: TenantId) -> Self {
        let (fields, stage) = (opportunity.fields, opportunity.stage.fields);
        Self {
            id: show(DEAL, opportunity.id),
            external_id: fields.external_id.map(|text| text.into_inner()),
            name: fields.name.into_inner(),
            company_id: fields.account_id.map(|id| show(COMPANY, id)),
            contact_id: fields.contact_id.map(|id| show(CONTACT, id)),
            stage: stage.name.into_inner(),
            stage_id: show(STAGE, fields.stage_id),
            status: stage.kind.into(),
            amount: fields.amount.map(|money| money.major()),
            currency: fields.amount.map(|money| money.currency.as_str().to_owned()),
            probability: fields.probability,
            expected_close_date: fields.expected_close_date.map(format_date),
            closed_on: fields.closed_on.map(format_date),
            engaged_on: fields.engaged_on.map(format_date),
            description: fields.description.map(|text| text.into_inner()),
            lead_source: fields.lead_source.map(|text| text.into_inner()),
            next_step: fields.next_step.map(|text| text.into_inner()),
            lost_reason: fields.lost_reason.map(|text| text.into_inner()),
            include_in_forecast: fields.include_in_forecast,
            owner_id: show(USER, fields.owner_id),
            created_at: opportunity.created_at.to_second_precision(),
            updated_at: opportunity.updated_at.to_second_precision(),
            created_by: opportunity.created_by.map(|id| show(USER, id)),
            tenant_id: show(TENANT, tenant),
            custom_fields: values(&labels.custom_fields),
            tags: labels.tags,
        }
    }
}
