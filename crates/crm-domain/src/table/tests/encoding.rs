use super::*;
use crate::table::Encoding;

const TEXT: &str = "name,city\r\nJosé,\"Köln\n😀\"\r\nAnna,Łódź\r\n";

fn expected() -> [Outcome; 2] {
    [good(2, &["José", "Köln\n😀"]), good(4, &["Anna", "Łódź"])]
}

fn reads_as(bytes: Vec<u8>, encoding: Encoding) {
    let table = open(bytes).unwrap();
    assert_eq!(table.encoding(), encoding);
    assert_eq!(table.headers(), ["name", "city"]);
    assert_eq!(table.map(outcome).collect::<Vec<_>>(), expected());
}

#[test]
fn utf8_with_and_without_mark() {
    reads_as(TEXT.into(), Encoding::Utf8);
    reads_as(format!("\u{FEFF}{TEXT}").into(), Encoding::Utf8);
}

#[test]
fn utf16_with_and_without_mark() {
    for mark in ["", "\u{FEFF}"] {
        let text = format!("{mark}{TEXT}");
        reads_as(utf16(&text, u16::to_le_bytes), Encoding::Utf16Le);
        reads_as(utf16(&text, u16::to_be_bytes), Encoding::Utf16Be);
    }
}

#[test]
fn utf16_without_mark_of_mostly_other_letters() {
    let text = "名前,電話番号\n山田\u{3000}太郎,03-1234\n鈴木\u{3000}花子,03-5678\n";
    for bytes_of in [u16::to_le_bytes, u16::to_be_bytes] {
        let rows = read(utf16(text, bytes_of));
        assert_eq!(rows[1], good(3, &["鈴木\u{3000}花子", "03-5678"]));
    }
}

#[test]
fn windows_1252() {
    let table = open(b"name,price\nJos\xE9,5 \x80\n\x81\x8D,\x93x\x94\n").unwrap();
    assert_eq!(table.encoding(), Encoding::Windows1252);
    let rows: Vec<_> = table.map(outcome).collect();
    assert_eq!(rows, [good(2, &["José", "5 €"]), good(3, &["\u{81}\u{8D}", "“x”"])]);
}

#[test]
fn a_file_that_ends_within_a_character_is_not_utf8() {
    assert_eq!(open(b"a,b\n1,\xC3").unwrap().encoding(), Encoding::Windows1252);
}

#[test]
fn the_first_letter_that_is_not_ascii_tells_however_late_it_comes() {
    for rows in [6_552, 6_553, 6_554, 7_000, 30_000] {
        let ascii = "0123456,x\n".repeat(rows);
        for tail in 0..12 {
            let ascii = format!("name,city\n{ascii}{}", "y".repeat(tail));
            for (letters, last) in [(&b"Jos\xE9,K\xF6ln\n"[..], "José"), ("José,Köln\n".as_bytes(), "José")] {
                let rows = read([ascii.as_bytes(), letters].concat());
                let expected = format!("{}{last}", "y".repeat(tail));
                assert_eq!(rows.last().unwrap(), &good(rows.len() as u64 + 1, &[&expected, "Köln"]));
            }
        }
    }
}

#[test]
fn damaged_utf8_stays_utf8_however_late_its_letters_come() {
    let ascii = "a,b\n".repeat(20_000);
    let rows = read([ascii.as_bytes(), "é,ö\n".as_bytes(), b"\xE9,x\n", "ü,ß\n".as_bytes()].concat());
    let count = rows.len();
    assert_eq!(rows[count - 3], good(20_001, &["é", "ö"]));
    assert_eq!(rows[count - 1], good(20_003, &["ü", "ß"]));
    assert!(rows[count - 2] != good(20_002, &["é", "x"]), "named, not guessed");
}

#[test]
fn a_character_over_the_end_of_the_sample_is_utf8() {
    for length in 65_520..65_540 {
        let mut table = open(format!("a,b\n{},é😀\n", "x".repeat(length))).unwrap();
        assert_eq!(table.encoding(), Encoding::Utf8);
        assert_eq!(table.next_row().unwrap().unwrap().cells[1], "é😀");
    }
}

#[test]
fn an_invalid_byte_behind_the_sample_costs_its_row() {
    let mut bytes = format!("a,b\n{}", "é,x\n".repeat(20_000)).into_bytes();
    bytes.extend(b"Jos\xE9,y\n3,4\n5,\xC3");
    let rows = read(bytes);
    let expected = [
        bad(20_002, RowProblem::InvalidEncoding),
        good(20_003, &["3", "4"]),
        bad(20_004, RowProblem::InvalidEncoding),
    ];
    assert_eq!(rows[20_000..], expected);
}

