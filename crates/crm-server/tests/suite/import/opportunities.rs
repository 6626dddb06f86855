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
fn without_an_external_id_each_row_is_an_opportunity() {
    let crm = Fixture::new();
    assert_eq!(crm.import(Opportunities, "name,amount\nA,1\nA,1\n").counts(), (2, 0, 0, 0));
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
            let pipelines = crm.target.store.reading(|reader| reader.pipelines().list()).unwrap();
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
