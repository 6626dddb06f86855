//! Opportunities in their stages: actions, history, board and forecast.

use std::{collections::BTreeMap, sync::Arc};

use crm_domain::{
    Error, Result,
    field::{Check, Patch},
    id::{OpportunityId, RecordId, StageId, UserId},
    money::{Currency, MAX_MINOR},
    tenant::{
        TenantStore,
        opportunity::{self, LossDraft, Month, MoveDraft, Opportunity, OpportunityDraft, ReopeningDraft, Sums, WinDraft},
        pipeline::{self, PipelineDraft},
    },
    usecase::{restore, single},
};
use crm_tests::{database::Database, each_backend_shared};

use super::{assert_not_found, feed, only_problem, open, set, user, write};

each_backend_shared!(
    a_deal_is_won_and_reopened_where_it_was,
    a_lost_deal_has_a_reason_until_it_is_reopened,
    a_deal_moves_between_pipelines,
    what_is_done_already_is_refused,
    a_history_knows_stages_that_are_gone,
    a_deal_is_restored_into_a_stage_that_is_there,
    boards_add_up_what_is_in_their_stages,
    sums_of_the_largest_amounts_are_exact,
    forecasts_add_up_what_is_expected_month_by_month,
);

type Store = Arc<dyn TenantStore>;

fn deal(store: &Store, draft: OpportunityDraft) -> Opportunity {
    let draft = OpportunityDraft {
        name: set("Deal"),
        ..draft
    };
    write(store, move |unit| {
        single::create::<opportunity::Opportunity>(unit, draft, user(), Check::new())
    })
    .unwrap()
}

fn in_stage(name: &str) -> OpportunityDraft {
    OpportunityDraft {
        stage: set(name),
        ..OpportunityDraft::default()
    }
}

fn move_to(store: &Store, id: OpportunityId, stage: i64) -> Result<Opportunity> {
    let draft = MoveDraft {
        stage_id: Patch::Set(StageId::from_i64(stage)),
        ..MoveDraft::default()
    };
    write(store, move |unit| opportunity::move_to(unit, id, draft, Check::new()))
}

fn win(store: &Store, id: OpportunityId, draft: WinDraft) -> Result<Opportunity> {
    write(store, move |unit| opportunity::win(unit, id, draft, Check::new()))
}

fn lose(store: &Store, id: OpportunityId, reason: Patch<String>) -> Result<Opportunity> {
    let draft = LossDraft {
        reason,
        ..LossDraft::default()
    };
    write(store, move |unit| opportunity::lose(unit, id, draft, Check::new()))
}

fn reopen(store: &Store, id: OpportunityId, stage: Option<i64>) -> Result<Opportunity> {
    let draft = ReopeningDraft {
        stage_id: stage.map(StageId::from_i64).into(),
    };
    write(store, move |unit| opportunity::reopen(unit, id, draft, Check::new()))
}

fn found(store: &Store, id: OpportunityId) -> Opportunity {
    store.reading(|reader| reader.opportunities().lookup(id)).unwrap().unwrap()
}

/// Stage, probability, and whether it has a day it was closed on.
fn state(opportunity: &Opportunity) -> (&str, i64, bool) {
    let fields = &opportunity.fields;
    (&opportunity.stage.fields.name, fields.probability, fields.closed_on.is_some())
}

fn a_deal_is_won_and_reopened_where_it_was(database: &Database) {
    let store = open(database);
    let id = deal(&store, in_stage("Qualification")).id;
    let won = win(
        &store,
        id,
        WinDraft {
            closed_on: set("2024-02-29"),
            amount: set("12.5"),
            currency: set("EUR"),
        },
    )
    .unwrap();
    assert_eq!(state(&won), ("Closed Won", 100, true));
    assert_eq!(won.fields.closed_on.unwrap().to_string(), "2024-02-29");
    assert_eq!(won.fields.amount.unwrap().minor, 1_250);
    assert_eq!(found(&store, id), won);
    let reopened = reopen(&store, id, None).unwrap();
    assert_eq!(state(&reopened), ("Qualification", 25, false));
    assert_eq!(found(&store, id), reopened);
    let today = win(&store, id, WinDraft::default()).unwrap();
    assert_eq!(today.fields.closed_on, Some(today.updated_at.date()));
    assert_eq!(today.fields.amount, won.fields.amount, "it keeps its amount");
    assert_eq!(state(&reopen(&store, id, Some(4)).unwrap()), ("Negotiation", 75, false));
    // A deal that was never open starts anew.
    let quick = deal(&store, in_stage("Closed Won")).id;
    assert_eq!(state(&reopen(&store, quick, None).unwrap()), ("Prospecting", 10, false));
}

