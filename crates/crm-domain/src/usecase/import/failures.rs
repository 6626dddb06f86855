//! The table of rows that failed: why, and the row as it was, so that it can be mended and imported again.

use csv::Writer;

use super::report::RowFailure;
use crate::{
    error::{Error, Result},
    usecase::export::{GUARD_HEADER, guarded, is_download, unguarded},
};

/// What stands before the row's own columns.
pub const FAILURE_HEADERS: [&str; 3] = ["import_line", "import_column", "import_reason"];

/// A failure under [`FAILURE_HEADERS`] and so many columns of its own. A row that could not be cut into cells stands in the first as it begins.
pub fn failure_cells(failure: &RowFailure, columns: usize) -> Vec<String> {
    let mut cells = failure.cells.clone();
    cells.resize(columns, String::new());
    if let (Some(raw), Some(first)) = (&failure.raw, cells.first_mut()) {
        first.clone_from(raw);
    }
    let reason = [failure.line.to_string(), failure.column.clone(), failure.reason.clone()];
    reason.into_iter().chain(cells).collect()
}

/// The same table for whoever opens it in a spreadsheet: guarded against formulas, with the column that says so.
pub struct FailureTable {
    headers: Vec<String>,
    /// Whether the rows' own cells stand guarded in their file.
    is_guarded: bool,
}

impl FailureTable {
    /// A table of rows of a file with these headers.
    pub fn new(headers: Vec<String>) -> Self {
        Self {
            is_guarded: is_guarded(&headers),
            headers,
        }
    }

    /// Its first line.
    ///
    /// # Errors
    /// [`Error::Internal`].
    pub fn start(&self) -> Result<Vec<u8>> {
        let own = self.headers.iter().map(|header| guarded(header).into_owned());
        let line = FAILURE_HEADERS.map(str::to_owned).into_iter().chain(own);
        lines([line.chain(self.mark(GUARD_HEADER)).collect()])
    }

    /// The lines of rows.
    ///
    /// # Errors
    /// [`Error::Internal`].
    pub fn rows(&self, failures: &[RowFailure]) -> Result<Vec<u8>> {
        lines(failures.iter().map(|failure| {
            let cells = failure_cells(failure, self.headers.len()).into_iter().enumerate();
            let was_guarded = |index: usize| self.is_guarded && index >= FAILURE_HEADERS.len() && failure.raw.is_none();
            // Of a table that is taken for guarded, somebody may have written a cell anew.
            let bare = |index, cell: &str| {
                if was_guarded(index) {
                    unguarded(cell).to_owned()
                } else {
                    cell.to_owned()
                }
            };
            let cells = cells.map(|(index, cell)| guarded(&bare(index, &cell)).into_owned());
            cells.chain(self.mark("1")).collect()
        }))
    }

    /// The cell of the column that says that the table is guarded, where it has none of its own.
    fn mark(&self, cell: &str) -> Option<String> {
        let has_own = self.headers.iter().any(|header| header == GUARD_HEADER);
        (!has_own).then(|| cell.to_owned())
    }
}

/// Whether an export guarded the cells under these headers against formulas.
pub(super) fn is_guarded(headers: &[String]) -> bool {
    headers.iter().any(|header| header == GUARD_HEADER) || is_download(headers)
}

fn lines(rows: impl IntoIterator<Item = Vec<String>>) -> Result<Vec<u8>> {
    let failed = |error: &dyn std::fmt::Display| Error::Internal(format!("a table of failures: {error}"));
    let mut writer = Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).map_err(|error| failed(&error))?;
    }
    writer.into_inner().map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(headers: &[&str], failures: &[RowFailure]) -> String {
        let table = FailureTable::new(headers.iter().map(ToString::to_string).collect());
        let text = [table.start().unwrap(), table.rows(failures).unwrap()].concat();
        String::from_utf8(text).unwrap()
    }

    fn failure(cells: &[&str], raw: Option<&str>) -> RowFailure {
        RowFailure {
            record: 2,
            line: 3,
            column: "=Email".to_owned(),
            reason: "bad".to_owned(),
            cells: cells.iter().map(ToString::to_string).collect(),
            raw: raw.map(str::to_owned),
        }
    }

    #[test]
    fn a_downloaded_table_runs_no_formula_and_reads_back() {
        let shown = table(&["Name", "=Email"], &[failure(&["=1+1", "x"], None), failure(&[], Some("@raw"))]);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(
            lines,
            [
                "import_line,import_column,import_reason,Name,'=Email,crm_formula_guard",
                "3,'=Email,bad,'=1+1,x,1",
                "3,'=Email,bad,'@raw,,1",
            ]
        );
        // What was guarded before is not guarded twice.
        let shown = table(&["Name", GUARD_HEADER], &[failure(&["'=1+1", "1"], None)]);
        assert_eq!(shown.lines().nth(1), Some("3,'=Email,bad,'=1+1,1"));
        // What somebody wrote anew into a table that is taken for guarded runs no more than the rest.
        let shown = table(&["Email", "Title"], &[failure(&["bad", "=1+1"], None)]);
        assert_eq!(shown.lines().nth(1), Some("3,'=Email,bad,bad,'=1+1,1"));
    }
}
