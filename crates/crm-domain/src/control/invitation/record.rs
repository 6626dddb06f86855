//! Writing invitations, with what their changes tell.

use serde::Serialize;

use super::{Invitation, NewInvitation};
use crate::{
    control::{
        ControlUnit,
        change::{self, Told},
        user::Role,
    },
    error::Result,
    field::{Email, Text},
    id::{RecordId, TenantId, UserId},
    stamp::Stamp,
    tenant::change::{EntityKind, Origin},
};

/// Keeps a new invitation and records it.
///
/// # Errors
/// When the database fails.
pub fn add(unit: &mut dyn ControlUnit, origin: &Origin, new: NewInvitation) -> Result<Invitation> {
    let invitation = unit.invitations().add(new)?;
    change::created(unit, origin, &invitation)?;
    Ok(invitation)
}

/// Keeps that an invitation was accepted or revoked, and records it.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound).
pub fn close(unit: &mut dyn ControlUnit, origin: &Origin, before: &Invitation, after: &Invitation) -> Result<()> {
    unit.invitations().close(after)?;
    change::updated(unit, origin, before, after)
}

/// What changes tell of an invitation.
#[derive(Serialize)]
pub(in crate::control) struct Fields<'a> {
    email: &'a Email,
    name: Option<&'a Text<255>>,
    role: Role,
    manager_id: Option<UserId>,
    office: Option<&'a Text<100>>,
    invited_by: UserId,
    expires_at: Stamp,
    accepted_at: Option<Stamp>,
    user_id: Option<UserId>,
    revoked_at: Option<Stamp>,
}

impl Told for Invitation {
    const KIND: EntityKind = EntityKind::Invitation;
    type Fields<'a> = Fields<'a>;

    fn tenant_id(&self) -> TenantId {
        self.tenant_id
    }

    fn id(&self) -> i64 {
        self.id.get()
    }

    fn fields(&self) -> Fields<'_> {
        Fields {
            email: &self.fields.email,
            name: self.fields.name.as_ref(),
            role: self.fields.role,
            manager_id: self.fields.manager_id,
            office: self.fields.office.as_ref(),
            invited_by: self.invited_by,
            expires_at: self.expires_at,
            accepted_at: self.accepted.map(|(at, _)| at),
            user_id: self.accepted.map(|(_, user)| user),
            revoked_at: self.revoked_at,
        }
    }
}
