//! The activity log (contract E-45 … E-47, X-165).

use std::time::Duration;

use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{Desk, assert_place, assert_uuid, column, keys, refusal, text};

each_server! {
    the_log_tells_who_did_what,
    the_log_speaks_of_tasks_as_the_tasks_do,
    activities_are_filtered_and_paged,
}

// E-45
fn the_log_tells_who_did_what(server: &Server) {
    let desk = Desk::new(server);
    let account = desk.tenant.account("Acme's customer");
    desk.make(
        "/api/deals",
        &json!({ "name": "Licence", "companyId": "company_1", "amount": 10.5 }),
    );
    desk.act("/api/deals/deal_1/win", &json!({}));
    let page = desk.get("/activity");
    assert_eq!(keys(&page), ["activities", "has_more", "page", "page_size", "total"]);
    assert_place(&page, 2, 1, 50, false);
    let [won, created] = &page["activities"].as_array().unwrap()[..] else {
        panic!("{page}")
    };
    let members = [
        "action",
        "actor_id",
        "actor_type",
        "changes",
        "created_at",
        "entity_id",
        "entity_type",
        "id",
        "tenant_id",
    ];
    assert_eq!(keys(won), members);
    let deal = desk.get("/deals")["deals"][0].clone();
    for activity in [won, created] {
        assert_uuid(&activity["id"]);
        let shown = json!([
            activity["entity_type"],
            activity["entity_id"],
            activity["tenant_id"],
            activity["actor_type"],
            activity["actor_id"]
        ]);
        assert_eq!(
            shown,
            json!(["deal", deal["id"], desk.tenant.tenant.uuid, "user", deal["owner_id"]])
        );
    }
    assert_eq!((&won["action"], &created["action"]), (&json!("updated"), &json!("created")));
    assert_eq!(won["changes"]["stage"], json!({ "old": "Prospecting", "new": "Closed Won" }));
    assert_eq!(won["changes"]["closed_on"], json!({ "old": null, "new": "2025-01-15" }));
    let changes = &created["changes"];
    assert_eq!(changes["value"], json!({ "old": null, "new": 10.5 }));
    assert_eq!(changes["account_id"], json!({ "old": null, "new": account.uuid }));
    assert_eq!(changes["owner_id"]["new"], deal["owner_id"]);
}

// E-33, E-45
fn the_log_speaks_of_tasks_as_the_tasks_do(server: &Server) {
    let desk = Desk::new(server);
    desk.make("/api/tasks", &json!({ "title": "Call", "dueAt": "2025-01-15T12:00:00Z" }));
    let shown = desk.get("/tasks")["tasks"][0].clone();
    let log = || desk.get("/activity")["activities"].clone();
    let created = log()[0]["changes"].clone();
    for member in ["status", "priority", "due_date", "title", "owner_id"] {
        assert_eq!(created[member], json!({ "old": null, "new": shown[member] }), "{member}");
    }
    desk.act("/api/tasks/task_1/complete", &json!({}));
    let shown = desk.get("/tasks")["tasks"][0].clone();
    let completed = log()[0]["changes"].clone();
    assert_eq!(completed["status"], json!({ "old": "pending", "new": shown["status"] }));
    assert_eq!(completed["completed_at"], json!({ "old": null, "new": shown["completed_at"] }));
}

// E-46, E-47, X-31
fn activities_are_filtered_and_paged(server: &Server) {
    let desk = Desk::new(server);
    desk.tenant.lead_with_status("New");
    desk.tenant.opportunity("Licence", None);
    server.advance(Duration::from_secs(60));
    desk.make("/api/tasks", &json!({ "title": "Call" }));
    desk.act("/api/leads/lead_1/qualify", &json!({}));
    // Of other nouns it does not speak.
    desk.tenant.account("Acme's customer");
    let types = |query: &str| {
        let page = desk.get(&format!("/activity{query}"));
        let types: Vec<String> = column(&page["activities"], "entity_type").into_iter().map(str::to_owned).collect();
        assert_eq!(page["total"], types.len(), "{query}");
        types.join(" ")
    };
    let lead = desk.get("/leads")["leads"][0].clone();
    let id = text(&lead["id"]);
    for (query, expected) in [
        (String::new(), "lead task deal lead"),
        ("?entity_type=deal".to_owned(), "deal"),
        ("?entity_type=LEAD".to_owned(), "lead lead"),
        ("?entity_type=task".to_owned(), "task"),
        (format!("?entity_id={id}"), "lead lead"),
        (format!("?entity_id={id}&entity_type=lead"), "lead lead"),
        (format!("?entity_id={id}&entity_type=deal"), ""),
        ("?entity_id=nothing".to_owned(), ""),
        ("?since=2025-01-15T10:01:00Z".to_owned(), "lead task"),
        ("?since=2025-01-15T10:01:00Z&entity_type=lead".to_owned(), "lead"),
        (format!("?since=2025-01-15T10:01:00Z&entity_id={id}"), "lead"),
        ("?since=2025-01-15T10:02:00Z".to_owned(), ""),
    ] {
        assert_eq!(types(&query), expected, "{query}");
    }
    let first = desk.get("/activity?page_size=3");
    assert_place(&first, 4, 1, 3, true);
    let second = desk.get("/activity?page_size=3&page=2");
    assert_place(&second, 4, 2, 3, false);
    assert_eq!(column(&second["activities"], "entity_type"), ["lead"]);
    assert_place(&desk.get("/activity?page=99999999999999999999"), 4, 2_147_483_647, 50, false);
    // A deleted record's activities stay.
    let token = desk.tenant.admin_token();
    server.delete("/api/leads/lead_1").bearer(&token).expect(204);
    let page = desk.get(&format!("/activity?entity_id={id}"));
    assert_eq!(column(&page["activities"], "action"), ["deleted", "updated", "created"]);
    assert_eq!(page["activities"][0]["entity_id"], json!(id));
    assert_eq!(
        page["activities"][0]["changes"]["status"],
        json!({ "old": "Qualified", "new": Value::Null })
    );
    assert_eq!(
        refusal(&desk.ask("/activity?entity_type=account"), 400),
        "entity_type must be one of: deal, lead, task"
    );
    refusal(&desk.ask("/activity?since=yesterday"), 400);
    refusal(&desk.ask(&format!("/activity?entity_id={}", "x".repeat(10_000))), 400);
}
