//! What can go wrong in family B, and its envelope (contract B-98 … B-105, X-49, X-50).
//!
//! The document lists codes and no statuses; X-50 gives each its own. What has none of its own is told under the nearest code: whatever a client can
//! put right is a `VALIDATION_ERROR`, with 405, 408, 409, 413, 415 or 422 where that is what happened, and a database that cannot be reached is an
//! `INTERNAL_ERROR` with 503 and `Retry-After`.

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header::RETRY_AFTER},
};
use crm_domain::{
    Error,
    control::api_key::KeyRejection,
    error::{FieldError, Problem},
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::{IntoResponses, ToSchema};

use super::sent::Sent;
use crate::shared::{
    auth::KeyRefusal,
    call::Call,
    fault::{Fault, retry_after_seconds},
    idempotency::InvalidKey,
    json_body::BodyError,
};

/// Most characters of an error's text: what was sent may be repeated in it.
const MESSAGE_MAX: usize = 2_000;

/// The codes of the document that this server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = halopsa::ErrorCode)]
pub(super) enum Code {
    ValidationError,
    AuthenticationError,
    AuthorizationError,
    RateLimitExceeded,
    ResourceNotFound,
    InternalError,
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = halopsa::ErrorInfo)]
pub(super) struct ErrorInfo {
    code: Code,
    #[schema(example = "Invalid email address format")]
    message: String,
    /// Of wrong input `field` and, where it is a single one, `value`; every further one in `errors`.
    #[schema(value_type = Object, example = json!({"field": "email", "value": "invalid-email"}))]
    details: Map<String, Value>,
    #[schema(format = DateTime, example = "2024-01-25T10:00:00Z")]
    timestamp: String,
    /// Names the request in the server's logs, where it begins with `trace_` as in the header `X-Trace-Id`.
    #[schema(example = "req_5d41402abc4b2a76b9719d911017c592")]
    request_id: String,
}

/// Every error answer (contract B-98).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = halopsa::Error)]
pub(super) struct ErrorBody {
    error: ErrorInfo,
}

/// What goes wrong in family B's own code.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    /// The key is missing, malformed, unknown, revoked or expired (B-100): one answer for all.
    #[error("no valid API key")]
    NoKey,
    /// The key is good, but not from this address.
    #[error("the API key may not be used from this address")]
    AddressNotAllowed,
    /// The key lacks a permission (B-101).
    #[error("not permitted")]
    Forbidden,
    /// What a path names is not there (B-103).
    #[error("there is no such thing")]
    NotFound,
    /// Input that cannot be right, and the body that it stood in (B-99).
    #[error("bad input")]
    Invalid(Vec<FieldError>, Sent),
    /// A value that must be unique, and that another record has (B-32, X-56).
    #[error("another {noun} has this {field}")]
    Duplicate {
        /// The noun, lower case singular.
        noun: &'static str,
        /// The field, snake case.
        field: &'static str,
        /// The body that it stood in.
        sent: Sent,
    },
    /// All places for synchronisations of the key are taken (B-107, X-74).
    #[error("too many synchronisations at once")]
    TooManySyncs,
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
        Self::of(error, &Sent::default())
    }
}

impl ApiError {
    /// What the domain says of a request with this body.
    pub fn of(error: Error, sent: &Sent) -> Self {
        match error {
            Error::Invalid(errors) => Self::Invalid(errors, sent.clone()),
            Error::Duplicate { noun, field } => Self::Duplicate {
                noun,
                field,
                sent: sent.clone(),
            },
            other => Self::Fault(Fault::Domain(other)),
        }
    }

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
            Self::NoKey => StatusCode::UNAUTHORIZED,
            Self::AddressNotAllowed | Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Invalid(..) | Self::Duplicate { .. } | Self::BadBody(_) | Self::BadIdempotencyKey(_) => StatusCode::BAD_REQUEST,
            Self::TooManySyncs => StatusCode::TOO_MANY_REQUESTS,
            Self::Fault(fault) => status_of(fault),
        }
    }
}

