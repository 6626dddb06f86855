//! Pages, orders, cursors and searches (contract C-65, C-72, C-131 … C-137, X-105 … X-107).

use std::cmp::Ordering;

use crm_domain::tenant::{
    account::{self, AccountDraft, AccountFields},
    contact::ContactDraft,
};
use crm_tests::{
    each_server,
    server::Server,
    tenant::{TestTenant, set},
};
use serde_json::{Value, json};

use super::{create, details, ids, keys, refusal, text};

each_server! {
    the_documents_example_page,
    pages_add_up,
    companies_sort_by_every_field,
    deals_sort_by_every_field,
    a_search_finds_what_it_says,
}

const COMPANIES: &str = "/api/companies";
const DEALS: &str = "/api/deals";

fn get(server: &Server, token: &str, path: &str) -> Value {
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

// C-131 … C-134, X-105, X-107
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

/// What an item is sorted by, and its place among equals.
fn place(item: &Value, field: &str) -> (Value, i64) {
    let number = |id: &Value| {
        id.as_str()
            .and_then(|id| id.rsplit('_').next())
            .and_then(|number| number.parse::<i64>().ok())
    };
    let value = match field {
        "name" => json!(text(&item["name"]).to_lowercase()),
        "id" | "createdBy" => json!(number(&item[field])),
        field if field.ends_with("Id") && field != "externalId" => json!(number(&item[field])),
        field => item[field].clone(),
    };
    (value, number(&item["id"]).expect("an id"))
}

/// Nothing comes first; numbers by size, texts by their characters' numbers.
fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Less,
        (_, Value::Null) => Ordering::Greater,
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Number(a), Value::Number(b)) => a.as_f64().unwrap().total_cmp(&b.as_f64().unwrap()),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        other => panic!("{other:?} cannot be compared"),
    }
}

/// C-133, C-134, C-137: every order, over the whole list, in pages and by cursor.
fn check_orders(server: &Server, token: &str, path: &str, sortable: &[&str]) {
    let all = get(server, token, &format!("{path}?pageSize=100"));
    let all = all["items"].as_array().unwrap().clone();
    for field in sortable {
        // All stamps of creation differ, though not in the seconds that are shown; ids ascend with them.
        let by = if *field == "createdAt" { "id" } else { field };
        let mut sorted = all.clone();
        if *field == "updatedAt" {
            // Nothing was changed since: as creation.
            sorted.sort_by_key(|item| place(item, "id").1);
        } else {
            sorted.sort_by(|a, b| {
                let (a, b) = (place(a, by), place(b, by));
                compare(&a.0, &b.0).then(a.1.cmp(&b.1))
            });
        }
        for order in ["asc", "desc"] {
            let expected: Vec<&str> = sorted.iter().map(|item| text(&item["id"])).collect();
            let query = format!("{path}?sortBy={field}&sortOrder={order}&pageSize=4");
            let (mut by_page, mut by_cursor) = (Vec::new(), Vec::new());
            let mut page = get(server, token, &query);
            for number in 1.. {
                by_page.extend(ids(&page).into_iter().map(str::to_owned));
                if page["hasNextPage"] == false {
                    break;
                }
                page = get(server, token, &format!("{query}&page={}", number + 1));
            }
            let mut page = get(server, token, &query);
            loop {
                assert_eq!(page["totalCount"], all.len());
                by_cursor.extend(ids(&page).into_iter().map(str::to_owned));
                let Some(cursor) = page["nextCursor"].as_str() else { break };
                page = get(server, token, &format!("{query}&cursor={cursor}"));
                assert_eq!(page["hasPreviousPage"], true);
            }
            assert_eq!(by_page, expected, "{field} {order}");
            assert_eq!(by_cursor, expected, "{field} {order}");
            sorted.reverse();
        }
    }
    let upper = get(server, token, &format!("{path}?sortOrder=DESC&pageSize=100"));
    let mut ascending = ids(&upper);
    ascending.reverse();
    assert_eq!(ascending, all.iter().map(|item| text(&item["id"])).collect::<Vec<_>>());
}

