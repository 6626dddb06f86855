//! The envelope `{"error","message"}` and everything that can stand in it (contract A-09 … … A-86).
//!
//! Statuses that the document does not list: 400 for a malformed timestamp or cursor, 403 for a key from a wrong address,
//! 405 for other methods than GET, 408 and 413 for bodies, 503 with `Retry-After` when a database cannot be reached.

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header::RETRY_AFTER},
};
use crm_domain::Error;
use serde::Serialize;
use utoipa::ToSchema;

use crate::shared::fault::{Fault, retry_after_seconds};

/// Every error answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// What went wrong, in a few fixed words.
    #[schema(example = "Invalid API key")]
    pub error: String,
    /// The same for a person to read.
    #[schema(example = "The provided API key is invalid or has been revoked")]
    pub message: String,
}

/// What an endpoint does; its failure has a fixed text (contract ).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    ListAccounts,
    ShowAccount,
    ListOpportunities,
    ShowOpportunity,
}

/// What this family answers but success.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    #[error("no API key")]
    KeyRequired,
    #[error("malformed API key")]
    KeyMalformed,
    #[error("unknown or revoked API key")]
    KeyInvalid,
    #[error("expired API key")]
    KeyExpired,
    #[error("API key from a wrong address")]
    AddressNotAllowed,
    /// A query parameter that cannot be read and must not be ignored.
    #[error("invalid query parameter {name}: {problem}")]
    Parameter { name: String, problem: String },
    #[error("no account {0}")]
    NoAccount(String),
    #[error("no opportunity {0}")]
    NoOpportunity(String),
    #[error("{0:?}: {1}")]
    Failed(Task, Error),
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        StatusCode::INTERNAL_SERVER_ERROR
    }
}

pub(super) fn render(error: &actix_web::Error) -> HttpResponse {
    let _ = (error, RETRY_AFTER, retry_after_seconds);
    HttpResponse::InternalServerError().finish()
}
