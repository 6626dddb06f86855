//! Tickets and their comments (contract C-74 … C-80, X-86, X-87, X-93, X-174).

use std::time::Duration;

use crm_domain::control::user::Role;
use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{create, details, fields, ids, keys, refusal, text};

each_server! {
    a_ticket_round_trips_with_every_field,
    a_ticket_needs_nothing_but_a_subject,
    what_is_wrong_is_told_at_once,
    tickets_are_assigned_resolved_closed_and_reopened,
    due_times_follow_the_policy_and_stand_still_while_pending,
    the_first_public_comment_is_the_first_response,
    comments_round_trip,
    a_deleted_ticket_is_gone,
    tickets_are_of_one_tenant,
    lists_are_filtered,
}

const PATH: &str = "/api/tickets";

fn item(ticket: &Value) -> String {
    format!("{PATH}/{}", text(&ticket["id"]))
}

/// What follows from what happened to a ticket.
const FOLLOWING: [&str; 8] = [
    "closedAt",
    "firstRespondedAt",
    "firstResponseDueAt",
    "firstResponseMinutes",
    "reopenedCount",
    "resolutionDueAt",
    "resolutionMinutes",
    "resolvedAt",
];

// C-75, C-76, C-79, C-80, X-87
fn a_ticket_round_trips_with_every_field(server: &Server) {
    let tenant = server.tenant("Acme");
    let (admin, user) = (tenant.login(&tenant.admin), tenant.user(Role::User));
    let company = create(server, &admin.token, "/api/companies", &json!({ "name": "Acme" }));
    let policy = json!({ "name": "Gold", "appliesTo": "Ticket", "firstResponseMinutes": 30, "resolutionMinutes": 90 });
    let policy = create(server, &admin.token, "/api/sla-policies", &policy);
    let sent = json!({
        "subject": "Größtes Problem 🎯", "description": "Zeile 1\nZeile 2", "status": "Open", "priority": "Urgent", "category": "Zugang",
        "source": "電話", "resolution": "noch keine", "companyId": company["id"], "contactId": null, "ownerId": format!("user_{}", user.id),
        "slaPolicyId": policy["id"],
    });
    let answer = server.post(PATH).bearer(&admin.token).json(&sent).expect(201);
    let made = answer.json();
    assert_eq!(answer.header("location"), Some(item(&made).as_str()));
    let mut expected = sent;
    for member in FOLLOWING {
        expected[member] = json!(null);
    }
    expected["reopenedCount"] = json!(0);
    expected["firstResponseDueAt"] = json!("2025-01-15T10:30:00Z");
    expected["resolutionDueAt"] = json!("2025-01-15T11:30:00Z");
    expected["id"] = made["id"].clone();
    expected["createdAt"] = json!("2025-01-15T10:00:00Z");
    expected["updatedAt"] = json!("2025-01-15T10:00:00Z");
    expected["createdBy"] = json!(admin.user_id);
    expected["tenantId"] = json!(admin.tenant_id);
    expected["tags"] = json!([]);
    expected["customFields"] = json!({});
    assert_eq!(made, expected);
    assert!(text(&made["id"]).starts_with("ticket_"));
    assert_eq!(server.get(&item(&made)).bearer(&admin.token).expect(200).json(), expected);
    let list = server.get(PATH).bearer(&admin.token).expect(200).json();
    let envelope = [
        "hasNextPage",
        "hasPreviousPage",
        "items",
        "nextCursor",
        "page",
        "pageSize",
        "totalCount",
        "totalPages",
    ];
    assert_eq!(keys(&list), envelope);
    assert_eq!((&list["items"], &list["totalCount"]), (&json!([expected]), &json!(1)));
    // The feed tells in the family's words what happened.
    let feed = server.get("/api/changes?after=0&limit=100").bearer(&admin.token).expect(200).json();
    let change = feed["items"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&change["entity"], &change["entityId"]), (&json!("ticket"), &made["id"]));
    assert_eq!(change["changes"]["slaPolicyId"], json!([null, policy["id"]]));
}

