//! Converting leads.

use crm_tests::{each_server, http::Answer, server::Server};
use serde_json::{Value, json};

use super::{
    super::{
        create,
        custom_field::{PATH as FIELDS, define},
        fields, refusal, text,
    },
    PATH, item, john,
};

each_server! {
    a_lead_becomes_contact_company_and_deal,
    what_exists_is_used,
    a_deal_is_made_as_it_is_wanted,
    what_is_named_counts_before_what_is_found,
    a_converted_lead_stays_what_it_is,
    a_conversion_that_fails_leaves_nothing,
    a_conversion_is_done_once_under_one_key,
    required_custom_fields_are_asked_of_what_is_made,
    a_lead_hands_on_its_custom_fields,
    what_is_used_keeps_its_custom_fields,
}

fn lead(server: &Server, token: &str, email: &str, company: Option<&str>) -> Value {
    let mut lead = john(email);
    lead["company"] = json!(company);
    lead["phone"] = json!("+1 555 0100");
    lead["title"] = json!("CTO");
    lead["source"] = json!("Website");
    create(server, token, PATH, &lead)
}

fn post(server: &Server, token: &str, lead: &Value, body: &Value) -> Answer {
    server.post(&format!("{}/convert", item(lead))).bearer(token).json(body).send()
}

fn total(server: &Server, token: &str, path: &str) -> Value {
    server.get(path).bearer(token).expect(200).json()["totalCount"].clone()
}

fn a_lead_becomes_contact_company_and_deal(server: &Server) {
    let tenant = server.tenant("Acme");
    let login = tenant.login(&tenant.admin);
    let token = &login.token;
    let made = lead(server, token, "john@acme.example", Some("Acme Corp"));
    // The body may be left out.
    let answer = server.post(&format!("{}/convert", item(&made))).bearer(token).expect(200).json();
    let (contact, company, deal) = (&answer["contact"], &answer["company"], &answer["deal"]);
    for field in ["firstName", "lastName", "email", "phone", "title", "company", "ownerId"] {
        assert_eq!(contact[field], made[field], "{field}");
    }
    assert_eq!(
        (&company["name"], &company["website"]),
        (&json!("Acme Corp"), &Value::Null),
        "nothing is invented"
    );
    assert_eq!(contact["companyId"], company["id"]);
    assert_eq!(
        (&deal["name"], &deal["amount"], &deal["stage"]),
        (&json!("Acme Corp"), &Value::Null, &json!("Prospecting"))
    );
    assert_eq!(
        (&deal["companyId"], &deal["contactId"], &deal["leadSource"]),
        (&company["id"], &contact["id"], &json!("Website"))
    );
    let mut expected = made.clone();
    expected["status"] = json!("Converted");
    expected["companyId"] = company["id"].clone();
    expected["convertedAt"] = json!("2025-01-15T10:00:00Z");
    expected["convertedContactId"] = contact["id"].clone();
    expected["convertedCompanyId"] = company["id"].clone();
    expected["convertedDealId"] = deal["id"].clone();
    assert_eq!(answer["lead"], expected);
    assert_eq!(server.get(&item(&made)).bearer(token).expect(200).json(), expected);
    assert_eq!(
        server
            .get(&format!("/api/companies/{}", text(&company["id"])))
            .bearer(token)
            .expect(200)
            .json(),
        *company
    );
    assert_eq!(
        server
            .get(&format!("/api/deals/{}", text(&deal["id"])))
            .bearer(token)
            .expect(200)
            .json(),
        *deal
    );
    // One unit of work, so one stamp for all of it.
    let changes = server.get("/api/changes").bearer(token).expect(200).json();
    let last: Vec<&Value> = changes["items"].as_array().unwrap().iter().rev().take(4).collect();
    assert!(
        last.iter()
            .all(|change| change["at"] == last[0]["at"] && change["stamp"] == last[0]["stamp"]),
        "{last:?}"
    );
}