fn a_lost_deal_has_a_reason_until_it_is_reopened(database: &Database) {
    let store = open(database);
    let id = deal(&store, OpportunityDraft::default()).id;
    for nothing in [Patch::Keep, Patch::Clear, set("  ")] {
        assert_eq!(only_problem(lose(&store, id, nothing)).0, "reason");
    }
    let lost = lose(&store, id, set("Zu teuer 💸")).unwrap();
    assert_eq!(state(&lost), ("Closed Lost", 0, true));
    assert_eq!(lost.fields.lost_reason.as_deref(), Some("Zu teuer 💸"));
    assert_eq!(found(&store, id), lost);
    let changes = feed(&store);
    assert!(changes.last().unwrap().fields.contains("\"lost_reason\":[null,\"Zu teuer 💸\"]"));
    assert_eq!(reopen(&store, id, None).unwrap().fields.lost_reason, None);
    // An edit keeps it as long as the deal is lost.
    let edit = |draft: OpportunityDraft| {
        write(&store, move |unit| {
            single::update::<opportunity::Opportunity>(unit, id, draft, user(), Check::new())
        })
        .unwrap()
    };
    let open_reason = OpportunityDraft {
        lost_reason: set("none"),
        ..OpportunityDraft::default()
    };
    assert_eq!(edit(open_reason).fields.lost_reason, None);
    let draft = OpportunityDraft {
        lost_reason: set("Budget"),
        ..in_stage("lost")
    };
    assert_eq!(edit(draft).fields.lost_reason.as_deref(), Some("Budget"));
    let corrected = OpportunityDraft {
        lost_reason: set("Timing"),
        ..OpportunityDraft::default()
    };
    assert_eq!(edit(corrected).fields.lost_reason.as_deref(), Some("Timing"));
}

fn a_deal_moves_between_pipelines(database: &Database) {
    let store = open(database);
    let id = deal(&store, OpportunityDraft::default()).id;
    let draft = PipelineDraft {
        name: set("Renewals"),
        ..PipelineDraft::default()
    };
    let other = write(&store, move |unit| pipeline::create(unit, draft, Check::new())).unwrap();
    let stage = &other.stages[1];
    let moved = move_to(&store, id, stage.id.get()).unwrap();
    assert_eq!((moved.fields.stage_id, moved.fields.probability), (stage.id, 25));
    // A name is one of the pipeline that it is in now, and so are the closing stages.
    let named = MoveDraft {
        stage: set("negotiation"),
        probability: set("66"),
        ..MoveDraft::default()
    };
    let named = write(&store, move |unit| opportunity::move_to(unit, id, named, Check::new())).unwrap();
    assert_eq!((named.fields.stage_id, named.fields.probability), (other.stages[3].id, 66));
    assert_eq!(win(&store, id, WinDraft::default()).unwrap().fields.stage_id, other.stages[4].id);
    let nothing = reopen(&store, id, None).and_then(|_| {
        write(&store, move |unit| {
            opportunity::move_to(unit, id, MoveDraft::default(), Check::new())
        })
    });
    assert_eq!(only_problem(nothing).0, "stage_id");
}

fn what_is_done_already_is_refused(database: &Database) {
    let store = open(database);
    let id = deal(&store, OpportunityDraft::default()).id;
    let refusal = |result: Result<Opportunity>| match result {
        Err(error @ Error::State { .. }) => error.to_string(),
        other => panic!("expected a state, got {other:?}"),
    };
    assert_eq!(refusal(reopen(&store, id, None)), "the opportunity is open and cannot be reopened");
    win(&store, id, WinDraft::default()).unwrap();
    let before = (found(&store, id), feed(&store));
    assert_eq!(refusal(win(&store, id, WinDraft::default())), "the opportunity is already won");
    assert_eq!(refusal(lose(&store, id, set("x"))), "the opportunity is won and cannot be lost");
    assert_eq!(refusal(move_to(&store, id, 1)), "the opportunity is won and cannot be moved");
    for wrong in [5, 6, 99] {
        assert_eq!(only_problem(reopen(&store, id, Some(wrong))).0, "stage_id", "{wrong}");
    }
    assert_eq!((found(&store, id), feed(&store)), before);
    write(&store, move |unit| single::remove::<opportunity::Opportunity>(unit, id)).unwrap();
    assert_not_found(win(&store, id, WinDraft::default()), "opportunity");
}

