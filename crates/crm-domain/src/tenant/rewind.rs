//! Records as they were.
//!
//! A change tells of each field what it was before. So whoever undoes a record's changes, newest first, has what it was after any of them:
//! a field is what the first later change of it says that it was, and what it is now where there is none.
//!
//! | a later change that tells that the record was | says of its fields |
//! |---|---|
//! | updated, also its tags, custom fields and references | what they were |
//! | deleted | the same of all that it had; what restoring dropped, dead references and a stage that was deleted, among it |
//! | created, restored | nothing: what there was before, the deletion says |
//! | merged, unmerged, overdue, about to miss a target of an SLA policy, or missing it | nothing: by that nothing of it differs |
//!
//! So a record is known as it was at each time at which it was live; of what it referred to while it was deleted, restoring may have dropped some.
//! What belongs to other records, as the name of an account, is not undone. A stage's name is, where changes of the record tell it.

use std::collections::{BTreeSet, HashMap};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{
    TenantReader,
    change::{Change, ChangeKind, Entity, values_of},
};
use crate::{
    error::{Error, Result},
    id::RecordId,
    stamp::Stamp,
};

/// What the changes of a record that came later say that it was.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rewinding {
    /// By the feed's names of fields.
    fields: Map<String, Value>,
    /// When the record had changed last, where a later change gave it another stamp.
    updated_at: Option<Stamp>,
    is_restamped: bool,
}

impl Rewinding {
    /// Undoes a change: an older one than those that were undone before. One that cannot be read says nothing, as it makes no events.
    pub fn undo(&mut self, change: &Change) {
        if !change.kind.gives_stamp() {
            return;
        }
        self.is_restamped = true;
        if !matches!(change.kind, ChangeKind::Updated | ChangeKind::Deleted) {
            return;
        }
        let Ok(pairs) = serde_json::from_str::<Map<String, Value>>(&change.fields) else {
            return;
        };
        for (name, pair) in pairs {
            if let Value::Array(mut pair) = pair
                && pair.len() == 2
            {
                self.fields.insert(name, pair.swap_remove(0));
            }
        }
    }

    /// What a field was; `None` where it is what it was.
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.fields.get(name)
    }

    /// What fields were whose names begin so, each without that beginning.
    pub(super) fn fields_below<'a>(&'a self, beginning: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let named = self.fields.iter();
        named.filter_map(move |(name, value)| Some((name.strip_prefix(beginning)?, value)))
    }

    /// Whether the record had another stamp then.
    pub(crate) fn is_restamped(&self) -> bool {
        self.is_restamped
    }

    /// Says when the record had changed last.
    pub(crate) fn set_updated_at(&mut self, stamp: Stamp) {
        self.updated_at = Some(stamp);
    }
}

/// A change, and what came after it: the moment at which its record is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// The change.
    pub change: &'a Change,
    /// What the later changes of its record undo.
    pub rewinding: &'a Rewinding,
}

impl Moment<'_> {
    /// What the change itself made of a field; `None` where it does not tell.
    pub(super) fn became(&self, name: &str) -> Option<Value> {
        let tells = self.change.kind.gives_stamp() && self.change.fields.contains(&format!("\"{name}\":"));
        let (_, after) = tells.then(|| self.change.pair(name).ok().flatten()).flatten()?;
        Some(after).filter(|after| !after.is_null())
    }

    /// When the record had changed last, if it is not when it did by now.
    fn updated_at(&self) -> Option<Stamp> {
        match self.change.kind.gives_stamp() {
            true => Some(self.change.stamp),
            false => self.rewinding.updated_at,
        }
    }
}

/// A record whose changes can be undone: its fields read back from what changes tell.
pub trait Rewind: Entity<Fields: Clone + DeserializeOwned> + Clone {
    /// Its id.
    type Id: RecordId;

