//! Which scopes each route asks of an API key: one table (contract D-14, D-21 … D-26, D-96, X-139).

use std::collections::BTreeMap;

use actix_web::{HttpResponse, http::Method};
use crm_domain::control::api_key::KeyFamily;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    activity,
    answer::{Envelope, ok},
    contact, enrichment,
    error::{ApiError, ErrorResponses},
    linkedin, public, stat, tag,
};

/// Method, path, scopes: a key needs all of them.
const TABLE: &[(Method, &str, &[&str])] = &[
    (Method::GET, contact::PATH, &["contacts:read"]),
    (Method::POST, contact::PATH, &["contacts:write"]),
    (Method::GET, contact::ITEM, &["contacts:read"]),
    (Method::PATCH, contact::ITEM, &["contacts:write"]),
    (Method::DELETE, contact::ITEM, &["contacts:delete"]),
    (Method::POST, contact::RESTORE, &["contacts:delete"]),
    (Method::POST, contact::bulk::PATH, &["contacts:bulk"]),
    (Method::PATCH, contact::bulk::PATH, &["contacts:bulk"]),
    (Method::DELETE, contact::bulk::PATH, &["contacts:bulk", "contacts:delete"]),
    (Method::POST, linkedin::SEARCH, &["enrichment:read"]),
    (Method::GET, enrichment::job::PATH, &["enrichment:read"]),
    (Method::POST, enrichment::job::PATH, &["enrichment:run"]),
    (Method::GET, enrichment::job::ITEM, &["enrichment:read"]),
    (Method::POST, enrichment::job::BULK, &["enrichment:run"]),
    (Method::GET, stat::PATH, &["stats:read"]),
    (Method::GET, stat::COMPREHENSIVE, &["stats:read"]),
    (Method::GET, public::PROSPECTS, &["contacts:read"]),
    (Method::POST, public::CONTACTS, &["contacts:write"]),
    (Method::POST, public::BULK, &["contacts:bulk"]),
    (Method::GET, tag::PATH, &["tags:read"]),
    (Method::POST, tag::PATH, &["tags:write"]),
    (Method::DELETE, tag::ITEM, &["tags:write"]),
    (Method::GET, tag::OF_CONTACT, &["tags:read"]),
    (Method::POST, tag::OF_CONTACT, &["tags:write"]),
    (Method::DELETE, tag::ASSIGNMENT, &["tags:write"]),
    (Method::GET, activity::PATH, &["activities:read"]),
    (Method::GET, activity::OF_CONTACT, &["activities:read"]),
];

/// Whether a key with these scopes may use a route. A path that no route has, and a method that a path has not, ask for none: they are
/// answered 404 and 405.
///
/// # Errors
/// [`ApiError::InsufficientScope`] with the first scope that is missing.
pub(super) fn check(method: &Method, template: Option<&str>, granted: &[String]) -> Result<(), ApiError> {
    let method = if method == Method::HEAD { &Method::GET } else { method };
    let line = TABLE.iter().find(|(known, path, _)| known == method && Some(*path) == template);
    let needed = line.map_or(&[][..], |(_, _, scopes)| scopes);
    match needed.iter().find(|scope| !granted.iter().any(|grant| grant == *scope)) {
        Some(missing) => Err(ApiError::InsufficientScope(missing)),
        None => Ok(()),
    }
}

pub(super) const PATH: &str = "/api/v1/schema/scopes";

/// A scope.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = contacts::Scope)]
pub(super) struct Scope {
    #[schema(example = "contacts:read")]
    scope: &'static str,
    #[schema(example = "Read contact information")]
    description: &'static str,
}

/// Every scope, and which belong together.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = contacts::Scopes)]
pub(super) struct Scopes {
    scopes: Vec<Scope>,
    /// The scopes of each group.
    #[schema(value_type = Object, example = json!({"Analytics": ["stats:read"]}))]
    groups: BTreeMap<&'static str, Vec<&'static str>>,
}

/// Lists the scopes that a key can have. Asks for no credential.
#[utoipa::path(
    get, path = PATH, tag = "contacts schema", operation_id = "contacts_list_scopes",
    responses((status = 200, description = "Every scope", body = Envelope<Scopes>), ErrorResponses)
)]
pub(super) async fn list() -> HttpResponse {
    let mut groups: BTreeMap<&'static str, Vec<&'static str>> = BTreeMap::new();
    let scopes = KeyFamily::Contacts.grants();
    for scope in scopes {
        groups.entry(group(scope)).or_default().push(scope);
    }
    let scopes = scopes.iter().map(|scope| Scope {
        scope,
        description: description(scope),
    });
    ok(Scopes {
        scopes: scopes.collect(),
        groups,
    })
}

/// The document's words (D-22 … D-25).
fn description(scope: &str) -> &'static str {
    match scope {
        "contacts:read" => "Read contact information",
        "contacts:write" => "Create and update contacts",
        "contacts:delete" => "Delete contacts",
        "contacts:bulk" => "Perform bulk operations on contacts",
        "enrichment:run" => "Execute data enrichment jobs",
        "enrichment:read" => "View enrichment job status and history",
        "stats:read" => "Access analytics and statistics",
        "tags:read" => "Read tags",
        "tags:write" => "Create and manage tags",
        "activities:read" => "View activity logs and audit trail",
        _ => "",
    }
}

/// The document's groups (D-26).
fn group(scope: &str) -> &'static str {
    match scope.split(':').next().unwrap_or_default() {
        "contacts" => "Contacts",
        "enrichment" => "Enrichment",
        "stats" => "Analytics",
        "tags" => "Tags",
        _ => "Activities",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::families::{Credential, Family, contacts::Contacts};

    #[test]
    fn every_route_of_keys_has_its_line_and_every_line_its_route() {
        let lines: BTreeSet<String> = TABLE.iter().map(|(method, path, _)| format!("{method} {path}")).collect();
        let routes = Contacts.routes().into_iter();
        let of_keys = routes.filter(|route| [Credential::ScopedKey, Credential::ScopedKeyHeader].contains(&route.credential));
        let routes: BTreeSet<String> = of_keys.map(|route| format!("{} {}", route.method, route.template)).collect();
        assert_eq!(lines, routes);
        assert_eq!(lines.len(), TABLE.len(), "a line stands twice");
    }

    #[test]
    fn every_scope_is_known_and_described() {
        let known = KeyFamily::Contacts.grants();
        assert!(
            TABLE
                .iter()
                .all(|(_, _, scopes)| !scopes.is_empty() && scopes.iter().all(|scope| known.contains(scope)))
        );
        assert!(known.iter().all(|scope| !description(scope).is_empty()));
    }
}
