//! The envelope `{"error","message"}` and everything that can stand in it (contract A-09 … … A-86).
//!
//! Statuses that the document does not list: 400 for a malformed timestamp or cursor, 403 for a key from a wrong address,
//! 405 for other methods than GET, 408, 413 and 415 for bodies, 503 with `Retry-After` when a database cannot be reached.

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header::RETRY_AFTER},
};
use crm_domain::Error;
use serde::Serialize;
use utoipa::ToSchema;

use super::{account, opportunity, page::BadParameter};
use crate::shared::fault::{Fault, retry_after_seconds};

/// Every error answer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = health_trixss::Error)]
pub(super) struct ErrorBody<'a> {
    /// What went wrong, in a few fixed words.
    #[schema(example = "Invalid API key")]
    error: &'a str,
    /// The same for a person to read.
    #[schema(example = "The provided API key is invalid or has been revoked")]
    message: &'a str,
}

/// What this family answers but success.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    #[error("no API key was sent")]
    KeyRequired,
    #[error("malformed API key")]
    KeyMalformed,
    #[error("unknown or revoked API key")]
    KeyInvalid,
    #[error("expired API key")]
    KeyExpired,
    #[error("API key from a wrong address")]
    AddressNotAllowed,
    #[error(transparent)]
    Parameter(#[from] BadParameter),
    #[error("no account {0}")]
    NoAccount(String),
    #[error("no opportunity {0}")]
    NoOpportunity(String),
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        Self::Fault(Fault::Domain(error))
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::KeyRequired | Self::KeyMalformed | Self::KeyInvalid | Self::KeyExpired => StatusCode::UNAUTHORIZED,
            Self::AddressNotAllowed => StatusCode::FORBIDDEN,
            Self::Parameter(_) => StatusCode::BAD_REQUEST,
            Self::NoAccount(_) | Self::NoOpportunity(_) => StatusCode::NOT_FOUND,
            Self::Fault(fault) => fault.status_code(),
        }
    }
}

/// Renders what went wrong with a request of the route `template`.
pub(super) fn render(error: &actix_web::Error, template: Option<&str>) -> HttpResponse {
    match error.as_error::<ApiError>() {
        Some(error) => render_own(error, template),
        None => match error.as_error::<Fault>() {
            Some(fault) => render_fault(fault, template),
            None => render_foreign(error.as_response_error().status_code(), template),
        },
    }
}

fn render_own(error: &ApiError, template: Option<&str>) -> HttpResponse {
    let status = error.status_code();
    match error {
        ApiError::KeyRequired => envelope(status, "API key required", "No x-api-key header provided"),
        ApiError::KeyMalformed => envelope(status, "Invalid API key format", "The provided API key format is invalid"),
        ApiError::KeyInvalid => envelope(status, "Invalid API key", "The provided API key is invalid or has been revoked"),
        ApiError::KeyExpired => envelope(status, "API key expired", "The provided API key has expired"),
        ApiError::AddressNotAllowed => envelope(
            status,
            "IP address not allowed",
            "The provided API key may not be used from this IP address",
        ),
        ApiError::Parameter(bad) => envelope(status, "Invalid query parameter", &bad.to_string()),
        ApiError::NoAccount(id) => envelope(status, "Account not found", &format!("No account found with ID: {id}")),
        ApiError::NoOpportunity(id) => envelope(status, "Opportunity not found", &format!("No opportunity found with ID: {id}")),
        ApiError::Fault(fault) => render_fault(fault, template),
    }
}

fn render_fault(fault: &Fault, template: Option<&str>) -> HttpResponse {
    let status = fault.status_code();
    match fault {
        Fault::NotFound => envelope(status, "Not found", "No such endpoint"),
        Fault::MethodNotAllowed => envelope(status, "Method not allowed", "This API is read-only: only GET is supported"),
        Fault::BodyTooLarge { .. } => envelope(status, "Request too large", &fault.to_string()),
        Fault::BodyTimeout => envelope(status, "Request timeout", &fault.to_string()),
        Fault::BodyBroken(_) | Fault::BodyNotJson | Fault::BodyNotForm | Fault::BodyCharset | Fault::BodyEncoded => {
            envelope(status, "Bad request", &fault.to_string())
        }
        Fault::RateLimited(decision) => {
            let mut response = envelope(status, "Too many requests", "Rate limit exceeded");
            let wait = retry_after_seconds(decision.retry_after);
            response.headers_mut().insert(RETRY_AFTER, wait.into());
            response
        }
        Fault::Panicked => failed(template),
        Fault::Domain(error) => render_domain(error, status, template),
    }
}

