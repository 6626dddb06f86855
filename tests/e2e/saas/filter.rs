//! Filters, sparse fieldsets and deleted records of lists (contract C-65, C-72, C-133, C-137, X-105, X-106).

use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{create, details, fields, ids, keys, page::get, refusal};

each_server! {
    filters_narrow_lists,
    deals_are_found_by_status_and_stage,
    deleted_records_have_a_list,
}

fn fill(server: &Server, token: &str) {
    for (name, industry, revenue) in [
        ("Alpha Steel", json!("Steel"), json!(1_000.5)),
        ("Beta", json!("Finance"), json!(2_000)),
        ("Gamma steel", Value::Null, Value::Null),
        ("Delta", json!("Steel"), json!(3_000)),
    ] {
        let body = json!({ "name": name, "industry": industry, "annualRevenue": revenue, "employees": 10 });
        create(server, token, "/api/companies", &body);
    }
    for (name, company, amount, day) in [
        ("Renewal", json!("company_1"), json!(100), json!("2026-03-01")),
        ("Upsell", json!("company_2"), json!(250.25), json!("2026-04-01")),
        ("Idea", Value::Null, Value::Null, Value::Null),
    ] {
        let body = json!({ "name": name, "companyId": company, "amount": amount, "expectedCloseDate": day });
        create(server, token, "/api/deals", &body);
    }
}

fn filters_narrow_lists(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    fill(server, &token);
    let owner = format!("user_{}", tenant.admin.id);
    let found = |path: &str, query: &str| {
        let page = get(server, &token, &format!("/api/{path}?{query}"));
        assert_eq!(page["totalCount"], ids(&page).len(), "{query}");
        ids(&page)
            .iter()
            .map(|id| id.rsplit('_').next().unwrap().parse::<i64>().unwrap())
            .collect::<Vec<_>>()
    };
    for (query, expected) in [
        ("filter[industry]=Steel", vec![1, 4]),
        ("filter[industry][eq]=Steel", vec![1, 4]),
        ("filter%5Bindustry%5D%5Beq%5D=Steel", vec![1, 4]),
        ("filter[industry]=steel", vec![]),
        ("filter[industry][ne]=Steel", vec![2, 3]),
        ("filter[industry][in]=Steel,Finance", vec![1, 2, 4]),
        ("filter[industry][startsWith]=St", vec![1, 4]),
        ("filter[industry][isNull]=true", vec![3]),
        ("filter[industry][isNull]=false&sortOrder=desc", vec![4, 2, 1]),
        // Names are compared whatever their case.
        ("filter[name]=ALPHA%20steel", vec![1]),
        ("filter[name][contains]=STEEL", vec![1, 3]),
        ("filter[name][contains]=STEEL&filter[industry][isNull]=true", vec![3]),
        ("filter[name][contains]=eel&search=alpha", vec![1]),
        // Amounts are major units.
        ("filter[annualRevenue]=1000.5", vec![1]),
        ("filter[annualRevenue][gt]=1000.5&sortBy=name", vec![2, 4]),
        ("filter[annualRevenue][lte]=2000", vec![1, 2]),
        (
            "filter[employees][gte]=10&filter[industry]=Steel&sortBy=name&sortOrder=desc",
            vec![4, 1],
        ),
        ("filter[id][in]=company_2,company_4,company_99", vec![2, 4]),
        ("filter[createdAt][lt]=2000-01-01", vec![]),
        ("filter[createdAt][gte]=2000-01-01T00:00:00Z", vec![1, 2, 3, 4]),
        // All are of one tenant: their ids decide.
        ("sortBy=tenantId&sortOrder=desc", vec![4, 3, 2, 1]),
    ] {
        assert_eq!(found("companies", query), expected, "{query}");
    }
    assert_eq!(found("companies", &format!("filter[ownerId]={owner}")), [1, 2, 3, 4]);
    for (query, expected) in [
        ("filter[companyId]=company_1", vec![1]),
        ("filter[companyId][isNull]=true", vec![3]),
        ("filter[amount][gt]=100", vec![2]),
        ("filter[amount]=250.25", vec![2]),
        (
            "filter[expectedCloseDate][gte]=2026-03-01&filter[expectedCloseDate][lt]=2026-04-01",
            vec![1],
        ),
        ("filter[includeInForecast]=false", vec![]),
        ("filter[includeInForecast][ne]=false", vec![1, 2, 3]),
        ("filter[stageId]=stage_1&sortBy=amount", vec![3, 1, 2]),
    ] {
        assert_eq!(found("deals", query), expected, "{query}");
    }
    // Pages and cursors of a filtered list.
    let path = "/api/companies?filter[industry][in]=Steel,Finance&sortBy=name&pageSize=2";
    let first = get(server, &token, path);
    assert_eq!((ids(&first), &first["totalCount"]), (vec!["company_1", "company_2"], &json!(3)));
    let cursor = first["nextCursor"].as_str().unwrap();
    let second = get(server, &token, &format!("{path}&cursor={cursor}"));
    assert_eq!((ids(&second), &second["totalCount"]), (vec!["company_4"], &json!(3)));
    let other = format!("/api/companies?filter[industry]=Steel&sortBy=name&pageSize=2&cursor={cursor}");
    refusal(server, &server.get(&other).bearer(&token).send(), 400, "VALIDATION_ERROR");
}

