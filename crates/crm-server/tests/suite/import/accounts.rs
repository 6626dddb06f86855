use crm_domain::{
    id::RecordId,
    tenant::change::ChangeKind,
    usecase::import::{ImportKind::Accounts, ImportOptions, Replacement, Scale},
};

use super::fixture::Fixture;

#[test]
fn figures_are_kept_exactly_and_blanks_stay_blank() {
    let crm = Fixture::new();
    let options = ImportOptions {
        scales: vec![Scale::parse("revenue=1000000").unwrap()],
        replacements: vec![Replacement::parse("sector:technolgy=technology").unwrap()],
        ..ImportOptions::default()
    };
    let file = "account,sector,revenue,employees\nAcme,technolgy,1100.04,2822\nBare,,,\n";
    assert_eq!(crm.import_with(Accounts, file, &options).counts(), (2, 0, 0, 0));
    let acme = crm.account("Acme").fields;
    assert_eq!(acme.industry.as_deref(), Some("technology"));
    assert_eq!(acme.annual_revenue.unwrap().minor, 110_004_000_000);
    let bare = crm.account("Bare").fields;
    assert_eq!((bare.industry, bare.annual_revenue, bare.employees), (None, None, None));
}

#[test]
fn importing_again_changes_nothing() {
    let crm = Fixture::new();
    let file = "id,name,parent\n1,Child,Mother\n2,Mother,\n3,Other,mother\n";
    assert_eq!(crm.import(Accounts, file).counts(), (3, 0, 0, 0));
    let changes = crm.changes().len();
    let again = crm.import(Accounts, file);
    assert_eq!((again.counts(), again.summary.parents_set), ((0, 0, 3, 0), 2));
    assert_eq!(crm.changes().len(), changes);
    assert_eq!(crm.accounts().len(), 3);
}

#[test]
fn rows_are_matched_by_external_id_then_by_name() {
    let crm = Fixture::new();
    crm.import(Accounts, "name,city\nAcme,Bonn\nBeta,Kiel\n");
    // Acme is taken over by the first external id that comes with its name; another external id is another account.
    let outcome = crm.import(Accounts, "id,name,city\nA1,ACME,Köln\nA2,Acme,Ulm\n,beta,Jena\n");
    assert_eq!(outcome.counts(), (1, 2, 0, 0));
    let outcome = crm.import(Accounts, "id,name\nA2,Renamed\n");
    assert_eq!(outcome.counts(), (0, 1, 0, 0));
    let shown: Vec<(Option<String>, String, String)> = crm
        .accounts()
        .into_iter()
        .map(|account| account.fields)
        .map(|fields| {
            (
                fields.external_id.map(|id| id.to_string()),
                fields.name.to_string(),
                fields.city.unwrap().to_string(),
            )
        })
        .collect();
    let expected = [(Some("A1"), "ACME", "Köln"), (None, "beta", "Jena"), (Some("A2"), "Renamed", "Ulm")];
    let expected: Vec<_> = expected
        .iter()
        .map(|(id, name, city)| (id.map(str::to_owned), (*name).to_owned(), (*city).to_owned()))
        .collect();
    assert_eq!(shown, expected);
}

#[test]
fn a_later_row_updates_what_an_earlier_one_made_whatever_the_slices() {
    let file = "id,name,city,employees\n1,Acme,Bonn,\n2,Beta,Kiel,5\n1,Acme,,10\n,acme,Ulm,\n2,Beta,Kiel,5\n1,Acme,,bad\n";
    for dry_run in [false, true] {
        for slice_rows in [1, 2, 3, 1000] {
            let crm = Fixture::new();
            let options = ImportOptions {
                slice_rows,
                dry_run: false,
                ..ImportOptions::default()
            };
            let outcome = if dry_run {
                crm.import_with(
                    Accounts,
                    file,
                    &ImportOptions {
                        dry_run: true,
                        slice_rows: 1000,
                        ..options.clone()
                    },
                )
            } else {
                crm.import_with(Accounts, file, &options)
            };
            assert_eq!(outcome.counts(), (2, 2, 1, 1), "slices of {slice_rows}");
            assert_eq!(outcome.reasons(), ["7 employees: employees: must be a whole number"]);
            if dry_run {
                assert!(crm.accounts().is_empty() && crm.changes().is_empty());
                continue;
            }
            assert_eq!(crm.accounts().len(), 2);
            let acme = crm.accounts().remove(0).fields;
            assert_eq!((acme.city.as_deref(), acme.employees), (Some("Ulm"), Some(10)));
        }
    }
}

