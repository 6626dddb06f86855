//! Signing in, refreshing and signing out (contract C-11 … C-31, X-83 … X-85).

use std::time::Duration;

use crate::{
    clock::{Clock, Entropy},
    control::{
        ControlStore, ControlUnit,
        refresh_token::{GRACE, RefreshToken, RefreshTokenRecord},
        session::{NewSession, Session},
        tenant::Tenant,
        user::{PasswordHash, User},
    },
    error::Result,
    id::{SessionId, UserId},
    stamp::Stamp,
};

/// Why somebody is not let in. Which of them it is stays in the log; clients see one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// No such email, a wrong password, or a user who may not sign in.
    #[error("email or password is wrong")]
    BadCredentials,
    /// The refresh token is unknown, expired, or its session has ended.
    #[error("the refresh token is invalid or has expired")]
    BadRefreshToken,
    /// The refresh token was used before, longer ago than the grace: its session is ended now.
    #[error("the refresh token was used before; the session is ended")]
    RefreshTokenReused,
    /// The invitation's token is unknown, used, revoked or expired.
    #[error("the invitation is invalid or has expired")]
    BadInvitation,
}

/// A session just opened or refreshed.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who.
    pub user: User,
    /// The session.
    pub session: SessionId,
    /// The token to refresh with.
    pub refresh_token: RefreshToken,
}

/// The user that an email or a token names, whether it is let in or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The user.
    pub user: User,
    /// The user's tenant.
    pub tenant: Tenant,
}

impl Claimed {
    /// What the user's password is verified by; `None` for who may not sign in.
    pub fn password(&self) -> Option<&PasswordHash> {
        self.user.password.as_ref().filter(|_| self.may_enter())
    }

    fn may_enter(&self) -> bool {
        self.user.is_active && self.tenant.is_active
    }
}

/// A refresh that is turned away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Why.
    pub why: SignInError,
    /// Whose token it was; `None` for one that nobody was given.
    pub claimed: Option<Claimed>,
}

/// The user that an email names. The password is verified by the caller, on its bounded pool.
pub fn candidate(control: &dyn ControlStore, email: &str) -> Result<Option<Claimed>> {
    control.reading(|reader| {
        let Some(user) = reader.users().lookup_email(email.trim())? else {
            return Ok(None);
        };
        let tenant = reader.tenants().lookup(user.tenant_id)?;
        Ok(tenant.map(|tenant| Claimed { user, tenant }))
    })
}

/// The user that a token names, which this deployment signed.
pub fn holder(control: &dyn ControlStore, user: UserId) -> Result<Option<Claimed>> {
    control.reading(|reader| {
        let Some(user) = reader.users().lookup(user)? else {
            return Ok(None);
        };
        let tenant = reader.tenants().lookup(user.tenant_id)?;
        Ok(tenant.map(|tenant| Claimed { user, tenant }))
    })
}

/// Opens a session for a user whose password was verified; its refresh token lives for `lifetime`. A user who was deactivated or got
/// another password since it was read is not let in: no session outlives what ended all others.
pub fn open_session(
    control: &dyn ControlStore,
    entropy: &dyn Entropy,
    user: User,
    lifetime: Duration,
) -> Result<Result<SignedIn, SignInError>> {
    let refresh_token = RefreshToken::random(entropy);
    control.writing(|unit| {
        let now = unit.users().lookup(user.id)?;
        if now.is_none_or(|now| !now.is_active || now.password != user.password) {
            return Ok(Err(SignInError::BadCredentials));
        }
        begin_session(unit, user, refresh_token, lifetime).map(Ok)
    })
}

/// The session that a login, a registration or an accepted invitation begins.
pub(super) fn begin_session(unit: &mut dyn ControlUnit, user: User, refresh_token: RefreshToken, lifetime: Duration) -> Result<SignedIn> {
    let expires_at = unit.stamp().plus(lifetime);
    let session = unit.sessions().add(NewSession {
        user_id: user.id,
        tenant_id: user.tenant_id,
        cookie_digest: None,
        expires_at,
    })?;
    keep_token(unit, &refresh_token, session.id, expires_at)?;
    unit.users().note_login(user.id)?;
    Ok(SignedIn {
        user,
        session: session.id,
        refresh_token,
    })
}

/// Exchanges a refresh token for its successor. Within [`GRACE`] of the first use the same successor is given again; later use ends the session.
pub fn refresh(
    control: &dyn ControlStore,
    clock: &dyn Clock,
    secret: &[u8],
    presented: &str,
    lifetime: Duration,
) -> Result<Result<SignedIn, Refused>> {
    let refused = |why, claimed| Ok(Err(Refused { why, claimed }));
    let Some(token) = RefreshToken::presented(presented) else {
        return refused(SignInError::BadRefreshToken, None);
    };
    let successor = token.successor(secret)?;
    let now = clock.now();
    control.writing(|unit| {
        let Some(record) = unit.refresh_tokens().lookup(&token.digest())? else {
            return refused(SignInError::BadRefreshToken, None);
        };
        let session = unit.sessions().lookup(record.session_id)?;
        let claimed = session.as_ref().map(|session| claimed(unit, session)).transpose()?.flatten();
        // A session lives as long as its newest token.
        let is_live = record.expires_at > now && session.is_some_and(|session| session.ended_at.is_none());
        let Some(claimed) = claimed.clone().filter(|claimed| is_live && claimed.may_enter()) else {
            return refused(SignInError::BadRefreshToken, claimed);
        };
        match record.used_at {
            Some(used_at) if now.since(used_at) > GRACE => {
                unit.sessions().end(record.session_id)?;
                return refused(SignInError::RefreshTokenReused, Some(claimed));
            }
            Some(_) => {}
            None => {
                unit.refresh_tokens().mark_used(&record.digest, now)?;
                unit.sessions().touch(record.session_id, now)?;
                keep_token(unit, &successor, record.session_id, now.plus(lifetime))?;
            }
        }
        Ok(Ok(SignedIn {
            user: claimed.user,
            session: record.session_id,
            refresh_token: successor.clone(),
        }))
    })
}

/// Ends a session: its access tokens and refresh tokens die at once.
pub fn sign_out(control: &dyn ControlStore, session: SessionId) -> Result<()> {
    control.writing(|unit| unit.sessions().end(session))
}

fn keep_token(unit: &mut dyn ControlUnit, token: &RefreshToken, session_id: SessionId, expires_at: Stamp) -> Result<()> {
    let created_at = unit.stamp();
    unit.refresh_tokens().add(&RefreshTokenRecord {
        digest: token.digest(),
        session_id,
        created_at,
        expires_at,
        used_at: None,
    })
}

fn claimed(unit: &mut dyn ControlUnit, session: &Session) -> Result<Option<Claimed>> {
    let tenant = unit.tenants().lookup(session.tenant_id)?;
    let user = unit.users().lookup(session.user_id)?;
    Ok(user.zip(tenant).map(|(user, tenant)| Claimed { user, tenant }))
}
