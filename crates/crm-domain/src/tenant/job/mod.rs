//! Jobs: long work that is a row of the tenant's database, so that it outlives the process that does it.
//!
//! Whoever runs a job holds it by a [`Lease`] that ends by itself. Each unit of work that does a part of the job also notes how far it came
//! ([`JobRepository::advance`]), which fails when the lease is another's by then: so every part is done exactly once, by whichever process.
//!
//! A kind of job has a [`JobShape`], which types its JSON, and an [`Executor`](crate::usecase::jobs::Executor). Jobs are added by
//! [`submit`](crate::usecase::jobs::submit).

mod port;

use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::{
    error::{Error, Result},
    field::Text,
    id::{ContactId, JobId, RecordId, UserId},
    stamp::Stamp,
};

pub use port::{JobField, JobFilter, JobReads, JobRepository};

/// Longest kept reason of a failure, in characters.
const ERROR_MAX: usize = 2_000;

macro_rules! words {
    ($(#[$doc:meta])* pub enum $name:ident as $words:ident { $($variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "the words say it")]
        pub enum $name {
            $($variant,)*
        }

        /// The words of every one.
        pub const $words: &[&str] = &[$($word,)*];

        impl $name {
            /// The stored word.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            /// Reads the stored word.
            pub fn parse(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

words! {
    /// What a job does.
    pub enum JobKind as JOB_KINDS {
        Import = "import",
        ImportUndo = "import_undo",
        Enrichment = "enrichment",
        CompanyNames = "company_names",
    }
}

words! {
    /// How far a job is.
    pub enum JobState as JOB_STATES {
        Queued = "queued",
        Running = "running",
        Completed = "completed",
        Failed = "failed",
        Cancelled = "cancelled",
    }
}

impl JobState {
    /// Whether nothing more happens to the job.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

/// What a kind of job keeps: its types of [`Job::payload`] and [`Job::progress`]. Rows that an earlier version wrote must stay readable.
pub trait JobShape {
    /// The kind.
    const KIND: JobKind;
    /// What is to be done; never changes.
    type Payload: Serialize + DeserializeOwned;
    /// How far it came, and with what result.
    type Progress: Serialize + DeserializeOwned + Default;
}

/// A job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Per-tenant id; ascending in the order of creation.
    pub id: JobId,
    /// Version 7 uuid.
    pub uuid: Uuid,
    /// What it does.
    pub kind: JobKind,
    /// How far it is.
    pub state: JobState,
    /// What is to be done, as JSON: see [`Job::payload_of`].
    pub payload: String,
    /// How far it came, as JSON: see [`Job::progress_of`].
    pub progress: String,
    /// The contact that it is about, if it is about one.
    pub contact_id: Option<ContactId>,
    /// The name of the file that it was made from.
    pub filename: Option<Text<255>>,
    /// Who asked for it, as [`super::change::Actor`] shows.
    pub actor: String,
    /// How often it was begun since it last advanced.
    pub attempts: u32,
    /// When it may begin; of a running job, when its lease ends.
    pub due_at: Stamp,
    /// Whose it is while it runs.
    pub lease: Option<Uuid>,
    /// When it was first begun.
    pub started_at: Option<Stamp>,
    /// When it came to a final state.
    pub finished_at: Option<Stamp>,
    /// Why it failed, or why the last attempt did.
    pub last_error: Option<String>,
    /// Stamp of the unit that added it.
    pub created_at: Stamp,
    /// The user who asked for it; `None` for integrations.
    pub created_by: Option<UserId>,
    /// When it was last written.
    pub updated_at: Stamp,
}

impl Job {
    /// What is to be done.
    ///
    /// # Errors
    /// [`Error::Internal`] for a job of another kind.
    pub fn payload_of<S: JobShape>(&self) -> Result<S::Payload> {
        self.read::<S, _>(&self.payload)
    }

    /// How far it came.
    ///
    /// # Errors
    /// [`Error::Internal`] for a job of another kind.
    pub fn progress_of<S: JobShape>(&self) -> Result<S::Progress> {
        self.read::<S, _>(&self.progress)
    }

    fn read<S: JobShape, T: DeserializeOwned>(&self, json: &str) -> Result<T> {
        let broken = |what: String| Error::Internal(format!("job {}: {what}", self.id));
        if self.kind != S::KIND {
            return Err(broken(format!("is of kind {}, not {}", self.kind.as_str(), S::KIND.as_str())));
        }
        serde_json::from_str(json).map_err(|error| broken(error.to_string()))
    }

    /// The lease of whoever claimed it.
    pub fn lease(&self) -> Option<Lease> {
        self.lease.map(|owner| Lease { job: self.id, owner })
    }
}

/// A job on its way into the store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of Job")]
pub struct NewJob {
    pub kind: JobKind,
    pub payload: String,
    pub progress: String,
    pub contact_id: Option<ContactId>,
    pub filename: Option<Text<255>>,
    pub due_at: Stamp,
}

impl NewJob {
    /// A job that may begin at `due_at`.
    ///
    /// # Errors
    /// [`Error::Internal`] when the payload cannot be JSON.
    pub fn of<S: JobShape>(payload: &S::Payload, due_at: Stamp) -> Result<Self> {
        Ok(Self {
            kind: S::KIND,
            payload: to_json(payload)?,
            progress: to_json(&S::Progress::default())?,
            contact_id: None,
            filename: None,
            due_at,
        })
    }
}

/// What a job keeps, as JSON.
pub fn to_json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::Internal(format!("a job's JSON: {error}")))
}

/// The right to run a job: each claim has one of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The job.
    pub job: JobId,
    /// Whose it is.
    pub owner: Uuid,
}

impl Lease {
    /// Says that somebody else has the job by now, or that it was cancelled.
    pub fn lost(&self) -> Error {
        Error::state(JobId::NOUN, self.job, "no longer this lease's", "continued")
    }
}

/// Whether an error is [`Lease::lost`]: whoever meets it leaves the job alone.
pub fn is_lost(error: &Error) -> bool {
    matches!(error, Error::State { noun, action, .. } if *noun == JobId::NOUN && *action == "continued")
}

/// How an attempt ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The work is done.
    Completed,
    /// It cannot be done, for this reason.
    Failed(String),
    /// It is tried again at this time, since the attempt failed for this reason.
    Later(Stamp, String),
    /// It is given back as it is: its process stops.
    Released,
}

impl End {
    /// The job as it is after this attempt, at `now`.
    pub fn apply(self, job: &mut Job, now: Stamp) {
        let (state, due_at, error) = match self {
            Self::Completed => (JobState::Completed, now, None),
            Self::Failed(reason) => (JobState::Failed, now, Some(reason)),
            Self::Later(at, reason) => (JobState::Queued, at, Some(reason)),
            Self::Released => {
                // It was not the job's doing.
                job.attempts = job.attempts.saturating_sub(1);
                (JobState::Queued, now, job.last_error.take())
            }
        };
        job.state = state;
        job.due_at = due_at;
        job.last_error = error.map(|reason| reason.chars().filter(|c| *c != '\0').take(ERROR_MAX).collect());
        job.lease = None;
        job.finished_at = state.is_final().then_some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back() {
        assert!(
            JOB_KINDS
                .iter()
                .all(|word| JobKind::parse(word).is_some_and(|kind| kind.as_str() == *word))
        );
        assert!(
            JOB_STATES
                .iter()
                .all(|word| JobState::parse(word).is_some_and(|state| state.as_str() == *word))
        );
        assert_eq!((JobKind::parse(""), JobState::parse("Queued")), (None, None));
    }

    #[test]
    fn a_lost_lease_is_known() {
        let lease = Lease {
            job: JobId::from_i64(7),
            owner: Uuid::nil(),
        };
        assert!(is_lost(&lease.lost()));
        assert!(!is_lost(&Error::state(JobId::NOUN, 7, "completed", "cancelled")));
    }
}
