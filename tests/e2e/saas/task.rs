//! Tasks (contract ).

use std::time::Duration;

use crm_domain::control::user::Role;
use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{create, details, fields, ids, page::get, refusal, related::Records, text};

each_server! {
    a_task_round_trips_with_every_field,
    a_task_needs_nothing_but_a_title,
    an_update_changes_what_it_names,
    a_status_brings_its_times,
    what_was_read_is_written_back_without_a_change,
    a_task_is_completed_and_reopened,
    the_clock_makes_tasks_overdue,
    tasks_sort_by_urgency,
    a_deleted_task_is_gone,
    every_wrong_field_is_told,
}

const PATH: &str = "/api/tasks";

fn item(task: &Value) -> String {
    format!("{PATH}/{}", text(&task["id"]))
}

// C-115, X-87
fn a_task_round_trips_with_every_field(server: &Server) {
    let tenant = server.tenant("Acme");
    let (admin, user) = (tenant.login(&tenant.admin), tenant.user(Role::User));
    let about = Records::of(server, &tenant, &admin.token);
    let sent = json!({
        "title": "Send the offer 👍",
        "description": "مرحبا\tתודה\r\n👩‍👩‍👧",
        "priority": "Urgent",
        "status": "Completed",
        "dueAt": "2025-01-20T08:00:00Z",
        "startedAt": "2025-01-10T08:00:00Z",
        "completedAt": "2025-01-12T08:00:00Z",
        "companyId": about.company, "contactId": about.contact, "leadId": about.lead, "dealId": about.deal, "ticketId": about.ticket,
        "ownerId": format!("user_{}", user.id),
    });
    let answer = server.post(PATH).bearer(&admin.token).json(&sent).expect(201);
    let made = answer.json();
    assert_eq!(answer.header("location"), Some(item(&made).as_str()));
    let mut expected = sent;
    expected["id"] = json!("task_1");
    expected["customFields"] = json!({});
    expected["isOverdue"] = json!(false);
    expected["createdAt"] = json!("2025-01-15T10:00:00Z");
    expected["updatedAt"] = json!("2025-01-15T10:00:00Z");
    expected["createdBy"] = json!(admin.user_id);
    expected["tenantId"] = json!(admin.tenant_id);
    assert_eq!(made, expected);
    assert_eq!(server.get(&item(&made)).bearer(&admin.token).expect(200).json(), expected);
    assert_eq!(get(server, &admin.token, PATH)["items"], json!([expected]));
    // Nothing ends before it begins.
    for body in [
        json!({ "completedAt": "2025-01-10T07:59:59Z" }),
        json!({ "startedAt": "2025-01-12T08:00:01Z" }),
    ] {
        let answer = server.put(&item(&made)).bearer(&admin.token).json(&body).send();
        let error = refusal(server, &answer, 422, "VALIDATION_ERROR");
        assert_eq!(
            details(&error),
            [("completedAt", "Completed at must not be before started at")],
            "{body}"
        );
    }
    assert_eq!(server.get(&item(&made)).bearer(&admin.token).expect(200).json(), expected);
}

// X-89 in spirit: what is not given is null, not left out
fn a_task_needs_nothing_but_a_title(server: &Server) {
    let tenant = server.tenant("Acme");
    let login = tenant.login(&tenant.admin);
    let made = create(server, &login.token, PATH, &json!({ "title": "  Call  ", "isOverdue": true }));
    let expected = json!({
        "id": "task_1", "title": "Call", "description": null, "priority": "Normal", "status": "Open", "dueAt": null, "isOverdue": false,
        "startedAt": null, "completedAt": null, "companyId": null, "contactId": null, "leadId": null, "dealId": null, "ticketId": null,
        "ownerId": login.user_id, "createdAt": "2025-01-15T10:00:00Z", "updatedAt": "2025-01-15T10:00:00Z", "createdBy": login.user_id,
        "tenantId": login.tenant_id, "customFields": {},
    });
    assert_eq!(made, expected);
    // Some clients send every field that they do not set as null.
    let mut nulls: Value = expected.as_object().unwrap().keys().map(|key| (key.clone(), Value::Null)).collect();
    nulls["title"] = json!("Call");
    let again = create(server, &login.token, PATH, &nulls);
    assert_eq!(
        (&again["priority"], &again["status"], &again["ownerId"]),
        (&json!("Normal"), &json!("Open"), &json!(login.user_id))
    );
}

