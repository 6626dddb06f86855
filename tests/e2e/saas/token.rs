//! Access tokens (contract C-21 … C-31, X-85).

use std::time::Duration;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use crm_domain::control::{api_key::KeyFamily, user::Role};
use crm_tests::{
    database::{Backend, START},
    each_server,
    server::Server,
    tenant::TestTenant,
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::{keys, refusal, text};

each_server! {
    a_token_has_the_documented_claims,
    a_token_ends_on_time,
    rows_decide_what_a_token_is_worth,
    a_logout_ends_one_session,
}

const PATH: &str = "/api/companies";

fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[track_caller]
fn refused(server: &Server, token: &str) {
    let answer = server.get(PATH).bearer(token).send();
    let error = refusal(server, &answer, 401, "INVALID_TOKEN");
    assert_eq!(error["message"], "The access token is invalid or has expired", "one answer for all");
    assert_eq!(answer.header("www-authenticate"), Some(r#"Bearer error="invalid_token""#));
}

/// The secret that the server signs with.
fn secret(server: &Server) -> Vec<u8> {
    let stored = std::fs::read(server.data_dir().join("secrets")).unwrap();
    let stored: Value = serde_json::from_slice(&stored).unwrap();
    STANDARD.decode(text(&stored["jwt"])).unwrap()
}

// C-22, C-23, C-24, C-25, C-26, C-143
fn a_token_has_the_documented_claims(server: &Server) {
    let tenant = server.tenant("Acme");
    let manager = tenant.user(Role::Manager);
    for user in [&tenant.admin, &manager] {
        let login = tenant.login(user);
        assert_eq!(login.token.split('.').count(), 3);
        assert_eq!(part(&login.token, 0), json!({ "alg": "HS256", "typ": "JWT" }));
        let claims = part(&login.token, 1);
        assert_eq!(
            keys(&claims),
            ["aud", "exp", "iat", "iss", "jti", "nameid", "nbf", "role", "sid", "tenantid"]
        );
        assert_eq!(
            (&claims["nameid"], &claims["tenantid"]),
            (&json!(login.user_id), &json!(login.tenant_id))
        );
        assert_eq!(claims["role"], user.role.as_str());
        let now = START.seconds();
        assert_eq!(
            (&claims["iat"], &claims["nbf"], &claims["exp"]),
            (&json!(now), &json!(now), &json!(now + 3600))
        );
        assert_eq!((&claims["iss"], &claims["aud"]), (&json!("crm-server"), &json!("crm-api")));
        assert_eq!(login.expires_in, 3600);
    }
    let (first, second) = (tenant.login(&tenant.admin), tenant.login(&tenant.admin));
    let (first, second) = (part(&first.token, 1), part(&second.token, 1));
    assert_ne!(first["jti"], second["jti"]);
    assert_ne!(first["sid"], second["sid"]);
}

// C-26, C-28
fn a_token_ends_on_time(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    server.advance(Duration::from_secs(3599));
    server.get(PATH).bearer(&token).expect(200);
    server.advance(Duration::from_secs(1));
    refused(server, &token);
    server.get(PATH).bearer(&tenant.admin_token()).expect(200);
}

#[test]
fn lifetimes_issuer_and_audience_are_settings() {
    let server = Server::with(Backend::Sqlite, |settings| {
        settings.auth.tokens.access_seconds = 90;
        settings.auth.tokens.issuer = "us".to_owned();
        settings.auth.tokens.audience = "them".to_owned();
    });
    let tenant = server.tenant("Acme");
    let login = tenant.login(&tenant.admin);
    assert_eq!(login.expires_in, 90);
    let claims = part(&login.token, 1);
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 90);
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!("us"), &json!("them")));
    server.get(PATH).bearer(&login.token).expect(200);
    server.advance(Duration::from_secs(90));
    refused(&server, &login.token);
}

