//! Contacts follow the name of their account: few at once, many by a job, each exactly once (contract X-12).

use std::sync::Arc;

use crm_domain::{
    clock::{SystemEntropy, uuid_at},
    control::tenant::{NewTenant, Tenant},
    field::{Check, Patch},
    id::AccountId,
    page::{Sort, Window},
    query::{Condition, Filter},
    stamp::Stamp,
    tenant::{
        TenantStore,
        account::{Account, AccountDraft},
        contact::{ContactDraft, ContactFields, ContactFilter, create_many},
        job::{End, JobField, JobKind, JobState},
    },
    usecase::{
        company_names::CompanyRenames,
        jobs::{self, Attempt, Claimed, Executor},
        single,
    },
};
use crm_tests::{database::Database, each_backend};

use super::{named, set, text, user, write};

each_backend!(few_follow_in_the_unit, many_follow_by_a_job_each_once);

const LEASE: std::time::Duration = std::time::Duration::from_secs(60);

/// A tenant with an account of so many contacts.
fn place(database: &Database, contacts: usize) -> (Arc<Tenant>, Arc<dyn TenantStore>, AccountId) {
    let new = NewTenant {
        uuid: uuid_at(database.now(), &SystemEntropy),
        name: text("Acme"),
        company_name: text("Acme"),
        location: database.tenants().provision().unwrap(),
        tier: "free".to_owned(),
    };
    let tenant = Arc::new(database.control().writing(|unit| unit.tenants().add(new)).unwrap());
    let store = database.tenants().open(&tenant).unwrap();
    let account = write(&store, |unit| single::create_parsed::<Account>(unit, named("Acme")))
        .unwrap()
        .id;
    let draft = move |number: usize| ContactDraft {
        full_name: set(format!("P {number}")),
        company: set("Acme"),
        account_id: Patch::Set(account),
        ..ContactDraft::default()
    };
    let fields = (0..contacts).map(|number| ContactFields::parse(draft(number), user(), Check::new()).unwrap());
    let fields: Vec<ContactFields> = fields.collect();
    write(&store, move |unit| create_many(unit, fields)).unwrap();
    (tenant, store, account)
}

fn rename(store: &Arc<dyn TenantStore>, account: AccountId, name: &str) {
    let draft = AccountDraft {
        name: set(name),
        ..AccountDraft::default()
    };
    write(store, move |unit| {
        single::update::<Account>(unit, account, draft, user(), Check::new())
    })
    .unwrap();
}

/// How many contacts have this company.
fn named_so(store: &Arc<dyn TenantStore>, name: &str) -> usize {
    let window = Window::first(10_000);
    let page = store
        .reading(|reader| reader.contacts().list(&ContactFilter::default(), Sort::default(), &window))
        .unwrap();
    page.items
        .iter()
        .filter(|contact| contact.fields.company.as_deref() == Some(name))
        .count()
}

fn waiting(store: &Arc<dyn TenantStore>) -> u64 {
    let queued = Filter::of([Condition::one_of(
        JobField::State,
        [JobState::Queued.as_str(), JobState::Running.as_str()],
    )]);
    store
        .reading(|reader| reader.jobs().list(&queued, Sort::default(), &Window::first(1)))
        .unwrap()
        .total
}

fn changes(store: &Arc<dyn TenantStore>) -> usize {
    store.reading(|reader| reader.changes().list_after(0, 1_000_000)).unwrap().len()
}

fn few_follow_in_the_unit(database: &Database) {
    let (tenant, store, account) = place(database, 500);
    rename(&store, account, "Zenith");
    assert_eq!((named_so(&store, "Zenith"), waiting(&store)), (500, 0));
    let work = database.control().reading(|reader| reader.work().lookup(tenant.id)).unwrap();
    assert_eq!(work, None);
}

fn many_follow_by_a_job_each_once(database: &Database) {
    let (tenant, store, account) = place(database, 1_100);
    let before = changes(&store);
    rename(&store, account, "Zenith");
    assert_eq!((named_so(&store, "Zenith"), waiting(&store)), (0, 1));
    // Whoever looks for work finds the tenant.
    let due = database
        .control()
        .reading(|reader| reader.work().due(Stamp::from_micros(i64::MAX), 9))
        .unwrap();
    assert!(due.iter().any(|work| work.tenant == tenant.id));
    let executor = CompanyRenames::new("server");
    let claim = |stopping: bool| {
        let claimed = write(&store, |unit| unit.jobs().claim(&[JobKind::CompanyNames], LEASE, 1))
            .unwrap()
            .pop();
        let job = claimed.expect("a job is due");
        Claimed {
            lease: job.lease().unwrap(),
            job,
            tenant: Arc::clone(&tenant),
            store: Arc::clone(&store),
            stopping: Arc::new(stopping.into()),
        }
    };
    // One whose lease was taken away writes nothing.
    let lost = claim(false);
    write(&store, |unit| unit.jobs().release_all()).unwrap();
    assert!(executor.run(&lost).is_err());
    let stopped = claim(true);
    assert_eq!(executor.run(&stopped).unwrap(), Attempt::Ends(End::Released));
    let lease = stopped.lease;
    write(&store, move |unit| unit.jobs().end(&lease, End::Released)).unwrap();
    assert_eq!(changes(&store) - before, 1, "the account's own");
    // It is renamed again before anybody did anything: one job goes over all, the other finds nothing to do.
    rename(&store, account, "Nadir");
    for _ in 0..2 {
        let claimed = claim(false);
        let outcome = executor.run(&claimed).unwrap();
        assert_eq!(outcome, Attempt::Ends(End::Completed));
        let (lease, executor) = (claimed.lease, CompanyRenames::new("server"));
        write(&store, move |unit| jobs::finish(unit, &executor, &lease, Ok(End::Completed))).unwrap();
    }
    assert_eq!((named_so(&store, "Nadir"), waiting(&store)), (1_100, 0));
    assert_eq!(changes(&store) - before, 2 + 1_100, "each contact changed once");
}
