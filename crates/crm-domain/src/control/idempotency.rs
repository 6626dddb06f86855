//! Answers kept for repeated requests that take effect in the control plane: they are kept in the transaction of their effect, by the rules of
//! [`crate::tenant::idempotency`] (contract X-109 as decided).
//!
//! What is kept is sealed, the digest of the request's body along with it: answers show tokens, and a password could be guessed from the fast
//! digest of a body that holds it.

use serde::{Deserialize, Serialize};

use super::ControlUnit;
use crate::{
    error::{Error, Result},
    sealing::{Sealed, Vault},
    stamp::Stamp,
    tenant::idempotency::{IdempotencyScope, KeptAnswer, LIFETIME},
};

/// Keeps sealed answers. Transactions run one after another, so that two requests with one key never both take effect.
pub trait SealedAnswers {
    /// The answer kept for this scope since `since`.
    fn lookup(&mut self, scope: &IdempotencyScope, since: Stamp) -> Result<Option<Sealed>>;
    /// Keeps an answer at this transaction's time; replaces an expired one.
    fn keep(&mut self, scope: &IdempotencyScope, answer: Sealed) -> Result<()>;
    /// Forgets answers kept before `before`; returns how many.
    fn purge(&mut self, before: Stamp) -> Result<u64>;
}

/// A kept answer as it is sealed.
#[derive(Serialize, Deserialize)]
struct Content {
    digest: String,
    status: u16,
    body: String,
    changed_at: Option<i64>,
}

/// The answer to give again, when there is one. `vault` is that of the tenant that the principal belongs to.
///
/// # Errors
/// [`Error::IdempotencyMismatch`] when the key came with another body before.
pub fn replay(unit: &mut dyn ControlUnit, vault: &Vault, scope: &IdempotencyScope, request_digest: &str) -> Result<Option<KeptAnswer>> {
    let since = unit.stamp().minus(LIFETIME);
    let Some(sealed) = unit.answers().lookup(scope, since)? else {
        return Ok(None);
    };
    let content = vault.open(&purpose(scope), &sealed)?;
    let content: Content = serde_json::from_str(&content).map_err(|error| Error::Internal(error.to_string()))?;
    if content.digest != request_digest {
        return Err(Error::IdempotencyMismatch);
    }
    Ok(Some(KeptAnswer {
        request_digest: content.digest,
        status: content.status,
        body: content.body,
        changed_at: content.changed_at.map(Stamp::from_micros),
    }))
}

/// Keeps an answer, to be given again for as long as one in a tenant's database.
///
/// # Errors
/// Those of the database.
pub fn keep(unit: &mut dyn ControlUnit, vault: &Vault, scope: &IdempotencyScope, answer: KeptAnswer) -> Result<()> {
    let content = Content {
        digest: answer.request_digest,
        status: answer.status,
        body: answer.body,
        changed_at: answer.changed_at.map(Stamp::micros),
    };
    let content = serde_json::to_string(&content).map_err(|error| Error::Internal(error.to_string()))?;
    let sealed = vault.seal(&purpose(scope), &content)?;
    unit.answers().keep(scope, sealed)
}

/// An answer opens for the request that it was given to, and for no other.
fn purpose(scope: &IdempotencyScope) -> String {
    let IdempotencyScope {
        principal,
        method,
        path,
        key,
    } = scope;
    format!("answer to {principal} {method} {path} {key}")
}
