//! Finding contacts by what identifies them: uuid, LinkedIn address, name with company; and what they tell of their company.

use std::sync::Arc;

use crm_domain::{
    error::Result,
    field::{Check, Patch},
    id::ContactId,
    tenant::{
        TenantReader, TenantStore,
        account::{Account, AccountDraft},
        contact::{Contact, ContactDraft, ContactFields, derived::linkedin_key},
    },
    usecase::{company_template, single},
};
use crm_tests::{database::Database, each_backend_shared};

use super::{open, set, user, write};

each_backend_shared!(
    uuids_find_live_contacts,
    linkedin_addresses_find_contacts_however_they_are_spelt,
    a_name_finds_only_with_its_company,
    a_name_finds_those_who_have_it_unless_they_are_many,
    a_company_is_told_of_by_the_newest_contact_that_knows_something,
    many_companies_are_looked_up_at_once,
    an_account_tells_of_a_company_before_contacts_do,
    drafts_are_completed_by_what_they_do_not_say,
);

fn create(store: &Arc<dyn TenantStore>, draft: ContactDraft) -> Contact {
    write(store, move |unit| single::create::<Contact>(unit, draft, user(), Check::new())).unwrap()
}

fn remove(store: &Arc<dyn TenantStore>, id: ContactId) {
    write(store, move |unit| single::remove::<Contact>(unit, id)).unwrap();
}

fn named(first: &str, last: &str, company: &str) -> ContactDraft {
    ContactDraft {
        first_name: set(first),
        last_name: set(last),
        company: set(company),
        ..ContactDraft::default()
    }
}

fn at_linkedin(address: &str) -> ContactDraft {
    ContactDraft {
        person_linkedin: set(address),
        ..named("Ada", "Lovelace", "Engines")
    }
}

/// The ids of what a lookup finds, in its order.
fn ids(store: &Arc<dyn TenantStore>, find: impl FnOnce(&mut dyn TenantReader) -> Result<Vec<Contact>>) -> Vec<ContactId> {
    store.reading(find).unwrap().into_iter().map(|contact| contact.id).collect()
}

fn uuids_find_live_contacts(database: &Database) {
    let store = open(database);
    let (live, gone) = (create(&store, named("A", "B", "C")), create(&store, named("D", "E", "F")));
    remove(&store, gone.id);
    let asked = [gone.uuid, live.uuid, uuid::Uuid::from_u128(7)];
    assert_eq!(ids(&store, |reader| reader.contacts().lookup_uuids(&asked)), [live.id]);
    assert!(ids(&store, |reader| reader.contacts().lookup_uuids(&[])).is_empty());
    let deleted = |uuid| write(&store, move |unit| unit.contacts().lookup_deleted_uuid(uuid)).unwrap();
    assert_eq!(deleted(gone.uuid).map(|contact| contact.id), Some(gone.id));
    assert_eq!(deleted(live.uuid), None);
}

fn linkedin_addresses_find_contacts_however_they_are_spelt(database: &Database) {
    let store = open(database);
    let first = create(&store, at_linkedin("https://de.linkedin.com/in/Ada-Lovelace/?trk=people"));
    let second = create(&store, at_linkedin("linkedin.com/in/ada-lovelace"));
    create(&store, at_linkedin("linkedin.com/in/ada"));
    let gone = create(&store, at_linkedin("www.linkedin.com/in/ada-lovelace"));
    remove(&store, gone.id);
    let key = linkedin_key("HTTP://WWW.LinkedIn.com/in/ada-lovelace/de").unwrap();
    let found = ids(&store, |reader| {
        reader.contacts().lookup_linkedin(&[key, "linkedin.com/in/nobody".to_owned()])
    });
    assert_eq!(found, [first.id, second.id], "oldest first");
}

fn a_name_finds_only_with_its_company(database: &Database) {
    let store = open(database);
    let first = create(&store, named("Zoë", "Müller", "Bäcker AG"));
    let second = create(&store, named("ZOË", "MÜLLER", "BÄCKER ag"));
    create(&store, named("Zoë", "Müller", "Bäcker"));
    create(
        &store,
        ContactDraft {
            company: Patch::Keep,
            ..named("Zoë", "Müller", "")
        },
    );
    let key = first.fields.identity_key().unwrap();
    assert_eq!(second.fields.identity_key().unwrap(), key);
    let found = ids(&store, |reader| reader.contacts().lookup_identities(std::slice::from_ref(&key)));
    assert_eq!(found, [first.id, second.id], "oldest first");
    remove(&store, first.id);
    assert_eq!(ids(&store, |reader| reader.contacts().lookup_identities(&[key])), [second.id]);
}

