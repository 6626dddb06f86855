//! What happened to a tenant's users, invitations and API keys, on its way into the tenant's change feed (contract X-86).
//!
//! They live in another database than the feed. So a change of one is kept here by the transaction that makes it, and waits until it is
//! carried over ([`crate::usecase::control_changes`]). Of secrets nothing is told but that they were changed.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::ControlUnit;
use crate::{
    error::{Error, Result},
    id::TenantId,
    tenant::change::{ChangeKind, EntityKind, NewChange, Origin},
};

/// A change that waits to be carried into its tenant's feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlChange {
    /// Ascends with the order of commits: the time in microseconds, but always later than every one before. So a control plane that was put
    /// back from a backup does not give an id out again that a tenant has noted as carried.
    pub id: i64,
    /// The tenant whose feed it belongs to.
    pub tenant_id: TenantId,
    /// Who did it, as [`Actor`](crate::tenant::change::Actor) shows.
    pub actor: String,
    /// The endpoint family, or `cli`, `server`.
    pub family: String,
    /// What happened.
    pub change: NewChange,
}

/// Reads the changes that wait.
pub trait ControlChangeReads {
    /// The oldest of a tenant's, in order.
    fn list(&mut self, tenant: TenantId, limit: u32) -> Result<Vec<ControlChange>>;
    /// The tenants of which changes wait, in any order.
    fn tenants(&mut self) -> Result<Vec<TenantId>>;
}

/// Writes the changes that wait.
pub trait ControlChangeRepository: ControlChangeReads {
    /// Keeps a change until it is carried. Does not raise the credential epoch.
    fn add(&mut self, tenant: TenantId, origin: &Origin, change: NewChange) -> Result<()>;
    /// Forgets a tenant's changes up to the one with this id: they were carried. Does not raise the credential epoch.
    fn remove_until(&mut self, tenant: TenantId, id: i64) -> Result<()>;
}

/// A record of the control plane, as its changes tell it.
pub(super) trait Told {
    /// Its kind.
    const KIND: EntityKind;
    /// What people may know of it.
    type Fields<'a>: Serialize
    where
        Self: 'a;
    /// The tenant it belongs to.
    fn tenant_id(&self) -> TenantId;
    /// Its id.
    fn id(&self) -> i64;
    /// What people may know of it.
    fn fields(&self) -> Self::Fields<'_>;
    /// The secret that it had another of before: told by its name, without values.
    fn changed_secret(&self, _before: &Self) -> Option<&'static str> {
        None
    }
}

/// Records that a record is new.
pub(super) fn created<T: Told>(unit: &mut dyn ControlUnit, origin: &Origin, after: &T) -> Result<()> {
    let change = NewChange::of(ChangeKind::Created, (T::KIND, after.id()), &Map::new(), &values(after)?);
    unit.changes().add(after.tenant_id(), origin, change)
}

/// Records what of a record differs, if anything does.
pub(super) fn updated<T: Told>(unit: &mut dyn ControlUnit, origin: &Origin, before: &T, after: &T) -> Result<()> {
    let (old, new) = (values(before)?, values(after)?);
    let mut change = NewChange::of(ChangeKind::Updated, (T::KIND, after.id()), &old, &new);
    if let Some(secret) = after.changed_secret(before) {
        change.add_field(secret, json!([null, null]))?;
    } else if old == new {
        return Ok(());
    }
    unit.changes().add(after.tenant_id(), origin, change)
}

fn values<T: Told>(record: &T) -> Result<Map<String, Value>> {
    match serde_json::to_value(record.fields()) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(Error::Internal(format!("fields of {} are not an object", T::KIND.as_str()))),
        Err(error) => Err(Error::Internal(error.to_string())),
    }
}
