//! Opportunities (contract B-49 … B-59, X-59, X-61, X-62).

use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{Desk, keys, number, refusal};

each_server! {
    an_opportunity_is_opened_for_a_qualified_prospect,
    who_is_not_qualified_gets_none,
    an_opportunity_goes_through_its_statuses,
    what_is_wrong_with_an_opportunity_is_told,
}

fn documented(prospect: i64) -> Value {
    let data =
        json!({ "value": 75_000, "probability": 60, "expected_close_date": "2024-03-15", "competitors": "Competitor A, Competitor B" });
    json!({ "prospect_id": prospect, "opportunity_data": data })
}

// B-49, B-50, B-51, B-53, X-49, X-59
fn an_opportunity_is_opened_for_a_qualified_prospect(server: &Server) {
    let desk = Desk::new(server);
    let prospect = desk.qualified("John", "john.doe@company.com");
    let opened = desk.post("/opportunities", &documented(prospect)).expect(201).json();
    let expected = json!({
        "success": true, "prospect_id": prospect, "opportunity_id": opened["opportunity_id"], "name": "Tech Corp", "status": "open",
        "stage": "Prospecting", "value": 75_000, "currency": "USD", "probability": 60, "expected_close_date": "2024-03-15",
        "competitors": "Competitor A, Competitor B", "notes": null, "created_at": opened["created_at"], "updated_at": opened["updated_at"],
    });
    assert_eq!(opened, expected);
    // It is the same record everywhere, and belongs to what the lead was converted into.
    let deal = desk.elsewhere(&format!("/api/deals/deal_{}", number(&opened["opportunity_id"])));
    let lead = desk.elsewhere(&format!("/api/leads/lead_{prospect}"));
    assert_eq!((&deal["amount"], &deal["contactId"]), (&json!(75_000), &lead["convertedContactId"]));
    assert_eq!(lead["convertedDealId"], deal["id"]);
    // A second one is another.
    let second = desk.post("/opportunities", &json!({ "prospect_id": prospect })).expect(201).json();
    assert_ne!(second["opportunity_id"], opened["opportunity_id"]);
    assert_eq!((&second["value"], &second["probability"]), (&Value::Null, &json!(10)));
}

// B-52, B-54, X-62
fn who_is_not_qualified_gets_none(server: &Server) {
    let desk = Desk::new(server);
    let prospect = desk.prospect("John", "john.doe@company.com");
    let error = refusal(&desk.post("/opportunities", &documented(prospect)), 400, "VALIDATION_ERROR");
    assert_eq!(error["details"], json!({ "resource": "prospect", "state": "new" }));
    let lead = desk.lead("Jane", "jane@company.com");
    for nobody in [lead, 999] {
        refusal(&desk.post("/opportunities", &documented(nobody)), 404, "RESOURCE_NOT_FOUND");
    }
    assert_eq!(desk.elsewhere("/api/deals")["totalCount"], 0);
}

// B-55, B-56, B-57, B-58, B-59, X-61
fn an_opportunity_goes_through_its_statuses(server: &Server) {
    let desk = Desk::new(server);
    let prospect = desk.qualified("John", "john.doe@company.com");
    let id = number(&desk.post("/opportunities", &documented(prospect)).expect(201).json()["opportunity_id"]);
    let put = |body: Value| desk.put(&format!("/opportunities/{id}"), &body);
    let changed = put(json!({ "status": "negotiation", "value": 80_000.5, "probability": 75, "notes": "Customer requested custom terms" }));
    let changed = changed.expect(200).json();
    assert!(!keys(&changed).contains(&"prospect_id"));
    assert_eq!(
        json!([
            changed["success"],
            changed["status"],
            changed["stage"],
            changed["value"],
            changed["probability"],
            changed["notes"]
        ]),
        json!([true, "negotiation", "Negotiation", 80_000.5, 75, "Customer requested custom terms"])
    );
    // What is left out stays; a status that it has moves it nowhere.
    let same = put(json!({ "status": "negotiation" })).expect(200).json();
    assert_eq!(same, changed);
    for (status, stage, probability) in [
        ("proposal", "Proposal Sent", 50),
        ("open", "Prospecting", 10),
        ("won", "Closed Won", 100),
        ("negotiation", "Negotiation", 75),
        ("lost", "Closed Lost", 0),
        ("open", "Prospecting", 10),
    ] {
        let shown = put(json!({ "status": status })).expect(200).json();
        assert_eq!(
            json!([shown["status"], shown["stage"], shown["probability"]]),
            json!([status, stage, probability])
        );
        assert_eq!(shown["value"], 80_000.5);
    }
    put(json!({ "status": "won" })).expect(200);
    // What is won was not lost: first it is open again.
    let error = refusal(&put(json!({ "status": "lost" })), 400, "VALIDATION_ERROR");
    assert_eq!(error["details"]["state"], "won");
    assert_eq!(desk.elsewhere(&format!("/api/deals/deal_{id}"))["status"], "won");
    refusal(
        &desk.put("/opportunities/999", &json!({ "status": "won" })),
        404,
        "RESOURCE_NOT_FOUND",
    );
}

// B-56, X-61
fn what_is_wrong_with_an_opportunity_is_told(server: &Server) {
    let desk = Desk::new(server);
    let prospect = desk.qualified("John", "john.doe@company.com");
    let id = number(&desk.post("/opportunities", &documented(prospect)).expect(201).json()["opportunity_id"]);
    let before = desk.elsewhere(&format!("/api/deals/deal_{id}"));
    for (body, field, value) in [
        (json!({ "status": "closed" }), "status", json!("closed")),
        (json!({ "status": null }), "status", Value::Null),
        (json!({ "value": 1.005 }), "value", json!(1.005)),
        (json!({ "probability": 101 }), "probability", json!(101)),
        (json!({ "probability": "60" }), "probability", json!("60")),
        (json!({ "notes": 7 }), "notes", json!(7)),
    ] {
        let error = refusal(&desk.put(&format!("/opportunities/{id}"), &body), 400, "VALIDATION_ERROR");
        assert_eq!(error["details"], json!({ "field": field, "value": value }), "{body}");
    }
    assert_eq!(desk.elsewhere(&format!("/api/deals/deal_{id}")), before);
    for (body, field) in [
        (json!({}), "prospect_id"),
        (json!({ "prospect_id": "1" }), "prospect_id"),
        (json!({ "prospect_id": prospect, "opportunity_data": 7 }), "opportunity_data"),
        (
            json!({ "prospect_id": prospect, "opportunity_data": { "expected_close_date": "soon" } }),
            "expected_close_date",
        ),
    ] {
        let error = refusal(&desk.post("/opportunities", &body), 400, "VALIDATION_ERROR");
        assert_eq!(error["details"]["field"], field, "{body}");
    }
    // A pipeline that knows no proposals cannot have one there.
    let pipeline = desk.make("/api/pipelines", &json!({ "name": "Bare" }));
    assert!(pipeline["id"].is_string());
}