fn what_exists_is_used(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let company = |body: Value| text(&create(server, &token, "/api/companies", &body)["id"]).to_owned();
    let named = company(json!({ "name": "Acme Corp" }));
    let of_website = company(json!({ "name": "Beta", "website": "https://www.beta.example/about" }));
    let of_email = company(json!({ "name": "Gamma", "email": "info@gamma.example" }));
    company(json!({ "name": "Twin 1", "website": "twin.example" }));
    company(json!({ "name": "Twin 2", "website": "twin.example" }));
    company(json!({ "name": "Mail", "website": "https://www.gmail.com" }));
    company(json!({ "name": "Near", "website": "https://notbeta.example" }));
    let convert = |lead: &Value| post(server, &token, lead, &json!({ "createDeal": false })).expect(200).json();
    for (email, company, expected) in [
        ("a@nowhere.example", Some("ACME corp"), Some(&named)),
        // A name counts before a domain.
        ("a@beta.example", Some("Acme Corp"), Some(&named)),
        ("b@BETA.example", None, Some(&of_website)),
        ("c@gamma.example", None, Some(&of_email)),
        // What several share, or everybody, tells nothing.
        ("d@twin.example", None, None),
        ("e@gmail.com", None, None),
        ("f@shop.beta.example", None, None),
    ] {
        let answer = convert(&lead(server, &token, email, company));
        let found = answer["company"]["id"].as_str();
        assert_eq!(found, expected.map(String::as_str), "{email}");
        assert_eq!(
            (&answer["contact"]["companyId"], &answer["deal"]),
            (&answer["company"]["id"], &Value::Null),
            "{email}"
        );
    }
    assert_eq!(total(server, &token, "/api/companies"), 7);
    // A name that nobody has is a new company.
    let answer = convert(&lead(server, &token, "g@gmail.com", Some("Delta")));
    assert_eq!(answer["company"]["name"], "Delta");
    assert_eq!(total(server, &token, "/api/companies"), 8);

    // The contact with the email is used, and gets what it lacks.
    let known = tenant.contact("Johnny", "JOHN@nowhere.example", "+1 555 9999");
    let answer = convert(&lead(server, &token, "john@nowhere.example", Some("Acme Corp")));
    let contact = &answer["contact"];
    assert_eq!(contact["id"], format!("contact_{}", known.id));
    let has = ["firstName", "email", "phone", "title", "companyId"].map(|field| contact[field].clone());
    assert_eq!(
        has,
        [
            json!("Johnny"),
            json!("JOHN@nowhere.example"),
            json!("+1 555 9999"),
            json!("CTO"),
            json!(named)
        ]
    );
    // Next time its company tells of the lead's.
    server.delete(&item(&answer["lead"])).bearer(&token).expect(204);
    let again = convert(&lead(server, &token, "john@nowhere.example", None));
    assert_eq!((&again["contact"]["id"], &again["company"]["id"]), (&contact["id"], &json!(named)));
}

fn a_deal_is_made_as_it_is_wanted(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let convert = |email: &str, body: &Value| post(server, &token, &lead(server, &token, email, None), body);
    let deal = json!({ "name": "Pilot", "amount": 75_000.5, "currency": "EUR", "stage": "negotiation", "expectedCloseDate": "2025-06-30" });
    let made = convert("a@gmail.com", &json!({ "deal": deal })).expect(200).json();
    let shown = [
        "name",
        "amount",
        "currency",
        "stage",
        "expectedCloseDate",
        "probability",
        "companyId",
    ]
    .map(|name| made["deal"][name].clone());
    assert_eq!(
        shown,
        [
            json!("Pilot"),
            json!(75_000.5),
            json!("EUR"),
            json!("Negotiation"),
            json!("2025-06-30"),
            json!(75),
            Value::Null
        ]
    );
    let made = convert("b@gmail.com", &json!({ "createDeal": true, "deal": null }))
        .expect(200)
        .json();
    assert_eq!(made["deal"]["name"], "John Doe", "without a company it has the contact's name");
    let none = convert("c@gmail.com", &json!({ "createDeal": false })).expect(200).json();
    assert_eq!((&none["deal"], &none["lead"]["convertedDealId"]), (&Value::Null, &Value::Null));
    assert_eq!(total(server, &token, "/api/deals"), 2);
    let refused = |email: &str, body: &Value| refusal(server, &convert(email, body), 422, "VALIDATION_ERROR");
    assert_eq!(
        fields(&refused("d@gmail.com", &json!({ "createDeal": false, "deal": deal }))),
        ["deal"]
    );
    assert_eq!(
        fields(&refused("e@gmail.com", &json!({ "createDeal": "yes", "deal": 5 }))),
        ["createDeal", "deal"]
    );
    let wrong = json!({
        "companyId": "company_99", "contactId": "deal_1", "deal": { "amount": "5", "stage": "Nowhere", "ownerId": "user_99", "name": 7 },
    });
    assert_eq!(
        fields(&refused("f@gmail.com", &wrong)),
        ["companyId", "contactId", "deal.amount", "deal.name", "deal.ownerId", "deal.stage"]
    );
}

