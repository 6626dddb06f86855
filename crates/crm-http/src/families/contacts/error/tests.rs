//! Every error, as it is shown.

use std::time::Duration;

use crm_domain::{enrichment::LookupError, error::Problem, stamp::Stamp};

use super::*;
use crate::shared::rate_limit::Decision;

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
