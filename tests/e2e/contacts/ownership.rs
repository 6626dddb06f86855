//! Whose path is whose (contract X-01 … X-06, D-30).

use crm_tests::{each_server, server::Server};
use serde_json::json;

use super::{Browser, full, refusal};

each_server! {
    unknown_paths_are_answered_by_their_owner,
}

// D-01, D-02, D-30, X-02, X-03, X-04
fn unknown_paths_are_answered_by_their_owner(server: &Server) {
    let tenant = server.tenant("Acme");
    let (key, token) = (full(&tenant), tenant.admin_token());
    // D's, with a key and without one, since the address is wrong either way.
    for path in [
        "/api/v1/nope",
        "/api/v1",
        "/api/v1/healthy",
        "/api/v1/externals",
        "/api/public/nope",
        "/api/login/nope",
    ] {
        let error = refusal(server, &server.get(path).bearer(&key).send(), 404, "NOT_FOUND");
        assert_eq!(error["message"], "Endpoint not found", "{path}");
        refusal(server, &server.post(path).send(), 404, "NOT_FOUND");
    }
    // A's.
    assert_eq!(server.get("/api/v1/external/nope").send().json()["error"], "API key required");
    // B's, which lie beside D's.
    for path in ["/api/v1/health/nope", "/api/v1/sync", "/api/v1/opportunities"] {
        let error = server.get(path).bearer(&key).send().json();
        assert_eq!(error["error"]["code"], "AUTHENTICATION_ERROR", "{path}");
    }
    // C's: its settings lie beside D's.
    for path in ["/api/nope", "/api/settings/nope", "/api/auth/users"] {
        let answer = server.get(path).bearer(&token).expect(404);
        assert_eq!(answer.json()["error"]["details"], json!([]), "{path}");
        assert!(answer.header("x-api-version").is_none(), "{path}");
    }
    server.get("/api/settings").bearer(&token).expect(200);
    server.get("/api/auth/me").bearer(&token).expect(200);
    // A path of D with another method is D's, after its caller was let in.
    let browser = Browser::of(server, &tenant.admin);
    let answer = browser.request("PATCH", "/api/settings/profile").send();
    refusal(server, &answer, 405, "NOT_FOUND");
    assert_eq!(answer.header("allow"), Some("GET, PUT, HEAD"));
    refusal(server, &server.get("/api/login").send(), 405, "NOT_FOUND");
}
