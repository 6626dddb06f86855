//! The guard, and that the columns are the importer's. What an export writes is tested with the importer, on both backends.

use proptest::prelude::*;

use super::{
    GUARD_HEADER,
    account::Accounts,
    contact::{Contacts, SHEET},
    guarded, is_download,
    noun::Noun,
    opportunity::Opportunities,
    unguarded,
};
use crate::usecase::import::ImportKind;

#[test]
fn every_column_maps_to_the_field_of_its_name() {
    for (kind, columns) in [
        (ImportKind::Accounts, Accounts::COLUMNS),
        (ImportKind::Contacts, Contacts::COLUMNS),
        (ImportKind::Opportunities, Opportunities::COLUMNS),
    ] {
        let headers: Vec<String> = columns.iter().chain(&[GUARD_HEADER]).map(ToString::to_string).collect();
        let mapping = kind.map(&headers, None);
        let mapped: Vec<(&str, &str)> = mapping.mapped().map(|mapped| (mapped.header, mapped.field)).collect();
        let names: Vec<(&str, String)> = columns.iter().map(|column| (*column, field_under(column))).collect();
        let expected: Vec<(&str, &str)> = names.iter().map(|(column, field)| (*column, &**field)).collect();
        assert_eq!(mapped, expected, "{kind:?}");
    }
}

/// The importer's name of the field that stands under a header.
fn field_under(header: &str) -> String {
    match header {
        "Mobile Phone" => "phone".to_owned(),
        _ => header.to_lowercase().replace(' ', "_"),
    }
}

#[test]
fn what_a_spreadsheet_would_run_gets_an_apostrophe() {
    let cases = [
        ("=1+1", "'=1+1"),
        ("+49 30", "'+49 30"),
        ("-5", "'-5"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("'=1", "''=1"),
        ("'quoted'", "'quoted'"),
        ("a=b", "a=b"),
        ("", ""),
    ];
    for (cell, expected) in cases {
        assert_eq!(guarded(cell), expected);
        assert_eq!(unguarded(expected), cell);
    }
}

proptest! {
    #[test]
    fn the_guard_is_undone(cell in "['=+@\t\r-]{0,4}[a-z'=]{0,4}") {
        let shown = guarded(&cell);
        prop_assert!(!shown.starts_with(['=', '+', '-', '@', '\t', '\r']));
        prop_assert_eq!(unguarded(&shown), &*cell);
    }

    //
    #[test]
    fn a_download_without_some_of_its_columns_is_one(columns in proptest::sample::subsequence(SHEET.to_vec(), 1..=SHEET.len()).prop_shuffle()) {
        let mut headers: Vec<String> = columns.iter().map(ToString::to_string).collect();
        headers.push("Lead Score".to_owned());
        prop_assert!(is_download(&headers));
    }
}

#[test]
fn what_others_wrote_is_no_download() {
    let is_one = |headers: &[&str]| is_download(&headers.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert!(is_one(&["Id", "Full Name", "Email Domain", "shoe_size"]));
    assert!(!is_one(&["Full Name", "Email", "Title"]), "headers that many tables have");
    assert!(is_one(&[&SHEET[..], &["a"; 40]].concat()), "a tenant's own columns");
    assert!(!is_one(&[]));
    assert!(!is_one(&["Email", "Name"]), "half of them");
    assert!(!is_one(&["email", "mobile phone", "full name"]));
    assert!(!is_one(Contacts::COLUMNS), "a table for the importer stands unguarded");
}
