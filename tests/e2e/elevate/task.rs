//! Tasks (contract E-31 … E-34, X-164, X-165).

use std::time::Duration;

use crm_tests::{each_server, server::Server};
use serde_json::json;

use super::{Desk, assert_place, assert_uuid, column, keys, refusal};

each_server! {
    a_task_shows_what_is_known_of_it,
    tasks_are_filtered_by_the_clock_and_by_priority,
    tasks_are_paged_and_polled_like_deals,
}

// E-31
fn a_task_shows_what_is_known_of_it(server: &Server) {
    let desk = Desk::new(server);
    let deal = desk.tenant.opportunity("Licence", None);
    let body = json!({
        "title": "Call back", "description": "About the licence", "priority": "High", "dueAt": "2025-01-16T09:00:00Z", "dealId": "deal_1",
    });
    let made = desk.make("/api/tasks", &body);
    assert_eq!(made["dealId"], "deal_1", "{made}");
    let page = desk.get("/tasks");
    assert_eq!(keys(&page), ["has_more", "next_cursor", "page", "page_size", "tasks", "total"]);
    let shown = &page["tasks"][0];
    assert_uuid(&shown["id"]);
    let mut expected = json!({
        "tenant_id": desk.tenant.tenant.uuid, "title": "Call back", "description": "About the licence", "status": "pending",
        "priority": "high", "due_date": "2025-01-16T09:00:00Z", "completed_at": null, "account_id": null, "contact_id": null, "lead_id": null,
        "deal_id": deal.uuid, "created_at": "2025-01-15T10:00:00Z", "updated_at": "2025-01-15T10:00:00Z",
    });
    expected["id"] = shown["id"].clone();
    expected["owner_id"] = json!(format!("user_{}", desk.tenant.admin.id));
    assert_eq!(*shown, expected);
}

// E-32, E-33
fn tasks_are_filtered_by_the_clock_and_by_priority(server: &Server) {
    let desk = Desk::new(server);
    for (title, priority, due) in [
        ("a", "Low", json!("2025-01-15T11:00:00Z")),
        ("b", "Normal", json!("2025-01-20T11:00:00Z")),
        ("c", "High", json!(null)),
        ("d", "Urgent", json!("2025-01-15T11:00:00Z")),
        ("e", "Normal", json!("2025-01-15T11:00:00Z")),
    ] {
        desk.make("/api/tasks", &json!({ "title": title, "priority": priority, "dueAt": due }));
    }
    desk.act("/api/tasks/task_4/complete", &json!({}));
    let token = desk.tenant.admin_token();
    let cancel = server
        .put("/api/tasks/task_5")
        .bearer(&token)
        .json(&json!({ "status": "Cancelled" }));
    cancel.expect(200);
    let titles = |query: &str| {
        let page = desk.get(&format!("/tasks{query}"));
        let titles = column(&page["tasks"], "title").concat();
        assert_eq!(page["total"], titles.len(), "{query}");
        titles
    };
    let all = |expected: [(&str, &str); 9]| {
        for (query, expected) in expected {
            assert_eq!(titles(query), expected, "{query}");
        }
    };
    let of_priority = [
        ("?priority=low", "a"),
        ("?priority=medium", "be"),
        ("?priority=high", "c"),
        ("?priority=URGENT", "d"),
        ("", "abcde"),
    ];
    let [low, medium, high, urgent, every] = of_priority;
    let by_status = |pending, overdue| {
        [
            ("?status=pending", pending),
            ("?status=overdue", overdue),
            ("?status=completed", "d"),
        ]
    };
    let [pending, overdue, completed] = by_status("abc", "");
    all([
        pending,
        overdue,
        completed,
        low,
        medium,
        high,
        urgent,
        every,
        ("?status=pending&priority=low", "a"),
    ]);
    // An hour later one is overdue, by the clock alone.
    server.advance(Duration::from_secs(3_601));
    let [pending, overdue, completed] = by_status("bc", "a");
    all([
        pending,
        overdue,
        completed,
        low,
        medium,
        high,
        urgent,
        every,
        ("?status=overdue&priority=low", "a"),
    ]);
    let shown = desk.get("/tasks");
    assert_eq!(
        column(&shown["tasks"], "status"),
        ["overdue", "pending", "pending", "completed", "cancelled"]
    );
    assert_eq!(column(&shown["tasks"], "priority"), ["low", "medium", "high", "urgent", "medium"]);
    assert_eq!(shown["tasks"][3]["completed_at"], "2025-01-15T10:00:00Z");
    assert_eq!(
        refusal(&desk.ask("/tasks?status=done&priority=soon"), 400),
        "priority must be one of: low, medium, high, urgent; status must be one of: pending, completed, overdue"
    );
}

// E-34
fn tasks_are_paged_and_polled_like_deals(server: &Server) {
    let desk = Desk::new(server);
    for title in ["a", "b", "c"] {
        desk.make("/api/tasks", &json!({ "title": title }));
    }
    assert_place(&desk.get("/tasks?page_size=2"), 3, 1, 2, true);
    assert_place(&desk.get("/tasks?since=2025-01-15T10:00:00Z&page=2&page_size=2"), 3, 2, 2, false);
    assert_place(&desk.get("/tasks?since=2025-01-16"), 0, 1, 50, false);
    refusal(&desk.ask("/tasks?since=yesterday"), 400);
}
