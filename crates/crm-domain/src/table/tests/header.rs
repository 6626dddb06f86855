use super::*;
use crate::table::{MAX_COLUMNS, MAX_RECORD_BYTES};

fn headers(bytes: impl Into<Vec<u8>>) -> Vec<String> {
    open(bytes).unwrap().headers().to_vec()
}

#[test]
fn no_bytes_no_table() {
    for nothing in ["", "\u{FEFF}", "\n\r\n\r", "\u{FEFF}\n"] {
        assert!(matches!(open(nothing), Err(TableError::Empty)), "{nothing:?}");
    }
}

#[test]
fn a_header_alone_has_no_rows() {
    for header in ["a,b", "a,b\n", "a,b\r\n\r\n"] {
        assert_eq!(headers(header), ["a", "b"]);
        assert_eq!(read(header), []);
    }
}

#[test]
fn names_are_trimmed_and_without_byte_order_mark() {
    assert_eq!(headers("\u{FEFF} First name ,\t\"E-Mail \"\n"), ["First name", "\"E-Mail \""]);
    assert_eq!(headers("\u{FEFF}\"First, name\",b\n"), ["First, name", "b"]);
    assert_eq!(headers("\u{FEFF}\u{FEFF}\"a\nb\",c\n1,2\n"), ["a\nb", "c"]);
}

#[test]
fn repeated_and_empty_names_are_made_different() {
    assert_eq!(
        headers("Phone,,Phone,Phone, \n"),
        ["Phone", "Column 2", "Phone (2)", "Phone (3)", "Column 5"]
    );
    assert_eq!(headers("a,a,a (2),a\n"), ["a", "a (3)", "a (2)", "a (4)"]);
    assert_eq!(headers("Column 2,\n"), ["Column 2", "Column 2 (2)"]);
}

#[test]
fn columns_are_limited() {
    let wide = |columns: usize| vec!["x"; columns].join(",");
    assert_eq!(headers(wide(300)).len(), 300);
    assert_eq!(headers(wide(MAX_COLUMNS)).len(), MAX_COLUMNS);
    assert!(matches!(
        open(wide(MAX_COLUMNS + 1)),
        Err(TableError::TooManyColumns { found: 1001 })
    ));
    assert!(matches!(
        open(vec![b','; 900_000]),
        Err(TableError::TooManyColumns { found: 900_001 })
    ));
}

#[test]
fn a_defective_header_is_named() {
    let cases = [
        (b"a,\"b\n1,2\n".to_vec(), RowProblem::UnclosedQuote),
        (b"a,\"b\"c\n1,2\n".to_vec(), RowProblem::TextBehindQuote { line: 1 }),
        (b"a,b\0\n1,2\n".to_vec(), RowProblem::NulByte),
        (b"\xEF\xBB\xBFa,b\xFF\n1,2\n".to_vec(), RowProblem::InvalidEncoding),
        (vec![b'a'; MAX_RECORD_BYTES + 1], RowProblem::TooLong),
    ];
    for (bytes, reason) in cases {
        let Err(TableError::Header(error)) = open(bytes) else {
            panic!("{reason}")
        };
        assert_eq!((error.line, error.reason), (1, reason));
    }
}

#[test]
fn an_input_that_fails_at_once_gives_no_table() {
    let error = TableReader::open(Failing, TableOptions::default()).unwrap_err();
    assert_eq!(error.to_string(), "the file cannot be read: gone");
}

struct Failing;

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("gone"))
    }
}

#[test]
fn an_input_that_fails_later_gives_its_rows_then_the_failure_then_nothing() {
    let rows = "1,2\n".repeat(20_000);
    let input = Cursor::new(format!("a,b\n{rows}1,")).chain(Failing);
    let mut table = TableReader::open(input, TableOptions::default()).unwrap();
    assert_eq!(table.by_ref().take(20_000).filter(Result::is_ok).count(), 20_000);
    let error = table.next_row().unwrap().unwrap_err();
    assert_eq!((error.line, error.reason), (20_002, RowProblem::Read("gone".into())));
    assert!(table.next_row().is_none());
}

#[test]
fn a_failure_within_a_row_too_long_is_not_lost() {
    let input = Cursor::new("a,b\n").chain(repeated(b'x', 3_000_000)).chain(Failing);
    let table = TableReader::open(input, TableOptions::default()).unwrap();
    let outcomes: Vec<_> = table.map(outcome).collect();
    assert_eq!(outcomes, [bad(2, RowProblem::TooLong), bad(2, RowProblem::Read("gone".into()))]);
}
