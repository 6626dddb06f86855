//! Which tenants may have jobs that are due: a look at this one table tells, where a look into each tenant's database would not do.
//!
//! Whoever adds a job first [marks](WorkRepository::mark) its tenant and is given a [`Promise`]: the job must be added within
//! [`Promise::until`], and so long nobody takes the mark away. A crash in between leaves a mark that leads to a needless look, never a job
//! that nobody looks for.

use std::time::Duration;

use crate::{
    error::{Error, Result},
    id::TenantId,
    stamp::Stamp,
};

/// Within this time of the mark the job must be added.
const PROMISED: Duration = Duration::from_secs(60);
/// So long after the mark it stays, whatever is found: a commit may be late, and clocks differ.
const KEPT: Duration = Duration::from_secs(600);
/// The first look after a mark that led to nothing; each further one comes as late again as the mark is old.
const FIRST_LOOK: Duration = Duration::from_secs(2);

/// A tenant that may have work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    /// The tenant.
    pub tenant: TenantId,
    /// When to look.
    pub due_at: Stamp,
    /// How often it was marked.
    pub mark: i64,
    /// When it was last marked.
    pub marked_at: Stamp,
}

impl Work {
    /// When to look again, of a tenant whose next job is due at `next_due`; `None` when there is nothing to look for.
    pub fn next_look(&self, next_due: Option<Stamp>, now: Stamp) -> Option<Stamp> {
        let age = now.since(self.marked_at);
        // What was promised may yet come, and be due sooner than what is there.
        let promised = (age < KEPT).then(|| now.plus(age.max(FIRST_LOOK)));
        promised.into_iter().chain(next_due).min()
    }
}

/// A tenant is marked: a job may be added to its database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Promise {
    until: Stamp,
}

impl Promise {
    /// The promise of a mark made at `marked_at`.
    pub fn made(marked_at: Stamp) -> Self {
        Self {
            until: marked_at.plus(PROMISED),
        }
    }

    /// Until when the job must be added.
    pub fn until(&self) -> Stamp {
        self.until
    }

    /// Whether a unit with this stamp may still add the job.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it comes too late.
    pub fn check(&self, stamp: Stamp) -> Result<()> {
        if stamp <= self.until {
            return Ok(());
        }
        Err(Error::Unavailable {
            what: "the database writer",
            cause: "it came too late to a job that was to be added".to_owned(),
            retry_after: Duration::from_secs(1),
        })
    }
}

/// Reads which tenants may have work.
pub trait WorkReads {
    /// The tenants to look at by `now`, longest due first; at most `limit`.
    fn due(&mut self, now: Stamp, limit: u32) -> Result<Vec<Work>>;
    /// A tenant's mark.
    fn lookup(&mut self, tenant: TenantId) -> Result<Option<Work>>;
}

/// Writes which tenants may have work.
pub trait WorkRepository: WorkReads {
    /// Marks a tenant that will have a job due at `due_at`.
    fn mark(&mut self, tenant: TenantId, due_at: Stamp) -> Result<Promise>;
    /// Keeps when to look again at a tenant, or forgets it; nothing when it was marked anew since `seen`. `next_look` is
    /// [`Work::next_look`]'s.
    fn settle(&mut self, seen: &Work, next_look: Option<Stamp>) -> Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(seconds: i64) -> Stamp {
        Stamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn a_mark_is_kept_longer_than_its_promise() {
        let work = Work {
            tenant: crate::id::RecordId::from_i64(1),
            due_at: second(0),
            mark: 1,
            marked_at: second(0),
        };
        let next = |due: Option<i64>, now: i64| work.next_look(due.map(second), second(now)).map(|stamp| stamp.seconds());
        assert_eq!(next(None, 0), Some(2));
        assert_eq!(next(None, 2), Some(4));
        assert_eq!(next(None, 100), Some(200));
        assert_eq!(next(Some(3), 2), Some(3));
        assert_eq!(next(Some(60), 2), Some(4), "what was promised may be due sooner");
        assert_eq!(next(Some(900), 600), Some(900));
        assert_eq!(next(None, 600), None);
        let promise = Promise::made(second(0));
        assert!(promise.check(second(60)).is_ok() && promise.check(second(61)).is_err());
        assert!(promise.until() < second(0).plus(KEPT), "what comes in time is found");
    }
}
