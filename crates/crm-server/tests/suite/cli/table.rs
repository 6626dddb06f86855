//! `import` and `export`, by their output and their files.

use serde_json::json;

use crate::process::Place;

#[test]
fn an_import_warns_of_rows_that_overwrite_each_other() {
    let place = Place::new();
    place.init();
    place.write("offices.csv", "Company,Id,City\nAcme,1,Berlin\nAcme,1,Munich\nBeta,2,Kiel\n");
    for dry_run in ["--dry-run", "--strict"] {
        let report = place.json(&["import", "accounts", "offices.csv", dry_run]);
        assert_eq!(report["repeatedIds"], 1);
        let warning = report["warnings"][0].as_str().unwrap();
        assert!(warning.contains("earlier row") && warning.contains("--map \"Id=-\""), "{warning}");
    }
}

#[test]
fn an_import_says_how_it_read_the_characters() {
    let place = Place::new();
    place.init();
    place.write("utf8.csv", "Company\nK\u{f6}ln\n");
    assert_eq!(place.json(&["import", "accounts", "utf8.csv"])["encoding"], "utf-8");
    std::fs::write(place.path().join("legacy.csv"), b"Company\nM\xfcnchen\n").unwrap();
    assert_eq!(place.json(&["import", "accounts", "legacy.csv"])["encoding"], "windows-1252");
    let told = String::from_utf8(place.run(&["import", "accounts", "legacy.csv"]).stdout).unwrap();
    assert!(told.contains("read as windows-1252; choose another with --encoding"), "{told}");
}

#[test]
fn imports_report_and_leave_a_file_of_what_failed() {
    let place = Place::new();
    place.init();
    place.write("deals.csv", "id;name;value\n1;A;10\n2;B;much\n");
    let report = place.json(&["import", "opportunities", "deals.csv"]);
    assert_eq!(
        (&report["created"], &report["failed"], &report["errorsFile"]),
        (&json!(1), &json!(1), &json!("deals.errors.csv"))
    );
    assert_eq!(report["stages"], json!({ "Prospecting": 1 }));
    let expected = "import_line,import_column,import_reason,id,name,value\n3,value,value: must be a number,2,B,much\n";
    assert_eq!(place.read("deals.errors.csv"), expected);
    assert_eq!(
        place.run(&["import", "opportunities", "deals.csv", "--strict"]).status.code(),
        Some(1)
    );
    // The mended rows are imported from the file of failures itself.
    place.write("mended.csv", &expected.replace("much", "20"));
    let report = place.json(&["import", "opportunities", "mended.csv", "--strict"]);
    assert_eq!((&report["created"], &report["errorsFile"]), (&json!(1), &json!(null)));

    let piped = place.run_with(&["import", "accounts", "-", "--json", "--dry-run"], "name\nAcme\n");
    assert!(String::from_utf8(piped.stdout).unwrap().contains("\"created\": 1"));
    assert_eq!(place.error(&["import", "accounts", "nowhere.csv"]).0, 1);
    assert_eq!(place.error(&["import", "accounts", "deals.csv", "--map", "name"]).0, 2);
    let (_, error) = place.error(&["import", "accounts", "deals.csv", "--map", "valu=city"]);
    assert_eq!(error, "error: there is no column \"valu\", did you mean \"value\"?");
}

#[test]
fn an_import_spares_its_input_and_a_dry_run_spares_every_file() {
    let place = Place::new();
    place.init();
    let file = "name,value\nA,much\n";
    place.write("deals.csv", file);
    place.write("old.csv", "old");
    std::fs::hard_link(place.path().join("deals.csv"), place.path().join("hard.csv")).unwrap();
    for errors in ["deals.csv", "./deals.csv", "hard.csv"] {
        let (code, error) = place.error(&["import", "opportunities", "deals.csv", "--errors", errors]);
        assert_eq!(
            (code, error),
            (1, format!("error: {errors} is the file to import: choose another with --errors"))
        );
        assert_eq!(place.read("deals.csv"), file);
    }
    let report = place.json(&["import", "opportunities", "deals.csv", "--dry-run", "--errors", "old.csv"]);
    assert_eq!((&report["failed"], &report["errorsFile"]), (&json!(1), &json!(null)));
    assert!(report["warnings"][1].as_str().unwrap().contains("old.csv exists"), "{report}");
    assert_eq!(place.read("old.csv"), "old");
    let report = place.json(&["import", "opportunities", "deals.csv", "--dry-run"]);
    assert_eq!(report["errorsFile"], "deals.errors.csv");
}

