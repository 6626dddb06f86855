//! The error envelope, and what no endpoint answers (contract C-111 … C-124, X-02 … … X-101).

use std::collections::HashSet;

use crm_domain::control::user::Role;
use crm_tests::{each_server, server::Server};
use serde_json::json;

use super::{keys, refusal, text};

each_server! {
    an_error_has_the_documented_envelope,
}

// C-111, C-112, C-113, C-114, X-98
fn an_error_has_the_documented_envelope(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let answer = server.get("/api/companies/company_1?secret=1").bearer(&token).send();
    let body = answer.json();
    let expected = json!({
        "error": { "code": "NOT_FOUND", "message": "Company not found", "details": [] },
        "timestamp": "2025-01-15T10:00:00Z",
        "path": "/api/companies/company_1",
        "traceId": body["traceId"],
    });
    assert_eq!((answer.status, &body), (404, &expected));
    let trace = text(&body["traceId"]);
    assert!(
        trace
            .strip_prefix("trace_")
            .is_some_and(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
    );
    assert_eq!(answer.header("x-trace-id"), Some(trace));
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[test]
fn every_answer_has_a_trace_id_of_its_own_that_no_client_chooses() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let answers = [
        server
            .get("/api/companies")
            .bearer(&token)
            .header("x-trace-id", "trace_mine")
            .expect(200),
        server.get("/api/companies").bearer(&token).expect(200),
        server.get("/api/companies").expect(401),
        server.get("/api/nowhere").bearer(&token).expect(404),
        server.post("/api/auth/login").body("{}").expect(422),
    ];
    let traces: HashSet<&str> = answers.iter().map(|answer| answer.header("x-trace-id").unwrap()).collect();
    assert_eq!(traces.len(), answers.len());
    assert!(!traces.contains("trace_mine"));
}

// unknown paths and methods
#[test]
fn what_no_route_answers_is_refused_in_the_envelope() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    for path in [
        "/api",
        "/api/",
        "/api/nowhere",
        "/api/companies/",
        "/api/companies/company_1/nothing",
        "/api/auth",
        "/api/auth/nowhere",
        "/api/Companies",
        "/api//companies",
        "/api/admin",
        "/api/admin/nowhere",
    ] {
        for method in ["GET", "POST", "DELETE", "PATCH"] {
            let answer = server.request(method, path).bearer(&token).send();
            let error = refusal(&server, &answer, 404, "NOT_FOUND");
            assert_eq!(error["message"], "Endpoint not found");
            assert_eq!(answer.json()["path"], path);
        }
        // Which paths there are is told to users only.
        refusal(&server, &server.get(path).send(), 401, "AUTH_FAILED");
        refusal(&server, &server.get(path).bearer("garbage").send(), 401, "INVALID_TOKEN");
    }
    for (method, path, allow) in [
        ("PATCH", "/api/companies", "GET, HEAD, POST"),
        ("DELETE", "/api/companies", "GET, HEAD, POST"),
        ("POST", "/api/companies/company_1", "DELETE, GET, HEAD, PUT"),
        ("PATCH", "/api/deals/deal_1", "DELETE, GET, HEAD, PUT"),
        ("PUT", "/api/deals", "GET, HEAD, POST"),
        ("GET", "/api/auth/login", "POST"),
        ("GET", "/api/auth/register", "POST"),
        ("DELETE", "/api/auth/refresh", "POST"),
        ("POST", "/api/auth/me", "GET, HEAD"),
        ("PUT", "/api/admin/api-keys/key_1", "DELETE, GET, HEAD, PATCH"),
        ("POST", "/api/admin/requests", "GET, HEAD"),
        ("BREW", "/api/companies", "GET, HEAD, POST"),
    ] {
        let answer = server.request(method, path).bearer(&token).send();
        let error = refusal(&server, &answer, 405, "VALIDATION_ERROR");
        assert_eq!(error["message"], "Method not allowed");
        let mut allowed: Vec<&str> = answer.header("allow").unwrap().split(", ").collect();
        allowed.sort_unstable();
        assert_eq!(allowed.join(", "), allow, "{method} {path}");
    }
}

