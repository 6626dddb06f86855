//! Who manages which keys, and lists of them (contract ).

use crm_domain::control::user::Role;
use crm_tests::{each_server, server::Server};
use serde_json::{Value, json};

use super::{PATH, accounts, health, mint};
use crate::saas::{ids, refusal};

each_server! {
    keys_are_of_one_tenant,
}

//
#[test]
fn keys_are_managed_by_admins_and_managers() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let (_, item) = health(&server, &tenant.admin_token());
    let manager = tenant.login(&tenant.user(Role::Manager)).token;
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
