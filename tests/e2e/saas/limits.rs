//! Rate limits (contract C-125 … C-130, X-07 … … X-104).

use std::{sync::mpsc, thread, time::Duration};

use crm_domain::control::user::Role;
use crm_tests::{
    database::{Backend, START},
    http::{Answer, Request},
    server::Server,
};
use serde_json::json;

use super::refusal;

const PATH: &str = "/api/companies";

/// The documented limits; with or without places to wait in.
fn limited(places: usize) -> Server {
    Server::with(Backend::Sqlite, |settings| {
        settings.rate_limits = crm_server::settings::Settings::defaults().unwrap().rate_limits;
        settings.rate_limits.saas_queue = places;
    })
}

fn numbers(answer: &Answer) -> (i64, i64, i64) {
    (
        answer.number("x-ratelimit-limit"),
        answer.number("x-ratelimit-remaining"),
        answer.number("x-ratelimit-reset"),
    )
}

// C-125, C-128, C-129, X-08
#[test]
fn a_tenant_has_100_requests_a_minute() {
    let server = limited(0);
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let get = || server.get(PATH).bearer(&token).send();
    for used in 1..=100 {
        let answer = get().expect(200);
        let (limit, remaining, reset) = numbers(&answer);
        assert_eq!((limit, remaining), (100, 100 - used));
        // Each request takes 0.6 seconds to come back; a fraction of a second counts as a whole one.
        assert_eq!(reset, START.seconds() + (used * 6 + 9) / 10);
    }
    let refused = get();
    let error = refusal(&server, &refused, 429, "RATE_LIMIT_EXCEEDED");
    assert_eq!(error["message"], "Rate limit exceeded");
    let (limit, remaining, reset) = numbers(&refused);
    assert_eq!((limit, remaining, reset), (100, 0, START.seconds() + 60));
    // Waiting as long as either header says is enough.
    let wait = refused.number("retry-after");
    assert_eq!(wait, 1);
    server.advance(Duration::from_secs(1));
    get().expect(200);
    refusal(&server, &get(), 429, "RATE_LIMIT_EXCEEDED");
    server.advance(Duration::from_secs(60));
    assert_eq!(numbers(&get().expect(200)).1, 99);
}

// C-125: shared by the users of a tenant, also where they are refused; independent of other tenants
#[test]
fn users_share_their_tenants_limit_and_tenants_share_none() {
    let server = limited(0);
    let (ours, theirs) = (server.tenant("Ours"), server.tenant("Theirs"));
    let tokens = [ours.admin_token(), ours.login(&ours.user(Role::User)).token];
    let other = theirs.admin_token();
    let remaining = |answer: Answer| numbers(&answer).1;
    assert_eq!(remaining(server.get(PATH).bearer(&tokens[0]).expect(200)), 99);
    assert_eq!(remaining(server.get("/api/deals").bearer(&tokens[1]).expect(200)), 98);
    assert_eq!(remaining(server.delete("/api/deals/deal_1").bearer(&tokens[1]).expect(403)), 97);
    assert_eq!(remaining(server.get("/api/nowhere").bearer(&tokens[0]).expect(404)), 96);
    assert_eq!(remaining(server.request("BREW", PATH).bearer(&tokens[0]).expect(405)), 95);
    assert_eq!(remaining(server.post(PATH).bearer(&tokens[0]).body("x").expect(400)), 94);
    assert_eq!(remaining(server.get("/api/admin/requests").bearer(&tokens[0]).expect(200)), 93);
    assert_eq!(remaining(server.get(PATH).bearer(&other).expect(200)), 99);
    for _ in 0..93 {
        server.get(PATH).bearer(&tokens[1]).expect(200);
    }
    for token in &tokens {
        refusal(&server, &server.get(PATH).bearer(token).send(), 429, "RATE_LIMIT_EXCEEDED");
    }
    assert_eq!(remaining(server.get(PATH).bearer(&other).expect(200)), 98);
}

