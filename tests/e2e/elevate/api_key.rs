//! API keys (contract E-07 … E-17, X-159 … X-162).

use std::time::Duration;

use crm_domain::control::user::Role;
use crm_tests::{each_server, http::Answer, process::Cli, server::Server, tenant::TestTenant};
use serde_json::{Value, json};

use super::{BASE, Desk, assert_uuid, keys, refusal, text};

each_server! {
    a_key_is_shown_once_and_works_until_it_is_revoked,
    a_key_ends_after_its_days,
    keys_are_managed_by_an_admin_of_the_tenant_alone,
    what_is_wrong_with_a_key_is_told,
    a_repeated_request_makes_no_second_key,
}

fn path(tenant: &TestTenant<'_>) -> String {
    format!("{BASE}/api-keys?tenant_id={}", tenant.tenant.uuid)
}

fn create(server: &Server, tenant: &TestTenant<'_>, token: &str, body: &Value) -> Answer {
    server.post(&path(tenant)).bearer(token).json(body).send()
}

// E-02, E-06, E-07, E-08, E-09, E-10, E-11, E-14, E-15, E-16, E-17, X-161, X-162
fn a_key_is_shown_once_and_works_until_it_is_revoked(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let body = json!({ "name": "Labyrinth OS Integration", "permissions": ["read", "write", "webhook"], "expires_in_days": null });
    let answer = create(server, &tenant, &token, &body).expect(201);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let made = answer.json();
    assert_eq!(keys(&made), ["created_at", "expires_at", "id", "key", "name", "permissions"]);
    assert_uuid(&made["id"]);
    assert_eq!(
        (&made["name"], &made["permissions"], &made["created_at"], &made["expires_at"]),
        (
            &json!("Labyrinth OS Integration"),
            &json!(["read", "write", "webhook"]),
            &json!("2025-01-15T10:00:00Z"),
            &Value::Null
        )
    );
    let key = text(&made["key"]);
    assert!(key.starts_with("elk_"), "{key}");
    server.get(&format!("{BASE}/deals")).key(key).expect(200);
    server.flush_log();

    let listed = server.get(&path(&tenant)).bearer(&token).expect(200);
    assert!(!listed.text().contains(key) && !listed.text().contains(&key[10..]));
    let list = listed.json();
    let [shown] = &list["api_keys"].as_array().unwrap()[..] else {
        panic!("{list}")
    };
    let members = ["created_at", "expires_at", "id", "is_active", "last_used_at", "name", "permissions"];
    assert_eq!(keys(shown), members);
    assert_eq!(
        (&shown["id"], &shown["is_active"], &shown["last_used_at"]),
        (&made["id"], &json!(true), &json!("2025-01-15T10:00:00Z"))
    );

    let item = path(&tenant).replace("?", &format!("/{}?", text(&made["id"])));
    let revoked = server.delete(&item).bearer(&token).expect(200).json();
    assert_eq!(revoked, json!({ "message": "API key revoked" }));
    assert_eq!(
        refusal(&server.get(&format!("{BASE}/deals")).key(key).send(), 401),
        "Invalid or missing API key"
    );
    let list = server.get(&path(&tenant)).bearer(&token).expect(200).json();
    assert_eq!(list["api_keys"][0]["is_active"], false);
    // Once more changes nothing; another id is none.
    server.delete(&item).bearer(&token).expect(200);
    for id in ["nope", "00000000-0000-7000-8000-000000000000"] {
        let item = path(&tenant).replace("?", &format!("/{id}?"));
        assert_eq!(refusal(&server.delete(&item).bearer(&token).send(), 404), "Resource not found");
    }
}

// E-12
fn a_key_ends_after_its_days(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let made = create(server, &tenant, &token, &json!({ "name": "Trial", "expires_in_days": 2 }))
        .expect(201)
        .json();
    assert_eq!(made["expires_at"], "2025-01-17T10:00:00Z");
    let ask = || server.get(&format!("{BASE}/deals")).key(text(&made["key"])).send();
    server.advance(Duration::from_secs(2 * 24 * 3_600 - 1));
    ask().expect(200);
    server.advance(Duration::from_secs(1));
    refusal(&ask(), 401);
    let token = tenant.admin_token();
    let list = server.get(&path(&tenant)).bearer(&token).expect(200).json();
    assert_eq!(list["api_keys"][0]["is_active"], false);
}

