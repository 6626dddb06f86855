//! Bodies that are no JSON object, or too much of one (contract C-19, C-116, X-20, X-99).

use std::fmt::Write;

use crm_tests::{database::Backend, each_server, http::Answer, server::Server};
use serde_json::json;

use super::{refusal, text};

each_server! {
    what_cannot_be_read_is_a_bad_request,
}

const ROUTES: [(&str, &str); 5] = [
    ("POST", "/api/auth/register"),
    ("POST", "/api/auth/login"),
    ("POST", "/api/auth/refresh"),
    ("POST", "/api/companies"),
    ("POST", "/api/deals"),
];

fn send(server: &Server, (method, path): (&str, &str), token: &str, body: impl Into<Vec<u8>>) -> Answer {
    server
        .request(method, path)
        .bearer(token)
        .header("content-type", "application/json")
        .body(body)
        .send()
}

fn nested(depth: usize) -> String {
    format!("{{\"name\":{}{}}}", "[".repeat(depth), "]".repeat(depth))
}

fn what_cannot_be_read_is_a_bad_request(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let company = super::create(server, &token, "/api/companies", &json!({ "name": "Acme" }));
    let item = format!("/api/companies/{}", text(&company["id"]));
    let bodies: [&[u8]; 19] = [
        b"",
        b" ",
        b"x",
        b"{",
        b"{\"name\":}",
        b"{\"name\":\"x\"} {}",
        b"{\"name\":\"x\",}",
        b"{'name':'x'}",
        b"name=x",
        b"null",
        b"5",
        b"\"x\"",
        b"[]",
        b"[{\"name\":\"x\"}]",
        b"{\"name\":\"\xff\xfe\"}",
        b"{\"name\":\"a\\u0000b\"}",
        b"{\"unknown\":{\"deep\":[\"\\u0000\"]}}",
        b"{\"name\":\"\\ud800\"}",
        b"{\"name\":\"\\udc00\\ud800\"}",
    ];
    for route in ROUTES.into_iter().chain([("PUT", item.as_str())]) {
        for body in bodies
            .into_iter()
            .map(<[u8]>::to_vec)
            .chain([nested(200), nested(100_000)].map(String::into_bytes))
        {
            let error = refusal(server, &send(server, route, &token, body), 400, "VALIDATION_ERROR");
            assert!(text(&error["message"]).starts_with("Request body "), "{error}");
            assert_eq!(error["details"], json!([]));
        }
    }
    assert_eq!(server.get(&item).bearer(&token).expect(200).json(), company);
    assert_eq!(server.get("/api/companies").bearer(&token).expect(200).json()["totalCount"], 1);
}

// section 10: JSON bodies of at most 1 MiB
#[test]
fn a_body_too_large_is_refused_unread() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    for size in [(1 << 20) + 1, 10 << 20] {
        let body = format!("{{\"name\":\"x\",\"padding\":\"{}\"}}", "y".repeat(size));
        for route in ROUTES {
            let error = refusal(&server, &send(&server, route, &token, body.clone()), 413, "VALIDATION_ERROR");
            assert_eq!(error["message"], "The request body is larger than 1048576 bytes");
        }
    }
    let fits = format!("{{\"name\":\"x\",\"padding\":\"{}\"}}", "y".repeat((1 << 20) - 30));
    send(&server, ROUTES[3], &token, fits).expect(201);
    // One that does not say how long it is, is cut off all the same.
    let mut chunked = format!(
        "POST /api/companies HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    );
    for _ in 0..20 {
        write!(chunked, "10000\r\n{}\r\n", "z".repeat(0x10000)).unwrap();
    }
    chunked.push_str("0\r\n\r\n");
    refusal(&server, &server.raw(chunked.as_bytes()), 413, "VALIDATION_ERROR");
    assert_eq!(server.get("/api/companies").bearer(&token).expect(200).json()["totalCount"], 1);
}

// A client that announces too much is told so before it sends it.
#[test]
fn a_body_announced_too_large_is_refused_at_once() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let head = format!("POST /api/companies HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: 1048577\r\n\r\n");
    let answer = server.raw(head.as_bytes());
    refusal(&server, &answer, 413, "VALIDATION_ERROR");
    assert_eq!(answer.header("connection"), Some("close"));
}

