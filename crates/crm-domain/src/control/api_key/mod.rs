//! API keys of families A, B, D and E: their text, their verification and their grants (contract A-08 … … X-28 as decided).

mod draft;
mod record;
mod text;

pub use draft::ApiKeyDraft;
pub use record::{add, network_text, update};
pub use text::{KeyHash, KeyText};

use std::net::IpAddr;

use ipnet::IpNet;

use crate::{
    control::user::{Permission, Role},
    error::{Problem, Result},
    field::Text,
    id::{ApiKeyId, TenantId, UserId},
    page::{Page, Window},
    stamp::Stamp,
};

/// The endpoint family that a key opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the families of the contract")]
pub enum KeyFamily {
    HealthTrixss,
    Halopsa,
    Contacts,
    Elevate,
}

impl KeyFamily {
    /// Every family that knows keys.
    pub const ALL: [Self; 4] = [Self::HealthTrixss, Self::Halopsa, Self::Contacts, Self::Elevate];

    /// The family's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HealthTrixss => "health_trixss",
            Self::Halopsa => "halopsa",
            Self::Contacts => "contacts",
            Self::Elevate => "elevate",
        }
    }

    /// What its keys begin with, before `_`.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::HealthTrixss => "htx",
            Self::Halopsa => "halo",
            Self::Contacts => "crm",
            Self::Elevate => "elk",
        }
    }

    /// Reads the family's name.
    pub fn parse(word: &str) -> Result<Self, Problem> {
        let found = Self::ALL.into_iter().find(|family| family.as_str() == word.trim());
        found.ok_or_else(|| Problem::Choice {
            allowed: Self::ALL.map(|family| family.as_str().to_owned()).to_vec(),
        })
    }

    /// Scopes (D) or permissions (B, E) that its keys may carry; empty where the document knows none.
    pub fn grants(self) -> &'static [&'static str] {
        match self {
            Self::HealthTrixss => &[],
            Self::Halopsa => &["read", "write", "webhook"],
            Self::Contacts => &[
                "contacts:read",
                "contacts:write",
                "contacts:delete",
                "contacts:bulk",
                "enrichment:run",
                "enrichment:read",
                "stats:read",
                "tags:read",
                "tags:write",
                "activities:read",
            ],
            Self::Elevate => &["read", "write", "webhook"],
        }
    }

    /// Those of its grants that a creator of this role can give: nobody gives by a key what it may not do itself.
    pub fn grants_by(self, creator: Role) -> impl Iterator<Item = &'static str> {
        let grants = self.grants().iter().copied();
        grants.filter(move |grant| creator.may(behind(grant)))
    }
}

/// What the holder of a grant can do.
fn behind(grant: &str) -> Permission {
    match grant {
        "webhook" => Permission::ManageWebhooks,
        "contacts:delete" => Permission::Delete,
        "tags:write" => Permission::Configure,
        "write" | "contacts:write" | "contacts:bulk" | "enrichment:run" => Permission::Write,
        _ => Permission::Read,
    }
}

/// An API key as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The id.
    pub id: ApiKeyId,
    /// The tenant it opens.
    pub tenant_id: TenantId,
    /// The family it opens.
    pub family: KeyFamily,
    /// The part of the key that finds this row.
    pub public_id: String,
    /// What is kept of the secret.
    pub hash: KeyHash,
    /// What people entered.
    pub fields: ApiKeyFields,
    /// Who made it.
    pub created_by: UserId,
    /// When it was made.
    pub created_at: Stamp,
    /// When it was revoked.
    pub revoked_at: Option<Stamp>,
    /// When it was last used (contract A-20); written in batches.
    pub last_used_at: Option<Stamp>,
    /// Requests made with it; written in batches.
    pub request_count: i64,
}

