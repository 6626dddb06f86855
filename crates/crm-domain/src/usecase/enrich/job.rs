//! Lookups as jobs (contract D-124 … D-133, X-136): what they keep, how they are asked for, and what runs them.

use std::{sync::Arc, thread, time::Duration};

use serde::{Deserialize, Serialize};

use super::{Outcome, Subject, apply, of_anybody};
use crate::{
    enrichment::{EnrichmentProvider, Found, LookupError, ProfileUrl},
    error::{Error, Result},
    id::{ContactId, RecordId, UserId},
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        job::{End, Job, JobKind, JobShape, NewJob, to_json},
    },
    usecase::jobs::{Attempt, Claimed, Executor, pause_before},
};

/// Most lookups of one request (contract D-132).
pub const JOBS_MAX: usize = 100;

/// Most attempts that may have been paid for.
const PAID_ATTEMPTS: u32 = 3;
/// Most attempts of which none was: half a day.
const UNPAID_ATTEMPTS: u32 = 16;
/// Before the second attempt; doubles with each.
const FIRST_PAUSE: Duration = Duration::from_secs(30);
/// At most.
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);
/// How often a paid answer is written before it is given up, when the database cannot be reached.
const WRITES: u32 = 6;

/// The shape of the jobs that look people up.
pub struct Shape;

impl JobShape for Shape {
    const KIND: JobKind = JobKind::Enrichment;
    type Payload = Wanted;
    type Progress = Progress;
}

/// Who is to be looked up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// The profile's address, as it was given.
    pub linkedin_url: String,
    /// Who owns the contact that the profile may make.
    pub owner_id: i64,
    /// The family by which it was asked for.
    pub family: String,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// How often the provider was asked, or was to be.
    pub attempts: u32,
    /// What it cost, as far as the provider says.
    pub credits: Option<u32>,
    /// What the profile did.
    pub result: Option<Done>,
}

/// What a profile did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    /// It made a contact.
    Created,
    /// It filled one.
    Enriched,
    /// It told nothing new.
    Unchanged,
}

impl Done {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Enriched => "enriched",
            Self::Unchanged => "unchanged",
        }
    }
}

impl From<&Outcome> for Done {
    fn from(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Created(_) => Self::Created,
            Outcome::Enriched(_) => Self::Enriched,
            Outcome::Unchanged(_) => Self::Unchanged,
        }
    }
}

/// A job that looks the subject up, due at once.
///
/// # Errors
/// Never, but for a defect.
pub fn job(subject: &Subject, owner: UserId, family: &str, due_at: Stamp) -> Result<NewJob> {
    let wanted = Wanted {
        linkedin_url: subject.person.as_given().to_owned(),
        owner_id: owner.get(),
        family: family.to_owned(),
    };
    Ok(NewJob {
        contact_id: subject.contact,
        ..NewJob::of::<Shape>(&wanted, due_at)?
    })
}

/// Keeps, among the jobs, a lookup that a request waited for (contract D-203): `outcome` is what came of it.
///
/// # Errors
/// Those of the port.
pub fn note(
    unit: &mut dyn UnitOfWork,
    subject: &Subject,
    owner: UserId,
    family: &str,
    credits: Option<u32>,
    outcome: std::result::Result<&Outcome, String>,
) -> Result<Job> {
    let progress = Progress {
        attempts: 1,
        credits,
        result: outcome.as_ref().ok().map(|outcome| Done::from(*outcome)),
    };
    let now = unit.stamp();
    let mut new = job(subject, owner, family, now)?;
    new.progress = to_json(&progress)?;
    let end = match outcome {
        Ok(outcome) => {
            new.contact_id = Some(outcome.contact().id);
            End::Completed
        }
        Err(reason) => End::Failed(reason),
    };
    unit.jobs().add_over(new, end)
}

/// Runs the jobs that look people up.
pub struct Enricher(Arc<dyn EnrichmentProvider>);

impl Enricher {
    /// Asks this provider.
    pub fn new(provider: Arc<dyn EnrichmentProvider>) -> Self {
        Self(provider)
    }
}

impl Executor for Enricher {
    fn kind(&self) -> JobKind {
        JobKind::Enrichment
    }

    fn parallel(&self) -> Option<usize> {
        Some(self.0.parallel())
    }

