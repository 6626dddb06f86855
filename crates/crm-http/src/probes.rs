//! `/livez`, `/readyz`, `/metrics`: for supervisors and monitoring, outside every family.

use std::{sync::Arc, time::Duration};

use actix_web::{
    HttpResponse,
    http::Method,
    web::{self, Data, ServiceConfig},
};
use crm_domain::{Error, Result};
use serde_json::json;
use utoipa::OpenApi;

use crate::{
    App,
    families::{Credential, Route},
    shared::{
        auth::epoch,
        fault::retry_after_seconds,
        pipeline::read_only,
        tenant::{block, within},
    },
};

/// The probes as a route table.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/livez", Credential::Open, || web::to(livez)),
        Route::new(Method::GET, "/readyz", Credential::Open, || web::to(readyz)),
        Route::new(Method::GET, "/metrics", Credential::Open, || web::to(show_metrics)),
    ]
}

/// Registers the probes.
pub(crate) fn register(app: &Arc<App>, config: &mut ServiceConfig) {
    config.app_data(Data::from(Arc::clone(app)));
    for route in routes() {
        config.service(read_only(route.template, (route.handler)()));
    }
}

/// The probes' part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(livez, readyz, show_metrics), tags((name = "server", description = "Probes for supervisors and monitoring")))]
pub(crate) struct ProbeDocs;

/// Whether the process answers at all. Touches nothing.
#[utoipa::path(get, path = "/livez", tag = "server", responses((status = 200, description = "The process answers", body = Object)))]
async fn livez() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(r#"{"status":"ok"}"#)
}

/// Whether requests can be served: the control database answers.
#[utoipa::path(get, path = "/readyz", tag = "server", responses(
    (status = 200, description = "Requests can be served", body = Object),
    (status = 503, description = "A database does not answer; `Retry-After` says when to ask again", body = Object),
))]
async fn readyz(app: Data<App>) -> HttpResponse {
    match answers(&app).await {
        Ok(()) => HttpResponse::Ok().json(json!({ "status": "ok" })),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            let wait = match error {
                Error::Unavailable { retry_after, .. } => retry_after_seconds(retry_after),
                _ => 1,
            };
            HttpResponse::ServiceUnavailable()
                .insert_header(("Retry-After", wait.to_string()))
                .json(json!({ "status": "unavailable" }))
        }
    }
}

/// Supervisors ask often, and wait for less than a request may.
const READY_PATIENCE: Duration = Duration::from_secs(2);

/// Whether the control database answers, soon.
///
/// # Errors
/// Why it does not.
pub(crate) async fn answers(app: &App) -> Result<()> {
    within(READY_PATIENCE, "the control database", ready(app)).await
}

async fn ready(app: &App) -> Result<()> {
    epoch(&*app.control).await?;
    let control = Arc::clone(&app.control);
    block(move || control.reading(|reader| reader.tenants().count().map(drop))).await
}

/// Prometheus metrics.
#[utoipa::path(get, path = "/metrics", tag = "server", responses(
    (status = 200, description = "Metrics in the Prometheus text format", body = String, content_type = "text/plain"),
    (status = 404, description = "Metrics are turned off", body = Object),
))]
async fn show_metrics(app: Data<App>) -> HttpResponse {
    match &app.metrics {
        Some(metrics) => HttpResponse::Ok()
            .content_type("text/plain; version=0.0.4; charset=utf-8")
            .body(metrics.render()),
        None => HttpResponse::NotFound().json(json!({ "error": "Not found", "message": "Metrics are turned off" })),
    }
}