fn a_history_knows_stages_that_are_gone(database: &Database) {
    let store = open(database);
    let made = deal(&store, OpportunityDraft::default());
    let id = made.id;
    let moved = move_to(&store, id, 2).unwrap();
    let edited = OpportunityDraft {
        // What looks like a change of the stage is none.
        name: set("\"stage_id\":[1,2]"),
        ..OpportunityDraft::default()
    };
    write(&store, move |unit| {
        single::update::<opportunity::Opportunity>(unit, id, edited, user(), Check::new())
    })
    .unwrap();
    let lost = lose(&store, id, set("x")).unwrap();
    write(&store, |unit| {
        pipeline::remove_stage(unit, RecordId::from_i64(1), StageId::from_i64(2), None)
    })
    .unwrap();
    let stays = store.reading(|reader| opportunity::stage_history(reader, id)).unwrap();
    let shown: Vec<_> = stays
        .iter()
        .map(|stay| (&*stay.stage.fields.name, stay.entered_at, stay.left_at, stay.actor.as_str()))
        .collect();
    let expected = [
        ("Prospecting", made.created_at, Some(moved.updated_at), "user:7"),
        ("Qualification", moved.updated_at, Some(lost.updated_at), "user:7"),
        ("Closed Lost", lost.updated_at, None, "user:7"),
    ];
    assert_eq!(shown, expected);
    // The stage that it was closed in is gone: the last one that is there counts.
    assert_eq!(state(&reopen(&store, id, None).unwrap()).0, "Prospecting");
    assert_not_found(
        store.reading(|reader| opportunity::stage_history(reader, OpportunityId::from_i64(99))),
        "opportunity",
    );
}

fn a_deal_is_restored_into_a_stage_that_is_there(database: &Database) {
    let store = open(database);
    let restored = |id: OpportunityId| {
        write(&store, move |unit| restore::restore::<Opportunity>(unit, id)).unwrap();
        found(&store, id)
    };
    let deleted = |stage: i64| {
        let draft = OpportunityDraft {
            stage_id: Patch::Set(StageId::from_i64(stage)),
            ..OpportunityDraft::default()
        };
        let id = deal(&store, draft).id;
        write(&store, move |unit| single::remove::<opportunity::Opportunity>(unit, id)).unwrap();
        id
    };
    let draft = PipelineDraft {
        name: set("Renewals"),
        ..PipelineDraft::default()
    };
    let other = write(&store, move |unit| pipeline::create(unit, draft, Check::new())).unwrap();
    let (kept, moved, won) = (deleted(4), deleted(2), deleted(other.stages[4].id.get()));
    write(&store, |unit| {
        pipeline::remove_stage(unit, RecordId::from_i64(1), StageId::from_i64(2), None)
    })
    .unwrap();
    write(&store, move |unit| pipeline::remove(unit, other.id)).unwrap();
    assert_eq!(state(&restored(kept)), ("Negotiation", 75, false));
    assert_eq!(state(&restored(moved)), ("Prospecting", 10, false));
    assert_eq!(state(&restored(won)), ("Closed Won", 100, true));
    assert_eq!(found(&store, won).fields.stage_id.get(), 5, "of the default pipeline");
    let last = feed(&store).pop().unwrap();
    assert!(last.fields.contains("\"stage_id\":[null,5]"), "{last:?}");
}

fn worth(stage: &str, amount: &str, currency: &str, probability: i64) -> OpportunityDraft {
    OpportunityDraft {
        amount: set(amount),
        currency: set(currency),
        probability: set(probability),
        ..in_stage(stage)
    }
}

/// Currency → count, amount and weighted amount in minor units.
fn shown<'a>(sums: &'a Sums) -> BTreeMap<&'a str, (i64, i128, i128)> {
    let sum = |(currency, sum): (&'a Currency, &opportunity::Sum)| (currency.as_str(), (sum.count, sum.minor, sum.weighted()));
    sums.by_currency.iter().map(sum).collect()
}

