//! Any history of claims, leases and ends leaves jobs as a plain model of them says.

use std::{sync::Arc, time::Duration};

use crm_domain::{
    error::Result,
    id::JobId,
    tenant::{
        TenantStore,
        job::{End, Job, JobState, Lease, to_json},
    },
    usecase::jobs::is_hopeless,
};
use crm_tests::{database::Database, each_backend};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use super::{KINDS, Sample, add, assert_lost, kept, sample};
use crate::tenant::{open, write};

each_backend!(
    any_history_goes_as_the_model_says,
    a_job_that_never_gets_on_is_known_after_ten_attempts
);

/// Not a whole number of seconds, which all that passes is: no lease ends in the very moment of a claim.
const LEASE: Duration = Duration::from_millis(60_500);

/// One step of a history; numbers choose among what there is.
#[derive(Debug, Clone)]
enum Step {
    Add(u8),
    Pass(u8),
    Claim(u8),
    Extend(u8),
    Advance(u8),
    End(u8, u8),
    Cancel(u8),
    Postpone(u8, u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => any::<u8>().prop_map(Step::Add),
        3 => (0_u8..90).prop_map(Step::Pass),
        4 => (1_u8..4).prop_map(Step::Claim),
        1 => any::<u8>().prop_map(Step::Extend),
        2 => any::<u8>().prop_map(Step::Advance),
        3 => any::<(u8, u8)>().prop_map(|(which, how)| Step::End(which, how)),
        1 => any::<u8>().prop_map(Step::Cancel),
        1 => any::<(u8, u8)>().prop_map(|(which, when)| Step::Postpone(which, when)),
    ]
}

/// A job as it should be.
#[derive(Debug, Clone)]
struct Expected {
    id: JobId,
    state: JobState,
    attempts: u32,
    lease: Option<Lease>,
    progress: u64,
    /// In milliseconds of the model's time.
    due: u64,
    was_begun: bool,
}

/// The jobs of a tenant, in the database and as they should be.
struct World<'a> {
    database: &'a Database,
    store: Arc<dyn TenantStore>,
    jobs: Vec<Expected>,
    /// Every lease that there ever was, with its job's place.
    leases: Vec<(Lease, usize)>,
    now: u64,
}

