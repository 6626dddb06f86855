//! Prospects (contract B-35 … B-48, X-59 … X-61).

use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{Desk, assert_second, keys, number, refusal, text};

each_server! {
    a_lead_becomes_a_prospect_once,
    an_opportunity_and_a_note_come_along_when_wished,
    a_prospect_has_a_status,
    what_is_wrong_with_a_prospect_is_told,
}

fn qualification() -> Value {
    json!({ "pain_points": "Need better data analytics", "budget_range": "50000-100000", "decision_maker": true, "fit_score": 85 })
}

// B-35, B-36, B-37, B-41, B-42, B-103, X-50, X-59
fn a_lead_becomes_a_prospect_once(server: &Server) {
    let desk = Desk::new(server);
    let id = desk.lead("John", "john.doe@company.com");
    let convert = |id: &str| {
        desk.post(
            &format!("/prospects/convert/{id}"),
            &json!({ "qualification_data": qualification() }),
        )
    };
    let converted = convert(&id.to_string()).expect(200).json();
    assert_eq!(
        keys(&converted),
        [
            "account_id",
            "contact_id",
            "lead_id",
            "opportunity_id",
            "prospect_id",
            "status",
            "success"
        ]
    );
    assert_eq!(
        json!([
            converted["success"],
            converted["prospect_id"],
            converted["status"],
            converted["opportunity_id"]
        ]),
        json!([true, id, "new", null])
    );
    let lead = desk.elsewhere(&format!("/api/leads/lead_{id}"));
    assert_eq!(
        (&lead["status"], text(&lead["convertedContactId"])),
        (&json!("Converted"), &*format!("contact_{}", number(&converted["contact_id"])))
    );
    // Twice is refused, and so is who was turned down.
    let error = refusal(&convert(&id.to_string()), 400, "VALIDATION_ERROR");
    assert_eq!(error["details"], json!({ "resource": "lead", "state": "converted" }));
    let other = desk.lead("Jane", "jane@company.com");
    let token = desk.tenant.admin_token();
    let away = server.post(&format!("/api/leads/lead_{other}/disqualify")).bearer(&token);
    away.json(&json!({ "reason": "no budget" })).expect(200);
    let error = refusal(&convert(&other.to_string()), 400, "VALIDATION_ERROR");
    assert_eq!(error["details"]["state"], "disqualified");
    for nobody in ["999", "0", "-1", "01", "abc", "9999999999999999999999"] {
        refusal(&convert(nobody), 404, "RESOURCE_NOT_FOUND");
    }
    assert_eq!(desk.elsewhere("/api/contacts")["totalCount"], 1);
}

// B-38, B-39, B-40, X-60
fn an_opportunity_and_a_note_come_along_when_wished(server: &Server) {
    let desk = Desk::new(server);
    let convert = |email: &str, options: Value| {
        let id = desk.lead("Jane", email);
        let body = json!({ "qualification_data": qualification(), "conversion_options": options });
        desk.post(&format!("/prospects/convert/{id}"), &body).expect(200).json()
    };
    let quiet = convert("a@company.com", json!({ "create_opportunity": false, "notify_team": false }));
    assert_eq!(quiet["opportunity_id"], Value::Null);
    assert_eq!(desk.elsewhere("/api/activities")["totalCount"], 0);
    assert_eq!(desk.elsewhere("/api/deals")["totalCount"], 0);
    let told = convert("b@company.com", json!({ "create_opportunity": true, "notify_team": true }));
    let deal = desk.elsewhere(&format!("/api/deals/deal_{}", number(&told["opportunity_id"])));
    assert_eq!((&deal["name"], &deal["leadSource"]), (&json!("Tech Corp"), &json!("apollo")));
    let notes = desk.elsewhere("/api/activities");
    assert_eq!(notes["totalCount"], 1);
    let note = &notes["items"][0];
    assert_eq!(
        (&note["type"], &note["subject"]),
        (&json!("note"), &json!("Lead converted to prospect"))
    );
    assert_eq!(note["leadId"], format!("lead_{}", number(&told["lead_id"])));
    // As in the document's example when nothing is said.
    let usual = convert("c@company.com", json!({}));
    assert_eq!(usual["opportunity_id"], Value::Null);
    assert_eq!(desk.elsewhere("/api/activities")["totalCount"], 2);
}

// B-44, B-45, B-46, B-48, X-59, X-61
fn a_prospect_has_a_status(server: &Server) {
    let desk = Desk::new(server);
    let id = desk.prospect("John", "john.doe@company.com");
    let put = |body: Value| desk.put(&format!("/prospects/{id}/status"), &body).expect(200).json();
    let qualified = put(json!({
        "status": "qualified", "reason": "Meets all qualification criteria", "next_action": "Schedule discovery call", "next_action_date": "2024-02-01",
    }));
    assert_second(&qualified["updated_at"]);
    assert_eq!(
        qualified,
        json!({
            "success": true, "prospect_id": id, "status": "qualified", "reason": "Meets all qualification criteria",
            "next_action": "Schedule discovery call", "next_action_date": "2024-02-01", "updated_at": qualified["updated_at"],
        })
    );
    for status in ["new", "contacted", "disqualified", "converted", "QUALIFIED"] {
        let shown = put(json!({ "status": status }));
        assert_eq!(shown["status"], status.to_lowercase());
        // The next action stays, the reason was another status's.
        assert_eq!(
            (&shown["next_action"], &shown["reason"]),
            (&json!("Schedule discovery call"), &Value::Null)
        );
    }
    // One that was qualified as a lead is so as a prospect.
    let other = desk.lead("Jane", "jane@company.com");
    let token = desk.tenant.admin_token();
    server.post(&format!("/api/leads/lead_{other}/qualify")).bearer(&token).expect(200);
    let converted = desk.post(&format!("/prospects/convert/{other}"), &json!({})).expect(200).json();
    assert_eq!(converted["status"], "qualified");
}

// B-45, B-47, X-61
fn what_is_wrong_with_a_prospect_is_told(server: &Server) {
    let desk = Desk::new(server);
    let id = desk.prospect("John", "john.doe@company.com");
    let lead = desk.lead("Jane", "jane@company.com");
    let put = |id: i64, body: Value| desk.put(&format!("/prospects/{id}/status"), &body);
    let status = json!({ "status": "qualified" });
    // A lead that was not converted is no prospect.
    for nobody in [lead, 999] {
        refusal(&put(nobody, status.clone()), 404, "RESOURCE_NOT_FOUND");
    }
    let wrong = |body: Value| refusal(&put(id, body), 400, "VALIDATION_ERROR")["details"].clone();
    assert_eq!(wrong(json!({ "status": "hot" })), json!({ "field": "status", "value": "hot" }));
    assert_eq!(wrong(json!({}))["field"], "status");
    assert_eq!(
        wrong(json!({ "status": "qualified", "next_action_date": "tomorrow" }))["value"],
        "tomorrow"
    );
    let convert = |body: Value| {
        let answer = desk.post(&format!("/prospects/convert/{lead}"), &body);
        refusal(&answer, 400, "VALIDATION_ERROR")["details"]["field"].clone()
    };
    assert_eq!(convert(json!({ "qualification_data": { "fit_score": 101 } })), "fit_score");
    assert_eq!(convert(json!({ "qualification_data": [] })), "qualification_data");
    assert_eq!(convert(json!({ "conversion_options": { "notify_team": 1 } })), "notify_team");
    // Of what is refused nothing is done.
    assert_eq!(desk.elsewhere(&format!("/api/leads/lead_{lead}"))["status"], "New");
}
