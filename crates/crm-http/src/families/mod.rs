//! The registry of endpoint families. A sixth family is one folder beside this file and one line in [`FAMILIES`].

pub mod admin;
pub mod contacts;
pub mod elevate;
pub mod halopsa;
pub mod health_trixss;
mod mount;
mod payload;
pub mod saas;

pub(crate) use mount::register;
pub(crate) use payload::FamilyPayloads;

use std::borrow::Cow;

use actix_web::{
    HttpRequest, HttpResponse,
    dev::RequestHead,
    http::{Method, header::HeaderMap},
};
use futures_util::future::LocalBoxFuture;

use crate::shared::{call::Call, rate_limit::Decision};

/// Every family, one line each.
pub static FAMILIES: &[&dyn Family] = &[
    &health_trixss::HealthTrixss,
    &halopsa::Halopsa,
    &saas::Saas,
    &contacts::Contacts,
    &elevate::Elevate,
    &admin::Admin,
];

/// One dialect: which paths it owns, whom it lets in and how its answers look.
pub trait Family: Sync + 'static {
    /// Its name, as records, metrics and settings use it.
    fn name(&self) -> &'static str;

    /// The paths it owns, without trailing slash; of two families the one with the longer matching prefix answers an unknown path (contract X-04).
    fn prefixes(&self) -> &'static [&'static str];

    /// Its route table.
    fn routes(&self) -> Vec<Route>;

    /// The credential that an unknown path under its prefixes asks for before it is answered 404.
    fn unknown_path_credential(&self) -> Credential;

    /// Lets a request in: recognises the credential, counts the request, and notes both on the call (`set_key`, `set_user`,
    /// `set_decision`). Runs before every handler, also before 404 and 405.
    fn admit<'a>(&'static self, call: &'a Call, request: &'a HttpRequest, credential: Credential) -> Admitting<'a>;

    /// Renders whatever went wrong with the request for `path` in the family's envelope: its own error type, `shared::fault::Fault`, or an
    /// extractor's error.
    fn render(&self, call: &Call, path: &str, error: &actix_web::Error) -> HttpResponse;

    /// Writes the rate-limit headers in the family's units; runs on every answer whose call has a decision.
    fn rate_headers(&self, call: &Call, decision: &Decision, headers: &mut HeaderMap);

    /// Writes the headers that the family's document promises on every answer beside those that all families share.
    fn own_headers(&self, _headers: &mut HeaderMap) {}

    /// Whether its trace ids tell when they were made.
    fn dates_traces(&self) -> bool {
        false
    }

    /// Its part of the OpenAPI document.
    fn openapi(&self) -> utoipa::openapi::OpenApi;
}

/// The future of [`Family::admit`].
pub type Admitting<'a> = LocalBoxFuture<'a, actix_web::Result<()>>;

/// What a route asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Credential {
    /// Nothing.
    Open,
    /// An API key in `x-api-key`.
    ApiKeyHeader,
    /// An access token in `Authorization: Bearer`.
    Jwt,
    /// An access token, or a browser's session in its cookie where no token comes along.
    JwtOrSession,
    /// An API key of family D in `Authorization: Bearer` or in `x-api-key`.
    ScopedKey,
    /// An API key of family D in `x-api-key` alone.
    ScopedKeyHeader,
    /// An API key of family E in `x-api-key`.
    PermittedKey,
    /// An API key of family B in `Authorization: Bearer`.
    BearerKey,
    /// A browser's session, in its cookie.
    Session,
}

/// A row of a family's route table. The actix resources are made of it and [`routes`] lists it, so that the two cannot drift.
pub struct Route {
    /// The method; `GET` answers `HEAD` as well.
    pub method: Method,
    /// The path with its parameters in braces.
    pub template: &'static str,
    /// What it asks of its caller.
    pub credential: Credential,
    /// Which requests it answers, where another family owns the path and the method; `None` when it is the owner.
    pub claim: Option<fn(&RequestHead) -> bool>,
    /// Makes the handler: `|| web::to(list)`. It runs once per worker.
    pub handler: fn() -> actix_web::Route,
}

impl Route {
    /// A row.
    pub const fn new(method: Method, template: &'static str, credential: Credential, handler: fn() -> actix_web::Route) -> Self {
        Self {
            method,
            template,
            credential,
            claim: None,
            handler,
        }
    }

