//! What contacts and keys can have (contract D-138 … D-141, X-116, X-138).

use crm_domain::control::api_key::KeyFamily;
use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{data, keys, text};

each_server! {
    every_field_is_described_to_everybody,
    every_scope_is_described_to_everybody,
}

// D-138, D-139, D-45, D-46
fn every_field_is_described_to_everybody(server: &Server) {
    let fields = data(server, &server.get("/api/v1/schema/contacts").expect(200));
    let fields = fields["fields"].as_array().unwrap();
    for field in fields {
        assert_eq!(keys(field), ["description", "name", "readOnly", "required", "type"]);
        assert!(!text(&field["description"]).is_empty());
    }
    let named = |read_only: bool| {
        let of = fields.iter().filter(move |field| field["readOnly"] == read_only);
        of.map(|field| text(&field["name"])).collect::<Vec<_>>()
    };
    assert_eq!(named(false).len(), 25);
    assert_eq!(named(true), ["id", "emailDomain", "leadScore", "createdAt", "updatedAt"]);
    let kind = |name: &str| fields.iter().find(|field| field["name"] == name).unwrap()["type"].clone();
    assert_eq!(
        (kind("employees"), kind("technologies"), kind("email")),
        (json!("integer"), json!("array"), json!("string"))
    );
}

// D-22, D-23, D-24, D-25, D-26, D-140, D-141
fn every_scope_is_described_to_everybody(server: &Server) {
    let told = data(server, &server.get("/api/v1/schema/scopes").expect(200));
    let scopes: Vec<(&str, &str)> = told["scopes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|scope| (text(&scope["scope"]), text(&scope["description"])))
        .collect();
    assert_eq!(
        scopes,
        [
            ("contacts:read", "Read contact information"),
            ("contacts:write", "Create and update contacts"),
            ("contacts:delete", "Delete contacts"),
            ("contacts:bulk", "Perform bulk operations on contacts"),
            ("enrichment:run", "Execute data enrichment jobs"),
            ("enrichment:read", "View enrichment job status and history"),
            ("stats:read", "Access analytics and statistics"),
            ("tags:read", "Read tags"),
            ("tags:write", "Create and manage tags"),
            ("activities:read", "View activity logs and audit trail"),
        ]
    );
    assert_eq!(scopes.len(), KeyFamily::Contacts.grants().len());
    let groups: Vec<(&str, usize)> = told["groups"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, scopes)| (name.as_str(), scopes.as_array().map_or(0, Vec::len)))
        .collect();
    assert_eq!(
        groups,
        [("Activities", 1), ("Analytics", 1), ("Contacts", 4), ("Enrichment", 2), ("Tags", 2)]
    );
    assert_ne!(told["groups"], Value::Null);
}
