//! Many records at once (contract C-50 … C-52, C-161, X-94), for every noun alike: companies, contacts and deals stand for all.

use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{create, details, fields, page::get, refusal, text};

each_server! {
    what_is_wrong_with_one_item_fails_it_alone,
    five_hundred_are_one_request,
    updates_and_deletions_tell_what_became_of_each,
    what_is_no_object_is_told,
    a_bulk_is_repeated_without_a_second_effect,
}

fn bulk(server: &Server, token: &str, plural: &str, items: &Value) -> Value {
    let mut body = json!({});
    body[plural] = items.clone();
    server
        .post(&format!("/api/{plural}/bulk"))
        .bearer(token)
        .json(&body)
        .expect(201)
        .json()
}

// C-50, C-51, X-94
fn what_is_wrong_with_one_item_fails_it_alone(server: &Server) {
    let tenant = server.tenant("Acme");
    let login = tenant.login(&tenant.admin);
    let stranger = server.tenant("Bolt").login(&server.tenant("Gamma").admin).user_id;
    let items = json!([
        { "lastName": "One", "email": "one@example.com" },
        { "email": "x" },
        { "LASTNAME": "Two", "email": "ONE@example.com" },
        { "lastName": "Three", "ownerId": stranger },
        { "lastName": "Four", "companyId": "company_99" },
        "no object",
        { "lastName": "Five", "ownerId": login.user_id },
    ]);
    let answer = bulk(server, &login.token, "contacts", &items);
    assert_eq!((&answer["created"], &answer["failed"]), (&json!(2), &json!(5)));
    let names: Vec<&str> = answer["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| text(&item["lastName"]))
        .collect();
    assert_eq!(names, ["One", "Five"]);
    let told: Vec<(u64, &str, Vec<&str>)> = answer["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (error["index"].as_u64().unwrap(), text(&error["code"]), fields(error)))
        .collect();
    assert_eq!(
        told,
        [
            (1, "VALIDATION_ERROR", vec!["email", "lastName"]),
            (2, "DUPLICATE", vec!["email"]),
            (3, "VALIDATION_ERROR", vec!["ownerId"]),
            (4, "VALIDATION_ERROR", vec!["companyId"]),
            (5, "VALIDATION_ERROR", vec!["item", "lastName"]),
        ]
    );
    assert_eq!(answer["errors"][3]["message"], "Company id must name an existing company");
    let list = get(server, &login.token, "/api/contacts");
    assert_eq!(list["items"], answer["items"]);
}

// all of one unit, so of one stamp, and no more than 500
fn five_hundred_are_one_request(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let companies = |count: usize| json!((0..count).map(|n| json!({ "name": format!("Company {n}") })).collect::<Vec<_>>());
    let answer = bulk(server, &token, "companies", &companies(500));
    assert_eq!(
        (&answer["created"], &answer["failed"], &answer["errors"]),
        (&json!(500), &json!(0), &json!([]))
    );
    assert_eq!(answer["items"][499]["name"], "Company 499");
    let changes = get(server, &token, "/api/changes?limit=1000");
    let stamps: std::collections::BTreeSet<&str> = changes["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| text(&item["timestamp"]))
        .collect();
    assert_eq!((changes["items"].as_array().unwrap().len(), stamps.len()), (500, 1));
    for (body, problem) in [
        (json!({ "companies": companies(501) }), "Companies must hold 1 to 500 items"),
        (json!({ "companies": [] }), "Companies must hold 1 to 500 items"),
        (json!({ "companies": {} }), "Companies must be a list"),
        (json!({}), "Companies is required"),
    ] {
        let refused = server.post("/api/companies/bulk").bearer(&token).json(&body).send();
        let error = refusal(server, &refused, 422, "VALIDATION_ERROR");
        assert_eq!(details(&error), [("companies", problem)]);
    }
    assert_eq!(get(server, &token, "/api/companies")["totalCount"], 500);
    // A body that one record could not have (C-52: no type said).
    let long = "x".repeat(9_000);
    let large = json!({ "companies": (0..150).map(|_| json!({ "name": "Long", "description": long })).collect::<Vec<_>>() });
    let sent = server
        .post("/api/companies/bulk")
        .bearer(&token)
        .body(large.to_string().as_bytes())
        .expect(201)
        .json();
    assert_eq!(sent["created"], 150);
}

fn updates_and_deletions_tell_what_became_of_each(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    bulk(server, &token, "deals", &json!([{ "name": "A" }, { "name": "B" }, { "name": "C" }]));
    let body = json!({ "deals": [
        { "id": "deal_1", "name": "A1", "amount": 10.5 },
        { "id": "deal_2", "name": null },
        { "id": "deal_1", "name": "A2" },
        { "id": "deal_99", "name": "x" },
        { "name": "x" },
        { "id": 7 },
    ] });
    let answer = server.put("/api/deals/bulk").bearer(&token).json(&body).expect(200).json();
    assert_eq!((&answer["updated"], &answer["failed"]), (&json!(1), &json!(5)));
    assert_eq!(
        (&answer["items"][0]["name"], &answer["items"][0]["amount"]),
        (&json!("A1"), &json!(10.5))
    );
    let codes = |answer: &Value| -> Vec<(u64, String)> {
        let errors = answer["errors"].as_array().unwrap().iter();
        errors
            .map(|error| (error["index"].as_u64().unwrap(), text(&error["code"]).to_owned()))
            .collect()
    };
    let told = |pairs: &[(u64, &str)]| pairs.iter().map(|(index, code)| (*index, (*code).to_owned())).collect::<Vec<_>>();
    assert_eq!(
        codes(&answer),
        told(&[
            (1, "VALIDATION_ERROR"),
            (2, "VALIDATION_ERROR"),
            (3, "NOT_FOUND"),
            (4, "VALIDATION_ERROR"),
            (5, "VALIDATION_ERROR")
        ])
    );
    let ids = |ids: &[&str]| json!({ "ids": ids });
    let answer = server
        .delete("/api/deals/bulk")
        .bearer(&token)
        .json(&ids(&["deal_1", "deal_1", "company_2", "deal_99"]))
        .expect(200)
        .json();
    assert_eq!((&answer["deleted"], &answer["failed"]), (&json!(1), &json!(3)));
    assert_eq!(codes(&answer), told(&[(1, "VALIDATION_ERROR"), (2, "NOT_FOUND"), (3, "NOT_FOUND")]));
    let answer = server
        .post("/api/deals/bulk/delete")
        .bearer(&token)
        .json(&ids(&["deal_2"]))
        .expect(200)
        .json();
    assert_eq!(answer, json!({ "deleted": 1, "failed": 0, "errors": [] }));
    assert_eq!(super::ids(&get(server, &token, "/api/deals")), ["deal_3"]);
    // Another tenant's are not there.
    let stranger = server.tenant("Bolt").admin_token();
    let answer = server
        .delete("/api/deals/bulk")
        .bearer(&stranger)
        .json(&ids(&["deal_3"]))
        .expect(200)
        .json();
    assert_eq!((&answer["deleted"], codes(&answer)), (&json!(0), told(&[(0, "NOT_FOUND")])));
}

fn what_is_no_object_is_told(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let body = json!({ "companies": [{ "name": "A" }, 5, null, ["x"]] });
    for method in ["POST", "PUT"] {
        let answer = server
            .request(method, "/api/companies/bulk")
            .bearer(&token)
            .json(&body)
            .send()
            .json();
        let errors: Vec<&Value> = answer["errors"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|error| error["index"] != 0)
            .collect();
        assert_eq!(errors.len(), 3, "{answer}");
        for error in errors {
            let told = error["details"].as_array().unwrap().iter();
            let told: Vec<(&str, &str)> = told.map(|detail| (text(&detail["field"]), text(&detail["message"]))).collect();
            assert!(told.contains(&("item", "Item must be an object")), "{method} {error}");
        }
    }
}

// C-144, X-109
fn a_bulk_is_repeated_without_a_second_effect(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let body = json!({ "companies": [{ "name": "A" }, {}] });
    let post = || {
        server
            .post("/api/companies/bulk")
            .bearer(&token)
            .header("idempotency-key", "k-1")
            .json(&body)
            .expect(201)
    };
    let (first, again) = (post(), post());
    assert_eq!(
        (first.header("idempotent-replayed"), again.header("idempotent-replayed")),
        (None, Some("true"))
    );
    assert_eq!(first.json(), again.json());
    assert_eq!(get(server, &token, "/api/companies")["totalCount"], 1);
    create(server, &token, "/api/companies", &json!({ "name": "B" }));
    // By every method that the documentation says it of.
    for (method, path, body) in [
        (
            "PUT",
            "/api/companies/bulk",
            json!({ "companies": [{ "id": "company_1", "city": "Bern" }] }),
        ),
        ("DELETE", "/api/companies/bulk", json!({ "ids": ["company_1"] })),
        ("POST", "/api/companies/bulk/delete", json!({ "ids": ["company_2"] })),
    ] {
        let send = |body: &Value| {
            let request = server.request(method, path).bearer(&token).header("idempotency-key", "k-2");
            request.json(body).send()
        };
        let (first, again) = (send(&body), send(&body));
        assert_eq!((first.status, again.status), (200, 200), "{method}: {first:?}");
        assert_eq!(first.json(), again.json(), "{method}");
        assert_eq!(
            (first.header("idempotent-replayed"), again.header("idempotent-replayed")),
            (None, Some("true")),
            "{method}"
        );
        let other = send(&json!({ "ids": ["company_3"] }));
        refusal(server, &other, 422, "VALIDATION_ERROR");
    }
    assert_eq!(get(server, &token, "/api/companies")["totalCount"], 0);
}
