//! What the pipelines hold: leads by status, deals by stage (contract E-43, E-44, X-169).

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse};
use crm_domain::{
    money::Currency,
    tenant::{
        TenantReader,
        kpi::{self, Qualification, SalesPipeline},
    },
};
use serde::Serialize;
use serde_json::Number;
use utoipa::ToSchema;

use super::{
    context::Access,
    error::{ApiError, ErrorResponses},
    money::{others, value},
    page::Query,
};

pub(super) const PATH: &str = "/api/external/pipeline";

/// What a pipeline holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Qualification,
    Sales,
}

const TYPES: [(&str, Type); 2] = [("qualification", Type::Qualification), ("sales", Type::Sales)];

/// The leads whose statuses are too many to be shown.
const OTHER_STATUSES: &str = "Other";

/// The pipelines.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = elevate::Pipelines)]
pub(super) struct Pipelines {
    pipelines: Vec<PipelineBody>,
}

/// A pipeline.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = elevate::Pipeline)]
struct PipelineBody {
    /// `qualification`: leads by status; `sales`: deals by stage.
    #[schema(example = "sales")]
    pipeline_type: &'static str,
    /// Of `sales`, of which there may be several: the pipeline's name.
    #[schema(example = "Sales")]
    name: String,
    stages: Vec<StageBody>,
}

/// A stage of a pipeline.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = elevate::PipelineStage)]
struct StageBody {
    #[schema(example = "Negotiation")]
    name: String,
    /// How many are in it.
    #[schema(example = 12)]
    count: i64,
    /// What they are worth, in major units of the tenant's default currency; leads are worth 0.
    #[schema(value_type = f64, example = 120_000)]
    value: Number,
    /// What is in other currencies, by their codes, in their major units; left out where nothing is.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, f64>)]
    other_currencies: BTreeMap<String, Number>,
}

fn qualification(leads: Qualification) -> PipelineBody {
    let stage = |name: String, count| StageBody {
        name,
        count,
        value: 0.into(),
        other_currencies: BTreeMap::new(),
    };
    let rest = (leads.rest > 0).then(|| stage(OTHER_STATUSES.to_owned(), leads.rest));
    let stages = leads.stages.into_iter().map(|found| stage(found.status, found.count));
    PipelineBody {
        pipeline_type: "qualification",
        name: "Leads".to_owned(),
        stages: stages.chain(rest).collect(),
    }
}

fn sales(pipeline: SalesPipeline, currency: Currency) -> PipelineBody {
    let stages = pipeline.stages.into_iter().map(|found| StageBody {
        name: found.stage.fields.name.into_inner(),
        count: found.worth.count,
        value: value(&found.worth, currency),
        other_currencies: others(&found.worth, currency),
    });
    PipelineBody {
        pipeline_type: "sales",
        stages: stages.collect(),
        name: pipeline.pipeline.fields.name.into_inner(),
    }
}

/// Tells what is in each stage now: of the leads' qualification, and of every sales pipeline, the default one first.
#[utoipa::path(
    get, path = PATH, tag = "elevate pull", operation_id = "elevate_get_pipeline",
    params(("pipeline_type" = Option<String>, Query, description = "Only `qualification`, or only `sales`", example = "sales")),
    responses((status = 200, description = "The pipelines", body = Pipelines), ErrorResponses),
    security(("elevate_key" = []))
)]
pub(super) async fn show(access: Access, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let mut query = Query::parse(request.query_string());
    let wanted = query.word("pipeline_type", &TYPES);
    query.finish()?;
    let read = move |reader: &mut dyn TenantReader| {
        let currency = reader.settings().lookup()?.preferences.default_currency;
        let mut pipelines = Vec::new();
        if wanted != Some(Type::Sales) {
            pipelines.push(qualification(kpi::qualification(reader)?));
        }
        if wanted != Some(Type::Qualification) {
            pipelines.extend(kpi::sales(reader)?.into_iter().map(|pipeline| sales(pipeline, currency)));
        }
        Ok(Pipelines { pipelines })
    };
    Ok(HttpResponse::Ok().json(access.tenant.snapshot(read).await?))
}
