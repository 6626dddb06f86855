//! Pipelines and stages.

use std::sync::Arc;

use crm_domain::{
    Result,
    error::Error,
    field::{Check, Patch},
    id::{PipelineId, RecordId, StageId},
    page::{Sort, Window},
    query::{Condition, Filter},
    tenant::{
        TenantStore,
        change::{ChangeKind, EntityKind},
        opportunity::{self, OpportunityDraft},
        pipeline::{self as pipelines, DEFAULT_STAGES, Pipeline, PipelineDraft, PipelineField, Stage, StageDraft, StageField, StageFields},
    },
    usecase::single,
};
use crm_tests::{database::Database, each_backend_shared};

use super::{assert_duplicate, assert_not_found, feed, only_problem, open, set, text, user, write};

each_backend_shared!(
    a_new_tenant_has_the_default_pipeline,
    an_open_stage_goes_before_the_closing_ones,
    stage_names_are_unique_whatever_their_case,
    imports_find_or_add_their_stages,
    a_pipeline_is_made_renamed_and_deleted,
    one_pipeline_is_the_default_one,
    a_stage_is_deleted_when_its_deals_have_somewhere_to_go,
    a_pipeline_keeps_a_stage_of_each_kind,
    stages_stand_in_the_order_given,
    lists_show_pipelines_and_stages,
    a_renamed_stage_shows_in_its_deals_as_news,
);

fn all(store: &Arc<dyn TenantStore>) -> Vec<Pipeline> {
    store.reading(|reader| reader.pipelines().all()).unwrap()
}

fn names(pipeline: &Pipeline) -> Vec<String> {
    pipeline.stages.iter().map(|stage| stage.fields.name.to_string()).collect()
}

fn a_new_tenant_has_the_default_pipeline(database: &Database) {
    let store = open(database);
    let pipelines = all(&store);
    assert_eq!(pipelines.len(), 1);
    assert!(pipelines[0].fields.is_default);
    let stages: Vec<_> = pipelines[0]
        .stages
        .iter()
        .map(|stage| (&*stage.fields.name, stage.fields.probability, stage.fields.kind))
        .collect();
    assert_eq!(stages, DEFAULT_STAGES);
    let ids: Vec<_> = pipelines[0].stages.iter().map(|stage| stage.id).collect();
    let mut found = store.reading(|reader| reader.pipelines().lookup_stages(&ids)).unwrap();
    found.sort_by_key(|stage| stage.id);
    assert_eq!(found, pipelines[0].stages);
    let missing = store.reading(|reader| reader.pipelines().lookup_stages(&[StageId::from_i64(99)]));
    assert_eq!(missing.unwrap(), []);
    assert_eq!(feed(&store), []);
}

fn an_open_stage_goes_before_the_closing_ones(database: &Database) {
    let store = open(database);
    let pipeline = all(&store).remove(0);
    let first = pipeline.stages[0].clone();
    let stage = write(&store, move |unit| pipelines::add_open_stage(unit, &pipeline, text("Démo 🚀"))).unwrap();
    let after = all(&store).remove(0);
    let expected = [
        "Prospecting",
        "Qualification",
        "Proposal Sent",
        "Negotiation",
        "Démo 🚀",
        "Closed Won",
        "Closed Lost",
    ];
    assert_eq!(names(&after), expected);
    assert_eq!(after.stages[4], stage);
    let positions: Vec<_> = after.stages.iter().map(|stage| stage.fields.position).collect();
    assert!(positions.windows(2).all(|pair| pair[0] < pair[1]), "{positions:?}");
    assert!(after.stages[5].updated_at == stage.created_at && after.stages[0] == first);
    let changes = feed(&store);
    assert!(changes.iter().all(|change| change.entity == EntityKind::Stage));
    assert_eq!(changes.len(), 3);
}

fn stage_names_are_unique_whatever_their_case(database: &Database) {
    let store = open(database);
    let pipeline = all(&store).remove(0);
    let (id, stages) = (pipeline.id, pipeline.stages.clone());
    let refused = write(&store, move |unit| pipelines::add_open_stage(unit, &pipeline, text("NEGOTIATION")));
    assert_duplicate(refused, "stage", "name");
    let renamed = crm_domain::tenant::pipeline::Stage {
        fields: StageFields {
            name: text("closed WON"),
            ..stages[0].fields.clone()
        },
        ..stages[0].clone()
    };
    assert_duplicate(write(&store, move |unit| unit.pipelines().update_stage(&renamed)), "stage", "name");
    assert_eq!(all(&store)[0].stages, stages);
    let fields = StageFields {
        pipeline_id: id,
        name: text("Next"),
        ..stages[0].fields.clone()
    };
    let next = write(&store, move |unit| unit.pipelines().add_stage(fields)).unwrap();
    assert_eq!(next.id.get(), 7, "a refused stage takes no id");
}

