//! Many contacts at once (contract D-85 … D-98, X-128, X-130 … X-132). What is wrong with one fails it alone.

use std::collections::HashMap;

use actix_web::{HttpResponse, http::StatusCode};
use crm_domain::{
    Error,
    error::Problem,
    field::Check,
    id::{ContactId, RecordId},
    tenant::{
        UnitOfWork,
        contact::{Contact as Entity, ContactDraft},
    },
    usecase::{
        bulk::{self, BULK_MAX, Drafted},
        company_template,
    },
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::ContactRequest;
use crate::{
    families::contacts::{
        answer::{Envelope, given, kept},
        context::{Access, Raw},
        error::{ApiError, BodyResponses, ErrorResponses, ItemError},
        id,
    },
    shared::{
        idempotency::once,
        json_body::{JsonBody, bind_item},
    },
};

pub(in super::super) const PATH: &str = "/api/v1/contacts/bulk";

/// The members that hold the items.
const CONTACTS: &str = "contacts";
const IDS: &str = "ids";
/// What an error of an item that is no object names.
const ITEM: &str = "contact";

/// Contacts to create.
#[derive(ToSchema)]
#[schema(as = contacts::BulkCreation)]
#[expect(dead_code, reason = "documents the body, never made")]
pub(in super::super) struct Creation {
    /// At most 500.
    contacts: Vec<ContactRequest>,
}

/// Contacts to change.
#[derive(ToSchema)]
#[schema(as = contacts::BulkChanges)]
#[expect(dead_code, reason = "documents the body, never made")]
pub(in super::super) struct Changes {
    /// At most 500.
    contacts: Vec<Change>,
}

/// A contact to change.
#[derive(ToSchema)]
#[schema(as = contacts::BulkChange)]
#[expect(dead_code, reason = "documents the body, never made")]
pub(in super::super) struct Change {
    #[schema(format = Uuid)]
    id: String,
    updates: ContactRequest,
}

/// Contacts to delete.
#[derive(ToSchema)]
#[schema(as = contacts::BulkDeletion)]
#[expect(dead_code, reason = "documents the body, never made")]
pub(in super::super) struct Deletion {
    /// At most 500.
    #[schema(format = Uuid)]
    ids: Vec<String>,
}

/// What became of many contacts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = contacts::BulkResult)]
pub(in super::super) struct Outcome {
    pub summary: Summary,
    pub results: Vec<ItemResult>,
}

/// How many contacts were written; one of the three verbs is there.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = contacts::BulkSummary)]
pub(in super::super) struct Summary {
    #[schema(example = 2)]
    pub total: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 2)]
    pub created: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted: Option<usize>,
    #[schema(example = 0)]
    pub failed: usize,
}

/// What became of one of them.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::BulkItem)]
pub(in super::super) struct ItemResult {
    /// Its place in the request, from 0.
    index: usize,
    success: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<Brief>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ItemError>,
}

/// A contact in a few words.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::BriefContact)]
struct Brief {
    #[schema(format = Uuid)]
    id: String,
    #[schema(example = "John Doe")]
    full_name: Option<String>,
    #[schema(example = "john@example.com")]
    email: Option<String>,
}

#[derive(Clone, Copy)]
enum Verb {
    Created,
    Updated,
    Deleted,
}

impl Outcome {
    fn new(verb: Verb, results: Vec<ItemResult>) -> Self {
        let done = results.iter().filter(|result| result.success).count();
        let of = |own: fn(Verb) -> bool| own(verb).then_some(done);
        Self {
            summary: Summary {
                total: results.len(),
                created: of(|verb| matches!(verb, Verb::Created)),
                updated: of(|verb| matches!(verb, Verb::Updated)),
                deleted: of(|verb| matches!(verb, Verb::Deleted)),
                failed: results.len() - done,
            },
            results,
        }
    }
}

