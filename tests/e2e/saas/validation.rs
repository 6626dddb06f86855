//! Field by field: what a body may say (contract C-43, C-44, C-117, X-18, X-24, X-92, X-99).

use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{create, details, fields, refusal, text};

each_server! {
    every_field_of_a_wrong_type_is_named,
    every_wrong_value_is_named,
}

fn post(server: &Server, token: &str, path: &str, body: &Value) -> crm_tests::http::Answer {
    server.post(path).bearer(token).json(body).send()
}

// X-24 as decided
fn every_field_of_a_wrong_type_is_named(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let texts = |names: &[&str], wrong: Value| -> Value { names.iter().map(|name| ((*name).to_owned(), wrong.clone())).collect() };
    let company_texts = [
        "address",
        "category",
        "city",
        "country",
        "currency",
        "description",
        "email",
        "externalId",
        "industry",
        "name",
        "ownerId",
        "parentId",
        "phone",
        "state",
        "website",
        "zipCode",
    ];
    let deal_texts = [
        "closedOn",
        "companyId",
        "contactId",
        "currency",
        "description",
        "engagedOn",
        "expectedCloseDate",
        "externalId",
        "leadSource",
        "name",
        "nextStep",
        "ownerId",
        "stage",
        "stageId",
    ];
    for (path, names) in [("/api/companies", &company_texts[..]), ("/api/deals", &deal_texts)] {
        for wrong in [json!(5), json!(true), json!(["x"]), json!({ "a": 1 })] {
            let error = refusal(server, &post(server, &token, path, &texts(names, wrong)), 422, "VALIDATION_ERROR");
            assert_eq!(fields(&error), names, "each is named, in the order of the alphabet");
            assert!(details(&error).iter().all(|(_, message)| message.ends_with(" must be a string")));
            assert_eq!(error["message"], "Several fields are not valid");
        }
    }
    let numbers = json!({ "name": "x", "employees": "5", "annualRevenue": [], "foundedYear": true });
    let error = refusal(server, &post(server, &token, "/api/companies", &numbers), 422, "VALIDATION_ERROR");
    let expected = [
        ("annualRevenue", "Annual revenue must be a number"),
        ("employees", "Employees must be a number"),
        ("foundedYear", "Founded year must be a number"),
    ];
    assert_eq!(details(&error), expected);
    let deal = json!({ "name": "x", "amount": "5", "probability": {}, "includeInForecast": "yes" });
    let error = refusal(server, &post(server, &token, "/api/deals", &deal), 422, "VALIDATION_ERROR");
    let expected = [
        ("amount", "Amount must be a number"),
        ("includeInForecast", "Include in forecast must be true or false"),
        ("probability", "Probability must be a number"),
    ];
    assert_eq!(details(&error), expected);
    nothing_was_made(server, &token);
}

#[track_caller]
fn nothing_was_made(server: &Server, token: &str) {
    for path in ["/api/companies", "/api/deals"] {
        assert_eq!(server.get(path).bearer(token).expect(200).json()["totalCount"], 0);
    }
}

fn every_wrong_value_is_named(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let long = "x".repeat(10_001);
    let company = json!({
        "externalId": long, "name": long, "category": long, "website": "not a url", "phone": long, "email": "nobody", "address": long,
        "city": "a\u{7}b", "state": long, "zipCode": long, "country": long, "industry": long, "employees": -1, "annualRevenue": 0.001,
        "currency": "EURO", "foundedYear": 999, "description": long, "parentId": "company_99", "ownerId": "user_99999",
    });
    let error = refusal(server, &post(server, &token, "/api/companies", &company), 422, "VALIDATION_ERROR");
    let told = details(&error);
    let message = |field: &str| told.iter().find(|(name, _)| *name == field).map(|(_, message)| *message);
    for (field, expected) in [
        ("externalId", "External id must be at most 255 characters long"),
        ("name", "Name must be at most 255 characters long"),
        ("category", "Category must be at most 100 characters long"),
        ("website", "Website must be a valid http or https URL"),
        ("phone", "Phone must be at most 50 characters long"),
        ("email", "Email must be a valid email address"),
        ("address", "Address must be at most 500 characters long"),
        ("city", "City must not contain control characters"),
        ("zipCode", "Zip code must be at most 20 characters long"),
        ("employees", "Employees must be between 0 and 2147483647"),
        ("annualRevenue", "Annual revenue must be an amount of money with at most 2 decimals"),
        ("currency", "Currency must be a currency code of ISO 4217 such as USD"),
        ("foundedYear", "Founded year must be between 1000 and 9999"),
        ("description", "Description must be at most 10000 characters long"),
        ("ownerId", "Owner id must name an existing user"),
        ("parentId", "Parent id must name an existing company"),
    ] {
        assert_eq!(message(field), Some(expected), "{told:?}");
    }
    let mut sorted = fields(&error);
    sorted.sort_unstable();
    assert_eq!(fields(&error), sorted);
    let deal = json!({
        "name": "", "amount": 1e14, "currency": "??", "probability": 100.5, "expectedCloseDate": "soon", "closedOn": "2025-02-30",
        "engagedOn": "x", "description": long, "leadSource": long, "nextStep": long, "stage": "Nowhere", "ownerId": "user_99999",
        "companyId": "company_99", "contactId": "contact_99",
    });
    let error = refusal(server, &post(server, &token, "/api/deals", &deal), 422, "VALIDATION_ERROR");
    let expected = [
        "amount",
        "closedOn",
        "companyId",
        "contactId",
        "currency",
        "description",
        "engagedOn",
        "expectedCloseDate",
        "leadSource",
        "name",
        "nextStep",
        "ownerId",
        "probability",
        "stage",
    ];
    assert_eq!(fields(&error), expected);
    let bulk = server
        .post("/api/deals/bulk")
        .bearer(&token)
        .json(&json!({ "deals": [deal] }))
        .expect(201)
        .json();
    assert_eq!(fields(&bulk["errors"][0]), expected);
    nothing_was_made(server, &token);
}

