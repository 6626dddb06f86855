//! Companies (contract C-60 … C-66, X-87, X-93).

use std::time::Duration;

use crm_domain::control::user::Role;
use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{create, details, fields, ids, refusal, text};

each_server! {
    a_company_round_trips_with_every_field,
    a_company_needs_nothing_but_a_name,
    an_update_changes_what_it_names,
    a_deleted_company_is_gone,
    an_external_id_is_unique_while_its_company_lives,
    a_company_has_no_ancestor_of_its_own_line,
}

const PATH: &str = "/api/companies";

fn item(company: &Value) -> String {
    format!("{PATH}/{}", text(&company["id"]))
}

/// Every field that can be sent.
fn full(parent: &Value, owner: &str) -> Value {
    json!({
        "externalId": "SAP-0815/ä",
        "name": "Ærø Møbler 株式会社 🪑",
        "category": "Hospital",
        "website": "https://www.example.com/über?uns=1",
        "phone": "+45 12 34 56 (0)",
        "email": "Kontakt+crm@exämple.com",
        "address": "Straße des 17. Juni 1\n2. Stock",
        "city": "Łódź",
        "state": "Čechy",
        "zipCode": "K1A 0B1",
        "country": "Ελλάδα",
        "industry": "R&D \"quoted\" \\ back/slash",
        "employees": 2_147_483_647,
        "annualRevenue": 1_250_000.5,
        "currency": "EUR",
        "foundedYear": 1987,
        "description": "مرحبا\tתודה\r\n👩‍👩‍👧",
        "parentId": parent["id"],
        "ownerId": owner,
    })
}

// C-61, C-62, C-65, C-66, X-87
fn a_company_round_trips_with_every_field(server: &Server) {
    let tenant = server.tenant("Acme");
    let (admin, user) = (tenant.login(&tenant.admin), tenant.user(Role::User));
    let parent = create(server, &admin.token, PATH, &json!({ "name": "Parent" }));
    let sent = full(&parent, &format!("user_{}", user.id));
    let answer = server.post(PATH).bearer(&admin.token).json(&sent).expect(201);
    let made = answer.json();
    assert_eq!(answer.header("location"), Some(item(&made).as_str()));
    let mut expected = sent;
    expected["id"] = made["id"].clone();
    expected["createdAt"] = json!("2025-01-15T10:00:00Z");
    expected["updatedAt"] = json!("2025-01-15T10:00:00Z");
    expected["createdBy"] = json!(admin.user_id);
    expected["tenantId"] = json!(admin.tenant_id);
    expected["tags"] = json!([]);
    expected["customFields"] = json!({});
    assert_eq!(made, expected);
    assert!(text(&made["id"]).starts_with("company_"));
    assert_eq!(server.get(&item(&made)).bearer(&admin.token).expect(200).json(), expected);
    let list = server.get(PATH).bearer(&admin.token).expect(200).json();
    assert_eq!(list["items"], json!([parent, expected]));
}

// X-89 in spirit: what is not given is null, not left out
fn a_company_needs_nothing_but_a_name(server: &Server) {
    let tenant = server.tenant("Acme");
    let login = tenant.login(&tenant.admin);
    let made = create(server, &login.token, PATH, &json!({ "name": "  Acme  " }));
    let expected = json!({
        "id": made["id"], "externalId": null, "name": "Acme", "category": null, "website": null, "phone": null, "email": null,
        "address": null, "city": null, "state": null, "zipCode": null, "country": null, "industry": null, "employees": null,
        "annualRevenue": null, "currency": null, "foundedYear": null, "description": null, "parentId": null, "ownerId": login.user_id,
        "createdAt": "2025-01-15T10:00:00Z", "updatedAt": "2025-01-15T10:00:00Z", "createdBy": login.user_id, "tenantId": login.tenant_id, "tags": [], "customFields": {},
    });
    assert_eq!(made, expected);
    // Some clients send every field that they do not set as null, or blank.
    let mut nulls: Value = expected.as_object().unwrap().keys().map(|key| (key.clone(), Value::Null)).collect();
    nulls["name"] = json!("Acme");
    nulls["city"] = json!("   ");
    let again = create(server, &login.token, PATH, &nulls);
    assert_eq!((&again["city"], &again["ownerId"]), (&Value::Null, &json!(login.user_id)));
    // What the server decides cannot be sent.
    let forged =
        json!({ "name": "x", "id": "company_999", "tenantId": "tenant_999", "createdBy": "user_999", "createdAt": "1999-01-01T00:00:00Z" });
    let made = create(server, &login.token, PATH, &forged);
    assert_eq!(
        (&made["tenantId"], &made["createdBy"]),
        (&json!(login.tenant_id), &json!(login.user_id))
    );
    assert_ne!(made["id"], "company_999");
    assert_eq!(made["createdAt"], "2025-01-15T10:00:00Z");
}