//
const COMPANY_FIELDS: [&str; 23] = [
    "address",
    "annualRevenue",
    "category",
    "city",
    "country",
    "createdAt",
    "createdBy",
    "currency",
    "description",
    "email",
    "employees",
    "externalId",
    "foundedYear",
    "id",
    "industry",
    "name",
    "ownerId",
    "parentId",
    "phone",
    "state",
    "updatedAt",
    "website",
    "zipCode",
];

fn companies_sort_by_every_field(server: &Server) {
    let tenant = server.tenant("Acme");
    let other = tenant.user(crm_domain::control::user::Role::User);
    let texts = ["b", "B", "ä", "a", "Z", "z", "株", "É"];
    let drafts = (0..13_usize).map(|number| {
        let word = |shift: usize| set(texts[(number * 3 + shift) % texts.len()]);
        let sparse = |shift: usize| {
            if (number + shift) % 3 == 0 {
                Default::default()
            } else {
                word(shift)
            }
        };
        let figure = |range: usize| {
            if number % 4 == 0 {
                Default::default()
            } else {
                set(1_000 + number * 7 % range)
            }
        };
        AccountDraft {
            external_id: if number % 3 == 0 {
                Default::default()
            } else {
                set(format!("{}-{number}", texts[number % 8]))
            },
            name: word(0),
            category: sparse(1),
            website: if number % 2 == 0 {
                Default::default()
            } else {
                set(format!("https://{}.example.com", number % 5))
            },
            phone: sparse(2),
            email: if number % 2 == 1 {
                Default::default()
            } else {
                set(format!("{}@example.com", ["b", "A", "a"][number % 3]))
            },
            address: sparse(3),
            city: sparse(4),
            state: sparse(5),
            zip_code: sparse(6),
            country: sparse(7),
            industry: sparse(8),
            employees: figure(5),
            annual_revenue: figure(6),
            currency: if number % 2 == 0 { set("EUR") } else { Default::default() },
            founded_year: figure(4),
            description: sparse(9),
            owner_id: if number % 3 == 1 {
                crm_domain::field::Patch::Set(other.id)
            } else {
                Default::default()
            },
            ..AccountDraft::default()
        }
    });
    let made: Vec<_> = drafts.map(|draft| tenant.account_of(draft)).collect();
    // Two of a parent, as new records so that nothing was changed; one that no user made.
    for parent in [&made[5], &made[2]] {
        let draft = AccountDraft {
            name: set("child"),
            parent_id: crm_domain::field::Patch::Set(parent.id),
            ..AccountDraft::default()
        };
        tenant.account_of(draft);
    }
    imported(&tenant);
    check_orders(server, &tenant.admin_token(), COMPANIES, &COMPANY_FIELDS);
}

/// A company that an import made, and no user.
fn imported(tenant: &TestTenant<'_>) {
    use crm_domain::tenant::change::{Actor, Origin};
    let draft = AccountDraft {
        name: set("imported"),
        ..AccountDraft::default()
    };
    let fields = AccountFields::parse(draft, tenant.admin.id, crm_domain::field::Check::new()).unwrap();
    let origin = Origin {
        actor: Actor::Job("import"),
        family: "cli",
    };
    let made = tenant.store().writing(origin, |unit| account::create(unit, fields)).unwrap();
    assert_eq!(made.created_by, None);
}

const DEAL_FIELDS: [&str; 20] = [
    "amount",
    "closedOn",
    "companyId",
    "contactId",
    "createdAt",
    "createdBy",
    "currency",
    "description",
    "engagedOn",
    "expectedCloseDate",
    "externalId",
    "id",
    "includeInForecast",
    "leadSource",
    "name",
    "nextStep",
    "ownerId",
    "probability",
    "stageId",
    "updatedAt",
];

