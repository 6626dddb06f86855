//! Rows as CSV, with or without a guard against formulas.
//!
//! A spreadsheet takes a cell that begins with one of `= + - @`, a tab or a carriage return for a formula, and may run it. Guarded, such
//! a cell begins with an apostrophe. A cell that begins with apostrophes and then one of these gets one more, so that taking one away
//! brings every cell back: [`unguarded`] is the inverse of [`guarded`], and a column named [`GUARD_HEADER`] says that a table is guarded.

use std::{borrow::Cow, io::Write};

use csv::{Terminator, WriterBuilder};

use super::ExportError;

/// The header of a column without cells, by which the importer knows a guarded table.
pub const GUARD_HEADER: &str = "crm_formula_guard";

/// What the header's column holds in each row, so that no tool drops it as empty.
const GUARDED_ROW: &str = "1";

/// For whom a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// The importer: every cell as it is.
    Plain,
    /// The importer and spreadsheets: guarded, with the column that says so.
    Marked,
    /// Spreadsheets: guarded, and without a column that nobody asked for. Lines end as RFC 4180 says.
    Download,
}

/// A table being written.
pub(super) struct Table<W: Write> {
    writer: csv::Writer<W>,
    format: Format,
}

impl<W: Write> Table<W> {
    /// Writes the headers.
    pub(super) fn start(output: W, columns: &[&str], format: Format) -> Result<Self, ExportError> {
        let mut table = Self::resume(output, format);
        let guard = (format == Format::Marked).then_some(GUARD_HEADER);
        table.record(columns.iter().copied().chain(guard))?;
        Ok(table)
    }

    /// Goes on with a table whose headers were written.
    pub(super) fn resume(output: W, format: Format) -> Self {
        let terminator = match format {
            Format::Plain | Format::Marked => Terminator::Any(b'\n'),
            Format::Download => Terminator::CRLF,
        };
        let writer = WriterBuilder::new().terminator(terminator).from_writer(output);
        Self { writer, format }
    }

    /// Writes a row.
    pub(super) fn write(&mut self, cells: &[String]) -> Result<(), ExportError> {
        if self.format == Format::Plain {
            return self.record(cells.iter().map(String::as_str));
        }
        let guard = (self.format == Format::Marked).then_some(GUARDED_ROW);
        let cells: Vec<Cow<'_, str>> = cells.iter().map(|cell| guarded(cell)).collect();
        self.record(cells.iter().map(|cell| &**cell).chain(guard))
    }

    /// Makes sure that the output has everything.
    pub(super) fn finish(mut self) -> Result<(), ExportError> {
        Ok(self.writer.flush()?)
    }

    fn record<'c>(&mut self, cells: impl Iterator<Item = &'c str>) -> Result<(), ExportError> {
        self.writer.write_record(cells).map_err(|error| ExportError::Write(error.into()))
    }
}

/// The cell as a spreadsheet shows it without running it.
pub fn guarded(cell: &str) -> Cow<'_, str> {
    if is_dangerous(cell) {
        format!("'{cell}").into()
    } else {
        cell.into()
    }
}

/// The cell that [`guarded`] made this of.
pub fn unguarded(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| is_dangerous(rest)).unwrap_or(cell)
}

fn is_dangerous(cell: &str) -> bool {
    cell.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r'])
}
