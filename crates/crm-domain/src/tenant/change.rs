//! The change feed: what happened to a record. Webhooks, workflows, activity lists and sync feeds all read this one feed by cursor.

mod filter;

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{link::Link, merge::Merge};
use crate::{
    error::Result,
    id::{ApiKeyId, CustomFieldId, RecordId, SlaPolicyId, TicketCommentId, UserId},
    stamp::Stamp,
};

pub use filter::{ChangeFilter, Stretch};

/// The kinds of record that changes are recorded for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each is the noun of its module")]
pub enum EntityKind {
    Account,
    Activity,
    ApiKey,
    Contact,
    CustomField,
    Handoff,
    Invitation,
    Lead,
    Opportunity,
    Partner,
    Pipeline,
    Setting,
    SlaPolicy,
    Stage,
    Tag,
    Ticket,
    TicketComment,
    Task,
    User,
    Webhook,
}

impl EntityKind {
    /// Every kind.
    pub const ALL: [Self; 20] = [
        Self::Account,
        Self::Activity,
        Self::ApiKey,
        Self::Contact,
        Self::CustomField,
        Self::Handoff,
        Self::Invitation,
        Self::Lead,
        Self::Opportunity,
        Self::Partner,
        Self::Pipeline,
        Self::Setting,
        Self::SlaPolicy,
        Self::Stage,
        Self::Tag,
        Self::Ticket,
        Self::TicketComment,
        Self::Task,
        Self::User,
        Self::Webhook,
    ];

    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Activity => "activity",
            Self::ApiKey => "api_key",
            Self::Contact => "contact",
            Self::CustomField => "custom_field",
            Self::Handoff => "handoff",
            Self::Invitation => "invitation",
            Self::Lead => "lead",
            Self::Opportunity => "opportunity",
            Self::Partner => "partner",
            Self::Pipeline => "pipeline",
            Self::Setting => "setting",
            Self::SlaPolicy => "sla_policy",
            Self::Stage => "stage",
            Self::Tag => "tag",
            Self::Ticket => "ticket",
            Self::TicketComment => "ticket_comment",
            Self::Task => "task",
            Self::User => "user",
            Self::Webhook => "webhook",
        }
    }

    /// The noun, as error messages name it.
    pub fn noun(self) -> &'static str {
        match self {
            Self::ApiKey => ApiKeyId::NOUN,
            Self::CustomField => CustomFieldId::NOUN,
            Self::SlaPolicy => SlaPolicyId::NOUN,
            Self::TicketComment => TicketCommentId::NOUN,
            other => other.as_str(),
        }
    }

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// What happened to the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the words say it")]
pub enum ChangeKind {
    Created,
    Updated,
    Deleted,
    Restored,
    /// Others became the record. They have a row each of their own.
    Merged,
    /// They are others again.
    Unmerged,
    /// A task's due date passed while it was still to be done. What the record is stays: by this and the two below nothing of it differs.
    Overdue,
    /// A target of an SLA policy will soon be missed.
    SlaWarning,
    /// A target of an SLA policy was missed.
    SlaBreach,
}

impl ChangeKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Created,
        Self::Updated,
        Self::Deleted,
        Self::Restored,
        Self::Merged,
        Self::Unmerged,
        Self::Overdue,
        Self::SlaWarning,
        Self::SlaBreach,
    ];

    /// Whether such a change gives its record a new stamp.
    pub const fn gives_stamp(self) -> bool {
        match self {
            Self::Created | Self::Updated | Self::Deleted | Self::Restored => true,
            Self::Merged | Self::Unmerged | Self::Overdue | Self::SlaWarning | Self::SlaBreach => false,
        }
    }

    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
            Self::Restored => "restored",
            Self::Merged => "merged",
            Self::Unmerged => "unmerged",
            Self::Overdue => "overdue",
            Self::SlaWarning => "sla_warning",
            Self::SlaBreach => "sla_breach",
        }
    }

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Who did it. Stored as `user:12`, `api_key:3`, `job:import` or `system`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A signed-in user.
    User(UserId),
    /// An integration with its API key.
    ApiKey(ApiKeyId),
    /// A job of the server or a command of its command line.
    Job(&'static str),
    /// The server itself.
    System,
}

