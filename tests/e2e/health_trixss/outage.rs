//! A database that is away: 503 with `Retry-After` in A's envelope, and no restart when it is back.

use std::time::{Duration, Instant};

use crm_tests::{database::Backend, http::Answer, server::Server};

use super::{BASE, ENDPOINTS, assert_error, documented};

#[track_caller]
fn assert_unavailable(answer: &Answer) {
    assert_error(answer, 503, "Service unavailable", "The service is temporarily unavailable");
    assert!((1..=5).contains(&answer.number("retry-after")), "{answer:?}");
    // Every answer has them, also where nobody could find out whose request it was.
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
fn a_tenants_database_that_is_away_is_told_and_found_again() {
    let server = Server::start(Backend::Postgres);
    let (desk, healthy) = (documented(&server), super::Desk::named(&server, "Bolt"));
    desk.get("/accounts");
    let postgres = server.postgres().unwrap();
    let database = desk.tenant.tenant.location.strip_prefix("postgres:").unwrap().to_owned();
    postgres.take_down_database(&database);
    for path in ENDPOINTS {
        // Connections that were cut are only noticed when they are used: each may fail once.
        assert_unavailable(&desk.ask(path));
    }
    healthy.get("/accounts");
    server.get("/readyz").expect(200);
    postgres.bring_up();
    let answer = until_answered(|| desk.ask("/accounts/ACT-00001"));
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[test]
fn the_whole_database_server_may_go_and_come_back() {
    let server = Server::start(Backend::Postgres);
    let desk = documented(&server);
    desk.get("/accounts");
    let postgres = server.postgres().unwrap();
    postgres.take_down();
    for path in ENDPOINTS {
        assert_unavailable(&desk.ask(path));
    }
    assert!(server.get("/readyz").expect(503).number("retry-after") >= 1);
    server.get("/livez").expect(200);
    postgres.bring_up();
    let answer = until_answered(|| desk.ask("/accounts/ACT-00001"));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(until_answered(|| server.get("/readyz").send()).status, 200);
}

#[test]
fn a_missing_file_is_told_and_found_again() {
    let server = Server::sqlite();
    let (key, location) = {
        let desk = documented(&server);
        (desk.key.text.clone(), desk.tenant.tenant.location.clone())
    };
    let folder = server
        .data_dir()
        .join(location.strip_prefix("sqlite:").unwrap())
        .parent()
        .unwrap()
        .to_owned();
    let away = folder.with_extension("away");
    // A server that has it open keeps the file: another one is started on what is left.
    let server = server.restart_after(|| std::fs::rename(&folder, &away).unwrap());
    let ask = || server.get(&format!("{BASE}/accounts/ACT-00001")).key(&key).send();
    assert_unavailable(&ask());
    std::fs::rename(&away, &folder).unwrap();
    let answer = until_answered(ask);
    assert_eq!(answer.status, 200, "{answer:?}");
}
