use super::*;
use crate::table::Delimiter;

fn detected(text: &str) -> Delimiter {
    open(text).unwrap().delimiter()
}

#[test]
fn each_delimiter_is_found() {
    for delimiter in Delimiter::ALL {
        let separator = char::from(delimiter.as_byte());
        assert_eq!(detected(&format!("a{separator}b\n1{separator}2\n")), delimiter);
        assert_eq!(detected(&format!("a{separator}b")), delimiter);
        assert_eq!(Delimiter::from_char(separator), Some(delimiter));
    }
    assert_eq!(Delimiter::from_char('x'), None);
}

#[test]
fn commas_in_cells_do_not_mislead() {
    assert_eq!(detected("name;note\nA;x, y\nB;x, y\nC;z\n"), Delimiter::Semicolon);
    assert_eq!(detected("id;price;rate\n1;2,50;0,5\n2;3,10;0,7\n"), Delimiter::Semicolon);
    assert_eq!(detected("id;price,EUR;rate\n1;2,50;3\n2;3,10;4\n"), Delimiter::Semicolon);
    assert_eq!(detected("name,tags\nA,a|b|c\nB,d\n"), Delimiter::Comma);
    assert_eq!(detected("last, first\tphone\nA\t1\nB\t2\n"), Delimiter::Tab);
}

#[test]
fn what_is_quoted_does_not_count() {
    assert_eq!(detected("\"a;b;c\",\"x\"\n\"d;e\n;f\",\"say \"\";\"\" \"\n"), Delimiter::Comma);
    assert_eq!(detected("\"a,b,c\";\"x,y\"\n\"1,2,3\";\"4,5\"\n"), Delimiter::Semicolon);
}

#[test]
fn ragged_rows_do_not_mislead() {
    assert_eq!(detected("a;b;c\n1;2\n1;2;3;4\n1;2;3\n"), Delimiter::Semicolon);
}

#[test]
fn one_column_is_read_with_any() {
    let table = open("mail\na@b.c\n").unwrap();
    assert_eq!(table.delimiter(), Delimiter::Comma);
    assert_eq!(table.map(outcome).collect::<Vec<_>>(), [good(2, &["a@b.c"])]);
}

#[test]
fn a_chosen_delimiter_is_not_guessed() {
    let options = TableOptions {
        delimiter: Some(Delimiter::Pipe),
        ..TableOptions::default()
    };
    let table = TableReader::open(Cursor::new("a,b|c\n1,2|3\n"), options).unwrap();
    assert_eq!(table.headers(), ["a,b", "c"]);
    assert_eq!(table.map(outcome).collect::<Vec<_>>(), [good(2, &["1,2", "3"])]);
}
