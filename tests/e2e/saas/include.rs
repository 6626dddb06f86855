//! `include=`: what a resource refers to, shown along with it.

use crm_domain::control::user::Role;
use crm_tests::{each_server, server::Server, statements};
use serde_json::{Value, json};

use super::{create, fields, refusal, text};

each_server! {
    a_resource_shows_what_it_refers_to,
    a_page_shows_what_its_records_refer_to,
    every_noun_includes_what_it_refers_to,
}

/// A company with a parent, a deal of it, both another user's.
fn deal_of_a_subsidiary(server: &Server, token: &str, owner: &str) -> (Value, Value, Value) {
    let parent = create(server, token, "/api/companies", &json!({ "name": "Parent" }));
    let body = json!({ "name": "Subsidiary", "parentId": parent["id"], "ownerId": owner });
    let company = create(server, token, "/api/companies", &body);
    let body = json!({ "name": "Deal", "companyId": company["id"], "ownerId": owner });
    let deal = create(server, token, "/api/deals", &body);
    (parent, company, deal)
}

fn a_resource_shows_what_it_refers_to(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let owner = format!("user_{}", tenant.user(Role::User).id);
    let (parent, company, deal) = deal_of_a_subsidiary(server, &token, &owner);
    let get = |path: &str| server.get(path).bearer(&token).expect(200);
    let user = get(&format!("/api/users/{owner}")).json();
    let item = format!("/api/deals/{}", text(&deal["id"]));
    let plain = get(&item);
    assert_eq!(plain.json(), deal);
    let mut expected = deal.clone();
    expected["company"] = company.clone();
    expected["owner"] = user.clone();
    for query in ["company,owner", "owner,company", " company , ,owner,company"] {
        let shown = get(&format!("{item}?include={}", query.replace(' ', "%20")));
        assert_eq!(shown.json(), expected, "{query}");
        assert_eq!(shown.header("etag"), plain.header("etag"), "{query}");
    }
    let item = format!("/api/companies/{}", text(&company["id"]));
    let shown = get(&format!("{item}?include=parent")).json();
    assert_eq!((&shown["parent"], shown.get("owner")), (&parent, None));
    // What is referred to by nothing is null.
    let shown = get(&format!("/api/companies/{}?include=parent,owner", text(&parent["id"]))).json();
    assert_eq!(
        (&shown["parent"], shown["owner"]["id"].as_str()),
        (&Value::Null, parent["ownerId"].as_str())
    );
    for (path, include, known) in [
        (&item, "company", "owner, parent"),
        (&item, "parent,password", "owner, parent"),
        (&item, "Parent", "owner, parent"),
    ] {
        let answer = server.get(&format!("{path}?include={include}")).bearer(&token).send();
        let error = refusal(server, &answer, 400, "VALIDATION_ERROR");
        assert_eq!(fields(&error), ["include"]);
        for name in known.split(", ") {
            assert!(error["details"][0]["message"].as_str().unwrap().contains(name), "{error}");
        }
    }
    let missing = server.get("/api/deals/deal_99?include=company").bearer(&token).send();
    refusal(server, &missing, 404, "NOT_FOUND");
}

fn a_page_shows_what_its_records_refer_to(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let owner = format!("user_{}", tenant.user(Role::User).id);
    let (_, company, deal) = deal_of_a_subsidiary(server, &token, &owner);
    let lonely = create(server, &token, "/api/deals", &json!({ "name": "Lonely" }));
    let list = |query: &str| server.get(&format!("/api/deals?{query}")).bearer(&token).expect(200).json();
    let items = list("include=company")["items"].clone();
    let mut expected = json!([deal, lonely]);
    expected[0]["company"] = company.clone();
    expected[1]["company"] = Value::Null;
    assert_eq!(items, expected);
    // With a sparse fieldset, an order, a condition and a page.
    let sparse = list("include=company&fields=name&filter[companyId][in]=company_2&pageSize=1");
    assert_eq!(sparse["items"], json!([{ "id": deal["id"], "name": "Deal", "company": company }]));
    let owned = list("include=owner&sortBy=name&sortOrder=desc&pageSize=1");
    assert_eq!(
        (&owned["items"][0]["name"], &owned["items"][0]["owner"]["id"]),
        (&json!("Lonely"), &lonely["ownerId"])
    );
    // A cursor goes on whatever is included.
    let cursor = text(&owned["nextCursor"]).to_owned();
    let next = list(&format!("sortBy=name&sortOrder=desc&pageSize=1&cursor={cursor}"));
    assert_eq!(next["items"], json!([deal]));
    let refused = server.get("/api/deals?include=stages&sortBy=x").bearer(&token).send();
    assert_eq!(fields(&refusal(server, &refused, 400, "VALIDATION_ERROR")), ["include", "sortBy"]);
    // Nothing can be included with webhooks.
    refusal(
        server,
        &server.get("/api/webhooks?include=owner").bearer(&token).send(),
        400,
        "VALIDATION_ERROR",
    );
}

