//! Every family's routes as actix resources, one per template.
//!
//! actix tries the patterns of a scope one after the other, and each pattern with a parameter costs a regular expression: one list of all
//! templates would cost more than everything else that a request needs. So templates with a common beginning share a scope, and in it
//! those that go on with the same parameter.

use std::sync::Arc;

use actix_web::{
    Scope,
    web::{self, ServiceConfig},
};

use super::{FAMILIES, Family, Route};
use crate::{App, shared::pipeline};

/// The rows of one template, or its claims: one actix resource.
struct Resource {
    family: &'static dyn Family,
    rows: Vec<Route>,
}

impl Resource {
    fn template(&self) -> &'static str {
        self.rows.first().map_or("", |row| row.template)
    }

    /// What of its template follows `beginning`.
    fn rest(&self, beginning: &str) -> &'static str {
        self.template().strip_prefix(beginning).unwrap_or_default()
    }
}

/// Registers every family's routes.
pub(crate) fn register(app: &Arc<App>, config: &mut ServiceConfig) {
    for (beginning, resources) in scopes() {
        config.service(scope(app, &beginning, &resources));
    }
}

/// The resources by their templates' beginnings.
fn scopes() -> Vec<(String, Vec<Resource>)> {
    let mut scopes: Vec<(String, Vec<Resource>)> = Vec::new();
    for resource in resources() {
        let beginning = beginning(resource.template());
        match scopes.iter_mut().find(|(known, _)| *known == beginning) {
            Some((_, resources)) => resources.push(resource),
            None => scopes.push((beginning, vec![resource])),
        }
    }
    scopes
}

/// Static segments win over parameters, whosever they are (contract ), and claims over what they are claimed from: actix takes
/// the first resource that matches.
fn resources() -> Vec<Resource> {
    let rows = FAMILIES
        .iter()
        .flat_map(|family| family.routes().into_iter().map(move |route| (*family, route)));
    let mut rows: Vec<(&'static dyn Family, Route)> = rows.collect();
    rows.sort_by_key(|(_, route)| {
        let order = route.template.replace('{', "\u{10FFFF}");
        (order, route.template, route.claim.is_none())
    });
    let mut resources: Vec<Resource> = Vec::new();
    for (family, route) in rows {
        let is_next = |last: &&mut Resource| {
            let same_kind = last.rows.first().is_some_and(|row| row.claim.is_none() == route.claim.is_none());
            last.template() == route.template && same_kind
        };
        match resources.last_mut().filter(is_next) {
            Some(last) => last.rows.push(route),
            None => resources.push(Resource { family, rows: vec![route] }),
        }
    }
    resources
}

/// The base path that a template lies under, and the segment that follows, which is mostly a noun: `/api/leads`.
fn beginning(template: &str) -> String {
    let bases = FAMILIES.iter().filter_map(|family| family.prefixes().first());
    let base = bases
        .filter(|base| template.strip_prefix(**base).is_some_and(|rest| rest.starts_with('/')))
        .max_by_key(|base| base.len())
        .copied()
        .unwrap_or_default();
    let rest = template.strip_prefix(base).unwrap_or(template);
    let noun = first_segment(rest).filter(|segment| !segment.contains('{'));
    format!("{base}{}", noun.unwrap_or_default())
}

/// A path's first segment, with the slash before it.
fn first_segment(path: &str) -> Option<&str> {
    let name = path.strip_prefix('/')?;
    let end = name.find('/').map_or(path.len(), |end| end + 1);
    Some(&path[..end])
}

/// The resources below a path.
fn scope(app: &Arc<App>, path: &str, resources: &[Resource]) -> Scope {
    let item = common_parameter(path, resources);
    let mut scope = web::scope(path);
    let mut items = item.map(web::scope);
    for resource in resources {
        let rest = resource.rest(path);
        let (family, rows) = (resource.family, &resource.rows[..]);
        match (item.and_then(|item| rest.strip_prefix(item)), items.take()) {
            (Some(rest), Some(inner)) => items = Some(inner.service(pipeline::resource(app, family, rest, rows))),
            (_, inner) => {
                items = inner;
                scope = scope.service(pipeline::resource(app, family, rest, rows));
            }
        }
    }
    // Behind the static segments.
    match items {
        Some(items) => scope.service(items),
        None => scope,
    }
}

/// The parameter that follows a path in all templates in which one does: `/{id}`.
fn common_parameter(path: &str, resources: &[Resource]) -> Option<&'static str> {
    let parameters = resources.iter().filter_map(|resource| first_segment(resource.rest(path)));
    let mut parameters = parameters.filter(|segment| segment.contains('{'));
    let first = parameters.next()?;
    parameters.all(|other| other == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_begin_with_their_noun() {
        for (template, expected) in [
            ("/api/v1/external/accounts/{id}", "/api/v1/external/accounts"),
            ("/api/v1/contacts/{id}/restore", "/api/v1/contacts"),
            ("/api/leads/bulk", "/api/leads"),
            ("/api/leads", "/api/leads"),
            ("/api/{anything}", "/api"),
        ] {
            assert_eq!(beginning(template), expected);
        }
    }

    /// actix goes into the first scope that fits, and never out again.
    #[test]
    fn no_scope_hides_another() {
        let scopes = scopes();
        for (one, _) in &scopes {
            for (other, _) in scopes.iter().filter(|(other, _)| other != one) {
                assert!(
                    other.strip_prefix(one.as_str()).is_none_or(|rest| !rest.starts_with('/')),
                    "{one} {other}"
                );
            }
        }
    }

    #[test]
    fn every_route_is_in_a_scope() {
        let mounted: usize = scopes()
            .iter()
            .flat_map(|(_, resources)| resources)
            .map(|resource| resource.rows.len())
            .sum();
        let routes: usize = FAMILIES.iter().map(|family| family.routes().len()).sum();
        assert_eq!(mounted, routes);
    }

    #[test]
    fn parameters_are_shared_only_when_all_agree() {
        for (path, resources) in scopes() {
            let segments = resources.iter().filter_map(|resource| first_segment(resource.rest(&path)));
            let parameters: std::collections::BTreeSet<_> = segments.filter(|segment| segment.contains('{')).collect();
            assert_eq!(
                common_parameter(&path, &resources).is_some(),
                parameters.len() == 1,
                "{path}: {parameters:?}"
            );
        }
    }
}
