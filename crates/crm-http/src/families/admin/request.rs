//! The request log (contract ).

use actix_web::{HttpRequest, HttpResponse};
use crm_domain::{
    error::Problem,
    field::parse_integer,
    id::{ApiKeyId, RecordId, UserId},
    page::{Direction, Sort},
    query::{Comparison, Condition, Field, Operator, Spec},
    stamp::Stamp,
    tenant::request::{LoggedRequest, RequestField, RequestFilter},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::families::saas::{
    context::{Permit, ReadRequestLog},
    error::{ErrorResponses, SaasError},
    id::{API_KEY, USER, show},
    page::{PageBody, PageParams, Query},
};

pub(super) const PATH: &str = "/api/admin/requests";

/// The query parameters that filter; for the documentation.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the parameters, never made")]
struct FilterParams {
    /// Only requests with this API key.
    #[param(example = "key_3")]
    key: Option<String>,
    /// Only requests answered with this status.
    #[param(minimum = 100, maximum = 599)]
    status: Option<u16>,
    /// Only requests whose endpoint begins with this.
    #[param(example = "/api/v1/external")]
    path: Option<String>,
    /// Only requests that arrived at this time or later.
    #[param(format = DateTime)]
    since: Option<String>,
}

/// An answered request.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = admin::Request)]
pub(crate) struct RequestInfo {
    #[schema(example = "request_9")]
    id: String,
    #[schema(example = "2026-01-17T10:30:00.123Z")]
    received_at: String,
    #[schema(example = "health_trixss")]
    family: String,
    /// The endpoint's template; the path itself, cut, where no route matched.
    #[schema(example = "/api/v1/external/accounts/{id}")]
    endpoint: String,
    method: String,
    status: i64,
    /// In milliseconds.
    latency_ms: f64,
    #[schema(example = "key_3")]
    api_key_id: Option<String>,
    api_key_name: Option<String>,
    #[schema(example = "user_456")]
    user_id: Option<String>,
    /// The client's address.
    client: String,
    trace_id: String,
}

impl RequestInfo {
    fn of(request: LoggedRequest) -> Self {
        Self {
            id: format!("request_{}", request.id),
            received_at: request.received_at.to_millisecond_precision(),
            family: request.family,
            endpoint: request.endpoint,
            method: request.method,
            status: request.status,
            latency_ms: milliseconds(request.latency_micros),
            api_key_id: request.api_key_id.map(|id| show(API_KEY, ApiKeyId::from_i64(id))),
            api_key_name: request.api_key_name,
            user_id: request.user_id.map(|id| show(USER, UserId::from_i64(id))),
            client: request.client,
            trace_id: request.trace_id,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact for latencies of up to 285 years")]
fn milliseconds(micros: i64) -> f64 {
    micros as f64 / 1_000.0
}

/// Lists answered requests, newest first. Rows are written in batches, some seconds late.
#[utoipa::path(
    get, path = PATH, tag = "admin", operation_id = "admin_list_requests", params(PageParams, FilterParams),
    responses((status = 200, description = "A page of requests", body = PageBody<RequestInfo>), ErrorResponses),
    security(("accessToken" = []), ("contacts_session" = []))
)]
pub(super) async fn list(permit: Permit<ReadRequestLog>, request: HttpRequest) -> Result<HttpResponse, SaasError> {
    let mut query = Query::parse(request.query_string());
    let filter = filter(&mut query);
    let paging = query.paging(&query.order_and_filter("requests", &["key", "status", "path", "since"]));
    query.finish()?;
    let window = paging.window();
    let newest_first = Sort {
        key: RequestField::Id,
        direction: Direction::Descending,
    };
    let read = permit
        .tenant
        .snapshot(move |reader| reader.requests().list(&filter, newest_first, &window));
    let page = read.await?;
    let place = |request: &LoggedRequest| (newest_first.key.place(request), request.id);
    Ok(HttpResponse::Ok().json(PageBody::new(&paging, page, place, RequestInfo::of)))
}

fn filter(query: &mut Query) -> RequestFilter {
    let key = query.parsed("key", |text| {
        let id = ApiKeyId::parse_prefixed(text, API_KEY).or_else(|| ApiKeyId::parse_prefixed(text, ""));
        id.map(|id| Condition::equal(RequestField::ApiKeyId, id))
            .ok_or_else(|| Problem::Rule("must be an API key's id such as key_3".to_owned()))
    });
    let status = query.parsed("status", |text| {
        parse_integer(text, 100, 599).map(|status| Condition::equal(RequestField::Status, status))
    });
    let path = query.parsed("path", |text| {
        Condition::parse(RequestField::Endpoint, Operator::StartsWith, text, Spec::read)
    });
    let since = query.parsed("since", |text| {
        Stamp::parse(text).map(|stamp| Condition::compare(RequestField::ReceivedAt, Comparison::GreaterOrEqual, stamp))
    });
    RequestFilter::of([key, status, path, since].into_iter().flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read_or_refused_by_name() {
        let mut query = Query::parse("key=key_3&status=404&path=/api/v1/&since=2026-01-17T10:30:00%2B02:00");
        let read = filter(&mut query);
        let since = Stamp::parse("2026-01-17T08:30:00Z").unwrap();
        let path = Condition::parse(RequestField::Endpoint, Operator::StartsWith, "/api/v1/", Spec::read);
        let expected = [
            Condition::equal(RequestField::ApiKeyId, 3),
            Condition::equal(RequestField::Status, 404),
            path.unwrap(),
            Condition::compare(RequestField::ReceivedAt, Comparison::GreaterOrEqual, since),
        ];
        assert_eq!(read, RequestFilter::of(expected));
        assert!(query.finish().is_ok());
        let mut bad = Query::parse("key=x&status=99&path=%00&since=yesterday");
        filter(&mut bad);
        let Err(SaasError::BadParameters(errors)) = bad.finish() else {
            panic!("four parameters are wrong");
        };
        assert_eq!(errors.len(), 4);
    }

    #[test]
    fn latencies_are_milliseconds() {
        assert!((milliseconds(1_234) - 1.234).abs() < f64::EPSILON);
    }
}
