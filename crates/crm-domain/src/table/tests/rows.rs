use super::*;

#[test]
fn cells_are_as_written() {
    let rows = read("a,b\n 1 ,\"x, \"\"y\"\"\"\n\"\",5\" pipe\n\"a\"  ,\u{FEFF}\n");
    assert_eq!(
        rows,
        [
            good(2, &[" 1 ", "x, \"y\""]),
            good(3, &["", "5\" pipe"]),
            good(4, &["a  ", "\u{FEFF}"])
        ]
    );
}

#[test]
fn lines_are_physical_whatever_ends_them() {
    let text = "a,b\n\n\"1\n2\",x\n3,y\n\n\n\"4\n\n\",z\n5,w";
    let lines = |text: &str| read(text).into_iter().map(|(line, row)| (line, row.is_ok())).collect::<Vec<_>>();
    let expected = [(3, true), (5, true), (8, true), (11, true)];
    assert_eq!(lines(text), expected);
    assert_eq!(lines(&text.replace('\n', "\r\n")), expected);
    assert_eq!(lines(&text.replace('\n', "\r")), expected);
}

#[test]
fn empty_lines_are_skipped_and_rows_of_empty_cells_are_not() {
    assert_eq!(read("a,b\n\n,\n\r\n\"\",\"\"\n"), [good(3, &["", ""]), good(5, &["", ""])]);
    assert_eq!(read("a\n\n\"\"\n \n1"), [good(3, &[""]), good(4, &[" "]), good(5, &["1"])]);
}

#[test]
fn only_empty_cells_may_be_too_many() {
    let rows = read("a,b\n1\n1,2,,\n1,2,,3\n1,2,\" \"\n1,2,\"\"\n7,8");
    let expected = [
        ragged(2, 2, 1),
        good(3, &["1", "2"]),
        ragged(4, 2, 4),
        ragged(5, 2, 3),
        good(6, &["1", "2"]),
        good(7, &["7", "8"]),
    ];
    assert_eq!(rows, expected);
}

#[test]
fn a_line_end_over_a_chunk_boundary_counts_once() {
    for length in 65_520..65_550 {
        let text = format!("a,b\r\n{},\"x\"\"\r\ny\"\r\n3,4\r\n", "x".repeat(length));
        let lines: Vec<_> = read(text)
            .into_iter()
            .map(|(line, row)| (line, row.map(|cells| cells[1].clone())))
            .collect();
        assert_eq!(lines, [(2, Ok("x\"\r\ny".into())), (4, Ok("4".into()))], "{length}");
    }
}

#[test]
fn errors_say_what_a_person_needs() {
    let mut table = open("name,mail\nJosé\n").unwrap();
    let error = table.next_row().unwrap().unwrap_err();
    assert_eq!(error.to_string(), "line 2: expected 2 cells, found 1");
    assert_eq!(error.raw, "José");
}

#[test]
fn excerpts_are_cut_between_characters() {
    for shift in 0..4 {
        let text = format!("a,b\n{}{}\n", "x".repeat(shift), "😀".repeat(1000));
        let error = open(text).unwrap().next_row().unwrap().unwrap_err();
        assert!(error.raw.len() > 1020 && error.raw.len() <= 1024);
        assert!(error.raw.ends_with('😀'));
    }
    let error = open([b"\xEF\xBB\xBFa,b\n".to_vec(), vec![0xFF; 5000]].concat())
        .unwrap()
        .next_row()
        .unwrap()
        .unwrap_err();
    assert_eq!(error.reason, RowProblem::InvalidEncoding);
    assert!(error.raw.len() <= 1024);
}
