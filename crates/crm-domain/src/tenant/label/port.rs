//! Reading and keeping labels.

use crate::{
    error::Result,
    id::{CustomFieldId, TagId},
    tenant::{
        change::EntityKind,
        custom_field::{NewValue, ValueOf},
    },
};

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

/// Which labels a tenant has at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Present {
    /// Whether it has tags.
    pub tags: bool,
    /// Whether it has custom fields.
    pub custom_fields: bool,
}

/// Reads what records carry.
pub trait LabelReads {
    /// Which labels the tenant has at all.
    fn present(&mut self) -> Result<Present>;
    /// The live tags of these records, by record and then by name, whatever its case.
    fn tags_of(&mut self, kind: EntityKind, ids: &[i64]) -> Result<Vec<TagOf>>;
    /// What these records have in live custom fields.
    fn values_of(&mut self, kind: EntityKind, ids: &[i64]) -> Result<Vec<ValueOf>>;
    /// Those of these ids that there are live records of, ascending.
    fn live(&mut self, kind: EntityKind, ids: &[i64]) -> Result<Vec<i64>>;
}

/// Writes what records carry. Callers outside this crate use the functions beside [`super::Labels`], which also record the change.
pub trait LabelRepository: LabelReads {
    /// Puts tags on records that do not carry them yet.
    fn assign(&mut self, kind: EntityKind, assignments: &[(i64, TagId)]) -> Result<()>;
    /// Takes tags off records.
    fn unassign(&mut self, kind: EntityKind, assignments: &[(i64, TagId)]) -> Result<()>;
    /// Takes the values of these custom fields off records, which have one each.
    fn clear_values(&mut self, kind: EntityKind, of: &[(i64, CustomFieldId)]) -> Result<()>;
    /// Gives records values in custom fields in which they have none.
    fn add_values(&mut self, kind: EntityKind, values: Vec<NewValue>) -> Result<()>;
    /// Gives live records this unit's stamp.
    fn touch(&mut self, kind: EntityKind, ids: &[i64]) -> Result<()>;
}
