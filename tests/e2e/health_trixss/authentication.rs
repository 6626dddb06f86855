//! Who gets in (contract A-08 … ).

use std::time::Duration;

use crm_domain::control::api_key::{ApiKeyDraft, KeyFamily};
use crm_tests::{each_server, server::Server, tenant::set};

use super::{BASE, Desk, ENDPOINTS, assert_error, documented};

each_server! {
    a_key_opens_every_endpoint_of_its_tenant,
    a_revoked_key_is_turned_away_at_once_on_every_node,
    an_expired_key_says_so,
    a_key_opens_its_own_tenant_only,
}

//
fn a_key_opens_every_endpoint_of_its_tenant(server: &Server) {
    let desk = documented(server);
    for path in ENDPOINTS {
        for name in ["x-api-key", "X-API-Key", "X-Api-KEY"] {
            let answer = server.get(&format!("{BASE}{path}")).header(name, &desk.key.text).send();
            assert_eq!(answer.status, 200, "{answer:?}");
        }
        // Blanks around a header's value do not belong to it.
        let padded = format!(" {} ", desk.key.text);
        server.raw_get(&format!("{BASE}{path}"), &[("x-api-key", &padded)]).expect(200);
    }
}

// the very next request, also where the key was just used and on another node.
fn a_revoked_key_is_turned_away_at_once_on_every_node(server: &Server) {
    let desk = documented(server);
    let other_node = server.another_node();
    let path = format!("{BASE}/accounts");
    for node in [server, &other_node] {
        node.get(&path).key(&desk.key.text).expect(200);
    }
    let token = desk.tenant.admin_token();
    other_node
        .delete(&format!("/api/admin/api-keys/key_{}", desk.key.id))
        .bearer(&token)
        .expect(204);
    for node in [server, &other_node] {
        for path in ENDPOINTS {
            let answer = node.get(&format!("{BASE}{path}")).key(&desk.key.text).send();
            assert_error(
                &answer,
                401,
                "Invalid API key",
                "The provided API key is invalid or has been revoked",
            );
        }
    }
}

//
fn an_expired_key_says_so(server: &Server) {
    let desk = Desk::new(server);
    let ends = server.now().plus(Duration::from_secs(3_600)).to_millisecond_precision();
    let key = desk.tenant.key_with(
        KeyFamily::HealthTrixss,
        ApiKeyDraft {
            expires_at: set(ends),
            ..ApiKeyDraft::default()
        },
    );
    let path = format!("{BASE}/accounts");
    server.advance(Duration::from_millis(3_599_999));
    server.get(&path).key(&key.text).expect(200);
    server.advance(Duration::from_millis(1));
    for path in ENDPOINTS {
        let answer = server.get(&format!("{BASE}{path}")).key(&key.text).send();
        assert_error(&answer, 401, "API key expired", "The provided API key has expired");
    }
    // A key without an expiry does not expire.
    server.advance(Duration::from_secs(50 * 365 * 24 * 3_600));
    server.get(&path).key(&desk.key.text).expect(200);
}

// A-08, isolation: ids are per tenant, so that another tenant's key reads another record under the same id.
fn a_key_opens_its_own_tenant_only(server: &Server) {
    let (acme, bolt) = (Desk::named(server, "Acme"), Desk::named(server, "Bolt"));
    acme.tenant.account("Acme's customer");
    bolt.tenant.account("Bolt's customer");
    bolt.tenant.account("Bolt's second customer");
    assert_eq!(acme.get("/accounts/ACT-00001")["name"], "Acme's customer");
    assert_eq!(bolt.get("/accounts/ACT-00001")["name"], "Bolt's customer");
    assert_eq!(acme.get("/accounts")["pagination"]["total"], 1);
    assert_eq!(acme.ask("/accounts/ACT-00002").status, 404);
}

//
#[test]
fn without_a_key_every_endpoint_asks_for_one() {
    let server = Server::sqlite();
    let desk = documented(&server);
    for path in ENDPOINTS {
        let path = format!("{BASE}{path}");
        let bare = || server.get(&path);
        let in_query = server.get(&format!("{path}?x-api-key={}&api_key={}", desk.key.text, desk.key.text));
        for request in [
            bare(),
            bare().key(""),
            bare().key("   "),
            bare().bearer(&desk.key.text),
            bare().header("api-key", &desk.key.text),
            bare().header("cookie", format!("x-api-key={}", desk.key.text)),
            in_query,
        ] {
            assert_error(&request.send(), 401, "API key required", "No x-api-key header provided");
        }
    }
}

//
#[test]
fn an_inactive_tenants_key_is_turned_away() {
    let server = Server::sqlite();
    let desk = documented(&server);
    desk.get("/accounts");
    let mut tenant = desk.tenant.tenant.clone();
    tenant.is_active = false;
    server.control().writing(|unit| unit.tenants().update(&tenant)).unwrap();
    for path in ENDPOINTS {
        let answer = desk.ask(path);
        assert_error(
            &answer,
            401,
            "Invalid API key",
            "The provided API key is invalid or has been revoked",
        );
    }
    tenant.is_active = true;
    server.control().writing(|unit| unit.tenants().update(&tenant)).unwrap();
    desk.get("/accounts");
}

// key rotation needs several live keys at once.
#[test]
fn keys_live_side_by_side_so_that_they_can_be_rotated() {
    let server = Server::sqlite();
    let desk = documented(&server);
    let next = desk.tenant.key(KeyFamily::HealthTrixss);
    let with = |key: &str| server.get(&format!("{BASE}/accounts")).key(key).send().status;
    assert_eq!((with(&desk.key.text), with(&next.text)), (200, 200));
    desk.tenant.revoke(&desk.key);
    assert_eq!((with(&desk.key.text), with(&next.text)), (401, 200));
}
