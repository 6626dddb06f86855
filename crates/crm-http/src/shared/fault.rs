//! What the shared mechanism finds wrong with a request. A family has an error type of its own for what its document names, and renders
//! both in its envelope ([`crate::families::Family::render`]); neither ever reaches a client any other way.

use std::time::Duration;

use actix_web::{HttpResponse, ResponseError, http::StatusCode};

use crate::shared::rate_limit::Decision;

/// Something wrong with a request that every family must answer.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// No route has this path.
    #[error("no such endpoint")]
    NotFound,
    /// The path has routes, but none with this method; the answer's `Allow` header lists theirs.
    #[error("method not allowed")]
    MethodNotAllowed,
    /// The body is larger than `limit` bytes.
    #[error("the request body is larger than {limit} bytes")]
    BodyTooLarge {
        /// The most bytes allowed.
        limit: usize,
    },
    /// The body did not arrive in time.
    #[error("the request body did not arrive in time")]
    BodyTimeout,
    /// The body broke off or its transfer encoding is wrong.
    #[error("the request body could not be read: {0}")]
    BodyBroken(String),
    /// The body's declared type is another format than JSON.
    #[error("the request body must be JSON (Content-Type: application/json)")]
    BodyNotJson,
    /// The body is no form with files.
    #[error("the request body must be a form (Content-Type: multipart/form-data)")]
    BodyNotForm,
    /// The body's declared charset is not UTF-8.
    #[error("the request body must be encoded in UTF-8")]
    BodyCharset,
    /// The body is declared to be compressed.
    #[error("the request body must be sent without Content-Encoding")]
    BodyEncoded,
    /// Too many requests; the decision also stands on the call.
    #[error("rate limit exceeded")]
    RateLimited(Decision),
    /// A handler panicked; the details are in the log.
    #[error("a handler panicked")]
    Panicked,
    /// What the domain says; families map it exhaustively.
    #[error(transparent)]
    Domain(#[from] crm_domain::Error),
}

impl ResponseError for Fault {
    fn status_code(&self) -> StatusCode {
        use crm_domain::Error;
        match self {
            Self::NotFound | Self::Domain(Error::NotFound { .. }) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::BodyBroken(_) => StatusCode::BAD_REQUEST,
            Self::BodyNotJson | Self::BodyNotForm | Self::BodyCharset | Self::BodyEncoded => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Panicked | Self::Domain(Error::Internal(_)) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Domain(Error::Duplicate { .. } | Error::State { .. } | Error::Conflict(_)) => StatusCode::CONFLICT,
            Self::Domain(Error::Invalid(_) | Error::IdempotencyMismatch) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Domain(Error::Forbidden(_)) => StatusCode::FORBIDDEN,
            Self::Domain(Error::Unavailable { .. }) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Without a body: the family that owns the path renders it, and what nobody owns answers with [`Fault::answer`].
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

impl Fault {
    /// The answer where no family owns the path.
    pub(crate) fn answer(&self) -> HttpResponse {
        let status = self.status_code();
        let reason = status.canonical_reason().unwrap_or("Error");
        HttpResponse::build(status).json(serde_json::json!({ "error": reason, "message": reason }))
    }
}

/// Whole seconds for a `Retry-After` header: rounded up, at least 1 (contract X-08).
pub fn retry_after_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}
