//! API keys of every family (contract A-12 … … X-29).

use std::time::Duration;

use crm_domain::control::{api_key::KeyFamily, user::Role};
use crm_tests::{each_server, http::Answer, server::Server};
use serde_json::{Value, json};

use crate::saas::{details, fields, ids, keys, refusal, text};

each_server! {
    a_key_of_each_family_is_shown_once,
    a_new_key_opens_its_family_at_once,
    a_change_counts_from_the_next_request_on,
    a_revoked_key_is_refused_at_once_on_every_node,
    a_repeated_creation_makes_no_second_key,
    uses_are_told,
    keys_are_of_one_tenant,
}

const PATH: &str = "/api/admin/api-keys";
const ACCOUNTS: &str = "/api/v1/external/accounts";

fn mint(server: &Server, token: &str, body: &Value) -> Value {
    server.post(PATH).bearer(token).json(body).expect(201).json()
}

fn health(server: &Server, token: &str) -> (String, String) {
    let made = mint(server, token, &json!({ "family": "health_trixss", "name": "Reporting" }));
    let item = format!("{PATH}/{}", text(&made["apiKey"]["id"]));
    (text(&made["key"]).to_owned(), item)
}

fn accounts(server: &Server, key: &str) -> Answer {
    server.get(ACCOUNTS).key(key).send()
}

#[track_caller]
fn family_a_refuses(server: &Server, key: &str, status: u16, error: &str) {
    let answer = accounts(server, key).expect(status);
    assert_eq!(answer.json()["error"], error, "{answer:?}");
}

//
fn a_key_of_each_family_is_shown_once(server: &Server) {
    let tenant = server.tenant("Acme");
    let admin = tenant.login(&tenant.admin);
    let contact_scopes = KeyFamily::Contacts.grants();
    let cases = [
        ("health_trixss", "htx_", json!([]), json!([])),
        ("halopsa", "halo_", json!([]), json!(["read", "write"])),
        ("contacts", "crm_", json!(contact_scopes), json!([])),
        ("elevate", "elk_", json!([]), json!(["read", "write", "webhook"])),
    ];
    let mut made = Vec::new();
    for (family, prefix, scopes, permissions) in cases {
        let body = json!({ "family": family, "name": format!("Key of {family}") });
        let answer = server.post(PATH).bearer(&admin.token).json(&body).expect(201);
        let minted = answer.json();
        assert_eq!(keys(&minted), ["apiKey", "key"]);
        let (key, shown) = (text(&minted["key"]), &minted["apiKey"]);
        assert!(key.starts_with(prefix) && key.len() <= 72, "{key}");
        assert!(
            key.starts_with(text(&shown["prefix"])) && text(&shown["prefix"]).len() < 24,
            "{shown}"
        );
        let expected = json!({
            "id": shown["id"], "family": family, "prefix": shown["prefix"], "name": format!("Key of {family}"), "description": null,
            "scopes": scopes, "permissions": permissions, "rateLimit": null, "expiresAt": null, "ipAllowlist": [],
            "createdAt": "2025-01-15T10:00:00Z", "createdBy": admin.user_id, "lastUsedAt": null, "requestCount": 0, "revokedAt": null,
        });
        let sorted = |key: &str| {
            let mut grants: Vec<String> = shown[key].as_array().unwrap().iter().map(|grant| text(grant).to_owned()).collect();
            grants.sort();
            grants
        };
        let sorted_expected = |key: &str| {
            let mut grants: Vec<String> = expected[key]
                .as_array()
                .unwrap()
                .iter()
                .map(|grant| text(grant).to_owned())
                .collect();
            grants.sort();
            grants
        };
        for grants in ["scopes", "permissions"] {
            assert_eq!(sorted(grants), sorted_expected(grants));
        }
        for field in keys(&expected) {
            if !["scopes", "permissions"].contains(&field) {
                assert_eq!(shown[field], expected[field], "{field}");
            }
        }
        assert_eq!(keys(shown), keys(&expected));
        assert_eq!(answer.header("location"), Some(format!("{PATH}/{}", text(&shown["id"])).as_str()));
        made.push(minted);
    }
    // Never again: neither the key nor anything that could stand for it.
    let list = server.get(PATH).bearer(&admin.token).expect(200);
    for minted in &made {
        let secret = text(&minted["key"]).strip_prefix(text(&minted["apiKey"]["prefix"])).unwrap();
        let item = server
            .get(&format!("{PATH}/{}", text(&minted["apiKey"]["id"])))
            .bearer(&admin.token)
            .expect(200);
        assert_eq!(item.json(), minted["apiKey"]);
        for answer in [&list, &item] {
            assert!(!answer.text().contains(secret));
            assert!(!answer.text().contains("hash") && !answer.text().contains("$2"));
        }
    }
    let listed = list.json();
    let newest_first: Vec<&Value> = made.iter().rev().map(|minted| &minted["apiKey"]).collect();
    assert_eq!(listed["items"], json!(newest_first));
    assert_eq!((&listed["totalCount"], &listed["hasNextPage"]), (&json!(4), &json!(false)));
}

