//! Records' uuids, by which families D and E name them.

use uuid::Uuid;

use super::change::EntityKind;
use crate::error::Result;

/// Reads uuids. Deleted records keep theirs.
pub trait IdentityReads {
    /// The uuids of the records of this kind that have these ids, in any order; none for kinds that keep no uuids.
    fn uuids_of(&mut self, kind: EntityKind, ids: &[i64]) -> Result<Vec<(i64, Uuid)>>;
    /// The id of the lead, opportunity, task or webhook with this uuid; of other kinds none is looked for.
    fn id_of(&mut self, kind: EntityKind, uuid: Uuid) -> Result<Option<i64>>;
}
