//! Restoring a backup beside the deployment that it was made of, and restores that fail.

use std::{fs, path::Path, sync::Arc, time::Duration};

use crm_domain::{
    clock::{Clock, SystemEntropy, uuid_at},
    control::tenant::{NewTenant, Tenant},
    error::Result,
    field::Text,
    page::{Sort, Window},
    tenant::{
        TenantStore,
        account::AccountFilter,
        job::{End, Job, JobKind, JobShape, JobState, Lease, NewJob, is_lost},
    },
    usecase::jobs,
};
use crm_store::{Store, StoreSettings};
use crm_tests::{
    database::{Backend, Database},
    each_backend,
};
use tempfile::TempDir;

use crate::tenant::{add_account, origin};

each_backend!(
    a_backup_is_restored_beside_its_original,
    a_restore_that_fails_leaves_nothing_and_can_be_tried_again,
    a_deployment_is_not_overwritten,
    jobs_go_on_where_the_backup_has_them,
);

fn add_tenant(database: &Database, name: &str) -> (Tenant, Arc<dyn TenantStore>) {
    let new = NewTenant {
        uuid: uuid_at(database.now(), &SystemEntropy),
        name: Text::parse(name).unwrap(),
        company_name: Text::parse(name).unwrap(),
        location: database.tenants().provision().unwrap(),
        tier: "free".to_owned(),
    };
    let tenant = database.control().writing(|unit| unit.tenants().add(new)).unwrap();
    let store = database.tenants().open(&tenant).unwrap();
    add_account(&store, &format!("Account of {name}"));
    (tenant, store)
}

/// Another deployment on the same server; the test's databases are told by how their names begin.
fn beside(database: &Database, data_dir: &TempDir) -> StoreSettings {
    let settings = database.settings();
    StoreSettings {
        url: match database.backend {
            Backend::Sqlite => String::new(),
            Backend::Postgres => format!("{}_b", settings.url),
        },
        data_dir: data_dir.path().to_owned(),
        ..settings.clone()
    }
}

fn restore(database: &Database, settings: &StoreSettings, folder: &Path) -> Result<Store> {
    let clock = Arc::clone(&database.clock) as Arc<dyn Clock>;
    Store::restore(settings, clock, Arc::new(SystemEntropy), folder, |_| ())
}

fn names(store: &Arc<dyn TenantStore>) -> Vec<String> {
    let all = AccountFilter::default();
    let list = store.reading(|reader| reader.accounts().list(&all, Sort::default(), &Window::first(100)));
    list.unwrap().items.iter().map(|account| account.fields.name.to_string()).collect()
}

