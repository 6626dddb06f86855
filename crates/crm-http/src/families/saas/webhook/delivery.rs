//! What a webhook was told, what became of it, and telling it again.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use crm_domain::{
    Error,
    error::Problem,
    field::{Check, Patch},
    id::{DeliveryId, RecordId, WebhookId},
    page::{Cursor, SortValue},
    stamp::Stamp,
    tenant::{
        TenantReader,
        delivery::{Attempt, AttemptResult, DELIVERY_STATES, Delivery, DeliveryFilter, DeliveryState, Requeue},
    },
    usecase::deliver,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    families::saas::{
        answer::{acted, kept},
        context::{Body, ManageWebhooks, Nothing, Particulars, Permit, Read},
        error::{BodyResponses, ErrorResponses, LookupResponses, SaasError, StateResponses},
        id::{WEBHOOK, in_path, show},
        page::Query,
        word::{DELIVERY, prefix_of},
    },
    shared::{
        call::Call,
        idempotency::{once, over_units},
        json_body::Given,
    },
};

pub(in super::super) const PATH: &str = "/api/webhooks/{id}/deliveries";
pub(in super::super) const AGAIN: &str = "/api/webhooks/{id}/deliveries/{deliveryId}/redeliver";
pub(in super::super) const ALL_AGAIN: &str = "/api/webhooks/{id}/redeliver";
pub(in super::super) const TEST: &str = "/api/webhooks/{id}/test";

/// Deliveries sent again in one unit of work, so that the writer's turn stays short.
const SLICE: u32 = 500;
/// Most characters that are shown of an answer.
const SHOWN: usize = 1_000;

/// The query parameters; for the documentation.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the parameters, never made")]
struct DeliveryParams {
    /// Only those that are `pending`, `delivered` or `failed`.
    #[param(example = "failed")]
    state: Option<String>,
    /// Only those of this event.
    #[param(example = "deal.won")]
    event: Option<String>,
    /// Most deliveries of the answer; clamped to 1 … 100.
    #[param(required = false, rename = "pageSize", default = 20, minimum = 1, maximum = 100)]
    page_size: u32,
    /// The `nextCursor` of the page before.
    #[param(required = false)]
    cursor: String,
}

/// What became of sending a delivery once.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::DeliveryAttempt)]
pub(crate) struct AttemptInfo {
    number: u32,
    #[schema(example = "2026-01-17T10:30:00.123Z")]
    timestamp: String,
    duration_ms: u64,
    /// The HTTP status of the answer; null when none came.
    #[schema(example = 500)]
    status_code: Option<u16>,
    /// Why none came.
    reason: Option<String>,
    /// The beginning of the answer's body, for those who may change webhooks.
    response: Option<String>,
}

/// What a webhook was told, or is to be told.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::Delivery)]
pub(crate) struct DeliveryInfo {
    #[schema(example = "delivery_17")]
    id: String,
    #[schema(example = "webhook_3")]
    webhook_id: String,
    /// The header `webhook-id` of its requests: the same whenever it is sent.
    #[schema(example = "01947d3c-8b00-7d2e-9a51-0a1b2c3d4e5f")]
    message_id: String,
    #[schema(example = "deal.won")]
    event: String,
    /// The change of the feed that it tells of; null for a test.
    change: Option<i64>,
    /// The record that it tells of; null for a test.
    #[schema(example = "deal_34")]
    record_id: Option<String>,
    /// `pending`, `delivered` or `failed`.
    #[schema(example = "delivered")]
    state: &'static str,
    /// When it is sent next; null when it is over, and while it waits for an earlier one of the same record.
    next_attempt_at: Option<String>,
    #[schema(example = "2026-01-17T10:30:00Z")]
    created_at: String,
    /// When it arrived, or was given up.
    ended_at: Option<String>,
    /// Oldest first.
    attempts: Vec<AttemptInfo>,
}

/// A part of a webhook's deliveries.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::DeliveryPage)]
pub(crate) struct DeliveryPage {
    items: Vec<DeliveryInfo>,
    has_next_page: bool,
    /// Continues with older deliveries; null on the last page.
    next_cursor: Option<String>,
}

/// Which deliveries are sent again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::RedeliverRequest)]
pub(crate) struct RedeliverRequest {
    /// Those made at this time or later.
    #[schema(value_type = String, format = DateTime)]
    since: Given<String>,
    /// Only those that were given up; false when left out.
    #[schema(value_type = Option<bool>)]
    failed_only: Given<bool>,
}

/// How many deliveries are sent again.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::Redelivered)]
pub(crate) struct Redelivered {
    count: u64,
}

/// What came of a test.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::WebhookTest)]
pub(crate) struct TestInfo {
    /// Whether the receiver answered 2xx.
    success: bool,
    /// The HTTP status of the answer; null when none came.
    #[schema(example = 200)]
    status_code: Option<u16>,
    /// Why none came.
    reason: Option<String>,
    delivery: DeliveryInfo,
}

