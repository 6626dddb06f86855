//! Webhooks of this family (contract E-50 … E-59, E-62 … E-78, X-162, X-170 … ).

use crm_tests::{each_server, http::Answer, server::Server};
use serde_json::{Value, json};

use super::{Desk, assert_place, assert_uuid, column, keys, permitted, refusal, text};

each_server! {
    a_webhook_round_trips,
    an_update_keeps_what_it_leaves_out,
    every_documented_event_can_be_asked_for,
    a_webhook_of_others_is_none,
    what_is_wrong_with_a_webhook_is_told,
    a_url_is_registered_once,
}

fn register(desk: &Desk<'_>, body: &Value) -> Answer {
    desk.request("POST", "/webhooks").json(body).send()
}

fn hook(url: &str) -> Value {
    json!({ "url": url, "events": ["deal.won"] })
}

// E-50, E-51, E-53, E-54, E-55, E-58, E-59, X-162, X-170, X-171
fn a_webhook_round_trips(server: &Server) {
    let desk = Desk::new(server);
    let body = json!({
        "url": "https://labyrinth-os.example.com/webhooks/crm", "events": ["deal.stage_changed", "deal.won", "lead.created"], "is_active": true,
        "headers": { "X-Custom-Header": "value" },
    });
    let answer = register(&desk, &body).expect(201);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let made = answer.json();
    assert_eq!(
        keys(&made),
        ["created_at", "events", "headers", "id", "is_active", "secret", "updated_at", "url"]
    );
    assert_uuid(&made["id"]);
    assert!(text(&made["secret"]).starts_with("whsec_"));
    for member in ["url", "events", "is_active", "headers"] {
        assert_eq!(made[member], body[member]);
    }
    let listed = desk.get("/webhooks");
    let mut expected = made.clone();
    expected.as_object_mut().unwrap().remove("secret");
    assert_eq!(listed["webhooks"], json!([expected]));
    assert_place(&listed, 1, 1, 50, false);
    let item = format!("/webhooks/{}", text(&made["id"]));
    let deleted = desk.request("DELETE", &item).expect(200).json();
    assert_eq!(deleted, json!({ "message": "Webhook deleted" }));
    assert_eq!(desk.get("/webhooks")["webhooks"], json!([]));
    assert_eq!(refusal(&desk.request("DELETE", &item).send(), 404), "Resource not found");
    refusal(&desk.request("PUT", &item).json(&hook("https://example.com")).send(), 404);
}

// E-52, E-56, E-57, X-172
fn an_update_keeps_what_it_leaves_out(server: &Server) {
    let desk = Desk::new(server);
    let headers = json!({ "Authorization": "Bearer abc" });
    let made = register(
        &desk,
        &json!({ "url": "https://example.com", "events": ["deal.won"], "headers": headers }),
    );
    let made = made.expect(201).json();
    assert_eq!(made["is_active"], true);
    let item = format!("/webhooks/{}", text(&made["id"]));
    let put = |body: Value| desk.request("PUT", &item).json(&body).send();
    let changed = put(json!({ "url": "https://new-url.com/webhook", "events": ["*"], "is_active": false }))
        .expect(200)
        .json();
    assert_eq!(
        keys(&changed),
        ["created_at", "events", "headers", "id", "is_active", "updated_at", "url"]
    );
    let shown = json!([changed["url"], changed["events"], changed["is_active"], changed["headers"]]);
    assert_eq!(shown, json!(["https://new-url.com/webhook", ["*"], false, headers]));
    let changed = put(json!({ "headers": { "X-Other": "1" } })).expect(200).json();
    let shown = json!([changed["url"], changed["events"], changed["is_active"], changed["headers"]]);
    assert_eq!(shown, json!(["https://new-url.com/webhook", ["*"], false, { "X-Other": "1" }]));
    assert_eq!(put(json!({ "headers": null })).expect(200).json()["headers"], json!({}));
    assert!(refusal(&put(json!({ "events": ["deal.eaten"] })), 400).starts_with("events must"));
}

// E-62, E-63, E-64, E-65, E-66, E-67, E-68, E-69, E-70, E-71, E-72, E-73, E-74, E-75, E-76, E-77, E-78, E-79
fn every_documented_event_can_be_asked_for(server: &Server) {
    let desk = Desk::new(server);
    let events = [
        "deal.created",
        "deal.updated",
        "deal.stage_changed",
        "deal.won",
        "deal.lost",
        "lead.created",
        "lead.updated",
        "lead.qualified",
        "lead.disqualified",
        "task.created",
        "task.completed",
        "task.overdue",
        "sla.breach",
        "sla.warning",
        "handoff.initiated",
        "handoff.completed",
    ];
    for (number, event) in events.iter().enumerate() {
        let made = register(&desk, &json!({ "url": format!("https://example.com/{number}"), "events": [event] }));
        assert_eq!(made.expect(201).json()["events"], json!([event]));
    }
    let made = register(&desk, &json!({ "url": "https://example.com/all", "events": events }))
        .expect(201)
        .json();
    assert_eq!(made["events"].as_array().map(Vec::len), Some(16));
    let made = register(
        &desk,
        &json!({ "url": "https://example.com/any", "events": ["*"], "is_active": false }),
    );
    assert_eq!(made.expect(201).json()["is_active"], false);
}

