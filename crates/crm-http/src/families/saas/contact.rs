//! Contacts (contract C-53 … C-59, X-87).

mod wire;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use crm_domain::{
    Error,
    field::{Check, Patch},
    id::{ContactId, RecordId, TenantId, UserId},
    stamp::Stamp,
    tenant::{
        TenantReader, UnitOfWork,
        contact::{self, ContactField, ContactFields},
    },
};

use super::{
    answer::{IfMatch, created, kept, record, write_over},
    context::{Body, Delete, Permit, Read, Write},
    error::{BodyResponses, ConflictResponses, ErrorResponses, LookupResponses, SaasError, StaleResponses},
    id::{CONTACT, check_owner, in_path},
    list::{self, List, ListParams},
    noun::{Noun, Paths, paths},
    page::PageBody,
    related::Listed,
};
use crate::shared::{call::Call, idempotency::once, tenant::TenantSession};

pub(crate) use wire::{Contact, ContactChanges, ContactRequest};

pub(super) const PATH: &str = "/api/contacts";
pub(super) const ITEM: &str = "/api/contacts/{id}";

impl Listed for Contact {
    type Field = ContactField;
    const PATH: &'static str = PATH;

    async fn page(tenant: &TenantSession, query: &str, list: List<ContactField>) -> Result<HttpResponse, SaasError> {
        let read = |reader: &mut dyn TenantReader, filter: &_, sort, window: &_| reader.contacts().list(filter, sort, window);
        list::answer(tenant, query, list, read, Self::of).await
    }
}

/// Lists contacts.
#[utoipa::path(
    get, path = PATH, tag = "contacts", operation_id = "saas_list_contacts", params(ListParams<ContactField>),
    responses((status = 200, description = "A page of contacts", body = PageBody<Contact>), ErrorResponses),
    security(("accessToken" = []))
)]
pub(super) async fn list(permit: Permit<Read>, request: HttpRequest) -> Result<HttpResponse, SaasError> {
    Contact::page(&permit.tenant, request.query_string(), List::of("contacts")).await
}

/// Shows a contact.
#[utoipa::path(
    get, path = ITEM, tag = "contacts", operation_id = "saas_get_contact", params(("id" = String, Path, example = "contact_12")),
    responses((status = 200, description = "The contact", body = Contact), ErrorResponses, LookupResponses),
    security(("accessToken" = []))
)]
pub(super) async fn get(permit: Permit<Read>, id: web::Path<String>) -> Result<HttpResponse, SaasError> {
    let id: ContactId = in_path(&id, CONTACT)?;
    let contact = permit.tenant.read(move |reader| reader.contacts().lookup(id)).await?;
    let contact = contact.ok_or_else(|| Error::not_found(ContactId::NOUN, id))?;
    let updated_at = contact.updated_at;
    Ok(record(&Contact::of(contact, permit.tenant.tenant.id), updated_at))
}

/// Creates a contact.
#[utoipa::path(
    post, path = PATH, tag = "contacts", operation_id = "saas_create_contact", request_body = ContactRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key and body takes effect once")),
    responses(
        (status = 201, description = "The new contact", body = Contact, headers(("Location" = String))),
        ErrorResponses, ConflictResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn create(call: Call, permit: Permit<Write>, body: Body<ContactRequest>) -> Result<HttpResponse, SaasError> {
    let mut check = Check::new();
    let (tenant, owner) = (permit.tenant.tenant.id, permit.user().id);
    let draft = body.value.draft(&mut check);
    check_owner(&call.app.control, tenant, &draft.owner_id, &mut check).await?;
    let fields = ContactFields::parse(draft, owner, check)?;
    let guard = body.guard;
    let answer = permit.tenant.write(move |unit| {
        once(unit, guard.as_ref(), |unit| {
            let contact = contact::create(unit, fields)?;
            kept(StatusCode::CREATED, &Contact::of(contact, tenant))
        })
    });
    Ok(created(answer.await?, PATH)?)
}

/// When the record changed last.
fn state(unit: &mut dyn UnitOfWork, id: ContactId) -> crm_domain::Result<Option<Stamp>> {
    Ok(unit.contacts().lookup(id)?.map(|contact| contact.updated_at))
}

/// Changes the fields given; the others stay (contract X-93).
#[utoipa::path(
    put, path = ITEM, tag = "contacts", operation_id = "saas_update_contact", request_body = ContactChanges,
    params(
        ("id" = String, Path, example = "contact_12"),
        ("If-Match" = Option<String>, Header, description = "Only while the contact has this entity tag")
    ),
    responses(
        (status = 200, description = "The contact as it is now", body = Contact),
        ErrorResponses, LookupResponses, ConflictResponses, StaleResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn update(
    call: Call,
    permit: Permit<Write>,
    id: web::Path<String>,
    condition: IfMatch,
    body: Body<ContactRequest>,
) -> Result<HttpResponse, SaasError> {
    let id: ContactId = in_path(&id, CONTACT)?;
    let mut check = Check::new();
    let tenant = permit.tenant.tenant.id;
    let draft = body.value.draft(&mut check);
    check_owner(&call.app.control, tenant, &draft.owner_id, &mut check).await?;
    let contact = write_over(&permit.tenant, condition, id, state, move |unit| {
        contact::update(unit, id, draft, check)
    })
    .await?;
    let updated_at = contact.updated_at;
    Ok(record(&Contact::of(contact, tenant), updated_at))
}

/// Deletes a contact. What refers to it stays, without it.
#[utoipa::path(
    delete, path = ITEM, tag = "contacts", operation_id = "saas_delete_contact",
    params(
        ("id" = String, Path, example = "contact_12"),
        ("If-Match" = Option<String>, Header, description = "Only while the contact has this entity tag")
    ),
    responses(
        (status = 204, description = "It is gone"),
        ErrorResponses, LookupResponses, StaleResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn remove(permit: Permit<Delete>, id: web::Path<String>, condition: IfMatch) -> Result<HttpResponse, SaasError> {
    let id: ContactId = in_path(&id, CONTACT)?;
    write_over(&permit.tenant, condition, id, state, move |unit| contact::remove(unit, id)).await?;
    Ok(HttpResponse::NoContent().finish())
}

impl Noun for contact::Contact {
    const PREFIX: &'static str = CONTACT;
    const PLURAL: &'static str = "contacts";
    const PATHS: Paths = paths!("/api/contacts");
    type Request = ContactRequest;
    type Resource = Contact;

    fn draft(request: ContactRequest, check: &mut Check) -> Self::Draft {
        request.draft(check)
    }

    fn owner(draft: &Self::Draft) -> &Patch<UserId> {
        &draft.owner_id
    }

    fn show(self, tenant: TenantId, _: Stamp) -> Contact {
        Contact::of(self, tenant)
    }
}
