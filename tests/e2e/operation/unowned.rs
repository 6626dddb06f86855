//! Paths that no family owns.

use crm_tests::server::Server;
use serde_json::json;

#[test]
fn a_path_of_nobody_is_a_plain_404() {
    let server = Server::sqlite();
    server.tenant("Acme");
    for path in [
        "/nope",
        "/favicon.ico",
        "/apis",
        "/API/v1/external/accounts",
        "/../../etc/passwd",
        "/.env",
        "//nope",
    ] {
        for method in ["GET", "POST", "DELETE"] {
            let answer = server.request(method, path).send();
            assert_eq!(answer.status, 404, "{answer:?}");
            assert!(answer.json()["error"].is_string(), "{answer:?}");
        }
    }
}

#[test]
fn a_doubled_slash_is_answered_by_the_family_it_means() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    for path in ["//api/companies", "/api//companies"] {
        let answer = server.get(path).bearer(&tenant.admin_token()).expect(404);
        let body = answer.json();
        assert_eq!((&body["error"]["code"], &body["path"]), (&json!("NOT_FOUND"), &json!(path)));
        assert_eq!(body["traceId"].as_str(), answer.header("x-trace-id"));
        let stranger = server.get(path).expect(401);
        assert_eq!(stranger.json()["error"]["code"], "AUTH_FAILED");
    }
    let answer = server.get("//api/v1/contacts").expect(404);
    assert_eq!(answer.json()["success"], false);
    assert!(answer.header("x-trace-id").is_some());
}

#[test]
fn what_can_only_be_read_says_so() {
    let server = Server::sqlite();
    for path in [
        "/livez",
        "/readyz",
        "/metrics",
        "/",
        "/docs",
        "/docs/",
        "/docs/CRM_SaaS_API.postman_collection.json",
        "/openapi.json",
    ] {
        for method in ["POST", "PUT", "PATCH", "DELETE", "INVENTED"] {
            let answer = server.request(method, path).expect(405);
            assert_eq!(answer.header("allow"), Some("GET, HEAD"), "{answer:?}");
            let expected = json!({ "error": "Method Not Allowed", "message": "Method Not Allowed" });
            assert_eq!(answer.json(), expected, "{method} {path}");
        }
    }
    for bare in ["/", "/docs"] {
        let answer = server.get(bare).expect(307);
        assert_eq!(answer.header("location"), Some("/docs/"), "{answer:?}");
    }
}

// Requests that no HTTP server can serve are answered or cut off, and the next one is served.
#[test]
fn what_is_no_http_does_no_harm() {
    let server = Server::sqlite();
    let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "x".repeat(100_000));
    let many = format!(
        "GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{}\r\n",
        "a: b\r\n".repeat(2_000)
    );
    for (bytes, expected) in [
        (b"nonsense\r\n\r\n".to_vec(), 400),
        (b"GET / HTTP/9.9\r\n\r\n".to_vec(), 400),
        // Two lengths: what stands in front of this server may believe the other one.
        (
            b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello".to_vec(),
            400,
        ),
        (
            b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\nbad header\r\n\r\n".to_vec(),
            400,
        ),
        (b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_vec(), 400),
        (long.into_bytes(), 400),
        (many.into_bytes(), 431),
    ] {
        let answer = server.raw(&bytes);
        assert_eq!(answer.status, expected, "{answer:?}");
    }
    server.get("/livez").expect(200);
}