fn what_is_named_counts_before_what_is_found(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let [named, other] = ["Named", "Acme Corp"].map(|name| create(server, &token, "/api/companies", &json!({ "name": name })));
    let contact = tenant.contact("Jane", "jane@example.com", "1");
    let made = lead(server, &token, "john@example.com", Some("Acme Corp"));
    let body = json!({ "companyId": named["id"], "contactId": format!("contact_{}", contact.id), "createDeal": false });
    let answer = post(server, &token, &made, &body).expect(200).json();
    assert_eq!(
        (&answer["company"]["id"], &answer["contact"]["firstName"]),
        (&named["id"], &json!("Jane"))
    );
    // The lead's own counts before its company's name.
    let mut own = john("own@example.com");
    own["companyId"] = named["id"].clone();
    own["company"] = other["name"].clone();
    let own = create(server, &token, PATH, &own);
    assert_eq!(
        post(server, &token, &own, &json!({})).expect(200).json()["company"]["id"],
        named["id"]
    );
}

fn a_converted_lead_stays_what_it_is(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let made = lead(server, &token, "john@example.com", Some("Acme"));
    post(server, &token, &made, &json!({})).expect(200);
    for (action, message) in [
        ("convert", "The lead is already converted"),
        ("qualify", "The lead is converted and cannot be qualified"),
        ("disqualify", "The lead is converted and cannot be disqualified"),
    ] {
        let answer = server
            .post(&format!("{}/{action}", item(&made)))
            .bearer(&token)
            .json(&json!({ "reason": "x" }))
            .send();
        assert_eq!(refusal(server, &answer, 409, "DUPLICATE")["message"], message);
    }
    let put = |body: &Value| server.put(&item(&made)).bearer(&token).json(body).send();
    let error = refusal(server, &put(&json!({ "status": "New" })), 409, "DUPLICATE");
    assert_eq!(error["message"], "The lead is converted and cannot be given another status");
    let edited = put(&json!({ "status": "Converted", "title": "CEO" })).expect(200).json();
    assert_eq!((&edited["status"], &edited["title"]), (&json!("Converted"), &json!("CEO")));
    for path in ["/api/companies", "/api/deals"] {
        assert_eq!(total(server, &token, path), 1);
    }
}

fn a_conversion_that_fails_leaves_nothing(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    create(server, &token, "/api/deals", &json!({ "name": "Taken", "externalId": "E-1" }));
    let made = lead(server, &token, "john@example.com", Some("Acme"));
    let answer = post(server, &token, &made, &json!({ "deal": { "externalId": "E-1" } }));
    refusal(server, &answer, 409, "DUPLICATE");
    assert_eq!(server.get(&item(&made)).bearer(&token).expect(200).json(), made);
    assert_eq!(
        (total(server, &token, "/api/companies"), total(server, &token, "/api/deals")),
        (json!(0), json!(1))
    );
    let last = server.get("/api/changes").bearer(&token).expect(200).json();
    assert_eq!(last["items"].as_array().unwrap().len(), 2, "no change tells of what did not happen");
}

// C-144, X-109
fn a_conversion_is_done_once_under_one_key(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let made = lead(server, &token, "john@example.com", Some("Acme"));
    let convert = || {
        let request = server.post(&format!("{}/convert", item(&made))).bearer(&token);
        request.header("idempotency-key", "k").json(&json!({})).expect(200)
    };
    let (first, again) = (convert(), convert());
    assert_eq!((again.header("idempotent-replayed"), &again.body), (Some("true"), &first.body));
    assert_eq!(total(server, &token, "/api/companies"), 1);
}

fn required(server: &Server, token: &str, entity: &str, key: &str) {
    let field = json!({ "entity": entity, "key": key, "type": "text", "required": true });
    create(server, token, FIELDS, &field);
}

