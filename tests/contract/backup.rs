//! Backups on both backends: made while records are written, restored after every database is lost.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use crm_domain::{
    clock::{Clock, SystemEntropy, uuid_at},
    control::tenant::{NewTenant, Tenant},
    field::Text,
    page::{Sort, Window},
    tenant::{TenantStore, account::AccountFilter},
};
use crm_store::Store;
use crm_tests::{database::Database, each_backend};

use crate::tenant::{TEXTS, add_account};

each_backend!(
    a_backup_made_while_records_are_written_is_restored_whole,
    a_backup_of_a_newer_version_is_refused_and_nothing_is_touched,
);

fn tenant_named(database: &Database, name: &str) -> Tenant {
    let new = NewTenant {
        uuid: uuid_at(database.now(), &SystemEntropy),
        name: Text::parse(name).unwrap(),
        company_name: Text::parse(name).unwrap(),
        location: database.tenants().provision().unwrap(),
        tier: "free".to_owned(),
    };
    database.control().writing(|unit| unit.tenants().add(new)).unwrap()
}

fn names(store: &Arc<dyn TenantStore>) -> Vec<String> {
    let all = AccountFilter::default();
    let list = store.reading(|reader| reader.accounts().list(&all, Sort::default(), &Window::first(100_000)));
    list.unwrap().items.iter().map(|account| account.fields.name.to_string()).collect()
}

fn restore(database: &Database, folder: &Path) -> Store {
    let clock = Arc::clone(&database.clock) as Arc<dyn Clock>;
    Store::restore(database.settings(), clock, Arc::new(SystemEntropy), folder, |_| ()).unwrap()
}

fn a_backup_made_while_records_are_written_is_restored_whole(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let tenants = ["One", "Two"].map(|name| tenant_named(database, name));
    let stores = tenants.each_ref().map(|tenant| database.tenants().open(tenant).unwrap());
    for text in TEXTS {
        add_account(&stores[0], text);
    }
    let is_over = AtomicBool::new(false);
    let copies = thread::scope(|scope| {
        scope.spawn(|| {
            for number in (0..).take_while(|_| !is_over.load(Ordering::Relaxed)) {
                add_account(&stores[1], &format!("{number}"));
            }
        });
        while names(&stores[1]).is_empty() {}
        let copies = database.store().backup(folder.path(), |_| ()).unwrap();
        is_over.store(true, Ordering::Relaxed);
        copies
    });
    add_account(&stores[0], "too late");
    let written = names(&stores[1]);
    assert_eq!(copies.len(), 3);
    Store::judge_backup(folder.path()).unwrap();
    database.lose();

    let restored = restore(database, folder.path());
    let again = tenants.each_ref().map(|tenant| restored.tenants().open(tenant).unwrap());
    assert_eq!(names(&again[0]), TEXTS.map(str::to_owned));
    // As it was at one moment: the first of what was written, and as many changes.
    let kept = names(&again[1]);
    assert!(
        !kept.is_empty() && kept.len() <= written.len(),
        "{} of {}",
        kept.len(),
        written.len()
    );
    assert_eq!(kept, written[..kept.len()]);
    let changes = again[1].reading(|reader| reader.changes().list_after(0, 100_000)).unwrap();
    assert_eq!(
        changes.iter().filter(|change| change.entity.as_str() == "account").count(),
        kept.len()
    );
    let problems: Vec<String> = restored.check().into_iter().flat_map(|report| report.problems).collect();
    assert!(problems.is_empty(), "{problems:?}");
    add_account(&again[1], "written after");
    restored.close();
}

fn a_backup_of_a_newer_version_is_refused_and_nothing_is_touched(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let tenant = tenant_named(database, "One");
    add_account(&database.tenants().open(&tenant).unwrap(), "Acme");
    database.tamper(
        &tenant,
        "INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000')",
    );
    database.store().backup(folder.path(), |_| ()).unwrap();
    let before = files_below(folder.path());
    let refusal = Store::judge_backup(folder.path()).unwrap_err().to_string();
    assert!(
        refusal.contains("was made by a newer version") && refusal.contains("99990101000000") && refusal.contains("tenants"),
        "{refusal}"
    );
    database.lose();
    let clock = Arc::clone(&database.clock) as Arc<dyn Clock>;
    let refused = Store::restore(database.settings(), clock, Arc::new(SystemEntropy), folder.path(), |_| ());
    assert!(refused.err().unwrap().to_string().contains("newer version"));
    assert_eq!(files_below(folder.path()), before, "the backup is as it was");
    match database.server() {
        None => assert!(!database.settings().data_dir.exists()),
        Some(server) => assert!(server.databases().is_empty(), "{:?}", server.databases()),
    }
}

fn files_below(folder: &Path) -> Vec<(PathBuf, u64)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            let length = path.metadata().unwrap().len();
            found.push((path, length));
        }
    }
    found.sort();
    found
}
