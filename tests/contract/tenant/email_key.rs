//! Emails are compared composed and with their domains in ASCII, also those that were kept before that was so.

use std::sync::Arc;

use crm_domain::{
    clock::{SystemEntropy, uuid_at},
    control::tenant::NewTenant,
    field::Check,
    id::ContactId,
    tenant::{
        TenantStore,
        contact::{Contact, ContactDraft},
    },
    usecase::single,
};
use crm_store::{
    Location,
    dialect::{self, Plane, Purpose},
};
use crm_tests::{
    database::{Backend, Database},
    each_backend,
};
use diesel::connection::SimpleConnection;

use super::{open, set, text, user, write};

each_backend!(one_address_is_one_contacts, addresses_that_were_there_before_are_compared_so_too);

fn add(store: &Arc<dyn TenantStore>, name: &str, email: &str) -> crm_domain::Result<Contact> {
    let draft = ContactDraft {
        full_name: set(name),
        email: set(email),
        ..ContactDraft::default()
    };
    write(store, move |unit| single::create::<Contact>(unit, draft, user(), Check::new()))
}

fn of(store: &Arc<dyn TenantStore>, email: &str) -> Vec<ContactId> {
    let found = store
        .reading(|reader| reader.contacts().lookup_emails(&[email.to_owned()]))
        .unwrap();
    found.into_iter().map(|contact| contact.id).collect()
}

fn one_address_is_one_contacts(database: &Database) {
    let store = open(database);
    let zoe = add(&store, "Zoë", "zoë@münchen.de").unwrap().id;
    for same in ["ZOE\u{308}@mu\u{308}nchen.de", "zoë@XN--mnchen-3ya.de"] {
        assert_eq!(of(&store, same), [zoe], "{same}");
        assert!(add(&store, "Another", same).is_err(), "{same}");
    }
    assert_eq!(of(&store, "zoe@münchen.de"), []);
}

fn addresses_that_were_there_before_are_compared_so_too(database: &Database) {
    const VERSION: &str = "20261123000320";
    let new = NewTenant {
        uuid: uuid_at(database.now(), &SystemEntropy),
        name: text("Acme"),
        company_name: text("Acme"),
        location: database.tenants().provision().unwrap(),
        tier: "free".to_owned(),
    };
    let tenant = database.control().writing(|unit| unit.tenants().add(new)).unwrap();
    let settings = database.settings();
    let control = Location::control(&settings.url, &settings.data_dir).unwrap();
    let location = Location::of_tenant(&tenant.location, &control, &settings.data_dir).unwrap();
    let store = database.tenants().open(&tenant).unwrap();
    let alone = add(&store, "Zoë", "zoë@münchen.de").unwrap().id;
    let [first, second] = ["a@bücher.de", "b@x.de"].map(|email| add(&store, "Twin", email).unwrap().id);
    drop(store);
    let backend = match database.backend {
        Backend::Sqlite => "sqlite",
        Backend::Postgres => "postgres",
    };
    let folder = format!(
        "{}/../migrations/tenant/{backend}/2026-11-23-000320_email_keys",
        env!("CARGO_MANIFEST_DIR")
    );
    let down = std::fs::read_to_string(format!("{folder}/down.sql")).unwrap();
    let mut connection = dialect::open(&location, Purpose::Write).unwrap();
    connection.batch_execute(&down).unwrap();
    // As they were made before; two had one address in two spellings.
    let before = format!(
        "UPDATE contact SET email_key = 'zoë@münchen.de' WHERE id = {alone}; \
         UPDATE contact SET email_key = 'a@bücher.de' WHERE id = {first}; \
         UPDATE contact SET email = 'a@xn--bcher-kva.de', email_key = 'a@xn--bcher-kva.de' WHERE id = {second}; \
         DELETE FROM __diesel_schema_migrations WHERE version = '{VERSION}'"
    );
    connection.batch_execute(&before).unwrap();
    assert_eq!(dialect::migrate(&mut connection, Plane::Tenant).unwrap(), [VERSION]);
    drop(connection);
    let node = database.another_node();
    let store = node.tenants().open(&tenant).unwrap();
    assert_eq!(of(&store, "zoë@xn--mnchen-3ya.de"), [alone]);
    assert_eq!(of(&store, "a@bücher.de"), [second], "the other keeps the key that it had");
    let reports = database.store().check();
    let problems: Vec<&String> = reports.iter().flat_map(|report| &report.problems).collect();
    let expected = format!("1 contacts share the email of another: {first}");
    assert!(problems.iter().any(|problem| **problem == expected), "{problems:?}");
}
