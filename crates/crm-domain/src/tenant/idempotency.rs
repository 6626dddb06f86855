//! Answers kept for repeated requests: an `Idempotency-Key` commits together with the effect it guards (contract X-109 as decided).

use std::time::Duration;

use crate::{
    error::{Error, Result},
    stamp::Stamp,
};

/// How long an answer is kept.
pub const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// What a key is unique for, within its tenant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyScope {
    /// Who asks, as [`super::change::Actor`] shows.
    pub principal: String,
    /// The request's method.
    pub method: String,
    /// The request's path, without its query.
    pub path: String,
    /// The key, at most 255 characters.
    pub key: String,
}

/// A kept answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// SHA-256 of the request body, hex.
    pub request_digest: String,
    /// The answer's status.
    pub status: u16,
    /// The answer's JSON body.
    pub body: String,
    /// When the record that it shows changed last, where it shows one.
    pub changed_at: Option<Stamp>,
}

/// Keeps answers. Within a tenant units run one after another, so that two requests with one key never both take effect.
pub trait IdempotencyRepository {
    /// The answer kept for this scope since `since`.
    fn lookup(&mut self, scope: &IdempotencyScope, since: Stamp) -> Result<Option<KeptAnswer>>;
    /// Keeps an answer at this unit's stamp; replaces an expired one.
    fn keep(&mut self, scope: &IdempotencyScope, answer: &KeptAnswer) -> Result<()>;
    /// Forgets answers kept before `before`; returns how many.
    fn purge(&mut self, before: Stamp) -> Result<u64>;
}

/// The answer to give again, when there is one.
///
/// # Errors
/// [`Error::IdempotencyMismatch`] when the key came with another body before.
pub fn replay(
    repository: &mut dyn IdempotencyRepository,
    scope: &IdempotencyScope,
    request_digest: &str,
    now: Stamp,
) -> Result<Option<KeptAnswer>> {
    match repository.lookup(scope, now.minus(LIFETIME))? {
        Some(kept) if kept.request_digest != request_digest => Err(Error::IdempotencyMismatch),
        kept => Ok(kept),
    }
}
