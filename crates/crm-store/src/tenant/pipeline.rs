//! Pipelines and stages in SQL.

use crm_domain::{
    error::{Error, Result},
    field::Text,
    id::{PipelineId, RecordId, StageId, UserId},
    page::{Page, Sort, Window},
    query::Field,
    stamp::Stamp,
    tenant::pipeline::{
        Pipeline, PipelineField, PipelineFields, PipelineFilter, PipelineReads, PipelineRepository, Stage, StageField, StageFields,
        StageFilter, StageKind,
    },
};
use diesel::{AsChangeset, ExpressionMethods, Insertable, QueryDsl, Queryable, RunQueryDsl};

use super::{
    Session, Writing,
    counter::next,
    found,
    list::{self, ColumnsOf, Listed, Table},
    schema::{pipeline, stage},
};
use crate::{connection::Connection, error::map};

/// What a new database begins with is as old as its tenant.
pub(super) fn stamp(connection: &mut Connection, now: Stamp) -> Result<()> {
    let now = now.micros();
    let pipelines = diesel::update(pipeline::table).set((pipeline::created_at.eq(now), pipeline::updated_at.eq(now)));
    pipelines.execute(connection).map_err(map)?;
    let stages = diesel::update(stage::table).set((stage::created_at.eq(now), stage::updated_at.eq(now)));
    stages.execute(connection).map(drop).map_err(map)
}

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
    created_by: Option<i64>,
    deleted_at: Option<i64>,
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
            created_by: stage.created_by.map(RecordId::get),
            deleted_at: None,
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
            created_by: row.created_by.map(UserId::from_i64),
            updated_at: Stamp::from_micros(row.updated_at),
        })
    }
}

#[derive(Debug, Clone, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = pipeline, treat_none_as_default_value = false)]
pub(crate) struct PipelineRow {
    id: i64,
    name: String,
    is_default: bool,
    created_at: i64,
    updated_at: i64,
    name_key: String,
    created_by: Option<i64>,
    deleted_at: Option<i64>,
}

impl From<&Pipeline> for PipelineRow {
    fn from(pipeline: &Pipeline) -> Self {
        Self {
            id: pipeline.id.get(),
            name: pipeline.fields.name.to_string(),
            is_default: pipeline.fields.is_default,
            created_at: pipeline.created_at.micros(),
            updated_at: pipeline.updated_at.micros(),
            name_key: pipeline.fields.name.to_lowercase(),
            created_by: pipeline.created_by.map(RecordId::get),
            deleted_at: None,
        }
    }
}

impl From<PipelineRow> for Pipeline {
    /// Without its stages, which [`Session::with_stages`] reads.
    fn from(row: PipelineRow) -> Self {
        Self {
            id: PipelineId::from_i64(row.id),
            fields: PipelineFields {
                name: Text::from_store(row.name),
                is_default: row.is_default,
            },
            stages: Vec::new(),
            created_at: Stamp::from_micros(row.created_at),
            created_by: row.created_by.map(UserId::from_i64),
            updated_at: Stamp::from_micros(row.updated_at),
        }
    }
}

/// There are too few of either to keep totals of them.
impl Listed for PipelineField {
    type Columns = ColumnsOf<pipeline::table>;
    type Row = PipelineRow;
    const TABLE: Table = Table {
        is_searchable: false,
        ..Table::of_records("pipeline")
    };
    const TOTAL: &'static str = "(SELECT COUNT(*) FROM pipeline WHERE deleted_at IS NULL)";

    fn column(self) -> &'static str {
        match self {
            Self::Name => "name_key",
            other => other.spec().name,
        }
    }

    fn columns() -> Self::Columns {
        pipeline::all_columns
    }

    fn record(row: PipelineRow) -> Result<Pipeline> {
        Ok(row.into())
    }
}

impl Listed for StageField {
    type Columns = ColumnsOf<stage::table>;
    type Row = StageRow;
    const TABLE: Table = Table {
        is_searchable: false,
        ..Table::of_records("stage")
    };
    const TOTAL: &'static str = "(SELECT COUNT(*) FROM stage WHERE deleted_at IS NULL)";

    fn column(self) -> &'static str {
        match self {
            Self::Name => "name_key",
            other => other.spec().name,
        }
    }

    fn columns() -> Self::Columns {
        stage::all_columns
    }

    fn record(row: StageRow) -> Result<Stage> {
        row.try_into()
    }
}

