//! One contact: created, read, changed, deleted and restored (contract D-43 … D-84, X-119 … X-129).

use std::time::Duration;

use crm_tests::{each_server, http::Answer, server::Server};
use serde_json::{Value, json};

use super::{assert_uuid, data, details, full, keys, refusal, text};

each_server! {
    a_contact_round_trips_with_every_field,
    what_follows_from_a_contact_is_derived,
    a_company_that_is_known_fills_a_new_contact,
    what_is_wrong_with_a_contact_is_told,
    a_contact_changes_field_by_field,
    a_deleted_contact_is_found_among_the_deleted_and_restored,
    an_email_is_one_contacts,
    a_repeated_creation_makes_one_contact,
    family_c_sees_the_same_contact,
    cells_of_spreadsheets_are_taken,
}

const NOBODY: &str = "0190a5a0-0000-7000-8000-000000000000";

fn post(server: &Server, key: &str, body: &Value) -> Answer {
    server.post("/api/v1/contacts").bearer(key).json(body).send()
}

#[track_caller]
pub fn make(server: &Server, key: &str, body: &Value) -> Value {
    data(server, &post(server, key, body).expect(201))["contact"].clone()
}

fn path(contact: &Value) -> String {
    format!("/api/v1/contacts/{}", text(&contact["id"]))
}

/// A value for each of the 25 writable fields.
fn everything() -> Value {
    json!({
        "fullName": "Dr. Jane Smith", "firstName": "Jane", "lastName": "Smith", "email": "jane.smith@TechCorp.com",
        "title": "VP of Engineering", "company": "TechCorp", "mobilePhone": "+1-555-1", "otherPhone": "+1-555-2",
        "homePhone": "+1-555-3", "corporatePhone": "+1-555-4", "employees": 500, "employeeSizeBracket": "201-500",
        "industry": "Technology", "website": "https://techcorp.com", "companyLinkedIn": "https://linkedin.com/company/techcorp",
        "personLinkedIn": "https://linkedin.com/in/janesmith", "technologies": ["Rust", "PostgreSQL"], "annualRevenue": "$10M-$50M",
        "city": "San Francisco", "state": "CA", "country": "United States", "companyAddress": "1 Main St",
        "companyCity": "Oakland", "companyState": "CA", "companyCountry": "USA"
    })
}

// D-09, D-255, D-31, D-43, D-44, D-45, D-62, D-63, D-65, D-67, D-70, D-253, X-126
fn a_contact_round_trips_with_every_field(server: &Server) {
    let key = full(&server.tenant("Acme"));
    let sent = everything();
    let made = make(server, &key, &sent);
    assert_uuid(&made["id"]);
    for (name, value) in sent.as_object().unwrap() {
        assert_eq!(&made[name], value, "{name}");
    }
    assert_eq!(made["createdAt"], server.now().to_second_precision());
    assert_eq!(made["createdAt"], made["updatedAt"]);
    assert_eq!(data(server, &server.get(&path(&made)).bearer(&key).expect(200))["contact"], made);
    // every field is there when nothing is known
    let bare = make(server, &key, &json!({ "firstName": "Ada" }));
    assert_eq!(keys(&bare), keys(&made));
    assert_eq!(keys(&bare).len(), 25 + 5);
    let known: Vec<&str> = keys(&bare).into_iter().filter(|name| !bare[name].is_null()).collect();
    assert_eq!(known, ["createdAt", "firstName", "fullName", "id", "leadScore", "updatedAt"]);
    for unknown in [NOBODY, "1", "uuid-1234", &text(&made["id"]).to_uppercase().replace('-', "")] {
        let error = refusal(
            server,
            &server.get(&format!("/api/v1/contacts/{unknown}")).bearer(&key).send(),
            404,
            "NOT_FOUND",
        );
        assert_eq!(error["message"], "Contact not found");
    }
}