impl AttemptInfo {
    fn of(attempt: Attempt, with_response: bool) -> Self {
        let (status_code, reason, response) = match attempt.result {
            AttemptResult::Answered { status, response } => (Some(status), None, Some(response)),
            AttemptResult::Unanswered(reason) => (None, Some(reason), None),
        };
        Self {
            number: attempt.number,
            timestamp: attempt.at.to_millisecond_precision(),
            duration_ms: u64::try_from(attempt.took.as_millis()).unwrap_or(u64::MAX),
            status_code,
            reason,
            response: response
                .filter(|_| with_response)
                .map(|response| response.chars().take(SHOWN).collect()),
        }
    }
}

impl DeliveryInfo {
    fn of(delivery: Delivery, with_responses: bool) -> Self {
        Self {
            id: show(DELIVERY, delivery.id),
            webhook_id: show(WEBHOOK, delivery.webhook_id),
            message_id: delivery.uuid.to_string(),
            event: delivery.event,
            change: delivery.seq,
            record_id: delivery.record.map(|(kind, id)| format!("{}{id}", prefix_of(kind))),
            state: delivery.state.as_str(),
            next_attempt_at: delivery.due_at.map(Stamp::to_second_precision),
            created_at: delivery.created_at.to_second_precision(),
            ended_at: delivery.ended_at.map(Stamp::to_second_precision),
            attempts: delivery
                .log
                .into_iter()
                .map(|attempt| AttemptInfo::of(attempt, with_responses))
                .collect(),
        }
    }
}

/// Lists what a webhook was told and what became of it, newest first. Deliveries are kept for 30 days.
#[utoipa::path(
    get, path = PATH, tag = "webhooks", operation_id = "saas_list_webhook_deliveries",
    params(("id" = String, Path, example = "webhook_3"), DeliveryParams),
    responses((status = 200, description = "A part of the deliveries", body = DeliveryPage), ErrorResponses, LookupResponses),
    security(("accessToken" = []))
)]
pub(in super::super) async fn list(permit: Permit<Read>, request: HttpRequest, id: web::Path<String>) -> Result<HttpResponse, SaasError> {
    let webhook_id: WebhookId = in_path(&id, WEBHOOK)?;
    let mut query = Query::parse(request.query_string());
    let filter = DeliveryFilter {
        webhook_id,
        state: query.parsed("state", state),
        event: query.parsed("event", event),
    };
    let name = query.order_and_filter(request.path(), &["state", "event"]);
    let paging = query.paging(&name);
    query.finish()?;
    let limit = paging.window().limit;
    let before = paging.after().map_or(i64::MAX, |cursor| cursor.id);
    let read = move |reader: &mut dyn TenantReader| {
        let found = reader.webhooks().lookup(webhook_id)?;
        found.ok_or_else(|| Error::not_found(WebhookId::NOUN, webhook_id))?;
        reader.deliveries().list(&filter, before, limit + 1)
    };
    let mut deliveries = permit.tenant.snapshot(read).await?;
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_next_page = deliveries.len() > most;
    deliveries.truncate(most);
    let last = deliveries.last().filter(|_| has_next_page);
    let next_cursor = last.map(|last| {
        let cursor = Cursor {
            value: SortValue::Id,
            id: last.id.get(),
            seen: Stamp::default(),
            list: Cursor::list_digest(&name),
        };
        cursor.encode()
    });
    let with_responses = super::may_manage(&permit);
    let items = deliveries.into_iter().map(|delivery| DeliveryInfo::of(delivery, with_responses));
    Ok(HttpResponse::Ok().json(DeliveryPage {
        items: items.collect(),
        has_next_page,
        next_cursor,
    }))
}

fn state(word: &str) -> Result<DeliveryState, Problem> {
    DeliveryState::parse(word).ok_or_else(|| Problem::Choice {
        allowed: DELIVERY_STATES.map(str::to_owned).into(),
    })
}

/// A word that no event can be finds nothing; what no database can compare is refused.
fn event(word: &str) -> Result<String, Problem> {
    match word.contains('\0') {
        true => Err(Problem::ControlCharacter),
        false => Ok(word.to_owned()),
    }
}

