//! Activities: what happened to contacts, out of the change feed (contract D-112 … D-119, X-134).

use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse, web};
use crm_domain::{
    Error, Result as DomainResult,
    error::Problem,
    id::{ContactId, RecordId, uuid_from},
    page::Direction,
    tenant::{
        TenantReader,
        change::{Change, ChangeFilter, ChangeKind, EntityKind, Stretch},
    },
};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    answer::Envelope,
    context::Access,
    error::{ApiError, ErrorResponses, LookupResponses},
    id,
    page::{PageParams, Query},
    word::field_of,
};
use crate::shared::query::choice;

pub(super) const PATH: &str = "/api/v1/activities";
pub(super) const OF_CONTACT: &str = "/api/v1/contacts/{id}/activities";

/// Who enriches contacts, as the feed names it ([`crm_domain::usecase::enrich::ACTOR`]).
const ENRICHMENT: &str = "job:enrichment";
/// After these a contact is another one.
const CHANGED: [ChangeKind; 4] = [ChangeKind::Updated, ChangeKind::Restored, ChangeKind::Merged, ChangeKind::Unmerged];
/// Fields that this family's contacts do not have.
const NOT_SHOWN: [&str; 4] = ["account_id", "owner_id", "external_id", "description"];

/// What happened to a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = contacts::ActivityType)]
enum Type {
    Created,
    Updated,
    Deleted,
    Enriched,
}

impl Type {
    const ALL: [Self; 4] = [Self::Created, Self::Updated, Self::Deleted, Self::Enriched];

    fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
            Self::Enriched => "enriched",
        }
    }

    fn parse(word: &str) -> Result<Self, Problem> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == word);
        found.ok_or_else(|| choice(Self::ALL.map(Self::as_str)))
    }

    fn of(change: &Change) -> Self {
        match change.kind {
            kind if CHANGED.contains(&kind) && change.actor == ENRICHMENT => Self::Enriched,
            ChangeKind::Created => Self::Created,
            // For whoever reads of types, a contact that was restored or merged has changed.
            ChangeKind::Updated | ChangeKind::Restored | ChangeKind::Merged | ChangeKind::Unmerged => Self::Updated,
            // The clock tells nothing of contacts.
            ChangeKind::Overdue | ChangeKind::SlaWarning | ChangeKind::SlaBreach => Self::Updated,
            ChangeKind::Deleted => Self::Deleted,
        }
    }

    /// The changes that are of this type.
    fn narrow(self, filter: ChangeFilter) -> ChangeFilter {
        let enrichment = || Some(ENRICHMENT.to_owned());
        let (kinds, actor, but_by) = match self {
            Self::Enriched => (CHANGED.to_vec(), enrichment(), None),
            Self::Created => (vec![ChangeKind::Created], None, None),
            Self::Updated => (CHANGED.to_vec(), None, enrichment()),
            Self::Deleted => (vec![ChangeKind::Deleted], None, None),
        };
        ChangeFilter {
            kinds: Some(kinds),
            actor,
            but_by,
            ..filter
        }
    }
}

/// An activity.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::Activity)]
pub(super) struct Activity {
    #[schema(format = Uuid)]
    id: String,
    #[schema(format = Uuid)]
    contact_id: Option<String>,
    activity_type: Type,
    #[schema(example = "Contact information updated")]
    description: &'static str,
    /// The fields that changed, with their new values.
    #[schema(value_type = Object, example = json!({"title": "CTO"}))]
    changes: Map<String, Value>,
    #[schema(example = "2024-01-20T14:30:00Z")]
    created_at: String,
}

/// Activities, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = contacts::Activities)]
pub(super) struct Activities {
    activities: Vec<Activity>,
}

impl Activity {
    fn of(change: &Change, contacts: &HashMap<i64, Uuid>) -> DomainResult<Self> {
        Ok(Self {
            id: uuid_from("activity", change.seq, change.stamp).to_string(),
            contact_id: contacts.get(&change.entity_id).map(Uuid::to_string),
            activity_type: Type::of(change),
            description: describe(change),
            changes: changes(change)?,
            created_at: change.stamp.to_second_precision(),
        })
    }
}

fn describe(change: &Change) -> &'static str {
    match (Type::of(change), change.kind) {
        (Type::Enriched, _) => "Contact enriched",
        (_, ChangeKind::Created) => "Contact created",
        (_, ChangeKind::Updated | ChangeKind::Overdue | ChangeKind::SlaWarning | ChangeKind::SlaBreach) => "Contact information updated",
        (_, ChangeKind::Deleted) => "Contact deleted",
        (_, ChangeKind::Restored) => "Contact restored",
        (_, ChangeKind::Merged) => "Contact merged",
        (_, ChangeKind::Unmerged) => "Contact merge undone",
    }
}

fn changes(change: &Change) -> DomainResult<Map<String, Value>> {
    // A deletion leaves no values, and a merge tells ids that are this server's own.
    if matches!(change.kind, ChangeKind::Deleted | ChangeKind::Merged | ChangeKind::Unmerged) {
        return Ok(Map::new());
    }
    let fields: Map<String, Value> = serde_json::from_str(&change.fields).map_err(|error| Error::Internal(error.to_string()))?;
    let shown = fields.into_iter().filter(|(name, _)| !NOT_SHOWN.contains(&name.as_str()));
    let after = |pair: Value| match pair {
        Value::Array(mut values) => values.pop().unwrap_or(Value::Null),
        other => other,
    };
    Ok(shown.map(|(name, pair)| (field_of(&name), after(pair))).collect())
}

