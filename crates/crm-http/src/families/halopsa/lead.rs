//! A lead as this family is handed it (contract B-13, B-27, B-71, X-51).

use crm_domain::{error::Problem, field::Check, tenant::lead::LeadDraft, usecase::sync_leads::Incoming};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::shared::json_body::{Given, bind_item};

/// A lead. What else stands in it is kept where the tenant has a custom field of leads with that key.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = halopsa::LeadData)]
pub(super) struct LeadData {
    /// One of first and last name is required.
    #[schema(value_type = Option<String>, example = "John")]
    first_name: Given<String>,
    #[schema(value_type = Option<String>, example = "Doe")]
    last_name: Given<String>,
    /// Required: by it the person is known again.
    #[schema(value_type = String, example = "john.doe@company.com")]
    email: Given<String>,
    #[schema(value_type = Option<String>, example = "Tech Corp")]
    company: Given<String>,
    #[schema(value_type = Option<String>, example = "CTO")]
    title: Given<String>,
    #[schema(value_type = Option<String>)]
    phone: Given<String>,
    #[schema(value_type = Option<String>)]
    description: Given<String>,
}

/// The members that [`LeadData`] has.
const OWN: [&str; 7] = ["first_name", "last_name", "email", "company", "title", "phone", "description"];

/// A lead of these members; `check` holds what is known to be wrong.
pub(super) fn incoming(members: Map<String, Value>, mut check: Check) -> Incoming {
    let is_own = |name: &str| OWN.iter().any(|own| own.eq_ignore_ascii_case(name));
    let others = members.iter().filter(|(name, _)| !is_own(name));
    let others = others.map(|(name, value)| (name.clone(), value.clone())).collect();
    let draft = match bind_item::<LeadData>(Value::Object(members)) {
        Ok(data) => draft(data, &mut check),
        // Every member may be anything: what cannot be bound cannot come.
        Err(error) => {
            check.fail("data", Problem::Rule(error.to_string()));
            LeadDraft::default()
        }
    };
    Incoming { draft, others, check }
}

fn draft(data: LeadData, check: &mut Check) -> LeadDraft {
    LeadDraft {
        first_name: data.first_name.patch("first_name", check),
        last_name: data.last_name.patch("last_name", check),
        email: data.email.patch("email", check),
        company: data.company.patch("company", check),
        title: data.title.patch("title", check),
        phone: data.phone.patch("phone", check),
        description: data.description.patch("description", check),
        ..LeadDraft::default()
    }
}

/// An object that a body must have; nothing where it has none, which is noted.
pub(super) fn object(given: Given<Map<String, Value>>, field: &str, check: &mut Check) -> Map<String, Value> {
    match given {
        Given::Value(members) => members,
        Given::Missing | Given::Null => {
            check.fail(field, Problem::Required);
            Map::new()
        }
        Given::WrongType => {
            check.fail(
                field,
                Problem::Type {
                    expected: "an object".to_owned(),
                },
            );
            Map::new()
        }
    }
}
