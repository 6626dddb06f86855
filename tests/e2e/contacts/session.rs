//! Signing in and out with a cookie (contract D-154 … D-164, X-142 … X-145).

use std::time::Duration;

use crm_domain::control::user::Role;
use crm_tests::{database::Backend, each_server, server::Server, tenant::PASSWORD};
use serde_json::json;

use super::{Browser, assert_uuid, check_headers, cookie, details, keys, login, refusal, text};

each_server! {
    a_login_answers_as_documented_and_its_cookie_opens_the_rest,
    a_session_ends_when_it_is_not_used_or_was_used_for_long,
    a_logout_ends_its_session_alone,
    whoever_may_not_enter_gets_one_and_the_same_answer,
}

const DAY: Duration = Duration::from_secs(24 * 3_600);

// D-154, D-155, D-156, D-157, D-158, D-159, D-163, D-164, X-143: a user of family C signs in too
fn a_login_answers_as_documented_and_its_cookie_opens_the_rest(server: &Server) {
    let tenant = server.tenant("Acme");
    let answer = login(server, "admin@acme.test", PASSWORD).expect(200);
    check_headers(server, &answer);
    let body = answer.json();
    assert_eq!(keys(&body), ["success", "token", "user"]);
    assert_eq!(body["success"], true);
    assert_eq!(keys(&body["user"]), ["email", "id", "name"]);
    assert_uuid(&body["user"]["id"]);
    assert_eq!(
        (&body["user"]["email"], &body["user"]["name"]),
        (&json!("admin@acme.test"), &json!("Ada Admin"))
    );
    //
    let set = answer.header("set-cookie").unwrap();
    let attributes: Vec<&str> = set.split("; ").skip(1).collect();
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=604800"] {
        assert!(attributes.contains(&attribute), "{set}");
    }
    assert!(!attributes.contains(&"Secure") && set.starts_with("session="), "{set}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    // the token is no way in
    assert!(!set.contains(text(&body["token"])));
    let as_cookie = format!("session={}", text(&body["token"]));
    refusal(
        server,
        &server.get("/api/auth/user").header("cookie", as_cookie).send(),
        401,
        "UNAUTHORIZED",
    );
    //
    let user = server.get("/api/auth/user").header("cookie", cookie(&answer)).expect(200);
    check_headers(server, &user);
    assert_eq!(user.json(), body["user"]);
    for wrong in ["", "session=", "session=garbage", &format!("session={}", "A".repeat(43))] {
        refusal(
            server,
            &server.get("/api/auth/user").header("cookie", wrong).send(),
            401,
            "UNAUTHORIZED",
        );
    }
    refusal(
        server,
        &server.get("/api/auth/user").bearer(&tenant.admin_token()).send(),
        401,
        "UNAUTHORIZED",
    );
}

#[test]
fn the_cookie_is_for_https_alone_where_configured() {
    let server = Server::with(Backend::Sqlite, |settings| settings.auth.sessions.secure_cookie = true);
    server.tenant("Acme");
    let answer = login(&server, "admin@acme.test", PASSWORD).expect(200);
    assert!(answer.header("set-cookie").unwrap().contains("; Secure"));
}

//
fn a_session_ends_when_it_is_not_used_or_was_used_for_long(server: &Server) {
    let tenant = server.tenant("Acme");
    let [used, idle] = [&tenant.admin, &tenant.admin].map(|user| Browser::of(server, user));
    for hour in 1..=7 * 24 {
        server.advance(Duration::from_secs(3_600));
        let expected = if hour < 7 * 24 { 200 } else { 401 };
        used.request("GET", "/api/auth/user").expect(expected);
    }
    refusal(server, &idle.request("GET", "/api/auth/user").send(), 401, "UNAUTHORIZED");
    let again = Browser::of(server, &tenant.admin);
    server.advance(DAY - Duration::from_secs(1));
    again.request("GET", "/api/auth/user").expect(200);
    server.advance(DAY + Duration::from_secs(1));
    refusal(server, &again.request("GET", "/api/auth/user").send(), 401, "UNAUTHORIZED");
}

#[test]
fn a_session_used_on_one_node_lives_on_the_other() {
    let server = Server::start(Backend::Sqlite);
    let node = server.another_node();
    let browser = Browser::of(&server, &server.tenant("Acme").admin);
    for _ in 0..4 {
        server.advance(DAY / 2 + Duration::from_secs(3_600));
        browser.request("GET", "/api/auth/user").expect(200);
    }
    node.get("/api/auth/user").header("cookie", &browser.cookie).expect(200);
    browser.request("POST", "/api/logout").expect(200);
    node.get("/api/auth/user").header("cookie", &browser.cookie).expect(401);
}

// D-160, D-161, D-162
fn a_logout_ends_its_session_alone(server: &Server) {
    let tenant = server.tenant("Acme");
    let [one, other] = [&tenant.admin, &tenant.admin].map(|user| Browser::of(server, user));
    let answer = one.request("POST", "/api/logout").expect(200);
    assert_eq!(answer.json(), json!({ "success": true }));
    assert!(answer.header("set-cookie").unwrap().starts_with("session=; ") && answer.header("set-cookie").unwrap().contains("Max-Age=0"));
    for path in ["/api/auth/user", "/api/api-keys"] {
        refusal(server, &one.request("GET", path).send(), 401, "UNAUTHORIZED");
    }
    refusal(server, &one.request("POST", "/api/logout").send(), 401, "UNAUTHORIZED");
    other.request("GET", "/api/auth/user").expect(200);
    // A user who is kept out is out at once.
    tenant.change_user(&tenant.admin, |user| user.is_active = false);
    refusal(server, &other.request("GET", "/api/auth/user").send(), 401, "UNAUTHORIZED");
}

//
fn whoever_may_not_enter_gets_one_and_the_same_answer(server: &Server) {
    let tenant = server.tenant("Acme");
    let leaver = tenant.user(Role::User);
    tenant.change_user(&leaver, |user| user.is_active = false);
    let leaver = leaver.email.unwrap().into_inner();
    for (email, password) in [
        ("admin@acme.test", "wrong"),
        ("nobody@acme.test", PASSWORD),
        (leaver.as_str(), PASSWORD),
    ] {
        let answer = login(server, email, password);
        let error = refusal(server, &answer, 401, "UNAUTHORIZED");
        assert_eq!(error["message"], "Invalid email or password");
        assert!(answer.header("set-cookie").is_none());
    }
    let error = refusal(
        server,
        &server.post("/api/login").json(&json!({ "email": 1 })).send(),
        400,
        "VALIDATION_ERROR",
    );
    assert_eq!(details(&error), [("email", "invalid_type"), ("password", "required")]);
    refusal(server, &server.post("/api/login").body("{").send(), 400, "BAD_REQUEST");
}

#[test]
fn guessing_is_slowed_down() {
    let server = Server::sqlite();
    server.tenant("Acme");
    for _ in 0..5 {
        login(&server, "admin@acme.test", "wrong").expect(401);
    }
    let answer = login(&server, "admin@acme.test", PASSWORD);
    // The fifth failure has made the account wait at this address.
    let error = refusal(&server, &answer, 429, "RATE_LIMIT_EXCEEDED");
    assert_eq!(error["details"]["retryAfter"], answer.number("retry-after"));
    server.advance(Duration::from_secs(1));
    login(&server, "admin@acme.test", PASSWORD).expect(200);
}