/// The databases of the server, or the files of the folder.
fn what_is_there(database: &Database, data_dir: &TempDir) -> Vec<String> {
    let mut found = match database.server() {
        Some(server) => server.databases(),
        None => fs::read_dir(data_dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect(),
    };
    found.sort();
    found
}

fn a_backup_is_restored_beside_its_original(database: &Database) {
    let originals = ["One", "Two"].map(|name| add_tenant(database, name));
    let (folder, data_dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    database.store().backup(folder.path(), |_| ()).unwrap();
    let settings = beside(database, &data_dir);
    let copy = restore(database, &settings, folder.path()).unwrap();
    let tenants = copy.control().reading(|reader| reader.tenants().list()).unwrap();
    assert_eq!(tenants.len(), 2);
    for (tenant, (original, store)) in tenants.iter().zip(&originals) {
        assert_eq!((tenant.id, &tenant.name), (original.id, &original.name));
        let restored = copy.tenants().open(tenant).unwrap();
        let before = vec![format!("Account of {}", &*original.name)];
        assert_eq!(names(&restored), before);
        add_account(&restored, "Of the copy");
        assert_eq!(names(store), before, "the original is another database");
        add_account(store, "Of the original");
        assert_eq!(names(&restored).last().unwrap(), "Of the copy");
    }
    assert!(copy.check().iter().all(|report| report.problems.is_empty()));
    copy.close();
}

fn a_restore_that_fails_leaves_nothing_and_can_be_tried_again(database: &Database) {
    let originals = ["One", "Two"].map(|name| add_tenant(database, name));
    let (folder, data_dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let copies = database.store().backup(folder.path(), |_| ()).unwrap();
    let last = copies
        .iter()
        .filter(|copy| copy.tenant.is_some())
        .map(|copy| folder.path().join(&copy.file))
        .next_back()
        .unwrap();
    let whole = fs::read(&last).unwrap();
    let settings = beside(database, &data_dir);
    let before = what_is_there(database, &data_dir);

    fs::remove_file(&last).unwrap();
    let missing = restore(database, &settings, folder.path()).err().unwrap().to_string();
    assert!(missing.contains("the backup has no"), "{missing}");
    assert_eq!(what_is_there(database, &data_dir), before);

    fs::write(&last, "no copy ".repeat(1_000)).unwrap();
    assert!(restore(database, &settings, folder.path()).is_err(), "what is no database");
    assert_eq!(what_is_there(database, &data_dir), before);
    assert_eq!(names(&originals[0].1), ["Account of One"]);

    fs::write(&last, &whole).unwrap();
    let copy = restore(database, &settings, folder.path()).unwrap();
    assert!(copy.check().iter().all(|report| report.problems.is_empty()));
    copy.close();
}

fn a_deployment_is_not_overwritten(database: &Database) {
    let (_, store) = add_tenant(database, "One");
    let folder = tempfile::tempdir().unwrap();
    database.store().backup(folder.path(), |_| ()).unwrap();
    let refused = restore(database, database.settings(), folder.path()).err().unwrap().to_string();
    assert!(refused.contains("exists already"), "{refused}");
    assert_eq!(names(&store), ["Account of One"]);
}

struct Sample;

impl JobShape for Sample {
    const KIND: JobKind = JobKind::Import;
    type Payload = String;
    type Progress = u64;
}

fn jobs_go_on_where_the_backup_has_them(database: &Database) {
    const LEASE: Duration = Duration::from_secs(60);
    let (tenant, store) = add_tenant(database, "One");
    let now = database.now();
    let promise = jobs::announce(&*database.control(), tenant.id, now).unwrap();
    let [done, running, waiting] = ["done", "running", "waiting"].map(|word| {
        let new = NewJob::of::<Sample>(&word.to_owned(), now).unwrap();
        store.writing(origin(), move |unit| jobs::submit(unit, &promise, new)).unwrap().id
    });
    let claimed = store
        .writing(origin(), |unit| unit.jobs().claim(&[JobKind::Import], LEASE, 2))
        .unwrap();
    let leases: Vec<Lease> = claimed.iter().filter_map(Job::lease).collect();
    let (first, second) = (leases[0], leases[1]);
    store
        .writing(origin(), move |unit| unit.jobs().end(&first, End::Completed))
        .unwrap();
    store
        .writing(origin(), move |unit| unit.jobs().advance(&second, "7".to_owned()))
        .unwrap();
    let (folder, data_dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    database.store().backup(folder.path(), |_| ()).unwrap();

    let copy = restore(database, &beside(database, &data_dir), folder.path()).unwrap();
    let due = copy.control().reading(|reader| reader.work().due(now.plus(LEASE), 10)).unwrap();
    assert_eq!(
        due.iter().map(|work| work.tenant).collect::<Vec<_>>(),
        [tenant.id],
        "somebody looks for them"
    );
    let tenants = copy.control().reading(|reader| reader.tenants().list()).unwrap();
    let restored = copy.tenants().open(&tenants[0]).unwrap();
    let claim = || {
        restored
            .writing(origin(), |unit| unit.jobs().claim(&[JobKind::Import], LEASE, 9))
            .unwrap()
    };
    let ids = |jobs: &[Job]| jobs.iter().map(|job| job.id).collect::<Vec<_>>();
    assert_eq!(
        ids(&claim()),
        [waiting],
        "the lease of the process that made the backup has not ended"
    );
    database.advance(LEASE * 2);
    let taken_over: Vec<Job> = claim().into_iter().filter(|job| job.id == running).collect();
    assert_eq!(taken_over[0].progress_of::<Sample>().unwrap(), 7);
    let kept = restored.reading(|reader| reader.jobs().lookup(done)).unwrap().unwrap();
    assert_eq!(kept.state, JobState::Completed);
    // The original's process has lost nothing, and the copy's lease is none of the original's.
    let copied = taken_over[0].lease().unwrap();
    assert!(is_lost(
        &store.writing(origin(), move |unit| unit.jobs().held(&copied)).unwrap_err()
    ));
    assert!(store.writing(origin(), move |unit| unit.jobs().held(&second)).is_ok());
    copy.close();
}
