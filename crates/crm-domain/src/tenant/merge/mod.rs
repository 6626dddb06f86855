//! Merges: records of one noun that turned out to be the same became one of them. A merge is kept, so that it can be undone.
//!
//! A noun whose records can be merged implements [`Mergeable`] and names the fields that a merge fills by `fillable!`.

mod fill;
mod port;

pub use fill::Fillable;
pub(crate) use fill::{contradict, fillable};
pub use port::{MergeField, MergeFilter, MergeReads, MergeRepository};

use serde_json::{Map, Value};

use crate::{
    error::Result,
    id::{MergeId, UserId},
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        change::{Entity, EntityKind},
        label::Brought,
        record::Record,
    },
};

/// What a merge did.
#[derive(Debug, Clone, PartialEq)]
pub struct NewMerge {
    /// The records' kind.
    pub kind: EntityKind,
    /// The record that remains.
    pub survivor_id: i64,
    /// Those that became it, in the order in which they were named.
    pub merged_ids: Vec<i64>,
    /// How many other records of each kind refer to the survivor since; by the kinds' words.
    pub moved: Vec<(EntityKind, u64)>,
    /// The survivor's fields that were empty, with what they were filled with.
    pub filled: Map<String, Value>,
    /// The labels that the survivor did not carry before.
    pub labels: Brought,
}

/// A merge.
#[derive(Debug, Clone, PartialEq)]
pub struct Merge {
    /// Per-tenant id; ascending in the order of creation.
    pub id: MergeId,
    /// What it did.
    pub done: NewMerge,
    /// Stamp of the unit that merged.
    pub created_at: Stamp,
    /// The user who merged; `None` for integrations and jobs.
    pub created_by: Option<UserId>,
    /// Stamp of the unit that undid it.
    pub undone_at: Option<Stamp>,
    /// The user who undid it.
    pub undone_by: Option<UserId>,
}

/// A noun whose records can be merged.
pub trait Mergeable: Entity<Fields: Fillable> + Record<Parsed = <Self as Entity>::Fields> {
    /// Whether these records can become this one.
    ///
    /// # Errors
    /// [`crate::Error::State`] of what stands against it.
    fn check_merge(&self, _unit: &mut dyn UnitOfWork, _merged: &[Self]) -> Result<()> {
        Ok(())
    }
}
