//! Imports as jobs, and what they keep.

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use crm_domain::{
    clock::{SystemEntropy, uuid_at},
    control::{tenant::NewTenant, work::Promise},
    error::{Error, Result},
    id::{JobId, RecordId},
    page::{Sort, Window},
    query::Condition,
    stamp::Stamp,
    table::Encoding,
    tenant::{
        TenantStore,
        change::ChangeKind,
        import::RowFailure,
        job::{End, Job, JobField, JobFilter, JobKind, JobState, Lease, is_lost},
    },
    usecase::{
        enrich::job::Shape,
        import::Existing,
        import_job::{self, ContactImport, ContactImports, ImportPayload, ImportProgress},
        jobs::{Attempt, Claimed, Executor, finish},
    },
};
use crm_tests::{database::Database, each_backend};

use super::{TEXTS, feed, new_tenant, open, text, user, write};

each_backend!(
    a_file_is_kept_in_chunks_until_the_job_is_over,
    failures_read_back_in_the_order_of_the_file,
    what_an_import_keeps_goes_with_its_job,
    an_import_that_is_interrupted_goes_on_and_applies_each_row_once,
    who_lost_the_lease_writes_nothing_more,
    an_upload_that_broke_off_fails,
    a_file_that_cannot_be_read_is_not_taken_for_its_end,
    whom_an_import_made_is_looked_up_once,
);

const LEASE: Duration = Duration::from_secs(60);
const FIELDS: &[&str] = &["full_name", "email"];

fn payload(rows: u64, chunks: u32) -> ImportPayload {
    ImportPayload {
        user_id: user().get(),
        headers: vec!["Name".to_owned(), "Email".to_owned()],
        rows,
        chunks,
        mapping: Vec::new(),
        existing: Existing::Skip,
        auto_enrich: false,
        can_enrich: false,
        dry_run: false,
    }
}

/// An import of this table, ready to be claimed. Its tenant need not be known to the control plane.
fn add(database: &Database, store: &Arc<dyn TenantStore>, table: &str, chunks: &[(u32, &[u8])]) -> Job {
    add_of(database, store, table, 2, chunks)
}

fn add_of(database: &Database, store: &Arc<dyn TenantStore>, table: &str, count: u32, chunks: &[(u32, &[u8])]) -> Job {
    let promise = Promise::made(database.now());
    let payload = payload(table.lines().count() as u64 - 1, count);
    let job = write(store, move |unit| import_job::open(unit, &promise, &payload, None)).unwrap();
    keep(store, &job, chunks);
    let begun = job.clone();
    write(store, move |unit| import_job::begin(unit, &promise, &begun)).unwrap();
    job
}

fn keep(store: &Arc<dyn TenantStore>, job: &Job, chunks: &[(u32, &[u8])]) {
    for (number, chunk) in chunks {
        let (job, number, chunk) = (job.clone(), *number, chunk.to_vec());
        write(store, move |unit| import_job::keep_chunk(unit, &job, number, &chunk)).unwrap();
    }
}

fn whole(database: &Database, store: &Arc<dyn TenantStore>, table: &str) -> Job {
    let (first, second) = table.as_bytes().split_at(table.len() / 2);
    add(database, store, table, &[(0, first), (1, second)])
}

fn claimed(database: &Database, store: &Arc<dyn TenantStore>) -> Claimed {
    let executor = ContactImports::new(database.control(), "contacts", FIELDS);
    let kinds = [executor.kind()];
    let job = write(store, move |unit| unit.jobs().claim(&kinds, LEASE, 1))
        .unwrap()
        .pop()
        .expect("a job is due");
    Claimed {
        lease: job.lease().unwrap(),
        job,
        tenant: Arc::new(new_tenant(database)),
        store: Arc::clone(store),
        stopping: Arc::default(),
    }
}

fn run(database: &Database, claimed: &Claimed) -> Result<Attempt> {
    ContactImports::new(database.control(), "contacts", FIELDS).run(claimed)
}

