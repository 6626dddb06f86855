//! A sales team's tables, imported by the command line and read back through family A (contract ).

use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

use crm_tests::process::Cli;
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_crm-server-under-test");

/// Every third deal has no account, every fourth open one no date: nobody entered them.
fn write_tables(folder: &Path) {
    fs::write(
        folder.join("sales_teams.csv"),
        "sales_agent,manager,regional_office\nAnna Snelling,Dustin Brinkmann,Central\nCecily Lampkin,Dustin Brinkmann,Central\n",
    )
    .unwrap();
    fs::write(
        folder.join("accounts.csv"),
        "account,sector,year_established,revenue,employees,office_location,subsidiary_of\n\
         Acme Corporation,technolgy,1996,1100.04,2822,United States,\n\
         Betasoloin,medical,1999,251.41,495,United States,\n\
         Betatech,medical,1986,647.18,1185,Kenya,Acme Corporation\n",
    )
    .unwrap();
    let mut pipeline = String::from("opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value\n");
    let accounts = ["Acme Corporation", "", "Betatech"];
    for number in 0..240 {
        let agent = ["Anna Snelling", "Cecily Lampkin"][number % 2];
        let account = accounts[number % 3];
        let rest = match number % 4 {
            0 => format!("Won,2016-10-20,2017-03-01,{}", 1_000 + number),
            1 => "Lost,2016-10-25,2017-03-11,0".to_owned(),
            2 => "Engaging,2017-05-01,,".to_owned(),
            _ => "Prospecting,,,".to_owned(),
        };
        writeln!(pipeline, "ID{number:04},{agent},GTX Plus Basic,{account},{rest}").unwrap();
    }
    fs::write(folder.join("sales_pipeline.csv"), pipeline).unwrap();
}

fn all_opportunities(ask: impl Fn(&str) -> Value) -> Vec<Value> {
    let mut all = Vec::new();
    loop {
        let page = ask(&format!("/opportunities?includeInForecast=all&limit=100&offset={}", all.len()));
        all.extend(page["opportunities"].as_array().unwrap().clone());
        if page["pagination"]["hasMore"] == false {
            assert_eq!(page["pagination"]["total"], all.len());
            return all;
        }
    }
}

#[test]
fn what_was_imported_is_what_family_a_shows() {
    let folder = tempfile::tempdir().unwrap();
    write_tables(folder.path());
    let cli = Cli::new(BINARY, folder.path());
    cli.json(&[
        "init",
        "--email",
        "ada@acme.test",
        "--password",
        "correct horse",
        "--tenant-name",
        "Acme",
    ]);
    let key = cli.json(&["key", "create", "--family", "health_trixss", "--name", "Reader"]);
    let key = key["key"].as_str().unwrap().to_owned();
    // Imports run beside a running server.
    let server = cli.serve(&[]);
    let users = cli.json(&["import", "users", "sales_teams.csv"]);
    assert_eq!(users["failed"], 0, "{users}");
    let accounts = [
        "import",
        "accounts",
        "accounts.csv",
        "--scale",
        "annual_revenue=1000000",
        "--replace",
        "industry:technolgy=technology",
    ];
    assert_eq!(cli.json(&accounts)["created"], 3);
    assert_eq!(cli.json(&["import", "opportunities", "sales_pipeline.csv"])["created"], 240);

    let ask = |path: &str| server.get(&format!("/api/v1/external{path}")).key(&key).expect(200).json();
    let page = ask("/accounts");
    assert_eq!(page["pagination"]["total"], 3);
    let acme = &page["accounts"][0];
    assert_eq!(
        (&acme["name"], &acme["industry"]),
        (&json!("Acme Corporation"), &json!("technology"))
    );
    assert_eq!(acme["annualRevenue"], 110_004_000_000_i64, "1,100.04 millions in cents");

    let opportunities = all_opportunities(ask);
    let mut by_stage: BTreeMap<&str, (u32, i64)> = BTreeMap::new();
    for opportunity in &opportunities {
        let entry = by_stage.entry(opportunity["stage"].as_str().unwrap()).or_default();
        entry.0 += 1;
        entry.1 += opportunity["amount"].as_i64().expect("an amount is never null");
        assert!(
            opportunity["expectedCloseDate"].as_str().is_some_and(|day| day.len() == 10),
            "{opportunity}"
        );
        assert!(
            opportunity["accountId"].is_string() && opportunity["ownerId"].is_i64(),
            "{opportunity}"
        );
    }
    let won: i64 = (0..240).step_by(4).map(|number| (1_000 + number) * 100).sum();
    let expected = [
        ("Closed Won", (60, won)),
        ("Closed Lost", (60, 0)),
        ("Engaging", (60, 0)),
        ("Prospecting", (60, 0)),
    ];
    assert_eq!(by_stage, expected.into_iter().collect());
    let orphans = opportunities
        .iter()
        .filter(|opportunity| opportunity["accountId"] == "ACT-00000")
        .count();
    assert_eq!(orphans, 80);
    assert_eq!(
        ask("/accounts/ACT-00000?expand=opportunities")["opportunities"]
            .as_array()
            .unwrap()
            .len(),
        80
    );

    // The same files again change nothing, and a poller is told of nothing.
    let since = page_stamp(&ask("/opportunities?includeInForecast=all&limit=1"));
    let again = cli.json(&["import", "opportunities", "sales_pipeline.csv"]);
    assert_eq!((&again["created"], &again["failed"]), (&json!(0), &json!(0)), "{again}");
    assert_eq!(
        ask(&format!("/opportunities?includeInForecast=all&updatedSince={since}"))["pagination"]["total"],
        0
    );
    assert_eq!(all_opportunities(ask).len(), 240);
}

fn page_stamp(page: &Value) -> String {
    page["pagination"]["nextUpdatedSince"].as_str().unwrap().to_owned()
}

// Bad rows are reported one by one, good ones are there, and nothing half.
#[test]
fn bad_rows_are_left_out_whole() {
    let folder = tempfile::tempdir().unwrap();
    let cli = Cli::new(BINARY, folder.path());
    cli.json(&["init", "--email", "ada@acme.test", "--password", "correct horse"]);
    let key = cli.json(&["key", "create", "--family", "health_trixss", "--name", "Reader"]);
    let rows = "\u{feff}name;email;employees\nGood;info@good.test;5\nBad;no email;5\n;info@nameless.test;5\nWorse;info@worse.test;many\n\
                Überfluß;ü@über.test;7\n";
    fs::write(folder.path().join("accounts.csv"), rows).unwrap();
    let report = cli.json(&["import", "accounts", "accounts.csv"]);
    assert_eq!((&report["created"], &report["failed"]), (&json!(2), &json!(3)), "{report}");
    let errors = fs::read_to_string(folder.path().join(report["errorsFile"].as_str().unwrap())).unwrap();
    assert_eq!(errors.lines().count(), 4, "a header and three rows: {errors}");
    let server = cli.serve(&[]);
    let page = server
        .get("/api/v1/external/accounts")
        .key(key["key"].as_str().unwrap())
        .expect(200)
        .json();
    let names: Vec<&str> = page["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|account| account["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Good", "Überfluß"]);
}