// C-63, X-93
fn an_update_changes_what_it_names(server: &Server) {
    let tenant = server.tenant("Acme");
    let login = tenant.login(&tenant.admin);
    let parent = create(server, &login.token, PATH, &json!({ "name": "Parent" }));
    let made = create(server, &login.token, PATH, &full(&parent, &login.user_id));
    server.advance(Duration::from_secs(60));
    let put = |body: Value| server.put(&item(&made)).bearer(&login.token).json(&body).expect(200).json();
    let changed = put(json!({ "city": "Kraków", "employees": 5, "id": "company_999", "unknown": [1] }));
    let mut expected = made.clone();
    expected["city"] = json!("Kraków");
    expected["employees"] = json!(5);
    expected["updatedAt"] = json!("2025-01-15T10:01:00Z");
    assert_eq!(changed, expected);
    // Nothing changes: not even the time of the change.
    server.advance(Duration::from_secs(60));
    for nothing in [json!({}), json!({ "city": "Kraków" }), json!({ "unknown": 1 }), changed.clone()] {
        assert_eq!(put(nothing), expected);
    }
    let cleared = put(json!({
        "externalId": null, "category": null, "website": null, "phone": null, "email": "", "address": null, "city": " ", "state": null,
        "zipCode": null, "country": null, "industry": null, "employees": null, "annualRevenue": null, "foundedYear": null,
        "description": null, "parentId": null,
    }));
    for field in expected.as_object().unwrap().keys() {
        let kept = [
            "id",
            "name",
            "ownerId",
            "createdAt",
            "updatedAt",
            "createdBy",
            "tenantId",
            "tags",
            "customFields",
        ]
        .contains(&field.as_str());
        assert_eq!(cleared[field].is_null(), !kept, "{field}");
    }
    assert_eq!(cleared["updatedAt"], "2025-01-15T10:02:00Z");
    let refused = server
        .put(&item(&made))
        .bearer(&login.token)
        .json(&json!({ "name": null, "city": "x" }))
        .send();
    let error = refusal(server, &refused, 422, "VALIDATION_ERROR");
    assert_eq!(details(&error), [("name", "Name is required")]);
    assert_eq!(
        server.get(&item(&made)).bearer(&login.token).expect(200).json(),
        cleared,
        "a refused update changes nothing"
    );
}

// C-64, C-66, C-115, X-40
fn a_deleted_company_is_gone(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let [gone, kept] = ["Gone", "Kept"].map(|name| create(server, &token, PATH, &json!({ "name": name })));
    let deal = create(server, &token, "/api/deals", &json!({ "name": "Deal", "companyId": gone["id"] }));
    let subsidiary = create(server, &token, PATH, &json!({ "name": "Subsidiary", "parentId": gone["id"] }));
    server.advance(Duration::from_secs(60));
    let answer = server.delete(&item(&gone)).bearer(&token).expect(204);
    assert!(answer.body.is_empty());
    for method in ["GET", "PUT", "DELETE"] {
        let request = server.request(method, &item(&gone)).bearer(&token);
        let answer = if method == "PUT" {
            request.json(&json!({ "name": "x" })).send()
        } else {
            request.send()
        };
        let error = refusal(server, &answer, 404, "NOT_FOUND");
        assert_eq!(error["message"], "Company not found");
    }
    let list = server.get(PATH).bearer(&token).expect(200).json();
    let left = vec![text(&kept["id"]), text(&subsidiary["id"])];
    assert_eq!((ids(&list), &list["totalCount"]), (left, &json!(2)));
    // What outlives it names it no more, and tells so whoever polls for changes.
    let mut orphan = subsidiary.clone();
    orphan["parentId"] = Value::Null;
    orphan["updatedAt"] = json!("2025-01-15T10:01:00Z");
    assert_eq!(list["items"][1], orphan);
    assert_eq!(server.get(&item(&subsidiary)).bearer(&token).expect(200).json(), orphan);
    let search = server.get("/api/companies?search=gone").bearer(&token).expect(200).json();
    assert_eq!((ids(&search).len(), &search["totalCount"]), (0, &json!(0)));
    // Its deals went with it, and nothing can be hung on it any more.
    server.get(&format!("/api/deals/{}", text(&deal["id"]))).bearer(&token).expect(404);
    assert_eq!(server.get("/api/deals").bearer(&token).expect(200).json()["totalCount"], 0);
    for (path, field) in [("/api/deals", "companyId"), (PATH, "parentId")] {
        let mut body = json!({ "name": "Orphan" });
        body[field] = gone["id"].clone();
        let answer = server.post(path).bearer(&token).json(&body).send();
        let error = refusal(server, &answer, 422, "VALIDATION_ERROR");
        assert_eq!(fields(&error), [field]);
    }
}