// C-21, C-28, C-118, X-85
#[test]
fn without_a_token_nothing_is_answered() {
    let server = Server::sqlite();
    server.tenant("Acme");
    let missing = |headers: &[(&str, &str)]| {
        let request = headers
            .iter()
            .fold(server.get(PATH), |request, (name, value)| request.header(name, value));
        let answer = request.send();
        let error = refusal(&server, &answer, 401, "AUTH_FAILED");
        assert_eq!(error["message"], "An access token is required");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    };
    missing(&[]);
    missing(&[("authorization", "")]);
    missing(&[("authorization", "Bearer")]);
    missing(&[("authorization", "Bearer   ")]);
    missing(&[("authorization", "Basic YWRtaW46YWRtaW4=")]);
    missing(&[("x-api-key", "htx_whatever"), ("cookie", "session=whatever")]);
    for (method, path) in [
        ("GET", "/api/companies/company_1"),
        ("POST", "/api/companies"),
        ("PUT", "/api/companies/company_1"),
        ("DELETE", "/api/companies/company_1"),
        ("GET", "/api/deals"),
        ("GET", "/api/deals/deal_1"),
        ("POST", "/api/deals"),
        ("PUT", "/api/deals/deal_1"),
        ("DELETE", "/api/deals/deal_1"),
        ("GET", "/api/auth/me"),
        ("POST", "/api/auth/logout"),
        ("GET", "/api/admin/api-keys"),
        ("GET", "/api/admin/requests"),
    ] {
        refusal(&server, &server.request(method, path).send(), 401, "AUTH_FAILED");
    }
}

