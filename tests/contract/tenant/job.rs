//! Jobs and their leases.

mod states;

use std::{sync::Arc, thread, time::Duration};

use crm_domain::{
    error::{Error, Result},
    id::{ContactId, JobId, RecordId},
    page::{Direction, Sort, Window},
    query::Condition,
    stamp::Stamp,
    tenant::{
        TenantStore,
        job::{End, Job, JobField, JobFilter, JobKind, JobShape, JobState, Lease, NewJob, is_lost, to_json},
    },
};
use crm_tests::{database::Database, each_backend};

use super::{assert_not_found, assert_refused, assert_uuid, new_tenant, open, origin, text, user, write};

each_backend!(
    a_job_reads_back,
    two_claimants_get_different_jobs,
    an_expired_lease_is_taken_over_and_the_old_owners_writes_are_refused,
    jobs_of_nobody_are_due_at_once,
    progress_is_committed_with_the_work_or_not_at_all,
    attempts_end_in_each_way,
    a_job_that_is_over_already_is_nobodys_to_claim,
    a_job_may_turn_out_to_be_about_a_contact,
    a_cancelled_job_is_nobodys,
    jobs_are_listed_newest_first,
    old_jobs_are_forgotten,
);

const LEASE: Duration = Duration::from_secs(60);

struct Sample;

impl JobShape for Sample {
    const KIND: JobKind = JobKind::Import;
    type Payload = String;
    type Progress = u64;
}

const KINDS: [JobKind; 1] = [JobKind::Import];

fn sample(due_at: Stamp) -> NewJob {
    NewJob::of::<Sample>(&"{\"quoted\": \"Zoë 🚀\"}".to_owned(), due_at).unwrap()
}

fn add(store: &Arc<dyn TenantStore>, due_at: Stamp) -> Job {
    write(store, move |unit| unit.jobs().add(sample(due_at))).unwrap()
}

fn claim(store: &Arc<dyn TenantStore>, limit: u32) -> Vec<Job> {
    write(store, move |unit| unit.jobs().claim(&KINDS, LEASE, limit)).unwrap()
}

fn claim_one(store: &Arc<dyn TenantStore>) -> (Job, Lease) {
    let job = claim(store, 1).pop().expect("a job is due");
    let lease = job.lease().unwrap();
    (job, lease)
}

fn advance(store: &Arc<dyn TenantStore>, lease: Lease, progress: u64) -> Result<()> {
    write(store, move |unit| unit.jobs().advance(&lease, to_json(&progress)?))
}

fn end(store: &Arc<dyn TenantStore>, lease: Lease, end: End) -> Result<Job> {
    write(store, move |unit| unit.jobs().end(&lease, end))
}

fn kept(store: &Arc<dyn TenantStore>, id: JobId) -> Job {
    store.reading(|reader| reader.jobs().lookup(id)).unwrap().unwrap()
}

fn next_due(store: &Arc<dyn TenantStore>) -> Option<Stamp> {
    store.reading(|reader| reader.jobs().next_due(None)).unwrap()
}

fn assert_lost<T: std::fmt::Debug>(result: Result<T>) {
    assert!(matches!(&result, Err(error) if is_lost(error)), "{result:?}");
}

fn a_job_reads_back(database: &Database) {
    let store = open(database);
    let due = database.now().plus(Duration::from_secs(60));
    let new = NewJob {
        contact_id: Some(ContactId::from_i64(5)),
        filename: Some(text("contacts – Zoë 🚀.csv")),
        ..sample(due)
    };
    let added = write(&store, move |unit| unit.jobs().add(new)).unwrap();
    assert_uuid(added.uuid, added.created_at);
    assert_eq!((added.state, added.attempts, added.due_at), (JobState::Queued, 0, due));
    assert_eq!((added.actor.as_str(), added.created_by), ("user:7", Some(user())));
    assert_eq!(added.payload_of::<Sample>().unwrap(), "{\"quoted\": \"Zoë 🚀\"}");
    assert_eq!(added.progress_of::<Sample>().unwrap(), 0);
    assert_eq!(kept(&store, added.id), added);
    let found = store.reading(|reader| reader.jobs().lookup_uuid(added.uuid)).unwrap();
    assert_eq!(found, Some(added));
    let nobody = store.reading(|reader| reader.jobs().lookup_uuid(uuid::Uuid::nil())).unwrap();
    assert_eq!(nobody, None);
}