// C-121, X-100
fn an_external_id_is_unique_while_its_company_lives(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let body = json!({ "name": "One", "externalId": "E-1" });
    let one = create(server, &token, PATH, &body);
    let error = refusal(server, &server.post(PATH).bearer(&token).json(&body).send(), 409, "DUPLICATE");
    assert_eq!(error["message"], "A company with this external id already exists");
    assert_eq!(details(&error), [("externalId", "External id already exists")]);
    let two = create(server, &token, PATH, &json!({ "name": "Two" }));
    let taken = server
        .put(&item(&two))
        .bearer(&token)
        .json(&json!({ "externalId": "E-1", "city": "x" }))
        .send();
    refusal(server, &taken, 409, "DUPLICATE");
    assert_eq!(server.get(&item(&two)).bearer(&token).expect(200).json(), two);
    // Its own is no other's, and a deal's is of another kind.
    server.put(&item(&one)).bearer(&token).json(&body).expect(200);
    create(server, &token, "/api/deals", &body);
    server.delete(&item(&one)).bearer(&token).expect(204);
    create(server, &token, PATH, &body);
    let other = server.tenant("Other");
    create(server, &other.admin_token(), PATH, &body);
}

fn a_company_has_no_ancestor_of_its_own_line(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let top = create(server, &token, PATH, &json!({ "name": "Top" }));
    let middle = create(server, &token, PATH, &json!({ "name": "Middle", "parentId": top["id"] }));
    let low = create(server, &token, PATH, &json!({ "name": "Low", "parentId": middle["id"] }));
    for (company, parent) in [(&top, &top), (&top, &middle), (&top, &low), (&middle, &low)] {
        let answer = server
            .put(&item(company))
            .bearer(&token)
            .json(&json!({ "parentId": parent["id"] }))
            .send();
        assert_eq!(fields(&refusal(server, &answer, 422, "VALIDATION_ERROR")), ["parentId"]);
    }
    server
        .put(&item(&low))
        .bearer(&token)
        .json(&json!({ "parentId": top["id"] }))
        .expect(200);
}

// C-61, X-108
#[test]
fn an_id_is_a_company_of_this_tenant_or_not_found() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    create(&server, &token, PATH, &json!({ "name": "Acme" }));
    let deal = create(&server, &token, "/api/deals", &json!({ "name": "Deal" }));
    for id in [
        "company_2",
        "company_0",
        "company_01",
        "company_+1",
        "company_%2B1",
        "company_-1",
        "company_",
        "company",
        "1",
        "COMPANY_1",
        "company_1x",
        "company_1%20",
        "company_1%00",
        "company_%31%2e0",
        "company_9223372036854775807",
        "company_9223372036854775808",
        "company_99999999999999999999",
        "company_%D9%A1",
        "%ff",
        "%F0%9F%A6%80",
        text(&deal["id"]),
    ] {
        let answer = server.raw_get(&format!("{PATH}/{id}"), &[("Authorization", &format!("Bearer {token}"))]);
        refusal(&server, &answer, 404, "NOT_FOUND");
        for method in ["PUT", "DELETE"] {
            let answer = server
                .request(method, &format!("{PATH}/{id}"))
                .bearer(&token)
                .json(&json!({}))
                .send();
            refusal(&server, &answer, 404, "NOT_FOUND");
        }
    }
}

// X-14
#[test]
fn money_is_exact_in_the_decimals_of_its_currency() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let post = |revenue: &str, currency: &str| {
        let body = format!(r#"{{"name":"Acme","annualRevenue":{revenue},"currency":{currency}}}"#);
        server.post(PATH).bearer(&token).body(body).send()
    };
    for (revenue, currency, shown) in [
        ("0", "null", json!([0, "USD"])),
        ("0.1", "\"eur\"", json!([0.1, "EUR"])),
        ("1100.04", "\"USD\"", json!([1100.04, "USD"])),
        ("50.00", "\"USD\"", json!([50, "USD"])),
        ("1e3", "\"USD\"", json!([1000, "USD"])),
        ("-12.5", "\"CHF\"", json!([-12.5, "CHF"])),
        ("9999999999999.99", "\"USD\"", json!([9_999_999_999_999.99, "USD"])),
        ("1500", "\"JPY\"", json!([1500, "JPY"])),
        ("1.125", "\"KWD\"", json!([1.125, "KWD"])),
    ] {
        let made = post(revenue, currency).expect(201).json();
        assert_eq!(json!([made["annualRevenue"], made["currency"]]), shown, "{revenue} {currency}");
    }
    for (revenue, currency, message) in [
        (
            "0.001",
            "\"USD\"",
            "Annual revenue must be an amount of money with at most 2 decimals",
        ),
        (
            "1.5",
            "\"JPY\"",
            "Annual revenue must be an amount of money with at most 0 decimals",
        ),
        (
            "10000000000000",
            "\"USD\"",
            "Annual revenue must be between -9999999999999 and 9999999999999",
        ),
        ("1e300", "\"USD\"", "Annual revenue must be a number"),
        ("\"5\"", "\"USD\"", "Annual revenue must be a number"),
    ] {
        let error = refusal(&server, &post(revenue, currency), 422, "VALIDATION_ERROR");
        assert_eq!(details(&error), [("annualRevenue", message)], "{revenue}");
    }
    let error = refusal(&server, &post("1", "\"dollars\""), 422, "VALIDATION_ERROR");
    assert_eq!(
        details(&error),
        [("currency", "Currency must be a currency code of ISO 4217 such as USD")]
    );
}

