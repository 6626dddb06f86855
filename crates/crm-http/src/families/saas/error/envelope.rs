//! Family C's error envelope (contract C-111 … C-113), and the error responses that its operations document.

use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use super::{Code, SaasError, Shown};
use crate::shared::{
    call::Call,
    fault::{Fault, retry_after_seconds},
};

/// Every error's body.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::Error)]
pub(crate) struct ErrorBody {
    error: ErrorInfo,
    /// When it was answered.
    #[schema(example = "2026-01-17T10:30:00Z")]
    timestamp: String,
    /// The request's path.
    #[schema(example = "/api/companies")]
    path: String,
    /// Names the request in the server's logs.
    #[schema(example = "trace_0123456789abcdef0123456789abcdef")]
    trace_id: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = saas::ErrorInfo)]
struct ErrorInfo {
    code: Code,
    message: String,
    details: Vec<Detail>,
}

/// One field that is not valid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = saas::ErrorDetail)]
pub(crate) struct Detail {
    /// Its name, in camelCase.
    pub(crate) field: String,
    pub(crate) message: String,
}

/// Renders whatever went wrong.
pub(crate) fn render(call: &Call, path: &str, error: &actix_web::Error) -> HttpResponse {
    let shown = shown(error);
    let mut response = HttpResponse::build(shown.status);
    if let Some(wait) = shown.retry_after {
        response.insert_header((RETRY_AFTER, retry_after_seconds(wait)));
    }
    if let Some(challenge) = challenge(&shown) {
        response.insert_header((WWW_AUTHENTICATE, challenge));
    }
    response.json(ErrorBody {
        error: ErrorInfo {
            code: shown.code,
            message: shown.message,
            details: shown.details,
        },
        timestamp: call.app.clock.now().to_second_precision(),
        path: path.to_owned(),
        trace_id: call.trace.to_string(),
    })
}

fn shown(error: &actix_web::Error) -> Shown {
    if let Some(error) = error.as_error::<SaasError>() {
        return Shown::from(error);
    }
    if let Some(fault) = error.as_error::<Fault>() {
        return Shown::from(fault);
    }
    foreign(error.as_response_error().status_code())
}

/// An error of actix's own, of which only the status is worth showing.
fn foreign(status: StatusCode) -> Shown {
    let code = match status {
        StatusCode::NOT_FOUND => Code::NotFound,
        StatusCode::CONFLICT => Code::Duplicate,
        status if status.is_client_error() => Code::ValidationError,
        _ => Code::InternalError,
    };
    Shown::new(status, code, status.canonical_reason().unwrap_or("Error"))
}

/// What a 401 asks for (RFC 6750).
fn challenge(shown: &Shown) -> Option<&'static str> {
    match (shown.status, shown.code) {
        (StatusCode::UNAUTHORIZED, Code::InvalidToken) => Some(r#"Bearer error="invalid_token""#),
        (StatusCode::UNAUTHORIZED, _) => Some("Bearer"),
        _ => None,
    }
}

/// The errors of every operation.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "documents the answers, never made")]
pub(crate) enum ErrorResponses {
    /// Invalid parameters, or a body that cannot be read: `VALIDATION_ERROR`.
    #[response(status = 400)]
    BadRequest(ErrorBody),
    /// No access token or wrong credentials: `AUTH_FAILED`; a refused token: `INVALID_TOKEN`.
    #[response(status = 401)]
    Unauthorized(ErrorBody),
    /// The role does not permit it: `PERMISSION_DENIED`.
    #[response(status = 403)]
    Forbidden(ErrorBody),
    /// Too many requests: `RATE_LIMIT_EXCEEDED`, with `Retry-After`.
    #[response(status = 429)]
    TooManyRequests(ErrorBody),
    /// A defect: `INTERNAL_ERROR`.
    #[response(status = 500)]
    Internal(ErrorBody),
    /// A database cannot be reached: `INTERNAL_ERROR`, with `Retry-After`.
    #[response(status = 503)]
    Unavailable(ErrorBody),
}

/// The errors of operations on one record.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "documents the answers, never made")]
pub(crate) enum LookupResponses {
    /// No such record in this tenant: `NOT_FOUND`.
    #[response(status = 404)]
    NotFound(ErrorBody),
}

/// The errors of operations with a body.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "documents the answers, never made")]
pub(crate) enum BodyResponses {
    /// The body did not arrive in time: `VALIDATION_ERROR`.
    #[response(status = 408)]
    TooSlow(ErrorBody),
    /// The body is too large: `VALIDATION_ERROR`.
    #[response(status = 413)]
    TooLarge(ErrorBody),
    /// The declared type cannot be JSON, or the declared charset is not UTF-8: `VALIDATION_ERROR`.
    #[response(status = 415)]
    NotJson(ErrorBody),
    /// Fields are not valid, or the `Idempotency-Key` came with another body before: `VALIDATION_ERROR`.
    #[response(status = 422)]
    Invalid(ErrorBody),
}

/// The errors of operations that could make a second of what must be unique.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "documents the answers, never made")]
pub(crate) enum ConflictResponses {
    /// A value that must be unique is taken: `DUPLICATE`.
    #[response(status = 409)]
    Duplicate(ErrorBody),
}

/// The errors of actions that not every state of a record allows.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "documents the answers, never made")]
pub(crate) enum StateResponses {
    /// The record's state does not allow it, or a value that must be unique is taken meanwhile: `DUPLICATE`.
    #[response(status = 409)]
    State(ErrorBody),
}

/// The errors of operations on the state of a record that `If-Match` names.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "documents the answers, never made")]
pub(crate) enum StaleResponses {
    /// The record is in another state now: `VALIDATION_ERROR`.
    #[response(status = 412)]
    Stale(ErrorBody),
}
