//! Contacts as rows.

use super::{
    download::further_headers,
    noun::{Needed, Noun, cell},
    reference::References,
};
use crate::{
    error::Result,
    field::{Email, WebAddress},
    id::{RecordId, UserId},
    page::{Page, Sort, Window},
    tenant::{
        TenantReader,
        change::EntityKind,
        contact::{Contact, ContactField, ContactFields, ContactFilter, Technologies, derived::show_score},
    },
};

/// What people read of a contact (contract D-177).
pub(super) const SHEET: [&str; 27] = [
    "Full Name",
    "First Name",
    "Last Name",
    "Title",
    "Company",
    "Email",
    "Mobile Phone",
    "Other Phone",
    "Home Phone",
    "Corporate Phone",
    "Employees",
    "Employee Size Bracket",
    "Industry",
    "Person LinkedIn",
    "Website",
    "Company LinkedIn",
    "City",
    "State",
    "Country",
    "Company Address",
    "Company City",
    "Company State",
    "Company Country",
    "Technologies",
    "Annual Revenue",
    "Lead Score",
    "Created At",
];

/// Headers of downloads that hardly any other table has.
const TELLING: [&str; 4] = ["Email Domain", "Employee Size Bracket", "Lead Score", "Person LinkedIn"];

/// Whether a table with these headers is one that people download: its cells are guarded against formulas, and no column says so.
///
/// So is what a person made of it by taking columns out, moving or adding some: most of its headers are spelled exactly as here, and one is a
/// header that hardly any other table has. A table for the importer shares headers with it, and is known by those that only it has (`account`,
/// `owner` and such); its cells stand as they are.
pub fn is_download(headers: &[String]) -> bool {
    let has_one_of = |names: &[&str]| headers.iter().any(|header| names.contains(&header.as_str()));
    let own = headers.iter().filter(|header| is_own(header)).count();
    let is_edited = own * 2 > headers.len() && has_one_of(&TELLING) && !has_one_of(&MORE);
    is_edited || is_whole(headers)
}

/// Whether a table begins with all of a download's headers.
fn is_whole(headers: &[String]) -> bool {
    headers.len() >= SHEET.len() && SHEET.iter().zip(headers).all(|(own, header)| own == header)
}

/// Whether a table with these headers is one for the importer, as the export of contacts writes it.
pub fn is_export(headers: &[String]) -> bool {
    let own = headers.iter().filter(|header| COLUMNS.contains(&header.as_str())).count();
    own * 2 > headers.len() && headers.iter().any(|header| MORE.contains(&header.as_str()))
}

/// Whether a download has a column of this name, the tenant's own columns aside.
fn is_own(header: &str) -> bool {
    SHEET.contains(&header) || further_headers().any(|further| further == header)
}

/// How many of these an import reads back: all but what follows from the rest.
const READ_BACK: usize = SHEET.len() - 2;

/// What else an import reads back.
const MORE: [&str; 5] = ["external_id", "account", "account_external_id", "description", "owner"];

const COLUMNS: [&str; READ_BACK + MORE.len()] = {
    let mut columns = [""; READ_BACK + MORE.len()];
    let mut index = 0;
    while index < columns.len() {
        columns[index] = if index < READ_BACK { SHEET[index] } else { MORE[index - READ_BACK] };
        index += 1;
    }
    columns
};

/// Contacts.
pub(super) struct Contacts;

impl Noun for Contacts {
    type Record = Contact;
    type Key = ContactField;
    const KIND: EntityKind = EntityKind::Contact;
    const COLUMNS: &'static [&'static str] = &COLUMNS;

    fn page(reader: &mut dyn TenantReader, sort: Sort<ContactField>, window: &Window) -> Result<Page<Contact>> {
        reader.contacts().list(&ContactFilter::default(), sort, window)
    }

    fn id(contact: &Contact) -> i64 {
        contact.id.get()
    }

    fn owner(contact: &Contact) -> UserId {
        contact.fields.owner_id
    }

    fn accounts(contacts: &[Contact]) -> Needed<'_> {
        Needed::ids(contacts.iter().filter_map(|contact| contact.fields.account_id))
    }

    fn cells(contact: &Contact, references: &References) -> Vec<String> {
        let fields = &contact.fields;
        let mut cells = sheet(contact).to_vec();
        cells.truncate(READ_BACK);
        cells.extend([
            external_id(contact, fields),
            references.account(fields.account_id),
            references.external_id(fields.account_id),
            cell(fields.description.as_ref()),
            references.owner(fields.owner_id),
        ]);
        cells
    }
}

/// A contact's cells under [`SHEET`], as they are: nothing is guarded against spreadsheets.
pub(super) fn sheet(contact: &Contact) -> [String; 27] {
    let fields = &contact.fields;
    let address = |address: Option<&WebAddress>| cell(address.map(WebAddress::as_str));
    [
        cell(fields.full_name.as_ref()),
        cell(fields.first_name.as_ref()),
        cell(fields.last_name.as_ref()),
        cell(fields.title.as_ref()),
        cell(fields.company.as_ref()),
        cell(fields.email.as_ref().map(Email::as_str)),
        cell(fields.phone.as_ref()),
        cell(fields.other_phone.as_ref()),
        cell(fields.home_phone.as_ref()),
        cell(fields.corporate_phone.as_ref()),
        cell(fields.employees.as_ref()),
        cell(fields.employee_size_bracket.as_ref()),
        cell(fields.industry.as_ref()),
        address(fields.person_linkedin.as_ref()),
        address(fields.website.as_ref()),
        address(fields.company_linkedin.as_ref()),
        cell(fields.city.as_ref()),
        cell(fields.state.as_ref()),
        cell(fields.country.as_ref()),
        cell(fields.company_address.as_ref()),
        cell(fields.company_city.as_ref()),
        cell(fields.company_state.as_ref()),
        cell(fields.company_country.as_ref()),
        fields.technologies.as_ref().map(Technologies::joined).unwrap_or_default(),
        cell(fields.annual_revenue.as_ref()),
        show_score(fields.lead_score()),
        contact.created_at.to_second_precision(),
    ]
}

/// What a row of another table calls the contact by: its email, else what its own row has as external id.
pub(super) fn called(contact: &Contact) -> (String, String) {
    (
        cell(contact.fields.email.as_ref().map(Email::as_str)),
        external_id(contact, &contact.fields),
    )
}

/// Without an external id and an email nothing tells a contact from others: importing the table twice would double it. So it comes with
/// its uuid.
fn external_id(contact: &Contact, fields: &ContactFields) -> String {
    match (&fields.external_id, &fields.email) {
        (Some(id), _) => id.to_string(),
        (None, Some(_)) => String::new(),
        (None, None) => contact.uuid.to_string(),
    }
}