// D-46, D-47, D-68, D-69, X-120, X-121
fn what_follows_from_a_contact_is_derived(server: &Server) {
    let key = full(&server.tenant("Acme"));
    let made = make(
        server,
        &key,
        &json!({ "firstName": "Jane", "lastName": "Smith", "email": "jane@Example.com", "employees": 300 }),
    );
    assert_eq!(
        (&made["fullName"], &made["emailDomain"]),
        (&json!("Jane Smith"), &json!("example.com"))
    );
    assert_eq!(made["employeeSizeBracket"], "201-500");
    let score: f64 = text(&made["leadScore"]).parse().unwrap();
    assert!(
        (0.0..=10.0).contains(&score) && text(&made["leadScore"]).split_once('.').unwrap().1.len() == 1,
        "{made}"
    );
    let split = make(server, &key, &json!({ "fullName": "Ada Lovelace" }));
    assert_eq!((&split["firstName"], &split["lastName"]), (&json!("Ada"), &json!("Lovelace")));
    // What nobody could see is no name, and no reason to refuse one.
    let odd = make(
        server,
        &key,
        &json!({ "fullName": "Ada \u{200b}", "lastName": "\u{feff}", "title": " \u{2060} " }),
    );
    assert_eq!(
        (&odd["firstName"], &odd["lastName"], &odd["title"]),
        (&json!("Ada"), &Value::Null, &Value::Null)
    );
    let mail = make(server, &key, &json!({ "email": "only@example.com" }));
    assert_eq!((&mail["fullName"], &mail["emailDomain"]), (&Value::Null, &json!("example.com")));
    let rich = make(server, &key, &everything());
    assert!(text(&rich["leadScore"]).parse::<f64>().unwrap() > score);
}

//
fn a_company_that_is_known_fills_a_new_contact(server: &Server) {
    let key = full(&server.tenant("Acme"));
    let first = make(server, &key, &everything());
    let second = make(
        server,
        &key,
        &json!({ "fullName": "Bob", "company": "TECHCORP", "industry": "Own" }),
    );
    for name in [
        "employees",
        "website",
        "companyLinkedIn",
        "technologies",
        "annualRevenue",
        "companyCity",
    ] {
        assert_eq!(second[name], first[name], "{name}");
    }
    assert_eq!((&second["industry"], &second["mobilePhone"]), (&json!("Own"), &Value::Null));
}

// D-31, D-32, D-66, D-72
fn what_is_wrong_with_a_contact_is_told(server: &Server) {
    let key = full(&server.tenant("Acme"));
    for (body, expected) in [
        (json!({}), &[("fullName", "required")][..]),
        (
            json!({ "title": "CTO", "firstName": " ", "email": null }),
            &[("fullName", "required")],
        ),
        (json!({ "email": "nobody" }), &[("email", "invalid_string")]),
        (
            json!({ "firstName": "x", "employees": "many", "technologies": "Rust", "title": ["CTO"], "personLinkedIn": "no url at all" }),
            &[
                ("employees", "invalid_type"),
                ("personLinkedIn", "invalid_string"),
                ("technologies", "invalid_type"),
                ("title", "invalid_type"),
            ],
        ),
        (
            json!({ "firstName": "x".repeat(101), "employees": -1 }),
            &[("employees", "out_of_range"), ("firstName", "too_big")],
        ),
    ] {
        let error = refusal(server, &post(server, &key, &body), 400, "VALIDATION_ERROR");
        assert_eq!(details(&error), expected, "{body}");
        assert_eq!(error["message"], "Request validation failed.");
    }
    let error = refusal(server, &post(server, &key, &json!({ "email": "nobody" })), 400, "VALIDATION_ERROR");
    assert_eq!(error["details"][0]["message"], "Invalid email format");
    for broken in ["{", "[1]", "", "\"x\"", "{\"firstName\": \"a\u{0}\"}"] {
        let answer = server.post("/api/v1/contacts").bearer(&key).body(broken).send();
        refusal(server, &answer, 400, "BAD_REQUEST");
    }
    let form = server
        .post("/api/v1/contacts")
        .bearer(&key)
        .header("content-type", "text/html")
        .body("{}")
        .send();
    refusal(server, &form, 415, "BAD_REQUEST");
}

