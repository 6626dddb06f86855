//! Administering a tenant's users (contract C-109, C-110, X-97).

use std::collections::HashSet;

use crate::{
    control::{
        ControlStore, ControlUnit,
        api_key::{self, ApiKey, KeyFamily},
        user::{self, PasswordHash, Role, User, UserChanges, UserFields},
    },
    error::{Error, Problem, Result},
    field::{Check, Email, Patch, Text},
    id::{RecordId, SessionId, TenantId, UserId},
    stamp::Stamp,
    tenant::change::Origin,
};

/// The tenant's user with this id, active or not.
///
/// # Errors
/// [`Error::NotFound`].
pub fn lookup(control: &dyn ControlStore, tenant: TenantId, id: UserId) -> Result<User> {
    let user = control.reading(|reader| reader.users().lookup(id))?;
    of_tenant(user, tenant, id)
}

/// Keeps a new user, who signs in with this password.
///
/// # Errors
/// [`Error::Duplicate`] for an email that is taken in the deployment, [`Error::Invalid`] for a manager of another tenant
/// or one who is kept out.
pub fn create(unit: &mut dyn ControlUnit, origin: &Origin, tenant: TenantId, fields: UserFields, password: PasswordHash) -> Result<User> {
    check_manager(unit, tenant, fields.manager_id)?;
    user::add(unit, origin, fields.with_password(tenant, password))
}

/// Changes a user's fields, unless `may_write_over` says no to the time of its last change: then the answer is `None`.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Invalid`] for a manager of another tenant, one who is kept out, or one who reports to the user.
pub fn update(
    control: &dyn ControlStore,
    origin: &Origin,
    tenant: TenantId,
    id: UserId,
    changes: UserChanges,
    check: Check,
    may_write_over: impl FnOnce(Stamp) -> bool,
) -> Result<Option<User>> {
    control.writing(|unit| change_while(unit, origin, tenant, id, may_write_over, |user| changes.apply(user, check)))
}

/// Changes a user as `edit` says, unless `may_write_over` says no to the time of its last change: then the answer is `None`.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::State`] for the last active Admin; those of `edit`.
pub fn change_while(
    unit: &mut dyn ControlUnit,
    origin: &Origin,
    tenant: TenantId,
    id: UserId,
    may_write_over: impl FnOnce(Stamp) -> bool,
    edit: impl FnOnce(User) -> Result<User>,
) -> Result<Option<User>> {
    let user = of_tenant(unit.users().lookup(id)?, tenant, id)?;
    if !may_write_over(user.updated_at) {
        return Ok(None);
    }
    change_in(unit, origin, tenant, id, None, edit).map(Some)
}

/// Gives a user another role; it counts with the next request.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::State`] for the last active Admin.
pub fn set_role(control: &dyn ControlStore, origin: &Origin, tenant: TenantId, id: UserId, role: Role) -> Result<User> {
    change(control, origin, tenant, id, |user| User { role, ..user })
}

/// Keeps a user out, or lets it in again. Who is kept out loses every session at once, and signs in anew when let in again.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::State`] for the last active Admin.
pub fn set_active(control: &dyn ControlStore, origin: &Origin, tenant: TenantId, id: UserId, is_active: bool) -> Result<User> {
    change(control, origin, tenant, id, |user| User { is_active, ..user })
}

/// Gives a user another password; ends all of the user's sessions.
///
/// # Errors
/// [`Error::NotFound`].
pub fn set_password(control: &dyn ControlStore, origin: &Origin, tenant: TenantId, id: UserId, password: PasswordHash) -> Result<User> {
    change(control, origin, tenant, id, |user| User {
        password: Some(password),
        ..user
    })
}

/// Gives `user` another password, at its own wish; ends all of its sessions but this one. `user` is as it was when its old password was
/// verified: one that was changed in the meantime is the wrong one.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Invalid`] for an old password that no longer is.
pub fn change_password(
    unit: &mut dyn ControlUnit,
    origin: &Origin,
    user: &User,
    session: SessionId,
    password: PasswordHash,
) -> Result<User> {
    change_in(unit, origin, user.tenant_id, user.id, Some(session), |now| {
        if now.password != user.password {
            return Err(wrong_password());
        }
        Ok(User {
            password: Some(password),
            ..now
        })
    })
}

/// Gives a user another email or name, at its own wish. Its sessions go on.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Duplicate`] for an email that is taken in the deployment.
pub fn change_identity(
    control: &dyn ControlStore,
    origin: &Origin,
    tenant: TenantId,
    id: UserId,
    identity: Identity,
    keep: impl FnOnce(&mut dyn ControlUnit) -> Result<()>,
) -> Result<User> {
    control.writing(|unit| {
        let user = change_in(unit, origin, tenant, id, None, |user| {
            Ok(User {
                email: identity.email.or_current(user.email.clone()),
                name: identity.name.or_current(user.name.clone()),
                ..user
            })
        })?;
        keep(unit)?;
        Ok(user)
    })
}

