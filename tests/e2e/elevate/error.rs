//! Errors, always `{"detail"}` (contract E-01, E-04, E-05, E-89 … E-95).

use crm_domain::control::api_key::{ApiKeyDraft, KeyFamily};
use crm_tests::{database::Backend, each_server, server::Server, tenant::set};
use serde_json::json;

use super::{BASE, Desk, permitted, refusal};

each_server! {
    a_key_is_asked_for_whatever_is_wanted,
    a_permission_is_asked_for,
    whatever_goes_wrong_has_the_envelope,
}

const PATHS: [&str; 8] = [
    "/deals",
    "/leads",
    "/tasks",
    "/kpis",
    "/pipeline",
    "/activity",
    "/partners",
    "/webhooks",
];

// E-01, E-02, E-03, E-04, E-89, E-90
fn a_key_is_asked_for_whatever_is_wanted(server: &Server) {
    let desk = Desk::new(server);
    let revoked = desk.tenant.key(KeyFamily::Elevate);
    desk.tenant.revoke(&revoked);
    let of_d = desk.tenant.key(KeyFamily::Contacts);
    let cut = &desk.key.text[..desk.key.text.len() - 1];
    for path in PATHS.iter().chain(&["/nothing", ""]) {
        let url = format!("{BASE}{path}");
        for key in ["", "garbage", cut, &revoked.text, &of_d.text, &desk.key.text.to_uppercase()] {
            assert_eq!(
                refusal(&server.get(&url).key(key).send(), 401),
                "Invalid or missing API key",
                "{path} {key}"
            );
        }
        refusal(&server.get(&url).send(), 401);
        refusal(&server.get(&url).bearer(&desk.key.text).send(), 401);
        refusal(&server.get(&url).key(&desk.key.text).header("x-api-key", "other").send(), 401);
    }
    let elsewhere = desk.tenant.key_with(
        KeyFamily::Elevate,
        ApiKeyDraft {
            ip_allowlist: crm_domain::field::Patch::Set(vec!["203.0.113.7".to_owned()]),
            name: set("Elsewhere"),
            ..ApiKeyDraft::default()
        },
    );
    refusal(&server.get(&format!("{BASE}/deals")).key(&elsewhere.text).send(), 403);
}

// E-05, E-91, X-160
fn a_permission_is_asked_for(server: &Server) {
    let tenant = server.tenant("Acme");
    let (reads, manages, writes) = (
        permitted(&tenant, &["read"]),
        permitted(&tenant, &["webhook"]),
        permitted(&tenant, &["write"]),
    );
    for path in PATHS {
        let url = format!("{BASE}{path}");
        let (opens, refused) = if path == "/webhooks" {
            (&manages, &reads)
        } else {
            (&reads, &manages)
        };
        server.get(&url).key(opens).expect(200);
        for key in [refused, &writes] {
            assert_eq!(refusal(&server.get(&url).key(key).send(), 403), "Insufficient permissions");
        }
        server.request("HEAD", &url).key(opens).expect(200);
    }
}

// E-92, E-95
fn whatever_goes_wrong_has_the_envelope(server: &Server) {
    let desk = Desk::new(server);
    for path in ["", "/nothing", "/deals/1", "/kpis/month"] {
        assert_eq!(refusal(&desk.ask(path), 404), "Resource not found", "{path}");
    }
    let wrong = desk.request("DELETE", "/deals").send();
    assert_eq!(refusal(&wrong, 405), "Method not allowed");
    assert_eq!(wrong.header("allow"), Some("GET, HEAD"));
    let broken = [
        (&b"{"[..], 400),
        (b"", 400),
        (b"[]", 400),
        (b"{\"url\":\"\xff\"}", 400),
        (b"{\"url\":\"a\\u0000\"}", 400),
        (b"{ \"expires_in_days\": null  // null = never expires\n }", 400),
    ];
    for (body, status) in broken {
        let answer = desk
            .request("POST", "/webhooks")
            .header("content-type", "application/json")
            .body(body)
            .send();
        refusal(&answer, status);
    }
    let form = desk
        .request("POST", "/webhooks")
        .header("content-type", "application/x-www-form-urlencoded");
    refusal(&form.body("url=x").send(), 415);
    let xml = desk.request("POST", "/webhooks").header("content-type", "application/xml");
    refusal(&xml.body("<url/>").send(), 415);
    let large = json!({ "url": "x".repeat(2 << 20) });
    refusal(&desk.request("POST", "/webhooks").json(&large).send(), 413);
    let key = desk.request("POST", "/webhooks").header("idempotency-key", "");
    refusal(&key.json(&json!({})).send(), 400);
}

// E-94: what fails is told as that alone.
#[test]
fn a_failure_tells_nothing_else() {
    let server = Server::start(Backend::Sqlite);
    let desk = Desk::new(&server);
    desk.tenant.opportunity("Licence", None);
    desk.tenant.damage("UPDATE opportunity SET uuid = 'secret'");
    assert_eq!(refusal(&desk.ask("/deals"), 500), "Internal server error");
}
