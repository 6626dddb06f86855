//! Key figures of the current week, month, quarter or year (contract E-35 … E-42, X-14, X-166 … X-168).

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse};
use crm_domain::{
    money::Currency,
    stamp::Stamp,
    tenant::{
        TenantReader,
        kpi::{self, Kpis, Period},
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

pub(super) const PATH: &str = "/api/external/kpis";

/// The key figures of a period: of what was created in it, but for deals that were won or lost, which count by the day they were it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = elevate::Kpis)]
pub(super) struct KpiBody {
    #[schema(example = "month")]
    period: &'static str,
    /// In UTC; a week begins on Monday.
    #[schema(format = DateTime, example = "2026-01-01T00:00:00Z")]
    period_start: String,
    #[schema(format = DateTime, example = "2026-01-10T00:00:00Z")]
    generated_at: String,
    leads: LeadFigures,
    deals: DealFigures,
    pipeline: PipelineFigures,
    tasks: TaskFigures,
}

/// Leads.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = elevate::LeadFigures)]
struct LeadFigures {
    #[schema(example = 100)]
    total: i64,
    /// Those that are qualified or converted now.
    #[schema(example = 25)]
    qualified: i64,
    /// `qualified` in per cent of `total`; 0.0 without leads.
    #[schema(example = 25.0)]
    qualification_rate: f64,
}

/// Deals.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = elevate::DealFigures)]
struct DealFigures {
    /// `open`, `won` and `lost` together.
    #[schema(example = 50)]
    total: i64,
    #[schema(example = 30)]
    open: i64,
    #[schema(example = 15)]
    won: i64,
    #[schema(example = 5)]
    lost: i64,
    /// `won` in per cent of `won` and `lost`; 0.0 without any.
    #[schema(example = 75.0)]
    win_rate: f64,
}

/// What the deals are worth, in major units of the tenant's default currency.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = elevate::PipelineFigures)]
struct PipelineFigures {
    /// The open ones.
    #[schema(value_type = f64, example = 500_000)]
    value: Number,
    /// The won ones.
    #[schema(value_type = f64, example = 250_000)]
    won_value: Number,
    /// What is in other currencies, by their codes; left out where nothing is.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, OtherValues>)]
    other_currencies: BTreeMap<String, OtherValues>,
}

/// What deals are worth in another currency, in its major units.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = elevate::OtherValues)]
struct OtherValues {
    #[schema(value_type = f64)]
    value: Number,
    #[schema(value_type = f64)]
    won_value: Number,
}

/// Tasks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = elevate::TaskFigures)]
struct TaskFigures {
    #[schema(example = 200)]
    total: i64,
    /// Those that are overdue now.
    #[schema(example = 10)]
    overdue: u64,
}

impl KpiBody {
    fn of(kpis: &Kpis, currency: Currency, now: Stamp) -> Self {
        Self {
            period: kpis.period.as_str(),
            period_start: kpis.start().to_second_precision(),
            generated_at: now.to_second_precision(),
            leads: LeadFigures {
                total: kpis.leads,
                qualified: kpis.qualified_leads,
                qualification_rate: kpis.qualification_rate(),
            },
            deals: DealFigures {
                total: kpis.open.count + kpis.won.count + kpis.lost.count,
                open: kpis.open.count,
                won: kpis.won.count,
                lost: kpis.lost.count,
                win_rate: kpis.win_rate(),
            },
            pipeline: PipelineFigures {
                value: value(&kpis.open, currency),
                won_value: value(&kpis.won, currency),
                other_currencies: other_values(others(&kpis.open, currency), others(&kpis.won, currency)),
            },
            tasks: TaskFigures {
                total: kpis.tasks,
                overdue: kpis.overdue_tasks,
            },
        }
    }
}

fn other_values(open: BTreeMap<String, Number>, mut won: BTreeMap<String, Number>) -> BTreeMap<String, OtherValues> {
    let none = || Number::from(0);
    let mut values: BTreeMap<String, OtherValues> = BTreeMap::new();
    for (code, value) in open {
        let won_value = won.remove(&code).unwrap_or_else(none);
        values.insert(code, OtherValues { value, won_value });
    }
    values.extend(won.into_iter().map(|(code, won_value)| {
        let value = none();
        (code, OtherValues { value, won_value })
    }));
    values
}

/// Tells the key figures of the current period, in UTC.
#[utoipa::path(
    get, path = PATH, tag = "elevate pull", operation_id = "elevate_get_kpis",
    params(("period" = Option<String>, Query, description = "`week`, `month` (default), `quarter` or `year`", example = "month")),
    responses((status = 200, description = "The key figures", body = KpiBody), ErrorResponses),
    security(("elevate_key" = []))
)]
pub(super) async fn show(access: Access, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let mut query = Query::parse(request.query_string());
    let words = Period::ALL.map(|period| (period.as_str(), period));
    let period = query.word("period", &words).unwrap_or_default();
    query.finish()?;
    let now = access.tenant.now;
    let read = move |reader: &mut dyn TenantReader| {
        let currency = reader.settings().lookup()?.preferences.default_currency;
        let kpis = kpi::kpis(reader, period, now)?;
        Ok(KpiBody::of(&kpis, currency, now))
    };
    Ok(HttpResponse::Ok().json(access.tenant.snapshot(read).await?))
}
