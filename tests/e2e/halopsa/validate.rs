//! Judging leads before they are imported (contract B-70 … B-74, X-66).

use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{Desk, keys, refusal};

each_server! {
    a_lead_is_judged_and_not_kept,
    what_cannot_be_judged_is_refused,
}

// B-70, B-71, B-72, B-73, B-74, X-66
fn a_lead_is_judged_and_not_kept(server: &Server) {
    let desk = Desk::new(server);
    let judge = |data: Value| {
        let answer = desk.post("/validate/leads", &json!({ "data": data, "source": "apollo" }));
        let answer = answer.expect(200).json();
        assert_eq!(keys(&answer), ["suggestions", "valid", "warnings"]);
        answer
    };
    let good = judge(json!({ "first_name": "John", "email": "john.doe@company.com" }));
    let phone = "Consider adding phone number for better contact rate";
    assert_eq!(good, json!({ "valid": true, "warnings": [], "suggestions": [phone] }));
    let full = judge(json!({ "first_name": "John", "email": "john.doe@company.com", "phone": "+1 555 0100" }));
    assert_eq!(full["suggestions"], json!([]));
    let bad = judge(json!({ "email": "invalid-email" }));
    assert_eq!(bad["valid"], false);
    assert_eq!(bad["warnings"], json!(["Invalid email address format", "last_name is required"]));
    let free = judge(json!({ "first_name": "John", "email": "info@gmail.com", "phone": "1" }));
    assert_eq!((&free["valid"], free["warnings"].as_array().map(Vec::len)), (&json!(true), Some(2)));
    assert_eq!(desk.elsewhere("/api/leads")["totalCount"], 0);
    assert_eq!(desk.elsewhere("/api/changes")["items"], json!([]));
}

fn what_cannot_be_judged_is_refused(server: &Server) {
    let desk = Desk::new(server);
    for body in [json!({}), json!({ "data": null }), json!({ "data": [] })] {
        let error = refusal(&desk.post("/validate/leads", &body), 400, "VALIDATION_ERROR");
        assert_eq!(error["details"]["field"], "data");
    }
    // A source that sync would refuse is a reason not to be valid.
    let body = json!({ "data": { "first_name": "John", "email": "john@company.com" }, "source": "Not A Slug" });
    assert_eq!(desk.post("/validate/leads", &body).expect(200).json()["valid"], false);
}