#[test]
fn only_tokens_of_this_server_pass() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let good = tenant.admin_token();
    let (header, payload, signature) = {
        let mut parts = good.split('.');
        (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap())
    };
    let secret = secret(&server);
    let forged = |algorithm: Algorithm, secret: &[u8], change: &dyn Fn(&mut Value)| {
        let mut claims = part(&good, 1);
        change(&mut claims);
        jsonwebtoken::encode(&Header::new(algorithm), &claims, &EncodingKey::from_secret(secret)).unwrap()
    };
    // Signed with the right secret and unchanged, it passes: what follows fails for its own reason.
    server.get(PATH).bearer(&forged(Algorithm::HS256, &secret, &|_| {})).expect(200);
    let none = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let raised = {
        let mut claims = part(&good, 1);
        claims["nameid"] = json!("user_999");
        URL_SAFE_NO_PAD.encode(claims.to_string())
    };
    for token in [
        format!("{}.{payload}.", none(r#"{"alg":"none","typ":"JWT"}"#)),
        format!("{}.{payload}.{signature}", none(r#"{"alg":"none","typ":"JWT"}"#)),
        format!("{}.{payload}.", none(r#"{"alg":"NONE","typ":"JWT"}"#)),
        format!("{header}.{raised}.{signature}"),
        format!("{header}.{payload}."),
        format!("{header}.{payload}"),
        format!("{header}.{payload}.{signature}x"),
        format!("{header}.{payload}.{signature}."),
        forged(Algorithm::HS256, &[7; 32], &|_| {}),
        forged(Algorithm::HS384, &secret, &|_| {}),
        forged(Algorithm::HS512, &secret, &|_| {}),
        forged(Algorithm::HS256, &secret, &|claims| claims["aud"] = json!("another")),
        forged(Algorithm::HS256, &secret, &|claims| claims["iss"] = json!("another")),
        forged(Algorithm::HS256, &secret, &|claims| claims["nbf"] = json!(START.seconds() + 60)),
        forged(Algorithm::HS256, &secret, &|claims| claims["exp"] = json!(START.seconds())),
        forged(Algorithm::HS256, &secret, &|claims| claims["nameid"] = json!("user_999")),
        forged(Algorithm::HS256, &secret, &|claims| claims["sid"] = json!("session_999")),
        forged(Algorithm::HS256, &secret, &|claims| claims["tenantid"] = json!("tenant_999")),
        forged(Algorithm::HS256, &secret, &|claims| {
            claims.as_object_mut().unwrap().remove("exp");
        }),
        tenant.login(&tenant.admin).refresh_token,
        tenant.key(KeyFamily::HealthTrixss).text,
        tenant.key(KeyFamily::Contacts).text,
        "garbage".to_owned(),
        "a.b.c".to_owned(),
        "..".to_owned(),
        "x".repeat(20_000),
    ] {
        refused(&server, &token);
    }
    // Bytes that are no text, and two headers, of which proxies and servers could each believe another.
    let bytes = server.get(PATH).header("authorization", b"Bearer \xff\xfe").send();
    refusal(&server, &bytes, 401, "INVALID_TOKEN");
    let bearer = format!("Bearer {good}");
    let twice = server
        .get(PATH)
        .header("authorization", &bearer)
        .header("authorization", &bearer)
        .send();
    refusal(&server, &twice, 401, "INVALID_TOKEN");
    let lower = server.get(PATH).header("authorization", format!("bearer {good}")).send();
    lower.expect(200);
}

// C-23: a token of one tenant's user is worth nothing in another tenant, whatever it claims
#[test]
fn a_token_of_one_user_cannot_be_bent_to_another() {
    let server = Server::sqlite();
    let (ours, theirs) = (server.tenant("Ours"), server.tenant("Theirs"));
    let token = ours.admin_token();
    let secret = secret(&server);
    for (claim, value) in [
        ("tenantid", format!("tenant_{}", theirs.tenant.id)),
        ("nameid", format!("user_{}", theirs.admin.id)),
    ] {
        let mut claims = part(&token, 1);
        claims[claim] = json!(value);
        let bent = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(&secret)).unwrap();
        refused(&server, &bent);
    }
    // The role is the row's, not the token's.
    let user = ours.user(Role::User);
    let mut claims = part(&ours.login(&user).token, 1);
    claims["role"] = json!("Admin");
    let raised = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(&secret)).unwrap();
    let answer = server.get("/api/admin/api-keys").bearer(&raised).send();
    refusal(&server, &answer, 403, "PERMISSION_DENIED");
}

// section 6: what rows say counts from the very next request on, on every node
fn rows_decide_what_a_token_is_worth(server: &Server) {
    let tenant = server.tenant("Acme");
    let user = tenant.user(Role::User);
    let token = tenant.login(&user).token;
    let other_node = server.another_node();
    let on_both = |check: &dyn Fn(&Server)| [server, &other_node].into_iter().for_each(check);
    on_both(&|node| drop(node.get(PATH).bearer(&token).expect(200)));
    let promoted = tenant.change_user(&user, |user| user.role = Role::Manager);
    on_both(&|node| drop(node.get("/api/admin/api-keys").bearer(&token).expect(200)));
    let demoted = tenant.change_user(&promoted, |user| user.role = Role::User);
    on_both(&|node| drop(node.get("/api/admin/api-keys").bearer(&token).expect(403)));
    let leaver = tenant.change_user(&demoted, |user| user.is_active = false);
    on_both(&|node| refused(node, &token));
    tenant.change_user(&leaver, |user| user.is_active = true);
    on_both(&|node| drop(node.get(PATH).bearer(&token).expect(200)));
    set_active(server, &tenant, false);
    on_both(&|node| refused(node, &token));
    set_active(server, &tenant, true);
    on_both(&|node| drop(node.get(PATH).bearer(&token).expect(200)));
}

fn set_active(server: &Server, tenant: &TestTenant<'_>, is_active: bool) {
    let mut row = tenant.tenant.clone();
    row.is_active = is_active;
    server.control().writing(|unit| unit.tenants().update(&row)).unwrap();
}

fn a_logout_ends_one_session(server: &Server) {
    let tenant = server.tenant("Acme");
    let (one, other) = (tenant.login(&tenant.admin), tenant.login(&tenant.admin));
    let answer = server.post("/api/auth/logout").bearer(&one.token).expect(204);
    assert!(answer.body.is_empty());
    refused(server, &one.token);
    refusal(
        server,
        &server.post("/api/auth/logout").bearer(&one.token).send(),
        401,
        "INVALID_TOKEN",
    );
    let refresh = server.post("/api/auth/refresh").json(&json!({ "refreshToken": one.refresh_token }));
    refusal(server, &refresh.send(), 401, "INVALID_TOKEN");
    server.get(PATH).bearer(&other.token).expect(200);
}
