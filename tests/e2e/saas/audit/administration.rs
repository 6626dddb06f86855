//! Users, invitations and API keys in the audit log and the change feed: who changed them and what, and no secret (contract X-86).

use crm_domain::control::{api_key::KeyFamily, user::Role};
use crm_tests::{
    database::Backend,
    each_server,
    events::EventStream,
    server::Server,
    tenant::{PASSWORD, TestTenant},
};
use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use serde_json::{Value, json};

use super::PATH;
use crate::{
    contacts::Browser,
    saas::{create, page::get, text},
};

each_server! {
    what_is_done_to_users_is_told,
    what_is_done_to_invitations_is_told,
    what_is_done_to_keys_is_told,
    what_people_do_to_themselves_is_told,
    a_registration_begins_the_feed,
    filters_know_the_kinds,
    who_may_not_read_a_kind_sees_that_something_happened,
    what_a_command_left_is_carried,
}

/// The entries of these kinds, the oldest first.
#[track_caller]
fn entries(server: &Server, token: &str, kinds: &str) -> Vec<Value> {
    let page = get(server, token, &format!("{PATH}?entity={kinds}&pageSize=100"));
    let mut items = page["items"].as_array().expect("items").clone();
    items.reverse();
    items
}

/// Record, action, changes and family of each entry.
fn lines(entries: &[Value]) -> Vec<Value> {
    let line = |entry: &Value| json!([entry["entityId"], entry["action"], entry["changes"], entry["family"]]);
    entries.iter().map(line).collect()
}

#[track_caller]
fn assert_by(entries: &[Value], user: &str) {
    assert!(entries.iter().all(|entry| entry["actor"]["id"] == user), "{entries:?}");
}

/// Nothing that anybody may read of the feed holds a secret.
#[track_caller]
fn assert_secret(server: &Server, token: &str, secrets: &[&str]) {
    for path in ["/api/audit?pageSize=100", "/api/changes?limit=1000"] {
        let answer = server.get(path).bearer(token).expect(200);
        for secret in secrets {
            assert!(!answer.text().contains(secret), "{path} tells {secret}");
        }
        assert!(
            !answer.text().contains("$2") && !answer.text().contains("hash"),
            "{path} tells a hash"
        );
    }
}

fn what_is_done_to_users_is_told(server: &Server) {
    let tenant = server.tenant("Acme");
    let admin = tenant.admin_token();
    let me = format!("user_{}", tenant.admin.id);
    let body = json!({ "email": "sam@acme.test", "password": "Secret@123", "name": "Sam", "managerId": me });
    let sam = create(server, &admin, "/api/users", &body);
    let (id, item) = (text(&sam["id"]), format!("/api/users/{}", text(&sam["id"])));
    let put = |path: &str, body: &Value| server.put(path).bearer(&admin).json(body).expect(200);
    // Each is there when it is answered.
    assert_eq!(entries(server, &admin, "user").len(), 1);
    put(&item, &json!({ "office": "Bern", "managerId": null }));
    put(&item, &json!({ "office": "Bern" }));
    put(&format!("{item}/role"), &json!({ "role": "Manager" }));
    server.post(&format!("{item}/deactivate")).bearer(&admin).expect(200);
    server.post(&format!("{item}/deactivate")).bearer(&admin).expect(200);
    server.post(&format!("{item}/reactivate")).bearer(&admin).expect(200);
    // What is refused did not happen.
    server
        .put(&format!("/api/users/{me}/role"))
        .bearer(&admin)
        .json(&json!({ "role": "User" }))
        .expect(409);
    let told = entries(server, &admin, "user");
    let created = json!({
        "email": [null, "sam@acme.test"], "name": [null, "Sam"], "role": [null, "User"], "isActive": [null, true], "managerId": [null, me],
    });
    assert_eq!(
        lines(&told),
        [
            json!([id, "created", created, "saas"]),
            json!([id, "updated", { "office": [null, "Bern"], "managerId": [me, null] }, "saas"]),
            json!([id, "updated", { "role": ["User", "Manager"] }, "saas"]),
            json!([id, "updated", { "isActive": [true, false] }, "saas"]),
            json!([id, "updated", { "isActive": [false, true] }, "saas"]),
        ]
    );
    assert_by(&told, &me);
    assert_secret(server, &admin, &["Secret@123"]);
}

