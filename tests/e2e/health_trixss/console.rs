//! What the document's Admin Console does with keys, over HTTP (contract A-15 … … A-104).

use std::time::Duration;

use crm_domain::control::{api_key::KeyFamily, user::Role};
use crm_tests::{database::Backend, each_server, server::Server};
use serde_json::{Value, json};

use super::{BASE, assert_error};

const KEYS: &str = "/api/admin/api-keys";

each_server! {
    a_key_is_made_shown_once_used_and_revoked,
}

fn mint(server: &Server, token: &str, body: &Value) -> Value {
    server.post(KEYS).bearer(token).json(body).expect(201).json()
}

//
fn a_key_is_made_shown_once_used_and_revoked(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let body = json!({ "family": "health_trixss", "name": "Forecasting", "description": "The dashboard's" });
    let made = mint(server, &token, &body);
    let key = made["key"].as_str().unwrap();
    assert_eq!(
        (&made["apiKey"]["name"], &made["apiKey"]["description"]),
        (&json!("Forecasting"), &json!("The dashboard's"))
    );
    server.get(&format!("{BASE}/accounts")).key(key).expect(200);
    let item = format!("{KEYS}/{}", made["apiKey"]["id"].as_str().unwrap());
    let secret = &key[16..];
    for path in [item.as_str(), KEYS, "/api/admin/requests"] {
        server.flush_log();
        let answer = server.get(path).bearer(&token).expect(200);
        assert!(!answer.text().contains(secret), "A-16: {answer:?}");
    }
    server.delete(&item).bearer(&token).expect(204);
    let answer = server.get(&format!("{BASE}/accounts")).key(key).send();
    assert_error(
        &answer,
        401,
        "Invalid API key",
        "The provided API key is invalid or has been revoked",
    );
    assert!(server.get(&item).bearer(&token).expect(200).json()["revokedAt"].is_string());
}

// the description is optional.
#[test]
fn a_name_is_enough() {
    let server = Server::sqlite();
    let token = server.tenant("Acme").admin_token();
    let made = mint(&server, &token, &json!({ "family": "health_trixss", "name": "Plain" }));
    for member in ["description", "expiresAt", "rateLimit", "lastUsedAt", "revokedAt"] {
        assert!(made["apiKey"][member].is_null(), "{member}: {made}");
    }
    for bad in [
        json!({ "family": "health_trixss" }),
        json!({ "family": "health_trixss", "name": "" }),
        json!({ "family": "health_trixss", "name": "  " }),
        json!({ "family": "health_trixss", "name": null }),
        json!({ "family": "health_trixss", "name": "x".repeat(256) }),
        json!({ "name": "No family" }),
    ] {
        server.post(KEYS).bearer(&token).json(&bad).expect(422);
    }
}

// Admin and Manager, which is the document's Sales Manager.
#[test]
fn admins_and_managers_make_keys() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    for (role, status) in [(Role::Admin, 201), (Role::Manager, 201), (Role::User, 403)] {
        let token = tenant.login(&tenant.user(role)).token;
        let body = json!({ "family": "health_trixss", "name": "Mine" });
        let answer = server.post(KEYS).bearer(&token).json(&body).send();
        assert_eq!(answer.status, status, "{role:?}: {answer:?}");
    }
    let body = json!({ "family": "health_trixss", "name": "Mine" });
    server.post(KEYS).json(&body).expect(401);
    server
        .post(KEYS)
        .key(&tenant.key(KeyFamily::HealthTrixss).text)
        .json(&body)
        .expect(401);
}

// bcrypt with cost 12 unless a test lowers it, and nothing of the key itself.
#[test]
fn a_key_is_kept_as_a_bcrypt_hash_of_cost_12() {
    let server = Server::with(Backend::Sqlite, |settings| {
        let documented = crm_server::settings::Settings::defaults().unwrap();
        settings.auth.hashing.bcrypt_cost = documented.auth.hashing.bcrypt_cost;
    });
    let tenant = server.tenant("Acme");
    let made = mint(
        &server,
        &tenant.admin_token(),
        &json!({ "family": "health_trixss", "name": "Kept well" }),
    );
    let text = made["key"].as_str().unwrap();
    server.get(&format!("{BASE}/accounts")).key(text).expect(200);
    let public = crm_domain::control::api_key::KeyText::parse(text).unwrap();
    let row = server
        .control()
        .reading(|reader| reader.api_keys().lookup_public(public.public_id()))
        .unwrap()
        .unwrap();
    assert!(row.hash.as_str().starts_with("$2b$12$"), "{}", row.hash.as_str());
    for entry in std::fs::read_dir(server.data_dir())
        .unwrap()
        .filter_map(Result::ok)
        .filter(|entry| entry.path().is_file())
    {
        let bytes = std::fs::read(entry.path()).unwrap();
        let secret = &text.as_bytes()[16..];
        assert!(
            !bytes.windows(secret.len()).any(|window| window == secret),
            "{:?} holds the key",
            entry.path()
        );
    }
}

// an expiry is set, moved and taken away.
#[test]
fn an_expiry_is_set_at_any_time() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let key = tenant.key(KeyFamily::HealthTrixss);
    let item = format!("{KEYS}/key_{}", key.id);
    let ask = || server.get(&format!("{BASE}/accounts")).key(&key.text).send();
    let set = |at: Value| server.patch(&item).bearer(&token).json(&json!({ "expiresAt": at })).send();
    assert_eq!(ask().status, 200);
    set(json!("2025-01-15T10:10:00Z")).expect(200);
    assert_eq!(ask().status, 200);
    server.advance(Duration::from_secs(600));
    assert_error(&ask(), 401, "API key expired", "The provided API key has expired");
    set(json!("2025-01-15T10:00:00Z")).expect(422);
    set(json!("yesterday")).expect(422);
    set(json!(null)).expect(200);
    assert_eq!(ask().status, 200);
}

// the application has its API documentation inside, which names the version.
#[test]
fn the_documentation_is_in_the_application() {
    let server = Server::sqlite();
    let document = server.get("/openapi.json").expect(200).json();
    for path in ["/api/v1/external/accounts", "/api/v1/external/opportunities/{id}"] {
        assert!(document["paths"][path]["get"].is_object(), "{path}");
    }
    let tags = document["tags"].as_array().unwrap();
    let tag = tags.iter().find(|tag| tag["name"] == "health_trixss").expect("the family's tag");
    assert!(
        tag["description"]
            .as_str()
            .unwrap()
            .starts_with("Health Trixss CRM External API 1.0"),
        "{tag}"
    );
    assert_eq!(server.get("/docs").send().header("location"), Some("/docs/"));
    server.get("/docs/").expect(200);
}
