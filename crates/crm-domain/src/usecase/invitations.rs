//! Inviting people to become users, and their acceptance.

use std::time::Duration;

use super::{
    sign_in::{SignInError, SignedIn, begin_session},
    users,
};
use crate::{
    clock::{Clock, Entropy},
    control::{
        ControlStore, ControlUnit,
        invitation::{self, Invitation, InvitationState, InvitationToken, LIFETIME, NewInvitation},
        refresh_token::RefreshToken,
        user::{self, PasswordHash, UserFields},
    },
    error::{Error, Result},
    field::Text,
    id::{InvitationId, RecordId, TenantId, UserId},
    tenant::change::{Actor, Origin},
};

/// Invites somebody. The token is nowhere but in the answer.
///
/// # Errors
/// [`Error::Duplicate`] when the deployment has a user with this email, or the tenant a pending invitation of it; [`Error::Invalid`] for a
/// manager of another tenant.
pub fn invite(
    unit: &mut dyn ControlUnit,
    entropy: &dyn Entropy,
    origin: &Origin,
    tenant: TenantId,
    invited_by: UserId,
    fields: UserFields,
) -> Result<(InvitationToken, Invitation)> {
    let token = InvitationToken::random(entropy);
    check_new(unit, tenant, &fields)?;
    let expires_at = unit.stamp().plus(LIFETIME);
    let new = NewInvitation {
        tenant_id: tenant,
        fields,
        digest: token.digest(),
        invited_by,
        expires_at,
    };
    Ok((token, invitation::add(unit, origin, new)?))
}

fn check_new(unit: &mut dyn ControlUnit, tenant: TenantId, fields: &UserFields) -> Result<()> {
    let taken = |noun| Error::Duplicate { noun, field: "email" };
    if unit.users().lookup_email(fields.email.as_str())?.is_some() {
        return Err(taken(UserId::NOUN));
    }
    let now = unit.stamp();
    let earlier = unit.invitations().lookup_email(tenant, &fields.email)?;
    if earlier.is_some_and(|earlier| earlier.is_pending(now)) {
        return Err(taken(InvitationId::NOUN));
    }
    users::check_manager(unit, tenant, fields.manager_id)
}

/// Revokes an invitation: its token dies at once. Revoking it twice changes nothing.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::State`] when it was accepted.
pub fn revoke(control: &dyn ControlStore, origin: &Origin, tenant: TenantId, id: InvitationId) -> Result<()> {
    control.writing(|unit| {
        let invitation = unit.invitations().lookup(tenant, id)?;
        let invitation = invitation.ok_or_else(|| Error::not_found(InvitationId::NOUN, id))?;
        match invitation.state(unit.stamp()) {
            InvitationState::Accepted => Err(Error::state(InvitationId::NOUN, id, "accepted", "revoked")),
            InvitationState::Revoked => Ok(()),
            InvitationState::Pending | InvitationState::Expired => {
                let revoked_at = Some(unit.stamp());
                let revoked = Invitation {
                    revoked_at,
                    ..invitation.clone()
                };
                invitation::close(unit, origin, &invitation, &revoked)
            }
        }
    })
}

/// Whether a token can be accepted now; asked before a password is hashed, which costs more. [`accept`] decides.
pub fn check(control: &dyn ControlStore, clock: &dyn Clock, presented: &str) -> Result<Result<InvitationToken, SignInError>> {
    let Some(token) = InvitationToken::presented(presented) else {
        return Ok(Err(SignInError::BadInvitation));
    };
    let invitation = control.reading(|reader| reader.invitations().lookup_digest(&token.digest()))?;
    let pending = invitation.is_some_and(|invitation| invitation.is_pending(clock.now()));
    Ok(if pending { Ok(token) } else { Err(SignInError::BadInvitation) })
}

/// Makes the user that an invitation is for, and signs it in, in one transaction: of two acceptances the second finds the token used.
/// `name` wins over the one that the Admin gave. Who accepts acts through `family`, as the user that is made.
///
/// # Errors
/// [`Error::Duplicate`] when the email was taken in the meantime.
pub fn accept(
    control: &dyn ControlStore,
    entropy: &dyn Entropy,
    family: &'static str,
    token: &InvitationToken,
    name: Option<Text<255>>,
    password: PasswordHash,
    lifetime: Duration,
) -> Result<Result<SignedIn, SignInError>> {
    let refresh_token = RefreshToken::random(entropy);
    control.writing(|unit| {
        let now = unit.stamp();
        let invitation = unit.invitations().lookup_digest(&token.digest())?;
        let Some(invitation) = invitation.filter(|invitation| invitation.is_pending(now)) else {
            return Ok(Err(SignInError::BadInvitation));
        };
        let tenant = unit.tenants().lookup(invitation.tenant_id)?;
        if tenant.is_none_or(|tenant| !tenant.is_active) {
            return Ok(Err(SignInError::BadInvitation));
        }
        let mut fields = invitation.fields.clone();
        fields.name = name.or(fields.name);
        let user = user::add_itself(unit, family, fields.with_password(invitation.tenant_id, password))?;
        let accepted = Invitation {
            accepted: Some((now, user.id)),
            ..invitation.clone()
        };
        let origin = Origin {
            actor: Actor::User(user.id),
            family,
        };
        invitation::close(unit, &origin, &invitation, &accepted)?;
        begin_session(unit, user, refresh_token, lifetime).map(Ok)
    })
}