fn what_is_done_to_invitations_is_told(server: &Server) {
    let tenant = server.tenant("Acme");
    let admin = tenant.admin_token();
    let me = format!("user_{}", tenant.admin.id);
    let invite = |email: &str| create(server, &admin, "/api/invitations", &json!({ "email": email, "role": "Manager" }));
    let (eve, sam) = (invite("eve@acme.test"), invite("sam@acme.test"));
    let (eves, sams) = (text(&eve["invitation"]["id"]), text(&sam["invitation"]["id"]));
    let revoke = |id: &str| server.delete(&format!("/api/invitations/{id}")).bearer(&admin).send();
    revoke(eves).expect(204);
    revoke(eves).expect(204);
    let accepting = json!({ "token": sam["token"], "password": "Secret@123", "name": "Sam" });
    let accepted = server.post("/api/auth/accept-invitation").json(&accepting).expect(201).json();
    let user = text(&accepted["userId"]);
    revoke(sams).expect(409);
    let told = entries(server, &admin, "invitation,user");
    let invited = |email: &str, invitation: &Value| {
        let expires = text(&invitation["invitation"]["expiresAt"]).to_owned();
        json!({ "email": [null, email], "role": [null, "Manager"], "invitedBy": [null, me], "expiresAt": [null, expires] })
    };
    let now = server.now().to_second_precision();
    let made = json!({ "email": [null, "sam@acme.test"], "name": [null, "Sam"], "role": [null, "Manager"], "isActive": [null, true] });
    assert_eq!(
        lines(&told),
        [
            json!([eves, "created", invited("eve@acme.test", &eve), "saas"]),
            json!([sams, "created", invited("sam@acme.test", &sam), "saas"]),
            json!([eves, "updated", { "revokedAt": [null, now] }, "saas"]),
            json!([user, "created", made, "saas"]),
            json!([sams, "updated", { "acceptedAt": [null, now], "userId": [null, user] }, "saas"]),
        ]
    );
    assert_by(&told[..3], &me);
    assert_by(&told[3..], user);
    assert_secret(server, &admin, &["Secret@123", text(&eve["token"]), text(&sam["token"])]);
}

fn what_is_done_to_keys_is_told(server: &Server) {
    let tenant = server.tenant("Acme");
    let manager = tenant.user(Role::Manager);
    let token = tenant.login(&manager).token;
    let me = format!("user_{}", manager.id);
    let body = json!({ "family": "health_trixss", "name": "Forecast", "ipAllowlist": ["127.0.0.1"] });
    let made = create(server, &token, "/api/admin/api-keys", &body);
    let id = text(&made["apiKey"]["id"]);
    let item = format!("/api/admin/api-keys/{id}");
    server.patch(&item).bearer(&token).json(&json!({ "rateLimit": 5 })).expect(200);
    server.delete(&item).bearer(&token).expect(204);
    server.delete(&item).bearer(&token).expect(204);
    let told = entries(server, &token, "apiKey");
    let created = json!({
        "family": [null, "health_trixss"], "name": [null, "Forecast"], "grants": [null, []], "ipAllowlist": [null, ["127.0.0.1"]],
        "createdBy": [null, me],
    });
    assert_eq!(
        lines(&told),
        [
            json!([id, "created", created, "admin"]),
            json!([id, "updated", { "rateLimit": [null, 5] }, "admin"]),
            json!([id, "updated", { "revokedAt": [null, server.now().to_second_precision()] }, "admin"]),
        ]
    );
    assert_by(&told, &me);
    let key = text(&made["key"]);
    assert_secret(server, &token, &[key, &key[10..]]);
}