fn deals_are_found_by_status_and_stage(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    fill(server, &token);
    server.post("/api/deals/deal_1/win").bearer(&token).json(&json!({})).expect(200);
    let lost = json!({ "reason": "Price" });
    server.post("/api/deals/deal_2/lose").bearer(&token).json(&lost).expect(200);
    for (query, expected) in [
        ("filter[status]=open", vec!["deal_3"]),
        ("filter[status][eq]=WON", vec!["deal_1"]),
        ("filter[status][ne]=won", vec!["deal_2", "deal_3"]),
        ("filter[status][in]=won,lost", vec!["deal_1", "deal_2"]),
        ("filter[status][in]=won,lost&filter[stage]=closed%20won", vec!["deal_1"]),
        ("filter[stage]=Prospecting", vec!["deal_3"]),
        ("filter[stage][ne]=prospecting", vec!["deal_1", "deal_2"]),
        ("filter[stage][in]=Prospecting,Closed%20Lost&sortBy=name", vec!["deal_3", "deal_2"]),
        ("filter[status]=open&filter[stage]=Closed%20Won", vec![]),
        ("filter[status]=lost&filter[name]=upsell", vec!["deal_2"]),
    ] {
        let page = get(server, &token, &format!("/api/deals?{query}"));
        assert_eq!(
            (ids(&page), &page["totalCount"]),
            (expected.clone(), &json!(expected.len())),
            "{query}"
        );
    }
    let of_company = get(server, &token, "/api/companies/company_1/deals?filter[status]=won");
    assert_eq!(ids(&of_company), ["deal_1"]);
    // Pages go on, also when a pipeline has one more stage meanwhile; a cursor of other words is refused.
    let path = "/api/deals?filter[status][in]=won,lost&pageSize=1";
    let first = get(server, &token, path);
    let cursor = first["nextCursor"].as_str().unwrap();
    let stage = json!({ "name": "Signed", "kind": "won" });
    server
        .post("/api/pipelines/pipeline_1/stages")
        .bearer(&token)
        .json(&stage)
        .expect(201);
    assert_eq!(ids(&get(server, &token, &format!("{path}&cursor={cursor}"))), ["deal_2"]);
    let other = format!("/api/deals?filter[status]=won&pageSize=1&cursor={cursor}");
    refusal(server, &server.get(&other).bearer(&token).send(), 400, "VALIDATION_ERROR");
    for (query, part) in [
        ("filter[status]=closed", "open, won, lost"),
        ("filter[status][gt]=open", "eq, ne, in"),
        ("filter[stage]=Nowhere", "Negotiation"),
        ("filter[colour]=red", "status, stage"),
    ] {
        let answer = server.get(&format!("/api/deals?{query}")).bearer(&token).send();
        let error = refusal(server, &answer, 400, "VALIDATION_ERROR");
        let (_, message) = details(&error)[0];
        assert!(message.contains(part), "{query}: {message}");
    }
    let answer = server.get("/api/leads?filter[stage]=x").bearer(&token).send();
    refusal(server, &answer, 400, "VALIDATION_ERROR");
}

