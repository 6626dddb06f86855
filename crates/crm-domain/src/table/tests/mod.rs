//! Tests of table reading: one file per question.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod delimiter;
mod encoding;
mod header;
mod mapping;
mod properties;
mod recovery;
mod rows;

use std::io::{self, Cursor, Read};

use super::{RowError, RowProblem, TableError, TableOptions, TableReader};

/// What a row came to, briefly: its line, and its cells or its problem.
type Outcome = (u64, Result<Vec<String>, RowProblem>);

fn open(bytes: impl Into<Vec<u8>>) -> Result<TableReader, TableError> {
    TableReader::open(Cursor::new(bytes.into()), TableOptions::default())
}

fn outcome(row: Result<super::Row, RowError>) -> Outcome {
    match row {
        Ok(row) => (row.line, Ok(row.cells)),
        Err(error) => (error.line, Err(error.reason)),
    }
}

fn read(bytes: impl Into<Vec<u8>>) -> Vec<Outcome> {
    open(bytes).unwrap().map(outcome).collect()
}

fn good(line: u64, cells: &[&str]) -> Outcome {
    (line, Ok(cells.iter().map(ToString::to_string).collect()))
}

fn bad(line: u64, reason: RowProblem) -> Outcome {
    (line, Err(reason))
}

fn ragged(line: u64, expected: usize, found: usize) -> Outcome {
    bad(line, RowProblem::Ragged { expected, found })
}

/// `count` bytes that never exist at once.
fn repeated(byte: u8, count: u64) -> impl Read + Send + 'static {
    io::repeat(byte).take(count)
}

fn utf16(text: &str, bytes_of: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes_of).collect()
}
