//! Looking up whom an import made (contract D-186): a job for each contact with a profile of its own, added in the unit that made the contact.
//! So each is looked up once, however often the import is taken up again, and nobody for an import that was undone before.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    control::{ControlStore, work::Promise},
    enrichment::ProfileUrl,
    error::Result,
    id::{ContactId, RecordId, UserId},
    tenant::{UnitOfWork, contact::Contact},
    usecase::{
        enrich::{self, Subject},
        jobs::{self, Claimed},
    },
};

/// A promise that is older is renewed between two units: it holds for three times as long.
const RENEWED: Duration = Duration::from_secs(20);

/// Adds the lookups of one import.
pub(super) struct FollowUp {
    owner: UserId,
    family: &'static str,
    promised: Mutex<(Promise, Instant)>,
}

impl FollowUp {
    /// Lookups for contacts of this user.
    ///
    /// # Errors
    /// When the control plane cannot be written.
    pub(super) fn new(control: &dyn ControlStore, claimed: &Claimed, owner: UserId, family: &'static str) -> Result<Self> {
        let promised = Mutex::new((announce(control, claimed)?, Instant::now()));
        Ok(Self { owner, family, promised })
    }

    /// Keeps the promise young; between two units.
    ///
    /// # Errors
    /// When the control plane cannot be written.
    pub(super) fn renew(&self, control: &dyn ControlStore, claimed: &Claimed) -> Result<()> {
        let mut promised = self.promised.lock().unwrap_or_else(PoisonError::into_inner);
        if promised.1.elapsed() > RENEWED {
            *promised = (announce(control, claimed)?, Instant::now());
        }
        Ok(())
    }

    /// Adds the lookups of contacts that this unit made; how many.
    ///
    /// # Errors
    /// Those of the ports; [`Error::Unavailable`](crate::Error::Unavailable) when the promise is too old.
    pub(super) fn add(&self, unit: &mut dyn UnitOfWork, made: &[i64]) -> Result<u64> {
        if made.is_empty() {
            return Ok(0);
        }
        let ids: Vec<ContactId> = made.iter().copied().map(ContactId::from_i64).collect();
        let (promise, _) = *self.promised.lock().unwrap_or_else(PoisonError::into_inner);
        let mut subjects: Vec<Subject> = unit.contacts().lookup_many(&ids)?.iter().filter_map(subject).collect();
        subjects.sort_unstable_by_key(|subject| subject.contact);
        let now = unit.stamp();
        for subject in &subjects {
            jobs::submit(unit, &promise, enrich::job::job(subject, self.owner, self.family, now)?)?;
        }
        Ok(subjects.len() as u64)
    }
}

/// Work that is due at once.
fn announce(control: &dyn ControlStore, claimed: &Claimed) -> Result<Promise> {
    jobs::announce(control, claimed.tenant.id, claimed.job.updated_at)
}

/// Whom to look up for a contact; nobody where it has no profile.
fn subject(contact: &Contact) -> Option<Subject> {
    let address = contact.fields.person_linkedin.as_ref()?;
    Some(Subject {
        person: ProfileUrl::parse(address.as_str()).ok()?,
        contact: Some(contact.id),
    })
}