/// What people enter about a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyFields {
    /// Its name.
    pub name: Text<255>,
    /// What it is for.
    pub description: Option<Text<1000>>,
    /// Scopes or permissions, of [`KeyFamily::grants`]; sorted, without repeats.
    pub grants: Vec<String>,
    /// Requests per minute, of family B per hour, 1 to 100,000,000; `None` is the family's default.
    pub rate_limit: Option<u32>,
    /// When it ends.
    pub expires_at: Option<Stamp>,
    /// Addresses and networks it may be used from; empty means anywhere.
    pub ip_allowlist: Vec<IpNet>,
}

/// Why a key does not open the door. A wrong secret, a revoked key and a key of another family look the same to its holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum KeyRejection {
    #[error("no API key was sent")]
    Missing,
    #[error("the API key is malformed")]
    Malformed,
    #[error("the API key is unknown")]
    Unknown,
    #[error("the API key is revoked")]
    Revoked,
    #[error("the API key has expired")]
    Expired,
    #[error("the API key may not be used from this address")]
    AddressNotAllowed,
}

impl ApiKey {
    /// Takes from the key what its creator may not do any more.
    pub fn cut_to(&mut self, creator: Role) {
        let held: Vec<_> = self.family.grants_by(creator).collect();
        self.fields.grants.retain(|grant| held.contains(&grant.as_str()));
    }

    /// Whether the key, its secret being right, opens the door now for a client at `address`.
    pub fn admit(&self, now: Stamp, address: IpAddr) -> Result<(), KeyRejection> {
        if self.revoked_at.is_some() {
            return Err(KeyRejection::Revoked);
        }
        if self.fields.expires_at.is_some_and(|at| at <= now) {
            return Err(KeyRejection::Expired);
        }
        let address = address.to_canonical();
        let allowlist = &self.fields.ip_allowlist;
        if !allowlist.is_empty() && !allowlist.iter().any(|net| net.contains(&address)) {
            return Err(KeyRejection::AddressNotAllowed);
        }
        Ok(())
    }
}

/// An API key on its way into the store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of ApiKey")]
pub struct NewApiKey {
    pub tenant_id: TenantId,
    pub family: KeyFamily,
    pub public_id: String,
    pub hash: KeyHash,
    pub fields: ApiKeyFields,
    pub created_by: UserId,
}

/// Uses of a key since the last batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUsage {
    /// The key.
    pub id: ApiKeyId,
    /// The latest use.
    pub last_used_at: Stamp,
    /// How many.
    pub requests: i64,
}

/// Reads API keys.
pub trait ApiKeyReads {
    /// The key with this public id, revoked or not.
    fn lookup_public(&mut self, public_id: &str) -> Result<Option<ApiKey>>;
    /// The key of this tenant with this id, revoked or not.
    fn lookup(&mut self, tenant: TenantId, id: ApiKeyId) -> Result<Option<ApiKey>>;
    /// Those of a tenant's keys that have one of these ids, revoked or not, in any order.
    fn lookup_many(&mut self, tenant: TenantId, ids: &[ApiKeyId]) -> Result<Vec<ApiKey>>;
    /// The keys of this family that a user of the tenant has made, newest first.
    fn list_of_user(&mut self, tenant: TenantId, user: UserId, family: KeyFamily) -> Result<Vec<ApiKey>>;
    /// The tenant's keys, newest first; the window's offset and limit apply.
    fn list(&mut self, tenant: TenantId, family: Option<KeyFamily>, window: &Window) -> Result<Page<ApiKey>>;
}

/// Writes API keys. Callers use [`add`] and [`update`], which also record the change.
pub trait ApiKeyRepository: ApiKeyReads {
    /// Keeps a new key.
    fn add(&mut self, new: NewApiKey) -> Result<ApiKey>;
    /// Keeps a key's new fields and `revoked_at`; raises the credential epoch.
    fn update(&mut self, key: &ApiKey) -> Result<()>;
    /// Adds uses; does not raise the credential epoch.
    fn record_usage(&mut self, usage: &[KeyUsage]) -> Result<()>;
}
