//! Browser applications of other origins.

use crm_tests::{
    database::Backend,
    http::{Answer, Client},
    server::Server,
};
use serde_json::json;

const ORIGIN: &str = "https://app.example";

fn preflight(client: &Client, origin: &str) -> Answer {
    client
        .request("OPTIONS", "/api/companies")
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type,idempotency-key")
        .send()
}

#[test]
fn nobody_is_let_in_unless_the_operator_says_so() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    // To a stranger as every other method; to who is known, what the path does know.
    let answer = preflight(&server, ORIGIN).expect(401);
    assert_eq!(answer.header("access-control-allow-origin"), None);
    let answer = server
        .request("OPTIONS", "/api/companies")
        .bearer(&tenant.admin_token())
        .expect(405);
    assert_eq!(answer.header("allow"), Some("GET, POST, HEAD"));
    assert_eq!(answer.json()["error"]["message"], "Method not allowed");
}

#[test]
fn a_named_origin_may_ask_and_read_what_it_needs() {
    let server = Server::with(Backend::Sqlite, |settings| settings.server.cors_origins = vec![ORIGIN.to_owned()]);
    let tenant = server.tenant("Acme");
    let answer = preflight(&server, ORIGIN).expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), Some(ORIGIN));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    assert!(answer.header("access-control-allow-methods").unwrap().contains("POST"));
    let headers = answer.header("access-control-allow-headers").unwrap().to_lowercase();
    for name in ["authorization", "content-type", "idempotency-key", "if-match"] {
        assert!(headers.contains(name), "{headers}");
    }
    let post = |origin| {
        let request = server.post("/api/companies").bearer(&tenant.admin_token()).header("origin", origin);
        request.json(&json!({ "name": "Acme" }))
    };
    let answer = post(ORIGIN).expect(201);
    assert_eq!(answer.header("access-control-allow-origin"), Some(ORIGIN));
    assert!(answer.header("vary").unwrap().to_lowercase().contains("origin"));
    let exposed = answer.header("access-control-expose-headers").unwrap().to_lowercase();
    for name in ["x-ratelimit-remaining", "x-trace-id", "etag", "idempotent-replayed", "retry-after"] {
        assert!(exposed.contains(name), "{exposed}");
    }
    // An error can be read too.
    let refused = server.get("/api/companies").header("origin", ORIGIN).expect(401);
    assert_eq!(refused.header("access-control-allow-origin"), Some(ORIGIN));
    // Another origin is told nothing; its browser keeps the answer to itself.
    assert_eq!(
        preflight(&server, "https://evil.example").header("access-control-allow-origin"),
        None
    );
    assert_eq!(post("https://evil.example").send().header("access-control-allow-origin"), None);
}

#[test]
fn a_star_is_every_origin() {
    let server = Server::with(Backend::Sqlite, |settings| settings.server.cors_origins = vec!["*".to_owned()]);
    assert_eq!(
        preflight(&server, "https://any.example")
            .expect(200)
            .header("access-control-allow-origin"),
        Some("*")
    );
}
