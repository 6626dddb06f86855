//! Leads (contract C-32 … C-52, C-135, C-143 … C-145, X-88 … X-94, X-100).

mod assign;
mod convert;
mod race;
mod status;

use std::time::Duration;

use crm_domain::control::user::Role;
use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{create, details, fields, ids, keys, refusal, text};

each_server! {
    a_lead_round_trips_with_every_field,
    the_documents_example_is_answered_as_shown,
    a_lead_needs_a_name_and_an_email,
    an_update_changes_what_it_names,
    a_deleted_lead_is_gone,
    an_email_is_one_leads,
    leads_are_listed_in_pages,
    leads_are_filtered_and_sorted_by_their_own_fields,
}

pub(super) const PATH: &str = "/api/leads";

pub(super) fn item(lead: &Value) -> String {
    format!("{PATH}/{}", text(&lead["id"]))
}

/// The least that a lead is made of.
pub(super) fn john(email: &str) -> Value {
    json!({ "firstName": "John", "lastName": "Doe", "email": email })
}

fn full(company: &Value, owner: &str) -> Value {
    json!({
        "externalId": "SF-00Q1/ä",
        "firstName": "Zoë 👩‍💻",
        "lastName": "Łukasiewicz",
        "email": "Zoe+crm@exämple.com",
        "phone": "+45 12 34 56 (0)",
        "title": "CTO \"acting\"",
        "company": "Ærø Møbler 株式会社",
        "source": "Website",
        "status": "Contacted",
        "description": "مرحبا\tתודה\r\n🪑",
        "companyId": company["id"],
        "ownerId": owner,
    })
}

// C-35, C-37, C-41, C-42, X-88, X-90, X-91
fn a_lead_round_trips_with_every_field(server: &Server) {
    let tenant = server.tenant("Acme");
    let (admin, user) = (tenant.login(&tenant.admin), tenant.user(Role::User));
    let company = create(server, &admin.token, "/api/companies", &json!({ "name": "Acme" }));
    let sent = full(&company, &format!("user_{}", user.id));
    let answer = server.post(PATH).bearer(&admin.token).json(&sent).expect(201);
    let made = answer.json();
    assert_eq!(answer.header("location"), Some(item(&made).as_str()));
    let mut expected = sent;
    expected["id"] = made["id"].clone();
    for (field, value) in [
        ("createdAt", json!("2025-01-15T10:00:00Z")),
        ("updatedAt", json!("2025-01-15T10:00:00Z")),
        ("createdBy", json!(admin.user_id)),
        ("tenantId", json!(admin.tenant_id)),
        ("tags", json!([])),
        ("customFields", json!({})),
        ("qualifiedAt", Value::Null),
        ("disqualifiedReason", Value::Null),
        ("convertedAt", Value::Null),
        ("convertedContactId", Value::Null),
        ("convertedCompanyId", Value::Null),
        ("convertedDealId", Value::Null),
    ] {
        expected[field] = value;
    }
    assert_eq!(made, expected);
    assert!(text(&made["id"]).starts_with("lead_"));
    let shown = server.get(&item(&made)).bearer(&admin.token).expect(200);
    assert_eq!(shown.json(), expected);
    assert!(shown.header("etag").is_some());
    let list = server.get(PATH).bearer(&admin.token).expect(200).json();
    assert_eq!(list["items"], json!([expected]));
}

// C-38, C-41, C-44, C-52, X-92: the document's request, in the case that the C# client sends, and without a content type
fn the_documents_example_is_answered_as_shown(server: &Server) {
    let tenant = server.tenant("Acme");
    let login = tenant.login(&tenant.admin);
    let sent = json!({
        "firstName": "John", "lastName": "Doe", "email": "john.doe@example.com", "phone": "+1234567890", "company": "Acme Corp",
        "source": "Website", "status": "New",
    });
    let made = create(server, &login.token, PATH, &sent);
    for (field, value) in sent.as_object().unwrap() {
        assert_eq!(&made[field], value, "{field}");
    }
    let documented = [
        "company",
        "createdAt",
        "createdBy",
        "email",
        "firstName",
        "id",
        "lastName",
        "phone",
        "source",
        "status",
        "tenantId",
    ];
    let shown = keys(&made);
    assert!(documented.iter().all(|field| shown.contains(field)), "{shown:?}");

    // Properties that nobody set come as null.
    let pascal =
        r#"{"FirstName":"Jane","LastName":"Doe","Email":"jane@example.com","Phone":null,"Company":null,"Source":"Website","Status":null}"#;
    let made = server.post(PATH).bearer(&login.token).body(pascal).expect(201).json();
    assert_eq!((&made["firstName"], &made["email"]), (&json!("Jane"), &json!("jane@example.com")));
    assert_eq!(
        (&made["status"], &made["phone"], &made["source"]),
        (&json!("New"), &Value::Null, &json!("Website"))
    );
}

