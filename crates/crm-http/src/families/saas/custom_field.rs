//! Custom fields: what a tenant keeps of its records beyond the fields that every tenant has.

mod wire;

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use crm_domain::{
    Error,
    error::Problem,
    field::Check,
    id::{CustomFieldId, RecordId},
    query::Condition,
    stamp::Stamp,
    tenant::{
        TenantReader, UnitOfWork,
        change::EntityKind,
        custom_field::{self, CustomFieldField, FieldValue},
    },
};

use serde_json::{Map, Value};

use super::{
    answer::{acted, created, kept_record, once_over, record, write_over},
    context::{Body, Configure, Nothing, Particulars, Permit, Read},
    error::{BodyResponses, ConflictResponses, ErrorResponses, LookupResponses, SaasError, StaleResponses, StateResponses},
    id::{CUSTOM_FIELD, in_path},
    list::{self, List, ListParams},
    page::{PageBody, Query},
};
use crate::shared::idempotency::once;

pub(crate) use wire::{CustomField, CustomFieldChanges, CustomFieldRequest};

pub(super) const PATH: &str = "/api/custom-fields";
pub(super) const ITEM: &str = "/api/custom-fields/{id}";
pub(super) const RESTORE: &str = "/api/custom-fields/{id}/restore";

/// The kinds of record that can have custom fields, as this family's paths call them.
const ENTITIES: [(&str, EntityKind); 7] = [
    ("companies", EntityKind::Account),
    ("contacts", EntityKind::Contact),
    ("leads", EntityKind::Lead),
    ("deals", EntityKind::Opportunity),
    ("tickets", EntityKind::Ticket),
    ("activities", EntityKind::Activity),
    ("tasks", EntityKind::Task),
];

fn entity_of(word: &str) -> Result<EntityKind, Problem> {
    let wanted = word.trim();
    let found = ENTITIES.iter().find(|(word, _)| word.eq_ignore_ascii_case(wanted));
    found.map(|(_, kind)| *kind).ok_or_else(|| Problem::Choice {
        allowed: ENTITIES.map(|(word, _)| word.to_owned()).to_vec(),
    })
}

fn word_of(kind: EntityKind) -> &'static str {
    let found = ENTITIES.iter().find(|(_, known)| *known == kind);
    found.map_or(kind.as_str(), |(word, _)| *word)
}

/// What a record has in custom fields, as its resource shows it.
pub(super) fn values(held: &BTreeMap<String, FieldValue>) -> Map<String, Value> {
    held.iter().map(|(key, value)| (key.clone(), Value::from(value))).collect()
}

/// Lists custom fields.
#[utoipa::path(
    get, path = PATH, tag = "custom-fields", operation_id = "saas_list_custom_fields",
    params(
        ("entity" = Option<String>, Query, description = "Only those of `companies`, `contacts`, `leads`, `deals`, `tickets`, `activities` or `tasks`"),
        ListParams<CustomFieldField>
    ),
    responses((status = 200, description = "A page of custom fields", body = PageBody<CustomField>), ErrorResponses),
    security(("accessToken" = []))
)]
pub(super) async fn list(permit: Permit<Read>, request: HttpRequest) -> Result<HttpResponse, SaasError> {
    let mut query = Query::parse(request.query_string());
    let entity = query.parsed("entity", entity_of);
    query.finish()?;
    let mut list = List::of("custom-fields");
    if let Some(entity) = entity {
        list.name = format!("{} {}", list.name, entity.as_str());
        list.conditions.push(Condition::equal(CustomFieldField::Entity, entity.as_str()));
    }
    let read = |reader: &mut dyn TenantReader, filter: &_, sort, window: &_| reader.custom_fields().list(filter, sort, window);
    list::answer(&permit.tenant, request.query_string(), list, read, CustomField::of).await
}

/// Shows a custom field.
#[utoipa::path(
    get, path = ITEM, tag = "custom-fields", operation_id = "saas_get_custom_field",
    params(("id" = String, Path, example = "custom_field_1")),
    responses((status = 200, description = "The field", body = CustomField), ErrorResponses, LookupResponses),
    security(("accessToken" = []))
)]
pub(super) async fn get(permit: Permit<Read>, id: web::Path<String>) -> Result<HttpResponse, SaasError> {
    let id: CustomFieldId = in_path(&id, CUSTOM_FIELD)?;
    let field = permit.tenant.read(move |reader| reader.custom_fields().lookup(id)).await?;
    let field = field.ok_or_else(|| Error::not_found(CustomFieldId::NOUN, id))?;
    let updated_at = field.updated_at;
    Ok(record(&CustomField::of(field, permit.tenant.tenant.id), updated_at))
}

