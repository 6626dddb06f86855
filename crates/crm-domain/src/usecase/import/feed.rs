//! Reads and parses the next slices on a thread of its own, while the current one is being written.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, mpsc::SyncSender},
};

use crate::{
    error::{Error, Result},
    field::Text,
    table::{Encoding, TableReader},
    tenant::TenantStore,
};

use super::{
    noun::{Noun, Row},
    owner::Owners,
    report::RowFailure,
};

/// Bytes of cells from which a slice is full whatever its rows: bounds memory when rows are long.
const SLICE_BYTES: usize = 2 * 1024 * 1024;

/// Slices that wait for the writer: one to have at hand, one being made.
pub(super) const AHEAD: usize = 1;

/// Rows ready to be written.
pub(super) struct Slice<N: Noun> {
    pub(super) noun: Arc<N>,
    pub(super) rows: Arc<Vec<Row>>,
    /// The rows, parsed, as new records.
    pub(super) parsed: Vec<N::Parsed>,
    /// What cannot be written.
    pub(super) failures: Vec<RowFailure>,
    /// Records read: good and bad.
    pub(super) read: u64,
    /// The place of its last record in the file.
    pub(super) until: u64,
    /// How its characters were read.
    pub(super) encoding: Encoding,
    pub(super) owners_created: u64,
}

/// Makes slices.
pub(super) struct Feed<'a, N: Noun> {
    pub(super) reader: TableReader,
    pub(super) noun: Arc<N>,
    pub(super) owners: Owners,
    pub(super) store: &'a dyn TenantStore,
    pub(super) slice_rows: usize,
    /// How many records were read so far; these are gone over first.
    pub(super) done: u64,
    /// How many rows had each twin key.
    pub(super) twins: HashMap<u64, usize>,
}

impl<N: Noun> Feed<'_, N> {
    /// Sends slices until the table ends, a slice cannot be made, or nobody wants any more.
    pub(super) fn run(mut self, slices: &SyncSender<Result<Slice<N>>>) {
        for _ in 0..self.done {
            if self.reader.next_row().is_none() {
                return;
            }
        }
        loop {
            let (rows, failures) = self.read_rows();
            if rows.is_empty() && failures.is_empty() {
                return;
            }
            let slice = self.make_slice(rows, failures);
            let stop = slice.is_err();
            if slices.send(slice).is_err() || stop {
                return;
            }
        }
    }

    fn read_rows(&mut self) -> (Vec<Row>, Vec<RowFailure>) {
        let (mut rows, mut failures, mut bytes) = (Vec::with_capacity(self.slice_rows), Vec::new(), 0);
        while rows.len() + failures.len() < self.slice_rows && bytes < SLICE_BYTES {
            let Some(read) = self.reader.next_row() else { break };
            self.done += 1;
            match read {
                Err(error) => failures.push(RowFailure::unreadable(self.done, error)),
                Ok(row) => {
                    bytes += row.cells.iter().map(String::len).sum::<usize>();
                    rows.push(Row {
                        record: self.done,
                        line: row.line,
                        cells: row.cells,
                        owner: None,
                        twin: 0,
                    });
                }
            }
        }
        (rows, failures)
    }

    fn make_slice(&mut self, rows: Vec<Row>, mut failures: Vec<RowFailure>) -> Result<Slice<N>> {
        let (read, until) = ((rows.len() + failures.len()) as u64, self.done);
        if let Some(noun) = self.noun.prepared(&rows, self.store)? {
            self.noun = Arc::new(noun);
        }
        let (mut rows, parsed) = self.parse(rows, &mut failures);
        self.count_twins(&mut rows, &parsed);
        let owners_created = self.name_owners(&mut rows)?;
        failures.sort_by_key(|failure| failure.record);
        Ok(Slice {
            noun: self.noun.clone(),
            rows: Arc::new(rows),
            parsed,
            failures,
            read,
            until,
            encoding: self.reader.encoding(),
            owners_created,
        })
    }

    /// The rows that are valid, and the records that they would be.
    fn parse(&self, rows: Vec<Row>, failures: &mut Vec<RowFailure>) -> (Vec<Row>, Vec<N::Parsed>) {
        let (mut valid, mut records) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
        for row in rows {
            match self.parse_row(&row) {
                Ok(parsed) => {
                    valid.push(row);
                    records.push(parsed);
                }
                Err(error) => failures.push(self.noun.columns().failure(row.place(), row.cells, &error)),
            }
        }
        (valid, records)
    }

    fn count_twins(&mut self, rows: &mut [Row], parsed: &[N::Parsed]) {
        for (row, parsed) in rows.iter_mut().zip(parsed) {
            if let Some(key) = self.noun.twin_key(row, parsed) {
                let count = self.twins.entry(key).or_default();
                row.twin = *count;
                *count += 1;
            }
        }
    }

    fn parse_row(&self, row: &Row) -> Result<N::Parsed> {
        if let Some(owner) = self.noun.columns().text(&row.cells, "owner") {
            Text::<255>::parse(owner).map_err(|problem| Error::invalid("owner_id", problem))?;
        }
        self.noun.parse(&row.cells)
    }

    /// Finds or makes the users that the rows name; returns how many were made.
    fn name_owners(&mut self, rows: &mut [Row]) -> Result<u64> {
        let columns = self.noun.columns().clone();
        if !columns.has("owner") {
            return Ok(0);
        }
        let mut seen = HashSet::new();
        let distinct = rows
            .iter()
            .filter_map(|row| columns.text(&row.cells, "owner"))
            .filter(|name| seen.insert(*name));
        // A name that is no valid one has failed its row already.
        let names: Vec<Text<255>> = distinct.filter_map(|name| Text::parse(name).ok()).collect();
        let made = self.owners.ensure(&names)?;
        for row in rows {
            row.owner = columns.text(&row.cells, "owner").and_then(|name| self.owners.find(name));
        }
        Ok(made)
    }
}
