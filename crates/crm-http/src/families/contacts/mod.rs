//! Family D: a contact database, by scoped API keys for programs and by a session's cookie for browsers (contract D-01 … D-255).

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method,
        header::{HeaderMap, HeaderName, HeaderValue},
    },
    web,
};
use utoipa::{
    Modify, OpenApi,
    openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};

use crate::{
    families::{Admitting, Credential, Family, Route},
    shared::{
        call::Call,
        rate_limit::Decision,
        session_cookie::{COOKIE_NAME, is_browsers},
    },
};

pub use import::field::IMPORTED;

mod activity;
mod answer;
mod api_key;
mod company;
mod contact;
mod context;
mod enrichment;
mod error;
mod export;
mod id;
mod import;
mod limits;
mod linkedin;
mod page;
mod public;
mod schema;
mod scope;
mod session;
mod setting;
mod stat;
mod tag;
mod word;

const X_API_VERSION: HeaderName = HeaderName::from_static("x-api-version");

/// The family's name.
pub const NAME: &str = "contacts";

/// The family.
pub struct Contacts;

impl Family for Contacts {
    fn name(&self) -> &'static str {
        NAME
    }

    /// Outside `/api/v1` and `/api/public` it owns the paths of its document, each by itself (contract X-03).
    fn prefixes(&self) -> &'static [&'static str] {
        &[
            "/api/v1",
            "/api/public",
            "/api/api-keys",
            session::LOGIN,
            session::LOGOUT,
            session::USER,
            setting::PROFILE,
            setting::PASSWORD,
            setting::NOTIFICATIONS,
            setting::SYSTEM,
            setting::APPEARANCE,
            setting::DELETE_ACCOUNT,
            linkedin::BY_SESSION,
            "/api/enrichment",
            enrichment::ENRICH,
            enrichment::job::OF_CONTACT,
            company::TEMPLATE,
            company::AUTOFILL,
            company::FIX_NAMES,
            export::PATH,
            import::PREFIX,
        ]
    }

    fn routes(&self) -> Vec<Route> {
        use Credential::{Open, ScopedKey, ScopedKeyHeader, Session};
        vec![
            Route::new(Method::GET, schema::PATH, Open, || web::to(schema::contacts)),
            Route::new(Method::GET, scope::PATH, Open, || web::to(scope::list)),
            Route::new(Method::POST, session::LOGIN, Open, || web::to(session::login)),
            Route::new(Method::POST, session::LOGOUT, Session, || web::to(session::logout)),
            Route::new(Method::GET, session::USER, Session, || web::to(session::user)),
            Route::new(Method::GET, setting::PROFILE, Session, || web::to(setting::profile)),
            Route::new(Method::PUT, setting::PROFILE, Session, || web::to(setting::update_profile)),
            Route::new(Method::PUT, setting::PASSWORD, Session, || web::to(setting::update_password)),
            Route::new(Method::GET, setting::NOTIFICATIONS, Session, || web::to(setting::notifications)),
            Route::new(Method::PUT, setting::NOTIFICATIONS, Session, || {
                web::to(setting::update_notifications)
            }),
            Route::new(Method::GET, setting::SYSTEM, Session, || web::to(setting::system)),
            Route::new(Method::PUT, setting::SYSTEM, Session, || web::to(setting::update_system)),
            Route::new(Method::GET, setting::APPEARANCE, Session, || web::to(setting::appearance)),
            Route::new(Method::PUT, setting::APPEARANCE, Session, || web::to(setting::update_appearance)),
            Route::new(Method::DELETE, setting::DELETE_ACCOUNT, Session, || {
                web::to(setting::delete_account)
            }),
            Route::new(Method::GET, api_key::PATH, Session, || web::to(api_key::list)),
            Route::new(Method::POST, api_key::PATH, Session, || web::to(api_key::create)),
            Route::new(Method::DELETE, api_key::ITEM, Session, || web::to(api_key::revoke)),
            Route::new(Method::GET, contact::PATH, ScopedKey, || web::to(contact::list)),
            Route::new(Method::POST, contact::PATH, ScopedKey, || web::to(contact::create)),
            Route::new(Method::GET, contact::ITEM, ScopedKey, || web::to(contact::get)),
            Route::new(Method::PATCH, contact::ITEM, ScopedKey, || web::to(contact::update)),
            Route::new(Method::DELETE, contact::ITEM, ScopedKey, || web::to(contact::remove)),
            Route::new(Method::POST, contact::RESTORE, ScopedKey, || web::to(contact::restore)),
            Route::new(Method::POST, contact::bulk::PATH, ScopedKey, || web::to(contact::bulk::create)),
            Route::new(Method::PATCH, contact::bulk::PATH, ScopedKey, || web::to(contact::bulk::update)),
            Route::new(Method::DELETE, contact::bulk::PATH, ScopedKey, || web::to(contact::bulk::remove)),
            Route::new(Method::POST, linkedin::SEARCH, ScopedKey, || web::to(linkedin::search)),
            Route::new(Method::GET, stat::PATH, ScopedKey, || web::to(stat::overview)),
            Route::new(Method::GET, stat::COMPREHENSIVE, ScopedKey, || web::to(stat::comprehensive)),
            Route::new(Method::GET, public::PROSPECTS, ScopedKeyHeader, || web::to(public::prospects)),
            Route::new(Method::POST, public::CONTACTS, ScopedKeyHeader, || web::to(public::create)),
            Route::new(Method::POST, public::BULK, ScopedKeyHeader, || web::to(public::create_many)),
            // Beside family C, which owns the path and answers whoever comes with a token, or with nothing.
            Route::new(Method::GET, contact::INTERNAL, Session, || web::to(contact::list)).claiming(is_browsers),
            Route::new(Method::GET, linkedin::BY_SESSION, Session, || web::to(linkedin::search_by_session)),
            Route::new(Method::GET, enrichment::STATUS, Session, || web::to(enrichment::status)),
            Route::new(Method::POST, enrichment::SEARCH, Session, || web::to(enrichment::search)),
            Route::new(Method::POST, enrichment::CREATE, Session, || web::to(enrichment::create)),
            Route::new(Method::POST, enrichment::ENRICH, Session, || web::to(enrichment::enrich_contact)),
            Route::new(Method::GET, enrichment::job::HISTORY, Session, || web::to(enrichment::job::history)),
            Route::new(Method::GET, enrichment::job::OF_CONTACT, Session, || {
                web::to(enrichment::job::history_of_contact)
            }),
            Route::new(Method::GET, enrichment::job::PATH, ScopedKey, || web::to(enrichment::job::list)),
            Route::new(Method::POST, enrichment::job::PATH, ScopedKey, || web::to(enrichment::job::create)),
            Route::new(Method::GET, enrichment::job::ITEM, ScopedKey, || web::to(enrichment::job::get)),
            Route::new(Method::POST, enrichment::job::BULK, ScopedKey, || {
                web::to(enrichment::job::create_many)
            }),
            Route::new(Method::GET, company::TEMPLATE, Session, || web::to(company::template)),
            Route::new(Method::POST, company::AUTOFILL, Session, || web::to(company::autofill)),
            Route::new(Method::POST, company::FIX_NAMES, Session, || web::to(company::fix_names)),
            Route::new(Method::GET, export::PATH, Session, || web::to(export::documented)),
            Route::new(Method::GET, export::ALL, Session, || web::to(export::all)),
            Route::new(Method::POST, import::AUTO_MAP, Session, || web::to(import::auto_map)),
            Route::new(Method::GET, import::PREFIX, Session, || web::to(import::list)),
            Route::new(Method::POST, import::PREFIX, Session, || web::to(import::start)),
            Route::new(Method::GET, import::ITEM, Session, || web::to(import::get)),
            Route::new(Method::GET, import::EVENTS, Session, || web::to(import::progress::events)),
            Route::new(Method::GET, import::ERRORS, Session, || web::to(import::failure::errors)),
            Route::new(Method::POST, import::CANCEL, Session, || web::to(import::cancel)),
            Route::new(Method::POST, import::UNDO, Session, || web::to(import::undo)),
            Route::new(Method::GET, tag::PATH, ScopedKey, || web::to(tag::list)),
            Route::new(Method::POST, tag::PATH, ScopedKey, || web::to(tag::create)),
            Route::new(Method::DELETE, tag::ITEM, ScopedKey, || web::to(tag::remove)),
            Route::new(Method::GET, tag::OF_CONTACT, ScopedKey, || web::to(tag::list_of_contact)),
            Route::new(Method::POST, tag::OF_CONTACT, ScopedKey, || web::to(tag::assign)),
            Route::new(Method::DELETE, tag::ASSIGNMENT, ScopedKey, || web::to(tag::unassign)),
            Route::new(Method::GET, activity::PATH, ScopedKey, || web::to(activity::list)),
            Route::new(Method::GET, activity::OF_CONTACT, ScopedKey, || web::to(activity::list_of_contact)),
        ]
    }

    /// Whoever has the wrong address is told so, key or not (contract D-30, X-04).
    fn unknown_path_credential(&self) -> Credential {
        Credential::Open
    }

    fn admit<'a>(&'static self, call: &'a Call, request: &'a HttpRequest, credential: Credential) -> Admitting<'a> {
        Box::pin(context::admit(call, request, credential))
    }

    fn render(&self, call: &Call, _: &str, error: &actix_web::Error) -> HttpResponse {
        error::render(call, error)
    }

    fn rate_headers(&self, call: &Call, decision: &Decision, headers: &mut HeaderMap) {
        limits::write_headers(call, decision, headers);
    }

    fn own_headers(&self, headers: &mut HeaderMap) {
        headers.insert(X_API_VERSION, HeaderValue::from_static(answer::API_VERSION));
    }

    fn dates_traces(&self) -> bool {
        true
    }

    fn openapi(&self) -> utoipa::openapi::OpenApi {
        Document::openapi()
    }
}