/// What a record's state does not allow is wrong input here.
fn status_of(fault: &Fault) -> StatusCode {
    match fault {
        Fault::Domain(Error::Invalid(_) | Error::Duplicate { .. } | Error::State { .. }) => StatusCode::BAD_REQUEST,
        other => other.status_code(),
    }
}

/// The texts of an error, without when and where.
struct Told {
    code: Code,
    message: String,
    details: Map<String, Value>,
    /// Seconds to wait before the next try.
    wait: Option<u64>,
}

impl Told {
    fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            details: Map::new(),
            wait: None,
        }
    }

    fn with(mut self, name: &str, value: Value) -> Self {
        self.details.insert(name.to_owned(), value);
        self
    }

    fn after(self, seconds: u64) -> Self {
        Self {
            wait: Some(seconds),
            ..self
        }
    }
}

/// Renders what went wrong.
pub(super) fn render(call: &Call, error: &actix_web::Error) -> HttpResponse {
    let (status, told) = if let Some(error) = error.as_error::<ApiError>() {
        (error.status_code(), told_of(error))
    } else if let Some(fault) = error.as_error::<Fault>() {
        (status_of(fault), of_fault(fault))
    } else {
        let status = error.as_response_error().status_code();
        (status, of_foreign(status))
    };
    let mut response = HttpResponse::build(status);
    if let Some(seconds) = told.wait {
        response.insert_header((RETRY_AFTER, seconds.to_string()));
    }
    response.json(ErrorBody {
        error: ErrorInfo {
            code: told.code,
            message: told.message.chars().take(MESSAGE_MAX).collect(),
            details: told.details,
            timestamp: call.received_at.to_second_precision(),
            request_id: call.trace.to_string().replacen("trace_", "req_", 1),
        },
    })
}

fn told_of(error: &ApiError) -> Told {
    match error {
        ApiError::NoKey => Told::new(Code::AuthenticationError, "Invalid or missing credentials"),
        ApiError::AddressNotAllowed => Told::new(Code::AuthorizationError, "The API key may not be used from this address"),
        ApiError::Forbidden => Told::new(Code::AuthorizationError, "Insufficient permissions"),
        ApiError::NotFound => not_found(),
        ApiError::Invalid(errors, sent) => of_input(errors, sent),
        ApiError::Duplicate { noun, field, sent } => of_value(Told::new(Code::ValidationError, duplicate(noun, field)), field, sent),
        ApiError::TooManySyncs => Told::new(Code::RateLimitExceeded, "Too many synchronisations at once").after(1),
        ApiError::BadBody(bad) => Told::new(Code::ValidationError, bad.to_string()),
        ApiError::BadIdempotencyKey(bad) => Told::new(Code::ValidationError, bad.to_string()),
        ApiError::Fault(fault) => of_fault(fault),
    }
}

fn not_found() -> Told {
    Told::new(Code::ResourceNotFound, "Requested resource doesn't exist")
}

fn of_fault(fault: &Fault) -> Told {
    match fault {
        Fault::NotFound => not_found(),
        Fault::MethodNotAllowed
        | Fault::BodyTooLarge { .. }
        | Fault::BodyTimeout
        | Fault::BodyBroken(_)
        | Fault::BodyNotJson
        | Fault::BodyNotForm
        | Fault::BodyCharset
        | Fault::BodyEncoded => Told::new(Code::ValidationError, sentence(&fault.to_string())),
        Fault::RateLimited(decision) => {
            Told::new(Code::RateLimitExceeded, "Too many requests").after(retry_after_seconds(decision.retry_after))
        }
        Fault::Panicked => failed(),
        Fault::Domain(error) => of_domain(error),
    }
}

fn failed() -> Told {
    Told::new(Code::InternalError, "Unexpected server error")
}

