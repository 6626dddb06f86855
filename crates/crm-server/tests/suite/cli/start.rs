//! The first start, and what it needs: `init`, `serve --demo`, `migrate`, settings.

use serde_json::json;

use crate::process::{Place, exchange};

#[test]
fn a_first_start_says_what_to_do_next() {
    let place = Place::new();
    let mut serving = place.serve(&[]);
    assert_eq!(serving.greeting["tenants"], 0);
    assert!(serving.get("/livez", "").starts_with("HTTP/1.1 200"));
    serving.terminate();
    assert!(serving.child.wait().unwrap().success());
}

#[test]
fn init_makes_one_tenant_and_asks_for_what_is_missing() {
    let place = Place::new();
    let output = place.run_with(&["init", "--json"], "admin@acme.example\nAdmin@123\n");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (code, error) = place.error(&["init", "--email", "b@acme.example", "--password", "Admin@123"]);
    assert_eq!(
        (code, error.as_str()),
        (
            1,
            "error: there is a tenant already: make further ones with `crm-server tenant create`"
        )
    );
    let (code, error) = place.error(&["tenant", "create", "--email", "admin@acme.example", "--password", "Admin@123"]);
    assert_eq!((code, error.as_str()), (1, "error: a user with this email exists already"));
    let (code, error) = place.error(&["tenant", "create", "--email", "nobody", "--password", "short"]);
    assert_eq!(
        (code, error.as_str()),
        (
            1,
            "error: email: must be a valid email address; password: must be at least 8 characters long"
        )
    );
    place.json(&[
        "tenant",
        "create",
        "--email",
        "b@beta.example",
        "--password",
        "Admin@123",
        "--tenant-name",
        "Beta",
    ]);
    assert_eq!(place.json(&["tenant", "deactivate", "beta"])["isActive"], false);
    let names: Vec<_> = place
        .json(&["tenant", "list"])
        .as_array()
        .unwrap()
        .iter()
        .map(|tenant| tenant["name"].clone())
        .collect();
    assert_eq!(names, [json!("My Company"), json!("Beta")]);
    let (code, error) = place.error(&["user", "list"]);
    assert_eq!(
        (code, error.as_str()),
        (1, "error: say which tenant with --tenant: 1 (My Company), 2 (Beta)")
    );
}

#[test]
fn the_demo_is_made_once_and_can_be_looked_at() {
    let place = Place::new();
    let serving = place.serve(&["--demo"]);
    let demo = &serving.greeting["demo"];
    assert_eq!(demo["state"], "made");
    let header = format!("x-api-key: {}\r\n", demo["apiKey"].as_str().unwrap());
    let accounts = serving.get("/api/v1/external/accounts", &header);
    assert!(
        accounts.contains("Alder Creek Hospital") && accounts.contains("\"total\":20"),
        "{accounts}"
    );
    let body = json!({ "email": demo["email"], "password": demo["password"] }).to_string();
    let length = body.len();
    let login = format!(
        "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    assert!(exchange(&serving.address, &login).unwrap().starts_with("HTTP/1.1 200"));
    drop(serving);
    assert_eq!(
        place.serve(&["--demo"]).greeting["demo"],
        json!({ "state": "exists", "email": "demo@crm.example" })
    );
    let report = place.json(&["tenant", "list"]);
    assert_eq!(report.as_array().unwrap().len(), 1);
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let place = Place::new();
    place.write("crm.toml", "[server]\nprot = 1\n");
    assert_eq!(
        place.error(&["doctor", "--config", "crm.toml"]),
        (1, "error: unknown setting server.prot in crm.toml".to_owned())
    );
    assert_eq!(place.error(&["fly"]).0, 2);
    let openapi = place.json(&["openapi", "--config", "crm.toml"]);
    assert!(openapi["paths"].as_object().unwrap().len() > 5, "the document needs no settings");
}

#[test]
fn migrate_says_what_it_did() {
    let place = Place::new();
    place.init();
    assert_eq!(
        place.json(&["migrate"]),
        json!({ "tenants": [{ "tenantId": 1, "tenant": "Acme", "migrations": [] }] })
    );
}