fn what_people_do_to_themselves_is_told(server: &Server) {
    let tenant = server.tenant("Acme");
    let admin = tenant.admin_token();
    let user = tenant.user(Role::User);
    let me = format!("user_{}", user.id);
    let token = tenant.login(&user).token;
    let change = json!({ "oldPassword": PASSWORD, "newPassword": "Secret@123" });
    server.post("/api/auth/change-password").bearer(&token).json(&change).expect(204);
    let back = json!({ "oldPassword": "Secret@123", "newPassword": PASSWORD });
    server.post("/api/auth/change-password").bearer(&token).json(&back).expect(204);

    let browser = Browser::of(server, &user);
    let send = |method: &str, path: &str, body: Value| browser.request(method, path).json(&body).send();
    let key = json!({ "label": "Mine", "scopes": ["contacts:read"] });
    let key = send("POST", "/api/api-keys", key).expect(201).json();
    let revoked = send("POST", "/api/api-keys", json!({ "label": "Gone", "scopes": ["contacts:read"] }));
    let revoked = revoked.expect(201).json();
    let item = format!("/api/api-keys/{}", text(&revoked["apiKey"]["id"]));
    browser.request("DELETE", &item).expect(200);
    send("PUT", "/api/settings/profile", json!({ "name": "Sam", "phone": "1" })).expect(200);
    // What is no field of the user is no change of it.
    send("PUT", "/api/settings/profile", json!({ "phone": "2" })).expect(200);
    let password = json!({ "currentPassword": PASSWORD, "newPassword": "Other@1234" });
    send("PUT", "/api/settings/password", password).expect(200);
    browser.request("DELETE", "/api/settings/delete-account").expect(200);

    let told = entries(server, &admin, "user,apiKey");
    let (ours, theirs): (Vec<Value>, Vec<Value>) = told.iter().cloned().partition(|entry| entry["family"] == "saas");
    assert_eq!(
        lines(&ours),
        vec![json!([me, "updated", { "password": [null, null] }, "saas"]); 2],
        "values of passwords are never told"
    );
    let now = server.now().to_second_precision();
    let email = user.email.as_ref().unwrap().as_str();
    let what: Vec<Value> = theirs.iter().map(|entry| json!([entry["entity"], entry["changes"]])).collect();
    let made = |name: &str| {
        json!({
            "family": [null, "contacts"], "name": [null, name], "grants": [null, ["contacts:read"]], "ipAllowlist": [null, []],
            "createdBy": [null, me],
        })
    };
    assert_eq!(
        what,
        [
            json!(["apiKey", made("Mine")]),
            json!(["apiKey", made("Gone")]),
            json!(["apiKey", { "revokedAt": [null, now] }]),
            json!(["user", { "name": ["User 1", "Sam"] }]),
            json!(["user", { "password": [null, null] }]),
            json!(["user", { "email": [email, null], "name": ["Sam", null], "isActive": [true, false], "password": [null, null] }]),
            json!(["apiKey", { "revokedAt": [null, now] }]),
        ]
    );
    assert!(theirs.iter().all(|entry| entry["family"] == "contacts"), "{theirs:?}");
    assert_by(&told, &me);
    let keys = [text(&key["key"]), text(&revoked["key"])];
    assert_secret(
        server,
        &admin,
        &["Secret@123", "Other@1234", PASSWORD, keys[0], keys[1], &keys[0][10..]],
    );
}

fn a_registration_begins_the_feed(server: &Server) {
    let body = json!({ "email": "ada@acme.test", "password": "Secret@123", "tenantName": "Acme" });
    let made = server.post("/api/auth/register").json(&body).expect(201).json();
    let (user, token) = (text(&made["userId"]), text(&made["token"]));
    let page = get(server, token, PATH);
    let items = page["items"].as_array().unwrap();
    let created = json!({ "email": [null, "ada@acme.test"], "role": [null, "Admin"], "isActive": [null, true] });
    assert_eq!(lines(items), [json!([user, "created", created, "saas"])]);
    assert_eq!(items[0]["seq"], 1);
    assert_by(items, user);
    assert_secret(server, token, &["Secret@123"]);
}

fn filters_know_the_kinds(server: &Server) {
    let tenant = server.tenant("Acme");
    let admin = tenant.admin_token();
    create(server, &admin, "/api/companies", &json!({ "name": "A" }));
    let body = json!({ "email": "sam@acme.test", "password": "Secret@123" });
    let sam = create(server, &admin, "/api/users", &body);
    create(server, &admin, "/api/invitations", &json!({ "email": "eve@acme.test" }));
    create(
        server,
        &admin,
        "/api/admin/api-keys",
        &json!({ "family": "health_trixss", "name": "K" }),
    );
    let found = |query: &str| {
        let told = |path: &str| -> Vec<String> {
            let page = get(server, &admin, &format!("{path}?{query}"));
            let items = page["items"].as_array().unwrap();
            items.iter().map(|item| text(&item["entity"]).to_owned()).collect()
        };
        let mut audit = told(PATH);
        audit.reverse();
        assert_eq!(audit, told("/api/changes"), "{query}");
        audit
    };
    assert_eq!(found("entity=user"), ["user"]);
    assert_eq!(found("entity=users,apiKeys"), ["user", "apiKey"]);
    assert_eq!(found("entity=invitations,company"), ["company", "invitation"]);
    assert_eq!(found(&format!("entityId={}", text(&sam["id"]))), ["user"]);
    assert_eq!(found("entityId=key_1&entity=apiKey").len(), 1);
    // The total of a filtered list is right, and the feed has no gap.
    let list = get(server, &admin, "/api/companies?name=A");
    assert_eq!(list["totalCount"], 1);
    let feed = get(server, &admin, "/api/changes");
    let numbers: Vec<i64> = feed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["seq"].as_i64().unwrap())
        .collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
    assert_eq!(feed["nextAfter"], 4);
}

