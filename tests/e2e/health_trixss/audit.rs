//! The audit log (contract ).

use std::time::Duration;

use crm_domain::control::{
    api_key::{ApiKeyDraft, KeyFamily},
    user::Role,
};
use crm_tests::{each_server, http::Answer, server::Server, tenant::set};
use serde_json::{Value, json};

use super::{BASE, Desk, documented};

each_server! {
    every_request_is_logged_with_what_the_document_names,
    a_key_shows_when_and_how_often_it_was_used,
}

/// The newest rows of the log first, as an administrator reads them.
fn log(desk: &Desk, query: &str) -> Vec<Value> {
    let token = desk.tenant.admin_token();
    desk.server.flush_log();
    let page = desk
        .server
        .get(&format!("/api/admin/requests?pageSize=100{query}"))
        .bearer(&token)
        .expect(200)
        .json();
    page["items"].as_array().unwrap().clone()
}

fn assert_logged(row: &Value, answer: &Answer, method: &str, endpoint: &str) {
    assert_eq!(row["endpoint"], endpoint, "{row}");
    assert_eq!(row["method"], method, "{row}");
    assert_eq!(row["status"], answer.status, "{row}");
    assert!(
        row["latencyMs"].as_f64().is_some_and(|latency| latency > 0.0 && latency < 60_000.0),
        "{row}"
    );
    assert_eq!(row["traceId"].as_str(), answer.header("x-trace-id"), "{row}");
    assert_eq!(row["family"], "health_trixss", "{row}");
    assert_eq!(row["client"], "127.0.0.1", "{row}");
    assert!(
        row["receivedAt"].as_str().is_some_and(|time| time.starts_with("2025-01-15T10:")),
        "{row}"
    );
}

// endpoint as template, method, status, latency, key metadata — of successes and of failures.
fn every_request_is_logged_with_what_the_document_names(server: &Server) {
    let desk = documented(server);
    let expired = desk.tenant.key_with(
        KeyFamily::HealthTrixss,
        ApiKeyDraft {
            name: set("Soon over"),
            expires_at: set("2025-01-15T10:00:30Z"),
            ..ApiKeyDraft::default()
        },
    );
    server.advance(Duration::from_secs(60));
    let with = |method: &str, path: &str, key: &str| server.request(method, &format!("{BASE}{path}")).key(key).send();
    let key = &desk.key.text;
    let requests = [
        ("GET", with("GET", "/accounts?limit=1", key), "/api/v1/external/accounts", true),
        (
            "GET",
            with("GET", "/accounts/ACT-00001", key),
            "/api/v1/external/accounts/{id}",
            true,
        ),
        ("HEAD", with("HEAD", "/opportunities", key), "/api/v1/external/opportunities", true),
        (
            "GET",
            with("GET", "/opportunities/OPP-00404", key),
            "/api/v1/external/opportunities/{id}",
            true,
        ),
        (
            "GET",
            with("GET", "/accounts?updatedSince=x", key),
            "/api/v1/external/accounts",
            true,
        ),
        (
            "DELETE",
            with("DELETE", "/accounts/ACT-00001", key),
            "/api/v1/external/accounts/{id}",
            true,
        ),
        ("GET", with("GET", "/nothing/here", key), "/api/v1/external/nothing/here", true),
        ("GET", with("GET", "/accounts", &expired.text), "/api/v1/external/accounts", false),
        ("GET", with("GET", "/accounts", "x"), "/api/v1/external/accounts", false),
        (
            "GET",
            server.get(&format!("{BASE}/accounts/ACT-00001")).send(),
            "/api/v1/external/accounts/{id}",
            false,
        ),
    ];
    let rows = log(&desk, "&path=/api/v1/external");
    assert_eq!(rows.len(), requests.len(), "one row for each request: {rows:#?}");
    for (method, answer, endpoint, with_key) in &requests {
        // Rows of strangers are written apart from those with a key: only within each is there an order.
        let row = rows.iter().find(|row| row["traceId"].as_str() == answer.header("x-trace-id"));
        let row = row.unwrap_or_else(|| panic!("{answer:?} is not in the log"));
        assert_logged(row, answer, method, endpoint);
        if *with_key {
            assert_eq!(row["apiKeyId"], format!("key_{}", desk.key.id));
            assert_eq!(row["apiKeyName"], "Test key");
        }
    }
    let of_expired = rows
        .iter()
        .find(|row| row["apiKeyName"] == "Soon over")
        .expect("a known key that was turned away");
    assert_eq!(
        (&of_expired["status"], &of_expired["apiKeyId"]),
        (&json!(401), &json!(format!("key_{}", expired.id)))
    );
    let strangers = rows.iter().filter(|row| row["apiKeyId"].is_null()).count();
    assert_eq!(strangers, 2);
}

