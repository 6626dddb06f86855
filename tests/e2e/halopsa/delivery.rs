//! Deliveries to this family's webhooks (contract B-21, B-48, B-59, B-64, B-65, X-63, X-64).

use crm_domain::tenant::webhook::{
    WebhookFamily, WebhookSecret,
    signature::{self, Message},
};
use crm_tests::{
    database::Backend,
    receiver::{Received, Receiver},
    server::Server,
};
use serde_json::{Value, json};

use super::{Desk, number};

const SECRET: &str = "your_webhook_secret";

/// A server that delivers to this machine, and looks often.
fn delivering(backend: Backend) -> Server {
    Server::with(backend, |settings| {
        settings.webhooks.allow_private_targets = true;
        settings.webhooks.parallel = 64;
        settings.webhooks.poll_milliseconds = 20;
    })
}

fn register(desk: &Desk<'_>, receiver: &Receiver, events: &[&str], active: bool) {
    let body = json!({ "url": receiver.url(), "events": events, "secret": SECRET, "active": active });
    desk.post("/webhooks", &body).expect(201);
}

#[track_caller]
fn header<'r>(received: &'r Received, name: &str) -> &'r str {
    received.header(name).unwrap_or_else(|| panic!("no {name}: {received:?}"))
}

/// The headers are those that sign this body with the subscriber's secret at the server's time.
#[track_caller]
fn assert_signed(server: &Server, received: &Received) {
    let message = Message {
        id: header(received, "webhook-id").parse().expect("a uuid"),
        event: header(received, "x-webhook-event"),
        sent_at: server.now(),
        body: &received.body,
    };
    let secret = WebhookSecret::parse(SECRET).expect("a secret");
    for (name, value) in signature::headers(WebhookFamily::Halopsa, &[secret], &message) {
        assert_eq!(header(received, name), value, "{name}");
    }
    assert!(header(received, "x-webhook-signature").starts_with("sha256="));
}

/// The events of deliveries, each with its data.
fn events(received: &[Received]) -> Vec<(String, Value)> {
    let event = |received: &Received| {
        let body = received.json();
        (body["event_type"].as_str().expect("an event").to_owned(), body["data"].clone())
    };
    received.iter().map(event).collect()
}

fn the_way_of_a_lead_is_told(backend: Backend) {
    let server = delivering(backend);
    let (desk, receiver, silent) = (Desk::new(&server), Receiver::start(), Receiver::start());
    let every = [
        "lead.created",
        "prospect.created",
        "prospect.qualified",
        "opportunity.created",
        "opportunity.won",
        "opportunity.lost",
    ];
    register(&desk, &receiver, &every, true);
    register(&desk, &silent, &every, false);
    let id = desk.lead("John", "john.doe@company.com");
    let first = receiver.wait_for(1).remove(0);
    assert_signed(&server, &first);
    let body = first.json();
    assert_eq!(
        (&body["event_type"], &body["timestamp"], &body["metadata"]),
        (&json!("lead.created"), &json!("2025-01-15T10:00:00Z"), &json!({}))
    );
    assert_eq!(body["tenant_id"], desk.tenant.tenant.uuid.to_string());
    let data = &body["data"];
    assert_eq!(
        json!([
            data["lead_id"],
            data["email"],
            data["source"],
            data["status"],
            data["halopsa_ticket_id"]
        ]),
        json!([id, "john.doe@company.com", "apollo", "new", null])
    );
    desk.post(
        &format!("/prospects/convert/{id}"),
        &json!({ "qualification_data": { "fit_score": 85 } }),
    )
    .expect(200);
    let (event, data) = events(&receiver.wait_for(2)).remove(1);
    assert_eq!(
        (&*event, &data["prospect_id"], &data["fit_score"]),
        ("prospect.created", &json!(id), &json!(85))
    );
    desk.put(&format!("/prospects/{id}/status"), &json!({ "status": "qualified" }))
        .expect(200);
    let (event, data) = events(&receiver.wait_for(3)).remove(2);
    assert_eq!((&*event, &data["prospect_status"]), ("prospect.qualified", &json!("qualified")));
    let opened = desk.post("/opportunities", &json!({ "prospect_id": id, "opportunity_data": { "value": 10 } }));
    let opportunity = number(&opened.expect(201).json()["opportunity_id"]);
    assert_eq!(events(&receiver.wait_for(4))[3].0, "opportunity.created");
    let put = |status: &str| {
        desk.put(&format!("/opportunities/{opportunity}"), &json!({ "status": status }))
            .expect(200)
    };
    put("won");
    let (event, data) = events(&receiver.wait_for(5)).remove(4);
    assert_eq!(
        (&*event, &data["opportunity_id"], &data["status"], &data["value"]),
        ("opportunity.won", &json!(opportunity), &json!("won"), &json!(10))
    );
    put("open");
    put("lost");
    assert_eq!(events(&receiver.wait_for(6))[5].0, "opportunity.lost");
    assert_eq!((receiver.received().len(), silent.received().len()), (6, 0));
}

// B-21, B-48, B-59, B-62, B-64, B-65, X-63, X-64
#[test]
fn the_way_of_a_lead_is_told_on_sqlite() {
    the_way_of_a_lead_is_told(Backend::Sqlite);
}

// B-21, B-48, B-59, B-62, B-64, B-65, X-63, X-64
#[test]
fn the_way_of_a_lead_is_told_on_postgres() {
    the_way_of_a_lead_is_told(Backend::Postgres);
}

// B-64: what is gone when it is told is told as it was.
#[test]
fn what_is_gone_is_told_as_it_was() {
    let server = delivering(Backend::Sqlite);
    let (desk, receiver) = (Desk::new(&server), Receiver::start());
    register(&desk, &receiver, &["lead.created", "opportunity.created"], true);
    let id = desk.qualified("John", "john.doe@company.com");
    let opened = desk.post(
        "/opportunities",
        &json!({ "prospect_id": id, "opportunity_data": { "competitors": "Them" } }),
    );
    let opportunity = number(&opened.expect(201).json()["opportunity_id"]);
    let token = desk.tenant.admin_token();
    for path in [format!("/api/deals/deal_{opportunity}"), format!("/api/leads/lead_{id}")] {
        server.delete(&path).bearer(&token).expect(204);
    }
    // Whether they were gone already when they were told, the server's pace decides.
    for (event, data) in events(&receiver.wait_for(2)) {
        match &*event {
            "lead.created" => assert_eq!((&data["lead_id"], &data["email"]), (&json!(id), &json!("john.doe@company.com"))),
            "opportunity.created" => assert_eq!(
                (&data["opportunity_id"], &data["competitors"]),
                (&json!(opportunity), &json!("Them"))
            ),
            other => panic!("{other}"),
        }
    }
}