fn imports_find_or_add_their_stages(database: &Database) {
    let store = open(database);
    let wanted = ["prospecting", "Engaging", "Won", "engaging"].map(text);
    write(&store, move |unit| opportunity::ensure_stages(unit, &wanted)).unwrap();
    let after = all(&store).remove(0);
    assert_eq!(after.stages.len(), 7);
    assert_eq!(names(&after)[4], "Engaging");
}

fn create(store: &Arc<dyn TenantStore>, draft: PipelineDraft) -> Result<Pipeline> {
    write(store, move |unit| pipelines::create(unit, draft, Check::new()))
}

fn called(name: &str) -> PipelineDraft {
    PipelineDraft {
        name: set(name),
        ..PipelineDraft::default()
    }
}

fn stage(name: &str, kind: &str) -> StageDraft {
    StageDraft {
        name: set(name),
        kind: set(kind),
        ..StageDraft::default()
    }
}

fn these<const N: usize>(stages: [StageDraft; N]) -> Patch<Vec<(StageDraft, Check)>> {
    Patch::Set(stages.into_iter().map(|stage| (stage, Check::new())).collect())
}

fn remove_stage(store: &Arc<dyn TenantStore>, stage: &Stage, move_to: Option<StageId>) -> Result<()> {
    let (pipeline, id) = (stage.fields.pipeline_id, stage.id);
    write(store, move |unit| pipelines::remove_stage(unit, pipeline, id, move_to))
}

/// Creates a deal in a stage.
fn deal(store: &Arc<dyn TenantStore>, stage: StageId) -> opportunity::Opportunity {
    let draft = OpportunityDraft {
        name: set("Deal"),
        stage_id: Patch::Set(stage),
        ..OpportunityDraft::default()
    };
    write(store, move |unit| {
        single::create::<opportunity::Opportunity>(unit, draft, user(), Check::new())
    })
    .unwrap()
}

/// The message of a refusal for the record's state.
fn refusal<T: std::fmt::Debug>(result: Result<T>) -> String {
    match result {
        Err(error @ Error::State { .. }) => error.to_string(),
        other => panic!("expected a state, got {other:?}"),
    }
}

fn a_pipeline_is_made_renamed_and_deleted(database: &Database) {
    let store = open(database);
    let made = create(&store, called(" Renewals ")).unwrap();
    assert_eq!(
        (&*made.fields.name, made.fields.is_default, made.created_by),
        ("Renewals", false, Some(user()))
    );
    let stages: Vec<_> = made
        .stages
        .iter()
        .map(|stage| (&*stage.fields.name, stage.fields.probability, stage.fields.kind))
        .collect();
    assert_eq!(stages, DEFAULT_STAGES);
    assert!(
        made.stages
            .iter()
            .all(|stage| stage.fields.pipeline_id == made.id && stage.created_by == Some(user()))
    );
    assert_eq!(all(&store)[1], made);
    assert_duplicate(create(&store, called("rENEWALS")), "pipeline", "name");
    let id = made.id;
    let renamed = write(&store, move |unit| pipelines::update(unit, id, called("Extensions"), Check::new())).unwrap();
    assert_eq!(all(&store)[1], renamed);
    assert!(renamed.updated_at > made.updated_at && renamed.created_at == made.created_at);
    write(&store, move |unit| pipelines::remove(unit, id)).unwrap();
    assert_eq!(all(&store).len(), 1);
    assert_not_found(write(&store, move |unit| pipelines::remove(unit, id)), "pipeline");
    let kinds: Vec<_> = feed(&store).into_iter().map(|change| (change.entity, change.kind)).collect();
    let of = |entity, kind, count| std::iter::repeat_n((entity, kind), count);
    let expected = of(EntityKind::Pipeline, ChangeKind::Created, 1)
        .chain(of(EntityKind::Stage, ChangeKind::Created, 6))
        .chain(of(EntityKind::Pipeline, ChangeKind::Updated, 1))
        .chain(of(EntityKind::Stage, ChangeKind::Deleted, 6))
        .chain(of(EntityKind::Pipeline, ChangeKind::Deleted, 1));
    assert_eq!(kinds, expected.collect::<Vec<_>>());
    // A deleted pipeline's name is free.
    create(&store, called("Extensions")).unwrap();
}