/// Who a user is, as the user says: what is kept stays.
#[derive(Debug, Clone, Default)]
pub struct Identity {
    /// What it signs in with; it cannot be cleared.
    pub email: Patch<Email>,
    /// The display name.
    pub name: Patch<Text<255>>,
}

/// Closes a user's account, at its own wish and for ever: nobody signs in with it again, its sessions, settings and keys of family D go, and
/// its email is free. The records that it owns stay, and so does its row, which they refer to, without its name (contract X-147).
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Conflict`] for the last active Admin.
pub fn close_account(control: &dyn ControlStore, origin: &Origin, tenant: TenantId, id: UserId) -> Result<()> {
    control.writing(|unit| {
        change_in(unit, origin, tenant, id, None, |user| {
            Ok(User {
                email: None,
                name: None,
                password: None,
                is_active: false,
                ..user
            })
        })?;
        unit.user_settings().remove_all(id)?;
        let now = unit.stamp();
        for key in unit.api_keys().list_of_user(tenant, id, KeyFamily::Contacts)? {
            if key.revoked_at.is_none() {
                let revoked_at = Some(now);
                let revoked = ApiKey { revoked_at, ..key.clone() };
                api_key::update(unit, origin, &key, &revoked)?;
            }
        }
        Ok(())
    })
}

/// The old password is not the user's.
pub fn wrong_password() -> Error {
    Error::invalid("old_password", Problem::Rule("is not right".to_owned()))
}

fn change(control: &dyn ControlStore, origin: &Origin, tenant: TenantId, id: UserId, edit: impl FnOnce(User) -> User) -> Result<User> {
    control.writing(|unit| change_in(unit, origin, tenant, id, None, |user| Ok(edit(user))))
}

/// Every change of an existing user comes through here: transactions run one after another, so that of two that would take the last two
/// Admins away, the second finds the last one.
fn change_in(
    unit: &mut dyn ControlUnit,
    origin: &Origin,
    tenant: TenantId,
    id: UserId,
    kept: Option<SessionId>,
    edit: impl FnOnce(User) -> Result<User>,
) -> Result<User> {
    let before = of_tenant(unit.users().lookup(id)?, tenant, id)?;
    let after = edit(before.clone())?;
    if after == before {
        return Ok(before);
    }
    check_last_admin(unit, &before, &after)?;
    if after.manager_id != before.manager_id {
        check_manager(unit, tenant, after.manager_id)?;
        check_line(unit, &after)?;
    }
    let after = User {
        updated_at: unit.stamp(),
        ..after
    };
    user::update(unit, origin, &before, &after)?;
    if after.password != before.password || !after.is_active {
        unit.sessions().end_all(id, kept)?;
    }
    Ok(after)
}

fn of_tenant(user: Option<User>, tenant: TenantId, id: UserId) -> Result<User> {
    let user = user.filter(|user| user.tenant_id == tenant);
    user.ok_or_else(|| Error::not_found(UserId::NOUN, id))
}

/// A tenant without an active Admin could never be administered again.
fn check_last_admin(unit: &mut dyn ControlUnit, before: &User, after: &User) -> Result<()> {
    let is_admin = |user: &User| user.is_active && user.role == Role::Admin;
    if !is_admin(before) || is_admin(after) {
        return Ok(());
    }
    let users = unit.users().list(before.tenant_id)?;
    if users.iter().any(|user| user.id != before.id && is_admin(user)) {
        return Ok(());
    }
    Err(Error::state(
        UserId::NOUN,
        before.id,
        "the last active Admin",
        "taken away before there is another",
    ))
}

/// Whom a user reports to from now on is an active user of the tenant.
///
/// # Errors
/// [`Error::Invalid`].
pub(super) fn check_manager(unit: &mut dyn ControlUnit, tenant: TenantId, manager: Option<UserId>) -> Result<()> {
    let Some(manager) = manager else { return Ok(()) };
    let manager = unit.users().lookup(manager)?.filter(|manager| manager.tenant_id == tenant);
    match manager {
        None => Err(Error::invalid("manager_id", Problem::Reference { noun: UserId::NOUN })),
        Some(manager) if !manager.is_active => {
            let problem = Problem::Rule("must name an active user".to_owned());
            Err(Error::invalid("manager_id", problem))
        }
        Some(_) => Ok(()),
    }
}

/// Nobody reports to itself, directly or through others.
fn check_line(unit: &mut dyn ControlUnit, user: &User) -> Result<()> {
    let (mut above, mut met) = (user.manager_id, HashSet::new());
    // Lines that were imported may run in a circle of others.
    while let Some(manager) = above.filter(|manager| met.insert(*manager)) {
        if manager == user.id {
            let problem = Problem::Rule("must not be the user or somebody who reports to the user".to_owned());
            return Err(Error::invalid("manager_id", problem));
        }
        above = unit.users().lookup(manager)?.and_then(|manager| manager.manager_id);
    }
    Ok(())
}
