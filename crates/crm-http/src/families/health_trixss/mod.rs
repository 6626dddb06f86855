//! Family A: read-only access to accounts and opportunities by API key (contract A-01 … A-119).

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, header::HeaderMap},
    web,
};
use utoipa::{
    Modify, OpenApi as _,
    openapi::{
        OpenApi,
        security::{ApiKey, ApiKeyValue, SecurityScheme},
    },
};

use crate::{
    families::{Admitting, Credential, Family, Route},
    shared::{call::Call, rate_limit::Decision},
};

mod account;
mod context;
mod error;
mod limits;
mod opportunity;
mod page;
mod related;

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
        let get = |template, handler| Route::new(Method::GET, template, Credential::ApiKeyHeader, handler);
        vec![
            get(account::PATH, || web::to(account::list)),
            get(account::ITEM, || web::to(account::get)),
            get(opportunity::PATH, || web::to(opportunity::list)),
            get(opportunity::ITEM, || web::to(opportunity::get)),
        ]
    }

    fn unknown_path_credential(&self) -> Credential {
        Credential::ApiKeyHeader
    }

    fn admit<'a>(&'static self, call: &'a Call, request: &'a HttpRequest, _: Credential) -> Admitting<'a> {
        Box::pin(context::admit(call, request))
    }

    fn render(&self, call: &Call, _: &str, error: &actix_web::Error) -> HttpResponse {
        error::render(error, call.template)
    }

    fn rate_headers(&self, _: &Call, decision: &Decision, headers: &mut HeaderMap) {
        limits::write_headers(decision, headers);
    }

    fn openapi(&self) -> OpenApi {
        Document::openapi()
    }
}

/// The family's part of the OpenAPI document.
#[derive(utoipa::OpenApi)]
#[openapi(
    paths(account::list, account::get, opportunity::list, opportunity::get),
    components(schemas(error::ErrorBody)),
    modifiers(&KeyScheme),
    tags((name = "health_trixss", description = "Health Trixss CRM External API 1.0: read-only, by API key. \
        Every answer carries `X-RateLimit-Limit`, `X-RateLimit-Remaining` and `X-RateLimit-Reset` (Unix seconds); a 429 also `Retry-After` (seconds)."))
)]
struct Document;

struct KeyScheme;

impl Modify for KeyScheme {
    fn modify(&self, document: &mut OpenApi) {
        let scheme = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("x-api-key")));
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("health_trixss_key", scheme);
    }
}

/// A JSON body that a blocking thread has made.
fn json(body: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(body)
}

/// Makes a JSON body; runs on a blocking thread.
fn to_json(value: &impl serde::Serialize) -> crm_domain::Result<Vec<u8>> {
    let mut body = Vec::with_capacity(32 * 1024);
    serde_json::to_writer(&mut body, value).map_err(|error| crm_domain::Error::Internal(error.to_string()))?;
    Ok(body)
}
