//! Statistics, which are kept and never counted to be shown (contract D-134 … D-137, X-137).

use actix_web::HttpResponse;
use crm_domain::{
    Result as DomainResult,
    tenant::{
        TenantReader,
        contact::{ContactTotals, StatKind, Tally},
    },
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    answer::{Envelope, ok},
    context::Access,
    error::{ApiError, ErrorResponses},
};

pub(super) const PATH: &str = "/api/v1/stats";
pub(super) const COMPREHENSIVE: &str = "/api/v1/stats/comprehensive";

/// Most values told of a kind: the most frequent ones.
const MOST: u32 = 100;
/// More than there are scores, brackets and months.
const ALL: u32 = 100_000;
/// Tenths of a band of lead scores; the last one has the highest score too.
const BAND: usize = 10;

/// The overview of all contacts.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::Stats)]
pub(super) struct Stats {
    #[schema(example = 1250)]
    total_contacts: u64,
    /// Distinct names of companies.
    #[schema(example = 340)]
    total_companies: u64,
    /// Contacts with an email; none is kept that is not valid.
    #[schema(example = 1180)]
    valid_emails: u64,
    #[schema(example = 6.8)]
    average_lead_score: f64,
}

impl From<ContactTotals> for Stats {
    fn from(totals: ContactTotals) -> Self {
        Self {
            total_contacts: totals.contacts,
            total_companies: totals.companies,
            valid_emails: totals.emails,
            average_lead_score: totals.average_score(),
        }
    }
}

/// The answer about the overview.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = contacts::Overview)]
pub(super) struct Overview {
    stats: Stats,
}

/// How many contacts share a value.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = contacts::Count)]
pub(super) struct Count {
    #[schema(example = "Technology")]
    value: String,
    #[schema(example = 420)]
    count: u64,
}

impl From<Tally> for Count {
    fn from(Tally { key, count }: Tally) -> Self {
        Self { value: key, count }
    }
}

/// The overview, and contacts by what they share; those without a value are left out.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::Analytics)]
pub(super) struct Analytics {
    stats: Stats,
    /// The hundred most frequent.
    by_industry: Vec<Count>,
    /// The hundred most frequent.
    by_country: Vec<Count>,
    by_employee_size_bracket: Vec<Count>,
    /// In bands of one point; every band is there.
    by_lead_score: Vec<Count>,
    /// By month of creation (UTC), oldest first.
    by_month: Vec<Count>,
}

/// Shows the overview.
#[utoipa::path(
    get, path = PATH, tag = "contacts statistics", operation_id = "contacts_get_stats",
    responses((status = 200, description = "The overview", body = Envelope<Overview>), ErrorResponses),
    security(("contacts_key" = []), ("contacts_bearer" = []))
)]
pub(super) async fn overview(access: Access) -> Result<HttpResponse, ApiError> {
    let totals = access.tenant.snapshot(|reader| reader.contact_stats().totals()).await?;
    Ok(ok(Overview { stats: totals.into() }))
}

/// Shows the overview and contacts by what they share.
#[utoipa::path(
    get, path = COMPREHENSIVE, tag = "contacts statistics", operation_id = "contacts_get_analytics",
    responses((status = 200, description = "The analytics", body = Envelope<Analytics>), ErrorResponses),
    security(("contacts_key" = []), ("contacts_bearer" = []))
)]
pub(super) async fn comprehensive(access: Access) -> Result<HttpResponse, ApiError> {
    Ok(ok(access.tenant.snapshot(analytics).await?))
}

fn analytics(reader: &mut dyn TenantReader) -> DomainResult<Analytics> {
    let stats = reader.contact_stats();
    let mut of = |kind, limit| -> DomainResult<Vec<Count>> { Ok(stats.tallies(kind, limit)?.into_iter().map(Count::from).collect()) };
    let (by_industry, by_country) = (of(StatKind::Industry, MOST)?, of(StatKind::Country, MOST)?);
    let (by_employee_size_bracket, mut by_month) = (of(StatKind::Size, MOST)?, of(StatKind::Month, ALL)?);
    by_month.sort_by(|a, b| a.value.cmp(&b.value));
    let by_lead_score = bands(&of(StatKind::Score, ALL)?);
    Ok(Analytics {
        stats: stats.totals()?.into(),
        by_industry,
        by_country,
        by_employee_size_bracket,
        by_lead_score,
        by_month,
    })
}

/// Scores, whose values are tenths, in bands of one point.
fn bands(scores: &[Count]) -> Vec<Count> {
    let mut counts = [0; BAND];
    for Count { value, count } in scores {
        let tenths: usize = value.parse().unwrap_or(0);
        counts[(tenths / BAND).min(BAND - 1)] += count;
    }
    let name = |band: usize| {
        let last = if band == BAND - 1 { "10.0".to_owned() } else { format!("{band}.9") };
        format!("{band}.0-{last}")
    };
    let band = |(band, count)| Count { value: name(band), count };
    counts.into_iter().enumerate().map(band).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bands_hold_every_score() {
        let scores: Vec<Count> = (0..=100)
            .map(|tenths: u32| Count {
                value: tenths.to_string(),
                count: 1,
            })
            .collect();
        let bands: Vec<(String, u64)> = bands(&scores).into_iter().map(|band| (band.value, band.count)).collect();
        assert_eq!(bands.len(), 10);
        assert_eq!((&bands[0], &bands[9]), (&("0.0-0.9".to_owned(), 10), &("9.0-10.0".to_owned(), 11)));
    }
}
