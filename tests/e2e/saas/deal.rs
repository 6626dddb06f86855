//! Deals (contract C-67 … C-73, X-87, X-93).

use std::time::Duration;

use crm_domain::{control::user::Role, tenant::contact::ContactDraft};
use crm_tests::{
    each_server,
    server::Server,
    tenant::{TestTenant, set},
};
use serde_json::{Value, json};

use super::{create, details, fields, ids, refusal, text};

each_server! {
    a_deal_round_trips_with_every_field,
    a_deal_needs_nothing_but_a_name,
    a_stage_brings_its_probability_status_and_day,
    a_closed_deal_is_not_moved_by_editing,
    an_update_changes_what_it_names,
    a_deleted_deal_is_gone,
    what_a_deal_refers_to_must_exist,
}

const PATH: &str = "/api/deals";

fn item(deal: &Value) -> String {
    format!("{PATH}/{}", text(&deal["id"]))
}

fn contact(tenant: &TestTenant<'_>) -> String {
    let made = tenant.contact_of(ContactDraft {
        first_name: set("Grace"),
        last_name: set("Hopper"),
        email: set("grace@example.com"),
        ..ContactDraft::default()
    });
    format!("contact_{}", made.id)
}

/// Every field that can be sent.
fn full(server: &Server, tenant: &TestTenant<'_>, token: &str, owner: &str) -> Value {
    let company = create(server, token, "/api/companies", &json!({ "name": "Acme" }));
    json!({
        "externalId": "OPP/7 ü",
        "name": "Größtes Geschäft 🎯",
        "companyId": company["id"],
        "contactId": contact(tenant),
        "stage": "Negotiation",
        "stageId": "stage_4",
        "amount": 75_000.25,
        "currency": "EUR",
        "probability": 66,
        "expectedCloseDate": "2025-03-15",
        "closedOn": null,
        "engagedOn": "2024-02-29",
        "description": "Zeile 1\nZeile 2",
        "leadSource": "Messe « Paris »",
        "nextStep": "電話する",
        "lostReason": null,
        "includeInForecast": false,
        "ownerId": owner,
    })
}

// C-68, C-69, C-72, C-73, X-87
fn a_deal_round_trips_with_every_field(server: &Server) {
    let tenant = server.tenant("Acme");
    let (admin, user) = (tenant.login(&tenant.admin), tenant.user(Role::User));
    let sent = full(server, &tenant, &admin.token, &format!("user_{}", user.id));
    let answer = server.post(PATH).bearer(&admin.token).json(&sent).expect(201);
    let made = answer.json();
    assert_eq!(answer.header("location"), Some(item(&made).as_str()));
    let mut expected = sent;
    expected["id"] = made["id"].clone();
    expected["status"] = json!("open");
    expected["createdAt"] = json!("2025-01-15T10:00:00Z");
    expected["updatedAt"] = json!("2025-01-15T10:00:00Z");
    expected["createdBy"] = json!(admin.user_id);
    expected["tenantId"] = json!(admin.tenant_id);
    expected["tags"] = json!([]);
    expected["customFields"] = json!({});
    assert_eq!(made, expected);
    assert!(text(&made["id"]).starts_with("deal_"));
    assert_eq!(server.get(&item(&made)).bearer(&admin.token).expect(200).json(), expected);
    let list = server.get(PATH).bearer(&admin.token).expect(200).json();
    assert_eq!(list["items"], json!([expected]));
}

