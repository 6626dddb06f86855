//! Invitations, and their acceptance.

use std::{thread, time::Duration};

use crm_domain::control::user::Role;
use crm_tests::{each_server, http::Answer, server::Server};
use serde_json::{Value, json};

use super::{create, details, ids, keys, refusal, text};

each_server! {
    an_invitation_makes_the_user_that_the_admin_named,
    of_several_who_accept_one_is_let_in,
    a_token_dies_when_used_revoked_or_old,
}

const WEEK: Duration = Duration::from_secs(7 * 24 * 3_600);

fn accept(server: &Server, token: &Value, password: &str) -> Answer {
    let body = json!({ "token": token, "password": password });
    server.post("/api/auth/accept-invitation").json(&body).send()
}

fn an_invitation_makes_the_user_that_the_admin_named(server: &Server) {
    let tenant = server.tenant("Acme");
    let admin = tenant.admin_token();
    let body = json!({ "email": "Sam@Acme.test", "role": "Manager", "name": "Sam", "office": "Bern", "managerId": format!("user_{}", tenant.admin.id) });
    let answer = server.post("/api/invitations").bearer(&admin).json(&body).expect(201);
    let made = answer.json();
    assert_eq!(keys(&made), ["invitation", "token"]);
    let id = text(&made["invitation"]["id"]).to_owned();
    assert_eq!(answer.header("location"), Some(format!("/api/invitations/{id}").as_str()));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let expected = json!({
        "id": id, "email": "Sam@Acme.test", "name": "Sam", "role": "Manager", "office": "Bern", "managerId": format!("user_{}", tenant.admin.id),
        "status": "Pending", "invitedBy": format!("user_{}", tenant.admin.id), "createdAt": server.now().to_second_precision(),
        "expiresAt": server.now().plus(WEEK).to_second_precision(), "acceptedAt": null, "userId": null, "revokedAt": null,
        "tenantId": format!("tenant_{}", tenant.tenant.id),
    });
    assert_eq!(made["invitation"], expected);
    let list = || server.get("/api/invitations").bearer(&admin).expect(200);
    assert_eq!(list().json()["items"], json!([expected]));
    assert!(!list().text().contains(text(&made["token"])), "the token is shown once");

    let mut body = json!({ "token": made["token"], "password": "Sam@12345", "name": "Samuel" });
    let accepted = server.post("/api/auth/accept-invitation").json(&body).expect(201);
    assert_eq!(accepted.header("cache-control"), Some("no-store"));
    let accepted = accepted.json();
    assert_eq!(keys(&accepted), ["expiresIn", "refreshToken", "tenantId", "token", "userId"]);
    let me = server.get("/api/auth/me").bearer(text(&accepted["token"])).expect(200).json();
    assert_eq!(
        (&me["name"], &me["role"], &me["email"], &me["tenantId"]),
        (&json!("Samuel"), &json!("Manager"), &json!("Sam@Acme.test"), &expected["tenantId"])
    );
    let user = server
        .get(&format!("/api/users/{}", text(&accepted["userId"])))
        .bearer(&admin)
        .expect(200)
        .json();
    assert_eq!((&user["office"], &user["managerId"]), (&expected["office"], &expected["managerId"]));
    assert_eq!(server.login("sam@acme.test", "Sam@12345").user_id, text(&accepted["userId"]));
    let kept = &list().json()["items"][0];
    assert_eq!((&kept["status"], &kept["userId"]), (&json!("Accepted"), &accepted["userId"]));

    body["password"] = json!("Mallory@1");
    refusal(
        server,
        &server.post("/api/auth/accept-invitation").json(&body).send(),
        401,
        "INVALID_TOKEN",
    );
    let revoked = server.delete(&format!("/api/invitations/{id}")).bearer(&admin).send();
    let error = refusal(server, &revoked, 409, "DUPLICATE");
    assert_eq!(error["message"], "The invitation is accepted and cannot be revoked");
}