fn of_domain(error: &Error) -> Told {
    match error {
        Error::NotFound { noun, id } => not_found().with("resource", json!(noun)).with("id", json!(id)),
        Error::Duplicate { noun, field } => Told::new(Code::ValidationError, duplicate(noun, field)).with("field", json!(field)),
        Error::State { noun, state, .. } => {
            let told = Told::new(Code::ValidationError, sentence(&error.to_string()));
            told.with("resource", json!(noun)).with("state", json!(state))
        }
        Error::Conflict(_) | Error::IdempotencyMismatch => Told::new(Code::ValidationError, sentence(&error.to_string())),
        Error::Invalid(errors) => of_input(errors, &Sent::default()),
        Error::Forbidden(_) => Told::new(Code::AuthorizationError, "Insufficient permissions"),
        Error::Unavailable { retry_after, .. } => {
            Told::new(Code::InternalError, "The service is temporarily unavailable").after(retry_after_seconds(*retry_after))
        }
        // The details are in the log.
        Error::Internal(_) => failed(),
    }
}

/// What actix itself refuses: a path or query that cannot be read.
fn of_foreign(status: StatusCode) -> Told {
    if status.is_server_error() {
        return failed();
    }
    Told::new(Code::ValidationError, status.canonical_reason().unwrap_or("Bad request"))
}

/// The first field that is wrong, and all of them where there are several.
fn of_input(errors: &[FieldError], sent: &Sent) -> Told {
    let mut errors: Vec<&FieldError> = errors.iter().collect();
    errors.sort_by(|a, b| a.field.cmp(&b.field));
    let Some(first) = errors.first() else {
        return Told::new(Code::ValidationError, "Input validation failed");
    };
    let told = of_value(Told::new(Code::ValidationError, message(first)), &first.field, sent);
    if errors.len() == 1 {
        return told;
    }
    let all: Vec<Value> = errors
        .iter()
        .map(|error| json!({ "field": error.field, "message": message(error) }))
        .collect();
    told.with("errors", Value::Array(all))
}

fn of_value(told: Told, field: &str, sent: &Sent) -> Told {
    let told = told.with("field", json!(field));
    match sent.value(field) {
        Some(value) => told.with("value", value),
        None => told,
    }
}

/// What is wrong with a field, in a sentence (contract B-22).
pub(super) fn message(error: &FieldError) -> String {
    match error.problem {
        Problem::Email => "Invalid email address format".to_owned(),
        _ => format!("{} {}", error.field, error.problem),
    }
}

/// What is wrong with a lead of a bulk import, in a sentence (contract B-31, B-32).
pub(super) fn told_in_bulk(error: &Error) -> String {
    match error {
        Error::Invalid(errors) => errors.iter().map(message).collect::<Vec<_>>().join("; "),
        Error::Duplicate { noun, field } => duplicate(noun, field),
        Error::NotFound { .. } | Error::State { .. } | Error::Conflict(_) | Error::Forbidden(_) | Error::IdempotencyMismatch => {
            sentence(&error.to_string())
        }
        // The details are in the log.
        Error::Unavailable { .. } | Error::Internal(_) => "Unexpected server error".to_owned(),
    }
}

fn duplicate(noun: &str, field: &str) -> String {
    match field {
        "email" => "Duplicate email address".to_owned(),
        _ => format!("A {noun} with this {field} exists already"),
    }
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The errors of every operation with a key.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "documents the answers, never made")]
pub(super) enum ErrorResponses {
    /// No key that is in force.
    #[response(status = 401)]
    Unauthorized(ErrorBody),
    /// The key lacks a permission.
    #[response(status = 403)]
    Forbidden(ErrorBody),
    /// Too many requests; `Retry-After` says when to come back.
    #[response(status = 429)]
    TooMany(ErrorBody),
    /// Something failed; the server's log says what.
    #[response(status = 500)]
    Failed(ErrorBody),
    /// A database cannot be reached; `Retry-After` says when to come back.
    #[response(status = 503)]
    Unavailable(ErrorBody),
}

