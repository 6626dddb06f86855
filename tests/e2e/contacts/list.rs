//! Lists of contacts (contract D-04, D-48 … D-61, D-217, D-218, X-01, X-122 … ).

use std::time::Duration;

use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{Browser, contact::make, data, details, full, refusal, text};

each_server! {
    a_list_is_paged,
    a_list_is_filtered,
    a_list_is_sorted,
    times_are_inclusive,
    what_is_wrong_with_a_query_is_told,
    a_blank_time_is_not_everything,
    a_path_of_two_families_is_whose_credential_comes,
}

fn list(server: &Server, key: &str, query: &str) -> Value {
    let answer = server.get(&format!("/api/v1/contacts?{query}")).bearer(key).expect(200);
    data(server, &answer);
    answer.json()
}

fn names(list: &Value) -> Vec<&str> {
    let contacts = list["data"]["contacts"].as_array().unwrap();
    contacts.iter().map(|contact| text(&contact["fullName"])).collect()
}

// D-04, D-48, D-49, D-60, X-122
fn a_list_is_paged(server: &Server) {
    let key = full(&server.tenant("Acme"));
    let contacts: Vec<Value> = (0..25).map(|number| json!({ "fullName": format!("C{number:02}") })).collect();
    server
        .post("/api/v1/contacts/bulk")
        .bearer(&key)
        .json(&json!({ "contacts": contacts }))
        .expect(200);
    let meta = |page: u64, size: u64, pages: u64| json!({ "page": page, "pageSize": size, "totalItems": 25, "totalPages": pages, "apiVersion": "1.0.0" });
    let told = |list: &Value| {
        let mut meta = list["meta"].clone();
        meta.as_object_mut().unwrap().remove("nextCursor");
        meta
    };
    let first = list(server, &key, "");
    assert_eq!((told(&first), names(&first).len(), names(&first)[0]), (meta(1, 20, 2), 20, "C24"));
    let second = list(server, &key, "page=2");
    assert_eq!(
        (told(&second), names(&second)),
        (meta(2, 20, 2), vec!["C04", "C03", "C02", "C01", "C00"])
    );
    assert_eq!(second["meta"]["nextCursor"], Value::Null);
    let third = list(server, &key, "page=3&pageSize=7&sortOrder=asc");
    assert_eq!(
        (told(&third), names(&third)),
        (meta(3, 7, 4), vec!["C14", "C15", "C16", "C17", "C18", "C19", "C20"])
    );
    assert_eq!(told(&list(server, &key, "pageSize=1000")), meta(1, 100, 1));
    let beyond = list(server, &key, "page=9");
    assert_eq!((told(&beyond), names(&beyond).len()), (meta(9, 20, 2), 0));
    // Where a page ends, a cursor goes on.
    let (mut walked, mut query) = (Vec::new(), "pageSize=10&sortBy=fullName&sortOrder=asc".to_owned());
    loop {
        let page = list(server, &key, &query);
        walked.extend(names(&page).into_iter().map(str::to_owned));
        match page["meta"]["nextCursor"].as_str() {
            Some(cursor) => query = format!("pageSize=10&sortBy=fullName&sortOrder=asc&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(walked, (0..25).map(|number| format!("C{number:02}")).collect::<Vec<_>>());
    let empty = list(server, &full(&server.tenant("Bolt")), "");
    assert_eq!((&empty["meta"]["totalItems"], &empty["meta"]["totalPages"]), (&json!(0), &json!(0)));
}

// D-50, D-51, D-52, D-53, D-56, D-58, D-59, X-120, X-125
fn a_list_is_filtered(server: &Server) {
    let key = full(&server.tenant("Acme"));
    let ada = make(
        server,
        &key,
        &json!({
            "fullName": "Ada Lovelace", "email": "ada@engine.test", "company": "Analytical", "industry": "Technology",
            "country": "United Kingdom", "employees": 300, "homePhone": "1", "title": "CTO",
            "personLinkedIn": "https://linkedin.com/in/ada"
        }),
    );
    make(
        server,
        &key,
        &json!({ "fullName": "Bob Brown", "industry": "Healthcare", "country": "United States", "employees": 5 }),
    );
    make(
        server,
        &key,
        &json!({ "fullName": "Cleo", "email": "cleo@example.com", "industry": "Technology" }),
    );
    let score = text(&ada["leadScore"]).to_owned();
    for (query, expected) in [
        ("search=lovelace", &["Ada Lovelace"][..]),
        ("search=ENGINE.test", &["Ada Lovelace"]),
        ("search=analyt", &["Ada Lovelace"]),
        ("search=nobody", &[]),
        ("industry=Technology", &["Ada Lovelace", "Cleo"]),
        ("employeeSizeBracket=201-500", &["Ada Lovelace"]),
        ("employeeSizeBracket=1-10", &["Bob Brown"]),
        ("country=United+States", &["Bob Brown"]),
        ("country=United%20Kingdom&industry=Technology", &["Ada Lovelace"]),
        ("hasEmail=true", &["Ada Lovelace", "Cleo"]),
        ("hasEmail=false", &["Bob Brown"]),
        ("hasPhone=true", &["Ada Lovelace"]),
        ("hasPhone=false", &["Bob Brown", "Cleo"]),
        ("hasLinkedIn=true", &["Ada Lovelace"]),
        ("hasLinkedIn=false", &["Bob Brown", "Cleo"]),
        (&format!("leadScoreMin={score}"), &["Ada Lovelace"]),
        (&format!("leadScoreMin={score}&leadScoreMax={score}"), &["Ada Lovelace"]),
        ("leadScoreMin=0&leadScoreMax=10", &["Ada Lovelace", "Bob Brown", "Cleo"]),
        ("leadScoreMin=10.05", &[]),
        ("leadScoreMax=-0.5", &[]),
        ("industry=Technology&hasPhone=false&sortBy=leadScore&pageSize=50&page=1", &["Cleo"]),
        ("industry=&hasEmail=", &["Ada Lovelace", "Bob Brown", "Cleo"]),
    ] {
        let listed = list(server, &key, &format!("{query}&sortOrder=asc"));
        assert_eq!(names(&listed), expected, "{query}");
        assert_eq!(listed["meta"]["totalItems"], expected.len(), "{query}");
    }
}

// D-54, D-55, X-123
fn a_list_is_sorted(server: &Server) {
    let key = full(&server.tenant("Acme"));
    make(
        server,
        &key,
        &json!({ "fullName": "beta", "company": "X", "employees": 5, "industry": "B", "email": "z@example.com" }),
    );
    server.advance(Duration::from_secs(1));
    make(
        server,
        &key,
        &json!({ "fullName": "Alpha", "company": "Y", "employees": 50, "industry": "A", "email": "m@example.com", "title": "CEO", "country": "DE" }),
    );
    server.advance(Duration::from_secs(1));
    make(
        server,
        &key,
        &json!({ "fullName": "gamma", "company": "W", "employees": 500, "industry": "C", "email": "a@example.com" }),
    );
    for (order, expected) in [
        ("", ["gamma", "Alpha", "beta"]),
        ("sortBy=createdAt&sortOrder=asc", ["beta", "Alpha", "gamma"]),
        ("sortBy=updatedAt", ["gamma", "Alpha", "beta"]),
        ("sortBy=fullName&sortOrder=asc", ["Alpha", "beta", "gamma"]),
        ("sortBy=company&sortOrder=ASC", ["gamma", "beta", "Alpha"]),
        ("sortBy=employees", ["gamma", "Alpha", "beta"]),
        ("sortBy=industry&sortOrder=asc", ["Alpha", "beta", "gamma"]),
        ("sortBy=email&sortOrder=asc", ["gamma", "Alpha", "beta"]),
    ] {
        assert_eq!(names(&list(server, &key, order)), expected, "{order}");
    }
    assert_eq!(names(&list(server, &key, "sortBy=leadScore&sortOrder=desc"))[0], "Alpha");
}

// D-57, X-18, X-31, X-124
fn times_are_inclusive(server: &Server) {
    let key = full(&server.tenant("Acme"));
    make(server, &key, &json!({ "fullName": "Old" }));
    server.advance(Duration::from_secs(3_600));
    let new = make(server, &key, &json!({ "fullName": "New" }));
    let at = text(&new["createdAt"]);
    let (day, later) = (&at[..10], server.now().plus(Duration::from_secs(1)).to_second_precision());
    for (query, expected) in [
        (format!("createdSince={at}"), &["New"][..]),
        (format!("updatedSince={at}"), &["New"]),
        (format!("updatedSince={}.000000Z", &at[..19]), &["New"]),
        // Python's `isoformat()` of a time in UTC names no zone.
        (format!("updatedSince={}", &at[..19]), &["New"]),
        (format!("createdSince={day}"), &["New", "Old"]),
        (format!("updatedSince={later}"), &[]),
    ] {
        assert_eq!(names(&list(server, &key, &query)), expected, "{query}");
    }
    let old = list(server, &key, "search=Old")["data"]["contacts"][0].clone();
    let changed = server.patch(&format!("/api/v1/contacts/{}", text(&old["id"]))).bearer(&key);
    changed.json(&json!({ "title": "x" })).expect(200);
    assert_eq!(names(&list(server, &key, &format!("updatedSince={at}"))).len(), 2);
}

//
fn what_is_wrong_with_a_query_is_told(server: &Server) {
    let key = full(&server.tenant("Acme"));
    let wrong = "page=0&pageSize=x&sortBy=password&sortOrder=up&leadScoreMin=many&updatedSince=yesterday&createdSince=2024-13-01&hasEmail=maybe\
        &hasPhone=1&hasLinkedIn=x&deleted=x&cursor=x";
    let answer = server.get(&format!("/api/v1/contacts?{wrong}")).bearer(&key).send();
    let error = refusal(server, &answer, 400, "VALIDATION_ERROR");
    let fields: Vec<&str> = details(&error).into_iter().map(|(field, _)| field).collect();
    assert_eq!(
        fields,
        [
            "createdSince",
            "cursor",
            "deleted",
            "hasEmail",
            "hasLinkedIn",
            "hasPhone",
            "leadScoreMin",
            "page",
            "pageSize",
            "sortBy",
            "sortOrder",
            "updatedSince"
        ]
    );
}

//
fn a_blank_time_is_not_everything(server: &Server) {
    let key = full(&server.tenant("Acme"));
    for blank in ["", "%20", "+"] {
        let query = format!("updatedSince={blank}&createdSince={blank}");
        let answer = server.get(&format!("/api/v1/contacts?{query}")).bearer(&key).send();
        let error = refusal(server, &answer, 400, "VALIDATION_ERROR");
        let fields: Vec<&str> = details(&error).into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["createdSince", "updatedSince"], "{query}");
    }
}

// D-217, D-218, X-01, X-05, X-156
fn a_path_of_two_families_is_whose_credential_comes(server: &Server) {
    let tenant = server.tenant("Acme");
    let (key, token) = (full(&tenant), tenant.admin_token());
    make(server, &key, &json!({ "fullName": "Ada" }));
    let browser = Browser::of(server, &tenant.admin);
    let by_cookie = browser.request("GET", "/api/contacts?pageSize=1").expect(200);
    assert_eq!(data(server, &by_cookie)["contacts"][0]["fullName"], "Ada");
    assert_eq!(by_cookie.json()["meta"]["totalItems"], 1);
    let by_token = server.get("/api/contacts").bearer(&token).expect(200);
    assert_eq!(by_token.json()["totalCount"], 1);
    // A token wins over a cookie, and is the owner's kind or nothing.
    assert_eq!(
        browser.request("GET", "/api/contacts").bearer(&token).expect(200).json()["totalCount"],
        1
    );
    for request in [
        server.get("/api/contacts"),
        server.get("/api/contacts").bearer(&key),
        browser.request("GET", "/api/contacts").bearer("x"),
    ] {
        let answer = request.expect(401);
        assert!(answer.json()["timestamp"].is_string(), "family C's envelope: {answer:?}");
    }
    // A cookie that could be one but opens nothing is family D's to refuse; other methods are family C's.
    let stale = server
        .get("/api/contacts")
        .header("cookie", format!("session={}", "A".repeat(43)))
        .send();
    refusal(server, &stale, 401, "UNAUTHORIZED");
    assert!(browser.request("POST", "/api/contacts").json(&json!({})).expect(401).json()["timestamp"].is_string());
    let head = browser.request("HEAD", "/api/contacts").expect(200);
    assert_eq!(head.header("x-api-version"), Some("1.0.0"));
}
