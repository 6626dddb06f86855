//! Merging companies, contacts and leads, and undoing it.

use crm_domain::control::user::Role;
use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{create, details, fields, ids, page::get, refusal, text};

each_server! {
    records_become_one_and_part_again,
    every_noun_is_merged_alike,
    what_is_wrong_is_told_at_once,
    a_state_that_does_not_allow_it_is_told,
    a_merge_is_not_repeated,
    merges_are_listed_newest_first,
    whose_they_are_and_who_may,
}

fn merge(server: &Server, token: &str, item: &str, ids: &[&str]) -> Value {
    let request = server.post(&format!("{item}/merge")).bearer(token);
    request.json(&json!({ "ids": ids })).expect(200).json()
}

fn undo(server: &Server, token: &str, id: &str) -> Value {
    server.post(&format!("/api/merges/{id}/undo")).bearer(token).expect(200).json()
}

fn records_become_one_and_part_again(server: &Server) {
    let tenant = server.tenant("Acme");
    let login = tenant.login(&tenant.admin);
    let token = login.token;
    let make = |path: &str, body: Value| create(server, &token, path, &body);
    let company = make("/api/companies", json!({ "name": "Acme", "city": "London" }));
    let other = make(
        "/api/companies",
        json!({ "name": "ACME Inc", "phone": "+44 1", "externalId": "E-2", "annualRevenue": 12.5, "city": "Paris", "country": "France" }),
    );
    make(
        "/api/companies",
        json!({ "name": "Third", "phone": "+44 3", "parentId": "company_2" }),
    );
    let contact = make("/api/contacts", json!({ "lastName": "Lovelace", "companyId": "company_2" }));
    let deals = [2, 2, 3].map(|number| make("/api/deals", json!({ "name": "Deal", "companyId": format!("company_{number}") })));
    let answer = merge(server, &token, "/api/companies/company_1", &["company_2", "company_3"]);
    let mut record = company.clone();
    record["phone"] = json!("+44 1");
    record["externalId"] = json!("E-2");
    record["annualRevenue"] = json!(12.5);
    record["currency"] = json!("USD");
    assert_eq!(
        answer,
        json!({ "record": record, "mergeId": "merge_1", "merged": 2, "moved": { "contacts": 1, "deals": 3 } })
    );
    assert_eq!(get(server, &token, "/api/companies/company_1"), record);
    assert_eq!(get(server, &token, "/api/contacts/contact_1")["companyId"], "company_1");
    assert_eq!(get(server, &token, "/api/companies/company_1/deals")["totalCount"], 3);
    assert_eq!(ids(&get(server, &token, "/api/companies")), ["company_1"]);
    assert_eq!(ids(&get(server, &token, "/api/companies?deleted=true")), ["company_2", "company_3"]);
    refusal(
        server,
        &server.get("/api/companies/company_2").bearer(&token).send(),
        404,
        "NOT_FOUND",
    );
    let known = get(server, &token, "/api/merges/merge_1");
    let at = server.now().to_second_precision();
    assert_eq!(
        known,
        json!({
            "id": "merge_1",
            "entity": "company",
            "survivorId": "company_1",
            "mergedIds": ["company_2", "company_3"],
            "moved": { "contacts": 1, "deals": 3 },
            "filledFields": ["annualRevenue", "externalId", "phone"],
            "customFieldIds": [],
            "tagIds": [],
            "createdAt": at,
            "createdBy": login.user_id,
            "undoneAt": null,
            "undoneBy": null,
            "tenantId": login.tenant_id,
        })
    );
    let mut undone = known.clone();
    undone["undoneAt"] = json!(at);
    undone["undoneBy"] = json!(login.user_id);
    assert_eq!(undo(server, &token, "merge_1"), undone);
    assert_eq!(get(server, &token, "/api/merges/merge_1"), undone);
    assert_eq!(get(server, &token, "/api/companies/company_1"), company, "the clock stands still");
    assert_eq!(get(server, &token, "/api/companies/company_2"), other);
    assert_eq!(get(server, &token, "/api/contacts/contact_1"), contact);
    for deal in deals {
        assert_eq!(get(server, &token, &format!("/api/deals/{}", text(&deal["id"]))), deal);
    }
    let history = get(server, &token, "/api/companies/company_2/changes");
    let kinds: Vec<&str> = history["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| text(&change["kind"]))
        .collect();
    assert_eq!(kinds, ["restored", "deleted", "created"]);
}

fn every_noun_is_merged_alike(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    for (path, entity, one, other, filled) in [
        (
            "/api/companies",
            "company",
            json!({ "name": "A" }),
            json!({ "name": "B", "email": "b@example.com" }),
            "email",
        ),
        (
            "/api/contacts",
            "contact",
            json!({ "lastName": "Byron" }),
            json!({ "firstName": "Ada", "lastName": "Byron", "email": "ada@example.com" }),
            "firstName",
        ),
        (
            "/api/leads",
            "lead",
            json!({ "firstName": "Ada", "lastName": "Byron", "email": "a@example.com" }),
            json!({ "firstName": "Ada", "lastName": "Byron", "email": "b@example.com", "source": "Fair" }),
            "source",
        ),
    ] {
        let [one, other] = [one, other].map(|body| create(server, &token, path, &body));
        let [item, from] = [&one, &other].map(|record| format!("{path}/{}", text(&record["id"])));
        let answer = merge(server, &token, &item, &[text(&other["id"])]);
        assert_eq!((&answer["merged"], &answer["moved"]), (&json!(1), &json!({})), "{path}");
        assert_eq!(answer["record"][filled], other[filled], "{path}");
        let merge = get(server, &token, &format!("/api/merges/{}", text(&answer["mergeId"])));
        assert_eq!((&merge["entity"], &merge["mergedIds"]), (&json!(entity), &json!([other["id"]])));
        // Restored, a merged one lives again by itself, and the merge is not undone any more. Its email must be free.
        let freed = server.put(&item).bearer(&token).json(&json!({ "email": "free@example.com" }));
        freed.expect(200);
        server.post(&format!("{from}/restore")).bearer(&token).expect(200);
        let refused = server
            .post(&format!("/api/merges/{}/undo", text(&answer["mergeId"])))
            .bearer(&token)
            .send();
        let error = refusal(server, &refused, 409, "DUPLICATE");
        assert_eq!(
            error["message"],
            "The merge is no longer whole, since one of its records was restored, and cannot be undone"
        );
    }
}

// C-122, X-99
fn what_is_wrong_is_told_at_once(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    for name in ["A", "B"] {
        create(server, &token, "/api/companies", &json!({ "name": name }));
    }
    let post = |item: &str, body: &Value| {
        server
            .post(&format!("/api/companies/{item}/merge"))
            .bearer(&token)
            .json(body)
            .send()
    };
    let body = json!({ "ids": ["company_2", "company_2", "company_1", "company_99", "contact_1", ""] });
    let error = refusal(server, &post("company_1", &body), 422, "VALIDATION_ERROR");
    assert_eq!(
        details(&error),
        [
            ("ids[1]", "Ids[1] must stand here once only"),
            ("ids[2]", "Ids[2] must name another record than the one that remains"),
            ("ids[3]", "Ids[3] must name an existing company"),
            ("ids[4]", "Ids[4] must name an existing company"),
            ("ids[5]", "Ids[5] must name an existing company"),
        ]
    );
    for (body, problem) in [
        (json!({}), "Ids is required"),
        (json!({ "ids": null }), "Ids is required"),
        (json!({ "ids": [] }), "Ids must hold 1 to 50 ids"),
        (json!({ "ids": vec!["company_2"; 51] }), "Ids must hold 1 to 50 ids"),
        (json!({ "ids": "company_2" }), "Ids must be a list of strings"),
        (json!({ "ids": [2] }), "Ids must be a list of strings"),
    ] {
        let error = refusal(server, &post("company_1", &body), 422, "VALIDATION_ERROR");
        assert_eq!(details(&error), [("ids", problem)], "{body}");
    }
    for unknown in ["company_99", "contact_1", "x"] {
        refusal(server, &post(unknown, &json!({})), 404, "NOT_FOUND");
    }
    for unknown in ["merge_99", "company_1", "x"] {
        refusal(
            server,
            &server.get(&format!("/api/merges/{unknown}")).bearer(&token).send(),
            404,
            "NOT_FOUND",
        );
        let undo = server.post(&format!("/api/merges/{unknown}/undo")).bearer(&token).send();
        refusal(server, &undo, 404, "NOT_FOUND");
    }
    assert_eq!(get(server, &token, "/api/companies")["totalCount"], 2);
    assert_eq!(get(server, &token, "/api/merges")["totalCount"], 0);
}

// C-121, X-100
fn a_state_that_does_not_allow_it_is_told(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let refused = |path: &str, body: Value| {
        let answer = server.post(path).bearer(&token).json(&body).send();
        refusal(server, &answer, 409, "DUPLICATE")
    };
    create(server, &token, "/api/companies", &json!({ "name": "Top" }));
    create(server, &token, "/api/companies", &json!({ "name": "Low", "parentId": "company_1" }));
    let error = refused("/api/companies/company_2/merge", json!({ "ids": ["company_1"] }));
    assert_eq!(
        error["message"],
        "The company is above the other in its hierarchy and cannot be merged into it"
    );
    for name in ["A", "B"] {
        let body = json!({ "firstName": name, "lastName": "Byron", "email": format!("{name}@example.com") });
        create(server, &token, "/api/leads", &body);
    }
    server.post("/api/leads/lead_2/convert").bearer(&token).expect(200);
    let error = refused("/api/leads/lead_1/merge", json!({ "ids": ["lead_2"] }));
    assert_eq!(error["message"], "The lead is converted and cannot be merged");
    merge(server, &token, "/api/companies/company_1", &["company_2"]);
    server.delete("/api/companies/company_1").bearer(&token).expect(204);
    let error = refused("/api/merges/merge_1/undo", json!({}));
    assert_eq!(error["message"], "The merge is into a record that is deleted and cannot be undone");
    server.post("/api/companies/company_1/restore").bearer(&token).expect(200);
    undo(server, &token, "merge_1");
    let error = refused("/api/merges/merge_1/undo", json!({}));
    assert_eq!(error["message"], "The merge is already undone");
    let contact = |email: &str| create(server, &token, "/api/contacts", &json!({ "lastName": "A", "email": email }));
    let [one, other] = ["one@example.com", "other@example.com"].map(|email| text(&contact(email)["id"]).to_owned());
    let merged = merge(server, &token, &format!("/api/contacts/{one}"), &[&other]);
    contact("other@example.com");
    let error = refused(&format!("/api/merges/{}/undo", text(&merged["mergeId"])), json!({}));
    assert_eq!(fields(&error), ["email"]);
}

// C-144, X-109
fn a_merge_is_not_repeated(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    for name in ["A", "B"] {
        create(server, &token, "/api/companies", &json!({ "name": name }));
    }
    let post = |path: &str, body: &Value| {
        let request = server.post(path).bearer(&token).header("idempotency-key", "k");
        request.json(body).expect(200)
    };
    let ids = json!({ "ids": ["company_2"] });
    for (path, body) in [("/api/companies/company_1/merge", &ids), ("/api/merges/merge_1/undo", &json!({}))] {
        let (first, again) = (post(path, body), post(path, body));
        assert_eq!(first.json(), again.json());
        assert_eq!(
            (first.header("idempotent-replayed"), again.header("idempotent-replayed")),
            (None, Some("true"))
        );
    }
    assert_eq!(get(server, &token, "/api/merges")["totalCount"], 1);
    let again = server
        .post("/api/companies/company_1/merge")
        .bearer(&token)
        .header("idempotency-key", "k");
    let mismatch = again.json(&json!({ "ids": ["company_3"] })).send();
    refusal(server, &mismatch, 422, "VALIDATION_ERROR");
}

fn merges_are_listed_newest_first(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    create(server, &token, "/api/contacts", &json!({ "lastName": "Byron" }));
    for number in 2..7 {
        create(server, &token, "/api/contacts", &json!({ "lastName": "Byron" }));
        merge(server, &token, "/api/contacts/contact_1", &[&format!("contact_{number}")]);
    }
    undo(server, &token, "merge_4");
    let page = get(server, &token, "/api/merges?pageSize=2");
    assert_eq!(ids(&page), ["merge_5", "merge_4"]);
    assert_eq!((&page["totalCount"], &page["hasNextPage"]), (&json!(5), &json!(true)));
    assert_eq!(page["items"][1], get(server, &token, "/api/merges/merge_4"));
    let next = get(
        server,
        &token,
        &format!("/api/merges?pageSize=2&cursor={}", text(&page["nextCursor"])),
    );
    assert_eq!(ids(&next), ["merge_3", "merge_2"]);
    assert_eq!(ids(&get(server, &token, "/api/merges?pageSize=2&page=3")), ["merge_1"]);
    let bad = server.get("/api/merges?cursor=x").bearer(&token).send();
    assert_eq!(fields(&refusal(server, &bad, 400, "VALIDATION_ERROR")), ["cursor"]);
}

// C-30, C-141, X-86, X-108
fn whose_they_are_and_who_may(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    for number in 1..=3 {
        create(server, &token, "/api/companies", &json!({ "name": format!("Acme {number}") }));
    }
    merge(server, &token, "/api/companies/company_1", &["company_2"]);
    let bolt = server.tenant("Bolt");
    let stranger = bolt.admin_token();
    create(server, &stranger, "/api/companies", &json!({ "name": "Bolt" }));
    let post = |token: &str, path: &str, body: Value| server.post(path).bearer(token).json(&body).send();
    let foreign = post(&stranger, "/api/companies/company_1/merge", json!({ "ids": ["company_3"] }));
    assert_eq!(fields(&refusal(server, &foreign, 422, "VALIDATION_ERROR")), ["ids[0]"]);
    refusal(
        server,
        &post(&stranger, "/api/companies/company_3/merge", json!({ "ids": ["company_1"] })),
        404,
        "NOT_FOUND",
    );
    refusal(server, &post(&stranger, "/api/merges/merge_1/undo", json!({})), 404, "NOT_FOUND");
    assert_eq!(get(server, &stranger, "/api/merges")["totalCount"], 0);
    let user = tenant.login(&tenant.user(Role::User)).token;
    for path in ["/api/companies/company_1/merge", "/api/merges/merge_1/undo"] {
        refusal(
            server,
            &post(&user, path, json!({ "ids": ["company_3"] })),
            403,
            "PERMISSION_DENIED",
        );
    }
    assert_eq!(get(server, &user, "/api/merges/merge_1")["survivorId"], "company_1");
    let manager = tenant.login(&tenant.user(Role::Manager)).token;
    undo(server, &manager, "merge_1");
    assert_eq!(ids(&get(server, &token, "/api/companies")), ["company_1", "company_2", "company_3"]);
}
