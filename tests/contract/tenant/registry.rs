//! Opening, making and closing tenants' databases.

use std::{
    fs,
    path::PathBuf,
    sync::{Arc, mpsc},
    thread,
};

use crm_domain::{
    clock::{Clock, SystemEntropy},
    control::tenant::Tenant,
    error::Error,
    page::{Sort, Window},
    stamp::Stamp,
    tenant::{
        Tenants, Unit, UnitOfWork,
        account::AccountFilter,
        change::{Actor, Origin},
    },
};
use crm_store::{Store, StoreSettings};
use crm_tests::{
    database::{Backend, Database},
    each_backend_shared,
};

use super::{add_account, assert_feed_in_order, feed, provision, tenant_at, write};

each_backend_shared!(
    more_tenants_than_may_be_open_take_turns,
    tenants_do_not_see_each_other,
    a_database_that_is_gone_is_told_and_not_made_anew,
    a_writers_thread_opens_the_database_for_a_write,
    nodes_that_start_and_make_tenants_at_once_get_along,
    a_location_that_cannot_be_read_is_an_error,
    what_a_tenant_begins_with_is_as_old_as_it,
);

mod alone {
    use super::a_database_made_in_vain_is_removed;

    crm_tests::each_backend!(a_database_made_in_vain_is_removed);
}

fn what_a_tenant_begins_with_is_as_old_as_it(database: &Database) {
    let tenant = provision(&*database.tenants());
    let store = database.tenants().open(&tenant).unwrap();
    let pipelines = store.reading(|reader| reader.pipelines().all()).unwrap();
    assert!(!pipelines.is_empty());
    for pipeline in pipelines {
        assert_eq!((pipeline.created_at, pipeline.updated_at), (database.now(), database.now()));
        assert!(pipeline.stages.len() > 1);
        for stage in pipeline.stages {
            assert_eq!((stage.created_at, stage.updated_at), (database.now(), database.now()));
        }
    }
}

fn node(database: &Database, change: impl FnOnce(&mut StoreSettings)) -> Store {
    let mut settings = database.settings().clone();
    change(&mut settings);
    let clock = Arc::clone(&database.clock) as Arc<dyn Clock>;
    Store::open(&settings, clock, Arc::new(SystemEntropy)).unwrap()
}

fn names(tenants: &dyn Tenants, tenant: &Tenant) -> Vec<String> {
    let page = tenants
        .open(tenant)
        .unwrap()
        .reading(|reader| {
            reader
                .accounts()
                .list(&AccountFilter::default(), Sort::default(), &Window::first(10_000))
        })
        .unwrap();
    assert_eq!(page.total, page.items.len() as u64);
    page.items.iter().map(|account| account.fields.name.to_string()).collect()
}

fn more_tenants_than_may_be_open_take_turns(database: &Database) {
    const THREADS: usize = 6;
    const ROUNDS: usize = 10;
    let node = node(database, |settings| {
        settings.max_open_tenants = 2;
        settings.connections_per_tenant = 2;
    });
    let tenants = node.tenants();
    let made: Vec<_> = (0..5).map(|_| provision(&*tenants)).collect();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (tenants, made) = (&tenants, &made);
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    for step in 0..made.len() {
                        let tenant = &made[(thread + step) % made.len()];
                        let store = tenants.open(tenant).unwrap();
                        let account = add_account(&store, &format!("{thread}/{round}"));
                        let found = store.reading(|reader| reader.accounts().lookup(account.id)).unwrap();
                        assert_eq!(found, Some(account), "a tenant's own write is seen");
                    }
                }
            });
        }
    });
    let mut expected: Vec<_> = (0..THREADS)
        .flat_map(|thread| (0..ROUNDS).map(move |round| format!("{thread}/{round}")))
        .collect();
    expected.sort();
    for tenant in &made {
        let mut found = names(&*tenants, tenant);
        found.sort();
        assert_eq!(found, expected);
        let changes = feed(&tenants.open(tenant).unwrap());
        assert_feed_in_order(&changes);
        assert!(changes.windows(2).all(|pair| pair[0].stamp < pair[1].stamp));
    }
    node.close();
}

fn tenants_do_not_see_each_other(database: &Database) {
    let tenants = database.tenants();
    let (one, two) = (provision(&*tenants), provision(&*tenants));
    assert_ne!(one.location, two.location);
    add_account(&tenants.open(&one).unwrap(), "Of one");
    add_account(&tenants.open(&two).unwrap(), "Of two");
    assert_eq!(names(&*tenants, &one), ["Of one"]);
    assert_eq!(names(&*tenants, &two), ["Of two"]);
}