// C-76, X-87
fn a_ticket_needs_nothing_but_a_subject(server: &Server) {
    let tenant = server.tenant("Acme");
    let login = tenant.login(&tenant.admin);
    let made = create(server, &login.token, PATH, &json!({ "subject": "Help" }));
    let shown = ["status", "priority", "ownerId", "slaPolicyId", "resolutionDueAt"].map(|member| made[member].clone());
    assert_eq!(json!(shown), json!(["New", "Normal", login.user_id, null, null]));
    // Nobody's, on demand.
    let unowned = create(server, &login.token, PATH, &json!({ "subject": "Help", "ownerId": null }));
    assert_eq!(unowned["ownerId"], json!(null));
    let queue = server
        .get("/api/tickets?filter[ownerId][isNull]=true")
        .bearer(&login.token)
        .expect(200)
        .json();
    assert_eq!(ids(&queue), [text(&unowned["id"])]);
}

// C-117, X-99
fn what_is_wrong_is_told_at_once(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    let bad = json!({
        "priority": "Extreme", "status": 7, "companyId": "company_99", "ownerId": "user_999999", "slaPolicyId": "sla_policy_9",
        "category": "x".repeat(101),
    });
    let answer = server.post(PATH).bearer(&token).json(&bad).send();
    let error = refusal(server, &answer, 422, "VALIDATION_ERROR");
    let expected = [
        ("category", "Category must be at most 100 characters long"),
        ("companyId", "Company id must name an existing company"),
        ("ownerId", "Owner id must name an existing user"),
        ("priority", "Priority must be one of: Low, Normal, High, Urgent"),
        ("slaPolicyId", "Sla policy id must name an existing SLA policy"),
        ("status", "Status must be a string"),
        ("subject", "Subject is required"),
    ];
    assert_eq!(details(&error), expected);
    let lost = json!({ "subject": "x", "companyId": "company_99", "contactId": "contact_99" });
    let error = refusal(
        server,
        &server.post(PATH).bearer(&token).json(&lost).send(),
        422,
        "VALIDATION_ERROR",
    );
    assert_eq!(fields(&error), ["companyId", "contactId"]);
}

// C-77, X-93, X-174
fn tickets_are_assigned_resolved_closed_and_reopened(server: &Server) {
    let tenant = server.tenant("Acme");
    let (token, user) = (tenant.admin_token(), tenant.user(Role::User));
    let ticket = create(server, &token, PATH, &json!({ "subject": "Help" }));
    let act = |action: &str, body: &Value| server.post(&format!("{}/{action}", item(&ticket))).bearer(&token).json(body).send();
    let refused = refusal(server, &act("assign", &json!({})), 422, "VALIDATION_ERROR");
    assert_eq!(details(&refused), [("ownerId", "Owner id is required")]);
    let owner = format!("user_{}", user.id);
    let assigned = act("assign", &json!({ "ownerId": owner }));
    assert_eq!(assigned.status, 200, "{assigned:?}");
    let assigned = assigned.json();
    assert_eq!((&assigned["ownerId"], &assigned["status"]), (&json!(owner), &json!("Open")));
    server.advance(Duration::from_secs(90));
    let resolved = act("resolve", &json!({ "resolution": "Reset" })).json();
    let shown = ["status", "resolution", "resolvedAt", "resolutionMinutes", "closedAt"].map(|member| resolved[member].clone());
    assert_eq!(json!(shown), json!(["Resolved", "Reset", "2025-01-15T10:01:30Z", 1, null]));
    let error = refusal(server, &act("resolve", &json!({})), 409, "DUPLICATE");
    assert_eq!(
        (&error["message"], &error["details"]),
        (&json!("The ticket is already resolved"), &json!([]))
    );
    // Without a body as well.
    let bare = |action: &str| server.post(&format!("{}/{action}", item(&ticket))).bearer(&token).send();
    let closed = bare("close").json();
    assert_eq!(
        (&closed["status"], &closed["closedAt"]),
        (&json!("Closed"), &json!("2025-01-15T10:01:30Z"))
    );
    for (action, message) in [
        ("close", "The ticket is already closed"),
        ("resolve", "The ticket is closed and cannot be resolved"),
    ] {
        assert_eq!(refusal(server, &bare(action), 409, "DUPLICATE")["message"], message);
    }
    let assign = act("assign", &json!({ "ownerId": owner }));
    assert_eq!(
        refusal(server, &assign, 409, "DUPLICATE")["message"],
        "The ticket is closed and cannot be assigned"
    );
    let put = |status: &str| server.put(&item(&ticket)).bearer(&token).json(&json!({ "status": status })).send();
    assert_eq!(
        refusal(server, &put("Pending"), 409, "DUPLICATE")["message"],
        "The ticket is closed and cannot be made pending"
    );
    let reopened = bare("reopen").json();
    let shown = ["status", "resolvedAt", "closedAt", "resolutionMinutes", "reopenedCount"].map(|member| reopened[member].clone());
    assert_eq!(json!(shown), json!(["Open", null, null, null, 1]));
    assert_eq!(
        refusal(server, &bare("reopen"), 409, "DUPLICATE")["message"],
        "The ticket is open and cannot be reopened"
    );
    // A status that is sent does what the action does.
    let resolved = put("resolved");
    assert_eq!((resolved.status, &resolved.json()["status"]), (200, &json!("Resolved")));
    let missing = server.post("/api/tickets/ticket_99/close").bearer(&token).send();
    assert_eq!(refusal(server, &missing, 404, "NOT_FOUND")["message"], "Ticket not found");
    // Sent again with the same key, an action takes effect once.
    let again = || {
        let path = format!("{}/reopen", item(&ticket));
        server.post(&path).bearer(&token).header("idempotency-key", "reopen-1").expect(200)
    };
    let (first, second) = (again(), again());
    assert_eq!((first.json(), second.header("idempotent-replayed")), (second.json(), Some("true")));
    assert_eq!(first.json()["reopenedCount"], 2);
}

