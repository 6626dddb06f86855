//! The request log of every family: complete, in batches, and never in anybody's way.

use crm_domain::control::{
    api_key::KeyFamily,
    user::{Role, User},
};
use crm_tests::{database::Backend, each_server, server::Server};
use serde_json::{Value, json};

each_server! {
    every_family_is_logged_with_its_caller,
}

fn rows(server: &Server, token: &str, query: &str) -> Vec<Value> {
    let page = server
        .get(&format!("/api/admin/requests?pageSize=100{query}"))
        .bearer(token)
        .expect(200)
        .json();
    page["items"].as_array().unwrap().clone()
}

//
fn every_family_is_logged_with_its_caller(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let key = tenant.key(KeyFamily::HealthTrixss);
    server.get("/api/v1/external/accounts").key(&key.text).expect(200);
    let made = server
        .post("/api/companies")
        .bearer(&token)
        .json(&json!({ "name": "Bolt" }))
        .expect(201)
        .json();
    server
        .get(&format!("/api/companies/{}", made["id"].as_str().unwrap()))
        .bearer(&token)
        .expect(200);
    server.get("/api/admin/api-keys").bearer(&token).expect(200);
    let stranger = server.get("/api/companies").expect(401);
    server.flush_log();
    let found = rows(server, &token, "");
    let user = format!("user_{}", tenant.admin.id);
    for (family, method, endpoint, status, user) in [
        ("saas", "POST", "/api/auth/login", 200, Some(&user)),
        ("health_trixss", "GET", "/api/v1/external/accounts", 200, None),
        ("saas", "POST", "/api/companies", 201, Some(&user)),
        ("saas", "GET", "/api/companies/{id}", 200, Some(&user)),
        ("admin", "GET", "/api/admin/api-keys", 200, Some(&user)),
        ("saas", "GET", "/api/companies", 401, None),
    ] {
        let matching = found.iter().filter(|row| {
            row["family"] == family
                && row["method"] == method
                && row["endpoint"] == endpoint
                && row["status"] == status
                && row["userId"] == json!(user)
        });
        assert_eq!(matching.count(), 1, "{method} {endpoint} {status}: {found:#?}");
    }
    assert_eq!(found.len(), 6);
    let refused = found.iter().find(|row| row["status"] == 401).unwrap();
    assert_eq!(refused["traceId"].as_str(), stranger.header("x-trace-id"));
    // No row holds what must stay secret.
    let text = serde_json::to_string(&found).unwrap();
    assert!(!text.contains(&key.text) && !text.contains(&token) && !text.contains(crm_tests::tenant::PASSWORD));
}

// A buffer of three rows and hundreds of requests at once: requests wait, rows are complete.
#[test]
fn a_full_buffer_slows_requests_down_and_loses_nothing() {
    let server = Server::with(Backend::Sqlite, |settings| {
        settings.request_log.buffer = 3;
        settings.request_log.batch = 2;
        settings.request_log.patience_seconds = 60;
    });
    let tenant = server.tenant("Acme");
    let key = tenant.key(KeyFamily::HealthTrixss).text;
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..25 {
                    server.get("/api/v1/external/accounts").key(&key).expect(200);
                }
            });
        }
    });
    server.flush_log();
    let token = tenant.admin_token();
    let page = server
        .get("/api/admin/requests?path=/api/v1/external")
        .bearer(&token)
        .expect(200)
        .json();
    assert_eq!(page["totalCount"], 200);
}

// What fails in the name of a tenant's user is that tenant's business alone.
#[test]
fn failed_logins_and_refreshes_are_rows_of_the_tenant_they_name() {
    let server = Server::sqlite();
    let (first, second) = (server.tenant("Acme"), server.tenant("Bolt"));
    let login = |email: &str| {
        let body = json!({ "email": email, "password": "wrong password" });
        server.post("/api/auth/login").json(&body).expect(401);
    };
    let refresh = |token: &str, status| {
        let body = json!({ "refreshToken": token });
        server.post("/api/auth/refresh").json(&body).expect(status);
    };
    let user = second.user(Role::User);
    let session = second.login(&user);
    refresh(&session.refresh_token, 200);
    server.advance(std::time::Duration::from_secs(60));
    refresh(&session.refresh_token, 401);
    login(user.email.as_ref().unwrap().as_str());
    second.change_user(&user, |user| user.is_active = false);
    login(user.email.as_ref().unwrap().as_str());
    // What names nobody is the operator's.
    login("nobody@bolt.test");
    refresh("nothing", 401);
    server.flush_log();
    let found = |token: &str| {
        let rows = rows(&server, token, "&status=401");
        let mut found: Vec<_> = rows
            .iter()
            .map(|row| (row["endpoint"].as_str().unwrap().to_owned(), row["userId"].clone()))
            .collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        found
    };
    let named = |endpoint: &str, user: Value| (endpoint.to_owned(), user);
    let theirs = json!(format!("user_{}", user.id));
    let expected = [
        named("/api/auth/login", theirs.clone()),
        named("/api/auth/login", theirs.clone()),
        named("/api/auth/refresh", theirs),
    ];
    assert_eq!(found(&second.admin_token()), expected);
    let expected = [named("/api/auth/login", Value::Null), named("/api/auth/refresh", Value::Null)];
    assert_eq!(found(&first.admin_token()), expected);
}

// Its holder was let in once: that it no longer is, is its tenant's business alone.
#[test]
fn expired_tokens_are_rows_of_the_tenant_they_name() {
    let server = Server::sqlite();
    let (first, second) = (server.tenant("Acme"), server.tenant("Bolt"));
    let user = second.user(Role::User);
    let (token, gone) = (second.login(&user).token, second.user(Role::User));
    let of_gone = second.login(&gone).token;
    second.change_user(&gone, |user| user.is_active = false);
    server.advance(std::time::Duration::from_secs(3_600));
    for expired in [&token, &of_gone] {
        server.get("/api/companies").bearer(expired).expect(401);
    }
    let forged = format!("{}x", &token[..token.len() - 1]);
    server.get("/api/contacts").bearer(&forged).expect(401);
    server.flush_log();
    let found = |token: &str| {
        let rows = rows(&server, token, "&status=401");
        rows.iter()
            .map(|row| (row["endpoint"].clone(), row["userId"].clone()))
            .collect::<Vec<_>>()
    };
    let named = |user: &User| (json!("/api/companies"), json!(format!("user_{}", user.id)));
    assert_eq!(found(&second.admin_token()), [named(&gone), named(&user)]);
    assert_eq!(found(&first.admin_token()), [(json!("/api/contacts"), Value::Null)]);
}

// Nobody but the operator may learn of other tenants' strangers: they are the first tenant's rows.
#[test]
fn requests_of_strangers_are_the_first_tenants_rows() {
    let server = Server::sqlite();
    server.get("/api/v1/external/accounts").expect(401);
    server.flush_log();
    let (first, second) = (server.tenant("Acme"), server.tenant("Bolt"));
    server.get("/api/v1/external/accounts").key("x").expect(401);
    server.get("/api/companies").bearer("x").expect(401);
    server.flush_log();
    let count = |token: &str| rows(&server, token, "&status=401").len();
    // What came before there was a tenant has no log to be in.
    assert_eq!(count(&first.admin_token()), 2);
    assert_eq!(count(&second.admin_token()), 0);
}
