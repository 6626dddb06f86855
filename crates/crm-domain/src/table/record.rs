//! Cuts a stream of UTF-8 into records, within a size limit.
//!
//! The `csv` crate has no limit: one unclosed quote makes it take the rest of the file for one cell. So records are cut
//! here, by the same rules, and `csv` sees one at a time. A quote opens a quoted cell only at the start of a cell, a
//! doubled quote inside stands for itself, and a line ends with LF, CR LF or CR. In one thing this is stricter than
//! `csv`: behind the closing quote of a cell there may be spaces, which belong to the cell, but no other text. A stray
//! quote is mostly "closed" by the next one, and would else make one row of all records between them.
//!
//! How reading goes on after a record that has no end or a wrong one:
//!
//! * Over the limit or at the end of the file inside a quote, or with text behind the closing quote: the opening quote is
//!   taken for a stray one. The record is lost up to the end of the line on which that quote was opened, and the next
//!   line starts a record. No byte is looked at more than twice: all quotes between the stray one and the one that closes
//!   it are doubled, so none of them opens a cell that is still open at the end of its line; and if the closing one opens
//!   a cell this time, reading never goes back before the end of the line that it is on.
//! * Otherwise over the limit: the record is lost up to the end of the line on which it passed the limit.

use std::io;

use super::encoding::{Encoding, Input};
use super::problem::{RowError, RowProblem};

/// Longest record that is read, in bytes of UTF-8 without its line end.
pub const MAX_RECORD_BYTES: usize = 1024 * 1024;

/// The records of a table.
pub(super) struct Records {
    input: Input,
    delimiter: u8,
    buffer: Vec<u8>,
    /// Where the next record starts in `buffer`.
    start: usize,
    /// Physical line of `start`, counted from 1.
    line: u64,
    /// The byte before `start` is CR: a LF at `start` belongs to it.
    after_cr: bool,
    /// `start` is inside a record over the limit: the rest of its line comes off before the next record.
    skipping: bool,
}

/// Where a record is; valid until the next one is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) line: u64,
    start: usize,
    end: usize,
}

impl Records {
    /// `buffer` has the start of the table, `input` the rest.
    pub(super) fn new(input: Input, delimiter: u8, buffer: Vec<u8>) -> Self {
        Self {
            input,
            delimiter,
            buffer,
            start: 0,
            line: 1,
            after_cr: false,
            skipping: false,
        }
    }

    /// Moves over so many bytes at the start, which end with a line.
    pub(super) fn skip(&mut self, length: usize) {
        self.line += line_ends(&self.buffer[..length]);
        self.start += length;
    }

    /// The bytes of the record at `span`, without line end.
    pub(super) fn bytes(&self, span: Span) -> &[u8] {
        &self.buffer[span.start..span.end]
    }

    /// The next record that is not an empty line.
    pub(super) fn next_span(&mut self) -> Option<Result<Span, RowError>> {
        match self.find_start() {
            Ok(true) => {}
            Ok(false) => return None,
            Err(error) => return Some(Err(self.failed(&error))),
        }
        let mut scan = Scan::default();
        loop {
            let rest = &self.buffer[self.start..];
            if scan.run(rest.get(..=MAX_RECORD_BYTES).unwrap_or(rest), self.delimiter) {
                return Some(self.finish(&scan));
            }
            if scan.at > MAX_RECORD_BYTES {
                return Some(Err(self.over_limit(&scan)));
            }
            match self.refill() {
                Ok(true) => {}
                Ok(false) if scan.state == State::Quoted => return Some(Err(self.lost(&scan, RowProblem::UnclosedQuote))),
                Ok(false) => return Some(self.finish(&scan)),
                Err(error) => return Some(Err(self.failed(&error))),
            }
        }
    }

