//! Deliveries to webhooks: what arrives, in which order, and what becomes of what does not (contract C-146 … C-149, C-163, X-10, X-110, X-177).

use std::{
    thread,
    time::{Duration, Instant},
};

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

use super::{create, refusal, text};

/// One test for each backend.
macro_rules! each_backend {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $name() {
                super::$name(super::delivering(super::Backend::Sqlite));
            })+
        }
        mod postgres {
            $(#[test]
            fn $name() {
                super::$name(super::delivering(super::Backend::Postgres));
            })+
        }
    };
}

each_backend! {
    a_delivery_says_what_happened_and_is_signed,
    only_what_was_asked_for_since_registration_arrives,
    a_records_events_arrive_in_order_and_others_do_not_wait,
    what_fails_is_sent_again_with_the_same_id,
    a_receiver_may_ask_for_a_longer_pause,
    gone_disables_the_webhook,
    what_a_gone_receiver_did_not_take_waits,
    nothing_is_sent_after_a_webhook_was_deleted_or_switched_off,
    a_rotated_secret_signs_beside_the_former_one,
    deliveries_can_be_sent_again,
    a_test_is_sent_at_once_and_recorded,
    what_was_not_delivered_is_after_a_restart,
    two_nodes_deliver_once,
    a_silent_receiver_slows_nobody,
    a_tenants_silent_receivers_slow_no_other_tenant,
    foreign_and_unknown_webhooks_are_not_found,
    a_record_that_is_gone_is_told_as_it_was,
}

/// A server that delivers to this machine, and looks often.
fn delivering(backend: Backend) -> Server {
    Server::with(backend, |settings| {
        settings.webhooks.allow_private_targets = true;
        settings.webhooks.parallel = 64;
        settings.webhooks.poll_milliseconds = 20;
    })
}

const SECRET: &str = "a secret of our own";

fn register(server: &Server, token: &str, url: &str, events: &[&str]) -> Value {
    create(
        server,
        token,
        "/api/webhooks",
        &json!({ "url": url, "events": events, "secret": SECRET, "headers": { "X-Custom-Header": "value" } }),
    )
}

fn lead(server: &Server, token: &str, name: &str) -> String {
    let made = create(
        server,
        token,
        "/api/leads",
        &json!({ "firstName": "Ada", "lastName": name, "email": email(name) }),
    );
    text(&made["id"]).to_owned()
}

/// An address of that name, which no other lead has.
fn email(name: &str) -> String {
    let local: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{local}@example.com")
}

fn rename(server: &Server, token: &str, id: &str, name: &str) {
    server
        .put(&format!("/api/leads/{id}"))
        .bearer(token)
        .json(&json!({ "lastName": name }))
        .expect(200);
}

fn item(webhook: &Value) -> String {
    format!("/api/webhooks/{}", text(&webhook["id"]))
}

fn deliveries(server: &Server, token: &str, webhook: &Value, query: &str) -> Vec<Value> {
    let page = server
        .get(&format!("{}/deliveries{query}", item(webhook)))
        .bearer(token)
        .expect(200)
        .json();
    page["items"].as_array().expect("items").clone()
}

/// Waits until the newest delivery is in this state.
#[track_caller]
fn wait_for_state(server: &Server, token: &str, webhook: &Value, state: &str, attempts: usize) -> Value {
    eventually(|| {
        let newest = deliveries(server, token, webhook, "").into_iter().next()?;
        let is_so = newest["state"] == state && newest["attempts"].as_array()?.len() == attempts;
        is_so.then_some(newest)
    })
}

fn names(received: &[Received]) -> Vec<String> {
    received
        .iter()
        .map(|one| text(&one.json()["data"]["lastName"]).to_owned())
        .collect()
}

/// A path of the receiver's.
fn at(receiver: &Receiver, path: &str) -> String {
    receiver.url().replace("/hook", path)
}

#[track_caller]
fn header<'a>(received: &'a Received, name: &str) -> &'a str {
    received.header(name).unwrap_or_else(|| panic!("no {name}: {received:?}"))
}

