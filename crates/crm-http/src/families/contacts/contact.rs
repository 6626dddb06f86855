//! Contacts (contract D-43 … D-84, X-119 … X-129).

pub(super) mod bulk;
pub(super) mod list;
mod wire;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use crm_domain::{
    Error,
    field::Check,
    id::{ContactId, RecordId},
    tenant::{UnitOfWork, contact::Contact as Entity},
    usecase::{company_template, restore as revival, single},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    answer::{Deleted, Envelope, given, kept, ok},
    context::{Access, Body, Nothing, Optional},
    error::{ApiError, BodyResponses, ErrorResponses, LookupResponses},
    id,
};
use crate::shared::{idempotency::once, tenant::TenantSession};

pub(super) use wire::{Contact, ContactRequest};

/// Family C's path, for whoever comes with a session's cookie.
pub(super) const INTERNAL: &str = "/api/contacts";
pub(super) const PATH: &str = "/api/v1/contacts";
pub(super) const ITEM: &str = "/api/v1/contacts/{id}";
pub(super) const RESTORE: &str = "/api/v1/contacts/{id}/restore";

/// One contact.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = contacts::OneContact)]
pub(super) struct OneContact {
    pub contact: Contact,
}

/// Lists contacts; newest first unless asked otherwise.
#[utoipa::path(
    get, path = PATH, tag = "contacts records", operation_id = "contacts_list_contacts", params(list::Params, list::CursorParam, super::page::PageParams),
    responses((status = 200, description = "A page of contacts", body = Envelope<list::Contacts>), ErrorResponses),
    security(("contacts_key" = []), ("contacts_bearer" = []))
)]
pub(super) async fn list(access: Access, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    list::page(&access.tenant, request.query_string()).await
}

/// Shows a contact.
#[utoipa::path(
    get, path = ITEM, tag = "contacts records", operation_id = "contacts_get_contact", params(("id" = String, Path, format = Uuid)),
    responses((status = 200, description = "The contact", body = Envelope<OneContact>), ErrorResponses, LookupResponses),
    security(("contacts_key" = []), ("contacts_bearer" = []))
)]
pub(super) async fn get(access: Access, path: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let uuid = id::parse::<ContactId>(&path)?;
    let found = access
        .tenant
        .read(move |reader| reader.contacts().lookup_uuids(&[uuid]))
        .await?
        .pop();
    let found = found.ok_or_else(|| Error::not_found(ContactId::NOUN, uuid))?;
    Ok(ok(OneContact { contact: found.into() }))
}

/// Creates a contact. What is known of its company fills what is not said of it.
#[utoipa::path(
    post, path = PATH, tag = "contacts records", operation_id = "contacts_create_contact", request_body = ContactRequest,
    responses((status = 201, description = "The new contact", body = Envelope<OneContact>), ErrorResponses, BodyResponses),
    security(("contacts_key" = []), ("contacts_bearer" = []))
)]
pub(super) async fn create(access: Access, body: Body<ContactRequest>) -> Result<HttpResponse, ApiError> {
    create_as(access, body, |contact| Envelope::of(OneContact { contact })).await
}

/// Creates a contact and answers it in a shape of the caller's.
pub(super) async fn create_as<T: Serialize + 'static>(
    access: Access,
    body: Body<ContactRequest>,
    shape: fn(Contact) -> T,
) -> Result<HttpResponse, ApiError> {
    let mut check = Check::new();
    let mut draft = body.value.draft(&mut check);
    let (owner, guard) = (access.owner, body.guard);
    let answer = access.tenant.write(move |unit| {
        once(unit, guard.as_ref(), |unit| {
            company_template::complete(unit, &mut [&mut draft])?;
            let contact: Entity = single::create(unit, draft, owner, check)?;
            kept(StatusCode::CREATED, &shape(contact.into()))
        })
    });
    Ok(given(answer.await?))
}

/// Changes the fields given; the others stay, and null clears one.
#[utoipa::path(
    patch, path = ITEM, tag = "contacts records", operation_id = "contacts_update_contact", request_body = ContactRequest,
    params(("id" = String, Path, format = Uuid)),
    responses((status = 200, description = "The contact as it is now", body = Envelope<OneContact>), ErrorResponses, LookupResponses, BodyResponses),
    security(("contacts_key" = []), ("contacts_bearer" = []))
)]
pub(super) async fn update(access: Access, path: web::Path<String>, body: Body<ContactRequest>) -> Result<HttpResponse, ApiError> {
    let uuid = id::parse::<ContactId>(&path)?;
    let mut check = Check::new();
    let draft = body.value.draft(&mut check);
    let owner = access.owner;
    let updated = access.tenant.write(move |unit| {
        let before = live(unit, uuid)?;
        single::update_known(unit, before, draft, owner, check)
    });
    let contact = updated.await?.into();
    Ok(ok(OneContact { contact }))
}

/// Deletes a contact. It can be restored.
#[utoipa::path(
    delete, path = ITEM, tag = "contacts records", operation_id = "contacts_delete_contact", params(("id" = String, Path, format = Uuid)),
    responses((status = 200, description = "It is gone", body = Envelope<Deleted>), ErrorResponses, LookupResponses),
    security(("contacts_key" = []), ("contacts_bearer" = []))
)]
pub(super) async fn remove(access: Access, path: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let uuid = id::parse::<ContactId>(&path)?;
    let removed = access.tenant.write(move |unit| {
        let contact = live(unit, uuid)?;
        single::remove_known(unit, contact)
    });
    removed.await?;
    Ok(ok(Deleted {
        message: "Contact deleted successfully",
        deleted_id: uuid.to_string(),
    }))
}

/// Restores a deleted contact with its id, its tags and what referred to it.
#[utoipa::path(
    post, path = RESTORE, tag = "contacts records", operation_id = "contacts_restore_contact", params(("id" = String, Path, format = Uuid)),
    responses((status = 200, description = "The contact", body = Envelope<OneContact>), ErrorResponses, LookupResponses, BodyResponses),
    security(("contacts_key" = []), ("contacts_bearer" = []))
)]
pub(super) async fn restore(access: Access, path: web::Path<String>, Optional(body): Optional<Nothing>) -> Result<HttpResponse, ApiError> {
    let uuid = id::parse::<ContactId>(&path)?;
    let guard = body.guard;
    let answer = access.tenant.write(move |unit| {
        once(unit, guard.as_ref(), |unit| {
            let id = id::contact(unit.contacts(), uuid)?;
            let contact: Entity = revival::restore(unit, id)?;
            kept(StatusCode::OK, &Envelope::of(OneContact { contact: contact.into() }))
        })
    });
    Ok(given(answer.await?))
}

/// The live contact of this uuid.
fn live(unit: &mut dyn UnitOfWork, uuid: Uuid) -> crm_domain::Result<Entity> {
    let found = unit.contacts().lookup_uuids(&[uuid])?.pop();
    found.ok_or_else(|| Error::not_found(ContactId::NOUN, uuid))
}

/// The live contacts whose own LinkedIn address is this one, however it is spelled.
pub(super) async fn of_linkedin(tenant: &TenantSession, key: String) -> crm_domain::Result<Vec<Contact>> {
    let found = tenant.read(move |reader| reader.contacts().lookup_linkedin(&[key])).await?;
    Ok(found.into_iter().map(Contact::from).collect())
}