    /// Bytes held in memory.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.buffer.capacity()
    }

    /// Moves to the start of a record, over empty lines; `false` if there is none.
    fn find_start(&mut self) -> io::Result<bool> {
        if self.skipping {
            self.skip_line()?;
            self.skipping = false;
        }
        loop {
            match self.buffer.get(self.start) {
                Some(b'\n' | b'\r') => self.skip_line_end(),
                Some(_) => {
                    self.after_cr = false;
                    return Ok(true);
                }
                None => {
                    if !self.refill()? {
                        return Ok(false);
                    }
                }
            }
        }
    }

    /// Moves over the line end at `start`, if there is one.
    fn skip_line_end(&mut self) {
        let Some(byte @ (b'\n' | b'\r')) = self.buffer.get(self.start).copied() else {
            return;
        };
        let second_half = self.after_cr && byte == b'\n';
        self.line += u64::from(!second_half);
        self.after_cr = byte == b'\r';
        self.start += 1;
    }

    /// How the characters are written, as far as what was read tells.
    pub(super) fn encoding(&self) -> Encoding {
        self.input.encoding()
    }

    /// Appends a chunk to the buffer, dropping what lies before `start`; `false` at the end of the input.
    fn refill(&mut self) -> io::Result<bool> {
        self.buffer.drain(..self.start);
        self.start = 0;
        self.input.fill(&mut self.buffer)
    }

    /// The record that `scan` found the end of, unless it has text behind a closing quote.
    fn finish(&mut self, scan: &Scan) -> Result<Span, RowError> {
        if scan.state == State::BehindText {
            return Err(self.lost(scan, self.text_behind_quote(scan)));
        }
        Ok(self.take(scan))
    }

    /// The record that `scan` went over.
    fn take(&mut self, scan: &Scan) -> Span {
        let span = Span {
            line: self.line,
            start: self.start,
            end: self.start + scan.at,
        };
        self.advance(scan.at, scan.quote.is_some());
        span
    }

    /// Moves over `length` bytes of a record and the line end after them.
    fn advance(&mut self, length: usize, count_lines: bool) {
        let end = self.start + length;
        if count_lines {
            self.line += line_ends(&self.buffer[self.start..end]);
        }
        self.start = end;
        self.after_cr = false;
        self.skip_line_end();
    }

    fn over_limit(&mut self, scan: &Scan) -> RowError {
        let stray = self.stray_line(scan).is_some();
        let reason = match scan.state {
            // Behind a quote, the limit may have halved a doubled one.
            State::Quoted | State::AfterQuote if stray => RowProblem::UnclosedQuote,
            State::BehindText => self.text_behind_quote(scan),
            _ => RowProblem::TooLong,
        };
        if stray && reason != RowProblem::TooLong {
            return self.lost(scan, reason);
        }
        let error = self.error(reason, scan.at);
        self.line += line_ends(&self.buffer[self.start..self.start + scan.at]);
        self.start += scan.at;
        self.skipping = true;
        error
    }

    fn text_behind_quote(&self, scan: &Scan) -> RowProblem {
        let before = &self.buffer[self.start..self.start + scan.closing];
        RowProblem::TextBehindQuote {
            line: self.line + line_ends(before),
        }
    }

    /// Gives up the record for its stray quote: up to the end of the line with the quote opened last.
    fn lost(&mut self, scan: &Scan, reason: RowProblem) -> RowError {
        let error = self.error(reason, scan.at);
        self.advance(self.stray_line(scan).unwrap_or(scan.at), true);
        error
    }

    /// Length of the record up to the end of the line with the quote opened last, if that line ends within it.
    fn stray_line(&self, scan: &Scan) -> Option<usize> {
        let quote = scan.quote?;
        let record = &self.buffer[self.start..self.start + scan.at];
        Some(quote + record[quote..].iter().position(is_line_end)?)
    }

    /// Moves behind the end of the current line in constant memory.
    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let rest = &self.buffer[self.start..];
            if let Some(length) = rest.iter().position(is_line_end) {
                self.advance(length, false);
                return Ok(());
            }
            self.start = self.buffer.len();
            if !self.refill()? {
                return Ok(());
            }
        }
    }

    fn error(&self, reason: RowProblem, length: usize) -> RowError {
        RowError::new(self.line, reason, &self.buffer[self.start..self.start + length])
    }

    /// Gives up: the half record in the buffer is not worth having.
    fn failed(&mut self, error: &io::Error) -> RowError {
        let error = self.error(RowProblem::Read(error.to_string()), self.buffer.len() - self.start);
        self.start = self.buffer.len();
        self.skipping = false;
        error
    }
}

/// Looks for the end of one record, and can be resumed when its bytes come in pieces.
#[derive(Default)]
struct Scan {
    /// Bytes looked at; the length of the record when its end is found.
    at: usize,
    state: State,
    /// Where the quote opened last is.
    quote: Option<usize>,
    /// Where the quote is that closed a cell last, or half of a doubled one.
    closing: usize,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    CellStart,
    Plain,
    Quoted,
    /// Behind a quote in a quoted cell: its end, or the first half of a doubled quote.
    AfterQuote,
    /// In the spaces behind a closing quote.
    Closed,
    /// In or behind text that should not be behind a closing quote: what is left is the rest of the line.
    BehindText,
}

impl Scan {
    /// Goes on in `record`, which starts with the bytes seen before; `true` if `at` is its end.
    fn run(&mut self, record: &[u8], delimiter: u8) -> bool {
        while let Some(&byte) = record.get(self.at) {
            match self.state {
                State::Plain | State::BehindText => {
                    let plain = self.state == State::Plain;
                    let stop = |byte: &u8| plain && *byte == delimiter || is_line_end(byte);
                    self.at += record[self.at..].iter().position(stop).unwrap_or(record.len() - self.at);
                    let Some(&byte) = record.get(self.at) else {
                        return false;
                    };
                    if byte != delimiter {
                        return true;
                    }
                    self.state = State::CellStart;
                }
                State::Quoted => {
                    let close = record[self.at..].iter().position(|byte| *byte == b'"');
                    self.at += close.unwrap_or(record.len() - self.at);
                    if close.is_none() {
                        return false;
                    }
                    self.closing = self.at;
                    self.state = State::AfterQuote;
                }
                State::CellStart | State::AfterQuote | State::Closed if is_line_end(&byte) => return true,
                State::CellStart | State::AfterQuote | State::Closed => self.enter(byte, delimiter),
            }
            self.at += 1;
        }
        false
    }

    /// Takes a byte, not a line end, at the start of a cell or behind a quote.
    fn enter(&mut self, byte: u8, delimiter: u8) {
        self.state = match (self.state, byte) {
            (_, byte) if byte == delimiter => State::CellStart,
            (State::CellStart, b'"') => {
                self.quote = Some(self.at);
                State::Quoted
            }
            (State::CellStart, _) => State::Plain,
            // The second half of a doubled quote opens nothing.
            (State::AfterQuote, b'"') => State::Quoted,
            (_, b' ') => State::Closed,
            _ => State::BehindText,
        };
    }
}

fn is_line_end(byte: &u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// Line ends in `bytes`, CR LF counting once.
fn line_ends(bytes: &[u8]) -> u64 {
    let (mut count, mut after_cr) = (0, false);
    for &byte in bytes {
        count += u64::from(byte == b'\r' || byte == b'\n' && !after_cr);
        after_cr = byte == b'\r';
    }
    count
}
