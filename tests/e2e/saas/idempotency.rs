//! `Idempotency-Key` (contract C-144, C-145, X-109 as decided).

use std::{thread, time::Duration};

use crm_domain::control::user::Role;
use crm_tests::{each_server, http::Answer, server::Server};
use serde_json::{Value, json};

use super::{create, refusal, text};

each_server! {
    a_repeated_post_gets_the_first_answer,
    of_posts_at_once_one_takes_effect,
    a_key_comes_with_one_body,
    a_key_is_of_one_user_and_path,
    a_key_is_kept_for_a_day,
}

/// As the document makes them: MD5 of the body, hex.
const KEY: &str = "5d41402abc4b2a76b9719d911017c592";
const COMPANIES: &str = "/api/companies";

fn post(server: &Server, token: &str, path: &str, key: &str, body: &Value) -> Answer {
    server.post(path).bearer(token).header("idempotency-key", key).json(body).send()
}

fn count(server: &Server, token: &str, path: &str) -> Value {
    server.get(path).bearer(token).expect(200).json()["totalCount"].clone()
}

#[track_caller]
fn replayed(answer: &Answer) -> bool {
    answer
        .header("idempotent-replayed")
        .inspect(|value| assert_eq!(*value, "true"))
        .is_some()
}

fn a_repeated_post_gets_the_first_answer(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    for path in [COMPANIES, "/api/deals"] {
        let body = json!({ "name": "Once", "externalId": "E-1" });
        let first = post(server, &token, path, KEY, &body).expect(201);
        assert!(!replayed(&first));
        let item = first.header("location").unwrap().to_owned();
        // What was made may be written over at once, as if it had been read.
        let tag = server.get(&item).bearer(&token).expect(200).header("etag").unwrap().to_owned();
        assert_eq!(first.header("etag"), Some(tag.as_str()));
        server
            .put(&item)
            .bearer(&token)
            .json(&json!({ "name": "Changed since" }))
            .expect(200);
        for _ in 0..2 {
            let again = post(server, &token, path, KEY, &body).expect(201);
            assert!(replayed(&again));
            assert_eq!(again.body, first.body, "to the byte, whatever happened since");
            assert_eq!(again.header("location"), Some(item.as_str()));
            assert_eq!(again.header("etag"), Some(tag.as_str()), "of the state that it shows");
            assert_eq!(again.header("content-type"), first.header("content-type"));
        }
        assert_eq!(count(server, &token, path), 1);
        server.delete(&item).bearer(&token).expect(204);
        let again = post(server, &token, path, KEY, &body).expect(201);
        assert_eq!((replayed(&again), again.body), (true, first.body));
        assert_eq!(count(server, &token, path), 0);
    }
    // It survives the process, and is known to every node.
    let body = json!({ "name": "Once", "externalId": "E-1" });
    let other = server.another_node();
    assert!(replayed(&post(&other, &token, COMPANIES, KEY, &body).expect(201)));
}

fn of_posts_at_once_one_takes_effect(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let body = json!({ "name": "Once" });
    let answers: Vec<Answer> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| post(server, &token, COMPANIES, KEY, &body).expect(201)))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(answers.iter().all(|answer| answer.body == answers[0].body));
    assert_eq!(answers.iter().filter(|answer| !replayed(answer)).count(), 1);
    assert_eq!(count(server, &token, COMPANIES), 1);
}

