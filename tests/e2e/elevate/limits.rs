//! How often a client may ask (contract E-88, E-93, X-178).

use std::time::Duration;

use crm_domain::control::api_key::{ApiKeyDraft, KeyFamily};
use crm_tests::{
    database::{Backend, START},
    http::Answer,
    server::Server,
    tenant::set,
};

use super::{BASE, Desk, refusal};

/// A server with the documented limit.
fn limited() -> Server {
    Server::with(Backend::Sqlite, |settings| settings.rate_limits.elevate = 100)
}

/// Limit, remaining and seconds from the test's start to the reset.
fn numbers(answer: &Answer) -> (i64, i64, i64) {
    (
        answer.number("x-ratelimit-limit"),
        answer.number("x-ratelimit-remaining"),
        answer.number("x-ratelimit-reset") - START.seconds(),
    )
}

// E-88, E-93, X-178: the default, all 100 of it at once; Pull and Push count together.
#[test]
fn a_hundred_requests_a_minute_are_free() {
    let server = limited();
    assert_eq!(crm_http::settings::RateLimitSettings::default().elevate, 100);
    let desk = Desk::new(&server);
    for used in 1..=100 {
        let path = if used % 2 == 0 { "/deals" } else { "/webhooks" };
        let answer = desk.ask(path).expect(200);
        assert_eq!(numbers(&answer), (100, 100 - used, 60), "request {used}");
    }
    server.advance(Duration::from_millis(30_500));
    let refused = desk.ask("/deals");
    assert_eq!(refusal(&refused, 429), "Rate limit exceeded");
    assert_eq!((refused.number("retry-after"), refused.number("x-ratelimit-remaining")), (30, 0));
    // Waiting as long as told is enough.
    server.advance(Duration::from_secs(30));
    desk.ask("/deals").expect(200);
}

// each key has its own count, and may have its own limit; whoever has none counts by address.
#[test]
fn every_key_counts_by_itself() {
    let server = limited();
    let desk = Desk::new(&server);
    desk.ask("/deals").expect(200);
    let other = desk.tenant.key(KeyFamily::Elevate);
    let with = |key: &str| server.get(&format!("{BASE}/deals")).key(key).send();
    assert_eq!(numbers(&with(&other.text)), (100, 99, 60));
    let few = ApiKeyDraft {
        rate_limit: set(2),
        ..ApiKeyDraft::default()
    };
    let few = desk.tenant.key_with(KeyFamily::Elevate, few);
    assert_eq!(numbers(&with(&few.text)), (2, 1, 60));
    with(&few.text).expect(200);
    refusal(&with(&few.text), 429);
    assert_eq!(numbers(&with("garbage")), (100, 99, 60));
}

// whoever manages keys is counted too.
#[test]
fn a_session_counts_by_itself() {
    let server = limited();
    let desk = Desk::new(&server);
    let token = desk.tenant.admin_token();
    let path = format!("{BASE}/api-keys?tenant_id={}", desk.tenant.tenant.uuid);
    for used in 1..=100 {
        let answer = server.get(&path).bearer(&token).expect(200);
        assert_eq!(numbers(&answer), (100, 100 - used, 60));
    }
    refusal(&server.get(&path).bearer(&token).send(), 429);
    desk.ask("/deals").expect(200);
}
