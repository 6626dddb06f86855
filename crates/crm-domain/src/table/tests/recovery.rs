use super::*;
use crate::table::MAX_RECORD_BYTES;

/// What the buffer may hold: a record, a chunk, and what a growing vector reserves.
const MAX_HELD: usize = 2 * (MAX_RECORD_BYTES + 4 * 64 * 1024);

#[test]
fn a_record_may_be_exactly_as_long_as_the_limit() {
    let row = |length: usize| format!("a,b\n{},\n1,2\n", "x".repeat(length - 1));
    assert!(read(row(MAX_RECORD_BYTES))[0].1.is_ok());
    assert_eq!(read(row(MAX_RECORD_BYTES + 1)), [bad(2, RowProblem::TooLong), good(3, &["1", "2"])]);
    assert_eq!(read(row(MAX_RECORD_BYTES + 2)), [bad(2, RowProblem::TooLong), good(3, &["1", "2"])]);
    let at_end = format!("a\n{}", "x".repeat(MAX_RECORD_BYTES));
    assert!(read(at_end.clone())[0].1.is_ok());
    assert_eq!(read(at_end + "x"), [bad(2, RowProblem::TooLong)]);
}

#[test]
fn a_huge_line_is_skipped_in_constant_memory() {
    for opening in ["", "1,\"", "1,\"a\nb\",", "\""] {
        let start = Cursor::new(format!("a,b\n{opening}"));
        let input = start.chain(repeated(b'x', 20 << 20)).chain(Cursor::new("\"\r\n1,2\r\n"));
        let mut table = TableReader::open(input, TableOptions::default()).unwrap();
        let error = table.next_row().unwrap().unwrap_err();
        assert_eq!((error.line, error.reason, error.raw.len()), (2, RowProblem::TooLong, 1024));
        let next = 3 + opening.matches('\n').count() as u64;
        assert_eq!(outcome(table.next_row().unwrap()), good(next, &["1", "2"]));
        assert!(table.held() <= MAX_HELD, "{}", table.held());
    }
}

#[test]
fn empty_lines_without_end_take_no_memory() {
    let input = Cursor::new("a,b\n").chain(repeated(b'\n', 20 << 20)).chain(Cursor::new("1,2"));
    let mut table = TableReader::open(input, TableOptions::default()).unwrap();
    assert_eq!(outcome(table.next_row().unwrap()), good(4 + (20 << 20) - 2, &["1", "2"]));
    assert!(table.held() <= MAX_HELD);
}

#[test]
fn a_quote_open_at_the_end_costs_its_line() {
    let rows = read("a,b\n1,\"x\n3,4\r\n5,6\n");
    assert_eq!(
        rows,
        [bad(2, RowProblem::UnclosedQuote), good(3, &["3", "4"]), good(4, &["5", "6"])]
    );
    assert_eq!(read("a,b\n1,\"x"), [bad(2, RowProblem::UnclosedQuote)]);
    assert_eq!(read("a,b\n1,\"x\n"), [bad(2, RowProblem::UnclosedQuote)]);
}

#[test]
fn the_lines_before_the_one_with_the_stray_quote_go_with_it() {
    let rows = read("a,b,c\n\"1\n2\",\"3\n4\",\"x\n5,6,7\n");
    assert_eq!(rows, [bad(2, RowProblem::UnclosedQuote), good(5, &["5", "6", "7"])]);
}

fn behind(start: u64, line: u64) -> Outcome {
    bad(start, RowProblem::TextBehindQuote { line })
}

#[test]
fn a_stray_quote_does_not_merge_the_lines_up_to_the_next_quote() {
    let text = "a,b,c\n\"Alpha,x,1\nBeta,x,2\nGamma \"the\" 3rd,x,3\n";
    let expected = [
        behind(2, 4),
        good(3, &["Beta", "x", "2"]),
        good(4, &["Gamma \"the\" 3rd", "x", "3"]),
    ];
    assert_eq!(read(text), expected);
    assert_eq!(read(text.replace('\n', "\r\n")), expected);
    // The next quote opens a cell of its own.
    let rows = read("a,b\n\"Alpha,1\nBeta,\"2\n3\"\nGamma,4\n");
    assert_eq!(rows, [behind(2, 3), good(3, &["Beta", "2\n3"]), good(5, &["Gamma", "4"])]);
}

