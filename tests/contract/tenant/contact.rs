//! Contacts.

use std::sync::Arc;

use crm_domain::{
    error::Problem,
    field::{Check, Patch},
    id::{AccountId, ContactId, RecordId, UserId},
    page::{Sort, Window},
    tenant::{
        TenantStore, account as accounts,
        contact::{self as contacts, Contact, ContactDraft, ContactFields, ContactFilter},
    },
    usecase::single,
};
use crm_tests::{database::Database, each_backend_shared};

use super::{TEXTS, add_account, assert_duplicate, assert_not_found, assert_uuid, feed, only_problem, open, set, user, write};

each_backend_shared!(
    every_field_reads_back,
    any_text_reads_back,
    null_clears_a_field,
    emails_and_external_ids_are_unique_among_live_contacts,
    a_refused_batch_names_the_field,
    removed_contacts_are_gone,
    uuids_lead_to_ids_and_back_whether_live_or_deleted,
    lists_of_accounts_are_in_order,
    the_account_must_exist_only_when_it_is_named,
);

fn uuids_lead_to_ids_and_back_whether_live_or_deleted(database: &Database) {
    let store = open(database);
    let create = |name: &str| {
        let draft = full_draft(name);
        write(&store, move |unit| single::create::<Contact>(unit, draft, user(), Check::new())).unwrap()
    };
    let (live, gone) = (create("live"), create("gone"));
    let id = gone.id;
    write(&store, move |unit| single::remove::<Contact>(unit, id)).unwrap();
    let unknown = uuid::Uuid::from_u128(7);
    let mut ids = store
        .reading(|reader| reader.contacts().ids_of(&[gone.uuid, unknown, live.uuid]))
        .unwrap();
    ids.sort_by_key(|(_, id)| *id);
    assert_eq!(ids, [(live.uuid, live.id), (gone.uuid, gone.id)]);
    let mut uuids = store
        .reading(|reader| reader.contacts().uuids_of(&[gone.id, ContactId::from_i64(99), live.id]))
        .unwrap();
    uuids.sort();
    assert_eq!(uuids, [(live.id, live.uuid), (gone.id, gone.uuid)]);
}

fn full_draft(name: &str) -> ContactDraft {
    ContactDraft {
        external_id: set(format!("ext {name}")),
        first_name: set("Zoë"),
        last_name: set(name),
        email: set(format!("{name}@Example.com")),
        phone: set("+1 555 0100"),
        other_phone: set("+1 555 0101"),
        title: set("Head of 🚀"),
        company: set("Acme"),
        website: set("www.example.com"),
        city: set("Zürich"),
        state: set("ZH"),
        country: set("CH"),
        description: set("met at fair"),
        home_phone: set("+1 555 0102"),
        corporate_phone: set("+1 555 0103"),
        employees: set("250"),
        industry: set("Bäckerei"),
        company_linkedin: set("linkedin.com/company/acme"),
        person_linkedin: set(format!("https://de.linkedin.com/in/{name}/")),
        technologies: Patch::Set(vec!["Rust".to_owned(), "a \"quoted\", one".to_owned()]),
        annual_revenue: set("about $5M"),
        company_address: set("1 Main St"),
        company_city: set("Bern"),
        company_state: set("BE"),
        company_country: set("Schweiz"),
        owner_id: Patch::Set(UserId::from_i64(42)),
        ..ContactDraft::default()
    }
}

fn parse(draft: ContactDraft) -> ContactFields {
    ContactFields::parse(draft, user(), Check::new()).unwrap()
}

fn last_named(name: &str) -> ContactFields {
    parse(ContactDraft {
        last_name: set(name),
        ..ContactDraft::default()
    })
}

fn create(store: &Arc<dyn TenantStore>, draft: ContactDraft) -> Contact {
    let fields = parse(draft);
    write(store, move |unit| single::create_parsed::<contacts::Contact>(unit, fields)).unwrap()
}

fn found(store: &Arc<dyn TenantStore>, id: ContactId) -> Option<Contact> {
    store.reading(|reader| reader.contacts().lookup(id)).unwrap()
}

fn every_field_reads_back(database: &Database) {
    let store = open(database);
    let account = add_account(&store, "Acme");
    let draft = ContactDraft {
        account_id: Patch::Set(account.id),
        ..full_draft("miller")
    };
    let expected = parse(draft.clone());
    let contact = create(&store, draft);
    assert_eq!(contact.fields, expected);
    assert_eq!(contact.created_by, Some(user()));
    assert_eq!(contact.created_at, contact.updated_at);
    assert_uuid(contact.uuid, contact.created_at);
    assert_eq!(found(&store, contact.id), Some(contact));
}

