//! `/livez` and `/readyz`.

use crm_tests::{each_server, server::Server};
use serde_json::json;

each_server! {
    the_probes_answer_whoever_asks,
}

fn the_probes_answer_whoever_asks(server: &Server) {
    for path in ["/livez", "/readyz"] {
        assert_eq!(server.get(path).expect(200).json(), json!({ "status": "ok" }), "{path}");
        let head = server.request("HEAD", path).expect(200);
        assert!(head.body.is_empty());
        server.get(path).key("garbage").bearer("garbage").expect(200);
    }
}

#[test]
fn probes_are_not_in_the_request_log() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    for path in ["/livez", "/readyz", "/metrics", "/openapi.json"] {
        server.get(path).expect(200);
    }
    let token = tenant.admin_token();
    server.flush_log();
    let log = server.get("/api/admin/requests").bearer(&token).expect(200).json();
    let endpoints: Vec<&str> = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["endpoint"].as_str().unwrap())
        .collect();
    assert_eq!(endpoints, ["/api/auth/login"]);
}