/// Sends a delivery again, with the same id and body; one that waits for its next attempt is sent now.
#[utoipa::path(
    post, path = AGAIN, tag = "webhooks", operation_id = "saas_redeliver_webhook_delivery",
    params(
        ("id" = String, Path, example = "webhook_3"), ("deliveryId" = String, Path, example = "delivery_17"),
        ("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key takes effect once")
    ),
    responses(
        (status = 202, description = "It will be sent", body = DeliveryInfo),
        ErrorResponses, LookupResponses, StateResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(in super::super) async fn redeliver(
    call: Call,
    permit: Permit<ManageWebhooks>,
    path: web::Path<(String, String)>,
    Particulars(body): Particulars<Nothing>,
) -> Result<HttpResponse, SaasError> {
    let webhook: WebhookId = in_path(&path.0, WEBHOOK)?;
    let id: DeliveryId = in_path(&path.1, DELIVERY)?;
    permit.over_untagged()?;
    let guard = body.guard;
    let answer = permit.tenant.write(move |unit| {
        once(unit, guard.as_ref(), |unit| {
            let delivery = deliver::redeliver(unit, webhook, id)?;
            kept(StatusCode::ACCEPTED, &DeliveryInfo::of(delivery, true))
        })
    });
    let answer = answer.await?;
    call.app.webhooks.changed(permit.tenant.tenant.id);
    Ok(acted(answer))
}

/// Sends all deliveries made since a time again, each with the same id and body, in order.
#[utoipa::path(
    post, path = ALL_AGAIN, tag = "webhooks", operation_id = "saas_redeliver_webhook", request_body = RedeliverRequest,
    params(
        ("id" = String, Path, example = "webhook_3"),
        ("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key and body takes effect once")
    ),
    responses(
        (status = 202, description = "They will be sent", body = Redelivered),
        ErrorResponses, LookupResponses, StateResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(in super::super) async fn redeliver_since(
    call: Call,
    permit: Permit<ManageWebhooks>,
    id: web::Path<String>,
    body: Body<RedeliverRequest>,
) -> Result<HttpResponse, SaasError> {
    let webhook_id: WebhookId = in_path(&id, WEBHOOK)?;
    let found = permit.tenant.read(move |reader| reader.webhooks().lookup(webhook_id)).await?;
    found.ok_or_else(|| Error::not_found(WebhookId::NOUN, webhook_id))?;
    let (since, failed_only) = body.value.parsed()?;
    let tenant = permit.tenant.clone();
    let work = async move {
        let (after, until) = tenant.read(move |reader| reader.deliveries().span_since(since)).await?;
        let mut which = Requeue {
            webhook_id,
            after,
            until,
            failed_only,
        };
        let mut count = 0;
        loop {
            let slice = which;
            let (last, again) = tenant.write(move |unit| deliver::redeliver_many(unit, &slice, SLICE)).await?;
            count += again as u64;
            match last {
                Some(last) if again == SLICE as usize => which.after = last,
                _ => return kept(StatusCode::ACCEPTED, &Redelivered { count }),
            }
        }
    };
    let answer = over_units(&permit.tenant, body.guard, work).await;
    // Also after a failure: a part may be due.
    call.app.webhooks.changed(permit.tenant.tenant.id);
    Ok(acted(answer?))
}

impl RedeliverRequest {
    fn parsed(self) -> Result<(Stamp, bool), SaasError> {
        let mut check = Check::new();
        let (since, failed_only) = (
            self.since.patch("since", &mut check),
            self.failed_only.patch("failed_only", &mut check),
        );
        let since = check.required("since", since, None, Stamp::parse);
        let since = check.finish_with(since)?;
        Ok((since, matches!(failed_only, Patch::Set(true))))
    }
}

/// Sends a test delivery (`webhook.test`) at once, once, and tells what came of it; also while the webhook is not active.
#[utoipa::path(
    post, path = TEST, tag = "webhooks", operation_id = "saas_test_webhook",
    params(
        ("id" = String, Path, example = "webhook_3"),
        ("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key takes effect once")
    ),
    responses((status = 200, description = "What came of it", body = TestInfo), ErrorResponses, LookupResponses, BodyResponses),
    security(("accessToken" = []))
)]
pub(in super::super) async fn test(
    call: Call,
    permit: Permit<ManageWebhooks>,
    id: web::Path<String>,
    Particulars(body): Particulars<Nothing>,
) -> Result<HttpResponse, SaasError> {
    let id: WebhookId = in_path(&id, WEBHOOK)?;
    let (webhooks, tenant) = (std::sync::Arc::clone(&call.app.webhooks), permit.tenant.clone());
    let work = async move { kept(StatusCode::OK, &TestInfo::of(webhooks.test(&tenant, id).await?)) };
    Ok(acted(over_units(&permit.tenant, body.guard, work).await?))
}

impl TestInfo {
    fn of(delivery: Delivery) -> Self {
        let result = delivery.log.first().map(|attempt| attempt.result.clone());
        Self {
            success: result.as_ref().is_some_and(AttemptResult::is_success),
            status_code: result.as_ref().and_then(AttemptResult::status),
            reason: match result {
                Some(AttemptResult::Unanswered(reason)) => Some(reason),
                Some(AttemptResult::Answered { .. }) | None => None,
            },
            delivery: DeliveryInfo::of(delivery, true),
        }
    }
}
