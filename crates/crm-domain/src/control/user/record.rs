//! Writing users, with what their changes tell.

use serde::Serialize;

use super::{NewUser, Role, User};
use crate::{
    control::{
        ControlUnit,
        change::{self, Told},
    },
    error::Result,
    field::{Email, Text},
    id::{RecordId, TenantId, UserId},
    tenant::change::{Actor, EntityKind, Origin},
};

/// Keeps a new user and records it.
///
/// # Errors
/// [`Error::Duplicate`](crate::Error::Duplicate) for an email that is taken in the deployment.
pub fn add(unit: &mut dyn ControlUnit, origin: &Origin, new: NewUser) -> Result<User> {
    let user = unit.users().add(new)?;
    change::created(unit, origin, &user)?;
    Ok(user)
}

/// Keeps a new user who made itself, by a registration or an invitation.
///
/// # Errors
/// As [`add`].
pub fn add_itself(unit: &mut dyn ControlUnit, family: &'static str, new: NewUser) -> Result<User> {
    let user = unit.users().add(new)?;
    let origin = Origin {
        actor: Actor::User(user.id),
        family,
    };
    change::created(unit, &origin, &user)?;
    Ok(user)
}

/// Keeps a user's new values and records what of them differs.
///
/// # Errors
/// As [`add`].
pub fn update(unit: &mut dyn ControlUnit, origin: &Origin, before: &User, after: &User) -> Result<()> {
    unit.users().update(after)?;
    change::updated(unit, origin, before, after)
}

/// What changes tell of a user.
#[derive(Serialize)]
pub(in crate::control) struct Fields<'a> {
    email: Option<&'a Email>,
    name: Option<&'a Text<255>>,
    role: Role,
    is_active: bool,
    manager_id: Option<UserId>,
    office: Option<&'a Text<100>>,
}

impl Told for User {
    const KIND: EntityKind = EntityKind::User;
    type Fields<'a> = Fields<'a>;

    fn tenant_id(&self) -> TenantId {
        self.tenant_id
    }

    fn id(&self) -> i64 {
        self.id.get()
    }

    fn fields(&self) -> Fields<'_> {
        Fields {
            email: self.email.as_ref(),
            name: self.name.as_ref(),
            role: self.role,
            is_active: self.is_active,
            manager_id: self.manager_id,
            office: self.office.as_ref(),
        }
    }

    fn changed_secret(&self, before: &Self) -> Option<&'static str> {
        (self.password != before.password).then_some("password")
    }
}
