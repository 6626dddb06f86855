//! Family B (contract B-01 … B-116).

mod bulk;
mod delivery;
mod error;
mod health;
mod limits;
mod log;
mod opportunity;
mod prospect;
mod sdk;
mod sync;
mod validate;
mod webhook;

use crm_domain::{
    control::api_key::{ApiKeyDraft, KeyFamily},
    field::Patch,
};
use crm_tests::{
    http::{Answer, Request},
    server::Server,
    tenant::{TestKey, TestTenant},
};
use serde_json::{Value, json};

/// B-01
const BASE: &str = "/api/v1";

/// A tenant and a key of its with every permission.
struct Desk<'s> {
    server: &'s Server,
    tenant: TestTenant<'s>,
    key: TestKey,
}

impl<'s> Desk<'s> {
    fn new(server: &'s Server) -> Self {
        Self::named(server, "Acme")
    }

    fn named(server: &'s Server, tenant: &str) -> Self {
        let tenant = server.tenant(tenant);
        let key = tenant.key(KeyFamily::Halopsa);
        Self { server, tenant, key }
    }

    /// A request with the key.
    // B-02, B-03
    fn request(&self, method: &str, path: &str) -> Request<'s> {
        self.server.request(method, &format!("{BASE}{path}")).bearer(&self.key.text)
    }

    fn post(&self, path: &str, body: &Value) -> Answer {
        self.request("POST", path).json(body).send()
    }

    fn put(&self, path: &str, body: &Value) -> Answer {
        self.request("PUT", path).json(body).send()
    }

    /// What a GET with the key is answered, which must succeed.
    #[track_caller]
    fn get(&self, path: &str) -> Value {
        self.request("GET", path).expect(200).json()
    }

    /// Takes a lead over; its id.
    #[track_caller]
    fn lead(&self, first_name: &str, email: &str) -> i64 {
        let body = json!({ "source": "apollo", "data": { "first_name": first_name, "email": email, "company": "Tech Corp" } });
        number(&self.post("/sync/leads", &body).expect(200).json()["lead_id"])
    }

    /// A lead that was converted; its id.
    #[track_caller]
    fn prospect(&self, first_name: &str, email: &str) -> i64 {
        let id = self.lead(first_name, email);
        let converted = self.post(&format!("/prospects/convert/{id}"), &json!({})).expect(200).json();
        number(&converted["prospect_id"])
    }

    /// A prospect that was qualified; its id.
    #[track_caller]
    fn qualified(&self, first_name: &str, email: &str) -> i64 {
        let id = self.prospect(first_name, email);
        self.put(&format!("/prospects/{id}/status"), &json!({ "status": "qualified" }))
            .expect(200);
        id
    }

    /// What family C shows, as the tenant's Admin.
    #[track_caller]
    fn elsewhere(&self, path: &str) -> Value {
        let token = self.tenant.admin_token();
        self.server.get(path).bearer(&token).expect(200).json()
    }

    /// What makes a record through family C, as the tenant's Admin.
    #[track_caller]
    fn make(&self, path: &str, body: &Value) -> Value {
        let token = self.tenant.admin_token();
        self.server.post(path).bearer(&token).json(body).expect(201).json()
    }
}

/// A key with these permissions.
fn permitted(tenant: &TestTenant<'_>, permissions: &[&str]) -> String {
    let grants = permissions.iter().map(|&permission| permission.to_owned()).collect();
    let draft = ApiKeyDraft {
        grants: Patch::Set(grants),
        ..ApiKeyDraft::default()
    };
    tenant.key_with(KeyFamily::Halopsa, draft).text
}

/// Checks an error's whole envelope and answers what stands in it.
// B-98
#[track_caller]
fn refusal(answer: &Answer, status: u16, code: &str) -> Value {
    assert_eq!(answer.status, status, "{answer:?}");
    let body = answer.json();
    assert_eq!(keys(&body), ["error"], "{answer:?}");
    let error = &body["error"];
    assert_eq!(keys(error), ["code", "details", "message", "request_id", "timestamp"], "{answer:?}");
    assert_eq!(error["code"], code, "{answer:?}");
    assert!(!text(&error["message"]).is_empty() && error["details"].is_object(), "{answer:?}");
    assert!(text(&error["request_id"]).starts_with("req_"), "{answer:?}");
    assert_second(&error["timestamp"]);
    error.clone()
}

/// Whether a text is a time to the second.
// B-07
#[track_caller]
fn assert_second(value: &Value) {
    let text = text(value);
    assert!(text.len() == 20 && text.ends_with('Z') && &text[10..11] == "T", "{text}");
}

/// The members of an object, in the order of the alphabet.
#[track_caller]
fn keys(value: &Value) -> Vec<&str> {
    let members = value.as_object().unwrap_or_else(|| panic!("{value} is no object"));
    members.keys().map(String::as_str).collect()
}

/// A value that is a text.
#[track_caller]
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

/// A value that is a whole number.
#[track_caller]
fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("{value} is no number"))
}