fn sqlite_file(database: &Database, location: &str) -> PathBuf {
    database.settings().data_dir.join(location.strip_prefix("sqlite:").unwrap())
}

fn a_database_that_is_gone_is_told_and_not_made_anew(database: &Database) {
    let tenants = database.tenants();
    let tenant = provision(&*tenants);
    tenants.discard(&tenant.location).unwrap();
    let store = tenants.open(&tenant).unwrap();
    for _ in 0..2 {
        let read = store.reading(|reader| reader.changes().last_seq()).unwrap_err();
        let written = write(&store, |unit| Ok(unit.stamp())).unwrap_err();
        for error in [read, written] {
            let told = error.to_string();
            match database.backend {
                Backend::Sqlite => assert!(matches!(error, Error::Unavailable { .. }) && told.contains("missing"), "{told}"),
                Backend::Postgres => {
                    assert!(
                        matches!(error, Error::Unavailable { .. }) && told.contains("does not exist"),
                        "{told}"
                    );
                }
            }
        }
    }
    if database.backend == Backend::Sqlite {
        assert!(!sqlite_file(database, &tenant.location).exists());
    }
}

/// Those who submit are async: a database that must be opened and migrated first would keep their thread.
fn a_writers_thread_opens_the_database_for_a_write(database: &Database) {
    let node = node(database, |_| ());
    let tenants = node.tenants();
    let there = provision(&*tenants);
    let gone = provision(&*tenants);
    tenants.discard(&gone.location).unwrap();
    let submit = |tenant: &Tenant| {
        let (told, answer) = mpsc::channel();
        let origin = Origin {
            actor: Actor::System,
            family: "server",
        };
        let done = move |result: Result<Stamp, Error>| {
            let thread = thread::current().name().unwrap_or_default().to_owned();
            told.send((thread, result.is_ok())).unwrap();
        };
        let unit = Unit::with_result(origin, |unit: &mut dyn UnitOfWork| Ok(unit.stamp()), done);
        tenants.open(tenant).unwrap().submit(unit);
        answer.recv().unwrap()
    };
    for (tenant, is_there) in [(&there, true), (&gone, false)] {
        let (thread, is_done) = submit(tenant);
        assert_eq!(is_done, is_there);
        assert!(thread.starts_with("tenant-writer"), "{thread}");
    }
    node.close();
    let unopened = provision(&*database.tenants());
    assert!(!submit(&unopened).1, "the store is closed");
}

fn a_database_made_in_vain_is_removed(database: &Database) {
    let tenants = database.tenants();
    let kept = provision(&*tenants);
    let before = everything(database);
    let tenant = provision(&*tenants);
    add_account(&tenants.open(&tenant).unwrap(), "Acme");
    tenants.discard(&tenant.location).unwrap();
    assert_eq!(everything(database), before);
    assert!(names(&*tenants, &kept).is_empty());
}

/// The test's files, but for the logs of open databases; or its databases.
fn everything(database: &Database) -> Vec<String> {
    let mut all = match database.server() {
        Some(server) => server.databases(),
        None => fs::read_dir(database.settings().data_dir.join("tenants"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect(),
    };
    all.sort();
    all
}

fn nodes_that_start_and_make_tenants_at_once_get_along(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let fresh = match database.backend {
        Backend::Sqlite => Some(folder.path().to_owned()),
        Backend::Postgres => None,
    };
    let made: Vec<_> = thread::scope(|scope| {
        let nodes: Vec<_> = (0..4)
            .map(|_| {
                let fresh = fresh.clone();
                scope.spawn(move || {
                    let node = node(database, |settings| {
                        if let Some(folder) = fresh {
                            settings.data_dir = folder;
                        }
                    });
                    let tenants = node.tenants();
                    let tenant = provision(&*tenants);
                    add_account(&tenants.open(&tenant).unwrap(), "Acme");
                    let found = names(&*tenants, &tenant);
                    node.close();
                    (tenant.location, found)
                })
            })
            .collect();
        nodes.into_iter().map(|node| node.join().unwrap()).collect()
    });
    assert!(made.iter().all(|(_, found)| found == &["Acme"]));
    let mut locations: Vec<_> = made.into_iter().map(|(location, _)| location).collect();
    locations.sort();
    locations.dedup();
    assert_eq!(locations.len(), 4);
}

fn a_location_that_cannot_be_read_is_an_error(database: &Database) {
    for location in ["", "nowhere", "mysql:db"] {
        let opened = database.tenants().open(&tenant_at(location.to_owned()));
        assert!(matches!(opened, Err(Error::Internal(_))), "{location}");
    }
}