fn a_name_finds_those_who_have_it_unless_they_are_many(database: &Database) {
    let store = open(database);
    let first = create(&store, named("Zoë", "Müller", "Bäcker AG"));
    let second = create(&store, named("ZOË", "MÜLLER", ""));
    let other = create(&store, named("Ada", "Byron", ""));
    let names = ["zoë müller", "Ada Byron", "Nobody Known"].map(str::to_owned);
    let lookup = |most| ids(&store, |reader| reader.contacts().lookup_names(&names, most));
    assert_eq!(lookup(2), [first.id, second.id, other.id], "oldest first");
    assert_eq!(lookup(1), [other.id]);
    remove(&store, first.id);
    assert_eq!(lookup(1), [second.id, other.id]);
}

fn a_company_is_told_of_by_the_newest_contact_that_knows_something(database: &Database) {
    let store = open(database);
    let knowing = |city: &str| ContactDraft {
        company_city: set(city),
        ..named("Ada", city, "Straße GmbH")
    };
    create(&store, knowing("Bern"));
    let newest = create(&store, knowing("Zürich"));
    create(&store, named("Ada", "knows nothing", "Straße GmbH"));
    let asked = ["STRASSE GMBH", "straße gmbh", "Nobody's"].map(str::to_owned);
    // Names are compared in lower case, which leaves ß and ss apart.
    assert_eq!(ids(&store, |reader| reader.contacts().lookup_companies(&asked)), [newest.id]);
    remove(&store, newest.id);
    let template = store.reading(|reader| company_template::of(reader, " Straße gmbh ")).unwrap();
    assert_eq!(template.unwrap().company_city.as_deref(), Some("Bern"));
    assert_eq!(store.reading(|reader| company_template::of(reader, "Nobody's")).unwrap(), None);
}

fn many_companies_are_looked_up_at_once(database: &Database) {
    let store = open(database);
    let knowing = |number: usize| ContactDraft {
        company_city: set(format!("City {number}")),
        ..named("Ada", "Lovelace", &format!("Company {number}"))
    };
    let known: Vec<ContactId> = [3, 777].map(|number| create(&store, knowing(number)).id).into();
    // More than one statement of either backend may have been meant for.
    let asked: Vec<String> = (0..1_000).map(|number| format!("company {number}")).collect();
    let mut found = ids(&store, |reader| reader.contacts().lookup_companies(&asked));
    found.sort_unstable();
    assert_eq!(found, known);
    assert!(ids(&store, |reader| reader.contacts().lookup_companies(&[])).is_empty());
}

fn an_account_tells_of_a_company_before_contacts_do(database: &Database) {
    let store = open(database);
    create(
        &store,
        ContactDraft {
            company_city: set("Bern"),
            industry: set("Baking"),
            ..named("Ada", "Lovelace", "Engines")
        },
    );
    let account = AccountDraft {
        name: set("ENGINES"),
        city: set("London"),
        employees: set("42"),
        ..AccountDraft::default()
    };
    write(&store, move |unit| single::create::<Account>(unit, account, user(), Check::new())).unwrap();
    let template = store.reading(|reader| company_template::of(reader, "engines")).unwrap().unwrap();
    assert_eq!((template.company.as_str(), template.employees), ("ENGINES", Some(42)));
    assert_eq!(
        (template.company_city.as_deref(), template.industry),
        (Some("London"), None),
        "nothing is pieced together"
    );
}

fn drafts_are_completed_by_what_they_do_not_say(database: &Database) {
    let store = open(database);
    create(
        &store,
        ContactDraft {
            employees: set("250"),
            company_city: set("Bern"),
            company_country: set("CH"),
            industry: set("Baking"),
            ..named("Ada", "Lovelace", "Engines")
        },
    );
    let drafts = [
        named("B", "C", "ENGINES"),
        ContactDraft {
            company_city: set("Paris"),
            industry: set("Steam"),
            ..named("D", "E", "engines")
        },
        named("F", "G", "Another"),
    ];
    let completed = write(&store, move |unit| {
        let mut drafts = drafts;
        company_template::complete(unit, &mut drafts.each_mut())?;
        Ok(drafts)
    });
    let completed = completed
        .unwrap()
        .map(|draft| ContactFields::parse(draft, user(), Check::new()).unwrap());
    let seen = completed.each_ref().map(|fields| {
        let text = |text: Option<&str>| text.map(str::to_owned);
        (
            fields.employees,
            text(fields.company_city.as_deref()),
            text(fields.company_country.as_deref()),
            text(fields.industry.as_deref()),
        )
    });
    let told = |text: &str| Some(text.to_owned());
    assert_eq!(seen[0], (Some(250), told("Bern"), told("CH"), told("Baking")));
    assert_eq!(seen[1], (Some(250), told("Paris"), None, told("Steam")), "a place is one value");
    assert_eq!(seen[2], (None, None, None, None));
}
