//! Deals added up: a pipeline's board, and the forecast.

use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse};
use crm_domain::{
    error::Problem,
    field::parse_integer,
    id::{PipelineId, RecordId},
    tenant::{
        TenantReader,
        opportunity::{self, Column, Forecast, MONTHS_MAX, Month, Opportunity, Sums},
    },
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Deal, wire::DealStatus};
use crate::families::saas::{
    context::{Permit, Read},
    error::{ErrorResponses, LookupResponses, SaasError},
    id::{PIPELINE, STAGE, show},
    noun::{View, shown_many},
    page::Query,
};

pub(in super::super) const BOARD: &str = "/api/deals/board";
pub(in super::super) const FORECAST: &str = "/api/deals/forecast";

const DEALS: i64 = 20;
const DEALS_MAX: i64 = 100;
const MONTHS: i64 = 12;

/// The query parameters of the board; for the documentation.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the parameters, never made")]
struct BoardParams {
    /// The default pipeline when left out.
    #[param(rename = "pipelineId", example = "pipeline_1")]
    pipeline_id: Option<String>,
    /// Most deals shown of each stage; clamped to 0 … 100.
    #[param(required = false, default = 20, minimum = 0, maximum = 100)]
    limit: u32,
}

/// The query parameters of the forecast; for the documentation.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the parameters, never made")]
struct ForecastParams {
    /// The first month; the present one in the tenant's time zone when left out.
    #[param(example = "2026-01")]
    from: Option<String>,
    /// How many months.
    #[param(required = false, default = 12, minimum = 1, maximum = 60)]
    months: u32,
}

/// What deals of one currency are worth.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::DealSum)]
pub(crate) struct Sum {
    #[schema(example = "USD")]
    currency: String,
    /// How many they are.
    count: i64,
    /// In major units.
    #[schema(value_type = f64, example = 75000)]
    amount: serde_json::Number,
    /// Each amount times its deal's probability, in major units.
    #[schema(value_type = f64, example = 37500)]
    weighted_amount: serde_json::Number,
}

/// A stage of a board.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::BoardStage)]
pub(crate) struct BoardStage {
    #[schema(example = "stage_1")]
    stage_id: String,
    #[schema(example = "Prospecting")]
    name: String,
    kind: DealStatus,
    /// Per cent.
    probability: i64,
    /// All deals in the stage, also those without an amount.
    count: i64,
    /// By currency.
    sums: Vec<Sum>,
    /// The first deals, by creation; `GET /api/deals?filter[stageId]=…` lists them all.
    deals: Vec<Deal>,
}

/// A pipeline's board.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::Board)]
pub(crate) struct Board {
    #[schema(example = "pipeline_1")]
    pipeline_id: String,
    #[schema(example = "Sales")]
    name: String,
    /// In the pipeline's order.
    stages: Vec<BoardStage>,
}

/// Deals that are expected together.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::Expected)]
pub(crate) struct Expected {
    /// All of them, also those without an amount.
    count: i64,
    /// By currency.
    sums: Vec<Sum>,
}

/// A month of a forecast.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::ForecastMonth)]
pub(crate) struct ForecastMonth {
    #[schema(example = "2026-01")]
    month: String,
    #[serde(flatten)]
    expected: Expected,
}

/// What the open deals that forecasts count promise.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::Forecast)]
pub(crate) struct ForecastInfo {
    /// By the month of `expectedCloseDate`.
    months: Vec<ForecastMonth>,
    /// What should have been closed before the first month.
    overdue: Expected,
    /// Without an `expectedCloseDate`.
    unscheduled: Expected,
}

fn sums(sums: &Sums) -> Vec<Sum> {
    let sum = |(currency, sum): (&crm_domain::money::Currency, &opportunity::Sum)| Sum {
        currency: currency.as_str().to_owned(),
        count: sum.count,
        amount: currency.major(sum.minor),
        weighted_amount: currency.major(sum.weighted()),
    };
    sums.by_currency.iter().map(sum).collect()
}

impl BoardStage {
    fn of(column: Column, deals: Vec<Deal>) -> Self {
        let fields = column.stage.fields;
        Self {
            stage_id: show(STAGE, column.stage.id),
            name: fields.name.into_inner(),
            kind: fields.kind.into(),
            probability: fields.probability,
            count: column.sums.count,
            sums: sums(&column.sums),
            deals,
        }
    }
}