// section 10: a body has its time to arrive
#[test]
fn a_body_that_does_not_arrive_is_given_up() {
    let server = Server::with(Backend::Sqlite, |settings| settings.server.body.deadline_seconds = 1);
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let half = format!(
        "POST /api/companies HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{{\"name\":"
    );
    let error = refusal(&server, &server.raw(half.as_bytes()), 408, "VALIDATION_ERROR");
    assert_eq!(error["message"], "The request body did not arrive in time");
}

// C-19, C-52: the content type is not asked for
#[test]
fn a_body_needs_no_declared_type() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    for content_type in [
        "text/plain;charset=UTF-8",
        "application/x-www-form-urlencoded",
        "application/json; charset=utf-8",
        "application/vnd.api+json",
        "application/octet-stream",
        "nonsense",
    ] {
        let request = server.post("/api/companies").bearer(&token).header("content-type", content_type);
        request.body(r#"{"name":"Acme"}"#).expect(201);
    }
    server.post("/api/companies").bearer(&token).body(r#"{"name":"Acme"}"#).expect(201);
    // A byte order mark, as some editors and clients write it, is no part of the text.
    server
        .post("/api/companies")
        .bearer(&token)
        .body("\u{FEFF}{\"name\":\"Acme\"}")
        .expect(201);
    // C-02: a GET may declare a type without having a body.
    let list = server
        .get("/api/companies")
        .bearer(&token)
        .header("content-type", "application/json")
        .expect(200);
    assert_eq!(list.json()["totalCount"], 8);
    assert_eq!(list.header("content-type"), Some("application/json"));
}

// A type that cannot be JSON is believed, also before the body has arrived; so is a charset that is not UTF-8.
#[test]
fn another_format_is_refused() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    for (content_type, body) in [
        ("multipart/form-data; boundary=x", r#"{"name":"Acme"}"#),
        ("application/xml", r#"{"name":"Acme"}"#),
        ("text/csv", r#"{"name":"Acme"}"#),
        ("application/json; charset=iso-8859-1", r#"{"name":"Acme"}"#),
        // What curl calls every body is a form when it is one.
        ("application/x-www-form-urlencoded", "name=Acme"),
    ] {
        for path in ["/api/companies", "/api/admin/api-keys", "/api/auth/login"] {
            let request = server.post(path).bearer(&token).header("content-type", content_type);
            let answer = request.body(body).send();
            let error = refusal(&server, &answer, 415, "VALIDATION_ERROR");
            assert!(text(&error["message"]).starts_with("The request body must be "), "{error}");
        }
    }
    for encoding in ["gzip", "deflate", "identity, gzip"] {
        let request = server.post("/api/companies").bearer(&token).header("content-encoding", encoding);
        let answer = request.body(r#"{"name":"Acme"}"#).send();
        let error = refusal(&server, &answer, 415, "VALIDATION_ERROR");
        assert_eq!(error["message"], "The request body must be sent without Content-Encoding");
    }
    let head = format!(
        "POST /api/companies HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: image/png\r\nContent-Length: 9\r\n\r\n"
    );
    let answer = server.raw(head.as_bytes());
    refusal(&server, &answer, 415, "VALIDATION_ERROR");
    assert_eq!(answer.header("connection"), Some("close"));
    assert_eq!(server.get("/api/companies").bearer(&token).expect(200).json()["totalCount"], 0);
}

#[test]
fn escapes_are_the_characters_they_stand_for() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let body = r#"{"name":"\u00c6r\u00f8 \ud83e\ude91","description":"a\tb\nc\"\\\/","city":"last","city":"wins"}"#;
    let made = server.post("/api/companies").bearer(&token).body(body).expect(201).json();
    assert_eq!(
        json!([made["name"], made["description"], made["city"]]),
        json!(["Ærø 🪑", "a\tb\nc\"\\/", "wins"])
    );
}

// A role that does not permit the request hears that, not what is wrong with the body.
#[test]
fn permission_comes_before_the_body() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let user = tenant.login(&tenant.user(crm_domain::control::user::Role::User)).token;
    let answer = server.post("/api/admin/api-keys").bearer(&user).body("not JSON").send();
    refusal(&server, &answer, 403, "PERMISSION_DENIED");
    let answer = server.post("/api/companies").body("not JSON").send();
    refusal(&server, &answer, 401, "AUTH_FAILED");
}