fn end(database: &Database, store: &Arc<dyn TenantStore>, lease: Lease, outcome: Result<Attempt>) -> Job {
    let executor = ContactImports::new(database.control(), "contacts", FIELDS);
    let end = outcome.map(|attempt| match attempt {
        Attempt::Ends(end) => end,
        Attempt::Ended(_) => panic!("imports are ended by their runner"),
    });
    write(store, move |unit| finish(unit, &executor, &lease, end)).unwrap()
}

fn table(rows: usize) -> String {
    let rows = (0..rows).map(|number| match number % 7 {
        0 => format!("P {number},nobody\n"),
        _ => format!("P {number},p{number}@example.com\n"),
    });
    "Name,Email\n".to_owned() + &rows.collect::<String>()
}

fn failure(record: u64, text: &str) -> RowFailure {
    RowFailure {
        record,
        line: record + 1,
        column: text.to_owned(),
        reason: text.to_owned(),
        cells: vec![text.to_owned(), String::new()],
        raw: record.is_multiple_of(2).then(|| text.to_owned()),
    }
}

fn failures(store: &Arc<dyn TenantStore>, job: JobId) -> Vec<RowFailure> {
    store.reading(|reader| reader.imports().failures(job, 0, 10_000)).unwrap()
}

fn chunk(store: &Arc<dyn TenantStore>, job: JobId, number: u32) -> Option<Vec<u8>> {
    store.reading(|reader| reader.imports().chunk(job, number)).unwrap()
}

fn progress(job: &Job) -> ImportProgress {
    job.progress_of::<ContactImport>().unwrap()
}

fn a_file_is_kept_in_chunks_until_the_job_is_over(database: &Database) {
    let store = open(database);
    let bytes: Vec<u8> = (0..=255).cycle().take(3_000).collect();
    let job = add(database, &store, "Name\n", &[(0, &bytes), (1, b"")]);
    assert_eq!(chunk(&store, job.id, 0), Some(bytes));
    assert_eq!(chunk(&store, job.id, 1), Some(Vec::new()));
    assert_eq!(chunk(&store, job.id, 3), None);
    let uuid = job.uuid;
    let cancelled = write(&store, move |unit| import_job::cancel(unit, uuid)).unwrap();
    assert_eq!(cancelled.state, JobState::Cancelled);
    assert_eq!(chunk(&store, job.id, 0), None);
    // Whoever was about to send more of it hears of that.
    let late = write(&store, move |unit| import_job::keep_chunk(unit, &job, 3, b"x"));
    assert!(matches!(late, Err(Error::State { .. })), "{late:?}");
}

fn failures_read_back_in_the_order_of_the_file(database: &Database) {
    let store = open(database);
    let job = whole(database, &store, "Name\n").id;
    let texts = TEXTS.iter().chain(&["nul \0 byte"]);
    let all: Vec<RowFailure> = (1..).zip(texts).map(|(record, text)| failure(record, text)).collect();
    let (first, second) = (all.clone(), all[..3].to_vec());
    write(&store, move |unit| {
        unit.imports().add_failures(job, &first)?;
        // What is kept of a place already stays.
        unit.imports().add_failures(job, &second)
    })
    .unwrap();
    let kept = failures(&store, job);
    assert_eq!(kept[..TEXTS.len()], all[..TEXTS.len()]);
    assert_eq!(kept[TEXTS.len()].reason, "nul \u{FFFD} byte");
    let page = store.reading(|reader| reader.imports().failures(job, 2, 2)).unwrap();
    assert_eq!(page, all[2..4]);
    write(&store, move |unit| unit.imports().remove_failures(job)).unwrap();
    assert_eq!(failures(&store, job), []);
}

