//! Other sites' pages cannot write with a user's cookie: every such route, whatever comes along.

use crm_http::{families::Credential, routes};
use crm_tests::server::Server;
use serde_json::json;

use super::{Browser, refusal};

/// What comes along, and whether it may write.
const COMBINATIONS: [(&[(&str, &str)], bool); 6] = [
    (&[("content-type", "application/json")], true),
    (&[("sec-fetch-site", "same-origin"), ("content-type", "application/json")], true),
    (&[("sec-fetch-site", "cross-site"), ("content-type", "text/plain")], false),
    (&[("sec-fetch-site", "same-site"), ("content-type", "application/json")], false),
    (
        &[
            ("origin", "https://evil.example"),
            ("content-type", "application/x-www-form-urlencoded"),
        ],
        false,
    ),
    (&[("origin", "null"), ("content-type", "text/plain")], false),
];

// DELETE and PUT are asked of other sites too: what a browser would refuse first is refused here as well
#[test]
fn a_page_of_another_site_writes_nothing_with_a_users_cookie() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let writes: Vec<_> = routes()
        .into_iter()
        .filter(|route| route.credential == Credential::Session && route.method != "GET")
        .collect();
    assert!(writes.len() >= 9, "{writes:?}");
    for route in &writes {
        let browser = Browser::of(&server, &tenant.admin);
        let path = route.template.replace("{id}", "0190a5a0-0000-7000-8000-000000000000");
        let path = path.replace("{companyName}", "Acme");
        for (headers, may_write) in COMBINATIONS {
            let what = format!("{} {path} {headers:?}", route.method);
            let request = || {
                headers
                    .iter()
                    .fold(browser.request(route.method.as_str(), &path), |request, (name, value)| {
                        request.header(name, value)
                    })
            };
            // No body is as good as any: whether it may write is asked first.
            if may_write {
                // What ends the session or the account is tried by its own tests.
                if !["/api/logout", "/api/settings/delete-account"].contains(&route.template) {
                    assert_ne!(request().body("{}").send().status, 403, "{what}");
                }
            } else {
                let error = refusal(&server, &request().body("{}").send(), 403, "FORBIDDEN");
                assert_eq!(error["message"], "The request comes from another site", "{what}");
                // Whoever has read the session's token is no stranger.
                let known = request().header("x-csrf-token", &browser.token);
                if !["/api/logout", "/api/settings/delete-account"].contains(&route.template) {
                    assert_ne!(known.body("{}").send().status, 403, "{what}");
                }
                let forged = request().header("x-csrf-token", "0".repeat(64));
                refusal(&server, &forged.body("{}").send(), 403, "FORBIDDEN");
            }
        }
        browser.request("GET", "/api/auth/user").expect(200);
    }
    let browser = Browser::of(&server, &tenant.admin);
    let own = browser.request("POST", "/api/logout").header("origin", server.url());
    own.expect(200);
}

#[test]
fn a_page_of_another_site_signs_nobody_in() {
    let server = Server::sqlite();
    server.tenant("Acme");
    let body = json!({ "email": "admin@acme.test", "password": crm_tests::tenant::PASSWORD });
    for (headers, may) in COMBINATIONS {
        let headers = headers.iter().filter(|(name, _)| *name != "content-type");
        let request = headers.fold(server.post("/api/login"), |request, (name, value)| request.header(name, value));
        let answer = request.json(&body).send();
        assert_eq!(answer.status, if may { 200 } else { 403 }, "{answer:?}");
    }
}
