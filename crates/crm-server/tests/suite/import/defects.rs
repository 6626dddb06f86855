//! Rows and databases that fail for reasons no look-up can foresee.

use std::{sync::Arc, time::Duration};

use crm_domain::{
    Error,
    tenant::UnitOfWork,
    usecase::import::{ImportError, ImportKind::Accounts, ImportOptions, ImportTarget},
};

use super::fixture::{Fixture, Spoiled, try_import};

fn spoiled(crm: &Fixture, is_spoiled: fn(&mut dyn UnitOfWork) -> Option<Error>) -> ImportTarget {
    let inner = crm.target.store.clone();
    ImportTarget {
        store: Arc::new(Spoiled { inner, is_spoiled }),
        ..crm.target.clone()
    }
}

fn has(unit: &mut dyn UnitOfWork, name: &str) -> bool {
    !unit.accounts().lookup_named(&[name.to_owned()]).unwrap().is_empty()
}

fn many(count: usize) -> String {
    std::iter::once("name".to_owned())
        .chain((0..count).map(|number| format!("Account {number}")))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn a_row_that_the_database_refuses_costs_only_itself() {
    let crm = Fixture::new();
    let target = spoiled(&crm, |unit| {
        has(unit, "account 13").then_some(Error::Duplicate {
            noun: "account",
            field: "external_id",
        })
    });
    let outcome = try_import(&target, Accounts, &many(50), &ImportOptions::default()).unwrap();
    assert_eq!(outcome.counts(), (49, 0, 0, 1));
    assert_eq!(outcome.failures[0].line, 15);
    assert_eq!(outcome.failures[0].cells, ["Account 13"]);
    let names: Vec<String> = crm.accounts().iter().map(|account| account.fields.name.to_string()).collect();
    let expected: Vec<String> = (0..50)
        .filter(|number| *number != 13)
        .map(|number| format!("Account {number}"))
        .collect();
    assert_eq!(names, expected, "in the order of the file");
}

#[test]
fn a_database_that_is_down_ends_the_import() {
    let crm = Fixture::new();
    let target = spoiled(&crm, |unit| {
        has(unit, "account 13").then(|| Error::Unavailable {
            what: "the database",
            cause: "test".to_owned(),
            retry_after: Duration::from_secs(1),
        })
    });
    let options = ImportOptions {
        slice_rows: 10,
        ..ImportOptions::default()
    };
    let error = try_import(&target, Accounts, &many(5_000), &options).err().unwrap();
    assert!(matches!(error, ImportError::Store(Error::Unavailable { .. })));
    assert_eq!(crm.accounts().len(), 10, "whole slices, and none after the failure");
}

#[test]
fn a_database_that_refuses_everything_ends_the_import() {
    let crm = Fixture::new();
    let target = spoiled(&crm, |_| Some(Error::Internal("disk I/O error".to_owned())));
    let error = try_import(&target, Accounts, &many(500), &ImportOptions::default()).err().unwrap();
    assert!(matches!(error, ImportError::Store(Error::Internal(_))));
    assert!(crm.accounts().is_empty());
}

#[test]
fn files_that_are_no_table_are_refused() {
    let crm = Fixture::new();
    for file in ["", "\u{feff}\n\n", "city\nBonn\n"] {
        assert!(crm.try_import(Accounts, file, &ImportOptions::default()).is_err(), "{file:?}");
    }
}

#[test]
fn unclosed_quotes_and_nul_cost_their_rows() {
    let crm = Fixture::new();
    let outcome = crm.import(Accounts, "name;city\n\"Open;x\nGood;Bonn\nNul\0;y\nAlso;Ulm\n");
    assert_eq!(outcome.counts(), (2, 0, 0, 2));
    assert_eq!(outcome.failures.iter().map(|failure| failure.line).collect::<Vec<_>>(), [2, 4]);
}