fn two_claimants_get_different_jobs(database: &Database) {
    let tenant = new_tenant(database);
    let other = database.another_node();
    let stores = [database.tenants().open(&tenant).unwrap(), other.tenants().open(&tenant).unwrap()];
    let added: Vec<JobId> = (0..20).map(|_| add(&stores[0], database.now()).id).collect();
    let later = add(&stores[0], database.now().plus(Duration::from_secs(60)));
    let claimed: Vec<Vec<Job>> = thread::scope(|scope| {
        let claimants = stores
            .each_ref()
            .map(|store| scope.spawn(move || std::iter::from_fn(|| claim(store, 1).pop()).collect::<Vec<_>>()));
        claimants.map(|claimant| claimant.join().unwrap()).into()
    });
    let mut ids: Vec<JobId> = claimed.iter().flatten().map(|job| job.id).collect();
    ids.sort();
    assert_eq!(ids, added, "each is claimed once");
    let leases: std::collections::HashSet<_> = claimed.iter().flatten().map(|job| job.lease).collect();
    assert_eq!(leases.len(), added.len());
    assert_eq!(kept(&stores[0], later.id).state, JobState::Queued);
    // Those of another kind are none of theirs.
    let of_others = write(&stores[0], |unit| unit.jobs().claim(&[JobKind::Enrichment], LEASE, 9));
    assert_eq!(of_others.unwrap(), []);
    other.close();
}

fn jobs_of_nobody_are_due_at_once(database: &Database) {
    let store = open(database);
    let [running, queued] = [Duration::ZERO, LEASE].map(|pause| add(&store, database.now().plus(pause)));
    let (_, lost) = claim_one(&store);
    advance(&store, lost, 7).unwrap();
    let over = add(&store, database.now());
    let (_, of_over) = claim_one(&store);
    end(&store, of_over, End::Completed).unwrap();
    assert_eq!(claim(&store, 9), [], "its lease lasts");
    assert_eq!(write(&store, |unit| unit.jobs().release_all()).unwrap(), 1);
    assert_lost(advance(&store, lost, 8));
    // Not a moment later, and where it was.
    let (again, lease) = claim_one(&store);
    assert_eq!(
        (again.id, again.attempts, again.progress_of::<Sample>().unwrap()),
        (running.id, 2, 7)
    );
    advance(&store, lease, 9).unwrap();
    assert_eq!(kept(&store, queued.id), queued);
    assert_eq!(kept(&store, over.id).state, JobState::Completed);
}

fn an_expired_lease_is_taken_over_and_the_old_owners_writes_are_refused(database: &Database) {
    let store = open(database);
    let id = add(&store, database.now()).id;
    let (job, first) = claim_one(&store);
    assert_eq!((job.id, job.state, job.attempts), (id, JobState::Running, 1));
    assert_eq!(next_due(&store), Some(job.due_at));
    database.advance(LEASE / 2);
    assert_eq!(claim(&store, 1), []);
    write(&store, move |unit| unit.jobs().extend(&first, LEASE)).unwrap();
    database.advance(LEASE / 2 + Duration::from_secs(1));
    assert_eq!(claim(&store, 1), [], "the extension holds");
    advance(&store, first, 1).unwrap();
    database.advance(LEASE);
    let (again, second) = claim_one(&store);
    assert_eq!((again.id, again.attempts, again.progress_of::<Sample>().unwrap()), (id, 2, 1));
    assert_eq!(again.started_at, job.started_at);
    assert_lost(advance(&store, first, 2));
    assert_lost(end(&store, first, End::Completed));
    assert_lost(write(&store, move |unit| unit.jobs().extend(&first, LEASE)));
    advance(&store, second, 3).unwrap();
    assert_eq!(kept(&store, id).attempts, 1, "it got on");
    let done = end(&store, second, End::Completed).unwrap();
    assert_eq!((done.state, done.lease, next_due(&store)), (JobState::Completed, None, None));
    assert!(done.finished_at.is_some());
    assert_lost(advance(&store, second, 4));
    database.advance(LEASE * 2);
    assert_eq!(claim(&store, 1), []);
}

