//! Errors, always in the one envelope (contract B-02 … B-06, B-98 … B-105, X-46 … X-50).

use crm_domain::control::api_key::{ApiKeyDraft, KeyFamily};
use crm_tests::{database::Backend, each_server, server::Server, tenant::set};
use serde_json::json;

use super::{BASE, Desk, permitted, refusal};

each_server! {
    a_key_is_asked_for_whatever_is_wanted,
    a_key_that_may_only_read_writes_nothing,
    whatever_goes_wrong_has_the_envelope,
    what_was_sent_twice_takes_effect_once,
}

// B-02, B-03, B-05, B-98, B-100, X-46
fn a_key_is_asked_for_whatever_is_wanted(server: &Server) {
    let desk = Desk::new(server);
    let revoked = desk.tenant.key(KeyFamily::Halopsa);
    desk.tenant.revoke(&revoked);
    let of_d = desk.tenant.key(KeyFamily::Contacts);
    let cut = &desk.key.text[..desk.key.text.len() - 1];
    assert!(desk.key.text.starts_with("halo_"));
    for path in ["/webhooks", "/sync/nothing", "/prospects", "/health/nothing"] {
        let url = format!("{BASE}{path}");
        for token in ["garbage", cut, &revoked.text, &of_d.text, &desk.key.text.to_uppercase()] {
            let error = refusal(&server.get(&url).bearer(token).send(), 401, "AUTHENTICATION_ERROR");
            assert_eq!(error["message"], "Invalid or missing credentials", "{path} {token}");
        }
        refusal(&server.get(&url).send(), 401, "AUTHENTICATION_ERROR");
        // A key comes as a bearer alone.
        refusal(&server.get(&url).key(&desk.key.text).send(), 401, "AUTHENTICATION_ERROR");
        let basic = format!("Basic {}", desk.key.text);
        refusal(
            &server.get(&url).header("authorization", &basic).send(),
            401,
            "AUTHENTICATION_ERROR",
        );
    }
    let elsewhere = desk.tenant.key_with(
        KeyFamily::Halopsa,
        ApiKeyDraft {
            ip_allowlist: crm_domain::field::Patch::Set(vec!["203.0.113.7".to_owned()]),
            name: set("Elsewhere"),
            ..ApiKeyDraft::default()
        },
    );
    refusal(
        &server.get(&format!("{BASE}/webhooks")).bearer(&elsewhere.text).send(),
        403,
        "AUTHORIZATION_ERROR",
    );
}

// B-06, B-101, X-48
fn a_key_that_may_only_read_writes_nothing(server: &Server) {
    let tenant = server.tenant("Acme");
    let (reads, writes) = (permitted(&tenant, &["read"]), permitted(&tenant, &["write"]));
    let ask = |key: &str, method: &str, path: &str| {
        let request = server.request(method, &format!("{BASE}{path}")).bearer(key);
        if method == "GET" {
            request.send()
        } else {
            request.json(&json!({})).send()
        }
    };
    for (method, path) in [
        ("POST", "/sync/leads"),
        ("POST", "/sync/leads/bulk"),
        ("POST", "/prospects/convert/1"),
        ("PUT", "/prospects/1/status"),
        ("POST", "/opportunities"),
        ("PUT", "/opportunities/1"),
        ("POST", "/webhooks"),
    ] {
        let error = refusal(&ask(&reads, method, path), 403, "AUTHORIZATION_ERROR");
        assert_eq!(error["message"], "Insufficient permissions");
    }
    assert_eq!(ask(&reads, "GET", "/webhooks").status, 200);
    assert_eq!(ask(&reads, "POST", "/validate/leads").status, 400);
    assert_eq!(ask(&writes, "POST", "/sync/leads").status, 400);
    refusal(&ask(&writes, "POST", "/webhooks"), 403, "AUTHORIZATION_ERROR");
}

// B-99, B-103, X-50
fn whatever_goes_wrong_has_the_envelope(server: &Server) {
    let desk = Desk::new(server);
    for path in ["/sync", "/sync/nothing", "/webhooks/wh_1", "/prospects"] {
        let error = refusal(&desk.request("GET", path).send(), 404, "RESOURCE_NOT_FOUND");
        assert_eq!(error["message"], "Requested resource doesn't exist", "{path}");
    }
    let wrong = desk.request("DELETE", "/webhooks").send();
    refusal(&wrong, 405, "VALIDATION_ERROR");
    assert_eq!(wrong.header("allow"), Some("GET, POST, HEAD"));
    for body in [&b"{"[..], b"", b"[]", b"{\"source\":\"\xff\"}", b"{\"source\":\"a\\u0000\"}"] {
        refusal(&desk.request("POST", "/sync/leads").body(body).send(), 400, "VALIDATION_ERROR");
    }
    let xml = desk.request("POST", "/sync/leads").header("content-type", "application/xml");
    refusal(&xml.body("<lead/>").send(), 415, "VALIDATION_ERROR");
    let large = json!({ "source": "x".repeat(2 << 20) });
    refusal(&desk.post("/sync/leads", &large), 413, "VALIDATION_ERROR");
    let key = desk.request("POST", "/sync/leads").header("idempotency-key", "");
    refusal(&key.json(&json!({})).send(), 400, "VALIDATION_ERROR");
}

//
fn what_was_sent_twice_takes_effect_once(server: &Server) {
    let desk = Desk::new(server);
    let send = |path: &str, body: &serde_json::Value| desk.request("POST", path).header("idempotency-key", "once").json(body).send();
    let lead = json!({ "source": "apollo", "data": { "first_name": "Ada", "email": "ada@example.com" } });
    let first = send("/sync/leads", &lead).expect(200);
    let again = send("/sync/leads", &lead).expect(200);
    assert_eq!((first.json(), again.header("idempotent-replayed")), (again.json(), Some("true")));
    let other = json!({ "source": "apollo", "data": { "first_name": "Bob", "email": "bob@example.com" } });
    refusal(&send("/sync/leads", &other), 422, "VALIDATION_ERROR");
    let bulk = json!({ "source": "apollo", "leads": [{ "first_name": "Cleo", "email": "cleo@example.com" }] });
    let first = send("/sync/leads/bulk", &bulk).expect(200);
    let again = send("/sync/leads/bulk", &bulk).expect(200);
    assert_eq!((first.json(), again.header("idempotent-replayed")), (again.json(), Some("true")));
    assert_eq!(again.json()["successful"], 1);
    assert_eq!(desk.elsewhere("/api/leads")["totalCount"], 2);
}

// B-105: what fails is told as that alone.
#[test]
fn a_failure_tells_nothing_else() {
    let server = Server::start(Backend::Sqlite);
    let desk = Desk::new(&server);
    let id = desk.lead("Ada", "ada@example.com");
    desk.tenant.damage("UPDATE lead SET uuid = 'secret'");
    let error = refusal(&desk.post(&format!("/prospects/convert/{id}"), &json!({})), 500, "INTERNAL_ERROR");
    assert_eq!(
        (&error["message"], &error["details"]),
        (&json!("Unexpected server error"), &json!({}))
    );
}