fn deals_sort_by_every_field(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let companies = tenant.accounts(["b", "a"].map(str::to_owned));
    let contact = tenant.contact_of(ContactDraft {
        last_name: set("Hopper"),
        email: set("grace@example.com"),
        ..ContactDraft::default()
    });
    let owner = tenant.user(crm_domain::control::user::Role::User);
    for number in 0..14_usize {
        let word = |shift: usize| {
            let words = [json!("b"), json!("B"), Value::Null, json!("ä"), json!("a")];
            words[(number * 2 + shift) % words.len()].clone()
        };
        let day = |shift: usize| {
            if (number + shift) % 3 == 0 {
                Value::Null
            } else {
                json!(format!("2025-0{}-1{}", 1 + number % 4, shift))
            }
        };
        let body = json!({
            "externalId": if number % 2 == 0 { Value::Null } else { json!(format!("x{}", 100 - number)) },
            "name": (["Zeta", "alpha", "Ωmega", "beta"][number % 4]),
            "companyId": if number % 3 == 0 { Value::Null } else { json!(format!("company_{}", companies[number % 2].id)) },
            "contactId": if number % 3 == 1 { Value::Null } else { json!(format!("contact_{}", contact.id)) },
            "stageId": format!("stage_{}", 1 + number * 5 % 6),
            "amount": if number % 4 == 0 { Value::Null } else { json!((number * 7 % 5) as f64 * 10.25) },
            "currency": (["USD", "EUR"][number % 2]),
            "probability": number * 37 % 101,
            "expectedCloseDate": day(0),
            "closedOn": day(1),
            "engagedOn": day(2),
            "description": word(0),
            "leadSource": word(1),
            "nextStep": word(2),
            "includeInForecast": number % 3 == 0,
            "ownerId": if number % 2 == 0 { Value::Null } else { json!(format!("user_{}", owner.id)) },
        });
        create(server, &token, DEALS, &body);
    }
    check_orders(server, &token, DEALS, &DEAL_FIELDS);
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

fn a_search_finds_what_it_says(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    for (name, city) in [
        ("Straßenbau GmbH", "Łódź"),
        ("100% Cotton_Works", "Ab"),
        ("ΟΔΟΣ Industries", "x"),
        ("株式会社エイ", "東京"),
        ("O'Neill \"and\" Sons\\Partners", "NEAR (cotton) OR*"),
    ] {
        create(server, &token, COMPANIES, &json!({ "name": name, "city": city }));
        create(server, &token, DEALS, &json!({ "name": name, "leadSource": city }));
    }
    let found = |path: &str, term: &str| {
        let term: String = url::form_urlencoded::byte_serialize(term.as_bytes()).collect();
        let page = get(server, &token, &format!("{path}?search={term}"));
        assert_eq!(page["totalCount"], ids(&page).len());
        ids(&page)
            .iter()
            .map(|id| id.rsplit('_').next().unwrap().parse::<i64>().unwrap())
            .collect::<Vec<_>>()
    };
    for path in [COMPANIES, DEALS] {
        for (term, expected) in [
            ("straß", vec![1]),
            ("STRAẞE", vec![1]),
            ("strasse", vec![]),
            ("łó", vec![1]),
            ("ŁÓDŹ", vec![1]),
            ("ab", vec![2]),
            ("%", vec![2]),
            ("0%", vec![2]),
            ("_", vec![2]),
            ("n_w", vec![2]),
            ("cotton", vec![2, 5]),
            ("οδοσ", vec![3]),
            ("οδος i", vec![3]),
            ("株", vec![4]),
            ("式会社エ", vec![4]),
            ("東京", vec![4]),
            ("o'n", vec![5]),
            ("\"and\"", vec![5]),
            ("s\\p", vec![5]),
            ("OR*", vec![5]),
            ("(cotton) or", vec![5]),
            ("nothing like it", vec![]),
            ("i", vec![3, 5]),
            (" cotton ", vec![2, 5]),
        ] {
            assert_eq!(found(path, term), expected, "{path} {term}");
        }
    }
    // It combines with order and pages.
    let page = get(server, &token, "/api/companies?search=cotton&sortBy=name&sortOrder=desc&pageSize=1");
    assert_eq!((ids(&page), &page["totalPages"]), (vec!["company_5"], &json!(2)));
}
