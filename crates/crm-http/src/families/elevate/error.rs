//! What can go wrong in family E, and its envelope `{"detail"}` (contract E-04, E-05, E-89 … E-95).
//!
//! The document lists 401, 403, 404, 429 and 500. Beside them there are 400 for input that cannot be right (X-18, X-41, X-163, X-166, X-175;
//! never 422), 405, 408, 413 and 415, 409 for what is there already, and 503 with `Retry-After` when a database cannot be reached.

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header::RETRY_AFTER},
};
use crm_domain::{Error, control::api_key::KeyRejection, error::FieldError};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use crate::shared::{
    auth::KeyRefusal,
    csrf::CrossSite,
    fault::{Fault, retry_after_seconds},
    idempotency::InvalidKey,
    json_body::BodyError,
};

const NO_KEY: &str = "Invalid or missing API key";
const NOT_PERMITTED: &str = "Insufficient permissions";
const NOT_FOUND: &str = "Resource not found";
const TOO_MANY: &str = "Rate limit exceeded";
const FAILED: &str = "Internal server error";

/// Most characters of an error's text: what was sent may be repeated in it.
const DETAIL_MAX: usize = 2_000;

/// Every error answer (contract E-89).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = elevate::Error)]
pub(super) struct ErrorBody<'a> {
    #[schema(example = "Error message")]
    detail: &'a str,
}

/// What goes wrong in family E's own code.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    /// The key is missing, malformed, unknown, revoked or expired (E-90): one answer for all.
    #[error("no valid API key")]
    NoKey,
    /// The key is good, but not from this address.
    #[error("the API key may not be used from this address")]
    AddressNotAllowed,
    /// The key lacks a permission, or the user is no Admin (E-91).
    #[error("not permitted")]
    Forbidden,
    /// Nobody is signed in who could manage keys.
    #[error("nobody is signed in")]
    NotSignedIn,
    /// The request may come from another site's page.
    #[error(transparent)]
    CrossSite(#[from] CrossSite),
    /// What a path or query names is not there (E-92).
    #[error("there is no such thing")]
    NotFound,
    /// Query parameters that cannot be right.
    #[error("bad input")]
    Invalid(Vec<FieldError>),
    /// The body cannot be read as JSON.
    #[error(transparent)]
    BadBody(#[from] BodyError),
    /// The `Idempotency-Key` header is no key.
    #[error(transparent)]
    BadIdempotencyKey(#[from] InvalidKey),
    /// What every family must answer.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        Self::Fault(Fault::Domain(error))
    }
}

impl ApiError {
    /// What a key's refusal is here.
    pub fn refused(refusal: KeyRefusal) -> Self {
        match refusal {
            KeyRefusal::Rejected(
                KeyRejection::Missing | KeyRejection::Malformed | KeyRejection::Unknown | KeyRejection::Revoked | KeyRejection::Expired,
            ) => Self::NoKey,
            KeyRefusal::Rejected(KeyRejection::AddressNotAllowed) => Self::AddressNotAllowed,
            KeyRefusal::RateLimited(decision) => Fault::RateLimited(decision).into(),
            KeyRefusal::Failed(error) => error.into(),
        }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NoKey | Self::NotSignedIn => StatusCode::UNAUTHORIZED,
            Self::AddressNotAllowed | Self::Forbidden | Self::CrossSite(_) => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Invalid(_) | Self::BadBody(_) | Self::BadIdempotencyKey(_) => StatusCode::BAD_REQUEST,
            // 422 is no status of this family.
            Self::Fault(Fault::Domain(Error::Invalid(_))) => StatusCode::BAD_REQUEST,
            Self::Fault(Fault::Domain(Error::IdempotencyMismatch)) => StatusCode::CONFLICT,
            Self::Fault(fault) => fault.status_code(),
        }
    }
}

