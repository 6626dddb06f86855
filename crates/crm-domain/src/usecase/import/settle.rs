//! What a contact's columns mean where their names alone mislead.

use crate::{
    table::{Mapping, MappingError, UNMAP, auto_map},
    usecase::export::is_download,
};

use super::headers;

/// What a contact's mobile phone is called, as [`headers::CONTACT`] has it.
const MOBILE: [&str; 10] = [
    "mobile phone",
    "mobile",
    "mobile number",
    "mobile phone number",
    "mobile no",
    "cell phone",
    "cell phone number",
    "cell",
    "person phone mobile",
    "phone mobile",
];

/// What a phone is called of which no more is said.
const PHONE: [&str; 4] = ["phone number", "phone", "telephone", "tel"];

/// What a table of people tells of them, and a table of organizations does not.
const OF_A_PERSON: [&str; 11] = [
    "first_name",
    "last_name",
    "email",
    "title",
    "company",
    "account",
    "phone",
    "other_phone",
    "home_phone",
    "person_linkedin",
    "contact_uuid",
];

/// What a table of organizations tells of them.
const OF_AN_ORGANIZATION: [&str; 4] = ["founded_year", "employees", "annual_revenue", "parent"];

/// Corrects what [`auto_map`] proposes for a table of contacts whose columns may feed the fields `only`.
///
/// * In a download of ours `Id` is the contact's own id.
/// * Outlook's `Title` is `Dr.` beside a `Job Title`.
/// * A mobile phone is one, whatever phones stand before it: the phone that took its place is another one or, as Salesforce's `Phone` beside
///   an `Other Phone`, the company's.
/// * Where no account is asked for, its name is the company's.
/// * The `Name` in a table of organizations is nobody's: somebody has to say that these are contacts.
pub(super) fn settle(mapping: &mut Mapping, columns: &[String], only: Option<&[&str]>) {
    if is_download(columns) {
        change(mapping, columns, &[("id", "contact_uuid")]);
    }
    if is_unmapped(mapping, "job title") {
        change(mapping, columns, &[("job title", "title")]);
    }
    settle_phones(mapping, columns);
    let is_offered = |field: &str| only.is_none_or(|only| only.contains(&field));
    if let Some(account) = mapping.column_of("account").filter(|_| !is_offered("account"))
        && mapping.column_of("company").is_none()
    {
        change(mapping, columns, &[(&columns[account], "company")]);
    }
    if is_of_organizations(mapping, columns) {
        change(mapping, columns, &[("name", UNMAP)]);
    }
}

fn settle_phones(mapping: &mut Mapping, columns: &[String]) {
    let of_mobile: Vec<usize> = MOBILE.iter().filter_map(|name| mapping.column_named(name)).collect();
    let (Some(mobile), Some(phone)) = (of_mobile.first().copied(), mapping.column_of("phone")) else {
        return;
    };
    if of_mobile.contains(&phone) {
        let other = PHONE.into_iter().find(|name| is_unmapped(mapping, name));
        if let Some(other) = other.filter(|_| mapping.column_of("other_phone").is_none()) {
            change(mapping, columns, &[(other, "other_phone")]);
        }
        return;
    }
    let is_free = |field: &&str| mapping.column_of(field).is_none_or(|column| column == mobile);
    let place = ["other_phone", "corporate_phone"].into_iter().find(is_free);
    let place = place.unwrap_or(UNMAP);
    change(mapping, columns, &[(&columns[phone], place), (&columns[mobile], "phone")]);
}

/// Whether the names in a table are those of organizations: it tells of nobody's employer or address, and what only an organization has.
fn is_of_organizations(mapping: &Mapping, columns: &[String]) -> bool {
    let is_bare = mapping.column_of("full_name") == mapping.column_named("name") && mapping.column_named("name").is_some();
    let tells_of_a_person = OF_A_PERSON.iter().any(|field| mapping.column_of(field).is_some());
    if !is_bare || tells_of_a_person {
        return false;
    }
    let accounts = auto_map(columns, headers::ACCOUNT, headers::EXACT);
    OF_AN_ORGANIZATION.iter().any(|field| accounts.column_of(field).is_some()) || mapping.column_of("account_external_id").is_some()
}

fn is_unmapped(mapping: &Mapping, name: &str) -> bool {
    let column = mapping.column_named(name);
    column.is_some_and(|column| mapping.unmapped().any(|(unmapped, _)| unmapped == column))
}

/// Maps columns otherwise. Two columns of one name cannot be told apart: then the mapping stays as it is.
fn change(mapping: &mut Mapping, columns: &[String], moved: &[(&str, &str)]) {
    let known = moved
        .iter()
        .filter_map(|(header, field)| Some((columns[mapping.column_named(header)?].clone(), (*field).to_owned())));
    if let Err(error) = mapping.apply_overrides(&known.collect::<Vec<_>>()) {
        debug_assert!(matches!(error, MappingError::Repeated { .. }), "{error}");
    }
}
