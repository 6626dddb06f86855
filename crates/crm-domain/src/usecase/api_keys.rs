//! Minting, changing and revoking API keys (contract A-15 … … A-103).

use crate::{
    control::{
        ControlStore, ControlUnit,
        api_key::{self, ApiKey, ApiKeyDraft, ApiKeyFields, KeyFamily, KeyHash, KeyText, NewApiKey},
        user::{Permission, User},
    },
    error::{Error, Result},
    field::Check,
    id::{ApiKeyId, RecordId, TenantId, UserId},
    tenant::change::Origin,
};

/// Keeps a new key; `hash` is the key's, made on the caller's bounded pool.
///
/// # Errors
/// [`Error::Forbidden`] when the creator may not make keys, or may not do itself what the key is to be granted.
pub fn mint(
    unit: &mut dyn ControlUnit,
    origin: &Origin,
    tenant_id: TenantId,
    created_by: UserId,
    key: &KeyText,
    hash: KeyHash,
    fields: ApiKeyFields,
) -> Result<ApiKey> {
    let creator = maker(unit, tenant_id, created_by, Some(key.family()))?;
    let held: Vec<_> = key.family().grants_by(creator.role).collect();
    if let Some(grant) = fields.grants.iter().find(|grant| !held.contains(&grant.as_str())) {
        let role = creator.role.as_str();
        return Err(Error::Forbidden(format!("a {role} may not give an API key the grant {grant:?}")));
    }
    let new = NewApiKey {
        tenant_id,
        family: key.family(),
        public_id: key.public_id().to_owned(),
        hash,
        fields,
        created_by,
    };
    api_key::add(unit, origin, new)
}

/// The tenant's key with this id, revoked or not.
///
/// # Errors
/// [`Error::NotFound`].
pub fn lookup(control: &dyn ControlStore, tenant: TenantId, id: ApiKeyId) -> Result<ApiKey> {
    let key = control.reading(|reader| reader.api_keys().lookup(tenant, id))?;
    key.ok_or_else(|| Error::not_found(ApiKeyId::NOUN, id))
}

/// Who keeps a tenant's keys: an active user of the tenant whose role has the permission.
fn keeper(unit: &mut dyn ControlUnit, tenant: TenantId, id: UserId) -> Result<User> {
    maker(unit, tenant, id, None)
}

/// Who makes a key: whoever keeps keys, and of family D every active user for itself (contract D-208, D-210).
fn maker(unit: &mut dyn ControlUnit, tenant: TenantId, id: UserId, family: Option<KeyFamily>) -> Result<User> {
    let user = unit.users().lookup(id)?.filter(|user| user.tenant_id == tenant);
    let user = user.ok_or_else(|| Error::not_found(UserId::NOUN, id))?;
    if user.is_active && (family == Some(KeyFamily::Contacts) || user.role.may(Permission::ManageApiKeys)) {
        return Ok(user);
    }
    let role = user.role.as_str();
    Err(Error::Forbidden(if user.is_active {
        format!("a {role} may not manage API keys")
    } else {
        "a deactivated user may not manage API keys".to_owned()
    }))
}

/// The key, for `actor` to change, and its creator: whose role is higher than the actor's, that one's keys the actor leaves alone.
fn to_change(unit: &mut dyn ControlUnit, tenant: TenantId, id: ApiKeyId, actor: UserId) -> Result<(ApiKey, User)> {
    let key = unit
        .api_keys()
        .lookup(tenant, id)?
        .ok_or_else(|| Error::not_found(ApiKeyId::NOUN, id))?;
    let actor = keeper(unit, tenant, actor)?;
    let creator = unit.users().lookup(key.created_by)?;
    let creator = creator.ok_or_else(|| Error::Internal(format!("the creator of API key {id} is missing")))?;
    if creator.role > actor.role {
        let (actor, creator) = (actor.role.as_str(), creator.role.as_str());
        return Err(Error::Forbidden(format!("a {actor} may not change an {creator}'s API key")));
    }
    Ok((key, creator))
}

/// Revokes a key of this family that the user made; to everybody else there is no such key.
///
/// # Errors
/// [`Error::NotFound`].
pub fn revoke_own(
    control: &dyn ControlStore,
    origin: &Origin,
    tenant: TenantId,
    user: UserId,
    family: KeyFamily,
    id: ApiKeyId,
) -> Result<ApiKey> {
    let key = lookup(control, tenant, id)?;
    if key.created_by != user || key.family != family {
        return Err(Error::not_found(ApiKeyId::NOUN, id));
    }
    revoke(control, origin, tenant, id)
}

/// Changes a key's fields; takes effect with the next request. Its grants stay among those that its creator, too, can give.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Forbidden`] for the key of a creator with a higher role than the actor's; [`Error::State`] for a revoked one.
pub fn update(
    control: &dyn ControlStore,
    origin: &Origin,
    tenant: TenantId,
    id: ApiKeyId,
    actor: UserId,
    draft: ApiKeyDraft,
    check: Check,
) -> Result<ApiKey> {
    control.writing(|unit| {
        let (key, creator) = to_change(unit, tenant, id, actor)?;
        if key.revoked_at.is_some() {
            return Err(Error::state(ApiKeyId::NOUN, id, "revoked", "changed"));
        }
        let fields = key.fields.updated(draft, key.family, creator.role, unit.stamp(), check)?;
        let changed = ApiKey { fields, ..key.clone() };
        api_key::update(unit, origin, &key, &changed)?;
        Ok(changed)
    })
}

/// Revokes a key on a user's behalf, who may revoke only what it may change.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Forbidden`] for the key of a creator with a higher role than the actor's.
pub fn revoke_as(control: &dyn ControlStore, origin: &Origin, tenant: TenantId, id: ApiKeyId, actor: UserId) -> Result<ApiKey> {
    control.writing(|unit| {
        let (key, _) = to_change(unit, tenant, id, actor)?;
        revoke_in(unit, origin, key)
    })
}

/// Revokes a key on the operator's behalf; the very next request with it is turned away. Revoking twice changes nothing.
pub fn revoke(control: &dyn ControlStore, origin: &Origin, tenant: TenantId, id: ApiKeyId) -> Result<ApiKey> {
    control.writing(|unit| {
        let key = unit
            .api_keys()
            .lookup(tenant, id)?
            .ok_or_else(|| Error::not_found(ApiKeyId::NOUN, id))?;
        revoke_in(unit, origin, key)
    })
}

fn revoke_in(unit: &mut dyn ControlUnit, origin: &Origin, key: ApiKey) -> Result<ApiKey> {
    if key.revoked_at.is_some() {
        return Ok(key);
    }
    let revoked = ApiKey {
        revoked_at: Some(unit.stamp()),
        ..key.clone()
    };
    api_key::update(unit, origin, &key, &revoked)?;
    Ok(revoked)
}
