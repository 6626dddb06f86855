//! The management API: API keys of every family and the request log (contract A-15 … ).
//!
//! It asks for an access token or a browser's session of an Admin or Manager, and answers in family C's envelope, by its paging and rate class.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, header::HeaderMap},
    web,
};
use utoipa::OpenApi;

use super::saas::{AccessToken, error, limits};
use crate::{
    families::{Admitting, Credential, Family, Route},
    shared::{call::Call, rate_limit::Decision},
};

mod api_key;
mod context;
mod request;

/// The family.
pub struct Admin;

impl Family for Admin {
    fn name(&self) -> &'static str {
        "admin"
    }

    fn prefixes(&self) -> &'static [&'static str] {
        &["/api/admin"]
    }

    fn routes(&self) -> Vec<Route> {
        use Credential::JwtOrSession;
        vec![
            Route::new(Method::GET, api_key::PATH, JwtOrSession, || web::to(api_key::list)),
            Route::new(Method::POST, api_key::PATH, JwtOrSession, || web::to(api_key::mint)),
            Route::new(Method::GET, api_key::ITEM, JwtOrSession, || web::to(api_key::get)),
            Route::new(Method::PATCH, api_key::ITEM, JwtOrSession, || web::to(api_key::update)),
            Route::new(Method::DELETE, api_key::ITEM, JwtOrSession, || web::to(api_key::revoke)),
            Route::new(Method::GET, request::PATH, JwtOrSession, || web::to(request::list)),
        ]
    }

    fn unknown_path_credential(&self) -> Credential {
        Credential::JwtOrSession
    }

    fn admit<'a>(&'static self, call: &'a Call, request: &'a HttpRequest, credential: Credential) -> Admitting<'a> {
        Box::pin(context::admit(call, request, credential))
    }

    fn render(&self, call: &Call, path: &str, error: &actix_web::Error) -> HttpResponse {
        error::render(call, path, error)
    }

    fn rate_headers(&self, _: &Call, decision: &Decision, headers: &mut HeaderMap) {
        limits::write_headers(decision, headers);
    }

    fn openapi(&self) -> utoipa::openapi::OpenApi {
        Document::openapi()
    }
}

#[derive(OpenApi)]
#[openapi(
    paths(api_key::list, api_key::mint, api_key::get, api_key::update, api_key::revoke, request::list),
    tags((name = "admin", description = "API keys and the request log; for Admins and Managers")),
    modifiers(&AccessToken)
)]
struct Document;
