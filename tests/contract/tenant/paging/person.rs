//! Contacts and leads.

use crm_domain::query::Field;
use crm_domain::{
    field::Check,
    id::RecordId,
    tenant::{
        contact::{self as contacts, Contact, ContactDraft, ContactField, ContactFields, ContactFilter},
        lead::{self as leads, Lead, LeadDraft, LeadField, LeadFields, LeadFilter},
    },
    usecase::single,
};
use crm_tests::{database::Database, each_backend_shared};

use super::{
    super::{open, set, user, write},
    List, ROWS, VALUES, value,
};

each_backend_shared!(contacts_walk_in_every_order, leads_walk_in_every_order);

fn contacts_walk_in_every_order(database: &Database) {
    let store = open(database);
    let mut all: Vec<Contact> = (0..ROWS)
        .map(|number| {
            let draft = ContactDraft {
                first_name: value(number),
                last_name: set(VALUES[number % VALUES.len()].unwrap_or("Last")),
                email: (!number.is_multiple_of(3))
                    .then(|| format!("{}{number}@example.com", if number.is_multiple_of(2) { "A" } else { "b" }))
                    .into(),
                company: value(number + 2),
                ..ContactDraft::default()
            };
            let fields = ContactFields::parse(draft, user(), Check::new()).unwrap();
            write(&store, move |unit| single::create_parsed::<contacts::Contact>(unit, fields)).unwrap()
        })
        .collect();
    let gone = all.remove(5).id;
    write(&store, move |unit| single::remove::<contacts::Contact>(unit, gone)).unwrap();
    let list = List {
        all,
        keys: ContactField::ALL,
        value: &|key, contact| key.place(contact),
        id: &|contact: &Contact| contact.id.get(),
        list: &|sort, window| {
            store
                .reading(|reader| reader.contacts().list(&ContactFilter::default(), sort, window))
                .unwrap()
        },
    };
    list.assert_walks();
}

fn leads_walk_in_every_order(database: &Database) {
    let store = open(database);
    let mut all: Vec<Lead> = (0..ROWS)
        .map(|number| {
            let draft = LeadDraft {
                first_name: value(number),
                last_name: set(VALUES[number % VALUES.len()].unwrap_or("Last")),
                email: (!number.is_multiple_of(3))
                    .then(|| format!("{}@example.com", if number.is_multiple_of(2) { "A" } else { "b" }))
                    .into(),
                company: value(number + 2),
                source: value(number + 3),
                status: value(number + 4),
                ..LeadDraft::default()
            };
            let fields = LeadFields::parse(draft, user(), Check::new()).unwrap();
            // Made as imports do: they may share emails.
            write(&store, move |unit| leads::create_many(unit, vec![fields])).unwrap().remove(0)
        })
        .collect();
    let gone = all.remove(5).id;
    write(&store, move |unit| single::remove::<leads::Lead>(unit, gone)).unwrap();
    let list = List {
        all,
        keys: LeadField::ALL,
        value: &|key, lead| key.place(lead),
        id: &|lead: &Lead| lead.id.get(),
        list: &|sort, window| {
            store
                .reading(|reader| reader.leads().list(&LeadFilter::default(), sort, window))
                .unwrap()
        },
    };
    list.assert_walks();
}