fn a_deal_needs_nothing_but_a_name(server: &Server) {
    let tenant = server.tenant("Acme");
    let login = tenant.login(&tenant.admin);
    let made = create(server, &login.token, PATH, &json!({ "name": "Deal" }));
    let mut expected = json!({
        "id": made["id"], "externalId": null, "name": "Deal", "companyId": null, "contactId": null, "stage": "Prospecting",
        "stageId": "stage_1", "status": "open", "amount": null, "currency": null, "probability": 10, "expectedCloseDate": null,
        "closedOn": null, "engagedOn": null, "description": null, "leadSource": null, "nextStep": null, "lostReason": null, "includeInForecast": true,
        "ownerId": login.user_id, "createdAt": "2025-01-15T10:00:00Z", "updatedAt": "2025-01-15T10:00:00Z",
        "createdBy": login.user_id, "tenantId": login.tenant_id, "tags": [], "customFields": {},
    });
    assert_eq!(made, expected);
    // Some clients send every field that they do not set as null.
    let mut nulls: Value = expected.as_object().unwrap().keys().map(|key| (key.clone(), Value::Null)).collect();
    nulls["name"] = json!("Deal");
    let again = create(server, &login.token, PATH, &nulls);
    expected["id"] = again["id"].clone();
    assert_eq!(again, expected);
}

fn a_stage_brings_its_probability_status_and_day(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let deal = create(server, &token, PATH, &json!({ "name": "Deal", "stage": "qualification" }));
    let put = |body: Value| server.put(&item(&deal)).bearer(&token).json(&body).expect(200).json();
    let shown = |deal: &Value| {
        json!([
            deal["stage"],
            deal["stageId"],
            deal["status"],
            deal["probability"],
            deal["closedOn"]
        ])
    };
    assert_eq!(shown(&deal), json!(["Qualification", "stage_2", "open", 25, null]));
    assert_eq!(
        shown(&put(json!({ "stage": " PROPOSAL sent " }))),
        json!(["Proposal Sent", "stage_3", "open", 50, null])
    );
    assert_eq!(
        shown(&put(json!({ "probability": 55 }))),
        json!(["Proposal Sent", "stage_3", "open", 55, null])
    );
    assert_eq!(
        shown(&put(json!({ "stage": "Proposal Sent" }))),
        json!(["Proposal Sent", "stage_3", "open", 55, null])
    );
    assert_eq!(
        shown(&put(json!({ "probability": null }))),
        json!(["Proposal Sent", "stage_3", "open", 50, null])
    );
    // What is open was not closed on any day.
    let told = [("closedOn", "Closed on must not be given while the stage is open")];
    let closed_on = server
        .put(&item(&deal))
        .bearer(&token)
        .json(&json!({ "closedOn": "2025-01-10" }))
        .send();
    assert_eq!(details(&refusal(server, &closed_on, 422, "VALIDATION_ERROR")), told);
    let new = server
        .post(PATH)
        .bearer(&token)
        .json(&json!({ "name": "New", "closedOn": "2025-01-10" }))
        .send();
    assert_eq!(details(&refusal(server, &new, 422, "VALIDATION_ERROR")), told);
    assert_eq!(put(json!({ "closedOn": null }))["closedOn"], json!(null));
    // The day it was closed on is today unless it is told.
    server.advance(Duration::from_secs(24 * 60 * 60));
    let token = tenant.admin_token();
    let put = |body: Value| server.put(&item(&deal)).bearer(&token).json(&body).expect(200).json();
    assert_eq!(
        shown(&put(json!({ "stage": "Closed Won" }))),
        json!(["Closed Won", "stage_5", "won", 100, "2025-01-16"])
    );
    assert_eq!(put(json!({ "closedOn": "2025-01-11" }))["closedOn"], "2025-01-11");
    let lost = create(server, &token, PATH, &json!({ "name": "Late", "stage": "Proposal Sent" }));
    let body = json!({ "stageId": "stage_6", "stage": "Closed Won", "closedOn": "2025-01-10" });
    let lost = server.put(&item(&lost)).bearer(&token).json(&body).expect(200).json();
    assert_eq!(
        shown(&lost),
        json!(["Closed Lost", "stage_6", "lost", 0, "2025-01-10"]),
        "the id wins"
    );
    let won = create(server, &token, PATH, &json!({ "name": "Quick", "stage": "won" }));
    assert_eq!(shown(&won), json!(["Closed Won", "stage_5", "won", 100, "2025-01-16"]));
}