/// Renders what went wrong.
pub(super) fn render(error: &actix_web::Error) -> HttpResponse {
    if let Some(error) = error.as_error::<ApiError>() {
        return render_own(error);
    }
    match error.as_error::<Fault>() {
        Some(fault) => render_fault(fault, fault.status_code()),
        None => render_foreign(error.as_response_error().status_code()),
    }
}

fn render_own(error: &ApiError) -> HttpResponse {
    let status = error.status_code();
    match error {
        ApiError::NoKey => envelope(status, NO_KEY),
        ApiError::AddressNotAllowed => envelope(status, "The API key may not be used from this address"),
        ApiError::Forbidden => envelope(status, NOT_PERMITTED),
        ApiError::NotSignedIn => envelope(
            status,
            "API keys are managed by an Admin: send an access token or the cookie of a session",
        ),
        ApiError::CrossSite(refused) => envelope(status, &refused.to_string()),
        ApiError::NotFound => envelope(status, NOT_FOUND),
        ApiError::Invalid(errors) => envelope(status, &told(errors)),
        ApiError::BadBody(bad) => envelope(status, &bad.to_string()),
        ApiError::BadIdempotencyKey(bad) => envelope(status, &bad.to_string()),
        ApiError::Fault(fault) => render_fault(fault, status),
    }
}

fn render_fault(fault: &Fault, status: StatusCode) -> HttpResponse {
    match fault {
        Fault::NotFound => envelope(status, NOT_FOUND),
        Fault::MethodNotAllowed => envelope(status, "Method not allowed"),
        Fault::BodyTooLarge { .. }
        | Fault::BodyTimeout
        | Fault::BodyBroken(_)
        | Fault::BodyNotJson
        | Fault::BodyNotForm
        | Fault::BodyCharset
        | Fault::BodyEncoded => envelope(status, &sentence(&fault.to_string())),
        Fault::RateLimited(decision) => {
            let mut response = envelope(status, TOO_MANY);
            let wait = retry_after_seconds(decision.retry_after);
            response.headers_mut().insert(RETRY_AFTER, wait.into());
            response
        }
        Fault::Panicked => envelope(status, FAILED),
        Fault::Domain(error) => render_domain(error, status),
    }
}

fn render_domain(error: &Error, status: StatusCode) -> HttpResponse {
    match error {
        Error::NotFound { .. } => envelope(status, NOT_FOUND),
        Error::Duplicate { .. } | Error::State { .. } | Error::Conflict(_) | Error::IdempotencyMismatch => {
            envelope(status, &sentence(&error.to_string()))
        }
        Error::Invalid(errors) => envelope(status, &told(errors)),
        Error::Forbidden(_) => envelope(status, NOT_PERMITTED),
        Error::Unavailable { retry_after, .. } => {
            let mut response = envelope(status, "The service is temporarily unavailable");
            response.headers_mut().insert(RETRY_AFTER, retry_after_seconds(*retry_after).into());
            response
        }
        // The details are in the log.
        Error::Internal(_) => envelope(status, FAILED),
    }
}

/// What actix itself refuses: a path or query that cannot be read.
fn render_foreign(status: StatusCode) -> HttpResponse {
    if status.is_server_error() {
        return envelope(status, FAILED);
    }
    envelope(status, status.canonical_reason().unwrap_or("Bad request"))
}

