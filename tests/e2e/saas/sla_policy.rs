//! SLA policies (contract ).

use crm_domain::control::user::Role;
use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{create, details, ids, refusal, text};

each_server! {
    a_policy_round_trips_with_every_field,
    what_is_wrong_is_told_at_once,
    one_policy_of_a_subject_is_the_default,
    a_policy_out_of_use_is_no_default,
    a_policy_in_use_is_not_deleted,
    only_managers_make_policies,
}

const PATH: &str = "/api/sla-policies";

fn item(policy: &Value) -> String {
    format!("{PATH}/{}", text(&policy["id"]))
}

fn simple(name: &str) -> Value {
    json!({ "name": name, "appliesTo": "Ticket", "firstResponseMinutes": 60, "resolutionMinutes": 480 })
}

//
fn a_policy_round_trips_with_every_field(server: &Server) {
    let tenant = server.tenant("Acme");
    let login = tenant.login(&tenant.admin);
    let sent = json!({
        "name": "Größte Eile", "appliesTo": "ticket", "priority": "urgent", "firstResponseMinutes": 15, "resolutionMinutes": 240,
        "stageMinutes": 60, "warningPercent": 75,
        "businessHours": { "timeZone": "europe/berlin", "days": ["Fri", "monday"], "from": "08:30", "to": "24:00" },
        "isDefault": true, "isActive": true,
    });
    let answer = server.post(PATH).bearer(&login.token).json(&sent).expect(201);
    let made = answer.json();
    assert_eq!(answer.header("location"), Some(item(&made).as_str()));
    let mut expected = sent;
    expected["appliesTo"] = json!("Ticket");
    expected["priority"] = json!("Urgent");
    expected["businessHours"] = json!({ "timeZone": "Europe/Berlin", "days": ["Monday", "Friday"], "from": "08:30", "to": "24:00" });
    expected["id"] = made["id"].clone();
    expected["createdAt"] = json!("2025-01-15T10:00:00Z");
    expected["updatedAt"] = json!("2025-01-15T10:00:00Z");
    expected["createdBy"] = json!(login.user_id);
    expected["tenantId"] = json!(login.tenant_id);
    assert_eq!(made, expected);
    assert_eq!(server.get(&item(&made)).bearer(&login.token).expect(200).json(), expected);
    // Null clears, and what is not mentioned stays.
    let changes = json!({ "priority": null, "businessHours": null, "stageMinutes": null, "warningPercent": null });
    let changed = server.put(&item(&made)).bearer(&login.token).json(&changes).expect(200).json();
    let shown = ["priority", "businessHours", "stageMinutes", "warningPercent", "name"].map(|member| changed[member].clone());
    assert_eq!(json!(shown), json!([null, null, null, 80, "Größte Eile"]));
    server.delete(&item(&made)).bearer(&login.token).expect(204);
    let gone = server.get(&item(&made)).bearer(&login.token).send();
    assert_eq!(refusal(server, &gone, 404, "NOT_FOUND")["message"], "SLA policy not found");
}

fn what_is_wrong_is_told_at_once(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    let bad = json!({
        "appliesTo": "Invoice", "firstResponseMinutes": 0, "resolutionMinutes": "soon", "warningPercent": 101,
        "businessHours": { "timeZone": "Mars/Olympus", "days": ["Blursday"], "from": 9, "to": "25:00" },
    });
    let error = refusal(server, &server.post(PATH).bearer(&token).json(&bad).send(), 422, "VALIDATION_ERROR");
    let told = details(&error);
    let expected = [
        "appliesTo",
        "businessHours.days",
        "businessHours.from",
        "businessHours.timeZone",
        "businessHours.to",
        "firstResponseMinutes",
        "name",
        "resolutionMinutes",
        "warningPercent",
    ];
    assert_eq!(told.iter().map(|(field, _)| *field).collect::<Vec<_>>(), expected);
    let mut hasty = simple("Hasty");
    hasty["resolutionMinutes"] = json!(59);
    let answer = server.post(PATH).bearer(&token).json(&hasty).send();
    let error = refusal(server, &answer, 422, "VALIDATION_ERROR");
    assert_eq!(
        details(&error),
        [("resolutionMinutes", "Resolution minutes must not be less than the first response's")]
    );
    let mut text = simple("Text");
    text["businessHours"] = json!("09:00-17:00");
    let error = refusal(
        server,
        &server.post(PATH).bearer(&token).json(&text).send(),
        422,
        "VALIDATION_ERROR",
    );
    assert_eq!(details(&error), [("businessHours", "Business hours must be an object")]);
    create(server, &token, PATH, &simple("Taken"));
    refusal(
        server,
        &server.post(PATH).bearer(&token).json(&simple("TAKEN")).send(),
        409,
        "DUPLICATE",
    );
}

