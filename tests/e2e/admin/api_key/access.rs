//! Who manages which keys, and lists of them (contract ).

use crm_domain::{
    control::user::Role,
    tenant::change::{Actor, Origin},
    usecase::users,
};
use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{PATH, accounts, health, mint};
use crate::saas::{fields, ids, refusal, text};

each_server! {
    a_manager_gives_only_what_a_manager_has,
    a_manager_leaves_an_admins_key_alone,
    a_key_opens_nothing_while_its_creator_is_deactivated,
    keys_are_of_one_tenant,
}

//
#[test]
fn keys_are_managed_by_admins_and_managers() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let manager = tenant.login(&tenant.user(Role::Manager)).token;
    let (_, item) = health(&server, &manager);
    let user = tenant.login(&tenant.user(Role::User)).token;
    let body = json!({ "family": "elevate", "name": "x" });
    let tries = |token: &str| {
        [
            server.get(PATH).bearer(token).send(),
            server.get(&item).bearer(token).send(),
            server.post(PATH).bearer(token).json(&body).send(),
            server.patch(&item).bearer(token).json(&json!({ "name": "y" })).send(),
            server.delete(&item).bearer(token).send(),
        ]
    };
    for answer in tries(&user) {
        refusal(&server, &answer, 403, "PERMISSION_DENIED");
    }
    assert_eq!(tries(&manager).map(|answer| answer.status), [200, 200, 201, 200, 204]);
}

// what a role may not do, no key of its makes possible.
fn a_manager_gives_only_what_a_manager_has(server: &Server) {
    let tenant = server.tenant("Acme");
    let (admin, manager) = (tenant.admin_token(), tenant.login(&tenant.user(Role::Manager)).token);
    let wish = |permissions: Value| json!({ "family": "elevate", "name": "x", "permissions": permissions });
    for wished in [json!(["webhook"]), json!(["read", "webhook"])] {
        let answer = server.post(PATH).bearer(&manager).json(&wish(wished)).send();
        assert_eq!(fields(&refusal(server, &answer, 422, "VALIDATION_ERROR")), ["permissions"]);
    }
    let made = mint(server, &manager, &json!({ "family": "elevate", "name": "x" }))["apiKey"].clone();
    assert_eq!(
        made["permissions"],
        json!(["read", "write"]),
        "without a word, what the creator may do"
    );
    let item = format!("{PATH}/{}", text(&made["id"]));
    for (who, wished) in [(&manager, json!(["webhook"])), (&admin, json!(["webhook", "read"]))] {
        let body = json!({ "permissions": wished });
        let answer = server.patch(&item).bearer(who).json(&body).send();
        assert_eq!(fields(&refusal(server, &answer, 422, "VALIDATION_ERROR")), ["permissions"]);
    }
    let narrow = server
        .patch(&item)
        .bearer(&manager)
        .json(&json!({ "permissions": ["read"] }))
        .expect(200);
    assert_eq!(narrow.json()["permissions"], json!(["read"]));
    let cleared = server
        .patch(&item)
        .bearer(&manager)
        .json(&json!({ "permissions": null }))
        .expect(200);
    assert_eq!(cleared.json()["permissions"], json!(["read", "write"]));
    assert_eq!(
        mint(server, &admin, &wish(json!(["webhook"])))["apiKey"]["permissions"],
        json!(["webhook"])
    );
}

//
fn a_manager_leaves_an_admins_key_alone(server: &Server) {
    let tenant = server.tenant("Acme");
    let (admin, manager) = (tenant.admin_token(), tenant.login(&tenant.user(Role::Manager)).token);
    let fenced = json!({ "family": "health_trixss", "name": "Fenced", "ipAllowlist": ["10.0.0.0/8"] });
    let made = mint(server, &admin, &fenced);
    let item = format!("{PATH}/{}", text(&made["apiKey"]["id"]));
    for answer in [
        server.patch(&item).bearer(&manager).json(&json!({ "ipAllowlist": [] })).send(),
        server.patch(&item).bearer(&manager).json(&json!({ "name": "Mine" })).send(),
        server.delete(&item).bearer(&manager).send(),
    ] {
        refusal(server, &answer, 403, "PERMISSION_DENIED");
    }
    let shown = server.get(&item).bearer(&manager).expect(200).json();
    assert_eq!(shown, made["apiKey"], "it may be looked at");
    accounts(server, text(&made["key"])).expect(403);
    // An Admin changes a Manager's.
    let (_, of_manager) = health(server, &manager);
    server
        .patch(&of_manager)
        .bearer(&admin)
        .json(&json!({ "rateLimit": 5 }))
        .expect(200);
    server.delete(&of_manager).bearer(&admin).expect(204);
}

