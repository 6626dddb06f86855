//! Which permission each route asks of an API key: one table (contract E-05, X-160).
//!
//! Keys are managed by people, so that no route asks for `write`, which the document lets keys carry.

use actix_web::http::Method;

use super::{activity, deal, error::ApiError, kpi, lead, partner, pipeline, task, webhook};

/// Reads records.
pub(super) const READ: &str = "read";
/// Manages webhooks.
pub(super) const WEBHOOK: &str = "webhook";

const TABLE: &[(Method, &str, &str)] = &[
    (Method::GET, deal::PATH, READ),
    (Method::GET, lead::PATH, READ),
    (Method::GET, task::PATH, READ),
    (Method::GET, kpi::PATH, READ),
    (Method::GET, pipeline::PATH, READ),
    (Method::GET, activity::PATH, READ),
    (Method::GET, partner::PATH, READ),
    (Method::GET, webhook::PATH, WEBHOOK),
    (Method::POST, webhook::PATH, WEBHOOK),
    (Method::PUT, webhook::ITEM, WEBHOOK),
    (Method::DELETE, webhook::ITEM, WEBHOOK),
    (Method::POST, webhook::TEST, WEBHOOK),
];

/// Whether a key with these permissions may use a route. A path that no route has, and a method that a path has not, ask for none: they
/// are answered 404 and 405.
///
/// # Errors
/// [`ApiError::Forbidden`].
pub(super) fn check(method: &Method, template: Option<&str>, granted: &[String]) -> Result<(), ApiError> {
    let method = if method == Method::HEAD { &Method::GET } else { method };
    let line = TABLE.iter().find(|(known, path, _)| known == method && Some(*path) == template);
    match line {
        Some((_, _, needed)) if !granted.iter().any(|grant| grant == needed) => Err(ApiError::Forbidden),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crm_domain::control::api_key::KeyFamily;

    use super::*;
    use crate::families::{Credential, Family, elevate::Elevate};

    #[test]
    fn every_route_of_keys_has_its_line_and_every_line_its_route() {
        let lines: BTreeSet<String> = TABLE.iter().map(|(method, path, _)| format!("{method} {path}")).collect();
        let routes = Elevate.routes().into_iter();
        let of_keys = routes.filter(|route| route.credential == Credential::PermittedKey);
        let routes: BTreeSet<String> = of_keys.map(|route| format!("{} {}", route.method, route.template)).collect();
        assert_eq!(lines, routes);
        assert_eq!(lines.len(), TABLE.len(), "a line stands twice");
    }

    #[test]
    fn e_05_a_permission_opens_its_own_routes_alone() {
        let granted = |grants: &[&str]| grants.iter().map(|grant| (*grant).to_owned()).collect::<Vec<_>>();
        let is_open = |method, path, grants: &[&str]| check(&method, Some(path), &granted(grants)).is_ok();
        assert!(is_open(Method::GET, deal::PATH, &["read"]) && is_open(Method::HEAD, deal::PATH, &["read"]));
        assert!(!is_open(Method::GET, deal::PATH, &["webhook", "write"]) && !is_open(Method::HEAD, deal::PATH, &[]));
        assert!(is_open(Method::POST, webhook::PATH, &["webhook"]) && !is_open(Method::POST, webhook::PATH, &["read", "write"]));
        assert!(is_open(Method::PATCH, deal::PATH, &[]) && check(&Method::GET, None, &[]).is_ok());
        assert!(TABLE.iter().all(|(_, _, needed)| KeyFamily::Elevate.grants().contains(needed)));
    }
}