//
fn due_times_follow_the_policy_and_stand_still_while_pending(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    let policy = |body: Value| create(server, &token, "/api/sla-policies", &body);
    // Wednesday, 2025-01-15, 10:00 UTC is 11:00 in Berlin.
    let hours = json!({ "timeZone": "Europe/Berlin", "days": ["Wed", "Thu", "Fri"], "from": "09:00", "to": "13:00" });
    policy(json!({
        "name": "Usual", "appliesTo": "Ticket", "firstResponseMinutes": 60, "resolutionMinutes": 300, "businessHours": hours,
        "isDefault": true,
    }));
    policy(json!({
        "name": "Urgent", "appliesTo": "Ticket", "priority": "Urgent", "firstResponseMinutes": 15, "resolutionMinutes": 240,
    }));
    let ticket = create(server, &token, PATH, &json!({ "subject": "Help" }));
    let due = |ticket: &Value| json!([ticket["firstResponseDueAt"], ticket["resolutionDueAt"]]);
    // Two hours on Wednesday, three on Thursday.
    assert_eq!(due(&ticket), json!(["2025-01-15T11:00:00Z", "2025-01-16T11:00:00Z"]));
    let put = |body: Value| server.put(&item(&ticket)).bearer(&token).json(&body).expect(200).json();
    assert_eq!(
        due(&put(json!({ "priority": "Urgent" }))),
        json!(["2025-01-15T10:15:00Z", "2025-01-15T14:00:00Z"])
    );
    server.advance(Duration::from_secs(30 * 60));
    assert_eq!(due(&put(json!({ "status": "Pending" }))), json!(["2025-01-15T10:15:00Z", null]));
    server.advance(Duration::from_secs(20 * 60));
    assert_eq!(
        due(&put(json!({ "status": "Open" }))),
        json!(["2025-01-15T10:15:00Z", "2025-01-15T14:20:00Z"])
    );
    server.advance(Duration::from_secs(5 * 60 + 30));
    let resolved = put(json!({ "status": "Resolved" }));
    assert_eq!(
        (&resolved["resolutionMinutes"], &resolved["resolvedAt"]),
        (&json!(35), &json!("2025-01-15T10:55:30Z"))
    );
}

