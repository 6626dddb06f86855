//! Where a key may be used from (contract ).

use crm_domain::{
    control::api_key::{ApiKeyDraft, KeyFamily},
    field::Patch,
};
use crm_tests::{database::Backend, http::Answer, server::Server, tenant::TestKey};
use serde_json::json;

use super::{BASE, Desk, ENDPOINTS, assert_error};

fn key_for(desk: &Desk, allowlist: &[&str]) -> TestKey {
    let draft = ApiKeyDraft {
        ip_allowlist: Patch::Set(allowlist.iter().map(|&network| network.to_owned()).collect()),
        ..ApiKeyDraft::default()
    };
    desk.tenant.key_with(KeyFamily::HealthTrixss, draft)
}

fn behind_a_proxy() -> Server {
    Server::with(Backend::Sqlite, |settings| {
        settings.server.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
    })
}

#[track_caller]
fn assert_not_allowed(answer: &Answer) {
    assert_error(
        answer,
        403,
        "IP address not allowed",
        "The provided API key may not be used from this IP address",
    );
}

// addresses and networks; the tests' own address is 127.0.0.1.
#[test]
fn a_key_opens_from_the_addresses_it_names() {
    let server = Server::sqlite();
    let desk = Desk::new(&server);
    for (allowlist, allowed) in [
        (&["127.0.0.1"][..], true),
        (&["127.0.0.0/8"], true),
        (&["203.0.113.7", "127.0.0.1/32"], true),
        (&["0.0.0.0/0"], true),
        (&["::ffff:127.0.0.1"], true),
        (&["203.0.113.7"], false),
        (&["127.0.0.2", "128.0.0.0/1"], false),
        (&["::1", "2001:db8::/32"], false),
        (&["::/0"], false),
    ] {
        let key = key_for(&desk, allowlist);
        let answer = server.get(&format!("{BASE}/accounts")).key(&key.text).send();
        if allowed {
            assert_eq!(answer.status, 200, "{allowlist:?}");
        } else {
            assert_not_allowed(&answer);
        }
    }
    for path in ENDPOINTS {
        let key = key_for(&desk, &["203.0.113.7"]);
        assert_not_allowed(&server.get(&format!("{BASE}{path}")).key(&key.text).send());
    }
}

// nobody can claim another address.
#[test]
fn forwarding_headers_of_a_stranger_do_not_count() {
    let server = Server::sqlite();
    let desk = Desk::new(&server);
    let (elsewhere, here) = (key_for(&desk, &["203.0.113.7"]), key_for(&desk, &["127.0.0.1"]));
    for (name, value) in [
        ("x-forwarded-for", "203.0.113.7"),
        ("forwarded", "for=203.0.113.7"),
        ("x-real-ip", "203.0.113.7"),
        ("true-client-ip", "203.0.113.7"),
        ("client-ip", "203.0.113.7"),
    ] {
        let with = |key: &TestKey| server.get(&format!("{BASE}/accounts")).key(&key.text).header(name, value).send();
        assert_not_allowed(&with(&elsewhere));
        assert_eq!(with(&here).status, 200, "{name}");
    }
}

// of what a trusted proxy passes on, the right-most address that is no proxy counts; what stands left of it can be invented.
#[test]
fn a_trusted_proxy_names_the_client() {
    let server = behind_a_proxy();
    let desk = Desk::new(&server);
    let key = key_for(&desk, &["203.0.113.0/24", "2001:db8::/32"]);
    for (forwarded_for, allowed) in [
        ("203.0.113.7", true),
        ("203.0.113.7:4711", true),
        ("203.0.113.7, 10.1.2.3", true),
        ("198.51.100.9, 203.0.113.7", true),
        ("2001:db8::1", true),
        ("[2001:db8::1]:4711", true),
        ("::ffff:203.0.113.7", true),
        ("203.0.113.7, 198.51.100.9", false),
        ("203.0.113.7, 198.51.100.9, 10.1.2.3", false),
        ("203.0.113.7, unknown", false),
        ("203.0.113.7,", false),
        ("2001:db9::1", false),
        ("", false),
        ("nonsense", false),
        ("203.0.113.7 203.0.113.8", false),
    ] {
        let answer = server
            .get(&format!("{BASE}/accounts"))
            .key(&key.text)
            .header("x-forwarded-for", forwarded_for)
            .send();
        if allowed {
            assert_eq!(answer.status, 200, "{forwarded_for:?}");
        } else {
            assert_not_allowed(&answer);
        }
    }
    let forwarded = |value: &str| {
        server
            .get(&format!("{BASE}/accounts"))
            .key(&key.text)
            .header("forwarded", value)
            .send()
    };
    assert_eq!(forwarded("for=\"[2001:db8::7]:80\";proto=https").status, 200);
    assert_not_allowed(&forwarded("for=203.0.113.7, for=198.51.100.9"));
    // Several headers are one list.
    let two = server.get(&format!("{BASE}/accounts")).key(&key.text);
    assert_not_allowed(
        &two.header("x-forwarded-for", "203.0.113.7")
            .header("x-forwarded-for", "198.51.100.9")
            .send(),
    );
    assert_not_allowed(&server.get(&format!("{BASE}/accounts")).key(&key.text).send());
}

// an administrator sets it, and it counts from the next request on.
#[test]
fn an_administrator_sets_the_allowlist() {
    let server = Server::sqlite();
    let desk = Desk::new(&server);
    let token = desk.tenant.admin_token();
    let item = format!("/api/admin/api-keys/key_{}", desk.key.id);
    let set = |list: serde_json::Value| server.patch(&item).bearer(&token).json(&json!({ "ipAllowlist": list })).send();
    desk.get("/accounts");
    let changed = set(json!(["203.0.113.7", "2001:db8::/32"])).expect(200).json();
    assert_eq!(changed["ipAllowlist"], json!(["203.0.113.7", "2001:db8::/32"]));
    assert_not_allowed(&desk.ask("/accounts"));
    for bad in [
        json!(["not an address"]),
        json!(["1.2.3.4/33"]),
        json!("127.0.0.1"),
        json!([7]),
        json!(["300.1.1.1"]),
    ] {
        set(bad).expect(422);
    }
    assert_not_allowed(&desk.ask("/accounts"));
    set(json!(null)).expect(200);
    desk.get("/accounts");
}

// what is wrong with the key itself is told before where it came from.
#[test]
fn a_revoked_key_is_revoked_from_everywhere() {
    let server = Server::sqlite();
    let desk = Desk::new(&server);
    let key = key_for(&desk, &["203.0.113.7"]);
    desk.tenant.revoke(&key);
    let answer = server.get(&format!("{BASE}/accounts")).key(&key.text).send();
    assert_error(
        &answer,
        401,
        "Invalid API key",
        "The provided API key is invalid or has been revoked",
    );
}