/// Creates a custom field. From now on the records of its kind take, show, filter and sort by `customFields.<key>`. Records that there are
/// already have no value; that they lack a required one is found when they are created only.
#[utoipa::path(
    post, path = PATH, tag = "custom-fields", operation_id = "saas_create_custom_field", request_body = CustomFieldRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key and body takes effect once")),
    responses(
        (status = 201, description = "The new field", body = CustomField, headers(("Location" = String))),
        ErrorResponses, ConflictResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn create(permit: Permit<Configure>, body: Body<CustomFieldRequest>) -> Result<HttpResponse, SaasError> {
    let mut check = Check::new();
    let tenant = permit.tenant.tenant.id;
    let draft = body.value.draft(&mut check);
    let guard = body.guard;
    let answer = permit.tenant.write(move |unit| {
        once(unit, guard.as_ref(), |unit| {
            let field = custom_field::create(unit, draft, check)?;
            let updated_at = field.updated_at;
            kept_record(StatusCode::CREATED, &CustomField::of(field, tenant), updated_at)
        })
    });
    Ok(created(answer.await?, PATH)?)
}

/// When the record changed last.
fn state(unit: &mut dyn UnitOfWork, id: CustomFieldId) -> crm_domain::Result<Option<Stamp>> {
    Ok(unit.custom_fields().lookup(id)?.map(|field| field.updated_at))
}

/// Changes the parts given; the others stay. The type stays while records have values, a choice while records have it, and a field becomes
/// unique only while no two records share a value: else it is 409.
#[utoipa::path(
    put, path = ITEM, tag = "custom-fields", operation_id = "saas_update_custom_field", request_body = CustomFieldChanges,
    params(
        ("id" = String, Path, example = "custom_field_1"),
        ("If-Match" = Option<String>, Header, description = "Only while the field has this entity tag")
    ),
    responses(
        (status = 200, description = "The field as it is now", body = CustomField),
        ErrorResponses, LookupResponses, StateResponses, StaleResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn update(
    permit: Permit<Configure>,
    id: web::Path<String>,
    body: Body<CustomFieldRequest>,
) -> Result<HttpResponse, SaasError> {
    let id: CustomFieldId = in_path(&id, CUSTOM_FIELD)?;
    let mut check = Check::new();
    let tenant = permit.tenant.tenant.id;
    let draft = body.value.draft(&mut check);
    let field = write_over(&permit, id, state, move |unit| custom_field::update(unit, id, draft, check)).await?;
    let updated_at = field.updated_at;
    Ok(record(&CustomField::of(field, tenant), updated_at))
}

/// Deletes a custom field: no record shows it any more. Its values are kept, for it to be restored with them.
#[utoipa::path(
    delete, path = ITEM, tag = "custom-fields", operation_id = "saas_delete_custom_field",
    params(
        ("id" = String, Path, example = "custom_field_1"),
        ("If-Match" = Option<String>, Header, description = "Only while the field has this entity tag")
    ),
    responses(
        (status = 204, description = "It is gone"),
        ErrorResponses, LookupResponses, StaleResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn remove(permit: Permit<Configure>, id: web::Path<String>) -> Result<HttpResponse, SaasError> {
    let id: CustomFieldId = in_path(&id, CUSTOM_FIELD)?;
    write_over(&permit, id, state, move |unit| custom_field::remove(unit, id)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Restores a deleted custom field, and with it the values that records have in it.
#[utoipa::path(
    post, path = RESTORE, tag = "custom-fields", operation_id = "saas_restore_custom_field",
    params(
        ("id" = String, Path, example = "custom_field_1"),
        ("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key takes effect once")
    ),
    responses(
        (status = 200, description = "The field, live again", body = CustomField),
        ErrorResponses, LookupResponses, StateResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn restore(
    permit: Permit<Configure>,
    id: web::Path<String>,
    Particulars(body): Particulars<Nothing>,
) -> Result<HttpResponse, SaasError> {
    let id: CustomFieldId = in_path(&id, CUSTOM_FIELD)?;
    let tenant = permit.tenant.tenant.id;
    // A deleted field has no tag that anybody was shown.
    let state = |unit: &mut dyn UnitOfWork, id| Ok(state(unit, id)?.or(Some(Stamp::default())));
    let answer = once_over(&permit, body.guard, id, state, move |unit| {
        let field = custom_field::restore(unit, id)?;
        let updated_at = field.updated_at;
        kept_record(StatusCode::OK, &CustomField::of(field, tenant), updated_at)
    });
    Ok(acted(answer.await?))
}