/// The headers that sign this body, made at the server's time.
#[track_caller]
fn assert_signed(server: &Server, received: &Received, secrets: &[&str]) {
    let secrets: Vec<_> = secrets
        .iter()
        .map(|secret| WebhookSecret::parse(secret).expect("a secret"))
        .collect();
    let message = Message {
        id: header(received, "webhook-id").parse().expect("a uuid"),
        event: header(received, "x-webhook-event"),
        sent_at: server.now(),
        body: &received.body,
    };
    for (name, value) in signature::headers(WebhookFamily::Saas, &secrets, &message) {
        assert_eq!(header(received, name), value, "{name}");
    }
}

/// Looks again and again until there is what a test waits for.
#[track_caller]
fn eventually<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "it does not come");
        thread::yield_now();
    }
}

// C-146, C-147, C-148, C-149, X-10, X-110
fn a_delivery_says_what_happened_and_is_signed(server: Server) {
    let (receiver, tenant) = (Receiver::start(), server.tenant("Acme"));
    let login = tenant.login(&tenant.admin);
    register(&server, &login.token, &at(&receiver, "/hook?a=1"), &["lead.created"]);
    let id = lead(&server, &login.token, "Lovelace 🚀");
    let received = receiver.wait_for(1).remove(0);
    assert_eq!(received.line, "POST /hook?a=1 HTTP/1.1");
    assert_eq!(header(&received, "content-type"), "application/json");
    assert_eq!(header(&received, "x-custom-header"), "value");
    assert_eq!(header(&received, "x-webhook-event"), "lead.created");
    assert_signed(&server, &received, &[SECRET]);
    let shown = server.get(&format!("/api/leads/{id}")).bearer(&login.token).expect(200).json();
    assert_eq!(
        received.json(),
        json!({
            "event": "lead.created", "timestamp": "2025-01-15T10:00:00Z", "tenantId": login.tenant_id, "data": shown, "metadata": {},
        })
    );
}

// E-79: the same for every family
fn only_what_was_asked_for_since_registration_arrives(server: Server) {
    let (receiver, tenant) = (Receiver::start(), server.tenant("Acme"));
    let token = tenant.admin_token();
    let before = lead(&server, &token, "Before");
    let all = register(&server, &token, &at(&receiver, "/all"), &["*"]);
    register(&server, &token, &at(&receiver, "/created"), &["lead.created"]);
    let inactive = register(&server, &token, &at(&receiver, "/inactive"), &["*"]);
    let switch = |webhook: &Value, on: bool| {
        let put = server.put(&item(webhook)).bearer(&token).json(&json!({ "isActive": on }));
        put.expect(200);
    };
    switch(&inactive, false);
    rename(&server, &token, &before, "Renamed");
    lead(&server, &token, "After");
    switch(&inactive, true);
    lead(&server, &token, "Last");
    let received = receiver.wait_for(3 + 2 + 1);
    let told_at = |path: &str| -> Vec<String> {
        let mut names = names(
            &received
                .iter()
                .filter(|one| one.line == format!("POST {path} HTTP/1.1"))
                .cloned()
                .collect::<Vec<_>>(),
        );
        names.sort();
        names
    };
    assert_eq!(told_at("/all"), ["After", "Last", "Renamed"]);
    assert_eq!(told_at("/created"), ["After", "Last"]);
    assert_eq!(told_at("/inactive"), ["Last"]);
    // Each has its own id.
    let mut ids: Vec<&str> = received.iter().map(|one| header(one, "webhook-id")).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 6);
    assert_eq!(deliveries(&server, &token, &all, "?event=lead.created").len(), 2);
}

