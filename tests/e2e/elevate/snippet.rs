//! The document's own examples, word for word but for URL, credential and ids (contract E-96 … E-101). They stand in `snippets/`; requests are
//! shown as HTTP, and sent as they stand there.

use crm_tests::{
    client::Program,
    http::{Answer, Request},
    server::Server,
};
use serde_json::json;

use super::{Desk, refusal, text};

/// The request that an example shows; `fill` puts what is there in the place of what stands for it.
fn shown<'s>(server: &'s Server, example: &str, fill: &[(&str, &str)]) -> Request<'s> {
    let mut filled = example.to_owned();
    for (placeholder, value) in fill {
        filled = filled.replace(placeholder, value);
    }
    let (head, body) = filled.split_once("\n\n").unwrap_or((&filled, ""));
    let mut lines = head.lines();
    let (method, path) = lines.next().and_then(|line| line.split_once(' ')).expect("a method and a path");
    let mut request = server.request(method, path);
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        request = request.header(name, value);
    }
    if body.is_empty() { request } else { request.body(body) }
}

// E-96
#[test]
fn curl_gets_the_deals() {
    let server = Server::sqlite();
    let desk = Desk::new(&server);
    desk.tenant.opportunity("Licence", None);
    let script = include_str!("snippets/list_deals.sh")
        .replace("https://your-crm-url", &server.url())
        .replace("elk_your_api_key_here", &desk.key.text);
    let deals = Program::bash(&script).run().json();
    assert_eq!((&deals["total"], &deals["deals"][0]["name"]), (&json!(1), &json!("Licence")));
}

// E-97
#[test]
fn keys_are_made_listed_and_revoked_as_shown() {
    let server = Server::sqlite();
    let desk = Desk::new(&server);
    let (tenant, token) = (desk.tenant.tenant.uuid.to_string(), desk.tenant.admin_token());
    let send = |example: &str, key: &str| -> Answer {
        let fill = [("{tenant_id}", tenant.as_str()), ("{key_id}", key)];
        shown(&server, example, &fill).bearer(&token).send()
    };
    // Its comment is no JSON.
    let create = include_str!("snippets/create_key.http");
    assert!(refusal(&send(create, ""), 400).contains("not valid JSON"));
    let made = send(&create.replace("  // null = never expires", ""), "").expect(201).json();
    assert_eq!(
        (&made["name"], &made["expires_at"]),
        (&json!("Labyrinth OS Integration"), &json!(null))
    );
    let listed = send(include_str!("snippets/list_keys.http"), "").expect(200).json();
    assert_eq!(listed["api_keys"][0]["id"], made["id"]);
    send(include_str!("snippets/revoke_key.http"), text(&made["id"])).expect(200);
    refusal(&server.get("/api/external/deals").key(text(&made["key"])).send(), 401);
}

// E-98
#[test]
fn webhooks_are_registered_listed_updated_and_deleted_as_shown() {
    let server = Server::sqlite();
    let desk = Desk::new(&server);
    let send = |example: &str, webhook: &str| -> Answer {
        let fill = [("elk_your_key", desk.key.text.as_str()), ("{webhook_id}", webhook)];
        shown(&server, example, &fill).send()
    };
    let made = send(include_str!("snippets/register_webhook.http"), "").expect(201).json();
    let id = text(&made["id"]);
    assert_eq!(made["headers"], json!({ "X-Custom-Header": "value" }));
    let listed = send(include_str!("snippets/list_webhooks.http"), "").expect(200).json();
    assert_eq!(listed["webhooks"][0]["id"], made["id"]);
    let updated = send(include_str!("snippets/update_webhook.http"), id).expect(200).json();
    let shown = json!([updated["url"], updated["events"], updated["headers"]]);
    assert_eq!(shown, json!(["https://new-url.com/webhook", ["*"], { "X-Custom-Header": "value" }]));
    send(include_str!("snippets/delete_webhook.http"), id).expect(200);
    refusal(&send(include_str!("snippets/delete_webhook.http"), id), 404);
}

// E-100, E-101
#[test]
fn the_integration_polls_deals_and_figures() {
    let server = Server::sqlite();
    let desk = Desk::new(&server);
    desk.tenant.opportunity("Licence", None);
    let example = include_str!("snippets/labyrinth.py")
        .replace("https://your-crm.com", &server.url())
        .replace("elk_your_key", &desk.key.text);
    let after = "import json\nprint(json.dumps({'deals': deals, 'kpis': kpis}))";
    let printed = Program::python(&format!("{example}\n{after}\n")).run().json();
    assert_eq!(
        (&printed["deals"]["total"], &printed["deals"]["deals"][0]["status"]),
        (&json!(1), &json!("open"))
    );
    assert_eq!(
        (&printed["kpis"]["period"], &printed["kpis"]["deals"]["open"]),
        (&json!("week"), &json!(1))
    );
}
