//! Many contacts at once (contract D-85 … D-98, X-128, X-130 … X-132).

use crm_tests::{each_server, http::Answer, server::Server};
use serde_json::{Value, json};

use super::{assert_uuid, contact::make, data, details, full, keys, refusal, text};

each_server! {
    many_are_created_and_each_failure_is_told,
    many_are_changed_each_by_its_own,
    emails_are_exchanged,
    many_are_deleted,
    bodies_of_the_wrong_size_are_refused,
    a_repeated_bulk_has_one_effect,
}

const PATH: &str = "/api/v1/contacts/bulk";
const NOBODY: &str = "0190a5a0-0000-7000-8000-000000000000";

fn send(server: &Server, key: &str, method: &str, body: &Value) -> Answer {
    server.request(method, PATH).bearer(key).json(body).send()
}

fn failures(results: &Value) -> Vec<(u64, &str)> {
    let failed = results.as_array().unwrap().iter().filter(|result| result["success"] == false);
    failed
        .map(|result| {
            assert_eq!(keys(result), ["error", "index", "success"]);
            (result["index"].as_u64().unwrap(), text(&result["error"]["code"]))
        })
        .collect()
}

// D-85, D-87, D-88, D-89, D-90, D-91, X-128, X-131
fn many_are_created_and_each_failure_is_told(server: &Server) {
    let key = full(&server.tenant("Acme"));
    make(server, &key, &json!({ "email": "taken@example.com" }));
    let body = json!({ "contacts": [
        { "firstName": "John", "lastName": "Doe", "email": "john@example.com", "company": "Example Inc" },
        { "fullName": "Jane Smith", "email": null, "company": "" },
        { "title": "nobody" },
        { "email": "twice@example.com" },
        { "email": "TWICE@example.com" },
        { "fullName": "x", "email": "taken@example.com" },
        "no object",
        { "fullName": "x", "email": "bad" }
    ] });
    let made = data(server, &send(server, &key, "POST", &body).expect(200));
    assert_eq!(made["summary"], json!({ "total": 8, "created": 3, "failed": 5 }));
    let first = &made["results"][0];
    assert_eq!(keys(first), ["contact", "index", "success"]);
    assert_eq!(keys(&first["contact"]), ["email", "fullName", "id"]);
    assert_uuid(&first["contact"]["id"]);
    assert_eq!(
        (&first["contact"]["fullName"], &first["contact"]["email"]),
        (&json!("John Doe"), &json!("john@example.com"))
    );
    assert_eq!(
        failures(&made["results"]),
        [
            (2, "VALIDATION_ERROR"),
            (4, "DUPLICATE_RESOURCE"),
            (5, "DUPLICATE_RESOURCE"),
            (6, "VALIDATION_ERROR"),
            (7, "VALIDATION_ERROR")
        ]
    );
    assert_eq!(details(&made["results"][7]["error"]), [("email", "invalid_string")]);
    let of_no_object = &made["results"][6]["error"];
    assert_eq!(details(of_no_object)[0], ("contact", "invalid_type"), "{of_no_object}");
    let listed = server.get("/api/v1/contacts").bearer(&key).expect(200).json();
    assert_eq!(listed["meta"]["totalItems"], 4);
}

// D-92, D-93, D-94, X-132
fn many_are_changed_each_by_its_own(server: &Server) {
    let key = full(&server.tenant("Acme"));
    let [one, two] = ["One", "Two"].map(|name| make(server, &key, &json!({ "fullName": name, "email": format!("{name}@example.com") })));
    let body = json!({ "contacts": [
        { "id": one["id"], "updates": { "title": "Senior Developer", "email": "free@example.com" } },
        { "id": two["id"], "updates": { "industry": "Healthcare", "email": "one@example.com" } },
        { "id": NOBODY, "updates": { "title": "x" } },
        { "id": one["id"], "updates": { "title": "twice" } },
        { "updates": { "title": "x" } },
        { "id": two["id"] },
        { "id": 7, "updates": {} }
    ] });
    let changed = data(server, &send(server, &key, "PATCH", &body).expect(200));
    assert_eq!(changed["summary"], json!({ "total": 7, "updated": 2, "failed": 5 }));
    assert_eq!(
        failures(&changed["results"]),
        [
            (2, "NOT_FOUND"),
            (3, "VALIDATION_ERROR"),
            (4, "VALIDATION_ERROR"),
            (5, "VALIDATION_ERROR"),
            (6, "VALIDATION_ERROR")
        ]
    );
    assert_eq!(changed["results"][1]["contact"]["email"], "one@example.com");
    let shown = |contact: &Value| {
        data(
            server,
            &server
                .get(&format!("/api/v1/contacts/{}", text(&contact["id"])))
                .bearer(&key)
                .expect(200),
        )
    };
    assert_eq!(shown(&one)["contact"]["title"], "Senior Developer");
    assert_eq!(shown(&two)["contact"]["industry"], "Healthcare");
}

// D-95, D-96, D-97, D-98, X-132
fn many_are_deleted(server: &Server) {
    let key = full(&server.tenant("Acme"));
    let [one, two, three] = ["One", "Two", "Three"].map(|name| make(server, &key, &json!({ "fullName": name })));
    let body = json!({ "ids": [one["id"], NOBODY, two["id"], one["id"], "none"] });
    let deleted = data(server, &send(server, &key, "DELETE", &body).expect(200));
    assert_eq!(deleted["summary"], json!({ "total": 5, "deleted": 2, "failed": 3 }));
    assert_eq!(
        deleted["results"][0],
        json!({ "index": 0, "success": true, "deletedId": one["id"] })
    );
    assert_eq!(
        failures(&deleted["results"]),
        [(1, "NOT_FOUND"), (3, "VALIDATION_ERROR"), (4, "NOT_FOUND")]
    );
    let listed = server.get("/api/v1/contacts").bearer(&key).expect(200).json();
    assert_eq!(listed["data"]["contacts"][0]["id"], three["id"]);
    assert_eq!(listed["meta"]["totalItems"], 1);
    let other = server.tenant("Bolt");
    for scopes in [&["contacts:bulk"][..], &["contacts:delete"]] {
        let weak = super::scoped(&other, scopes);
        refusal(server, &send(server, &weak, "DELETE", &body), 403, "INSUFFICIENT_SCOPE");
    }
}

