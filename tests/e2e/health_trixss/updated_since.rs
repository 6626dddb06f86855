//! `updatedSince` (contract ).

use std::time::Duration;

use crm_tests::{each_server, server::Server};
use serde_json::json;

use super::{Desk, assert_error_named, column};

each_server! {
    only_what_changed_after_it_is_shown,
    every_spelling_of_a_time_is_read,
}

// strictly after; a change brings a record back.
fn only_what_changed_after_it_is_shown(server: &Server) {
    let desk = Desk::new(server);
    let first = desk.tenant.account("first");
    desk.tenant.opportunity("first", Some(&first));
    server.advance(Duration::from_secs(60));
    let second = desk.tenant.account("second");
    desk.tenant.opportunity("second", Some(&second));
    let names = |list: &str, since: &str| {
        let page = desk.get(&format!("/{list}?updatedSince={since}"));
        let names: Vec<String> = column(&page[list], "name").into_iter().map(str::to_owned).collect();
        assert_eq!(page["pagination"]["total"], names.len());
        names
    };
    for list in ["accounts", "opportunities"] {
        assert_eq!(names(list, "2025-01-15T09:59:59.999Z"), ["first", "second"]);
        assert_eq!(names(list, "2025-01-15T10:00:30.000Z"), ["second"]);
        assert!(names(list, "2025-01-15T10:01:01.000Z").is_empty());
        assert!(names(list, "2030-01-01T00:00:00.000Z").is_empty());
        assert_eq!(names(list, "1970-01-01T00:00:00.000Z"), ["first", "second"]);
    }
    server.advance(Duration::from_secs(60));
    desk.tenant.rename_account(first.id, "first again");
    assert_eq!(names("accounts", "2025-01-15T10:01:30Z"), ["first again"]);
    assert!(names("opportunities", "2025-01-15T10:01:30Z").is_empty());
    // a stamp shown in milliseconds was cut: asking with it may show the record again and never loses a later one.
    let shown = desk.get("/accounts/ACT-00001")["updatedAt"].as_str().unwrap().to_owned();
    server.advance(Duration::from_micros(300));
    desk.tenant.rename_account(second.id, "in the same millisecond");
    assert!(names("accounts", &shown).contains(&"in the same millisecond".to_owned()));
}

// the boundary is exact to the microsecond.
fn every_spelling_of_a_time_is_read(server: &Server) {
    let desk = Desk::new(server);
    server.advance(Duration::from_micros(123_456));
    desk.tenant.account("at 10:00:00.123456");
    for (since, shown) in [
        ("2025-01-15T10:00:00.123455Z", 1),
        ("2025-01-15T10:00:00.123456Z", 0),
        ("2025-01-15T10:00:00.123Z", 1),
        ("2025-01-15T10:00:00.124Z", 0),
        ("2025-01-15T10:00:00.12Z", 1),
        ("2025-01-15T10:00:00Z", 1),
        // Nine digits: cut to microseconds, so that nothing is lost.
        ("2025-01-15T10:00:00.123455999Z", 1),
        ("2025-01-15T10:00:00.123456789Z", 0),
        ("2025-01-15T10:00:00.000000000Z", 1),
        ("2025-01-15t10:00:00.123456z", 0),
        ("2025-01-15t10:00:00z", 1),
        ("2025-01-15T12:00:00.123456%2B02:00", 0),
        ("2025-01-15T12:00:00%2B02:00", 1),
        // A plus sign that reached the server as a blank.
        ("2025-01-15T12:00:00.123456+02:00", 0),
        ("2025-01-15T12:00:00+02:00", 1),
        ("2025-01-15T12:00:00%2002:00", 1),
        ("2025-01-15T02:00:00-08:00", 1),
        ("2025-01-15T02:00:01-08:00", 0),
        ("2025-01-15T10%3A00%3A00.000Z", 1),
        ("2025-01-15T10:00Z", 1),
        ("2025-01-15T10:01Z", 0),
        ("2025-01-15T12:00%2B02:00", 1),
        ("2025-01-15T12:00+02:00", 1),
        ("2025-01-15T12:00:00%2B0200", 1),
        ("2025-01-15T12:00:00%2B02", 1),
        ("2025-01-15T10:00:00,123456Z", 0),
        ("20250115T100000Z", 1),
        ("20250115T100000.123455Z", 1),
        ("20250115T100000.123456Z", 0),
        ("20250115T1000Z", 1),
        ("20250115T120000%2B0200", 1),
        ("20250115T120000+0200", 1),
        ("2025-01-15", 1),
        ("2025-01-16", 0),
        ("%202025-01-15%20", 1),
    ] {
        let page = desk.get(&format!("/accounts?updatedSince={since}"));
        assert_eq!(page["accounts"].as_array().unwrap().len(), shown, "{since}");
        assert_eq!(page["pagination"]["total"], json!(shown), "{since}");
    }
}

// : never silently everything.
#[test]
fn what_is_no_time_is_refused() {
    let server = Server::sqlite();
    let desk = Desk::new(&server);
    for bad in [
        "yesterday",
        "",
        "null",
        "undefined",
        "NaN",
        "0",
        "1736935200",
        "1736935200000",
        "2025",
        "2025-01",
        "2025-02-30",
        "2025-13-01",
        "2025-01-15T25:00:00Z",
        "2025-01-15T10:00",
        "2025-01-15T10:00:00",
        "2025-01-15T10:00:00.Z",
        "2025-01-15T10:00:00Zjunk",
        "15.01.2025",
        "01/15/2025",
        "-2025-01-15T10:00:00Z",
        "20250115",
        "20250115T100000",
        "20250115100000Z",
        "2025-01-15T10:00:00%00Z",
        "%FF",
        "%F0%9F%9A%80",
    ] {
        for list in ["accounts", "opportunities"] {
            let answer = desk.ask(&format!("/{list}?updatedSince={bad}"));
            assert_error_named(&answer, 400, "Invalid query parameter");
        }
    }
    // A detail has no such parameter.
    desk.tenant.account("Acme");
    desk.get("/accounts/ACT-00001?updatedSince=yesterday");
}