fn a_records_events_arrive_in_order_and_others_do_not_wait(server: Server) {
    let (receiver, tenant) = (Receiver::start(), server.tenant("Acme"));
    let token = tenant.admin_token();
    let (one, other) = (lead(&server, &token, "One"), lead(&server, &token, "Other"));
    register(&server, &token, &at(&receiver, "/"), &["lead.updated"]);
    receiver.next([Conduct::status(200).held()]);
    rename(&server, &token, &one, "One 1");
    receiver.wait_for_held(1);
    for number in 2..=9 {
        rename(&server, &token, &one, &format!("One {number}"));
    }
    rename(&server, &token, &other, "Other 1");
    assert_eq!(names(&receiver.wait_for(2)), ["One 1", "Other 1"], "the others wait for the first");
    receiver.release();
    let received = receiver.wait_for(10);
    let listed = deliveries(&server, &token, &json!({ "id": "webhook_1" }), "?pageSize=100");
    let sent: Vec<&str> = received.iter().map(|received| header(received, "webhook-id")).collect();
    let place = |delivery: &Value| sent.iter().position(|id| *id == text(&delivery["messageId"])).expect("it arrived");
    let mut of_one: Vec<(i64, usize)> = listed
        .iter()
        .filter(|delivery| delivery["recordId"] == one.as_str())
        .map(|delivery| (delivery["change"].as_i64().expect("a change"), place(delivery)))
        .collect();
    of_one.sort_unstable();
    assert_eq!(of_one.len(), 9);
    assert!(of_one.is_sorted_by_key(|(_, place)| *place), "{of_one:?}");
}

//
fn what_fails_is_sent_again_with_the_same_id(server: Server) {
    let (receiver, tenant) = (Receiver::start(), server.tenant("Acme"));
    let token = tenant.admin_token();
    let webhook = register(&server, &token, &at(&receiver, "/"), &["lead.created"]);
    receiver.next([
        Conduct::status(500),
        Conduct::HangUp,
        Conduct::status(302).with("location", at(&receiver, "/other")),
    ]);
    lead(&server, &token, "Lovelace");
    let failed = wait_for_state(&server, &token, &webhook, "pending", 1);
    assert_eq!(
        (&failed["attempts"][0]["statusCode"], &failed["attempts"][0]["response"]),
        (&json!(500), &json!("I say 500"))
    );
    let next = text(&failed["nextAttemptAt"]);
    assert!(
        ("2025-01-15T10:00:04Z"..="2025-01-15T10:00:06Z").contains(&next),
        "5 seconds and a fifth: {next}"
    );
    assert_eq!(
        server.get(&item(&webhook)).bearer(&token).expect(200).json()["failingSince"],
        "2025-01-15T10:00:00Z"
    );
    server.advance(Duration::from_secs(7));
    let failed = wait_for_state(&server, &token, &webhook, "pending", 2);
    assert_eq!(failed["attempts"][1]["statusCode"], Value::Null);
    assert!(text(&failed["attempts"][1]["reason"]).len() > 10);
    server.advance(Duration::from_secs(37));
    wait_for_state(&server, &token, &webhook, "pending", 3);
    server.advance(Duration::from_secs(150));
    let arrived = wait_for_state(&server, &token, &webhook, "delivered", 4);
    let received = receiver.received();
    assert_eq!(received.len(), 4, "no redirection is followed");
    for one in &received {
        assert_eq!(
            (header(one, "webhook-id"), &one.body),
            (text(&arrived["messageId"]), &received[0].body)
        );
    }
    assert_eq!(
        server.get(&item(&webhook)).bearer(&token).expect(200).json()["failingSince"],
        Value::Null
    );
}

fn a_receiver_may_ask_for_a_longer_pause(server: Server) {
    let (receiver, tenant) = (Receiver::start(), server.tenant("Acme"));
    let token = tenant.admin_token();
    let webhook = register(&server, &token, &at(&receiver, "/"), &["lead.created"]);
    receiver.next([Conduct::status(503).with("retry-after", 600)]);
    lead(&server, &token, "Lovelace");
    let failed = wait_for_state(&server, &token, &webhook, "pending", 1);
    assert_eq!(failed["nextAttemptAt"], "2025-01-15T10:10:00Z");
    server.advance(Duration::from_secs(601));
    receiver.wait_for(2);
    wait_for_state(&server, &token, &webhook, "delivered", 2);
}