#[test]
fn a_few_invalid_bytes_among_utf8_cost_their_rows() {
    let table = open(b"name,city\nJos\xC3\xA9,K\xC3\xB6ln\nAndr\xE9,Bonn\nAnna,Ulm\n\xE2\x82,x\n").unwrap();
    assert_eq!(table.encoding(), Encoding::Utf8);
    let expected = [
        good(2, &["José", "Köln"]),
        bad(3, RowProblem::InvalidEncoding),
        good(4, &["Anna", "Ulm"]),
        bad(5, RowProblem::InvalidEncoding),
    ];
    assert_eq!(table.map(outcome).collect::<Vec<_>>(), expected);
    // Also when the sample ends within a character.
    for length in 65_510..65_530 {
        let bytes = [b"a,b\n\xE9,\xC3\xA9\n", "x".repeat(length).as_bytes(), "é😀,1\n".as_bytes()].concat();
        let table = open(bytes).unwrap();
        assert_eq!(table.encoding(), Encoding::Utf8);
        assert!(table.map(outcome).nth(1).unwrap().1.is_ok());
    }
}

#[test]
fn a_row_of_stray_bytes_costs_itself_however_many_they_are() {
    let table = open(b"name,city\nok1,a\nbad\xff\xfe\xc3,b\nok2,c\xc3\xa9\n").unwrap();
    assert_eq!(table.encoding(), Encoding::Utf8);
    let expected = [good(2, &["ok1", "a"]), bad(3, RowProblem::InvalidEncoding), good(4, &["ok2", "cé"])];
    assert_eq!(table.map(outcome).collect::<Vec<_>>(), expected);
}

#[test]
fn an_encoding_that_shows_late_is_told() {
    let mut table = open([b"a,b\n".repeat(20_000), b"Jos\xE9,x\n".to_vec()].concat()).unwrap();
    assert_eq!(table.encoding(), Encoding::Utf8);
    assert!(table.by_ref().all(|row| row.is_ok()));
    assert_eq!(table.encoding(), Encoding::Windows1252);
}

#[test]
fn clearly_more_invalid_bytes_than_utf8_are_windows_1252() {
    let encoding = |valid: usize, invalid: usize| {
        let text = [b"a,b\n".to_vec(), b"\xC3\xA9,1\n".repeat(valid), b"\xE9,1\n".repeat(invalid)].concat();
        open(text).unwrap().encoding()
    };
    assert_eq!(encoding(0, 1), Encoding::Windows1252);
    for valid in [1, 10] {
        assert_eq!(encoding(valid, valid), Encoding::Utf8);
        assert_eq!(encoding(valid, 2 * valid), Encoding::Utf8);
        assert_eq!(encoding(valid, 2 * valid + 1), Encoding::Windows1252);
    }
}

#[test]
fn malformed_utf16_costs_its_row() {
    for bytes_of in [u16::to_le_bytes, u16::to_be_bytes] {
        let mut bytes = utf16("\u{FEFF}a,b\n1,", bytes_of);
        bytes.extend(bytes_of(0xD800));
        bytes.extend(utf16("\n3,4\n", bytes_of));
        bytes.extend(bytes_of(0xDC00));
        bytes.extend(utf16(",6\n7,8", bytes_of));
        bytes.push(0);
        let expected = [
            bad(2, RowProblem::InvalidEncoding),
            good(3, &["3", "4"]),
            bad(4, RowProblem::InvalidEncoding),
            bad(5, RowProblem::InvalidEncoding),
        ];
        assert_eq!(read(bytes), expected);
    }
}

#[test]
fn stray_nuls_are_not_utf16() {
    let rows = read("a,b\n1,x\0\n22,y\0\n333,z\0\n");
    assert!(rows.iter().all(|(_, row)| *row == Err(RowProblem::NulByte)), "{rows:?}");
    assert_eq!(rows.len(), 3);
}

#[test]
fn a_chosen_encoding_is_not_guessed() {
    let options = TableOptions {
        encoding: Some(Encoding::Windows1252),
        ..TableOptions::default()
    };
    let mut table = TableReader::open(Cursor::new("a,b\né,2\n"), options).unwrap();
    assert_eq!(table.next_row().unwrap().unwrap().cells[0], "Ã©");
    let options = TableOptions {
        encoding: Some(Encoding::Utf8),
        ..options
    };
    let mut table = TableReader::open(Cursor::new(b"a,b\n\xE9,2\n"), options).unwrap();
    assert_eq!(table.next_row().unwrap().unwrap_err().reason, RowProblem::InvalidEncoding);
}
