//! Deliveries to this family's webhooks (contract E-52, E-60, E-61, E-79 … E-87, X-10, X-173, X-176).

use std::time::Duration;

use crm_domain::tenant::webhook::{
    WebhookFamily, WebhookSecret,
    signature::{self, Message},
};
use crm_tests::{
    database::Backend,
    receiver::{Conduct, Received, Receiver},
    server::Server,
};
use serde_json::{Value, json};

use super::{Desk, refusal, text};

macro_rules! each_backend {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $name() {
                super::$name(&super::delivering(super::Backend::Sqlite));
            })+
        }
        mod postgres {
            $(#[test]
            fn $name() {
                super::$name(&super::delivering(super::Backend::Postgres));
            })+
        }
    };
}

each_backend! {
    a_delivery_has_the_documented_shape_and_headers,
    what_is_gone_is_told_as_it_was,
    only_active_webhooks_are_told_what_they_ask_for,
    a_test_is_sent_at_once,
    a_thousand_an_hour_arrive_and_the_rest_waits,
}

/// A server that delivers to this machine, and looks often.
fn delivering(backend: Backend) -> Server {
    Server::with(backend, |settings| {
        settings.webhooks.allow_private_targets = true;
        settings.webhooks.parallel = 64;
        settings.webhooks.poll_milliseconds = 20;
    })
}

fn register(desk: &Desk<'_>, receiver: &Receiver, events: &[&str]) -> Value {
    let body = json!({ "url": receiver.url(), "events": events, "headers": { "X-Custom-Header": "value" } });
    desk.request("POST", "/webhooks").json(&body).expect(201).json()
}

#[track_caller]
fn header<'r>(received: &'r Received, name: &str) -> &'r str {
    received.header(name).unwrap_or_else(|| panic!("no {name}: {received:?}"))
}

/// The headers are those that sign this body with this secret at the server's time.
#[track_caller]
fn assert_signed(desk: &Desk<'_>, received: &Received, secret: &Value) {
    let message = Message {
        id: header(received, "webhook-id").parse().expect("a uuid"),
        event: header(received, "x-webhook-event"),
        sent_at: desk.server.now(),
        body: &received.body,
    };
    let secret = WebhookSecret::parse(text(secret)).expect("a secret");
    for (name, value) in signature::headers(WebhookFamily::Elevate, &[secret], &message) {
        assert_eq!(header(received, name), value, "{name}");
    }
}

// E-52, E-80, E-81, E-82, E-83, E-84, E-85, E-87, X-10
fn a_delivery_has_the_documented_shape_and_headers(server: &Server) {
    let (desk, receiver) = (Desk::new(server), Receiver::start());
    let webhook = register(&desk, &receiver, &["deal.created"]);
    desk.make("/api/deals", &json!({ "name": "Enterprise licence", "amount": 75_000 }));
    let received = receiver.wait_for(1).remove(0);
    assert_eq!(received.line, "POST /hook HTTP/1.1");
    let shown = desk.get("/deals")["deals"][0].clone();
    assert_eq!(
        received.json(),
        json!({
            "event_type": "deal.created", "timestamp": "2025-01-15T10:00:00Z", "tenant_id": shown["tenant_id"], "data": shown, "metadata": {},
        })
    );
    assert_eq!(header(&received, "content-type"), "application/json");
    assert_eq!(header(&received, "x-webhook-event"), "deal.created");
    assert_eq!(header(&received, "x-webhook-timestamp"), "2025-01-15T10:00:00Z");
    assert_eq!(header(&received, "x-custom-header"), "value");
    assert!(header(&received, "x-webhook-signature").starts_with("sha256="));
    assert_signed(&desk, &received, &webhook["secret"]);
}

fn what_is_gone_is_told_as_it_was(server: &Server) {
    let (desk, receiver) = (Desk::new(server), Receiver::start());
    register(&desk, &receiver, &["lead.created", "deal.updated"]);
    let lead = desk.make(
        "/api/leads",
        &json!({ "firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com" }),
    );
    let shown = desk.get("/leads")["leads"][0].clone();
    let token = desk.tenant.admin_token();
    desk.server
        .delete(&format!("/api/leads/{}", text(&lead["id"])))
        .bearer(&token)
        .expect(204);
    let told = receiver.wait_for(1).remove(0).json();
    assert_eq!(told["event_type"], "lead.created");
    assert_eq!(told["data"], shown);
}

// E-79
fn only_active_webhooks_are_told_what_they_ask_for(server: &Server) {
    let (desk, receiver) = (Desk::new(server), Receiver::start());
    let webhook = register(&desk, &receiver, &["deal.created"]);
    desk.make(
        "/api/leads",
        &json!({ "firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com" }),
    );
    let item = format!("/webhooks/{}", text(&webhook["id"]));
    let switch = |on: bool| drop(desk.request("PUT", &item).json(&json!({ "is_active": on })).expect(200));
    desk.make("/api/deals", &json!({ "name": "First" }));
    receiver.wait_for(1);
    switch(false);
    desk.make("/api/deals", &json!({ "name": "Second" }));
    switch(true);
    desk.make("/api/deals", &json!({ "name": "Third" }));
    let told: Vec<Value> = receiver
        .wait_for(2)
        .iter()
        .map(|received| received.json()["data"]["name"].clone())
        .collect();
    assert_eq!(told, ["First", "Third"]);
}

// E-60, E-61, X-173
fn a_test_is_sent_at_once(server: &Server) {
    let (desk, receiver) = (Desk::new(server), Receiver::start());
    let webhook = register(&desk, &receiver, &["deal.won"]);
    let path = format!("/webhooks/test/{}", text(&webhook["id"]));
    let test = || desk.request("POST", &path).expect(200).json();
    assert_eq!(test(), json!({ "success": true, "status_code": 200, "reason": null }));
    let sent = receiver.received().remove(0);
    assert_eq!(sent.json()["event_type"], "webhook.test");
    assert_signed(&desk, &sent, &webhook["secret"]);
    receiver.next([Conduct::status(500), Conduct::HangUp]);
    assert_eq!(test(), json!({ "success": false, "status_code": 500, "reason": null }));
    let broken = test();
    assert_eq!((&broken["success"], &broken["status_code"]), (&json!(false), &Value::Null));
    assert!(text(&broken["reason"]).len() > 10);
    let other = Desk::named(server, "Other");
    assert_eq!(refusal(&other.request("POST", &path).send(), 404), "Resource not found");
}

// E-86, X-176
fn a_thousand_an_hour_arrive_and_the_rest_waits(server: &Server) {
    let (desk, receiver) = (Desk::new(server), Receiver::start());
    register(&desk, &receiver, &["lead.created"]);
    let token = desk.tenant.admin_token();
    for part in 0..3 {
        let leads: Vec<Value> = (0..350)
            .map(|number| json!({ "firstName": "Ada", "lastName": format!("{part}-{number}"), "email": format!("ada.{part}.{number}@example.com") }))
            .collect();
        server
            .post("/api/leads/bulk")
            .bearer(&token)
            .json(&json!({ "leads": leads }))
            .expect(201);
    }
    receiver.wait_for(1_000);
    server.advance(Duration::from_secs(3_599));
    // The hour turns at 11:00.
    let before = receiver.received().len();
    server.advance(Duration::from_secs(2));
    let after = receiver.wait_for(1_050).len();
    assert_eq!((before, after), (1_000, 1_050));
}
