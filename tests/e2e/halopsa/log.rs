//! The error log (contract B-23, B-91 … B-97, X-70 … X-72).

use std::time::Duration;

use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{Desk, assert_second, keys, refusal};

each_server! {
    a_failed_sync_is_logged,
    the_log_is_read_by_pages_levels_and_dates,
    what_is_old_is_forgotten,
}

fn sync(desk: &Desk<'_>, email: &str, options: Value) -> u16 {
    let body = json!({ "source": "apollo", "data": { "first_name": "Ada", "email": email }, "options": options });
    desk.post("/sync/leads", &body).status
}

// B-23, B-91, B-95, B-96, B-97, X-72
fn a_failed_sync_is_logged(server: &Server) {
    let desk = Desk::new(server);
    let empty = json!({ "errors": [], "pagination": { "total": 0, "page": 1, "limit": 50 } });
    assert_eq!(desk.get("/errors"), empty);
    let id = desk.lead("Ada", "ada@example.com");
    assert_eq!(sync(&desk, "very-private@", json!({})), 400);
    assert_eq!(sync(&desk, "ada@example.com", json!({})), 400);
    assert_eq!(sync(&desk, "ada@example.com", json!({ "update_existing": true })), 200);
    let log = desk.get("/errors");
    assert_eq!(log["pagination"], json!({ "total": 3, "page": 1, "limit": 50 }));
    let errors = log["errors"].as_array().unwrap();
    for error in errors {
        assert_eq!(keys(error), ["details", "id", "level", "message", "source", "timestamp"]);
        assert_second(&error["timestamp"]);
        assert_eq!(error["source"], "apollo");
    }
    let shown: Vec<Value> = errors
        .iter()
        .map(|error| json!([error["id"], error["level"], error["details"]]))
        .collect();
    assert_eq!(
        json!(shown),
        json!([
            ["err_3", "info", { "lead_id": id }],
            ["err_2", "warning", { "lead_id": id, "error_code": "VALIDATION_ERROR" }],
            ["err_1", "error", { "error_code": "VALIDATION_ERROR" }],
        ])
    );
    assert_eq!(errors[2]["message"], "Failed to sync lead: email must be a valid email address");
    // What was sent is not told.
    assert!(!log.to_string().contains("very-private"), "{log}");
    // Bulk imports are logged alike, and nobody else sees it.
    let bulk = json!({ "source": "zoominfo", "leads": [{ "first_name": "Ada", "email": "ada@example.com" }, {}] });
    desk.post("/sync/leads/bulk", &bulk).expect(200);
    assert_eq!(desk.get("/errors")["pagination"]["total"], 5);
    assert_eq!(Desk::named(server, "Bolt").get("/errors"), empty);
}

// B-92, B-93, B-94, B-95, X-70, X-71
fn the_log_is_read_by_pages_levels_and_dates(server: &Server) {
    let desk = Desk::new(server);
    desk.lead("Ada", "ada@example.com");
    for number in 0..5 {
        sync(&desk, "nothing", json!({}));
        if number == 2 {
            server.advance(Duration::from_secs(24 * 3_600));
        }
    }
    sync(&desk, "ada@example.com", json!({}));
    let ids = |query: &str| -> Vec<String> {
        let log = desk.get(&format!("/errors{query}"));
        log["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| error["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids("?limit=2"), ["err_6", "err_5"]);
    assert_eq!(ids("?limit=2&page=3"), ["err_2", "err_1"]);
    assert_eq!(ids("?limit=2&page=4"), [""; 0]);
    assert_eq!(ids("?level=warning"), ["err_6"]);
    assert_eq!(ids("?level=error&start_date=2025-01-16"), ["err_5", "err_4"]);
    assert_eq!(ids("?start_date=2025-01-16T10:00:00Z").len(), 3);
    assert_eq!(
        desk.get("/errors?limit=9999")["pagination"],
        json!({ "total": 6, "page": 1, "limit": 500 })
    );
    for query in ["?limit=many", "?level=fatal", "?start_date=yesterday", "?page=x"] {
        refusal(&desk.request("GET", &format!("/errors{query}")).send(), 400, "VALIDATION_ERROR");
    }
}

fn what_is_old_is_forgotten(server: &Server) {
    let desk = Desk::new(server);
    sync(&desk, "nothing", json!({}));
    server.advance(Duration::from_secs(91 * 24 * 3_600));
    sync(&desk, "nothing", json!({}));
    server.purge();
    let log = desk.get("/errors");
    assert_eq!((&log["pagination"]["total"], &log["errors"][0]["id"]), (&json!(1), &json!("err_2")));
}