fn deleted_records_have_a_list(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    fill(server, &token);
    let list = |query: &str| {
        let page = get(server, &token, &format!("/api/companies?{query}"));
        (ids(&page).join(" "), page["totalCount"].clone())
    };
    assert_eq!(list("deleted=true"), (String::new(), json!(0)));
    for gone in ["company_4", "company_2"] {
        server.delete(&format!("/api/companies/{gone}")).bearer(&token).expect(204);
    }
    assert_eq!(list("deleted=true"), ("company_2 company_4".to_owned(), json!(2)));
    assert_eq!(list("deleted=true&filter[industry]=Steel"), ("company_4".to_owned(), json!(1)));
    assert_eq!(list("deleted=false"), ("company_1 company_3".to_owned(), json!(2)));
    assert_eq!(list("filter[industry]=Steel"), ("company_1".to_owned(), json!(1)));
}

#[test]
fn only_the_members_asked_for_are_shown() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    fill(&server, &token);
    let page = get(&server, &token, "/api/companies?fields=name, ownerId&pageSize=1");
    assert_eq!(
        page["items"],
        json!([{ "id": "company_1", "name": "Alpha Steel", "ownerId": format!("user_{}", tenant.admin.id) }])
    );
    assert_eq!(page["totalCount"], 4);
    let whole = get(&server, &token, "/api/companies?fields=");
    assert!(keys(&whole["items"][0]).len() > 20);
    let answer = server.get("/api/companies?fields=name,password").bearer(&token).send();
    let error = refusal(&server, &answer, 400, "VALIDATION_ERROR");
    let (field, message) = details(&error)[0];
    assert!(
        field == "fields" && message.contains("\"password\"") && message.contains("zipCode"),
        "{message}"
    );
}

#[test]
fn what_is_wrong_with_a_filter_is_told_at_once() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let refused = |query: &str| {
        let answer = server.get(&format!("/api/companies?{query}")).bearer(&token).send();
        refusal(&server, &answer, 400, "VALIDATION_ERROR")
    };
    for (query, field, message) in [
        ("filter[industry]=", "filter[industry]", "is required"),
        (
            "filter[industry][isNull]=maybe",
            "filter[industry][isNull]",
            "must be one of: true, false",
        ),
        ("filter[ownerId]=company_1", "filter[ownerId]", "must be an id such as user_12"),
        ("filter[ownerId]=7", "filter[ownerId]", "must be an id such as user_12"),
        ("filter[employees]=many", "filter[employees]", "must be a whole number"),
        (
            "filter[annualRevenue][gt]=1.005",
            "filter[annualRevenue][gt]",
            "must be an amount of money with at most 2 decimals",
        ),
        (
            "filter[name][contains]=ab",
            "filter[name][contains]",
            "must be at least 3 characters long",
        ),
        ("filter[industry]=a%00b", "filter[industry]", "must not contain control characters"),
        ("filter[industry", "filter[industry", "must have the form filter[field][operator]"),
        ("filter=x", "filter", "must have the form filter[field][operator]"),
        ("filter[a][b][c]=x", "filter[a][b][c]", "must have the form filter[field][operator]"),
        ("deleted=yes", "deleted", "must be one of: true, false"),
    ] {
        let error = refused(query);
        assert_eq!(details(&error), [(field, format!("{field} {message}").as_str())], "{query}");
    }
    for unknown in ["password", "address", "description", "company_id", "name_key"] {
        let error = refused(&format!("filter[{unknown}]=x"));
        let message = details(&error)[0].1;
        assert!(
            message.contains("must name one of these fields: ") && message.contains("industry"),
            "{message}"
        );
    }
    let error = refused("filter[industry][gt]=x");
    assert!(
        details(&error)[0]
            .1
            .ends_with("must name one of these operators: eq, ne, in, startsWith, isNull")
    );
    let error = refused("sortBy=z&filter[employees]=x&filter[nope]=1&pageSize=y&deleted=?&fields=nope");
    assert_eq!(
        fields(&error),
        ["deleted", "fields", "filter[employees]", "filter[nope]", "pageSize", "sortBy"]
    );
    let many: String = (0..21).map(|number| format!("filter[f{number}]=1&")).collect();
    assert_eq!(fields(&refused(&many)), ["filter"]);
}

//
#[test]
fn a_page_number_is_clamped_to_what_clients_can_hold() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    fill(&server, &token);
    for (asked, shown) in [
        ("2147483647", 2_147_483_647_u64),
        ("2147483648", 2_147_483_647),
        ("99999999999999999999", 2_147_483_647),
    ] {
        let page = get(&server, &token, &format!("/api/companies?page={asked}"));
        assert_eq!(
            (&page["page"], &page["items"], &page["totalCount"]),
            (&json!(shown), &json!([]), &json!(4))
        );
    }
}