    /// The live ones among these records, in any order.
    fn read_live(reader: &mut dyn TenantReader, ids: &[Self::Id]) -> Result<Vec<Self>>;
    /// The deleted ones.
    fn read_deleted(reader: &mut dyn TenantReader, ids: &[Self::Id]) -> Result<Vec<Self>>;
    /// The record with what it was. What of the fields no change tells, it has kept.
    fn put(&mut self, fields: Self::Fields);
    /// Gives it this stamp.
    fn restamp(&mut self, updated_at: Stamp);
    /// Completes what follows from the fields and is kept elsewhere.
    fn complete(_reader: &mut dyn TenantReader, _states: &mut [(&mut Self, Moment<'_>)]) -> Result<()> {
        Ok(())
    }
}

/// Records as they were at these moments, one for each, live by now or deleted; `None` for one that is not kept any more.
///
/// # Errors
/// Those of reading; [`Error::Internal`] for fields that cannot be read back.
pub fn states<R: Rewind>(reader: &mut dyn TenantReader, moments: &[Moment<'_>]) -> Result<Vec<Option<R>>> {
    let known = read::<R>(reader, moments)?;
    let state = |moment: &Moment<'_>| known.get(&moment.change.entity_id).map(|now| rewound(now, moment)).transpose();
    let mut states: Vec<Option<R>> = moments.iter().map(state).collect::<Result<_>>()?;
    let found = states
        .iter_mut()
        .zip(moments)
        .filter_map(|(state, moment)| Some((state.as_mut()?, *moment)));
    R::complete(reader, &mut found.collect::<Vec<_>>())?;
    Ok(states)
}

/// The records as they are, by id.
fn read<R: Rewind>(reader: &mut dyn TenantReader, moments: &[Moment<'_>]) -> Result<HashMap<i64, R>> {
    let ids: BTreeSet<i64> = moments.iter().map(|moment| moment.change.entity_id).collect();
    let typed: Vec<R::Id> = ids.iter().map(|id| R::Id::from_i64(*id)).collect();
    let mut known: HashMap<i64, R> = by_id(R::read_live(reader, &typed)?);
    let missing: Vec<R::Id> = typed.into_iter().filter(|id| !known.contains_key(&id.get())).collect();
    if !missing.is_empty() {
        known.extend(by_id(R::read_deleted(reader, &missing)?));
    }
    Ok(known)
}

fn by_id<R: Entity>(records: Vec<R>) -> HashMap<i64, R> {
    records.into_iter().map(|record| (record.id(), record)).collect()
}

fn rewound<R: Rewind>(now: &R, moment: &Moment<'_>) -> Result<R> {
    let mut then = now.clone();
    if !moment.rewinding.fields.is_empty() {
        let mut values = values_of::<R>(now.fields())?;
        for (name, was) in &moment.rewinding.fields {
            // Labels and what ids meant are told beside the fields.
            if let Some(value) = values.get_mut(name) {
                value.clone_from(was);
            }
        }
        let read = serde_json::from_value(Value::Object(values));
        then.put(read.map_err(|error| unreadable(moment.change, &error.to_string()))?);
    }
    if let Some(stamp) = moment.updated_at() {
        then.restamp(stamp);
    }
    Ok(then)
}

fn unreadable(change: &Change, cause: &str) -> Error {
    let record = format!("{} {}", change.entity.as_str(), change.entity_id);
    Error::Internal(format!("{record} cannot be shown as change {} left it: {cause}", change.seq))
}

/// What [`Rewind`] asks for of a noun whose deleted records its port reads, and what is the noun's own.
macro_rules! rewind {
    ($record:ty, $id:ty, $port:ident, { $($own:tt)* }) => {
        impl $crate::tenant::rewind::Rewind for $record {
            type Id = $id;
            fn read_live(reader: &mut dyn $crate::tenant::TenantReader, ids: &[$id]) -> $crate::Result<Vec<Self>> {
                reader.$port().lookup_many(ids)
            }
            fn read_deleted(reader: &mut dyn $crate::tenant::TenantReader, ids: &[$id]) -> $crate::Result<Vec<Self>> {
                reader.$port().lookup_deleted_many(ids)
            }
            fn restamp(&mut self, updated_at: $crate::stamp::Stamp) {
                self.updated_at = updated_at;
            }
            $($own)*
        }
    };
}
pub(super) use rewind;

#[cfg(test)]
mod tests;
