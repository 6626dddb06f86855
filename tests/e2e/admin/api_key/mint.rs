//! Making keys (contract ).

use crm_domain::control::api_key::KeyFamily;
use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{PATH, accounts, health, mint};
use crate::saas::{details, fields, keys, refusal, text};

each_server! {
    a_key_of_each_family_is_shown_once,
    a_new_key_opens_its_family_at_once,
    a_repeated_creation_makes_no_second_key,
}

//
fn a_key_of_each_family_is_shown_once(server: &Server) {
    let tenant = server.tenant("Acme");
    let admin = tenant.login(&tenant.admin);
    let contact_scopes = KeyFamily::Contacts.grants();
    let cases = [
        ("health_trixss", "htx_", json!([]), json!([])),
        ("halopsa", "halo_", json!([]), json!(["read", "write", "webhook"])),
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
        assert_eq!(*shown, expected);
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
        ("rateLimit", json!(2.5), "Rate limit must be a whole number"),
        ("expiresAt", json!("2025-01-15T10:00:00Z"), "Expires at must lie in the future"),
        (
            "expiresAt",
            json!(" "),
            "Expires at must be an ISO 8601 timestamp such as 2025-02-01T00:00:00Z",
        ),
        (
            "expiresAt",
            json!("tomorrow"),
            "Expires at must be an ISO 8601 timestamp such as 2025-02-01T00:00:00Z",
        ),
        (
            "ipAllowlist",
            json!(["localhost"]),
            "Ip allowlist must hold IP addresses such as 203.0.113.7 or 2001:db8::1, or CIDR networks such as 10.0.0.0/8 or 2001:db8::/32; entry 1 is \"localhost\"",
        ),
        (
            "ipAllowlist",
            json!(["10.0.0.1", "10.0.0.0/33"]),
            "Ip allowlist must hold IP addresses such as 203.0.113.7 or 2001:db8::1, or CIDR networks such as 10.0.0.0/8 or 2001:db8::/32; entry 2 is \"10.0.0.0/33\"",
        ),
        (
            "ipAllowlist",
            json!(vec!["10.0.0.1"; 101]),
            "Ip allowlist must have at most 100 entries",
        ),
    ] {
        assert_eq!(details(&with(field, value)), [(field, message)]);
    }
    let both = json!({ "family": "elevate", "name": "x", "scopes": ["read"], "permissions": ["read"] });
    assert_eq!(fields(&refused(both)), ["permissions"]);
    assert_eq!(server.get(PATH).bearer(&token).expect(200).json()["totalCount"], 0);
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
