//! The fields that a table can fill, in the family's words and in the domain's.

use crm_domain::{error::Problem, table::UNMAP};

use crate::families::contacts::word::field_of;

/// The contact's own id, by which a row of our own download finds it.
const OWN_ID: (&str, &str) = ("id", "contact_uuid");

/// The domain's names of the fields that columns may feed: those of the document (contract D-45), and the contact's own id.
pub const IMPORTED: &[&str] = &[
    OWN_ID.1,
    "full_name",
    "first_name",
    "last_name",
    "email",
    "title",
    "company",
    "phone",
    "other_phone",
    "home_phone",
    "corporate_phone",
    "employees",
    "employee_size_bracket",
    "industry",
    "website",
    "company_linkedin",
    "person_linkedin",
    "technologies",
    "annual_revenue",
    "city",
    "state",
    "country",
    "company_address",
    "company_city",
    "company_state",
    "company_country",
];

/// What stands before the key of a custom field.
const CUSTOM: &str = "customFields.";

/// The field that a person maps a column to; null, a blank and `-` map it to none.
pub(super) fn parse(given: Option<&str>) -> Result<String, Problem> {
    let given = given.map(str::trim).unwrap_or_default();
    if given.is_empty() || given == UNMAP {
        return Ok(UNMAP.to_owned());
    }
    if given.strip_prefix(CUSTOM).is_some_and(|key| !key.is_empty()) {
        return Ok(given.to_owned());
    }
    let is_meant = |name: &&&str| show(name).eq_ignore_ascii_case(given);
    let found = IMPORTED.iter().find(is_meant);
    found.map(|name| (*name).to_owned()).ok_or_else(|| {
        let names: Vec<String> = IMPORTED.iter().map(|name| show(name)).collect();
        Problem::Choice { allowed: names }
    })
}

/// What the family calls the field that feeds of a column.
pub(super) fn show(field: &str) -> String {
    match field {
        own if own == OWN_ID.1 => OWN_ID.0.to_owned(),
        custom if custom.starts_with(CUSTOM) => custom.to_owned(),
        field => field_of(field),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crm_domain::usecase::import::ImportKind;

    #[test]
    fn fields_are_the_importers() {
        for name in IMPORTED {
            assert!(ImportKind::Contacts.fields().iter().any(|field| field.name == *name), "{name}");
            assert_eq!(parse(Some(&show(name))).as_deref(), Ok(*name));
        }
        for (given, field) in [
            (Some("FULLNAME"), "full_name"),
            (Some("id"), "contact_uuid"),
            (Some("customFields.tier"), "customFields.tier"),
            (Some(""), UNMAP),
            (Some("-"), UNMAP),
            (None, UNMAP),
        ] {
            assert_eq!(parse(given).as_deref(), Ok(field));
        }
        for unknown in ["full_name", "contactUuid", "owner", "externalId", "customFields."] {
            assert!(parse(Some(unknown)).is_err(), "{unknown}");
        }
    }
}
