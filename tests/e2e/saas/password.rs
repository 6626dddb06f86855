//! Changing the own password.

use std::time::Duration;

use crm_domain::control::user::Role;
use crm_tests::{each_server, http::Answer, server::Server, tenant::PASSWORD};
use serde_json::json;

use super::{details, refusal};

each_server! {
    a_new_password_ends_all_other_sessions,
}

const NEW: &str = "battery staple";

fn change(server: &Server, token: &str, old: &str, new: &str) -> Answer {
    let body = json!({ "oldPassword": old, "newPassword": new });
    server.post("/api/auth/change-password").bearer(token).json(&body).send()
}

fn a_new_password_ends_all_other_sessions(server: &Server) {
    let tenant = server.tenant("Acme");
    let (own, other) = (tenant.login(&tenant.admin), tenant.login(&tenant.admin));
    let bystander = tenant.login(&tenant.user(Role::User));
    assert_eq!(change(server, &own.token, PASSWORD, NEW).expect(204).text(), "");
    server.get("/api/auth/me").bearer(&own.token).expect(200);
    server.get("/api/auth/me").bearer(&bystander.token).expect(200);
    refusal(
        server,
        &server.get("/api/auth/me").bearer(&other.token).send(),
        401,
        "INVALID_TOKEN",
    );
    let refresh = |token: &str| server.post("/api/auth/refresh").json(&json!({ "refreshToken": token })).send();
    refusal(server, &refresh(&other.refresh_token), 401, "INVALID_TOKEN");
    refresh(&own.refresh_token).expect(200);
    let email = tenant.admin.email.as_ref().unwrap().as_str();
    let old = json!({ "email": email, "password": PASSWORD });
    refusal(server, &server.post("/api/auth/login").json(&old).send(), 401, "AUTH_FAILED");
    server.login(email, NEW);
}

#[test]
fn a_wrong_old_password_counts_as_a_failed_login() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    for _ in 0..5 {
        let error = refusal(&server, &change(&server, &token, "wrong", NEW), 422, "VALIDATION_ERROR");
        assert_eq!(details(&error), [("oldPassword", "Old password is not right")]);
    }
    let early = change(&server, &token, PASSWORD, NEW);
    refusal(&server, &early, 429, "RATE_LIMIT_EXCEEDED");
    server.advance(Duration::from_secs(early.number("retry-after").unsigned_abs()));
    change(&server, &token, PASSWORD, NEW).expect(204);
}

#[test]
fn what_is_wrong_with_a_new_password_is_told() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    for (old, new, expected) in [
        ("", "short", vec!["newPassword", "oldPassword"]),
        (PASSWORD, PASSWORD, vec!["newPassword"]),
        (PASSWORD, &*"x".repeat(129), vec!["newPassword"]),
    ] {
        let error = refusal(&server, &change(&server, &token, old, new), 422, "VALIDATION_ERROR");
        let named: Vec<&str> = details(&error).into_iter().map(|(field, _)| field).collect();
        assert_eq!(named, expected);
    }
    let stranger = server.post("/api/auth/change-password").json(&json!({})).send();
    refusal(&server, &stranger, 401, "AUTH_FAILED");
    tenant.login(&tenant.admin);
}
