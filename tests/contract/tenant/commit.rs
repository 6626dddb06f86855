//! Who listens hears of every commit: whose feed grew, and how far.

use std::sync::mpsc;

use crm_domain::tenant::account as accounts;
use crm_domain::usecase::single;
use crm_tests::{database::Database, each_backend};

use super::{add_account, named, new_tenant, write};

each_backend!(a_listener_hears_of_what_is_committed_and_of_nothing_else);

fn a_listener_hears_of_what_is_committed_and_of_nothing_else(database: &Database) {
    let (heard, told) = mpsc::channel();
    database.tenants().on_commit(Box::new(move |tenant, last_seq| {
        // The test has ended when nobody receives.
        let _ = heard.send((tenant, last_seq));
    }));
    let [first, second] = [new_tenant(database), new_tenant(database)];
    let stores = [&first, &second].map(|tenant| database.tenants().open(tenant).unwrap());
    add_account(&stores[0], "Acme");
    assert_eq!(told.recv().unwrap(), (first.id, 1));
    let batch = (0..3).map(|number| named(&format!("Acme {number}"))).collect();
    write(&stores[0], move |unit| accounts::create_many(unit, batch)).unwrap();
    assert_eq!(told.recv().unwrap(), (first.id, 4));
    add_account(&stores[1], "Bolt");
    assert_eq!(told.recv().unwrap(), (second.id, 1));
    // What is undone, and what changes nothing, is nobody's news.
    let failed = write(&stores[0], |unit| {
        single::create_parsed::<accounts::Account>(unit, named("Undone"))?;
        single::remove::<accounts::Account>(unit, crm_domain::id::RecordId::from_i64(99))
    });
    assert!(failed.is_err());
    write(&stores[0], |_| Ok(())).unwrap();
    add_account(&stores[0], "Last");
    assert_eq!(told.recv().unwrap(), (first.id, 5));
    assert_eq!(told.try_recv(), Err(mpsc::TryRecvError::Empty));
}
