//! What the clock tells webhooks of this family and of family E (contract C-149, E-73 … E-77, E-80, X-110, X-174).

use std::{
    collections::HashSet,
    thread,
    time::{Duration, Instant},
};

use crm_domain::control::{api_key::KeyFamily, user::Role};
use crm_tests::{
    database::Backend,
    receiver::{Received, Receiver},
    server::Server,
};
use serde_json::{Value, json};

use super::{create, text};

/// One test for each backend.
macro_rules! each_backend {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $name() {
                super::$name(super::telling(super::Backend::Sqlite));
            })+
        }
        mod postgres {
            $(#[test]
            fn $name() {
                super::$name(super::telling(super::Backend::Postgres));
            })+
        }
    };
}

each_backend! {
    a_task_is_overdue_once_and_both_families_are_told,
    a_ticket_is_warned_of_and_breached_in_working_time,
    a_deal_stays_too_long_in_its_stage,
    a_stopped_server_catches_up_without_doubling,
    two_nodes_tell_once,
    a_handoff_is_told_from_its_start_to_its_end,
}

const MINUTE: Duration = Duration::from_secs(60);

/// A server that delivers to this machine, and looks at the clock often. It begins on 2025-01-15, a Wednesday, at 10:00 UTC.
fn telling(backend: Backend) -> Server {
    Server::with(backend, |settings| {
        settings.webhooks.allow_private_targets = true;
        settings.webhooks.parallel = 16;
        settings.webhooks.poll_milliseconds = 20;
        settings.timers.poll_milliseconds = 20;
    })
}

fn register(server: &Server, token: &str, receiver: &Receiver, events: &[&str]) {
    create(server, token, "/api/webhooks", &json!({ "url": receiver.url(), "events": events }));
}

/// What was delivered so far, each delivery once.
fn told(receiver: &Receiver) -> Vec<Value> {
    once(&receiver.received())
}

/// Each delivery once: when the clock jumps, leases end, and what is under way is sent again with the same id.
fn once(received: &[Received]) -> Vec<Value> {
    let mut seen = HashSet::new();
    let once = received
        .iter()
        .filter(|received| seen.insert(received.header("webhook-id").map(str::to_owned)));
    once.map(Received::json).collect()
}

/// Waits until so many were delivered.
#[track_caller]
fn hear(receiver: &Receiver, count: usize) -> Vec<Value> {
    let mut received = receiver.wait_for(count);
    loop {
        let told = once(&received);
        if told.len() >= count {
            return told;
        }
        received = receiver.wait_for(received.len() + 1);
    }
}

/// Waits until the agenda says that nothing is due: whoever looks has looked.
#[track_caller]
fn settle(server: &Server) {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let due = server
            .control()
            .reading(|reader| reader.agenda().due(server.now(), 1))
            .expect("the agenda");
        if due.is_empty() {
            return;
        }
        assert!(Instant::now() < end, "timers are still due");
        thread::yield_now();
    }
}

fn changes(server: &Server, token: &str, id: &str) -> Vec<Value> {
    let page = server.get(&format!("/api/changes?entityId={id}")).bearer(token).expect(200).json();
    page["items"].as_array().expect("items").clone()
}

fn of_clock(changes: &[Value]) -> Vec<&Value> {
    changes.iter().filter(|change| change["actor"] == "job:clock").collect()
}

// E-73, E-78, E-80, X-110
fn a_task_is_overdue_once_and_both_families_are_told(server: Server) {
    let (receiver, of_e) = (Receiver::start(), Receiver::start());
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    register(&server, &token, &receiver, &["task.overdue"]);
    let key = tenant.key(KeyFamily::Elevate);
    let asked = json!({ "url": of_e.url(), "events": ["*"] });
    server.post("/api/external/webhooks").key(&key.text).json(&asked).expect(201);
    let body = json!({ "title": "Call", "dueAt": "2025-01-15T11:00:00Z" });
    let task = create(&server, &token, "/api/tasks", &body);
    let id = text(&task["id"]);
    hear(&of_e, 1);
    server.advance(61 * MINUTE);
    let told = hear(&receiver, 1)[0].clone();
    assert_eq!((&told["event"], &told["data"]["id"]), (&json!("task.overdue"), &task["id"]));
    assert_eq!(told["data"]["isOverdue"], true);
    assert_eq!(told["metadata"], json!({ "dueAt": "2025-01-15T11:00:00Z" }));
    let told = hear(&of_e, 2)[1].clone();
    assert_eq!(
        (&told["event_type"], &told["data"]["status"]),
        (&json!("task.overdue"), &json!("overdue"))
    );
    assert_eq!(told["metadata"], json!({ "due_at": "2025-01-15T11:00:00Z" }));
    // The feed tells it too, of a task that stays as it is.
    let token = tenant.admin_token();
    let all = changes(&server, &token, id);
    assert_eq!(
        (all.len(), &all[1]["kind"], &all[1]["family"]),
        (2, &json!("overdue"), &json!("server"))
    );
    let shown = server.get(&format!("/api/tasks/{id}")).bearer(&token).expect(200).json();
    assert_eq!(shown["updatedAt"], task["updatedAt"]);
    let log = server.get("/api/external/activity").key(&key.text).expect(200).json();
    assert_eq!(
        (&log["activities"][0]["action"], &log["activities"][0]["actor_type"]),
        (&json!("overdue"), &json!("job"))
    );
    server.advance(600 * MINUTE);
    settle(&server);
    let token = tenant.admin_token();
    let later = create(
        &server,
        &token,
        "/api/tasks",
        &json!({ "title": "Write", "dueAt": "2025-01-16T10:00:00Z" }),
    );
    server.advance(24 * 60 * MINUTE);
    let all = hear(&receiver, 2);
    assert_eq!((all.len(), &all[1]["data"]["id"]), (2, &later["id"]), "once for each date");
}

