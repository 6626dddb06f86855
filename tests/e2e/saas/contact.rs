//! Contacts (contract C-53 … C-59, X-87, X-93, X-100).

use std::time::Duration;

use crm_domain::control::user::Role;
use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{create, details, fields, ids, page::get, refusal, text};

each_server! {
    a_contact_round_trips_with_every_field,
    a_contact_needs_a_name,
    an_update_changes_what_it_names,
    a_deleted_contact_is_gone,
    an_email_is_one_contacts,
    a_company_lists_its_contacts,
}

const PATH: &str = "/api/contacts";

fn item(contact: &Value) -> String {
    format!("{PATH}/{}", text(&contact["id"]))
}

// C-53, C-54, C-55, C-58, C-59, X-87
fn a_contact_round_trips_with_every_field(server: &Server) {
    let tenant = server.tenant("Acme");
    let (admin, user) = (tenant.login(&tenant.admin), tenant.user(Role::User));
    let company = create(server, &admin.token, "/api/companies", &json!({ "name": "Møbler 株式会社" }));
    let sent = json!({
        "externalId": "SAP/ä 1", "firstName": "Zoë 🚀", "lastName": "Ærø", "email": "Zoë+crm@exämple.com", "phone": "+45 (0) 12",
        "otherPhone": "+45 13", "title": "Head of R&D", "company": "Møbler 株式会社", "website": "www.example.com/ü", "city": "Łódź",
        "state": "Čechy", "country": "Ελλάδα", "description": "a\r\n\"b\" \\ c", "companyId": company["id"],
        "ownerId": format!("user_{}", user.id),
    });
    let answer = server.post(PATH).bearer(&admin.token).json(&sent).expect(201);
    let made = answer.json();
    assert_eq!(answer.header("location"), Some(item(&made).as_str()));
    let mut expected = sent;
    expected["id"] = json!("contact_1");
    expected["createdAt"] = json!("2025-01-15T10:00:00Z");
    expected["updatedAt"] = json!("2025-01-15T10:00:00Z");
    expected["createdBy"] = json!(admin.user_id);
    expected["tenantId"] = json!(admin.tenant_id);
    expected["tags"] = json!([]);
    expected["customFields"] = json!({});
    assert_eq!(made, expected);
    assert_eq!(get(server, &admin.token, &item(&made)), expected);
    let list = get(server, &admin.token, PATH);
    assert_eq!((&list["items"], &list["totalCount"]), (&json!([expected]), &json!(1)));
    let other = server.tenant("Bolt").admin_token();
    refusal(server, &server.get(&item(&made)).bearer(&other).send(), 404, "NOT_FOUND");
    assert_eq!(get(server, &other, PATH)["totalCount"], 0);
}

// X-89 in spirit, C-117
fn a_contact_needs_a_name(server: &Server) {
    let tenant = server.tenant("Acme");
    let login = tenant.login(&tenant.admin);
    let made = create(server, &login.token, PATH, &json!({ "firstName": " Ada " }));
    assert_eq!(
        made,
        json!({
            "id": "contact_1", "externalId": null, "firstName": "Ada", "lastName": null, "email": null, "phone": null, "otherPhone": null,
            "title": null, "company": null, "website": null, "city": null, "state": null, "country": null, "description": null,
            "companyId": null, "ownerId": login.user_id, "createdAt": "2025-01-15T10:00:00Z", "updatedAt": "2025-01-15T10:00:00Z",
            "createdBy": login.user_id, "tenantId": login.tenant_id, "tags": [], "customFields": {},
        })
    );
    let post = |body: Value| server.post(PATH).bearer(&login.token).json(&body).send();
    let error = refusal(server, &post(json!({})), 422, "VALIDATION_ERROR");
    assert_eq!(details(&error), [("lastName", "Last name is required")]);
    let wrong = json!({ "email": "x", "companyId": "company_99", "website": "no url", "ownerId": 7, "phone": 1 });
    let error = refusal(server, &post(wrong), 422, "VALIDATION_ERROR");
    assert_eq!(fields(&error), ["companyId", "email", "lastName", "ownerId", "phone", "website"]);
    let error = refusal(
        server,
        &post(json!({ "lastName": "A", "companyId": "company_99" })),
        422,
        "VALIDATION_ERROR",
    );
    assert_eq!(details(&error), [("companyId", "Company id must name an existing company")]);
}

