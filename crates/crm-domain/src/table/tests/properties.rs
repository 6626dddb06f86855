use proptest::prelude::*;

use super::*;
use crate::table::{Delimiter, Encoding, auto_map};

fn delimiters() -> impl Strategy<Value = Delimiter> {
    prop::sample::select(Delimiter::ALL.to_vec())
}

/// Text with everything that means something to a CSV reader, and any other character but NUL.
fn cells() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        3 => prop::sample::select(vec!['"', ',', ';', '\t', '|', '\n', '\r', ' ', 'a', 'é', '\u{FEFF}']),
        1 => any::<char>().prop_filter("NUL costs the row", |character| *character != '\0'),
    ];
    prop::collection::vec(character, 0..8).prop_map(String::from_iter)
}

fn tables() -> impl Strategy<Value = Vec<Vec<String>>> {
    (2_usize..6).prop_flat_map(|columns| prop::collection::vec(prop::collection::vec(cells(), columns), 0..12))
}

/// `rows` under a header `h0`, `h1` …, and the physical line on which each row starts.
fn write(rows: &[Vec<String>], delimiter: Delimiter, crlf: bool) -> (String, Vec<u64>) {
    let terminator = if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
    let mut writer = csv::WriterBuilder::new()
        .delimiter(delimiter.as_byte())
        .terminator(terminator)
        .from_writer(Vec::new());
    let columns = rows.first().map_or(2, Vec::len);
    writer.write_record((0..columns).map(|column| format!("h{column}"))).unwrap();
    let (mut line, mut lines) = (2, Vec::new());
    for row in rows {
        writer.write_record(row).unwrap();
        lines.push(line);
        let text = row.join(" ").replace("\r\n", "\n");
        line += 1 + text.matches(['\r', '\n']).count() as u64;
    }
    (String::from_utf8(writer.into_inner().unwrap()).unwrap(), lines)
}

fn encode(text: &str, encoding: Encoding, mark: bool) -> Vec<u8> {
    let text = if mark { format!("\u{FEFF}{text}") } else { text.to_owned() };
    match encoding {
        Encoding::Utf16Le => utf16(&text, u16::to_le_bytes),
        Encoding::Utf16Be => utf16(&text, u16::to_be_bytes),
        _ => text.into(),
    }
}

