//! Partners (contract E-48, E-49, X-164, X-165).

use crm_tests::{each_server, server::Server};
use serde_json::json;

use super::{Desk, assert_place, assert_uuid, column, keys, refusal};

each_server!(partners_are_those_that_family_c_keeps);

// E-48, E-49
fn partners_are_those_that_family_c_keeps(server: &Server) {
    let desk = Desk::new(server);
    let body = json!({
        "name": "Globex", "partnerType": "Reseller", "email": "sales@globex.example", "phone": "+1", "website": "https://globex.example",
        "contactName": "Hank", "commissionPercent": 12.5, "notes": "Since 2020",
    });
    desk.make("/api/partners", &body);
    desk.make("/api/partners", &json!({ "name": "Initech" }));
    let page = desk.get("/partners");
    assert_eq!(keys(&page), ["has_more", "next_cursor", "page", "page_size", "partners", "total"]);
    assert_place(&page, 2, 1, 50, false);
    assert_eq!(column(&page["partners"], "name"), ["Globex", "Initech"]);
    let shown = &page["partners"][0];
    assert_uuid(&shown["id"]);
    let mut expected = json!({
        "tenant_id": desk.tenant.tenant.uuid, "name": "Globex", "partner_type": "Reseller", "status": "Active",
        "email": "sales@globex.example", "phone": "+1", "website": "https://globex.example", "contact_name": "Hank",
        "commission_percent": 12.5, "notes": "Since 2020", "created_at": "2025-01-15T10:00:00Z", "updated_at": "2025-01-15T10:00:00Z",
    });
    expected["id"] = shown["id"].clone();
    expected["owner_id"] = json!(format!("user_{}", desk.tenant.admin.id));
    assert_eq!(*shown, expected);
    assert_place(&desk.get("/partners?page=2&page_size=1"), 2, 2, 1, false);
    refusal(&desk.ask("/partners?page=first"), 400);
}
