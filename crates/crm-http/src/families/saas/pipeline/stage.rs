//! The stages of a pipeline.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use crm_domain::{
    Error,
    error::Problem,
    field::Check,
    id::{PipelineId, RecordId, StageId},
    query::Condition,
    stamp::Stamp,
    tenant::{
        TenantReader, UnitOfWork,
        pipeline::{self, StageField},
    },
};

use super::{Pipeline, Stage, StageChanges, StageOrder, StageRequest};
use crate::families::saas::{
    answer::{created, kept_record, once_over, record, write_over},
    context::{Body, Configure, Permit, Read},
    error::{BodyResponses, ConflictResponses, ErrorResponses, LookupResponses, SaasError, StaleResponses, StateResponses},
    id::{PIPELINE, STAGE, in_path},
    list::{self, List, ListParams},
    page::{PageBody, Query},
};

pub(in super::super) const PATH: &str = "/api/pipelines/{id}/stages";
pub(in super::super) const ITEM: &str = "/api/pipelines/{id}/stages/{stageId}";
pub(in super::super) const ORDER: &str = "/api/pipelines/{id}/stages/order";

/// Lists a pipeline's stages, in its order.
#[utoipa::path(
    get, path = PATH, tag = "pipelines", operation_id = "saas_list_stages",
    params(("id" = String, Path, example = "pipeline_1"), ListParams<StageField>),
    responses((status = 200, description = "A page of stages", body = PageBody<Stage>), ErrorResponses, LookupResponses),
    security(("accessToken" = []))
)]
pub(in super::super) async fn list(permit: Permit<Read>, id: web::Path<String>, request: HttpRequest) -> Result<HttpResponse, SaasError> {
    let id: PipelineId = in_path(&id, PIPELINE)?;
    let found = move |reader: &mut dyn TenantReader| pipeline::lookup(reader.pipelines(), id).map(drop);
    let of_pipeline = Condition::equal(StageField::PipelineId, id);
    let list = List::related(format!("pipelines/{id}/stages"), of_pipeline, Box::new(found));
    let read = |reader: &mut dyn TenantReader, filter: &_, sort, window: &_| reader.pipelines().list_stages(filter, sort, window);
    list::answer(&permit.tenant, request.query_string(), list, read, Stage::of).await
}

/// Shows a stage.
#[utoipa::path(
    get, path = ITEM, tag = "pipelines", operation_id = "saas_get_stage",
    params(("id" = String, Path, example = "pipeline_1"), ("stageId" = String, Path, example = "stage_1")),
    responses((status = 200, description = "The stage", body = Stage), ErrorResponses, LookupResponses),
    security(("accessToken" = []))
)]
pub(in super::super) async fn get(permit: Permit<Read>, path: web::Path<(String, String)>) -> Result<HttpResponse, SaasError> {
    let (id, stage) = ids(&path)?;
    let found = permit
        .tenant
        .read(move |reader| find(pipeline::lookup(reader.pipelines(), id)?, stage))
        .await?;
    let updated_at = found.updated_at;
    Ok(record(&Stage::of(found, permit.tenant.tenant.id), updated_at))
}