// E-13, X-159
fn keys_are_managed_by_an_admin_of_the_tenant_alone(server: &Server) {
    let (acme, bolt) = (Desk::new(server), Desk::named(server, "Bolt"));
    let body = json!({ "name": "Mine" });
    let (own, foreign) = (path(&acme.tenant), path(&bolt.tenant));
    // A tenant's id is no secret: without a credential it opens nothing, nor does a key.
    let nobody = [
        server.post(&own),
        server.post(&own).key(&acme.key.text),
        server.post(&own).bearer("garbage"),
    ];
    for request in nobody {
        refusal(&request.json(&body).send(), 401);
    }
    for role in [Role::Manager, Role::User] {
        let token = acme.tenant.login(&acme.tenant.user(role)).token;
        assert_eq!(
            refusal(&server.post(&own).bearer(&token).json(&body).send(), 403),
            "Insufficient permissions"
        );
    }
    let token = acme.tenant.admin_token();
    assert_eq!(
        refusal(&server.post(&foreign).bearer(&token).json(&body).send(), 404),
        "Resource not found"
    );
    refusal(&server.get(&foreign).bearer(&token).send(), 404);
    let without = format!("{BASE}/api-keys");
    assert_eq!(refusal(&server.get(&without).bearer(&token).send(), 400), "tenant_id is required");
    // Family C's form of the id names the same tenant.
    let named = format!("{BASE}/api-keys?tenant_id=tenant_{}", acme.tenant.tenant.id);
    server.get(&named).bearer(&token).expect(200);
    // A browser's session serves as well, on this server's own pages.
    let login = json!({ "email": "admin@acme.test", "password": crm_tests::tenant::PASSWORD });
    let answer = server.post("/api/login").json(&login).expect(200);
    let cookie = answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let by_cookie = || server.post(&own).header("cookie", &cookie).json(&body);
    by_cookie().expect(201);
    refusal(&by_cookie().header("sec-fetch-site", "cross-site").send(), 403);
    refusal(&server.get(&own).header("cookie", "session=garbage").send(), 401);
    // A key of another family is none of these.
    let crm = acme.tenant.key(crm_domain::control::api_key::KeyFamily::Contacts);
    let id = crm_domain::id::uuid_of(crm.id, server.now());
    let item = own.replace("?", &format!("/{id}?"));
    refusal(&server.delete(&item).bearer(&token).send(), 404);
}

fn what_is_wrong_with_a_key_is_told(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    for (body, detail) in [
        (json!({}), "name is required"),
        (
            json!({ "name": "a", "permissions": ["everything"] }),
            "permissions must be one of: read, write, webhook",
        ),
        (json!({ "name": "a", "permissions": [] }), "permissions is required"),
        (
            json!({ "name": "a", "permissions": "read" }),
            "permissions must be a list of strings",
        ),
        (
            json!({ "name": "a", "expires_in_days": 0 }),
            "expires_in_days must be between 1 and 36500",
        ),
        (
            json!({ "name": "a", "expires_in_days": 1.5 }),
            "expires_in_days must be a whole number",
        ),
        (json!({ "name": 7 }), "name must be a string"),
    ] {
        assert_eq!(refusal(&create(server, &tenant, &token, &body), 400), detail, "{body}");
    }
    let all = create(server, &tenant, &token, &json!({ "name": "a" })).expect(201).json();
    assert_eq!(all["permissions"], json!(["read", "write", "webhook"]));
}

fn a_repeated_request_makes_no_second_key(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let send = |body: &Value| {
        let request = server.post(&path(&tenant)).bearer(&token).header("idempotency-key", "once");
        request.json(body).send()
    };
    send(&json!({ "name": "a" })).expect(201);
    assert!(refusal(&send(&json!({ "name": "a" })), 409).contains("shown only once"));
    refusal(&send(&json!({ "name": "b" })), 409);
    let list = server.get(&path(&tenant)).bearer(&token).expect(200).json();
    assert_eq!(list["total"], 1);
}

// E-101: keys come out of the command line as well.
#[test]
fn the_command_line_makes_keys_of_the_family() {
    let folder = tempfile::tempdir().unwrap();
    let cli = Cli::new(env!("CARGO_BIN_EXE_crm-server-under-test"), folder.path());
    let init = [
        "init",
        "--email",
        "ada@acme.test",
        "--password",
        "correct horse",
        "--tenant-name",
        "Acme",
    ];
    cli.json(&init);
    let reader = ["key", "create", "--family", "elevate", "--name", "Reader", "--permissions", "read"];
    let made = cli.json(&reader);
    assert_eq!(made["apiKey"]["grants"], json!(["read"]));
    let server = cli.serve(&[]);
    let key = text(&made["key"]);
    let deals = server.get(&format!("{BASE}/deals")).key(key).expect(200).json();
    assert_eq!((&deals["deals"], &deals["total"]), (&json!([]), &json!(0)));
    refusal(&server.get(&format!("{BASE}/webhooks")).key(key).send(), 403);
}
