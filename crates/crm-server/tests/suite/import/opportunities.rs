use std::collections::BTreeMap;

use crm_domain::{
    field::format_date,
    tenant::pipeline::StageKind,
    usecase::import::{
        ImportKind::{Accounts, Opportunities},
        ImportOptions,
    },
};

use super::fixture::Fixture;

const PIPELINE: &str = "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value
1,Jo,GTX,Acme,Won,2016-10-20,2017-03-01,1054
2,Jo,GTX,Acme,Lost,2016-10-20,2017-03-02,0
3,Sam,GTK,Acme,Engaging,2016-10-25,,
4,Sam,GTK,,Prospecting,,,
";

#[test]
fn a_sales_pipeline_keeps_what_it_says_and_invents_nothing() {
    let crm = Fixture::new();
    crm.import(Accounts, "name\nAcme\n");
    let outcome = crm.import(Opportunities, PIPELINE);
    assert_eq!(outcome.counts(), (4, 0, 0, 0));
    assert_eq!((outcome.summary.stages_created, outcome.summary.owners_created), (1, 2));
    let stages = [("Closed Lost", 1), ("Closed Won", 1), ("Engaging", 1), ("Prospecting", 1)];
    assert_eq!(
        outcome.summary.stages,
        BTreeMap::from(stages.map(|(name, count)| (name.to_owned(), count)))
    );

    let [won, lost, engaging, prospecting] = <[_; 4]>::try_from(crm.opportunities()).unwrap();
    assert_eq!((won.stage.fields.kind, lost.stage.fields.kind), (StageKind::Won, StageKind::Lost));
    assert_eq!(won.fields.closed_on.map(format_date).as_deref(), Some("2017-03-01"));
    assert_eq!(won.fields.expected_close_date, won.fields.closed_on);
    assert_eq!((won.fields.amount.unwrap().minor, lost.fields.amount.unwrap().minor), (105_400, 0));
    assert_eq!((won.fields.probability, &*won.fields.name), (100, "GTX"));
    assert_eq!(engaging.fields.engaged_on.map(format_date).as_deref(), Some("2016-10-25"));
    for open in [&engaging, &prospecting] {
        assert_eq!(
            (open.fields.amount, open.fields.closed_on, open.fields.expected_close_date),
            (None, None, None)
        );
    }
    assert_eq!(
        (won.fields.account_id, prospecting.fields.account_id),
        (Some(crm.account("Acme").id), None)
    );

    let changes = crm.changes().len();
    let again = crm.import(Opportunities, PIPELINE);
    assert_eq!(again.counts(), (0, 0, 4, 0));
    assert_eq!(
        (again.summary.stages_created, again.summary.owners_created, crm.changes().len()),
        (0, 0, changes)
    );
}

#[test]
fn closing_days_follow_the_file_alone() {
    let crm = Fixture::new();
    crm.import(Opportunities, "id,name,stage,close date\n1,A,Won,\n2,B,Prospecting,2025-01-05\n");
    let days = || {
        crm.opportunities()
            .into_iter()
            .map(|deal| deal.fields.closed_on.map(format_date))
            .collect::<Vec<_>>()
    };
    assert_eq!(days(), [None, None]);
    crm.import(Opportunities, "id,name,stage,close date\n1,A,Won,2025-01-01\n2,B,Lost,2025-01-06\n");
    assert_eq!(days(), [Some("2025-01-01".to_owned()), Some("2025-01-06".to_owned())]);
    crm.import(Opportunities, "id,name,stage,close date\n1,A,,\n2,B,Prospecting,2025-02-01\n");
    assert_eq!(days(), [Some("2025-01-01".to_owned()), None]);
}

