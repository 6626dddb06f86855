//! Rows of a table, checked against its header.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::io::{self, Read};

use csv::StringRecord;

use super::delimiter::Delimiter;
use super::encoding::{Encoding, Input};
use super::preamble::Preamble;
use super::problem::{RowError, RowProblem, TableError};
use super::record::Records;

/// Most columns that a table may have.
pub const MAX_COLUMNS: usize = 1000;

/// What a caller knows about a table; what it does not know is found out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TableOptions {
    /// What separates the cells; `None`: told by the first 64 KiB.
    pub delimiter: Option<Delimiter>,
    /// How characters are written; `None`: told by the byte order mark or the first 64 KiB. Text that is not valid
    /// UTF-8 within those is taken for Windows-1252, unless it has UTF-8 characters beyond ASCII and not clearly more
    /// invalid ones: then, and if it is invalid only later, each row with an invalid one is lost.
    pub encoding: Option<Encoding>,
}

/// One good row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Physical line on which the record starts, counted from 1.
    pub line: u64,
    /// The cells as written, not trimmed: exactly as many as there are headers.
    pub cells: Vec<String>,
}

/// Reads a table row by row, in memory that does not depend on its size.
///
/// Empty lines are skipped. Line ends are LF, CR LF or CR. As an iterator it is [`TableReader::next_row`].
pub struct TableReader {
    records: Records,
    cells: CellSplitter,
    headers: Vec<String>,
    delimiter: Delimiter,
}

impl TableReader {
    /// Reads the start of `input`: finds out what `options` leaves open, and takes the first record for the header, behind what some programs
    /// write before it: Excel's `sep=;`, LinkedIn's `Notes:`.
    ///
    /// Reads blockingly, 64 KiB at a time, so `input` needs no buffer of its own.
    ///
    /// # Errors
    ///
    /// [`TableError`], if there is no header, it has more than [`MAX_COLUMNS`] columns or a defect of its own, or
    /// `input` fails.
    pub fn open(input: impl Read + Send + 'static, options: TableOptions) -> Result<Self, TableError> {
        let mut start = Vec::new();
        let input = Input::open(Box::new(input), options.encoding, &mut start)?;
        if input.is_binary() {
            return Err(TableError::Binary);
        }
        let preamble = Preamble::of(&start);
        let known = options.delimiter.or(preamble.delimiter);
        let delimiter = known.unwrap_or_else(|| Delimiter::detect(&start[preamble.length..], input.ended()));
        let mut records = Records::new(input, delimiter.as_byte(), start);
        records.skip(preamble.length);
        let mut cells = CellSplitter::new(delimiter);
        let headers = read_headers(&mut records, &mut cells)?;
        Ok(Self {
            records,
            cells,
            headers,
            delimiter,
        })
    }

    /// The column names, trimmed and all different: an empty one is `Column 3` (counted from 1), a repeated one
    /// `Phone (2)`.
    #[must_use]
    pub fn headers(&self) -> &[String] {
        &self.headers
    }

    /// What separates the cells.
    #[must_use]
    pub fn delimiter(&self) -> Delimiter {
        self.delimiter
    }

    /// How the characters are written, as far as what was read tells: it is settled with the first one that is not ASCII.
    #[must_use]
    pub fn encoding(&self) -> Encoding {
        self.records.encoding()
    }

    /// The next row, or what is wrong with it; `None` at the end.
    ///
    /// After an error the rows go on; each variant of [`RowProblem`] says where. After [`RowProblem::Read`] comes
    /// nothing any more.
    pub fn next_row(&mut self) -> Option<Result<Row, RowError>> {
        let span = match self.records.next_span()? {
            Ok(span) => span,
            Err(error) => return Some(Err(error)),
        };
        let record = self.records.bytes(span);
        let cells = self.cells.row(record, self.headers.len());
        Some(match cells {
            Ok(cells) => Ok(Row { line: span.line, cells }),
            Err(reason) => Err(RowError {
                cells: self.cells.few(&reason),
                ..RowError::new(span.line, reason, record)
            }),
        })
    }

    /// Bytes held in memory for records.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.records.held()
    }
}

impl Iterator for TableReader {
    type Item = Result<Row, RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_row()
    }
}

