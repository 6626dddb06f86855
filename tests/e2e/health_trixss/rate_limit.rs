//! How often a client may ask (contract … A-94).

use std::time::Duration;

use crm_domain::control::api_key::{ApiKeyDraft, KeyFamily};
use crm_tests::{
    database::{Backend, START},
    http::Answer,
    server::Server,
    tenant::{TestKey, set},
};
use serde_json::json;

use super::{BASE, Desk, assert_error};

/// A server with the documented limit.
fn limited(limit: u32) -> Server {
    Server::with(Backend::Sqlite, |settings| settings.rate_limits.health_trixss = limit)
}

fn with(server: &Server, key: &TestKey) -> Answer {
    server.get(&format!("{BASE}/accounts")).key(&key.text).send()
}

/// Limit, remaining and seconds from the test's start to the reset.
fn numbers(answer: &Answer) -> (i64, i64, i64) {
    (
        answer.number("x-ratelimit-limit"),
        answer.number("x-ratelimit-remaining"),
        answer.number("x-ratelimit-reset") - START.seconds(),
    )
}

#[track_caller]
fn assert_too_many(answer: &Answer, retry_after: i64) {
    assert_error(answer, 429, "Too many requests", "Rate limit exceeded");
    assert_eq!(answer.number("retry-after"), retry_after, "{answer:?}");
    assert_eq!(answer.number("x-ratelimit-remaining"), 0);
}

// the documented default, all 100 of it at once, without any setting changed.
#[test]
fn a_hundred_requests_a_minute_are_free() {
    let server = limited(100);
    let desk = Desk::new(&server);
    for used in 1..=100 {
        let answer = desk.ask("/accounts").expect(200);
        // The first request opened the minute.
        assert_eq!(numbers(&answer), (100, 100 - used, 60), "request {used}");
    }
    // Not one more comes through before the minute is over, however long it takes.
    for wait in (1..=60).rev() {
        assert_too_many(&desk.ask("/accounts"), wait);
        server.advance(Duration::from_secs(1));
    }
    assert_eq!(numbers(&desk.ask("/accounts").expect(200)), (100, 99, 120));
}

// waiting as long as told is enough, and everything is back at the reset.
#[test]
fn waiting_as_long_as_told_is_enough() {
    let server = limited(100);
    let desk = Desk::new(&server);
    let key = limited_key(&desk, 5);
    for left in (0..5).rev() {
        assert_eq!(with(&server, &key).expect(200).number("x-ratelimit-remaining"), left);
    }
    server.advance(Duration::from_millis(10_300));
    let refused = with(&server, &key);
    assert_too_many(&refused, 50);
    assert_eq!(numbers(&refused), (5, 0, 60));
    // Being refused costs nothing.
    for _ in 0..10 {
        assert_too_many(&with(&server, &key), 50);
    }
    server.advance(Duration::from_secs(49));
    assert_too_many(&with(&server, &key), 1);
    server.advance(Duration::from_secs(1));
    let allowed = with(&server, &key).expect(200);
    assert_eq!(allowed.number("x-ratelimit-remaining"), 4, "the reset was no promise too much");
}

fn limited_key(desk: &Desk, limit: u32) -> TestKey {
    let draft = ApiKeyDraft {
        rate_limit: set(limit),
        ..ApiKeyDraft::default()
    };
    desk.tenant.key_with(KeyFamily::HealthTrixss, draft)
}

// one key's use does not touch another's, of the same tenant or not.
#[test]
fn keys_count_apart() {
    let server = limited(3);
    let desk = Desk::new(&server);
    let (second, stranger) = (desk.tenant.key(KeyFamily::HealthTrixss), Desk::named(&server, "Bolt"));
    for _ in 0..3 {
        desk.get("/accounts");
    }
    assert_eq!(desk.ask("/accounts").status, 429);
    for key in [&second, &stranger.key] {
        assert_eq!(with(&server, key).expect(200).number("x-ratelimit-remaining"), 2);
    }
}