impl World<'_> {
    fn take(&mut self, step: &Step) {
        match *step {
            Step::Add(seconds) => self.add(seconds),
            Step::Pass(seconds) => {
                self.database.advance(Duration::from_secs(seconds.into()));
                self.now += u64::from(seconds) * 1_000;
            }
            Step::Claim(limit) => self.claim(limit.into()),
            Step::Extend(which) => self.with_lease(
                which,
                |unit, lease| unit.jobs().extend(&lease, LEASE),
                |job, now| job.due = now + 60_500,
            ),
            Step::Advance(which) => {
                let reached = u64::from(which);
                self.with_lease(
                    which,
                    move |unit, lease| unit.jobs().advance(&lease, to_json(&reached)?),
                    move |job, _| (job.progress, job.attempts) = (reached, 1),
                );
            }
            Step::End(which, how) => self.end(which, how),
            Step::Cancel(which) => self.cancel(which),
            Step::Postpone(which, seconds) => self.postpone(which, seconds),
        }
    }

    fn add(&mut self, seconds: u8) {
        // Half of them at once.
        let delay = u64::from(seconds.saturating_sub(128)) * 1_000 + if seconds > 128 { 250 } else { 0 };
        let due = self.database.now().plus(Duration::from_millis(delay));
        let job = add(&self.store, due);
        self.jobs.push(Expected {
            id: job.id,
            state: JobState::Queued,
            attempts: 0,
            lease: None,
            progress: 0,
            due: self.now + delay,
            was_begun: false,
        });
    }

    fn claim(&mut self, limit: u32) {
        let claimed = write(&self.store, move |unit| unit.jobs().claim(&KINDS, LEASE, limit)).unwrap();
        let due = self.jobs.iter().filter(|job| !job.state.is_final() && job.due <= self.now).count();
        assert_eq!(claimed.len(), due.min(limit as usize));
        for job in claimed {
            let place = self.jobs.iter().position(|expected| expected.id == job.id).expect("a job of ours");
            let longest_waiting = |other: &Expected| other.state.is_final() || other.due >= self.jobs[place].due;
            let rest: Vec<&Expected> = self.jobs.iter().filter(|other| !other.was_claimed_at(self.now)).collect();
            assert!(rest.into_iter().all(longest_waiting), "the longest due first");
            let expected = &mut self.jobs[place];
            assert!(!expected.state.is_final() && expected.due <= self.now, "{expected:?}");
            let lease = job.lease().unwrap();
            (expected.state, expected.lease, expected.was_begun) = (JobState::Running, Some(lease), true);
            expected.attempts += 1;
            expected.due = self.now + 60_500;
            assert!(
                self.leases.iter().all(|(other, _)| other.owner != lease.owner),
                "a lease of its own"
            );
            self.leases.push((lease, place));
        }
    }

    /// Does something with one of the leases that there ever were: it works while the job is that lease's, and else changes nothing.
    fn with_lease<T: std::fmt::Debug + Send + 'static>(
        &mut self,
        which: u8,
        work: impl FnOnce(&mut dyn crm_domain::tenant::UnitOfWork, Lease) -> Result<T> + Send + 'static,
        expect: impl FnOnce(&mut Expected, u64),
    ) {
        let Some((lease, place)) = pick(&self.leases, which).copied() else {
            return;
        };
        let done = write(&self.store, move |unit| work(unit, lease));
        if self.jobs[place].lease == Some(lease) {
            done.unwrap();
            expect(&mut self.jobs[place], self.now);
        } else {
            assert_lost(done);
        }
    }

    fn end(&mut self, which: u8, how: u8) {
        let later = self.database.now().plus(Duration::from_millis(30_250));
        let (end, state) = match how % 4 {
            0 => (End::Completed, JobState::Completed),
            1 => (End::Failed("no".to_owned()), JobState::Failed),
            2 => (End::Later(later, "busy".to_owned()), JobState::Queued),
            _ => (End::Released, JobState::Queued),
        };
        let is_released = end == End::Released;
        self.with_lease(
            which,
            move |unit, lease| unit.jobs().end(&lease, end),
            move |job, now| {
                (job.state, job.lease) = (state, None);
                job.attempts -= u32::from(is_released);
                job.due = if state == JobState::Queued && !is_released {
                    now + 30_250
                } else {
                    now
                };
            },
        );
    }

    fn cancel(&mut self, which: u8) {
        let Some(place) = place_of(&self.jobs, which) else { return };
        let id = self.jobs[place].id;
        let cancelled = write(&self.store, move |unit| unit.jobs().cancel(id));
        let job = &mut self.jobs[place];
        assert_eq!(cancelled.is_ok(), !job.state.is_final());
        if cancelled.is_ok() {
            (job.state, job.lease) = (JobState::Cancelled, None);
        }
    }

    fn postpone(&mut self, which: u8, seconds: u8) {
        let Some(place) = place_of(&self.jobs, which) else { return };
        let delay = u64::from(seconds) * 1_000 + 250;
        let (id, at) = (self.jobs[place].id, self.database.now().plus(Duration::from_millis(delay)));
        let postponed = write(&self.store, move |unit| unit.jobs().postpone(id, at));
        let job = &mut self.jobs[place];
        assert_eq!(postponed.is_ok(), job.state == JobState::Queued);
        if postponed.is_ok() {
            job.due = self.now + delay;
        }
    }

    fn check(&self) {
        for expected in &self.jobs {
            let job = kept(&self.store, expected.id);
            assert_eq!(
                (job.state, job.attempts, job.lease()),
                (expected.state, expected.attempts, expected.lease),
                "{expected:?}"
            );
            assert_eq!(job.progress_of::<Sample>().unwrap(), expected.progress);
            assert_eq!(job.started_at.is_some(), expected.was_begun);
            assert_eq!(job.finished_at.is_some(), expected.state.is_final());
            assert_eq!(is_hopeless(&job), expected.attempts > 10);
        }
    }
}

impl Expected {
    /// Whether this moment's claim has taken it.
    fn was_claimed_at(&self, now: u64) -> bool {
        self.state == JobState::Running && self.due == now + 60_500
    }
}

fn pick<T>(items: &[T], which: u8) -> Option<&T> {
    items.get(usize::from(which) % items.len().max(1))
}

fn place_of(jobs: &[Expected], which: u8) -> Option<usize> {
    (!jobs.is_empty()).then(|| usize::from(which) % jobs.len())
}

fn any_history_goes_as_the_model_says(database: &Database) {
    let config = Config {
        cases: 12,
        failure_persistence: None,
        ..Config::default()
    };
    let histories = prop::collection::vec(step(), 1..60);
    let tried = TestRunner::new(config).run(&histories, |history| {
        let mut world = World {
            database,
            store: open(database),
            jobs: Vec::new(),
            leases: Vec::new(),
            now: 0,
        };
        for step in &history {
            world.take(step);
            world.check();
        }
        Ok(())
    });
    tried.unwrap();
}

fn a_job_that_never_gets_on_is_known_after_ten_attempts(database: &Database) {
    let store = open(database);
    let now = database.now();
    write(&store, move |unit| unit.jobs().add(sample(now))).unwrap();
    let claim = || -> Job {
        database.advance(Duration::from_secs(61));
        let mut claimed = write(&store, |unit| unit.jobs().claim(&KINDS, LEASE, 1)).unwrap();
        claimed.pop().expect("the lease has ended")
    };
    for attempt in 1..=10 {
        let job = claim();
        assert_eq!((job.attempts, is_hopeless(&job)), (attempt, false));
    }
    let eleventh = claim();
    assert!(is_hopeless(&eleventh));
    // One that gets on begins anew.
    let lease = eleventh.lease().unwrap();
    write(&store, move |unit| unit.jobs().advance(&lease, to_json(&1)?)).unwrap();
    assert!(!is_hopeless(&claim()));
}
