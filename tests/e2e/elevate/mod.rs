//! Family E (contract E-01 … E-101).

mod activity;
mod api_key;
mod deal;
mod delivery;
mod error;
mod kpi;
mod lead;
mod limits;
mod partner;
mod pipeline;
mod snippet;
mod task;
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

/// E-01
const BASE: &str = "/api/external";

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
        let key = tenant.key(KeyFamily::Elevate);
        Self { server, tenant, key }
    }

    /// A request with the key.
    fn request(&self, method: &str, path: &str) -> Request<'s> {
        self.server.request(method, &format!("{BASE}{path}")).key(&self.key.text)
    }

    /// Sends a GET with the key.
    fn ask(&self, path: &str) -> Answer {
        self.request("GET", path).send()
    }

    /// What a GET with the key is answered, which must succeed.
    #[track_caller]
    fn get(&self, path: &str) -> Value {
        self.ask(path).expect(200).json()
    }

    /// What makes a record through family C, as the tenant's Admin.
    #[track_caller]
    fn make(&self, path: &str, body: &Value) -> Value {
        let token = self.tenant.admin_token();
        self.server.post(path).bearer(&token).json(body).expect(201).json()
    }

    /// Does something to a record through family C.
    #[track_caller]
    fn act(&self, path: &str, body: &Value) -> Value {
        let token = self.tenant.admin_token();
        self.server.post(path).bearer(&token).json(body).expect(200).json()
    }
}

/// A key with these permissions.
fn permitted(tenant: &TestTenant<'_>, permissions: &[&str]) -> String {
    let grants = permissions.iter().map(|&permission| permission.to_owned()).collect();
    let draft = ApiKeyDraft {
        grants: Patch::Set(grants),
        ..ApiKeyDraft::default()
    };
    tenant.key_with(KeyFamily::Elevate, draft).text
}

/// Checks an error's whole envelope and answers its text.
// E-89
#[track_caller]
fn refusal(answer: &Answer, status: u16) -> String {
    assert_eq!(answer.status, status, "{answer:?}");
    let body = answer.json();
    assert_eq!(keys(&body), ["detail"], "{answer:?}");
    let detail = text(&body["detail"]).to_owned();
    assert!(!detail.is_empty(), "{answer:?}");
    detail
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

/// The texts of one member of each element of a list.
#[track_caller]
fn column<'v>(list: &'v Value, member: &str) -> Vec<&'v str> {
    let elements = list.as_array().expect("a list");
    elements.iter().map(|element| text(&element[member])).collect()
}

/// Whether a text is a version 7 uuid.
#[track_caller]
fn assert_uuid(value: &Value) {
    let uuid = uuid::Uuid::try_parse(text(value)).expect("a uuid");
    assert_eq!(uuid.get_version_num(), 7, "{value}");
}

/// Where a page stands, without its cursor.
// E-24
#[track_caller]
fn assert_place(page: &Value, total: u64, number: u64, size: u64, has_more: bool) {
    let place = json!([page["total"], page["page"], page["page_size"], page["has_more"]]);
    assert_eq!(place, json!([total, number, size, has_more]), "{page}");
}