fn a_webhook_of_others_is_none(server: &Server) {
    let (acme, bolt) = (Desk::new(server), Desk::named(server, "Bolt"));
    let made = register(&acme, &hook("https://example.com")).expect(201).json();
    let item = format!("/webhooks/{}", text(&made["id"]));
    // Another tenant's.
    assert_eq!(refusal(&bolt.request("DELETE", &item).send(), 404), "Resource not found");
    refusal(&bolt.request("PUT", &item).json(&json!({ "is_active": false })).send(), 404);
    assert_eq!(bolt.get("/webhooks")["webhooks"], json!([]));
    // Another family's.
    let of_c = acme.make("/api/webhooks", &json!({ "url": "https://example.com/c", "events": ["*"] }));
    assert_eq!(of_c["id"], "webhook_2");
    assert_eq!(column(&acme.get("/webhooks")["webhooks"], "url"), ["https://example.com"]);
    for id in ["webhook_2", "2", "nope", "00000000-0000-7000-8000-000000000000"] {
        refusal(&acme.request("DELETE", &format!("/webhooks/{id}")).send(), 404);
    }
    assert_eq!(acme.get("/webhooks")["total"], 1);
    // A key may manage webhooks alone, or everything but them.
    let manages = permitted(&acme.tenant, &["webhook"]);
    server.get("/api/external/webhooks").key(&manages).expect(200);
    assert_eq!(
        refusal(&server.get("/api/external/deals").key(&manages).send(), 403),
        "Insufficient permissions"
    );
    let reads = permitted(&acme.tenant, &["read", "write"]);
    server.get("/api/external/deals").key(&reads).expect(200);
    refusal(&server.get("/api/external/webhooks").key(&reads).send(), 403);
}

//
fn what_is_wrong_with_a_webhook_is_told(server: &Server) {
    let desk = Desk::new(server);
    let detail = |body: Value| refusal(&register(&desk, &body), 400);
    assert_eq!(detail(json!({})), "events is required; url is required");
    let unknown = detail(json!({ "url": "https://example.com", "events": ["deal.eaten"] }));
    assert!(
        unknown.starts_with("events must") && unknown.contains("handoff.completed"),
        "{unknown}"
    );
    let many: Vec<String> = (0..5_000).map(|number| format!("deal.{number}")).collect();
    detail(json!({ "url": "https://example.com", "events": many }));
    let repeated = register(
        &desk,
        &json!({ "url": "https://example.com/many", "events": vec!["deal.won"; 5_000] }),
    );
    assert_eq!(repeated.expect(201).json()["events"], json!(["deal.won"]));
    let long = format!("https://example.com/{}", "x".repeat(10_000));
    for url in [
        &long,
        "file:///etc/passwd",
        "gopher://example.com/",
        "https://user:password@example.com/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://2130706433/",
        "http://169.254.169.254/latest/meta-data",
        "https://localhost/",
        "not a url",
        "",
    ] {
        let told = detail(hook(url));
        assert!(told.starts_with("url "), "{told}");
        assert!(told.len() < 1_000, "{told}");
    }
    for headers in [
        json!({ "X-Evil": "a\r\nHost: evil" }),
        json!({ "Host": "evil" }),
        json!({ "X-Webhook-Signature": "forged" }),
        json!({ "Content-Length": "0" }),
        json!({ "": "a" }),
    ] {
        let body = json!({ "url": "https://example.com", "events": ["*"], "headers": headers });
        assert!(detail(body).starts_with("headers "));
    }
    assert_eq!(
        detail(json!({ "url": 7, "events": "deal.won", "is_active": "yes", "headers": [] }))
            .matches(" must be ")
            .count(),
        4
    );
    assert_eq!(desk.get("/webhooks")["total"], 1);
}

fn a_url_is_registered_once(server: &Server) {
    let desk = Desk::new(server);
    register(&desk, &hook("https://example.com")).expect(201);
    refusal(&register(&desk, &hook("https://example.com")), 409);
    let once = |url: &str| {
        let request = desk.request("POST", "/webhooks").header("idempotency-key", "once");
        request.json(&hook(url)).send()
    };
    once("https://example.com/2").expect(201);
    assert!(refusal(&once("https://example.com/2"), 409).contains("shown only once"));
    assert_eq!(desk.get("/webhooks")["total"], 2);
}