fn progress_is_committed_with_the_work_or_not_at_all(database: &Database) {
    let store = open(database);
    let id = add(&store, database.now()).id;
    let (_, lease) = claim_one(&store);
    let failed: Result<()> = write(&store, move |unit| {
        unit.jobs().advance(&lease, to_json(&9)?)?;
        Err(Error::Conflict("the work failed".to_owned()))
    });
    assert!(failed.is_err());
    assert_eq!(kept(&store, id).progress_of::<Sample>().unwrap(), 0);
}

fn attempts_end_in_each_way(database: &Database) {
    let store = open(database);
    let id = add(&store, database.now()).id;
    let (_, lease) = claim_one(&store);
    let later = database.now().plus(Duration::from_secs(30));
    let waiting = end(&store, lease, End::Later(later, "busy\0".repeat(1_000))).unwrap();
    assert_eq!(
        (waiting.state, waiting.due_at, waiting.finished_at),
        (JobState::Queued, later, None)
    );
    assert_eq!(
        waiting.last_error.as_deref(),
        Some(&*"busy".repeat(500)),
        "bounded, and what can be kept"
    );
    assert_eq!(claim(&store, 1), []);
    database.advance(Duration::from_secs(31));
    let (job, lease) = claim_one(&store);
    assert_eq!(job.attempts, 2);
    let released = end(&store, lease, End::Released).unwrap();
    assert_eq!(
        (released.state, released.attempts),
        (JobState::Queued, 1),
        "it was not the job's doing"
    );
    let (_, lease) = claim_one(&store);
    let failed = end(&store, lease, End::Failed("no".to_owned())).unwrap();
    assert_eq!((failed.state, failed.last_error.as_deref()), (JobState::Failed, Some("no")));
    assert_eq!(kept(&store, id), failed);
    assert_eq!(next_due(&store), None);
}

fn a_cancelled_job_is_nobodys(database: &Database) {
    let store = open(database);
    let (queued, running) = (add(&store, database.now().plus(LEASE)).id, add(&store, database.now()).id);
    let (_, lease) = claim_one(&store);
    for id in [queued, running] {
        let cancelled = write(&store, move |unit| unit.jobs().cancel(id)).unwrap();
        assert_eq!(cancelled.state, JobState::Cancelled);
        assert_refused(write(&store, move |unit| unit.jobs().cancel(id)), "cancelled", "cancelled");
    }
    assert_lost(advance(&store, lease, 1));
    assert_eq!(next_due(&store), None);
    let nothing = JobId::from_i64(99);
    assert_not_found(write(&store, move |unit| unit.jobs().cancel(nothing)), "job");
    assert_not_found(write(&store, move |unit| unit.jobs().postpone(queued, Stamp::default())), "job");
}

