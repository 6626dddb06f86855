//! The audit log, `GET /api/audit`: who changed what and when (contract X-86).

mod administration;

use crm_domain::usecase::single;
use std::time::Duration;

use crm_domain::{
    control::{api_key::KeyFamily, user::Role},
    tenant::{
        account,
        change::{Actor, Origin},
    },
};
use crm_tests::{each_server, server::Server, tenant::TestTenant};
use serde_json::{Value, json};

use super::{create, fields, keys, page::get, refusal, text};

each_server! {
    what_happened_is_told_with_who_did_it,
    filters_can_be_combined,
    the_log_is_walked_by_cursor,
    what_cannot_be_right_is_refused_by_name,
}

const PATH: &str = "/api/audit";

/// Entity and action of each entry.
#[track_caller]
fn lines(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().expect("items");
    items
        .iter()
        .map(|item| format!("{} {}", text(&item["entityId"]), text(&item["action"])))
        .collect()
}

/// Has an actor of its own create an account.
fn created_by(tenant: &TestTenant<'_>, actor: Actor, family: &'static str) {
    let fields = tenant.account("Template").fields;
    let origin = Origin { actor, family };
    tenant
        .store()
        .writing(origin, move |unit| single::create_parsed::<account::Account>(unit, fields))
        .unwrap();
}

fn what_happened_is_told_with_who_did_it(server: &Server) {
    let tenant = server.tenant("Acme");
    let manager = tenant.user(Role::Manager);
    let token = tenant.login(&manager).token;
    let company = create(server, &token, "/api/companies", &json!({ "name": "Acme" }));
    let item = format!("/api/companies/{}", text(&company["id"]));
    server.put(&item).bearer(&token).json(&json!({ "city": "Bern" })).expect(200);
    let page = get(server, &token, PATH);
    assert_eq!(keys(&page), ["hasNextPage", "items", "nextCursor"]);
    assert_eq!(lines(&page), ["company_1 updated", "company_1 created"], "newest first");
    let feed = get(server, &token, "/api/changes?after=1");
    let (entry, change) = (&page["items"][0], &feed["items"][0]);
    let email = manager.email.as_ref().unwrap().as_str();
    let expected = json!({
        "seq": 2, "timestamp": change["timestamp"], "action": "updated", "entity": "company", "entityId": "company_1",
        "family": "saas", "changes": { "city": [null, "Bern"] },
        "actor": { "type": "user", "id": format!("user_{}", manager.id), "name": "User 1", "email": email },
    });
    assert_eq!(*entry, expected);

    let key = tenant.key(KeyFamily::HealthTrixss);
    created_by(&tenant, Actor::ApiKey(key.id), "health_trixss");
    created_by(&tenant, Actor::Job("import"), "cli");
    created_by(&tenant, Actor::System, "server");
    let page = get(server, &token, PATH);
    let actors: Vec<&Value> = [0, 2, 4].iter().map(|index| &page["items"][index]["actor"]).collect();
    assert_eq!(
        actors,
        [
            &json!({ "type": "system", "id": null, "name": null, "email": null }),
            &json!({ "type": "job", "id": null, "name": "import", "email": null }),
            &json!({ "type": "apiKey", "id": format!("key_{}", key.id), "name": "Test key", "email": null }),
        ]
    );
    assert_eq!(page["items"][2]["family"], "cli");
    // Who left is still named.
    tenant.change_user(&manager, |user| user.is_active = false);
    let admin = tenant.admin_token();
    let page = get(server, &admin, &format!("{PATH}?userId=user_{}", manager.id));
    assert_eq!((lines(&page).len(), &page["items"][0]["actor"]["email"]), (2, &json!(email)));
    // who changed what is for managers.
    let user = tenant.login(&tenant.user(Role::User)).token;
    refusal(server, &server.get(PATH).bearer(&user).send(), 403, "PERMISSION_DENIED");
    let stranger = server.tenant("Bolt").admin_token();
    assert_eq!(lines(&get(server, &stranger, PATH)), Vec::<String>::new());
}

