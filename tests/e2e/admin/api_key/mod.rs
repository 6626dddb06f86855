//! API keys of every family (contract A-12 … … X-29).

mod access;
mod change;
mod mint;

use crm_tests::{http::Answer, server::Server};
use serde_json::{Value, json};

use crate::saas::text;

const PATH: &str = "/api/admin/api-keys";
const ACCOUNTS: &str = "/api/v1/external/accounts";

fn mint(server: &Server, token: &str, body: &Value) -> Value {
    server.post(PATH).bearer(token).json(body).expect(201).json()
}

fn health(server: &Server, token: &str) -> (String, String) {
    let made = mint(server, token, &json!({ "family": "health_trixss", "name": "Reporting" }));
    let item = format!("{PATH}/{}", text(&made["apiKey"]["id"]));
    (text(&made["key"]).to_owned(), item)
}

fn accounts(server: &Server, key: &str) -> Answer {
    server.get(ACCOUNTS).key(key).send()
}

#[track_caller]
fn family_a_refuses(server: &Server, key: &str, status: u16, error: &str) {
    let answer = accounts(server, key).expect(status);
    assert_eq!(answer.json()["error"], error, "{answer:?}");
}