fn every_noun_includes_what_it_refers_to(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let owner = format!("user_{}", tenant.user(Role::User).id);
    let (_, company, deal) = deal_of_a_subsidiary(server, &token, &owner);
    let body = json!({ "firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com", "companyId": company["id"] });
    let lead = create(server, &token, "/api/leads", &body);
    let body = json!({ "lastName": "Lovelace", "company": "Its own words", "companyId": company["id"] });
    let contact = create(server, &token, "/api/contacts", &body);
    let ticket = create(
        server,
        &token,
        "/api/tickets",
        &json!({ "subject": "Help", "contactId": contact["id"] }),
    );
    let about = json!({
        "companyId": company["id"], "dealId": deal["id"], "leadId": lead["id"], "contactId": contact["id"],
    });
    let with = |mut body: Value| {
        body.as_object_mut().unwrap().extend(about.as_object().unwrap().clone());
        body
    };
    let task = create(
        server,
        &token,
        "/api/tasks",
        &with(json!({ "title": "Call", "ticketId": ticket["id"] })),
    );
    let activity = create(
        server,
        &token,
        "/api/activities",
        &with(json!({ "type": "call", "subject": "Called" })),
    );
    for (path, record, include) in [
        // `company` is a text of theirs.
        ("/api/leads", &lead, &[("companyRecord", &company)][..]),
        ("/api/contacts", &contact, &[("companyRecord", &company)]),
        ("/api/tickets", &ticket, &[("contact", &contact)]),
        (
            "/api/tasks",
            &task,
            &[
                ("company", &company),
                ("contact", &contact),
                ("deal", &deal),
                ("lead", &lead),
                ("ticket", &ticket),
            ],
        ),
        (
            "/api/activities",
            &activity,
            &[("company", &company), ("contact", &contact), ("deal", &deal), ("lead", &lead)],
        ),
    ] {
        let names: Vec<&str> = include.iter().map(|(name, _)| *name).collect();
        let query = format!("include={}", names.join(","));
        let mut expected = record.clone();
        for (name, resource) in include {
            expected[*name] = (*resource).clone();
        }
        let one = format!("{path}/{}?{query}", text(&record["id"]));
        assert_eq!(server.get(&one).bearer(&token).expect(200).json(), expected, "{one}");
        let list = server.get(&format!("{path}?{query}")).bearer(&token).expect(200).json();
        assert_eq!(list["items"], json!([expected]), "{path}");
    }
}

#[test]
fn an_include_costs_one_statement_for_a_page_of_any_size() {
    statements::count_from_now_on();
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    for number in 0..30 {
        let company = tenant.account(&format!("Customer {number}"));
        tenant.opportunity(&format!("Deal {number}"), Some(&company));
    }
    let folder = server.data_dir().display().to_string();
    let cost = |query: &str| {
        let once = || {
            let before = statements::of(&folder);
            server.get(&format!("/api/deals?{query}")).bearer(&token).expect(200);
            statements::of(&folder) - before
        };
        // What goes on beside a request now and then asks something, too.
        (0..10).map(|_| once()).min()
    };
    // The first requests open connections, which prepare them.
    for query in ["pageSize=30", "pageSize=30&include=company,owner"] {
        cost(query);
    }
    let plain = cost("pageSize=30");
    let (of_one, of_thirty) = (cost("pageSize=1&include=company"), cost("pageSize=30&include=company"));
    assert_eq!(of_one, of_thirty);
    assert_eq!(cost("pageSize=30&include=company,owner"), of_thirty.map(|cost| cost + 1));
    assert!(of_thirty > plain, "statements are counted");
}
