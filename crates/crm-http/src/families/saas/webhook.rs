//! Webhooks of every family, as an Admin manages them (contract C-95 … C-101, X-87, X-100, X-110).
//!
//! Everybody may see where events go. What authorises a delivery, the values of its headers, is shown to those who may change it; its secret
//! to nobody, but once to who makes it.

pub(super) mod delivery;
mod payload;
mod wire;

use std::collections::HashMap;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{ETAG, LOCATION},
    },
    web,
};
use crm_domain::{
    Error,
    control::user::Permission,
    field::Check,
    id::{RecordId, WebhookId},
    stamp::Stamp,
    tenant::{
        TenantReader, UnitOfWork,
        webhook::{self, Webhook, WebhookFamily, WebhookField, WebhookFields, WebhookSecret},
    },
};

use super::{
    answer::{entity_tag, record, secret, write_over},
    context::{Body, ManageWebhooks, Nothing, Particulars, Permit, Read},
    error::{BodyResponses, ConflictResponses, ErrorResponses, LookupResponses, SaasError, StaleResponses},
    id::{WEBHOOK, in_path, show},
    list::{self, List, ListParams},
    page::PageBody,
};
use crate::shared::{call::Call, idempotency::shown_once};

pub(crate) use payload::WebhookSpeaker;
use wire::ShownHeaders;
pub(crate) use wire::{WebhookChanges, WebhookInfo, WebhookRequest, WebhookWithSecret};

pub(super) const PATH: &str = "/api/webhooks";
pub(super) const ITEM: &str = "/api/webhooks/{id}";
pub(super) const ROTATE: &str = "/api/webhooks/{id}/rotate-secret";

/// What a request is told that was answered before with the secret.
const SHOWN_ONCE: &str = "The secret was answered to an earlier request with this Idempotency-Key; it was shown only once";

/// Lists the webhooks of every family.
#[utoipa::path(
    get, path = PATH, tag = "webhooks", operation_id = "saas_list_webhooks", params(ListParams<WebhookField>),
    responses((status = 200, description = "A page of webhooks", body = PageBody<WebhookInfo>), ErrorResponses),
    security(("accessToken" = []))
)]
pub(super) async fn list(call: Call, permit: Permit<Read>, request: HttpRequest) -> Result<HttpResponse, SaasError> {
    let (vault, may_manage) = (call.app.webhooks.vault(permit.tenant.tenant.id), may_manage(&permit));
    let read = |reader: &mut dyn TenantReader, filter: &_, sort, window: &_| reader.webhooks().list(filter, sort, window);
    let load = move |_: &mut dyn TenantReader, webhooks: &[Webhook]| -> crm_domain::Result<HashMap<WebhookId, ShownHeaders>> {
        let shown = |webhook: &Webhook| Ok((webhook.id, ShownHeaders::of(&webhook.fields.headers(&vault)?, may_manage)));
        webhooks.iter().map(shown).collect()
    };
    let show = |webhook: Webhook, tenant, headers: &HashMap<WebhookId, ShownHeaders>| {
        let headers = headers.get(&webhook.id).cloned().unwrap_or_default();
        WebhookInfo::of(webhook, headers, tenant)
    };
    list::answer_with(&permit.tenant, request.query_string(), List::of("webhooks"), read, load, show).await
}

fn may_manage(permit: &Permit<Read>) -> bool {
    permit.user().role.may(Permission::ManageWebhooks)
}

/// Shows a webhook.
#[utoipa::path(
    get, path = ITEM, tag = "webhooks", operation_id = "saas_get_webhook", params(("id" = String, Path, example = "webhook_3")),
    responses((status = 200, description = "The webhook", body = WebhookInfo), ErrorResponses, LookupResponses),
    security(("accessToken" = []))
)]
pub(super) async fn get(call: Call, permit: Permit<Read>, id: web::Path<String>) -> Result<HttpResponse, SaasError> {
    let id: WebhookId = in_path(&id, WEBHOOK)?;
    let webhook = permit.tenant.read(move |reader| reader.webhooks().lookup(id)).await?;
    let webhook = webhook.ok_or_else(|| Error::not_found(WebhookId::NOUN, id))?;
    let headers = ShownHeaders::of(
        &webhook.fields.headers(&call.app.webhooks.vault(permit.tenant.tenant.id))?,
        may_manage(&permit),
    );
    let updated_at = webhook.updated_at;
    Ok(record(&WebhookInfo::of(webhook, headers, permit.tenant.tenant.id), updated_at))
}

