//! Family C: the JWT API of a multi-tenant CRM (contract C-01 … C-87, C-111 … C-166).

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

mod activity;
pub(super) mod answer;
mod audit;
mod auth;
mod bulk;
mod change;
mod company;
mod contact;
mod custom_field;
mod deal;
mod document;
mod include;
mod invitation;
mod lead;
mod list;
mod merge;
mod noun;
mod partner;
mod pipeline;
mod related;
mod resource;
mod restore;
mod schema;
mod search;
mod setting;
mod sla_policy;
mod tag;
mod task;
mod ticket;
mod user;
mod webhook;
mod word;
// The management API answers in this family's envelope, by its credential and to its paging.
pub(super) mod context;
pub(super) mod error;
pub(super) mod id;
pub(super) mod limits;
pub(super) mod page;

pub(super) use webhook::WebhookSpeaker;

use document::Conditions;
use merge::MergeOperations;
use noun::CommonOperations;
use related::RelatedLists;
use tag::assignment::Tagging;

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
        let mut routes = vec![
            Route::new(Method::POST, auth::REGISTER, Open, || web::to(auth::register)),
            Route::new(Method::POST, auth::LOGIN, Open, || web::to(auth::login)),
            Route::new(Method::POST, auth::REFRESH, Open, || web::to(auth::refresh)),
            Route::new(Method::POST, auth::LOGOUT, Jwt, || web::to(auth::logout)),
            Route::new(Method::GET, auth::ME, Jwt, || web::to(auth::me)),
            Route::new(Method::POST, auth::CHANGE_PASSWORD, Jwt, || web::to(auth::change_password)),
            Route::new(Method::POST, auth::ACCEPT_INVITATION, Open, || web::to(auth::accept_invitation)),
            Route::new(Method::GET, user::PATH, Jwt, || web::to(user::list)),
            Route::new(Method::POST, user::PATH, Jwt, || web::to(user::create)),
            Route::new(Method::GET, user::ITEM, Jwt, || web::to(user::get)),
            Route::new(Method::PUT, user::ITEM, Jwt, || web::to(user::update)),
            Route::new(Method::PUT, user::ROLE, Jwt, || web::to(user::set_role)),
            Route::new(Method::POST, user::DEACTIVATE, Jwt, || web::to(user::deactivate)),
            Route::new(Method::POST, user::REACTIVATE, Jwt, || web::to(user::reactivate)),
            Route::new(Method::GET, invitation::PATH, Jwt, || web::to(invitation::list)),
            Route::new(Method::POST, invitation::PATH, Jwt, || web::to(invitation::create)),
            Route::new(Method::DELETE, invitation::ITEM, Jwt, || web::to(invitation::revoke)),
            Route::new(Method::POST, lead::ASSIGN, Jwt, || web::to(lead::assign)),
            Route::new(Method::POST, lead::many::ASSIGN, Jwt, || web::to(lead::many::assign)),
            Route::new(Method::POST, lead::QUALIFY, Jwt, || web::to(lead::qualify)),
            Route::new(Method::POST, lead::DISQUALIFY, Jwt, || web::to(lead::disqualify)),
            Route::new(Method::POST, lead::CONVERT, Jwt, || web::to(lead::convert)),
            Route::new(Method::GET, webhook::PATH, Jwt, || web::to(webhook::list)),
            Route::new(Method::POST, webhook::PATH, Jwt, || web::to(webhook::create)),
            Route::new(Method::GET, webhook::ITEM, Jwt, || web::to(webhook::get)),
            Route::new(Method::PUT, webhook::ITEM, Jwt, || web::to(webhook::update)),
            Route::new(Method::DELETE, webhook::ITEM, Jwt, || web::to(webhook::remove)),
            Route::new(Method::POST, webhook::ROTATE, Jwt, || web::to(webhook::rotate)),
            Route::new(Method::POST, webhook::delivery::TEST, Jwt, || web::to(webhook::delivery::test)),
            Route::new(Method::GET, webhook::delivery::PATH, Jwt, || web::to(webhook::delivery::list)),
            Route::new(Method::POST, webhook::delivery::AGAIN, Jwt, || {
                web::to(webhook::delivery::redeliver)
            }),
            Route::new(Method::POST, webhook::delivery::ALL_AGAIN, Jwt, || {
                web::to(webhook::delivery::redeliver_since)
            }),
            Route::new(Method::POST, activity::action::COMPLETE, Jwt, || {
                web::to(activity::action::complete)
            }),
            Route::new(Method::POST, activity::action::REOPEN, Jwt, || web::to(activity::action::reopen)),
            Route::new(Method::POST, task::action::COMPLETE, Jwt, || web::to(task::action::complete)),
            Route::new(Method::POST, task::action::REOPEN, Jwt, || web::to(task::action::reopen)),
            Route::new(Method::POST, ticket::action::ASSIGN, Jwt, || web::to(ticket::action::assign)),
            Route::new(Method::POST, ticket::action::RESOLVE, Jwt, || web::to(ticket::action::resolve)),
            Route::new(Method::POST, ticket::action::CLOSE, Jwt, || web::to(ticket::action::close)),
            Route::new(Method::POST, ticket::action::REOPEN, Jwt, || web::to(ticket::action::reopen)),
            Route::new(Method::GET, ticket::comment::PATH, Jwt, || web::to(ticket::comment::list)),
            Route::new(Method::POST, ticket::comment::PATH, Jwt, || web::to(ticket::comment::create)),
            Route::new(Method::GET, ticket::comment::ITEM, Jwt, || web::to(ticket::comment::get)),
            Route::new(Method::PUT, ticket::comment::ITEM, Jwt, || web::to(ticket::comment::update)),
            Route::new(Method::DELETE, ticket::comment::ITEM, Jwt, || web::to(ticket::comment::remove)),
            Route::new(Method::GET, custom_field::PATH, Jwt, || web::to(custom_field::list)),
            Route::new(Method::POST, custom_field::PATH, Jwt, || web::to(custom_field::create)),
            Route::new(Method::GET, custom_field::ITEM, Jwt, || web::to(custom_field::get)),
            Route::new(Method::PUT, custom_field::ITEM, Jwt, || web::to(custom_field::update)),
            Route::new(Method::DELETE, custom_field::ITEM, Jwt, || web::to(custom_field::remove)),
            Route::new(Method::POST, custom_field::RESTORE, Jwt, || web::to(custom_field::restore)),
            Route::new(Method::GET, deal::board::BOARD, Jwt, || web::to(deal::board::board)),
            Route::new(Method::GET, deal::board::FORECAST, Jwt, || web::to(deal::board::forecast)),
            Route::new(Method::GET, deal::history::PATH, Jwt, || web::to(deal::history::list)),
            Route::new(Method::POST, deal::action::STAGE_PATH, Jwt, || web::to(deal::action::move_to)),
            Route::new(Method::POST, deal::action::WIN, Jwt, || web::to(deal::action::win)),
            Route::new(Method::POST, deal::action::LOSE, Jwt, || web::to(deal::action::lose)),
            Route::new(Method::POST, deal::action::REOPEN, Jwt, || web::to(deal::action::reopen)),
            Route::new(Method::GET, deal::handoff::PATH, Jwt, || web::to(deal::handoff::get)),
            Route::new(Method::POST, deal::handoff::PATH, Jwt, || web::to(deal::handoff::initiate)),
            Route::new(Method::PUT, deal::handoff::PATH, Jwt, || web::to(deal::handoff::update)),
            Route::new(Method::POST, deal::handoff::COMPLETE, Jwt, || web::to(deal::handoff::complete)),
            Route::new(Method::GET, pipeline::PATH, Jwt, || web::to(pipeline::list)),
            Route::new(Method::POST, pipeline::PATH, Jwt, || web::to(pipeline::create)),
            Route::new(Method::GET, pipeline::ITEM, Jwt, || web::to(pipeline::get)),
            Route::new(Method::PUT, pipeline::ITEM, Jwt, || web::to(pipeline::update)),
            Route::new(Method::DELETE, pipeline::ITEM, Jwt, || web::to(pipeline::remove)),
            Route::new(Method::GET, pipeline::stage::PATH, Jwt, || web::to(pipeline::stage::list)),
            Route::new(Method::POST, pipeline::stage::PATH, Jwt, || web::to(pipeline::stage::create)),
            Route::new(Method::PUT, pipeline::stage::ORDER, Jwt, || web::to(pipeline::stage::order)),
            Route::new(Method::GET, pipeline::stage::ITEM, Jwt, || web::to(pipeline::stage::get)),
            Route::new(Method::PUT, pipeline::stage::ITEM, Jwt, || web::to(pipeline::stage::update)),
            Route::new(Method::DELETE, pipeline::stage::ITEM, Jwt, || web::to(pipeline::stage::remove)),
            Route::new(Method::GET, change::PATH, Jwt, || web::to(change::list)),
            Route::new(Method::GET, change::stream::PATH, Jwt, || web::to(change::stream::stream)),
            Route::new(Method::GET, audit::PATH, Jwt, || web::to(audit::list)),
            Route::new(Method::GET, setting::PATH, Jwt, || web::to(setting::get)),
            Route::new(Method::PUT, setting::PATH, Jwt, || web::to(setting::update)),
            Route::new(Method::GET, search::PATH, Jwt, || web::to(search::search)),
            Route::new(Method::GET, tag::assignment::USAGE, Jwt, || web::to(tag::assignment::usage)),
        ];
        routes.extend(related::routes());
        routes.extend(noun::routes());
        routes.extend(tag::assignment::routes());
        routes.extend(merge::routes());
        routes
    }

    fn unknown_path_credential(&self) -> Credential {
        Credential::Jwt
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
    paths(
        auth::register, auth::login, auth::refresh, auth::logout, auth::me, auth::change_password, auth::accept_invitation,
        user::list, user::create, user::get, user::update, user::set_role, user::deactivate, user::reactivate,
        invitation::list, invitation::create, invitation::revoke,
        lead::assign, lead::many::assign, lead::qualify, lead::disqualify, lead::convert,
        webhook::list, webhook::create, webhook::get, webhook::update, webhook::remove, webhook::rotate,
        webhook::delivery::test, webhook::delivery::list, webhook::delivery::redeliver, webhook::delivery::redeliver_since,
        activity::action::complete,
        activity::action::reopen, task::action::complete, task::action::reopen,
        ticket::action::assign, ticket::action::resolve, ticket::action::close, ticket::action::reopen,
        ticket::comment::list, ticket::comment::create, ticket::comment::get, ticket::comment::update, ticket::comment::remove,
        custom_field::list, custom_field::create, custom_field::get, custom_field::update, custom_field::remove, custom_field::restore,
        deal::board::board, deal::board::forecast, deal::history::list,
        deal::handoff::get, deal::handoff::initiate, deal::handoff::update, deal::handoff::complete,
        deal::action::move_to, deal::action::win, deal::action::lose, deal::action::reopen,
        pipeline::list, pipeline::create, pipeline::get, pipeline::update, pipeline::remove,
        pipeline::stage::list, pipeline::stage::create, pipeline::stage::get, pipeline::stage::update, pipeline::stage::remove,
        pipeline::stage::order,
        change::list, change::stream::stream,
        audit::list,
        setting::get, setting::update,
        merge::list, merge::get, merge::undo,
        search::search,
        tag::assignment::usage,
    ),
    components(schemas(error::ErrorBody, change::history::HistoryPage)),
    tags(
        (name = "auth", description = "Registering and signing in"),
        (name = "users", description = "Who works with the records, and who is invited to"),
        (name = "leads", description = "People who may become customers"),
        (name = "companies", description = "The companies a team sells to"),
        (name = "contacts", description = "The people a team talks to"),
        (name = "deals", description = "What may be sold"),
        (name = "webhooks", description = "Who is told what happens, and where"),
        (name = "activities", description = "Calls, mails, meetings and notes"),
        (name = "tasks", description = "What somebody is to do, and by when"),
        (name = "tickets", description = "What customers ask for help with"),
        (name = "sla-policies", description = "How soon records are to be answered and settled"),
        (name = "custom-fields", description = "What records hold beyond the fields that they have anyway"),
        (name = "partners", description = "Who sells with us, or for us"),
        (name = "pipelines", description = "The stages that deals go through"),
        (name = "tags", description = "Words that people put on records"),
        (name = "merges", description = "Records that became one"),
        (name = "changes", description = "What happened to the records"),
        (name = "audit", description = "Who changed what and when"),
        (name = "settings", description = "What administrators decide for the whole tenant"),
        (name = "search", description = "Records of all kinds at once"),
    ),
    modifiers(&AccessToken, &CommonOperations, &RelatedLists, &Tagging, &MergeOperations, &Conditions)
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
