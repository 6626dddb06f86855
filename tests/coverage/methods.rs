//! Every path answers methods that it does not know with 405 and says which ones it does, after its caller was let in.

use std::collections::{BTreeMap, BTreeSet};

use crm_domain::control::api_key::KeyFamily;
use crm_http::{RouteInfo, families::Credential, routes};
use crm_tests::{http::Request, tenant::TestTenant};

use super::{
    access::assert_envelope,
    deployment::{cookie, path_of, server},
};

const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE"];

#[test]
fn every_path_refuses_methods_that_it_does_not_know() {
    let server = server();
    let tenant = server.tenant("Gamma");
    let own = Own::of(&tenant);
    for (template, rows) in by_template() {
        let path = path_of(&rows[0]);
        let known = known_methods(&rows);
        for method in METHODS.into_iter().filter(|method| !known.contains(*method)) {
            let request = || server.request(method, &path);
            let answer = own.with(rows[0].credential, request()).send();
            assert_eq!(answer.status, 405, "{method} {template}: {answer:?}");
            let allowed = answer.header("allow").unwrap_or_default();
            let allowed: BTreeSet<&str> = allowed.split(", ").collect();
            assert_eq!(allowed, known.iter().map(String::as_str).collect(), "{method} {template}");
            // An answer to HEAD has no body.
            if rows[0].family != "server" && method != "HEAD" {
                assert_envelope(rows[0].family, &answer);
            }
            if rows[0].credential != Credential::Open {
                assert_eq!(request().send().status, 401, "{method} {template} for a stranger");
            }
        }
    }
}

// RFC 9110 9.3.2
#[test]
fn head_is_get_without_a_body() {
    let server = server();
    let tenant = server.tenant("Delta");
    let own = Own::of(&tenant);
    for route in routes().into_iter().filter(|route| route.method == "GET") {
        let path = path_of(&route);
        let ask = |method| own.with(route.credential, server.request(method, &path)).send();
        let (get, head) = (ask("GET"), ask("HEAD"));
        assert!(head.body.is_empty() && !get.body.is_empty(), "{}", route.template);
        assert_eq!(
            (get.status, get.header("content-type")),
            (head.status, head.header("content-type")),
            "{}",
            route.template
        );
        assert_eq!(
            get.header("x-ratelimit-limit"),
            head.header("x-ratelimit-limit"),
            "{}",
            route.template
        );
    }
}

/// A tenant's credentials.
pub struct Own {
    token: String,
    key: String,
    scoped: String,
    permitted: String,
    halopsa: String,
    cookie: String,
}

impl Own {
    /// Those of its Admin.
    pub fn of(tenant: &TestTenant<'_>) -> Self {
        Self {
            token: tenant.admin_token(),
            key: tenant.key(KeyFamily::HealthTrixss).text,
            scoped: tenant.key(KeyFamily::Contacts).text,
            permitted: tenant.key(KeyFamily::Elevate).text,
            halopsa: tenant.key(KeyFamily::Halopsa).text,
            cookie: cookie(tenant.server(), &tenant.admin),
        }
    }

    /// A request with what is asked for.
    pub fn with<'c>(&self, credential: Credential, request: Request<'c>) -> Request<'c> {
        match credential {
            Credential::Open => request,
            Credential::ApiKeyHeader => request.key(&self.key),
            Credential::Jwt | Credential::JwtOrSession => request.bearer(&self.token),
            Credential::ScopedKey | Credential::ScopedKeyHeader => request.key(&self.scoped),
            Credential::PermittedKey => request.key(&self.permitted),
            Credential::BearerKey => request.bearer(&self.halopsa),
            Credential::Session => request.header("cookie", &self.cookie),
        }
    }
}

fn by_template() -> BTreeMap<&'static str, Vec<RouteInfo>> {
    let mut templates: BTreeMap<&'static str, Vec<RouteInfo>> = BTreeMap::new();
    for route in routes() {
        templates.entry(route.template).or_default().push(route);
    }
    templates
}

fn known_methods(rows: &[RouteInfo]) -> BTreeSet<String> {
    let mut known: BTreeSet<String> = rows.iter().map(|row| row.method.to_string()).collect();
    if known.contains("GET") {
        known.insert("HEAD".to_owned());
    }
    known
}
