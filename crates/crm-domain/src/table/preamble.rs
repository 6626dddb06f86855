//! What programs write before the header of a table.

use super::delimiter::Delimiter;

/// The first line of LinkedIn's table of connections; what follows, up to an empty line, is a note to the reader.
const NOTES: &str = "notes:";

/// Lines at the start of a file that are not of its table.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Preamble {
    /// How long they are, in bytes, with their line ends.
    pub(super) length: usize,
    /// The delimiter that they tell.
    pub(super) delimiter: Option<Delimiter>,
}

impl Preamble {
    /// The preamble of a table in UTF-8 that starts so: Excel's `sep=;`, or LinkedIn's notes.
    pub(super) fn of(start: &[u8]) -> Self {
        let Some((first, behind)) = line(start) else {
            return Self::default();
        };
        let text = text_of(first);
        let (name, told) = text.split_once('=').unwrap_or_default();
        if name.eq_ignore_ascii_case("sep") {
            let mut characters = told.chars();
            let delimiter = characters
                .next()
                .filter(|_| characters.next().is_none())
                .and_then(Delimiter::from_char);
            return delimiter.map_or_else(Self::default, |delimiter| Self {
                length: behind,
                delimiter: Some(delimiter),
            });
        }
        if text.eq_ignore_ascii_case(NOTES) && start[behind..].starts_with(b"\"") {
            return Self {
                length: end_of_notes(start, behind).unwrap_or(0),
                delimiter: None,
            };
        }
        Self::default()
    }
}

/// Where the table starts behind notes: after the first empty line.
fn end_of_notes(start: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let (text, length) = line(&start[at..])?;
        at += length;
        if text.trim_ascii().is_empty() {
            return Some(at);
        }
    }
}

/// The first line without its end, and its length with it; `None` when it has no end.
fn line(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'))?;
    let is_pair = bytes[end] == b'\r' && bytes.get(end + 1) == Some(&b'\n');
    Some((&bytes[..end], end + 1 + usize::from(is_pair)))
}

/// A line's text, freed of quotes, and of the delimiters that spreadsheets put behind a line of one cell; of one that tells a delimiter the
/// tab is that.
fn text_of(line: &[u8]) -> &str {
    let text = std::str::from_utf8(line).unwrap_or_default().trim_matches([' ', '"']);
    if text.len() > 5 {
        text.trim_end_matches([',', ';', '\t', ' ', '"'])
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(start: &str) -> (&str, Option<char>) {
        let preamble = Preamble::of(start.as_bytes());
        (
            &start[preamble.length..],
            preamble.delimiter.map(|delimiter| char::from(delimiter.as_byte())),
        )
    }

    #[test]
    fn a_told_delimiter_is_no_header() {
        assert_eq!(of("sep=;\r\na,b;c\r\n"), ("a,b;c\r\n", Some(';')));
        assert_eq!(of("SEP=\t\na"), ("a", Some('\t')));
        assert_eq!(of("\"sep=,\"\na"), ("a", Some(',')));
        for table in ["sep=#\na", "sep=\na", "sep=;;\na", "sep;b\na", "sep=;", ""] {
            assert_eq!(of(table), (table, None));
        }
    }

    #[test]
    fn notes_are_no_header() {
        let header = "First Name,Last Name\nAda,Byron\n";
        for notes in [
            "Notes:\n\"When exporting, you may notice\"\n\n",
            "Notes:,,\r\n\"When, and\"\r\n  \r\n",
        ] {
            let table = format!("{notes}{header}");
            assert_eq!(of(&table), (header, None));
        }
        for table in ["Notes:\nshort\n\na,b\n", "Notes\n\"x\"\n\na\n", "Notes:\n\"no end\"\n"] {
            assert_eq!(of(table), (table, None));
        }
    }
}