/// Every field that is wrong, in one sentence.
fn told(errors: &[FieldError]) -> String {
    let mut errors: Vec<&FieldError> = errors.iter().collect();
    errors.sort_by(|a, b| a.field.cmp(&b.field));
    let told: Vec<String> = errors.iter().map(|error| format!("{} {}", error.field, error.problem)).collect();
    told.join("; ")
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn envelope(status: StatusCode, detail: &str) -> HttpResponse {
    let shown: String = detail.chars().take(DETAIL_MAX).collect();
    HttpResponse::build(status).json(ErrorBody { detail: &shown })
}

/// The errors of every operation.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "documents the answers, never made")]
pub(super) enum ErrorResponses {
    /// Input that cannot be right.
    #[response(status = 400)]
    BadRequest(ErrorBody<'static>),
    /// No credential that is in force.
    #[response(status = 401)]
    Unauthorized(ErrorBody<'static>),
    /// The key lacks a permission, or the user is no Admin.
    #[response(status = 403)]
    Forbidden(ErrorBody<'static>),
    /// Too many requests; `Retry-After` says when to come back.
    #[response(status = 429)]
    TooMany(ErrorBody<'static>),
    /// Something failed; the server's log says what.
    #[response(status = 500)]
    Failed(ErrorBody<'static>),
    /// A database cannot be reached; `Retry-After` says when to come back.
    #[response(status = 503)]
    Unavailable(ErrorBody<'static>),
}

/// The errors of operations on what a path or query names.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "documents the answers, never made")]
pub(super) enum LookupResponses {
    /// There is no such thing.
    #[response(status = 404)]
    NotFound(ErrorBody<'static>),
}

/// The errors of operations with a body.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "documents the answers, never made")]
pub(super) enum BodyResponses {
    /// The body did not arrive in time.
    #[response(status = 408)]
    TooSlow(ErrorBody<'static>),
    /// It is there already, or the `Idempotency-Key` came before.
    #[response(status = 409)]
    Conflict(ErrorBody<'static>),
    /// The body is too large.
    #[response(status = 413)]
    TooLarge(ErrorBody<'static>),
    /// The declared type cannot be JSON.
    #[response(status = 415)]
    NotJson(ErrorBody<'static>),
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use actix_web::body::MessageBody;
    use crm_domain::error::Problem;
    use serde_json::{Value, json};

    use super::*;

    fn rendered(error: impl Into<actix_web::Error>) -> (u16, Value) {
        let response = render(&error.into());
        let status = response.status().as_u16();
        let body = response.into_body().try_into_bytes().unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    // E-90 E-91 E-92 E-94
    #[test]
    fn every_documented_error_has_its_status_and_words() {
        for (error, status, detail) in [
            (ApiError::NoKey, 401, "Invalid or missing API key"),
            (ApiError::Forbidden, 403, "Insufficient permissions"),
            (ApiError::NotFound, 404, "Resource not found"),
            (Fault::Panicked.into(), 500, "Internal server error"),
            (Error::Internal("a secret".to_owned()).into(), 500, "Internal server error"),
        ] {
            assert_eq!(rendered(error), (status, json!({ "detail": detail })));
        }
    }

    // E-95
    #[test]
    fn nothing_is_answered_422() {
        let wrong = vec![FieldError {
            field: "url".to_owned(),
            problem: Problem::Required,
        }];
        assert_eq!(
            rendered(ApiError::from(Error::Invalid(wrong))),
            (400, json!({ "detail": "url is required" }))
        );
        assert_eq!(rendered(ApiError::from(Error::IdempotencyMismatch)).0, 409);
        assert_eq!(
            rendered(actix_web::error::ErrorBadRequest("odd")),
            (400, json!({ "detail": "Bad Request" }))
        );
    }

    #[test]
    fn an_outage_says_when_to_come_back() {
        let error = Error::Unavailable {
            what: "the database",
            cause: "a secret".to_owned(),
            retry_after: Duration::from_millis(2_100),
        };
        let response = render(&ApiError::from(error).into());
        assert_eq!(
            (
                response.status().as_u16(),
                response.headers().get(RETRY_AFTER).unwrap().to_str().unwrap()
            ),
            (503, "3")
        );
    }

    #[test]
    fn what_was_sent_is_not_repeated_without_end() {
        let (_, body) = rendered(ApiError::from(Error::Conflict("x".repeat(1_000_000))));
        assert_eq!(body["detail"].as_str().unwrap().chars().count(), DETAIL_MAX);
    }
}
