//! The OpenAPI document: as checked in, as registered, and as asked for credentials.

use std::{collections::BTreeSet, fs, path::Path};

use crm_http::{families::Credential, openapi, routes};
use serde_json::{Value, json};

fn document() -> Value {
    serde_json::to_value(openapi()).unwrap()
}

#[test]
fn the_document_that_is_checked_in_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
    let kept: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert!(kept == document(), "docs/openapi.json is stale: run `just openapi`");
}

#[test]
fn registered_routes_and_documented_operations_are_the_same() {
    let document = document();
    let mut documented = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
        let methods = methods.into_iter().filter(|method| item.get(method).is_some());
        documented.extend(methods.map(|method| format!("{} {path}", method.to_uppercase())));
    }
    let registered: BTreeSet<String> = routes()
        .iter()
        .map(|route| format!("{} {}", route.method, route.template))
        .collect();
    assert_eq!(registered.len(), routes().len(), "a route is registered twice");
    assert_eq!(documented, registered);
}

#[test]
fn every_operation_asks_for_the_credential_of_its_route() {
    let document = document();
    for route in routes() {
        let operation = &document["paths"][route.template][route.method.as_str().to_lowercase()];
        let expected = match route.credential {
            Credential::Open => Value::Null,
            Credential::ApiKeyHeader => json!([{ format!("{}_key", route.family): [] }]),
            Credential::Jwt => json!([{ "accessToken": [] }]),
            Credential::JwtOrSession => json!([{ "accessToken": [] }, { "contacts_session": [] }]),
            Credential::ScopedKey => json!([{ "contacts_key": [] }, { "contacts_bearer": [] }]),
            Credential::ScopedKeyHeader => json!([{ "contacts_key": [] }]),
            Credential::PermittedKey => json!([{ "elevate_key": [] }]),
            Credential::BearerKey => json!([{ "halopsa_key": [] }]),
            Credential::Session => json!([{ "contacts_session": [] }]),
        };
        let security = operation
            .get("security")
            .filter(|list| list.as_array().is_some_and(|list| !list.is_empty()));
        assert_eq!(security.unwrap_or(&Value::Null), &expected, "{} {}", route.method, route.template);
        let refused = operation["responses"].get("401").is_some();
        assert!(
            refused || route.credential == Credential::Open,
            "{} {} documents no 401",
            route.method,
            route.template
        );
        let described = ["summary", "description"]
            .iter()
            .any(|member| operation[member].as_str().is_some_and(|text| !text.is_empty()));
        assert!(described, "{} {} is not described", route.method, route.template);
    }
}