fn gone_disables_the_webhook(server: Server) {
    let (receiver, tenant) = (Receiver::start(), server.tenant("Acme"));
    let token = tenant.admin_token();
    let webhook = register(&server, &token, &at(&receiver, "/"), &["lead.created"]);
    receiver.next([Conduct::status(410)]);
    lead(&server, &token, "Lovelace");
    wait_for_state(&server, &token, &webhook, "pending", 1);
    let after = server.get(&item(&webhook)).bearer(&token).expect(200).json();
    assert_eq!((&after["isActive"], &after["disabledReason"]), (&json!(false), &json!("gone")));
    let changes = server.get("/api/changes?entity=webhook").bearer(&token).expect(200).json();
    let last = changes["items"].as_array().expect("items").last().expect("a change").clone();
    assert_eq!(
        (&last["actor"], &last["changes"]["disabledReason"]),
        (&json!("system"), &json!([null, "gone"]))
    );
    lead(&server, &token, "Byron");
    let put = server
        .put(&item(&webhook))
        .bearer(&token)
        .json(&json!({ "isActive": true }))
        .expect(200)
        .json();
    assert_eq!(put["disabledReason"], Value::Null);
    lead(&server, &token, "Babbage");
    // What it refused waited; what happened while it was switched off nobody is told.
    let mut names = names(&receiver.wait_for(3));
    names.sort();
    assert_eq!(names, ["Babbage", "Lovelace", "Lovelace"]);
}

/// Whatever was under way or waited when the receiver said that it wants no more has one fate: it waits.
fn what_a_gone_receiver_did_not_take_waits(server: Server) {
    let (receiver, tenant) = (Receiver::start(), server.tenant("Acme"));
    let token = tenant.admin_token();
    let webhook = register(&server, &token, &at(&receiver, "/"), &["lead.created"]);
    receiver.always(Conduct::status(410).held());
    let all: Vec<String> = (0..30).map(|number| format!("Lead{number}")).collect();
    for name in &all {
        lead(&server, &token, name);
    }
    receiver.wait_for_held(4);
    eventually(|| (deliveries(&server, &token, &webhook, "?pageSize=100").len() == 30).then_some(()));
    receiver.always(Conduct::status(200));
    receiver.release();
    // Its four answers come one after another; nothing more leaves after the first.
    eventually(|| {
        let shown = server.get(&item(&webhook)).bearer(&token).expect(200).json();
        let listed = deliveries(&server, &token, &webhook, "?pageSize=100");
        let tried = listed.iter().filter(|one| one["attempts"] != json!([])).count();
        (shown["isActive"] == false && tried == 4).then_some(())
    });
    let listed = deliveries(&server, &token, &webhook, "?pageSize=100");
    assert_eq!((listed.len(), receiver.received().len()), (30, 4));
    assert!(listed.iter().all(|one| one["state"] == "pending"), "{listed:?}");
    let put = server.put(&item(&webhook)).bearer(&token).json(&json!({ "isActive": true }));
    put.expect(200);
    let received = receiver.wait_for(34);
    let mut arrived = names(&received[4..]);
    arrived.sort();
    let mut all = all;
    all.sort();
    assert_eq!(arrived, all);
}

// E-59: the same for every family
fn nothing_is_sent_after_a_webhook_was_deleted_or_switched_off(server: Server) {
    let (receiver, tenant) = (Receiver::start(), server.tenant("Acme"));
    let token = tenant.admin_token();
    let deleted = register(&server, &token, &at(&receiver, "/deleted"), &["lead.created"]);
    let off = register(&server, &token, &at(&receiver, "/off"), &["lead.created"]);
    let kept = register(&server, &token, &at(&receiver, "/kept"), &["lead.created"]);
    receiver.always(Conduct::status(200).held());
    for number in 0..20 {
        lead(&server, &token, &format!("Lead {number}"));
    }
    receiver.wait_for_held(12);
    server.delete(&item(&deleted)).bearer(&token).expect(204);
    server
        .put(&item(&off))
        .bearer(&token)
        .json(&json!({ "isActive": false }))
        .expect(200);
    receiver.release();
    let count = |path: &str| {
        receiver
            .received()
            .iter()
            .filter(|one| one.line == format!("POST {path} HTTP/1.1"))
            .count()
    };
    eventually(|| (count("/kept") == 20).then_some(()));
    wait_for_state(&server, &token, &kept, "delivered", 1);
    assert_eq!((count("/deleted"), count("/off")), (4, 4), "what was under way then");
    refusal(
        &server,
        &server.get(&format!("{}/deliveries", item(&deleted))).bearer(&token).send(),
        404,
        "NOT_FOUND",
    );
}

