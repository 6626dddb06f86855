//! Family E: deals, leads, tasks and figures to pull, and webhooks to be told, by API key with permissions (contract E-01 … E-101).

mod activity;
mod answer;
mod api_key;
mod context;
mod deal;
mod error;
mod id;
mod kpi;
mod lead;
mod limits;
mod money;
mod page;
mod partner;
mod payload;
mod permission;
mod pipeline;
mod related;
mod task;
mod ticket;
mod webhook;

pub(super) use payload::WebhookSpeaker;

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

/// The family.
pub struct Elevate;

impl Family for Elevate {
    fn name(&self) -> &'static str {
        "elevate"
    }

    fn prefixes(&self) -> &'static [&'static str] {
        &["/api/external"]
    }

    fn routes(&self) -> Vec<Route> {
        use Credential::{JwtOrSession, PermittedKey};
        let get = |template, handler| Route::new(Method::GET, template, PermittedKey, handler);
        vec![
            Route::new(Method::GET, api_key::PATH, JwtOrSession, || web::to(api_key::list)),
            Route::new(Method::POST, api_key::PATH, JwtOrSession, || web::to(api_key::create)),
            Route::new(Method::DELETE, api_key::ITEM, JwtOrSession, || web::to(api_key::revoke)),
            get(deal::PATH, || web::to(deal::list)),
            get(lead::PATH, || web::to(lead::list)),
            get(task::PATH, || web::to(task::list)),
            get(kpi::PATH, || web::to(kpi::show)),
            get(pipeline::PATH, || web::to(pipeline::show)),
            get(activity::PATH, || web::to(activity::list)),
            get(partner::PATH, || web::to(partner::list)),
            get(webhook::PATH, || web::to(webhook::list)),
            Route::new(Method::POST, webhook::PATH, PermittedKey, || web::to(webhook::register)),
            Route::new(Method::PUT, webhook::ITEM, PermittedKey, || web::to(webhook::update)),
            Route::new(Method::DELETE, webhook::ITEM, PermittedKey, || web::to(webhook::remove)),
            Route::new(Method::POST, webhook::TEST, PermittedKey, || web::to(webhook::test)),
        ]
    }

    /// Every request asks for a key (contract E-01), also one for what is not there.
    fn unknown_path_credential(&self) -> Credential {
        Credential::PermittedKey
    }

    fn admit<'a>(&'static self, call: &'a Call, request: &'a HttpRequest, credential: Credential) -> Admitting<'a> {
        Box::pin(context::admit(call, request, credential))
    }

    fn render(&self, _: &Call, _: &str, error: &actix_web::Error) -> HttpResponse {
        error::render(error)
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
    paths(
        api_key::list,
        api_key::create,
        api_key::revoke,
        deal::list,
        lead::list,
        task::list,
        kpi::show,
        pipeline::show,
        activity::list,
        partner::list,
        webhook::list,
        webhook::register,
        webhook::update,
        webhook::remove,
        webhook::test,
    ),
    modifiers(&KeyScheme),
    tags(
        (name = "elevate api keys", description = "Keys of the Elevate CRM External API, managed by an Admin"),
        (name = "elevate pull", description = "Elevate CRM External API: bulk data on demand, by a key with the permission `read`. Every answer carries \
            `X-RateLimit-Limit`, `X-RateLimit-Remaining` and `X-RateLimit-Reset` (Unix seconds); a 429 also `Retry-After` (seconds)."),
        (name = "elevate push", description = "Webhooks, by a key with the permission `webhook`"),
    )
)]
struct Document;

struct KeyScheme;

impl Modify for KeyScheme {
    fn modify(&self, document: &mut OpenApi) {
        let scheme = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-API-Key")));
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("elevate_key", scheme);
    }
}