impl From<&Sums> for Expected {
    fn from(all: &Sums) -> Self {
        Self {
            count: all.count,
            sums: sums(all),
        }
    }
}

impl From<Forecast> for ForecastInfo {
    fn from(forecast: Forecast) -> Self {
        let month = |(month, sums): &(Month, Sums)| ForecastMonth {
            month: month.to_string(),
            expected: sums.into(),
        };
        Self {
            months: forecast.months.iter().map(month).collect(),
            overdue: (&forecast.overdue).into(),
            unscheduled: (&forecast.unscheduled).into(),
        }
    }
}

/// Shows a pipeline's board: its stages, what is in each, and what it is worth.
#[utoipa::path(
    get, path = BOARD, tag = "deals", operation_id = "saas_deal_board", params(BoardParams),
    responses((status = 200, description = "The board", body = Board), ErrorResponses, LookupResponses),
    security(("accessToken" = []))
)]
pub(in super::super) async fn board(permit: Permit<Read>, request: HttpRequest) -> Result<HttpResponse, SaasError> {
    let mut query = Query::parse(request.query_string());
    let pipeline = query.parsed("pipelineId", |text| {
        PipelineId::parse_prefixed(text, PIPELINE).ok_or_else(|| Problem::Rule(format!("must be an id such as {PIPELINE}12")))
    });
    let limit = query
        .parsed("limit", |text| parse_integer(text, i64::MIN, i64::MAX))
        .unwrap_or(DEALS);
    query.finish()?;
    let limit = u32::try_from(limit.clamp(0, DEALS_MAX)).unwrap_or(0);
    // One state: the deals shown are among those counted.
    let view = View::of(&permit.tenant);
    let work = move |reader: &mut dyn TenantReader| {
        let (pipeline, mut columns) = opportunity::board(reader, pipeline, limit)?;
        let first: Vec<Opportunity> = columns.iter_mut().flat_map(|column| std::mem::take(&mut column.first)).collect();
        let numbers: Vec<i64> = first.iter().map(|deal| deal.stage.id.get()).collect();
        let mut by_stage: HashMap<i64, Vec<Deal>> = HashMap::new();
        for (stage, deal) in numbers.into_iter().zip(shown_many(reader.labels(), first, view)?) {
            by_stage.entry(stage).or_default().push(deal);
        }
        let shown = |column: Column| {
            let deals = by_stage.remove(&column.stage.id.get()).unwrap_or_default();
            BoardStage::of(column, deals)
        };
        Ok((pipeline, columns.into_iter().map(shown).collect()))
    };
    let (pipeline, stages) = permit.tenant.snapshot(work).await?;
    Ok(HttpResponse::Ok().json(Board {
        pipeline_id: show(PIPELINE, pipeline.id),
        name: pipeline.fields.name.into_inner(),
        stages,
    }))
}

/// Shows what the open deals promise, month by month; deals with `includeInForecast` false are left out.
#[utoipa::path(
    get, path = FORECAST, tag = "deals", operation_id = "saas_deal_forecast", params(ForecastParams),
    responses((status = 200, description = "The forecast", body = ForecastInfo), ErrorResponses),
    security(("accessToken" = []))
)]
pub(in super::super) async fn forecast(permit: Permit<Read>, request: HttpRequest) -> Result<HttpResponse, SaasError> {
    let mut query = Query::parse(request.query_string());
    let from = query.parsed("from", Month::parse);
    let months = query
        .parsed("months", |text| parse_integer(text, 1, MONTHS_MAX.into()))
        .unwrap_or(MONTHS);
    query.finish()?;
    let now = permit.tenant.now;
    let months = u32::try_from(months).unwrap_or(MONTHS_MAX);
    let forecast = permit
        .tenant
        .snapshot(move |reader| {
            let from = match from {
                Some(month) => month,
                None => Month::of(reader.settings().lookup()?.preferences.time_zone.day_at(now)),
            };
            opportunity::forecast(reader, from, months)
        })
        .await?;
    Ok(HttpResponse::Ok().json(ForecastInfo::from(forecast)))
}