// a key's own limit replaces the default, also when it is changed while the key is in use.
#[test]
fn a_limit_of_its_own_replaces_the_default() {
    let server = limited(100);
    let desk = Desk::new(&server);
    let token = desk.tenant.admin_token();
    let item = format!("/api/admin/api-keys/key_{}", desk.key.id);
    assert_eq!(numbers(&desk.ask("/accounts")).0, 100);
    for (limit, shown) in [
        (json!(2), 2),
        (json!(250), 250),
        (json!(100_000_000), 100_000_000),
        (json!(null), 100),
    ] {
        server.patch(&item).bearer(&token).json(&json!({ "rateLimit": limit })).expect(200);
        assert_eq!(numbers(&desk.ask("/accounts")).0, shown, "{limit}");
    }
    for bad in [json!(0), json!(-1), json!(1.5), json!("many"), json!(100_000_001)] {
        server.patch(&item).bearer(&token).json(&json!({ "rateLimit": bad })).expect(422);
    }
    assert_eq!(numbers(&desk.ask("/accounts")).0, 100, "a refused change changes nothing");
}

// every answer counts and shows the numbers, whatever it is.
#[test]
fn errors_count_too() {
    let server = limited(100);
    let desk = Desk::new(&server);
    let paths = [
        "/accounts",
        "/accounts/ACT-00404",
        "/opportunities?updatedSince=x",
        "/nothing",
        "/opportunities",
    ];
    for (used, path) in (1..).zip(paths) {
        assert_eq!(numbers(&desk.ask(path)).1, 100 - used, "{path}");
    }
    let refused = server.post(&format!("{BASE}/accounts")).key(&desk.key.text).expect(405);
    assert_eq!(numbers(&refused).1, 94);
}

// who shows no key that is in force is counted by address, in the same numbers, and harms no key.
#[test]
fn requests_without_a_key_in_force_count_by_address() {
    let server = limited(4);
    let desk = Desk::new(&server);
    let revoked = desk.tenant.key(KeyFamily::HealthTrixss);
    desk.tenant.revoke(&revoked);
    let bare = || server.get(&format!("{BASE}/accounts"));
    for (left, request) in [(3, bare()), (2, bare().key("x")), (1, bare().key(&revoked.text)), (0, bare())] {
        let answer = request.expect(401);
        assert_eq!(
            (answer.number("x-ratelimit-limit"), answer.number("x-ratelimit-remaining")),
            (4, left)
        );
    }
    assert_too_many(&bare().send(), 60);
    assert_too_many(&bare().key(&revoked.text).send(), 60);
    desk.get("/accounts");
    server.advance(Duration::from_secs(60));
    bare().expect(401);
}

// checking a key never seen costs a bcrypt round, so that guessing is bounded before it.
#[test]
fn guessing_at_a_key_is_bounded() {
    let server = Server::with(Backend::Sqlite, |settings| settings.rate_limits.unverified_keys = 2);
    let desk = Desk::new(&server);
    let others = [(); 3].map(|()| desk.tenant.key(KeyFamily::HealthTrixss));
    assert_eq!(with(&server, &others[0]).status, 200);
    assert_eq!(with(&server, &others[1]).status, 200);
    let refused = with(&server, &others[2]);
    assert_too_many(&refused, 60);
    assert_eq!(with(&server, &others[0]).status, 200, "keys that were seen go on");
    server.advance(Duration::from_secs(60));
    assert_eq!(with(&server, &others[2]).status, 200);
}

// requests that come at once are counted one by one.
#[test]
fn concurrent_requests_are_counted_exactly() {
    let server = limited(100);
    let desk = Desk::new(&server);
    let key = limited_key(&desk, 40);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| (0..10).map(|_| with(&server, &key).status).collect::<Vec<_>>()))
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let count = |status: u16| statuses.iter().filter(|&&found| found == status).count();
    assert_eq!((count(200), count(429)), (40, 40));
}
