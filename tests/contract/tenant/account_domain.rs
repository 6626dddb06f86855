//! Accounts are found by the domain of their website or mail address, also those that were kept before there was a column for it.

use std::sync::Arc;

use crm_domain::{
    field::{Check, Patch},
    id::AccountId,
    tenant::{
        TenantStore,
        account::{Account, AccountDraft},
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

use super::{open, provision, set, user, write};

each_backend!(
    live_accounts_are_found_by_their_domain,
    accounts_that_were_there_before_have_their_domain
);

fn add(store: &Arc<dyn TenantStore>, name: &str, website: &str, email: &str) -> AccountId {
    let given = |text: &str| if text.is_empty() { Patch::Keep } else { set(text) };
    let draft = AccountDraft {
        name: set(name),
        website: given(website),
        email: given(email),
        ..AccountDraft::default()
    };
    write(store, move |unit| single::create::<Account>(unit, draft, user(), Check::new()))
        .unwrap()
        .id
}

/// The ids of the accounts of these domains, in the lookup's order.
fn of(store: &Arc<dyn TenantStore>, domains: &[&str]) -> Vec<AccountId> {
    let domains: Vec<String> = domains.iter().map(ToString::to_string).collect();
    let found = store.reading(|reader| reader.accounts().lookup_domains(&domains)).unwrap();
    found.into_iter().map(|account| account.id).collect()
}

fn live_accounts_are_found_by_their_domain(database: &Database) {
    let store = open(database);
    let first = add(&store, "First", "https://WWW.Acme.test/de", "info@other.test");
    let second = add(&store, "Second", "acme.test", "");
    let third = add(&store, "Third", "", "info@Bücher.test");
    add(&store, "Nobody's", "https://www.linkedin.com/company/acme", "one@gmail.com");
    assert_eq!(of(&store, &["acme.test"]), [first, second], "oldest first");
    assert_eq!(of(&store, &["xn--bcher-kva.test", "nul\0", "nowhere.test"]), [third]);
    assert!(of(&store, &["gmail.com", "linkedin.com", "other.test", ""]).is_empty());
    write(&store, move |unit| single::remove::<Account>(unit, first)).unwrap();
    let moved = AccountDraft {
        website: set("bolt.test"),
        ..AccountDraft::default()
    };
    write(&store, move |unit| {
        single::update::<Account>(unit, second, moved, user(), Check::new())
    })
    .unwrap();
    assert_eq!((of(&store, &["acme.test"]), of(&store, &["bolt.test"])), (vec![], vec![second]));
}

fn accounts_that_were_there_before_have_their_domain(database: &Database) {
    const VERSION: &str = "20261122000180";
    let tenant = provision(&*database.tenants());
    let settings = database.settings();
    let control = Location::control(&settings.url, &settings.data_dir).unwrap();
    let location = Location::of_tenant(&tenant.location, &control, &settings.data_dir).unwrap();
    let store = database.tenants().open(&tenant).unwrap();
    let first = add(&store, "First", "https://www.acme.test", "");
    let second = add(&store, "Second", "", "info@bolt.test");
    add(&store, "Third", "", "");
    drop(store);
    let backend = match database.backend {
        Backend::Sqlite => "sqlite",
        Backend::Postgres => "postgres",
    };
    let folder = format!(
        "{}/../migrations/tenant/{backend}/2026-11-22-000180_account_domain",
        env!("CARGO_MANIFEST_DIR")
    );
    let down = std::fs::read_to_string(format!("{folder}/down.sql")).unwrap();
    let mut connection = dialect::open(&location, Purpose::Write).unwrap();
    connection.batch_execute(&down).unwrap();
    connection
        .batch_execute(&format!("DELETE FROM __diesel_schema_migrations WHERE version = '{VERSION}'"))
        .unwrap();
    assert_eq!(dialect::migrate(&mut connection, Plane::Tenant).unwrap(), [VERSION]);
    drop(connection);
    let store = database.another_node().tenants().open(&tenant).unwrap();
    assert_eq!(of(&store, &["acme.test", "bolt.test"]), [first, second]);
}