#[test]
fn an_account_that_is_not_there_fails_its_row_or_is_made() {
    let file = "id,name,account,owner\n1,A,New Ltd,Jo\n2,B,new ltd,\n3,C,,\n";
    let crm = Fixture::new();
    let outcome = crm.import(Opportunities, file);
    assert_eq!(outcome.counts(), (1, 0, 0, 2));
    assert_eq!(
        outcome.reasons(),
        [
            "2 account: no account is named \"New Ltd\"",
            "3 account: no account is named \"new ltd\""
        ]
    );

    let create = ImportOptions {
        create_accounts: true,
        ..ImportOptions::default()
    };
    let imagined = crm.import_with(
        Opportunities,
        file,
        &ImportOptions {
            dry_run: true,
            slice_rows: 1,
            ..create.clone()
        },
    );
    assert_eq!((imagined.counts(), imagined.summary.accounts_created), ((2, 0, 1, 0), 1));
    let outcome = crm.import_with(Opportunities, file, &create);
    assert_eq!((outcome.counts(), outcome.summary.accounts_created), ((2, 0, 1, 0), 1));
    let account = crm.account("New Ltd");
    assert_eq!(account.fields.owner_id, crm.user("Jo").id);
    assert!(
        crm.opportunities()
            .iter()
            .filter(|deal| deal.fields.account_id == Some(account.id))
            .count()
            == 2
    );
}

#[test]
fn rows_without_external_ids_that_look_alike_stay_different_records() {
    let crm = Fixture::new();
    let file = "name,amount\nA,1\nA,1\nA,2\n";
    assert_eq!(crm.import(Opportunities, file).counts(), (3, 0, 0, 0));
    assert_eq!(crm.import(Opportunities, file).counts(), (0, 0, 3, 0));
    assert_eq!(
        crm.import(Opportunities, "name,amount\nA,1\nA,1\nA,3\nA,4\n").counts(),
        (1, 1, 2, 0)
    );
    assert_eq!(crm.opportunities().len(), 4);
}

/// As people sell: few products to few accounts, over many days, some of them twice on a day.
fn deals(count: usize) -> String {
    let row = |n: usize| {
        let (product, account, day) = (["GTX", "GTK", "MG"][n % 3], ["Acme", "Beta", ""][n / 3 % 3], 1 + n / 18 % 28);
        let stage = ["Won", "Lost", "Engaging", "Prospecting"][n % 4];
        format!("Jo,{product},{account},{stage},2016-10-{day:02},{n}\n")
    };
    let header = "sales_agent,product,account,deal_stage,engage_date,close_value\n";
    std::iter::once(header.to_owned()).chain((0..count).map(row)).collect()
}

#[test]
fn a_file_without_external_ids_is_imported_again_without_a_change() {
    for slice_rows in [7, 1000] {
        let crm = Fixture::new();
        let options = ImportOptions {
            create_accounts: true,
            slice_rows,
            ..ImportOptions::default()
        };
        // The import stopped half-way.
        assert_eq!(crm.import_with(Opportunities, &deals(150), &options).counts(), (150, 0, 0, 0));
        assert_eq!(crm.import_with(Opportunities, &deals(2500), &options).counts(), (2350, 0, 150, 0));
        let (before, changes) = (crm.opportunities(), crm.changes().len());
        let dry_run = ImportOptions {
            dry_run: true,
            ..options.clone()
        };
        assert_eq!(crm.import_with(Opportunities, &deals(2500), &dry_run).counts(), (0, 0, 2500, 0));
        assert_eq!(crm.import_with(Opportunities, &deals(2500), &options).counts(), (0, 0, 2500, 0));
        assert_eq!((crm.opportunities(), crm.changes().len()), (before, changes));
    }
}

#[test]
fn the_day_talks_began_tells_opportunities_apart_and_ids_go_first() {
    let crm = Fixture::new();
    crm.import(Opportunities, "id,name,engage date,value\nx,A,2025-01-01,1\n");
    // Another day is another opportunity; the same is that one, also when it has an id.
    let file = "name,engage date,value\nA,2025-02-01,5\nA,2025-01-01,2\n";
    assert_eq!(crm.import(Opportunities, file).counts(), (1, 1, 0, 0));
    // In a file with ids, a row without one never means a record that has one.
    assert_eq!(
        crm.import(Opportunities, "id,name,engage date\n,A,2025-01-01\n").counts(),
        (1, 0, 0, 0)
    );
    assert_eq!(
        crm.import(Opportunities, "id,name,engage date\n,A,2025-01-01\n").counts(),
        (0, 0, 1, 0)
    );
    assert_eq!(crm.opportunities().len(), 3);
}