impl fmt::Debug for TableReader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TableReader")
            .field("headers", &self.headers)
            .field("delimiter", &self.delimiter)
            .field("encoding", &self.encoding())
            .finish_non_exhaustive()
    }
}

fn read_headers(records: &mut Records, cells: &mut CellSplitter) -> Result<Vec<String>, TableError> {
    let span = records.next_span().ok_or(TableError::Empty)?.map_err(TableError::Header)?;
    let record = records.bytes(span);
    let names = cells
        .split(record)
        .map_err(|reason| TableError::Header(RowError::new(span.line, reason, record)))?;
    if names.len() > MAX_COLUMNS {
        return Err(TableError::TooManyColumns { found: names.len() });
    }
    Ok(distinct_names(names))
}

/// Trims the names, fills the gaps and numbers repetitions. A number never makes a name that another column has.
fn distinct_names(record: &StringRecord) -> Vec<String> {
    let names: Vec<String> = record.iter().enumerate().map(|(index, name)| column_name(index, name)).collect();
    let mut taken: HashSet<String> = names.iter().cloned().collect();
    let mut last_number: HashMap<String, usize> = HashMap::new();
    let mut distinct = Vec::with_capacity(names.len());
    for name in names {
        let Some(number) = last_number.get_mut(&name) else {
            last_number.insert(name.clone(), 1);
            distinct.push(name);
            continue;
        };
        let numbered = loop {
            *number += 1;
            let candidate = format!("{name} ({number})");
            if taken.insert(candidate.clone()) {
                break candidate;
            }
        };
        distinct.push(numbered);
    }
    distinct
}

fn column_name(index: usize, name: &str) -> String {
    let name = name.trim_matches(|character: char| character.is_whitespace() || character == '\u{FEFF}');
    if name.is_empty() {
        format!("Column {}", index + 1)
    } else {
        name.to_owned()
    }
}

/// Cuts records into cells with one `csv` reader, whose state machine and buffers are costly to make.
struct CellSplitter {
    reader: csv::Reader<OneRecord>,
    cells: StringRecord,
}

impl CellSplitter {
    fn new(delimiter: Delimiter) -> Self {
        let reader = csv::ReaderBuilder::new()
            .delimiter(delimiter.as_byte())
            .has_headers(false)
            .flexible(true)
            .from_reader(OneRecord::default());
        Self {
            reader,
            cells: StringRecord::new(),
        }
    }

    /// The cells of `record`, which `Records` cut by the same rules as `csv` would, so that it is read entirely.
    fn split(&mut self, record: &[u8]) -> Result<&StringRecord, RowProblem> {
        self.reader.get_mut().set(record);
        // OneRecord never fails and the lengths are free: what is left is invalid UTF-8.
        self.reader.read_record(&mut self.cells).map_err(|_| RowProblem::InvalidEncoding)?;
        if record.contains(&0) {
            return Err(RowProblem::NulByte);
        }
        Ok(&self.cells)
    }

    /// The cells of the record that was cut last, if what is wrong with it is that they are too few.
    fn few(&self, reason: &RowProblem) -> Vec<String> {
        match reason {
            RowProblem::Ragged { expected, found } if found < expected => self.cells.iter().map(str::to_owned).collect(),
            _ => Vec::new(),
        }
    }

    /// The cells of a row under a header of `expected` columns.
    fn row(&mut self, record: &[u8], expected: usize) -> Result<Vec<String>, RowProblem> {
        let cells = self.split(record)?;
        let found = cells.len();
        if found < expected || cells.iter().skip(expected).any(|cell| !cell.is_empty()) {
            return Err(RowProblem::Ragged { expected, found });
        }
        Ok(cells.iter().take(expected).map(str::to_owned).collect())
    }
}

/// What `csv` reads from: one record and its line end.
#[derive(Default)]
struct OneRecord {
    bytes: Vec<u8>,
    at: usize,
}

impl OneRecord {
    fn set(&mut self, record: &[u8]) {
        self.bytes.clear();
        self.bytes.extend_from_slice(record);
        self.bytes.push(b'\n');
        self.at = 0;
    }
}

impl Read for OneRecord {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let rest = &self.bytes[self.at..];
        let length = rest.len().min(target.len());
        target[..length].copy_from_slice(&rest[..length]);
        self.at += length;
        Ok(length)
    }
}
