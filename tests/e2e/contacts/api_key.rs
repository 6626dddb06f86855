//! The current user's API keys (contract D-17 … D-20, D-207 … D-216, X-155).

use crm_domain::control::{api_key::KeyFamily, user::Role};
use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{Browser, assert_uuid, details, keys, refusal, text};

each_server! {
    a_key_is_shown_once_and_works_until_it_is_revoked,
    a_user_sees_its_own_keys_alone,
    what_is_wrong_with_a_key_is_told,
    a_keys_scopes_are_a_part_of_its_makers_rights,
    a_repeated_request_makes_no_second_key,
}

fn create(browser: &Browser<'_>, body: &Value) -> crm_tests::http::Answer {
    browser.request("POST", "/api/api-keys").json(body).send()
}

// D-17, D-18, D-19, D-20, D-209, D-210, D-211, D-212, D-213, D-214, D-215, D-216, D-250, D-251, D-254, X-155
fn a_key_is_shown_once_and_works_until_it_is_revoked(server: &Server) {
    let tenant = server.tenant("Acme");
    let browser = Browser::of(server, &tenant.admin);
    let body = json!({ "label": "My Integration", "rateLimitPerMinute": 90, "scopes": KeyFamily::Contacts.grants() });
    let answer = create(&browser, &body).expect(201);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let made = answer.json();
    assert_eq!(keys(&made), ["apiKey", "key", "message", "success"]);
    assert_eq!(
        made["message"],
        "API key created successfully. Copy the key now - it won't be shown again."
    );
    let info = &made["apiKey"];
    assert_eq!(keys(info), ["createdAt", "id", "label", "rateLimitPerMinute", "scopes"]);
    assert_uuid(&info["id"]);
    assert_eq!(
        (&info["label"], &info["rateLimitPerMinute"]),
        (&body["label"], &body["rateLimitPerMinute"])
    );
    assert_eq!(info["scopes"].as_array().map(Vec::len), Some(10));
    let key = text(&made["key"]);
    assert!(key.starts_with("crm_"));
    server.get("/api/v1/tags").bearer(key).expect(200);
    server.get("/api/v1/tags").key(key).expect(200);
    server.flush_log();

    let listed = browser.request("GET", "/api/api-keys").expect(200);
    assert!(!listed.text().contains(key) && !listed.text().contains(&key[10..]));
    let list = listed.json();
    assert_eq!(keys(&list), ["keys", "success"]);
    let [shown] = &list["keys"].as_array().unwrap()[..] else {
        panic!("{list}")
    };
    assert_eq!(
        keys(shown),
        [
            "createdAt",
            "id",
            "isActive",
            "label",
            "lastUsedAt",
            "rateLimitPerMinute",
            "requestCount",
            "revokedAt",
            "scopes"
        ]
    );
    assert_eq!((&shown["id"], &shown["requestCount"]), (&info["id"], &json!(2)));
    assert_eq!(shown["lastUsedAt"], server.now().to_second_precision());
    assert_eq!((&shown["isActive"], &shown["revokedAt"]), (&json!(true), &Value::Null));

    // D-250: a rate limit may be left out; the tests' default is the family's setting
    let second = create(
        &browser,
        &json!({ "label": "Read-Only Integration", "scopes": ["contacts:read", "stats:read"] }),
    );
    let second = second.expect(201).json();
    assert_eq!(second["apiKey"]["rateLimitPerMinute"], server.settings().rate_limits.contacts);

    let path = format!("/api/api-keys/{}", text(&info["id"]));
    for _ in 0..2 {
        let answer = browser.request("DELETE", &path).expect(200);
        assert_eq!(answer.json(), json!({ "success": true, "message": "API key revoked successfully" }));
    }
    refusal(server, &server.get("/api/v1/tags").bearer(key).send(), 401, "UNAUTHORIZED");
    let list = browser.request("GET", "/api/api-keys").expect(200).json();
    let listed: Vec<(&str, bool)> = list["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| (text(&key["label"]), key["isActive"].as_bool().unwrap()))
        .collect();
    assert_eq!(listed, [("Read-Only Integration", true), ("My Integration", false)]);
    assert_eq!(list["keys"][1]["revokedAt"], server.now().to_second_precision());
}

// D-207, D-208
fn a_user_sees_its_own_keys_alone(server: &Server) {
    let tenant = server.tenant("Acme");
    let [admin, other] = [&tenant.admin, &tenant.user(Role::Admin)].map(|user| Browser::of(server, user));
    // A key of another family is not this family's.
    tenant.key(KeyFamily::HealthTrixss);
    let made = create(&admin, &json!({ "label": "Mine", "scopes": ["tags:read"] }))
        .expect(201)
        .json();
    let path = format!("/api/api-keys/{}", text(&made["apiKey"]["id"]));
    assert_eq!(other.request("GET", "/api/api-keys").expect(200).json()["keys"], json!([]));
    refusal(server, &other.request("DELETE", &path).send(), 404, "NOT_FOUND");
    for unknown in ["none", "0190a5a0-0000-7000-8000-000000000001", "1"] {
        let error = refusal(
            server,
            &admin.request("DELETE", &format!("/api/api-keys/{unknown}")).send(),
            404,
            "NOT_FOUND",
        );
        assert_eq!(error["message"], "API key not found");
    }
    server.get("/api/v1/tags").bearer(text(&made["key"])).expect(200);
    assert_eq!(
        admin.request("GET", "/api/api-keys").expect(200).json()["keys"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}

fn what_is_wrong_with_a_key_is_told(server: &Server) {
    let browser = Browser::of(server, &server.tenant("Acme").admin);
    for (body, expected) in [
        (json!({}), &[("label", "required"), ("scopes", "required")][..]),
        (json!({ "label": "x", "scopes": [] }), &[("scopes", "required")]),
        (
            json!({ "label": "x", "scopes": ["contacts:read", "everything"] }),
            &[("scopes", "invalid_enum_value")],
        ),
        (
            json!({ "label": "x".repeat(256), "scopes": "tags:read", "rateLimitPerMinute": 0 }),
            &[
                ("label", "too_big"),
                ("rateLimitPerMinute", "out_of_range"),
                ("scopes", "invalid_type"),
            ],
        ),
        (
            json!({ "label": "x", "scopes": ["tags:read"], "rateLimitPerMinute": "many" }),
            &[("rateLimitPerMinute", "invalid_type")],
        ),
    ] {
        let error = refusal(server, &create(&browser, &body), 400, "VALIDATION_ERROR");
        assert_eq!(details(&error), expected, "{body}");
    }
}

fn a_keys_scopes_are_a_part_of_its_makers_rights(server: &Server) {
    let tenant = server.tenant("Acme");
    for (role, scope, status) in [
        (Role::User, "contacts:write", 201),
        (Role::User, "contacts:bulk", 201),
        (Role::User, "contacts:delete", 403),
        (Role::User, "tags:write", 403),
        (Role::Manager, "contacts:delete", 201),
        (Role::Manager, "tags:write", 201),
    ] {
        let browser = Browser::of(server, &tenant.user(role));
        let answer = create(&browser, &json!({ "label": "x", "scopes": ["tags:read", scope] }));
        if status == 403 {
            refusal(server, &answer, 403, "FORBIDDEN");
        } else {
            answer.expect(status);
        }
    }
}

//
fn a_repeated_request_makes_no_second_key(server: &Server) {
    let browser = Browser::of(server, &server.tenant("Acme").admin);
    let body = json!({ "label": "Once", "scopes": ["tags:read"] });
    let create = || {
        browser
            .request("POST", "/api/api-keys")
            .header("idempotency-key", "k1")
            .json(&body)
            .send()
    };
    create().expect(201);
    refusal(server, &create(), 409, "DUPLICATE_RESOURCE");
    assert_eq!(
        browser.request("GET", "/api/api-keys").expect(200).json()["keys"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}
