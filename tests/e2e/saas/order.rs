//! Orders: every field that has an index, in pages and by cursor (contract C-133, C-134, C-137, X-106).

use std::cmp::Ordering;

use crm_domain::{
    control::user::Role,
    field::{Check, Patch},
    tenant::{
        account::{self, AccountDraft, AccountFields},
        change::{Actor, Origin},
        contact::ContactDraft,
    },
    usecase::single,
};
use crm_tests::{
    each_server,
    server::Server,
    tenant::{TestTenant, set},
};
use serde_json::{Value, json};

use super::{create, ids, page::get, refusal, text};

each_server! {
    companies_sort_by_every_field,
    deals_sort_by_every_field,
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

/// C-133, C-134, C-137: every order, over the whole list, in pages and by cursor; any other is refused.
fn check_orders(server: &Server, token: &str, path: &str, sortable: &[&str]) {
    refuses_other_orders(server, token, path, sortable);
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

/// What has no index is not sorted by: it would cost a look at every record.
fn refuses_other_orders(server: &Server, token: &str, path: &str, sortable: &[&str]) {
    let first = get(server, token, &format!("{path}?pageSize=1"))["items"][0].clone();
    let members = first.as_object().unwrap().keys().map(String::as_str);
    let others: Vec<&str> = members.filter(|name| *name != "tenantId" && !sortable.contains(name)).collect();
    assert!(others.len() > 3);
    for field in others {
        let refused = server.get(&format!("{path}?sortBy={field}")).bearer(token).send();
        let error = refusal(server, &refused, 400, "VALIDATION_ERROR");
        let message = text(&error["message"]);
        assert!(message.starts_with("sortBy must be one of: "), "{field}: {message}");
        let offered = message.trim_start_matches("sortBy must be one of: ").split(", ");
        let mut offered: Vec<&str> = offered.filter(|name| *name != "tenantId").collect();
        offered.sort_unstable();
        assert_eq!(offered, sortable);
    }
}

//
const COMPANY_FIELDS: [&str; 12] = [
    "annualRevenue",
    "category",
    "city",
    "country",
    "createdAt",
    "email",
    "employees",
    "id",
    "industry",
    "name",
    "ownerId",
    "updatedAt",
];

fn companies_sort_by_every_field(server: &Server) {
    let tenant = server.tenant("Acme");
    let other = tenant.user(Role::User);
    let texts = ["b", "B", "ä", "a", "Z", "z", "株", "É"];
    let drafts = (0..13_usize).map(|number| {
        let word = |shift: usize| set(texts[(number * 3 + shift) % texts.len()]);
        let sparse = |shift: usize| {
            if (number + shift).is_multiple_of(3) {
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
            currency: if number % 2 == 0 && figure(6) != Default::default() {
                set("EUR")
            } else {
                Default::default()
            },
            founded_year: figure(4),
            description: sparse(9),
            owner_id: if number % 3 == 1 {
                Patch::Set(other.id)
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
            parent_id: Patch::Set(parent.id),
            ..AccountDraft::default()
        };
        tenant.account_of(draft);
    }
    imported(&tenant);
    check_orders(server, &tenant.admin_token(), "/api/companies", &COMPANY_FIELDS);
}

/// A company that an import made, and no user.
fn imported(tenant: &TestTenant<'_>) {
    let draft = AccountDraft {
        name: set("imported"),
        ..AccountDraft::default()
    };
    let fields = AccountFields::parse(draft, tenant.admin.id, Check::new()).unwrap();
    let origin = Origin {
        actor: Actor::Job("import"),
        family: "cli",
    };
    let made = tenant
        .store()
        .writing(origin, |unit| single::create_parsed::<account::Account>(unit, fields))
        .unwrap();
    assert_eq!(made.created_by, None);
}

const DEAL_FIELDS: [&str; 13] = [
    "amount",
    "closedOn",
    "companyId",
    "createdAt",
    "expectedCloseDate",
    "id",
    "includeInForecast",
    "leadSource",
    "name",
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
    let owner = tenant.user(Role::User);
    for number in 0..14_usize {
        let word = |shift: usize| {
            let words = [json!("b"), json!("B"), Value::Null, json!("ä"), json!("a")];
            words[(number * 2 + shift) % words.len()].clone()
        };
        let day = |shift: usize| {
            if (number + shift).is_multiple_of(3) {
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
            "currency": if number % 4 == 0 { Value::Null } else { json!(["USD", "EUR"][number % 2]) },
            "probability": number * 37 % 101,
            "expectedCloseDate": day(0),
            "closedOn": if number * 5 % 6 < 4 { Value::Null } else { day(1) },
            "engagedOn": day(2),
            "description": word(0),
            "leadSource": word(1),
            "nextStep": word(2),
            "includeInForecast": number % 3 == 0,
            "ownerId": if number % 2 == 0 { Value::Null } else { json!(format!("user_{}", owner.id)) },
        });
        create(server, &token, "/api/deals", &body);
    }
    check_orders(server, &token, "/api/deals", &DEAL_FIELDS);
}