fn one_pipeline_is_the_default_one(database: &Database) {
    let store = open(database);
    let default = |is_default| PipelineDraft {
        is_default: Patch::Set(is_default),
        ..PipelineDraft::default()
    };
    let first = all(&store)[0].id;
    let refused = write(&store, move |unit| pipelines::remove(unit, first));
    assert_eq!(refusal(refused), "the pipeline is the default one and cannot be deleted");
    let off = write(&store, move |unit| pipelines::update(unit, first, default(false), Check::new()));
    assert_eq!(only_problem(off).0, "is_default");
    let draft = PipelineDraft {
        name: set("Second"),
        ..default(true)
    };
    let second = create(&store, draft).unwrap().id;
    let defaults = |store: &Arc<dyn TenantStore>| -> Vec<_> {
        all(store)
            .iter()
            .map(|pipeline| (pipeline.id, pipeline.fields.is_default))
            .collect()
    };
    assert_eq!(defaults(&store), [(second, true), (first, false)]);
    write(&store, move |unit| pipelines::update(unit, first, default(true), Check::new())).unwrap();
    assert_eq!(defaults(&store), [(first, true), (second, false)]);
}

fn a_stage_is_deleted_when_its_deals_have_somewhere_to_go(database: &Database) {
    let store = open(database);
    let stages = all(&store).remove(0).stages;
    let (second, third, won) = (&stages[1], &stages[2], &stages[4]);
    let deals = [deal(&store, second.id), deal(&store, second.id)];
    let other = deal(&store, third.id);
    let gone = deal(&store, second.id).id;
    write(&store, move |unit| single::remove::<opportunity::Opportunity>(unit, gone)).unwrap();
    assert_eq!(
        refusal(remove_stage(&store, second, None)),
        "the stage is used by 2 deals and cannot be deleted"
    );
    for nowhere in [second.id, won.id, StageId::from_i64(99)] {
        assert_eq!(only_problem(remove_stage(&store, second, Some(nowhere))).0, "move_to", "{nowhere}");
    }
    let before = feed(&store).len();
    remove_stage(&store, second, Some(third.id)).unwrap();
    let left = all(&store).remove(0);
    assert_eq!(
        names(&left),
        ["Prospecting", "Proposal Sent", "Negotiation", "Closed Won", "Closed Lost"]
    );
    let positions: Vec<_> = left.stages.iter().map(|stage| stage.fields.position).collect();
    assert_eq!(positions, [1, 2, 3, 4, 5]);
    for deal in deals {
        let id = deal.id;
        let moved = store.reading(|reader| reader.opportunities().lookup(id)).unwrap().unwrap();
        assert_eq!(
            (moved.fields.stage_id, &moved.stage.fields.name, moved.fields.probability),
            (third.id, &third.fields.name, 50)
        );
        assert!(moved.updated_at > deal.updated_at);
        let changes = store
            .reading(|reader| reader.changes().list_of(EntityKind::Opportunity, id.get(), i64::MAX, 9))
            .unwrap();
        assert_eq!(
            changes[0].fields,
            r#"{"probability":[25,50],"stage":["Qualification","Proposal Sent"],"stage_id":[2,3]}"#
        );
    }
    let there = store.reading(|reader| reader.opportunities().lookup(other.id)).unwrap().unwrap();
    assert_eq!((there.fields, there.updated_at), (other.fields, other.updated_at));
    // Two deals, the stage, and the four behind it.
    assert_eq!(feed(&store).len() - before, 7);
    assert_not_found(remove_stage(&store, second, None), "stage");
    // What a history shows it still finds; its name is free.
    assert_eq!(
        store
            .reading(|reader| reader.pipelines().lookup_stages(&[second.id]))
            .unwrap()
            .len(),
        1
    );
    let id = left.id;
    write(&store, move |unit| {
        pipelines::add_stage(unit, id, stage("Qualification", "open"), Check::new())
    })
    .unwrap();
    remove_stage(&store, &all(&store)[0].stages[3], None).unwrap();
}