fn a_key_comes_with_one_body(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    post(server, &token, COMPANIES, KEY, &json!({ "name": "One" })).expect(201);
    let answer = post(server, &token, COMPANIES, KEY, &json!({ "name": "Two" }));
    let error = refusal(server, &answer, 422, "VALIDATION_ERROR");
    assert_eq!(error["message"], "This Idempotency-Key was used with a different request body");
    // The body is what was sent: another spelling of the same is another.
    let spaced = server
        .post(COMPANIES)
        .bearer(&token)
        .header("idempotency-key", KEY)
        .body("{ \"name\": \"One\" }");
    refusal(server, &spaced.send(), 422, "VALIDATION_ERROR");
    assert_eq!(count(server, &token, COMPANIES), 1);
    // What failed is not kept: mended, it may be sent under the same key.
    refusal(
        server,
        &post(server, &token, COMPANIES, "other", &json!({ "name": "" })),
        422,
        "VALIDATION_ERROR",
    );
    refusal(
        server,
        &post(server, &token, COMPANIES, "other", &json!({ "name": "x", "parentId": "company_9" })),
        422,
        "VALIDATION_ERROR",
    );
    post(server, &token, COMPANIES, "other", &json!({ "name": "Mended" })).expect(201);
    assert_eq!(count(server, &token, COMPANIES), 2);
}

fn a_key_is_of_one_user_and_path(server: &Server) {
    let (tenant, other) = (server.tenant("Acme"), server.tenant("Other"));
    let body = json!({ "name": "Same" });
    let admin = tenant.admin_token();
    let colleague = tenant.login(&tenant.user(Role::User)).token;
    for (token, path) in [
        (&admin, COMPANIES),
        (&admin, "/api/deals"),
        (&colleague, COMPANIES),
        (&other.admin_token(), COMPANIES),
    ] {
        assert!(!replayed(&post(server, token, path, KEY, &body).expect(201)), "{path}");
    }
    // It is the user's, not the session's; and the query is no part of the path.
    let again = post(server, &tenant.admin_token(), "/api/companies?x=1", KEY, &body).expect(201);
    assert!(replayed(&again));
    assert_eq!(count(server, &admin, COMPANIES), 2);
}

fn a_key_is_kept_for_a_day(server: &Server) {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let tenant = server.tenant("Acme");
    let body = json!({ "name": "Daily" });
    let send = || post(server, &tenant.admin_token(), COMPANIES, KEY, &body).expect(201);
    let first = send();
    server.advance(DAY - Duration::from_secs(1));
    assert!(replayed(&send()));
    server.advance(Duration::from_secs(2));
    let second = send();
    assert!(!replayed(&second));
    assert_ne!(second.body, first.body);
    assert!(replayed(&send()), "kept anew");
    assert_eq!(count(server, &tenant.admin_token(), COMPANIES), 2);
}

#[test]
fn other_methods_have_no_use_for_a_key() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let made = create(&server, &token, COMPANIES, &json!({ "name": "Acme" }));
    let item = format!("{COMPANIES}/{}", text(&made["id"]));
    for name in ["One", "Two"] {
        let put = server
            .put(&item)
            .bearer(&token)
            .header("idempotency-key", KEY)
            .json(&json!({ "name": name }));
        assert_eq!(put.expect(200).json()["name"], name);
    }
    server.get(COMPANIES).bearer(&token).header("idempotency-key", "").expect(200);
}

#[test]
fn a_key_is_one_printable_text() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let body = json!({ "name": "Acme" });
    for key in ["k".repeat(255), "~!@ #".to_owned(), "0".to_owned()] {
        post(&server, &token, COMPANIES, &key, &body).expect(201);
    }
    for key in [String::new(), "  ".to_owned(), "k".repeat(256), "schlüssel".to_owned()] {
        let answer = post(&server, &token, COMPANIES, &key, &body);
        let error = refusal(&server, &answer, 400, "VALIDATION_ERROR");
        assert_eq!(
            error["message"],
            "Idempotency-Key must be one header of 1 to 255 printable ASCII characters"
        );
    }
    let twice = server
        .post(COMPANIES)
        .bearer(&token)
        .header("idempotency-key", "a")
        .header("idempotency-key", "b");
    refusal(&server, &twice.json(&body).send(), 400, "VALIDATION_ERROR");
    assert_eq!(count(&server, &token, COMPANIES), 3);
}