// D-75, D-76, D-77, D-78, D-79
fn a_contact_changes_field_by_field(server: &Server) {
    let key = full(&server.tenant("Acme"));
    let made = make(server, &key, &everything());
    server.advance(Duration::from_secs(5));
    let patch = |body: Value| server.patch(&path(&made)).bearer(&key).json(&body).send();
    let body = json!({ "title": "Chief Technology Officer", "mobilePhone": "+1-555-987-6543", "industry": null });
    let changed = data(server, &patch(body.clone()).expect(200))["contact"].clone();
    for (name, value) in made.as_object().unwrap() {
        match name.as_str() {
            "updatedAt" => assert_eq!(changed[name], server.now().to_second_precision()),
            "leadScore" => {}
            _ => assert_eq!(&changed[name], body.get(name).unwrap_or(value), "{name}"),
        }
    }
    let again = data(server, &patch(json!({ "title": "Chief Technology Officer" })).expect(200));
    assert_eq!(again["contact"], changed);
    let renamed = data(server, &patch(json!({ "lastName": "Doe" })).expect(200))["contact"].clone();
    assert_eq!(renamed["fullName"], "Jane Doe");
    let error = refusal(server, &patch(json!({ "email": "x" })), 400, "VALIDATION_ERROR");
    assert_eq!(details(&error), [("email", "invalid_string")]);
    let error = refusal(
        server,
        &patch(json!({ "fullName": null, "firstName": null, "lastName": null, "email": null })),
        400,
        "VALIDATION_ERROR",
    );
    assert_eq!(details(&error), [("fullName", "required")]);
    make(server, &key, &json!({ "email": "taken@example.com" }));
    refusal(server, &patch(json!({ "email": "TAKEN@example.com" })), 409, "DUPLICATE_RESOURCE");
    let nobody = server
        .patch(&format!("/api/v1/contacts/{NOBODY}"))
        .bearer(&key)
        .json(&json!({ "title": "x" }))
        .send();
    refusal(server, &nobody, 404, "NOT_FOUND");
    // What happened is told.
    let told = server.get(&format!("{}/activities", path(&made))).bearer(&key).expect(200).json();
    assert_eq!(told["data"]["activities"][1]["changes"], body);
}

