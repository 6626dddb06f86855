//! What can go wrong in family D, and its envelope (contract D-06, D-27 … D-35, X-114, X-115).
//!
//! The document lists nine codes, and so does this family. What it is silent about gets the nearest of them: 405 is `NOT_FOUND`; 408, 413 and
//! 415 are `BAD_REQUEST`; 422 (an `Idempotency-Key` with another body) is `VALIDATION_ERROR`; every 409 is `DUPLICATE_RESOURCE`; 502 and 503
//! are `INTERNAL_ERROR`.

use std::time::Duration;

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use crm_domain::{
    Error,
    control::api_key::KeyRejection,
    enrichment::LookupError,
    error::{FieldError, Problem, refused},
};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use super::word::{capitalised, field_of, noun_of};
use crate::shared::{
    auth::KeyRefusal,
    call::Call,
    csrf::CrossSite,
    fault::{Fault, retry_after_seconds},
    idempotency::InvalidKey,
    json_body::BodyError,
    login_guard::TooEarly,
    lookups::LookupFailure,
    rate_limit::Decision,
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

/// One field that is not valid (D-31).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = contacts::ErrorDetail)]
pub(super) struct Detail {
    #[schema(example = "email")]
    pub(super) field: String,
    #[schema(example = "Invalid email format")]
    message: String,
    #[schema(example = "invalid_string")]
    code: &'static str,
}

/// What an error tells beside its message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = contacts::ErrorDetails)]
pub(super) enum Details {
    /// The fields that are not valid.
    Fields(Vec<Detail>),
    /// When to come back.
    #[serde(rename_all = "camelCase")]
    Wait {
        /// Seconds.
        #[schema(example = 45)]
        retry_after: u64,
        /// Requests per minute.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(example = 60)]
        limit: Option<u32>,
    },
    /// Nothing.
    None {},
}

/// An error as the envelope shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shown {
    status: StatusCode,
    code: Code,
    message: String,
    details: Details,
    retry_after: Option<Duration>,
}

impl Shown {
    fn new(status: StatusCode, code: Code, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            details: Details::None {},
            retry_after: None,
        }
    }

    fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            Code::InternalError,
            "An unexpected error occurred",
        )
    }

    fn unauthorized(message: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, Code::Unauthorized, message)
    }

    fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, Code::Forbidden, message)
    }

    fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Code::BadRequest, message)
    }

    fn invalid(errors: &[FieldError]) -> Self {
        let mut details: Vec<Detail> = errors.iter().map(detail).collect();
        details.sort_by(|a, b| a.field.cmp(&b.field));
        Self {
            details: Details::Fields(details),
            ..Self::new(StatusCode::BAD_REQUEST, Code::ValidationError, "Request validation failed.")
        }
    }

    /// The document's own words (D-41): message and details tell the same numbers.
    fn rate_limited(decision: &Decision) -> Self {
        let (limit, retry_after) = (decision.limit, retry_after_seconds(decision.retry_after));
        let message = format!("Rate limit exceeded. Limit: {limit} requests/minute. Retry after {retry_after} seconds.");
        Self {
            details: Details::Wait {
                retry_after,
                limit: Some(limit),
            },
            retry_after: Some(decision.retry_after),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, Code::RateLimitExceeded, message)
        }
    }
}

