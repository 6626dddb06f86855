//! The audit log: who changed what and when, newest first; for Managers and Admins (contract X-86). It is the tenant's change feed with its
//! actors by name: nothing is recorded a second time. What happened to users, invitations and API keys is in it, too. Who signed in, and who
//! was refused, stands in the request log.

mod actor;

use actix_web::{HttpRequest, HttpResponse};
use crm_domain::{
    Result,
    error::Problem,
    page::Direction,
    stamp::Stamp,
    tenant::{
        TenantReader,
        change::{Change, ChangeFilter, ChangeKind, Stretch},
    },
};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    change::{ChangeInfo, filter, history::cut},
    context::{Permit, ReadAudit},
    error::{ErrorResponses, SaasError},
    page::Query,
};
use actor::{ActorInfo, Actors};

pub(super) const PATH: &str = "/api/audit";

/// The parameters that shape the list: a cursor continues only where they are the same.
const PARAMETERS: [&str; 7] = ["actor", "userId", "entity", "entityId", "action", "from", "to"];

/// The query parameters; for the documentation.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the parameters, never made")]
struct AuditParams {
    /// Only what this one did: a user or an API key by its id, a job such as `import` by its name, or `system`.
    #[param(example = "user_5")]
    actor: Option<String>,
    /// Only what this user did; the same as `actor`, so that only one of them may be given.
    #[param(rename = "userId", example = "user_5")]
    user_id: Option<String>,
    /// Only changes of these kinds of record, e.g. `company,deal`.
    entity: Option<String>,
    /// Only changes of this record.
    #[param(rename = "entityId", example = "deal_7")]
    entity_id: Option<String>,
    /// Only these actions of `created`, `updated`, `deleted`, `restored`, `merged`, `unmerged`, `overdue`, `sla_warning` and `sla_breach`,
    /// separated by commas.
    #[param(example = "deleted,restored")]
    action: Option<String>,
    /// Only changes at this time or later.
    #[param(format = DateTime)]
    from: Option<String>,
    /// Only changes before this time.
    #[param(format = DateTime)]
    to: Option<String>,
    /// Most entries of the answer; clamped to 1 … 100.
    #[param(required = false, rename = "pageSize", default = 20, minimum = 1, maximum = 100)]
    page_size: u32,
    /// The `nextCursor` of the page before.
    #[param(required = false)]
    cursor: String,
}

/// What somebody did to a record.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::AuditEntry)]
pub(crate) struct AuditEntry {
    /// The change's number in the feed (`/api/changes`).
    seq: i64,
    /// To the microsecond; what one request or job wrote together has the same.
    #[schema(example = "2026-01-17T10:30:00.123456Z")]
    timestamp: String,
    actor: ActorInfo,
    /// `created`, `updated`, `deleted`, `restored`, `merged` or `unmerged`; by the clock `overdue`, `sla_warning` or `sla_breach`.
    #[schema(example = "updated")]
    action: &'static str,
    /// `company`, `contact`, `lead`, `deal`, `user`, `invitation`, `apiKey`, …
    #[schema(example = "deal")]
    entity: &'static str,
    #[schema(example = "deal_7")]
    entity_id: String,
    /// Through which API, or `cli`, `server`.
    #[schema(example = "saas")]
    family: String,
    /// Field → `[before, after]`, of the fields that differ. That a password was changed is told as `[null, null]`.
    #[schema(value_type = Object, example = json!({"stageId": ["stage_1", "stage_2"]}))]
    changes: Map<String, Value>,
}

/// A part of the audit log.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::AuditPage)]
pub(crate) struct AuditPage {
    items: Vec<AuditEntry>,
    has_next_page: bool,
    /// Continues with older entries; null on the last page.
    next_cursor: Option<String>,
}

