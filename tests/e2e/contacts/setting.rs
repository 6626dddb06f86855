//! What users set for themselves (contract D-165 … D-174, X-146, X-147).

use std::time::Duration;

use crm_domain::control::user::Role;
use crm_tests::{each_server, server::Server, tenant::PASSWORD};
use serde_json::{Value, json};

use super::{Browser, details, full, keys, login, refusal, text};

each_server! {
    a_profile_changes_field_by_field,
    what_is_wrong_with_a_profile_is_told,
    a_password_changes_for_the_present_one,
    sections_hold_what_their_user_puts_there,
    an_account_is_closed_for_ever,
    closing_an_account_asks_who_it_is,
}

fn put(browser: &Browser<'_>, section: &str, body: &Value) -> crm_tests::http::Answer {
    browser.request("PUT", &format!("/api/settings/{section}")).json(body).send()
}

// D-165, D-166
fn a_profile_changes_field_by_field(server: &Server) {
    let tenant = server.tenant("Acme");
    let browser = Browser::of(server, &tenant.admin);
    let body = json!({
        "name": "John Doe", "email": "john@example.com", "phone": "+1-555-123-4567", "timezone": "America/New_York", "language": "en"
    });
    let answer = put(&browser, "profile", &body).expect(200).json();
    assert_eq!(keys(&answer), ["success", "user"]);
    for (name, value) in body.as_object().unwrap() {
        assert_eq!(&answer["user"][name], value, "{name}");
    }
    let user = browser.request("GET", "/api/auth/user").expect(200).json();
    assert_eq!((&user["name"], &user["email"]), (&body["name"], &body["email"]));
    let answer = put(&browser, "profile", &json!({ "phone": null, "language": "pt-BR" }))
        .expect(200)
        .json();
    assert_eq!(
        (&answer["user"]["phone"], &answer["user"]["language"]),
        (&Value::Null, &json!("pt-BR"))
    );
    assert_eq!(answer["user"]["timezone"], body["timezone"]);
    assert_eq!(browser.request("GET", "/api/settings/profile").expect(200).json(), answer);
    login(server, "admin@acme.test", PASSWORD).expect(401);
    login(server, "john@example.com", PASSWORD).expect(200);
}

fn what_is_wrong_with_a_profile_is_told(server: &Server) {
    let tenant = server.tenant("Acme");
    server.tenant("Bolt");
    let browser = Browser::of(server, &tenant.admin);
    let wrong = json!({ "name": 1, "email": "nobody", "timezone": "New York!", "language": "e_n", "phone": "x".repeat(101) });
    let error = refusal(server, &put(&browser, "profile", &wrong), 400, "VALIDATION_ERROR");
    let expected = [
        ("email", "invalid_string"),
        ("language", "custom"),
        ("name", "invalid_type"),
        ("phone", "too_big"),
        ("timezone", "custom"),
    ];
    assert_eq!(details(&error), expected);
    // Of the right form, and yet none.
    let unknown = put(
        &browser,
        "profile",
        &json!({ "timezone": "Europe/Atlantis", "language": "en-US-DE" }),
    );
    let error = refusal(server, &unknown, 400, "VALIDATION_ERROR");
    assert_eq!(details(&error), [("language", "custom"), ("timezone", "custom")]);
    let zone = put(&browser, "profile", &json!({ "timezone": "europe/berlin" })).expect(200).json();
    assert_eq!(zone["user"]["timezone"], "Europe/Berlin");
    let error = refusal(
        server,
        &put(&browser, "profile", &json!({ "email": null })),
        400,
        "VALIDATION_ERROR",
    );
    assert_eq!(details(&error), [("email", "required")]);
    let taken = put(&browser, "profile", &json!({ "email": "ADMIN@bolt.test", "phone": "1" }));
    refusal(server, &taken, 409, "DUPLICATE_RESOURCE");
    let profile = browser.request("GET", "/api/settings/profile").expect(200).json();
    assert_eq!(profile["user"]["phone"], Value::Null, "nothing of a refused change is kept");
}

