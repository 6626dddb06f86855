//! Pipelines and stages in SQL.

use crm_domain::{
    error::{Error, Result},
    field::Text,
    id::{PipelineId, RecordId, StageId},
    stamp::Stamp,
    tenant::pipeline::{Pipeline, PipelineReads, PipelineRepository, Stage, StageFields, StageKind},
};
use diesel::{AsChangeset, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, RunQueryDsl};

use super::{
    Session, Writing,
    counter::next,
    found,
    schema::{pipeline, stage},
};
use crate::error::map;

#[derive(Debug, Clone, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = stage, treat_none_as_default_value = false)]
pub(crate) struct StageRow {
    id: i64,
    pipeline_id: i64,
    name: String,
    name_key: String,
    position: i64,
    probability: i64,
    kind: String,
    created_at: i64,
    updated_at: i64,
}

impl From<&Stage> for StageRow {
    fn from(stage: &Stage) -> Self {
        Self {
            id: stage.id.get(),
            pipeline_id: stage.fields.pipeline_id.get(),
            name: stage.fields.name.to_string(),
            name_key: stage.fields.name.to_lowercase(),
            position: stage.fields.position,
            probability: stage.fields.probability,
            kind: stage.fields.kind.as_str().to_owned(),
            created_at: stage.created_at.micros(),
            updated_at: stage.updated_at.micros(),
        }
    }
}

impl TryFrom<StageRow> for Stage {
    type Error = Error;

    fn try_from(row: StageRow) -> Result<Self> {
        let kind = StageKind::parse(&row.kind).ok_or_else(|| Error::Internal(format!("stage {}: unknown kind {:?}", row.id, row.kind)))?;
        Ok(Self {
            id: StageId::from_i64(row.id),
            fields: StageFields {
                pipeline_id: PipelineId::from_i64(row.pipeline_id),
                name: Text::from_store(row.name),
                position: row.position,
                probability: row.probability,
                kind,
            },
            created_at: Stamp::from_micros(row.created_at),
            updated_at: Stamp::from_micros(row.updated_at),
        })
    }
}

#[derive(Queryable)]
struct PipelineRow {
    id: i64,
    name: String,
    is_default: bool,
    _created_at: i64,
    _updated_at: i64,
}

impl<State> PipelineReads for Session<'_, State> {
    fn list(&mut self) -> Result<Vec<Pipeline>> {
        let pipelines = pipeline::table.order((pipeline::is_default.desc(), pipeline::id.asc()));
        let pipelines: Vec<PipelineRow> = pipelines.load(self.connection).map_err(map)?;
        let stages: Vec<StageRow> = stage::table
            .order((stage::position.asc(), stage::id.asc()))
            .load(self.connection)
            .map_err(map)?;
        let stages = stages.into_iter().map(Stage::try_from).collect::<Result<Vec<Stage>>>()?;
        let with_stages = |row: PipelineRow| {
            let id = PipelineId::from_i64(row.id);
            let stages = stages.iter().filter(|stage| stage.fields.pipeline_id == id).cloned().collect();
            Pipeline {
                id,
                name: row.name,
                is_default: row.is_default,
                stages,
            }
        };
        Ok(pipelines.into_iter().map(with_stages).collect())
    }

    fn lookup_stage(&mut self, id: StageId) -> Result<Option<Stage>> {
        let row: Option<StageRow> = stage::table.find(id.get()).first(self.connection).optional().map_err(map)?;
        row.map(Stage::try_from).transpose()
    }
}

impl PipelineRepository for Session<'_, Writing<'_>> {
    fn add_stage(&mut self, fields: StageFields) -> Result<Stage> {
        let stamp = self.state.stamp;
        let stage = Stage {
            id: StageId::from_i64(next(&mut self.state.counters.stage_id)),
            fields,
            created_at: stamp,
            updated_at: stamp,
        };
        diesel::insert_into(stage::table)
            .values(&StageRow::from(&stage))
            .execute(self.connection)
            .map_err(map)?;
        Ok(stage)
    }

    fn update_stage(&mut self, stage: &Stage) -> Result<()> {
        let row = StageRow::from(stage);
        let updated = diesel::update(stage::table.find(row.id))
            .set(&row)
            .execute(self.connection)
            .map_err(map)?;
        found(updated, stage.id)
    }
}
