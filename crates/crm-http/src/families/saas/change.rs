//! The change feed: everything that happened to the tenant's records, numbered without a gap, for clients that keep a copy in step.

pub(super) mod filter;
pub(super) mod history;
pub(super) mod stream;

use actix_web::{HttpRequest, HttpResponse};
use crm_domain::{
    Error, Result,
    control::user::{Permission, Role},
    error::{FieldError, Problem},
    field::parse_integer,
    money::{Currency, Money},
    page::Direction,
    stamp::Stamp,
    tenant::{
        TenantReader,
        change::{Change, ChangeFilter, EntityKind, MERGED_IDS, Stretch},
    },
};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    context::{Permit, Read},
    error::{ErrorResponses, SaasError},
    page::Query,
    word::{field_of, is_foreign, noun_of, prefix_in, prefix_of},
};

pub(super) const PATH: &str = "/api/changes";

const LIMIT: i64 = 100;
const LIMIT_MAX: i64 = 1000;

/// The query parameters; for the documentation.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the parameters, never made")]
struct ChangeParams {
    /// Only changes behind this number, which is not beyond the end of the feed; 0 begins with the first change ever.
    #[param(required = false, default = 0, minimum = 0)]
    after: i64,
    /// Most changes of the answer; clamped to 1 … 1000.
    #[param(required = false, default = 100, minimum = 1, maximum = 1000)]
    limit: u32,
    /// Only changes of these kinds of record, e.g. `company,deal`.
    entity: Option<String>,
    /// Only changes of this record.
    #[param(rename = "entityId", example = "deal_7")]
    entity_id: Option<String>,
}

/// What happened to a record.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::Change)]
pub(crate) struct ChangeInfo {
    /// Its place in the feed: 1, 2, 3 … without a gap.
    pub(super) seq: i64,
    /// To the microsecond; what one request or job wrote together has the same.
    #[schema(example = "2026-01-17T10:30:00.123456Z")]
    pub(super) timestamp: String,
    /// `company`, `contact`, `lead`, `deal`, `activity`, `handoff`, `pipeline`, `stage`, `user`, `invitation`, `apiKey`, …
    #[schema(example = "deal")]
    pub(super) entity: &'static str,
    #[schema(example = "deal_7")]
    pub(super) entity_id: String,
    /// `created`, `updated`, `deleted` or `restored`; `merged` of a record that others became, which `mergedIds` names, and `unmerged` when
    /// that was undone. By the clock `overdue` of a task, `sla_warning` and `sla_breach` of a deal, lead or ticket: the record stays as it is.
    #[schema(example = "updated")]
    pub(super) kind: &'static str,
    /// Who did it: `user:456`, `api_key:3`, `job:import` or `system`.
    #[schema(example = "user:456")]
    pub(super) actor: String,
    /// Through which API, or `cli`, `server`.
    #[schema(example = "saas")]
    pub(super) family: String,
    /// Field → `[before, after]`, of the fields that differ. Empty for whom the record is none to read: an invitation or an API key. That
    /// a password was changed is told as `[null, null]`.
    #[schema(value_type = Object, example = json!({"stageId": ["stage_1", "stage_2"]}))]
    pub(super) changes: Map<String, Value>,
}

/// A part of the feed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::ChangePage)]
pub(crate) struct ChangePage {
    items: Vec<ChangeInfo>,
    /// What to ask for next as `after`: behind it stands nothing yet that was asked for and is not among the items.
    next_after: i64,
    /// Whether further changes follow already.
    has_more: bool,
}

