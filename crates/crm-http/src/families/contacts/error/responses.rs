//! The errors of operations, as the documentation tells them.

use utoipa::IntoResponses;

use super::ErrorBody;

/// The errors of every operation.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "documents the answers, never made")]
pub(in super::super) enum ErrorResponses {
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
pub(in super::super) enum LookupResponses {
    /// There is no such thing: `NOT_FOUND`.
    #[response(status = 404)]
    NotFound(ErrorBody),
}

/// The errors of operations with a body.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "documents the answers, never made")]
pub(in super::super) enum BodyResponses {
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
pub(in super::super) enum ProviderResponses {
    /// There is no such contact or profile: `NOT_FOUND`.
    #[response(status = 404)]
    NotFound(ErrorBody),
    /// The provider refuses this server, or its answer cannot be understood: `INTERNAL_ERROR`.
    #[response(status = 502)]
    Refused(ErrorBody),
}
