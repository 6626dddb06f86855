//! Rate limits (contract C-125 … C-130, X-07 … … X-104).

use std::{
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use crm_domain::control::user::Role;
use crm_tests::{
    database::{Backend, START},
    http::{Answer, Request},
    redis::Redis,
    server::Server,
};
use serde_json::json;

use super::refusal;

const PATH: &str = "/api/companies";

/// The documented limits; with or without places to wait in.
fn limited(places: u32) -> Server {
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
        assert_eq!(reset, START.seconds() + 60, "the first request opened the minute");
    }
    let refused = get();
    let error = refusal(&server, &refused, 429, "RATE_LIMIT_EXCEEDED");
    assert_eq!(error["message"], "Rate limit exceeded");
    let (limit, remaining, reset) = numbers(&refused);
    assert_eq!((limit, remaining, reset), (100, 0, START.seconds() + 60));
    // Not one more comes through, and waiting as long as either header says is enough.
    assert_eq!(refused.number("retry-after"), 60);
    server.advance(Duration::from_millis(59_500));
    let refused = get();
    refusal(&server, &refused, 429, "RATE_LIMIT_EXCEEDED");
    assert_eq!(refused.number("retry-after"), 1);
    server.advance(Duration::from_millis(500));
    assert_eq!(numbers(&get().expect(200)), (100, 99, START.seconds() + 120));
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
    let server = Server::with(Backend::Sqlite, |settings| {
        settings.rate_limits = crm_server::settings::Settings::defaults().unwrap().rate_limits;
        settings.rate_limits.saas_tiers = [("default".to_owned(), 300)].into();
    });
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    for _ in 0..300 {
        server.get(PATH).bearer(&token).expect(200);
    }
    let started = Instant::now();
    let (mut waited, mut refused) = (Vec::new(), Vec::new());
    thread::scope(|scope| {
        let (sender, answers) = mpsc::channel();
        for _ in 0..11 {
            let (sender, server, token) = (sender.clone(), &server, &token);
            scope.spawn(move || sender.send((server.get(PATH).bearer(token).send(), started.elapsed())).unwrap());
        }
        for (answer, after) in answers.iter().take(11) {
            if answer.status == 200 { &mut waited } else { &mut refused }.push((answer, after));
        }
    });
    // A minute's three hundredth each: the tenth has its turn after two seconds, and the refusal came before.
    waited.sort_by_key(|(_, after)| *after);
    assert_eq!((waited.len(), refused.len()), (10, 1));
    for (place, (answer, after)) in (1..).zip(&waited) {
        assert!(*after >= Duration::from_millis(200) * place, "{place} after {after:?}");
        assert_eq!(numbers(answer), (300, 0, START.seconds() + 60));
    }
    assert!(refused[0].1 < waited[9].1, "at once");
    refusal(&server, &refused[0].0, 429, "RATE_LIMIT_EXCEEDED");
    assert_eq!(refused[0].0.number("retry-after"), 60);
    assert_eq!(numbers(&refused[0].0), (300, 0, START.seconds() + 60));
    // The next minute lets through what those ten have left of it.
    server.advance(Duration::from_secs(60));
    assert_eq!(numbers(&server.get(PATH).bearer(&token).expect(200)).1, 300 - 10 - 1);
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
        assert_eq!(answer.number("retry-after"), 60);
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

// C-125: also over several servers
#[test]
fn servers_that_share_a_redis_count_together() {
    let redis = Redis::start();
    let first = Server::with(Backend::Sqlite, |settings| {
        settings.rate_limits.saas_tiers = [("default".to_owned(), 6)].into();
        settings.rate_limits.saas_queue = 0;
        settings.redis = redis.settings();
    });
    let second = first.another_node();
    let tenant = first.tenant("Acme");
    let token = tenant.admin_token();
    for left in [5, 3, 1] {
        assert_eq!(numbers(&first.get(PATH).bearer(&token).expect(200)).1, left);
        assert_eq!(numbers(&second.get(PATH).bearer(&token).expect(200)).1, left - 1);
    }
    for server in [&first, &second] {
        let refused = server.get(PATH).bearer(&token).send();
        refusal(server, &refused, 429, "RATE_LIMIT_EXCEEDED");
        assert!((1..=60).contains(&refused.number("retry-after")));
    }
}