impl Actor {
    /// The user, when it is one.
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::User(id) => Some(*id),
            Self::ApiKey(_) | Self::Job(_) | Self::System => None,
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "user:{id}"),
            Self::ApiKey(id) => write!(f, "api_key:{id}"),
            Self::Job(name) => write!(f, "job:{name}"),
            Self::System => f.write_str("system"),
        }
    }
}

/// An [`Actor`] as the feed keeps it, read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeptActor<'a> {
    /// A signed-in user.
    User(UserId),
    /// An integration with its API key.
    ApiKey(ApiKeyId),
    /// A job of the server or a command of its command line, by its name.
    Job(&'a str),
    /// The server itself.
    System,
}

impl<'a> KeptActor<'a> {
    /// Reads what [`Actor`] shows; `None` for what no actor shows.
    pub fn parse(kept: &'a str) -> Option<Self> {
        match kept.split_once(':') {
            None => (kept == "system").then_some(Self::System),
            Some(("user", _)) => UserId::parse_prefixed(kept, "user:").map(Self::User),
            Some(("api_key", _)) => ApiKeyId::parse_prefixed(kept, "api_key:").map(Self::ApiKey),
            Some(("job", name)) => Some(Self::Job(name)),
            Some(_) => None,
        }
    }
}

/// Who writes, and through which family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Who.
    pub actor: Actor,
    /// The endpoint family's name, or `cli`, `server`.
    pub family: &'static str,
}

/// The field by which a change tells which records became its own: a list of ids of its kind.
pub const MERGED_IDS: &str = "merged_ids";

/// A record whose changes are recorded. Its serialised fields are what a change lists as before and after.
pub trait Entity {
    /// Its kind.
    const KIND: EntityKind;
    /// The fields that people change; ids and stamps are not among them.
    type Fields: Serialize;
    /// The record's id.
    fn id(&self) -> i64;
    /// Its fields.
    fn fields(&self) -> &Self::Fields;
    /// What its changes tell beside its fields: what ids among them mean at that time, which nobody finds out later. Its names are none of the
    /// fields'.
    fn meanings(&self) -> Vec<(&'static str, Value)> {
        Vec::new()
    }
}

/// A change on its way into the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewChange {
    /// The record's kind.
    pub entity: EntityKind,
    /// The record's id.
    pub entity_id: i64,
    /// What happened.
    pub kind: ChangeKind,
    /// A JSON object: field → `[before, after]`, only those that differ.
    pub fields: String,
}

impl NewChange {
    /// The record is new: its non-null fields.
    pub fn created<E: Entity>(after: &E) -> Result<Self> {
        Self::between(ChangeKind::Created, after, &Map::new(), &fields_of(after)?)
    }

    /// The record has other values now; `None` when it has not.
    pub fn updated<E: Entity>(before: &E, after: &E) -> Result<Option<Self>> {
        let (old, new) = (fields_of(before)?, fields_of(after)?);
        if old == new {
            return Ok(None);
        }
        Self::between(ChangeKind::Updated, after, &old, &new).map(Some)
    }

    /// The record is gone: the fields it had.
    pub fn deleted<E: Entity>(before: &E) -> Result<Self> {
        Self::between(ChangeKind::Deleted, before, &fields_of(before)?, &Map::new())
    }

    /// The record is back: its non-null fields.
    pub fn restored<E: Entity>(after: &E) -> Result<Self> {
        Self::between(ChangeKind::Restored, after, &Map::new(), &fields_of(after)?)
    }

    /// The record refers to another one now, or to none; nothing else of it differs.
    pub fn relinked(link: Link, id: i64, before: Option<i64>, after: Option<i64>) -> Self {
        Self {
            entity: link.from,
            entity_id: id,
            kind: ChangeKind::Updated,
            fields: json!({ link.field: [before, after] }).to_string(),
        }
    }

    /// Others became the record: which, and the merge that it was.
    pub fn merged(merge: &Merge) -> Self {
        Self::of_merge(ChangeKind::Merged, merge, |told| json!([null, told]))
    }

    /// What [`NewChange::merged`] tells was undone.
    pub fn unmerged(merge: &Merge) -> Self {
        Self::of_merge(ChangeKind::Unmerged, merge, |told| json!([told, null]))
    }

