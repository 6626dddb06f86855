//! What can go wrong in family D, and its envelope (contract D-06, D-27 … D-35, X-114, X-115).
//!
//! The document lists nine codes, and so does this family. What it is silent about gets the nearest of them: 405 is `NOT_FOUND`; 408, 413 and
//! 415 are `BAD_REQUEST`; 422 (an `Idempotency-Key` with another body) is `VALIDATION_ERROR`; every 409 is `DUPLICATE_RESOURCE`; 502 and 503
//! are `INTERNAL_ERROR`.

mod responses;
mod shown;
#[cfg(test)]
mod tests;

pub(super) use responses::{BodyResponses, ErrorResponses, LookupResponses, ProviderResponses};
pub(super) use shown::Details;

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use crm_domain::{Error, control::api_key::KeyRejection, error::FieldError};
use serde::Serialize;
use utoipa::ToSchema;

use shown::Shown;

use crate::shared::{
    auth::KeyRefusal,
    call::Call,
    csrf::CrossSite,
    fault::{Fault, retry_after_seconds},
    idempotency::InvalidKey,
    json_body::BodyError,
    login_guard::TooEarly,
    lookups::LookupFailure,
};

/// The codes of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = contacts::ErrorCode)]
pub(super) enum Code {
    Unauthorized,
    Forbidden,
    InsufficientScope,
    NotFound,
    ValidationError,
    BadRequest,
    DuplicateResource,
    RateLimitExceeded,
    InternalError,
}

/// What goes wrong in family D's own code.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    /// The key is missing, malformed, unknown, revoked or expired (D-13): one answer for all.
    #[error("no valid API key")]
    NoKey,
    /// The key is good, but not from this address.
    #[error("the API key may not be used from this address")]
    AddressNotAllowed,
    /// The key lacks a scope (D-14).
    #[error("the API key lacks {0}")]
    InsufficientScope(&'static str),
    /// No session, or one that is over.
    #[error("no session")]
    NoSession,
    /// The email or the password is not right.
    #[error("email or password is wrong")]
    BadCredentials,
    /// Too many failed logins.
    #[error("too many failed logins")]
    TooEarly(TooEarly),
    /// The request may come from another site's page.
    #[error(transparent)]
    CrossSite(#[from] CrossSite),
    /// What the user's role does not allow, or what asks for a fresh login.
    #[error("{0}")]
    Forbidden(String),
    /// Query parameters or a body's members that cannot be right.
    #[error("bad input")]
    Invalid(Vec<FieldError>),
    /// The body cannot be read as JSON.
    #[error(transparent)]
    BadBody(#[from] BodyError),
    /// The `Idempotency-Key` header is no key.
    #[error(transparent)]
    BadIdempotencyKey(#[from] InvalidKey),
    /// Nobody was looked up.
    #[error(transparent)]
    Lookup(#[from] LookupFailure),
    /// A form that cannot be received.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// What a port or use case answers.
    #[error(transparent)]
    Domain(#[from] Error),
}

impl ApiError {
    /// What a key's refusal is here.
    pub fn refused(refusal: KeyRefusal) -> actix_web::Error {
        match refusal {
            KeyRefusal::Rejected(
                KeyRejection::Missing | KeyRejection::Malformed | KeyRejection::Unknown | KeyRejection::Revoked | KeyRejection::Expired,
            ) => Self::NoKey.into(),
            KeyRefusal::Rejected(KeyRejection::AddressNotAllowed) => Self::AddressNotAllowed.into(),
            KeyRefusal::RateLimited(decision) => Fault::RateLimited(decision).into(),
            KeyRefusal::Failed(error) => Fault::Domain(error).into(),
        }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        Shown::from(self).status
    }
}

/// Every error's body.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = contacts::Error)]
pub(super) struct ErrorBody {
    /// Always `false`.
    #[schema(example = false)]
    success: bool,
    error: ErrorInfo,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::ErrorInfo)]
struct ErrorInfo {
    code: Code,
    message: String,
    details: Details,
    /// As in the header `X-Trace-Id`.
    #[schema(example = "trace_1705412345_0123456789abcdef0123456789abcdef")]
    trace_id: String,
}

/// Why one of many items failed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = contacts::ItemError)]
pub(super) struct ItemError {
    code: Code,
    message: String,
    details: Details,
}

impl From<&Error> for ItemError {
    fn from(error: &Error) -> Self {
        let Shown {
            code, message, details, ..
        } = Shown::from(error);
        Self { code, message, details }
    }
}

/// Renders whatever went wrong.
pub(super) fn render(call: &Call, error: &actix_web::Error) -> HttpResponse {
    let shown = shown(error);
    let mut response = HttpResponse::build(shown.status);
    if let Some(wait) = shown.retry_after {
        response.insert_header((RETRY_AFTER, retry_after_seconds(wait)));
    }
    if shown.status == StatusCode::UNAUTHORIZED && call.template.is_some_and(|path| path.starts_with("/api/v1")) {
        response.insert_header((WWW_AUTHENTICATE, "Bearer"));
    }
    response.json(ErrorBody {
        success: false,
        error: ErrorInfo {
            code: shown.code,
            message: shown.message,
            details: shown.details,
            trace_id: call.trace.to_string(),
        },
    })
}

fn shown(error: &actix_web::Error) -> Shown {
    if let Some(error) = error.as_error::<ApiError>() {
        return Shown::from(error);
    }
    if let Some(fault) = error.as_error::<Fault>() {
        return Shown::from(fault);
    }
    // An error of actix's own, of which only the status is worth showing.
    let status = error.as_response_error().status_code();
    let code = match status {
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Code::NotFound,
        status if status.is_client_error() => Code::BadRequest,
        _ => Code::InternalError,
    };
    Shown::new(status, code, status.canonical_reason().unwrap_or("Error"))
}
