//! The search over everything.

use crm_domain::tenant::{contact::ContactDraft, lead::LeadDraft};
use crm_tests::{each_server, server::Server, tenant::set};
use serde_json::{Value, json};

use super::{create, fields, ids, keys, refusal};

each_server! {
    records_of_all_kinds_are_found_the_likeliest_first,
    a_slip_of_the_hand_is_forgiven,
    tickets_and_partners_are_found_too,
    activities_are_found_too,
    another_tenants_records_are_not_found,
    parameters_that_cannot_be_right_are_refused,
}

fn search(server: &Server, token: &str, query: &str) -> Value {
    server.get(&format!("/api/search?{query}")).bearer(token).expect(200).json()
}

fn records_of_all_kinds_are_found_the_likeliest_first(server: &Server) {
    let tenant = server.tenant("Bolt");
    let token = tenant.admin_token();
    create(server, &token, "/api/companies", &json!({ "name": "The Acme Works" }));
    let acme = create(server, &token, "/api/companies", &json!({ "name": "Acme", "city": "Łódź" }));
    create(
        server,
        &token,
        "/api/deals",
        &json!({ "name": "Acme renewal", "companyId": acme["id"] }),
    );
    tenant.lead_of(LeadDraft {
        first_name: set("Ada"),
        last_name: set("Acmeson"),
        email: set("ada@example.com"),
        ..LeadDraft::default()
    });
    tenant.contact_of(ContactDraft {
        first_name: set("Ben"),
        last_name: set("Other"),
        company: set("Acme"),
        email: set("ben@example.com"),
        ..ContactDraft::default()
    });
    let found = search(server, &token, "q=ACME");
    assert_eq!(keys(&found), ["items"]);
    let first = &found["items"][0];
    assert_eq!(
        first,
        &json!({ "type": "company", "id": acme["id"], "title": "Acme", "subtitle": "Łódź", "score": 1.0 })
    );
    assert_eq!(ids(&found), ["company_2", "deal_1", "lead_1", "company_1", "contact_1"]);
    assert_eq!(found["items"][1]["subtitle"], "Acme");
    assert_eq!(found["items"][2]["title"], "Ada Acmeson");
    let scores: Vec<f64> = found["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["score"].as_f64().unwrap())
        .collect();
    assert!(
        scores.is_sorted_by(|a, b| a >= b) && scores.iter().all(|score| (0.0..=1.0).contains(score)),
        "{scores:?}"
    );

    for types in ["lead,deal", "leads,deals", "deals, lead,leads"] {
        let query = format!("q=acme&types={types}");
        assert_eq!(ids(&search(server, &token, &query)), ["deal_1", "lead_1"], "{types}");
    }
    assert_eq!(ids(&search(server, &token, "q=acme&types=companies")), ["company_2", "company_1"]);
    assert_eq!(ids(&search(server, &token, "q=acme&limit=2")), ["company_2", "deal_1"]);
    assert_eq!(ids(&search(server, &token, "q=acme&limit=0")), ["company_2"]);
    assert_eq!(ids(&search(server, &token, "q=ac&limit=1000")), ["company_2", "deal_1"]);
}

fn a_slip_of_the_hand_is_forgiven(server: &Server) {
    let token = server.tenant("Bolt").admin_token();
    create(server, &token, "/api/companies", &json!({ "name": "Acme" }));
    for slip in ["Acne", "Akme", "Acmee", "Amce", "Acm", "Ace", "ACMR"] {
        assert_eq!(ids(&search(server, &token, &format!("q={slip}"))), ["company_1"], "{slip}");
    }
    for other in [
        "Zebra",
        "ab",
        "Aced%20it",
        "%F0%9F%9A%80",
        "%E2%80%8B",
        "%D7%A9%D7%9C%D7%95%D7%9D",
        "%ED%A0%80",
    ] {
        assert_eq!(search(server, &token, &format!("q={other}")), json!({ "items": [] }), "{other}");
    }
}

// C-138
fn tickets_and_partners_are_found_too(server: &Server) {
    let token = server.tenant("Bolt").admin_token();
    let company = create(server, &token, "/api/companies", &json!({ "name": "Globex" }));
    let ticket = json!({ "subject": "Printer on fire", "companyId": company["id"] });
    create(server, &token, "/api/tickets", &ticket);
    let partner = json!({ "name": "Printer Palace", "contactName": "Pat" });
    create(server, &token, "/api/partners", &partner);
    let found = search(server, &token, "q=printer");
    let shown = |index: usize| {
        let hit = &found["items"][index];
        json!([hit["type"], hit["id"], hit["title"], hit["subtitle"]])
    };
    assert_eq!(shown(0), json!(["partner", "partner_1", "Printer Palace", "Pat"]));
    assert_eq!(shown(1), json!(["ticket", "ticket_1", "Printer on fire", "Globex"]));
    assert_eq!(
        ids(&search(server, &token, "q=pritner&types=partner,ticket")),
        ["partner_1", "ticket_1"]
    );
    assert_eq!(ids(&search(server, &token, "q=printer&types=partner")), ["partner_1"]);
    server.delete("/api/tickets/ticket_1").bearer(&token).expect(204);
    assert_eq!(ids(&search(server, &token, "q=printer")), ["partner_1"]);
}

fn activities_are_found_too(server: &Server) {
    let token = server.tenant("Bolt").admin_token();
    let company = create(server, &token, "/api/companies", &json!({ "name": "Globex" }));
    let note = json!({ "type": "note", "subject": "Fire drill", "body": "ÉVACUATION at noon", "companyId": company["id"] });
    create(server, &token, "/api/activities", &note);
    for query in ["q=fire", "q=évacuation", "q=drill&types=activities", "q=firee&types=activity"] {
        let found = search(server, &token, query);
        assert_eq!(ids(&found), ["activity_1"], "{query}");
        let hit = &found["items"][0];
        assert_eq!(
            json!([hit["type"], hit["title"], hit["subtitle"]]),
            json!(["activity", "Fire drill", "Globex"])
        );
    }
    let changed = json!({ "subject": "Water drill" });
    server.put("/api/activities/activity_1").bearer(&token).json(&changed).expect(200);
    assert_eq!(search(server, &token, "q=fire"), json!({ "items": [] }));
    assert_eq!(ids(&search(server, &token, "q=water")), ["activity_1"]);
    server.delete("/api/activities/activity_1").bearer(&token).expect(204);
    assert_eq!(search(server, &token, "q=water"), json!({ "items": [] }));
}

fn another_tenants_records_are_not_found(server: &Server) {
    let (ours, theirs) = (server.tenant("Ours"), server.tenant("Theirs"));
    create(server, &theirs.admin_token(), "/api/companies", &json!({ "name": "Secret" }));
    assert_eq!(search(server, &ours.admin_token(), "q=secret"), json!({ "items": [] }));
}

fn parameters_that_cannot_be_right_are_refused(server: &Server) {
    let token = server.tenant("Bolt").admin_token();
    let long = format!("q={}", "x".repeat(256));
    for (query, expected) in [
        ("", vec!["q"]),
        ("q=", vec!["q"]),
        ("q=%20", vec!["q"]),
        ("q=a%00b", vec!["q"]),
        (long.as_str(), vec!["q"]),
        ("q=a&types=account", vec!["types"]),
        ("q=a&types=lead,", vec!["types"]),
        ("limit=x&types=x", vec!["limit", "q", "types"]),
    ] {
        let answer = server.get(&format!("/api/search?{query}")).bearer(&token).send();
        let error = refusal(server, &answer, 400, "VALIDATION_ERROR");
        assert_eq!(fields(&error), expected, "{query}");
    }
    refusal(server, &server.get("/api/search?q=a").send(), 401, "AUTH_FAILED");
}
