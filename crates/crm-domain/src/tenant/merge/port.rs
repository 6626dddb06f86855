//! Reading and keeping merges.

use super::{Merge, NewMerge};
use crate::{
    error::Result,
    fields,
    id::MergeId,
    page::{Page, Sort, Window},
    query::Filter,
};

fields! {
    /// The fields of merges that lists know.
    pub enum MergeField of merge: Merge {
        Id: Spec::id("id").filterable().in_id_order() => merge.id;
    }
}

/// Which merges a list shows; they cannot be searched.
pub type MergeFilter = Filter<MergeField>;

/// Reads merges.
pub trait MergeReads {
    /// The merge with this id, undone or not.
    fn lookup(&mut self, id: MergeId) -> Result<Option<Merge>>;
    /// A page of the merges that match, undone ones among them.
    fn list(&mut self, filter: &MergeFilter, sort: Sort<MergeField>, window: &Window) -> Result<Page<Merge>>;
}

/// Writes merges. Callers outside this crate use [`merge`](crate::usecase::merge::merge) and [`undo`](crate::usecase::merge::undo), whose
/// effects stand in the change feed.
pub trait MergeRepository: MergeReads {
    /// Keeps a new merge.
    fn add(&mut self, done: NewMerge) -> Result<Merge>;
    /// Notes that a merge is undone as of this unit's stamp, by whoever writes it.
    fn settle(&mut self, id: MergeId) -> Result<Merge>;
}