fn a_pipeline_keeps_a_stage_of_each_kind(database: &Database) {
    let store = open(database);
    let pipeline = all(&store).remove(0);
    let (id, won) = (pipeline.id, pipeline.stages[4].clone());
    let last = "the stage is the pipeline's last won stage and cannot be ";
    assert_eq!(refusal(remove_stage(&store, &won, None)), format!("{last}deleted"));
    let change = |stage_id: StageId, kind: &'static str| {
        let draft = StageDraft {
            kind: set(kind),
            ..StageDraft::default()
        };
        write(&store, move |unit| pipelines::update_stage(unit, id, stage_id, draft, Check::new()))
    };
    assert_eq!(refusal(change(won.id, "open")), format!("{last}changed to another kind"));
    let second = write(&store, move |unit| {
        pipelines::add_stage(unit, id, stage("Signed", "WON"), Check::new())
    })
    .unwrap();
    assert_eq!((second.fields.probability, second.fields.position), (100, 7));
    deal(&store, won.id);
    assert_eq!(
        refusal(change(won.id, "open")),
        "the stage is used by 1 deal and cannot be changed to another kind"
    );
    let opened = change(second.id, "lost").unwrap();
    assert_eq!(opened.fields.probability, 0, "a kind brings its probability");
    let alone = PipelineDraft {
        stages: these([stage("A", "open"), stage("B", "won")]),
        ..called("Alone")
    };
    assert_eq!(only_problem(create(&store, alone)).0, "stages");
    let twice = PipelineDraft {
        stages: these([stage("A", "open"), stage("a", "won"), stage("C", "lost")]),
        ..called("Twice")
    };
    assert_eq!(only_problem(create(&store, twice)).0, "stages");
    let wrong = PipelineDraft {
        stages: these([stage("A", "open"), stage("B", "won"), stage("C", "gone")]),
        ..called("Wrong")
    };
    assert!(matches!(create(&store, wrong), Err(Error::Invalid(_))));
}

fn stages_stand_in_the_order_given(database: &Database) {
    let store = open(database);
    let pipeline = all(&store).remove(0);
    let id = pipeline.id;
    let order = move |ids: &[i64]| {
        let ids: Vec<_> = ids.iter().map(|id| StageId::from_i64(*id)).collect();
        write(&store, move |unit| pipelines::order_stages(unit, id, &ids))
    };
    let after = order(&[6, 1, 2, 3, 4, 5]).unwrap();
    assert_eq!(
        after.stages.iter().map(|stage| stage.id.get()).collect::<Vec<_>>(),
        [6, 1, 2, 3, 4, 5]
    );
    for wrong in [
        &[1, 2, 3, 4, 5][..],
        &[1, 2, 3, 4, 5, 5],
        &[1, 2, 3, 4, 5, 6, 6],
        &[1, 2, 3, 4, 5, 99],
        &[],
    ] {
        assert_eq!(only_problem(order(wrong)).0, "stage_ids", "{wrong:?}");
    }
}

fn lists_show_pipelines_and_stages(database: &Database) {
    let store = open(database);
    let second = create(&store, called("Renewals")).unwrap();
    let id = second.id;
    store
        .reading(|reader| {
            let window = Window::first(4);
            let page = reader.pipelines().list(&Filter::default(), Sort::default(), &window)?;
            assert_eq!((page.total, page.items.len(), page.items[1] == second), (2, 2, true));
            let named = Filter::of([Condition::equal(PipelineField::Name, "sales".to_owned())]);
            assert_eq!(reader.pipelines().list(&named, Sort::default(), &window)?.total, 1);
            let of = Filter::of([Condition::equal(StageField::PipelineId, PipelineId::from_i64(id.get()))]);
            let page = reader.pipelines().list_stages(&of, Sort::default(), &window)?;
            assert_eq!((page.total, page.has_more), (6, true));
            assert_eq!(page.items, second.stages[..4]);
            Ok(())
        })
        .unwrap();
}

// A-54
fn a_renamed_stage_shows_in_its_deals_as_news(database: &Database) {
    let store = open(database);
    let pipeline = all(&store)[0].id;
    let [there, elsewhere] = [1, 2].map(|stage| deal(&store, StageId::from_i64(stage)));
    let rename = |name: &str| {
        let draft = StageDraft {
            name: set(name),
            ..StageDraft::default()
        };
        write(&store, move |unit| {
            pipelines::update_stage(unit, pipeline, StageId::from_i64(1), draft, Check::new())
        })
        .unwrap()
    };
    let found = |id| store.reading(|reader| reader.opportunities().lookup(id)).unwrap().unwrap();
    rename("Prospecting");
    assert_eq!(found(there.id), there);
    let renamed = rename("Prospects");
    let shown = found(there.id);
    assert_eq!((&*shown.stage.fields.name, shown.updated_at), ("Prospects", renamed.updated_at));
    assert_eq!(shown.fields, there.fields);
    assert_eq!(found(elsewhere.id), elsewhere);
}