// C-56, X-93
fn an_update_changes_what_it_names(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let made = create(
        server,
        &token,
        PATH,
        &json!({ "firstName": "Ada", "lastName": "Lovelace", "city": "London" }),
    );
    server.advance(Duration::from_secs(60));
    let put = |body: Value| server.put(&item(&made)).bearer(&token).json(&body).expect(200).json();
    let mut expected = made.clone();
    expected["city"] = json!("Paris");
    expected["firstName"] = Value::Null;
    expected["updatedAt"] = json!("2025-01-15T10:01:00Z");
    assert_eq!(put(json!({ "city": "Paris", "firstName": null, "unknown": 1 })), expected);
    server.advance(Duration::from_secs(60));
    assert_eq!(put(json!({ "city": "Paris" })), expected, "nothing changed, not even the time");
    let refused = server.put(&item(&made)).bearer(&token).json(&json!({ "lastName": null })).send();
    assert_eq!(fields(&refusal(server, &refused, 422, "VALIDATION_ERROR")), ["lastName"]);
    let stale = server
        .put(&item(&made))
        .bearer(&token)
        .header("if-match", "\"1\"")
        .json(&json!({ "city": "x" }))
        .send();
    refusal(server, &stale, 412, "VALIDATION_ERROR");
    assert_eq!(get(server, &token, &item(&made)), expected);
}

// C-57, C-59, C-115
fn a_deleted_contact_is_gone(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let made = create(server, &token, PATH, &json!({ "lastName": "Gone" }));
    let deal = create(server, &token, "/api/deals", &json!({ "name": "Deal", "contactId": made["id"] }));
    let answer = server.delete(&item(&made)).bearer(&token).expect(204);
    assert!(answer.body.is_empty());
    let error = refusal(server, &server.get(&item(&made)).bearer(&token).send(), 404, "NOT_FOUND");
    assert_eq!(error["message"], "Contact not found");
    refusal(server, &server.delete(&item(&made)).bearer(&token).send(), 404, "NOT_FOUND");
    assert_eq!(get(server, &token, PATH)["totalCount"], 0);
    // What outlives it names it no more.
    let deal = get(server, &token, &format!("/api/deals/{}", text(&deal["id"])));
    assert_eq!(deal["contactId"], Value::Null);
}

// C-121, X-100
fn an_email_is_one_contacts(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let body = |email: &str| json!({ "lastName": "A", "email": email });
    let one = create(server, &token, PATH, &body("Ada@example.com"));
    let error = refusal(
        server,
        &server.post(PATH).bearer(&token).json(&body("ADA@EXAMPLE.com")).send(),
        409,
        "DUPLICATE",
    );
    assert_eq!(details(&error), [("email", "Email already exists")]);
    server.delete(&item(&one)).bearer(&token).expect(204);
    create(server, &token, PATH, &body("ada@example.com"));
}

fn a_company_lists_its_contacts(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let [one, two] = ["One", "Two"].map(|name| create(server, &token, "/api/companies", &json!({ "name": name })));
    for (name, company) in [("C", &one), ("A", &two), ("B", &one), ("A", &one)] {
        create(server, &token, PATH, &json!({ "lastName": name, "companyId": company["id"] }));
    }
    let path = format!("/api/companies/{}/contacts", text(&one["id"]));
    let list = get(server, &token, &format!("{path}?sortBy=lastName&pageSize=2"));
    assert_eq!((ids(&list), &list["totalCount"]), (vec!["contact_4", "contact_3"], &json!(3)));
}
