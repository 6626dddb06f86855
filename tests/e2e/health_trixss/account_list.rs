//! `GET /api/v1/external/accounts` (contract A-23 … A-35).

use std::{collections::BTreeSet, time::Duration};

use crm_tests::{each_server, server::Server};
use serde_json::json;

use super::{BASE, Desk, column, documented};

each_server! {
    the_list_has_the_documented_shape,
    limit_and_offset_choose_the_page,
    limits_out_of_range_are_clamped_and_nonsense_is_the_default,
}

// A-104 (the values of the document's example)
fn the_list_has_the_documented_shape(server: &Server) {
    let desk = documented(server);
    let answer = desk.ask("/accounts").expect(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let body = answer.json();
    let members: BTreeSet<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["accounts", "pagination"].into());
    let expected = json!([{
        "id": "ACT-00001",
        "name": "Acme Healthcare",
        "category": "Hospital",
        "website": "https://acmehealthcare.com",
        "phone": "+1-555-0100",
        "email": "info@acmehealthcare.com",
        "address": "123 Main St",
        "city": "Boston",
        "state": "MA",
        "zipCode": "02101",
        "country": "USA",
        "industry": "Healthcare",
        "employees": 500,
        "annualRevenue": 50_000_000,
        "description": "Leading healthcare provider",
        "ownerId": 1,
        "createdAt": "2025-01-15T10:00:00.000Z",
        "updatedAt": "2025-01-15T10:00:00.000Z",
    }]);
    assert_eq!(body["accounts"], expected);
    let pagination = json!({
        "total": 1,
        "limit": 50,
        "offset": 0,
        "hasMore": false,
        "nextCursor": null,
        "nextUpdatedSince": body["pagination"]["nextUpdatedSince"],
    });
    assert_eq!(body["pagination"], pagination);
}

//
fn limit_and_offset_choose_the_page(server: &Server) {
    let desk = Desk::new(server);
    desk.accounts(120);
    let page = desk.get("/accounts?limit=25&offset=50");
    let names = column(&page["accounts"], "name");
    let expected: Vec<String> = (51..=75).map(|number| format!("Account {number}")).collect();
    assert_eq!(names, expected, "records 51-75, in the order of creation");
    assert_eq!(page["pagination"]["total"], 120);
    assert_eq!(
        (&page["pagination"]["limit"], &page["pagination"]["offset"]),
        (&json!(25), &json!(50))
    );
    assert_eq!(page["pagination"]["hasMore"], true);
    let default = desk.get("/accounts");
    assert_eq!(default["accounts"].as_array().unwrap().len(), 50);
    assert_eq!(
        (&default["pagination"]["limit"], &default["pagination"]["offset"]),
        (&json!(50), &json!(0))
    );
}

// A-31 (X-30: clamped to 1..100, offset to 0 and more; not numeric is the default; the effective values are echoed)
fn limits_out_of_range_are_clamped_and_nonsense_is_the_default(server: &Server) {
    let desk = Desk::new(server);
    desk.accounts(101);
    for (query, limit, offset) in [
        ("limit=100", 100, 0),
        ("limit=101", 100, 0),
        ("limit=500", 100, 0),
        ("limit=1000000000", 100, 0),
        ("limit=99999999999999999999999999", 100, 0),
        ("limit=1e3", 100, 0),
        ("limit=1e1", 10, 0),
        ("limit=25.9", 25, 0),
        ("limit=1", 1, 0),
        ("limit=0", 1, 0),
        ("limit=-1", 1, 0),
        ("limit=-99999999999999999999", 1, 0),
        ("limit=abc", 50, 0),
        ("limit=", 50, 0),
        ("limit", 50, 0),
        ("limit=10^9", 50, 0),
        ("limit=0x10", 50, 0),
        ("limit=NaN", 50, 0),
        ("limit=%00", 50, 0),
        ("limit=%FF", 50, 0),
        ("limit=%E2%82%AC", 50, 0),
        ("limit=null", 50, 0),
        ("limit=2&limit=3", 3, 0),
        ("offset=1", 50, 1),
        ("offset=-1", 50, 0),
        ("offset=abc", 50, 0),
        ("offset=1e1", 50, 10),
        ("offset=100", 50, 100),
        ("Limit=1", 50, 0),
        ("unknown=1&limit=7", 7, 0),
    ] {
        let page = desk.get(&format!("/accounts?{query}"));
        let pagination = &page["pagination"];
        assert_eq!(
            (&pagination["limit"], &pagination["offset"]),
            (&json!(limit), &json!(offset)),
            "{query}"
        );
        let shown = page["accounts"].as_array().unwrap().len();
        assert_eq!(shown, usize::min(limit, 101 - offset), "{query}");
        assert_eq!(pagination["total"], 101, "{query}");
    }
}

