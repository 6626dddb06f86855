//! The public API: the same contacts by a key in `X-API-Key`, without the envelope (contract D-142 … D-153, X-139 … X-141).

use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    contact::{
        self, Contact, ContactRequest,
        bulk::{self, Creation, ItemResult, Outcome, Summary},
    },
    context::{Access, Body, Raw},
    error::{ApiError, BodyResponses, ErrorResponses},
    linkedin,
    page::Query,
};

pub(super) const PROSPECTS: &str = "/api/public/prospects";
pub(super) const CONTACTS: &str = "/api/public/contacts";
pub(super) const BULK: &str = "/api/public/contacts/bulk";

/// Most contacts of a bulk here (D-151).
const BULK_MAX: usize = 100;

/// The contacts with a LinkedIn profile.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = contacts::Prospects)]
pub(super) struct Prospects {
    /// Always `true`.
    success: bool,
    #[schema(example = 1)]
    count: usize,
    prospects: Vec<Contact>,
}

/// Finds the contacts with this LinkedIn profile, however its address is spelled.
#[utoipa::path(
    get, path = PROSPECTS, tag = "contacts public", operation_id = "contacts_find_prospects",
    params(("linkedinUrl" = String, Query, example = "https://linkedin.com/in/johndoe")),
    responses((status = 200, description = "Those found", body = Prospects), ErrorResponses),
    security(("contacts_key" = []))
)]
pub(super) async fn prospects(access: Access, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let key = linkedin::asked(Query::parse(request.query_string()), "linkedinUrl")?;
    Ok(HttpResponse::Ok().json(found(contact::of_linkedin(&access.tenant, key).await?)))
}

/// Contacts that were found.
pub(super) fn found(prospects: Vec<Contact>) -> Prospects {
    Prospects {
        success: true,
        count: prospects.len(),
        prospects,
    }
}

/// A contact that was created.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = contacts::PublicContact)]
pub(super) struct Created {
    /// Always `true`.
    success: bool,
    #[schema(example = "Contact created successfully")]
    message: &'static str,
    contact: Contact,
}

/// Creates a contact.
#[utoipa::path(
    post, path = CONTACTS, tag = "contacts public", operation_id = "contacts_create_public_contact", request_body = ContactRequest,
    responses((status = 201, description = "The new contact", body = Created), ErrorResponses, BodyResponses),
    security(("contacts_key" = []))
)]
pub(super) async fn create(access: Access, body: Body<ContactRequest>) -> Result<HttpResponse, ApiError> {
    let shape = |contact| Created {
        success: true,
        message: "Contact created successfully",
        contact,
    };
    contact::create_as(access, body, shape).await
}

/// What became of many contacts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = contacts::PublicBulk)]
pub(super) struct CreatedMany {
    /// Always `true`.
    success: bool,
    #[schema(example = "Created 2 contacts, 0 failed")]
    message: String,
    summary: Summary,
    results: Vec<ItemResult>,
}

/// Creates up to 100 contacts.
#[utoipa::path(
    post, path = BULK, tag = "contacts public", operation_id = "contacts_create_many_public_contacts", request_body = Creation,
    responses((status = 200, description = "What became of each", body = CreatedMany), ErrorResponses, BodyResponses),
    security(("contacts_key" = []))
)]
pub(super) async fn create_many(access: Access, body: Raw) -> Result<HttpResponse, ApiError> {
    let shape = |Outcome { summary, results }| CreatedMany {
        success: true,
        message: format!("Created {} contacts, {} failed", summary.created.unwrap_or(0), summary.failed),
        summary,
        results,
    };
    bulk::create_as(access, body, BULK_MAX, shape).await
}
