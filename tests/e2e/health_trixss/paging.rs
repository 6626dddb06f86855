//! Walking through a list by offset and by cursor (contract A-31 … ).

use std::time::Duration;

use crm_domain::page::{Cursor, SortValue};
use crm_tests::{each_server, server::Server};
use serde_json::Value;

use super::{Desk, assert_error_named, column};

each_server! {
    the_pages_hold_every_record_once,
    a_walk_by_cursor_skips_and_repeats_nothing_while_records_come_and_go,
}

fn names(page: &Value) -> Vec<String> {
    column(&page["accounts"], "name").into_iter().map(str::to_owned).collect()
}

fn expected(numbers: impl Iterator<Item = usize>) -> Vec<String> {
    numbers.map(|number| format!("Account {number}")).collect()
}

// the union of the pages is the list, whatever their size, by offset and by cursor.
fn the_pages_hold_every_record_once(server: &Server) {
    let desk = Desk::new(server);
    desk.accounts(47);
    for limit in [1, 7, 46, 47, 48, 100] {
        let mut walked = Vec::new();
        loop {
            let page = desk.get(&format!("/accounts?limit={limit}&offset={}", walked.len()));
            walked.extend(names(&page));
            assert_eq!(page["pagination"]["total"], 47);
            assert_eq!(page["pagination"]["nextCursor"].is_string(), page["pagination"]["hasMore"] == true);
            if page["pagination"]["hasMore"] == false {
                break;
            }
        }
        assert_eq!(walked, expected(1..=47), "by offset, {limit} at once");
        let mut walked = Vec::new();
        let mut page = desk.get(&format!("/accounts?limit={limit}"));
        loop {
            walked.extend(names(&page));
            let Some(cursor) = page["pagination"]["nextCursor"].as_str() else {
                break;
            };
            page = desk.get(&format!("/accounts?limit={limit}&cursor={cursor}"));
            assert_eq!(page["pagination"]["total"], 47);
        }
        assert_eq!(walked, expected(1..=47), "by cursor, {limit} at once");
    }
}

// what a cursor has passed stays passed, what lies ahead stays ahead.
fn a_walk_by_cursor_skips_and_repeats_nothing_while_records_come_and_go(server: &Server) {
    let desk = Desk::new(server);
    let accounts = desk.tenant.accounts(expected(1..=9));
    let first = desk.get("/accounts?limit=3");
    desk.tenant.remove_account(accounts[0].id);
    desk.tenant.remove_account(accounts[2].id);
    desk.tenant.remove_account(accounts[4].id);
    desk.tenant.accounts(expected(10..=11));
    let mut walked = Vec::new();
    let mut cursor = first["pagination"]["nextCursor"].as_str().map(str::to_owned);
    while let Some(next) = cursor {
        let page = desk.get(&format!("/accounts?limit=3&cursor={next}"));
        walked.extend(names(&page));
        cursor = page["pagination"]["nextCursor"].as_str().map(str::to_owned);
    }
    assert_eq!(walked, expected([4, 6, 7, 8, 9, 10, 11].into_iter()));
}

// a cursor is its list's own; `offset` beside it does not count.
#[test]
fn a_cursor_belongs_to_its_list_and_filters() {
    let server = Server::sqlite();
    let desk = Desk::new(&server);
    desk.accounts(5);
    for number in 1..=5 {
        desk.tenant.opportunity(&format!("Opportunity {number}"), None);
    }
    let cursor_of = |path: &str| desk.get(path)["pagination"]["nextCursor"].as_str().unwrap().to_owned();
    let of_accounts = cursor_of("/accounts?limit=2");
    let of_opportunities = cursor_of("/opportunities?limit=2");
    let of_all = cursor_of("/opportunities?limit=2&includeInForecast=all");
    let page = desk.get(&format!("/accounts?limit=2&offset=4&cursor={of_accounts}"));
    assert_eq!(
        (names(&page), &page["pagination"]["offset"]),
        (expected(3..=4), &serde_json::json!(0))
    );
    // Another page size is no other list.
    assert_eq!(
        names(&desk.get(&format!("/accounts?limit=1&cursor={of_accounts}"))),
        expected(3..=3)
    );
    for path in [
        format!("/opportunities?cursor={of_accounts}"),
        format!("/accounts?cursor={of_opportunities}"),
        format!("/opportunities?cursor={of_all}"),
        format!("/opportunities?includeInForecast=all&cursor={of_opportunities}"),
        format!("/opportunities?includeInForecast=false&cursor={of_opportunities}"),
        format!("/accounts?updatedSince=2025-01-01&cursor={of_accounts}"),
    ] {
        assert_error_named(&desk.ask(&path), 400, "Invalid query parameter");
    }
}