// C-115, X-90
fn a_closed_deal_is_not_moved_by_editing(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    for (end, state) in [("win", "won"), ("lose", "lost")] {
        let deal = create(server, &token, PATH, &json!({ "name": state }));
        let reason = json!({ "reason": "Price" });
        server
            .post(&format!("{}/{end}", item(&deal)))
            .bearer(&token)
            .json(&reason)
            .expect(200);
        let message = format!("The deal is {state} and cannot be moved");
        for stage in ["Negotiation", "Closed Won", "Closed Lost"] {
            let is_there = stage == format!("Closed {}{}", &state[..1].to_uppercase(), &state[1..]);
            if is_there {
                continue;
            }
            let body = json!({ "stage": stage });
            let answer = server.put(&item(&deal)).bearer(&token).json(&body).send();
            assert_eq!(refusal(server, &answer, 409, "DUPLICATE")["message"], message, "{stage}");
            let body = json!({ "deals": [{ "id": deal["id"], "stage": stage }] });
            let bulk = server.put("/api/deals/bulk").bearer(&token).json(&body).expect(200).json();
            assert_eq!(bulk["failed"], 1, "{bulk}");
        }
        let renamed = json!({ "name": "Renamed" });
        server.put(&item(&deal)).bearer(&token).json(&renamed).expect(200);
        // Written back as it is shown, it stays.
        let now = server.get(&item(&deal)).bearer(&token).expect(200).json();
        assert_eq!(server.put(&item(&deal)).bearer(&token).json(&now).expect(200).json(), now);
    }
}

// C-70, X-93
fn an_update_changes_what_it_names(server: &Server) {
    let tenant = server.tenant("Acme");
    let login = tenant.login(&tenant.admin);
    let sent = full(server, &tenant, &login.token, &login.user_id);
    let made = create(server, &login.token, PATH, &sent);
    server.advance(Duration::from_secs(60));
    let put = |body: Value| server.put(&item(&made)).bearer(&login.token).json(&body).expect(200).json();
    let changed = put(json!({ "amount": 1, "nextStep": "Sign", "includeInForecast": true, "tenantId": "tenant_999" }));
    let mut expected = made.clone();
    expected["amount"] = json!(1);
    expected["nextStep"] = json!("Sign");
    expected["includeInForecast"] = json!(true);
    expected["updatedAt"] = json!("2025-01-15T10:01:00Z");
    assert_eq!(changed, expected);
    for nothing in [json!({}), json!({ "amount": 1.00 }), changed.clone()] {
        assert_eq!(put(nothing), expected);
    }
    let cleared = put(json!({
        "externalId": null, "companyId": null, "contactId": "", "amount": null, "expectedCloseDate": null, "engagedOn": null,
        "description": null, "leadSource": null, "nextStep": null,
    }));
    for field in [
        "externalId",
        "companyId",
        "contactId",
        "amount",
        "currency",
        "expectedCloseDate",
        "engagedOn",
        "description",
        "leadSource",
        "nextStep",
    ] {
        assert!(cleared[field].is_null(), "{field}");
    }
    assert_eq!(
        (&cleared["name"], &cleared["stage"], &cleared["probability"]),
        (&made["name"], &made["stage"], &made["probability"])
    );
    let refused = server
        .put(&item(&made))
        .bearer(&login.token)
        .json(&json!({ "name": " ", "stage": null, "probability": 101 }))
        .send();
    let error = refusal(server, &refused, 422, "VALIDATION_ERROR");
    let expected = [
        ("name", "Name is required"),
        ("probability", "Probability must be between 0 and 100"),
        ("stage", "Stage is required"),
    ];
    assert_eq!(details(&error), expected);
    assert_eq!(server.get(&item(&made)).bearer(&login.token).expect(200).json(), cleared);
}

