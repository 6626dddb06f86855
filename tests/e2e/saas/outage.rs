//! Databases that are away: 503 with `Retry-After`, no half write, and no restart when they are back.

use std::time::{Duration, Instant};

use crm_tests::{database::Backend, http::Answer, relay::Relay, server::Server};
use serde_json::json;

use super::{create, refusal};

const COMPANIES: &str = "/api/companies";

#[track_caller]
fn unavailable(server: &Server, answer: &Answer) {
    let error = refusal(server, answer, 503, "INTERNAL_ERROR");
    assert_eq!(
        error["message"], "The service is temporarily unavailable",
        "the cause is for the log"
    );
    assert!((1..=10).contains(&answer.number("retry-after")), "{answer:?}");
    // C-128, X-09
    for header in ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"] {
        assert!(answer.number(header) >= 0, "{header}");
    }
}

/// Asks as a client does that tries again after a 503.
fn until_answered(ask: impl Fn() -> Answer) -> Answer {
    let started = Instant::now();
    loop {
        let answer = ask();
        if answer.status != 503 || started.elapsed() > Duration::from_secs(20) {
            return answer;
        }
    }
}

#[test]
fn a_tenants_database_that_is_away_holds_up_nobody_else() {
    let server = Server::start(Backend::Postgres);
    let (ours, theirs) = (server.tenant("Ours"), server.tenant("Theirs"));
    let (token, other) = (ours.admin_token(), theirs.admin_token());
    create(&server, &token, COMPANIES, &json!({ "name": "Before" }));
    let postgres = server.postgres().unwrap();
    postgres.take_down_database(ours.tenant.location.strip_prefix("postgres:").unwrap());
    let body = json!({ "name": "Lost" });
    for answer in [
        server.get(COMPANIES).bearer(&token).send(),
        server.get("/api/companies/company_1").bearer(&token).send(),
        server.post(COMPANIES).bearer(&token).json(&body).send(),
        server.post("/api/deals").bearer(&token).json(&body).send(),
        server.put("/api/companies/company_1").bearer(&token).json(&body).send(),
        server.delete("/api/companies/company_1").bearer(&token).send(),
        server.get("/api/admin/requests").bearer(&token).send(),
    ] {
        unavailable(&server, &answer);
    }
    create(&server, &other, COMPANIES, &json!({ "name": "Theirs" }));
    postgres.bring_up();
    let answer = until_answered(|| server.get(COMPANIES).bearer(&token).send()).expect(200).json();
    assert_eq!((&answer["totalCount"], &answer["items"][0]["name"]), (&json!(1), &json!("Before")));
    until_answered(|| server.post(COMPANIES).bearer(&token).json(&json!({ "name": "After" })).send()).expect(201);
}

// A database that takes connections and answers nothing: what a hanging disk, or a machine behind a broken link, looks like.
#[test]
fn a_database_that_hangs_hangs_nobody() {
    let mut relay = None;
    let server = Server::with(Backend::Postgres, |settings| {
        let way = Relay::to(&settings.store.url);
        settings.store.url = way.url(&settings.store.url);
        relay = Some(way);
    });
    let relay = relay.unwrap();
    let token = server.tenant("Acme").admin_token();
    create(&server, &token, COMPANIES, &json!({ "name": "Before" }));
    server.get("/readyz").expect(200);
    relay.hang();
    let started = Instant::now();
    let answer = server.get("/readyz").expect(503);
    assert!(
        answer.number("retry-after") >= 1 && started.elapsed() < Duration::from_secs(5),
        "{answer:?}"
    );
    let lost = &json!({ "name": "Lost" });
    let credentials = &json!({ "email": "admin@acme.test", "password": crm_tests::tenant::PASSWORD });
    std::thread::scope(|scope| {
        scope.spawn(|| unavailable(&server, &server.post("/api/auth/login").json(credentials).send()));
        for _ in 0..3 {
            scope.spawn(|| unavailable(&server, &server.get(COMPANIES).bearer(&token).send()));
            scope.spawn(|| unavailable(&server, &server.post(COMPANIES).bearer(&token).json(lost).send()));
        }
    });
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    server.get("/livez").expect(200);
    relay.go_on();
    let answer = until_answered(|| server.get(COMPANIES).bearer(&token).send()).expect(200).json();
    assert_eq!(answer["items"][0]["name"], "Before");
    until_answered(|| server.get("/readyz").send()).expect(200);
    until_answered(|| server.post(COMPANIES).bearer(&token).json(&json!({ "name": "After" })).send()).expect(201);
}

#[test]
fn the_control_database_may_go_and_come_back() {
    let server = Server::start(Backend::Postgres);
    let tenant = server.tenant("Acme");
    let login = tenant.login(&tenant.admin);
    let postgres = server.postgres().unwrap();
    postgres.take_down();
    let credentials = json!({ "email": "admin@acme.test", "password": crm_tests::tenant::PASSWORD });
    let sign_in = || server.post("/api/auth/login").json(&credentials).send();
    for answer in [
        sign_in(),
        server
            .post("/api/auth/refresh")
            .json(&json!({ "refreshToken": login.refresh_token }))
            .send(),
        server.get(COMPANIES).bearer(&login.token).send(),
        server.get("/api/admin/api-keys").bearer(&login.token).send(),
    ] {
        unavailable(&server, &answer);
    }
    postgres.bring_up();
    // A login that could not be judged counts as no failure.
    until_answered(sign_in).expect(200);
    until_answered(|| server.get(COMPANIES).bearer(&login.token).send()).expect(200);
}
