//! Activities (contract C-81 … C-87, X-87, X-93).

use std::time::Duration;

use crm_domain::control::{api_key::KeyFamily, user::Role};
use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{create, details, fields, ids, page::get, refusal, related::Records, text};

each_server! {
    an_activity_round_trips_with_every_field,
    an_activity_needs_a_type_and_a_subject,
    an_update_changes_what_it_names,
    an_activity_is_completed_and_reopened,
    a_deleted_activity_is_gone,
    family_a_shows_what_became_of_an_accounts_activities,
    activities_are_filtered_and_sorted,
}

const PATH: &str = "/api/activities";

fn item(activity: &Value) -> String {
    format!("{PATH}/{}", text(&activity["id"]))
}

fn note(subject: &str) -> Value {
    json!({ "type": "note", "subject": subject })
}

// C-82, C-83, C-86, C-87, X-87
fn an_activity_round_trips_with_every_field(server: &Server) {
    let tenant = server.tenant("Acme");
    let (admin, user) = (tenant.login(&tenant.admin), tenant.user(Role::User));
    let about = Records::of(server, &tenant, &admin.token);
    let sent = json!({
        "type": "meeting",
        "subject": "Kick-off 🚀",
        "body": "agreed\r\n👍",
        "occurredAt": "2025-01-20T08:00:00Z",
        "completed": true,
        "companyId": about.company, "contactId": about.contact, "leadId": about.lead, "dealId": about.deal,
        "ownerId": format!("user_{}", user.id),
    });
    let answer = server.post(PATH).bearer(&admin.token).json(&sent).expect(201);
    let made = answer.json();
    assert_eq!(answer.header("location"), Some(item(&made).as_str()));
    let mut expected = sent;
    expected["id"] = json!("activity_1");
    expected["createdAt"] = json!("2025-01-15T10:00:00Z");
    expected["updatedAt"] = json!("2025-01-15T10:00:00Z");
    expected["createdBy"] = json!(admin.user_id);
    expected["tenantId"] = json!(admin.tenant_id);
    expected["customFields"] = json!({});
    assert_eq!(made, expected);
    assert_eq!(get(server, &admin.token, &item(&made)), expected);
    assert_eq!(get(server, &admin.token, PATH)["items"], json!([expected]));
    // Another tenant has none of it (C-87).
    let other = server.tenant("Bolt").admin_token();
    refusal(server, &server.get(&item(&made)).bearer(&other).send(), 404, "NOT_FOUND");
    assert_eq!(get(server, &other, PATH)["totalCount"], 0);
}

// C-83, C-117
fn an_activity_needs_a_type_and_a_subject(server: &Server) {
    let tenant = server.tenant("Acme");
    let login = tenant.login(&tenant.admin);
    let made = create(server, &login.token, PATH, &json!({ "type": "CALL", "subject": " Call " }));
    assert_eq!(
        made,
        json!({
            "id": "activity_1", "type": "call", "subject": "Call", "body": null, "occurredAt": null, "completed": false, "companyId": null,
            "contactId": null, "leadId": null, "dealId": null, "ownerId": login.user_id, "createdAt": "2025-01-15T10:00:00Z",
            "updatedAt": "2025-01-15T10:00:00Z", "createdBy": login.user_id, "tenantId": login.tenant_id, "customFields": {},
        })
    );
    let post = |body: Value| server.post(PATH).bearer(&login.token).json(&body).send();
    let wrong = json!({ "type": "visit", "occurredAt": "x", "completed": "yes", "companyId": "7" });
    let error = refusal(server, &post(wrong), 422, "VALIDATION_ERROR");
    assert_eq!(fields(&error), ["companyId", "completed", "occurredAt", "subject", "type"]);
    let told = details(&error);
    assert_eq!(
        told[3..],
        [
            ("subject", "Subject is required"),
            ("type", "Type must be one of: call, email, meeting, note")
        ]
    );
    let mut unknown = note("x");
    unknown["dealId"] = json!("deal_9");
    let error = refusal(server, &post(unknown), 422, "VALIDATION_ERROR");
    assert_eq!(details(&error), [("dealId", "Deal id must name an existing deal")]);
    assert_eq!(get(server, &login.token, PATH)["totalCount"], 1);
}

// C-84, X-93
fn an_update_changes_what_it_names(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let mut sent = note("Before");
    sent["body"] = json!("text");
    let made = create(server, &token, PATH, &sent);
    server.advance(Duration::from_secs(60));
    let put = |body: Value| server.put(&item(&made)).bearer(&token).json(&body).expect(200).json();
    let mut expected = made.clone();
    expected["type"] = json!("call");
    expected["body"] = Value::Null;
    expected["updatedAt"] = json!("2025-01-15T10:01:00Z");
    assert_eq!(put(json!({ "type": "call", "body": null })), expected);
    server.advance(Duration::from_secs(60));
    for nothing in [json!({}), expected.clone()] {
        assert_eq!(put(nothing), expected, "nothing changes: not even the time of the change");
    }
    let stale = server
        .put(&item(&made))
        .bearer(&token)
        .header("If-Match", "\"1\"")
        .json(&note("x"))
        .send();
    refusal(server, &stale, 412, "VALIDATION_ERROR");
    assert_eq!(get(server, &token, &item(&made)), expected);
}