#[test]
fn a_fraction_is_no_whole_number() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let company = json!({ "name": "x", "employees": 5.5, "foundedYear": 1999.5 });
    let error = refusal(&server, &post(&server, &token, "/api/companies", &company), 422, "VALIDATION_ERROR");
    let expected = [
        ("employees", "Employees must be a whole number"),
        ("foundedYear", "Founded year must be a whole number"),
    ];
    assert_eq!(details(&error), expected);
    let deal = json!({ "name": "x", "probability": 0.5 });
    let error = refusal(&server, &post(&server, &token, "/api/deals", &deal), 422, "VALIDATION_ERROR");
    assert_eq!(details(&error), [("probability", "Probability must be a whole number")]);
    create(&server, &token, "/api/companies", &json!({ "name": "x", "employees": 5.0 }));
}

// C-43: the document's own example, but for the path
#[test]
fn one_invalid_email_is_answered_as_the_document_shows_it() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let answer = post(&server, &token, "/api/companies", &json!({ "name": "Acme", "email": "john.doe" }));
    let body = answer.json();
    let expected = json!({
        "error": {
            "code": "VALIDATION_ERROR",
            "message": "Invalid email format",
            "details": [{ "field": "email", "message": "Email must be a valid email address" }],
        },
        "timestamp": "2025-01-15T10:00:00Z",
        "path": "/api/companies",
        "traceId": body["traceId"],
    });
    assert_eq!((answer.status, &body), (422, &expected));
    // A single wrong field of another kind is told in the message as well.
    let answer = post(&server, &token, "/api/companies", &json!({}));
    assert_eq!(refusal(&server, &answer, 422, "VALIDATION_ERROR")["message"], "Name is required");
}

// C-44, X-92
#[test]
fn keys_may_be_in_any_case_and_unknown_ones_are_ignored() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let pascal = json!({
        "Name": "Acme", "ZipCode": "12345", "ANNUALREVENUE": 5, "foundedyear": 1999, "Unknown": { "Name": 1 }, "zip_code": 5, "": null,
    });
    let made = create(&server, &token, "/api/companies", &pascal);
    assert_eq!(
        json!([made["name"], made["zipCode"], made["annualRevenue"], made["foundedYear"]]),
        json!(["Acme", "12345", 5, 1999])
    );
    let deal = json!({ "Name": "Deal", "CompanyId": made["id"], "IncludeInForecast": false, "ExpectedCloseDate": "2025-03-15" });
    let deal = create(&server, &token, "/api/deals", &deal);
    assert_eq!(
        json!([deal["companyId"], deal["includeInForecast"], deal["expectedCloseDate"]]),
        json!([made["id"], false, "2025-03-15"])
    );
    // Spelled in two ways, the document's own spelling counts.
    let made = create(
        &server,
        &token,
        "/api/companies",
        &json!({ "NAME": "Loud", "name": "Exact", "Name": "Pascal" }),
    );
    assert_eq!(made["name"], "Exact");
    let path = format!("/api/companies/{}", text(&made["id"]));
    let changed = server.put(&path).bearer(&token).json(&json!({ "City": "Bonn" })).expect(200).json();
    assert_eq!((&changed["city"], &changed["name"]), (&json!("Bonn"), &json!("Exact")));
}

#[test]
fn lengths_are_counted_in_characters() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    for letter in ["x", "ä", "🪑"] {
        let body = json!({ "name": letter.repeat(255), "description": letter.repeat(10_000) });
        assert_eq!(create(&server, &token, "/api/companies", &body)["name"], letter.repeat(255));
        let answer = post(&server, &token, "/api/companies", &json!({ "name": letter.repeat(256) }));
        refusal(&server, &answer, 422, "VALIDATION_ERROR");
    }
}
