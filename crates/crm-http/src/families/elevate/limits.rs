//! The rate class (contract E-88, X-178): 100 requests a minute per key, or the key's own limit, for Pull and Push alike; per session where keys
//! are managed; the reset as Unix seconds.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use crm_domain::{control::api_key::KeyFamily, id::SessionId};

use crate::shared::{
    auth::KeyGate,
    call::{Call, CallState},
    fault::Fault,
    rate_limit::{Decision, LimitKey, Quota},
};

const CLASS: &str = "elevate";

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

fn quota(call: &CallState) -> Quota {
    Quota::per_minute(call.app.settings.rate_limits.elevate)
}

/// The family's door: its keys and their quota.
pub(super) fn gate(call: &CallState) -> KeyGate {
    KeyGate {
        family: KeyFamily::Elevate,
        class: CLASS,
        quota: quota(call),
        unverified: call.app.settings.rate_limits.unverified_keys,
    }
}

/// Counts a request of a signed-in user.
pub(super) async fn count_session(call: &Call, session: SessionId) -> Result<(), Fault> {
    pass(
        call,
        call.app.rate_limits.check(LimitKey::Session(CLASS, session), quota(call)).await,
    )
}

/// Counts a request of nobody known.
pub(super) async fn count_address(call: &Call) -> Result<(), Fault> {
    let key = LimitKey::address(CLASS, call.client);
    pass(call, call.app.rate_limits.check(key, quota(call)).await)
}

/// Gives the answer to a request of which it could not be found out whose it is numbers to tell.
pub(super) async fn note_unjudged(call: &Call) {
    call.note_unjudged(CLASS, quota(call)).await;
}

fn pass(call: &Call, decision: Decision) -> Result<(), Fault> {
    call.set_decision(decision);
    if decision.allowed {
        Ok(())
    } else {
        Err(Fault::RateLimited(decision))
    }
}

/// Limit, remaining, and the reset as Unix seconds, rounded up so that waiting for it is enough.
pub(super) fn write_headers(decision: &Decision, headers: &mut HeaderMap) {
    headers.insert(LIMIT, HeaderValue::from(decision.limit));
    headers.insert(REMAINING, HeaderValue::from(decision.remaining));
    headers.insert(RESET, HeaderValue::from(decision.reset_seconds()));
}