#[test]
fn rows_of_one_slice_that_mean_one_account_leave_one_change() {
    let crm = Fixture::new();
    crm.import(Accounts, "name,city\nAcme,Bonn\nAcme,Ulm\n");
    let changes = crm.changes();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].kind, ChangeKind::Created);
    assert!(changes[0].fields.contains("Ulm") && changes[0].actor == "job:import" && changes[0].family == "cli");
}

#[test]
fn parents_are_found_in_any_order_and_bad_ones_are_told() {
    let crm = Fixture::new();
    let file = "name,subsidiary of\nChild,mother\nMother,Grandmother\nGrandmother,\nSelf,Self\nOrphan,Nobody\nLoop,Child\n";
    let outcome = crm.import(Accounts, file);
    assert_eq!(outcome.counts(), (6, 0, 0, 0));
    assert_eq!((outcome.summary.parents_set, outcome.summary.parents_failed), (3, 2));
    let reasons = outcome.reasons();
    assert!(reasons[0].starts_with("5 subsidiary of: "), "{reasons:?}");
    assert_eq!(
        reasons[1],
        "6 subsidiary of: no account is named \"Nobody\"; the account was imported without a parent"
    );
    let parent = |name: &str| crm.account(name).fields.parent_id;
    assert_eq!(parent("Child"), Some(crm.account("Mother").id));
    assert_eq!(parent("Mother"), Some(crm.account("Grandmother").id));
    assert_eq!((parent("Self"), parent("Orphan")), (None, None));
}

#[test]
fn a_bad_row_costs_itself_and_names_its_columns() {
    let crm = Fixture::new();
    let long = "x".repeat(256);
    let file = format!(
        "Company,E-Mail,Website,Founded\nGood,a@b.example,b.example,1999\n{long},nobody,ftp://x,12\nCut off\n,x@y.example,,\nLast,,,\n"
    );
    let outcome = crm.import(Accounts, &file);
    assert_eq!(outcome.counts(), (2, 0, 0, 3));
    assert_eq!(
        outcome.reasons(),
        [
            "3 E-Mail, Founded, Company, Website: E-Mail: must be a valid email address; Founded: must be between 1000 and 9999; \
             Company: must be at most 255 characters long; Website: must be a valid http or https URL",
            "4 : expected 4 cells, found 1",
            "5 Company: Company: is required",
        ]
    );
    assert_eq!(outcome.failures[0].cells[1], "nobody");
    assert_eq!(outcome.failures[1].cells, ["Cut off"]);
}

#[test]
fn owners_are_found_by_name_or_email_or_made() {
    let crm = Fixture::new();
    let outcome = crm.import(Accounts, "name,owner\nA,Jo Doe\nB,jo doe\nC,ADMIN@acme.example\nD,\nE,Sam\n");
    assert_eq!((outcome.counts(), outcome.summary.owners_created), ((5, 0, 0, 0), 2));
    let admin = crm.users()[0].id;
    let jo = crm.user("Jo Doe");
    assert!(jo.email.is_none() && jo.password.is_none());
    let owner = |name: &str| crm.account(name).fields.owner_id;
    assert_eq!([owner("A"), owner("B"), owner("C"), owner("D")], [jo.id, jo.id, admin, admin]);
    // A row without an owner leaves the one that is there, also when another default is chosen.
    let options = ImportOptions {
        default_owner: Some("sam".to_owned()),
        ..ImportOptions::default()
    };
    assert_eq!(crm.import_with(Accounts, "name,owner\nA,\nF,\n", &options).counts(), (1, 0, 1, 0));
    assert_eq!([owner("A"), owner("F")], [jo.id, crm.user("Sam").id]);
    let nobody = ImportOptions {
        default_owner: Some("nobody".to_owned()),
        ..ImportOptions::default()
    };
    assert!(crm.try_import(Accounts, "name\nA\n", &nobody).is_err());
}

