//! Registering a tenant (contract C-06 … C-10, X-22, X-81, X-82).

use crm_domain::usecase::register::RegistrationPolicy;
use crm_tests::{database::Backend, each_server, server::Server};
use serde_json::{Value, json};

use super::{details, fields, keys, refusal, text};

each_server! {
    a_registration_signs_in_and_is_followed_by_a_login,
    an_email_registers_once,
}

fn registration(email: &str) -> Value {
    json!({ "email": email, "password": "Admin@123", "tenantName": "My Company", "companyName": "Acme Corp" })
}

fn register(server: &Server, body: &Value) -> crm_tests::http::Answer {
    server.post("/api/auth/register").json(body).send()
}

fn tenants(server: &Server) -> u64 {
    server.control().reading(|reader| reader.tenants().count()).unwrap()
}

// C-06, C-07, C-08, C-29, X-81
fn a_registration_signs_in_and_is_followed_by_a_login(server: &Server) {
    let answer = register(server, &registration("admin@company.com")).expect(201).json();
    assert_eq!(keys(&answer), ["expiresIn", "refreshToken", "tenantId", "token", "userId"]);
    assert_eq!(answer["expiresIn"], 3600);
    assert!(text(&answer["tenantId"]).starts_with("tenant_"));
    assert!(text(&answer["userId"]).starts_with("user_"));
    let me = server.get("/api/auth/me").bearer(text(&answer["token"])).expect(200).json();
    let expected = json!({
        "id": answer["userId"], "email": "admin@company.com", "name": null, "role": "Admin",
        "tenantId": answer["tenantId"], "tenantName": "My Company", "companyName": "Acme Corp", "createdAt": "2025-01-15T10:00:00Z",
    });
    assert_eq!(me, expected);
    let login = server.login("admin@company.com", "Admin@123");
    assert_eq!(
        (&json!(login.tenant_id), &json!(login.user_id)),
        (&answer["tenantId"], &answer["userId"])
    );
    server.get("/api/companies").bearer(&login.token).expect(200);
}

// C-09, C-10, X-82
fn an_email_registers_once(server: &Server) {
    register(server, &registration("Ada@Company.com")).expect(201);
    for again in ["Ada@Company.com", "ada@company.COM", "  ada@company.com "] {
        let error = refusal(server, &register(server, &registration(again)), 409, "DUPLICATE");
        assert_eq!(error["message"], "A user with this email already exists");
        assert_eq!(details(&error), [("email", "Email already exists")]);
    }
    assert_eq!(tenants(server), 1, "a refused registration leaves no tenant behind");
    register(server, &registration("bob@company.com")).expect(201);
    assert_eq!(tenants(server), 2);
}

#[test]
fn a_refused_registration_leaves_no_database_behind() {
    let server = Server::sqlite();
    let files = || {
        let mut pending = vec![server.data_dir()];
        let mut count = 0;
        while let Some(folder) = pending.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                if entry.file_type().unwrap().is_dir() {
                    pending.push(entry.path());
                } else if entry
                    .path()
                    .extension()
                    .is_some_and(|extension| extension != "db-wal" && extension != "db-shm")
                {
                    count += 1;
                }
            }
        }
        count
    };
    register(&server, &registration("ada@company.com")).expect(201);
    let before = files();
    register(&server, &registration("ada@company.com")).expect(409);
    register(&server, &json!({ "email": "x" })).expect(422);
    assert_eq!(files(), before);
    register(&server, &registration("bob@company.com")).expect(201);
    assert!(files() > before);
}

#[test]
fn of_many_registrations_of_one_email_one_succeeds() {
    let server = Server::sqlite();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..6)
            .map(|_| scope.spawn(|| register(&server, &registration("ada@company.com")).status))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 5, "{statuses:?}");
    assert_eq!(tenants(&server), 1);
}

// auth.registration as decided
#[test]
fn the_default_policy_registers_the_first_tenant_only() {
    let server = Server::with(Backend::Sqlite, |settings| settings.auth.registration = RegistrationPolicy::First);
    register(&server, &registration("ada@company.com")).expect(201);
    let error = refusal(
        &server,
        &register(&server, &registration("bob@company.com")),
        403,
        "PERMISSION_DENIED",
    );
    assert_eq!(error["message"], "Registration is closed: the first tenant exists");
    refusal(&server, &register(&server, &registration("ada@company.com")), 409, "DUPLICATE");
    assert_eq!(tenants(&server), 1);
}

