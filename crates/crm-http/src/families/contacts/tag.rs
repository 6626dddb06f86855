//! Tags, and the tags of a contact (contract D-99 … D-111, X-133).

use actix_web::{HttpResponse, http::StatusCode, web};
use crm_domain::{
    Error, Result as DomainResult,
    error::Problem,
    field::{Check, Patch},
    id::{ContactId, RecordId, TagId},
    page::{Direction, Sort, Start, Window},
    tenant::{
        TenantReader,
        change::EntityKind,
        label,
        tag::{Tag as Entity, TagDraft, TagField, TagFilter},
    },
    usecase::single,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    answer::{Deleted, Envelope, given, kept, ok},
    context::{Access, Body},
    error::{ApiError, BodyResponses, ErrorResponses, LookupResponses},
    id,
};
use crate::shared::{idempotency::once, json_body::Given};

pub(super) const PATH: &str = "/api/v1/tags";
pub(super) const ITEM: &str = "/api/v1/tags/{id}";
pub(super) const OF_CONTACT: &str = "/api/v1/contacts/{id}/tags";
pub(super) const ASSIGNMENT: &str = "/api/v1/contacts/{id}/tags/{tagId}";

/// Tags read at once.
const BATCH: u32 = 1_000;

/// A new tag.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::TagRequest)]
pub(super) struct TagRequest {
    /// Unique, whatever its case.
    #[schema(value_type = String, max_length = 50, example = "Hot Lead")]
    name: Given<String>,
    #[schema(value_type = Option<String>, example = "#FF5733")]
    color: Given<String>,
    #[schema(value_type = Option<String>, max_length = 500, example = "High-priority prospect")]
    description: Given<String>,
}

impl TagRequest {
    fn draft(self, check: &mut Check) -> TagDraft {
        TagDraft {
            name: self.name.patch("name", check),
            color: self.color.patch("color", check),
            description: self.description.patch("description", check),
        }
    }
}

/// Which tag to put on a contact.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::TagAssignment)]
pub(super) struct Assignment {
    #[schema(value_type = String, format = Uuid)]
    tag_id: Given<String>,
}

/// A tag.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::Tag)]
pub(super) struct Tag {
    #[schema(format = Uuid)]
    id: String,
    #[schema(example = "Hot Lead")]
    name: String,
    #[schema(example = "#FF5733")]
    color: Option<String>,
    #[schema(example = "High-priority prospect")]
    description: Option<String>,
    #[schema(example = "2024-01-15T10:30:00Z")]
    created_at: String,
}

impl From<Entity> for Tag {
    fn from(tag: Entity) -> Self {
        Self {
            id: tag.uuid.to_string(),
            name: tag.fields.name.into_inner(),
            // As the document writes them.
            color: tag.fields.color.map(|color| color.into_inner().to_ascii_uppercase()),
            description: tag.fields.description.map(|text| text.into_inner()),
            created_at: tag.created_at.to_second_precision(),
        }
    }
}

/// Tags, by name.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = contacts::Tags)]
pub(super) struct Tags {
    tags: Vec<Tag>,
}

/// One tag.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = contacts::OneTag)]
pub(super) struct OneTag {
    tag: Tag,
}

/// Lists all tags, by name.
#[utoipa::path(
    get, path = PATH, tag = "contacts tags", operation_id = "contacts_list_tags",
    responses((status = 200, description = "Every tag", body = Envelope<Tags>), ErrorResponses),
    security(("contacts_key" = []), ("contacts_bearer" = []))
)]
pub(super) async fn list(access: Access) -> Result<HttpResponse, ApiError> {
    let tags = access.tenant.snapshot(all).await?;
    Ok(ok(Tags {
        tags: tags.into_iter().map(Tag::from).collect(),
    }))
}

fn all(reader: &mut dyn TenantReader) -> DomainResult<Vec<Entity>> {
    let sort = Sort {
        key: TagField::Name,
        direction: Direction::Ascending,
    };
    let mut tags = Vec::new();
    loop {
        let window = Window {
            limit: BATCH,
            start: Start::Offset(tags.len() as u64),
        };
        let page = reader.tags().list(&TagFilter::default(), sort, &window)?;
        tags.extend(page.items);
        if !page.has_more {
            return Ok(tags);
        }
    }
}

/// Creates a tag.
#[utoipa::path(
    post, path = PATH, tag = "contacts tags", operation_id = "contacts_create_tag", request_body = TagRequest,
    responses((status = 201, description = "The new tag", body = Envelope<OneTag>), ErrorResponses, BodyResponses),
    security(("contacts_key" = []), ("contacts_bearer" = []))
)]
pub(super) async fn create(access: Access, body: Body<TagRequest>) -> Result<HttpResponse, ApiError> {
    let mut check = Check::new();
    let draft = body.value.draft(&mut check);
    let (owner, guard) = (access.owner, body.guard);
    let answer = access.tenant.write(move |unit| {
        once(unit, guard.as_ref(), |unit| {
            let tag: Entity = single::create(unit, draft, owner, check)?;
            kept(StatusCode::CREATED, &Envelope::of(OneTag { tag: tag.into() }))
        })
    });
    Ok(given(answer.await?))
}

