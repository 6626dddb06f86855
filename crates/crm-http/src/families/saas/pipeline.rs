//! Pipelines: the ways that deals go (contract ).

pub(super) mod stage;
mod wire;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use crm_domain::{
    Error,
    field::Check,
    id::{PipelineId, TenantId},
    stamp::Stamp,
    tenant::{
        TenantReader, UnitOfWork,
        pipeline::{self, PipelineField},
    },
};

use super::{
    answer::{created, kept_record, record, write_over},
    context::{Body, Configure, Permit, Read},
    error::{BodyResponses, ConflictResponses, ErrorResponses, LookupResponses, SaasError, StaleResponses, StateResponses},
    id::{PIPELINE, in_path},
    list::{self, List, ListParams},
    page::PageBody,
};
use crate::shared::idempotency::once;

pub(crate) use wire::{Pipeline, PipelineChanges, PipelineRequest, Stage, StageChanges, StageOrder, StageRequest};

pub(super) const PATH: &str = "/api/pipelines";
pub(super) const ITEM: &str = "/api/pipelines/{id}";

/// Lists pipelines with their stages.
#[utoipa::path(
    get, path = PATH, tag = "pipelines", operation_id = "saas_list_pipelines", params(ListParams<PipelineField>),
    responses((status = 200, description = "A page of pipelines", body = PageBody<Pipeline>), ErrorResponses),
    security(("accessToken" = []))
)]
pub(super) async fn list(permit: Permit<Read>, request: HttpRequest) -> Result<HttpResponse, SaasError> {
    let list = List::of("pipelines");
    let read = |reader: &mut dyn TenantReader, filter: &_, sort, window: &_| reader.pipelines().list(filter, sort, window);
    list::answer(&permit.tenant, request.query_string(), list, read, Pipeline::of).await
}

/// Shows a pipeline with its stages.
#[utoipa::path(
    get, path = ITEM, tag = "pipelines", operation_id = "saas_get_pipeline",
    params(("id" = String, Path, example = "pipeline_1")),
    responses((status = 200, description = "The pipeline", body = Pipeline), ErrorResponses, LookupResponses),
    security(("accessToken" = []))
)]
pub(super) async fn get(permit: Permit<Read>, id: web::Path<String>) -> Result<HttpResponse, SaasError> {
    let id: PipelineId = in_path(&id, PIPELINE)?;
    let pipeline = permit
        .tenant
        .snapshot(move |reader| pipeline::lookup(reader.pipelines(), id))
        .await?;
    Ok(shown(pipeline, permit.tenant.tenant.id))
}

/// Creates a pipeline; without stages it gets those that every tenant starts with.
#[utoipa::path(
    post, path = PATH, tag = "pipelines", operation_id = "saas_create_pipeline", request_body = PipelineRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key and body takes effect once")),
    responses(
        (status = 201, description = "The new pipeline", body = Pipeline, headers(("Location" = String))),
        ErrorResponses, ConflictResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn create(permit: Permit<Configure>, body: Body<PipelineRequest>) -> Result<HttpResponse, SaasError> {
    let mut check = Check::new();
    let tenant = permit.tenant.tenant.id;
    let draft = body.value.draft(&mut check);
    let guard = body.guard;
    let answer = permit.tenant.write(move |unit| {
        once(unit, guard.as_ref(), |unit| {
            let pipeline = pipeline::create(unit, draft, check)?;
            let updated_at = changed_at(&pipeline);
            kept_record(StatusCode::CREATED, &Pipeline::of(pipeline, tenant), updated_at)
        })
    });
    Ok(created(answer.await?, PATH)?)
}

/// When the pipeline or one of its stages changed last.
fn state(unit: &mut dyn UnitOfWork, id: PipelineId) -> crm_domain::Result<Option<Stamp>> {
    match pipeline::lookup(unit.pipelines(), id) {
        Ok(pipeline) => Ok(Some(changed_at(&pipeline))),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn changed_at(pipeline: &pipeline::Pipeline) -> Stamp {
    let stages = pipeline.stages.iter().map(|stage| stage.updated_at);
    stages.fold(pipeline.updated_at, Stamp::max)
}

fn shown(pipeline: pipeline::Pipeline, tenant: TenantId) -> HttpResponse {
    let changed_at = changed_at(&pipeline);
    record(&Pipeline::of(pipeline, tenant), changed_at)
}

/// Renames a pipeline or makes it the default one; its stages are changed by their own paths.
#[utoipa::path(
    put, path = ITEM, tag = "pipelines", operation_id = "saas_update_pipeline", request_body = PipelineChanges,
    params(
        ("id" = String, Path, example = "pipeline_1"),
        ("If-Match" = Option<String>, Header, description = "Only while the pipeline has this entity tag")
    ),
    responses(
        (status = 200, description = "The pipeline as it is now", body = Pipeline),
        ErrorResponses, LookupResponses, ConflictResponses, StaleResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn update(
    permit: Permit<Configure>,
    id: web::Path<String>,
    body: Body<PipelineRequest>,
) -> Result<HttpResponse, SaasError> {
    let id: PipelineId = in_path(&id, PIPELINE)?;
    let mut check = Check::new();
    let draft = body.value.draft(&mut check);
    let pipeline = write_over(&permit, id, state, move |unit| pipeline::update(unit, id, draft, check)).await?;
    Ok(shown(pipeline, permit.tenant.tenant.id))
}

/// Deletes a pipeline without deals; the default one stays.
#[utoipa::path(
    delete, path = ITEM, tag = "pipelines", operation_id = "saas_delete_pipeline",
    params(
        ("id" = String, Path, example = "pipeline_2"),
        ("If-Match" = Option<String>, Header, description = "Only while the pipeline has this entity tag")
    ),
    responses(
        (status = 204, description = "It is gone"),
        ErrorResponses, LookupResponses, StateResponses, StaleResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn remove(permit: Permit<Configure>, id: web::Path<String>) -> Result<HttpResponse, SaasError> {
    let id: PipelineId = in_path(&id, PIPELINE)?;
    write_over(&permit, id, state, move |unit| pipeline::remove(unit, id)).await?;
    Ok(HttpResponse::NoContent().finish())
}