#[test]
fn opportunities_known_by_name_and_account_alone_come_with_a_warning() {
    let place = Place::new();
    place.init();
    place.write("deals.csv", "name\nA\n");
    place.write("known.csv", "id,name\n1,A\n");
    place.write("dated.csv", "name,engage date\nA,2025-01-01\n");
    let warned = "the file has neither external ids nor days";
    assert_eq!(
        place.json(&["import", "opportunities", "dated.csv", "--dry-run"])["warnings"],
        json!([])
    );
    let output = place.run(&["import", "opportunities", "deals.csv", "--dry-run"]);
    assert!(String::from_utf8(output.stderr).unwrap().contains(warned));
    let report = place.json(&["import", "opportunities", "deals.csv", "--dry-run"]);
    assert!(report["warnings"][0].as_str().unwrap().contains(warned), "{report}");
    assert_eq!(place.json(&["import", "opportunities", "known.csv"])["warnings"], json!([]));
    assert_eq!(place.json(&["import", "accounts", "deals.csv"])["warnings"], json!([]));
}

#[test]
fn parents_that_cannot_be_set_and_repeated_columns_are_told_in_full() {
    let place = Place::new();
    place.init();
    place.write("a.csv", "id,name,parent,Name\n1,A,Nope,x\n2,B,C,x\n3,C,B,x\n");
    let report = place.json(&["import", "accounts", "a.csv"]);
    assert_eq!((&report["parentsSet"], &report["parentsFailed"]), (&json!(1), &json!(2)));
    assert_eq!(report["columns"][1], json!({ "header": "name", "field": "name" }));
    assert_eq!(report["columns"][3], json!({ "header": "Name", "field": null }));
    assert_eq!(
        report["warnings"],
        json!([r#"column "Name" is not imported: it has the name of "name"; choose with --map"#])
    );
    assert_eq!(
        place.read("a.errors.csv"),
        "import_line,import_column,import_reason,id,name,parent,Name\n\
         2,parent,\"no account is named \"\"Nope\"\"; the account was imported without a parent\",1,A,Nope,\n\
         4,parent,must not make it its own ancestor,3,C,B,\n"
    );
    // Mended, the rows are imported from the file of failures itself.
    place.write(
        "mended.csv",
        &place.read("a.errors.csv").replace("Nope", "B").replace("3,C,B", "3,C,A"),
    );
    assert_eq!(place.json(&["import", "accounts", "mended.csv"])["parentsFailed"], 1);
}

#[test]
fn an_export_is_a_file_that_an_import_reads_back() {
    use std::os::unix::fs::PermissionsExt;

    let place = Place::new();
    place.init();
    place.write("a.csv", "name,notes,owner\n=1+1,\"two\nlines, 🚀\",Sam\nBeta,,\n");
    place.json(&["import", "accounts", "a.csv"]);
    let report = place.json(&["export", "accounts", "out.csv"]);
    assert_eq!(
        (&report["kind"], &report["written"], &report["warnings"]),
        (&json!("accounts"), &json!(2), &json!([]))
    );
    let out = place.path().join("out.csv");
    assert_eq!(std::fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o600);
    let plain = place.read("out.csv");
    assert!(plain.contains("\n,=1+1,") && plain.contains("\"two\nlines, 🚀\""), "{plain}");

    let (code, error) = place.error(&["export", "accounts", "out.csv", "--guard-formulas"]);
    assert_eq!(
        (code, error.as_str()),
        (1, "error: out.csv exists: choose another file, or --overwrite it")
    );
    assert_eq!(place.read("out.csv"), plain);
    place.json(&["export", "accounts", "out.csv", "--guard-formulas", "--overwrite"]);
    assert!(place.read("out.csv").contains("\n,'=1+1,"));

    // Standard output has the rows alone.
    let output = place.run(&["export", "accounts", "-", "--json"]);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), plain);
    let summary: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!((&summary["file"], &summary["written"]), (&json!("-"), &json!(2)));

    let (_, error) = place.error(&["export", "contacts", "nowhere/out.csv"]);
    assert!(error.contains("cannot make nowhere/out.csv"), "{error}");
    let (_, error) = place.error(&["export", "contacts", "other.csv", "--tenant", "Nobody"]);
    assert!(error.contains("there is no tenant"), "{error}");
    let files: Vec<_> = std::fs::read_dir(place.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(files.len(), 3, "nothing half made is left: {files:?}");

    place.json(&[
        "tenant",
        "create",
        "--email",
        "b@beta.example",
        "--password",
        "Admin@123",
        "--tenant-name",
        "Beta",
    ]);
    let made = place.json(&["import", "accounts", "out.csv", "--tenant", "Beta"]);
    assert_eq!((&made["created"], &made["failed"]), (&json!(2), &json!(0)));
    place.json(&["export", "accounts", "beta.csv", "--tenant", "Beta"]);
    let beta = place.read("beta.csv");
    assert_eq!(beta, plain, "the owner known by an email alone is a user of that name there");
}