/// A tenant in which something happened to each kind.
fn eventful<'s>(server: &'s Server, name: &str) -> TestTenant<'s> {
    let tenant = server.tenant(name);
    let admin = tenant.admin_token();
    let body = json!({ "email": format!("sam@{name}.test"), "password": "Secret@123" });
    create(server, &admin, "/api/users", &body);
    let invited = json!({ "email": format!("eve@{name}.test") });
    create(server, &admin, "/api/invitations", &invited);
    create(
        server,
        &admin,
        "/api/admin/api-keys",
        &json!({ "family": "health_trixss", "name": "K" }),
    );
    tenant
}

fn who_may_not_read_a_kind_sees_that_something_happened(server: &Server) {
    let tenant = eventful(server, "acme");
    for (role, shown) in [
        (Role::User, [true, false, false]),
        (Role::Manager, [true, false, true]),
        (Role::Admin, [true, true, true]),
    ] {
        let token = tenant.login(&tenant.user(role)).token;
        let page = get(server, &token, "/api/changes");
        let items = page["items"].as_array().unwrap();
        let kinds: Vec<&str> = items.iter().map(|item| text(&item["entity"])).collect();
        assert_eq!(kinds, ["user", "invitation", "apiKey"], "nobody's feed has a gap");
        let told: Vec<bool> = items.iter().map(|item| item["changes"] != json!({})).collect();
        assert_eq!(told, shown, "{role:?}");
        let mut stream = EventStream::open(server, "/api/changes/stream?after=0", &token, &[]);
        for item in items {
            let event = stream.event().unwrap();
            assert_eq!(&event.data, item, "{role:?}");
        }
    }
    // The audit log is for those who answer for the others.
    let manager = tenant.login(&tenant.user(Role::Manager)).token;
    let told = entries(server, &manager, "invitation,apiKey");
    assert!(told.len() == 2 && told.iter().all(|entry| entry["changes"] != json!({})));
    // Another tenant hears of nothing.
    let stranger = server.tenant("Bolt").admin_token();
    assert_eq!(get(server, &stranger, "/api/changes")["items"], json!([]));
}

fn what_a_command_left_is_carried(server: &Server) {
    let tenant = server.tenant("Acme");
    let key = tenant.key(KeyFamily::HealthTrixss);
    let origin = crm_domain::tenant::change::Origin {
        actor: crm_domain::tenant::change::Actor::Job("key"),
        family: "cli",
    };
    crm_domain::usecase::api_keys::revoke(&*server.control(), &origin, tenant.tenant.id, key.id).unwrap();
    server.carry();
    let told = entries(server, &tenant.admin_token(), "apiKey");
    assert_eq!(told.len(), 1);
    assert_eq!((&told[0]["actor"]["name"], &told[0]["family"]), (&json!("key"), &json!("cli")));
}

// A tenant's database that takes no write is no reason to refuse the change of a user: that is done, and told later.
#[test]
fn a_tenants_database_that_takes_no_write_holds_up_no_administration() {
    let server = Server::start(Backend::Sqlite);
    let tenant = server.tenant("Acme");
    let admin = tenant.admin_token();
    let file = tenant.tenant.location.strip_prefix("sqlite:").unwrap();
    let path = server.data_dir().join(file);
    let mut other = SqliteConnection::establish(&path.display().to_string()).unwrap();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let body = json!({ "email": "sam@acme.test", "password": "Secret@123" });
    let sam = create(&server, &admin, "/api/users", &body);
    assert_eq!(entries(&server, &admin, "user"), Vec::<Value>::new());
    other.batch_execute("ROLLBACK").unwrap();
    server.carry();
    let told = entries(&server, &admin, "user");
    assert_eq!((told.len(), &told[0]["entityId"]), (1, &sam["id"]));
}