fn what_an_import_keeps_goes_with_its_job(database: &Database) {
    let store = open(database);
    let job = whole(database, &store, &table(10));
    let claimed = claimed(database, &store);
    let outcome = run(database, &claimed);
    let done = end(database, &store, claimed.lease, outcome);
    assert_eq!((done.state, progress(&done).failed), (JobState::Completed, 2));
    assert_eq!(chunk(&store, job.id, 0), None, "kept no longer than needed");
    assert_eq!(failures(&store, job.id).len(), 2);
    let part = store.reading(|reader| reader.imports().last_part(job.id, Stamp::from_micros(i64::MAX)));
    let part = part.unwrap().expect("it wrote");
    let parts = store.reading(|reader| reader.imports().parts_among(&[job.id], &[part, Stamp::from_micros(7)]));
    assert_eq!(parts.unwrap(), [part]);
    assert!(
        feed(&store)
            .iter()
            .all(|change| change.stamp == part && change.kind == ChangeKind::Created)
    );
    database.advance(LEASE);
    let before = database.now();
    let purged = write(&store, move |unit| unit.jobs().purge(before, 10)).unwrap();
    assert_eq!((purged, failures(&store, job.id)), (vec![job.id], Vec::new()));
}

/// Each attempt does one slice, as if its process had been stopped then.
fn an_import_that_is_interrupted_goes_on_and_applies_each_row_once(database: &Database) {
    let store = open(database);
    let rows = 3_500;
    let job = whole(database, &store, &table(rows));
    let mut attempts = 0;
    let done = loop {
        let claimed = claimed(database, &store);
        claimed.stopping.store(true, Ordering::Relaxed);
        let outcome = run(database, &claimed);
        attempts += 1;
        let job = end(database, &store, claimed.lease, outcome);
        if job.state.is_final() {
            break job;
        }
        let done = progress(&job).done;
        assert!(done.is_multiple_of(1_000) || done == rows as u64, "{done}");
    };
    assert!(attempts > 3, "{attempts}");
    let bad = rows.div_ceil(7) as u64;
    let expected = ImportProgress {
        encoding: Some(Encoding::Utf8),
        done: rows as u64,
        created: rows as u64 - bad,
        failed: bad,
        ..ImportProgress::default()
    };
    assert_eq!((done.state, progress(&done)), (JobState::Completed, expected));
    let kept = failures(&store, job.id);
    assert_eq!(
        kept.iter().map(|failure| failure.record).collect::<Vec<_>>(),
        (0..bad).map(|n| n * 7 + 1).collect::<Vec<_>>()
    );
    assert_eq!(feed(&store).len() as u64, rows as u64 - bad);
}

fn who_lost_the_lease_writes_nothing_more(database: &Database) {
    let store = open(database);
    whole(database, &store, &table(50));
    let first = claimed(database, &store);
    database.advance(LEASE * 2);
    let second = claimed(database, &store);
    let lost = run(database, &first);
    assert!(matches!(&lost, Err(error) if is_lost(error)), "{lost:?}");
    assert_eq!(feed(&store), []);
    let outcome = run(database, &second);
    assert_eq!(outcome.unwrap(), Attempt::Ends(End::Completed));
    assert_eq!(feed(&store).len(), 42);
}

/// Its sender went away before it was begun, if only just.
fn an_upload_that_broke_off_fails(database: &Database) {
    let store = open(database);
    let promise = Promise::made(database.now());
    let opened = write(&store, move |unit| import_job::open(unit, &promise, &payload(5, 1), None)).unwrap();
    keep(&store, &opened, &[(0, table(5).as_bytes())]);
    database.advance(Duration::from_secs(16 * 60));
    let claimed = claimed(database, &store);
    let outcome = run(database, &claimed);
    let failed = end(database, &store, claimed.lease, outcome);
    assert_eq!(
        (failed.state, failed.last_error.as_deref()),
        (JobState::Failed, Some("the upload broke off"))
    );
    assert_eq!((chunk(&store, failed.id, 0), feed(&store).len()), (None, 0));
}

