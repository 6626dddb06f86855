//! Credential → tenant, and the rate class (contract A-08 … … A-94).

use actix_web::{
    HttpRequest,
    http::header::{HeaderMap, HeaderName, HeaderValue},
};
use crm_domain::control::api_key::{KeyFamily, KeyRejection};

use super::error::ApiError;
use crate::{
    families::Credential,
    shared::{
        auth::{KeyGate, KeyRefusal},
        call::Call,
        fault::Fault,
        rate_limit::{Decision, Quota},
    },
};

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

fn gate(call: &Call) -> KeyGate {
    let limits = &call.app.settings.rate_limits;
    KeyGate {
        family: KeyFamily::HealthTrixss,
        class: "health_trixss",
        quota: Quota::per_minute(limits.health_trixss),
        unverified: limits.unverified_keys,
    }
}

/// Every endpoint asks for a key.
pub(super) async fn admit(call: &Call, request: &HttpRequest, _credential: Credential) -> actix_web::Result<()> {
    gate(call).admit(call, presented(request.headers())).await.map_err(refused)?;
    Ok(())
}

/// The key that a request came with. A key sent twice, or in bytes that no key consists of, is presented as a text that is no key.
fn presented(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(&X_API_KEY);
    let first = values.next()?;
    if values.next().is_some() {
        return Some("");
    }
    match first.to_str().map(str::trim) {
        Ok("") => None,
        Ok(key) => Some(key),
        Err(_) => Some(""),
    }
}

fn refused(refusal: KeyRefusal) -> ApiError {
    match refusal {
        KeyRefusal::Rejected(KeyRejection::Missing) => ApiError::KeyRequired,
        KeyRefusal::Rejected(KeyRejection::Malformed) => ApiError::KeyMalformed,
        KeyRefusal::Rejected(KeyRejection::Unknown | KeyRejection::Revoked) => ApiError::KeyInvalid,
        KeyRefusal::Rejected(KeyRejection::Expired) => ApiError::KeyExpired,
        KeyRefusal::Rejected(KeyRejection::AddressNotAllowed) => ApiError::AddressNotAllowed,
        KeyRefusal::RateLimited(decision) => ApiError::Fault(Fault::RateLimited(decision)),
        KeyRefusal::Failed(error) => ApiError::Fault(Fault::Domain(error)),
    }
}

/// Limit, remaining, and the reset as Unix seconds, rounded up (contract A-89 … A-92).
pub(super) fn rate_headers(decision: &Decision, headers: &mut HeaderMap) {
    let reset = (decision.reset.micros().max(0) as u64).div_ceil(1_000_000);
    headers.insert(HeaderName::from_static("x-ratelimit-limit"), HeaderValue::from(decision.limit));
    headers.insert(
        HeaderName::from_static("x-ratelimit-remaining"),
        HeaderValue::from(decision.remaining),
    );
    headers.insert(HeaderName::from_static("x-ratelimit-reset"), HeaderValue::from(reset));
}