#[test]
fn a_closed_registration_registers_nobody_but_still_judges_the_fields() {
    let server = Server::with(Backend::Sqlite, |settings| settings.auth.registration = RegistrationPolicy::Closed);
    refusal(
        &server,
        &register(&server, &registration("ada@company.com")),
        403,
        "PERMISSION_DENIED",
    );
    refusal(&server, &register(&server, &json!({})), 422, "VALIDATION_ERROR");
    assert_eq!(tenants(&server), 0);
}

#[test]
fn every_wrong_field_is_told_at_once() {
    let server = Server::sqlite();
    let error = refusal(&server, &register(&server, &json!({})), 422, "VALIDATION_ERROR");
    let required = [
        ("email", "Email is required"),
        ("password", "Password is required"),
        ("tenantName", "Tenant name is required"),
    ];
    assert_eq!(details(&error), required);
    let wrong = json!({ "email": 1, "password": true, "tenantName": [], "companyName": {}, "name": 5.5 });
    let error = refusal(&server, &register(&server, &wrong), 422, "VALIDATION_ERROR");
    assert_eq!(fields(&error), ["companyName", "email", "name", "password", "tenantName"]);
    assert!(details(&error).iter().all(|(_, message)| message.ends_with("must be a string")));
    let blank = json!({ "email": " ", "password": "", "tenantName": "\t", "companyName": " " });
    let error = refusal(&server, &register(&server, &blank), 422, "VALIDATION_ERROR");
    assert_eq!(details(&error), required, "a company name may be blank");
}

// C-43
#[test]
fn an_invalid_email_is_told_as_the_document_tells_it() {
    let server = Server::sqlite();
    let error = refusal(&server, &register(&server, &registration("not-an-email")), 422, "VALIDATION_ERROR");
    let expected = json!({
        "code": "VALIDATION_ERROR", "message": "Invalid email format",
        "details": [{ "field": "email", "message": "Email must be a valid email address" }],
    });
    assert_eq!(error, expected);
    for email in [
        "@company.com",
        "a@",
        "a b@company.com",
        "a@@company.com",
        "a@company..com",
        "a@-company.com",
        ".a@company.com",
    ] {
        refusal(&server, &register(&server, &registration(email)), 422, "VALIDATION_ERROR");
    }
}

// X-22 as decided: characters, not bytes, and none of them is cut
#[test]
fn passwords_have_eight_to_128_characters_that_all_count() {
    let server = Server::sqlite();
    let with = |email: &str, password: &str| {
        let body = json!({ "email": email, "password": password, "tenantName": "T" });
        register(&server, &body)
    };
    for (password, message) in [
        ("1234567".to_owned(), "Password must be at least 8 characters long"),
        ("ä".repeat(7), "Password must be at least 8 characters long"),
        ("é".repeat(129), "Password must be at most 128 characters long"),
    ] {
        let error = refusal(&server, &with("a@b.test", &password), 422, "VALIDATION_ERROR");
        assert_eq!(details(&error), [("password", message)]);
    }
    with("eight@b.test", "ä2345678").expect(201);
    let longest = "🔑".repeat(128);
    with("long@b.test", &longest).expect(201);
    server.login("long@b.test", &longest);
    let cut = "🔑".repeat(127);
    let login = server
        .post("/api/auth/login")
        .json(&json!({ "email": "long@b.test", "password": cut }));
    refusal(&server, &login.send(), 401, "AUTH_FAILED");
}

#[test]
fn names_may_be_in_any_script_and_keys_in_any_case() {
    let server = Server::sqlite();
    let body = json!({
        "Email": "zoë@münchen.example", "PASSWORD": "Admin@123", "tenantname": "株式会社 Ünï", "Name": " Zoë ", "unknown": { "a": 1 },
    });
    let answer = register(&server, &body).expect(201).json();
    let me = server.get("/api/auth/me").bearer(text(&answer["token"])).expect(200).json();
    assert_eq!(
        (&me["tenantName"], &me["companyName"], &me["name"]),
        (&json!("株式会社 Ünï"), &json!("株式会社 Ünï"), &json!("Zoë"))
    );
    server.login("ZOË@MÜNCHEN.EXAMPLE", "Admin@123");
}
