//! Deals (contract E-18 … E-25, X-31, X-163, X-164).

use std::time::Duration;

use crm_domain::{field::Patch, tenant::opportunity::OpportunityDraft};
use crm_tests::{each_server, server::Server, tenant::set};
use serde_json::{Value, json};

use super::{Desk, assert_place, column, keys, refusal, text};

each_server! {
    a_deal_shows_what_is_known_of_it,
    a_deal_shows_how_far_its_handoff_is_and_what_is_due,
    deals_are_filtered_by_status_and_stage,
    since_is_inclusive_and_loses_nothing,
    pages_are_clamped_and_tell_where_they_stand,
    a_walk_by_cursor_meets_every_deal_once,
}

fn deal(name: &str, stage: &str) -> OpportunityDraft {
    OpportunityDraft {
        name: set(name),
        stage: set(stage),
        ..OpportunityDraft::default()
    }
}

// E-18, E-24, X-14, X-164
fn a_deal_shows_what_is_known_of_it(server: &Server) {
    let desk = Desk::new(server);
    let account = desk.tenant.account("Acme's customer");
    let contact = desk.tenant.contact("Jane", "jane@acme.example", "1");
    let made = desk.tenant.opportunity_of(OpportunityDraft {
        account_id: Patch::Set(account.id),
        contact_id: Patch::Set(contact.id),
        amount: set("75000.50"),
        probability: set(40),
        expected_close_date: set("2025-03-15"),
        description: set("Annual"),
        lead_source: set("Referral"),
        next_step: set("Call"),
        ..deal("Enterprise licence", "Proposal Sent")
    });
    let page = desk.get("/deals");
    assert_eq!(keys(&page), ["deals", "has_more", "next_cursor", "page", "page_size", "total"]);
    assert_place(&page, 1, 1, 50, false);
    let shown = &page["deals"][0];
    let mut expected = json!({
        "id": made.uuid, "tenant_id": desk.tenant.tenant.uuid, "name": "Enterprise licence", "stage": "Proposal Sent", "status": "open",
        "value": 75000.5, "currency": "USD", "probability": 40, "expected_close_date": "2025-03-15", "closed_on": null, "lost_reason": null,
        "description": "Annual", "source": "Referral", "next_step": "Call", "sla_due_at": null, "handoff_status": null, "account_id": account.uuid, "contact_id": contact.uuid,
        "created_at": "2025-01-15T10:00:00Z", "updated_at": "2025-01-15T10:00:00Z",
    });
    expected["owner_id"] = json!(format!("user_{}", desk.tenant.admin.id));
    assert_eq!(*shown, expected);
    // Another tenant's deals are nobody's business.
    assert_eq!(Desk::named(server, "Bolt").get("/deals")["total"], 0);
}

//
fn a_deal_shows_how_far_its_handoff_is_and_what_is_due(server: &Server) {
    let desk = Desk::new(server);
    let policy = json!({
        "name": "Quick", "appliesTo": "Deal", "isDefault": true, "firstResponseMinutes": 60, "resolutionMinutes": 240,
    });
    desk.make("/api/sla-policies", &policy);
    let deal = desk.make("/api/deals", &json!({ "name": "Enterprise licence" }));
    desk.make("/api/deals", &json!({ "name": "Another" }));
    let shown = || {
        let page = desk.get("/deals");
        let deal = &page["deals"][0];
        assert_eq!(page["deals"][1]["handoff_status"], Value::Null);
        (deal["sla_due_at"].clone(), deal["handoff_status"].clone())
    };
    let first_response = json!("2025-01-15T11:00:00Z");
    assert_eq!(shown(), (first_response.clone(), Value::Null));
    let handoff = format!("/api/deals/{}/handoff", text(&deal["id"]));
    desk.make(&handoff, &json!({ "receiverId": format!("user_{}", desk.tenant.admin.id) }));
    assert_eq!(shown(), (first_response, json!("pending")));
    let token = desk.tenant.admin_token();
    server.post(&format!("{handoff}/complete")).bearer(&token).expect(200);
    // Who moves the deal on has answered.
    server.advance(Duration::from_secs(600));
    let item = format!("/api/deals/{}", text(&deal["id"]));
    server
        .put(&item)
        .bearer(&token)
        .json(&json!({ "stage": "Negotiation" }))
        .expect(200);
    assert_eq!(shown(), (json!("2025-01-15T14:00:00Z"), json!("completed")));
    server.put(&item).bearer(&token).json(&json!({ "stage": "Closed Won" })).expect(200);
    assert_eq!(shown(), (Value::Null, json!("completed")));
}

