//! What an import notes in each of its units of work, so that it can be taken up again: which rows are done is committed with them.

use std::sync::Arc;

use crate::{error::Result, table::Encoding, tenant::UnitOfWork};

use super::{
    columns::Columns,
    noun::Row,
    report::RowFailure,
    slice::{Fate, Outcome},
};

/// What one unit of work came to, or what is known besides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// How the characters of the file are read, as far as it was.
    pub encoding: Encoding,
    /// Every row up to this place in the file is done.
    pub until: u64,
    /// Rows that made a record.
    pub created: u64,
    /// The ids of the records that they made.
    pub made: Vec<i64>,
    /// Rows that changed one.
    pub updated: u64,
    /// Rows that said nothing new.
    pub unchanged: u64,
    /// Rows left out, since their record is there.
    pub skipped: u64,
    /// Rows not imported.
    pub failures: Vec<RowFailure>,
}

impl Part {
    /// Takes in what became of rows.
    pub(super) fn add(&mut self, columns: &Columns, rows: &[Row], outcomes: &[Outcome]) {
        for (row, outcome) in rows.iter().zip(outcomes) {
            match &outcome.fate {
                Fate::Created => {
                    self.created += 1;
                    self.made.extend(outcome.id);
                }
                Fate::Updated => self.updated += 1,
                Fate::Unchanged => self.unchanged += 1,
                Fate::Skipped => self.skipped += 1,
                Fate::Failed(error) => self.failures.push(columns.failure(row.place(), row.cells.clone(), error)),
            }
        }
    }
}

/// Keeps what an import came to.
pub trait Journal: Send + Sync + 'static {
    /// Keeps a part within the unit that wrote it: both are committed or neither.
    ///
    /// # Errors
    /// What ends the import; [`Lease::lost`](crate::tenant::job::Lease::lost) when it is somebody else's by now.
    fn note(&self, unit: &mut dyn UnitOfWork, part: Part) -> Result<()>;
}

/// How an import goes on.
#[derive(Clone)]
pub struct Resume {
    /// Where it is noted.
    pub journal: Arc<dyn Journal>,
    /// How many rows of the file are done.
    pub done: u64,
}