//
fn a_key_opens_nothing_while_its_creator_is_deactivated(server: &Server) {
    let tenant = server.tenant("Acme");
    let creator = tenant.user(Role::Manager);
    let (key, _) = health(server, &tenant.login(&creator).token);
    let (of_admin, _) = health(server, &tenant.admin_token());
    let control = server.control();
    let origin = Origin {
        actor: Actor::System,
        family: "server",
    };
    accounts(server, &key).expect(200);
    for (active, status) in [(false, 401), (true, 200)] {
        users::set_active(&*control, &origin, tenant.tenant.id, creator.id, active).unwrap();
        for node in [server, &server.another_node()] {
            accounts(node, &key).expect(status);
            accounts(node, &of_admin).expect(200);
        }
    }
    // Who may no more make keys may still read, and so may its key.
    users::set_role(&*control, &origin, tenant.tenant.id, creator.id, Role::User).unwrap();
    accounts(server, &key).expect(200);
}

fn keys_are_of_one_tenant(server: &Server) {
    let (ours, theirs) = (server.tenant("Ours"), server.tenant("Theirs"));
    let (token, other) = (ours.admin_token(), theirs.admin_token());
    let (key, item) = health(server, &other);
    for answer in [
        server.get(&item).bearer(&token).send(),
        server.patch(&item).bearer(&token).json(&json!({ "rateLimit": 1 })).send(),
        server.delete(&item).bearer(&token).send(),
    ] {
        let error = refusal(server, &answer, 404, "NOT_FOUND");
        assert_eq!(error["message"], "API key not found");
    }
    assert_eq!(server.get(PATH).bearer(&token).expect(200).json()["totalCount"], 0);
    theirs.account("Theirs");
    assert_eq!(accounts(server, &key).expect(200).json()["pagination"]["total"], 1);
    let (ours_key, _) = health(server, &token);
    assert_eq!(accounts(server, &ours_key).expect(200).json()["pagination"]["total"], 0);
}

#[test]
fn the_list_has_pages_and_families() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    for number in 0..5 {
        let family = ["elevate", "contacts"][number % 2];
        mint(&server, &token, &json!({ "family": family, "name": format!("Key {number}") }));
    }
    let list = |query: &str| server.get(&format!("{PATH}?{query}")).bearer(&token).expect(200).json();
    let all = list("");
    let all = ids(&all);
    let pages: Vec<Value> = (1..=3).map(|page| list(&format!("page={page}&pageSize=2"))).collect();
    let paged: Vec<&str> = pages.iter().flat_map(ids).collect();
    assert_eq!(paged, all);
    assert_eq!(
        json!([pages[2]["totalPages"], pages[2]["hasNextPage"], pages[2]["hasPreviousPage"]]),
        json!([3, false, true])
    );
    // A walk by cursors.
    let mut page = list("pageSize=2");
    let mut walked = ids(&page).into_iter().map(str::to_owned).collect::<Vec<_>>();
    while page["hasNextPage"] == true {
        page = list(&format!("pageSize=2&cursor={}", text(&page["nextCursor"])));
        walked.extend(ids(&page).into_iter().map(str::to_owned));
    }
    assert_eq!(
        (walked, &page["nextCursor"]),
        (all.iter().map(|id| (*id).to_owned()).collect(), &Value::Null)
    );
    let cursor = list("family=contacts&pageSize=1");
    let cursor = text(&cursor["nextCursor"]);
    assert_eq!(ids(&list(&format!("family=contacts&cursor={cursor}"))).len(), 1);
    let of_another_list = server.get(&format!("{PATH}?family=elevate&cursor={cursor}")).bearer(&token).send();
    refusal(&server, &of_another_list, 400, "VALIDATION_ERROR");
    let contacts = list("family=contacts");
    assert_eq!((ids(&contacts).len(), &contacts["totalCount"]), (2, &json!(2)));
    assert!(contacts["items"].as_array().unwrap().iter().all(|key| key["family"] == "contacts"));
    for query in ["family=saas", "page=x", "cursor=x"] {
        refusal(
            &server,
            &server.get(&format!("{PATH}?{query}")).bearer(&token).send(),
            400,
            "VALIDATION_ERROR",
        );
    }
    for id in ["key_99", "key_", "99", "key_1x", "company_1"] {
        refusal(
            &server,
            &server.get(&format!("{PATH}/{id}")).bearer(&token).send(),
            404,
            "NOT_FOUND",
        );
    }
}
