//! What records of this family refer to: other records by uuid, read for a page at once, and users.

use std::collections::{BTreeSet, HashMap};

use crm_domain::{
    Result,
    id::{RecordId, UserId},
    tenant::{TenantReader, change::EntityKind},
};
use uuid::Uuid;

use crate::families::saas::id::{USER, show};

/// A user, as family C names it, where users are found: this family has none.
pub(super) fn user(id: UserId) -> String {
    show(USER, id)
}

/// The uuids of other records.
#[derive(Default)]
pub(super) struct Related(HashMap<(EntityKind, i64), Uuid>);

impl Related {
    /// Reads what records refer to: one statement for each kind.
    pub fn read(reader: &mut dyn TenantReader, wanted: impl IntoIterator<Item = (EntityKind, Option<i64>)>) -> Result<Self> {
        let mut ids: HashMap<EntityKind, BTreeSet<i64>> = HashMap::new();
        for (kind, id) in wanted {
            if let Some(id) = id {
                ids.entry(kind).or_default().insert(id);
            }
        }
        let mut related = Self::default();
        for (kind, ids) in ids {
            let ids: Vec<i64> = ids.into_iter().collect();
            let found = reader.identities().uuids_of(kind, &ids)?;
            related.0.extend(found.into_iter().map(|(id, uuid)| ((kind, id), uuid)));
        }
        Ok(related)
    }

    /// A record's uuid.
    pub fn get(&self, kind: EntityKind, id: i64) -> Option<Uuid> {
        self.0.get(&(kind, id)).copied()
    }

    /// The same of a reference, if there is one.
    pub fn of<I: RecordId>(&self, kind: EntityKind, id: Option<I>) -> Option<Uuid> {
        self.get(kind, id?.get())
    }
}