/// Registers a webhook. The answer shows its secret, once: it is never shown again, also not to a request repeated with the same
/// `Idempotency-Key`, which is answered 409.
#[utoipa::path(
    post, path = PATH, tag = "webhooks", operation_id = "saas_create_webhook", request_body = WebhookRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key and body makes no second webhook")),
    responses(
        (status = 201, description = "The new webhook and its secret", body = WebhookWithSecret, headers(("Location" = String))),
        ErrorResponses, ConflictResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn create(call: Call, permit: Permit<ManageWebhooks>, body: Body<WebhookRequest>) -> Result<HttpResponse, SaasError> {
    let mut check = Check::new();
    let rules = call.app.webhook_rules(permit.tenant.tenant.id);
    let draft = body.value.draft(&mut check);
    call.app.webhooks.judge_new(&draft, rules.targets, &mut check).await;
    let (fields, signing) = WebhookFields::parse(draft, WebhookFamily::Saas, &rules, &*call.app.entropy, check)?;
    let headers = ShownHeaders::of(&fields.headers(&rules.vault)?, true);
    let guard = body.guard;
    let made = call.app.webhooks.registering(&permit.tenant, move |unit| {
        shown_once(unit, guard.as_ref(), SHOWN_ONCE, |unit| webhook::create(unit, fields))
    });
    let made = made.await?;
    let (id, updated_at) = (show(WEBHOOK, made.id), made.updated_at);
    let webhook = WebhookInfo::of(made, headers, permit.tenant.tenant.id);
    let answer = WebhookWithSecret::of(webhook, &signing);
    Ok(secret(StatusCode::CREATED)
        .insert_header((LOCATION, format!("{PATH}/{id}")))
        .insert_header((ETAG, entity_tag(updated_at)))
        .json(answer))
}

/// When the webhook changed last.
fn state(unit: &mut dyn UnitOfWork, id: WebhookId) -> crm_domain::Result<Option<Stamp>> {
    Ok(unit.webhooks().lookup(id)?.map(|webhook| webhook.updated_at))
}

/// Changes the fields given; the others stay (contract X-93). `events` are those of the family that the webhook was registered through.
#[utoipa::path(
    put, path = ITEM, tag = "webhooks", operation_id = "saas_update_webhook", request_body = WebhookChanges,
    params(
        ("id" = String, Path, example = "webhook_3"),
        ("If-Match" = Option<String>, Header, description = "Only while the webhook has this entity tag")
    ),
    responses(
        (status = 200, description = "The webhook as it is now", body = WebhookInfo),
        ErrorResponses, LookupResponses, ConflictResponses, StaleResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn update(
    call: Call,
    permit: Permit<ManageWebhooks>,
    id: web::Path<String>,
    body: Body<WebhookRequest>,
) -> Result<HttpResponse, SaasError> {
    let id: WebhookId = in_path(&id, WEBHOOK)?;
    let mut check = Check::new();
    let draft = body.value.draft(&mut check);
    let rules = call.app.webhook_rules(permit.tenant.tenant.id);
    let vault = rules.vault.clone();
    let (webhooks, targets) = (&call.app.webhooks, rules.targets);
    webhooks.judge_change(&permit.tenant, id, &draft, targets, &mut check).await?;
    let webhook = write_over(&permit, id, state, move |unit| webhook::update(unit, id, draft, &rules, check)).await?;
    webhooks.changed(permit.tenant.tenant.id);
    let headers = ShownHeaders::of(&webhook.fields.headers(&vault)?, true);
    let updated_at = webhook.updated_at;
    Ok(record(&WebhookInfo::of(webhook, headers, permit.tenant.tenant.id), updated_at))
}

/// Deletes a webhook; its secret is forgotten.
#[utoipa::path(
    delete, path = ITEM, tag = "webhooks", operation_id = "saas_delete_webhook",
    params(
        ("id" = String, Path, example = "webhook_3"),
        ("If-Match" = Option<String>, Header, description = "Only while the webhook has this entity tag")
    ),
    responses((status = 204, description = "It is gone"), ErrorResponses, LookupResponses, StaleResponses),
    security(("accessToken" = []))
)]
pub(super) async fn remove(call: Call, permit: Permit<ManageWebhooks>, id: web::Path<String>) -> Result<HttpResponse, SaasError> {
    let id: WebhookId = in_path(&id, WEBHOOK)?;
    write_over(&permit, id, state, move |unit| webhook::remove(unit, id)).await?;
    call.app.webhooks.changed(permit.tenant.tenant.id);
    Ok(HttpResponse::NoContent().finish())
}

/// Gives a webhook another secret, which this answer shows, once. For 24 hours the former one signs beside it: `X-Webhook-Signature` is the new
/// secret's, `webhook-signature` has one of each.
#[utoipa::path(
    post, path = ROTATE, tag = "webhooks", operation_id = "saas_rotate_webhook_secret",
    params(
        ("id" = String, Path, example = "webhook_3"),
        ("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key does not take effect again")
    ),
    responses(
        (status = 200, description = "The webhook and its new secret", body = WebhookWithSecret),
        ErrorResponses, LookupResponses, ConflictResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn rotate(
    call: Call,
    permit: Permit<ManageWebhooks>,
    id: web::Path<String>,
    Particulars(body): Particulars<Nothing>,
) -> Result<HttpResponse, SaasError> {
    let id: WebhookId = in_path(&id, WEBHOOK)?;
    let rules = call.app.webhook_rules(permit.tenant.tenant.id);
    let vault = rules.vault.clone();
    let made = WebhookSecret::random(&*call.app.entropy);
    let (signing, guard) = (made.clone(), body.guard);
    let rotated = write_over(&permit, id, state, move |unit| {
        shown_once(unit, guard.as_ref(), SHOWN_ONCE, |unit| webhook::rotate(unit, id, &signing, &rules))
    });
    let rotated = rotated.await?;
    call.app.webhooks.changed(permit.tenant.tenant.id);
    let headers = ShownHeaders::of(&rotated.fields.headers(&vault)?, true);
    let updated_at = rotated.updated_at;
    let webhook = WebhookInfo::of(rotated, headers, permit.tenant.tenant.id);
    Ok(secret(StatusCode::OK)
        .insert_header((ETAG, entity_tag(updated_at)))
        .json(WebhookWithSecret::of(webhook, &made)))
}
