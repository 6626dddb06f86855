//! What can be wrong with a table ([`TableError`]: nothing can be read) and with one of its rows ([`RowError`]: the
//! others can).

use std::io;

use super::{MAX_COLUMNS, MAX_RECORD_BYTES};

/// Longest excerpt of a bad row that an error carries, in bytes of UTF-8.
const MAX_RAW_BYTES: usize = 1024;

/// The table cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// There is no header row: the input has no bytes, or only a byte order mark and blank lines.
    #[error("the file is empty")]
    Empty,
    /// The input is no text: a picture, an archive, a document.
    #[error("the file is not a table of text")]
    Binary,
    /// The header row has more than [`MAX_COLUMNS`] columns.
    #[error("the header row has {found} columns, at most {MAX_COLUMNS} are allowed")]
    TooManyColumns {
        /// Columns in the header row.
        found: usize,
    },
    /// The header row cannot be read.
    #[error("the header row cannot be read: {0}")]
    Header(RowError),
    /// The input could not be read up to its first 64 KiB.
    #[error("the file cannot be read: {0}")]
    Io(#[from] io::Error),
}

/// One row that cannot be used. Iteration goes on after it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct RowError {
    /// Physical line on which the record starts, counted from 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: RowProblem,
    /// Its cells, as far as they can be told: those of a row that has too few.
    pub cells: Vec<String>,
    /// How the record starts, for a person to find it: at most 1 KiB, undecodable bytes shown as U+FFFD.
    pub raw: String,
}

impl RowError {
    pub(super) fn new(line: u64, reason: RowProblem, record: &[u8]) -> Self {
        Self {
            line,
            reason,
            cells: Vec::new(),
            raw: excerpt(record),
        }
    }
}

/// Why a row cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowProblem {
    /// The row has fewer cells than the header, or more (not counting empty cells at its end).
    #[error("expected {expected} cells, found {found}")]
    Ragged {
        /// Columns in the header.
        expected: usize,
        /// Cells in the row.
        found: usize,
    },
    /// A quoted cell is not closed before the end of the file, or not within [`MAX_RECORD_BYTES`]. Reading goes on
    /// with the line after the one on which the quote was opened.
    #[error("a quoted cell is never closed")]
    UnclosedQuote,
    /// Behind the closing quote of a cell there is more than spaces: one of its quotes does not belong there. Reading
    /// goes on with the line after the one on which the cell's quote was opened.
    #[error("text behind a closing quote at line {line}")]
    TextBehindQuote {
        /// Physical line of the closing quote, counted from 1.
        line: u64,
    },
    /// The record is longer than [`MAX_RECORD_BYTES`]. Reading goes on with the next physical line.
    #[error("the row is longer than {MAX_RECORD_BYTES} bytes")]
    TooLong,
    /// The row has bytes that mean nothing in the encoding of the file.
    #[error("the row has bytes that are not valid text in the file's encoding")]
    InvalidEncoding,
    /// A cell has a NUL character, which no database text column takes.
    #[error("a cell has a NUL character")]
    NulByte,
    /// The input failed while this record was being read. It is the last thing the reader gives.
    #[error("the file cannot be read any further: {0}")]
    Read(String),
}

/// The start of `record` as text, never longer than [`MAX_RAW_BYTES`].
fn excerpt(record: &[u8]) -> String {
    // Four bytes more than wanted: a character that this cut halves lies beyond the second cut.
    let start = record.get(..MAX_RAW_BYTES + 4).unwrap_or(record);
    let mut text = String::from_utf8_lossy(start).into_owned();
    text.truncate(text.floor_char_boundary(MAX_RAW_BYTES));
    text
}
