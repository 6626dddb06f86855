//! Webhooks of this family (contract E-50 … E-61, X-162, X-170 … ).
//!
//! Those that were registered through other families are theirs: their events have other names.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use crm_domain::{
    field::Check,
    id::{RecordId, WebhookId},
    page::Sort,
    query::Condition,
    tenant::{
        TenantReader,
        change::EntityKind,
        delivery::AttemptResult,
        webhook::{self, Headers, Webhook as Entity, WebhookDraft, WebhookFamily, WebhookField, WebhookFields, WebhookFilter},
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    answer::Done,
    context::{Access, Body},
    error::{ApiError, BodyResponses, ErrorResponses, LookupResponses},
    id,
    page::{PageParams, Place, Query},
};
use crate::{
    families::saas::answer::secret,
    shared::{call::Call, idempotency::shown_once, json_body::Given},
};

pub(super) const PATH: &str = "/api/external/webhooks";
pub(super) const ITEM: &str = "/api/external/webhooks/{id}";
pub(super) const TEST: &str = "/api/external/webhooks/test/{id}";

/// A webhook as it is sent: to register one, or the fields of one to change.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = elevate::WebhookRequest)]
pub(super) struct WebhookRequest {
    /// Where deliveries go: an https URL of the public internet, without user, password and fragment. One webhook per URL.
    #[schema(value_type = String, example = "https://labyrinth-os.example.com/webhooks/crm")]
    url: Given<String>,
    /// What it is told of; `*` is everything.
    #[schema(value_type = Vec<String>, example = json!(["deal.stage_changed", "deal.won", "lead.created"]))]
    events: Given<Vec<String>>,
    /// Whether it gets deliveries; true when left out.
    #[schema(value_type = Option<bool>)]
    is_active: Given<bool>,
    /// Sent with each delivery. They replace the former ones; left out, those are kept.
    #[schema(value_type = Option<BTreeMap<String, String>>, example = json!({"X-Custom-Header": "value"}))]
    headers: Given<BTreeMap<String, String>>,
}

impl WebhookRequest {
    fn draft(self, check: &mut Check) -> WebhookDraft {
        WebhookDraft {
            url: self.url.patch("url", check),
            events: self.events.patch("events", check),
            is_active: self.is_active.patch("is_active", check),
            headers: self.headers.patch("headers", check),
            ..WebhookDraft::default()
        }
    }
}

/// A webhook.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = elevate::Webhook)]
pub(super) struct Webhook {
    id: Uuid,
    #[schema(example = "https://labyrinth-os.example.com/webhooks/crm")]
    url: String,
    #[schema(example = json!(["deal.won", "lead.created"]))]
    events: Vec<&'static str>,
    is_active: bool,
    /// Sent with each delivery.
    headers: BTreeMap<String, String>,
    #[schema(format = DateTime, example = "2026-01-10T00:00:00Z")]
    created_at: String,
    #[schema(format = DateTime, example = "2026-01-10T00:00:00Z")]
    updated_at: String,
}

impl Webhook {
    fn of(webhook: Entity, headers: &Headers) -> Self {
        Self {
            id: webhook.uuid,
            events: webhook.fields.events.words(),
            url: webhook.fields.url.into_inner(),
            is_active: webhook.fields.is_active,
            headers: headers.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            created_at: webhook.created_at.to_second_precision(),
            updated_at: webhook.updated_at.to_second_precision(),
        }
    }
}

/// A new webhook with its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = elevate::WebhookWithSecret)]
pub(super) struct WebhookWithSecret {
    #[serde(flatten)]
    webhook: Webhook,
    /// Signs deliveries; shown this once.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    secret: String,
}

/// A page of webhooks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = elevate::Webhooks)]
pub(super) struct Webhooks {
    webhooks: Vec<Webhook>,
    #[serde(flatten)]
    place: Place,
}

/// What a request is told that was answered before with the secret.
const SHOWN_ONCE: &str = "The webhook was registered by an earlier request with this Idempotency-Key; its secret was shown only once";

/// Lists the webhooks that were registered here, in the order of creation.
#[utoipa::path(
    get, path = PATH, tag = "elevate push", operation_id = "elevate_list_webhooks", params(PageParams),
    responses((status = 200, description = "A page of webhooks", body = Webhooks), ErrorResponses),
    security(("elevate_key" = []))
)]
pub(super) async fn list(call: Call, access: Access, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let mut query = Query::parse(request.query_string());
    let paging = query.numbered();
    query.finish()?;
    let vault = call.app.webhooks.vault(access.tenant.tenant.id);
    let read = move |reader: &mut dyn TenantReader| {
        let filter = WebhookFilter::of([Condition::equal(WebhookField::Family, WebhookFamily::Elevate.as_str())]);
        let page = reader.webhooks().list(&filter, Sort::default(), &paging.window())?;
        let place = paging.place(page.items.len(), page.total);
        let show = |webhook: Entity| {
            let headers = webhook.fields.headers(&vault)?;
            Ok(Webhook::of(webhook, &headers))
        };
        Ok(Webhooks {
            webhooks: page.items.into_iter().map(show).collect::<crm_domain::Result<_>>()?,
            place,
        })
    };
    Ok(HttpResponse::Ok().json(access.tenant.snapshot(read).await?))
}

