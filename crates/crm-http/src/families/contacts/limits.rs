//! The rate class (contract D-36 … D-42, X-117, X-118): a bucket that holds three minutes' requests, per key, session or address; the reset in
//! seconds from now.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use crm_domain::{control::api_key::KeyFamily, id::SessionId};

use crate::shared::{
    auth::KeyGate,
    call::{Call, CallState},
    fault::{Fault, retry_after_seconds},
    rate_limit::{Decision, LimitKey, Quota},
};

const CLASS: &str = "contacts";
/// How many minutes' requests may come at once (contract D-40).
const BURST: u32 = 3;

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

fn quota(call: &CallState) -> Quota {
    Quota::bucket_per_minute(call.app.settings.rate_limits.contacts, BURST)
}

/// The family's door: its keys and their quota.
pub(super) fn gate(call: &CallState) -> KeyGate {
    KeyGate {
        family: KeyFamily::Contacts,
        class: CLASS,
        quota: quota(call),
        unverified: call.app.settings.rate_limits.unverified_keys,
    }
}

/// Counts a request of a browser's session.
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

/// Limit, remaining, and the seconds until the bucket is full, rounded up so that waiting for it is enough (D-38, X-07). A refusal says in
/// both `X-RateLimit-Reset` and `Retry-After` when the next request is let in.
pub(super) fn write_headers(call: &Call, decision: &Decision, headers: &mut HeaderMap) {
    let seconds = if decision.allowed {
        let reset = decision.reset.since(call.app.clock.now());
        reset.as_secs() + u64::from(reset.subsec_nanos() > 0)
    } else {
        retry_after_seconds(decision.retry_after)
    };
    headers.insert(LIMIT, HeaderValue::from(decision.limit));
    headers.insert(REMAINING, HeaderValue::from(decision.remaining));
    headers.insert(RESET, HeaderValue::from(seconds));
}
