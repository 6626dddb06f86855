//! Reading and keeping labels.

use crate::{error::Result, id::TagId, tenant::change::EntityKind};

/// A live tag on a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagOf {
    /// The record.
    pub record_id: i64,
    /// The tag.
    pub tag_id: TagId,
    /// What it is called.
    pub name: String,
}

/// Reads what records carry.
pub trait LabelReads {
    /// Whether the tenant has any labels at all.
    fn has_any(&mut self) -> Result<bool>;
    /// The live tags of these records, by record and then by name, whatever its case.
    fn tags_of(&mut self, kind: EntityKind, ids: &[i64]) -> Result<Vec<TagOf>>;
    /// Those of these ids that there are live records of, ascending.
    fn live(&mut self, kind: EntityKind, ids: &[i64]) -> Result<Vec<i64>>;
}

/// Writes what records carry. Callers outside this crate use the functions beside [`super::Labels`], which also record the change.
pub trait LabelRepository: LabelReads {
    /// Puts tags on records that do not carry them yet.
    fn assign(&mut self, kind: EntityKind, assignments: &[(i64, TagId)]) -> Result<()>;
    /// Takes tags off records.
    fn unassign(&mut self, kind: EntityKind, assignments: &[(i64, TagId)]) -> Result<()>;
    /// Gives live records this unit's stamp.
    fn touch(&mut self, kind: EntityKind, ids: &[i64]) -> Result<()>;
}