//
fn an_update_changes_what_it_names(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let made = create(
        server,
        &token,
        PATH,
        &json!({ "title": "Call", "description": "x", "dueAt": "2025-02-01" }),
    );
    assert_eq!(made["dueAt"], "2025-02-01T00:00:00Z");
    server.advance(Duration::from_secs(60));
    let put = |body: Value| server.put(&item(&made)).bearer(&token).json(&body).expect(200).json();
    let mut expected = made.clone();
    expected["priority"] = json!("High");
    expected["description"] = Value::Null;
    expected["updatedAt"] = json!("2025-01-15T10:01:00Z");
    assert_eq!(
        put(json!({ "priority": "HIGH", "description": null, "id": "task_9", "unknown": [1] })),
        expected
    );
    server.advance(Duration::from_secs(60));
    for nothing in [json!({}), json!({ "priority": "high" }), expected.clone()] {
        assert_eq!(put(nothing), expected, "nothing changes: not even the time of the change");
    }
    // What was read before may no longer be written over.
    let read = server.get(&item(&made)).bearer(&token).expect(200);
    let tag = read.header("etag").unwrap().to_owned();
    let change = |title: &str| {
        server
            .put(&item(&made))
            .bearer(&token)
            .header("If-Match", &tag)
            .json(&json!({ "title": title }))
            .send()
    };
    assert_eq!(change("First").status, 200);
    refusal(server, &change("Second"), 412, "VALIDATION_ERROR");
    assert_eq!(get(server, &token, &item(&made))["title"], "First");
}

fn a_status_brings_its_times(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let made = create(server, &token, PATH, &json!({ "title": "Call" }));
    let put = |body: Value| server.put(&item(&made)).bearer(&token).json(&body).expect(200).json();
    let times = |task: &Value| (task["startedAt"].clone(), task["completedAt"].clone());
    let (first, second) = (json!("2025-01-15T10:00:00Z"), json!("2025-01-15T10:01:00Z"));
    assert_eq!(times(&put(json!({ "status": "inprogress" }))), (first.clone(), Value::Null));
    server.advance(Duration::from_secs(60));
    assert_eq!(times(&put(json!({ "status": "Completed" }))), (first.clone(), second.clone()));
    server.advance(Duration::from_secs(60));
    assert_eq!(times(&put(json!({ "title": "Called" }))), (first.clone(), second));
    // What ended did not end another way; reopened it may.
    let cancelled = json!({ "status": "Cancelled" });
    let answer = server.put(&item(&made)).bearer(&token).json(&cancelled).send();
    let error = refusal(server, &answer, 409, "DUPLICATE");
    assert_eq!(error["message"], "The task is completed and cannot be cancelled");
    assert_eq!(times(&put(json!({ "status": "Open" }))), (first.clone(), Value::Null));
    assert_eq!(times(&put(cancelled)), (first, Value::Null));
    let answer = server
        .put(&item(&made))
        .bearer(&token)
        .json(&json!({ "status": "Completed" }))
        .send();
    let error = refusal(server, &answer, 409, "DUPLICATE");
    assert_eq!(error["message"], "The task is cancelled and cannot be completed");
}

/// Times made by the server are written back as they are shown, and change nothing.
fn what_was_read_is_written_back_without_a_change(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    server.advance(Duration::from_micros(11_957));
    let made = create(server, &token, PATH, &json!({ "title": "Call", "status": "InProgress" }));
    server.post(&format!("{}/complete", item(&made))).bearer(&token).expect(200);
    let now = get(server, &token, &item(&made));
    let changes = || server.get("/api/changes").bearer(&token).expect(200).json()["nextAfter"].clone();
    let before = changes();
    assert_eq!(server.put(&item(&made)).bearer(&token).json(&now).expect(200).json(), now);
    assert_eq!(changes(), before);
}

