//! The shapes of a webhook.

use std::collections::BTreeMap;

use crm_domain::{
    field::Check,
    id::TenantId,
    stamp::Stamp,
    tenant::webhook::{DisabledReason, Headers, Webhook, WebhookDraft, WebhookSecret},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    families::saas::{
        id::{TENANT, USER, WEBHOOK, show},
        schema::changes_schema,
    },
    shared::json_body::Given,
};

/// A webhook as it is sent: to register one, or the fields of one to change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::WebhookRequest)]
pub(crate) struct WebhookRequest {
    /// Where deliveries go: an https URL of the public internet, without user, password and fragment. One webhook per URL.
    #[schema(value_type = String, example = "https://example.com/webhooks/crm")]
    url: Given<String>,
    /// What it is told of; `*` is everything.
    #[schema(value_type = Vec<String>, example = json!(["deal.won", "lead.created"]))]
    events: Given<Vec<String>>,
    #[schema(value_type = Option<String>)]
    description: Given<String>,
    /// Whether it gets deliveries; true when left out.
    #[schema(value_type = Option<bool>)]
    is_active: Given<bool>,
    /// Signs deliveries: 16 to 256 characters. Made when a new webhook comes without.
    #[schema(value_type = Option<String>)]
    secret: Given<String>,
    /// Sent with each delivery. They replace the former ones; null removes them.
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    headers: Given<BTreeMap<String, String>>,
}

impl WebhookRequest {
    pub(super) fn draft(self, check: &mut Check) -> WebhookDraft {
        WebhookDraft {
            url: self.url.patch("url", check),
            events: self.events.patch("events", check),
            description: self.description.patch("description", check),
            is_active: self.is_active.patch("is_active", check),
            secret: self.secret.patch("secret", check),
            headers: self.headers.patch("headers", check),
        }
    }
}

changes_schema! {
    /// Documents a body that changes a webhook.
    WebhookChanges = "saas.WebhookChanges" of WebhookRequest
}

/// A webhook's headers as one caller may see them.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(transparent)]
pub(super) struct ShownHeaders(BTreeMap<String, Option<String>>);

impl ShownHeaders {
    /// The names, and the values for whom may change them.
    pub(super) fn of(headers: &Headers, with_values: bool) -> Self {
        let shown = |(name, value): (&str, &str)| (name.to_owned(), with_values.then(|| value.to_owned()));
        Self(headers.iter().map(shown).collect())
    }
}

/// A webhook.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::Webhook)]
pub(crate) struct WebhookInfo {
    #[schema(example = "webhook_3")]
    id: String,
    #[schema(example = "https://example.com/webhooks/crm")]
    url: String,
    /// In the words of its family.
    #[schema(example = json!(["deal.won", "lead.created"]))]
    events: Vec<&'static str>,
    description: Option<String>,
    is_active: bool,
    /// Why the server stopped its deliveries: `gone`, since the receiver answered 410, or `failing`, since none arrived for five days. Null when
    /// it did not; activating the webhook again begins anew.
    #[schema(example = json!(null))]
    disabled_reason: Option<&'static str>,
    /// Since when no delivery arrived; null when the last one did.
    #[schema(example = json!(null))]
    failing_since: Option<String>,
    /// Until when the secret before the present one signs beside it.
    #[schema(example = json!(null))]
    previous_secret_until: Option<String>,
    /// Sent with each delivery. The values are null to users who may not change webhooks.
    #[schema(value_type = BTreeMap<String, Option<String>>)]
    headers: ShownHeaders,
    /// The endpoint family that it was registered through, whose document shapes its deliveries.
    #[schema(example = "saas")]
    family: &'static str,
    #[schema(example = "2026-01-17T10:30:00Z")]
    created_at: String,
    #[schema(example = "2026-01-17T10:30:00Z")]
    updated_at: String,
    /// Null when no user but an integration registered it.
    #[schema(example = "user_456")]
    created_by: Option<String>,
    #[schema(example = "tenant_789")]
    tenant_id: String,
}

impl WebhookInfo {
    pub(super) fn of(webhook: Webhook, headers: ShownHeaders, tenant: TenantId) -> Self {
        let fields = webhook.fields;
        Self {
            id: show(WEBHOOK, webhook.id),
            events: fields.events.words(),
            url: fields.url.into_inner(),
            description: fields.description.map(|text| text.into_inner()),
            is_active: fields.is_active,
            disabled_reason: fields.disabled_reason.map(DisabledReason::as_str),
            failing_since: webhook.failing_since.map(Stamp::to_second_precision),
            previous_secret_until: fields.previous_secret_until.map(Stamp::to_second_precision),
            headers,
            family: fields.family.as_str(),
            created_at: webhook.created_at.to_second_precision(),
            updated_at: webhook.updated_at.to_second_precision(),
            created_by: webhook.created_by.map(|id| show(USER, id)),
            tenant_id: show(TENANT, tenant),
        }
    }
}

/// A new webhook with its secret.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::WebhookWithSecret)]
pub(crate) struct WebhookWithSecret {
    #[serde(flatten)]
    webhook: WebhookInfo,
    /// Signs deliveries; shown this once.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    secret: String,
}

impl WebhookWithSecret {
    pub(super) fn of(webhook: WebhookInfo, secret: &WebhookSecret) -> Self {
        Self {
            webhook,
            secret: secret.as_str().to_owned(),
        }
    }
}
