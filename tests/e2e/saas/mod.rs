//! Family C, as far as it concerns signing in, companies and deals (contract C-01 … C-31, C-60 … C-73, C-81 … C-87, C-111 … C-145).

mod activity;
mod audit;
mod body;
mod bulk;
mod change;
mod change_stream;
mod company;
mod contact;
mod custom_field;
mod custom_value;
mod deal;
mod deal_flow;
mod deal_handoff;
mod delivery;
mod error;
mod filter;
mod find;
mod history;
mod idempotency;
mod idempotency_control;
mod include;
mod invitation;
mod lead;
mod limits;
mod login;
mod merge;
mod order;
mod outage;
mod page;
mod partner;
mod password;
mod pipeline;
mod refresh;
mod register;
mod related;
mod restore;
mod role;
mod search;
mod setting;
mod sla_policy;
mod snippet;
mod stamp;
mod tag;
mod task;
mod tenancy;
mod ticket;
mod timer;
mod token;
mod two_writers;
mod user;
mod validation;
mod webhook;

use crm_tests::{http::Answer, server::Server};
use serde_json::Value;

/// Checks an error's whole envelope (C-111, C-112, C-113) and answers its `error`.
#[track_caller]
pub fn refusal(server: &Server, answer: &Answer, status: u16, code: &str) -> Value {
    assert_eq!(answer.status, status, "{answer:?}");
    let body = answer.json();
    assert_eq!(keys(&body), ["error", "path", "timestamp", "traceId"], "{answer:?}");
    assert_eq!(keys(&body["error"]), ["code", "details", "message"], "{answer:?}");
    assert_eq!(body["error"]["code"], code, "{answer:?}");
    assert!(!text(&body["error"]["message"]).is_empty(), "{answer:?}");
    for detail in body["error"]["details"].as_array().expect("details") {
        assert_eq!(keys(detail), ["field", "message"], "{answer:?}");
        assert!(
            !text(&detail["field"]).is_empty() && !text(&detail["message"]).is_empty(),
            "{answer:?}"
        );
    }
    assert_eq!(body["timestamp"], server.now().to_second_precision());
    assert!(text(&body["path"]).starts_with("/api"), "{answer:?}");
    assert_eq!(answer.header("x-trace-id"), Some(text(&body["traceId"])));
    body["error"].clone()
}

/// The members of an object, in the order of the alphabet.
#[track_caller]
pub fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// A value that is a text.
#[track_caller]
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

/// Field and message of each of an error's details.
#[track_caller]
pub fn details(error: &Value) -> Vec<(&str, &str)> {
    let items = error["details"].as_array().expect("details");
    items.iter().map(|item| (text(&item["field"]), text(&item["message"]))).collect()
}

/// The fields of an error's details.
#[track_caller]
pub fn fields(error: &Value) -> Vec<&str> {
    details(error).into_iter().map(|(field, _)| field).collect()
}

/// Creates a record and answers it.
#[track_caller]
pub fn create(server: &Server, token: &str, path: &str, body: &Value) -> Value {
    server.post(path).bearer(token).json(body).expect(201).json()
}

/// The ids of a list's items.
#[track_caller]
pub fn ids(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().expect("items");
    items.iter().map(|item| text(&item["id"])).collect()
}
