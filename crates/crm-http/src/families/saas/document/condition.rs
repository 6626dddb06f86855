//! Documents `If-Match` wherever one record is changed, so that no operation forgets to.

use utoipa::{
    IntoResponses, Modify,
    openapi::{OpenApi, RefOr, path::Operation},
};

use super::{super::webhook::delivery, with_header};
use crate::families::saas::error::StaleResponses;

/// Operations that name a record and leave it as it is.
const UNCONDITIONAL: [&str; 2] = [delivery::ALL_AGAIN, delivery::TEST];

/// Adds the header, and what is answered when it does not hold, where an operation does not document them itself.
pub(in super::super) struct Conditions;

impl Modify for Conditions {
    fn modify(&self, document: &mut OpenApi) {
        let paths = document.paths.paths.iter_mut();
        for (_, item) in paths.filter(|(path, _)| path.contains("{id}") && !UNCONDITIONAL.contains(&path.as_str())) {
            for operation in [&mut item.post, &mut item.put, &mut item.delete].into_iter().flatten() {
                add_to(operation);
            }
        }
    }
}

fn add_to(operation: &mut Operation) {
    let mut known = operation.parameters.iter().flatten();
    if !known.any(|parameter| matches!(parameter, RefOr::T(parameter) if parameter.name == "If-Match")) {
        *operation = with_header(std::mem::take(operation), "If-Match", "Only while the record has this entity tag");
    }
    for (status, response) in StaleResponses::responses() {
        operation.responses.responses.entry(status).or_insert(response);
    }
}