fn any_text_reads_back(database: &Database) {
    let store = open(database);
    let batch: Vec<_> = (0..60).map(|n| last_named(TEXTS[n % TEXTS.len()])).collect();
    for size in [1, 60] {
        let batch = batch[..size].to_vec();
        let added = write(&store, move |unit| contacts::create_many(unit, batch)).unwrap();
        for contact in added {
            assert_eq!(found(&store, contact.id), Some(contact));
        }
    }
}

fn null_clears_a_field(database: &Database) {
    let store = open(database);
    let contact = create(&store, full_draft("miller"));
    let draft = ContactDraft {
        external_id: Patch::Clear,
        first_name: Patch::Clear,
        email: Patch::Clear,
        phone: Patch::Clear,
        other_phone: Patch::Clear,
        title: Patch::Clear,
        company: Patch::Clear,
        website: Patch::Clear,
        city: Patch::Clear,
        state: Patch::Clear,
        country: Patch::Clear,
        description: Patch::Clear,
        home_phone: Patch::Clear,
        corporate_phone: Patch::Clear,
        employees: Patch::Clear,
        employee_size_bracket: Patch::Clear,
        industry: Patch::Clear,
        company_linkedin: Patch::Clear,
        person_linkedin: Patch::Clear,
        technologies: Patch::Clear,
        annual_revenue: Patch::Clear,
        company_address: Patch::Clear,
        company_city: Patch::Clear,
        company_state: Patch::Clear,
        company_country: Patch::Clear,
        account_id: Patch::Clear,
        ..ContactDraft::default()
    };
    let id = contact.id;
    let cleared = write(&store, move |unit| {
        single::update::<contacts::Contact>(unit, id, draft, user(), Check::new())
    })
    .unwrap();
    let mut expected = last_named("miller");
    expected.owner_id = UserId::from_i64(42);
    assert_eq!(cleared.fields, expected);
    assert_eq!(found(&store, id), Some(cleared));
    let emails = ["miller@example.com".to_owned()];
    assert_eq!(store.reading(|reader| reader.contacts().lookup_emails(&emails)).unwrap(), []);
}

fn emails_and_external_ids_are_unique_among_live_contacts(database: &Database) {
    let store = open(database);
    let miller = create(&store, full_draft("miller"));
    let same_email = parse(ContactDraft {
        email: set("MILLER@example.COM"),
        ..full_draft("smith")
    });
    let again = same_email.clone();
    assert_duplicate(
        write(&store, move |unit| single::create_parsed::<contacts::Contact>(unit, again)),
        "contact",
        "email",
    );
    let same_external = parse(ContactDraft {
        external_id: set("ext miller"),
        ..full_draft("smith")
    });
    assert_duplicate(
        write(&store, move |unit| single::create_parsed::<contacts::Contact>(unit, same_external)),
        "contact",
        "external_id",
    );

    let smith = create(&store, full_draft("smith"));
    let draft = ContactDraft {
        email: set("miller@EXAMPLE.com"),
        ..ContactDraft::default()
    };
    let (id, taken) = (smith.id, draft.clone());
    assert_duplicate(
        write(&store, move |unit| {
            single::update::<contacts::Contact>(unit, id, taken, user(), Check::new())
        }),
        "contact",
        "email",
    );
    let gone = miller.id;
    write(&store, move |unit| single::remove::<contacts::Contact>(unit, gone)).unwrap();
    let freed = write(&store, move |unit| {
        single::update::<contacts::Contact>(unit, id, draft, user(), Check::new())
    })
    .unwrap();
    let emails = ["Miller@Example.com ".to_owned(), "x@y.zz".to_owned(), "nul\0@x.yy".to_owned()];
    let by_email = store.reading(|reader| reader.contacts().lookup_emails(&emails)).unwrap();
    assert_eq!(by_email, [freed]);
}

