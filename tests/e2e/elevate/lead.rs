//! Leads (contract E-26 … E-30, X-164, X-165).

use crm_domain::tenant::lead::LeadDraft;
use crm_tests::{each_server, server::Server, tenant::set};
use serde_json::json;

use super::{Desk, assert_place, column, keys, refusal};

each_server! {
    a_lead_shows_what_is_known_of_it,
    leads_are_filtered_by_status_and_tier,
    leads_are_paged_and_polled_like_deals,
}

// E-26, E-30
fn a_lead_shows_what_is_known_of_it(server: &Server) {
    let desk = Desk::new(server);
    let account = desk.tenant.account("Acme's customer");
    let made = desk.tenant.lead_of(LeadDraft {
        first_name: set("Jane"),
        last_name: set("Doe"),
        email: set("jane@acme.example"),
        phone: set("+1 555 0100"),
        title: set("CTO"),
        company: set("Acme"),
        source: set("Website"),
        description: set("Met at the fair"),
        account_id: crm_domain::field::Patch::Set(account.id),
        ..LeadDraft::default()
    });
    let page = desk.get("/leads");
    assert_eq!(keys(&page), ["has_more", "leads", "next_cursor", "page", "page_size", "total"]);
    let shown = &page["leads"][0];
    let mut expected = json!({
        "id": made.uuid, "tenant_id": desk.tenant.tenant.uuid, "name": "Jane Doe", "first_name": "Jane", "last_name": "Doe",
        "email": "jane@acme.example", "phone": "+1 555 0100", "title": "CTO", "company": "Acme", "source": "Website", "status": "New",
        "tier": "A", "score": 85, "description": "Met at the fair", "disqualified_reason": null, "qualified_at": null, "converted_at": null,
        "converted_deal_id": null, "account_id": account.uuid, "created_at": "2025-01-15T10:00:00Z", "updated_at": "2025-01-15T10:00:00Z",
    });
    expected["owner_id"] = json!(format!("user_{}", desk.tenant.admin.id));
    assert_eq!(*shown, expected);
    // What became of it, whichever family made it so.
    let converted = desk.act("/api/leads/lead_1/convert", &json!({ "deal": { "name": "Licence" } }));
    let lead = desk.get("/leads")["leads"][0].clone();
    assert_eq!(lead["status"], "Converted", "{converted}");
    assert_eq!(lead["converted_deal_id"], desk.get("/deals")["deals"][0]["id"]);
}

// E-27, E-28
fn leads_are_filtered_by_status_and_tier(server: &Server) {
    let desk = Desk::new(server);
    for (name, status, title, phone) in [
        ("a", "New", "CEO", "+1"),
        ("b", "Qualified", "CEO", "+1"),
        ("c", "Qualified", "", ""),
        ("d", "Nurturing", "", "+1"),
        ("e", "Disqualified", "CEO", "+1"),
    ] {
        desk.tenant.lead_of(LeadDraft {
            last_name: set(name),
            email: set(format!("{name}@acme.example")),
            status: set(status),
            title: set(title),
            phone: set(phone),
            ..LeadDraft::default()
        });
    }
    let names = |query: &str| {
        let page = desk.get(&format!("/leads{query}"));
        let names = column(&page["leads"], "last_name").concat();
        assert_eq!(page["total"], names.len(), "{query}");
        names
    };
    // Points: a 65, b 80, c 40, d 40, e none.
    for (query, expected) in [
        ("", "abcde"),
        ("?status=Qualified", "bc"),
        ("?status=qualified", "bc"),
        ("?status=Nurturing", "d"),
        ("?status=unheard+of", ""),
        ("?tier=A", "b"),
        ("?tier=b", "a"),
        ("?tier=C", "cd"),
        ("?tier=D", "e"),
        ("?tier=C&status=Qualified", "c"),
    ] {
        assert_eq!(names(query), expected, "{query}");
    }
    for bad in ["E", "AB", "*"] {
        assert_eq!(
            refusal(&desk.ask(&format!("/leads?tier={bad}")), 400),
            "tier must be one of: A, B, C, D"
        );
    }
    refusal(&desk.ask(&format!("/leads?status={}", "x".repeat(10_000))), 400);
}

// E-29, X-165
fn leads_are_paged_and_polled_like_deals(server: &Server) {
    let desk = Desk::new(server);
    desk.tenant.leads((0..3).map(|number| format!("Lead {number}")));
    assert_place(&desk.get("/leads?page_size=2"), 3, 1, 2, true);
    assert_place(&desk.get("/leads?page=2&page_size=2"), 3, 2, 2, false);
    assert_place(&desk.get("/leads?since=2025-01-15T10:00:00Z"), 3, 1, 50, false);
    assert_place(&desk.get("/leads?since=2025-01-15T10:00:01Z"), 0, 1, 50, false);
    refusal(&desk.ask("/leads?since=yesterday"), 400);
    refusal(&desk.ask("/leads?page_size=many"), 400);
}