fn boards_add_up_what_is_in_their_stages(database: &Database) {
    let store = open(database);
    let first = deal(&store, worth("Prospecting", "100.10", "USD", 50));
    let drafts = [
        worth("Prospecting", "-0.05", "USD", 33),
        worth("Prospecting", "7", "EUR", 10),
        in_stage("Prospecting"),
        worth("Closed Won", "1000", "USD", 100),
    ];
    for draft in drafts {
        deal(&store, draft);
    }
    let gone = deal(&store, worth("Prospecting", "5", "USD", 50)).id;
    write(&store, move |unit| single::remove::<opportunity::Opportunity>(unit, gone)).unwrap();
    let (pipeline, columns) = store.reading_snapshot(|reader| opportunity::board(reader, None, 2)).unwrap();
    assert!(pipeline.fields.is_default);
    let counts: Vec<_> = columns
        .iter()
        .map(|column| (&*column.stage.fields.name, column.sums.count, column.first.len()))
        .collect();
    let expected = [
        ("Prospecting", 4, 2),
        ("Qualification", 0, 0),
        ("Proposal Sent", 0, 0),
        ("Negotiation", 0, 0),
        ("Closed Won", 1, 1),
        ("Closed Lost", 0, 0),
    ];
    assert_eq!(counts, expected);
    assert_eq!(columns[0].first[0], first);
    // 50.05 minus 0.0165.
    assert_eq!(
        shown(&columns[0].sums),
        BTreeMap::from([("EUR", (1, 700, 70)), ("USD", (2, 10_005, 5_003))])
    );
    assert_eq!(shown(&columns[4].sums), BTreeMap::from([("USD", (1, 100_000, 100_000))]));
    let missing = store.reading(|reader| opportunity::board(reader, Some(RecordId::from_i64(9)), 2));
    assert_not_found(missing, "pipeline");
}

fn sums_of_the_largest_amounts_are_exact(database: &Database) {
    let store = open(database);
    let largest = format!("{}.99", MAX_MINOR / 100);
    let count = 10_000;
    write(&store, move |unit| {
        let context = opportunity::context(unit, UserId::from_i64(7))?;
        let parse = |_| {
            opportunity::OpportunityFields::parse(
                OpportunityDraft {
                    name: set("x"),
                    ..worth("Prospecting", &largest, "USD", 99)
                },
                &context,
                Check::new(),
            )
        };
        let new = (0..count).map(parse).collect::<Result<_>>()?;
        opportunity::create_many(unit, new).map(drop)
    })
    .unwrap();
    let (_, columns) = store.reading(|reader| opportunity::board(reader, None, 0)).unwrap();
    let sum = i128::from(MAX_MINOR) * count;
    assert!(sum > i128::from(i64::MAX));
    assert_eq!(shown(&columns[0].sums)["USD"], (10_000, sum, sum * 99 / 100));
    assert!(columns.iter().all(|column| column.first.is_empty()));
}

fn forecasts_add_up_what_is_expected_month_by_month(database: &Database) {
    let store = open(database);
    let expected = |day: &str, draft: OpportunityDraft| OpportunityDraft {
        expected_close_date: set(day),
        ..draft
    };
    let drafts = [
        expected("2025-02-28", worth("Prospecting", "1", "USD", 100)),
        expected("2025-03-01", worth("Prospecting", "10", "USD", 50)),
        expected("2025-03-31", worth("Negotiation", "20", "USD", 50)),
        expected("2025-03-31", worth("Negotiation", "20", "EUR", 25)),
        expected("2025-03-15", in_stage("Negotiation")),
        expected("2025-04-30", worth("Prospecting", "40", "USD", 10)),
        expected("2025-05-01", worth("Prospecting", "80", "USD", 10)),
        worth("Prospecting", "160", "USD", 10),
        // Neither what is closed nor what forecasts leave out.
        expected("2025-03-02", worth("Closed Won", "320", "USD", 100)),
        OpportunityDraft {
            include_in_forecast: Patch::Set(false),
            ..expected("2025-03-02", worth("Prospecting", "640", "USD", 50))
        },
    ];
    for draft in drafts {
        deal(&store, draft);
    }
    let from = Month::parse("2025-03").unwrap();
    let forecast = store.reading_snapshot(|reader| opportunity::forecast(reader, from, 2)).unwrap();
    let months: Vec<_> = forecast
        .months
        .iter()
        .map(|(month, sums)| (month.to_string(), sums.count, shown(sums)))
        .collect();
    assert_eq!(
        months,
        [
            (
                "2025-03".to_owned(),
                4,
                BTreeMap::from([("EUR", (1, 2_000, 500)), ("USD", (2, 3_000, 1_500))])
            ),
            ("2025-04".to_owned(), 1, BTreeMap::from([("USD", (1, 4_000, 400))])),
        ]
    );
    assert_eq!(
        (forecast.overdue.count, shown(&forecast.overdue)),
        (1, BTreeMap::from([("USD", (1, 100, 100))]))
    );
    assert_eq!(
        (forecast.unscheduled.count, shown(&forecast.unscheduled)),
        (1, BTreeMap::from([("USD", (1, 16_000, 1_600))]))
    );
}
