//! Finding contacts by their LinkedIn profiles: the stored ones, no provider is asked (contract D-120 … D-123, D-219, D-220, X-135, X-156).

use actix_web::{HttpRequest, HttpResponse};
use crm_domain::{
    error::Problem,
    field::{Check, Patch},
    tenant::contact::derived::linkedin_key,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    answer::{Envelope, ok},
    contact::{self, Contact},
    context::{Access, Body, Browser},
    error::{ApiError, BodyResponses, ErrorResponses},
    page::Query,
    public,
};
use crate::shared::json_body::Given;

pub(super) const SEARCH: &str = "/api/v1/enrichment/search";
pub(super) const BY_SESSION: &str = "/api/contacts/linkedin-search";

/// The key of a profile's address.
fn key(text: &str) -> Result<String, Problem> {
    linkedin_key(text).ok_or_else(|| Problem::Rule("must be the URL of a LinkedIn profile".to_owned()))
}

/// The key of the profile that a parameter names.
pub(super) fn asked(mut query: Query, parameter: &str) -> Result<String, ApiError> {
    if query.text(parameter).is_none() {
        query.fail(parameter, Problem::Required);
    }
    let key = query.parsed(parameter, key);
    query.finish()?;
    Ok(key.unwrap_or_default())
}

/// Which profile to look for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::LinkedInSearch)]
pub(super) struct SearchRequest {
    #[schema(value_type = String, example = "https://linkedin.com/in/johndoe")]
    linkedin_url: Given<String>,
}

/// The contacts with a profile.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::LinkedInMatches)]
pub(super) struct Matches {
    #[schema(example = "https://linkedin.com/in/johndoe")]
    linkedin_url: String,
    matching_contacts: Vec<Contact>,
    #[schema(example = 1)]
    match_count: usize,
}

/// Finds the stored contacts with this LinkedIn profile, however its address is spelled.
#[utoipa::path(
    post, path = SEARCH, tag = "contacts records", operation_id = "contacts_search_linkedin", request_body = SearchRequest,
    responses((status = 200, description = "Those found", body = Envelope<Matches>), ErrorResponses, BodyResponses),
    security(("contacts_key" = []), ("contacts_bearer" = []))
)]
pub(super) async fn search(access: Access, body: Body<SearchRequest>) -> Result<HttpResponse, ApiError> {
    let mut check = Check::new();
    let given: Patch<String> = body.value.linkedin_url.patch("linkedin_url", &mut check);
    let parsed = check.required("linkedin_url", given, None, |text| Ok((text.to_owned(), key(text)?)));
    let (linkedin_url, key) = check.finish_with(parsed)?;
    let matching_contacts = contact::of_linkedin(&access.tenant, key).await?;
    Ok(ok(Matches {
        linkedin_url,
        match_count: matching_contacts.len(),
        matching_contacts,
    }))
}

/// Finds the stored contacts with this LinkedIn profile, for a page.
#[utoipa::path(
    get, path = BY_SESSION, tag = "contacts internal", operation_id = "contacts_search_linkedin_by_session",
    params(("url" = String, Query, example = "https://linkedin.com/in/johndoe")),
    responses((status = 200, description = "Those found", body = public::Prospects), ErrorResponses),
    security(("contacts_session" = []))
)]
pub(super) async fn search_by_session(browser: Browser, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let key = asked(Query::parse(request.query_string()), "url")?;
    Ok(HttpResponse::Ok().json(public::found(contact::of_linkedin(&browser.tenant, key).await?)))
}
