//! API keys at the door (contract D-10 … D-16, D-21, X-05, X-06, X-115, X-140).

use crm_domain::{
    control::api_key::{ApiKeyDraft, KeyFamily},
    field::Patch,
};
use crm_http::{families::Credential, routes};
use crm_tests::{each_server, server::Server};
use serde_json::json;

use super::{data, full, refusal, scoped};

each_server! {
    a_key_comes_in_either_header,
    whatever_is_no_key_in_force_is_turned_away,
}

// D-10, D-11, D-12
fn a_key_comes_in_either_header(server: &Server) {
    let tenant = server.tenant("Acme");
    let key = full(&tenant);
    assert!(key.starts_with("crm_"));
    for request in [
        server.get("/api/v1/tags").bearer(&key),
        server.get("/api/v1/tags").key(&key),
        server.get("/api/v1/tags").key(&key).bearer(&key),
        server.get("/api/v1/tags").header("authorization", format!("bearer {key}")),
    ] {
        data(server, &request.expect(200));
    }
}

// D-13, D-16, D-27
fn whatever_is_no_key_in_force_is_turned_away(server: &Server) {
    let tenant = server.tenant("Acme");
    let key = full(&tenant);
    let revoked = tenant.key(KeyFamily::Contacts);
    tenant.revoke(&revoked);
    let foreign = tenant.key(KeyFamily::HealthTrixss).text;
    let other = format!("{}x", &key[..key.len() - 1]);
    let get = || server.get("/api/v1/tags");
    for request in [
        get(),
        get().bearer("garbage"),
        get().key("garbage"),
        get().bearer(&revoked.text),
        get().bearer(&foreign),
        get().key(&foreign),
        get().bearer(&other),
        get().bearer(&tenant.admin_token()),
        get().key(&key).bearer("garbage"),
        get().header("authorization", format!("Basic {key}")),
        get().header("cookie", format!("session={key}")),
    ] {
        let error = refusal(server, &request.send(), 401, "UNAUTHORIZED");
        assert_eq!(error["message"], "Missing or invalid API key");
    }
    // Family C's routes ask for family C's tokens.
    assert_eq!(server.get("/api/tags").bearer(&key).send().status, 401);
}

// D-15, D-28, X-115
#[test]
fn a_good_key_from_a_wrong_address_is_forbidden() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let draft = ApiKeyDraft {
        ip_allowlist: Patch::Set(vec!["203.0.113.7".to_owned()]),
        ..ApiKeyDraft::default()
    };
    let key = tenant.key_with(KeyFamily::Contacts, draft).text;
    refusal(&server, &server.get("/api/v1/tags").bearer(&key).send(), 403, "FORBIDDEN");
}

// D-14, D-21, D-29, D-96, D-107
#[test]
fn every_route_asks_for_its_scopes_and_for_no_others() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let all = KeyFamily::Contacts.grants();
    assert_eq!(all.len(), 10);
    let keys: Vec<(Vec<&str>, String)> = all
        .iter()
        .map(|scope| (vec![*scope], scoped(&tenant, &[scope])))
        .chain([
            (all.to_vec(), full(&tenant)),
            (
                vec!["contacts:bulk", "contacts:delete"],
                scoped(&tenant, &["contacts:bulk", "contacts:delete"]),
            ),
        ])
        .collect();
    let mut asked = 0;
    for route in routes()
        .into_iter()
        .filter(|route| [Credential::ScopedKey, Credential::ScopedKeyHeader].contains(&route.credential))
    {
        let needed = needed(route.method.as_str(), route.template);
        let path = route.template.replace("{id}", "none").replace("{tagId}", "none");
        for (scopes, key) in &keys {
            let request = server.request(route.method.as_str(), &path).key(key);
            let answer = if route.method == "GET" {
                request.send()
            } else {
                request.json(&json!({})).send()
            };
            let what = format!("{} {path} with {scopes:?}", route.method);
            if needed.iter().all(|scope| scopes.contains(scope)) {
                assert!(![401, 403].contains(&answer.status) && answer.status < 500, "{what}: {answer:?}");
            } else {
                let error = refusal(&server, &answer, 403, "INSUFFICIENT_SCOPE");
                assert!(super::text(&error["message"]).starts_with("API key lacks required scope"), "{what}");
            }
            asked += 1;
        }
    }
    assert!(asked >= 8 * keys.len());
}

/// What the document says each route asks for, in its own words: by noun and method.
fn needed(method: &str, template: &str) -> Vec<&'static str> {
    let path = template.strip_prefix("/api/v1").unwrap_or(template);
    match (path, method) {
        (path, "GET") if path.ends_with("/tags") => vec!["tags:read"],
        (path, _) if path.contains("/tags") => vec!["tags:write"],
        (path, _) if path.ends_with("/activities") => vec!["activities:read"],
        ("/enrichment/search", _) => vec!["enrichment:read"],
        (path, "GET") if path.starts_with("/enrichment/jobs") => vec!["enrichment:read"],
        (path, _) if path.starts_with("/enrichment/jobs") => vec!["enrichment:run"],
        (path, _) if path.starts_with("/stats") => vec!["stats:read"],
        ("/contacts/bulk", "DELETE") => vec!["contacts:bulk", "contacts:delete"],
        (path, _) if path.ends_with("/contacts/bulk") => vec!["contacts:bulk"],
        (_, "GET") => vec!["contacts:read"],
        ("/contacts" | "/api/public/contacts", "POST") | (_, "PATCH") => vec!["contacts:write"],
        _ => vec!["contacts:delete"],
    }
}

// D-35
#[test]
fn a_failure_is_told_without_its_cause() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let key = full(&tenant);
    tenant.damage("DROP TABLE tag");
    let error = refusal(&server, &server.get("/api/v1/tags").bearer(&key).send(), 500, "INTERNAL_ERROR");
    assert_eq!(error["message"], "An unexpected error occurred");
}
