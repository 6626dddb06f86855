//! The error log: leads that were handed over and not taken over as wished (contract B-91 … B-97, X-70 … X-72).

use actix_web::{HttpRequest, HttpResponse};
use crm_domain::{
    error::Problem,
    id::RecordId,
    page::{Direction, Sort, Start, Window},
    query::{Comparison, Condition},
    stamp::Stamp,
    tenant::sync_log::{SyncEntry, SyncLevel, SyncLogField, SyncLogFilter},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    context::Access,
    error::{ApiError, Code, ErrorResponses},
    sent::Sent,
};
use crate::shared::query::{PAGE_MAX, Parameters, choice};

pub(super) const PATH: &str = "/api/v1/errors";

/// Entries of a page, when nobody says, and at most (contract X-70).
const LIMIT: u32 = 50;
const LIMIT_MAX: u32 = 500;
/// What ids begin with (contract B-96).
const PREFIX: &str = "err_";

/// The query parameters; for the documentation.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the parameters, never made")]
struct LogParams {
    /// Most entries of the answer; clamped to 1 … 500.
    #[param(required = false, default = 50, minimum = 1, maximum = 500)]
    limit: u32,
    /// Which page; below 1 counts as 1.
    #[param(required = false, default = 1, minimum = 1)]
    page: u32,
    /// Only those of this level: `error`, `warning` or `info`.
    #[param(example = "error")]
    level: Option<String>,
    /// Only those since this ISO 8601 date or timestamp.
    #[param(example = "2024-01-25")]
    start_date: Option<String>,
}

/// What more is known of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = halopsa::LogDetails)]
struct Details {
    /// The lead that is there already.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 12_345)]
    lead_id: Option<i64>,
    /// What the request was answered; left out of what was no error.
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<Code>,
}

/// What was logged.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = halopsa::LogEntry)]
struct Entry {
    #[schema(example = "err_123")]
    id: String,
    #[schema(format = DateTime, example = "2024-01-25T09:30:00Z")]
    timestamp: String,
    #[schema(example = "error")]
    level: &'static str,
    #[schema(example = "Failed to sync lead: email must be a valid email address")]
    message: String,
    #[schema(example = "apollo")]
    source: String,
    details: Details,
}

impl Entry {
    fn of(entry: SyncEntry) -> Self {
        Self {
            id: format!("{PREFIX}{}", entry.id),
            timestamp: entry.logged_at.to_second_precision(),
            level: entry.level.as_str(),
            message: entry.note.message,
            source: entry.note.source,
            details: Details {
                lead_id: entry.note.lead_id.map(RecordId::get),
                error_code: match entry.level {
                    SyncLevel::Error | SyncLevel::Warning => Some(Code::ValidationError),
                    SyncLevel::Info => None,
                },
            },
        }
    }
}

/// Where a page stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = halopsa::Pagination)]
struct Pagination {
    /// All matching entries; exact.
    #[schema(example = 150)]
    total: u64,
    #[schema(example = 1)]
    page: u32,
    #[schema(example = 50)]
    limit: u32,
}

/// A page of the log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = halopsa::Log)]
struct Log {
    errors: Vec<Entry>,
    pagination: Pagination,
}

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    page: u32,
    limit: u32,
    level: Option<SyncLevel>,
    since: Option<Stamp>,
}

impl Asked {
    fn parse(query: &str) -> Result<Self, ApiError> {
        let mut query = Parameters::parse(query);
        let asked = Self {
            page: query.parsed("page", |text| whole(text, PAGE_MAX)).unwrap_or(1),
            limit: query.parsed("limit", |text| whole(text, LIMIT_MAX)).unwrap_or(LIMIT),
            level: query.parsed("level", |text| SyncLevel::parse(text).ok_or_else(|| choice(SyncLevel::WORDS))),
            since: query.parsed("start_date", Stamp::parse),
        };
        query.finish().map_err(|errors| ApiError::Invalid(errors, Sent::default()))?;
        Ok(asked)
    }

    fn filter(&self) -> SyncLogFilter {
        let level = self.level.map(|level| Condition::equal(SyncLogField::Level, level.as_str()));
        let since = self
            .since
            .map(|since| Condition::compare(SyncLogField::LoggedAt, Comparison::GreaterOrEqual, since));
        SyncLogFilter::of([level, since].into_iter().flatten())
    }
}

/// A whole number, clamped to 1 … `max`.
fn whole(text: &str, max: u32) -> Result<u32, Problem> {
    let number: i128 = text.parse().map_err(|_| Problem::WholeNumber)?;
    Ok(u32::try_from(number.clamp(1, max.into())).unwrap_or(max))
}

/// Lists the leads that were not taken over as wished, newest first. What was sent is not told.
#[utoipa::path(
    get, path = PATH, tag = "halopsa", operation_id = "halopsa_list_errors", params(LogParams),
    responses(
        (status = 200, description = "A page of the log", body = Log),
        (status = 400, description = "Parameters that cannot be right", body = super::error::ErrorBody),
        ErrorResponses
    ),
    security(("halopsa_key" = []))
)]
pub(super) async fn list(access: Access, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let asked = Asked::parse(request.query_string())?;
    let window = Window {
        limit: asked.limit,
        start: Start::Offset(u64::from(asked.page - 1) * u64::from(asked.limit)),
    };
    let newest_first = Sort {
        key: SyncLogField::Id,
        direction: Direction::Descending,
    };
    let filter = asked.filter();
    // The log is no record: the feed tells nothing of it.
    let page = access
        .tenant
        .read(move |reader| reader.sync_log().list(&filter, newest_first, &window))
        .await?;
    Ok(HttpResponse::Ok().json(Log {
        errors: page.items.into_iter().map(Entry::of).collect(),
        pagination: Pagination {
            total: page.total,
            page: asked.page,
            limit: asked.limit,
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    // B-92, B-93, B-94, X-70, X-71
    #[test]
    fn what_is_asked_for_is_clamped_or_refused() {
        let asked = |page, limit, level, since: Option<&str>| Asked {
            page,
            limit,
            level,
            since: since.map(|text| Stamp::parse(text).unwrap()),
        };
        for (query, expected) in [
            ("", asked(1, 50, None, None)),
            ("limit=0&page=-7", asked(1, 1, None, None)),
            ("limit=501&page=99999999999999999999", asked(PAGE_MAX, 500, None, None)),
            (
                "level=Warning&start_date=2024-01-25",
                asked(1, 50, Some(SyncLevel::Warning), Some("2024-01-25T00:00:00Z")),
            ),
        ] {
            assert_eq!(Asked::parse(query).unwrap(), expected, "{query}");
        }
        for query in ["limit=many", "page=1.5", "level=fatal", "start_date=yesterday"] {
            assert!(matches!(Asked::parse(query), Err(ApiError::Invalid(..))), "{query}");
        }
    }
}