// D-86, X-130
fn bodies_of_the_wrong_size_are_refused(server: &Server) {
    let key = full(&server.tenant("Acme"));
    let contacts = |count: usize| {
        (0..count)
            .map(|number| json!({ "fullName": format!("C{number}") }))
            .collect::<Vec<_>>()
    };
    for (method, member) in [("POST", "contacts"), ("PATCH", "contacts"), ("DELETE", "ids")] {
        for (body, code) in [
            (json!({}), "required"),
            (json!({ member: null }), "required"),
            (json!({ member: {} }), "invalid_type"),
            (json!({ member: [] }), "custom"),
            (json!({ member: contacts(501) }), "custom"),
        ] {
            let error = refusal(server, &send(server, &key, method, &body), 400, "VALIDATION_ERROR");
            assert_eq!(details(&error), [(member, code)], "{method}");
        }
    }
    let made = data(
        server,
        &send(server, &key, "POST", &json!({ "contacts": contacts(500) })).expect(200),
    );
    assert_eq!(made["summary"], json!({ "total": 500, "created": 500, "failed": 0 }));
}

//
fn a_repeated_bulk_has_one_effect(server: &Server) {
    let key = full(&server.tenant("Acme"));
    let body = json!({ "contacts": [{ "fullName": "Once" }] });
    let post = || {
        server
            .post(PATH)
            .bearer(&key)
            .header("idempotency-key", "k1")
            .json(&body)
            .expect(200)
    };
    assert_eq!(post().json(), post().json());
    let listed = server.get("/api/v1/contacts").bearer(&key).expect(200).json();
    assert_eq!(listed["meta"]["totalItems"], 1);
}

/// The emails of contacts, by their names, after a bulk of `(name, email)`; and how many of it failed.
fn exchanged(server: &Server, tenant: &str, wanted: &[(&str, Value)]) -> (Vec<String>, Vec<(u64, String)>) {
    let key = full(&server.tenant(tenant));
    let ids: Vec<Value> = ["a", "b", "c", "d"]
        .map(|name| make(server, &key, &json!({ "fullName": name, "email": format!("{name}@x.test") }))["id"].clone())
        .into();
    let place = |name: &str| usize::from(name.as_bytes()[0] - b'a');
    let changes: Vec<Value> = wanted
        .iter()
        .map(|(name, email)| json!({ "id": ids[place(name)], "updates": { "email": email } }))
        .collect();
    let done = data(server, &send(server, &key, "PATCH", &json!({ "contacts": changes })).expect(200));
    let failed = failures(&done["results"])
        .into_iter()
        .map(|(index, code)| (index, code.to_owned()))
        .collect();
    let shown = |id: &Value| {
        let answer = server.get(&format!("/api/v1/contacts/{}", text(id))).bearer(&key).expect(200);
        data(server, &answer)["contact"]["email"]
            .as_str()
            .unwrap_or("-")
            .replace("@x.test", "")
    };
    let emails = ids.iter().map(shown).collect();
    // What is free now can be taken, and what is not cannot.
    let other = server
        .post("/api/v1/contacts")
        .bearer(&key)
        .json(&json!({ "email": "a@x.test" }))
        .send();
    let is_free = ids.iter().all(|id| shown(id) != "a");
    assert_eq!(other.status == 201, is_free, "{other:?}");
    (emails, failed)
}

// D-92, X-128
fn emails_are_exchanged(server: &Server) {
    let at = |name: &str| json!(format!("{name}@x.test"));
    let duplicate = |index: u64| (index, "DUPLICATE_RESOURCE".to_owned());
    let cases = [
        // Two, three in a circle, and a row of them that ends at a new one.
        (vec![("a", at("b")), ("b", at("a"))], ["b", "a", "c", "d"], vec![]),
        (vec![("a", at("b")), ("b", at("c")), ("c", at("a"))], ["b", "c", "a", "d"], vec![]),
        (
            vec![("a", at("b")), ("b", at("c")), ("c", at("new"))],
            ["b", "c", "new", "d"],
            vec![],
        ),
        (vec![("a", at("B")), ("b", Value::Null)], ["B@x.test", "-", "c", "d"], vec![]),
        // One wants what another keeps: whoever waits for it fails with it.
        (
            vec![("a", at("b")), ("b", at("d"))],
            ["a", "b", "c", "d"],
            vec![duplicate(0), duplicate(1)],
        ),
        (
            vec![("a", at("b")), ("b", json!("bad")), ("c", at("new"))],
            ["a", "b", "new", "d"],
            vec![duplicate(0), (1, "VALIDATION_ERROR".to_owned())],
        ),
        // Two want the same of a third, who is in a circle with the first.
        (
            vec![("a", at("b")), ("b", at("a")), ("c", at("b"))],
            ["b", "a", "c", "d"],
            vec![duplicate(2)],
        ),
    ];
    for (tenant, (wanted, emails, failed)) in ["One", "Two", "Three", "Four", "Five", "Six", "Seven"].into_iter().zip(cases) {
        let emails = emails.map(|email| email.replace("@x.test", "")).to_vec();
        assert_eq!(exchanged(server, tenant, &wanted), (emails, failed), "{wanted:?}");
    }
}
