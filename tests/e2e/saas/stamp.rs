//! Timestamps (contract C-03).

use std::time::Duration;

use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{create, text};

each_server! {
    every_timestamp_is_of_whole_seconds_in_utc,
}

/// The members that are timestamps, at any depth; those that are null mark nothing.
fn stamps(value: &Value) -> Vec<(&str, &Value)> {
    match value {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, value)| {
                let is_stamp = name == "timestamp" || name.ends_with("At");
                let own = (is_stamp && !value.is_null()).then_some((name.as_str(), value));
                own.into_iter().chain(stamps(value))
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(stamps).collect(),
        _ => Vec::new(),
    }
}

// C-03: cut off, not rounded. The change feed and the request log are no part of the document; they tell finer times.
fn every_timestamp_is_of_whole_seconds_in_utc(server: &Server) {
    server.advance(Duration::from_millis(1_999));
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let company = create(server, &token, "/api/companies", &json!({ "name": "Acme" }));
    let deal = create(server, &token, "/api/deals", &json!({ "name": "Deal", "companyId": company["id"] }));
    let key = json!({ "family": "health_trixss", "name": "Key", "expiresAt": "2025-01-15T10:00:01Z" });
    let changed = format!("/api/companies/{}", text(&company["id"]));
    let changed = server
        .put(&changed)
        .bearer(&token)
        .json(&json!({ "city": "Bonn" }))
        .expect(200)
        .json();
    let get = |path: &str, status: u16| server.get(path).bearer(&token).expect(status).json();
    for (answer, expected) in [
        (company, 2),
        (deal, 2),
        (changed, 2),
        (get("/api/companies", 200), 2),
        (get("/api/deals", 200), 2),
        (get("/api/auth/me", 200), 1),
        (get("/api/companies/company_9", 404), 1),
        (get("/api/companies?page=x", 400), 1),
        (server.get("/api/companies").expect(401).json(), 1),
        (server.post("/api/auth/login").json(&json!({})).expect(422).json(), 1),
        (server.post("/api/admin/api-keys").bearer(&token).json(&key).expect(422).json(), 1),
    ] {
        let stamps = stamps(&answer);
        assert_eq!(stamps.len(), expected, "{answer}");
        for (name, stamp) in stamps {
            assert_eq!(stamp, "2025-01-15T10:00:01Z", "{name} of {answer}");
        }
    }
}