// C-77, X-174
fn the_first_public_comment_is_the_first_response(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    let ticket = create(server, &token, PATH, &json!({ "subject": "Help" }));
    let comments = format!("{}/comments", item(&ticket));
    server.advance(Duration::from_secs(120));
    create(server, &token, &comments, &json!({ "body": "Who takes it?", "isInternal": true }));
    let shown = || {
        let ticket = server.get(&item(&ticket)).bearer(&token).expect(200).json();
        json!([ticket["status"], ticket["firstRespondedAt"], ticket["firstResponseMinutes"]])
    };
    assert_eq!(shown(), json!(["New", null, null]));
    server.advance(Duration::from_secs(120));
    create(server, &token, &comments, &json!({ "body": "We look into it" }));
    assert_eq!(shown(), json!(["Open", "2025-01-15T10:04:00Z", 4]));
    server.advance(Duration::from_secs(120));
    create(server, &token, &comments, &json!({ "body": "Solved?" }));
    assert_eq!(shown(), json!(["Open", "2025-01-15T10:04:00Z", 4]));
}

fn comments_round_trip(server: &Server) {
    let tenant = server.tenant("Acme");
    let (admin, user) = (tenant.login(&tenant.admin), tenant.user(Role::User));
    let writer = tenant.login(&user);
    let [ticket, other] = ["First", "Second"].map(|subject| create(server, &admin.token, PATH, &json!({ "subject": subject })));
    let path = format!("{}/comments", item(&ticket));
    let answer = server
        .post(&path)
        .bearer(&writer.token)
        .json(&json!({ "body": "Hallo 🎯" }))
        .expect(201);
    let made = answer.json();
    let expected = json!({
        "id": made["id"], "ticketId": ticket["id"], "body": "Hallo 🎯", "isInternal": false, "authorId": writer.user_id,
        "createdAt": "2025-01-15T10:00:00Z", "updatedAt": "2025-01-15T10:00:00Z", "createdBy": writer.user_id,
        "tenantId": writer.tenant_id,
    });
    assert_eq!(made, expected);
    let item = format!("{path}/{}", text(&made["id"]));
    assert_eq!(answer.header("location"), Some(item.as_str()));
    assert_eq!(server.get(&item).bearer(&writer.token).expect(200).json(), expected);
    assert_eq!(
        ids(&server.get(&path).bearer(&writer.token).expect(200).json()),
        [text(&made["id"])]
    );
    let empty = server
        .get(&format!("{}/comments", self::item(&other)))
        .bearer(&writer.token)
        .expect(200)
        .json();
    assert_eq!(empty["totalCount"], 0);
    let changed = server
        .put(&item)
        .bearer(&writer.token)
        .json(&json!({ "isInternal": true }))
        .expect(200)
        .json();
    assert_eq!((&changed["isInternal"], &changed["body"]), (&json!(true), &made["body"]));
    let error = refusal(
        server,
        &server.post(&path).bearer(&writer.token).json(&json!({})).send(),
        422,
        "VALIDATION_ERROR",
    );
    assert_eq!(details(&error), [("body", "Body is required")]);
    // What others wrote, a User does not change; a Manager does.
    let colleague = tenant.login(&tenant.user(Role::User)).token;
    let manager = tenant.login(&tenant.user(Role::Manager)).token;
    let rewrite = |token: &str| server.put(&item).bearer(token).json(&json!({ "body": "Rewritten" })).send();
    let error = refusal(server, &rewrite(&colleague), 403, "PERMISSION_DENIED");
    assert_eq!(error["message"], "Only its author, a Manager or an Admin may change a comment");
    assert_eq!(server.get(&item).bearer(&colleague).expect(200).json()["body"], made["body"]);
    assert_eq!((rewrite(&manager).status, rewrite(&writer.token).status), (200, 200));
    // A comment is found beside its own ticket only.
    let elsewhere = format!("{}/comments/{}", self::item(&other), text(&made["id"]));
    for method in ["GET", "PUT", "DELETE"] {
        let answer = server.request(method, &elsewhere).bearer(&admin.token).body("{}").send();
        assert_eq!(refusal(server, &answer, 404, "NOT_FOUND")["message"], "Comment not found");
    }
    let nowhere = server.get("/api/tickets/ticket_99/comments").bearer(&admin.token).send();
    assert_eq!(refusal(server, &nowhere, 404, "NOT_FOUND")["message"], "Ticket not found");
    refusal(server, &server.delete(&item).bearer(&writer.token).send(), 403, "PERMISSION_DENIED");
    server.delete(&item).bearer(&admin.token).expect(204);
    refusal(server, &server.get(&item).bearer(&admin.token).send(), 404, "NOT_FOUND");
}

