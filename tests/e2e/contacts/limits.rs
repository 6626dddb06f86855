//! Rate limits (contract D-36 … D-42, X-07, X-08, X-117, X-118).

use std::time::Duration;

use crm_domain::control::api_key::{ApiKeyDraft, KeyFamily};
use crm_tests::{database::Backend, http::Answer, server::Server, tenant::set};

use super::{Browser, refusal};

fn limited() -> Server {
    Server::with(Backend::Sqlite, |settings| settings.rate_limits.contacts = 60)
}

fn numbers(answer: &Answer) -> (i64, i64, i64) {
    (
        answer.number("x-ratelimit-limit"),
        answer.number("x-ratelimit-remaining"),
        answer.number("x-ratelimit-reset"),
    )
}

// D-34, D-36, D-37, D-38, D-39, D-40, D-41, D-42
#[test]
fn a_key_has_three_minutes_requests_at_once_and_then_one_a_second() {
    let server = limited();
    let tenant = server.tenant("Acme");
    let key = tenant.key(KeyFamily::Contacts).text;
    let get = || server.get("/api/v1/tags").bearer(&key).send();
    for number in 1..=180 {
        let answer = get().expect(200);
        let left = 180 - number;
        // The reset tells when the bucket is full again, in seconds from now.
        assert_eq!(numbers(&answer), (60, left.min(60), number), "request {number}");
    }
    let answer = get();
    let error = refusal(&server, &answer, 429, "RATE_LIMIT_EXCEEDED");
    assert_eq!(
        error["message"],
        "Rate limit exceeded. Limit: 60 requests/minute. Retry after 1 seconds."
    );
    assert_eq!(error["details"], serde_json::json!({ "retryAfter": 1, "limit": 60 }));
    assert_eq!((answer.number("retry-after"), answer.number("x-ratelimit-reset")), (1, 1));
    server.advance(Duration::from_secs(1));
    get().expect(200);
    get().expect(429);
    server.advance(Duration::from_secs(60));
    for _ in 0..60 {
        get().expect(200);
    }
    get().expect(429);
    // Another key has a bucket of its own.
    server.get("/api/v1/tags").bearer(&tenant.key(KeyFamily::Contacts).text).expect(200);
}

// D-39
#[test]
fn a_keys_own_limit_counts() {
    let server = limited();
    let draft = ApiKeyDraft {
        rate_limit: set(2),
        ..ApiKeyDraft::default()
    };
    let tenant = server.tenant("Acme");
    let key = tenant.key_with(KeyFamily::Contacts, draft).text;
    let get = || server.get("/api/v1/tags").bearer(&key).send();
    for left in [2, 2, 2, 2, 1, 0] {
        assert_eq!(get().expect(200).number("x-ratelimit-remaining"), left.min(2));
    }
    let error = refusal(&server, &get(), 429, "RATE_LIMIT_EXCEEDED");
    assert_eq!(
        error["message"],
        "Rate limit exceeded. Limit: 2 requests/minute. Retry after 30 seconds."
    );
}

//
#[test]
fn sessions_and_strangers_are_counted_too() {
    let server = limited();
    let tenant = server.tenant("Acme");
    let browser = Browser::of(&server, &tenant.admin);
    let other = Browser::of(&server, &tenant.admin);
    for _ in 0..180 {
        browser.request("GET", "/api/auth/user").expect(200);
    }
    refusal(
        &server,
        &browser.request("GET", "/api/auth/user").send(),
        429,
        "RATE_LIMIT_EXCEEDED",
    );
    other.request("GET", "/api/auth/user").expect(200);
    // Two logins have counted already: the address shares one bucket over everything that is open or refused.
    for _ in 0..178 {
        server.get("/api/v1/schema/scopes").expect(200);
    }
    refusal(&server, &server.get("/api/v1/schema/scopes").send(), 429, "RATE_LIMIT_EXCEEDED");
    refusal(&server, &server.get("/api/v1/tags").send(), 429, "RATE_LIMIT_EXCEEDED");
}