//
fn a_key_shows_when_and_how_often_it_was_used(server: &Server) {
    let desk = documented(server);
    let token = desk.tenant.admin_token();
    let shown = || {
        server.flush_log();
        server
            .get(&format!("/api/admin/api-keys/key_{}", desk.key.id))
            .bearer(&token)
            .expect(200)
            .json()
    };
    let unused = shown();
    assert_eq!((&unused["lastUsedAt"], &unused["requestCount"]), (&json!(null), &json!(0)));
    desk.get("/accounts");
    desk.get("/accounts/ACT-00001");
    let used = shown();
    assert_eq!(
        (&used["lastUsedAt"], &used["requestCount"]),
        (&json!("2025-01-15T10:00:00Z"), &json!(2))
    );
    server.advance(Duration::from_secs(90));
    desk.ask("/accounts/ACT-00404").expect(404);
    let used = shown();
    assert_eq!(
        (&used["lastUsedAt"], &used["requestCount"]),
        (&json!("2025-01-15T10:01:30Z"), &json!(3))
    );
    desk.tenant.revoke(&desk.key);
    server.advance(Duration::from_secs(30));
    desk.ask("/accounts").expect(401);
    assert_eq!(shown()["requestCount"], 4, "an attempt with a revoked key is a use to look into");
}

// filters for debugging; who may read the log.
#[test]
fn the_log_is_searched_by_those_who_may() {
    let server = Server::sqlite();
    let desk = documented(&server);
    let other = desk.tenant.key(KeyFamily::HealthTrixss);
    desk.get("/accounts");
    desk.ask("/accounts/ACT-00404").expect(404);
    server.advance(Duration::from_secs(60));
    server.get(&format!("{BASE}/opportunities")).key(&other.text).expect(200);
    let count = |query: &str| log(&desk, &format!("&path=/api/v1/external{query}")).len();
    assert_eq!(count(""), 3);
    assert_eq!(count(&format!("&key=key_{}", desk.key.id)), 2);
    assert_eq!(count(&format!("&key=key_{}", other.id)), 1);
    assert_eq!(count("&status=404"), 1);
    assert_eq!(count("&since=2025-01-15T10:00:30Z"), 1);
    assert_eq!(count("&status=404&since=2025-01-15T10:00:30Z"), 0);
    for (role, status) in [(Role::Admin, 200), (Role::Manager, 200), (Role::User, 403)] {
        let token = desk.tenant.login(&desk.tenant.user(role)).token;
        server.get("/api/admin/requests").bearer(&token).expect(status);
    }
    server.get("/api/admin/requests").expect(401);
    server.get("/api/admin/requests").key(&desk.key.text).expect(401);
}

// the log is the tenant's own.
#[test]
fn a_tenant_sees_its_own_requests_only() {
    let server = Server::sqlite();
    let (acme, bolt) = (Desk::named(&server, "Acme"), Desk::named(&server, "Bolt"));
    acme.get("/accounts");
    bolt.get("/opportunities");
    bolt.get("/opportunities");
    assert_eq!(log(&acme, "&path=/api/v1/external").len(), 1);
    assert_eq!(log(&bolt, "&path=/api/v1/external").len(), 2);
}

// nothing is lost when the server stops.
#[test]
fn a_stop_writes_what_still_waits() {
    let mut server = Server::sqlite();
    let (email, key) = {
        let desk = documented(&server);
        for _ in 0..25 {
            desk.get("/accounts");
        }
        (desk.tenant.admin.email.clone().unwrap(), desk.key.clone())
    };
    server = server.restart();
    let token = server.login(email.as_str(), crm_tests::tenant::PASSWORD).token;
    let page = server
        .get("/api/admin/requests?path=/api/v1/external")
        .bearer(&token)
        .expect(200)
        .json();
    assert_eq!(page["totalCount"], 25);
    let key = server
        .get(&format!("/api/admin/api-keys/key_{}", key.id))
        .bearer(&token)
        .expect(200)
        .json();
    assert_eq!(key["requestCount"], 25);
}