// C-78, C-80
fn a_deleted_ticket_is_gone(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    let [gone, kept] = ["Gone", "Kept"].map(|subject| create(server, &token, PATH, &json!({ "subject": subject })));
    let answer = server.get(&item(&gone)).bearer(&token).expect(200);
    let tag = answer.header("etag").expect("an entity tag").to_owned();
    server.advance(Duration::from_secs(1));
    server
        .put(&item(&gone))
        .bearer(&token)
        .json(&json!({ "priority": "Low" }))
        .expect(200);
    let stale = server.delete(&item(&gone)).bearer(&token).header("if-match", &tag).send();
    refusal(server, &stale, 412, "VALIDATION_ERROR");
    server.delete(&item(&gone)).bearer(&token).expect(204);
    for (method, path) in [
        ("GET", item(&gone)),
        ("PUT", item(&gone)),
        ("DELETE", item(&gone)),
        ("GET", format!("{}/comments", item(&gone))),
        ("POST", format!("{}/resolve", item(&gone))),
    ] {
        let answer = server.request(method, &path).bearer(&token).body("{}").send();
        assert_eq!(
            refusal(server, &answer, 404, "NOT_FOUND")["message"],
            "Ticket not found",
            "{method} {path}"
        );
    }
    let list = server.get(PATH).bearer(&token).expect(200).json();
    assert_eq!((ids(&list), &list["totalCount"]), (vec![text(&kept["id"])], &json!(1)));
}

// C-80, C-141, X-86
fn tickets_are_of_one_tenant(server: &Server) {
    let tenant = server.tenant("Theirs");
    let (ours, theirs) = (server.tenant("Ours").admin_token(), tenant.admin_token());
    let secret = create(server, &theirs, PATH, &json!({ "subject": "Secret" }));
    for method in ["GET", "PUT", "DELETE"] {
        let answer = server.request(method, &item(&secret)).bearer(&ours).body("{}").send();
        refusal(server, &answer, 404, "NOT_FOUND");
    }
    assert_eq!(server.get(PATH).bearer(&ours).expect(200).json()["totalCount"], 0);
    let user = tenant.login(&tenant.user(Role::User)).token;
    server
        .put(&item(&secret))
        .bearer(&user)
        .json(&json!({ "priority": "High" }))
        .expect(200);
    refusal(
        server,
        &server.delete(&item(&secret)).bearer(&user).send(),
        403,
        "PERMISSION_DENIED",
    );
}

// C-74, C-79, C-133
fn lists_are_filtered(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    let company = create(server, &token, "/api/companies", &json!({ "name": "Acme" }));
    let made = [
        json!({ "subject": "Cannot print", "priority": "Urgent", "companyId": company["id"] }),
        json!({ "subject": "Cannot scan", "status": "Closed" }),
        json!({ "subject": "A question", "category": "Billing" }),
    ]
    .map(|body| create(server, &token, PATH, &body));
    let [print, scan, question] = made.each_ref().map(|ticket| text(&ticket["id"]));
    let found = |query: &str| {
        let list = server.get(&format!("{PATH}?{query}")).bearer(&token).expect(200).json();
        ids(&list).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    for (query, expected) in [
        ("filter[status]=closed", vec![scan]),
        ("filter[status][in]=New,Open", vec![print, question]),
        ("filter[priority]=Urgent", vec![print]),
        ("filter[category][eq]=Billing", vec![question]),
        ("filter[subject][contains]=cannot", vec![print, scan]),
        ("search=CANNOT", vec![print, scan]),
        ("sortBy=subject&sortOrder=desc", vec![scan, print, question]),
    ] {
        assert_eq!(found(query), expected, "{query}");
    }
    assert_eq!(found(&format!("filter[companyId]={}", text(&company["id"]))), [print]);
}
