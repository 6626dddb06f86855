//! Tenants: each has a database of its own (contract C-138).

use uuid::Uuid;

use crate::{error::Result, field::Text, id::TenantId, stamp::Stamp};

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// The id; shown as `tenant_<id>`.
    pub id: TenantId,
    /// Version 7 uuid.
    pub uuid: Uuid,
    /// The tenant's name.
    pub name: Text<255>,
    /// The company behind it.
    pub company_name: Text<255>,
    /// Where its database is, as the store understands it.
    pub location: String,
    /// Names its rate-limit tier (contract C-126); the configuration gives its number.
    pub tier: String,
    /// `false` keeps everybody of this tenant out.
    pub is_active: bool,
    /// When it was made.
    pub created_at: Stamp,
}

/// A tenant on its way into the store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of Tenant")]
pub struct NewTenant {
    pub uuid: Uuid,
    pub name: Text<255>,
    pub company_name: Text<255>,
    pub location: String,
    pub tier: String,
}

/// Reads tenants.
pub trait TenantReads {
    /// The tenant with this id.
    fn lookup(&mut self, id: TenantId) -> Result<Option<Tenant>>;
    /// Every tenant, oldest first.
    fn list(&mut self) -> Result<Vec<Tenant>>;
    /// How many there are.
    fn count(&mut self) -> Result<u64>;
}

/// Writes tenants.
pub trait TenantRepository: TenantReads {
    /// Keeps a new tenant.
    fn add(&mut self, new: NewTenant) -> Result<Tenant>;
    /// Keeps a tenant's new values; raises the credential epoch.
    fn update(&mut self, tenant: &Tenant) -> Result<()>;
}