    fn of_merge(kind: ChangeKind, merge: &Merge, pair: fn(Value) -> Value) -> Self {
        let fields = json!({
            "merge_id": pair(json!(merge.id.get())),
            MERGED_IDS: pair(json!(merge.done.merged_ids)),
        });
        Self {
            entity: merge.done.kind,
            entity_id: merge.done.survivor_id,
            kind,
            fields: fields.to_string(),
        }
    }

    /// Takes in a later update of the same record by the same unit, so that the feed tells one change; whether that fits. What a field was
    /// before stays what it was before both.
    pub fn join(&mut self, later: &Self) -> bool {
        let is_same = self.entity == later.entity && self.entity_id == later.entity_id;
        let is_living = matches!(self.kind, ChangeKind::Created | ChangeKind::Updated) && later.kind == ChangeKind::Updated;
        if !is_same || !is_living {
            return false;
        }
        let read = |fields: &str| serde_json::from_str::<Map<String, Value>>(fields).ok();
        let (Some(mut fields), Some(added)) = (read(&self.fields), read(&later.fields)) else {
            return false;
        };
        for (name, pair) in added {
            let before = fields.get(&name).and_then(|earlier| earlier.get(0)).cloned();
            let joined = match (before, pair) {
                (Some(before), Value::Array(mut values)) if values.len() == 2 => {
                    values[0] = before;
                    Value::Array(values)
                }
                (_, pair) => pair,
            };
            fields.insert(name, joined);
        }
        self.fields = Value::Object(fields).to_string();
        true
    }

    fn between<E: Entity>(kind: ChangeKind, entity: &E, old: &Map<String, Value>, new: &Map<String, Value>) -> Result<Self> {
        Ok(Self::of(kind, (E::KIND, entity.id()), old, new))
    }

    /// What of a record's fields differs.
    pub(crate) fn of(kind: ChangeKind, record: (EntityKind, i64), old: &Map<String, Value>, new: &Map<String, Value>) -> Self {
        let mut fields = Map::new();
        for name in old.keys().chain(new.keys().filter(|name| !old.contains_key(*name))) {
            let (before, after) = (old.get(name).unwrap_or(&Value::Null), new.get(name).unwrap_or(&Value::Null));
            if before != after {
                fields.insert(name.clone(), Value::Array(vec![before.clone(), after.clone()]));
            }
        }
        Self {
            entity: record.0,
            entity_id: record.1,
            kind,
            fields: Value::Object(fields).to_string(),
        }
    }

    /// Tells of a further field.
    pub(crate) fn add_field(&mut self, name: &str, pair: Value) -> Result<()> {
        let told = serde_json::from_str(&self.fields).map_err(|error| crate::Error::Internal(error.to_string()))?;
        let mut fields: Map<String, Value> = told;
        fields.insert(name.to_owned(), pair);
        self.fields = Value::Object(fields).to_string();
        Ok(())
    }
}

fn fields_of<E: Entity>(entity: &E) -> Result<Map<String, Value>> {
    let mut fields = values_of::<E>(entity.fields())?;
    fields.extend(entity.meanings().into_iter().map(|(name, value)| (name.to_owned(), value)));
    Ok(fields)
}

/// Fields as changes tell them: name → value.
pub(crate) fn values_of<E: Entity>(fields: &E::Fields) -> Result<Map<String, Value>> {
    match serde_json::to_value(fields) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(crate::Error::Internal(format!("fields of {} are not an object", E::KIND.as_str()))),
        Err(error) => Err(crate::Error::Internal(error.to_string())),
    }
}

/// A committed change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its place in the tenant's feed: 1, 2, 3 … without a gap.
    pub seq: i64,
    /// The stamp of the unit that made it.
    pub stamp: Stamp,
    /// The record's kind.
    pub entity: EntityKind,
    /// The record's id.
    pub entity_id: i64,
    /// What happened.
    pub kind: ChangeKind,
    /// Who did it, as [`Actor`] shows.
    pub actor: String,
    /// The endpoint family, or `cli`, `server`.
    pub family: String,
    /// A JSON object: field → `[before, after]`.
    pub fields: String,
}

