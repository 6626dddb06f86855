//! Family C's rate classes (contract C-125 … C-130, X-102 … X-104): per tenant by its tier, and per client address where nobody is known.

use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use crm_domain::id::TenantId;
use tokio::time::sleep;

use crate::shared::{
    call::Call,
    fault::Fault,
    rate_limit::{Decision, LimitKey, Quota},
};

/// The class under which requests are counted.
const CLASS: &str = "saas";
/// The tier of clients that no tenant is known of.
const NO_TIER: &str = "default";

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// Counts a request of a tenant; one over the limit waits for its turn while the tenant's queue has a place (C-127, X-104).
pub(crate) async fn count_tenant(call: &Call, tenant: TenantId, tier: &str) -> Result<(), Fault> {
    let settings = &call.app.settings.rate_limits;
    let patience = Duration::from_secs(settings.saas_queue_seconds);
    let quota = Quota::per_minute(settings.saas_tier(tier)).queueing(settings.saas_queue, patience);
    let decision = call.app.rate_limits.check(LimitKey::Tenant(CLASS, tenant), quota).await;
    pass(call, decision)?;
    if !decision.wait.is_zero() {
        sleep(decision.wait).await;
    }
    Ok(())
}

/// Counts a request without a recognised user. Nobody waits here: a queue would help whoever guesses passwords.
pub(crate) async fn count_address(call: &Call) -> Result<(), Fault> {
    let key = LimitKey::address(CLASS, call.client);
    pass(call, call.app.rate_limits.check(key, unknown(call)).await)
}

/// Gives the answer to a request of which it could not be found out whose it is numbers to tell.
pub(crate) async fn note_unjudged(call: &Call) {
    call.note_unjudged(CLASS, unknown(call)).await;
}

/// The quota of clients that no tenant is known of.
fn unknown(call: &Call) -> Quota {
    Quota::per_minute(call.app.settings.rate_limits.saas_tier(NO_TIER))
}

fn pass(call: &Call, decision: Decision) -> Result<(), Fault> {
    call.set_decision(decision);
    if decision.allowed {
        Ok(())
    } else {
        Err(Fault::RateLimited(decision))
    }
}

/// Writes the headers; the reset is in Unix seconds, rounded up so that waiting for it is enough (C-129).
pub(crate) fn write_headers(decision: &Decision, headers: &mut HeaderMap) {
    headers.insert(LIMIT, HeaderValue::from(decision.limit));
    headers.insert(REMAINING, HeaderValue::from(decision.remaining));
    headers.insert(RESET, HeaderValue::from(decision.reset_seconds()));
}

#[cfg(test)]
mod tests {
    use crm_domain::stamp::Stamp;

    use super::*;

    #[test]
    fn the_reset_is_whole_seconds_and_never_too_early() {
        let mut headers = HeaderMap::new();
        for (micros, seconds) in [(1_706_352_660_000_000, "1706352660"), (1_706_352_660_000_001, "1706352661")] {
            let decision = Decision {
                allowed: true,
                limit: 100,
                remaining: 95,
                reset: Stamp::from_micros(micros),
                wait: Duration::ZERO,
                retry_after: Duration::ZERO,
            };
            write_headers(&decision, &mut headers);
            assert_eq!(headers.get(&RESET).unwrap(), seconds);
        }
        assert_eq!(headers.get(&LIMIT).unwrap(), "100");
        assert_eq!(headers.get(&REMAINING).unwrap(), "95");
    }
}
