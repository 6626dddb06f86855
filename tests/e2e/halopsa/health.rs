//! The server's health (contract B-09 … B-11, X-44, X-45).

use crm_tests::{each_server, server::Server};
use serde_json::json;

use super::{BASE, Desk, assert_second, keys};

each_server! {
    the_health_is_open_and_says_what_is_there,
    a_bad_credential_does_not_matter,
}

// B-08, B-09, B-10, B-11, B-115, X-44, X-45
fn the_health_is_open_and_says_what_is_there(server: &Server) {
    let answer = server.get(&format!("{BASE}/health")).expect(200);
    let health = answer.json();
    assert_eq!(keys(&health), ["services", "status", "timestamp", "version"]);
    assert_eq!((&health["status"], &health["version"]), (&json!("healthy"), &json!("1.0.0")));
    assert_second(&health["timestamp"]);
    let services = json!({ "halopsa": "not_configured", "apollo": "not_configured", "database": "connected" });
    assert_eq!(health["services"], services);
}

//
fn a_bad_credential_does_not_matter(server: &Server) {
    let desk = Desk::new(server);
    let health = server.get(&format!("{BASE}/health")).expect(200).json();
    for token in ["garbage", &desk.key.text] {
        assert_eq!(server.get(&format!("{BASE}/health")).bearer(token).expect(200).json(), health);
    }
}
