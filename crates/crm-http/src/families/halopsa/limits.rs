//! The rate classes (contract B-25, B-34, B-106 … B-109, X-73, X-74): 1,000 requests an hour per key, or the key's own limit; of them 10 bulk imports;
//! and 100 synchronisations of a key at once. The reset is told as Unix seconds.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use crm_domain::{control::api_key::KeyFamily, id::ApiKeyId};

use super::error::ApiError;
use crate::shared::{
    auth::KeyGate,
    call::{Call, CallState, Caller},
    fault::Fault,
    places::Place,
    rate_limit::{Decision, LimitKey, Quota},
};

const CLASS: &str = "halopsa";
const BULK: &str = "halopsa_bulk";
const PROBE: &str = "halopsa_probe";

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

fn quota(call: &CallState) -> Quota {
    Quota::per_hour(call.app.settings.rate_limits.halopsa)
}

/// The family's door: its keys and their quota.
pub(super) fn gate(call: &CallState) -> KeyGate {
    KeyGate {
        family: KeyFamily::Halopsa,
        class: CLASS,
        quota: quota(call),
        unverified: call.app.settings.rate_limits.unverified_keys,
    }
}

/// Counts a look at the server's health, for the headers that every answer carries. Whoever watches a server looks often: nobody is turned away.
pub(super) async fn count_probe(call: &Call) {
    let key = LimitKey::address(PROBE, call.client);
    call.set_decision(call.app.rate_limits.check(key, quota(call)).await);
}

/// Counts a bulk import. The answer to one too many tells the numbers of that limit.
///
/// # Errors
/// [`Fault::RateLimited`].
pub(super) async fn count_bulk(call: &Call) -> Result<(), ApiError> {
    let quota = Quota::per_hour(call.app.settings.rate_limits.halopsa_bulk);
    let decision = call.app.rate_limits.check(LimitKey::ApiKey(BULK, holder(call)?), quota).await;
    if decision.allowed {
        return Ok(());
    }
    call.set_decision(decision);
    Err(Fault::RateLimited(decision).into())
}

/// A place among the synchronisations under way, to be held until it is over.
///
/// # Errors
/// [`ApiError::TooManySyncs`].
pub(super) fn take_place(call: &Call) -> Result<Place, ApiError> {
    let most = call.app.settings.rate_limits.halopsa_syncs;
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    call.app.syncs.take(holder(call)?, most).ok_or(ApiError::TooManySyncs)
}

fn holder(call: &Call) -> Result<ApiKeyId, ApiError> {
    match call.caller() {
        Caller::Key(key) => Ok(key.key.id),
        Caller::User(_) | Caller::Claimant(_) | Caller::Nobody => Err(ApiError::NoKey),
    }
}

/// Limit, remaining, and the reset as Unix seconds, rounded up so that waiting for it is enough.
pub(super) fn write_headers(decision: &Decision, headers: &mut HeaderMap) {
    headers.insert(LIMIT, HeaderValue::from(decision.limit));
    headers.insert(REMAINING, HeaderValue::from(decision.remaining));
    headers.insert(RESET, HeaderValue::from(decision.reset_seconds()));
}