#[test]
fn a_dry_run_makes_nobody_and_nothing() {
    let crm = Fixture::new();
    let options = ImportOptions {
        dry_run: true,
        ..ImportOptions::default()
    };
    let outcome = crm.import_with(Accounts, "name,owner,parent\nA,Jo,B\nB,Jo,C\n", &options);
    assert_eq!((outcome.counts(), outcome.summary.owners_created), ((2, 0, 0, 0), 1));
    assert_eq!((outcome.summary.parents_set, outcome.summary.parents_failed), (1, 1));
    assert_eq!((crm.accounts().len(), crm.users().len(), crm.changes().len()), (0, 1, 0));
}

#[test]
fn a_dry_run_tells_of_parents_what_the_import_then_does() {
    let before = "name,parent\nOld,\nTop,\nUnder,Top\n";
    let file = "id,name,parent\n,Self,Self\n1,A,B\n2,B,C\n3,C,A\n,D,A\n,Orphan,Nobody\n,Top,Under\n,Old,New\n9,New,Old\n,Under,Top\n";
    let crm = Fixture::new();
    crm.import(Accounts, before);
    let imagine = ImportOptions {
        dry_run: true,
        ..ImportOptions::default()
    };
    let imagined = crm.import_with(Accounts, file, &imagine);
    let done = crm.import(Accounts, file);
    assert_eq!(imagined.summary, done.summary);
    assert_eq!(imagined.reasons(), done.reasons());
    assert_eq!((done.summary.parents_set, done.summary.parents_failed), (5, 5));
    let lines: Vec<u64> = done.failures.iter().map(|failure| failure.line).collect();
    assert_eq!(lines, [2, 5, 7, 8, 10], "{:?}", done.reasons());
    assert!(
        done.reasons()[1].contains("must not make it its own ancestor"),
        "{:?}",
        done.reasons()
    );
}

#[test]
fn a_parents_external_id_goes_before_its_name() {
    let file = "id,name,parent,parent id\n1,Acme,,\n2,Acme,,\n3,Child,Acme,2\n4,By name,Acme,unknown\n5,By id,,2\n6,Lost,,unknown\n";
    let imagine = ImportOptions {
        dry_run: true,
        ..ImportOptions::default()
    };
    let crm = Fixture::new();
    let imagined = crm.import_with(Accounts, file, &imagine);
    let done = crm.import(Accounts, file);
    assert_eq!((&imagined.summary, imagined.reasons()), (&done.summary, done.reasons()));
    let reason = "7 parent: no account has the external id \"unknown\"; the account was imported without a parent";
    assert_eq!(done.reasons(), [reason]);
    let accounts = crm.accounts();
    let parents: Vec<Option<i64>> = accounts.iter().map(|account| account.fields.parent_id.map(|id| id.get())).collect();
    assert_eq!(parents, [None, None, Some(2), Some(1), Some(2), None]);
}

#[test]
fn rows_that_overwrite_each_other_are_counted() {
    let crm = Fixture::new();
    let file = "Company,Name,City\nAcme,Berlin office,Berlin\nAcme,Munich office,Munich\n";
    let outcome = crm.import(Accounts, file);
    assert_eq!(
        (outcome.counts(), outcome.summary.repeated_ids),
        ((2, 0, 0, 0), 0),
        "a company is no external id"
    );
    let rows: String = (0..5).map(|row| format!("{},Office {row}\n", row % 2)).collect();
    let same = format!("id,name\n{rows}9,Same\n9,Same\n");
    for dry_run in [true, false] {
        let options = ImportOptions {
            slice_rows: 2,
            dry_run,
            ..ImportOptions::default()
        };
        let outcome = crm.import_with(Accounts, &same, &options);
        assert_eq!(outcome.summary.repeated_ids, 3, "what says the same overwrites nothing");
    }
}