fn a_rotated_secret_signs_beside_the_former_one(server: Server) {
    let (receiver, tenant) = (Receiver::start(), server.tenant("Acme"));
    let token = tenant.admin_token();
    let webhook = register(&server, &token, &at(&receiver, "/"), &["lead.created"]);
    let rotated = server.post(&format!("{}/rotate-secret", item(&webhook))).bearer(&token).expect(200);
    assert_eq!(rotated.header("cache-control"), Some("no-store"));
    let rotated = rotated.json();
    let new = text(&rotated["secret"]);
    assert!(new.starts_with("whsec_"));
    assert_eq!(rotated["previousSecretUntil"], "2025-01-16T10:00:00Z");
    lead(&server, &token, "Lovelace");
    let both = receiver.wait_for(1).remove(0);
    assert_signed(&server, &both, &[new, SECRET]);
    assert_eq!(header(&both, "webhook-signature").split(' ').count(), 2);
    server.advance(Duration::from_secs(24 * 3_600 + 1));
    // Tokens have expired meanwhile.
    let token = tenant.admin_token();
    lead(&server, &token, "Byron");
    let one = receiver.wait_for(2).remove(1);
    assert_eq!(header(&one, "webhook-signature").split(' ').count(), 1);
    let shown = server.get(&item(&webhook)).bearer(&token).expect(200).json();
    assert_eq!(shown.get("secret"), None);
    // A repeated request shows nothing again.
    let again = || {
        server
            .post(&format!("{}/rotate-secret", item(&webhook)))
            .bearer(&token)
            .header("idempotency-key", "one")
            .send()
    };
    assert_eq!(again().status, 200);
    refusal(&server, &again(), 409, "DUPLICATE");
}

fn deliveries_can_be_sent_again(server: Server) {
    let (receiver, tenant) = (Receiver::start(), server.tenant("Acme"));
    let token = tenant.admin_token();
    let webhook = register(&server, &token, &at(&receiver, "/"), &["lead.created"]);
    for name in ["Lovelace", "Byron", "Babbage"] {
        lead(&server, &token, name);
    }
    receiver.wait_for(3);
    wait_for_state(&server, &token, &webhook, "delivered", 1);
    let all = deliveries(&server, &token, &webhook, "?state=delivered&pageSize=2");
    assert_eq!(all.len(), 2);
    let again = format!("{}/deliveries/{}/redeliver", item(&webhook), text(&all[0]["id"]));
    let answer = server.post(&again).bearer(&token).expect(202).json();
    assert_eq!((&answer["id"], &answer["state"]), (&all[0]["id"], &json!("pending")));
    let received = receiver.wait_for(4);
    assert_eq!(header(&received[3], "webhook-id"), text(&all[0]["messageId"]));
    wait_for_state(&server, &token, &webhook, "delivered", 2);
    eventually(|| deliveries(&server, &token, &webhook, "?state=pending").is_empty().then_some(()));
    let since = |body: Value| {
        server
            .post(&format!("{}/redeliver", item(&webhook)))
            .bearer(&token)
            .json(&body)
            .send()
    };
    assert_eq!(
        since(json!({ "since": "2025-01-15T09:00:00Z", "failedOnly": true }))
            .expect(202)
            .json(),
        json!({ "count": 0 })
    );
    assert_eq!(
        since(json!({ "since": "2025-01-15T11:00:00Z" })).expect(202).json(),
        json!({ "count": 0 })
    );
    assert_eq!(
        since(json!({ "since": "2025-01-15T09:00:00Z" })).expect(202).json(),
        json!({ "count": 3 })
    );
    receiver.wait_for(7);
    for wrong in [
        json!({}),
        json!({ "since": "yesterday" }),
        json!({ "since": 7 }),
        json!({ "since": null }),
    ] {
        refusal(&server, &since(wrong), 422, "VALIDATION_ERROR");
    }
    let pages = server
        .get(&format!("{}/deliveries?pageSize=2", item(&webhook)))
        .bearer(&token)
        .expect(200)
        .json();
    let cursor = text(&pages["nextCursor"]);
    let next = deliveries(&server, &token, &webhook, &format!("?pageSize=2&cursor={cursor}"));
    assert_eq!(next.len(), 1);
    refusal(
        &server,
        &server
            .get(&format!("{}/deliveries?state=eaten", item(&webhook)))
            .bearer(&token)
            .send(),
        400,
        "VALIDATION_ERROR",
    );
}

