//! Restoring deleted records (contract X-129), for every noun alike.

use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{create, ids, page::get, refusal, text};

each_server! {
    a_deleted_record_is_listed_and_restored,
    what_is_not_deleted_is_not_restored,
    a_company_comes_back_with_its_deals,
}

fn a_deleted_record_is_listed_and_restored(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    for (path, body) in [
        ("/api/companies", json!({ "name": "Acme", "externalId": "E-1" })),
        ("/api/contacts", json!({ "lastName": "Lovelace", "email": "ada@example.com" })),
        (
            "/api/leads",
            json!({ "firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com" }),
        ),
        ("/api/deals", json!({ "name": "Deal", "externalId": "E-1" })),
        ("/api/activities", json!({ "type": "note", "subject": "Note" })),
        ("/api/tasks", json!({ "title": "Task" })),
        ("/api/tickets", json!({ "subject": "Ticket" })),
        ("/api/partners", json!({ "name": "Partner" })),
        (
            "/api/sla-policies",
            json!({ "name": "Policy", "appliesTo": "Lead", "firstResponseMinutes": 5, "resolutionMinutes": 60, "isDefault": true }),
        ),
        ("/api/tags", json!({ "name": "VIP" })),
    ] {
        let made = create(server, &token, path, &body);
        let id = text(&made["id"]);
        let item = format!("{path}/{id}");
        server.delete(&item).bearer(&token).expect(204);
        assert_eq!(ids(&get(server, &token, &format!("{path}?deleted=true"))), [id], "{path}");
        let answer = server.post(&format!("{item}/restore")).bearer(&token).expect(200);
        let restored = answer.json();
        assert_eq!(restored, made, "{path}: the clock stands still");
        let read = server.get(&item).bearer(&token).expect(200);
        assert_eq!(answer.header("etag"), read.header("etag"), "{path}");
        assert_eq!(get(server, &token, &item), made);
        assert_eq!(get(server, &token, &format!("{path}?deleted=true"))["totalCount"], 0);
        let history = get(server, &token, &format!("{item}/changes"));
        let kinds: Vec<&str> = history["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|change| text(&change["kind"]))
            .collect();
        assert_eq!(kinds, ["restored", "deleted", "created"], "{path}");
    }
}

// C-121, X-100
fn what_is_not_deleted_is_not_restored(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let body = json!({ "lastName": "A", "email": "a@example.com" });
    create(server, &token, "/api/contacts", &body);
    let restore = |id: &str| {
        server
            .post(&format!("/api/contacts/{id}/restore"))
            .bearer(&token)
            .json(&json!({}))
            .send()
    };
    let error = refusal(server, &restore("contact_1"), 409, "DUPLICATE");
    assert_eq!(
        (&error["message"], &error["details"]),
        (&json!("The contact is not deleted and cannot be restored"), &json!([]))
    );
    for unknown in ["contact_99", "company_1", "x"] {
        refusal(server, &restore(unknown), 404, "NOT_FOUND");
    }
    server.delete("/api/contacts/contact_1").bearer(&token).expect(204);
    create(server, &token, "/api/contacts", &body);
    refusal(server, &restore("contact_1"), 409, "DUPLICATE");
    let stranger = server.tenant("Bolt").admin_token();
    let foreign = server.post("/api/contacts/contact_1/restore").bearer(&stranger).send();
    refusal(server, &foreign, 404, "NOT_FOUND");
}

//
fn a_company_comes_back_with_its_deals(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let company = create(server, &token, "/api/companies", &json!({ "name": "Acme" }));
    let contact = create(
        server,
        &token,
        "/api/contacts",
        &json!({ "lastName": "A", "companyId": company["id"] }),
    );
    let deal = create(server, &token, "/api/deals", &json!({ "name": "Deal", "companyId": company["id"] }));
    server.delete("/api/companies/company_1").bearer(&token).expect(204);
    assert_eq!(get(server, &token, "/api/contacts/contact_1")["companyId"], Value::Null);
    server.post("/api/companies/company_1/restore").bearer(&token).expect(200);
    assert_eq!(get(server, &token, "/api/contacts/contact_1"), contact);
    assert_eq!(get(server, &token, "/api/deals/deal_1"), deal);
    // Sent again with its key it is answered again, without one it is told that there is nothing to do.
    server.delete("/api/deals/deal_1").bearer(&token).expect(204);
    let post = || {
        server
            .post("/api/deals/deal_1/restore")
            .bearer(&token)
            .header("idempotency-key", "k")
            .expect(200)
    };
    assert_eq!((post().json(), post().header("idempotent-replayed")), (deal, Some("true")));
}