fn a_new_key_opens_its_family_at_once(server: &Server) {
    let tenant = server.tenant("Acme");
    tenant.account("Acme Healthcare");
    let (key, _) = health(server, &tenant.admin_token());
    assert_eq!(accounts(server, &key).expect(200).json()["accounts"][0]["name"], "Acme Healthcare");
}

#[test]
fn a_key_has_what_it_was_given() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let body = json!({
        "family": "contacts", "name": " Sync ü ", "description": "for the sync", "scopes": ["contacts:write", "contacts:read", "contacts:read"],
        "rateLimit": 250, "expiresAt": "2025-02-01T00:00:00+01:00",
        "ipAllowlist": ["203.0.113.7", "10.1.2.3/8", "2001:db8::1/32", "::1"],
    });
    let key = mint(&server, &token, &body)["apiKey"].clone();
    assert_eq!(
        json!([
            key["name"],
            key["description"],
            key["scopes"],
            key["permissions"],
            key["rateLimit"],
            key["expiresAt"],
            key["ipAllowlist"]
        ]),
        json!([
            "Sync ü",
            "for the sync",
            ["contacts:read", "contacts:write"],
            [],
            250,
            "2025-01-31T23:00:00Z",
            ["203.0.113.7", "10.0.0.0/8", "2001:db8::/32", "::1"]
        ])
    );
}

#[test]
fn every_wrong_field_is_named() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let refused = |body: Value| {
        refusal(
            &server,
            &server.post(PATH).bearer(&token).json(&body).send(),
            422,
            "VALIDATION_ERROR",
        )
    };
    assert_eq!(
        details(&refused(json!({}))),
        [("family", "Family is required"), ("name", "Name is required")]
    );
    let types = json!({
        "family": 1, "name": [], "description": 5, "scopes": "x", "rateLimit": "5", "expiresAt": 5, "ipAllowlist": [1],
    });
    assert_eq!(
        fields(&refused(types)),
        ["description", "expiresAt", "family", "ipAllowlist", "name", "rateLimit", "scopes"]
    );
    let with = |field: &str, value: Value| {
        let mut body = json!({ "family": "elevate", "name": "x" });
        body[field] = value;
        refused(body)
    };
    for (field, value, message) in [
        (
            "family",
            json!("saas"),
            "Family must be one of: health_trixss, halopsa, contacts, elevate",
        ),
        (
            "permissions",
            json!(["everything"]),
            "Permissions must be one of: read, write, webhook",
        ),
        ("scopes", json!(["contacts:read"]), "Scopes must be one of: read, write, webhook"),
        ("rateLimit", json!(0), "Rate limit must be between 1 and 100000000"),
        ("rateLimit", json!(-5), "Rate limit must be between 1 and 100000000"),
        ("expiresAt", json!("2025-01-15T10:00:00Z"), "Expires at must lie in the future"),
        (
            "expiresAt",
            json!("tomorrow"),
            "Expires at must be an ISO 8601 timestamp such as 2025-02-01T00:00:00Z",
        ),
        (
            "ipAllowlist",
            json!(["localhost"]),
            "Ip allowlist must list at most 100 IP addresses or CIDR networks",
        ),
        (
            "ipAllowlist",
            json!(["10.0.0.0/33"]),
            "Ip allowlist must list at most 100 IP addresses or CIDR networks",
        ),
        (
            "ipAllowlist",
            json!(vec!["10.0.0.1"; 101]),
            "Ip allowlist must list at most 100 IP addresses or CIDR networks",
        ),
    ] {
        assert_eq!(details(&with(field, value)), [(field, message)]);
    }
    let both = json!({ "family": "elevate", "name": "x", "scopes": ["read"], "permissions": ["read"] });
    assert_eq!(fields(&refused(both)), ["permissions"]);
    assert_eq!(server.get(PATH).bearer(&token).expect(200).json()["totalCount"], 0);
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
    let list = server.get(PATH).bearer(&token).expect(200).json();
    assert_eq!(list["items"], json!([shown]), "a revoked key stays in the list");
}

