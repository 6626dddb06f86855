//! The same for what takes effect in the control plane: users, invitations, passwords. Answers are kept there, sealed, in the transaction of
//! their effect.

use actix_web::http::StatusCode;
use crm_domain::{
    Error, Result,
    control::{ControlUnit, idempotency},
    sealing::Vault,
    tenant::idempotency::KeptAnswer,
};

use super::{Answer, Guard, Made};

/// Does the work and keeps its answer, or gives the answer of the time before; `None` from the work keeps nothing. Without a guard it just
/// does the work.
///
/// # Errors
/// [`Error::IdempotencyMismatch`] when the key came with another body before, and those of the work.
pub(crate) fn once<M: Into<Made>>(
    unit: &mut dyn ControlUnit,
    vault: &Vault,
    guard: Option<&Guard>,
    work: impl FnOnce(&mut dyn ControlUnit) -> Result<Option<M>>,
) -> Result<Option<Answer>> {
    if let Some(kept) = known(unit, vault, guard)? {
        return Ok(Some(kept));
    }
    let Some(made) = work(unit)? else { return Ok(None) };
    let Made { status, body, changed_at } = made.into();
    if let Some(guard) = guard {
        let answer = KeptAnswer {
            request_digest: guard.digest.clone(),
            status: status.as_u16(),
            body: body.clone(),
            changed_at,
        };
        idempotency::keep(unit, vault, &guard.scope, answer)?;
    }
    Ok(Some(Answer {
        status,
        body,
        changed_at,
        replayed: false,
    }))
}

/// Does the work, whose answer shows a secret once, and keeps nothing but that it was done: sent again with the same key, the request is
/// refused in the words of `refusal`.
///
/// # Errors
/// Those of the work; [`Error::Conflict`] for every request but the first; [`Error::IdempotencyMismatch`].
pub(crate) fn shown_once<T>(
    unit: &mut dyn ControlUnit,
    vault: &Vault,
    guard: Option<&Guard>,
    refusal: &str,
    work: impl FnOnce(&mut dyn ControlUnit) -> Result<T>,
) -> Result<T> {
    if known(unit, vault, guard)?.is_some() {
        return Err(Error::Conflict(refusal.to_owned()));
    }
    let done = work(unit)?;
    if let Some(guard) = guard {
        let answer = KeptAnswer {
            request_digest: guard.digest.clone(),
            status: StatusCode::CONFLICT.as_u16(),
            body: String::new(),
            changed_at: None,
        };
        idempotency::keep(unit, vault, &guard.scope, answer)?;
    }
    Ok(done)
}

/// The answer of the time before, for work that needs more than a transaction: [`once`] still has the last word.
///
/// # Errors
/// [`Error::IdempotencyMismatch`] when the key came with another body before.
pub(crate) fn known(unit: &mut dyn ControlUnit, vault: &Vault, guard: Option<&Guard>) -> Result<Option<Answer>> {
    let Some(guard) = guard else { return Ok(None) };
    let kept = idempotency::replay(unit, vault, &guard.scope, &guard.digest)?;
    kept.map(|kept| {
        let status = StatusCode::from_u16(kept.status).map_err(|error| Error::Internal(error.to_string()))?;
        Ok(Answer {
            status,
            body: kept.body,
            changed_at: kept.changed_at,
            replayed: true,
        })
    })
    .transpose()
}