// C-71, C-73
fn a_deleted_deal_is_gone(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let [gone, kept] = ["Gone", "Kept"].map(|name| create(server, &token, PATH, &json!({ "name": name, "externalId": name })));
    assert!(server.delete(&item(&gone)).bearer(&token).expect(204).body.is_empty());
    for method in ["GET", "PUT", "DELETE"] {
        let answer = server.request(method, &item(&gone)).bearer(&token).body("{}").send();
        let error = refusal(server, &answer, 404, "NOT_FOUND");
        assert_eq!(error["message"], "Deal not found");
    }
    let list = server.get(PATH).bearer(&token).expect(200).json();
    assert_eq!((ids(&list), &list["totalCount"]), (vec![text(&kept["id"])], &json!(1)));
    let error = refusal(
        server,
        &server
            .post(PATH)
            .bearer(&token)
            .json(&json!({ "name": "x", "externalId": "Kept" }))
            .send(),
        409,
        "DUPLICATE",
    );
    assert_eq!(error["message"], "A deal with this external id already exists");
    create(server, &token, PATH, &json!({ "name": "Again", "externalId": "Gone" }));
}

fn what_a_deal_refers_to_must_exist(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let deal = create(server, &token, PATH, &json!({ "name": "Deal" }));
    let wrong = json!({ "name": "x", "companyId": "company_99", "contactId": "contact_99" });
    let wrong_form = json!({ "name": "x", "companyId": "99", "contactId": "company_1", "stageId": "stage_99", "ownerId": "user_99999" });
    for (body, expected) in [
        (
            &wrong,
            vec![
                ("companyId", "Company id must name an existing company"),
                ("contactId", "Contact id must name an existing contact"),
            ],
        ),
        (
            &wrong_form,
            vec![
                ("companyId", "Company id must name an existing company"),
                ("contactId", "Contact id must name an existing contact"),
                ("ownerId", "Owner id must name an existing user"),
                ("stageId", "Stage id must name an existing stage"),
            ],
        ),
    ] {
        for request in [server.post(PATH), server.put(&item(&deal))] {
            let error = refusal(server, &request.bearer(&token).json(body).send(), 422, "VALIDATION_ERROR");
            assert_eq!(details(&error), expected);
        }
    }
    let answer = server
        .post(PATH)
        .bearer(&token)
        .json(&json!({ "name": "x", "stage": "Nowhere" }))
        .send();
    let error = refusal(server, &answer, 422, "VALIDATION_ERROR");
    let message = "Stage must be one of: Prospecting, Qualification, Proposal Sent, Negotiation, Closed Won, Closed Lost";
    assert_eq!(details(&error), [("stage", message)]);
    // A reference that stays may name a record deleted since: the rest can be edited all the same.
    let contact = contact(&tenant);
    let made = create(server, &token, PATH, &json!({ "name": "y", "contactId": contact }));
    assert_eq!(made["contactId"], contact);
    assert_eq!(server.get(PATH).bearer(&token).expect(200).json()["totalCount"], 2);
}

#[test]
fn days_are_calendar_days() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let post = |day: Value| {
        server
            .post(PATH)
            .bearer(&token)
            .json(&json!({ "name": "x", "expectedCloseDate": day }))
            .send()
    };
    for (sent, shown) in [
        ("2025-03-15", "2025-03-15"),
        (" 2024-02-29 ", "2024-02-29"),
        ("2025-03-15T23:59:59Z", "2025-03-15"),
        ("0001-01-01", "0001-01-01"),
        ("9999-12-31", "9999-12-31"),
    ] {
        assert_eq!(post(json!(sent)).expect(201).json()["expectedCloseDate"], shown);
    }
    for bad in [
        "2025-02-29",
        "2025-13-01",
        "15.03.2025",
        "tomorrow",
        "2025-3-5",
        "2025-03-15T25:00:00Z",
        "20250315",
        "10000-01-01",
    ] {
        let error = refusal(&server, &post(json!(bad)), 422, "VALIDATION_ERROR");
        let message = "Expected close date must be a date in the form YYYY-MM-DD";
        assert_eq!(details(&error), [("expectedCloseDate", message)], "{bad}");
    }
    assert_eq!(
        fields(&refusal(&server, &post(json!(20_250_315)), 422, "VALIDATION_ERROR")),
        ["expectedCloseDate"]
    );
}