#[test]
fn a_currency_without_an_amount_is_not_dropped_silently() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    for (path, amount) in [(PATH, "annualRevenue"), ("/api/deals", "amount")] {
        let refused = server
            .post(path)
            .bearer(&token)
            .json(&json!({ "name": "x", "currency": "EUR" }))
            .send();
        let error = refusal(&server, &refused, 422, "VALIDATION_ERROR");
        assert_eq!(details(&error), [("currency", "Currency must not be given without an amount")]);
        let made = create(&server, &token, path, &json!({ "name": "x", amount: 5, "currency": "EUR" }));
        let item = format!("{path}/{}", text(&made["id"]));
        let put = |body: Value| server.put(&item).bearer(&token).json(&body).send();
        assert_eq!(put(json!({ "currency": "CHF" })).expect(200).json()["currency"], "CHF");
        // Everything is sent back but the amount.
        assert_eq!(
            put(json!({ amount: null, "currency": "CHF" })).expect(200).json()["currency"],
            Value::Null
        );
        refusal(&server, &put(json!({ "currency": "CHF" })), 422, "VALIDATION_ERROR");
    }
}

#[test]
fn an_owner_is_an_active_user_unless_it_owned_the_record_before() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let leaver = tenant.user(Role::User);
    let owner = format!("user_{}", leaver.id);
    for path in [PATH, "/api/deals"] {
        let theirs = create(&server, &token, path, &json!({ "name": "Theirs", "ownerId": owner }));
        let other = create(&server, &token, path, &json!({ "name": "Other" }));
        let leaver = tenant.change_user(&leaver, |user| user.is_active = false);
        let put = |record: &Value, body: &Value| {
            let item = format!("{path}/{}", text(&record["id"]));
            server.put(&item).bearer(&token).json(body).send()
        };
        let given = json!({ "name": "x", "ownerId": owner });
        for answer in [server.post(path).bearer(&token).json(&given).send(), put(&other, &given)] {
            let error = refusal(&server, &answer, 422, "VALIDATION_ERROR");
            assert_eq!(details(&error), [("ownerId", "Owner id must name an existing user")]);
        }
        // The record may be edited all the same, also by clients that send all of it back.
        let mut whole = theirs.clone();
        whole["name"] = json!("Edited");
        let edited = put(&theirs, &whole).expect(200).json();
        assert_eq!((&edited["name"], &edited["ownerId"]), (&json!("Edited"), &json!(owner)));
        tenant.change_user(&leaver, |user| user.is_active = true);
        for id in ["user_0".to_owned(), format!("user_0{}", leaver.id), format!("user_+{}", leaver.id)] {
            let answer = put(&other, &json!({ "ownerId": id }));
            assert_eq!(fields(&refusal(&server, &answer, 422, "VALIDATION_ERROR")), ["ownerId"]);
        }
    }
}

#[test]
fn a_write_over_a_state_that_is_no_more_is_refused() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let made = create(&server, &token, PATH, &json!({ "name": "Acme" }));
    let tag = server
        .get(&item(&made))
        .bearer(&token)
        .expect(200)
        .header("etag")
        .unwrap()
        .to_owned();
    let put = |tag: &str, name: &str| {
        server
            .put(&item(&made))
            .bearer(&token)
            .header("if-match", tag)
            .json(&json!({ "name": name }))
            .send()
    };
    let changed = put(&tag, "First").expect(200);
    let newer = changed.header("etag").unwrap();
    assert_ne!(newer, tag);
    let stale = put(&tag, "Second");
    refusal(&server, &stale, 412, "VALIDATION_ERROR");
    let stale = server.delete(&item(&made)).bearer(&token).header("if-match", &tag).send();
    refusal(&server, &stale, 412, "VALIDATION_ERROR");
    assert_eq!(server.get(&item(&made)).bearer(&token).expect(200).json()["name"], "First");
    put("*", "Third").expect(200);
    let newest = server
        .get(&item(&made))
        .bearer(&token)
        .expect(200)
        .header("etag")
        .unwrap()
        .to_owned();
    server.delete(&item(&made)).bearer(&token).header("if-match", &newest).expect(204);
}