/// Lists what happened to the tenant's records, oldest first.
#[utoipa::path(
    get, path = PATH, tag = "changes", operation_id = "saas_list_changes", params(ChangeParams),
    responses((status = 200, description = "A part of the feed", body = ChangePage), ErrorResponses),
    security(("accessToken" = []))
)]
pub(super) async fn list(permit: Permit<Read>, request: HttpRequest) -> Result<HttpResponse, SaasError> {
    let mut query = Query::parse(request.query_string());
    let after = query.parsed("after", |text| parse_integer(text, 0, i64::MAX)).unwrap_or(0);
    let limit = query
        .parsed("limit", |text| parse_integer(text, i64::MIN, i64::MAX))
        .unwrap_or(LIMIT);
    let filter = filter::asked(&mut query);
    query.finish()?;
    let limit = u32::try_from(limit.clamp(1, LIMIT_MAX)).unwrap_or(1);
    let read = permit.tenant.read(move |reader| read(reader, &filter, after, limit + 1)).await?;
    let (mut changes, end) = read.ok_or_else(|| beyond_the_end("after"))?;
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = changes.len() > most;
    changes.truncate(most);
    let last = changes.last().map(|change| change.seq);
    let next_after = last.filter(|_| has_more).unwrap_or(end);
    let role = permit.user().role;
    let items = changes
        .into_iter()
        .map(|change| ChangeInfo::for_role(change, role))
        .collect::<Result<_>>()?;
    Ok(HttpResponse::Ok().json(ChangePage {
        items,
        next_after,
        has_more,
    }))
}

/// A number that is not this feed's: the database was set back, perhaps, and the client's copy is of what no longer is.
fn beyond_the_end(parameter: &str) -> SaasError {
    SaasError::BadParameters(vec![FieldError {
        field: parameter.to_owned(),
        problem: Problem::Rule("must not be beyond the end of the feed".to_owned()),
    }])
}

/// The wanted changes behind a number, and the last number that was looked at where these are all; `None` behind the feed's end.
fn read(reader: &mut dyn TenantReader, filter: &ChangeFilter, after: i64, limit: u32) -> Result<Option<(Vec<Change>, i64)>> {
    let feed = reader.changes();
    if *filter == ChangeFilter::default() {
        let changes = feed.list_after(after, limit)?;
        let Some(last) = changes.last().map(|change| change.seq) else {
            return Ok((after <= feed.last_seq()?).then_some((changes, after)));
        };
        return Ok(Some((changes, last)));
    }
    // What is written from here on is of the next request.
    let end = feed.last_seq()?;
    if after > end {
        return Ok(None);
    }
    let stretch = Stretch {
        after,
        before: end.saturating_add(1),
        direction: Direction::Ascending,
        limit,
    };
    Ok(Some((feed.list(filter, &stretch)?, end)))
}

impl ChangeInfo {
    /// A change as somebody with this role may see it: of what the role may not read, only that something happened. So the numbers have no gap
    /// for anybody.
    pub(super) fn for_role(change: Change, role: Role) -> Result<Self> {
        let may_read = needed(change.entity).is_none_or(|permission| role.may(permission));
        let mut info = Self::of(change)?;
        if !may_read {
            info.changes.clear();
        }
        Ok(info)
    }

    pub(super) fn of(change: Change) -> Result<Self> {
        let fields: Map<String, Value> = serde_json::from_str(&change.fields)
            .map_err(|error| Error::Internal(format!("the fields of change {} cannot be read: {error}", change.seq)))?;
        Ok(Self {
            seq: change.seq,
            timestamp: change.stamp.to_microsecond_precision(),
            entity: noun_of(change.entity.as_str()),
            entity_id: format!("{}{}", prefix_of(change.entity), change.entity_id),
            kind: change.kind.as_str(),
            actor: change.actor,
            family: change.family,
            changes: fields
                .into_iter()
                .filter(|(name, _)| !is_foreign(change.entity, name))
                .map(|(name, pair)| show_field(change.entity, &name, pair))
                .collect(),
        })
    }
}

/// What it takes to read records of a kind, beyond what every user may.
fn needed(kind: EntityKind) -> Option<Permission> {
    match kind {
        EntityKind::ApiKey => Some(Permission::ManageApiKeys),
        EntityKind::Invitation => Some(Permission::ManageUsers),
        EntityKind::Account
        | EntityKind::Activity
        | EntityKind::Contact
        | EntityKind::CustomField
        | EntityKind::Handoff
        | EntityKind::Lead
        | EntityKind::Opportunity
        | EntityKind::Partner
        | EntityKind::Pipeline
        | EntityKind::Setting
        | EntityKind::SlaPolicy
        | EntityKind::Stage
        | EntityKind::Tag
        | EntityKind::Ticket
        | EntityKind::TicketComment
        | EntityKind::Task
        | EntityKind::User
        | EntityKind::Webhook => None,
    }
}

