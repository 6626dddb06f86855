//! What an import tells its caller.

use std::collections::BTreeMap;

use serde::Serialize;

pub use crate::tenant::import::RowFailure;
use crate::{
    error::Error,
    table::{Encoding, MappingError, RowError, TableError},
};

/// Why an import cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The table cannot be read at all.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A mapping override makes no sense.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// No column holds what every row needs.
    #[error("no column of the file holds the {kind}' names (one of: {fields}); its columns are: {headers}")]
    NoNameColumn {
        /// The plural noun.
        kind: &'static str,
        /// The fields that would do.
        fields: String,
        /// The file's headers.
        headers: String,
    },
    /// Another option makes no sense.
    #[error("{0}")]
    Option(String),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] Error),
    /// The observer could not keep what it was told, e.g. its disk is full.
    #[error("the import's report cannot be written: {0}")]
    Report(#[from] std::io::Error),
}

/// What became of a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnUse {
    /// Its header.
    pub header: String,
    /// The field it feeds; a custom one as `customFields.key`.
    pub field: Option<String>,
}

impl RowFailure {
    /// The row of this place could not be cut into cells.
    pub(super) fn unreadable(record: u64, error: RowError) -> Self {
        Self {
            record,
            line: error.line,
            column: String::new(),
            reason: error.reason.to_string(),
            raw: error.cells.is_empty().then_some(error.raw),
            cells: error.cells,
        }
    }
}

/// What an import did; of a dry run, what it would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// How the characters of the file were read.
    pub encoding: Encoding,
    /// Rows read: each is created, updated, unchanged, skipped or failed.
    pub read: u64,
    /// Rows that made a record.
    pub created: u64,
    /// Rows that changed a record that was there, also one made by an earlier row.
    pub updated: u64,
    /// Rows that said nothing new.
    pub unchanged: u64,
    /// Rows left out, since their record is there and stays as it is.
    #[serde(skip)]
    pub skipped: u64,
    /// Rows not imported.
    pub failed: u64,
    /// Rows whose external id an earlier row of the file has, with other cells: they overwrite it.
    pub repeated_ids: u64,
    /// Imported opportunities by their stage.
    pub stages: BTreeMap<String, u64>,
    /// Stages that did not exist before.
    pub stages_created: u64,
    /// Users made for owners (and managers) that the file names.
    pub owners_created: u64,
    /// Accounts made for opportunities.
    pub accounts_created: u64,
    /// Accounts whose parent was found.
    pub parents_set: u64,
    /// Accounts imported without the parent that their row names, since it was not found; told as failures, too.
    pub parents_failed: u64,
}

/// Follows an import. An error ends it.
pub trait Observer {
    /// Before the first row: what became of the columns.
    fn mapped(&mut self, _columns: &[ColumnUse]) -> std::io::Result<()> {
        Ok(())
    }

    /// A row was not imported. Comes in the order of lines within a slice.
    fn failed(&mut self, failure: &RowFailure) -> std::io::Result<()>;

    /// After each slice: what was done so far.
    fn progressed(&mut self, _so_far: &Summary) -> std::io::Result<()> {
        Ok(())
    }
}
