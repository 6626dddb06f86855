//! Users, administered (contract C-109, C-110, X-97).

use std::{thread, time::Duration};

use crm_domain::control::user::{Role, User};
use crm_tests::{each_server, server::Server, tenant::PASSWORD};
use serde_json::{Value, json};

use super::{create, details, ids, keys, refusal, text};

each_server! {
    an_admin_makes_and_changes_users_whom_everybody_sees,
    a_deactivated_user_is_out_at_once_and_comes_back_without_its_sessions,
    the_last_active_admin_stays,
    of_two_admins_who_demote_each_other_one_stays,
    an_email_is_unique_over_the_deployment,
}

fn path_of(user: &User) -> String {
    format!("/api/users/user_{}", user.id)
}

// C-109, C-110, X-97
fn an_admin_makes_and_changes_users_whom_everybody_sees(server: &Server) {
    let tenant = server.tenant("Acme");
    let (admin, seller) = (tenant.admin_token(), tenant.login(&tenant.user(Role::User)).token);
    let body = json!({
        "email": "Grace@Acme.test", "password": "Grace@123", "name": "Grace", "role": "manager", "office": "Berlin",
        "managerId": format!("user_{}", tenant.admin.id),
    });
    let answer = server.post("/api/users").bearer(&admin).json(&body).expect(201);
    let made = answer.json();
    let id = text(&made["id"]).to_owned();
    assert_eq!(answer.header("location"), Some(format!("/api/users/{id}").as_str()));
    let expected = json!({
        "id": id, "email": "Grace@Acme.test", "name": "Grace", "role": "Manager", "isActive": true, "office": "Berlin",
        "managerId": format!("user_{}", tenant.admin.id), "createdAt": server.now().to_second_precision(),
        "updatedAt": server.now().to_second_precision(), "lastLoginAt": null, "tenantId": format!("tenant_{}", tenant.tenant.id),
    });
    assert_eq!(made, expected);
    let path = format!("/api/users/{id}");
    assert_eq!(server.get(&path).bearer(&seller).expect(200).json(), expected);

    server.advance(Duration::from_secs(60));
    let login = server.login("grace@acme.test", "Grace@123");
    assert_eq!(login.user_id, id);
    let before = server.get(&path).bearer(&seller).expect(200);
    assert_eq!(before.json()["lastLoginAt"], server.now().to_second_precision());

    let changes = json!({ "name": "Grace Hopper", "office": null, "email": "x", "role": "Admin", "isActive": false });
    let changed = server
        .put(&path)
        .bearer(&admin)
        .header("if-match", before.header("etag").unwrap())
        .json(&changes)
        .expect(200);
    assert_eq!(
        (&changed.json()["name"], &changed.json()["office"], &changed.json()["managerId"]),
        (&json!("Grace Hopper"), &Value::Null, &expected["managerId"])
    );
    assert_eq!(
        (&changed.json()["email"], &changed.json()["role"], &changed.json()["isActive"]),
        (&expected["email"], &expected["role"], &json!(true)),
        "what has an operation of its own is no field"
    );
    let stale = server
        .put(&path)
        .bearer(&admin)
        .header("if-match", before.header("etag").unwrap())
        .json(&json!({ "name": "Late" }))
        .send();
    refusal(server, &stale, 412, "VALIDATION_ERROR");

    let role = server.put(&format!("{path}/role")).bearer(&admin).json(&json!({ "role": "User" }));
    assert_eq!(role.expect(200).json()["role"], "User");
    // The role is the user's, not the token's.
    let keys = server.get("/api/admin/api-keys").bearer(&login.token).send();
    refusal(server, &keys, 403, "PERMISSION_DENIED");
    let listed = server.get("/api/users").bearer(&seller).expect(200).json();
    assert_eq!(listed["totalCount"], 3);
    assert_eq!(listed["items"][2], server.get(&path).bearer(&seller).expect(200).json());
}

