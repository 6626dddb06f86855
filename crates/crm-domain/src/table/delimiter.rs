//! What separates the cells of a table.

use std::cmp::Reverse;

/// Records that the guess looks at.
const SAMPLE_RECORDS: usize = 50;

/// What separates two cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Delimiter {
    /// `,`
    Comma,
    /// `;`, as spreadsheets write where the comma is the decimal mark.
    Semicolon,
    /// The tab character.
    Tab,
    /// `|`
    Pipe,
}

impl Delimiter {
    /// Every delimiter, in the order in which a tie is decided.
    pub const ALL: [Self; 4] = [Self::Comma, Self::Semicolon, Self::Tab, Self::Pipe];

    /// The delimiter written as `character`, if it is one.
    #[must_use]
    pub fn from_char(character: char) -> Option<Self> {
        Self::ALL.into_iter().find(|delimiter| char::from(delimiter.as_byte()) == character)
    }

    /// The delimiter as the ASCII byte that stands in the file.
    #[must_use]
    pub fn as_byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
            Self::Pipe => b'|',
        }
    }

    fn index_of(byte: u8) -> Option<usize> {
        Self::ALL.iter().position(|delimiter| delimiter.as_byte() == byte)
    }

    /// Tells the delimiter by the start of a table in UTF-8; `whole` says that `sample` is the entire table.
    ///
    /// A candidate must occur in the first record. The one wins under which most records have as many cells as the
    /// first; then the one with most columns (`1;2,50;3` has three, not two). A table without any has one column,
    /// and any answer would do: it is `Comma`.
    pub(super) fn detect(sample: &[u8], whole: bool) -> Self {
        let records = count_delimiters(sample, whole);
        let Some(first) = records.first() else {
            return Self::Comma;
        };
        let agreeing = |index: usize| records.iter().filter(|counts| counts[index] == first[index]).count();
        (0..Self::ALL.len())
            .filter(|index| first[*index] > 0)
            .max_by_key(|index| (agreeing(*index), first[*index], Reverse(*index)))
            .map_or(Self::Comma, |index| Self::ALL[index])
    }
}

/// How often each candidate occurs outside quotes, for each of the first records. A record that the end of the sample
/// may have cut short counts only if there is no other.
fn count_delimiters(sample: &[u8], whole: bool) -> Vec<[usize; 4]> {
    let mut records = Vec::new();
    let (mut counts, mut cell_start, mut quoted, mut blank) = ([0; 4], true, false, true);
    for &byte in sample {
        if quoted {
            // A doubled quote closes and opens again.
            quoted = byte != b'"';
            cell_start = !quoted;
            continue;
        }
        if matches!(byte, b'\n' | b'\r') {
            if !blank {
                records.push(counts);
            }
            if records.len() == SAMPLE_RECORDS {
                return records;
            }
            (counts, cell_start, blank) = ([0; 4], true, true);
            continue;
        }
        blank = false;
        quoted = byte == b'"' && cell_start;
        cell_start = false;
        if let Some(index) = Delimiter::index_of(byte) {
            counts[index] += 1;
            cell_start = true;
        }
    }
    if !blank && (whole && !quoted || records.is_empty()) {
        records.push(counts);
    }
    records
}