// D-167, D-168, X-22
fn a_password_changes_for_the_present_one(server: &Server) {
    let tenant = server.tenant("Acme");
    let [browser, other] = [&tenant.admin, &tenant.admin].map(|user| Browser::of(server, user));
    let change = |current: &str, new: &str| put(&browser, "password", &json!({ "currentPassword": current, "newPassword": new }));
    let error = refusal(server, &change("wrong", "a new password"), 400, "VALIDATION_ERROR");
    assert_eq!(details(&error), [("currentPassword", "custom")]);
    let error = refusal(server, &change(PASSWORD, "short"), 400, "VALIDATION_ERROR");
    assert_eq!(details(&error), [("newPassword", "too_small")]);
    assert_eq!(change(PASSWORD, "a new password").expect(200).json()["success"], true);
    login(server, "admin@acme.test", PASSWORD).expect(401);
    login(server, "admin@acme.test", "a new password").expect(200);
    browser.request("GET", "/api/auth/user").expect(200);
    other.request("GET", "/api/auth/user").expect(401);
}

// D-169, D-170, D-171, D-172
fn sections_hold_what_their_user_puts_there(server: &Server) {
    let tenant = server.tenant("Acme");
    let [browser, other] = [&tenant.admin, &tenant.user(Role::User)].map(|user| Browser::of(server, user));
    for (number, section) in ["notifications", "system", "appearance"].into_iter().enumerate() {
        let path = format!("/api/settings/{section}");
        assert_eq!(
            browser.request("GET", &path).expect(200).json(),
            json!({ "success": true, "settings": {} })
        );
        let settings = json!({ "number": number, "nested": { "Ünïcode": ["🪑", null, 1.5] }, "Theme": "dark" });
        let answer = put(&browser, section, &settings).expect(200).json();
        assert_eq!(answer, json!({ "success": true, "settings": settings }));
        assert_eq!(browser.request("GET", &path).expect(200).json(), answer);
        put(&browser, section, &json!({ "other": true })).expect(200);
        assert_eq!(
            browser.request("GET", &path).expect(200).json()["settings"],
            json!({ "other": true })
        );
        assert_eq!(other.request("GET", &path).expect(200).json()["settings"], json!({}));
        let error = refusal(
            server,
            &put(&browser, section, &json!({ "a": "x".repeat(16 * 1024) })),
            400,
            "VALIDATION_ERROR",
        );
        assert_eq!(details(&error), [(section, "custom")]);
        refusal(server, &put(&browser, section, &json!([1])), 400, "BAD_REQUEST");
    }
}

// D-173, D-174, X-147
fn an_account_is_closed_for_ever(server: &Server) {
    let tenant = server.tenant("Acme");
    let user = tenant.user(Role::Manager);
    let email = user.email.clone().unwrap().into_inner();
    let [browser, other] = [&user, &user].map(|user| Browser::of(server, user));
    let made = browser
        .request("POST", "/api/api-keys")
        .json(&json!({ "label": "Mine", "scopes": ["tags:read"] }));
    let key = text(&made.expect(201).json()["key"]).to_owned();
    let kept = full(&tenant);
    put(&browser, "system", &json!({ "a": 1 })).expect(200);
    let answer = browser.request("DELETE", "/api/settings/delete-account").expect(200);
    assert_eq!(answer.json()["success"], true);
    assert!(answer.header("set-cookie").unwrap().contains("Max-Age=0"));
    for gone in [&browser, &other] {
        gone.request("GET", "/api/auth/user").expect(401);
    }
    login(server, &email, PASSWORD).expect(401);
    server.get("/api/v1/tags").bearer(&key).expect(401);
    server.get("/api/v1/tags").bearer(&kept).expect(200);
    // Its email is free.
    let admin = Browser::of(server, &tenant.admin);
    put(&admin, "profile", &json!({ "email": email })).expect(200);
    let error = refusal(
        server,
        &admin.request("DELETE", "/api/settings/delete-account").send(),
        409,
        "DUPLICATE_RESOURCE",
    );
    assert!(text(&error["message"]).contains("last active Admin"));
    admin.request("GET", "/api/auth/user").expect(200);
}

//
fn closing_an_account_asks_who_it_is(server: &Server) {
    let tenant = server.tenant("Acme");
    let user = tenant.user(Role::User);
    let browser = Browser::of(server, &user);
    server.advance(Duration::from_secs(301));
    let close = |body: Value| browser.request("DELETE", "/api/settings/delete-account").json(&body).send();
    refusal(server, &close(json!({})), 403, "FORBIDDEN");
    let error = refusal(server, &close(json!({ "password": "wrong" })), 400, "VALIDATION_ERROR");
    assert_eq!(details(&error), [("password", "custom")]);
    close(json!({ "password": PASSWORD })).expect(200);
}
