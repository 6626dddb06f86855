//! Contacts as rows.

use super::{
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
        contact::{Contact, ContactField, ContactFields, ContactFilter},
    },
};

/// Contacts.
pub(super) struct Contacts;

impl Noun for Contacts {
    type Record = Contact;
    type Key = ContactField;
    const COLUMNS: &'static [&'static str] = &[
        "external_id",
        "first_name",
        "last_name",
        "email",
        "phone",
        "other_phone",
        "title",
        "company",
        "account",
        "account_external_id",
        "website",
        "city",
        "state",
        "country",
        "description",
        "owner",
    ];

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
        vec![
            external_id(contact, fields),
            cell(fields.first_name.as_ref()),
            cell(fields.last_name.as_ref()),
            cell(fields.email.as_ref().map(Email::as_str)),
            cell(fields.phone.as_ref()),
            cell(fields.other_phone.as_ref()),
            cell(fields.title.as_ref()),
            cell(fields.company.as_ref()),
            references.account(fields.account_id),
            references.external_id(fields.account_id),
            cell(fields.website.as_ref().map(WebAddress::as_str)),
            cell(fields.city.as_ref()),
            cell(fields.state.as_ref()),
            cell(fields.country.as_ref()),
            cell(fields.description.as_ref()),
            references.owner(fields.owner_id),
        ]
    }
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