/// Registers a webhook. The answer shows its secret, once: it is never shown again, also not to a request repeated with the same
/// `Idempotency-Key`, which is answered 409.
#[utoipa::path(
    post, path = PATH, tag = "elevate push", operation_id = "elevate_register_webhook", request_body = WebhookRequest,
    responses((status = 201, description = "The new webhook and its secret", body = WebhookWithSecret), ErrorResponses, BodyResponses),
    security(("elevate_key" = []))
)]
pub(super) async fn register(call: Call, access: Access, body: Body<WebhookRequest>) -> Result<HttpResponse, ApiError> {
    let mut check = Check::new();
    let rules = call.app.webhook_rules(access.tenant.tenant.id);
    let draft = body.value.draft(&mut check);
    call.app.webhooks.judge_new(&draft, rules.targets, &mut check).await;
    let (fields, signing) = WebhookFields::parse(draft, WebhookFamily::Elevate, &rules, &*call.app.entropy, check)?;
    let headers = fields.headers(&rules.vault)?;
    let guard = body.guard;
    let made = call.app.webhooks.registering(&access.tenant, move |unit| {
        shown_once(unit, guard.as_ref(), SHOWN_ONCE, |unit| webhook::create(unit, fields))
    });
    Ok(secret(StatusCode::CREATED).json(WebhookWithSecret {
        webhook: Webhook::of(made.await?, &headers),
        secret: signing.as_str().to_owned(),
    }))
}

/// The id of a webhook of this family; a uuid stays its webhook's for ever.
async fn known(access: &Access, path: &str) -> Result<WebhookId, ApiError> {
    let uuid = id::parse(path)?;
    let read = move |reader: &mut dyn TenantReader| {
        let Some(id) = reader.identities().id_of(EntityKind::Webhook, uuid)? else {
            return Ok(None);
        };
        reader.webhooks().lookup(WebhookId::from_i64(id))
    };
    let found = access.tenant.read(read).await?;
    let own = found.filter(|webhook| webhook.fields.family == WebhookFamily::Elevate);
    own.map(|webhook| webhook.id).ok_or(ApiError::NotFound)
}

/// Changes the fields given; the others stay (contract X-172).
#[utoipa::path(
    put, path = ITEM, tag = "elevate push", operation_id = "elevate_update_webhook", request_body = WebhookRequest,
    params(("id" = String, Path, format = Uuid)),
    responses((status = 200, description = "The webhook as it is now", body = Webhook), ErrorResponses, LookupResponses, BodyResponses),
    security(("elevate_key" = []))
)]
pub(super) async fn update(
    call: Call,
    access: Access,
    path: web::Path<String>,
    body: Body<WebhookRequest>,
) -> Result<HttpResponse, ApiError> {
    let id = known(&access, &path).await?;
    let mut check = Check::new();
    let draft = body.value.draft(&mut check);
    let rules = call.app.webhook_rules(access.tenant.tenant.id);
    let vault = rules.vault.clone();
    let (webhooks, targets) = (&call.app.webhooks, rules.targets);
    webhooks.judge_change(&access.tenant, id, &draft, targets, &mut check).await?;
    let webhook = access
        .tenant
        .write(move |unit| webhook::update(unit, id, draft, &rules, check))
        .await?;
    webhooks.changed(access.tenant.tenant.id);
    let headers = webhook.fields.headers(&vault)?;
    Ok(HttpResponse::Ok().json(Webhook::of(webhook, &headers)))
}

/// Deletes a webhook; its secret is forgotten, and nothing is delivered any more.
#[utoipa::path(
    delete, path = ITEM, tag = "elevate push", operation_id = "elevate_delete_webhook", params(("id" = String, Path, format = Uuid)),
    responses((status = 200, description = "It is gone", body = Done), ErrorResponses, LookupResponses),
    security(("elevate_key" = []))
)]
pub(super) async fn remove(call: Call, access: Access, path: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let id = known(&access, &path).await?;
    access.tenant.write(move |unit| webhook::remove(unit, id)).await?;
    call.app.webhooks.changed(access.tenant.tenant.id);
    Ok(Done::saying("Webhook deleted"))
}

/// What came of a test.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = elevate::WebhookTest)]
pub(super) struct Tested {
    /// Whether the receiver answered 2xx.
    success: bool,
    /// The HTTP status of the answer; null when none came.
    #[schema(example = 200)]
    status_code: Option<u16>,
    /// Why none came.
    reason: Option<String>,
}

/// Sends a test delivery (`webhook.test`) at once, once, and tells what came of it; also while the webhook is not active (contract X-173).
#[utoipa::path(
    post, path = TEST, tag = "elevate push", operation_id = "elevate_test_webhook", params(("id" = String, Path, format = Uuid)),
    responses((status = 200, description = "What came of it", body = Tested), ErrorResponses, LookupResponses),
    security(("elevate_key" = []))
)]
pub(super) async fn test(call: Call, access: Access, path: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let id = known(&access, &path).await?;
    let delivery = call.app.webhooks.test(&access.tenant, id).await?;
    let result = delivery.log.into_iter().next().map(|attempt| attempt.result);
    Ok(HttpResponse::Ok().json(Tested {
        success: result.as_ref().is_some_and(AttemptResult::is_success),
        status_code: result.as_ref().and_then(AttemptResult::status),
        reason: match result {
            Some(AttemptResult::Unanswered(reason)) => Some(reason),
            Some(AttemptResult::Answered { .. }) | None => None,
        },
    }))
}
