//! The fields of a contact, for whoever maps them (contract D-138, D-139, X-116, X-138). Asks for no credential.

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    answer::{Envelope, ok},
    error::ErrorResponses,
};

pub(super) const PATH: &str = "/api/v1/schema/contacts";

/// A field of a contact.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::Field)]
pub(super) struct Field {
    #[schema(example = "fullName")]
    name: &'static str,
    /// `string`, `integer`, `array` or `datetime`.
    #[serde(rename = "type")]
    #[schema(example = "string")]
    kind: &'static str,
    /// Whether a contact cannot be created without it; of the full, first and last name and the email one is enough.
    required: bool,
    #[schema(example = "Full name (or provide firstName/lastName)")]
    description: &'static str,
    /// Whether it is made by the server.
    read_only: bool,
}

/// The fields of a contact.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = contacts::Fields)]
pub(super) struct Fields {
    fields: Vec<Field>,
}

/// Name, type, description; the document's own words where it has some (D-45).
const WRITABLE: &[(&str, &str, &str)] = &[
    ("fullName", "string", "Full name (or provide firstName/lastName)"),
    ("firstName", "string", "First name"),
    ("lastName", "string", "Last name"),
    (
        "email",
        "string",
        "Email address (of it and the three names at least one is required); unique",
    ),
    ("title", "string", "Job title"),
    ("company", "string", "Company name"),
    ("mobilePhone", "string", "Mobile phone"),
    ("otherPhone", "string", "Other phone"),
    ("homePhone", "string", "Home phone"),
    ("corporatePhone", "string", "Corporate phone"),
    ("employees", "integer", "Number of employees"),
    (
        "employeeSizeBracket",
        "string",
        "Size bracket (1-10, 11-50, etc.); from employees when left out",
    ),
    ("industry", "string", "Industry sector"),
    ("website", "string", "Company website URL"),
    ("companyLinkedIn", "string", "Company LinkedIn URL"),
    ("personLinkedIn", "string", "Personal LinkedIn URL"),
    ("technologies", "array", "Technologies used"),
    ("annualRevenue", "string", "Annual revenue"),
    ("city", "string", "City"),
    ("state", "string", "State/Province"),
    ("country", "string", "Country"),
    ("companyAddress", "string", "Company address"),
    ("companyCity", "string", "Company city"),
    ("companyState", "string", "Company state"),
    ("companyCountry", "string", "Company country"),
];

const MADE: &[(&str, &str, &str)] = &[
    ("id", "string", "The contact's uuid"),
    ("emailDomain", "string", "Domain of the email address"),
    ("leadScore", "string", "0.0 to 10.0, from the fields that are filled"),
    ("createdAt", "datetime", "When it was created"),
    ("updatedAt", "datetime", "When it was last changed"),
];

/// Describes every field of a contact. Asks for no credential.
#[utoipa::path(
    get, path = PATH, tag = "contacts schema", operation_id = "contacts_get_schema",
    responses((status = 200, description = "Every field", body = Envelope<Fields>), ErrorResponses)
)]
pub(super) async fn contacts() -> HttpResponse {
    let of = |read_only| {
        move |&(name, kind, description): &(&'static str, &'static str, &'static str)| Field {
            name,
            kind,
            required: false,
            description,
            read_only,
        }
    };
    let fields = WRITABLE.iter().map(of(false)).chain(MADE.iter().map(of(true)));
    ok(Fields { fields: fields.collect() })
}
