//! Merging contacts.

use super::{
    Contact, ContactFields,
    derived::{bracket_of, joined},
};
use crate::{
    field::Text,
    tenant::merge::{Mergeable, fillable},
};

fillable! {
    ContactFields {
        alone: external_id, full_name, email, phone, other_phone, home_phone, corporate_phone, title, employees,
            employee_size_bracket, industry, website, company_linkedin, person_linkedin, technologies, annual_revenue, description;
        together: company, account_id;
        together: first_name, last_name;
        together: city, state, country;
        together: company_address, company_city, company_state, company_country;
        one_of: first_name, last_name, email;
        settle: settle;
    }
}

/// A whole name goes with its parts, a bracket with the employees, and whoever has no name has an email.
fn settle(fields: &mut ContactFields, before: &ContactFields, emptied: Option<&str>) {
    if emptied == Some("full_name") && fields.email.is_some() {
        (fields.first_name, fields.last_name) = (None, None);
    }
    let parts = |fields: &ContactFields| joined(fields.first_name.as_deref(), fields.last_name.as_deref());
    let (had, has) = (parts(before), parts(fields));
    if had != has && before.full_name == had || fields.full_name.is_none() || has.is_none() {
        fields.full_name = has;
    }
    let bracket = fields.employees.and_then(bracket_of);
    if bracket != fields.employee_size_bracket.as_deref() {
        match (before.employees, &before.employee_size_bracket) {
            (None, Some(_)) => fields.employees = None,
            (None, None) if fields.employee_size_bracket.is_some() => {}
            (Some(_) | None, None) => fields.employee_size_bracket = bracket.map(|text| Text::from_store(text.to_owned())),
            (Some(_), Some(_)) => {}
        }
    }
    if fields.full_name.is_none() && fields.email.is_none() {
        fields.email.clone_from(&before.email);
    }
}

impl Mergeable for Contact {}
