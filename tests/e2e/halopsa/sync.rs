//! Leads handed over one by one (contract B-12 … B-22, X-51 … ).

use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{Desk, keys, number, refusal};

each_server! {
    a_lead_is_taken_over,
    who_is_there_already_is_refused_or_updated,
    custom_fields_are_taken_over_where_they_are_known,
    what_is_wrong_with_a_lead_is_told,
    a_lead_of_another_tenant_is_nobody_here,
}

fn lead(data: Value, options: Value) -> Value {
    json!({ "source": "apollo", "data": data, "options": options })
}

fn john() -> Value {
    json!({ "first_name": "John", "last_name": "Doe", "email": "john.doe@company.com", "company": "Tech Corp", "title": "CTO" })
}

// B-12, B-13, B-14, B-15, B-114, X-51, X-53, X-54, X-55
fn a_lead_is_taken_over(server: &Server) {
    let desk = Desk::new(server);
    let options = json!({ "deduplication": true, "update_existing": false, "custom_fields": true });
    let answer = desk.post("/sync/leads", &lead(john(), options)).expect(200).json();
    assert_eq!(keys(&answer), ["actions_taken", "halopsa_ticket_id", "lead_id", "success"]);
    assert_eq!(answer["success"], true);
    // Nothing is invented where there is no HaloPSA.
    assert_eq!(
        (&answer["halopsa_ticket_id"], &answer["actions_taken"]),
        (&Value::Null, &json!(["lead_created"]))
    );
    let kept = desk.elsewhere(&format!("/api/leads/lead_{}", number(&answer["lead_id"])));
    let shown = ["firstName", "lastName", "email", "company", "title", "source", "status"].map(|member| kept[member].clone());
    assert_eq!(
        json!(shown),
        json!(["John", "Doe", "john.doe@company.com", "Tech Corp", "CTO", "apollo", "New"])
    );
    // First name, email and source are enough.
    let least = json!({ "source": "my-list_2", "data": { "first_name": "Jane", "email": "jane@company.com" } });
    desk.post("/sync/leads", &least).expect(200);
}

// B-17, B-18, B-32, X-55, X-56
fn who_is_there_already_is_refused_or_updated(server: &Server) {
    let desk = Desk::new(server);
    let id = desk.lead("John", "john.doe@company.com");
    let again = json!({ "first_name": "Johnny", "email": "JOHN.DOE@company.com" });
    let error = refusal(&desk.post("/sync/leads", &lead(again.clone(), json!({}))), 400, "VALIDATION_ERROR");
    assert_eq!(error["message"], "Duplicate email address");
    assert_eq!(error["details"], json!({ "field": "email", "value": "JOHN.DOE@company.com" }));
    let update = json!({ "update_existing": true });
    let body = json!({ "source": "zoominfo", "data": again, "options": update });
    let updated = desk.post("/sync/leads", &body).expect(200).json();
    assert_eq!(
        (number(&updated["lead_id"]), &updated["actions_taken"]),
        (id, &json!(["lead_updated"]))
    );
    let kept = desk.elsewhere(&format!("/api/leads/lead_{id}"));
    // What is not mentioned stays, and so does where it came from first.
    let shown = ["firstName", "company", "source"].map(|member| kept[member].clone());
    assert_eq!(json!(shown), json!(["Johnny", "Tech Corp", "apollo"]));
    let unchanged = desk.post("/sync/leads", &body).expect(200).json();
    assert_eq!(
        (number(&unchanged["lead_id"]), &unchanged["actions_taken"]),
        (id, &json!(["duplicate_skipped"]))
    );
    // Without deduplication each lead is made.
    let twin = lead(john(), json!({ "deduplication": false, "update_existing": true }));
    let twin = desk.post("/sync/leads", &twin).expect(200).json();
    assert!(
        number(&twin["lead_id"]) != id && twin["actions_taken"] == json!(["lead_created"]),
        "{twin}"
    );
    assert_eq!(desk.elsewhere("/api/leads")["totalCount"], 2);
}

// B-19
fn custom_fields_are_taken_over_where_they_are_known(server: &Server) {
    let desk = Desk::new(server);
    let field = json!({ "entity": "leads", "key": "industry", "label": "Industry", "type": "text" });
    desk.make("/api/custom-fields", &field);
    let send = |email: &str, industry: Value, custom: bool| {
        let data = json!({ "first_name": "Ada", "email": email, "industry": industry, "unknown": "ignored" });
        desk.post(
            "/sync/leads",
            &lead(data, json!({ "custom_fields": custom, "update_existing": true })),
        )
    };
    let kept = |answer: &Value| desk.elsewhere(&format!("/api/leads/lead_{}", number(&answer["lead_id"])))["customFields"].clone();
    let with = send("ada@example.com", json!("Mathematics"), true).expect(200).json();
    assert_eq!(with["actions_taken"], json!(["lead_created", "custom_fields_populated"]));
    assert_eq!(kept(&with)["industry"], "Mathematics");
    let without = send("bob@example.com", json!("Mathematics"), false).expect(200).json();
    assert_eq!(without["actions_taken"], json!(["lead_created"]));
    assert_eq!(kept(&without).get("industry").cloned().unwrap_or_default(), Value::Null);
    let updated = send("bob@example.com", json!("Engines"), true).expect(200).json();
    assert_eq!(updated["actions_taken"], json!(["lead_updated", "custom_fields_populated"]));
    assert_eq!(kept(&updated)["industry"], "Engines");
    refusal(&send("cleo@example.com", json!(7), true), 400, "VALIDATION_ERROR");
}

// B-22, B-99, X-51, X-52, X-77
fn what_is_wrong_with_a_lead_is_told(server: &Server) {
    let desk = Desk::new(server);
    let wrong = |body: Value| refusal(&desk.post("/sync/leads", &body), 400, "VALIDATION_ERROR");
    let error = wrong(lead(json!({ "first_name": "John", "email": "invalid-email" }), json!({})));
    assert_eq!(error["message"], "Invalid email address format");
    assert_eq!(error["details"], json!({ "field": "email", "value": "invalid-email" }));
    let fields = |error: &Value| -> Vec<String> {
        let errors = error["details"]["errors"].as_array().expect("several errors");
        errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(fields(&wrong(lead(json!({}), json!({})))), ["email", "last_name"]);
    let all = json!({ "source": "Not A Slug", "data": { "email": 7 }, "options": { "deduplication": "yes" } });
    assert_eq!(fields(&wrong(all)), ["deduplication", "email", "last_name", "source"]);
    for source in ["", "Apollo", "a b", "../etc"] {
        let body = json!({ "source": source, "data": john() });
        assert_eq!(wrong(body)["details"]["field"], "source", "{source}");
    }
    // The flat object of the client libraries is not the endpoint's.
    let flat = json!({ "first_name": "John", "email": "john.doe@company.com", "source": "apollo" });
    assert!(fields(&wrong(flat)).contains(&"data".to_owned()));
    assert_eq!(desk.elsewhere("/api/leads")["totalCount"], 0);
}

fn a_lead_of_another_tenant_is_nobody_here(server: &Server) {
    let (acme, bolt) = (Desk::new(server), Desk::named(server, "Bolt"));
    acme.lead("John", "john.doe@company.com");
    acme.lead("Jane", "jane@company.com");
    // The same person, and another tenant's id.
    bolt.lead("John", "john.doe@company.com");
    refusal(&bolt.post("/prospects/convert/2", &json!({})), 404, "RESOURCE_NOT_FOUND");
    assert_eq!(bolt.elsewhere("/api/leads")["totalCount"], 1);
}
