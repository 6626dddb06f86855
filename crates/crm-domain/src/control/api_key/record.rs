//! Writing API keys, with what their changes tell.

use ipnet::IpNet;
use serde::Serialize;

use super::{ApiKey, NewApiKey};
use crate::{
    control::{
        ControlUnit,
        change::{self, Told},
    },
    error::Result,
    field::Text,
    id::{RecordId, TenantId, UserId},
    stamp::Stamp,
    tenant::change::{EntityKind, Origin},
};

/// Keeps a new key and records it.
///
/// # Errors
/// When the database fails.
pub fn add(unit: &mut dyn ControlUnit, origin: &Origin, new: NewApiKey) -> Result<ApiKey> {
    let key = unit.api_keys().add(new)?;
    change::created(unit, origin, &key)?;
    Ok(key)
}

/// Keeps a key's new fields and whether it is revoked, and records what of them differs.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound).
pub fn update(unit: &mut dyn ControlUnit, origin: &Origin, before: &ApiKey, after: &ApiKey) -> Result<()> {
    unit.api_keys().update(after)?;
    change::updated(unit, origin, before, after)
}

/// A network of an allowlist as people enter it: a single address without its mask.
pub fn network_text(network: &IpNet) -> String {
    if network.prefix_len() == network.max_prefix_len() {
        return network.addr().to_string();
    }
    network.to_string()
}

/// What changes tell of a key: neither its hash nor the part of it that names it.
#[derive(Serialize)]
pub(in crate::control) struct Fields<'a> {
    family: &'static str,
    name: &'a Text<255>,
    description: Option<&'a Text<1000>>,
    grants: &'a [String],
    rate_limit: Option<u32>,
    expires_at: Option<Stamp>,
    ip_allowlist: Vec<String>,
    created_by: UserId,
    revoked_at: Option<Stamp>,
}

impl Told for ApiKey {
    const KIND: EntityKind = EntityKind::ApiKey;
    type Fields<'a> = Fields<'a>;

    fn tenant_id(&self) -> TenantId {
        self.tenant_id
    }

    fn id(&self) -> i64 {
        self.id.get()
    }

    fn fields(&self) -> Fields<'_> {
        Fields {
            family: self.family.as_str(),
            name: &self.fields.name,
            description: self.fields.description.as_ref(),
            grants: &self.fields.grants,
            rate_limit: self.fields.rate_limit,
            expires_at: self.fields.expires_at,
            ip_allowlist: self.fields.ip_allowlist.iter().map(network_text).collect(),
            created_by: self.created_by,
            revoked_at: self.revoked_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_address_is_told_without_its_mask() {
        let shown = |text: &str| network_text(&text.parse().unwrap());
        assert_eq!(shown("203.0.113.7/32"), "203.0.113.7");
        assert_eq!(shown("2001:db8::/32"), "2001:db8::/32");
    }
}