fn encodings() -> impl Strategy<Value = (Encoding, bool)> {
    // Without a mark, UTF-16 is a guess, which arbitrary text may mislead.
    prop::sample::select(vec![
        (Encoding::Utf8, false),
        (Encoding::Utf8, true),
        (Encoding::Utf16Le, true),
        (Encoding::Utf16Be, true),
    ])
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes: Vec<u8>) {
        if let Ok(table) = open(bytes) {
            prop_assert_eq!(auto_map(table.headers(), &[], &[]).unmapped().count(), table.headers().len());
            table.for_each(drop);
        }
    }

    #[test]
    fn any_bytes_behind_a_header_are_survived(
        mark in prop::sample::select(vec!["a,b\n", "\u{FEFF}a,b\n", "a\n", "a,b\n\""]),
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"\",\r\n\0\xC3\xD8".to_vec())], 0..400),
        wide in prop::sample::select(vec![None, Some(Encoding::Utf16Le), Some(Encoding::Utf16Be)]),
    ) {
        let options = TableOptions { encoding: wide, ..TableOptions::default() };
        let input = Cursor::new([mark.as_bytes(), &bytes].concat());
        if let Ok(table) = TableReader::open(input, options) {
            let lines: Vec<u64> = table.map(|row| outcome(row).0).collect();
            prop_assert!(lines.is_sorted_by(|before, after| before < after));
        }
    }

    #[test]
    fn what_is_written_is_read(
        rows in tables(), delimiter in delimiters(), (encoding, mark) in encodings(), crlf: bool, told: bool,
    ) {
        let (text, lines) = write(&rows, delimiter, crlf);
        let options = TableOptions { delimiter: told.then_some(delimiter), encoding: None };
        let table = TableReader::open(Cursor::new(encode(&text, encoding, mark)), options).unwrap();
        prop_assert_eq!((table.delimiter(), table.encoding()), (delimiter, encoding));
        let read: Vec<_> = table.map(outcome).collect();
        let expected: Vec<_> = lines.into_iter().zip(rows.into_iter().map(Ok)).collect();
        prop_assert_eq!(read, expected);
    }

    /// A row of stray bytes among rows in UTF-8 costs itself alone, wherever it stands and whatever the bytes are.
    #[test]
    fn stray_bytes_cost_their_row(
        letters in prop::collection::vec("[a-z]{0,3}[à-ÿ名前😀]{1,3}[a-z]{0,3}", 1..6),
        stray in prop::collection::vec(0x80..=0xFF_u8, 1..12).prop_filter("is valid", |bytes| std::str::from_utf8(bytes).is_err()),
        at in any::<prop::sample::Index>(),
    ) {
        let at = at.index(letters.len() + 1);
        let mut lines: Vec<Vec<u8>> = letters.iter().map(|name| format!("{name},x\n").into_bytes()).collect();
        lines.insert(at, [b"y", &stray[..], b",x\n"].concat());
        let table = open([b"name,city\n".to_vec(), lines.concat()].concat()).unwrap();
        prop_assert_eq!(table.encoding(), Encoding::Utf8);
        for (index, (line, row)) in table.map(outcome).enumerate() {
            prop_assert_eq!(line, index as u64 + 2);
            match index.cmp(&at) {
                std::cmp::Ordering::Equal => prop_assert_eq!(row, Err(RowProblem::InvalidEncoding)),
                before => {
                    let name = &letters[index - usize::from(before == std::cmp::Ordering::Greater)];
                    prop_assert_eq!(row, Ok(vec![name.clone(), "x".to_owned()]));
                }
            }
        }
    }

    /// Chunks end anywhere, also within a character or between CR and LF.
    #[test]
    fn chunk_boundaries_change_nothing(
        rows in tables(), delimiter in delimiters(), (encoding, mark) in encodings(), crlf: bool, back in 0_usize..40,
    ) {
        let pad = if matches!(encoding, Encoding::Utf8) { 65_536 } else { 32_768 } - back;
        let columns = rows.first().map_or(2, Vec::len);
        let mut rows = rows;
        rows.insert(0, vec!["x".repeat(pad / columns); columns]);
        let (text, lines) = write(&rows, delimiter, crlf);
        let table = open(encode(&text, encoding, mark)).unwrap();
        let read: Vec<_> = table.map(outcome).collect();
        let expected: Vec<_> = lines.into_iter().zip(rows.into_iter().map(Ok)).collect();
        prop_assert_eq!(read, expected);
    }

    /// Records are cut exactly where the `csv` crate would cut them.
    #[test]
    fn records_end_where_csv_ends_them(
        text in prop::collection::vec(prop::sample::select(vec!["\"", "\"\"", ",", "\n", "\r", "\r\n", " ", "a", "é"]), 0..60)
    ) {
        let text = format!("a,b\n{}", text.concat());
        let options = TableOptions { delimiter: Some(Delimiter::Comma), encoding: None };
        let mut outcomes: Vec<_> = TableReader::open(Cursor::new(text.clone()), options).unwrap().map(outcome).collect();
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let mut expected: Vec<Vec<String>> = reader.deserialize().map(Result::unwrap).collect();
        // From a stray quote on they differ: csv takes the rest for one record, or text behind a closing quote for its cell's.
        let stray = |row: &Result<_, _>| matches!(row, Err(RowProblem::UnclosedQuote | RowProblem::TextBehindQuote { .. }));
        if let Some(first) = outcomes.iter().position(|(_, row)| stray(row)) {
            prop_assert!(expected.len() > first);
            prop_assert!(outcomes[first].1 != Err(RowProblem::UnclosedQuote) || expected.len() == first + 1);
            outcomes.truncate(first);
            expected.truncate(first);
        }
        prop_assert_eq!(outcomes.len(), expected.len());
        for ((_, row), cells) in outcomes.into_iter().zip(expected) {
            match row {
                Ok(row) => prop_assert_eq!(&row[..], &cells[..2]),
                Err(reason) => prop_assert_eq!(reason, RowProblem::Ragged { expected: 2, found: cells.len() }),
            }
        }
    }
}