// C-39, C-43, X-89, X-99
fn a_lead_needs_a_name_and_an_email(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let made = create(server, &token, PATH, &john("john@example.com"));
    assert_eq!(made["status"], "New");
    for field in ["phone", "company", "source", "title", "description", "externalId", "companyId"] {
        assert_eq!(made[field], Value::Null, "{field}");
    }
    let refused = |body: &Value| refusal(server, &server.post(PATH).bearer(&token).json(body).send(), 422, "VALIDATION_ERROR");
    let required = [
        ("email", "Email is required"),
        ("firstName", "First name is required"),
        ("lastName", "Last name is required"),
    ];
    for nothing in [json!({}), json!({ "firstName": null, "lastName": "", "email": "  " })] {
        assert_eq!(details(&refused(&nothing)), required);
    }
    let error = refused(&json!({ "firstName": "John", "lastName": "Doe", "email": "john.doe" }));
    assert_eq!(error["message"], "Invalid email format");
    assert_eq!(details(&error), [("email", "Email must be a valid email address")]);
    // All at once, sorted.
    let error = refused(&json!({
        "firstName": 5, "email": "x", "phone": "1".repeat(51), "status": "Hot", "companyId": "company_9", "ownerId": "user_99",
    }));
    assert_eq!(
        fields(&error),
        ["companyId", "email", "firstName", "lastName", "ownerId", "phone", "status"]
    );
    let mut unknown = john("a@example.com");
    unknown["companyId"] = json!("company_9");
    assert_eq!(fields(&refused(&unknown)), ["companyId"]);
    assert_eq!(server.get(PATH).bearer(&token).expect(200).json()["totalCount"], 1);
}

// C-46, C-47, X-93
fn an_update_changes_what_it_names(server: &Server) {
    let tenant = server.tenant("Acme");
    let login = tenant.login(&tenant.admin);
    let company = create(server, &login.token, "/api/companies", &json!({ "name": "Acme" }));
    let made = create(server, &login.token, PATH, &full(&company, &login.user_id));
    server.advance(Duration::from_secs(60));
    let put = |body: &Value| server.put(&item(&made)).bearer(&login.token).json(body).send();
    let mut expected = made.clone();
    expected["title"] = json!("CEO");
    expected["updatedAt"] = json!("2025-01-15T10:01:00Z");
    assert_eq!(
        put(&json!({ "title": "CEO", "id": "lead_9", "unknown": 1 })).expect(200).json(),
        expected
    );
    // Nothing changes: not even the time of the change.
    server.advance(Duration::from_secs(60));
    for nothing in [json!({}), json!({ "title": "CEO", "status": "CONTACTED" }), expected.clone()] {
        assert_eq!(put(&nothing).expect(200).json(), expected);
    }
    let optional = ["externalId", "phone", "title", "company", "source", "description", "companyId"];
    let cleared: Value = optional.iter().map(|field| ((*field).to_owned(), Value::Null)).collect();
    let answer = put(&cleared).expect(200).json();
    for field in optional {
        assert_eq!(answer[field], Value::Null, "{field}");
    }
    assert_eq!(answer["lastName"], made["lastName"]);
    let refused = put(&json!({ "firstName": null, "lastName": " ", "email": null, "status": null, "title": "x" }));
    let error = refusal(server, &refused, 422, "VALIDATION_ERROR");
    assert_eq!(fields(&error), ["email", "firstName", "lastName", "status"]);
    // Only over the state that it names.
    let tag = server
        .get(&item(&made))
        .bearer(&login.token)
        .expect(200)
        .header("etag")
        .unwrap()
        .to_owned();
    put(&json!({ "title": "Founder" })).expect(200);
    let stale = server
        .put(&item(&made))
        .bearer(&login.token)
        .header("if-match", &tag)
        .json(&json!({ "title": "x" }))
        .send();
    refusal(server, &stale, 412, "VALIDATION_ERROR");
}

// C-36, C-48, C-49, C-141
fn a_deleted_lead_is_gone(server: &Server) {
    let (tenant, other) = (server.tenant("Acme"), server.tenant("Other"));
    let token = tenant.admin_token();
    let [gone, kept] = ["gone@example.com", "kept@example.com"].map(|email| create(server, &token, PATH, &john(email)));
    let stranger = other.admin_token();
    for method in ["GET", "PUT", "DELETE"] {
        let answer = server.request(method, &item(&gone)).bearer(&stranger).json(&json!({})).send();
        refusal(server, &answer, 404, "NOT_FOUND");
    }
    let user = tenant.login(&tenant.user(Role::User)).token;
    refusal(server, &server.delete(&item(&gone)).bearer(&user).send(), 403, "PERMISSION_DENIED");
    let answer = server.delete(&item(&gone)).bearer(&token).expect(204);
    assert!(answer.body.is_empty());
    for method in ["GET", "PUT", "DELETE"] {
        let answer = server.request(method, &item(&gone)).bearer(&token).json(&json!({})).send();
        let error = refusal(server, &answer, 404, "NOT_FOUND");
        assert_eq!(error["message"], "Lead not found");
    }
    let list = server.get(PATH).bearer(&token).expect(200).json();
    assert_eq!((ids(&list), &list["totalCount"]), (vec![text(&kept["id"])], &json!(1)));
    let deleted = server.get("/api/leads?deleted=true").bearer(&token).expect(200).json();
    assert_eq!((ids(&deleted), &deleted["totalCount"]), (vec![text(&gone["id"])], &json!(1)));
}

