//! Everything that is no success (contract … ).

use crm_tests::{http::Answer, server::Server};

use super::{BASE, ENDPOINTS, assert_error, assert_error_named, documented};

// 405 with `Allow`, after authentication; no method changes anything.
#[test]
fn only_get_is_offered() {
    let server = Server::sqlite();
    let desk = documented(&server);
    let before = desk.get("/accounts/ACT-00001?expand=opportunities");
    for path in ENDPOINTS {
        let path = format!("{BASE}{path}");
        for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "LINK"] {
            let answer = server
                .request(method, &path)
                .key(&desk.key.text)
                .json(&serde_json::json!({ "name": "x" }))
                .send();
            assert_error(&answer, 405, "Method not allowed", "This API is read-only: only GET is supported");
            assert_eq!(answer.header("allow"), Some("GET, HEAD"), "{method}");
            let stranger = server.request(method, &path).send();
            assert_error(&stranger, 401, "API key required", "No x-api-key header provided");
        }
        let overridden = server
            .post(&path)
            .key(&desk.key.text)
            .header("x-http-method-override", "GET")
            .send();
        assert_eq!(overridden.status, 405);
    }
    assert_eq!(desk.get("/accounts/ACT-00001?expand=opportunities"), before);
}

// : paths that are none of the four are A's 404, once the key was shown.
#[test]
fn unknown_paths_are_answered_in_the_same_envelope() {
    let server = Server::sqlite();
    let desk = documented(&server);
    for path in [
        "",
        "/",
        "/account",
        "/Accounts",
        "/accounts/ACT-00001/contacts",
        "/contacts",
        "/deals",
        "/%00",
        "/accounts%2FACT-00001",
    ] {
        for method in ["GET", "POST", "DELETE"] {
            let answer = server.request(method, &format!("{BASE}{path}")).key(&desk.key.text).send();
            assert_error(&answer, 404, "Not found", "No such endpoint");
            let stranger = server.request(method, &format!("{BASE}{path}")).send();
            assert_error(&stranger, 401, "API key required", "No x-api-key header provided");
        }
    }
}

// a body on a GET is not read, however large or broken it is.
#[test]
fn a_body_does_not_matter() {
    let server = Server::sqlite();
    let desk = documented(&server);
    for body in [b"{".to_vec(), b"\xff\x00".to_vec(), vec![b'['; 100_000]] {
        let answer = server.get(&format!("{BASE}/accounts")).key(&desk.key.text).body(body).send();
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

// the document's texts for each endpoint; what went wrong inside is not told.
#[test]
fn a_failure_inside_is_told_in_the_documents_words() {
    let server = Server::sqlite();
    let desk = documented(&server);
    for path in ENDPOINTS {
        desk.get(path);
    }
    desk.tenant.damage("DROP TABLE opportunity; DROP TABLE account;");
    for (path, error, message) in [
        ("/accounts", "Failed to fetch accounts", "Error listing accounts"),
        ("/accounts/ACT-00001", "Failed to fetch account", "Error fetching account details"),
        ("/opportunities", "Failed to fetch opportunities", "Error listing opportunities"),
        (
            "/opportunities/OPP-00001",
            "Failed to fetch opportunity",
            "Error fetching opportunity details",
        ),
    ] {
        assert_error(&desk.ask(path), 500, error, message);
        assert_error(&desk.ask(&format!("{path}?expand=opportunities,account")), 500, error, message);
    }
    assert_eq!(desk.ask("/nothing").status, 404, "the rest goes on");
}

// 400 only where silence would be harmful; the parameter is named.
#[test]
fn a_parameter_that_cannot_be_read_is_named() {
    let server = Server::sqlite();
    let desk = documented(&server);
    for (path, parameter) in [
        ("/accounts?updatedSince=yesterday", "updatedSince"),
        ("/opportunities?updatedSince=yesterday", "updatedSince"),
        ("/accounts?cursor=nonsense", "cursor"),
        ("/opportunities?cursor=nonsense", "cursor"),
    ] {
        let answer = desk.ask(path);
        assert_error_named(&answer, 400, "Invalid query parameter");
        assert!(answer.json()["message"].as_str().unwrap().starts_with(parameter), "{answer:?}");
    }
}

// every answer, also what no handler sees, has two texts, A's headers and a trace id.
#[test]
fn every_answer_carries_its_headers() {
    let server = Server::sqlite();
    let desk = documented(&server);
    let answers: Vec<Answer> = vec![
        desk.ask("/accounts"),
        desk.ask("/accounts/ACT-00009"),
        desk.ask("/accounts?updatedSince=x"),
        desk.ask("/nothing"),
        server.get(&format!("{BASE}/accounts")).send(),
        server.get(&format!("{BASE}/accounts")).key("x").send(),
        server.post(&format!("{BASE}/accounts")).key(&desk.key.text).send(),
    ];
    for answer in answers {
        for header in ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"] {
            assert!(answer.number(header) >= 0, "{header} of {answer:?}");
        }
        assert!(
            answer.header("x-trace-id").is_some_and(|trace| trace.starts_with("trace_")),
            "{answer:?}"
        );
        if answer.status >= 400 {
            let body = answer.json();
            for member in ["error", "message"] {
                assert!(body[member].as_str().is_some_and(|text| !text.is_empty()), "{answer:?}");
            }
        }
    }
}
