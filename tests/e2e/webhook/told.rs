//! What deliveries say of records that changed again, or were deleted, before anybody made them (contract C-149, E-52, E-80).

use std::time::Duration;

use crm_domain::control::api_key::KeyFamily;
use crm_tests::{
    database::Backend,
    receiver::{Received, Receiver},
    server::Server,
    tenant::TestKey,
};
use serde_json::{Value, json};

macro_rules! each_backend {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $name() {
                super::$name(super::Backend::Sqlite);
            })+
        }
        mod postgres {
            $(#[test]
            fn $name() {
                super::$name(super::Backend::Postgres);
            })+
        }
    };
}

each_backend! {
    each_event_shows_the_record_as_its_change_left_it,
}

/// Every event by which somebody who keeps copies hears of each change.
const EVENTS: [&str; 7] = [
    "deal.created",
    "deal.updated",
    "deal.won",
    "lead.created",
    "lead.updated",
    "task.created",
    "task.completed",
];

/// A tenant on a server that makes no deliveries, with what its routes showed.
struct Desk<'s> {
    server: &'s Server,
    token: String,
    key: TestKey,
    /// The record by family C and by family E, after each change of which something is told.
    shown: Vec<(&'static str, Value, Value)>,
}

impl Desk<'_> {
    fn send(&self, method: &str, path: &str, body: &Value) -> Value {
        let request = self.server.request(method, path).bearer(&self.token).json(body);
        let answer = request.send();
        assert!((200..300).contains(&answer.status), "{method} {path}: {answer:?}");
        if answer.status == 204 { Value::Null } else { answer.json() }
    }

    /// Does something, and notes what the record is since, of which an event tells.
    fn act(&mut self, event: &'static str, (method, path): (&str, &str), body: &Value, item: &str) {
        self.server.advance(Duration::from_secs(90));
        self.send(method, path, body);
        let by_c = self.server.get(item).bearer(&self.token).expect(200).json();
        let list = item.trim_start_matches("/api/").split('/').next().expect("a noun");
        let page = self
            .server
            .get(&format!("/api/external/{list}"))
            .key(&self.key.text)
            .expect(200)
            .json();
        self.shown.push((event, by_c, page[list][0].clone()));
    }
}

fn each_event_shows_the_record_as_its_change_left_it(backend: Backend) {
    let quiet = Server::with(backend, |settings| settings.webhooks.allow_private_targets = true);
    let tenant = quiet.tenant("Acme");
    let (token, key) = (tenant.admin_token(), tenant.key(KeyFamily::Elevate));
    let mut desk = Desk {
        server: &quiet,
        token,
        key,
        shown: Vec::new(),
    };
    let (by_c, by_e) = (Receiver::start(), Receiver::start());
    desk.send("POST", "/api/webhooks", &json!({ "url": by_c.url(), "events": EVENTS }));
    let asked = json!({ "url": by_e.url(), "events": EVENTS });
    quiet.post("/api/external/webhooks").key(&desk.key.text).json(&asked).expect(201);
    desk.send("POST", "/api/companies", &json!({ "name": "Customer" }));
    let field = json!({ "entity": "deals", "key": "seats", "type": "number" });
    desk.send("POST", "/api/custom-fields", &field);

    let deal = "/api/deals/deal_1";
    let new = json!({ "name": "Licence", "companyId": "company_1", "amount": 10.5, "customFields": { "seats": 3 } });
    desk.act("deal.created", ("POST", "/api/deals"), &new, deal);
    desk.act("deal.updated", ("POST", "/api/deals/deal_1/win"), &json!({}), deal);
    desk.act("deal.updated", ("POST", "/api/deals/deal_1/reopen"), &json!({}), deal);
    desk.act(
        "deal.updated",
        ("POST", "/api/deals/deal_1/tags"),
        &json!({ "tags": ["VIP", "late"] }),
        deal,
    );
    let edit = json!({ "amount": null, "expectedCloseDate": "2026-03-15", "customFields": { "seats": 4.5 } });
    desk.act("deal.updated", ("PUT", deal), &edit, deal);

    let lead = "/api/leads/lead_1";
    let new = json!({ "firstName": "Ada", "lastName": "Lovelace", "email": "ada@acme.test", "title": "CTO" });
    desk.act("lead.created", ("POST", "/api/leads"), &new, lead);
    desk.act("lead.updated", ("POST", "/api/leads/lead_1/qualify"), &json!({}), lead);
    let edit = json!({ "email": "countess@acme.test", "title": null });
    desk.act("lead.updated", ("PUT", lead), &edit, lead);

    let task = "/api/tasks/task_1";
    let new = json!({ "title": "Call", "priority": "High", "dueAt": "2025-01-15T12:00:00Z", "dealId": "deal_1" });
    desk.act("task.created", ("POST", "/api/tasks"), &new, task);
    desk.act("task.completed", ("POST", "/api/tasks/task_1/complete"), &json!({}), task);

    // Nothing of it is there any more when somebody looks, and nothing of the others is what it was.
    quiet.advance(Duration::from_secs(1_800));
    desk.send("POST", "/api/tasks/task_1/reopen", &json!({}));
    desk.send("DELETE", "/api/companies/company_1", &json!({}));
    for gone in [lead, task] {
        desk.send("DELETE", gone, &json!({}));
    }
    let node = quiet.another_node_with(|settings| {
        settings.webhooks.parallel = 64;
        settings.webhooks.poll_milliseconds = 20;
    });
    let expected = |choose: fn(&(&'static str, Value, Value)) -> (String, Value)| {
        let mut expected: Vec<(String, Value)> = desk.shown.iter().map(choose).collect();
        let won = (("deal.won").to_owned(), expected[1].1.clone());
        expected.push(won);
        sorted(expected)
    };
    let count = desk.shown.len() + 1;
    let heard = heard(&by_c, count, "event");
    assert_eq!(heard, expected(|(event, shown, _)| ((*event).to_owned(), shown.clone())));
    let heard = self::heard(&by_e, count, "event_type");
    assert_eq!(heard, expected(|(event, _, shown)| ((*event).to_owned(), shown.clone())));
    drop(node);
}

/// Each event with its data, those of the deal that are no part of this left out.
fn heard(receiver: &Receiver, count: usize, event: &str) -> Vec<(String, Value)> {
    let told = |received: &Received| {
        let body = received.json();
        (body[event].as_str().expect("an event").to_owned(), body["data"].clone())
    };
    sorted(receiver.wait_for(count).iter().map(told).collect())
}

fn sorted(mut told: Vec<(String, Value)>) -> Vec<(String, Value)> {
    told.sort_by_key(|(event, data)| (event.clone(), data["updatedAt"].to_string(), data["updated_at"].to_string()));
    told
}
