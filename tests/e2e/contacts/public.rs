//! The public API (contract D-142 … D-153, X-130, X-131, X-139 … X-141) and finding contacts by LinkedIn (D-120 … D-123, D-219, D-220, X-135).

use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{Browser, contact::make, data, details, full, keys, refusal, text};

each_server! {
    prospects_are_found_however_their_profile_is_spelled,
    a_contact_is_made_by_the_public_api,
    many_contacts_are_made_by_the_public_api,
    the_public_api_takes_one_header_alone,
    stored_contacts_are_searched_by_profile,
}

// D-143, D-144, D-145, D-146, X-135, X-139
fn prospects_are_found_however_their_profile_is_spelled(server: &Server) {
    let key = full(&server.tenant("Acme"));
    let made = make(
        server,
        &key,
        &json!({ "firstName": "John", "lastName": "Doe", "personLinkedIn": "https://www.linkedin.com/in/JohnDoe/" }),
    );
    let find = |query: &str| server.get(&format!("/api/public/prospects?{query}")).key(&key).send();
    for spelling in [
        "https://linkedin.com/in/johndoe",
        "https%3A%2F%2Flinkedin.com%2Fin%2Fjohndoe",
        "http://de.linkedin.com/in/johndoe?trk=x",
        "linkedin.com/in/JOHNDOE/",
    ] {
        let found = find(&format!("linkedinUrl={spelling}")).expect(200).json();
        assert_eq!(keys(&found), ["count", "prospects", "success"], "{spelling}");
        assert_eq!((&found["count"], &found["prospects"][0]), (&json!(1), &made), "{spelling}");
    }
    for member in [
        "id",
        "fullName",
        "firstName",
        "lastName",
        "title",
        "email",
        "mobilePhone",
        "company",
        "employees",
        "employeeSizeBracket",
        "industry",
        "website",
        "personLinkedIn",
        "city",
        "state",
        "country",
        "leadScore",
    ] {
        assert!(made.get(member).is_some(), "{member}");
    }
    assert_eq!(
        find("linkedinUrl=https://linkedin.com/in/nobody").expect(200).json(),
        json!({ "success": true, "count": 0, "prospects": [] })
    );
    for (query, code) in [("", "required"), ("linkedinUrl=", "required"), ("linkedinUrl=x", "custom")] {
        let error = refusal(server, &find(query), 400, "VALIDATION_ERROR");
        assert_eq!(details(&error), [("linkedinUrl", code)], "{query}");
    }
}

// D-147, D-148, D-149, X-141
fn a_contact_is_made_by_the_public_api(server: &Server) {
    let key = full(&server.tenant("Acme"));
    let post = |body: &Value| server.post("/api/public/contacts").key(&key).json(body).send();
    let body = json!({
        "firstName": "Jane", "lastName": "Smith", "email": "jane@example.com", "company": "Tech Corp", "title": "CTO", "homePhone": "1"
    });
    let made = post(&body).expect(201).json();
    assert_eq!(keys(&made), ["contact", "message", "success"]);
    assert_eq!(made["message"], "Contact created successfully");
    for (name, value) in body.as_object().unwrap() {
        assert_eq!(&made["contact"][name], value, "{name}");
    }
    assert_eq!(made["contact"]["fullName"], "Jane Smith");
    let shown = server
        .get(&format!("/api/v1/contacts/{}", text(&made["contact"]["id"])))
        .bearer(&key)
        .expect(200);
    assert_eq!(data(server, &shown)["contact"], made["contact"]);
    refusal(server, &post(&body), 409, "DUPLICATE_RESOURCE");
    let error = refusal(server, &post(&json!({})), 400, "VALIDATION_ERROR");
    assert_eq!(details(&error), [("fullName", "required")]);
}

// D-150, D-151, D-152, D-153, X-130, X-131
fn many_contacts_are_made_by_the_public_api(server: &Server) {
    let key = full(&server.tenant("Acme"));
    let post = |contacts: Value| {
        server
            .post("/api/public/contacts/bulk")
            .key(&key)
            .json(&json!({ "contacts": contacts }))
            .send()
    };
    let made = post(json!([{ "fullName": "Ada" }, {}, { "fullName": "Bob" }])).expect(200).json();
    assert_eq!(keys(&made), ["message", "results", "success", "summary"]);
    assert_eq!(made["message"], "Created 2 contacts, 1 failed");
    assert_eq!(made["summary"], json!({ "total": 3, "created": 2, "failed": 1 }));
    assert_eq!(made["results"][0]["contact"]["fullName"], "Ada");
    assert_eq!(made["results"][1]["error"]["code"], "VALIDATION_ERROR");
    let many = |count: usize| {
        Value::from(
            (0..count)
                .map(|number| json!({ "fullName": format!("C{number}") }))
                .collect::<Vec<_>>(),
        )
    };
    for contacts in [many(101), json!([])] {
        let error = refusal(server, &post(contacts), 400, "VALIDATION_ERROR");
        assert_eq!(details(&error), [("contacts", "custom")]);
    }
    assert_eq!(post(many(100)).expect(200).json()["summary"]["created"], 100);
}

// D-142, X-139, X-140
fn the_public_api_takes_one_header_alone(server: &Server) {
    let tenant = server.tenant("Acme");
    let key = full(&tenant);
    let path = "/api/public/prospects?linkedinUrl=https://linkedin.com/in/x";
    server.get(path).key(&key).expect(200);
    refusal(server, &server.get(path).bearer(&key).send(), 401, "UNAUTHORIZED");
    refusal(server, &server.get(path).send(), 401, "UNAUTHORIZED");
    let weak = super::scoped(&tenant, &["contacts:write"]);
    refusal(server, &server.get(path).key(&weak).send(), 403, "INSUFFICIENT_SCOPE");
}

// D-120, D-121, D-122, D-123, D-219, D-220, X-156
fn stored_contacts_are_searched_by_profile(server: &Server) {
    let tenant = server.tenant("Acme");
    let key = super::scoped(&tenant, &["enrichment:read"]);
    let made = make(
        server,
        &full(&tenant),
        &json!({ "fullName": "John", "personLinkedIn": "https://linkedin.com/in/johndoe" }),
    );
    let search = |body: Value| server.post("/api/v1/enrichment/search").bearer(&key).json(&body).send();
    let url = "https://www.linkedin.com/in/johndoe/";
    let found = data(server, &search(json!({ "linkedinUrl": url })).expect(200));
    assert_eq!(found, json!({ "linkedinUrl": url, "matchingContacts": [made], "matchCount": 1 }));
    for (body, code) in [
        (json!({}), "required"),
        (json!({ "linkedinUrl": "x" }), "custom"),
        (json!({ "linkedinUrl": 1 }), "invalid_type"),
    ] {
        let error = refusal(server, &search(body), 400, "VALIDATION_ERROR");
        assert_eq!(details(&error), [("linkedinUrl", code)]);
    }
    let browser = Browser::of(server, &tenant.admin);
    let found = browser
        .request("GET", &format!("/api/contacts/linkedin-search?url={url}"))
        .expect(200)
        .json();
    assert_eq!((&found["count"], &found["prospects"]), (&json!(1), &json!([made])));
    refusal(
        server,
        &browser.request("GET", "/api/contacts/linkedin-search").send(),
        400,
        "VALIDATION_ERROR",
    );
    refusal(
        server,
        &server.get("/api/contacts/linkedin-search?url=x").send(),
        401,
        "UNAUTHORIZED",
    );
}