fn render_domain(error: &Error, status: StatusCode, template: Option<&str>) -> HttpResponse {
    match error {
        Error::NotFound { .. } => envelope(status, "Not found", &error.to_string()),
        Error::Duplicate { .. } | Error::State { .. } | Error::Conflict(_) => envelope(status, "Conflict", &error.to_string()),
        Error::Invalid(_) | Error::IdempotencyMismatch => envelope(status, "Invalid request", &error.to_string()),
        Error::Forbidden(_) => envelope(status, "Forbidden", &error.to_string()),
        Error::Unavailable { retry_after, .. } => {
            let mut response = envelope(status, "Service unavailable", "The service is temporarily unavailable");
            response.headers_mut().insert(RETRY_AFTER, retry_after_seconds(*retry_after).into());
            response
        }
        Error::Internal(_) => failed(template),
    }
}

/// The document's text for a failure of each endpoint (contract ); the details are in the log.
fn failed(template: Option<&str>) -> HttpResponse {
    let (error, message) = match template {
        Some(account::PATH) => ("Failed to fetch accounts", "Error listing accounts"),
        Some(account::ITEM) => ("Failed to fetch account", "Error fetching account details"),
        Some(opportunity::PATH) => ("Failed to fetch opportunities", "Error listing opportunities"),
        Some(opportunity::ITEM) => ("Failed to fetch opportunity", "Error fetching opportunity details"),
        Some(_) | None => ("Server error", "Internal server error occurred"),
    };
    envelope(StatusCode::INTERNAL_SERVER_ERROR, error, message)
}

/// What actix itself refuses: a path or query that cannot be read.
fn render_foreign(status: StatusCode, template: Option<&str>) -> HttpResponse {
    if status.is_server_error() {
        return failed(template);
    }
    let reason = status.canonical_reason().unwrap_or("Bad request");
    envelope(status, reason, "The request could not be understood")
}

fn envelope(status: StatusCode, error: &str, message: &str) -> HttpResponse {
    HttpResponse::build(status).json(ErrorBody { error, message })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use actix_web::body::MessageBody;
    use serde_json::{Value, json};

    use super::*;

    fn rendered(error: impl Into<actix_web::Error>, template: Option<&str>) -> (u16, Value) {
        let response = render(&error.into(), template);
        let status = response.status().as_u16();
        let body = response.into_body().try_into_bytes().unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[test]
    fn every_documented_error_has_its_status_and_words() {
        for (error, status, code, message) in [
            (ApiError::KeyRequired, 401, "API key required", "No x-api-key header provided"),
            (
                ApiError::KeyMalformed,
                401,
                "Invalid API key format",
                "The provided API key format is invalid",
            ),
            (
                ApiError::KeyInvalid,
                401,
                "Invalid API key",
                "The provided API key is invalid or has been revoked",
            ),
            (ApiError::KeyExpired, 401, "API key expired", "The provided API key has expired"),
            (
                ApiError::NoAccount("ACT-7".to_owned()),
                404,
                "Account not found",
                "No account found with ID: ACT-7",
            ),
            (
                ApiError::NoOpportunity("OPP-7".to_owned()),
                404,
                "Opportunity not found",
                "No opportunity found with ID: OPP-7",
            ),
        ] {
            assert_eq!(rendered(error, None), (status, json!({ "error": code, "message": message })));
        }
        assert_eq!(rendered(ApiError::AddressNotAllowed, None).0, 403);
    }

    #[test]
    fn a_failure_is_named_after_its_endpoint_and_tells_nothing_else() {
        for (template, code, message) in [
            (Some(account::PATH), "Failed to fetch accounts", "Error listing accounts"),
            (Some(account::ITEM), "Failed to fetch account", "Error fetching account details"),
            (
                Some(opportunity::PATH),
                "Failed to fetch opportunities",
                "Error listing opportunities",
            ),
            (
                Some(opportunity::ITEM),
                "Failed to fetch opportunity",
                "Error fetching opportunity details",
            ),
            (None, "Server error", "Internal server error occurred"),
        ] {
            let expected = (500, json!({ "error": code, "message": message }));
            assert_eq!(rendered(ApiError::from(Error::Internal("a secret".to_owned())), template), expected);
            assert_eq!(rendered(Fault::Panicked, template), expected);
        }
    }

    #[test]
    fn an_outage_says_when_to_come_back() {
        let error = Error::Unavailable {
            what: "the database",
            cause: "a secret".to_owned(),
            retry_after: Duration::from_millis(2_100),
        };
        let response = render(&ApiError::from(error).into(), Some(account::PATH));
        assert_eq!(response.headers().get(RETRY_AFTER).unwrap(), "3");
        let body = response.into_body().try_into_bytes().unwrap();
        assert!(!String::from_utf8_lossy(&body).contains("secret"));
    }

    #[test]
    fn whatever_actix_refuses_has_the_envelope_too() {
        let (status, body) = rendered(actix_web::error::ErrorBadRequest("odd"), Some(account::PATH));
        assert_eq!((status, body["error"].as_str()), (400, Some("Bad Request")));
        let (status, body) = rendered(actix_web::error::ErrorInternalServerError("odd"), Some(account::PATH));
        assert_eq!((status, body["error"].as_str()), (500, Some("Failed to fetch accounts")));
    }
}