fn a_deactivated_user_is_out_at_once_and_comes_back_without_its_sessions(server: &Server) {
    let tenant = server.tenant("Acme");
    let node = server.another_node();
    let admin = tenant.admin_token();
    let leaver = tenant.user(Role::Manager);
    let login = tenant.login(&leaver);
    for node in [server, &node] {
        node.get("/api/auth/me").bearer(&login.token).expect(200);
    }
    for _ in 0..2 {
        let out = server
            .post(&format!("{}/deactivate", path_of(&leaver)))
            .bearer(&admin)
            .expect(200)
            .json();
        assert_eq!(out["isActive"], false);
    }
    let is_out = || {
        for node in [server, &node] {
            refusal(node, &node.get("/api/auth/me").bearer(&login.token).send(), 401, "INVALID_TOKEN");
            let refresh = node
                .post("/api/auth/refresh")
                .json(&json!({ "refreshToken": login.refresh_token }))
                .send();
            refusal(node, &refresh, 401, "INVALID_TOKEN");
        }
    };
    is_out();
    let credentials = json!({ "email": leaver.email.as_ref().unwrap().as_str(), "password": PASSWORD });
    refusal(
        server,
        &server.post("/api/auth/login").json(&credentials).send(),
        401,
        "AUTH_FAILED",
    );

    let back = server
        .post(&format!("{}/reactivate", path_of(&leaver)))
        .bearer(&admin)
        .expect(200)
        .json();
    assert_eq!(back["isActive"], true);
    is_out();
    tenant.login(&leaver);
}

fn the_last_active_admin_stays(server: &Server) {
    let tenant = server.tenant("Acme");
    let admin = tenant.admin_token();
    // Neither a Manager nor another tenant's Admin nor one who is kept out can take the place.
    tenant.user(Role::Manager);
    server.tenant("Bolt");
    let former = tenant.user(Role::Admin);
    server.post(&format!("{}/deactivate", path_of(&former))).bearer(&admin).expect(200);
    let demotion = json!({ "role": "Manager" });
    let [role, deactivate] = ["role", "deactivate"].map(|action| format!("{}/{action}", path_of(&tenant.admin)));
    for answer in [
        server.put(&role).bearer(&admin).json(&demotion).send(),
        server.post(&deactivate).bearer(&admin).send(),
    ] {
        let error = refusal(server, &answer, 409, "DUPLICATE");
        assert_eq!(
            error["message"],
            "The user is the last active Admin and cannot be taken away before there is another"
        );
    }
    server.put(&role).bearer(&admin).json(&json!({ "role": "Admin" })).expect(200);
    server.post(&format!("{}/reactivate", path_of(&former))).bearer(&admin).expect(200);
    assert_eq!(
        server.put(&role).bearer(&admin).json(&demotion).expect(200).json()["role"],
        "Manager"
    );
}