/// What was read until then is not noted as all there is: the next attempt begins where the last good one ended.
fn a_file_that_cannot_be_read_is_not_taken_for_its_end(database: &Database) {
    let store = open(database);
    let text = table(3_000);
    // The middle is missing.
    let job = add_of(database, &store, &text, 3, &[(0, text.as_bytes()), (2, b"")]);
    let claimed = claimed(database, &store);
    let broken = run(database, &claimed);
    assert!(matches!(broken, Err(Error::Unavailable { .. })), "{broken:?}");
    assert_eq!(failures(&store, job.id), [], "no row is told to be broken");
}

/// Each attempt does one slice, as if its process had been stopped then (contract D-186).
fn whom_an_import_made_is_looked_up_once(database: &Database) {
    let new = NewTenant {
        uuid: uuid_at(database.now(), &SystemEntropy),
        name: text("Acme"),
        company_name: text("Acme"),
        location: database.tenants().provision().unwrap(),
        tier: "free".to_owned(),
    };
    let tenant = Arc::new(database.control().writing(|unit| unit.tenants().add(new)).unwrap());
    let store = database.tenants().open(&tenant).unwrap();
    let row = |number: usize| match number % 3 {
        0 => format!("P {number},p{number}@example.com,\n"),
        1 => format!("P {number},p{number}@example.com,https://www.linkedin.com/in/p{number}\n"),
        _ => format!("P {number},nobody,https://www.linkedin.com/in/q{number}\n"),
    };
    let rows = 3_000;
    let table = "Name,Email,LinkedIn\n".to_owned() + &(0..rows).map(row).collect::<String>();
    let import = |asked: bool, can: bool, table: &str| {
        let promise = Promise::made(database.now());
        let payload = ImportPayload {
            headers: ["Name", "Email", "LinkedIn"].map(str::to_owned).to_vec(),
            mapping: vec![("LinkedIn".to_owned(), "person_linkedin".to_owned())],
            auto_enrich: asked,
            can_enrich: can,
            ..payload(rows as u64, 1)
        };
        let job = write(&store, move |unit| import_job::open(unit, &promise, &payload, None)).unwrap();
        keep(&store, &job, &[(0, table.as_bytes())]);
        write(&store, move |unit| import_job::begin(unit, &promise, &job)).unwrap();
        let fields = &["full_name", "email", "person_linkedin"];
        let executor = ContactImports::new(database.control(), "contacts", fields);
        loop {
            let job = write(&store, |unit| unit.jobs().claim(&[JobKind::Import], LEASE, 1))
                .unwrap()
                .pop()
                .unwrap();
            let claimed = Claimed {
                lease: job.lease().unwrap(),
                job,
                tenant: Arc::clone(&tenant),
                store: Arc::clone(&store),
                stopping: Arc::new(true.into()),
            };
            let outcome = executor.run(&claimed);
            let job = end(database, &store, claimed.lease, outcome);
            if job.state.is_final() {
                break progress(&job);
            }
        }
    };
    let jobs = || {
        let lookups = JobFilter::of([Condition::equal(JobField::Kind, JobKind::Enrichment.as_str())]);
        let page = store.reading(|reader| reader.jobs().list(&lookups, Sort::default(), &Window::first(10_000)));
        page.unwrap().items
    };
    let done = import(true, true, &table);
    assert_eq!((done.created, done.lookups), (2_000, 1_000));
    let contacts: BTreeSet<_> = jobs().iter().map(|job| job.contact_id.expect("a contact")).collect();
    assert_eq!((jobs().len(), contacts.len()), (1_000, 1_000));
    assert_eq!(
        jobs()[0].payload_of::<Shape>().unwrap().linkedin_url,
        "https://www.linkedin.com/in/p1"
    );
    // Whoever is there already, whoever is not asked for, and where nobody can be asked.
    assert_eq!(import(true, true, &table).lookups, 0);
    let others = table.replace("/p", "/x").replace(",p", ",x");
    assert_eq!((import(true, false, &others).lookups, jobs().len()), (0, 1_000));
    let others = table.replace("/p", "/y").replace(",p", ",y");
    assert_eq!((import(false, true, &others).lookups, jobs().len()), (0, 1_000));
}
