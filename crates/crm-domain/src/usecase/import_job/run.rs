//! Running an import.

use std::{io, sync::Arc};

use super::{
    file::{Broken, StoredFile},
    follow_up::FollowUp,
    shape::{ContactImport, ImportPayload, ImportProgress},
};
use crate::{
    control::ControlStore,
    error::{Error, Result},
    id::{RecordId, UserId},
    tenant::{
        UnitOfWork,
        change::{Actor, Origin},
        job::{End, Job, JobKind, Lease, to_json},
    },
    usecase::{
        import::{ImportError, ImportTarget, Journal, Observer, Part, Resume, RowFailure, Summary, import_contacts},
        jobs::{Attempt, Claimed, Executor},
    },
};

/// Imports contacts.
pub struct ContactImports {
    control: Arc<dyn ControlStore>,
    /// The family that they were asked for through.
    family: &'static str,
    only: &'static [&'static str],
}

impl ContactImports {
    /// Imports into the fields among `only`, and into custom ones.
    pub fn new(control: Arc<dyn ControlStore>, family: &'static str, only: &'static [&'static str]) -> Self {
        Self { control, family, only }
    }
}

impl Executor for ContactImports {
    fn kind(&self) -> JobKind {
        JobKind::Import
    }

    fn run(&self, claimed: &Claimed) -> Result<Attempt> {
        let payload: ImportPayload = claimed.job.payload_of::<ContactImport>()?;
        if !is_whole(claimed, payload.chunks)? {
            return Ok(Attempt::Ends(End::Failed("the upload broke off".to_owned())));
        }
        let done = begin(claimed, payload.dry_run)?;
        let (file, broken) = StoredFile::new(&claimed.store, claimed.job.id, payload.chunks);
        let target = ImportTarget {
            control: Arc::clone(&self.control),
            store: Arc::clone(&claimed.store),
            tenant: claimed.tenant.id,
            origin: Origin {
                actor: Actor::User(UserId::from_i64(payload.user_id)),
                family: self.family,
            },
        };
        let follow_up = self.follow_up(claimed, &payload)?.map(Arc::new);
        let journal = JobJournal {
            lease: claimed.lease,
            dry_run: payload.dry_run,
            broken: broken.clone(),
            follow_up: follow_up.clone(),
        };
        let resume = Resume {
            journal: Arc::new(journal),
            done,
        };
        let mut watch = Watch {
            claimed,
            control: &*self.control,
            follow_up,
            trouble: None,
        };
        let imported = import_contacts(&target, file, &payload.options(self.only), &mut watch, resume);
        broken.check()?;
        if let Some(error) = watch.trouble {
            return Err(error);
        }
        match imported {
            Ok(_) => Ok(Attempt::Ends(End::Completed)),
            Err(ImportError::Store(error)) => Err(error),
            Err(ImportError::Report(_)) => Ok(Attempt::Ends(End::Released)),
            Err(error) => Ok(Attempt::Ends(End::Failed(error.to_string()))),
        }
    }

    fn over(&self, unit: &mut dyn UnitOfWork, job: &Job) -> Result<()> {
        unit.imports().remove_file(job.id)
    }
}

impl ContactImports {
    /// The lookups that follow, where they were asked for and there is a provider.
    fn follow_up(&self, claimed: &Claimed, payload: &ImportPayload) -> Result<Option<FollowUp>> {
        if !payload.auto_enrich || !payload.can_enrich || payload.dry_run {
            return Ok(None);
        }
        let owner = UserId::from_i64(payload.user_id);
        FollowUp::new(&*self.control, claimed, owner, self.family).map(Some)
    }
}

/// Whether the import was begun, which leaves a mark behind its file.
fn is_whole(claimed: &Claimed, chunks: u32) -> Result<bool> {
    let job = claimed.job.id;
    let found = claimed.store.reading(|reader| reader.imports().chunk(job, chunks))?;
    Ok(found.is_some())
}

/// How many rows are done. A dry run cannot be taken up: it begins anew, and forgets what it found.
fn begin(claimed: &Claimed, dry_run: bool) -> Result<u64> {
    let done = claimed.job.progress_of::<ContactImport>()?.done;
    if !dry_run || done == 0 {
        return Ok(done);
    }
    let lease = claimed.lease;
    claimed.store.writing(claimed.origin("server"), move |unit| {
        unit.jobs().advance(&lease, to_json(&ImportProgress::default())?)?;
        unit.imports().remove_failures(lease.job)
    })?;
    Ok(0)
}

/// Notes what was done in the job's row, in the unit that did it.
struct JobJournal {
    lease: Lease,
    dry_run: bool,
    broken: Broken,
    follow_up: Option<Arc<FollowUp>>,
}

impl Journal for JobJournal {
    fn note(&self, unit: &mut dyn UnitOfWork, part: Part) -> Result<()> {
        // A file that could not be read ends for the reader as a whole one does, with a row that is none.
        self.broken.check()?;
        let job = unit.jobs().held(&self.lease)?;
        let mut progress: ImportProgress = job.progress_of::<ContactImport>()?;
        progress.add(&part);
        if let Some(follow_up) = &self.follow_up {
            progress.lookups += follow_up.add(unit, &part.made)?;
        }
        unit.imports().add_failures(job.id, &part.failures)?;
        if !self.dry_run && part.created + part.updated > 0 {
            unit.imports().add_part(job.id)?;
        }
        unit.jobs().advance(&self.lease, to_json(&progress)?)
    }
}

/// Looks to what must be done between two slices.
struct Watch<'a> {
    claimed: &'a Claimed,
    control: &'a dyn ControlStore,
    follow_up: Option<Arc<FollowUp>>,
    /// Why it ended the import, unless the process stops.
    trouble: Option<Error>,
}

impl Observer for Watch<'_> {
    fn failed(&mut self, _failure: &RowFailure) -> io::Result<()> {
        Ok(())
    }

    fn progressed(&mut self, _so_far: &Summary) -> io::Result<()> {
        if self.claimed.must_stop() {
            return Err(io::Error::other("the server stops"));
        }
        let renewed = self
            .follow_up
            .as_ref()
            .map_or(Ok(()), |follow_up| follow_up.renew(self.control, self.claimed));
        renewed.map_err(|error| {
            let told = io::Error::other(error.to_string());
            self.trouble = Some(error);
            told
        })
    }
}