// D-61, D-64, D-73, D-80, D-81, D-82, D-83, D-84, X-129
fn a_deleted_contact_is_found_among_the_deleted_and_restored(server: &Server) {
    let key = full(&server.tenant("Acme"));
    let made = make(server, &key, &everything());
    let tag = server
        .post("/api/v1/tags")
        .bearer(&key)
        .json(&json!({ "name": "VIP" }))
        .expect(201)
        .json();
    let assigned = server.post(&format!("{}/tags", path(&made))).bearer(&key);
    assigned.json(&json!({ "tagId": tag["data"]["tag"]["id"] })).expect(200);
    let deleted = data(server, &server.delete(&path(&made)).bearer(&key).expect(200));
    assert_eq!(
        deleted,
        json!({ "message": "Contact deleted successfully", "deletedId": made["id"] })
    );
    refusal(server, &server.get(&path(&made)).bearer(&key).send(), 404, "NOT_FOUND");
    refusal(server, &server.delete(&path(&made)).bearer(&key).send(), 404, "NOT_FOUND");
    refusal(
        server,
        &server.patch(&path(&made)).bearer(&key).json(&json!({ "title": "x" })).send(),
        404,
        "NOT_FOUND",
    );
    let listed = |query: &str| {
        let page = server.get(&format!("/api/v1/contacts?{query}")).bearer(&key).expect(200).json();
        (
            page["data"]["contacts"].as_array().unwrap().len(),
            page["meta"]["totalItems"].clone(),
        )
    };
    assert_eq!((listed(""), listed("deleted=true")), ((0, json!(0)), (1, json!(1))));
    let told = server.get("/api/v1/activities").bearer(&key).expect(200).json();
    let types: Vec<&str> = told["data"]["activities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|told| text(&told["activityType"]))
        .collect();
    assert_eq!((types[0], types[types.len() - 1]), ("deleted", "created"));
    // a deleted contact does not keep its email
    let heir = make(server, &key, &json!({ "email": "jane.smith@techcorp.com" }));
    let restore = || server.post(&format!("{}/restore", path(&made))).bearer(&key).send();
    refusal(server, &restore(), 409, "DUPLICATE_RESOURCE");
    server.delete(&path(&heir)).bearer(&key).expect(200);
    let restored = data(server, &restore().expect(200))["contact"].clone();
    assert_eq!((&restored["id"], &restored["email"]), (&made["id"], &made["email"]));
    let tags = data(server, &server.get(&format!("{}/tags", path(&made))).bearer(&key).expect(200));
    assert_eq!(tags["tags"][0]["name"], "VIP");
    refusal(server, &restore(), 409, "DUPLICATE_RESOURCE");
    refusal(
        server,
        &server.post(&format!("/api/v1/contacts/{NOBODY}/restore")).bearer(&key).send(),
        404,
        "NOT_FOUND",
    );
    assert_eq!((listed(""), listed("deleted=true")), ((1, json!(1)), (1, json!(1))));
}

// D-33, D-71, X-128
fn an_email_is_one_contacts(server: &Server) {
    let key = full(&server.tenant("Acme"));
    make(server, &key, &json!({ "email": "ada@example.com" }));
    let error = refusal(
        server,
        &post(server, &key, &json!({ "fullName": "x", "email": "ADA@Example.com" })),
        409,
        "DUPLICATE_RESOURCE",
    );
    assert_eq!(error["message"], "A contact with this email already exists");
    assert_eq!(error["details"], json!({}));
}

//
fn a_repeated_creation_makes_one_contact(server: &Server) {
    let tenant = server.tenant("Acme");
    let (key, other) = (full(&tenant), full(&tenant));
    let post = |key: &str, name: &str| {
        let request = server.post("/api/v1/contacts").bearer(key).header("idempotency-key", "k1");
        request.json(&json!({ "fullName": name })).send()
    };
    let first = post(&key, "Ada").expect(201);
    let again = post(&key, "Ada").expect(201);
    assert_eq!((first.json(), again.header("idempotent-replayed")), (again.json(), Some("true")));
    refusal(server, &post(&key, "Bob"), 422, "VALIDATION_ERROR");
    // Another key's requests are others.
    assert_ne!(post(&other, "Ada").expect(201).json(), first.json());
}

fn family_c_sees_the_same_contact(server: &Server) {
    let tenant = server.tenant("Acme");
    let (key, token) = (full(&tenant), tenant.admin_token());
    let made = make(server, &key, &everything());
    let seen = server.get("/api/contacts").bearer(&token).expect(200).json()["items"][0].clone();
    for (own, other) in [
        ("firstName", "firstName"),
        ("email", "email"),
        ("mobilePhone", "phone"),
        ("company", "company"),
    ] {
        assert_eq!(made[own], seen[other], "{own}");
    }
    assert_eq!(seen["ownerId"], format!("user_{}", tenant.admin.id));
    let changed = server.put(&format!("/api/contacts/{}", text(&seen["id"]))).bearer(&token);
    changed.json(&json!({ "title": "CFO" })).expect(200);
    let shown = data(server, &server.get(&path(&made)).bearer(&key).expect(200));
    assert_eq!(shown["contact"]["title"], "CFO");
}

// D-74, X-157
fn cells_of_spreadsheets_are_taken(server: &Server) {
    let key = full(&server.tenant("Acme"));
    let made = make(
        server,
        &key,
        &json!({
            "fullName": "Grace", "mobilePhone": 15_551_234_567_i64, "title": "", "company": null, "employees": "120", "annualRevenue": 1.5,
            "technologies": null, "unknown": { "ignored": true }
        }),
    );
    assert_eq!(
        (&made["mobilePhone"], &made["annualRevenue"]),
        (&json!("15551234567"), &json!("1.5"))
    );
    assert_eq!(
        (&made["title"], &made["company"], &made["technologies"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!((&made["employees"], &made["employeeSizeBracket"]), (&json!(120), &json!("51-200")));
    assert_eq!(make(server, &key, &json!({ "fullName": "x", "employees": 12.0 }))["employees"], 12);
}
