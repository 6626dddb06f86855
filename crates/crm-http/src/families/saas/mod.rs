//! Family C: the JWT API of a multi-tenant CRM (contract C-01 … C-31, C-60 … C-73, C-111 … C-145).

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, header::HeaderMap},
    web,
};
use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};

use crate::{
    families::{Admitting, Credential, Family, Route},
    shared::{call::Call, rate_limit::Decision},
};

mod answer;
mod auth;
mod change;
mod company;
mod deal;
mod schema;
mod word;
// The management API answers in this family's envelope, by its credential and to its paging.
pub(super) mod context;
pub(super) mod error;
pub(super) mod id;
pub(super) mod limits;
pub(super) mod page;

/// The family.
pub struct Saas;

impl Family for Saas {
    fn name(&self) -> &'static str {
        "saas"
    }

    fn prefixes(&self) -> &'static [&'static str] {
        &["/api"]
    }

    fn routes(&self) -> Vec<Route> {
        use Credential::{Jwt, Open};
        vec![
            Route::new(Method::POST, auth::REGISTER, Open, || web::to(auth::register)),
            Route::new(Method::POST, auth::LOGIN, Open, || web::to(auth::login)),
            Route::new(Method::POST, auth::REFRESH, Open, || web::to(auth::refresh)),
            Route::new(Method::POST, auth::LOGOUT, Jwt, || web::to(auth::logout)),
            Route::new(Method::GET, auth::ME, Jwt, || web::to(auth::me)),
            Route::new(Method::GET, company::PATH, Jwt, || web::to(company::list)),
            Route::new(Method::POST, company::PATH, Jwt, || web::to(company::create)),
            Route::new(Method::GET, company::ITEM, Jwt, || web::to(company::get)),
            Route::new(Method::PUT, company::ITEM, Jwt, || web::to(company::update)),
            Route::new(Method::DELETE, company::ITEM, Jwt, || web::to(company::remove)),
            Route::new(Method::GET, deal::PATH, Jwt, || web::to(deal::list)),
            Route::new(Method::POST, deal::PATH, Jwt, || web::to(deal::create)),
            Route::new(Method::GET, deal::ITEM, Jwt, || web::to(deal::get)),
            Route::new(Method::PUT, deal::ITEM, Jwt, || web::to(deal::update)),
            Route::new(Method::DELETE, deal::ITEM, Jwt, || web::to(deal::remove)),
            Route::new(Method::GET, change::PATH, Jwt, || web::to(change::list)),
        ]
    }

    fn unknown_path_credential(&self) -> Credential {
        Credential::Jwt
    }

    fn admit<'a>(&'static self, call: &'a Call, request: &'a HttpRequest, credential: Credential) -> Admitting<'a> {
        Box::pin(context::admit(call, request, credential))
    }

    fn render(&self, call: &Call, request: &HttpRequest, error: &actix_web::Error) -> HttpResponse {
        error::render(call, request, error)
    }

    fn rate_headers(&self, decision: &Decision, headers: &mut HeaderMap) {
        limits::write_headers(decision, headers);
    }

    fn openapi(&self) -> utoipa::openapi::OpenApi {
        Document::openapi()
    }
}

#[derive(OpenApi)]
#[openapi(
    paths(
        auth::register, auth::login, auth::refresh, auth::logout, auth::me,
        company::list, company::create, company::get, company::update, company::remove,
        deal::list, deal::create, deal::get, deal::update, deal::remove,
        change::list,
    ),
    components(schemas(error::ErrorBody)),
    tags(
        (name = "auth", description = "Registering and signing in"),
        (name = "companies", description = "The companies a team sells to"),
        (name = "deals", description = "What may be sold"),
        (name = "changes", description = "What happened to the records"),
    ),
    modifiers(&AccessToken)
)]
struct Document;

/// Documents the credential.
pub(super) struct AccessToken;

impl Modify for AccessToken {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("accessToken", SecurityScheme::Http(scheme));
    }
}