// beyond the end there is nothing, and the numbers still tell the truth.
#[test]
fn an_offset_beyond_the_end_is_an_empty_page() {
    let server = Server::sqlite();
    let desk = Desk::new(&server);
    desk.accounts(3);
    for offset in ["3", "4", "1000000000", "9223372036854775807", "99999999999999999999999999", "1e30"] {
        let page = desk.get(&format!("/accounts?offset={offset}"));
        assert_eq!(page["accounts"], json!([]), "{offset}");
        assert_eq!(page["pagination"]["total"], 3, "{offset}");
        assert_eq!(page["pagination"]["hasMore"], false, "{offset}");
        assert!(page["pagination"]["offset"].as_u64().unwrap() >= 3, "{offset}");
    }
}

// true exactly while further records follow.
#[test]
fn has_more_is_right_at_the_edges() {
    let server = Server::sqlite();
    let desk = Desk::new(&server);
    let more = |query: &str| desk.get(&format!("/accounts?{query}"))["pagination"]["hasMore"].clone();
    assert_eq!(more("limit=1"), false, "an empty list");
    desk.accounts(100);
    for (query, expected) in [
        ("limit=99", true),
        ("limit=100", false),
        ("limit=50&offset=49", true),
        ("limit=50&offset=50", false),
        ("limit=1&offset=98", true),
        ("limit=1&offset=99", false),
        ("limit=1&offset=100", false),
    ] {
        assert_eq!(more(query), expected, "{query}");
    }
}

// by creation; a later change does not move a record.
#[test]
fn changed_and_deleted_records_do_not_disturb_the_order() {
    let server = Server::sqlite();
    let desk = Desk::new(&server);
    let accounts = desk.tenant.accounts(["B", "C", "A"].map(str::to_owned));
    server.advance(Duration::from_secs(60));
    desk.tenant.rename_account(accounts[0].id, "Z");
    assert_eq!(column(&desk.get("/accounts")["accounts"], "name"), ["Z", "C", "A"]);
    desk.tenant.remove_account(accounts[1].id);
    let page = desk.get("/accounts");
    assert_eq!(column(&page["accounts"], "name"), ["Z", "A"]);
    assert_eq!(
        page["pagination"]["total"], 2,
        "A-46: a deleted account is neither shown nor counted"
    );
}

// `includeInForecast` has no meaning on accounts.
#[test]
fn the_forecast_filter_means_nothing_here() {
    let server = Server::sqlite();
    let desk = Desk::new(&server);
    desk.accounts(2);
    for word in ["true", "false", "all", "nonsense"] {
        assert_eq!(
            desk.get(&format!("/accounts?includeInForecast={word}"))["pagination"]["total"],
            2,
            "{word}"
        );
    }
}

// the quick reference's parameters in every combination.
#[test]
fn every_combination_of_the_common_parameters_is_accepted() {
    let server = Server::sqlite();
    let desk = documented(&server);
    let parameters = [
        "limit=50",
        "offset=0",
        "updatedSince=2025-01-01T00:00:00.000Z",
        "expand=opportunities",
        "includeInForecast=true",
    ];
    for chosen in 0..1 << parameters.len() {
        let query: Vec<&str> = (0..parameters.len())
            .filter(|index| chosen & (1 << index) != 0)
            .map(|index| parameters[index])
            .collect();
        let query = query.join("&");
        for path in ["/accounts", "/accounts/ACT-00001", "/opportunities", "/opportunities/OPP-00001"] {
            let answer = server.get(&format!("{BASE}{path}?{query}")).key(&desk.key.text).expect(200).json();
            if path == "/accounts" {
                assert_eq!(answer["pagination"]["total"], 1, "{query}");
                assert_eq!(
                    answer["accounts"][0].get("opportunities").is_some(),
                    query.contains("expand"),
                    "{query}"
                );
            }
        }
    }
}
