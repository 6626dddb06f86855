//! Running jobs: how they are added, and what runs each kind.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crate::{
    control::{ControlStore, tenant::Tenant, work::Promise},
    error::{Error, Result},
    id::TenantId,
    stamp::Stamp,
    tenant::{
        TenantStore, UnitOfWork,
        change::{Actor, Origin},
        job::{End, Job, JobKind, JobState, Lease, NewJob, is_lost},
    },
};

/// After so many attempts in which it did not advance, a job has failed.
const ATTEMPTS_MAX: u32 = 10;
/// A defect is not likely to pass by itself.
const DEFECTS_MAX: u32 = 3;
/// Before the second attempt; doubles with each.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// At most.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Says that a tenant will have a job due at `due_at`: the first step of adding one, before the unit that does. It blocks.
///
/// # Errors
/// When the control plane cannot be written.
pub fn announce(control: &dyn ControlStore, tenant: TenantId, due_at: Stamp) -> Result<Promise> {
    control.writing(|unit| unit.work().mark(tenant, due_at))
}

/// Adds a job, in a unit that may do more.
///
/// # Errors
/// [`Error::Unavailable`] when the promise is too old.
pub fn submit(unit: &mut dyn UnitOfWork, promise: &Promise, new: NewJob) -> Result<Job> {
    promise.check(unit.stamp())?;
    unit.jobs().add(new)
}

/// A job in the hands of whoever runs it.
pub struct Claimed {
    /// The job as it was when it was claimed.
    pub job: Job,
    /// The right to it.
    pub lease: Lease,
    /// Its tenant.
    pub tenant: Arc<Tenant>,
    /// Its tenant's database.
    pub store: Arc<dyn TenantStore>,
    /// Set when the process is to stop.
    pub stopping: Arc<AtomicBool>,
}

impl Claimed {
    /// Whether to come to an end soon, by answering [`End::Released`].
    pub fn must_stop(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// As whom the job writes.
    pub fn origin(&self, family: &'static str) -> Origin {
        Origin {
            actor: Actor::Job(self.job.kind.as_str()),
            family,
        }
    }
}

/// What an attempt came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// It ends so; the runner writes it.
    Ends(End),
    /// A unit of the executor has ended it already, by [`JobRepository::end`](crate::tenant::job::JobRepository::end), with the job in this
    /// state.
    Ended(JobState),
}

/// Runs the jobs of one kind. To add a kind: a word of [`JobKind`], a [`JobShape`](crate::tenant::job::JobShape), an executor, and a line
/// where the server puts its parts together.
pub trait Executor: Send + Sync + 'static {
    /// The kind.
    fn kind(&self) -> JobKind;

    /// How many of them one process runs at once; `None` for as many as there is room for.
    fn parallel(&self) -> Option<usize> {
        None
    }

    /// Makes an attempt, or goes on where the last one ended. It runs on a thread of its own and may block; its lease is extended meanwhile.
    /// Each part of the work is a unit that also [advances](crate::tenant::job::JobRepository::advance) the job. An error ends the attempt:
    /// one that may pass is tried again, others fail the job; a [lost lease](is_lost) leaves it to whoever has it.
    ///
    /// # Errors
    /// Those of the work.
    fn run(&self, claimed: &Claimed) -> Result<Attempt>;

    /// Cleans up behind a job that is over: in the unit that ends it, also when it is cancelled.
    ///
    /// # Errors
    /// Those of the unit.
    fn over(&self, _unit: &mut dyn UnitOfWork, _job: &Job) -> Result<()> {
        Ok(())
    }
}

/// How an attempt ends that met an error; `None` when the job is somebody else's.
fn end_of(job: &Job, error: &Error, now: Stamp) -> Option<End> {
    if is_lost(error) {
        return None;
    }
    let (may_pass, pause) = match error {
        Error::Unavailable { retry_after, .. } => (job.attempts < ATTEMPTS_MAX, *retry_after),
        Error::Internal(_) => (job.attempts < DEFECTS_MAX, Duration::ZERO),
        Error::NotFound { .. }
        | Error::Duplicate { .. }
        | Error::Invalid(_)
        | Error::State { .. }
        | Error::Conflict(_)
        | Error::Forbidden(_)
        | Error::IdempotencyMismatch => (false, Duration::ZERO),
    };
    Some(match may_pass {
        true => End::Later(now.plus(pause.max(pause_before(job.attempts))), error.to_string()),
        false => End::Failed(error.to_string()),
    })
}

/// Whether a job was begun so often without getting on that it is not begun again: it may be what ends its process.
pub fn is_hopeless(job: &Job) -> bool {
    job.attempts > ATTEMPTS_MAX
}

/// How long after the `attempts`th attempt the next one comes.
pub fn pause_before(attempts: u32) -> Duration {
    let factor = 1_u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
    FIRST_PAUSE.saturating_mul(factor).min(LONGEST_PAUSE)
}

/// Ends an attempt, as the executor says or as its error has it, and cleans up behind a job that is over with it.
///
/// # Errors
/// [`Lease::lost`], or those of the unit.
pub fn finish(unit: &mut dyn UnitOfWork, executor: &dyn Executor, lease: &Lease, outcome: Result<End>) -> Result<Job> {
    let now = unit.stamp();
    let job = unit.jobs().held(lease)?;
    let end = match outcome {
        Ok(end) => end,
        Err(error) => end_of(&job, &error, now).ok_or_else(|| lease.lost())?,
    };
    let job = unit.jobs().end(lease, end)?;
    if job.state.is_final() {
        executor.over(unit, &job)?;
    }
    Ok(job)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_are_bounded() {
        let seconds = |attempts| pause_before(attempts).as_secs();
        assert_eq!([0, 1, 2, 3, 9, 10, 40].map(seconds), [1, 1, 2, 4, 256, 300, 300]);
    }
}