fn jobs_are_listed_newest_first(database: &Database) {
    let store = open(database);
    for number in 0..6_i64 {
        let kind = if number % 2 == 0 { JobKind::Import } else { JobKind::Enrichment };
        let new = NewJob {
            kind,
            contact_id: (number < 4).then(|| ContactId::from_i64(number / 2)),
            ..sample(database.now())
        };
        write(&store, move |unit| unit.jobs().add(new)).unwrap();
    }
    let list = |filter: JobFilter| {
        let sort = Sort {
            key: JobField::Id,
            direction: Direction::Descending,
        };
        let page = store
            .reading_snapshot(|reader| reader.jobs().list(&filter, sort, &Window::first(2)))
            .unwrap();
        (page.items.iter().map(|job| job.id.get()).collect::<Vec<_>>(), page.total)
    };
    let of_kind = |kind: JobKind| Condition::equal(JobField::Kind, kind.as_str());
    assert_eq!(list(JobFilter::default()), (vec![6, 5], 6));
    assert_eq!(list(JobFilter::of([of_kind(JobKind::Import)])), (vec![5, 3], 3));
    let about = Condition::equal(JobField::ContactId, ContactId::from_i64(1));
    assert_eq!(list(JobFilter::of([of_kind(JobKind::Enrichment), about])), (vec![4], 1));
    // Jobs change without a row of the feed: what was counted is counted again.
    claim(&store, 1);
    let running = || JobFilter::of([Condition::equal(JobField::State, JobState::Running.as_str())]);
    assert_eq!(list(running()).1, 1);
    claim(&store, 1);
    assert_eq!(list(running()).1, 2);
}

fn old_jobs_are_forgotten(database: &Database) {
    let store = open(database);
    let ids: Vec<JobId> = (0..3).map(|_| add(&store, database.now()).id).collect();
    let (_, lease) = claim_one(&store);
    end(&store, lease, End::Completed).unwrap();
    claim_one(&store);
    database.advance(Duration::from_secs(100));
    let before = database.now();
    let purged = store.writing(origin(), move |unit| unit.jobs().purge(before, 10)).unwrap();
    assert_eq!(purged, ids[..1], "neither a running one nor one that waits");
    let page = store.reading(|reader| reader.jobs().list(&JobFilter::default(), Sort::default(), &Window::first(9)));
    assert_eq!(page.unwrap().total, 2);
}

fn a_job_that_is_over_already_is_nobodys_to_claim(database: &Database) {
    let store = open(database);
    let over = |end: End| {
        write(&store, move |unit| {
            let now = unit.stamp();
            unit.jobs().add_over(sample(now), end)
        })
        .unwrap()
    };
    let (done, failed) = (over(End::Completed), over(End::Failed("no".to_owned())));
    assert_eq!((done.state, failed.state), (JobState::Completed, JobState::Failed));
    assert_eq!((done.last_error.clone(), failed.last_error.as_deref()), (None, Some("no")));
    for job in [&done, &failed] {
        assert_eq!(
            (job.attempts, job.lease, job.started_at, job.finished_at),
            (1, None, Some(job.created_at), Some(job.created_at))
        );
        let id = job.id;
        assert_eq!(store.reading(|reader| reader.jobs().lookup(id)).unwrap().as_ref(), Some(job));
    }
    assert!(claim(&store, 10).is_empty());
    assert_eq!(store.reading(|reader| reader.jobs().next_due(None)).unwrap(), None);
}

fn a_job_may_turn_out_to_be_about_a_contact(database: &Database) {
    let store = open(database);
    add(&store, Stamp::from_micros(0));
    let (job, lease) = claim_one(&store);
    assert_eq!(job.contact_id, None);
    let contact = ContactId::from_i64(7);
    write(&store, move |unit| unit.jobs().concern(&lease, contact)).unwrap();
    let about = |contact| JobFilter::of([Condition::equal(JobField::ContactId, contact)]);
    let newest_first = Sort {
        direction: Direction::Descending,
        ..Sort::default()
    };
    let list = |contact| {
        store
            .reading(|reader| reader.jobs().list(&about(contact), newest_first, &Window::first(9)))
            .unwrap()
    };
    assert_eq!(list(contact).items.iter().map(|job| job.id).collect::<Vec<_>>(), [job.id]);
    assert_eq!(list(ContactId::from_i64(8)).total, 0);
    // Whose lease is over says nothing of it any more.
    let stranger = Lease {
        job: job.id,
        owner: uuid::Uuid::nil(),
    };
    let refused = write(&store, move |unit| unit.jobs().concern(&stranger, ContactId::from_i64(8)));
    assert!(is_lost(&refused.unwrap_err()));
}
