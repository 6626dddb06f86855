//! The request log (contract ).

use std::time::Duration;

use crm_domain::control::{api_key::KeyFamily, user::Role};
use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use crate::saas::{details, ids, keys, refusal, text};

each_server! {
    every_request_is_logged_with_what_the_contract_asks_for,
    the_log_is_filtered_and_paged,
    a_tenant_sees_its_own_requests_only,
}

const PATH: &str = "/api/admin/requests";

fn list(server: &Server, token: &str, query: &str) -> Value {
    server.flush_log();
    server.get(&format!("{PATH}?{query}")).bearer(token).expect(200).json()
}

/// Endpoint, method and status of each item.
fn lines(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().unwrap();
    let line = |item: &Value| format!("{} {} {}", text(&item["method"]), text(&item["endpoint"]), item["status"]);
    items.iter().map(line).collect()
}

//
fn every_request_is_logged_with_what_the_contract_asks_for(server: &Server) {
    let tenant = server.tenant("Acme");
    let login = tenant.login(&tenant.admin);
    let key = tenant.key(KeyFamily::HealthTrixss);
    server.advance(Duration::from_millis(1_500));
    let answer = server
        .get("/api/v1/external/accounts/ACT-00009?expand=contacts")
        .key(&key.text)
        .expect(404);
    server.post("/api/companies").bearer(&login.token).body("not JSON").expect(400);
    server.get("/api/nowhere/at/all").bearer(&login.token).expect(404);
    let logged = list(server, &login.token, "");
    let expected = [
        "GET /api/nowhere/at/all 404",
        "POST /api/companies 400",
        "GET /api/v1/external/accounts/{id} 404",
        "POST /api/auth/login 200",
    ];
    assert_eq!(lines(&logged), expected, "newest first");
    let entry = &logged["items"][2];
    assert!(entry["latencyMs"].as_f64().is_some_and(|latency| latency > 0.0));
    let expected = json!({
        "id": entry["id"], "receivedAt": "2025-01-15T10:00:01.500Z", "family": "health_trixss",
        "endpoint": "/api/v1/external/accounts/{id}", "method": "GET", "status": 404, "latencyMs": entry["latencyMs"],
        "apiKeyId": format!("key_{}", key.id), "apiKeyName": "Test key", "userId": null, "client": "127.0.0.1",
        "traceId": answer.header("x-trace-id"),
    });
    assert_eq!(*entry, expected);
    let by_user = &logged["items"][1];
    assert_eq!(keys(by_user), keys(&expected));
    assert_eq!(
        json!([by_user["family"], by_user["userId"], by_user["apiKeyId"], by_user["apiKeyName"]]),
        json!(["saas", login.user_id, null, null])
    );
    // Whose key it was is told also when it is refused.
    tenant.revoke(&key);
    server.get("/api/v1/external/accounts").key(&key.text).expect(401);
    let logged = list(server, &login.token, "status=401");
    assert_eq!(lines(&logged), ["GET /api/v1/external/accounts 401"]);
    assert_eq!(logged["items"][0]["apiKeyId"], format!("key_{}", key.id));
}

