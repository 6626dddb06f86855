//! Signing in (contract C-11 … C-15; failed logins back off).

use std::time::Duration;

use crm_domain::control::user::{NewUser, Role};
use crm_tests::{
    database::Backend,
    each_server,
    http::Answer,
    server::Server,
    tenant::{PASSWORD, TestTenant},
};
use serde_json::{Value, json};

use super::{details, keys, refusal, text};

/// A login through a proxy that the server trusts.
fn login_from(server: &Server, address: &str, email: &str, password: &str) -> Answer {
    server
        .post("/api/auth/login")
        .header("x-forwarded-for", address)
        .json(&json!({ "email": email, "password": password }))
        .send()
}

fn behind_a_proxy() -> Server {
    Server::with(Backend::Sqlite, |settings| {
        settings.server.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    })
}

each_server! {
    a_login_answers_as_documented,
    whoever_may_not_enter_gets_one_and_the_same_answer,
    an_email_is_known_whatever_its_case,
}

fn login(server: &Server, email: &str, password: &str) -> Answer {
    server
        .post("/api/auth/login")
        .json(&json!({ "email": email, "password": password }))
        .send()
}

fn email(tenant: &TestTenant<'_>) -> String {
    tenant.admin.email.as_ref().unwrap().as_str().to_owned()
}

// C-12, C-13, C-25
fn a_login_answers_as_documented(server: &Server) {
    let tenant = server.tenant("Acme");
    let answer = login(server, &email(&tenant), PASSWORD).expect(200).json();
    assert_eq!(keys(&answer), ["expiresIn", "refreshToken", "tenantId", "token", "userId"]);
    assert_eq!(answer["expiresIn"], json!(3600));
    assert_eq!(answer["tenantId"], format!("tenant_{}", tenant.tenant.id));
    assert_eq!(answer["userId"], format!("user_{}", tenant.admin.id));
    assert!(!text(&answer["token"]).is_empty() && !text(&answer["refreshToken"]).is_empty());
    let again = login(server, &email(&tenant), PASSWORD).expect(200).json();
    assert_ne!(answer["token"], again["token"], "each login is a session of its own");
    assert_ne!(answer["refreshToken"], again["refreshToken"]);
}

