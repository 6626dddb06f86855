//! What is done to a deal: it moves through its stages, is won or lost, and reopened.

use actix_web::{HttpResponse, web};
use crm_domain::{
    field::Check,
    tenant::opportunity::{self, LossDraft, MoveDraft, ReopeningDraft, WinDraft},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Deal;
use crate::{
    families::saas::{
        context::{Body, Particulars, Permit, Write},
        error::{BodyResponses, ErrorResponses, LookupResponses, SaasError, StateResponses},
        id::{STAGE, in_body},
        resource::act,
    },
    shared::json_body::{Decimal, Given},
};

pub(in super::super) const STAGE_PATH: &str = "/api/deals/{id}/stage";
pub(in super::super) const WIN: &str = "/api/deals/{id}/win";
pub(in super::super) const LOSE: &str = "/api/deals/{id}/lose";
pub(in super::super) const REOPEN: &str = "/api/deals/{id}/reopen";

/// Where a deal moves.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::DealMove)]
pub(crate) struct MoveRequest {
    /// The stage's name in the deal's pipeline, whatever its case.
    #[schema(value_type = Option<String>, example = "Negotiation")]
    stage: Given<String>,
    /// A stage of any pipeline; wins over `stage`.
    #[schema(value_type = Option<String>, example = "stage_4")]
    stage_id: Given<String>,
    /// Per cent; the stage's own when left out.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 100)]
    probability: Given<Decimal>,
}

/// How a deal was won.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::DealWin)]
pub(crate) struct WinRequest {
    /// Today when left out.
    #[schema(value_type = Option<String>, format = Date)]
    closed_on: Given<String>,
    /// In major units of `currency`; stays when left out.
    #[schema(value_type = Option<f64>, example = 75000)]
    amount: Given<Decimal>,
    /// ISO 4217; stays when left out.
    #[schema(value_type = Option<String>, example = "USD")]
    currency: Given<String>,
}

/// Why a deal was lost.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::DealLoss)]
pub(crate) struct LossRequest {
    #[schema(value_type = String, example = "Too expensive")]
    reason: Given<String>,
    /// Today when left out.
    #[schema(value_type = Option<String>, format = Date)]
    closed_on: Given<String>,
}

/// Where a closed deal goes on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::DealReopening)]
pub(crate) struct ReopeningRequest {
    /// An open stage; the one that the deal was closed in when left out.
    #[schema(value_type = Option<String>, example = "stage_2")]
    stage_id: Given<String>,
}

/// Moves an open deal to another stage, also of another pipeline; a closing stage closes it today.
#[utoipa::path(
    post, path = STAGE_PATH, tag = "deals", operation_id = "saas_move_deal", request_body = MoveRequest,
    params(
        ("id" = String, Path, example = "deal_34"),
        ("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key and body takes effect once")
    ),
    responses(
        (status = 200, description = "The deal as it is now", body = Deal),
        ErrorResponses, LookupResponses, StateResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(in super::super) async fn move_to(
    permit: Permit<Write>,
    id: web::Path<String>,
    body: Body<MoveRequest>,
) -> Result<HttpResponse, SaasError> {
    let mut check = Check::new();
    let draft = MoveDraft {
        stage: body.value.stage.patch("stage", &mut check),
        stage_id: in_body(body.value.stage_id, STAGE, "stage_id", &mut check),
        probability: body.value.probability.patch("probability", &mut check),
    };
    act(&permit, body.guard, &id, |unit, id| opportunity::move_to(unit, id, draft, check)).await
}

/// Wins an open deal: it enters its pipeline's first won stage.
#[utoipa::path(
    post, path = WIN, tag = "deals", operation_id = "saas_win_deal", request_body = Option<WinRequest>,
    params(
        ("id" = String, Path, example = "deal_34"),
        ("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key and body takes effect once")
    ),
    responses(
        (status = 200, description = "The deal as it is now", body = Deal),
        ErrorResponses, LookupResponses, StateResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(in super::super) async fn win(
    permit: Permit<Write>,
    id: web::Path<String>,
    Particulars(body): Particulars<WinRequest>,
) -> Result<HttpResponse, SaasError> {
    let mut check = Check::new();
    let draft = WinDraft {
        closed_on: body.value.closed_on.patch("closed_on", &mut check),
        amount: body.value.amount.patch("amount", &mut check),
        currency: body.value.currency.patch("currency", &mut check),
    };
    act(&permit, body.guard, &id, |unit, id| opportunity::win(unit, id, draft, check)).await
}

/// Loses an open deal: it enters its pipeline's first lost stage.
#[utoipa::path(
    post, path = LOSE, tag = "deals", operation_id = "saas_lose_deal", request_body = LossRequest,
    params(
        ("id" = String, Path, example = "deal_34"),
        ("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key and body takes effect once")
    ),
    responses(
        (status = 200, description = "The deal as it is now", body = Deal),
        ErrorResponses, LookupResponses, StateResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(in super::super) async fn lose(
    permit: Permit<Write>,
    id: web::Path<String>,
    body: Body<LossRequest>,
) -> Result<HttpResponse, SaasError> {
    let mut check = Check::new();
    let draft = LossDraft {
        reason: body.value.reason.patch("reason", &mut check),
        closed_on: body.value.closed_on.patch("closed_on", &mut check),
    };
    act(&permit, body.guard, &id, |unit, id| opportunity::lose(unit, id, draft, check)).await
}

/// Reopens a closed deal, in the stage that it was closed in unless another open one is named.
#[utoipa::path(
    post, path = REOPEN, tag = "deals", operation_id = "saas_reopen_deal", request_body = Option<ReopeningRequest>,
    params(
        ("id" = String, Path, example = "deal_34"),
        ("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key and body takes effect once")
    ),
    responses(
        (status = 200, description = "The deal as it is now", body = Deal),
        ErrorResponses, LookupResponses, StateResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(in super::super) async fn reopen(
    permit: Permit<Write>,
    id: web::Path<String>,
    Particulars(body): Particulars<ReopeningRequest>,
) -> Result<HttpResponse, SaasError> {
    let mut check = Check::new();
    let draft = ReopeningDraft {
        stage_id: in_body(body.value.stage_id, STAGE, "stage_id", &mut check),
    };
    act(&permit, body.guard, &id, |unit, id| opportunity::reopen(unit, id, draft, check)).await
}
