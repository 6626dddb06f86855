//! Leads handed over many at once (contract B-26 … B-33, X-57, X-58).

use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{Desk, keys, refusal};

each_server! {
    a_bulk_tells_what_became_of_each_lead,
    a_failure_ends_it_where_that_is_wished,
    a_bulk_has_1_to_500_leads,
    a_person_who_comes_twice_is_one,
}

fn lead(number: usize) -> Value {
    json!({ "first_name": "Jane", "last_name": "Smith", "email": format!("jane{number}@company.com"), "company": "Data Inc" })
}

fn bulk(leads: Vec<Value>, batch_options: Value) -> Value {
    json!({ "source": "zoominfo", "leads": leads, "batch_options": batch_options })
}

// B-26, B-27, B-28, B-29, B-30, B-31, B-32, B-33, X-58
fn a_bulk_tells_what_became_of_each_lead(server: &Server) {
    let desk = Desk::new(server);
    desk.lead("Jane", "jane15@company.com");
    let mut leads: Vec<Value> = (0..100).map(lead).collect();
    leads[40] = json!({ "first_name": "No mail", "email": "invalid-email" });
    let options = json!({ "batch_size": 30, "rate_limit": 10, "continue_on_error": true });
    let report = desk.post("/sync/leads/bulk", &bulk(leads, options)).expect(200).json();
    assert_eq!(keys(&report), ["errors", "failed", "results", "successful", "total_processed"]);
    assert_eq!(
        json!([report["total_processed"], report["successful"], report["failed"]]),
        json!([100, 98, 2])
    );
    assert_eq!(
        report["errors"],
        json!([{ "index": 15, "error": "Duplicate email address" }, { "index": 40, "error": "Invalid email address format" }])
    );
    let results = report["results"].as_array().unwrap();
    let places: Vec<u64> = results.iter().map(|result| result["index"].as_u64().unwrap()).collect();
    let expected: Vec<u64> = (0..100).filter(|index| ![15, 40].contains(index)).collect();
    assert_eq!(places, expected);
    // Ids ascend in the order given, over the batches.
    let ids: Vec<i64> = results.iter().map(|result| result["lead_id"].as_i64().unwrap()).collect();
    assert!(ids.is_sorted() && results.iter().all(|result| result["success"] == true), "{ids:?}");
    assert_eq!(keys(&results[0]), ["index", "lead_id", "success"]);
    let kept = desk.elsewhere(&format!("/api/leads/lead_{}", ids[50]));
    assert_eq!(
        (&kept["email"], &kept["source"]),
        (&json!("jane52@company.com"), &json!("zoominfo"))
    );
    assert_eq!(desk.elsewhere("/api/leads")["totalCount"], 99);
}

// B-33, X-57
fn a_failure_ends_it_where_that_is_wished(server: &Server) {
    let desk = Desk::new(server);
    desk.lead("Jane", "jane3@company.com");
    for batch_size in [2, 100] {
        let first = 10 * batch_size;
        let mut leads: Vec<Value> = (first..first + 10).map(lead).collect();
        leads[3] = lead(3);
        let options = json!({ "batch_size": batch_size, "continue_on_error": false });
        let report = desk.post("/sync/leads/bulk", &bulk(leads, options)).expect(200).json();
        assert_eq!(
            json!([report["total_processed"], report["successful"], report["failed"]]),
            json!([4, 3, 1]),
            "{batch_size}"
        );
        assert_eq!(report["errors"], json!([{ "index": 3, "error": "Duplicate email address" }]));
    }
    assert_eq!(desk.elsewhere("/api/leads")["totalCount"], 7);
}

//
fn a_bulk_has_1_to_500_leads(server: &Server) {
    let desk = Desk::new(server);
    let wrong = |body: Value| refusal(&desk.post("/sync/leads/bulk", &body), 400, "VALIDATION_ERROR")["details"]["field"].clone();
    assert_eq!(wrong(bulk(vec![], json!({}))), "leads");
    assert_eq!(wrong(bulk((0..501).map(lead).collect(), json!({}))), "leads");
    assert_eq!(wrong(json!({ "source": "zoominfo" })), "leads");
    assert_eq!(wrong(json!({ "source": "Zoom Info", "leads": [lead(1)] })), "source");
    for (field, value) in [
        ("batch_size", json!(0)),
        ("batch_size", json!(1_001)),
        ("batch_size", json!(1.5)),
        ("rate_limit", json!(-1)),
        ("continue_on_error", json!("yes")),
    ] {
        assert_eq!(wrong(bulk(vec![lead(1)], json!({ field: value }))), field, "{value}");
    }
    let most = desk.post("/sync/leads/bulk", &bulk((0..500).map(lead).collect(), json!({})));
    assert_eq!(most.expect(200).json()["successful"], 500);
    // What is no lead fails alone.
    let odd = desk.post("/sync/leads/bulk", &bulk(vec![json!(7), json!({}), lead(600)], json!({})));
    let odd = odd.expect(200).json();
    assert_eq!((&odd["failed"], &odd["results"][0]["index"]), (&json!(2), &json!(2)));
}

// B-17, B-18
fn a_person_who_comes_twice_is_one(server: &Server) {
    let desk = Desk::new(server);
    let twice = |title: &str| json!({ "first_name": "Ada", "email": "Ada@example.com", "title": title });
    let refused = desk.post("/sync/leads/bulk", &bulk(vec![twice("One"), twice("Two")], json!({})));
    assert_eq!(
        refused.expect(200).json()["errors"],
        json!([{ "index": 1, "error": "Duplicate email address" }])
    );
    let body = json!({ "source": "apollo", "leads": [twice("Three"), twice("Four")], "options": { "update_existing": true } });
    let updated = desk.post("/sync/leads/bulk", &body).expect(200).json();
    assert_eq!(updated["successful"], 2);
    let leads = desk.elsewhere("/api/leads");
    assert_eq!((&leads["totalCount"], &leads["items"][0]["title"]), (&json!(1), &json!("Four")));
}