fn a_task_is_completed_and_reopened(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.login(&tenant.user(Role::User)).token;
    let made = create(server, &token, PATH, &json!({ "title": "Call" }));
    let act = |action: &str| server.post(&format!("{}/{action}", item(&made))).bearer(&token);
    let refused = |action: &str, message: &str| {
        let error = refusal(server, &act(action).send(), 409, "DUPLICATE");
        assert_eq!((&error["message"], &error["details"]), (&json!(message), &json!([])));
    };
    refused("reopen", "The task is open and cannot be reopened");
    server.advance(Duration::from_secs(60));
    let done = act("complete").expect(200).json();
    let mut expected = made.clone();
    expected["status"] = json!("Completed");
    expected["completedAt"] = json!("2025-01-15T10:01:00Z");
    expected["updatedAt"] = json!("2025-01-15T10:01:00Z");
    assert_eq!(done, expected);
    assert_eq!(get(server, &token, &item(&made)), expected);
    refused("complete", "The task is already completed");
    // A repeated request is answered as the first one was.
    let again = || act("reopen").header("Idempotency-Key", "k1").json(&json!({})).expect(200);
    let (first, second) = (again(), again());
    assert_eq!((first.json()["status"].clone(), second.json()), (json!("Open"), first.json()));
    assert_eq!(second.header("idempotent-replayed"), Some("true"));
    assert_eq!(first.json()["completedAt"], Value::Null);
    server
        .put(&item(&made))
        .bearer(&token)
        .json(&json!({ "status": "Cancelled" }))
        .expect(200);
    refused("complete", "The task is cancelled and cannot be completed");
    for action in ["complete", "reopen"] {
        let answer = server.post(&format!("{PATH}/task_99/{action}")).bearer(&token).send();
        let error = refusal(server, &answer, 404, "NOT_FOUND");
        assert_eq!(error["message"], "Task not found");
    }
}

fn the_clock_makes_tasks_overdue(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    for (title, status, due) in [
        ("late", "Open", json!("2025-01-15T09:00:00Z")),
        ("begun", "InProgress", json!("2025-01-15T10:00:30Z")),
        ("done", "Completed", json!("2025-01-15T09:00:00Z")),
        ("dropped", "Cancelled", json!("2025-01-15T09:00:00Z")),
        ("whenever", "Open", Value::Null),
        ("later", "Open", json!("2025-01-15T11:00:00Z")),
        ("last", "Open", json!("2025-01-15T09:30:00Z")),
    ] {
        create(server, &token, PATH, &json!({ "title": title, "status": status, "dueAt": due }));
    }
    let overdue = |query: &str| get(server, &token, &format!("{PATH}?overdue=true{query}"));
    let shown = overdue("");
    assert_eq!((ids(&shown), &shown["totalCount"]), (vec!["task_1", "task_7"], &json!(2)));
    for task in get(server, &token, PATH)["items"].as_array().unwrap() {
        assert_eq!(task["isOverdue"] == true, ids(&shown).contains(&text(&task["id"])), "{task}");
    }
    // A walk by cursor goes on although the clock does.
    let first = overdue("&sortBy=dueAt&pageSize=1");
    assert_eq!(ids(&first), ["task_1"]);
    server.advance(Duration::from_secs(60));
    let cursor = text(&first["nextCursor"]);
    assert_eq!(
        ids(&overdue(&format!("&sortBy=dueAt&pageSize=5&cursor={cursor}"))),
        ["task_7", "task_2"]
    );
    assert_eq!(ids(&overdue("&sortBy=dueAt&sortOrder=desc")), ["task_2", "task_7", "task_1"]);
    assert_eq!(ids(&overdue("&filter[title][startsWith]=l")), ["task_1", "task_7"]);
    // Another list's cursor is refused.
    let strange = server.get(&format!("{PATH}?sortBy=dueAt&cursor={cursor}")).bearer(&token).send();
    assert_eq!(fields(&refusal(server, &strange, 400, "VALIDATION_ERROR")), ["cursor"]);
    // Both of two wrong parameters are told.
    let wrong = server.get(&format!("{PATH}?overdue=false&page=x")).bearer(&token).send();
    let error = refusal(server, &wrong, 400, "VALIDATION_ERROR");
    assert_eq!(
        details(&error),
        [("overdue", "overdue must be one of: true"), ("page", "page must be a whole number")]
    );
}

