//! Refreshing (contract C-16 … C-20, X-83, X-84).

use std::{thread, time::Duration};

use crm_tests::{each_server, http::Answer, server::Server};
use serde_json::{Value, json};

use super::{details, keys, refusal, text};

each_server! {
    a_refresh_rotates_both_tokens,
    a_repeated_refresh_gets_the_same_successor_for_30_seconds,
    a_reuse_ends_the_whole_chain_at_once,
    a_refresh_token_lives_seven_days,
    refreshes_at_once_agree_on_the_successor,
}

const DAY: u64 = 24 * 60 * 60;

/// As the document's token manager sends it: no content type but the one fetch gives to texts.
fn refresh(server: &Server, token: &str) -> Answer {
    let body = json!({ "refreshToken": token }).to_string();
    server
        .post("/api/auth/refresh")
        .header("content-type", "text/plain;charset=UTF-8")
        .body(body)
        .send()
}

fn refreshed(server: &Server, token: &str) -> (String, String) {
    let answer = refresh(server, token).expect(200).json();
    (text(&answer["token"]).to_owned(), text(&answer["refreshToken"]).to_owned())
}

#[track_caller]
fn refused(server: &Server, token: &str) {
    let error = refusal(server, &refresh(server, token), 401, "INVALID_TOKEN");
    assert_eq!(error["message"], "The refresh token is invalid or has expired");
}

// C-17, C-18, C-19
fn a_refresh_rotates_both_tokens(server: &Server) {
    let tenant = server.tenant("Acme");
    let login = tenant.login(&tenant.admin);
    let answer = refresh(server, &login.refresh_token).expect(200).json();
    assert_eq!(keys(&answer), ["expiresIn", "refreshToken", "token"]);
    assert_eq!(answer["expiresIn"], json!(3600));
    assert_ne!(answer["token"], login.token);
    assert_ne!(answer["refreshToken"], login.refresh_token);
    // The old access token lives on until its time is over: a client may have requests under way.
    for token in [text(&answer["token"]), &login.token] {
        server.get("/api/companies").bearer(token).expect(200);
    }
    let (_, third) = refreshed(server, text(&answer["refreshToken"]));
    assert_ne!(json!(third), answer["refreshToken"]);
    // After an hour only the refresh token is left, and it is enough.
    server.advance(Duration::from_secs(3_600));
    server.get("/api/companies").bearer(&login.token).expect(401);
    let (token, _) = refreshed(server, &third);
    server.get("/api/companies").bearer(&token).expect(200);
}

// X-83 as decided
fn a_repeated_refresh_gets_the_same_successor_for_30_seconds(server: &Server) {
    let tenant = server.tenant("Acme");
    let login = tenant.login(&tenant.admin);
    let (_, successor) = refreshed(server, &login.refresh_token);
    server.advance(Duration::from_secs(30));
    let (token, again) = refreshed(server, &login.refresh_token);
    assert_eq!(successor, again);
    server.get("/api/companies").bearer(&token).expect(200);
    refreshed(server, &successor);
}

//
fn a_reuse_ends_the_whole_chain_at_once(server: &Server) {
    let tenant = server.tenant("Acme");
    let (stolen, other) = (tenant.login(&tenant.admin), tenant.login(&tenant.admin));
    let (second_access, second) = refreshed(server, &stolen.refresh_token);
    server.advance(Duration::from_secs(31));
    let (third_access, third) = refreshed(server, &second);
    server.get("/api/companies").bearer(&third_access).expect(200);
    refused(server, &stolen.refresh_token);
    for refresh_token in [&stolen.refresh_token, &second, &third] {
        refused(server, refresh_token);
    }
    for access in [&stolen.token, &second_access, &third_access] {
        refusal(server, &server.get("/api/companies").bearer(access).send(), 401, "INVALID_TOKEN");
    }
    // The user's other session goes on.
    server.get("/api/companies").bearer(&other.token).expect(200);
    refreshed(server, &other.refresh_token);
}

// C-27
fn a_refresh_token_lives_seven_days(server: &Server) {
    let tenant = server.tenant("Acme");
    let (kept, forgotten) = (tenant.login(&tenant.admin), tenant.login(&tenant.admin));
    server.advance(Duration::from_secs(7 * DAY - 1));
    let (_, fresh) = refreshed(server, &kept.refresh_token);
    server.advance(Duration::from_secs(1));
    refused(server, &forgotten.refresh_token);
    // Each successor has seven days of its own.
    server.advance(Duration::from_secs(7 * DAY - 2));
    let (token, _) = refreshed(server, &fresh);
    server.get("/api/companies").bearer(&token).expect(200);
}

fn refreshes_at_once_agree_on_the_successor(server: &Server) {
    let tenant = server.tenant("Acme");
    let login = tenant.login(&tenant.admin);
    let successors: Vec<String> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| refreshed(server, &login.refresh_token).1)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(successors.iter().all(|successor| *successor == successors[0]), "{successors:?}");
    refreshed(server, &successors[0]);
}

// C-20, X-84
#[test]
fn what_is_no_refresh_token_is_refused() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let login = tenant.login(&tenant.admin);
    for token in [
        "x".to_owned(),
        "A".repeat(43),
        "A".repeat(100_000),
        login.token.clone(),
        format!("{} ", login.refresh_token),
        login.refresh_token.to_uppercase(),
    ] {
        refused(&server, &token);
    }
    let post = |body: Value| server.post("/api/auth/refresh").json(&body).send();
    for (body, message) in [
        (json!({}), "Refresh token is required"),
        (json!({ "refreshToken": null }), "Refresh token is required"),
        (json!({ "refreshToken": "" }), "Refresh token is required"),
        (json!({ "refreshToken": 5 }), "Refresh token must be a string"),
    ] {
        let error = refusal(&server, &post(body), 422, "VALIDATION_ERROR");
        assert_eq!(details(&error), [("refreshToken", message)]);
    }
    post(json!({ "RefreshToken": login.refresh_token })).expect(200);
}

#[test]
fn whoever_left_cannot_refresh() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let login = tenant.login(&tenant.admin);
    let leaver = tenant.change_user(&tenant.admin, |user| user.is_active = false);
    refused(&server, &login.refresh_token);
    tenant.change_user(&leaver, |user| user.is_active = true);
    refreshed(&server, &login.refresh_token);
    let mut closed = tenant.tenant.clone();
    closed.is_active = false;
    server.control().writing(|unit| unit.tenants().update(&closed)).unwrap();
    refused(&server, &login.refresh_token);
}

#[test]
fn a_restart_keeps_sessions() {
    let server = Server::sqlite();
    let (token, refresh_token) = {
        let tenant = server.tenant("Acme");
        let login = tenant.login(&tenant.admin);
        (login.token, login.refresh_token)
    };
    let server = server.restart();
    server.get("/api/companies").bearer(&token).expect(200);
    refreshed(&server, &refresh_token);
}