/// The errors of operations on what a path or body names.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "documents the answers, never made")]
pub(super) enum LookupResponses {
    /// There is no such thing.
    #[response(status = 404)]
    NotFound(ErrorBody),
}

/// The errors of operations with a body.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "documents the answers, never made")]
pub(super) enum BodyResponses {
    /// Input that cannot be right.
    #[response(status = 400)]
    BadRequest(ErrorBody),
    /// The body did not arrive in time.
    #[response(status = 408)]
    TooSlow(ErrorBody),
    /// A request with this `Idempotency-Key` is under way.
    #[response(status = 409)]
    Conflict(ErrorBody),
    /// The body is too large.
    #[response(status = 413)]
    TooLarge(ErrorBody),
    /// The declared type cannot be JSON.
    #[response(status = 415)]
    NotJson(ErrorBody),
    /// The `Idempotency-Key` came with another body before.
    #[response(status = 422)]
    Mismatch(ErrorBody),
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn wrong(field: &str, problem: Problem) -> FieldError {
        FieldError {
            field: field.to_owned(),
            problem,
        }
    }

    // B-22, B-99, B-103, B-105
    #[test]
    fn every_documented_error_has_its_status_code_and_words() {
        let sent = Sent::of(json!({ "data": { "email": "invalid-email" } }).as_object().unwrap());
        let invalid = ApiError::of(Error::Invalid(vec![wrong("email", Problem::Email)]), &sent);
        assert_eq!(invalid.status_code(), StatusCode::BAD_REQUEST);
        let told = told_of(&invalid);
        assert_eq!(
            (told.code, told.message.as_str()),
            (Code::ValidationError, "Invalid email address format")
        );
        assert_eq!(Value::Object(told.details), json!({ "field": "email", "value": "invalid-email" }));
        for (error, status, code, message) in [
            (ApiError::NoKey, 401, Code::AuthenticationError, "Invalid or missing credentials"),
            (ApiError::Forbidden, 403, Code::AuthorizationError, "Insufficient permissions"),
            (ApiError::NotFound, 404, Code::ResourceNotFound, "Requested resource doesn't exist"),
            (Fault::Panicked.into(), 500, Code::InternalError, "Unexpected server error"),
            (
                Error::Internal("a secret".to_owned()).into(),
                500,
                Code::InternalError,
                "Unexpected server error",
            ),
            (
                Error::IdempotencyMismatch.into(),
                422,
                Code::ValidationError,
                "This Idempotency-Key was used with a different request body",
            ),
            (
                Error::state("lead", 7, "converted", "converted").into(),
                400,
                Code::ValidationError,
                "The lead is already converted",
            ),
        ] {
            let told = told_of(&error);
            assert_eq!(
                (error.status_code().as_u16(), told.code, told.message.as_str()),
                (status, code, message)
            );
        }
    }

    #[test]
    fn every_field_is_told_where_several_are_wrong() {
        let errors = [wrong("status", Problem::Required), wrong("email", Problem::Email)];
        let told = of_input(&errors, &Sent::default());
        let all = json!([
            { "field": "email", "message": "Invalid email address format" }, { "field": "status", "message": "status is required" },
        ]);
        assert_eq!(Value::Object(told.details), json!({ "field": "email", "errors": all }));
    }

    //
    #[test]
    fn who_is_to_wait_is_told_how_long() {
        assert_eq!(told_of(&ApiError::TooManySyncs).wait, Some(1));
        let error = Error::Unavailable {
            what: "the database",
            cause: "a secret".to_owned(),
            retry_after: Duration::from_millis(2_100),
        };
        let error = ApiError::from(error);
        assert_eq!((error.status_code().as_u16(), told_of(&error).wait), (503, Some(3)));
    }
}