fn the_log_is_filtered_and_paged(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let [one, two] = [tenant.key(KeyFamily::HealthTrixss), tenant.key(KeyFamily::HealthTrixss)];
    for key in [&one, &two, &one] {
        server.get("/api/v1/external/accounts").key(&key.text).expect(200);
    }
    server.advance(Duration::from_secs(60));
    server.get("/api/v1/external/opportunities/OPP-00001").key(&one.text).expect(404);
    server.get("/api/companies").bearer(&token).expect(200);
    server.flush_log();
    let filtered = |query: &str| {
        let list = server.get(&format!("{PATH}?{query}")).bearer(&token).expect(200).json();
        assert_eq!(list["totalCount"], ids(&list).len(), "{query}");
        lines(&list)
    };
    let account = "GET /api/v1/external/accounts 200";
    let missing = "GET /api/v1/external/opportunities/{id} 404";
    for (query, expected) in [
        (format!("key=key_{}", one.id), vec![missing, account, account]),
        (format!("key={}", two.id), vec![account]),
        ("key=key_999999".to_owned(), vec![]),
        ("status=404".to_owned(), vec![missing]),
        ("path=/api/v1/external".to_owned(), vec![missing, account, account, account]),
        ("path=/api/v1/external/opp".to_owned(), vec![missing]),
        ("path=/api/v_".to_owned(), vec![]),
        ("path=%25".to_owned(), vec![]),
        ("since=2025-01-15T10:01:00Z".to_owned(), vec!["GET /api/companies 200", missing]),
        ("since=2025-01-15T11:01:00%2B01:00&path=/api/v1".to_owned(), vec![missing]),
        (format!("key=key_{}&status=200", one.id), vec![account, account]),
    ] {
        assert_eq!(filtered(&query), expected, "{query}");
    }
    // Pages and cursors walk the same way; what is logged meanwhile does not shift a cursor's walk.
    let whole = server
        .get(&format!("{PATH}?path=/api/v1&pageSize=100"))
        .bearer(&token)
        .expect(200)
        .json();
    let (mut walked, mut query) = (Vec::new(), format!("{PATH}?path=/api/v1&pageSize=3"));
    let first = query.clone();
    loop {
        let page = server.get(&query).bearer(&token).expect(200).json();
        walked.extend(ids(&page).into_iter().map(str::to_owned));
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        query = format!("{first}&cursor={cursor}");
        server.flush_log();
    }
    assert_eq!(walked, ids(&whole));
    let second = server
        .get(&format!("{PATH}?path=/api/v1&pageSize=3&page=2"))
        .bearer(&token)
        .expect(200)
        .json();
    assert_eq!(ids(&second), ids(&whole)[3..]);
}

fn a_tenant_sees_its_own_requests_only(server: &Server) {
    let (ours, theirs) = (server.tenant("Ours"), server.tenant("Theirs"));
    let (token, other) = (ours.admin_token(), theirs.admin_token());
    let key = theirs.key(KeyFamily::HealthTrixss);
    server.get("/api/v1/external/accounts").key(&key.text).expect(200);
    server.get("/api/deals").bearer(&other).expect(200);
    let logged = list(server, &token, "");
    assert_eq!(lines(&logged), ["POST /api/auth/login 200"]);
    assert_eq!(list(server, &token, &format!("key=key_{}", key.id))["totalCount"], 0);
    assert_eq!(list(server, &other, "path=/api/deals")["totalCount"], 1);
}

#[test]
fn wrong_filters_are_named() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    for (query, field) in [
        ("key=x", "key"),
        ("key=company_1", "key"),
        ("status=abc", "status"),
        ("status=99", "status"),
        ("status=600", "status"),
        ("since=yesterday", "since"),
        ("path=%00", "path"),
        ("page=x", "page"),
        ("cursor=x", "cursor"),
    ] {
        let answer = server.get(&format!("{PATH}?{query}")).bearer(&token).send();
        let error = refusal(&server, &answer, 400, "VALIDATION_ERROR");
        assert_eq!(details(&error)[0].0, field);
    }
}

//
#[test]
fn the_log_is_read_by_admins_and_managers() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let [user, manager] = [Role::User, Role::Manager].map(|role| tenant.login(&tenant.user(role)).token);
    refusal(&server, &server.get(PATH).bearer(&user).send(), 403, "PERMISSION_DENIED");
    server.get(PATH).bearer(&manager).expect(200);
}

#[test]
fn a_stop_writes_what_was_not_written_yet() {
    let server = Server::sqlite();
    let token = {
        let tenant = server.tenant("Acme");
        tenant.admin_token()
    };
    server.get("/api/companies").bearer(&token).expect(200);
    let server = server.restart();
    let logged = server.get(&format!("{PATH}?path=/api/companies")).bearer(&token).expect(200).json();
    assert_eq!(lines(&logged), ["GET /api/companies 200"]);
}