#[test]
fn a_file_says_what_forecasts_count() {
    let crm = Fixture::new();
    let file = "id,name,include_in_forecast\n1,A,No\n2,B,TRUE\n3,C,\n4,D,perhaps\n";
    let outcome = crm.import(Opportunities, file);
    assert_eq!(
        outcome.reasons(),
        ["5 include_in_forecast: include_in_forecast: must be one of: yes, no, true, false, 1, 0"]
    );
    let counted = || {
        let deals = crm.opportunities();
        deals.iter().map(|deal| deal.fields.include_in_forecast).collect::<Vec<_>>()
    };
    assert_eq!(counted(), [false, true, true]);
    crm.import(Opportunities, "id,name,Forecast\n1,A,\n2,B,0\n");
    assert_eq!(counted(), [false, false, true]);
}

#[test]
fn bad_dates_and_amounts_are_told_once_per_column() {
    let crm = Fixture::new();
    let file = format!(
        "name,close date,value,stage\nA,01/02/2025,much,Won\nB,,1.005,Won\nC,,,{}\n",
        "x".repeat(101)
    );
    assert_eq!(
        crm.import(Opportunities, &file).reasons(),
        [
            "2 value, close date: value: must be a number; close date: must be a date in the form YYYY-MM-DD",
            "3 value: value: must be an amount of money with at most 2 decimals",
            "4 stage: stage: must be one of: Prospecting, Qualification, Proposal Sent, Negotiation, Closed Won, Closed Lost",
        ]
    );
}

#[test]
fn a_stage_is_made_only_for_rows_that_do_not_fail() {
    let file = "id,name,stage,value,account
1,A,Bad Value,much,
2,B,Bad Account,1,Nowhere
3,C,Demo,1,
4,D,demo,2,
5,E,Trial,much,
6,F,Trial,3,
";
    for slice_rows in [1, 2, 1000] {
        let crm = Fixture::new();
        let stages = || {
            let pipelines = crm.target.store.reading(|reader| reader.pipelines().all()).unwrap();
            let stages = pipelines.iter().flat_map(|pipeline| &pipeline.stages);
            stages.map(|stage| stage.fields.name.to_string()).collect::<Vec<_>>()
        };
        let before = stages();
        let options = |dry_run| ImportOptions {
            dry_run,
            slice_rows,
            ..ImportOptions::default()
        };
        let imagined = crm.import_with(Opportunities, file, &options(true));
        assert_eq!((imagined.counts(), imagined.summary.stages_created), ((3, 0, 0, 3), 2));
        assert_eq!(stages(), before);
        let outcome = crm.import_with(Opportunities, file, &options(false));
        assert_eq!((outcome.counts(), outcome.summary.stages_created), ((3, 0, 0, 3), 2));
        let mut made = stages();
        made.retain(|name| !before.contains(name));
        assert_eq!(made, ["Demo", "Trial"]);
        let probabilities: Vec<_> = crm
            .opportunities()
            .iter()
            .map(|deal| (deal.fields.probability, deal.stage.fields.probability))
            .collect();
        assert!(probabilities.iter().all(|(own, of_stage)| own == of_stage), "{probabilities:?}");
        let again = crm.import_with(Opportunities, file, &options(false));
        assert_eq!((again.counts(), again.summary.stages_created), ((0, 0, 3, 3), 0));
    }
}

#[test]
fn slices_read_before_a_stage_is_made_know_it_when_they_are_written() {
    let rows = (1..40).fold("id,name,stage,value\n1,A,Demo,0\n".to_owned(), |file, value| {
        format!("{file}1,A,,{value}\n")
    });
    for slice_rows in [1, 3] {
        let crm = Fixture::new();
        let options = ImportOptions {
            slice_rows,
            ..ImportOptions::default()
        };
        let outcome = crm.import_with(Opportunities, &rows, &options);
        assert_eq!(outcome.counts(), (1, 39, 0, 0), "{:?}", outcome.reasons());
        assert_eq!(outcome.summary.stages, BTreeMap::from([("Demo".to_owned(), 40)]));
    }
}