// a cursor that cannot be read is refused, whatever it is.
#[test]
fn a_cursor_that_is_none_is_refused() {
    let server = Server::sqlite();
    let desk = Desk::new(&server);
    desk.accounts(5);
    let good = desk.get("/accounts?limit=2")["pagination"]["nextCursor"]
        .as_str()
        .unwrap()
        .to_owned();
    let forged = |value: SortValue, id: i64| {
        // The digest of the list stands in the good one; it is not secret.
        let of_list = (0..4).map(|cut| &good[..good.len() - cut]).find_map(list_digest).expect("a digest");
        let seen = server.now();
        Cursor {
            value,
            id,
            seen,
            list: of_list,
        }
        .encode()
    };
    let mut cursors = vec![
        String::new(),
        "null".to_owned(),
        "AAAA".to_owned(),
        "%00".to_owned(),
        "%FF".to_owned(),
        "x".repeat(10_000),
        good[1..].to_owned(),
        good[..good.len() / 2].to_owned(),
        format!("{good}{good}"),
        good.to_uppercase(),
        forged(SortValue::Integer(Some(1)), 2),
        forged(SortValue::Text(Some("' OR 1=1".to_owned())), 2),
    ];
    cursors.dedup();
    for cursor in cursors {
        assert_error_named(&desk.ask(&format!("/accounts?cursor={cursor}")), 400, "Invalid query parameter");
    }
    // A made-up place in the right list is only a place.
    assert!(names(&desk.get(&format!("/accounts?cursor={}", forged(SortValue::Id, i64::MAX)))).is_empty());
    assert_eq!(
        names(&desk.get(&format!("/accounts?cursor={}", forged(SortValue::Id, i64::MIN)))),
        expected(1..=5)
    );
}

fn list_digest(cursor: &str) -> Option<u32> {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (_, _, _, list): (Value, i64, i64, u32) = serde_json::from_slice(&bytes).ok()?;
    Some(list)
}

// the total counts what is there now.
#[test]
fn totals_follow_every_change() {
    let server = Server::sqlite();
    let desk = Desk::new(&server);
    let totals = || {
        let of = |path: &str| desk.get(path)["pagination"]["total"].as_u64().unwrap();
        (of("/accounts"), of("/opportunities"), of("/opportunities?includeInForecast=all"))
    };
    assert_eq!(totals(), (0, 0, 0));
    let accounts = desk.tenant.accounts(expected(1..=3));
    let opportunity = desk.tenant.opportunity("One", Some(&accounts[0]));
    desk.tenant.opportunity("Two", Some(&accounts[1]));
    assert_eq!(totals(), (3, 2, 2));
    desk.tenant.update_opportunity(
        opportunity.id,
        crm_domain::tenant::opportunity::OpportunityDraft {
            include_in_forecast: crm_domain::field::Patch::Set(false),
            ..Default::default()
        },
    );
    assert_eq!(totals(), (3, 1, 2));
    server.advance(Duration::from_secs(1));
    desk.tenant.remove_account(accounts[0].id);
    assert_eq!(totals(), (2, 1, 1));
    desk.tenant.remove_account(accounts[1].id);
    assert_eq!(totals(), (1, 0, 0));
}
