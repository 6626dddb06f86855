//! What an error shows: its status, code, message and details.

use std::time::Duration;

use actix_web::http::StatusCode;
use crm_domain::{
    Error,
    enrichment::LookupError,
    error::{FieldError, Problem, refused},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{ApiError, Code};
use crate::{
    families::contacts::word::{capitalised, field_of, noun_of},
    shared::{
        fault::{Fault, retry_after_seconds},
        json_body::BodyError,
        lookups::LookupFailure,
        rate_limit::Decision,
    },
};

/// One field that is not valid (D-31).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = contacts::ErrorDetail)]
pub(in super::super) struct Detail {
    #[schema(example = "email")]
    pub(in super::super) field: String,
    #[schema(example = "Invalid email format")]
    message: String,
    #[schema(example = "invalid_string")]
    code: &'static str,
}

/// What an error tells beside its message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = contacts::ErrorDetails)]
pub(in super::super) enum Details {
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
pub(super) struct Shown {
    pub(super) status: StatusCode,
    pub(super) code: Code,
    pub(super) message: String,
    pub(super) details: Details,
    pub(super) retry_after: Option<Duration>,
}

impl Shown {
    pub(super) fn new(status: StatusCode, code: Code, message: impl Into<String>) -> Self {
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