fn a_refused_batch_names_the_field(database: &Database) {
    let store = open(database);
    create(&store, full_draft("miller"));
    for size in [10, 60] {
        for (field, last) in [
            (
                "email",
                ContactDraft {
                    email: set("Miller@example.com"),
                    ..full_draft("last")
                },
            ),
            (
                "external_id",
                ContactDraft {
                    external_id: set("ext miller"),
                    ..full_draft("last")
                },
            ),
        ] {
            let mut batch: Vec<_> = (1..size).map(|n| parse(full_draft(&format!("new{n}")))).collect();
            batch.push(parse(last));
            assert_duplicate(write(&store, move |unit| contacts::create_many(unit, batch)), "contact", field);
        }
    }
    let page = store
        .reading(|reader| {
            reader
                .contacts()
                .list(&ContactFilter::default(), Sort::default(), &Window::first(10))
        })
        .unwrap();
    assert_eq!((page.items.len(), page.total), (1, 1));
    assert_eq!(feed(&store).len(), 1);
}

fn removed_contacts_are_gone(database: &Database) {
    let store = open(database);
    let account = add_account(&store, "Acme").id;
    let contact = create(
        &store,
        ContactDraft {
            account_id: Patch::Set(account),
            ..full_draft("unfindable")
        },
    );
    let id = contact.id;
    write(&store, move |unit| single::remove::<contacts::Contact>(unit, id)).unwrap();
    let filter = ContactFilter::search("unfindable");
    let left = store.reading(|reader| {
        let contacts = reader.contacts();
        Ok([
            contacts.lookup(id)?.into_iter().collect(),
            contacts.lookup_external(&["ext unfindable".to_owned()])?,
            contacts.lookup_emails(&["unfindable@example.com".to_owned()])?,
            contacts.list_of_accounts(&[account])?,
            contacts.list(&ContactFilter::default(), Sort::default(), &Window::first(5))?.items,
            contacts.list(&filter, Sort::default(), &Window::first(5))?.items,
        ]
        .concat())
    });
    assert_eq!(left.unwrap(), []);
    let draft = full_draft("back");
    assert_not_found(
        write(&store, move |unit| {
            single::update::<contacts::Contact>(unit, id, draft, user(), Check::new())
        }),
        "contact",
    );
    assert_not_found(write(&store, move |unit| single::remove::<contacts::Contact>(unit, id)), "contact");
    assert_not_found(write(&store, move |unit| unit.contacts().update(&contact, &contact)), "contact");
}

fn lists_of_accounts_are_in_order(database: &Database) {
    let store = open(database);
    let accounts: Vec<_> = (0..3).map(|n| add_account(&store, &format!("Acme {n}")).id).collect();
    let mut made = Vec::new();
    for number in [2, 0, 2, 1, 0] {
        let draft = ContactDraft {
            last_name: set(format!("Of {number}")),
            account_id: Patch::Set(accounts[number]),
            ..ContactDraft::default()
        };
        made.push(create(&store, draft));
    }
    let of = [accounts[2], accounts[0], AccountId::from_i64(99)];
    let listed = store.reading(|reader| reader.contacts().list_of_accounts(&of)).unwrap();
    assert_eq!(listed, [1, 4, 0, 2].map(|index: usize| made[index].clone()));
    assert_eq!(store.reading(|reader| reader.contacts().list_of_accounts(&[])).unwrap(), []);
}

fn the_account_must_exist_only_when_it_is_named(database: &Database) {
    let store = open(database);
    let account = add_account(&store, "Acme").id;
    let contact = create(
        &store,
        ContactDraft {
            account_id: Patch::Set(account),
            ..full_draft("miller")
        },
    );
    write(&store, move |unit| single::remove::<accounts::Account>(unit, account)).unwrap();
    let draft = ContactDraft {
        title: set("CEO"),
        ..ContactDraft::default()
    };
    let id = contact.id;
    let edited = write(&store, move |unit| {
        single::update::<contacts::Contact>(unit, id, draft, user(), Check::new())
    })
    .unwrap();
    assert_eq!(edited.fields.title.as_deref(), Some("CEO"));

    let fields = parse(ContactDraft {
        account_id: Patch::Set(account),
        ..full_draft("smith")
    });
    let refused = write(&store, move |unit| single::create_parsed::<contacts::Contact>(unit, fields));
    assert_eq!(
        only_problem(refused),
        ("account_id".to_owned(), Problem::Reference { noun: "account" })
    );
    let draft = ContactDraft {
        account_id: Patch::Set(AccountId::from_i64(99)),
        ..ContactDraft::default()
    };
    let refused = write(&store, move |unit| {
        single::update::<contacts::Contact>(unit, id, draft, user(), Check::new())
    });
    assert_eq!(only_problem(refused).0, "account_id");
}