/// Lists what happened to contacts, newest first; deleted contacts' activities stay.
#[utoipa::path(
    get, path = PATH, tag = "contacts activities", operation_id = "contacts_list_activities",
    params(
        PageParams,
        ("activityType" = Option<Type>, Query, description = "Only activities of this type"),
        ("contactId" = Option<String>, Query, format = Uuid, description = "Only activities of this contact"),
    ),
    responses((status = 200, description = "A page of activities", body = Envelope<Activities>), ErrorResponses),
    security(("contacts_key" = []), ("contacts_bearer" = []))
)]
pub(super) async fn list(access: Access, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let mut query = Query::parse(request.query_string());
    let contact = query.parsed("contactId", |text| {
        Uuid::try_parse(text).map_err(|_| Problem::Rule("must be a uuid".to_owned()))
    });
    page(access, query, contact, false).await
}

/// Lists what happened to a contact, newest first.
#[utoipa::path(
    get, path = OF_CONTACT, tag = "contacts activities", operation_id = "contacts_list_activities_of_contact",
    params(
        ("id" = String, Path, format = Uuid), PageParams,
        ("activityType" = Option<Type>, Query, description = "Only activities of this type"),
    ),
    responses((status = 200, description = "A page of activities", body = Envelope<Activities>), ErrorResponses, LookupResponses),
    security(("contacts_key" = []), ("contacts_bearer" = []))
)]
pub(super) async fn list_of_contact(access: Access, path: web::Path<String>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let uuid = id::parse::<ContactId>(&path)?;
    page(access, Query::parse(request.query_string()), Some(uuid), true).await
}

/// A page; of an unknown contact it is empty, unless there must be a live one.
async fn page(access: Access, mut query: Query, contact: Option<Uuid>, must_live: bool) -> Result<HttpResponse, ApiError> {
    let kind = query.parsed("activityType", Type::parse);
    let paging = query.paging("activities");
    query.finish()?;
    let mut filter = ChangeFilter::of_entities(vec![EntityKind::Contact]);
    if let Some(kind) = kind {
        filter = kind.narrow(filter);
    }
    let (skipped, limit) = (paging.skipped(), paging.size());
    let read = access.tenant.snapshot(move |reader| {
        if let Some(uuid) = contact {
            let id = known(reader, uuid, must_live)?;
            // No record has the id 0.
            filter.record = Some((EntityKind::Contact, id.map_or(0, RecordId::get)));
        }
        let total = reader.changes().count(&filter)?;
        let Some(last) = reader.changes().last_but(&filter, skipped)? else {
            return Ok((total, Vec::new()));
        };
        let stretch = Stretch {
            after: 0,
            before: last + 1,
            direction: Direction::Descending,
            limit,
        };
        let changes = reader.changes().list(&filter, &stretch)?;
        let ids: Vec<ContactId> = changes.iter().map(|change| ContactId::from_i64(change.entity_id)).collect();
        let uuids = reader.contacts().uuids_of(&ids)?;
        let uuids: HashMap<i64, Uuid> = uuids.into_iter().map(|(id, uuid)| (id.get(), uuid)).collect();
        let activities = changes.iter().map(|change| Activity::of(change, &uuids));
        Ok((total, activities.collect::<DomainResult<_>>()?))
    });
    let (total, activities) = read.await?;
    Ok(HttpResponse::Ok().json(Envelope::page(Activities { activities }, paging.meta(total))))
}

fn known(reader: &mut dyn TenantReader, uuid: Uuid, must_live: bool) -> DomainResult<Option<ContactId>> {
    let id = reader.contacts().ids_of(&[uuid])?.pop().map(|(_, id)| id);
    if !must_live {
        return Ok(id);
    }
    let live = id.map(|id| reader.contacts().lookup(id)).transpose()?.flatten();
    live.map(|contact| Some(contact.id))
        .ok_or_else(|| Error::not_found(ContactId::NOUN, uuid))
}

#[cfg(test)]
mod tests {
    use crm_domain::stamp::Stamp;

    use super::*;

    fn change(kind: ChangeKind, actor: &str) -> Change {
        Change {
            seq: 7,
            stamp: Stamp::from_micros(0),
            entity: EntityKind::Contact,
            entity_id: 3,
            kind,
            actor: actor.to_owned(),
            family: "contacts".to_owned(),
            fields: r#"{"title":["CEO","CTO"],"phone":[null,"1"],"owner_id":[1,2]}"#.to_owned(),
        }
    }

    #[test]
    fn a_change_tells_new_values_by_the_documents_names() {
        let shown = Activity::of(&change(ChangeKind::Updated, "api_key:1"), &HashMap::new()).unwrap();
        assert_eq!(
            Value::Object(shown.changes),
            serde_json::json!({ "title": "CTO", "mobilePhone": "1" })
        );
        assert_eq!(
            (shown.activity_type, shown.description),
            (Type::Updated, "Contact information updated")
        );
    }

    #[test]
    fn a_type_narrows_to_its_own_changes() {
        let told_by_the_clock = [ChangeKind::Overdue, ChangeKind::SlaWarning, ChangeKind::SlaBreach];
        let of_contacts = || ChangeKind::ALL.into_iter().filter(|kind| !told_by_the_clock.contains(kind));
        let by = |actor: &'static str| of_contacts().map(move |kind| change(kind, actor));
        let every: Vec<Change> = by("user:1").chain(by(ENRICHMENT)).collect();
        for kind in Type::ALL {
            let filter = kind.narrow(ChangeFilter::default());
            assert!(every.iter().all(|change| filter.meets(change) == (Type::of(change) == kind)));
        }
        let enriched = every.iter().filter(|change| Type::of(change) == Type::Enriched);
        let enriched: Vec<_> = enriched.map(|change| (change.kind, change.actor.as_str())).collect();
        assert_eq!(enriched, CHANGED.map(|kind| (kind, ENRICHMENT)));
    }
}