//
fn tasks_sort_by_urgency(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    for priority in ["High", "Low", "Urgent", "Normal"] {
        create(server, &token, PATH, &json!({ "title": priority, "priority": priority }));
    }
    let sorted = get(server, &token, &format!("{PATH}?sortBy=priority&sortOrder=desc"));
    assert_eq!(ids(&sorted), ["task_3", "task_1", "task_4", "task_2"]);
    for (filter, expected) in [
        ("filter[priority]=urgent", vec!["task_3"]),
        ("filter[priority][gte]=High", vec!["task_1", "task_3"]),
        ("filter[priority][in]=Low,Normal", vec!["task_2", "task_4"]),
    ] {
        assert_eq!(ids(&get(server, &token, &format!("{PATH}?{filter}"))), expected, "{filter}");
    }
    let wrong = server.get(&format!("{PATH}?filter[priority]=soon")).bearer(&token).send();
    let error = refusal(server, &wrong, 400, "VALIDATION_ERROR");
    assert_eq!(
        details(&error),
        [("filter[priority]", "filter[priority] must be one of: Low, Normal, High, Urgent")]
    );
}

// C-115
fn a_deleted_task_is_gone(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let [gone, kept] = ["Gone", "Kept"].map(|title| create(server, &token, PATH, &json!({ "title": title })));
    assert!(server.delete(&item(&gone)).bearer(&token).expect(204).body.is_empty());
    refusal(server, &server.get(&item(&gone)).bearer(&token).send(), 404, "NOT_FOUND");
    refusal(server, &server.delete(&item(&gone)).bearer(&token).send(), 404, "NOT_FOUND");
    let put = server.put(&item(&gone)).bearer(&token).json(&json!({ "title": "x" })).send();
    refusal(server, &put, 404, "NOT_FOUND");
    assert_eq!(get(server, &token, PATH)["items"], json!([kept]));
    assert_eq!(ids(&get(server, &token, &format!("{PATH}?search=gone"))), Vec::<&str>::new());
    assert_eq!(ids(&get(server, &token, &format!("{PATH}?deleted=true"))), [text(&gone["id"])]);
}

// C-117, C-118
fn every_wrong_field_is_told(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let body = json!({
        "priority": "soon", "status": 7, "dueAt": "tomorrow", "companyId": "company_9", "dealId": "company_1", "ticketId": "ticket_9",
        "ownerId": "user_999999",
    });
    let error = refusal(
        server,
        &server.post(PATH).bearer(&token).json(&body).send(),
        422,
        "VALIDATION_ERROR",
    );
    assert_eq!(
        fields(&error),
        ["companyId", "dealId", "dueAt", "ownerId", "priority", "status", "ticketId", "title"]
    );
    let unknown = json!({ "title": "x", "companyId": "company_9", "ticketId": "ticket_9" });
    let error = refusal(
        server,
        &server.post(PATH).bearer(&token).json(&unknown).send(),
        422,
        "VALIDATION_ERROR",
    );
    assert_eq!(
        details(&error),
        [
            ("companyId", "Company id must name an existing company"),
            ("ticketId", "Ticket id must name an existing ticket")
        ]
    );
    assert_eq!(get(server, &token, PATH)["totalCount"], 0);
}
