//! How often a client may ask (contract B-25, B-34, B-102, B-106 … B-109, X-73, X-74).

use std::{sync::mpsc, thread, time::Duration};

use crm_domain::control::api_key::{ApiKeyDraft, KeyFamily};
use crm_tests::{
    database::{Backend, START},
    http::Answer,
    server::Server,
    tenant::set,
};
use serde_json::{Value, json};

use super::{BASE, Desk, refusal};

/// A server with the documented limits but for what a test changes.
fn limited(requests: u32, bulk: u32, syncs: u32) -> Server {
    Server::with(Backend::Sqlite, |settings| {
        settings.rate_limits.halopsa = requests;
        settings.rate_limits.halopsa_bulk = bulk;
        settings.rate_limits.halopsa_syncs = syncs;
    })
}

/// Limit, remaining and seconds from the test's start to the reset.
// B-109
fn numbers(answer: &Answer) -> (i64, i64, i64) {
    (
        answer.number("x-ratelimit-limit"),
        answer.number("x-ratelimit-remaining"),
        answer.number("x-ratelimit-reset") - START.seconds(),
    )
}

fn one(number: usize) -> Value {
    json!({ "source": "apollo", "leads": [{ "first_name": "Ada", "email": format!("ada{number}@example.com") }] })
}

// B-102, B-106, B-109, X-73: the window is an hour.
#[test]
fn so_many_requests_an_hour_are_free() {
    assert_eq!(crm_http::settings::RateLimitSettings::default().halopsa, 1_000);
    let server = limited(20, 10, 100);
    let desk = Desk::new(&server);
    for used in 1..=20 {
        let answer = desk.request("GET", "/webhooks").expect(200);
        assert_eq!(numbers(&answer), (20, 20 - used, 3_600), "request {used}");
    }
    server.advance(Duration::from_millis(1_800_500));
    let refused = desk.request("GET", "/webhooks").send();
    assert_eq!(refusal(&refused, 429, "RATE_LIMIT_EXCEEDED")["message"], "Too many requests");
    assert_eq!((refused.number("retry-after"), refused.number("x-ratelimit-remaining")), (1_800, 0));
    // Waiting as long as told is enough.
    server.advance(Duration::from_secs(1_800));
    desk.request("GET", "/webhooks").expect(200);
}

// each key has its own count, and may have its own limit; whoever has none counts by address. Who watches the health is never turned away.
#[test]
fn every_key_counts_by_itself() {
    let server = limited(3, 10, 100);
    let desk = Desk::new(&server);
    desk.request("GET", "/webhooks").expect(200);
    let few = ApiKeyDraft {
        rate_limit: set(2),
        ..ApiKeyDraft::default()
    };
    let few = desk.tenant.key_with(KeyFamily::Halopsa, few);
    let with = |key: &str| server.get(&format!("{BASE}/webhooks")).bearer(key).send();
    assert_eq!(numbers(&with(&few.text)), (2, 1, 3_600));
    with(&few.text).expect(200);
    refusal(&with(&few.text), 429, "RATE_LIMIT_EXCEEDED");
    assert_eq!(numbers(&with("garbage")), (3, 2, 3_600));
    for left in [2, 1, 0, 0, 0] {
        let health = server.get(&format!("{BASE}/health")).expect(200);
        assert_eq!(health.number("x-ratelimit-remaining"), left);
    }
}

// B-34, B-108, X-73
#[test]
fn ten_bulk_imports_an_hour_are_free() {
    assert_eq!(crm_http::settings::RateLimitSettings::default().halopsa_bulk, 10);
    let server = limited(1_000, 10, 100);
    let desk = Desk::new(&server);
    for number in 0..10 {
        desk.post("/sync/leads/bulk", &one(number)).expect(200);
        // What is no bulk counts for none.
        refusal(&desk.post("/sync/leads/bulk", &json!({})), 400, "VALIDATION_ERROR");
    }
    let refused = desk.post("/sync/leads/bulk", &one(10));
    refusal(&refused, 429, "RATE_LIMIT_EXCEEDED");
    assert_eq!(numbers(&refused), (10, 0, 3_600));
    assert_eq!(refused.number("retry-after"), 3_600);
    assert_eq!(desk.request("GET", "/webhooks").expect(200).number("x-ratelimit-limit"), 1_000);
    assert_eq!(desk.elsewhere("/api/leads")["totalCount"], 10);
    server.advance(Duration::from_secs(3_600));
    desk.post("/sync/leads/bulk", &one(10)).expect(200);
}

// B-25, B-107, X-74: while the tenant's writer is held up, one of two has the only place.
#[test]
fn so_many_synchronisations_may_be_under_way() {
    assert_eq!(crm_http::settings::RateLimitSettings::default().halopsa_syncs, 100);
    let server = limited(1_000, 10, 1);
    let desk = Desk::new(&server);
    let ((go, held), (hold, is_held)) = (mpsc::channel::<()>(), mpsc::channel());
    thread::scope(|scope| {
        let tenant = &desk.tenant;
        scope.spawn(move || {
            tenant.write(move |_| {
                hold.send(()).unwrap();
                held.recv().unwrap();
                Ok(())
            });
        });
        is_held.recv().unwrap();
        let (told, answers) = mpsc::channel();
        for number in [1, 2] {
            let (told, desk) = (told.clone(), &desk);
            scope.spawn(move || {
                let data = json!({ "first_name": "Ada", "email": format!("ada{number}@example.com") });
                told.send(desk.post("/sync/leads", &json!({ "source": "apollo", "data": data })))
                    .unwrap();
            });
        }
        let refused: Answer = answers.recv().unwrap();
        refusal(&refused, 429, "RATE_LIMIT_EXCEEDED");
        assert_eq!(refused.number("retry-after"), 1);
        go.send(()).unwrap();
        assert_eq!(answers.recv().unwrap().status, 200);
    });
    // The place is free again.
    desk.lead("Bob", "bob@example.com");
    assert_eq!(desk.elsewhere("/api/leads")["totalCount"], 2);
}