    fn run(&self, claimed: &Claimed) -> Result<Attempt> {
        let wanted = claimed.job.payload_of::<Shape>()?;
        let mut progress = claimed.job.progress_of::<Shape>()?;
        let subject = subject(claimed, &wanted)?;
        let found = self.0.find(&subject.person);
        // Waiting for a turn is no attempt.
        if !matches!(found, Err(LookupError::RateLimited { .. } | LookupError::Busy)) {
            progress.attempts = progress.attempts.saturating_add(1);
        }
        match found {
            Ok(found) => write_patiently(claimed, &wanted, &subject, &found, progress),
            Err(error) => refused(claimed, &error, progress),
        }
    }
}

/// Who is to be looked up, as things stand now: a contact that is gone is not paid for.
fn subject(claimed: &Claimed, wanted: &Wanted) -> Result<Subject> {
    let person = ProfileUrl::parse(&wanted.linkedin_url).map_err(|problem| Error::invalid("linkedin_url", problem))?;
    claimed.store.reading(|reader| match claimed.job.contact_id {
        None => of_anybody(reader.contacts(), person),
        Some(id) => match reader.contacts().lookup(id)? {
            Some(_) => Ok(Subject { person, contact: Some(id) }),
            None => Err(Error::not_found(ContactId::NOUN, id)),
        },
    })
}

/// Writes what was paid for. While the database cannot be reached the answer is kept in mind: another attempt would pay again.
fn write_patiently(claimed: &Claimed, wanted: &Wanted, subject: &Subject, found: &Found, mut progress: Progress) -> Result<Attempt> {
    progress.credits = found.credits;
    let mut writes = 1;
    loop {
        match write(claimed, wanted, subject, found, progress.clone()) {
            Err(Error::Unavailable { .. }) if writes < WRITES && !claimed.must_stop() => thread::sleep(pause_before(writes)),
            // What the job costs is told, also where nothing came of it.
            Err(error @ (Error::NotFound { .. } | Error::Invalid(_) | Error::Duplicate { .. } | Error::Conflict(_))) => {
                let reason = error.to_string();
                return end(claimed, &progress, move |_| End::Failed(reason));
            }
            done => return done,
        }
        writes += 1;
    }
}

fn write(claimed: &Claimed, wanted: &Wanted, subject: &Subject, found: &Found, mut progress: Progress) -> Result<Attempt> {
    let (lease, owner) = (claimed.lease, UserId::from_i64(wanted.owner_id));
    let (subject, found) = (subject.clone(), found.clone());
    claimed.store.writing(claimed.origin(family_of(wanted)), move |unit| {
        unit.jobs().held(&lease)?;
        let outcome = apply(unit, &subject, &found.profile, owner)?;
        progress.result = Some(Done::from(&outcome));
        unit.jobs().advance(&lease, to_json(&progress)?)?;
        unit.jobs().concern(&lease, outcome.contact().id)?;
        let job = unit.jobs().end(&lease, End::Completed)?;
        Ok(Attempt::Ended(job.state))
    })
}

/// The family's own word, which the change feed keeps.
fn family_of(wanted: &Wanted) -> &'static str {
    match wanted.family.as_str() {
        "contacts" => "contacts",
        _ => "server",
    }
}

/// What a lookup that found nobody makes of the job.
fn refused(claimed: &Claimed, error: &LookupError, mut progress: Progress) -> Result<Attempt> {
    progress.credits = error.credits();
    let reason = error.to_string();
    let most = if error.is_unasked() { UNPAID_ATTEMPTS } else { PAID_ATTEMPTS };
    match error.retry_after().filter(|_| progress.attempts < most) {
        None => end(claimed, &progress, move |_| End::Failed(reason)),
        Some(wait) => {
            let wait = match error {
                LookupError::RateLimited { .. } | LookupError::Busy => wait,
                _ => wait.max(pause(progress.attempts)),
            };
            end(claimed, &progress, move |now| End::Later(now.plus(wait), reason))
        }
    }
}

/// Ends the attempt and notes how far it came.
fn end(claimed: &Claimed, progress: &Progress, how: impl FnOnce(Stamp) -> End + Send + 'static) -> Result<Attempt> {
    let (lease, progress) = (claimed.lease, to_json(progress)?);
    claimed.store.writing(claimed.origin("server"), move |unit| {
        unit.jobs().advance(&lease, progress)?;
        let how = how(unit.stamp());
        let job = unit.jobs().end(&lease, how)?;
        Ok(Attempt::Ended(job.state))
    })
}

fn pause(attempts: u32) -> Duration {
    let factor = 1_u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
    FIRST_PAUSE.saturating_mul(factor).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_are_bounded() {
        let seconds = |attempts| pause(attempts).as_secs();
        assert_eq!([0, 1, 2, 3, 7, 8, 40].map(seconds), [30, 30, 60, 120, 1_920, 3_600, 3_600]);
    }
}
