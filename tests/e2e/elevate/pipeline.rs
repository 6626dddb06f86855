//! What the pipelines hold (contract E-43, E-44, X-169).

use crm_domain::tenant::opportunity::OpportunityDraft;
use crm_tests::{each_server, server::Server, tenant::set};
use serde_json::{Value, json};

use super::{Desk, column, keys, refusal};

each_server!(pipelines_tell_what_is_in_each_stage);

fn stage<'v>(pipeline: &'v Value, name: &str) -> &'v Value {
    let stages = pipeline["stages"].as_array().expect("stages");
    stages
        .iter()
        .find(|stage| stage["name"] == name)
        .unwrap_or_else(|| panic!("no {name} in {pipeline}"))
}

// E-43, E-44, X-169
fn pipelines_tell_what_is_in_each_stage(server: &Server) {
    let desk = Desk::new(server);
    for status in ["New", "New", "Qualified", "Nurturing"] {
        desk.tenant.lead_with_status(status);
    }
    for (stage, amount, currency) in [
        ("Prospecting", "1000", "USD"),
        ("Prospecting", "500.25", "USD"),
        ("Prospecting", "70", "EUR"),
        ("Closed Won", "9", "USD"),
    ] {
        desk.tenant.opportunity_of(OpportunityDraft {
            name: set("Deal"),
            stage: set(stage),
            amount: set(amount),
            currency: set(currency),
            ..OpportunityDraft::default()
        });
    }
    desk.make("/api/pipelines", &json!({ "name": "Partners" }));
    let all = desk.get("/pipeline");
    assert_eq!(keys(&all), ["pipelines"]);
    assert_eq!(column(&all["pipelines"], "pipeline_type"), ["qualification", "sales", "sales"]);
    let [leads, sales, partners] = &all["pipelines"].as_array().unwrap()[..] else {
        panic!("{all}")
    };
    let names = ["New", "Contacted", "Qualified", "Disqualified", "Converted", "Nurturing"];
    assert_eq!(column(&leads["stages"], "name"), names);
    let counts: Vec<&Value> = leads["stages"].as_array().unwrap().iter().map(|stage| &stage["count"]).collect();
    assert_eq!(counts, [2, 0, 1, 0, 0, 1]);
    assert_eq!(keys(stage(leads, "New")), ["count", "name", "value"]);
    let names = [
        "Prospecting",
        "Qualification",
        "Proposal Sent",
        "Negotiation",
        "Closed Won",
        "Closed Lost",
    ];
    assert_eq!(column(&sales["stages"], "name"), names);
    // Other currencies are not added up with the tenant's own.
    assert_eq!(
        *stage(sales, "Prospecting"),
        json!({ "name": "Prospecting", "count": 3, "value": 1500.25, "other_currencies": { "EUR": 70 } })
    );
    assert_eq!(*stage(sales, "Closed Won"), json!({ "name": "Closed Won", "count": 1, "value": 9 }));
    assert_eq!(
        (&partners["name"], &stage(partners, "Prospecting")["count"]),
        (&json!("Partners"), &json!(0))
    );
    for (wanted, types) in [("qualification", &["qualification"][..]), ("SALES", &["sales", "sales"])] {
        let shown = desk.get(&format!("/pipeline?pipeline_type={wanted}"));
        assert_eq!(column(&shown["pipelines"], "pipeline_type"), types);
    }
    assert_eq!(
        refusal(&desk.ask("/pipeline?pipeline_type=support"), 400),
        "pipeline_type must be one of: qualification, sales"
    );
}