// section 12, X-109: a secret shown once is not kept for a second time
fn a_repeated_creation_makes_no_second_key(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let body = json!({ "family": "health_trixss", "name": "Once" });
    let post = |body: &Value| server.post(PATH).bearer(&token).header("idempotency-key", "k-1").json(body).send();
    let key = text(&post(&body).expect(201).json()["key"]).to_owned();
    accounts(server, &key).expect(200);
    for _ in 0..2 {
        let answer = post(&body);
        let error = refusal(server, &answer, 409, "DUPLICATE");
        assert!(text(&error["message"]).contains("shown only once"), "{error}");
        assert!(!answer.text().contains(&key));
    }
    refusal(
        server,
        &post(&json!({ "family": "elevate", "name": "Other" })),
        422,
        "VALIDATION_ERROR",
    );
    assert_eq!(server.get(PATH).bearer(&token).expect(200).json()["totalCount"], 1);
    // What failed may be mended under the same key.
    let send = |body: &Value| server.post(PATH).bearer(&token).header("idempotency-key", "k-2").json(body).send();
    send(&json!({ "family": "elevate", "name": "" })).expect(422);
    send(&json!({ "family": "elevate", "name": "Mended" })).expect(201);
}

#[test]
fn of_creations_at_once_one_makes_a_key() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let body = json!({ "family": "health_trixss", "name": "Once" });
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let post = || {
            server
                .post(PATH)
                .bearer(&token)
                .header("idempotency-key", "k-1")
                .json(&body)
                .send()
                .status
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(post)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 7, "{statuses:?}");
    assert_eq!(server.get(PATH).bearer(&token).expect(200).json()["totalCount"], 1);
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

//
#[test]
fn keys_are_managed_by_admins_and_managers() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let (_, item) = health(&server, &tenant.admin_token());
    let manager = tenant.login(&tenant.user(Role::Manager)).token;
    let user = tenant.login(&tenant.user(Role::User)).token;
    let body = json!({ "family": "elevate", "name": "x" });
    let tries = |token: &str| {
        [
            server.get(PATH).bearer(token).send(),
            server.get(&item).bearer(token).send(),
            server.post(PATH).bearer(token).json(&body).send(),
            server.patch(&item).bearer(token).json(&json!({ "name": "y" })).send(),
            server.delete(&item).bearer(token).send(),
        ]
    };
    for answer in tries(&user) {
        refusal(&server, &answer, 403, "PERMISSION_DENIED");
    }
    assert_eq!(tries(&manager).map(|answer| answer.status), [200, 200, 201, 200, 204]);
}

fn keys_are_of_one_tenant(server: &Server) {
    let (ours, theirs) = (server.tenant("Ours"), server.tenant("Theirs"));
    let (token, other) = (ours.admin_token(), theirs.admin_token());
    let (key, item) = health(server, &other);
    for answer in [
        server.get(&item).bearer(&token).send(),
        server.patch(&item).bearer(&token).json(&json!({ "rateLimit": 1 })).send(),
        server.delete(&item).bearer(&token).send(),
    ] {
        let error = refusal(server, &answer, 404, "NOT_FOUND");
        assert_eq!(error["message"], "API key not found");
    }
    assert_eq!(server.get(PATH).bearer(&token).expect(200).json()["totalCount"], 0);
    theirs.account("Theirs");
    assert_eq!(accounts(server, &key).expect(200).json()["pagination"]["total"], 1);
    let (ours_key, _) = health(server, &token);
    assert_eq!(accounts(server, &ours_key).expect(200).json()["pagination"]["total"], 0);
}

#[test]
fn the_list_has_pages_and_families() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    for number in 0..5 {
        let family = ["elevate", "contacts"][number % 2];
        mint(&server, &token, &json!({ "family": family, "name": format!("Key {number}") }));
    }
    let list = |query: &str| server.get(&format!("{PATH}?{query}")).bearer(&token).expect(200).json();
    let all = list("");
    let all = ids(&all);
    let pages: Vec<Value> = (1..=3).map(|page| list(&format!("page={page}&pageSize=2"))).collect();
    let paged: Vec<&str> = pages.iter().flat_map(ids).collect();
    assert_eq!(paged, all);
    assert_eq!(
        json!([pages[2]["totalPages"], pages[2]["hasNextPage"], pages[2]["hasPreviousPage"]]),
        json!([3, false, true])
    );
    let contacts = list("family=contacts");
    assert_eq!((ids(&contacts).len(), &contacts["totalCount"]), (2, &json!(2)));
    assert!(contacts["items"].as_array().unwrap().iter().all(|key| key["family"] == "contacts"));
    for query in ["family=saas", "page=x", "cursor=x"] {
        refusal(
            &server,
            &server.get(&format!("{PATH}?{query}")).bearer(&token).send(),
            400,
            "VALIDATION_ERROR",
        );
    }
    for id in ["key_99", "key_", "99", "key_1x", "company_1"] {
        refusal(
            &server,
            &server.get(&format!("{PATH}/{id}")).bearer(&token).send(),
            404,
            "NOT_FOUND",
        );
    }
}