// C-121, X-100
fn an_email_is_one_leads(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let one = create(server, &token, PATH, &john("John@Example.com"));
    let again = server.post(PATH).bearer(&token).json(&john("john@EXAMPLE.com")).send();
    let error = refusal(server, &again, 409, "DUPLICATE");
    assert_eq!(error["message"], "A lead with this email already exists");
    assert_eq!(details(&error), [("email", "Email already exists")]);
    let two = create(server, &token, PATH, &john("jane@example.com"));
    let taken = server
        .put(&item(&two))
        .bearer(&token)
        .json(&json!({ "email": "JOHN@example.com", "title": "x" }))
        .send();
    refusal(server, &taken, 409, "DUPLICATE");
    assert_eq!(
        server.get(&item(&two)).bearer(&token).expect(200).json(),
        two,
        "a refused update changes nothing"
    );
    // Its own is no other's; a deleted lead's is free; a contact's is of another kind; and so is another tenant's.
    server
        .put(&item(&one))
        .bearer(&token)
        .json(&json!({ "email": "JOHN@example.com" }))
        .expect(200);
    server.delete(&item(&one)).bearer(&token).expect(204);
    create(server, &token, PATH, &john("john@example.com"));
    let other = server.tenant("Other");
    create(server, &other.admin_token(), PATH, &john("john@example.com"));
}

// C-33, C-34, C-135, X-105, X-107: the document's numbers
fn leads_are_listed_in_pages(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    tenant.leads((0..245).map(|number| format!("John{number}")));
    let get = |query: &str| server.get(&format!("{PATH}{query}")).bearer(&token).expect(200).json();
    let second = get("?page=2&pageSize=50&sortBy=createdAt&sortOrder=desc");
    let numbers = ["page", "pageSize", "totalCount", "totalPages", "hasNextPage", "hasPreviousPage"].map(|name| second[name].clone());
    assert_eq!(numbers, [json!(2), json!(50), json!(245), json!(5), json!(true), json!(true)]);
    let first_names: Vec<&Value> = second["items"].as_array().unwrap().iter().map(|lead| &lead["firstName"]).collect();
    let expected: Vec<Value> = (0..50).map(|number| json!(format!("John{}", 194 - number))).collect();
    assert_eq!(first_names, expected.iter().collect::<Vec<_>>());
    let first = get("");
    assert_eq!((&first["pageSize"], &first["totalPages"]), (&json!(20), &json!(13)));
    assert_eq!(get("?pageSize=1000")["items"].as_array().unwrap().len(), 100);
}

// C-136, X-106
fn leads_are_filtered_and_sorted_by_their_own_fields(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let make = |email: &str, status: &str, company: &str| {
        let mut lead = john(email);
        lead["status"] = json!(status);
        lead["company"] = json!(company);
        create(server, &token, PATH, &lead)
    };
    let leads = [
        make("a@example.com", "Qualified", "Zeta"),
        make("b@example.com", "New", "Acme"),
        make("c@example.com", "Qualified", "Acme"),
    ];
    let list = |query: &str| {
        let list = server.get(&format!("{PATH}?{query}")).bearer(&token).expect(200).json();
        let found: Vec<usize> = ids(&list)
            .iter()
            .map(|id| leads.iter().position(|lead| lead["id"] == **id).unwrap())
            .collect();
        assert_eq!(list["totalCount"], found.len());
        found
    };
    assert_eq!(list("filter[status]=Qualified"), [0, 2]);
    assert_eq!(list("filter[status]=qualified"), [0, 2], "whatever the case");
    assert_eq!(list("filter[status][in]=NEW,qualified"), [0, 1, 2]);
    assert_eq!(list("filter[company]=Acme&filter[status]=Qualified"), [2]);
    assert_eq!(list("filter[email]=B@example.com"), [1]);
    assert_eq!(list("search=zeta"), [0]);
    assert_eq!(list("sortBy=company&sortOrder=asc"), [1, 2, 0]);
    assert_eq!(list("sortBy=qualifiedAt&sortOrder=desc")[..2], [2, 0]);
    let fields = server
        .get(&format!("{PATH}?fields=email&pageSize=1"))
        .bearer(&token)
        .expect(200)
        .json();
    assert_eq!(fields["items"], json!([{ "id": leads[0]["id"], "email": "a@example.com" }]));
}
