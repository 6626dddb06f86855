//! Family B: the middleware that hands leads of B2B sources on to HaloPSA, by API key (contract B-01 … B-109).

mod context;
mod error;
mod health;
mod id;
mod lead;
mod limits;
mod log;
mod opportunity;
mod payload;
mod permission;
mod prospect;
mod sent;
mod sync;
mod validate;
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
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use crate::{
    families::{Admitting, Credential, Family, Route},
    shared::{call::Call, rate_limit::Decision},
};

/// The family.
pub struct Halopsa;

impl Family for Halopsa {
    fn name(&self) -> &'static str {
        "halopsa"
    }

    /// Its document shares `/api/v1` with family D's (contract B-01, X-03).
    fn prefixes(&self) -> &'static [&'static str] {
        &[
            "/api/v1/errors",
            "/api/v1/health",
            "/api/v1/opportunities",
            "/api/v1/prospects",
            "/api/v1/sync",
            "/api/v1/validate",
            "/api/v1/webhooks",
        ]
    }

    fn routes(&self) -> Vec<Route> {
        let get = |template, handler| Route::new(Method::GET, template, Credential::BearerKey, handler);
        let post = |template, handler| Route::new(Method::POST, template, Credential::BearerKey, handler);
        let put = |template, handler| Route::new(Method::PUT, template, Credential::BearerKey, handler);
        vec![
            Route::new(Method::GET, health::PATH, Credential::Open, || web::to(health::show)),
            post(sync::PATH, || web::to(sync::one)),
            post(sync::BULK, || web::to(sync::bulk::many)),
            post(validate::PATH, || web::to(validate::judge)),
            post(prospect::CONVERT, || web::to(prospect::convert)),
            put(prospect::STATUS, || web::to(prospect::update)),
            post(opportunity::PATH, || web::to(opportunity::create)),
            put(opportunity::ITEM, || web::to(opportunity::update)),
            get(log::PATH, || web::to(log::list)),
            get(webhook::PATH, || web::to(webhook::list)),
            post(webhook::PATH, || web::to(webhook::register)),
        ]
    }

    /// Every request asks for a key (contract B-02), also one for what is not there.
    fn unknown_path_credential(&self) -> Credential {
        Credential::BearerKey
    }

    fn admit<'a>(&'static self, call: &'a Call, request: &'a HttpRequest, credential: Credential) -> Admitting<'a> {
        Box::pin(context::admit(call, request, credential))
    }

    fn render(&self, call: &Call, _: &str, error: &actix_web::Error) -> HttpResponse {
        error::render(call, error)
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
        health::show,
        sync::one,
        sync::bulk::many,
        validate::judge,
        prospect::convert,
        prospect::update,
        opportunity::create,
        opportunity::update,
        log::list,
        webhook::list,
        webhook::register,
    ),
    modifiers(&KeyScheme),
    tags(
        (name = "halopsa", description = "HaloPSA integration: leads of B2B sources, the prospects and opportunities that come of them, and webhooks. \
            Every answer carries `X-RateLimit-Limit`, `X-RateLimit-Remaining` and `X-RateLimit-Reset` (Unix seconds); a 429 also `Retry-After` \
            (seconds)."),
    )
)]
struct Document;

struct KeyScheme;

impl Modify for KeyScheme {
    fn modify(&self, document: &mut OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("API key").build();
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("halopsa_key", SecurityScheme::Http(scheme));
    }
}
