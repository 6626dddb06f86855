//! Handing leads over.

use crm_domain::control::user::Role;
use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{
    super::{create, details, fields, ids, refusal, text},
    PATH, item, john,
};

each_server! {
    a_lead_is_handed_to_a_user_of_the_tenant,
    many_leads_are_handed_over_at_once,
    many_leads_go_to_several_users_in_turn,
    who_cannot_own_leads_gets_none,
}

fn a_lead_is_handed_to_a_user_of_the_tenant(server: &Server) {
    let (tenant, other) = (server.tenant("Acme"), server.tenant("Other"));
    let (admin, user) = (tenant.login(&tenant.admin), tenant.user(Role::User));
    let lead = create(server, &admin.token, PATH, &john("john@example.com"));
    let path = format!("{}/assign", item(&lead));
    let post = |body: &serde_json::Value| server.post(&path).bearer(&admin.token).json(body).send();
    let owner = format!("user_{}", user.id);
    let mut expected = lead.clone();
    expected["ownerId"] = json!(owner);
    assert_eq!(post(&json!({ "ownerId": owner })).expect(200).json(), expected);
    assert_eq!(server.get(&item(&lead)).bearer(&admin.token).expect(200).json(), expected);
    let stranger = format!("user_{}", other.admin.id);
    for (body, message) in [
        (json!({}), "Owner id is required"),
        (json!({ "ownerId": null }), "Owner id is required"),
        (json!({ "ownerId": 5 }), "Owner id must be a string"),
        (json!({ "ownerId": stranger }), "Owner id must name an existing user"),
        (json!({ "ownerId": "company_1" }), "Owner id must name an existing user"),
    ] {
        let error = refusal(server, &post(&body), 422, "VALIDATION_ERROR");
        assert_eq!(details(&error), [("ownerId", message)], "{body}");
    }
    assert_eq!(server.get(&item(&lead)).bearer(&admin.token).expect(200).json(), expected);
}

const MANY: &str = "/api/leads/assign";

fn leads(server: &Server, token: &str, count: usize) -> Vec<Value> {
    let lead = |number| create(server, token, PATH, &john(&format!("john{number}@example.com")));
    (1..=count).map(lead).collect()
}

/// The owners of all leads, in the order of creation.
fn owners(server: &Server, token: &str) -> Vec<String> {
    let list = server.get(PATH).bearer(token).expect(200).json();
    let items = list["items"].as_array().unwrap();
    items.iter().map(|item| text(&item["ownerId"]).to_owned()).collect()
}

//
fn many_leads_are_handed_over_at_once(server: &Server) {
    let tenant = server.tenant("Acme");
    let (admin, user) = (tenant.login(&tenant.admin), tenant.user(Role::User));
    leads(server, &admin.token, 3);
    let owner = format!("user_{}", user.id);
    let body = json!({ "leadIds": ["lead_1", "lead_99", "lead_3", "lead_1", "company_1", 7, null], "ownerId": owner });
    let send = |key: &str| {
        server
            .post(MANY)
            .bearer(&admin.token)
            .header("idempotency-key", key)
            .json(&body)
            .expect(200)
    };
    let answer = send("k-1");
    let told = answer.json();
    assert_eq!(
        (&told["updated"], &told["failed"], ids(&told)),
        (&json!(2), &json!(5), vec!["lead_1", "lead_3"])
    );
    assert_eq!(told["items"][0]["ownerId"], owner);
    let errors: Vec<(u64, &str)> = told["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (error["index"].as_u64().unwrap(), text(&error["code"])))
        .collect();
    let expected = [
        (1, "NOT_FOUND"),
        (3, "VALIDATION_ERROR"),
        (4, "NOT_FOUND"),
        (5, "VALIDATION_ERROR"),
        (6, "VALIDATION_ERROR"),
    ];
    assert_eq!(errors, expected);
    assert_eq!(owners(server, &admin.token), [&*owner, &*admin.user_id, &*owner]);
    // Sent again it takes effect once.
    let end = |query: &str| server.get(&format!("/api/changes{query}")).bearer(&admin.token).expect(200).json()["nextAfter"].clone();
    let before = end("");
    let again = send("k-1");
    assert_eq!((again.header("idempotent-replayed"), again.json()), (Some("true"), told));
    assert_eq!(end(""), before);
    // Another tenant's leads are not there.
    let stranger = server.tenant("Bolt");
    let login = stranger.login(&stranger.admin);
    let body = json!({ "ids": ["lead_1"], "ownerId": login.user_id });
    let told = server.post(MANY).bearer(&login.token).json(&body).expect(200).json();
    assert_eq!((&told["updated"], &told["errors"][0]["code"]), (&json!(0), &json!("NOT_FOUND")));
}

fn many_leads_go_to_several_users_in_turn(server: &Server) {
    let tenant = server.tenant("Acme");
    let admin = tenant.login(&tenant.admin);
    let [one, two] = [Role::User, Role::Manager].map(|role| format!("user_{}", tenant.user(role).id));
    let made = leads(server, &admin.token, 5);
    let all: Vec<&str> = made.iter().map(|lead| text(&lead["id"])).collect();
    let body = json!({ "ids": all, "ownerIds": [one, two] });
    let told = server.post(MANY).bearer(&admin.token).json(&body).expect(200).json();
    assert_eq!((&told["updated"], &told["errors"]), (&json!(5), &json!([])));
    assert_eq!(owners(server, &admin.token), [&*one, &*two, &*one, &*two, &*one]);
}

fn who_cannot_own_leads_gets_none(server: &Server) {
    let (tenant, other) = (server.tenant("Acme"), server.tenant("Other"));
    let admin = tenant.login(&tenant.admin);
    let left = tenant.user(Role::User);
    tenant.change_user(&left, |user| user.is_active = false);
    let (left, stranger) = (format!("user_{}", left.id), format!("user_{}", other.admin.id));
    leads(server, &admin.token, 1);
    let me = &admin.user_id;
    for (body, expected) in [
        (json!({}), vec!["leadIds", "ownerId"]),
        (json!({ "leadIds": [], "ownerIds": [] }), vec!["leadIds", "ownerIds"]),
        (json!({ "leadIds": "lead_1", "ownerId": 5 }), vec!["leadIds", "ownerId"]),
        (json!({ "leadIds": ["lead_1"], "ids": ["lead_1"], "ownerId": me }), vec!["ids"]),
        (json!({ "ids": ["lead_1"], "ownerId": me, "ownerIds": [me] }), vec!["ownerIds"]),
        (json!({ "ids": ["lead_1"], "ownerId": left }), vec!["ownerId"]),
        (json!({ "ids": ["lead_1"], "ownerId": stranger }), vec!["ownerId"]),
        (json!({ "ids": ["lead_1"], "ownerIds": [me, left] }), vec!["ownerIds"]),
        (json!({ "ids": ["lead_1"], "ownerIds": [me, "company_1"] }), vec!["ownerIds"]),
        (json!({ "ids": ["lead_1"], "ownerIds": [me, 7] }), vec!["ownerIds"]),
        (
            json!({ "ids": (0..501).map(|n| format!("lead_{n}")).collect::<Vec<_>>(), "ownerId": me }),
            vec!["ids"],
        ),
    ] {
        let answer = server.post(MANY).bearer(&admin.token).json(&body).send();
        let error = refusal(server, &answer, 422, "VALIDATION_ERROR");
        assert_eq!(fields(&error), expected, "{body}");
    }
    assert_eq!(owners(server, &admin.token), [me.as_str()]);
}