// E-74, E-75, X-174
fn a_ticket_is_warned_of_and_breached_in_working_time(server: Server) {
    let receiver = Receiver::start();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    register(&server, &token, &receiver, &["sla.warning", "sla.breach"]);
    let policy = json!({
        "name": "Gold", "appliesTo": "Ticket", "firstResponseMinutes": 120, "resolutionMinutes": 240, "warningPercent": 75, "isDefault": true,
        "businessHours": { "timeZone": "America/New_York", "days": ["Wednesday", "Thursday"], "from": "09:00", "to": "10:00" },
    });
    let policy = create(&server, &token, "/api/sla-policies", &policy);
    // Five in the morning there: an hour on Wednesday from 14:00 UTC, another on Thursday.
    let ticket = create(&server, &token, "/api/tickets", &json!({ "subject": "Help", "priority": "High" }));
    assert_eq!(ticket["firstResponseDueAt"], "2025-01-16T15:00:00Z");
    server.advance(24 * 60 * MINUTE + 4 * 60 * MINUTE + 29 * MINUTE);
    settle(&server);
    assert_eq!(told(&receiver), Vec::<Value>::new());
    server.advance(2 * MINUTE);
    let warning = hear(&receiver, 1)[0].clone();
    assert_eq!((&warning["event"], &warning["data"]["id"]), (&json!("sla.warning"), &ticket["id"]));
    assert_eq!(
        warning["metadata"],
        json!({ "target": "first_response", "policy": "Gold", "slaPolicyId": policy["id"], "dueAt": "2025-01-16T15:00:00Z" })
    );
    server.advance(30 * MINUTE);
    let breach = hear(&receiver, 2)[1].clone();
    assert_eq!(
        (&breach["event"], &breach["metadata"]),
        (&json!("sla.breach"), &warning["metadata"])
    );
    let token = tenant.admin_token();
    let all = changes(&server, &token, text(&ticket["id"]));
    let kinds: Vec<_> = of_clock(&all).into_iter().map(|change| &change["kind"]).collect();
    assert_eq!(kinds, [&json!("sla_warning"), &json!("sla_breach")]);
    // Closed before the resolution is due, it is told nothing of any more.
    server
        .post(&format!("/api/tickets/{}/resolve", text(&ticket["id"])))
        .bearer(&token)
        .json(&json!({}))
        .expect(200);
    server.advance(60 * 24 * 60 * MINUTE);
    settle(&server);
    let token = tenant.admin_token();
    assert_eq!(changes(&server, &token, text(&ticket["id"])).len(), all.len() + 1);
}

// E-74, E-75, X-174
fn a_deal_stays_too_long_in_its_stage(server: Server) {
    let receiver = Receiver::start();
    let tenant = server.tenant("Acme");
    let (token, key) = (tenant.admin_token(), tenant.key(KeyFamily::Elevate));
    let asked = json!({ "url": receiver.url(), "events": ["sla.warning", "sla.breach"] });
    server.post("/api/external/webhooks").key(&key.text).json(&asked).expect(201);
    let policy = json!({
        "name": "Pursuit", "appliesTo": "Deal", "firstResponseMinutes": 5000, "resolutionMinutes": 10000, "stageMinutes": 100, "isDefault": true,
    });
    create(&server, &token, "/api/sla-policies", &policy);
    settle(&server);
    let deal = create(&server, &token, "/api/deals", &json!({ "name": "Deal" }));
    server.advance(101 * MINUTE);
    let told = hear(&receiver, 2);
    assert_eq!(
        (&told[0]["event_type"], &told[1]["event_type"]),
        (&json!("sla.warning"), &json!("sla.breach"))
    );
    for event in &told {
        assert_eq!(event["data"]["name"], deal["name"]);
        assert_eq!(
            event["metadata"],
            json!({ "target": "time_in_stage", "policy": "Pursuit", "due_at": "2025-01-15T11:40:00Z", "stage": event["data"]["stage"] })
        );
    }
}

