//! Pages and cursors (contract C-65, C-72, C-131 … C-136, X-105 … X-107).

use crm_tests::{each_server, server::Server, tenant::TestTenant};
use serde_json::{Value, json};

use super::{details, ids, keys, refusal, text};

each_server! {
    the_documents_example_page,
    pages_add_up,
}

const COMPANIES: &str = "/api/companies";
const DEALS: &str = "/api/deals";

/// A list.
pub fn get(server: &Server, token: &str, path: &str) -> Value {
    server.get(path).bearer(token).expect(200).json()
}

fn many(tenant: &TestTenant<'_>, count: usize) {
    let _ = tenant.accounts((1..=count).map(|number| format!("Company {number:03}")));
}

// C-135, C-136
fn the_documents_example_page(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    many(&tenant, 245);
    let page = get(server, &token, "/api/companies?page=2&pageSize=50&sortBy=createdAt&sortOrder=desc");
    let mut envelope = page.clone();
    envelope.as_object_mut().unwrap().remove("items");
    envelope.as_object_mut().unwrap().remove("nextCursor");
    let expected = json!({
        "page": 2, "pageSize": 50, "totalCount": 245, "totalPages": 5, "hasNextPage": true, "hasPreviousPage": true,
    });
    assert_eq!(envelope, expected);
    let names: Vec<&str> = page["items"].as_array().unwrap().iter().map(|item| text(&item["name"])).collect();
    let expected: Vec<String> = (146..=195).rev().map(|number| format!("Company {number:03}")).collect();
    assert_eq!(names, expected);
    // The document's pagination helper, which follows hasNextPage.
    let (mut all, mut number) = (Vec::new(), 1);
    loop {
        let page = get(server, &token, &format!("/api/companies?page={number}&pageSize=100"));
        all.extend(ids(&page).into_iter().map(str::to_owned));
        if page["hasNextPage"] == false {
            break;
        }
        number += 1;
    }
    assert_eq!((all.len(), number), (245, 3));
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 245);
}

// C-131, C-132, C-134, X-105, X-107
fn pages_add_up(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let shape = |page: &Value| {
        json!([
            page["page"],
            page["pageSize"],
            page["totalPages"],
            page["hasNextPage"],
            page["hasPreviousPage"],
            page["items"].as_array().unwrap().len()
        ])
    };
    let list = |query: &str| get(server, &token, &format!("{COMPANIES}{query}"));
    let empty = list("");
    assert_eq!(
        keys(&empty),
        [
            "hasNextPage",
            "hasPreviousPage",
            "items",
            "nextCursor",
            "page",
            "pageSize",
            "totalCount",
            "totalPages"
        ]
    );
    assert_eq!((&empty["totalCount"], &empty["nextCursor"]), (&json!(0), &Value::Null));
    assert_eq!(shape(&empty), json!([1, 20, 0, false, false, 0]));
    many(&tenant, 45);
    for (query, expected) in [
        ("", json!([1, 20, 3, true, false, 20])),
        ("?page=2", json!([2, 20, 3, true, true, 20])),
        ("?page=3", json!([3, 20, 3, false, true, 5])),
        ("?page=4", json!([4, 20, 3, false, true, 0])),
        ("?page=1000000", json!([1_000_000, 20, 3, false, true, 0])),
        ("?pageSize=45", json!([1, 45, 1, false, false, 45])),
        ("?pageSize=44", json!([1, 44, 2, true, false, 44])),
        ("?pageSize=100", json!([1, 100, 1, false, false, 45])),
        ("?pageSize=101", json!([1, 100, 1, false, false, 45])),
        ("?pageSize=99999999999999999999", json!([1, 100, 1, false, false, 45])),
        ("?pageSize=0", json!([1, 1, 45, true, false, 1])),
        ("?pageSize=-7&page=-7", json!([1, 1, 45, true, false, 1])),
        ("?page=0", json!([1, 20, 3, true, false, 20])),
        (
            "?page=&pageSize=&sortBy=&sortOrder=&search=&cursor=",
            json!([1, 20, 3, true, false, 20]),
        ),
        ("?page=1&page=2", json!([2, 20, 3, true, true, 20])),
        ("?unknown=1&Page=3", json!([1, 20, 3, true, false, 20])),
    ] {
        let page = list(query);
        assert_eq!(shape(&page), expected, "{query}");
        assert_eq!(page["totalCount"], 45, "{query}");
        assert_eq!(page["nextCursor"].is_null(), page["hasNextPage"] == false, "{query}");
    }
    let default = ids(&list("?pageSize=100")).into_iter().map(str::to_owned).collect::<Vec<_>>();
    let asc = list("?pageSize=100&sortBy=createdAt&sortOrder=asc");
    assert_eq!(ids(&asc), default, "oldest first unless asked otherwise");
    server.delete(&format!("{COMPANIES}/{}", default[0])).bearer(&token).expect(204);
    let page = list("?page=3");
    assert_eq!((shape(&page), &page["totalCount"]), (json!([3, 20, 3, false, true, 4]), &json!(44)));
}