fn one_policy_of_a_subject_is_the_default(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    let default = |name: &str, subject: &str| {
        let mut body = simple(name);
        body["isDefault"] = json!(true);
        body["appliesTo"] = json!(subject);
        create(server, &token, PATH, &body)
    };
    let (first, deals, second) = (default("First", "Ticket"), default("Deals", "Deal"), default("Second", "Ticket"));
    let list = server
        .get(&format!("{PATH}?sortBy=isDefault&sortOrder=asc"))
        .bearer(&token)
        .expect(200)
        .json();
    assert_eq!(ids(&list), [&first, &deals, &second].map(|policy| text(&policy["id"])));
    let shown: Vec<&Value> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|policy| &policy["isDefault"])
        .collect();
    assert_eq!(shown, [&json!(false), &json!(true), &json!(true)]);
}

fn a_policy_out_of_use_is_no_default(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    let mut body = simple("Gold");
    (body["isDefault"], body["isActive"]) = (json!(true), json!(false));
    let answer = server.post(PATH).bearer(&token).json(&body).send();
    let error = refusal(server, &answer, 422, "VALIDATION_ERROR");
    assert_eq!(
        details(&error),
        [("isDefault", "Is default only an active policy can be the default")]
    );
    body["isActive"] = json!(true);
    let gold = create(server, &token, PATH, &body);
    let out = json!({ "isActive": false });
    let out = server.put(&item(&gold)).bearer(&token).json(&out).expect(200).json();
    assert_eq!((&out["isActive"], &out["isDefault"]), (&json!(false), &json!(false)));
}

fn a_policy_in_use_is_not_deleted(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    let policy = create(server, &token, PATH, &simple("Gold"));
    let ticket = create(
        server,
        &token,
        "/api/tickets",
        &json!({ "subject": "Help", "slaPolicyId": policy["id"] }),
    );
    let error = refusal(server, &server.delete(&item(&policy)).bearer(&token).send(), 409, "DUPLICATE");
    assert_eq!(error["message"], "The SLA policy is in use by tickets and cannot be deleted");
    // Out of force, it stays with the tickets that follow it and is given to no other.
    server
        .put(&item(&policy))
        .bearer(&token)
        .json(&json!({ "isActive": false }))
        .expect(200);
    let path = format!("/api/tickets/{}", text(&ticket["id"]));
    let again = json!({ "slaPolicyId": policy["id"], "priority": "Low" });
    server.put(&path).bearer(&token).json(&again).expect(200);
    let other = server
        .post("/api/tickets")
        .bearer(&token)
        .json(&json!({ "subject": "x", "slaPolicyId": policy["id"] }))
        .send();
    refusal(server, &other, 422, "VALIDATION_ERROR");
}

//
fn only_managers_make_policies(server: &Server) {
    let tenant = server.tenant("Acme");
    let [user, manager] = [Role::User, Role::Manager].map(|role| tenant.login(&tenant.user(role)).token);
    refusal(
        server,
        &server.post(PATH).bearer(&user).json(&simple("x")).send(),
        403,
        "PERMISSION_DENIED",
    );
    let policy = create(server, &manager, PATH, &simple("Gold"));
    server.get(&item(&policy)).bearer(&user).expect(200);
    refusal(
        server,
        &server.put(&item(&policy)).bearer(&user).body("{}").send(),
        403,
        "PERMISSION_DENIED",
    );
    refusal(
        server,
        &server.delete(&item(&policy)).bearer(&user).send(),
        403,
        "PERMISSION_DENIED",
    );
    server.delete(&item(&policy)).bearer(&manager).expect(204);
}
