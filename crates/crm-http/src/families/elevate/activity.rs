//! The activity log: what happened to deals, leads and tasks, out of the change feed (contract E-45 … E-47, X-165).

mod told;

use actix_web::{HttpRequest, HttpResponse};
use crm_domain::{
    Result as DomainResult,
    error::Problem,
    id::uuid_from,
    page::Direction,
    tenant::{
        TenantReader,
        change::{Change, ChangeFilter, ChangeKind, EntityKind, KeptActor, Stretch},
    },
};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use self::told::Told;
use super::{
    context::Access,
    error::{ApiError, ErrorResponses},
    page::{PageParams, Place, Query},
    related::user,
};

pub(super) const PATH: &str = "/api/external/activity";

/// Most characters of an id that is looked for.
const ID_MAX: usize = 100;
const TYPES: [(&str, EntityKind); 3] = [
    ("deal", EntityKind::Opportunity),
    ("lead", EntityKind::Lead),
    ("task", EntityKind::Task),
];

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = elevate::Activity)]
pub(super) struct Activity {
    id: Uuid,
    tenant_id: Uuid,
    /// `deal`, `lead` or `task`.
    #[schema(example = "deal")]
    entity_type: &'static str,
    entity_id: Option<Uuid>,
    /// What happened: `created`, `updated`, `deleted`, `restored`, `merged` or `unmerged`; by the clock `overdue`, `sla_warning` or `sla_breach`,
    /// which `changes` tells more of.
    #[schema(example = "updated")]
    action: &'static str,
    /// The fields that changed, each with `old` and `new`, in the words of deals, leads and tasks: references are uuids, stages their names,
    /// amounts in major units, times to the second.
    #[schema(value_type = Object, example = json!({"stage": {"old": "Discovery", "new": "Proposal"}}))]
    changes: Map<String, Value>,
    /// Who did it: `user`, `api_key`, `job` or `system`.
    #[schema(example = "user")]
    actor_type: &'static str,
    /// The user, as `/api/users` names it; null for anybody else.
    #[schema(example = "user_456")]
    actor_id: Option<String>,
    #[schema(format = DateTime, example = "2026-01-10T00:00:00Z")]
    created_at: String,
}

/// What happened, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = elevate::Activities)]
pub(super) struct Activities {
    activities: Vec<Activity>,
    #[serde(flatten)]
    place: Place,
}

fn type_of(kind: EntityKind) -> &'static str {
    let found = TYPES.iter().find(|(_, known)| *known == kind);
    found.map_or(kind.as_str(), |(word, _)| word)
}

fn actor_type(actor: &str) -> &'static str {
    match KeptActor::parse(actor) {
        Some(KeptActor::User(_)) => "user",
        Some(KeptActor::ApiKey(_)) => "api_key",
        Some(KeptActor::Job(_)) => "job",
        Some(KeptActor::System) | None => "system",
    }
}

fn actor_id(actor: &str) -> Option<String> {
    match KeptActor::parse(actor) {
        Some(KeptActor::User(id)) => Some(user(id)),
        Some(KeptActor::ApiKey(_) | KeptActor::Job(_) | KeptActor::System) | None => None,
    }
}

impl Activity {
    fn of(change: &Change, tenant: Uuid, told: &Told) -> DomainResult<Self> {
        let changes = match change.kind {
            // A merge tells ids that are this server's own.
            ChangeKind::Merged | ChangeKind::Unmerged => Map::new(),
            _ => told.changes(change)?,
        };
        Ok(Self {
            id: uuid_from("activity", change.seq, change.stamp),
            tenant_id: tenant,
            entity_type: type_of(change.entity),
            entity_id: told.record(change.entity, change.entity_id),
            action: change.kind.as_str(),
            changes,
            actor_type: actor_type(&change.actor),
            actor_id: actor_id(&change.actor),
            created_at: change.stamp.to_second_precision(),
        })
    }
}

/// Lists what happened to deals, leads and tasks, newest first; to deleted ones too.
#[utoipa::path(
    get, path = PATH, tag = "elevate pull", operation_id = "elevate_list_activity",
    params(
        ("entity_type" = Option<String>, Query, description = "Only what happened to a `deal`, a `lead` or a `task`", example = "deal"),
        ("entity_id" = Option<String>, Query, description = "Only what happened to the record with this id"),
        ("since" = Option<String>, Query, description = "Only what happened at this ISO 8601 timestamp or later", example = "2026-01-10T00:00:00Z"),
        PageParams,
    ),
    responses((status = 200, description = "A page of activities", body = Activities), ErrorResponses),
    security(("elevate_key" = []))
)]
pub(super) async fn list(access: Access, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let mut query = Query::parse(request.query_string());
    let kind = query.word("entity_type", &TYPES);
    let record = query.parsed("entity_id", |text| match text.chars().count() {
        0..=ID_MAX => Ok(text.to_owned()),
        _ => Err(Problem::TooLong { max: ID_MAX }),
    });
    let since = query.since();
    let paging = query.numbered();
    query.finish()?;
    let kinds: Vec<EntityKind> = kind.map_or_else(|| TYPES.map(|(_, kind)| kind).to_vec(), |kind| vec![kind]);
    let tenant = access.tenant.tenant.uuid;
    let read = move |reader: &mut dyn TenantReader| {
        let mut filter = ChangeFilter::of_entities(kinds.clone());
        if let Some(text) = &record {
            // No record has the id 0.
            filter.record = Some(named(reader, &kinds, text)?.unwrap_or((EntityKind::Opportunity, 0)));
        }
        if let Some(since) = since {
            filter.behind = reader.changes().first_since(since)? - 1;
        }
        let total = reader.changes().count(&filter)?;
        let last = reader.changes().last_but(&filter, paging.skipped())?;
        let changes = match last {
            Some(last) => {
                let stretch = Stretch {
                    after: 0,
                    before: last + 1,
                    direction: Direction::Descending,
                    limit: paging.size(),
                };
                reader.changes().list(&filter, &stretch)?
            }
            None => Vec::new(),
        };
        let told = Told::read(reader, &changes)?;
        let activities = changes.iter().map(|change| Activity::of(change, tenant, &told));
        Ok(Activities {
            place: paging.place(changes.len(), total),
            activities: activities.collect::<DomainResult<_>>()?,
        })
    };
    Ok(HttpResponse::Ok().json(access.tenant.snapshot(read).await?))
}

/// The record of one of these kinds that has this uuid; what is no uuid names nothing.
fn named(reader: &mut dyn TenantReader, kinds: &[EntityKind], text: &str) -> DomainResult<Option<(EntityKind, i64)>> {
    let Ok(uuid) = Uuid::try_parse(text) else {
        return Ok(None);
    };
    for kind in kinds {
        if let Some(id) = reader.identities().id_of(*kind, uuid)? {
            return Ok(Some((*kind, id)));
        }
    }
    Ok(None)
}