/// Adds a stage: an open one before the closing stages, a closing one at the end.
#[utoipa::path(
    post, path = PATH, tag = "pipelines", operation_id = "saas_create_stage", request_body = StageRequest,
    params(
        ("id" = String, Path, example = "pipeline_1"),
        ("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key and body takes effect once")
    ),
    responses(
        (status = 201, description = "The new stage", body = Stage, headers(("Location" = String))),
        ErrorResponses, LookupResponses, ConflictResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(in super::super) async fn create(
    permit: Permit<Configure>,
    id: web::Path<String>,
    body: Body<StageRequest>,
) -> Result<HttpResponse, SaasError> {
    let text = id.into_inner();
    let id: PipelineId = in_path(&text, PIPELINE)?;
    let tenant = permit.tenant.tenant.id;
    let (draft, check) = body.value.draft();
    let answer = once_over(&permit, body.guard, id, super::state, move |unit| {
        let stage = pipeline::add_stage(unit, id, draft, check)?;
        let updated_at = stage.updated_at;
        kept_record(StatusCode::CREATED, &Stage::of(stage, tenant), updated_at)
    });
    Ok(created(answer.await?, &PATH.replace("{id}", &text))?)
}

/// Changes a stage; its kind only while no deal is in it.
#[utoipa::path(
    put, path = ITEM, tag = "pipelines", operation_id = "saas_update_stage", request_body = StageChanges,
    params(
        ("id" = String, Path, example = "pipeline_1"), ("stageId" = String, Path, example = "stage_1"),
        ("If-Match" = Option<String>, Header, description = "Only while the stage has this entity tag")
    ),
    responses(
        (status = 200, description = "The stage as it is now", body = Stage),
        ErrorResponses, LookupResponses, StateResponses, StaleResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(in super::super) async fn update(
    permit: Permit<Configure>,
    path: web::Path<(String, String)>,
    body: Body<StageRequest>,
) -> Result<HttpResponse, SaasError> {
    let (id, stage) = ids(&path)?;
    let (draft, check) = body.value.draft();
    let write = move |unit: &mut dyn UnitOfWork| pipeline::update_stage(unit, id, stage, draft, check);
    let stage = write_over(&permit, stage, state, write).await?;
    let updated_at = stage.updated_at;
    Ok(record(&Stage::of(stage, permit.tenant.tenant.id), updated_at))
}

/// Puts a pipeline's stages in another order.
#[utoipa::path(
    put, path = ORDER, tag = "pipelines", operation_id = "saas_order_stages", request_body = StageOrder,
    params(("id" = String, Path, example = "pipeline_1")),
    responses(
        (status = 200, description = "The pipeline as it is now", body = Pipeline),
        ErrorResponses, LookupResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(in super::super) async fn order(
    permit: Permit<Configure>,
    id: web::Path<String>,
    body: Body<StageOrder>,
) -> Result<HttpResponse, SaasError> {
    let id: PipelineId = in_path(&id, PIPELINE)?;
    let mut check = Check::new();
    let order = body.value.parse(&mut check);
    let pipeline = write_over(&permit, id, super::state, move |unit| {
        check.finish()?;
        pipeline::order_stages(unit, id, &order)
    });
    let pipeline = pipeline.await?;
    Ok(super::shown(pipeline, permit.tenant.tenant.id))
}

/// The query parameters of a deletion; for the documentation.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the parameters, never made")]
struct RemovalParams {
    /// The stage that the deals go to: another one of the same kind, in any pipeline. Required while there are any.
    #[param(rename = "moveTo", example = "stage_5")]
    move_to: Option<String>,
}

/// Deletes a stage; the deals in it move to another one.
#[utoipa::path(
    delete, path = ITEM, tag = "pipelines", operation_id = "saas_delete_stage",
    params(
        ("id" = String, Path, example = "pipeline_1"), ("stageId" = String, Path, example = "stage_1"), RemovalParams,
        ("If-Match" = Option<String>, Header, description = "Only while the stage has this entity tag")
    ),
    responses(
        (status = 204, description = "It is gone"),
        ErrorResponses, LookupResponses, StateResponses, StaleResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(in super::super) async fn remove(
    permit: Permit<Configure>,
    path: web::Path<(String, String)>,
    request: HttpRequest,
) -> Result<HttpResponse, SaasError> {
    let (id, stage) = ids(&path)?;
    let mut query = Query::parse(request.query_string());
    let move_to = query.parsed("moveTo", |text| {
        StageId::parse_prefixed(text, STAGE).ok_or_else(|| Problem::Rule(format!("must be an id such as {STAGE}12")))
    });
    query.finish()?;
    let write = move |unit: &mut dyn UnitOfWork| pipeline::remove_stage(unit, id, stage, move_to);
    write_over(&permit, stage, state, write).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn ids((pipeline, stage): &(String, String)) -> crm_domain::Result<(PipelineId, StageId)> {
    Ok((in_path(pipeline, PIPELINE)?, in_path(stage, STAGE)?))
}

fn find(pipeline: pipeline::Pipeline, id: StageId) -> crm_domain::Result<pipeline::Stage> {
    let found = pipeline.stages.into_iter().find(|stage| stage.id == id);
    found.ok_or_else(|| Error::not_found(StageId::NOUN, id))
}

/// When the stage changed last.
fn state(unit: &mut dyn UnitOfWork, id: StageId) -> crm_domain::Result<Option<Stamp>> {
    let stages = unit.pipelines().lookup_stages(&[id])?;
    Ok(stages.first().map(|stage| stage.updated_at))
}