//
fn a_test_is_sent_at_once_and_recorded(server: Server) {
    let (receiver, tenant) = (Receiver::start(), server.tenant("Acme"));
    let token = tenant.admin_token();
    let webhook = register(&server, &token, &at(&receiver, "/"), &["lead.created"]);
    server
        .put(&item(&webhook))
        .bearer(&token)
        .json(&json!({ "isActive": false }))
        .expect(200);
    let test = || server.post(&format!("{}/test", item(&webhook))).bearer(&token).expect(200).json();
    receiver.next([Conduct::status(200), Conduct::status(500), Conduct::HangUp]);
    let answer = test();
    assert_eq!(
        (&answer["success"], &answer["statusCode"], &answer["reason"]),
        (&json!(true), &json!(200), &Value::Null)
    );
    let sent = receiver.received().remove(0);
    assert_eq!(sent.json()["event"], "webhook.test");
    assert_eq!(header(&sent, "x-webhook-event"), "webhook.test");
    assert_signed(&server, &sent, &[SECRET]);
    let answer = test();
    assert_eq!((&answer["success"], &answer["statusCode"]), (&json!(false), &json!(500)));
    let answer = test();
    assert_eq!((&answer["success"], &answer["statusCode"]), (&json!(false), &Value::Null));
    assert!(text(&answer["reason"]).len() > 10);
    let states: Vec<Value> = deliveries(&server, &token, &webhook, "")
        .iter()
        .map(|one| one["state"].clone())
        .collect();
    assert_eq!(states, ["failed", "failed", "delivered"]);
    // With a key it is sent once.
    let keyed = || {
        server
            .post(&format!("{}/test", item(&webhook)))
            .bearer(&token)
            .header("idempotency-key", "one")
            .expect(200)
    };
    let (first, again) = (keyed(), keyed());
    assert_eq!((first.json(), again.header("idempotent-replayed")), (again.json(), Some("true")));
    assert_eq!(receiver.received().len(), 4);
}

fn what_was_not_delivered_is_after_a_restart(server: Server) {
    let receiver = Receiver::start();
    let (token, webhook) = {
        let tenant = server.tenant("Acme");
        let token = tenant.admin_token();
        let webhook = register(&server, &token, &at(&receiver, "/"), &["lead.created"]);
        (token, webhook)
    };
    receiver.next([Conduct::status(500)]);
    lead(&server, &token, "Lovelace");
    wait_for_state(&server, &token, &webhook, "pending", 1);
    server.advance(Duration::from_secs(7));
    let server = server.restart();
    wait_for_state(&server, &token, &webhook, "delivered", 2);
    // What is under way when the server stops is given back.
    receiver.next([Conduct::status(200).held()]);
    lead(&server, &token, "Byron");
    receiver.wait_for_held(1);
    let server = server.restart();
    receiver.wait_for(4);
    receiver.release();
    wait_for_state(&server, &token, &webhook, "delivered", 1);
    let received = receiver.received();
    assert_eq!(header(&received[2], "webhook-id"), header(&received[3], "webhook-id"));
}

fn two_nodes_deliver_once(server: Server) {
    let (receiver, other) = (Receiver::start(), server.another_node());
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let webhook = register(&server, &token, &at(&receiver, "/"), &["lead.created"]);
    let names: Vec<String> = (0..30).map(|number| format!("Lead {number}")).collect();
    for (number, name) in names.iter().enumerate() {
        lead([&server, &other][number % 2], &token, name);
    }
    receiver.wait_for(30);
    eventually(|| deliveries(&server, &token, &webhook, "?state=pending").is_empty().then_some(()));
    let mut told = self::names(&receiver.received());
    let mut expected = names;
    told.sort();
    expected.sort();
    assert_eq!(told, expected);
}