// C-126, X-103
#[test]
fn a_tier_has_its_own_limit() {
    let server = limited(0);
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let mut row = tenant.tenant.clone();
    for (tier, limit) in [("professional", 600), ("enterprise", 3_000), ("unheard of", 100)] {
        row.tier = tier.to_owned();
        server.control().writing(|unit| unit.tenants().update(&row)).unwrap();
        assert_eq!(server.get(PATH).bearer(&token).expect(200).number("x-ratelimit-limit"), limit);
    }
}

// C-127, X-104
#[test]
fn ten_requests_wait_for_their_turn_and_the_eleventh_is_refused_at_once() {
    let server = limited(10);
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    for _ in 0..100 {
        server.get(PATH).bearer(&token).expect(200);
    }
    thread::scope(|scope| {
        let (sender, answers) = mpsc::channel();
        for _ in 0..11 {
            let (sender, server, token) = (sender.clone(), &server, &token);
            scope.spawn(move || sender.send(server.get(PATH).bearer(token).send()).unwrap());
        }
        // While the clock stands still nobody's turn comes: the one answer is the refusal, and ten wait.
        let refused = answers.recv().unwrap();
        refusal(&server, &refused, 429, "RATE_LIMIT_EXCEEDED");
        // Behind ten others, its turn comes after eleven times 0.6 seconds.
        assert_eq!(refused.number("retry-after"), 7);
        let (limit, remaining, reset) = numbers(&refused);
        assert_eq!((limit, remaining), (100, 0));
        assert!(reset >= START.seconds() + 60, "{reset}");
        server.advance(Duration::from_secs(60));
        for _ in 0..10 {
            answers.recv().unwrap().expect(200);
        }
    });
    server.get(PATH).bearer(&token).expect(200);
}

//
#[test]
fn who_is_not_known_counts_by_address() {
    let server = Server::with(Backend::Sqlite, |settings| {
        settings.rate_limits = crm_server::settings::Settings::defaults().unwrap().rate_limits;
        settings.server.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    });
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let refresh = |server: &Server, from: &str| {
        let body = json!({ "refreshToken": "x" });
        from_address(server.post("/api/auth/refresh"), from).json(&body).send()
    };
    for used in 1..=98 {
        let (limit, remaining, _) = numbers(&refresh(&server, "203.0.113.7").expect(401));
        assert_eq!((limit, remaining), (100, 100 - used));
    }
    assert_eq!(numbers(&from_address(server.get(PATH), "203.0.113.7").expect(401)).1, 1);
    assert_eq!(
        numbers(&from_address(server.get("/api/nowhere").bearer("x"), "203.0.113.7").expect(401)).1,
        0
    );
    // Nobody waits here: a queue would help whoever guesses.
    for answer in [
        refresh(&server, "203.0.113.7"),
        from_address(server.post("/api/auth/login"), "203.0.113.7").body("{}").send(),
        from_address(server.post("/api/auth/register"), "203.0.113.7").body("{}").send(),
        from_address(server.get(PATH), "203.0.113.7").send(),
    ] {
        refusal(&server, &answer, 429, "RATE_LIMIT_EXCEEDED");
        assert_eq!(answer.number("retry-after"), 1);
    }
    assert_eq!(numbers(&refresh(&server, "203.0.113.8").expect(401)).1, 99);
    assert_eq!(numbers(&refresh(&server, "2001:db8::1").expect(401)).1, 99);
    assert_eq!(numbers(&refresh(&server, "2001:db8::2").expect(401)).1, 98, "a /64 is one client");
    // Users of that address go on: they count by their tenant.
    assert_eq!(
        numbers(&from_address(server.get(PATH).bearer(&token), "203.0.113.7").expect(200)).1,
        99
    );
}

fn from_address<'c>(request: Request<'c>, address: &str) -> Request<'c> {
    request.header("x-forwarded-for", address)
}

#[test]
fn an_untrusted_peer_cannot_choose_its_address() {
    let server = limited(0);
    for used in 1..=3 {
        let answer = from_address(server.get(PATH), &format!("203.0.113.{used}")).expect(401);
        assert_eq!(answer.number("x-ratelimit-remaining"), 100 - used);
    }
}
