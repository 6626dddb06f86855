//! `Idempotency-Key` where the effect is in the control plane (contract C-144, X-109 as decided).

use std::{thread, time::Duration};

use crm_domain::control::user::Role;
use crm_tests::{each_server, http::Answer, server::Server, tenant::PASSWORD};
use serde_json::{Value, json};

use super::{create, refusal, text};

each_server! {
    a_user_is_made_once,
    an_invitation_is_sent_once_and_its_token_shown_again,
    keeping_a_user_out_twice_does_so_once,
    a_password_is_changed_once,
    an_api_key_and_its_guard_are_made_together,
}

const KEY: &str = "5d41402abc4b2a76b9719d911017c592";

fn post(server: &Server, token: &str, path: &str, body: &Value) -> Answer {
    server.post(path).bearer(token).header("idempotency-key", KEY).json(body).send()
}

#[track_caller]
fn assert_again(first: &Answer, again: &Answer) {
    assert_eq!((again.status, &again.body), (first.status, &first.body), "to the byte");
    for header in ["location", "etag", "content-type", "cache-control"] {
        assert_eq!(again.header(header), first.header(header), "{header}");
    }
    assert_eq!(
        (first.header("idempotent-replayed"), again.header("idempotent-replayed")),
        (None, Some("true"))
    );
}

fn a_user_is_made_once(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let body = json!({ "email": "grace@acme.test", "password": "Grace@123", "name": "Grace" });
    let first = post(server, &token, "/api/users", &body).expect(201);
    let item = first.header("location").unwrap().to_owned();
    server
        .put(&item)
        .bearer(&token)
        .json(&json!({ "name": "Changed since" }))
        .expect(200);
    assert_again(&first, &post(server, &token, "/api/users", &body));
    // Every node knows it.
    assert_again(&first, &post(&server.another_node(), &token, "/api/users", &body));
    for other in [
        json!({ "email": "grace@acme.test", "password": "Grace@124", "name": "Grace" }),
        json!({ "email": "alan@acme.test", "password": "Grace@123", "name": "Grace" }),
    ] {
        let error = refusal(server, &post(server, &token, "/api/users", &other), 422, "VALIDATION_ERROR");
        assert_eq!(error["message"], "This Idempotency-Key was used with a different request body");
    }
    // Another user's keys are its own.
    let second = tenant.login(&tenant.user(Role::Admin)).token;
    refusal(server, &post(server, &second, "/api/users", &body), 409, "DUPLICATE");
    assert_eq!(server.get("/api/users").bearer(&token).expect(200).json()["totalCount"], 3);
    // A day later it is forgotten, and purged.
    server.advance(Duration::from_secs(24 * 3_600 + 1));
    server.purge();
    let token = tenant.admin_token();
    refusal(server, &post(server, &token, "/api/users", &body), 409, "DUPLICATE");
}

fn an_invitation_is_sent_once_and_its_token_shown_again(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let body = json!({ "email": "sam@acme.test", "role": "Manager" });
    let answers: Vec<Answer> = thread::scope(|scope| {
        let threads: Vec<_> = (0..6)
            .map(|_| scope.spawn(|| post(server, &token, "/api/invitations", &body)))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let (first, again): (Vec<&Answer>, Vec<&Answer>) = answers.iter().partition(|answer| answer.header("idempotent-replayed").is_none());
    assert_eq!((first.len(), again.len()), (1, 5));
    assert_eq!((first[0].status, first[0].header("cache-control")), (201, Some("no-store")));
    for again in &again {
        assert_again(first[0], again);
    }
    let invited = first[0].json();
    assert_eq!(
        first[0].header("location"),
        Some(format!("/api/invitations/{}", text(&invited["invitation"]["id"])).as_str())
    );
    assert_eq!(server.get("/api/invitations").bearer(&token).expect(200).json()["totalCount"], 1);
    // The token that was shown again is the one that counts.
    let accepted = json!({ "token": again[0].json()["token"], "password": "Sam@12345" });
    server.post("/api/auth/accept-invitation").json(&accepted).expect(201);
    let other = json!({ "email": "eve@acme.test" });
    refusal(server, &post(server, &token, "/api/invitations", &other), 422, "VALIDATION_ERROR");
}

fn keeping_a_user_out_twice_does_so_once(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let made = create(
        server,
        &token,
        "/api/users",
        &json!({ "email": "grace@acme.test", "password": "Grace@123" }),
    );
    let item = format!("/api/users/{}", text(&made["id"]));
    let (out, back) = (format!("{item}/deactivate"), format!("{item}/reactivate"));
    let is_active = || server.get(&item).bearer(&token).expect(200).json()["isActive"].clone();
    let send = |path: &str| server.post(path).bearer(&token).header("idempotency-key", KEY).send();
    let first = send(&out).expect(200);
    assert_eq!(first.json()["isActive"], false);
    let returned = send(&back).expect(200);
    assert_eq!((returned.json()["isActive"].clone(), is_active()), (json!(true), json!(true)));
    // What comes late undoes nothing.
    assert_again(&first, &send(&out));
    assert_eq!(is_active(), true);
    assert_again(&returned, &send(&back));
    // A stale condition keeps nothing under its key.
    let stale = || {
        server
            .post(&out)
            .bearer(&token)
            .header("idempotency-key", "other")
            .header("if-match", "\"1\"")
    };
    refusal(server, &stale().send(), 412, "VALIDATION_ERROR");
    refusal(server, &stale().send(), 412, "VALIDATION_ERROR");
}

fn a_password_is_changed_once(server: &Server) {
    let tenant = server.tenant("Acme");
    let own = tenant.login(&tenant.admin);
    let body = json!({ "oldPassword": PASSWORD, "newPassword": "battery staple" });
    let path = "/api/auth/change-password";
    let first = post(server, &own.token, path, &body).expect(204);
    assert_again(&first, &post(server, &own.token, path, &body));
    let other = json!({ "oldPassword": "battery staple", "newPassword": "Another@1" });
    refusal(server, &post(server, &own.token, path, &other), 422, "VALIDATION_ERROR");
    server.login(tenant.admin.email.as_ref().unwrap().as_str(), "battery staple");
}

// a key is shown once.
fn an_api_key_and_its_guard_are_made_together(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let path = "/api/admin/api-keys";
    let body = json!({ "family": "elevate", "name": "Once" });
    post(server, &token, path, &body).expect(201);
    let refused = post(server, &token, path, &body);
    let error = refusal(server, &refused, 409, "DUPLICATE");
    assert!(text(&error["message"]).contains("shown only once"), "{error}");
    refusal(
        server,
        &post(server, &token, path, &json!({ "family": "elevate", "name": "Other" })),
        422,
        "VALIDATION_ERROR",
    );
    assert_eq!(server.get(path).bearer(&token).expect(200).json()["totalCount"], 1);
}