impl From<&ApiError> for Shown {
    fn from(error: &ApiError) -> Self {
        match error {
            ApiError::NoKey => Self::unauthorized("Missing or invalid API key"),
            ApiError::AddressNotAllowed => Self::forbidden("The API key may not be used from this IP address"),
            ApiError::InsufficientScope(scope) => {
                let message = format!("API key lacks required scope: {scope}");
                Self::new(StatusCode::FORBIDDEN, Code::InsufficientScope, message)
            }
            ApiError::NoSession => Self::unauthorized("Missing or invalid session"),
            ApiError::BadCredentials => Self::unauthorized("Invalid email or password"),
            ApiError::TooEarly(early) => Self {
                details: Details::Wait {
                    retry_after: retry_after_seconds(early.retry_after),
                    limit: None,
                },
                retry_after: Some(early.retry_after),
                ..Self::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    Code::RateLimitExceeded,
                    "Too many failed login attempts",
                )
            },
            ApiError::CrossSite(refused) => Self::forbidden(refused.to_string()),
            ApiError::Forbidden(message) => Self::forbidden(message.clone()),
            ApiError::Invalid(errors) => Self::invalid(errors),
            ApiError::BadBody(error @ (BodyError::NotJson(_) | BodyError::NotAnObject | BodyError::Nul)) => {
                Self::bad_request(error.to_string())
            }
            ApiError::BadIdempotencyKey(error) => Self::bad_request(error.to_string()),
            ApiError::Fault(fault) => Self::from(fault),
            ApiError::Lookup(LookupFailure::NotConfigured) => Self::bad_request("LinkedIn enrichment is not configured"),
            ApiError::Lookup(LookupFailure::Lookup(error)) => Self::from(error),
            ApiError::Lookup(LookupFailure::Server(error)) | ApiError::Domain(error) => Self::from(error),
        }
    }
}

/// The provider is no part of this server: who asks is told that the fault is behind it, 502, or when to come back, 503.
impl From<&LookupError> for Shown {
    fn from(error: &LookupError) -> Self {
        let (status, code) = match error {
            LookupError::NoProfile { .. } => (StatusCode::NOT_FOUND, Code::NotFound),
            LookupError::RateLimited { .. }
            | LookupError::Busy
            | LookupError::Unreachable { .. }
            | LookupError::TimedOut
            | LookupError::BrokeOff { .. }
            | LookupError::Failed { .. } => (StatusCode::SERVICE_UNAVAILABLE, Code::InternalError),
            LookupError::KeyRefused
            | LookupError::CreditsUsedUp
            | LookupError::NotPublic
            | LookupError::TooLarge
            | LookupError::Unreadable { .. } => (StatusCode::BAD_GATEWAY, Code::InternalError),
        };
        Self {
            retry_after: error.retry_after(),
            ..Self::new(status, code, error.to_string())
        }
    }
}

impl From<&Error> for Shown {
    fn from(error: &Error) -> Self {
        let taken = |message: String| Self::new(StatusCode::CONFLICT, Code::DuplicateResource, message);
        match error {
            Error::NotFound { noun, .. } => {
                let message = format!("{} not found", capitalised(noun_of(noun)));
                Self::new(StatusCode::NOT_FOUND, Code::NotFound, message)
            }
            Error::Duplicate { noun, field } => taken(format!("A {} with this {} already exists", noun_of(noun), field_of(field))),
            Error::Invalid(errors) => Self::invalid(errors),
            Error::State { noun, state, action, .. } => taken(format!("The {} is {}", noun_of(noun), refused(state, action))),
            Error::Conflict(message) => taken(message.clone()),
            Error::Forbidden(message) => Self::forbidden(message.clone()),
            Error::IdempotencyMismatch => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                Code::ValidationError,
                "This Idempotency-Key was used with a different request body",
            ),
            Error::Unavailable { retry_after, .. } => Self {
                retry_after: Some(*retry_after),
                ..Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    Code::InternalError,
                    "The service is temporarily unavailable",
                )
            },
            Error::Internal(_) => Self::internal(),
        }
    }
}

impl From<&Fault> for Shown {
    fn from(fault: &Fault) -> Self {
        let body = |status| Self::new(status, Code::BadRequest, capitalised(&fault.to_string()));
        match fault {
            Fault::NotFound => Self::new(StatusCode::NOT_FOUND, Code::NotFound, "Endpoint not found"),
            Fault::MethodNotAllowed => Self::new(StatusCode::METHOD_NOT_ALLOWED, Code::NotFound, "Method not allowed"),
            Fault::BodyTooLarge { .. } => body(StatusCode::PAYLOAD_TOO_LARGE),
            Fault::BodyTimeout => body(StatusCode::REQUEST_TIMEOUT),
            Fault::BodyBroken(_) => Self::bad_request("The request body could not be read"),
            Fault::BodyNotJson | Fault::BodyNotForm | Fault::BodyCharset | Fault::BodyEncoded => body(StatusCode::UNSUPPORTED_MEDIA_TYPE),
            Fault::RateLimited(decision) => Self::rate_limited(decision),
            Fault::Panicked => Self::internal(),
            Fault::Domain(error) => Self::from(error),
        }
    }
}

