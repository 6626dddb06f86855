//! What imports keep beside their jobs: the file as long as it is needed, the rows that failed, and which units they wrote in.

use crate::{error::Result, id::JobId, stamp::Stamp};

/// Bytes of one chunk of a file.
pub const CHUNK: usize = 1 << 20;

/// A row that was not imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFailure {
    /// Its place among the rows of the file, counted from 1.
    pub record: u64,
    /// Physical line on which the row starts, counted from 1.
    pub line: u64,
    /// The headers of the columns at fault, joined by `, `; empty when no column is.
    pub column: String,
    /// What is wrong.
    pub reason: String,
    /// The row as it stands in the file; empty when it could not be cut into cells.
    pub cells: Vec<String>,
    /// How the row starts, when it could not be cut into cells.
    pub raw: Option<String>,
}

/// Reads what imports keep.
pub trait ImportReads {
    /// A chunk of an import's file, counted from 0; `None` behind the last one, and when the file is gone.
    fn chunk(&mut self, job: JobId, number: u32) -> Result<Option<Vec<u8>>>;
    /// Up to `limit` of the rows that failed whose place is greater than `after`, in the order of the file.
    fn failures(&mut self, job: JobId, after: u64, limit: u32) -> Result<Vec<RowFailure>>;
    /// The last unit before `before` in which the import wrote.
    fn last_part(&mut self, job: JobId, before: Stamp) -> Result<Option<Stamp>>;
    /// Which of these stamps are of units in which one of these jobs wrote.
    fn parts_among(&mut self, jobs: &[JobId], stamps: &[Stamp]) -> Result<Vec<Stamp>>;
}

/// Writes what imports keep. It goes with the job.
pub trait ImportRepository: ImportReads {
    /// Keeps a chunk of an import's file.
    fn add_chunk(&mut self, job: JobId, number: u32, body: &[u8]) -> Result<()>;
    /// Forgets the file.
    fn remove_file(&mut self, job: JobId) -> Result<()>;
    /// Keeps rows that failed; what is kept of a place already stays.
    fn add_failures(&mut self, job: JobId, failures: &[RowFailure]) -> Result<()>;
    /// Forgets the rows that failed.
    fn remove_failures(&mut self, job: JobId) -> Result<()>;
    /// Notes that this unit is one in which the import writes.
    fn add_part(&mut self, job: JobId) -> Result<()>;
}