// C-116, X-106
#[test]
fn wrong_parameters_are_named() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    for path in [COMPANIES, DEALS] {
        let refused = |query: &str| {
            let answer = server.get(&format!("{path}?{query}")).bearer(&token).send();
            refusal(&server, &answer, 400, "VALIDATION_ERROR")
        };
        for (query, field, message) in [
            ("page=abc", "page", "page must be a whole number"),
            ("page=1.5", "page", "page must be a whole number"),
            ("page=%2B1", "page", "page must be a whole number"),
            ("pageSize=1e2", "pageSize", "pageSize must be a whole number"),
            ("pageSize=-", "pageSize", "pageSize must be a whole number"),
            ("pageSize=%D9%A1", "pageSize", "pageSize must be a whole number"),
            ("sortOrder=up", "sortOrder", "sortOrder must be one of: asc, desc"),
            (
                "cursor=x",
                "cursor",
                "cursor must be a cursor returned by this list with the same parameters",
            ),
            ("search=a%00b", "search", "search must not contain control characters"),
        ] {
            let error = refused(query);
            assert_eq!(error["message"], message);
            assert_eq!(details(&error), [(field, message)]);
        }
        assert_eq!(details(&refused(&format!("search={}", "x".repeat(256))))[0].0, "search");
        for unknown in ["password", "NAME", "search_text", "deletedAt", "name;--", "company.name", "%27"] {
            let error = refused(&format!("sortBy={unknown}"));
            let message = text(&error["message"]);
            assert!(
                message.starts_with("sortBy must be one of: ") && message.contains("updatedAt"),
                "{message}"
            );
        }
        let error = refused("page=x&pageSize=y&sortBy=z&sortOrder=w&cursor=v");
        let fields: Vec<&str> = details(&error).iter().map(|(field, _)| *field).collect();
        assert_eq!(fields, ["cursor", "page", "pageSize", "sortBy", "sortOrder"]);
    }
}

#[test]
fn a_cursor_belongs_to_its_list() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    many(&tenant, 5);
    let cursor = get(&server, &token, "/api/companies?pageSize=2&sortBy=name")["nextCursor"].clone();
    let cursor = text(&cursor);
    get(&server, &token, &format!("/api/companies?pageSize=3&sortBy=name&cursor={cursor}"));
    for query in [
        format!("{COMPANIES}?cursor={cursor}"),
        format!("{COMPANIES}?sortBy=name&sortOrder=desc&cursor={cursor}"),
        format!("{COMPANIES}?sortBy=name&search=Company&cursor={cursor}"),
        format!("{DEALS}?sortBy=name&cursor={cursor}"),
        format!("{COMPANIES}?sortBy=name&cursor={cursor}x"),
    ] {
        let answer = server.get(&query).bearer(&token).send();
        refusal(&server, &answer, 400, "VALIDATION_ERROR");
    }
    // It goes on behind its place, whatever happened there in between.
    let second = get(&server, &token, &format!("{COMPANIES}?pageSize=2&sortBy=name&cursor={cursor}"));
    server.delete("/api/companies/company_2").bearer(&token).expect(204);
    let again = get(&server, &token, &format!("{COMPANIES}?pageSize=2&sortBy=name&cursor={cursor}"));
    assert_eq!(again["items"], second["items"]);
}