fn detail(error: &FieldError) -> Detail {
    let field = field_of(&error.field);
    let message = match &error.problem {
        // The document's own words (D-31).
        Problem::Email => "Invalid email format".to_owned(),
        Problem::Reference { noun } => format!("{field} must name an existing {}", noun_of(noun)),
        other => format!("{field} {other}"),
    };
    Detail {
        message,
        field,
        code: code_of(&error.problem),
    }
}

/// What kind of problem it is, in the words that the document's example is one of.
fn code_of(problem: &Problem) -> &'static str {
    match problem {
        Problem::Required => "required",
        Problem::TooLong { .. } => "too_big",
        Problem::TooShort { .. } => "too_small",
        Problem::ControlCharacter | Problem::Email | Problem::Url => "invalid_string",
        Problem::Date | Problem::Timestamp => "invalid_date",
        Problem::Number | Problem::WholeNumber | Problem::Amount { .. } | Problem::Type { .. } => "invalid_type",
        Problem::Range { .. } => "out_of_range",
        Problem::Choice { .. } => "invalid_enum_value",
        Problem::Reference { .. } => "invalid_reference",
        Problem::Taken | Problem::Rule(_) => "custom",
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

/// The errors of every operation.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "documents the answers, never made")]
pub(super) enum ErrorResponses {
    /// Input that is not valid (`VALIDATION_ERROR`) or cannot be read (`BAD_REQUEST`).
    #[response(status = 400)]
    BadRequest(ErrorBody),
    /// No credential that is in force: `UNAUTHORIZED`.
    #[response(status = 401)]
    Unauthorized(ErrorBody),
    /// The key lacks a scope (`INSUFFICIENT_SCOPE`), or the caller may not do this (`FORBIDDEN`).
    #[response(status = 403)]
    Forbidden(ErrorBody),
    /// Too many requests; `Retry-After` says when to come back: `RATE_LIMIT_EXCEEDED`.
    #[response(status = 429)]
    TooMany(ErrorBody),
    /// `INTERNAL_ERROR`.
    #[response(status = 500)]
    Failed(ErrorBody),
    /// A database cannot be reached; `Retry-After` says when to come back: `INTERNAL_ERROR`.
    #[response(status = 503)]
    Unavailable(ErrorBody),
}

/// The errors of operations on what a path names.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "documents the answers, never made")]
pub(super) enum LookupResponses {
    /// There is no such thing: `NOT_FOUND`.
    #[response(status = 404)]
    NotFound(ErrorBody),
}

/// The errors of operations with a body.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "documents the answers, never made")]
pub(super) enum BodyResponses {
    /// The body did not arrive in time: `BAD_REQUEST`.
    #[response(status = 408)]
    TooSlow(ErrorBody),
    /// What must be unique is taken, or the state does not allow it: `DUPLICATE_RESOURCE`.
    #[response(status = 409)]
    Duplicate(ErrorBody),
    /// The body is too large: `BAD_REQUEST`.
    #[response(status = 413)]
    TooLarge(ErrorBody),
    /// The declared type cannot be JSON: `BAD_REQUEST`.
    #[response(status = 415)]
    NotJson(ErrorBody),
    /// The `Idempotency-Key` came with another body before: `VALIDATION_ERROR`.
    #[response(status = 422)]
    Mismatch(ErrorBody),
}

/// The errors of operations that ask the provider of profiles.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "documents the answers, never made")]
pub(super) enum ProviderResponses {
    /// There is no such contact or profile: `NOT_FOUND`.
    #[response(status = 404)]
    NotFound(ErrorBody),
    /// The provider refuses this server, or its answer cannot be understood: `INTERNAL_ERROR`.
    #[response(status = 502)]
    Refused(ErrorBody),
}

#[cfg(test)]
mod tests {
    use crm_domain::stamp::Stamp;

    use super::*;

    fn lookup(error: LookupError) -> ApiError {
        LookupFailure::from(error).into()
    }

    fn secret() -> String {
        "secret".to_owned()
    }

    #[test]
    fn every_error_has_its_status_and_code() {
        let early = TooEarly {
            retry_after: Duration::from_secs(2),
        };
        let unavailable = Error::Unavailable {
            what: "x",
            cause: "secret".to_owned(),
            retry_after: Duration::from_secs(3),
        };
        for (error, status, code) in [
            (ApiError::NoKey, 401, Code::Unauthorized),
            (ApiError::AddressNotAllowed, 403, Code::Forbidden),
            (ApiError::InsufficientScope("tags:read"), 403, Code::InsufficientScope),
            (ApiError::NoSession, 401, Code::Unauthorized),
            (ApiError::BadCredentials, 401, Code::Unauthorized),
            (ApiError::TooEarly(early), 429, Code::RateLimitExceeded),
            (ApiError::CrossSite(CrossSite), 403, Code::Forbidden),
            (ApiError::Forbidden("x".to_owned()), 403, Code::Forbidden),
            (ApiError::Invalid(Vec::new()), 400, Code::ValidationError),
            (BodyError::NotAnObject.into(), 400, Code::BadRequest),
            (InvalidKey.into(), 400, Code::BadRequest),
            (Error::not_found("contact", 1).into(), 404, Code::NotFound),
            (
                Error::Duplicate {
                    noun: "contact",
                    field: "email",
                }
                .into(),
                409,
                Code::DuplicateResource,
            ),
            (Error::Conflict("x".to_owned()).into(), 409, Code::DuplicateResource),
            (
                Error::state("contact", 7, "not deleted", "restored").into(),
                409,
                Code::DuplicateResource,
            ),
            (Error::Forbidden("x".to_owned()).into(), 403, Code::Forbidden),
            (Error::IdempotencyMismatch.into(), 422, Code::ValidationError),
            (LookupFailure::NotConfigured.into(), 400, Code::BadRequest),
            (lookup(LookupError::NoProfile { credits: Some(1) }), 404, Code::NotFound),
            (lookup(LookupError::KeyRefused), 502, Code::InternalError),
            (lookup(LookupError::CreditsUsedUp), 502, Code::InternalError),
            (lookup(LookupError::NotPublic), 502, Code::InternalError),
            (lookup(LookupError::TooLarge), 502, Code::InternalError),
            (
                lookup(LookupError::Unreadable {
                    cause: secret(),
                    credits: None,
                }),
                502,
                Code::InternalError,
            ),
            (lookup(LookupError::Busy), 503, Code::InternalError),
            (lookup(LookupError::TimedOut), 503, Code::InternalError),
            (lookup(LookupError::Unreachable { cause: secret() }), 503, Code::InternalError),
            (lookup(LookupError::BrokeOff { cause: secret() }), 503, Code::InternalError),
            (unavailable.into(), 503, Code::InternalError),
            (Error::Internal("secret".to_owned()).into(), 500, Code::InternalError),
        ] {
            let shown = Shown::from(&error);
            assert_eq!((shown.status.as_u16(), shown.code), (status, code));
            assert!(!shown.message.is_empty() && !shown.message.contains("secret"));
        }
    }

    #[test]
    fn one_wrong_email_is_shown_as_the_document_shows_it() {
        let shown = Shown::from(&Error::invalid("email", Problem::Email));
        assert_eq!(shown.message, "Request validation failed.");
        assert_eq!(
            serde_json::to_value(&shown.details).unwrap(),
            serde_json::json!([{ "field": "email", "message": "Invalid email format", "code": "invalid_string" }])
        );
    }

    #[test]
    fn too_many_requests_are_told_in_the_documents_words() {
        let decision = Decision {
            allowed: false,
            limit: 60,
            remaining: 0,
            reset: Stamp::default(),
            wait: Duration::ZERO,
            retry_after: Duration::from_millis(44_001),
        };
        let shown = Shown::from(&Fault::RateLimited(decision));
        assert_eq!(
            shown.message,
            "Rate limit exceeded. Limit: 60 requests/minute. Retry after 45 seconds."
        );
        assert_eq!(
            serde_json::to_value(&shown.details).unwrap(),
            serde_json::json!({ "retryAfter": 45, "limit": 60 })
        );
    }
}
