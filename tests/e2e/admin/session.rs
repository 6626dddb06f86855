//! Browsers' sessions in the management API.

use crm_domain::control::user::Role;
use crm_tests::server::Server;
use serde_json::json;

use crate::contacts::Browser;

const KEYS: &str = "/api/admin/api-keys";

// Admins and Managers, by a session as by a token
#[test]
fn a_session_does_what_its_users_role_permits() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    for role in Role::ALL {
        let user = tenant.user(role);
        let browser = Browser::of(&server, &user);
        let may = role != Role::User;
        let minted = browser
            .request("POST", KEYS)
            .json(&json!({ "family": "contacts", "name": "By a page" }))
            .send();
        assert_eq!(minted.status, if may { 201 } else { 403 }, "{role:?}: {minted:?}");
        for path in [KEYS, "/api/admin/requests"] {
            let answer = browser.request("GET", path).send();
            assert_eq!(answer.status, if may { 200 } else { 403 }, "{role:?} {path}: {answer:?}");
        }
    }
    let browser = Browser::of(&server, &tenant.admin);
    browser.request("POST", "/api/logout").expect(200);
    let ended = browser.request("GET", KEYS).expect(401).json();
    assert_eq!(ended["error"]["code"], "INVALID_TOKEN");
}

#[test]
fn a_token_wins_over_a_session() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let browser = Browser::of(&server, &tenant.admin);
    let token = tenant.login(&tenant.user(Role::User)).token;
    browser.request("GET", KEYS).bearer(&token).expect(403);
    browser.request("GET", KEYS).bearer("none").expect(401);
}

#[test]
fn a_page_of_another_site_manages_nothing() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let browser = Browser::of(&server, &tenant.admin);
    let made = browser
        .request("POST", KEYS)
        .json(&json!({ "family": "contacts", "name": "Kept" }))
        .expect(201)
        .json();
    let item = format!("{KEYS}/{}", made["apiKey"]["id"].as_str().unwrap());
    for (method, path) in [("POST", KEYS), ("PATCH", &item), ("DELETE", &item)] {
        for (header, value) in [
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://evil.example"),
            ("origin", "null"),
        ] {
            let request = || browser.request(method, path).header(header, value);
            let error = request().body("{}").expect(403).json();
            assert_eq!(error["error"]["code"], "PERMISSION_DENIED", "{method} {header}: {value}");
            // Whoever has read the session's token is no stranger.
            let known = request().header("x-csrf-token", &browser.token).body("{\"name\":7}").send();
            assert!(method == "DELETE" || known.status == 422, "{method}: {known:?}");
        }
    }
}