impl<State> Session<'_, State> {
    /// Gives pipelines their live stages, in order.
    fn with_stages(&mut self, pipelines: &mut [Pipeline]) -> Result<()> {
        let ids: Vec<i64> = pipelines.iter().map(|pipeline| pipeline.id.get()).collect();
        let live = stage::table
            .filter(stage::deleted_at.is_null())
            .filter(stage::pipeline_id.eq_any(ids));
        let rows: Vec<StageRow> = live
            .order((stage::position.asc(), stage::id.asc()))
            .load(self.connection)
            .map_err(map)?;
        for row in rows {
            let stage = Stage::try_from(row)?;
            let own = pipelines.iter_mut().find(|pipeline| pipeline.id == stage.fields.pipeline_id);
            if let Some(pipeline) = own {
                pipeline.stages.push(stage);
            }
        }
        Ok(())
    }
}

impl<State> PipelineReads for Session<'_, State> {
    fn all(&mut self) -> Result<Vec<Pipeline>> {
        let rows = pipeline::table
            .filter(pipeline::deleted_at.is_null())
            .order((pipeline::is_default.desc(), pipeline::id.asc()));
        let rows: Vec<PipelineRow> = rows.load(self.connection).map_err(map)?;
        let mut pipelines: Vec<Pipeline> = rows.into_iter().map(Pipeline::from).collect();
        self.with_stages(&mut pipelines)?;
        Ok(pipelines)
    }

    fn list(&mut self, filter: &PipelineFilter, sort: Sort<PipelineField>, window: &Window) -> Result<Page<Pipeline>> {
        let mut page = list::page(self, filter, sort, window)?;
        self.with_stages(&mut page.items)?;
        Ok(page)
    }

    fn list_stages(&mut self, filter: &StageFilter, sort: Sort<StageField>, window: &Window) -> Result<Page<Stage>> {
        list::page(self, filter, sort, window)
    }

    fn lookup_stages(&mut self, ids: &[StageId]) -> Result<Vec<Stage>> {
        let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
        let rows: Vec<StageRow> = stage::table.filter(stage::id.eq_any(ids)).load(self.connection).map_err(map)?;
        rows.into_iter().map(Stage::try_from).collect()
    }
}

impl PipelineRepository for Session<'_, Writing<'_>> {
    fn add(&mut self, fields: PipelineFields) -> Result<Pipeline> {
        let stamp = self.state.stamp;
        let pipeline = Pipeline {
            id: PipelineId::from_i64(next(&mut self.state.counters.pipeline_id)),
            fields,
            stages: Vec::new(),
            created_at: stamp,
            created_by: self.state.created_by().map(UserId::from_i64),
            updated_at: stamp,
        };
        diesel::insert_into(pipeline::table)
            .values(&PipelineRow::from(&pipeline))
            .execute(self.connection)
            .map_err(map)?;
        Ok(pipeline)
    }

    fn update(&mut self, pipeline: &Pipeline) -> Result<()> {
        let row = PipelineRow::from(pipeline);
        let live = pipeline::table.find(row.id).filter(pipeline::deleted_at.is_null());
        let updated = diesel::update(live).set(&row).execute(self.connection).map_err(map)?;
        found(updated, pipeline.id)
    }

    fn remove(&mut self, id: PipelineId) -> Result<()> {
        let stamp = self.state.stamp.micros();
        let live = pipeline::table.find(id.get()).filter(pipeline::deleted_at.is_null());
        let set = (pipeline::deleted_at.eq(stamp), pipeline::updated_at.eq(stamp));
        diesel::update(live).set(set).execute(self.connection).map_err(map)?;
        Ok(())
    }

    fn add_stage(&mut self, fields: StageFields) -> Result<Stage> {
        let stamp = self.state.stamp;
        let stage = Stage {
            id: StageId::from_i64(next(&mut self.state.counters.stage_id)),
            fields,
            created_at: stamp,
            created_by: self.state.created_by().map(UserId::from_i64),
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
        let live = stage::table.find(row.id).filter(stage::deleted_at.is_null());
        let updated = diesel::update(live).set(&row).execute(self.connection).map_err(map)?;
        found(updated, stage.id)
    }

    fn remove_stage(&mut self, id: StageId) -> Result<()> {
        let stamp = self.state.stamp.micros();
        let live = stage::table.find(id.get()).filter(stage::deleted_at.is_null());
        let set = (stage::deleted_at.eq(stamp), stage::updated_at.eq(stamp));
        diesel::update(live).set(set).execute(self.connection).map_err(map)?;
        Ok(())
    }
}