fn a_silent_receiver_slows_nobody(server: Server) {
    let (silent, lively, tenant) = (Receiver::start(), Receiver::start(), server.tenant("Acme"));
    let token = tenant.admin_token();
    silent.always(Conduct::status(200).held());
    register(&server, &token, &at(&silent, "/"), &["lead.created"]);
    register(&server, &token, &at(&lively, "/"), &["lead.created"]);
    for number in 0..30 {
        lead(&server, &token, &format!("Lead {number}"));
    }
    lively.wait_for(30);
    assert_eq!(silent.received().len(), 4, "so many at once");
    silent.release();
    silent.wait_for(30);
}

fn a_tenants_silent_receivers_slow_no_other_tenant(server: Server) {
    /// Anybody's half of the places, and one tenant's eighth.
    const MOST: usize = 64 / 2 + 64 / 8;
    let (silent, lively) = (Receiver::start(), Receiver::start());
    let (acme, other) = (server.tenant("Acme"), server.tenant("Other"));
    let (token, others) = (acme.admin_token(), other.admin_token());
    silent.always(Conduct::status(200).held());
    for number in 0..40 {
        register(&server, &token, &at(&silent, &format!("/{number}")), &["lead.created"]);
    }
    for number in 0..4 {
        lead(&server, &token, &format!("Lead {number}"));
    }
    silent.wait_for_held(MOST);
    register(&server, &others, &at(&lively, "/"), &["lead.created"]);
    lead(&server, &others, "Lovelace");
    lively.wait_for(1);
    assert_eq!(silent.received().len(), MOST, "the silent ones still hold all that they may");
    silent.always(Conduct::status(200));
    silent.release();
    silent.wait_for(160);
}

fn foreign_and_unknown_webhooks_are_not_found(server: Server) {
    let (acme, other) = (server.tenant("Acme"), server.tenant("Other"));
    let (token, foreign) = (acme.admin_token(), other.admin_token());
    let webhook = register(&server, &token, "https://example.com/hook", &["*"]);
    let path = item(&webhook);
    for (method, path, body) in [
        ("GET", format!("{path}/deliveries"), None),
        ("POST", format!("{path}/test"), Some(json!({}))),
        ("POST", format!("{path}/rotate-secret"), Some(json!({}))),
        ("POST", format!("{path}/redeliver"), Some(json!({ "since": "2025-01-01" }))),
        ("POST", format!("{path}/deliveries/delivery_1/redeliver"), Some(json!({}))),
    ] {
        let ask = |token: &str| {
            let request = if method == "GET" { server.get(&path) } else { server.post(&path) };
            let request = request.bearer(token);
            match &body {
                Some(body) => request.json(body).send(),
                None => request.send(),
            }
        };
        refusal(&server, &ask(&foreign), 404, "NOT_FOUND");
        if path.ends_with("deliveries/delivery_1/redeliver") {
            refusal(&server, &ask(&token), 404, "NOT_FOUND");
        }
    }
}

fn a_record_that_is_gone_is_told_as_it_was(server: Server) {
    let (receiver, tenant) = (Receiver::start(), server.tenant("Acme"));
    let login = tenant.login(&tenant.admin);
    let webhook = register(&server, &login.token, &at(&receiver, "/"), &["lead.created", "lead.updated"]);
    let id = lead(&server, &login.token, "Lovelace");
    rename(&server, &login.token, &id, "Byron");
    server.delete(&format!("/api/leads/{id}")).bearer(&login.token).expect(204);
    let received = receiver.wait_for(2);
    assert_eq!(names(&received), ["Lovelace", "Byron"]);
    for one in &received {
        let data = one.json()["data"].clone();
        assert_eq!(
            (&data["id"], &data["tenantId"], &data["firstName"]),
            (&json!(id), &json!(login.tenant_id), &json!("Ada"))
        );
    }
    wait_for_state(&server, &login.token, &webhook, "delivered", 1);
}