//
fn a_stopped_server_catches_up_without_doubling(server: Server) {
    let receiver = Receiver::start();
    let (token, first) = {
        let tenant = server.tenant("Acme");
        let token = tenant.admin_token();
        register(&server, &token, &receiver, &["task.overdue"]);
        let first = create(
            &server,
            &token,
            "/api/tasks",
            &json!({ "title": "First", "dueAt": "2025-01-15T10:10:00Z" }),
        );
        for minute in [30, 20, 40] {
            create(
                &server,
                &token,
                "/api/tasks",
                &json!({ "title": "Another", "dueAt": format!("2025-01-15T10:{minute}:00Z") }),
            );
        }
        (token, first)
    };
    server.advance(11 * MINUTE);
    hear(&receiver, 1);
    let server = server.restart();
    // While it is down the clock goes on.
    let clock = server.another_node();
    drop(server);
    clock.advance(24 * Duration::from_secs(60));
    let server = clock.restart();
    hear(&receiver, 3);
    server.advance(10 * MINUTE);
    let all = hear(&receiver, 4);
    settle(&server);
    let dues: Vec<Value> = told(&receiver).iter().map(|told| told["metadata"]["dueAt"].clone()).collect();
    let mut sorted: Vec<String> = dues.iter().map(|due| text(due).to_owned()).collect();
    sorted.sort();
    let expected = [10, 20, 30, 40].map(|minute| format!("2025-01-15T10:{minute}:00Z"));
    assert_eq!(sorted, expected);
    assert_eq!(all[0]["data"]["id"], first["id"]);
    let feed = server.get("/api/changes?limit=1000").bearer(&token).expect(200).json();
    let items = feed["items"].as_array().expect("items").clone();
    let in_order: Vec<&Value> = of_clock(&items).into_iter().map(|change| &change["changes"]["dueAt"][1]).collect();
    assert_eq!(in_order.len(), 4);
    assert!(in_order.is_sorted_by_key(|due| text(due)), "{in_order:?}");
}

fn two_nodes_tell_once(server: Server) {
    let (receiver, other) = (Receiver::start(), server.another_node());
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    register(&server, &token, &receiver, &["task.overdue"]);
    for number in 0..30 {
        let node = [&server, &other][number % 2];
        create(
            node,
            &token,
            "/api/tasks",
            &json!({ "title": "Call", "dueAt": "2025-01-15T11:00:00Z" }),
        );
    }
    server.advance(61 * MINUTE);
    hear(&receiver, 30);
    settle(&server);
    let token = tenant.admin_token();
    let feed = server.get("/api/changes?limit=1000").bearer(&token).expect(200).json();
    let items = feed["items"].as_array().expect("items").clone();
    let mut told: Vec<&str> = of_clock(&items).into_iter().map(|change| text(&change["entityId"])).collect();
    assert_eq!(told.len(), 30);
    told.sort_unstable();
    told.dedup();
    assert_eq!(told.len(), 30, "each once");
}

// E-76, E-77, X-174
fn a_handoff_is_told_from_its_start_to_its_end(server: Server) {
    let receiver = Receiver::start();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    register(&server, &token, &receiver, &["handoff.initiated", "handoff.completed"]);
    let taker = format!("user_{}", tenant.user(Role::User).id);
    let deal = create(&server, &token, "/api/deals", &json!({ "name": "Deal" }));
    let path = format!("/api/deals/{}/handoff", text(&deal["id"]));
    create(
        &server,
        &token,
        &path,
        &json!({ "receiverId": taker, "checklist": [{ "title": "Call" }] }),
    );
    server
        .put(&path)
        .bearer(&token)
        .json(&json!({ "checklist": [{ "title": "Call", "done": true }] }))
        .expect(200);
    server.post(&format!("{path}/complete")).bearer(&token).expect(200);
    hear(&receiver, 2);
    let told = told(&receiver);
    assert_eq!(
        (&told[0]["event"], &told[1]["event"]),
        (&json!("handoff.initiated"), &json!("handoff.completed"))
    );
    assert_eq!(
        (&told[1]["data"]["receiverId"], &told[1]["data"]["status"]),
        (&json!(taker), &json!("completed"))
    );
    assert_eq!(told[1]["data"]["checklist"], json!([{ "title": "Call", "done": true }]));
}
