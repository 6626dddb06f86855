//! The rate class (contract … A-94): 100 requests a minute per key, or the key's own limit; reset as Unix seconds.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use crm_domain::control::api_key::KeyFamily;

use crate::shared::{
    auth::KeyGate,
    call::CallState,
    rate_limit::{Decision, Quota},
};

const X_RATELIMIT_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const X_RATELIMIT_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const X_RATELIMIT_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// The family's door: its keys and their quota.
pub(super) fn gate(call: &CallState) -> KeyGate {
    let limits = &call.app.settings.rate_limits;
    KeyGate {
        family: KeyFamily::HealthTrixss,
        class: "health_trixss",
        quota: Quota::per_minute(limits.health_trixss),
        unverified: limits.unverified_keys,
    }
}

/// Limit, remaining, and the reset as Unix seconds, rounded up so that it is never too early (contract A-89 … A-92).
pub(super) fn write_headers(decision: &Decision, headers: &mut HeaderMap) {
    headers.insert(X_RATELIMIT_LIMIT, HeaderValue::from(decision.limit));
    headers.insert(X_RATELIMIT_REMAINING, HeaderValue::from(decision.remaining));
    headers.insert(X_RATELIMIT_RESET, HeaderValue::from(decision.reset_seconds()));
}
