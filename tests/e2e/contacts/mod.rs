//! Family D (contract D-01 … D-255).

mod activity;
mod api_key;
mod authentication;
mod bulk;
mod company;
mod contact;
mod csrf;
mod employer;
mod enrichment;
mod export;
mod import;
mod limits;
mod list;
mod ownership;
mod public;
mod schema;
mod session;
mod setting;
mod snippet;
mod stat;
mod tag;

use crm_domain::{
    control::{
        api_key::{ApiKeyDraft, KeyFamily},
        user::User,
    },
    field::Patch,
};
use crm_tests::{
    http::{Answer, Request},
    server::Server,
    tenant::{PASSWORD, TestTenant},
};
use serde_json::{Value, json};

/// Checks an error's whole envelope and answers its `error`.
// D-06, D-07, D-08
#[track_caller]
pub fn refusal(server: &Server, answer: &Answer, status: u16, code: &str) -> Value {
    assert_eq!(answer.status, status, "{answer:?}");
    let body = answer.json();
    assert_eq!(keys(&body), ["error", "success"], "{answer:?}");
    assert_eq!(body["success"], false, "{answer:?}");
    let error = &body["error"];
    assert_eq!(keys(error), ["code", "details", "message", "traceId"], "{answer:?}");
    assert_eq!(error["code"], code, "{answer:?}");
    assert!(!text(&error["message"]).is_empty(), "{answer:?}");
    if let Some(details) = error["details"].as_array() {
        for detail in details {
            assert_eq!(keys(detail), ["code", "field", "message"], "{answer:?}");
        }
    } else {
        assert!(error["details"].is_object(), "{answer:?}");
    }
    assert_eq!(answer.header("x-trace-id"), Some(text(&error["traceId"])));
    check_headers(server, answer);
    error.clone()
}

/// Checks what every answer carries.
#[track_caller]
pub fn check_headers(server: &Server, answer: &Answer) {
    let trace = answer.header("x-trace-id").expect("a trace id");
    let parts: Vec<&str> = trace.split('_').collect();
    let [word, seconds, hex] = &parts[..] else { panic!("{trace}") };
    assert_eq!((*word, *seconds), ("trace", server.now().seconds().to_string().as_str()));
    assert!(hex.len() >= 6 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()), "{trace}");
    assert_eq!(answer.header("x-api-version"), Some("1.0.0"), "{answer:?}");
    for name in ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"] {
        assert!(answer.number(name) >= 0, "{answer:?}");
    }
}

/// Checks a success's envelope and answers its `data`.
// D-03, D-05
#[track_caller]
pub fn data(server: &Server, answer: &Answer) -> Value {
    let body = answer.json();
    assert_eq!(keys(&body), ["data", "meta", "success"], "{answer:?}");
    assert_eq!(
        (&body["success"], &body["meta"]["apiVersion"]),
        (&json!(true), &json!("1.0.0")),
        "{answer:?}"
    );
    check_headers(server, answer);
    body["data"].clone()
}

/// The members of an object, in the order of the alphabet.
#[track_caller]
pub fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .unwrap_or_else(|| panic!("{value} is no object"))
        .keys()
        .map(String::as_str)
        .collect()
}

/// A value that is a text.
#[track_caller]
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

/// Field and code of each of an error's details.
#[track_caller]
pub fn details(error: &Value) -> Vec<(&str, &str)> {
    let items = error["details"].as_array().expect("details");
    items.iter().map(|item| (text(&item["field"]), text(&item["code"]))).collect()
}

/// Whether a text is a version 7 uuid.
#[track_caller]
pub fn assert_uuid(value: &Value) {
    let uuid = uuid::Uuid::try_parse(text(value)).expect("a uuid");
    assert_eq!(uuid.get_version_num(), 7, "{value}");
}

/// A key of the family with these scopes.
pub fn scoped(tenant: &TestTenant<'_>, scopes: &[&str]) -> String {
    let grants = scopes.iter().map(|&scope| scope.to_owned()).collect();
    let draft = ApiKeyDraft {
        grants: Patch::Set(grants),
        ..ApiKeyDraft::default()
    };
    tenant.key_with(KeyFamily::Contacts, draft).text
}

/// A key with every scope.
pub fn full(tenant: &TestTenant<'_>) -> String {
    tenant.key(KeyFamily::Contacts).text
}

/// A browser with a session.
pub struct Browser<'s> {
    server: &'s Server,
    /// `session=…`.
    pub cookie: String,
    /// The session's CSRF token.
    pub token: String,
}

impl<'s> Browser<'s> {
    /// Signs a user in.
    #[track_caller]
    pub fn of(server: &'s Server, user: &User) -> Self {
        let email = user.email.as_ref().expect("a user who can sign in").as_str();
        let answer = login(server, email, PASSWORD).expect(200);
        Self {
            server,
            cookie: cookie(&answer),
            token: text(&answer.json()["token"]).to_owned(),
        }
    }

    /// A request with the cookie.
    pub fn request(&self, method: &str, path: &str) -> Request<'s> {
        self.server.request(method, path).header("cookie", &self.cookie)
    }
}

/// A login.
pub fn login(server: &Server, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    server.post("/api/login").json(&body).send()
}

/// The cookie that an answer sets, as a browser sends it back.
#[track_caller]
pub fn cookie(answer: &Answer) -> String {
    let set = answer.header("set-cookie").expect("a cookie");
    set.split(';').next().expect("a pair").to_owned()
}