// E-19, E-20
fn deals_are_filtered_by_status_and_stage(server: &Server) {
    let desk = Desk::new(server);
    for (name, stage) in [
        ("a", "Prospecting"),
        ("b", "Negotiation"),
        ("c", "Closed Won"),
        ("d", "Closed Lost"),
        ("e", "Prospecting"),
    ] {
        desk.tenant.opportunity_of(deal(name, stage));
    }
    // A stage of the same name in another pipeline.
    let pipeline = desk.make("/api/pipelines", &json!({ "name": "Partners" }));
    let stage = pipeline["stages"][3]["id"].clone();
    desk.make("/api/deals", &json!({ "name": "f", "stageId": stage }));
    let names = |query: &str| {
        let page = desk.get(&format!("/deals{query}"));
        let names: Vec<String> = column(&page["deals"], "name").into_iter().map(str::to_owned).collect();
        assert_eq!(page["total"], names.len(), "{query}");
        names.concat()
    };
    for (query, expected) in [
        ("", "abcdef"),
        ("?status=open", "abef"),
        ("?status=won", "c"),
        ("?status=LOST", "d"),
        ("?stage=prospecting", "ae"),
        ("?stage=Negotiation", "bf"),
        ("?stage=Negotiation&status=won", ""),
        ("?stage=No+such+stage", ""),
        ("?status=&stage=", "abcdef"),
        ("?anything=else", "abcdef"),
    ] {
        assert_eq!(names(query), expected, "{query}");
    }
    let won = desk.get("/deals?status=won")["deals"][0].clone();
    assert_eq!((&won["status"], &won["closed_on"]), (&json!("won"), &json!("2025-01-15")));
    assert_eq!(
        refusal(&desk.ask("/deals?status=closed"), 400),
        "status must be one of: open, won, lost"
    );
    refusal(&desk.ask(&format!("/deals?stage={}", "x".repeat(101))), 400);
}

// E-21, X-31
fn since_is_inclusive_and_loses_nothing(server: &Server) {
    let desk = Desk::new(server);
    desk.tenant.opportunity_of(deal("a", "Prospecting"));
    server.advance(Duration::from_secs(60));
    let second = desk.tenant.opportunity_of(deal("b", "Prospecting"));
    let names = |since: &str| column(&desk.get(&format!("/deals?since={since}"))["deals"], "name").concat();
    assert_eq!(names(&second.updated_at.to_microsecond_precision()), "b");
    assert_eq!(names(&second.updated_at.to_second_precision()), "b");
    assert_eq!(names("2025-01-15T10:01:01Z"), "");
    assert_eq!(names("2025-01-15T12:00:00%2B02:00"), "ab");
    // What is changed comes again.
    server.advance(Duration::from_secs(60));
    desk.tenant.update_opportunity(
        second.id,
        OpportunityDraft {
            next_step: set("Call"),
            ..OpportunityDraft::default()
        },
    );
    assert_eq!(names("2025-01-15T10:02:00Z"), "b");
    for bad in ["yesterday", "", "2025-13-01", "1736935200"] {
        assert!(
            refusal(&desk.ask(&format!("/deals?since={bad}")), 400).starts_with("since must be"),
            "{bad}"
        );
    }
}

// E-22, E-23, E-25, X-163
fn pages_are_clamped_and_tell_where_they_stand(server: &Server) {
    let desk = Desk::new(server);
    for number in 0..5 {
        desk.tenant.opportunity_of(deal(&number.to_string(), "Prospecting"));
    }
    let page = |query: &str| desk.get(&format!("/deals{query}"));
    assert_place(&page("?page_size=2"), 5, 1, 2, true);
    let last = page("?page_size=2&page=3");
    assert_place(&last, 5, 3, 2, false);
    assert_eq!(column(&last["deals"], "name"), ["4"]);
    assert_place(&page("?page_size=5"), 5, 1, 5, false);
    assert_place(&page("?page_size=501"), 5, 1, 500, false);
    assert_place(&page("?page_size=0&page=0"), 5, 1, 1, true);
    assert_place(&page("?page=-1"), 5, 1, 50, false);
    let beyond = page("?page=100000000000000000000");
    assert_eq!(
        (&beyond["deals"], &beyond["has_more"], &beyond["total"]),
        (&json!([]), &json!(false), &json!(5))
    );
    for (query, detail) in [
        ("?page=abc", "page must be a whole number"),
        ("?page=10%5E20", "page must be a whole number"),
        (
            "?page_size=ten&page=x",
            "page must be a whole number; page_size must be a whole number",
        ),
    ] {
        assert_eq!(refusal(&desk.ask(&format!("/deals{query}")), 400), detail);
    }
}

fn a_walk_by_cursor_meets_every_deal_once(server: &Server) {
    let desk = Desk::new(server);
    for number in 0..5 {
        desk.tenant.opportunity_of(deal(&number.to_string(), "Prospecting"));
    }
    let (mut names, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let query = cursor.as_str().map_or_else(String::new, |cursor| format!("&cursor={cursor}"));
        let page = desk.get(&format!("/deals?status=open&page_size=2{query}"));
        names.extend(column(&page["deals"], "name").into_iter().map(str::to_owned));
        assert_eq!(page["total"], 5);
        cursor = page["next_cursor"].clone();
        if page["has_more"] == false {
            assert_eq!(cursor, Value::Null);
            break;
        }
    }
    assert_eq!(names.concat(), "01234");
    let first = desk.get("/deals?status=open&page_size=2");
    let other = format!("/deals?status=won&cursor={}", text(&first["next_cursor"]));
    assert!(refusal(&desk.ask(&other), 400).starts_with("cursor must be"));
}