// C-14
fn whoever_may_not_enter_gets_one_and_the_same_answer(server: &Server) {
    let tenant = server.tenant("Acme");
    let leaver = tenant.user(Role::User);
    tenant.change_user(&leaver, |user| user.is_active = false);
    let passwordless = NewUser {
        tenant_id: tenant.tenant.id,
        email: crm_domain::field::Email::parse("imported@acme.test").ok(),
        name: None,
        role: Role::User,
        password: None,
        manager_id: None,
        office: None,
    };
    server.control().writing(|unit| unit.users().add(passwordless.clone())).unwrap();
    let gone = server.tenant("Gone");
    let mut closed = gone.tenant.clone();
    closed.is_active = false;
    server.control().writing(|unit| unit.tenants().update(&closed)).unwrap();
    let expected = json!({ "code": "AUTH_FAILED", "message": "Invalid email or password", "details": [] });
    for (account, password) in [
        (email(&tenant), "wrong password".to_owned()),
        (email(&tenant), format!("{PASSWORD} ")),
        (email(&tenant), PASSWORD.to_uppercase()),
        ("nobody@acme.test".to_owned(), PASSWORD.to_owned()),
        ("not an email".to_owned(), PASSWORD.to_owned()),
        ("x".repeat(100_000), PASSWORD.to_owned()),
        (email(&tenant), "x".repeat(100_000)),
        (leaver.email.unwrap().into_inner(), PASSWORD.to_owned()),
        ("imported@acme.test".to_owned(), PASSWORD.to_owned()),
        (email(&gone), PASSWORD.to_owned()),
    ] {
        let answer = login(server, &account, &password);
        assert_eq!(refusal(server, &answer, 401, "AUTH_FAILED"), expected, "{account:.40}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
}

// C-10
fn an_email_is_known_whatever_its_case(server: &Server) {
    let tenant = server.tenant("Acme");
    for spelling in [
        email(&tenant).to_uppercase(),
        "Admin@ACME.test".to_owned(),
        format!("  {} ", email(&tenant)),
    ] {
        let answer = login(server, &spelling, PASSWORD).expect(200).json();
        assert_eq!(answer["userId"], format!("user_{}", tenant.admin.id));
    }
}

// C-15
#[test]
fn a_login_needs_no_token_and_minds_none() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let body = json!({ "email": email(&tenant), "password": PASSWORD });
    server.post("/api/auth/login").bearer("garbage").json(&body).expect(200);
    // keys in any case.
    let pascal = json!({ "Email": email(&tenant), "Password": PASSWORD, "RememberMe": true });
    server.post("/api/auth/login").json(&pascal).expect(200);
    let text = serde_json::to_vec(&body).unwrap();
    server.post("/api/auth/login").body(text).expect(200);
}

#[test]
fn what_is_missing_is_told() {
    let server = Server::sqlite();
    let post = |body: Value| server.post("/api/auth/login").json(&body).send();
    for nothing in [
        json!({}),
        json!({ "email": null, "password": null }),
        json!({ "email": "", "password": "" }),
    ] {
        let error = refusal(&server, &post(nothing), 422, "VALIDATION_ERROR");
        assert_eq!(
            details(&error),
            [("email", "Email is required"), ("password", "Password is required")]
        );
    }
    let error = refusal(&server, &post(json!({ "email": 1, "password": ["x"] })), 422, "VALIDATION_ERROR");
    assert_eq!(
        details(&error),
        [("email", "Email must be a string"), ("password", "Password must be a string")]
    );
}

#[test]
fn what_holds_a_token_is_kept_by_nobody() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let answer = login(&server, &email(&tenant), PASSWORD).expect(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let body = json!({ "refreshToken": answer.json()["refreshToken"] });
    let refreshed = server.post("/api/auth/refresh").json(&body).expect(200);
    assert_eq!(refreshed.header("cache-control"), Some("no-store"));
    let body = json!({ "email": "a@bolt.test", "password": PASSWORD, "tenantName": "Bolt" });
    let registered = server.post("/api/auth/register").json(&body).expect(201);
    assert_eq!(registered.header("cache-control"), Some("no-store"));
    let key = json!({ "family": "health_trixss", "name": "x" });
    let minted = server
        .post("/api/admin/api-keys")
        .bearer(&tenant.admin_token())
        .json(&key)
        .expect(201);
    assert_eq!(minted.header("cache-control"), Some("no-store"));
}

// Whoever guesses cannot lock out the owner, and learns nothing of which accounts there are.
#[test]
fn guessing_elsewhere_keeps_nobody_out() {
    let server = behind_a_proxy();
    let tenant = server.tenant("Acme");
    for account in [email(&tenant), "nobody@acme.test".to_owned()] {
        for _ in 0..5 {
            refusal(&server, &login_from(&server, "203.0.113.7", &account, "wrong"), 401, "AUTH_FAILED");
        }
        let guesser = login_from(&server, "203.0.113.7", &account, "wrong");
        refusal(&server, &guesser, 429, "RATE_LIMIT_EXCEEDED");
        refusal(&server, &login_from(&server, "198.51.100.1", &account, "wrong"), 401, "AUTH_FAILED");
    }
    login_from(&server, "198.51.100.9", &email(&tenant), PASSWORD).expect(200);
    // Guesses from many addresses are slowed down, by two seconds at most; who signed in from an address before does not notice.
    for account in [email(&tenant), "nobody@acme.test".to_owned()] {
        for number in 0..15 {
            server.advance(Duration::from_secs(2));
            let from = format!("203.0.113.{}", 10 + number);
            refusal(&server, &login_from(&server, &from, &account, "wrong"), 401, "AUTH_FAILED");
        }
        let early = login_from(&server, "203.0.113.99", &account, "wrong");
        refusal(&server, &early, 429, "RATE_LIMIT_EXCEEDED");
        assert!((1..=2).contains(&early.number("retry-after")), "{early:?}");
    }
    login_from(&server, "198.51.100.9", &email(&tenant), PASSWORD).expect(200);
    server.advance(Duration::from_secs(2));
    login_from(&server, "203.0.113.99", &email(&tenant), PASSWORD).expect(200);
}

// section 6: failed logins back off per account, known or not
#[test]
fn failed_logins_back_off() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    for account in [email(&tenant), "nobody@acme.test".to_owned()] {
        for _ in 0..5 {
            refusal(&server, &login(&server, &account, "wrong"), 401, "AUTH_FAILED");
        }
        for (wait, spelling) in [(1, account.to_uppercase()), (2, format!(" {account}"))] {
            // The right password does not help while waiting: else it could be told from a wrong one.
            let early = login(&server, &spelling, PASSWORD);
            let error = refusal(&server, &early, 429, "RATE_LIMIT_EXCEEDED");
            assert_eq!(error["message"], "Too many failed login attempts");
            assert_eq!(early.number("retry-after"), wait);
            server.advance(Duration::from_secs(u64::try_from(wait).unwrap()));
            refusal(&server, &login(&server, &account, "wrong"), 401, "AUTH_FAILED");
        }
    }
    // Others are not held up by it.
    let other = tenant.user(Role::User);
    tenant.login(&other);
    // Waiting long enough is enough, and a success starts afresh.
    server.advance(Duration::from_secs(8));
    login(&server, &email(&tenant), PASSWORD).expect(200);
    for _ in 0..4 {
        login(&server, &email(&tenant), "wrong").expect(401);
    }
    login(&server, &email(&tenant), PASSWORD).expect(200);
}

#[test]
fn an_address_that_guesses_many_accounts_must_wait_too() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    for number in 0..20 {
        login(&server, &format!("user{number}@nowhere.test"), "wrong").expect(401);
    }
    let early = login(&server, &email(&tenant), PASSWORD);
    refusal(&server, &early, 429, "RATE_LIMIT_EXCEEDED");
    let wait = u64::try_from(early.number("retry-after")).unwrap();
    server.advance(Duration::from_secs(wait));
    login(&server, &email(&tenant), PASSWORD).expect(200);
}
