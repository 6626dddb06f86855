//! Changing and revoking keys, and what is told of their use (contract … ).

use std::time::Duration;

use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{PATH, accounts, family_a_refuses, health};
use crate::saas::{fields, refusal};

each_server! {
    a_change_counts_from_the_next_request_on,
    a_revoked_key_is_refused_at_once_on_every_node,
    uses_are_told,
}

//
fn a_change_counts_from_the_next_request_on(server: &Server) {
    let tenant = server.tenant("Acme");
    let (key, item) = health(server, &tenant.admin_token());
    let patch = |body: Value| server.patch(&item).bearer(&tenant.admin_token()).json(&body).expect(200).json();
    let limit = || accounts(server, &key).expect(200).number("x-ratelimit-limit");
    let default = limit();
    let changed = patch(json!({ "rateLimit": 7 }));
    assert_eq!((&changed["rateLimit"], &changed["name"]), (&json!(7), &json!("Reporting")));
    assert_eq!(limit(), 7);
    patch(json!({ "rateLimit": 5_000 }));
    assert_eq!(limit(), 5_000);
    patch(json!({ "RateLimit": null }));
    assert_eq!(limit(), default);
    for (allowlist, status) in [
        (json!(["203.0.113.7"]), 403),
        (json!(["203.0.113.7", "127.0.0.1"]), 200),
        (json!(["10.0.0.0/8"]), 403),
        (json!(["127.0.0.0/8"]), 200),
        (json!(["::ffff:127.0.0.1", "2001:db8::/32"]), 200),
        (json!(["2001:db8::/32"]), 403),
        (json!([]), 200),
        (json!(["10.0.0.0/8"]), 403),
        (Value::Null, 200),
    ] {
        patch(json!({ "ipAllowlist": allowlist }));
        accounts(server, &key).expect(status);
    }
    let changed = patch(json!({ "expiresAt": "2025-01-15T10:01:00Z" }));
    assert_eq!(changed["expiresAt"], "2025-01-15T10:01:00Z");
    server.advance(Duration::from_secs(59));
    accounts(server, &key).expect(200);
    server.advance(Duration::from_secs(1));
    family_a_refuses(server, &key, 401, "API key expired");
    patch(json!({ "expiresAt": null }));
    accounts(server, &key).expect(200);
    // What is wrong changes nothing, and what is not named stays.
    let before = patch(json!({ "name": "Renamed", "description": "why" }));
    let wrong = json!({ "rateLimit": 0, "name": "Changed" });
    let answer = server.patch(&item).bearer(&tenant.admin_token()).json(&wrong).send();
    assert_eq!(fields(&refusal(server, &answer, 422, "VALIDATION_ERROR")), ["rateLimit"]);
    assert_eq!(server.get(&item).bearer(&tenant.admin_token()).expect(200).json(), before);
    assert_eq!(patch(json!({})), before);
}

//
fn a_revoked_key_is_refused_at_once_on_every_node(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let other_node = server.another_node();
    let (key, item) = health(server, &token);
    for node in [server, &other_node] {
        accounts(node, &key).expect(200);
    }
    assert!(server.delete(&item).bearer(&token).expect(204).body.is_empty());
    for node in [server, &other_node] {
        let answer = accounts(node, &key).expect(401).json();
        let expected = json!({ "error": "Invalid API key", "message": "The provided API key is invalid or has been revoked" });
        assert_eq!(answer, expected);
    }
    server.advance(Duration::from_secs(5));
    server.delete(&item).bearer(&token).expect(204);
    let shown = server.get(&item).bearer(&token).expect(200).json();
    assert_eq!(shown["revokedAt"], "2025-01-15T10:00:00Z", "the first time counts");
    let change = server
        .request("PATCH", &item)
        .bearer(&token)
        .json(&json!({ "name": "Again" }))
        .send();
    assert_eq!(change.status, 409, "{change:?}");
    let list = server.get(PATH).bearer(&token).expect(200).json();
    assert_eq!(list["items"], json!([shown]), "a revoked key stays in the list, as it is");
}

//
fn uses_are_told(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let (key, item) = health(server, &token);
    server.advance(Duration::from_secs(60));
    for _ in 0..3 {
        accounts(server, &key).expect(200);
    }
    server.flush_log();
    let shown = server.get(&item).bearer(&token).expect(200).json();
    assert_eq!(
        (&shown["lastUsedAt"], &shown["requestCount"]),
        (&json!("2025-01-15T10:01:00Z"), &json!(3))
    );
}