#[test]
fn a_head_is_a_get_without_its_body() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let get = server.get("/api/companies").bearer(&token).expect(200);
    let head = server.request("HEAD", "/api/companies").bearer(&token).expect(200);
    assert!(head.body.is_empty());
    assert_eq!(head.header("content-type"), get.header("content-type"));
    assert_eq!(head.header("content-length"), Some(get.body.len().to_string().as_str()));
}

// the route's owner decides which credential counts
#[test]
fn another_familys_credential_is_none() {
    use crm_domain::control::api_key::KeyFamily;
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    for family in KeyFamily::ALL {
        let key = tenant.key(family).text;
        refusal(&server, &server.get("/api/companies").key(&key).send(), 401, "AUTH_FAILED");
        refusal(&server, &server.get("/api/companies").bearer(&key).send(), 401, "INVALID_TOKEN");
    }
    let token = tenant.admin_token();
    let answer = server.get("/api/v1/external/accounts").bearer(&token).expect(401).json();
    assert_eq!(keys(&answer), ["error", "message"], "family A answers in its own envelope");
}

// C-116, C-117, C-118, C-119, C-120, C-121, C-122, C-124: one answer for each documented status and code
#[test]
fn every_documented_code_is_answered() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let user = tenant.login(&tenant.user(Role::User)).token;
    let company = json!({ "name": "x", "externalId": "1" });
    server.post("/api/companies").bearer(&token).json(&company).expect(201);
    for _ in 0..5 {
        server
            .post("/api/auth/login")
            .json(&json!({ "email": "x@y.test", "password": "x" }))
            .expect(401);
    }
    let login = json!({ "email": "x@y.test", "password": "x" });
    for (answer, status, code) in [
        (server.get("/api/companies").send(), 401, "AUTH_FAILED"),
        (server.get("/api/companies").bearer("x").send(), 401, "INVALID_TOKEN"),
        (
            server.post("/api/companies").bearer(&token).body("x").send(),
            400,
            "VALIDATION_ERROR",
        ),
        (
            server.post("/api/companies").bearer(&token).body("{}").send(),
            422,
            "VALIDATION_ERROR",
        ),
        (server.get("/api/companies/company_9").bearer(&token).send(), 404, "NOT_FOUND"),
        (server.post("/api/companies").bearer(&token).json(&company).send(), 409, "DUPLICATE"),
        (
            server.delete("/api/companies/company_1").bearer(&user).send(),
            403,
            "PERMISSION_DENIED",
        ),
        (server.post("/api/auth/login").json(&login).send(), 429, "RATE_LIMIT_EXCEEDED"),
    ] {
        refusal(&server, &answer, status, code);
    }
}

// C-123, X-101: what went wrong inside is for the log
#[test]
fn a_failure_inside_is_told_without_its_cause() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let company = json!({ "name": "x" });
    server.post("/api/companies").bearer(&token).json(&company).expect(201);
    tenant.damage("DROP TABLE account;");
    for request in [
        server.get("/api/companies"),
        server.get("/api/companies/company_1"),
        server.post("/api/companies").json(&company),
        server.put("/api/companies/company_1").json(&company),
        server.delete("/api/companies/company_1"),
    ] {
        let answer = request.bearer(&token).send();
        let expected = json!({ "code": "INTERNAL_ERROR", "message": "An unexpected error occurred", "details": [] });
        assert_eq!(refusal(&server, &answer, 500, "INTERNAL_ERROR"), expected);
    }
    // The rest goes on, and so do the other tenants.
    server.get("/api/auth/me").bearer(&token).expect(200);
    let other = server.tenant("Bolt").admin_token();
    server.get("/api/companies").bearer(&other).expect(200);
}
