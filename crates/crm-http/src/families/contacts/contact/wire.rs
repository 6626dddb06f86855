//! The shapes of a contact (contract D-43 … D-47, X-119, X-120, X-157).

use crm_domain::{
    field::{Check, Email},
    tenant::contact::{Contact as Entity, ContactDraft, derived::show_score},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::shared::json_body::{Given, JsonType};

/// A text, or a number where a spreadsheet made one of a text: a phone, a postal code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Cell(String);

impl JsonType for Cell {
    const EXPECTED: &'static str = "a string";
    fn from_json(value: Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self(text)),
            Value::Number(number) => Some(Self(number.to_string())),
            _ => None,
        }
    }
}

impl From<Cell> for String {
    fn from(cell: Cell) -> Self {
        cell.0
    }
}

/// The number of a cell: `500`, `500.0` or `"500"`; blank is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Count(String);

impl JsonType for Count {
    const EXPECTED: &'static str = "an integer";
    fn from_json(value: Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self(text)),
            Value::Number(number) => {
                let text = number.to_string();
                Some(Self(text.strip_suffix(".0").map_or(text.clone(), str::to_owned)))
            }
            _ => None,
        }
    }
}

impl From<Count> for String {
    fn from(count: Count) -> Self {
        count.0
    }
}

macro_rules! contact {
    ($($(#[$meta:meta])* $field:ident => $domain:ident;)*) => {
        /// A contact as it is sent: to create one, or the fields of one to change. Null and blanks clear a field. Of the names and the email at
        /// least one is required.
        #[derive(Debug, Deserialize, ToSchema)]
        #[serde(rename_all = "camelCase")]
        #[schema(as = contacts::ContactRequest)]
        pub(in super::super) struct ContactRequest {
            $(
                #[schema(value_type = Option<String>)]
                $(#[$meta])*
                $field: Given<Cell>,
            )*
            /// How many people the company employs.
            #[schema(value_type = Option<i64>, example = 500)]
            employees: Given<Count>,
            /// Technologies that the company uses.
            #[schema(value_type = Option<Vec<String>>)]
            technologies: Given<Vec<String>>,
        }

        impl ContactRequest {
            /// The same for the domain.
            pub fn draft(self, check: &mut Check) -> ContactDraft {
                ContactDraft {
                    $($domain: self.$field.patch(stringify!($domain), check),)*
                    employees: self.employees.patch("employees", check),
                    technologies: self.technologies.patch("technologies", check),
                    ..ContactDraft::default()
                }
            }
        }
    };
}

contact! {
    #[schema(example = "Jane Smith")] full_name => full_name;
    #[schema(example = "Jane")] first_name => first_name;
    #[schema(example = "Smith")] last_name => last_name;
    #[schema(example = "jane.smith@techcorp.com")] email => email;
    #[schema(example = "VP of Engineering")] title => title;
    #[schema(example = "TechCorp")] company => company;
    mobile_phone => phone;
    other_phone => other_phone;
    home_phone => home_phone;
    corporate_phone => corporate_phone;
    #[schema(example = "201-500")] employee_size_bracket => employee_size_bracket;
    #[schema(example = "Technology")] industry => industry;
    website => website;
    #[serde(rename = "companyLinkedIn")] company_linked_in => company_linkedin;
    #[serde(rename = "personLinkedIn")] #[schema(example = "https://linkedin.com/in/janesmith")] person_linked_in => person_linkedin;
    annual_revenue => annual_revenue;
    city => city;
    state => state;
    country => country;
    company_address => company_address;
    company_city => company_city;
    company_state => company_state;
    company_country => company_country;
}

/// A contact. Every member is there, null where nothing is known.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::Contact)]
pub(in super::super) struct Contact {
    #[schema(format = Uuid)]
    pub id: String,
    #[schema(example = "John Doe")]
    pub full_name: Option<String>,
    #[schema(example = "John")]
    first_name: Option<String>,
    #[schema(example = "Doe")]
    last_name: Option<String>,
    #[schema(example = "john@acme.com")]
    pub email: Option<String>,
    #[schema(example = "acme.com")]
    email_domain: Option<String>,
    #[schema(example = "CEO")]
    title: Option<String>,
    #[schema(example = "Acme Inc")]
    company: Option<String>,
    #[schema(example = "+1-555-123-4567")]
    mobile_phone: Option<String>,
    other_phone: Option<String>,
    home_phone: Option<String>,
    corporate_phone: Option<String>,
    #[schema(example = 500)]
    employees: Option<i64>,
    #[schema(example = "201-500")]
    employee_size_bracket: Option<String>,
    #[schema(example = "Technology")]
    industry: Option<String>,
    #[schema(example = "https://acme.com")]
    website: Option<String>,
    #[serde(rename = "companyLinkedIn")]
    company_linkedin: Option<String>,
    #[serde(rename = "personLinkedIn")]
    #[schema(example = "https://linkedin.com/in/johndoe")]
    person_linkedin: Option<String>,
    technologies: Option<Vec<String>>,
    annual_revenue: Option<String>,
    #[schema(example = "San Francisco")]
    city: Option<String>,
    #[schema(example = "CA")]
    state: Option<String>,
    #[schema(example = "United States")]
    country: Option<String>,
    company_address: Option<String>,
    company_city: Option<String>,
    company_state: Option<String>,
    company_country: Option<String>,
    /// 0.0 to 10.0, from the fields that are filled.
    #[schema(example = "8.5")]
    lead_score: String,
    #[schema(example = "2024-01-15T10:30:00Z")]
    created_at: String,
    #[schema(example = "2024-01-20T14:45:00Z")]
    updated_at: String,
}

impl From<Entity> for Contact {
    fn from(contact: Entity) -> Self {
        let (email_domain, score) = (contact.fields.email_domain(), contact.fields.lead_score());
        let fields = contact.fields;
        Self {
            id: contact.uuid.to_string(),
            full_name: fields.full_name.map(|text| text.into_inner()),
            first_name: fields.first_name.map(|text| text.into_inner()),
            last_name: fields.last_name.map(|text| text.into_inner()),
            email: fields.email.map(Email::into_inner),
            email_domain,
            title: fields.title.map(|text| text.into_inner()),
            company: fields.company.map(|text| text.into_inner()),
            mobile_phone: fields.phone.map(|text| text.into_inner()),
            other_phone: fields.other_phone.map(|text| text.into_inner()),
            home_phone: fields.home_phone.map(|text| text.into_inner()),
            corporate_phone: fields.corporate_phone.map(|text| text.into_inner()),
            employees: fields.employees,
            employee_size_bracket: fields.employee_size_bracket.map(|text| text.into_inner()),
            industry: fields.industry.map(|text| text.into_inner()),
            website: fields.website.map(|address| address.into_inner()),
            company_linkedin: fields.company_linkedin.map(|address| address.into_inner()),
            person_linkedin: fields.person_linkedin.map(|address| address.into_inner()),
            technologies: fields.technologies.map(|list| list.iter().map(ToString::to_string).collect()),
            annual_revenue: fields.annual_revenue.map(|text| text.into_inner()),
            city: fields.city.map(|text| text.into_inner()),
            state: fields.state.map(|text| text.into_inner()),
            country: fields.country.map(|text| text.into_inner()),
            company_address: fields.company_address.map(|text| text.into_inner()),
            company_city: fields.company_city.map(|text| text.into_inner()),
            company_state: fields.company_state.map(|text| text.into_inner()),
            company_country: fields.company_country.map(|text| text.into_inner()),
            lead_score: show_score(score),
            created_at: contact.created_at.to_second_precision(),
            updated_at: contact.updated_at.to_second_precision(),
        }
    }
}
