//! Minting, changing and revoking API keys (contract A-15 … … A-103).

use crate::{
    control::{
        ControlStore,
        api_key::{ApiKey, ApiKeyDraft, ApiKeyFields, KeyHash, KeyText, NewApiKey},
    },
    error::{Error, Result},
    field::Check,
    id::{ApiKeyId, RecordId, TenantId, UserId},
};

/// Keeps a new key; `hash` is the key's, made on the caller's bounded pool.
pub fn mint(
    control: &dyn ControlStore,
    tenant_id: TenantId,
    created_by: UserId,
    key: &KeyText,
    hash: KeyHash,
    fields: ApiKeyFields,
) -> Result<ApiKey> {
    control.writing(|unit| {
        unit.api_keys().add(NewApiKey {
            tenant_id,
            family: key.family(),
            public_id: key.public_id().to_owned(),
            hash: hash.clone(),
            fields: fields.clone(),
            created_by,
        })
    })
}

/// The tenant's key with this id, revoked or not.
///
/// # Errors
/// [`Error::NotFound`].
pub fn lookup(control: &dyn ControlStore, tenant: TenantId, id: ApiKeyId) -> Result<ApiKey> {
    let key = control.reading(|reader| reader.api_keys().lookup(tenant, id))?;
    key.ok_or_else(|| Error::not_found(ApiKeyId::NOUN, id))
}

/// Changes a key's fields; takes effect with the next request.
pub fn update(control: &dyn ControlStore, tenant: TenantId, id: ApiKeyId, draft: ApiKeyDraft, check: Check) -> Result<ApiKey> {
    control.writing(|unit| {
        let key = unit
            .api_keys()
            .lookup(tenant, id)?
            .ok_or_else(|| Error::not_found(ApiKeyId::NOUN, id))?;
        let fields = key.fields.updated(draft, key.family, unit.stamp(), check)?;
        let key = ApiKey { fields, ..key };
        unit.api_keys().update(&key)?;
        Ok(key)
    })
}

/// Revokes a key; the very next request with it is turned away. Revoking twice changes nothing.
pub fn revoke(control: &dyn ControlStore, tenant: TenantId, id: ApiKeyId) -> Result<ApiKey> {
    control.writing(|unit| {
        let key = unit
            .api_keys()
            .lookup(tenant, id)?
            .ok_or_else(|| Error::not_found(ApiKeyId::NOUN, id))?;
        if key.revoked_at.is_some() {
            return Ok(key);
        }
        let key = ApiKey {
            revoked_at: Some(unit.stamp()),
            ..key
        };
        unit.api_keys().update(&key)?;
        Ok(key)
    })
}
