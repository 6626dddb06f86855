//! The values of custom fields: written, shown, and what lists filter and sort by.

use std::thread;

use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{
    create,
    custom_field::{PATH, define, item},
    details, fields, ids, refusal, text,
};

each_server! {
    every_noun_takes_and_shows_values,
    values_follow_the_record_through_its_life,
    everything_wrong_is_told_at_once,
    a_required_value_is_asked_of_new_records,
    a_bulk_writes_values,
    of_two_writers_one_gets_a_unique_value,
    a_definition_in_use_keeps_its_type_and_choices,
    lists_filter_by_every_type_and_operator,
    lists_sort_both_ways_and_walk_by_cursor,
    conditions_and_orders_are_checked,
    tenants_do_not_share_values,
}

/// An entity, and the body of a record with a number of its own.
type NounOf = (&'static str, fn(usize) -> Value);

/// The nouns that can have custom fields.
const NOUNS: [NounOf; 7] = [
    ("companies", |number| json!({ "name": format!("Company {number}") })),
    ("contacts", |number| json!({ "lastName": format!("Contact {number}") })),
    (
        "leads",
        |number| json!({ "firstName": "A", "lastName": "Lead", "email": format!("lead{number}@example.com") }),
    ),
    ("deals", |number| json!({ "name": format!("Deal {number}") })),
    ("tickets", |number| json!({ "subject": format!("Ticket {number}") })),
    (
        "activities",
        |number| json!({ "type": "call", "subject": format!("Activity {number}") }),
    ),
    ("tasks", |number| json!({ "title": format!("Task {number}") })),
];

fn with(mut record: Value, values: Value) -> Value {
    record["customFields"] = values;
    record
}

fn define_all(server: &Server, token: &str, entity: &str) {
    for (key, holds) in [
        ("code", "text"),
        ("score", "number"),
        ("renewal_On", "date"),
        ("vip", "bool"),
        ("tier", "choice"),
    ] {
        define(server, token, entity, key, holds);
    }
}

fn company(server: &Server, token: &str, name: &str, values: &Value) -> Value {
    create(server, token, "/api/companies", &json!({ "name": name, "customFields": values }))
}

fn every_noun_takes_and_shows_values(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    for (entity, record) in NOUNS {
        let path = format!("/api/{entity}");
        let plain = create(server, &token, &path, &record(1));
        assert_eq!(plain["customFields"], json!({}), "{entity}");
        define_all(server, &token, entity);
        let sent = json!({ "code": " A-7 ", "score": 12.5, "renewal_On": "2026-02-28", "vip": false, "tier": "gold" });
        let shown = json!({ "code": "A-7", "score": 12.5, "renewal_On": "2026-02-28", "vip": false, "tier": "Gold" });
        let made = create(server, &token, &path, &with(record(2), sent));
        assert_eq!(made["customFields"], shown, "{entity}");
        let place = format!("{path}/{}", text(&made["id"]));
        assert_eq!(server.get(&place).bearer(&token).expect(200).json(), made);
        // What is not mentioned stays, null clears; keys in the body bind whatever their case, those of the tenant as they are.
        let changes = json!({ "CustomFields": { "score": 13, "vip": null } });
        let changed = server.put(&place).bearer(&token).json(&changes).expect(200).json();
        let expected = json!({ "code": "A-7", "score": 13, "renewal_On": "2026-02-28", "tier": "Gold" });
        assert_eq!(changed["customFields"], expected, "{entity}");
        for nothing in [
            json!({}),
            json!({ "customFields": null }),
            json!({ "customFields": {} }),
            json!({ "customFields": { "score": 13.0 } }),
        ] {
            let same = server.put(&place).bearer(&token).json(&nothing).expect(200);
            assert_eq!(same.json(), changed, "{entity}");
        }
        let list = server.get(&path).bearer(&token).expect(200).json();
        assert_eq!((&list["items"][0]["customFields"], &list["items"][1]), (&json!({}), &changed));
        let sparse = server
            .get(&format!("{path}?fields=customFields&pageSize=2"))
            .bearer(&token)
            .expect(200)
            .json();
        assert_eq!(sparse["items"][1], json!({ "id": made["id"], "customFields": expected }));
        // One change for the creation, one for the update.
        let history = server.get(&format!("{place}/changes")).bearer(&token).expect(200).json();
        let items = history["items"].as_array().unwrap();
        assert_eq!(items.len(), 2, "{entity}: {history}");
        let all = json!(items).to_string();
        assert!(all.contains(r#""customFields.renewal_On":[null,"2026-02-28"]"#), "{all}");
        assert!(
            all.contains(r#""customFields.score":[12.5,13]"#) && all.contains(r#""customFields.vip":[false,null]"#),
            "{all}"
        );
    }
}

fn values_follow_the_record_through_its_life(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    define_all(server, &token, "companies");
    let made = company(server, &token, "Acme", &json!({ "tier": "Gold" }));
    let place = format!("/api/companies/{}", text(&made["id"]));
    // A change of a value is a change of the record: another writer's tag is stale.
    let tag = server.get(&place).bearer(&token).expect(200).header("etag").unwrap().to_owned();
    let change = json!({ "customFields": { "tier": "Silver" } });
    let changed = server.put(&place).bearer(&token).header("if-match", &tag).json(&change).expect(200);
    assert_ne!(changed.header("etag"), Some(tag.as_str()));
    let stale = server.put(&place).bearer(&token).header("if-match", &tag).json(&change).send();
    refusal(server, &stale, 412, "VALIDATION_ERROR");
    // It is shown where the record is included.
    let deal = json!({ "name": "Deal", "companyId": made["id"] });
    let deal = create(server, &token, "/api/deals", &deal);
    let place_of_deal = format!("/api/deals/{}?include=company", text(&deal["id"]));
    let included = server.get(&place_of_deal).bearer(&token).expect(200).json();
    assert_eq!(included["company"]["customFields"], json!({ "tier": "Silver" }));
    server.delete(&place).bearer(&token).expect(204);
    let gone = server.get("/api/companies?deleted=true").bearer(&token).expect(200).json();
    assert_eq!(gone["items"][0]["customFields"], json!({ "tier": "Silver" }));
    let back = server
        .post(&format!("{place}/restore"))
        .bearer(&token)
        .json(&json!({}))
        .expect(200)
        .json();
    assert_eq!(back["customFields"], json!({ "tier": "Silver" }));
}

fn everything_wrong_is_told_at_once(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    define_all(server, &token, "companies");
    let bad = json!({
        "email": "nobody",
        "customFields": { "code": 7, "score": "7", "renewal_On": "2026-02-30", "vip": 1, "tier": "Bronze", "stranger": 1 },
    });
    let answer = server.post("/api/companies").bearer(&token).json(&bad).send();
    let error = refusal(server, &answer, 422, "VALIDATION_ERROR");
    assert_eq!(
        details(&error),
        [
            ("customFields.code", "Custom field code must be a string"),
            (
                "customFields.renewal_On",
                "Custom field renewal_On must be a date in the form YYYY-MM-DD"
            ),
            ("customFields.score", "Custom field score must be a number"),
            (
                "customFields.stranger",
                "Custom field stranger is not a custom field of these records"
            ),
            ("customFields.tier", "Custom field tier must be one of: Gold, Silver, Ärger"),
            ("customFields.vip", "Custom field vip must be true or false"),
            ("email", "Email must be a valid email address"),
            ("name", "Name is required"),
        ]
    );
    for wrong in [json!("tier"), json!(["Gold"]), json!(7)] {
        let answer = server
            .post("/api/companies")
            .bearer(&token)
            .json(&with(json!({ "name": "x" }), wrong))
            .send();
        assert_eq!(fields(&refusal(server, &answer, 422, "VALIDATION_ERROR")), ["customFields"]);
    }
    for number in [json!(1e12), json!(0.000_000_1), json!(1234567890.123_456)] {
        let body = with(json!({ "name": "x" }), json!({ "score": number }));
        let answer = server.post("/api/companies").bearer(&token).json(&body).send();
        assert_eq!(fields(&refusal(server, &answer, 422, "VALIDATION_ERROR")), ["customFields.score"]);
    }
    let long = with(json!({ "name": "x" }), json!({ "code": "x".repeat(256) }));
    let answer = server.post("/api/companies").bearer(&token).json(&long).send();
    assert_eq!(fields(&refusal(server, &answer, 422, "VALIDATION_ERROR")), ["customFields.code"]);
    let list = server.get("/api/companies").bearer(&token).expect(200).json();
    assert_eq!(list["totalCount"], 0);
}

fn a_required_value_is_asked_of_new_records(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    let old = company(server, &token, "Old", &json!({}));
    let field = define(server, &token, "companies", "code", "text");
    server
        .put(&item(&field))
        .bearer(&token)
        .json(&json!({ "required": true }))
        .expect(200);
    let answer = server.post("/api/companies").bearer(&token).json(&json!({ "name": "New" })).send();
    let error = refusal(server, &answer, 422, "VALIDATION_ERROR");
    assert_eq!(details(&error), [("customFields.code", "Custom field code is required")]);
    let new = company(server, &token, "New", &json!({ "code": "n" }));
    // A record that lacked it before may go on lacking it; none may lose it.
    let place = |record: &Value| format!("/api/companies/{}", text(&record["id"]));
    server.put(&place(&old)).bearer(&token).json(&json!({ "city": "Bonn" })).expect(200);
    let cleared = json!({ "customFields": { "code": " " } });
    let answer = server.put(&place(&new)).bearer(&token).json(&cleared).send();
    assert_eq!(fields(&refusal(server, &answer, 422, "VALIDATION_ERROR")), ["customFields.code"]);
}

fn a_bulk_writes_values(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    let code = define(server, &token, "contacts", "code", "text");
    server.put(&item(&code)).bearer(&token).json(&json!({ "unique": true })).expect(200);
    define(server, &token, "contacts", "score", "number");
    let contact = |name: &str, values: Value| json!({ "lastName": name, "customFields": values });
    let body = json!({ "contacts": [
        contact("One", json!({ "code": "a", "score": 1 })),
        contact("Two", json!({ "code": "A" })),
        contact("Three", json!({ "score": "x" })),
        contact("Four", json!({ "code": "d" })),
    ] });
    let answer = server.post("/api/contacts/bulk").bearer(&token).json(&body).expect(201).json();
    assert_eq!((&answer["created"], &answer["failed"]), (&json!(2), &json!(2)));
    assert_eq!(answer["items"][0]["customFields"], json!({ "code": "a", "score": 1 }));
    let told: Vec<_> = answer["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (&error["index"], &error["details"][0]["field"]))
        .collect();
    assert_eq!(json!(told), json!([[1, "customFields.code"], [2, "customFields.score"]]));
    // Updates follow one another: a value that one gives up is the next one's.
    let made = ids(&answer);
    let body = json!({ "contacts": [
        { "id": made[0], "customFields": { "code": "z" } },
        { "id": made[1], "customFields": { "code": "a" } },
    ] });
    let answer = server.put("/api/contacts/bulk").bearer(&token).json(&body).expect(200).json();
    assert_eq!(answer["updated"], 2, "{answer}");
    assert_eq!(answer["items"][1]["customFields"], json!({ "code": "a" }));
    let place = format!("/api/contacts/{}", made[1]);
    assert_eq!(server.get(&place).bearer(&token).expect(200).json(), answer["items"][1]);
    let history = server.get("/api/changes").bearer(&token).expect(200).json();
    let last = history["items"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&last["kind"], &last["changes"]),
        (&json!("updated"), &json!({ "customFields.code": ["d", "a"] }))
    );
}

fn of_two_writers_one_gets_a_unique_value(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    let field = json!({ "entity": "deals", "key": "number", "type": "text", "unique": true });
    create(server, &token, PATH, &field);
    let send = |name: usize| {
        let body = with(json!({ "name": format!("Deal {name}") }), json!({ "number": "2026-001" }));
        server.post("/api/deals").bearer(&token).json(&body).send()
    };
    let answers: Vec<_> = thread::scope(|scope| {
        let send = &send;
        let threads: Vec<_> = (0..4).map(|name| scope.spawn(move || send(name))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let (made, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 201);
    assert_eq!((made.len(), refused.len()), (1, 3), "{answers:?}");
    for answer in refused {
        let error = refusal(server, answer, 409, "DUPLICATE");
        let told = "Custom field number must be unique, and another record has this value";
        assert_eq!(details(&error), [("customFields.number", told)]);
    }
    assert_eq!(server.get("/api/deals").bearer(&token).expect(200).json()["totalCount"], 1);
    // Beside other errors it is one of them.
    let body = with(json!({ "name": "" }), json!({ "number": "2026-001" }));
    let answer = server.post("/api/deals").bearer(&token).json(&body).send();
    let error = refusal(server, &answer, 422, "VALIDATION_ERROR");
    assert_eq!(fields(&error), ["customFields.number", "name"]);
    // A deleted record blocks nothing, until it is to come back.
    let place = format!("/api/deals/{}", text(&made[0].json()["id"]));
    server.delete(&place).bearer(&token).expect(204);
    assert_eq!(send(9).status, 201);
    let answer = server.post(&format!("{place}/restore")).bearer(&token).json(&json!({})).send();
    refusal(server, &answer, 409, "DUPLICATE");
}

fn a_definition_in_use_keeps_its_type_and_choices(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    let tier = define(server, &token, "companies", "tier", "choice");
    let made = company(server, &token, "Acme", &json!({ "tier": "Gold" }));
    for change in [json!({ "type": "text" }), json!({ "choices": ["Silver"] })] {
        let answer = server.put(&item(&tier)).bearer(&token).json(&change).send();
        refusal(server, &answer, 409, "DUPLICATE");
    }
    company(server, &token, "Bolt", &json!({ "tier": "gold" }));
    let answer = server.put(&item(&tier)).bearer(&token).json(&json!({ "unique": true })).send();
    refusal(server, &answer, 409, "DUPLICATE");
    // Another key shows the same values; a deleted field shows none, and restored all.
    server.put(&item(&tier)).bearer(&token).json(&json!({ "key": "level" })).expect(200);
    let place = format!("/api/companies/{}", text(&made["id"]));
    let shown = || server.get(&place).bearer(&token).expect(200).json()["customFields"].clone();
    assert_eq!(shown(), json!({ "level": "Gold" }));
    server.delete(&item(&tier)).bearer(&token).expect(204);
    assert_eq!(shown(), json!({}));
    server
        .post(&format!("{}/restore", item(&tier)))
        .bearer(&token)
        .json(&json!({}))
        .expect(200);
    assert_eq!(shown(), json!({ "level": "Gold" }));
}

/// Five companies with values of every type, and one without any; names are the numbers they are made in.
fn filled(server: &Server) -> String {
    let token = server.tenant("Acme").admin_token();
    define_all(server, &token, "companies");
    for (name, values) in [
        (
            "1",
            json!({ "code": "alpha", "score": 10, "renewal_On": "2026-01-15", "vip": true, "tier": "Gold" }),
        ),
        (
            "2",
            json!({ "code": "Beta", "score": -2.5, "renewal_On": "2026-03-01", "vip": false, "tier": "Silver" }),
        ),
        ("3", json!({})),
        (
            "4",
            json!({ "code": "alphabet", "score": 9, "renewal_On": "2025-12-31", "vip": true, "tier": "Ärger" }),
        ),
        (
            "5",
            json!({ "code": "ÄRGER", "score": 0.25, "renewal_On": "2026-01-15", "vip": false, "tier": "Gold" }),
        ),
        ("6", json!({ "score": 100000 })),
    ] {
        company(server, &token, name, &values);
    }
    token
}

fn names(server: &Server, token: &str, query: &str) -> String {
    let list = server.get(&format!("/api/companies?{query}")).bearer(token).expect(200).json();
    let items = list["items"].as_array().unwrap();
    assert_eq!(list["totalCount"], items.len(), "{query}");
    items.iter().map(|item| text(&item["name"])).collect()
}

fn lists_filter_by_every_type_and_operator(server: &Server) {
    let token = filled(server);
    for (condition, expected) in [
        ("[customFields.code]=ALPHA", "1"),
        ("[customFields.code][eq]=ärger", "5"),
        ("[customFields.code][ne]=alpha", "23456"),
        ("[customFields.code][in]=beta,alpha,none", "12"),
        ("[customFields.code][startsWith]=Alpha", "14"),
        ("[customFields.code][isNull]=true", "36"),
        ("[customFields.code][isNull]=false", "1245"),
        ("[customFields.score]=10.0", "1"),
        ("[customFields.score][ne]=9", "12356"),
        ("[customFields.score][lt]=9", "25"),
        ("[customFields.score][lte]=9", "245"),
        ("[customFields.score][gt]=9", "16"),
        ("[customFields.score][gte]=9", "146"),
        ("[customFields.score][in]=0.25,-2.5", "25"),
        ("[customFields.score][isNull]=true", "3"),
        ("[customFields.renewal_On]=2026-01-15", "15"),
        ("[customFields.renewal_On][lt]=2026-01-15", "4"),
        ("[customFields.renewal_On][gte]=2026-01-15", "125"),
        ("[customFields.renewal_On][isNull]=false", "1245"),
        ("[customFields.vip]=true", "14"),
        ("[customFields.vip][ne]=true", "2356"),
        ("[customFields.vip][isNull]=true", "36"),
        ("[customFields.tier]=gold", "15"),
        ("[customFields.tier][in]=silver,ÄRGER", "24"),
        ("[customFields.tier][ne]=Gold", "2346"),
    ] {
        let (name, value) = condition.split_once('=').unwrap();
        let value: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
        assert_eq!(names(server, &token, &format!("filter{name}={value}")), expected, "{condition}");
    }
    // Conditions join each other, those on other fields, and the search.
    let both = "filter[customFields.vip]=true&filter[customFields.score][gt]=9.5";
    assert_eq!(names(server, &token, both), "1");
    assert_eq!(
        names(server, &token, "filter[customFields.tier]=Gold&filter[name][ne]=1&sortBy=name"),
        "5"
    );
    assert_eq!(names(server, &token, "filter[customFields.tier]=Gold&search=5"), "5");
}

fn lists_sort_both_ways_and_walk_by_cursor(server: &Server) {
    let token = filled(server);
    // Records without a value come first ascending and last descending; ids decide.
    for (field, ascending) in [
        ("code", "361425"),
        ("score", "325416"),
        ("renewal_On", "364152"),
        ("vip", "362514"),
        ("tier", "361524"),
    ] {
        let order = |direction: &str| format!("sortBy=customFields.{field}&sortOrder={direction}");
        let descending: String = ascending.chars().rev().collect();
        for (direction, expected) in [("asc", ascending), ("desc", &descending)] {
            assert_eq!(names(server, &token, &order(direction)), expected, "{field} {direction}");
            for size in 1..=4 {
                let (by_cursor, by_page) = walk(server, &token, &format!("{}&pageSize={size}", order(direction)));
                assert_eq!(
                    (by_cursor.as_str(), by_page.as_str()),
                    (expected, expected),
                    "{field} {direction} by {size}"
                );
            }
        }
    }
    let (by_cursor, by_page) = walk(
        server,
        &token,
        "sortBy=customFields.score&sortOrder=desc&filter[customFields.score][lt]=50&pageSize=2",
    );
    assert_eq!((by_cursor.as_str(), by_page.as_str()), ("1452", "1452"));
    // A related list is the same list.
    let deal = json!({ "entity": "deals", "key": "rank", "type": "number" });
    create(server, &token, PATH, &deal);
    for (name, rank) in [("low", 1), ("high", 2)] {
        let deal = json!({ "name": name, "companyId": "company_1", "customFields": { "rank": rank } });
        create(server, &token, "/api/deals", &deal);
    }
    let path = "/api/companies/company_1/deals?sortBy=customFields.rank&sortOrder=desc&fields=name";
    let list = server.get(path).bearer(&token).expect(200).json();
    assert_eq!(
        (&list["items"][0]["name"], &list["items"][1]["name"]),
        (&json!("high"), &json!("low"))
    );
}

/// A list's names, read by cursor and page by page.
fn walk(server: &Server, token: &str, query: &str) -> (String, String) {
    let (mut by_cursor, mut by_page) = (String::new(), String::new());
    let mut next = String::new();
    for page in 1.. {
        let read = |more: &str| {
            server
                .get(&format!("/api/companies?{query}{more}"))
                .bearer(token)
                .expect(200)
                .json()
        };
        let (list, same) = (read(&next), read(&format!("&page={page}")));
        assert_eq!(list["hasNextPage"], same["hasNextPage"], "{query}");
        for (list, names) in [(&list, &mut by_cursor), (&same, &mut by_page)] {
            list["items"]
                .as_array()
                .unwrap()
                .iter()
                .for_each(|item| names.push_str(text(&item["name"])));
        }
        match list["nextCursor"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    (by_cursor, by_page)
}

fn conditions_and_orders_are_checked(server: &Server) {
    let token = filled(server);
    for (query, field) in [
        ("filter[customFields.none]=1", "filter[customFields.none]"),
        ("filter[customFields.]=1", "filter[customFields.]"),
        ("filter[customFields]=1", "filter[customFields]"),
        ("filter[customFields.score][startsWith]=1", "filter[customFields.score][startsWith]"),
        ("filter[customFields.code][gt]=a", "filter[customFields.code][gt]"),
        ("filter[customFields.code][contains]=alp", "filter[customFields.code][contains]"),
        ("filter[customFields.score]=ten", "filter[customFields.score]"),
        ("filter[customFields.renewal_On]=2026-02-30", "filter[customFields.renewal_On]"),
        ("filter[customFields.vip]=yes", "filter[customFields.vip]"),
        ("filter[customFields.tier]=Bronze", "filter[customFields.tier]"),
        ("filter[customFields.tier][in]=Gold,Bronze", "filter[customFields.tier][in]"),
        ("sortBy=customFields.none", "sortBy"),
        ("sortBy=customFields", "sortBy"),
    ] {
        let answer = server.get(&format!("/api/companies?{query}")).bearer(&token).send();
        assert_eq!(fields(&refusal(server, &answer, 400, "VALIDATION_ERROR")), [field], "{query}");
    }
    // A cursor of one order is none of another's.
    let first = server
        .get("/api/companies?sortBy=customFields.score&pageSize=2")
        .bearer(&token)
        .expect(200)
        .json();
    let cursor = text(&first["nextCursor"]).to_owned();
    for order in ["customFields.code", "name"] {
        let answer = server
            .get(&format!("/api/companies?sortBy={order}&pageSize=2&cursor={cursor}"))
            .bearer(&token)
            .send();
        assert_eq!(fields(&refusal(server, &answer, 400, "VALIDATION_ERROR")), ["cursor"]);
    }
}

fn tenants_do_not_share_values(server: &Server) {
    let (acme, bolt) = (server.tenant("Acme").admin_token(), server.tenant("Bolt").admin_token());
    define(server, &acme, "companies", "tier", "text");
    company(server, &acme, "Acme's", &json!({ "tier": "x" }));
    let body = with(json!({ "name": "Bolt's" }), json!({ "tier": "x" }));
    let answer = server.post("/api/companies").bearer(&bolt).json(&body).send();
    assert_eq!(fields(&refusal(server, &answer, 422, "VALIDATION_ERROR")), ["customFields.tier"]);
    define(server, &bolt, "companies", "level", "text");
    let made = company(server, &bolt, "Bolt's", &json!({ "level": "y" }));
    assert_eq!(made["customFields"], json!({ "level": "y" }));
}