fn required_custom_fields_are_asked_of_what_is_made(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    let made = lead(server, &token, "john@example.com", Some("Acme"));
    for (entity, key) in [("companies", "code"), ("contacts", "salutation"), ("deals", "campaign")] {
        required(server, &token, entity, key);
    }
    // All of it is told at once, and nothing is written.
    let error = refusal(server, &post(server, &token, &made, &json!({})), 422, "VALIDATION_ERROR");
    let missing = [
        "company.customFields.code",
        "contact.customFields.salutation",
        "deal.customFields.campaign",
    ];
    assert_eq!(fields(&error), missing);
    let wrong = json!({ "company": { "customFields": { "code": 7 } }, "contact": { "customFields": [] }, "deal": { "customFields": { "no": 1, "campaign": "x" } } });
    let error = refusal(server, &post(server, &token, &made, &wrong), 422, "VALIDATION_ERROR");
    assert_eq!(
        fields(&error),
        [
            "company.customFields.code",
            "contact.customFields",
            "contact.customFields.salutation",
            "deal.customFields.no"
        ]
    );
    assert_eq!(total(server, &token, "/api/contacts"), 0);
    // What is not made needs nothing, and takes nothing.
    let other = lead(server, &token, "ada@example.com", None);
    let told = json!({ "createDeal": false, "contact": { "customFields": { "salutation": "Ms" } }, "company": { "customFields": { "code": "a" } } });
    let error = refusal(server, &post(server, &token, &other, &told), 422, "VALIDATION_ERROR");
    assert_eq!(fields(&error), ["company.customFields"]);
    let enough = json!({ "createDeal": false, "contact": { "customFields": { "salutation": "Ms" } } });
    post(server, &token, &other, &enough).expect(200);
    let all = json!({
        "company": { "customFields": { "code": " A " } }, "contact": { "customFields": { "salutation": "Mr" } },
        "deal": { "name": "Offer", "customFields": { "campaign": "Spring" } },
    });
    let answer = post(server, &token, &made, &all).expect(200).json();
    assert_eq!(answer["company"]["customFields"], json!({ "code": "A" }));
    assert_eq!(answer["contact"]["customFields"], json!({ "salutation": "Mr" }));
    assert_eq!(
        (&answer["deal"]["name"], &answer["deal"]["customFields"]),
        (&json!("Offer"), &json!({ "campaign": "Spring" }))
    );
    let place = format!("/api/companies/{}", text(&answer["company"]["id"]));
    assert_eq!(server.get(&place).bearer(&token).expect(200).json(), answer["company"]);
    let history = server.get(&format!("{place}/changes")).bearer(&token).expect(200).json();
    assert_eq!(
        history["items"].as_array().unwrap().len(),
        1,
        "its values stand in the change that made it: {history}"
    );
}

fn a_lead_hands_on_its_custom_fields(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    for entity in ["leads", "contacts", "companies", "deals"] {
        define(server, &token, entity, "tier", "choice");
    }
    define(server, &token, "leads", "code", "text");
    // Of another type, unique, or not there: not handed on.
    define(server, &token, "contacts", "code", "number");
    let unique = json!({ "entity": "deals", "key": "code", "type": "text", "unique": true });
    create(server, &token, FIELDS, &unique);
    let mut body = john("john@example.com");
    body["company"] = json!("Acme");
    body["customFields"] = json!({ "tier": "Gold", "code": "x" });
    let made = create(server, &token, PATH, &body);
    let answer = post(server, &token, &made, &json!({ "deal": { "customFields": { "tier": "Silver" } } }))
        .expect(200)
        .json();
    assert_eq!(answer["lead"]["customFields"], json!({ "tier": "Gold", "code": "x" }));
    assert_eq!(answer["contact"]["customFields"], json!({ "tier": "Gold" }));
    assert_eq!(answer["company"]["customFields"], json!({ "tier": "Gold" }));
    // What the caller says counts before it.
    assert_eq!(answer["deal"]["customFields"], json!({ "tier": "Silver" }));
}

fn what_is_used_keeps_its_custom_fields(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    let person = json!({ "lastName": "Doe", "email": "john@example.com" });
    let person = create(server, &token, "/api/contacts", &person);
    define(server, &token, "leads", "tier", "choice");
    define(server, &token, "contacts", "tier", "choice");
    required(server, &token, "contacts", "salutation");
    let mut body = john("john@example.com");
    body["customFields"] = json!({ "tier": "Gold" });
    let made = create(server, &token, PATH, &body);
    // It lacked the required value before, and may go on lacking it; the lead's own values are no word about it.
    let told = json!({ "createDeal": false, "contact": { "customFields": { "tier": "Silver" } } });
    let answer = post(server, &token, &made, &told).expect(200).json();
    assert_eq!(answer["contact"]["id"], person["id"]);
    assert_eq!(answer["contact"]["customFields"], json!({ "tier": "Silver" }));
}
