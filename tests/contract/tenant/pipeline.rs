//! Pipelines and stages.

use crm_domain::{
    id::{RecordId, StageId},
    tenant::{
        change::EntityKind,
        opportunity,
        pipeline::{self as pipelines, DEFAULT_STAGES, Pipeline, StageFields},
    },
};
use crm_tests::{database::Database, each_backend_shared};

use super::{assert_duplicate, feed, open, text, write};

each_backend_shared!(
    a_new_tenant_has_the_default_pipeline,
    an_open_stage_goes_before_the_closing_ones,
    stage_names_are_unique_whatever_their_case,
    imports_find_or_add_their_stages,
);

fn all(store: &std::sync::Arc<dyn crm_domain::tenant::TenantStore>) -> Vec<Pipeline> {
    store.reading(|reader| reader.pipelines().list()).unwrap()
}

fn names(pipeline: &Pipeline) -> Vec<String> {
    pipeline.stages.iter().map(|stage| stage.fields.name.to_string()).collect()
}

fn a_new_tenant_has_the_default_pipeline(database: &Database) {
    let store = open(database);
    let pipelines = all(&store);
    assert_eq!(pipelines.len(), 1);
    assert!(pipelines[0].is_default);
    let stages: Vec<_> = pipelines[0]
        .stages
        .iter()
        .map(|stage| (&*stage.fields.name, stage.fields.probability, stage.fields.kind))
        .collect();
    assert_eq!(stages, DEFAULT_STAGES);
    for stage in &pipelines[0].stages {
        let found = store.reading(|reader| reader.pipelines().lookup_stage(stage.id)).unwrap();
        assert_eq!(found.as_ref(), Some(stage));
    }
    let missing = store.reading(|reader| reader.pipelines().lookup_stage(StageId::from_i64(99)));
    assert_eq!(missing.unwrap(), None);
    assert_eq!(feed(&store), []);
}

fn an_open_stage_goes_before_the_closing_ones(database: &Database) {
    let store = open(database);
    let pipeline = all(&store).remove(0);
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
    assert!(after.stages[5].updated_at == stage.created_at && after.stages[0].updated_at < stage.created_at);
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
