//! `GET /api/v1/external/opportunities` (contract A-48 … A-60).

use std::{collections::BTreeSet, time::Duration};

use crm_domain::{field::Patch, tenant::opportunity::OpportunityDraft};
use crm_tests::{each_server, server::Server, tenant::set};
use serde_json::json;

use super::{Desk, column, documented};

each_server! {
    the_list_has_the_documented_shape,
    the_forecast_filter_has_three_words,
    filters_and_pages_combine,
}

fn named(name: &str, include_in_forecast: bool) -> OpportunityDraft {
    OpportunityDraft {
        name: set(name),
        include_in_forecast: Patch::Set(include_in_forecast),
        ..OpportunityDraft::default()
    }
}

// A-57 (the values of the document's example)
fn the_list_has_the_documented_shape(server: &Server) {
    let desk = documented(server);
    let body = desk.get("/opportunities");
    let members: BTreeSet<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["opportunities", "pagination"].into());
    let expected = json!([{
        "id": "OPP-00001",
        "name": "Enterprise Software License",
        "accountId": "ACT-00001",
        "stage": "Proposal Sent",
        "amount": 150_000,
        "probability": 75,
        "expectedCloseDate": "2025-03-15",
        "description": "Annual enterprise license renewal",
        "leadSource": "Referral",
        "nextStep": "Schedule final review meeting",
        "includeInForecast": true,
        "ownerId": 1,
        "createdAt": "2025-01-15T10:00:00.000Z",
        "updatedAt": "2025-01-15T10:00:00.000Z",
    }]);
    assert_eq!(body["opportunities"], expected);
    let pagination = &body["pagination"];
    assert_eq!(pagination["total"], 1);
    assert_eq!((&pagination["limit"], &pagination["offset"]), (&json!(50), &json!(0)));
    assert_eq!(pagination["hasMore"], false);
}

// A-53 (X-37: every other word is the default)
fn the_forecast_filter_has_three_words(server: &Server) {
    let desk = Desk::new(server);
    for (name, forecast) in [("in 1", true), ("out 1", false), ("in 2", true), ("out 2", false), ("in 3", true)] {
        desk.tenant.opportunity_of(named(name, forecast));
    }
    let (inside, outside) = (vec!["in 1", "in 2", "in 3"], vec!["out 1", "out 2"]);
    let all = vec!["in 1", "out 1", "in 2", "out 2", "in 3"];
    for (query, expected) in [
        ("", &inside),
        ("?includeInForecast=true", &inside),
        ("?includeInForecast=false", &outside),
        ("?includeInForecast=all", &all),
        ("?includeInForecast=TRUE", &inside),
        ("?includeInForecast=ALL", &inside),
        ("?includeInForecast=", &inside),
        ("?includeInForecast=1", &inside),
        ("?includeInForecast=no", &inside),
        ("?includeInForecast=null", &inside),
        ("?includeInForecast=true&includeInForecast=all", &all),
    ] {
        let page = desk.get(&format!("/opportunities{query}"));
        assert_eq!(&column(&page["opportunities"], "name"), expected, "{query}");
        assert_eq!(
            page["pagination"]["total"],
            expected.len(),
            "{query}: the total counts after filtering"
        );
    }
}

//
fn filters_and_pages_combine(server: &Server) {
    let desk = Desk::new(server);
    for number in 0..20 {
        desk.tenant.opportunity_of(named(&format!("old {number}"), number % 2 == 0));
    }
    server.advance(Duration::from_secs(1));
    let since = server.now().to_millisecond_precision();
    server.advance(Duration::from_secs(1));
    for number in 0..12 {
        desk.tenant.opportunity_of(named(&format!("new {number}"), number % 3 == 0));
    }
    for (forecast, total) in [("true", 4), ("false", 8), ("all", 12)] {
        let mut names = Vec::new();
        for offset in (0..total).step_by(3) {
            let page = desk.get(&format!(
                "/opportunities?includeInForecast={forecast}&updatedSince={since}&limit=3&offset={offset}"
            ));
            assert_eq!(page["pagination"]["total"], total, "{forecast} at {offset}");
            assert_eq!(page["pagination"]["hasMore"], offset + 3 < total, "{forecast} at {offset}");
            names.extend(column(&page["opportunities"], "name").into_iter().map(str::to_owned));
        }
        assert_eq!(names.len(), total, "{forecast}");
        assert!(names.iter().all(|name| name.starts_with("new")), "{forecast}: {names:?}");
        let distinct: BTreeSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), total, "{forecast}: each once");
    }
    assert_eq!(
        desk.get("/opportunities?limit=7&offset=2&includeInForecast=all")["pagination"]["total"],
        32
    );
}

// as on accounts
#[test]
fn limits_and_offsets_are_as_forgiving_as_on_accounts() {
    let server = Server::sqlite();
    let desk = Desk::new(&server);
    for number in 0..3 {
        desk.tenant.opportunity_of(named(&format!("opportunity {number}"), true));
    }
    for (query, limit, offset) in [
        ("limit=500", 100, 0),
        ("limit=-1", 1, 0),
        ("limit=0", 1, 0),
        ("limit=abc", 50, 0),
        ("limit=1000000000", 100, 0),
        ("limit=1e3", 100, 0),
        ("offset=-5", 50, 0),
        ("offset=x", 50, 0),
        ("offset=2", 50, 2),
    ] {
        let page = desk.get(&format!("/opportunities?{query}"));
        let pagination = &page["pagination"];
        assert_eq!(
            (&pagination["limit"], &pagination["offset"]),
            (&json!(limit), &json!(offset)),
            "{query}"
        );
        assert_eq!(
            page["opportunities"].as_array().unwrap().len(),
            usize::min(limit, 3 - offset),
            "{query}"
        );
    }
}

// what is switched out of the forecast leaves the default list, and its change is told under `all`.
#[test]
fn an_opportunity_switched_out_of_the_forecast_moves_between_the_filters() {
    let server = Server::sqlite();
    let desk = Desk::new(&server);
    let opportunity = desk.tenant.opportunity_of(named("switched", true));
    let since = server.now().to_millisecond_precision();
    server.advance(Duration::from_secs(1));
    desk.tenant.update_opportunity(
        opportunity.id,
        OpportunityDraft {
            include_in_forecast: Patch::Set(false),
            ..OpportunityDraft::default()
        },
    );
    let total = |forecast: &str| {
        let page = desk.get(&format!("/opportunities?updatedSince={since}&includeInForecast={forecast}"));
        page["pagination"]["total"].as_u64().unwrap()
    };
    assert_eq!((total("true"), total("false"), total("all")), (0, 1, 1));
}