#[test]
fn text_behind_a_closing_quote_costs_its_line() {
    for row in [
        "\"a\"b,2",
        "1,\"a\"b",
        "\"a\" b,2",
        "\"a\" \"b\",2",
        "1,\"a\" \"",
        "\"a\"b,\"2",
        "\"\"\"a\" \"\",2",
    ] {
        assert_eq!(read(format!("a,b\n{row}\n3,4\n")), [behind(2, 2), good(3, &["3", "4"])], "{row}");
        assert_eq!(read(format!("a,b\n{row}")), [behind(2, 2)], "{row}");
        let error = open(format!("a,b\n{row}\n3,4\n")).unwrap().next_row().unwrap().unwrap_err();
        assert_eq!(error.raw, row);
        assert_eq!(error.to_string(), "line 2: text behind a closing quote at line 2");
    }
    assert_eq!(
        read("a,b\n\"1\" ,\"2\"  \n\"3\" ,\"4\" "),
        [good(2, &["1 ", "2  "]), good(3, &["3 ", "4 "])]
    );
    assert_eq!(read("a,b,c\n\"1\n2\",\"3\"x,4\n5,6,7"), [behind(2, 3), good(4, &["5", "6", "7"])]);
}

#[test]
fn text_behind_a_closing_quote_over_a_chunk_boundary_costs_its_line() {
    for length in 65_515..65_540 {
        let rows = read(format!("a,b\n{},\"x\ny\" z\n3,4\n", "x".repeat(length)));
        assert_eq!(rows, [behind(2, 3), ragged(3, 2, 1), good(4, &["3", "4"])], "{length}");
    }
}

#[test]
fn a_huge_line_behind_a_closing_quote_is_skipped_in_constant_memory() {
    for (opening, next) in [("\"1\"", 3), ("\"1\n2\",\"3\"", 4)] {
        let start = Cursor::new(format!("a,b\n{opening}"));
        let input = start.chain(repeated(b'x', 20 << 20)).chain(Cursor::new("\"\r\n1,2\r\n"));
        let mut table = TableReader::open(input, TableOptions::default()).unwrap();
        assert_eq!(outcome(table.next_row().unwrap()), behind(2, next - 1));
        assert_eq!(outcome(table.next_row().unwrap()), good(next, &["1", "2"]));
        assert!(table.held() <= MAX_HELD, "{}", table.held());
    }
    let text = format!("a,b\n\"1\n2\"{}\n3,4\n", "x".repeat(MAX_RECORD_BYTES));
    assert_eq!(read(text), [behind(2, 3), bad(3, RowProblem::TooLong), good(4, &["3", "4"])]);
}

#[test]
fn going_back_from_text_behind_a_quote_is_linear() {
    let rows = read(format!("a,b\n{}", "\"1,2\n".repeat(200_000)));
    assert_eq!(rows.len(), 200_000);
    assert_eq!(rows[0], behind(2, 3));
    assert_eq!(rows[199_998], behind(200_000, 200_001));
    assert_eq!(rows[199_999], bad(200_001, RowProblem::UnclosedQuote));
    let rows = read(format!("a,b\n\"1{}x\"2", "\n\"\",3".repeat(150_000)));
    assert_eq!(rows[0], behind(2, 150_002));
    assert_eq!(rows[1], good(3, &["", "3"]));
    assert_eq!(rows.len(), 150_001);
}

#[test]
fn a_quote_open_in_a_huge_file_costs_its_line() {
    let count = 400_000;
    let text = format!("a,b\r\n1,\"x\r\n{}", "3,4\"\"\r\n".repeat(count));
    let rows = read(text);
    assert_eq!(rows.len(), count + 1);
    assert_eq!(rows[0], bad(2, RowProblem::UnclosedQuote));
    assert_eq!(rows[1], good(3, &["3", "4\"\""]));
    assert_eq!(rows[count], good(count as u64 + 2, &["3", "4\"\""]));
}

/// Each rewind must save a line for good: going back to the second line of a record instead of the line behind its
/// last quote would read this text a hundred thousand times.
#[test]
fn going_back_is_linear() {
    let text = format!("a,b\n{}\"{}", "\"\n\",".repeat(150_000), "\"\"\n".repeat(300_000));
    let rows = read(text);
    assert_eq!(rows[0], bad(2, RowProblem::UnclosedQuote));
    assert_eq!(rows[1], ragged(150_003, 2, 1));
    assert_eq!(rows.len(), 300_000);
}

#[test]
fn a_nul_costs_its_row() {
    assert_eq!(read("a,b\n1,\0\n3,4\n"), [bad(2, RowProblem::NulByte), good(3, &["3", "4"])]);
}