/// Reads the feed.
pub trait ChangeReads {
    /// The changes of a stretch of the feed that are wanted. What it costs does not depend on how many are not.
    fn list(&mut self, filter: &ChangeFilter, stretch: &Stretch) -> Result<Vec<Change>>;
    /// How many changes are wanted.
    fn count(&mut self, filter: &ChangeFilter) -> Result<u64>;
    /// The number of the last change but `skipped` that is wanted; `None` when there are no more.
    fn last_but(&mut self, filter: &ChangeFilter, skipped: u64) -> Result<Option<i64>>;
    /// The number of the first change that was made at this time or later; one more than the last number when there is none.
    fn first_since(&mut self, stamp: Stamp) -> Result<i64>;
    /// Up to `limit` changes after `seq`, in order.
    fn list_after(&mut self, seq: i64, limit: u32) -> Result<Vec<Change>>;
    /// The changes of one record that have a smaller number than `before`, newest first.
    fn list_of(&mut self, entity: EntityKind, entity_id: i64, before: i64, limit: u32) -> Result<Vec<Change>>;
    /// Every change of the unit that made the change with this number, in order; none when there is no such change.
    fn list_of_unit(&mut self, seq: i64) -> Result<Vec<Change>>;
    /// The changes of one field of a record, oldest first; the store may answer others of the record beside them.
    fn list_of_field(&mut self, entity: EntityKind, entity_id: i64, field: &str) -> Result<Vec<Change>>;
    /// The changes of records of one kind that have a greater number than `after`, by record and of each newest first, both descending; at
    /// most `limit`, behind the change at `place`: its record and number. What it costs does not depend on what happened to others.
    fn list_later(&mut self, kind: EntityKind, ids: &[i64], after: i64, place: Option<(i64, i64)>, limit: u32) -> Result<Vec<Change>>;
    /// When these records of one kind were given their last stamp by changes that have a smaller number than `before`; those that were not are
    /// left out.
    fn stamps_before(&mut self, kind: EntityKind, ids: &[i64], before: i64) -> Result<Vec<(i64, Stamp)>>;
    /// The last sequence number; 0 when nothing ever happened.
    fn last_seq(&mut self) -> Result<i64>;
}

/// The change that deleted a record last; `None` when nothing did. What a deleted record refers to may have changed since.
///
/// # Errors
/// Those of reading.
pub fn last_deletion(changes: &mut dyn ChangeReads, entity: EntityKind, entity_id: i64) -> Result<Option<Change>> {
    const PAGE: u32 = 20;
    let mut before = i64::MAX;
    loop {
        let page = changes.list_of(entity, entity_id, before, PAGE)?;
        let Some(oldest) = page.last().map(|change| change.seq) else {
            return Ok(None);
        };
        if let Some(deletion) = page.into_iter().find(|change| change.kind == ChangeKind::Deleted) {
            return Ok(Some(deletion));
        }
        before = oldest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(kind: ChangeKind, entity_id: i64, fields: &Value) -> NewChange {
        NewChange {
            entity: EntityKind::Account,
            entity_id,
            kind,
            fields: fields.to_string(),
        }
    }

    #[test]
    fn an_update_joins_what_its_unit_did_to_the_record_before() {
        let mut first = change(ChangeKind::Updated, 1, &json!({"name": ["a", "b"], "city": [null, "x"]}));
        assert!(first.join(&change(
            ChangeKind::Updated,
            1,
            &json!({"name": ["b", "c"], "custom_fields.tier": [null, "Gold"]})
        )));
        let joined: Value = serde_json::from_str(&first.fields).unwrap();
        assert_eq!(
            joined,
            json!({"name": ["a", "c"], "city": [null, "x"], "custom_fields.tier": [null, "Gold"]})
        );
    }

    #[test]
    fn what_is_another_records_or_no_update_does_not_join() {
        let none = json!({});
        let update = change(ChangeKind::Updated, 1, &none);
        assert!(change(ChangeKind::Created, 1, &none).join(&update));
        assert!(!change(ChangeKind::Deleted, 1, &none).join(&update));
        assert!(!change(ChangeKind::Created, 2, &none).join(&update));
        assert!(!change(ChangeKind::Created, 1, &none).join(&change(ChangeKind::Deleted, 1, &none)));
    }
}
