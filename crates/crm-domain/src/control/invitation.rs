//! Invitations: an Admin names an email and a role, whoever holds the token chooses the password.

mod record;

use std::time::Duration;

use super::{
    refresh_token::{digest, may_be_opaque, opaque},
    user::UserFields,
};
use crate::{
    clock::Entropy,
    error::Result,
    field::Email,
    id::{InvitationId, TenantId, UserId},
    page::{Page, Window},
    stamp::Stamp,
};

pub use record::{add, close};

/// How long an invitation can be accepted.
pub const LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What an invited person holds: 256 bits, base64url. Shown once, kept as its digest.
#[derive(Clone, PartialEq, Eq)]
pub struct InvitationToken(String);

impl std::fmt::Debug for InvitationToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InvitationToken(…)")
    }
}

impl InvitationToken {
    /// A new token.
    pub fn random(entropy: &dyn Entropy) -> Self {
        Self(opaque(entropy))
    }

    /// A token that somebody presents; texts of another length cannot be one.
    pub fn presented(text: &str) -> Option<Self> {
        may_be_opaque(text).then(|| Self(text.to_owned()))
    }

    /// SHA-256, hex: what is stored.
    pub fn digest(&self) -> String {
        digest(&self.0)
    }

    /// The token itself, for whom it is meant.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The id; shown as `invitation_<id>`.
    pub id: InvitationId,
    /// The tenant that its user will belong to.
    pub tenant_id: TenantId,
    /// What the user will be.
    pub fields: UserFields,
    /// The Admin who invited.
    pub invited_by: UserId,
    /// When.
    pub created_at: Stamp,
    /// From when on it cannot be accepted.
    pub expires_at: Stamp,
    /// When it was accepted, and the user that was made.
    pub accepted: Option<(Stamp, UserId)>,
    /// When it was revoked.
    pub revoked_at: Option<Stamp>,
}

/// How an invitation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the words say it")]
pub enum InvitationState {
    Pending,
    Accepted,
    Revoked,
    Expired,
}

impl InvitationState {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Accepted => "Accepted",
            Self::Revoked => "Revoked",
            Self::Expired => "Expired",
        }
    }
}

impl Invitation {
    /// How it stands at a time.
    pub fn state(&self, now: Stamp) -> InvitationState {
        match (self.accepted, self.revoked_at) {
            (Some(_), _) => InvitationState::Accepted,
            (None, Some(_)) => InvitationState::Revoked,
            (None, None) if self.expires_at <= now => InvitationState::Expired,
            (None, None) => InvitationState::Pending,
        }
    }

    /// Whether it can be accepted at a time.
    pub fn is_pending(&self, now: Stamp) -> bool {
        self.state(now) == InvitationState::Pending
    }
}

/// An invitation on its way into the store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of Invitation")]
pub struct NewInvitation {
    pub tenant_id: TenantId,
    pub fields: UserFields,
    /// [`InvitationToken::digest`].
    pub digest: String,
    pub invited_by: UserId,
    pub expires_at: Stamp,
}

/// Reads invitations.
pub trait InvitationReads {
    /// The tenant's invitation with this id, whatever its state.
    fn lookup(&mut self, tenant: TenantId, id: InvitationId) -> Result<Option<Invitation>>;
    /// The invitation whose token has this digest, whatever its state.
    fn lookup_digest(&mut self, digest: &str) -> Result<Option<Invitation>>;
    /// The tenant's newest invitation of this email, whatever its case.
    fn lookup_email(&mut self, tenant: TenantId, email: &Email) -> Result<Option<Invitation>>;
    /// A tenant's invitations, newest first.
    fn list(&mut self, tenant: TenantId, window: &Window) -> Result<Page<Invitation>>;
}

/// Writes invitations. Callers use [`add`] and [`close`], which also record the change.
pub trait InvitationRepository: InvitationReads {
    /// Keeps a new invitation.
    fn add(&mut self, new: NewInvitation) -> Result<Invitation>;
    /// Keeps that it was accepted or revoked; nothing else of it changes.
    fn close(&mut self, invitation: &Invitation) -> Result<()>;
}
