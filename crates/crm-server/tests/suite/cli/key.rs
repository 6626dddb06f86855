//! `key`.

use serde_json::json;

use crate::process::Place;

#[test]
fn a_key_is_shown_once_works_and_is_revoked() {
    let place = Place::new();
    place.init();
    let created = place.json(&[
        "key",
        "create",
        "--family",
        "health_trixss",
        "--name",
        "Sync",
        "--rate-limit",
        "500",
        "--allow-ip",
        "127.0.0.1,10.0.0.0/8",
        "--expires-at",
        "2999-01-01T00:00:00Z",
        "--description",
        "nightly",
    ]);
    let key = created["key"].as_str().unwrap();
    assert!(key.starts_with("htx_"));
    assert_eq!(created["apiKey"]["ipAllowlist"], json!(["127.0.0.1/32", "10.0.0.0/8"]));
    let listed = place.run(&["key", "list", "--json"]).stdout;
    assert!(!String::from_utf8(listed).unwrap().contains(key));

    let serving = place.serve(&[]);
    let header = format!("x-api-key: {key}\r\n");
    assert!(serving.get("/api/v1/external/accounts", &header).starts_with("HTTP/1.1 200"));
    assert!(place.json(&["key", "revoke", "1"])["revokedAt"].is_string());
    assert!(
        serving.get("/api/v1/external/accounts", &header).starts_with("HTTP/1.1 401"),
        "revoked beside the running server"
    );

    let (code, error) = place.error(&["key", "create", "--family", "elevate", "--name", "x", "--permissions", "read,fly"]);
    assert_eq!((code, error.as_str()), (1, "error: grants: must be one of: read, write, webhook"));
    let (code, error) = place.error(&["key", "create", "--family", "elevate", "--name", "x", "--expires-at", "2001-01-01"]);
    assert_eq!((code, error.as_str()), (1, "error: expires_at: must lie in the future"));
    let (code, error) = place.error(&["key", "create", "--family", "elevate", "--name", "x", "--expires-at", ""]);
    assert_eq!(
        (code, error.starts_with("error: expires_at: must be an ISO 8601")),
        (1, true),
        "{error}"
    );
    assert_eq!(place.error(&["key", "revoke", "99"]).0, 1);
    assert_eq!(place.error(&["key", "create", "--family", "nope", "--name", "x"]).0, 2);
}

#[test]
fn a_key_can_do_what_its_maker_can() {
    let place = Place::new();
    place.init();
    for role in ["User", "Manager"] {
        let email = format!("{role}@acme.example");
        place.json(&["user", "create", "--email", &email, "--name", role, "--role", role, "--no-password"]);
    }
    let create = |user: &'static str| ["key", "create", "--family", "elevate", "--name", "x", "--user", user];
    let (code, error) = place.error(&create("User@acme.example"));
    assert_eq!((code, error.as_str()), (1, "error: a User may not manage API keys"));
    let made = place.json(&create("Manager@acme.example"));
    assert_eq!(made["apiKey"]["grants"], json!(["read", "write"]));
    place.json(&["user", "deactivate", "Manager@acme.example"]);
    let (code, error) = place.error(&create("Manager@acme.example"));
    assert_eq!((code, error.as_str()), (1, "error: a deactivated user may not manage API keys"));
}
