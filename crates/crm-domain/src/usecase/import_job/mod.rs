//! Imports of contacts as jobs (contract D-184 … D-192): any process may run them, and take them up where another ended.
//!
//! The uploaded file lies beside the job in chunks. It is added with the job before it is whole, and the job is not due yet; so that an
//! upload that breaks off ends by itself, as a job whose file lacks its end.

mod file;
mod follow_up;
mod run;
mod shape;
mod undo;

pub use run::ContactImports;
pub use shape::{ContactImport, ImportPayload, ImportProgress, ImportUndo, UndoPayload, UndoProgress};
pub use undo::{ContactImportUndos, undo};

use std::time::Duration;

use uuid::Uuid;

use crate::{
    control::work::Promise,
    error::{Error, Result},
    field::Text,
    tenant::{
        UnitOfWork,
        job::{Job, JobKind, JobReads, NewJob},
    },
    usecase::jobs,
};

/// Within this time the whole file must have been kept.
const UPLOAD: Duration = Duration::from_secs(15 * 60);

/// What an import is called where it is not found.
pub const NOUN: &str = "import";

/// Adds an import whose file is yet to be kept, chunk by chunk, by [`keep_chunk`]; [`begin`] then has it run.
///
/// # Errors
/// Those of [`jobs::submit`].
pub fn open(unit: &mut dyn UnitOfWork, promise: &Promise, payload: &ImportPayload, filename: Option<Text<255>>) -> Result<Job> {
    let due_at = unit.stamp().plus(UPLOAD);
    let new = NewJob {
        filename,
        ..NewJob::of::<ContactImport>(payload, due_at)?
    };
    jobs::submit(unit, promise, new)
}

/// Keeps a chunk of an import's file.
///
/// # Errors
/// [`Error::State`] when the import was cancelled, or took too long to arrive.
pub fn keep_chunk(unit: &mut dyn UnitOfWork, import: &Job, number: u32, body: &[u8]) -> Result<()> {
    waiting(unit, import)?;
    unit.imports().add_chunk(import.id, number, body)
}

/// Has an import run whose file is whole.
///
/// # Errors
/// [`Error::State`] when the import was cancelled, or took too long to arrive.
pub fn begin(unit: &mut dyn UnitOfWork, promise: &Promise, import: &Job) -> Result<()> {
    let now = unit.stamp();
    promise.check(now)?;
    waiting(unit, import)?;
    // An empty chunk behind the last one: whose sender went away before here was not answered, and does not import.
    let payload: ImportPayload = import.payload_of::<ContactImport>()?;
    unit.imports().add_chunk(import.id, payload.chunks, &[])?;
    unit.jobs().postpone(import.id, now)
}

fn waiting(unit: &mut dyn UnitOfWork, import: &Job) -> Result<()> {
    let now = unit.jobs().lookup(import.id)?;
    let state = now.map_or("gone", |job| job.state.as_str());
    if state == import.state.as_str() {
        return Ok(());
    }
    Err(Error::state(NOUN, import.uuid, state, "begun"))
}

/// The import, or the undoing of one, with this uuid.
///
/// # Errors
/// [`Error::NotFound`].
pub fn find(jobs: &mut (impl JobReads + ?Sized), uuid: Uuid) -> Result<Job> {
    let found = jobs.lookup_uuid(uuid)?;
    let found = found.filter(|job| matches!(job.kind, JobKind::Import | JobKind::ImportUndo));
    found.ok_or_else(|| Error::not_found(NOUN, uuid))
}

/// Ends an import, or the undoing of one, where it is; what it did stays.
///
/// # Errors
/// [`Error::NotFound`], [`Error::State`] when it is over.
pub fn cancel(unit: &mut dyn UnitOfWork, uuid: Uuid) -> Result<Job> {
    let job = find(unit.jobs(), uuid)?;
    if job.state.is_final() {
        return Err(Error::state(NOUN, uuid, job.state.as_str(), "cancelled"));
    }
    unit.imports().remove_file(job.id)?;
    unit.jobs().cancel(job.id)
}
