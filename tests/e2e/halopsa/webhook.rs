//! Webhooks of this family (contract B-60 … B-69, X-59, X-63, X-65).

use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{Desk, assert_second, keys, refusal};

each_server! {
    a_webhook_is_registered_and_listed,
    every_event_can_be_asked_for,
    what_is_wrong_with_a_webhook_is_told,
    nothing_is_changed_or_deleted_here,
}

fn hook(url: &str) -> Value {
    json!({ "url": url, "events": ["lead.created"], "secret": "your_webhook_secret" })
}

// B-60, B-61, B-63, B-64, B-65, B-66, B-67, B-68, X-49, X-59
fn a_webhook_is_registered_and_listed(server: &Server) {
    let desk = Desk::new(server);
    assert_eq!(desk.get("/webhooks"), json!({ "webhooks": [] }));
    let body = json!({
        "url": "https://your-app.com/webhooks/halopsa", "events": ["lead.created", "prospect.qualified", "opportunity.won"],
        "secret": "your_webhook_secret", "active": true,
    });
    let made = desk.post("/webhooks", &body).expect(201).json();
    assert_eq!(keys(&made), ["active", "created_at", "events", "id", "url"]);
    assert_second(&made["created_at"]);
    assert_eq!(
        (&made["id"], &made["url"], &made["events"]),
        (&json!("wh_1"), &body["url"], &body["events"])
    );
    let off = json!({ "url": "https://example.com", "events": ["lead.created"], "secret": "your_webhook_secret", "active": false });
    let off = desk.post("/webhooks", &off).expect(201).json();
    assert_eq!(off["active"], false);
    // Those of other families are theirs, and so are other tenants'.
    desk.make("/api/webhooks", &json!({ "url": "https://example.com/c", "events": ["*"] }));
    assert_eq!(desk.get("/webhooks"), json!({ "webhooks": [made, off] }));
    assert_eq!(Desk::named(server, "Bolt").get("/webhooks"), json!({ "webhooks": [] }));
}

// B-62, X-63
fn every_event_can_be_asked_for(server: &Server) {
    let desk = Desk::new(server);
    let events = [
        "lead.created",
        "lead.updated",
        "prospect.created",
        "prospect.qualified",
        "opportunity.created",
        "opportunity.won",
        "opportunity.lost",
    ];
    let body = json!({ "url": "https://example.com", "events": events, "secret": "your_webhook_secret" });
    assert_eq!(desk.post("/webhooks", &body).expect(201).json()["events"], json!(events));
    for event in ["deal.won", "*", "lead.eaten", ""] {
        let body = json!({ "url": "https://example.com/2", "events": [event], "secret": "your_webhook_secret" });
        let error = refusal(&desk.post("/webhooks", &body), 400, "VALIDATION_ERROR");
        assert_eq!(error["details"]["field"], "events", "{event}");
    }
}

fn what_is_wrong_with_a_webhook_is_told(server: &Server) {
    let desk = Desk::new(server);
    let wrong = |body: Value| refusal(&desk.post("/webhooks", &body), 400, "VALIDATION_ERROR")["details"].clone();
    let errors = wrong(json!({}))["errors"].clone();
    let fields: Vec<&str> = errors
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["field"].as_str().unwrap())
        .collect();
    assert_eq!(fields, ["events", "secret", "url"]);
    for url in [
        "http://169.254.169.254/",
        "https://127.0.0.1/",
        "file:///etc/passwd",
        "https://u:p@example.com/",
        "nothing",
    ] {
        assert_eq!(wrong(hook(url)), json!({ "field": "url", "value": url }));
    }
    let short = json!({ "url": "https://example.com", "events": ["lead.created"], "secret": "short" });
    let details = wrong(short);
    // A secret is never told back.
    assert_eq!(details, json!({ "field": "secret" }));
    desk.post("/webhooks", &hook("https://example.com")).expect(201);
    assert_eq!(wrong(hook("https://example.com"))["field"], "url");
}

// B-69, X-65
fn nothing_is_changed_or_deleted_here(server: &Server) {
    let desk = Desk::new(server);
    desk.post("/webhooks", &hook("https://example.com")).expect(201);
    for method in ["PUT", "DELETE", "PATCH"] {
        refusal(&desk.request(method, "/webhooks").send(), 405, "VALIDATION_ERROR");
        refusal(&desk.request(method, "/webhooks/wh_1").send(), 404, "RESOURCE_NOT_FOUND");
    }
    // Family C manages it.
    let token = desk.tenant.admin_token();
    server.delete("/api/webhooks/webhook_1").bearer(&token).expect(204);
    assert_eq!(desk.get("/webhooks"), json!({ "webhooks": [] }));
}