fn of_several_who_accept_one_is_let_in(server: &Server) {
    let tenant = server.tenant("Acme");
    let node = server.another_node();
    let made = server
        .post("/api/invitations")
        .bearer(&tenant.admin_token())
        .json(&json!({ "email": "sam@acme.test" }))
        .expect(201)
        .json();
    let statuses: Vec<u16> = thread::scope(|scope| {
        let token = &made["token"];
        let try_it = |index: usize| {
            accept(
                if index.is_multiple_of(2) { server } else { &node },
                token,
                &format!("Sam@1234{index}"),
            )
            .status
        };
        let threads: Vec<_> = (0..8).map(|index| scope.spawn(move || try_it(index))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 7, "{statuses:?}");
    let users = server.get("/api/users").bearer(&tenant.admin_token()).expect(200).json();
    assert_eq!(users["totalCount"], 2);
}

fn a_token_dies_when_used_revoked_or_old(server: &Server) {
    let tenant = server.tenant("Acme");
    let admin = tenant.admin_token();
    let invite = |email: &str| {
        server
            .post("/api/invitations")
            .bearer(&admin)
            .json(&json!({ "email": email }))
            .send()
    };
    let revoked = invite("sam@acme.test").expect(201).json();
    let again = refusal(server, &invite("SAM@acme.test"), 409, "DUPLICATE");
    assert_eq!(again["message"], "An invitation with this email already exists");
    let item = format!("/api/invitations/{}", text(&revoked["invitation"]["id"]));
    for _ in 0..2 {
        server.delete(&item).bearer(&admin).expect(204);
    }
    refusal(server, &accept(server, &revoked["token"], "Sam@12345"), 401, "INVALID_TOKEN");

    let old = invite("sam@acme.test").expect(201).json();
    server.advance(WEEK);
    let admin = tenant.admin_token();
    refusal(server, &accept(server, &old["token"], "Sam@12345"), 401, "INVALID_TOKEN");
    let list = server.get("/api/invitations").bearer(&admin).expect(200).json();
    let states: Vec<&str> = list["items"].as_array().unwrap().iter().map(|item| text(&item["status"])).collect();
    assert_eq!(states, ["Expired", "Revoked"]);
    let first = server.get("/api/invitations?pageSize=1").bearer(&admin).expect(200).json();
    let next = server
        .get(&format!("/api/invitations?pageSize=1&cursor={}", text(&first["nextCursor"])))
        .bearer(&admin)
        .expect(200)
        .json();
    assert_eq!((ids(&first), ids(&next)), (vec![ids(&list)[0]], vec![ids(&list)[1]]));

    // The email was taken while the invitation waited.
    let late = server
        .post("/api/invitations")
        .bearer(&admin)
        .json(&json!({ "email": "sam@acme.test" }))
        .expect(201)
        .json();
    create(
        server,
        &admin,
        "/api/users",
        &json!({ "email": "sam@acme.test", "password": "Sam@12345" }),
    );
    refusal(server, &accept(server, &late["token"], "Sam@12345"), 409, "DUPLICATE");
}

#[test]
fn what_is_wrong_is_told() {
    let server = Server::sqlite();
    let (tenant, other) = (server.tenant("Acme"), server.tenant("Bolt"));
    let admin = tenant.admin_token();
    for token in [json!("garbage"), json!("x".repeat(43)), json!("\u{fc}".repeat(43))] {
        refusal(&server, &accept(&server, &token, "Sam@12345"), 401, "INVALID_TOKEN");
    }
    let error = refusal(&server, &accept(&server, &Value::Null, "short"), 422, "VALIDATION_ERROR");
    assert_eq!(
        details(&error),
        [
            ("password", "Password must be at least 8 characters long"),
            ("token", "Token is required")
        ]
    );
    let body = json!({ "role": "King", "managerId": format!("user_{}", other.admin.id), "email": "x" });
    let error = refusal(
        &server,
        &server.post("/api/invitations").bearer(&admin).json(&body).send(),
        422,
        "VALIDATION_ERROR",
    );
    assert_eq!(details(&error).len(), 2, "{error}");
    let body = json!({ "managerId": format!("user_{}", other.admin.id), "email": "x@acme.test" });
    let error = refusal(
        &server,
        &server.post("/api/invitations").bearer(&admin).json(&body).send(),
        422,
        "VALIDATION_ERROR",
    );
    assert_eq!(details(&error), [("managerId", "Manager id must name an existing user")]);
    // Another tenant's invitation is not there.
    let made = server
        .post("/api/invitations")
        .bearer(&admin)
        .json(&json!({ "email": "sam@acme.test" }))
        .expect(201)
        .json();
    let path = format!("/api/invitations/{}", text(&made["invitation"]["id"]));
    refusal(&server, &server.delete(&path).bearer(&other.admin_token()).send(), 404, "NOT_FOUND");
    assert_eq!(
        server.get("/api/invitations").bearer(&other.admin_token()).expect(200).json()["totalCount"],
        0
    );
    let manager = tenant.login(&tenant.user(Role::Manager)).token;
    // A Manager reads them and writes none; for a User they are nothing.
    assert_eq!(server.get("/api/invitations").bearer(&manager).expect(200).json()["totalCount"], 1);
    let user = tenant.login(&tenant.user(Role::User)).token;
    let invited = json!({ "email": "eve@acme.test" });
    for refused in [
        server.get("/api/invitations").bearer(&user).send(),
        server.post("/api/invitations").bearer(&manager).json(&invited).send(),
        server.delete(&path).bearer(&manager).send(),
    ] {
        refusal(&server, &refused, 403, "PERMISSION_DENIED");
    }
}