/// The family's part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(
    paths(
        schema::contacts,
        scope::list,
        session::login,
        session::logout,
        session::user,
        setting::profile,
        setting::update_profile,
        setting::update_password,
        setting::notifications,
        setting::update_notifications,
        setting::system,
        setting::update_system,
        setting::appearance,
        setting::update_appearance,
        setting::delete_account,
        api_key::list,
        api_key::create,
        api_key::revoke,
        contact::list,
        contact::create,
        contact::get,
        contact::update,
        contact::remove,
        contact::restore,
        contact::bulk::create,
        contact::bulk::update,
        contact::bulk::remove,
        linkedin::search,
        linkedin::search_by_session,
        stat::overview,
        stat::comprehensive,
        public::prospects,
        public::create,
        public::create_many,
        enrichment::status,
        enrichment::search,
        enrichment::create,
        enrichment::enrich_contact,
        enrichment::job::create,
        enrichment::job::create_many,
        enrichment::job::list,
        enrichment::job::get,
        enrichment::job::history,
        enrichment::job::history_of_contact,
        company::template,
        company::autofill,
        company::fix_names,
        export::documented,
        export::all,
        import::auto_map,
        import::list,
        import::start,
        import::get,
        import::progress::events,
        import::failure::errors,
        import::cancel,
        import::undo,
        tag::list,
        tag::create,
        tag::remove,
        tag::list_of_contact,
        tag::assign,
        tag::unassign,
        activity::list,
        activity::list_of_contact,
    ),
    modifiers(&Credentials),
    tags(
        (name = "contacts session", description = "Signing in and out, for browsers. Every answer of this family carries `X-Trace-Id`, `X-API-Version` \
            and `X-RateLimit-Limit`, `X-RateLimit-Remaining` and `X-RateLimit-Reset` (seconds until the whole allowance is back); a 429 also `Retry-After` (seconds), and there both say when \
            the next request is let in."),
        (name = "contacts settings", description = "What users set for themselves"),
        (name = "contacts api keys", description = "The current user's API keys"),
        (name = "contacts records", description = "Contacts, one by one and many at once. `GET /api/contacts` with a session's cookie and no token answers \
            as `GET /api/v1/contacts` does. `leadScore` tells how much is known of a contact, from 0.0 to 10.0: email 2.0; title and company 1.2 each; \
            own LinkedIn address 1.0; industry 0.8; first name, last name and any phone 0.5 each; technologies, annual revenue and anything of the \
            company's address 0.4 each; the company's LinkedIn address 0.3; number of employees or its bracket, website and country 0.2 each; city and \
            state 0.1 each. `employeeSizeBracket` is one of 1-10, 11-50, 51-200, 201-500, 501-1000, 1001-5000, 5001-10000 and 10001+; where none is \
            given it follows from `employees`."),
        (name = "contacts statistics", description = "Totals of contacts"),
        (name = "contacts public", description = "The public API: bare answers, the key in `X-API-Key` alone"),
        (name = "contacts enrichment", description = "Looking people up at the configured provider, which costs credits"),
        (name = "contacts internal", description = "For pages, by a session's cookie"),
        (name = "contacts export", description = "Contacts as tables"),
        (name = "contacts import", description = "Contacts from tables: by a job, which can be followed, cancelled and undone"),
        (name = "contacts tags", description = "Tags, and the tags of contacts"),
        (name = "contacts activities", description = "What happened to contacts"),
        (name = "contacts schema", description = "Fields and scopes; open to everybody"),
    )
)]
struct Document;

/// Documents the credentials.
struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let header = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-API-Key")));
        components.add_security_scheme("contacts_key", header);
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        components.add_security_scheme("contacts_bearer", SecurityScheme::Http(bearer));
        let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(COOKIE_NAME)));
        components.add_security_scheme("contacts_session", cookie);
    }
}