    /// A row beside another family's of the same path and method, for the requests that `claim` tells by their heads (contract X-01).
    pub fn claiming(self, claim: fn(&RequestHead) -> bool) -> Self {
        Self {
            claim: Some(claim),
            ..self
        }
    }
}

/// A route as tests and documentation see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteInfo {
    /// The family's name; `server` for the probes.
    pub family: &'static str,
    /// The method.
    pub method: Method,
    /// The path with its parameters in braces.
    pub template: &'static str,
    /// What it asks of its caller.
    pub credential: Credential,
}

/// Every route that is registered, each path and method with its owner.
pub fn routes() -> Vec<RouteInfo> {
    let info = |family: &'static str, route: Route| RouteInfo {
        family,
        method: route.method,
        template: route.template,
        credential: route.credential,
    };
    let owned = |route: &Route| route.claim.is_none();
    let families = FAMILIES.iter().flat_map(|family| {
        family
            .routes()
            .into_iter()
            .filter(owned)
            .map(move |route| info(family.name(), route))
    });
    let probes = crate::probes::routes().into_iter().map(|route| info("server", route));
    probes.chain(families).collect()
}

/// The family that owns a path. Slashes in a row count as one: `//api/v1/contacts` is no route, but whoever asks for it means that family.
pub(crate) fn owner(path: &str) -> Option<&'static dyn Family> {
    let path = plain(path);
    let owned = |prefix: &&&str| {
        path.strip_prefix(**prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let longest = |family: &dyn Family| {
        family
            .prefixes()
            .iter()
            .filter(|prefix| owned(prefix))
            .map(|prefix| prefix.len())
            .max()
    };
    let owners = FAMILIES
        .iter()
        .filter_map(|family| longest(*family).map(|length| (length, *family)));
    owners.max_by_key(|(length, _)| *length).map(|(_, family)| family)
}

/// A path with one slash where several stand in a row.
fn plain(path: &str) -> Cow<'_, str> {
    if !path.contains("//") {
        return path.into();
    }
    let mut last = None;
    let first_of_its_row = |&c: &char| !(last.replace(c) == Some('/') && c == '/');
    path.chars().filter(first_of_its_row).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_owns_a_path() {
        let name = |path| owner(path).map(Family::name);
        assert_eq!(name("/api/v1/external"), Some("health_trixss"));
        assert_eq!(name("/api/v1/external/nope/deep"), Some("health_trixss"));
        assert_eq!(name("/api/v1/externals"), Some("contacts"));
        assert_eq!(name("/api/v1"), Some("contacts"));
        assert_eq!(name("/api/v1/sync/leads"), Some("halopsa"));
        assert_eq!(name("/api/v1/health/nope"), Some("halopsa"));
        assert_eq!(name("/api/v1/healthy"), Some("contacts"));
        assert_eq!(name("/api/public/nope"), Some("contacts"));
        assert_eq!(name("/api/settings/profile"), Some("contacts"));
        assert_eq!(name("/api/settings"), Some("saas"));
        assert_eq!(name("/api/settings/nope"), Some("saas"));
        assert_eq!(name("/api/admin/nope"), Some("admin"));
        assert_eq!(name("/api/external/nope"), Some("elevate"));
        assert_eq!(name("/api/nope"), Some("saas"));
        assert_eq!(name("//api/v1/contacts"), Some("contacts"));
        assert_eq!(name("/api///v1//external/accounts"), Some("health_trixss"));
        assert_eq!(name("/apis"), None);
        assert_eq!(name("//apis"), None);
        assert_eq!(name("/"), None);
    }

    #[test]
    fn no_two_families_own_a_template() {
        let mut owners = std::collections::BTreeMap::new();
        for route in routes() {
            assert_eq!(
                *owners.entry(route.template).or_insert(route.family),
                route.family,
                "{}",
                route.template
            );
        }
    }

    #[test]
    fn every_route_lies_under_a_prefix_of_its_family() {
        for family in FAMILIES {
            for route in family.routes().into_iter().filter(|route| route.claim.is_none()) {
                assert_eq!(owner(route.template).map(Family::name), Some(family.name()), "{}", route.template);
            }
        }
    }
}
