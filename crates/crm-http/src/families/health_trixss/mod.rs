//! Family A: read-only access to accounts and opportunities by API key (contract A-01 … A-119).

use actix_web::{HttpRequest, HttpResponse, http::header::HeaderMap};

use crate::{
    families::{Admitting, Credential, Family, Route},
    shared::{call::Call, rate_limit::Decision},
};

mod context;
mod error;

/// The family.
pub struct HealthTrixss;

impl Family for HealthTrixss {
    fn name(&self) -> &'static str {
        "health_trixss"
    }

    fn prefixes(&self) -> &'static [&'static str] {
        &["/api/v1/external"]
    }

    fn routes(&self) -> Vec<Route> {
        Vec::new()
    }

    fn unknown_path_credential(&self) -> Credential {
        Credential::ApiKeyHeader
    }

    fn admit<'a>(&'static self, call: &'a Call, request: &'a HttpRequest, credential: Credential) -> Admitting<'a> {
        Box::pin(context::admit(call, request, credential))
    }

    fn render(&self, _call: &Call, _request: &HttpRequest, error: &actix_web::Error) -> HttpResponse {
        error::render(error)
    }

    fn rate_headers(&self, decision: &Decision, headers: &mut HeaderMap) {
        context::rate_headers(decision, headers);
    }

    fn openapi(&self) -> utoipa::openapi::OpenApi {
        utoipa::openapi::OpenApi::default()
    }
}