/// A stored field in this family's words: its name, ids with their prefix, money in major units.
fn show_field(entity: EntityKind, name: &str, pair: Value) -> (String, Value) {
    let prefix = match name {
        MERGED_IDS => Some(prefix_of(entity)),
        other => prefix_in(other),
    };
    let shown = field_of(name);
    let Value::Array(values) = pair else { return (shown, pair) };
    // A custom field's name holds a dot; what people wrote in it stays as it is.
    let is_moment = name.ends_with("_at") && !name.contains('.');
    let show = |value| if is_moment { show_moment(value) } else { show_value(value, prefix) };
    let values = values.into_iter().map(show).collect();
    (shown, Value::Array(values))
}

/// A moment as the family's records show it (contract C-03).
fn show_moment(value: Value) -> Value {
    let moment = value.as_str().and_then(|text| Stamp::parse(text).ok());
    moment.map_or(value, |moment| Value::String(moment.to_second_precision()))
}

pub(super) fn show_value(value: Value, prefix: Option<&str>) -> Value {
    match (&value, prefix) {
        (Value::Number(id), Some(prefix)) => Value::String(format!("{prefix}{id}")),
        (Value::Array(ids), Some(_)) => ids.iter().cloned().map(|id| show_value(id, prefix)).collect(),
        (Value::Object(object), _) => money(object).unwrap_or(value),
        _ => value,
    }
}

/// `{"minor","currency"}` as `{"amount","currency"}` in major units.
fn money(object: &Map<String, Value>) -> Option<Value> {
    let minor = object.get("minor")?.as_i64()?;
    let currency = Currency::parse(object.get("currency")?.as_str()?).ok()?;
    let amount = Money { minor, currency }.major();
    Some(serde_json::json!({"amount": amount, "currency": currency.as_str()}))
}

#[cfg(test)]
mod tests {
    use crm_domain::tenant::change::ChangeKind;

    use super::*;

    #[test]
    fn fields_are_told_in_this_familys_words() {
        let (name, pair) = show_field(
            EntityKind::Account,
            "amount",
            serde_json::json!([null, {"minor": 1250, "currency": "USD"}]),
        );
        assert_eq!(
            (name.as_str(), pair),
            ("amount", serde_json::json!([null, {"amount": 12.5, "currency": "USD"}]))
        );
        let (name, pair) = show_field(EntityKind::Task, "due_at", serde_json::json!([null, "2026-01-17T10:30:00.000000Z"]));
        assert_eq!((name.as_str(), pair), ("dueAt", serde_json::json!([null, "2026-01-17T10:30:00Z"])));
        let (_, pair) = show_field(
            EntityKind::Task,
            "custom_fields.seen_at",
            serde_json::json!([null, "2026-01-17T10:30:00.000000Z"]),
        );
        assert_eq!(pair, serde_json::json!([null, "2026-01-17T10:30:00.000000Z"]));
        let (name, pair) = show_field(EntityKind::Account, "parent_id", serde_json::json!([3, null]));
        assert_eq!((name.as_str(), pair), ("parentId", serde_json::json!(["company_3", null])));
        let (name, pair) = show_field(EntityKind::Account, "first_name", serde_json::json!(["A", "B"]));
        assert_eq!((name.as_str(), pair), ("firstName", serde_json::json!(["A", "B"])));
        let (name, pair) = show_field(EntityKind::Lead, "merged_ids", serde_json::json!([null, [2, 3]]));
        assert_eq!(
            (name.as_str(), pair),
            ("mergedIds", serde_json::json!([null, ["lead_2", "lead_3"]]))
        );
        let (name, pair) = show_field(EntityKind::Lead, "merge_id", serde_json::json!([1, null]));
        assert_eq!((name.as_str(), pair), ("mergeId", serde_json::json!(["merge_1", null])));
    }

    #[test]
    fn what_is_stored_and_cannot_be_read_is_no_change_without_fields() {
        let change = |fields: &str| Change {
            seq: 1,
            stamp: Stamp::from_micros(0),
            entity: EntityKind::Account,
            entity_id: 1,
            kind: ChangeKind::Updated,
            actor: "system".to_owned(),
            family: "cli".to_owned(),
            fields: fields.to_owned(),
        };
        assert!(ChangeInfo::of(change("{}")).is_ok());
        for bad in ["", "[]", "{"] {
            assert!(matches!(ChangeInfo::of(change(bad)), Err(Error::Internal(_))), "{bad}");
        }
    }
}
