//! What happened to contacts (contract D-112 … D-119, X-134).

use crm_domain::{
    field::Check,
    tenant::contact::{Contact, ContactDraft},
    usecase::{restore, single},
};
use crm_tests::{
    each_server,
    server::Server,
    tenant::{TestTenant, set},
};
use serde_json::{Value, json};

use super::{assert_uuid, details, full, keys, refusal, text};

each_server! {
    activities_tell_what_happened_to_contacts,
    activities_are_paged_newest_first,
}

fn page(server: &Server, key: &str, path: &str) -> Value {
    let answer = server.get(path).bearer(key).expect(200);
    super::data(server, &answer);
    answer.json()
}

fn types(page: &Value) -> Vec<&str> {
    let activities = page["data"]["activities"].as_array().unwrap();
    activities.iter().map(|activity| text(&activity["activityType"])).collect()
}

fn promote(tenant: &TestTenant<'_>, contact: &Contact) {
    let (id, owner) = (contact.id, tenant.admin.id);
    let draft = ContactDraft {
        title: set("CTO"),
        ..ContactDraft::default()
    };
    tenant.write(move |unit| single::update::<Contact>(unit, id, draft, owner, Check::new()));
}

// D-112, D-114, D-115, D-116, D-117, D-118, D-119, X-113
fn activities_tell_what_happened_to_contacts(server: &Server) {
    let tenant = server.tenant("Acme");
    let key = full(&tenant);
    // Other nouns' changes are not among them.
    tenant.account("Acme's customer");
    let ada = tenant.contact("Ada", "ada@example.com", "1");
    let bob = tenant.contact("Bob", "bob@example.com", "2");
    promote(&tenant, &ada);
    let id = bob.id;
    tenant.write(move |unit| single::remove::<Contact>(unit, id));

    let all = page(server, &key, "/api/v1/activities");
    assert_eq!(types(&all), ["deleted", "updated", "created", "created"]);
    assert_eq!(
        all["meta"],
        json!({ "page": 1, "pageSize": 20, "totalItems": 4, "totalPages": 1, "apiVersion": "1.0.0" })
    );
    let updated = &all["data"]["activities"][1];
    assert_eq!(
        keys(updated),
        ["activityType", "changes", "contactId", "createdAt", "description", "id"]
    );
    assert_uuid(&updated["id"]);
    assert_eq!(updated["contactId"], ada.uuid.to_string());
    assert_eq!(updated["description"], "Contact information updated");
    assert_eq!(updated["changes"], json!({ "title": "CTO" }));
    assert_eq!(updated["createdAt"], server.now().to_second_precision());
    let created = &all["data"]["activities"][3];
    assert_eq!(
        (&created["changes"]["firstName"], &created["changes"]["mobilePhone"]),
        (&json!("Ada"), &json!("1"))
    );
    assert!(created["changes"].get("ownerId").is_none());
    let deleted = &all["data"]["activities"][0];
    assert_eq!(
        (&deleted["contactId"], &deleted["changes"]),
        (&json!(bob.uuid.to_string()), &json!({}))
    );

    for (query, expected) in [
        ("activityType=created", &["created", "created"][..]),
        ("activityType=updated", &["updated"]),
        ("activityType=deleted", &["deleted"]),
        ("activityType=enriched", &[]),
        (&format!("contactId={}", ada.uuid), &["updated", "created"]),
        (&format!("contactId={}&activityType=created", ada.uuid), &["created"]),
        (&format!("contactId={}", bob.uuid), &["deleted", "created"]),
        ("contactId=0190a5a0-0000-7000-8000-000000000000", &[]),
    ] {
        let listed = page(server, &key, &format!("/api/v1/activities?{query}"));
        assert_eq!(types(&listed), expected, "{query}");
        assert_eq!(listed["meta"]["totalItems"], expected.len(), "{query}");
    }
    let of_ada = page(server, &key, &format!("/api/v1/contacts/{}/activities", ada.uuid));
    assert_eq!(types(&of_ada), ["updated", "created"]);
    for gone in [bob.uuid.to_string(), "none".to_owned()] {
        let path = format!("/api/v1/contacts/{gone}/activities");
        refusal(server, &server.get(&path).bearer(&key).send(), 404, "NOT_FOUND");
    }
    tenant.write(move |unit| restore::restore::<Contact>(unit, id));
    let restored = page(server, &key, "/api/v1/activities?activityType=updated");
    assert_eq!(restored["data"]["activities"][0]["description"], "Contact restored");
    let wrong = server
        .get("/api/v1/activities?activityType=seen&contactId=x&page=0")
        .bearer(&key)
        .send();
    let error = refusal(server, &wrong, 400, "VALIDATION_ERROR");
    assert_eq!(
        details(&error),
        [("activityType", "invalid_enum_value"), ("contactId", "custom"), ("page", "custom")]
    );
}

// D-113
fn activities_are_paged_newest_first(server: &Server) {
    let tenant = server.tenant("Acme");
    let key = full(&tenant);
    let made: Vec<Contact> = (0..25)
        .map(|number| tenant.contact(&format!("C{number}"), &format!("c{number}@example.com"), "1"))
        .collect();
    let listed = |query: &str| {
        let page = page(server, &key, &format!("/api/v1/activities?{query}"));
        let activities = page["data"]["activities"].as_array().unwrap().clone();
        let ids: Vec<String> = activities.iter().map(|activity| text(&activity["contactId"]).to_owned()).collect();
        (ids, page["meta"]["totalPages"].clone())
    };
    let newest: Vec<String> = made.iter().rev().map(|contact| contact.uuid.to_string()).collect();
    assert_eq!(listed(""), (newest[..20].to_vec(), json!(2)));
    assert_eq!(listed("page=2"), (newest[20..].to_vec(), json!(2)));
    assert_eq!(
        listed("page=3&pageSize=7&activityType=created"),
        (newest[14..21].to_vec(), json!(4))
    );
    assert_eq!(listed("page=9"), (Vec::new(), json!(2)));
    assert_eq!(listed("pageSize=1000").0.len(), 25);
}
