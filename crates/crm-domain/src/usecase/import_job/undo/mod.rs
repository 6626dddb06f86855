//! Taking an import back: what it made is deleted, what it changed becomes what it was, newest first, by what the change feed tells of its
//! units. What somebody else changed since is left alone, and named.

mod revert;

use uuid::Uuid;

use super::{
    NOUN, find,
    shape::{ContactImport, ImportPayload, ImportProgress, ImportUndo, UndoPayload, UndoProgress},
};
use crate::{
    control::work::Promise,
    error::{Error, Result},
    id::{JobId, RecordId, UserId},
    page::Direction,
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        change::{Actor, Change, ChangeFilter, EntityKind, Origin, Stretch},
        job::{End, Job, JobKind, JobState, Lease, NewJob, to_json},
    },
    usecase::jobs::{self, Attempt, Claimed, Executor},
};

/// Changes taken back in one unit: others' writes go between.
const SLICE: u32 = 200;

/// Adds the job that takes an import back, for this user.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::State`] when the import is not over, was a dry run, or is taken back already.
pub fn undo(unit: &mut dyn UnitOfWork, promise: &Promise, uuid: Uuid, user: UserId) -> Result<Job> {
    let import = find(unit.jobs(), uuid)?;
    let refused = |state: &str| Error::state(NOUN, uuid, state, "undone");
    if import.kind != JobKind::Import {
        return Err(refused("an undoing itself"));
    }
    if !import.state.is_final() {
        return Err(refused(import.state.as_str()));
    }
    let payload: ImportPayload = import.payload_of::<ContactImport>()?;
    if payload.dry_run {
        return Err(refused("a dry run"));
    }
    let mut progress: ImportProgress = import.progress_of::<ContactImport>()?;
    if let Some(earlier) = progress.undo {
        let state = unit.jobs().lookup_uuid(earlier)?.map(|job| job.state);
        // One that did not come to its end can be done again: what it took back is not there any more.
        if !matches!(state, None | Some(JobState::Failed | JobState::Cancelled)) {
            return Err(refused("undone"));
        }
    }
    let payload = UndoPayload {
        import_id: import.id.get(),
        import: uuid,
        user_id: user.get(),
        changes: progress.created + progress.updated,
    };
    let new = NewJob {
        filename: import.filename.clone(),
        ..NewJob::of::<ImportUndo>(&payload, unit.stamp())?
    };
    let job = jobs::submit(unit, promise, new)?;
    progress.undo = Some(job.uuid);
    unit.jobs().note(import.id, to_json(&progress)?)?;
    Ok(job)
}

/// Takes imports of contacts back.
pub struct ContactImportUndos {
    /// The family that they were asked for through.
    family: &'static str,
}

impl ContactImportUndos {
    /// For the imports of a family.
    pub fn new(family: &'static str) -> Self {
        Self { family }
    }
}

impl Executor for ContactImportUndos {
    fn kind(&self) -> JobKind {
        JobKind::ImportUndo
    }

    fn run(&self, claimed: &Claimed) -> Result<Attempt> {
        let payload: UndoPayload = claimed.job.payload_of::<ImportUndo>()?;
        let user = UserId::from_i64(payload.user_id);
        let origin = Origin {
            actor: Actor::User(user),
            family: self.family,
        };
        let lease = claimed.lease;
        loop {
            if claimed.must_stop() {
                return Ok(Attempt::Ends(End::Released));
            }
            let more = claimed.store.writing(origin.clone(), move |unit| step(unit, &lease, user))?;
            if !more {
                return Ok(Attempt::Ends(End::Completed));
            }
        }
    }
}

/// Takes back the newest of what is left; whether there was something.
fn step(unit: &mut dyn UnitOfWork, lease: &Lease, user: UserId) -> Result<bool> {
    let job = unit.jobs().held(lease)?;
    let payload: UndoPayload = job.payload_of::<ImportUndo>()?;
    let mut progress: UndoProgress = job.progress_of::<ImportUndo>()?;
    let import = JobId::from_i64(payload.import_id);
    let Some(changes) = next(unit, import, &mut progress)? else {
        return Ok(false);
    };
    let done = revert::revert(unit, &[import, job.id], &changes, user)?;
    progress.deleted += done.deleted;
    progress.reverted += done.reverted;
    progress.left += done.left.len() as u64;
    progress.before = changes.last().map(|change| change.seq);
    unit.imports().add_failures(job.id, &done.left)?;
    unit.imports().add_part(job.id)?;
    unit.jobs().advance(lease, to_json(&progress)?)?;
    Ok(true)
}

/// The newest changes of one unit of the import that were not dealt with, newest first.
fn next(unit: &mut dyn UnitOfWork, import: JobId, progress: &mut UndoProgress) -> Result<Option<Vec<Change>>> {
    loop {
        let Some(part) = progress.part.map(Stamp::from_micros) else {
            let last = unit.imports().last_part(import, Stamp::from_micros(i64::MAX))?;
            let Some(last) = last else { return Ok(None) };
            progress.part = Some(last.micros());
            continue;
        };
        let changes = changes_of(unit, part, progress.before)?;
        if !changes.is_empty() {
            return Ok(Some(changes));
        }
        let Some(earlier) = unit.imports().last_part(import, part)? else {
            return Ok(None);
        };
        (progress.part, progress.before) = (Some(earlier.micros()), None);
    }
}

/// The changes of contacts that a unit made, newest first, before this number.
fn changes_of(unit: &mut dyn UnitOfWork, part: Stamp, before: Option<i64>) -> Result<Vec<Change>> {
    let changes = unit.changes();
    let first = changes.first_since(part)?;
    let end = changes.first_since(Stamp::from_micros(part.micros().saturating_add(1)))?;
    let stretch = Stretch {
        after: first - 1,
        before: before.map_or(end, |before| before.min(end)),
        direction: Direction::Descending,
        limit: SLICE,
    };
    changes.list(&ChangeFilter::of_entities(vec![EntityKind::Contact]), &stretch)
}
