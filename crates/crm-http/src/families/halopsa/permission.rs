//! Which permission each route asks of an API key: one table (contract B-06, X-48). The document defines none; a key that may only read is
//! answered `AUTHORIZATION_ERROR` where it would write.

use actix_web::http::Method;

use super::{error::ApiError, log, opportunity, prospect, sync, validate, webhook};

/// Reads, and judges without keeping anything.
const READ: &str = "read";
/// Writes records.
const WRITE: &str = "write";
/// Registers webhooks.
const WEBHOOK: &str = "webhook";

const TABLE: &[(Method, &str, &str)] = &[
    (Method::POST, sync::PATH, WRITE),
    (Method::POST, sync::BULK, WRITE),
    (Method::POST, validate::PATH, READ),
    (Method::POST, prospect::CONVERT, WRITE),
    (Method::PUT, prospect::STATUS, WRITE),
    (Method::POST, opportunity::PATH, WRITE),
    (Method::PUT, opportunity::ITEM, WRITE),
    (Method::GET, log::PATH, READ),
    (Method::GET, webhook::PATH, READ),
    (Method::POST, webhook::PATH, WEBHOOK),
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
    use crate::families::{Credential, Family, halopsa::Halopsa};

    #[test]
    fn every_route_of_keys_has_its_line_and_every_line_its_route() {
        let lines: BTreeSet<String> = TABLE.iter().map(|(method, path, _)| format!("{method} {path}")).collect();
        let routes = Halopsa.routes().into_iter();
        let of_keys = routes.filter(|route| route.credential == Credential::BearerKey);
        let routes: BTreeSet<String> = of_keys.map(|route| format!("{} {}", route.method, route.template)).collect();
        assert_eq!(lines, routes);
        assert_eq!(lines.len(), TABLE.len(), "a line stands twice");
        assert!(TABLE.iter().all(|(_, _, needed)| KeyFamily::Halopsa.grants().contains(needed)));
    }

    // B-06, X-48
    #[test]
    fn a_key_that_reads_writes_nothing() {
        let reads = [READ.to_owned()];
        let is_open = |method: &Method, path: &str| check(method, Some(path), &reads).is_ok();
        let open: Vec<_> = TABLE
            .iter()
            .filter(|(method, path, _)| is_open(method, path))
            .map(|(_, path, _)| *path)
            .collect();
        assert_eq!(open, [validate::PATH, log::PATH, webhook::PATH]);
        assert!(is_open(&Method::HEAD, webhook::PATH) && is_open(&Method::DELETE, webhook::PATH));
    }
}