/// Deletes a tag: no contact shows it any more.
#[utoipa::path(
    delete, path = ITEM, tag = "contacts tags", operation_id = "contacts_delete_tag", params(("id" = String, Path, format = Uuid)),
    responses((status = 200, description = "It is gone", body = Envelope<Deleted>), ErrorResponses, LookupResponses),
    security(("contacts_key" = []), ("contacts_bearer" = []))
)]
pub(super) async fn remove(access: Access, path: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let uuid = id::parse::<TagId>(&path)?;
    let removed = access.tenant.write(move |unit| {
        let id = id::tag(unit.tags(), uuid)?;
        single::remove::<Entity>(unit, id)
    });
    removed.await?;
    Ok(ok(Deleted {
        message: "Tag deleted successfully",
        deleted_id: uuid.to_string(),
    }))
}

/// Lists the tags of a contact, by name.
#[utoipa::path(
    get, path = OF_CONTACT, tag = "contacts tags", operation_id = "contacts_list_tags_of_contact",
    params(("id" = String, Path, format = Uuid)),
    responses((status = 200, description = "Its tags", body = Envelope<Tags>), ErrorResponses, LookupResponses),
    security(("contacts_key" = []), ("contacts_bearer" = []))
)]
pub(super) async fn list_of_contact(access: Access, path: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let uuid = id::parse::<ContactId>(&path)?;
    let tags = access.tenant.snapshot(move |reader| {
        let contact = id::contact(reader.contacts(), uuid)?;
        let live = reader.contacts().lookup(contact)?;
        live.ok_or_else(|| Error::not_found(ContactId::NOUN, uuid))?;
        let carried = reader.labels().tags_of(EntityKind::Contact, &[contact.get()])?;
        let ids: Vec<TagId> = carried.iter().map(|of| of.tag_id).collect();
        let mut tags = reader.tags().lookup_many(&ids)?;
        tags.sort_by_key(|tag| ids.iter().position(|id| *id == tag.id));
        Ok(tags)
    });
    let tags = tags.await?.into_iter().map(Tag::from).collect();
    Ok(ok(Tags { tags }))
}

/// Puts a tag on a contact. One that it carries already stays.
#[utoipa::path(
    post, path = OF_CONTACT, tag = "contacts tags", operation_id = "contacts_assign_tag", request_body = Assignment,
    params(("id" = String, Path, format = Uuid)),
    responses((status = 200, description = "The tag", body = Envelope<OneTag>), ErrorResponses, LookupResponses, BodyResponses),
    security(("contacts_key" = []), ("contacts_bearer" = []))
)]
pub(super) async fn assign(access: Access, path: web::Path<String>, body: Body<Assignment>) -> Result<HttpResponse, ApiError> {
    let uuid = id::parse::<ContactId>(&path)?;
    let mut check = Check::new();
    let named: Patch<String> = body.value.tag_id.patch("tag_id", &mut check);
    let named = check.required("tag_id", named, None, |text| match text.trim() {
        "" => Err(Problem::Required),
        text => Ok(text.to_owned()),
    });
    let guard = body.guard;
    let answer = access.tenant.write(move |unit| {
        once(unit, guard.as_ref(), |unit| {
            let contact = live_contact(unit, uuid)?;
            let named = id::parse::<TagId>(&check.finish_with(named)?)?;
            let tag = live_tag(unit, named)?;
            label::assign(unit, EntityKind::Contact, &[contact.get()], vec![tag.fields.name.clone()])?;
            kept(StatusCode::OK, &Envelope::of(OneTag { tag: tag.into() }))
        })
    });
    Ok(given(answer.await?))
}

/// Takes a tag off a contact, which need not carry it. The tag itself stays.
#[utoipa::path(
    delete, path = ASSIGNMENT, tag = "contacts tags", operation_id = "contacts_unassign_tag",
    params(("id" = String, Path, format = Uuid), ("tagId" = String, Path, format = Uuid)),
    responses((status = 200, description = "The contact does not carry it", body = Envelope<Deleted>), ErrorResponses, LookupResponses),
    security(("contacts_key" = []), ("contacts_bearer" = []))
)]
pub(super) async fn unassign(access: Access, path: web::Path<(String, String)>) -> Result<HttpResponse, ApiError> {
    let (uuid, tag) = (id::parse::<ContactId>(&path.0)?, id::parse::<TagId>(&path.1)?);
    let removed = access.tenant.write(move |unit| {
        let contact = live_contact(unit, uuid)?;
        let tag = live_tag(unit, tag)?;
        label::unassign(unit, EntityKind::Contact, &[contact.get()], |id, _| id == tag.id)
    });
    removed.await?;
    Ok(ok(Deleted {
        message: "Tag removed from contact successfully",
        deleted_id: tag.to_string(),
    }))
}

fn live_contact(unit: &mut dyn crm_domain::tenant::UnitOfWork, uuid: uuid::Uuid) -> DomainResult<ContactId> {
    let id = id::contact(unit.contacts(), uuid)?;
    single::known::<crm_domain::tenant::contact::Contact>(unit, id).map(|contact| contact.id)
}

fn live_tag(unit: &mut dyn crm_domain::tenant::UnitOfWork, uuid: uuid::Uuid) -> DomainResult<Entity> {
    let id = id::tag(unit.tags(), uuid)?;
    single::known(unit, id)
}