impl ItemResult {
    fn written(index: usize, outcome: Result<Entity, Error>) -> Self {
        let (contact, error) = match outcome {
            Ok(contact) => {
                let brief = Brief {
                    id: contact.uuid.to_string(),
                    full_name: contact.fields.full_name.map(|text| text.into_inner()),
                    email: contact.fields.email.map(|email| email.into_inner()),
                };
                (Some(brief), None)
            }
            Err(error) => (None, Some(ItemError::from(&error))),
        };
        Self {
            index,
            success: error.is_none(),
            contact,
            deleted_id: None,
            error,
        }
    }
}

/// Creates up to 500 contacts.
#[utoipa::path(
    post, path = PATH, tag = "contacts records", operation_id = "contacts_create_many", request_body = Creation,
    responses((status = 200, description = "What became of each", body = Envelope<Outcome>), ErrorResponses, BodyResponses),
    security(("contacts_key" = []), ("contacts_bearer" = []))
)]
pub(in super::super) async fn create(access: Access, body: Raw) -> Result<HttpResponse, ApiError> {
    create_as(access, body, BULK_MAX, Envelope::of).await
}

/// Creates up to `most` contacts and answers in a shape of the caller's.
pub(in super::super) async fn create_as<T: Serialize + 'static>(
    access: Access,
    body: Raw,
    most: usize,
    shape: fn(Outcome) -> T,
) -> Result<HttpResponse, ApiError> {
    let items = items(body.json, CONTACTS, most)?;
    let mut drafts: Vec<(ContactDraft, Check)> = items.into_iter().map(drafted).collect::<Result<_, _>>()?;
    let (owner, guard) = (access.owner, body.guard);
    let answer = access.tenant.write(move |unit| {
        once(unit, guard.as_ref(), |unit| {
            company_template::complete(unit, &mut drafts.iter_mut().map(|(draft, _)| draft).collect::<Vec<_>>())?;
            let drafts = drafts.into_iter().map(|(draft, check)| Drafted::new(draft, check)).collect();
            let outcomes = bulk::create::<Entity>(unit, drafts, owner)?;
            let results = outcomes.into_iter().enumerate();
            let results = results.map(|(index, outcome)| ItemResult::written(index, outcome)).collect();
            kept(StatusCode::OK, &shape(Outcome::new(Verb::Created, results)))
        })
    });
    Ok(given(answer.await?))
}

/// Changes up to 500 contacts, each by fields of its own.
#[utoipa::path(
    patch, path = PATH, tag = "contacts records", operation_id = "contacts_update_many", request_body = Changes,
    responses((status = 200, description = "What became of each", body = Envelope<Outcome>), ErrorResponses, BodyResponses),
    security(("contacts_key" = []), ("contacts_bearer" = []))
)]
pub(in super::super) async fn update(access: Access, body: Raw) -> Result<HttpResponse, ApiError> {
    let items = items(body.json, CONTACTS, BULK_MAX)?;
    let mut named = Vec::with_capacity(items.len());
    for mut item in items {
        if !item.is_object() {
            named.push(Err(wrong_type(ITEM, "an object")));
            continue;
        }
        let uuid = uuid_of(item.get("id"));
        let updates = item.get_mut("updates").map(Value::take);
        let parsed = match updates {
            Some(updates @ Value::Object(_)) => Ok(drafted(updates)?),
            None | Some(Value::Null) => Err(Error::invalid("updates", Problem::Required)),
            Some(_) => Err(wrong_type("updates", "an object")),
        };
        named.push(uuid.and_then(|uuid| parsed.map(|parsed| (uuid, parsed))));
    }
    let owner = access.owner;
    let outcomes = access.tenant.write(move |unit| {
        let uuids: Vec<Uuid> = named.iter().flatten().map(|(uuid, _)| *uuid).collect();
        let ids = ids_of(unit, &uuids)?;
        let with_id = |named: Result<(Uuid, (ContactDraft, Check)), Error>| {
            let (uuid, (draft, check)) = named?;
            Ok((known(&ids, uuid)?, Drafted::new(draft, check)))
        };
        bulk::update::<Entity>(unit, named.into_iter().map(with_id).collect(), owner)
    });
    let results = outcomes.await?.into_iter().enumerate();
    let results = results.map(|(index, outcome)| ItemResult::written(index, outcome)).collect();
    Ok(super::ok(Outcome::new(Verb::Updated, results)))
}