fn of_two_admins_who_demote_each_other_one_stays(server: &Server) {
    let tenant = server.tenant("Acme");
    let node = server.another_node();
    let second = tenant.user(Role::Admin);
    let tokens = [tenant.admin_token(), tenant.login(&second).token];
    let targets = [&second, &tenant.admin];
    for action in ["role", "deactivate"] {
        let statuses: Vec<u16> = thread::scope(|scope| {
            let take_away = |index: usize| {
                let node = if index == 0 { server } else { &node };
                let path = format!("{}/{action}", path_of(targets[index]));
                let request = match action {
                    "role" => node.put(&path).json(&json!({ "role": "User" })),
                    _ => node.post(&path),
                };
                request.bearer(&tokens[index]).send().status
            };
            let threads: Vec<_> = (0..2).map(|index| scope.spawn(move || take_away(index))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        // The other one is too late as the last Admin, or no Admin any more.
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        for user in targets {
            tenant.change_user(user, |user| (user.role, user.is_active) = (Role::Admin, true));
        }
    }
}

//
fn an_email_is_unique_over_the_deployment(server: &Server) {
    let (acme, bolt) = (server.tenant("Acme"), server.tenant("Bolt"));
    for (token, email) in [(acme.admin_token(), "ADMIN@bolt.test"), (bolt.admin_token(), "admin@BOLT.test")] {
        let body = json!({ "email": email, "password": "Grace@123" });
        for path in ["/api/users", "/api/invitations"] {
            let answer = server.post(path).bearer(&token).json(&body).send();
            let error = refusal(server, &answer, 409, "DUPLICATE");
            assert_eq!(error["message"], "A user with this email already exists");
        }
    }
    assert_eq!(
        server.get("/api/users").bearer(&acme.admin_token()).expect(200).json()["totalCount"],
        1
    );
}

#[test]
fn a_list_is_paged_sorted_searched_and_filtered() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let admin = tenant.admin_token();
    for (name, role, office) in [("zoe", "User", "Berlin"), ("Ada", "Manager", "Bern"), ("Čapek", "User", "Paris")] {
        let email = format!("{}@acme.test", role.to_lowercase() + office);
        let body = json!({ "email": email, "password": "Grace@123", "name": name, "role": role, "office": office });
        create(&server, &admin, "/api/users", &body);
    }
    let dave = text(
        &create(
            &server,
            &admin,
            "/api/users",
            &json!({ "email": "dave@acme.test", "password": "Grace@123", "managerId": "user_1" }),
        )["id"],
    )
    .to_owned();
    server.post(&format!("/api/users/{dave}/deactivate")).bearer(&admin).expect(200);
    let list = |query: &str| server.get(&format!("/api/users?{query}")).bearer(&admin).expect(200).json();
    for (query, expected) in [
        ("", vec!["user_1", "user_2", "user_3", "user_4", "user_5"]),
        ("sortOrder=desc", vec!["user_5", "user_4", "user_3", "user_2", "user_1"]),
        ("sortBy=name", vec!["user_5", "user_3", "user_1", "user_2", "user_4"]),
        ("sortBy=role&sortOrder=desc", vec!["user_5", "user_4", "user_2", "user_3", "user_1"]),
        ("search=BER", vec!["user_2", "user_3"]),
        ("search=%C4%8CAP", vec!["user_4"]),
        ("filter[role]=user&filter[isActive]=true", vec!["user_2", "user_4"]),
        ("filter[managerId]=user_1", vec!["user_5"]),
        ("page=2&pageSize=3", vec!["user_4", "user_5"]),
        ("filter[role][eq]=Admin", vec!["user_1"]),
        ("filter[role][in]=admin,Manager", vec!["user_1", "user_3"]),
        ("filter[role][ne]=User", vec!["user_1", "user_3"]),
        ("filter[isActive][eq]=false", vec!["user_5"]),
        ("filter[email]=nobody@acme.test", vec![]),
        ("filter[email]=DAVE@acme.test", vec!["user_5"]),
        ("filter[email][contains]=ERBERL", vec!["user_2"]),
        ("filter[name][startsWith]=%C4%8C", vec!["user_4"]),
        ("filter[name][isNull]=true", vec!["user_5"]),
        ("filter[id][in]=user_2,user_4", vec!["user_2", "user_4"]),
        ("filter[createdAt][lt]=2000-01-01T00:00:00Z", vec![]),
        ("deleted=true", vec![]),
    ] {
        assert_eq!(ids(&list(query)), expected, "{query}");
    }
    let first = list("sortBy=name&pageSize=3");
    assert_eq!(
        (&first["totalCount"], &first["totalPages"], &first["hasNextPage"]),
        (&json!(5), &json!(2), &json!(true))
    );
    let next = list(&format!("sortBy=name&pageSize=3&cursor={}", text(&first["nextCursor"])));
    assert_eq!(ids(&next), ["user_2", "user_4"]);
    let sparse = list("fields=email,role&filter[id]=user_5");
    assert_eq!(
        sparse["items"],
        json!([{ "id": "user_5", "email": "dave@acme.test", "role": "User" }])
    );
    let bad = "sortBy=password&filter[role]=king&filter[isActive]=1&filter[managerId]=1&cursor=x";
    let answer = server.get(&format!("/api/users?{bad}")).bearer(&admin).send();
    let error = refusal(&server, &answer, 400, "VALIDATION_ERROR");
    let named: Vec<&str> = details(&error).into_iter().map(|(field, _)| field).collect();
    assert_eq!(named, ["cursor", "filter[isActive]", "filter[managerId]", "filter[role]", "sortBy"]);
    let bad = "filter[password]=x&filter[role][like]=x&filter[isActive][in]=true&fields=password&include=manager";
    let answer = server.get(&format!("/api/users?{bad}")).bearer(&admin).send();
    let error = refusal(&server, &answer, 400, "VALIDATION_ERROR");
    let named: Vec<&str> = details(&error).into_iter().map(|(field, _)| field).collect();
    assert_eq!(
        named,
        [
            "fields",
            "filter[isActive][in]",
            "filter[password]",
            "filter[role][like]",
            "include"
        ]
    );
}

#[test]
fn what_is_wrong_is_told_at_once() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let other = server.tenant("Bolt");
    let admin = tenant.admin_token();
    let post = |body: Value| server.post("/api/users").bearer(&admin).json(&body).send();
    let error = refusal(
        &server,
        &post(json!({ "role": "King", "managerId": 7, "password": "short" })),
        422,
        "VALIDATION_ERROR",
    );
    let named: Vec<&str> = details(&error).into_iter().map(|(field, _)| field).collect();
    assert_eq!(named, ["email", "managerId", "password", "role"]);
    let strangers = format!("user_{}", other.admin.id);
    let body = json!({ "email": "a@acme.test", "password": "Grace@123", "managerId": strangers });
    let error = refusal(&server, &post(body), 422, "VALIDATION_ERROR");
    assert_eq!(details(&error), [("managerId", "Manager id must name an existing user")]);

    let put = |id: &str, body: Value| server.put(&format!("/api/users/{id}")).bearer(&admin).json(&body).send();
    for unknown in [strangers.as_str(), "user_99", "user_x", "1"] {
        refusal(&server, &put(unknown, json!({ "name": "X" })), 404, "NOT_FOUND");
        refusal(
            &server,
            &put(&format!("{unknown}/role"), json!({ "role": "User" })),
            404,
            "NOT_FOUND",
        );
        refusal(
            &server,
            &server.get(&format!("/api/users/{unknown}")).bearer(&admin).send(),
            404,
            "NOT_FOUND",
        );
        for action in ["deactivate", "reactivate"] {
            let path = format!("/api/users/{unknown}/{action}");
            refusal(&server, &server.post(&path).bearer(&admin).send(), 404, "NOT_FOUND");
        }
    }
    // Nobody who is kept out is reported to from now on.
    let former = tenant.user(Role::Manager);
    let own = |user: &User| format!("user_{}", user.id);
    let deactivate = format!("{}/deactivate", path_of(&former));
    server.post(&deactivate).bearer(&admin).expect(200);
    let body = json!({ "email": "b@acme.test", "password": "Grace@123", "managerId": own(&former) });
    let invite = server.post("/api/invitations").bearer(&admin).json(&body).send();
    for answer in [post(body), put(&own(&tenant.admin), json!({ "managerId": own(&former) })), invite] {
        let error = refusal(&server, &answer, 422, "VALIDATION_ERROR");
        assert_eq!(details(&error), [("managerId", "Manager id must name an active user")]);
    }
    // Nobody reports to itself, also not through others.
    let (ada, boss) = (tenant.user(Role::User), tenant.user(Role::User));
    assert_eq!(put(&own(&ada), json!({ "managerId": own(&boss) })).status, 200);
    for (user, manager) in [(&boss, &ada), (&boss, &boss)] {
        let error = refusal(
            &server,
            &put(&own(user), json!({ "managerId": own(manager) })),
            422,
            "VALIDATION_ERROR",
        );
        assert_eq!(details(&error)[0].0, "managerId");
    }
    let error = refusal(&server, &put(&format!("{}/role", own(&ada)), json!({})), 422, "VALIDATION_ERROR");
    assert_eq!(details(&error), [("role", "Role is required")]);
    let me = server.get("/api/auth/me").bearer(&admin).expect(200).json();
    assert!(keys(&me).contains(&"role"));
}
