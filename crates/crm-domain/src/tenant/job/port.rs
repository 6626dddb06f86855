//! Reading and keeping jobs.

use std::time::Duration;

use uuid::Uuid;

use super::{End, JOB_KINDS, JOB_STATES, Job, JobKind, Lease, NewJob};
use crate::{
    error::Result,
    fields,
    id::{ContactId, JobId},
    page::{Page, Sort, Window},
    query::Filter,
    stamp::Stamp,
};

fields! {
    /// The fields of jobs that lists know.
    pub enum JobField of job: Job {
        Id: Spec::id("id").filterable().in_id_order() => job.id;
        Kind: Spec::choice("kind", JOB_KINDS).filterable() => job.kind.as_str();
        State: Spec::choice("state", JOB_STATES).filterable() => job.state.as_str();
        ContactId: Spec::id("contact_id").nullable().filterable().sparse() => job.contact_id;
    }
}

/// Which jobs a list shows; they cannot be searched.
pub type JobFilter = Filter<JobField>;

/// Reads jobs.
pub trait JobReads {
    /// The job with this id.
    fn lookup(&mut self, id: JobId) -> Result<Option<Job>>;
    /// The job with this uuid.
    fn lookup_uuid(&mut self, uuid: Uuid) -> Result<Option<Job>>;
    /// A page of the jobs that match.
    fn list(&mut self, filter: &JobFilter, sort: Sort<JobField>, window: &Window) -> Result<Page<Job>>;
    /// When the next job is due, or its lease ends: of these kinds, or of any, also such as a newer version knows.
    fn next_due(&mut self, kinds: Option<&[JobKind]>) -> Result<Option<Stamp>>;
}

/// Writes jobs. Jobs leave no trace in the change feed; what they do to records does.
pub trait JobRepository: JobReads {
    /// Keeps a new, queued job. Callers outside this crate use [`submit`](crate::usecase::jobs::submit), without which nobody may ever look
    /// for the job.
    fn add(&mut self, new: NewJob) -> Result<Job>;
    /// Keeps a new, queued job that follows from what else this unit does, by whatever way it came about: before the unit is committed the
    /// control plane is told that the tenant has work. So it is never one that nobody looks for.
    fn add_following(&mut self, new: NewJob) -> Result<Job>;
    /// Keeps a job that is over, of work that somebody waited for: it stands in the history beside the others.
    fn add_over(&mut self, new: NewJob, end: End) -> Result<Job>;
    /// Claims up to `limit` due jobs of these kinds, longest due first, each with a lease of its own until `lease` after this unit's stamp.
    /// Units of a tenant run one after another, on all nodes: nobody else gets them.
    fn claim(&mut self, kinds: &[JobKind], lease: Duration, limit: u32) -> Result<Vec<Job>>;
    /// Makes every running job due now and takes its lease away: for whoever knows that nobody runs them any more. How many there were.
    fn release_all(&mut self) -> Result<usize>;
    /// The job, as long as it is this lease's; whoever changes it in this unit holds it.
    ///
    /// # Errors
    /// [`Lease::lost`].
    fn held(&mut self, lease: &Lease) -> Result<Job>;
    /// Makes the lease last until `by` after this unit's stamp.
    ///
    /// # Errors
    /// [`Lease::lost`].
    fn extend(&mut self, lease: &Lease, by: Duration) -> Result<()>;
    /// Notes how far the job came, within the unit that did it: both are committed or neither.
    ///
    /// # Errors
    /// [`Lease::lost`].
    fn advance(&mut self, lease: &Lease, progress: String) -> Result<()>;
    /// Notes which contact the job is about, where that turned out on the way.
    ///
    /// # Errors
    /// [`Lease::lost`].
    fn concern(&mut self, lease: &Lease, contact: ContactId) -> Result<()>;
    /// Ends the attempt; the job as it is then.
    ///
    /// # Errors
    /// [`Lease::lost`].
    fn end(&mut self, lease: &Lease, end: End) -> Result<Job>;
    /// Cancels a job that is not over, whoever runs it: their lease is lost.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound), [`Error::State`](crate::Error::State) when it is over.
    fn cancel(&mut self, id: JobId) -> Result<Job>;
    /// Lets a queued job begin at another time.
    fn postpone(&mut self, id: JobId, due_at: Stamp) -> Result<()>;
    /// Keeps another progress with a job that is over.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound) when there is no such job, or it is not over.
    fn note(&mut self, id: JobId, progress: String) -> Result<()>;
    /// Forgets up to `limit` jobs that were over before `before`; their ids.
    fn purge(&mut self, before: Stamp, limit: u32) -> Result<Vec<JobId>>;
}