fn an_activity_is_completed_and_reopened(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.login(&tenant.user(Role::User)).token;
    let made = create(server, &token, PATH, &note("Call"));
    let act = |action: &str| server.post(&format!("{}/{action}", item(&made))).bearer(&token);
    let refused = |action: &str, message: &str| {
        let error = refusal(server, &act(action).send(), 409, "DUPLICATE");
        assert_eq!((&error["message"], &error["details"]), (&json!(message), &json!([])));
    };
    refused("reopen", "The activity is open and cannot be reopened");
    assert_eq!(act("complete").expect(200).json()["completed"], true);
    assert_eq!(get(server, &token, &item(&made))["completed"], true);
    refused("complete", "The activity is already completed");
    assert_eq!(act("reopen").expect(200).json()["completed"], false);
    refusal(
        server,
        &server.post(&format!("{PATH}/activity_99/complete")).bearer(&token).send(),
        404,
        "NOT_FOUND",
    );
}

// C-85, C-87
fn a_deleted_activity_is_gone(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let [gone, kept] = ["Gone", "Kept"].map(|subject| create(server, &token, PATH, &note(subject)));
    assert!(server.delete(&item(&gone)).bearer(&token).expect(204).body.is_empty());
    refusal(server, &server.get(&item(&gone)).bearer(&token).send(), 404, "NOT_FOUND");
    refusal(server, &server.delete(&item(&gone)).bearer(&token).send(), 404, "NOT_FOUND");
    refusal(
        server,
        &server.put(&item(&gone)).bearer(&token).json(&note("x")).send(),
        404,
        "NOT_FOUND",
    );
    assert_eq!(get(server, &token, PATH)["items"], json!([kept]));
    assert_eq!(ids(&get(server, &token, &format!("{PATH}?deleted=true"))), [text(&gone["id"])]);
}

// an account's activities as they are now
fn family_a_shows_what_became_of_an_accounts_activities(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let key = tenant.key(KeyFamily::HealthTrixss).text;
    let companies = ["One", "Two"].map(|name| create(server, &token, "/api/companies", &json!({ "name": name }))["id"].clone());
    let about = |company: &Value, subject: &str| {
        let mut body = note(subject);
        body["companyId"] = company.clone();
        create(server, &token, PATH, &body)
    };
    let [moved, gone, _] = ["Moved", "Gone", "Kept"].map(|subject| about(&companies[0], subject));
    let shown = |account: &str| -> Vec<String> {
        let path = format!("/api/v1/external/accounts/{account}?expand=activities");
        let detail = server.get(&path).header("x-api-key", &key).expect(200).json();
        let activities = detail["activities"].as_array().unwrap();
        activities.iter().map(|activity| text(&activity["subject"]).to_owned()).collect()
    };
    assert_eq!(
        (shown("ACT-00001"), shown("ACT-00002")),
        (["Moved", "Gone", "Kept"].map(str::to_owned).to_vec(), vec![])
    );
    let change = json!({ "companyId": companies[1], "subject": "Moved on" });
    server.put(&item(&moved)).bearer(&token).json(&change).expect(200);
    server.delete(&item(&gone)).bearer(&token).expect(204);
    assert_eq!(
        (shown("ACT-00001"), shown("ACT-00002")),
        (vec!["Kept".to_owned()], vec!["Moved on".to_owned()])
    );
}

// C-86, C-131 … C-137
fn activities_are_filtered_and_sorted(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    for (kind, subject, at, completed) in [
        ("call", "b", json!("2025-01-03T00:00:00Z"), true),
        ("email", "a", Value::Null, false),
        ("call", "c", json!("2025-01-01T00:00:00Z"), false),
    ] {
        create(
            server,
            &token,
            PATH,
            &json!({ "type": kind, "subject": subject, "occurredAt": at, "completed": completed }),
        );
    }
    for (query, expected) in [
        ("filter[type]=CALL", vec![1, 3]),
        ("filter[completed]=false", vec![2, 3]),
        ("filter[occurredAt][lt]=2025-01-02", vec![3]),
        ("filter[occurredAt][isNull]=true", vec![2]),
        ("sortBy=occurredAt", vec![2, 3, 1]),
        ("sortBy=occurredAt&sortOrder=desc", vec![1, 3, 2]),
        ("sortBy=type", vec![1, 3, 2]),
    ] {
        let expected: Vec<String> = expected.iter().map(|number| format!("activity_{number}")).collect();
        let page = get(server, &token, &format!("{PATH}?{query}"));
        assert_eq!(
            (ids(&page), &page["totalCount"]),
            (expected.iter().map(String::as_str).collect(), &json!(expected.len())),
            "{query}"
        );
    }
    let refused = server.get(&format!("{PATH}?search=a")).bearer(&token).send();
    assert_eq!(fields(&refusal(server, &refused, 400, "VALIDATION_ERROR")), ["search"]);
}