/// Lists who changed what and when, newest first. Any filters can be given together.
///
/// Who signed in, and who was refused, stands in the request log: `/api/admin/requests?path=/api/auth`.
#[utoipa::path(
    get, path = PATH, tag = "audit", operation_id = "saas_list_audit", params(AuditParams),
    responses((status = 200, description = "A part of the audit log", body = AuditPage), ErrorResponses),
    security(("accessToken" = []))
)]
pub(super) async fn list(permit: Permit<ReadAudit>, request: HttpRequest) -> Result<HttpResponse, SaasError> {
    let mut query = Query::parse(request.query_string());
    let filter = asked(&mut query);
    let since = query.parsed("from", Stamp::parse);
    let until = query.parsed("to", Stamp::parse);
    let name = query.order_and_filter("audit", &PARAMETERS);
    let paging = query.paging(&name);
    query.finish()?;
    let limit = paging.window().limit;
    let before = paging.after().map_or(i64::MAX, |cursor| cursor.id);
    let read = move |reader: &mut dyn TenantReader| read(reader, &filter, since..until, before, limit + 1);
    let mut changes = permit.tenant.read(read).await?;
    let next_cursor = cut(&mut changes, limit, &name);
    let actors = Actors::of(&changes, &permit.tenant).await?;
    let entry = |change: Change| AuditEntry::of(change, &actors);
    let items = changes.into_iter().map(entry).collect::<Result<_>>()?;
    Ok(HttpResponse::Ok().json(AuditPage {
        items,
        has_next_page: next_cursor.is_some(),
        next_cursor,
    }))
}

fn asked(query: &mut Query) -> ChangeFilter {
    let filter = filter::asked(query);
    let actor = query.parsed("actor", actor::named);
    let user = query.parsed("userId", actor::user);
    if actor.is_some() && user.is_some() {
        query.fail("userId", Problem::Rule("must not be given beside actor".to_owned()));
    }
    ChangeFilter {
        kinds: query.parsed("action", actions),
        actor: actor.or(user),
        ..filter
    }
}

/// Actions, separated by commas.
fn actions(text: &str) -> Result<Vec<ChangeKind>, Problem> {
    let kinds: Option<Vec<_>> = text.split(',').map(|word| ChangeKind::parse(word.trim())).collect();
    kinds.ok_or_else(|| Problem::Choice {
        allowed: ChangeKind::ALL.map(|kind| kind.as_str().to_owned()).into(),
    })
}

/// The wanted changes of a time, the newest first, that have a smaller number than `before`.
fn read(
    reader: &mut dyn TenantReader,
    filter: &ChangeFilter,
    time: std::ops::Range<Option<Stamp>>,
    before: i64,
    limit: u32,
) -> Result<Vec<Change>> {
    let feed = reader.changes();
    let first = time.start.map(|since| feed.first_since(since)).transpose()?;
    let end = time.end.map(|until| feed.first_since(until)).transpose()?;
    let stretch = Stretch {
        after: first.unwrap_or(1) - 1,
        before: end.unwrap_or(i64::MAX).min(before),
        direction: Direction::Descending,
        limit,
    };
    feed.list(filter, &stretch)
}

impl AuditEntry {
    fn of(change: Change, actors: &Actors) -> Result<Self> {
        let ChangeInfo {
            seq,
            timestamp,
            entity,
            entity_id,
            kind,
            actor,
            family,
            changes,
        } = ChangeInfo::of(change)?;
        Ok(Self {
            seq,
            timestamp,
            actor: actors.show(&actor),
            action: kind,
            entity,
            entity_id,
            family,
            changes,
        })
    }
}

#[cfg(test)]
mod tests {
    use crm_domain::tenant::change::EntityKind;

    use super::*;

    #[test]
    fn filters_are_read_or_refused_by_name() {
        let mut query = Query::parse("actor=key_3&entity=deal&entityId=deal_7&action=updated,%20deleted");
        let expected = ChangeFilter {
            entities: Some(vec![EntityKind::Opportunity]),
            record: Some((EntityKind::Opportunity, 7)),
            kinds: Some(vec![ChangeKind::Updated, ChangeKind::Deleted]),
            actor: Some("api_key:3".to_owned()),
            ..ChangeFilter::default()
        };
        assert_eq!(asked(&mut query), expected);
        assert!(query.finish().is_ok());
        let mut bad = Query::parse("actor=Bob+Smith&userId=key_3&entity=x&entityId=7&action=read");
        asked(&mut bad);
        let Err(SaasError::BadParameters(errors)) = bad.finish() else {
            panic!("five parameters are wrong");
        };
        assert_eq!(errors.len(), 5);
        let mut twice = Query::parse("actor=user_1&userId=user_1");
        asked(&mut twice);
        assert!(twice.finish().is_err());
    }
}
