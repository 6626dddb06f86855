//! `user`, and what of commands the audit shows.

use serde_json::json;

use crate::process::{Place, exchange};

#[test]
fn users_come_and_change_and_the_last_admin_stays() {
    let place = Place::new();
    place.init();
    let (_, error) = place.error(&["user", "set-role", "admin@acme.example", "User"]);
    assert!(error.contains("last active Admin"), "{error}");
    let (_, error) = place.error(&["user", "deactivate", "1"]);
    assert!(error.contains("last active Admin"), "{error}");
    let user = place.json(&[
        "user",
        "create",
        "--email",
        "bo@acme.example",
        "--name",
        "Bo",
        "--role",
        "Sales Manager",
        "--no-password",
    ]);
    assert_eq!((&user["role"], &user["canSignIn"]), (&json!("Manager"), &json!(false)));
    let user = place.json(&["user", "set-password", "Bo", "--password", "Manager@1"]);
    assert_eq!(user["canSignIn"], true);
    assert_eq!(place.json(&["user", "set-role", "user_2", "Admin"])["role"], "Admin");
    assert_eq!(place.json(&["user", "deactivate", "admin@acme.example"])["isActive"], false);
    assert_eq!(place.json(&["user", "activate", "admin@acme.example"])["isActive"], true);
    assert_eq!(place.error(&["user", "set-role", "Bo", "King"]).0, 2);
    assert_eq!(
        place.error(&["user", "activate", "nobody"]),
        (1, "error: tenant Acme has no user \"nobody\"".to_owned())
    );
}

// what commands do to users and keys is in the audit log, beside a running server and before it.
#[test]
fn what_commands_change_is_audited() {
    let place = Place::new();
    place.init();
    place.json(&["user", "create", "--email", "bo@acme.example", "--password", "Secret@123"]);
    place.json(&["user", "set-password", "bo@acme.example", "--password", "Other@1234"]);
    place.write("team.csv", "name,manager\nCy,Di\n");
    place.json(&["import", "users", "team.csv"]);
    let serving = place.serve(&[]);
    let key = place.json(&["key", "create", "--family", "health_trixss", "--name", "Sync"]);
    place.json(&["key", "revoke", "1"]);
    let body = json!({ "email": "admin@acme.example", "password": "Admin@123" }).to_string();
    let length = body.len();
    let login = format!(
        "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    let json_of = |answer: &str| serde_json::from_str::<serde_json::Value>(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    let login = json_of(&exchange(&serving.address, &login).unwrap());
    let header = format!(
        "Authorization: Bearer {}\r\nAccept-Encoding: identity\r\n",
        login["token"].as_str().unwrap()
    );
    let audit = serving.get("/api/audit?entity=user,apiKey", &header);
    let lines: Vec<_> = json_of(&audit)["items"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .map(|entry| json!([entry["entityId"], entry["action"], entry["actor"]["name"], entry["family"]]))
        .collect();
    assert_eq!(
        lines,
        [
            json!(["user_1", "created", "init", "cli"]),
            json!(["user_2", "created", "user", "cli"]),
            json!(["user_2", "updated", "user", "cli"]),
            json!(["user_3", "created", "import", "cli"]),
            json!(["user_4", "created", "import", "cli"]),
            json!(["key_1", "created", "key", "cli"]),
            json!(["key_1", "updated", "key", "cli"]),
        ]
    );
    for secret in ["Secret@123", "Other@1234", key["key"].as_str().unwrap()] {
        assert!(!audit.contains(secret), "{secret} is told");
    }
}