/// Deletes up to 500 contacts.
#[utoipa::path(
    delete, path = PATH, tag = "contacts records", operation_id = "contacts_delete_many", request_body = Deletion,
    responses((status = 200, description = "What became of each", body = Envelope<Outcome>), ErrorResponses, BodyResponses),
    security(("contacts_key" = []), ("contacts_bearer" = []))
)]
pub(in super::super) async fn remove(access: Access, body: Raw) -> Result<HttpResponse, ApiError> {
    let items = items(body.json, IDS, BULK_MAX)?;
    let uuids: Vec<Result<Uuid, Error>> = items.iter().map(|item| uuid_of(Some(item))).collect();
    let outcomes = access.tenant.write(move |unit| {
        let named: Vec<Uuid> = uuids.iter().flatten().copied().collect();
        let ids = ids_of(unit, &named)?;
        let shown: Vec<Option<Uuid>> = uuids.iter().map(|uuid| uuid.as_ref().ok().copied()).collect();
        let wanted = uuids.into_iter().map(|uuid| known(&ids, uuid?)).collect();
        let outcomes = bulk::remove::<Entity>(unit, wanted)?;
        Ok(outcomes.into_iter().zip(shown).collect::<Vec<_>>())
    });
    let result = |(index, (outcome, uuid)): (usize, (Result<(), Error>, Option<Uuid>))| ItemResult {
        index,
        success: outcome.is_ok(),
        contact: None,
        deleted_id: uuid.filter(|_| outcome.is_ok()).map(|uuid| uuid.to_string()),
        error: outcome.as_ref().err().map(ItemError::from),
    };
    let results = outcomes.await?.into_iter().enumerate().map(result).collect();
    Ok(super::ok(Outcome::new(Verb::Deleted, results)))
}

/// The items of a body, of which there must be some and not too many.
pub(in super::super) fn items(body: JsonBody, member: &'static str, most: usize) -> Result<Vec<Value>, Error> {
    let problem = match body.into_member(member) {
        None | Some(Value::Null) => Problem::Required,
        Some(Value::Array(items)) if (1..=most).contains(&items.len()) => return Ok(items),
        Some(Value::Array(_)) => Problem::Rule(format!("must hold 1 to {most} items")),
        Some(_) => return Err(wrong_type(member, "a list")),
    };
    Err(Error::invalid(member, problem))
}

fn wrong_type(member: &str, expected: &str) -> Error {
    let expected = expected.to_owned();
    Error::invalid(member, Problem::Type { expected })
}

/// What is no object fails as the item that it is.
fn drafted(item: Value) -> Result<(ContactDraft, Check), ApiError> {
    let mut check = Check::new();
    if !item.is_object() {
        let expected = "an object".to_owned();
        check.fail(ITEM, Problem::Type { expected });
        return Ok((ContactDraft::default(), check));
    }
    let draft = bind_item::<ContactRequest>(item)?.draft(&mut check);
    Ok((draft, check))
}

fn uuid_of(given: Option<&Value>) -> Result<Uuid, Error> {
    match given {
        None | Some(Value::Null) => Err(Error::invalid("id", Problem::Required)),
        Some(Value::String(text)) => id::parse::<ContactId>(text),
        Some(_) => Err(wrong_type("id", "a string")),
    }
}

fn ids_of(unit: &mut dyn UnitOfWork, uuids: &[Uuid]) -> Result<HashMap<Uuid, ContactId>, Error> {
    Ok(unit.contacts().ids_of(uuids)?.into_iter().collect())
}

fn known(ids: &HashMap<Uuid, ContactId>, uuid: Uuid) -> Result<ContactId, Error> {
    ids.get(&uuid).copied().ok_or_else(|| Error::not_found(ContactId::NOUN, uuid))
}