fn filters_can_be_combined(server: &Server) {
    let tenant = server.tenant("Acme");
    let (admin, other) = (tenant.admin_token(), tenant.login(&tenant.user(Role::Manager)));
    create(server, &admin, "/api/companies", &json!({ "name": "A" }));
    create(server, &admin, "/api/deals", &json!({ "name": "D" }));
    server.advance(Duration::from_secs(60));
    server
        .put("/api/deals/deal_1")
        .bearer(&other.token)
        .json(&json!({ "name": "E" }))
        .expect(200);
    server.delete("/api/deals/deal_1").bearer(&other.token).expect(204);
    server.advance(Duration::from_secs(60));
    server
        .put("/api/companies/company_1")
        .bearer(&admin)
        .json(&json!({ "name": "B" }))
        .expect(200);
    let found = |query: &str| lines(&get(server, &admin, &format!("{PATH}?{query}")));
    let (mine, theirs) = (format!("user_{}", tenant.admin.id), &other.user_id);
    for (query, expected) in [
        ("entity=deal".to_owned(), vec!["deal_1 deleted", "deal_1 updated", "deal_1 created"]),
        (
            "entity=deals,companies&action=created".to_owned(),
            vec!["deal_1 created", "company_1 created"],
        ),
        ("entityId=company_1".to_owned(), vec!["company_1 updated", "company_1 created"]),
        (format!("entityId=deal_1&actor={mine}"), vec!["deal_1 created"]),
        (format!("actor={theirs}"), vec!["deal_1 deleted", "deal_1 updated"]),
        (format!("userId={theirs}&action=deleted"), vec!["deal_1 deleted"]),
        (
            format!("userId={mine}&entity=company&action=updated,deleted"),
            vec!["company_1 updated"],
        ),
        ("action=restored".to_owned(), vec![]),
        ("actor=system".to_owned(), vec![]),
        ("actor=import".to_owned(), vec![]),
        ("userId=user_99999".to_owned(), vec![]),
        ("from=2025-01-15T10:02:00Z".to_owned(), vec!["company_1 updated"]),
        (
            "from=2025-01-15T10:01:00Z&to=2025-01-15T10:02:00Z".to_owned(),
            vec!["deal_1 deleted", "deal_1 updated"],
        ),
        ("to=2025-01-15T10:01:00Z&entity=deal".to_owned(), vec!["deal_1 created"]),
        ("from=2025-01-16".to_owned(), vec![]),
    ] {
        assert_eq!(found(&query), expected, "{query}");
    }
}

fn the_log_is_walked_by_cursor(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    tenant.accounts((0..7).map(|number| format!("Company {number}")));
    let whole = get(server, &token, PATH);
    let (mut walked, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = get(server, &token, &format!("{PATH}?entity=company&pageSize=3{cursor}"));
        walked.extend(page["items"].as_array().unwrap().clone());
        assert_eq!(page["hasNextPage"], !page["nextCursor"].is_null());
        if page["nextCursor"].is_null() {
            break;
        }
        // What is new meanwhile is no part of the walk.
        tenant.account("Later");
        cursor = format!("&cursor={}", text(&page["nextCursor"]));
    }
    assert_eq!(Value::Array(walked), whole["items"]);
    // Another list's cursor is refused.
    let answer = server.get(&format!("{PATH}?entity=deal{cursor}")).bearer(&token).send();
    assert_eq!(fields(&refusal(server, &answer, 400, "VALIDATION_ERROR")), ["cursor"]);
}

fn what_cannot_be_right_is_refused_by_name(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    for (query, expected) in [
        ("actor=Bob", vec!["actor"]),
        ("userId=5", vec!["userId"]),
        ("actor=user_1&userId=user_1", vec!["userId"]),
        ("entity=invoice", vec!["entity"]),
        ("entity=deal&entityId=lead_1", vec!["entityId"]),
        ("action=read&entityId=7", vec!["action", "entityId"]),
        ("from=yesterday&to=1", vec!["from", "to"]),
        ("pageSize=x&cursor=!", vec!["cursor", "pageSize"]),
    ] {
        let answer = server.get(&format!("{PATH}?{query}")).bearer(&token).send();
        let error = refusal(server, &answer, 400, "VALIDATION_ERROR");
        assert_eq!(fields(&error), expected, "{query}");
    }
}
