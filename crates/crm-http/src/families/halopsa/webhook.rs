//! Webhooks of this family (contract B-60 … B-69, X-59, X-63, X-65). Those that were registered through other families are theirs: their events have
//! other names.

use actix_web::{HttpResponse, http::StatusCode};
use crm_domain::{
    error::Problem,
    field::{Check, Patch},
    id::RecordId,
    page::{Sort, Start, Window},
    query::Condition,
    tenant::{
        TenantReader,
        webhook::{self, Webhook as Entity, WebhookDraft, WebhookFamily, WebhookField, WebhookFields, WebhookFilter},
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    context::{Access, Body},
    error::{ApiError, BodyResponses, ErrorResponses},
};
use crate::{
    families::saas::answer::{acted, kept},
    shared::{call::Call, idempotency::once, json_body::Given},
};

pub(super) const PATH: &str = "/api/v1/webhooks";

/// What ids begin with (contract B-67).
const PREFIX: &str = "wh_";
/// Webhooks that are read at once.
const PAGE: u32 = 500;

/// A new webhook.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = halopsa::WebhookRequest)]
pub(super) struct WebhookRequest {
    /// Where deliveries go: an https URL of the public internet, without user, password and fragment. One webhook per URL.
    #[schema(value_type = String, example = "https://your-app.com/webhooks/halopsa")]
    url: Given<String>,
    /// What it is told of: `lead.created`, `lead.updated`, `prospect.created`, `prospect.qualified`, `opportunity.created`, `opportunity.won`,
    /// `opportunity.lost`.
    #[schema(value_type = Vec<String>, example = json!(["lead.created", "prospect.qualified", "opportunity.won"]))]
    events: Given<Vec<String>>,
    /// Signs deliveries: 16 to 256 characters. It is never shown.
    #[schema(value_type = String, example = "your_webhook_secret")]
    secret: Given<String>,
    /// Whether it gets deliveries; true when left out.
    #[schema(value_type = Option<bool>)]
    active: Given<bool>,
}

impl WebhookRequest {
    fn draft(self, check: &mut Check) -> WebhookDraft {
        let secret: Patch<String> = self.secret.patch("secret", check);
        // One that the server made would have to be shown.
        if !matches!(&secret, Patch::Set(secret) if !secret.trim().is_empty()) {
            check.fail("secret", Problem::Required);
        }
        WebhookDraft {
            url: self.url.patch("url", check),
            events: self.events.patch("events", check),
            is_active: self.active.patch("active", check),
            secret,
            ..WebhookDraft::default()
        }
    }
}

/// A webhook.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = halopsa::Webhook)]
pub(super) struct Webhook {
    #[schema(example = "wh_123")]
    id: String,
    #[schema(example = "https://your-app.com/webhooks/halopsa")]
    url: String,
    #[schema(example = json!(["lead.created"]))]
    events: Vec<&'static str>,
    active: bool,
    #[schema(format = DateTime, example = "2024-01-20T08:00:00Z")]
    created_at: String,
}

impl Webhook {
    fn of(webhook: Entity) -> Self {
        Self {
            id: format!("{PREFIX}{}", webhook.id.get()),
            events: webhook.fields.events.words(),
            url: webhook.fields.url.into_inner(),
            active: webhook.fields.is_active,
            created_at: webhook.created_at.to_second_precision(),
        }
    }
}

/// Every webhook.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = halopsa::Webhooks)]
pub(super) struct Webhooks {
    webhooks: Vec<Webhook>,
}

/// Lists the webhooks that were registered here, in the order of creation.
#[utoipa::path(
    get, path = PATH, tag = "halopsa", operation_id = "halopsa_list_webhooks",
    responses((status = 200, description = "Every webhook", body = Webhooks), ErrorResponses),
    security(("halopsa_key" = []))
)]
pub(super) async fn list(access: Access) -> Result<HttpResponse, ApiError> {
    let read = |reader: &mut dyn TenantReader| {
        let filter = WebhookFilter::of([Condition::equal(WebhookField::Family, WebhookFamily::Halopsa.as_str())]);
        let mut webhooks = Vec::new();
        loop {
            let window = Window {
                limit: PAGE,
                start: Start::Offset(webhooks.len() as u64),
            };
            let page = reader.webhooks().list(&filter, Sort::default(), &window)?;
            webhooks.extend(page.items.into_iter().map(Webhook::of));
            if !page.has_more {
                return Ok(Webhooks { webhooks });
            }
        }
    };
    Ok(HttpResponse::Ok().json(access.tenant.snapshot(read).await?))
}

/// Registers a webhook. Its secret, which the caller chooses, is never shown.
#[utoipa::path(
    post, path = PATH, tag = "halopsa", operation_id = "halopsa_register_webhook", request_body = WebhookRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key and body makes no second webhook")),
    responses((status = 201, description = "The new webhook", body = Webhook), ErrorResponses, BodyResponses),
    security(("halopsa_key" = []))
)]
pub(super) async fn register(call: Call, access: Access, body: Body<WebhookRequest>) -> Result<HttpResponse, ApiError> {
    let (sent, guard) = (body.sent, body.guard);
    let told = |error| ApiError::of(error, &sent);
    let mut check = Check::new();
    let rules = call.app.webhook_rules(access.tenant.tenant.id);
    let draft = body.value.draft(&mut check);
    call.app.webhooks.judge_new(&draft, rules.targets, &mut check).await;
    let parsed = WebhookFields::parse(draft, WebhookFamily::Halopsa, &rules, &*call.app.entropy, check);
    let (fields, _) = parsed.map_err(told)?;
    let made = call.app.webhooks.registering(&access.tenant, move |unit| {
        once(unit, guard.as_ref(), |unit| {
            let webhook = webhook::create(unit, fields)?;
            kept(StatusCode::CREATED, &Webhook::of(webhook))
        })
    });
    Ok(acted(made.await.map_err(told)?))
}
