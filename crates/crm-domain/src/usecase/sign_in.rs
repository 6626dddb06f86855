//! Signing in, refreshing and signing out (contract C-11 … C-31, X-83 … X-85).

use std::time::Duration;

use crate::{
    clock::{Clock, Entropy},
    control::{
        ControlStore, ControlUnit,
        refresh_token::{GRACE, RefreshToken, RefreshTokenRecord},
        session::NewSession,
        user::User,
    },
    error::Result,
    id::SessionId,
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

/// The user behind an email, when somebody can sign in as it. The password is verified by the caller, on its bounded pool.
pub fn candidate(control: &dyn ControlStore, email: &str) -> Result<Option<User>> {
    control.reading(|reader| {
        let Some(user) = reader.users().lookup_email(email.trim())? else {
            return Ok(None);
        };
        let tenant = reader.tenants().lookup(user.tenant_id)?;
        let may_enter = user.is_active && user.password.is_some() && tenant.is_some_and(|tenant| tenant.is_active);
        Ok(may_enter.then_some(user))
    })
}

/// Opens a session for a user whose password was verified; its refresh token lives for `lifetime`.
pub fn open_session(control: &dyn ControlStore, entropy: &dyn Entropy, user: User, lifetime: Duration) -> Result<SignedIn> {
    let refresh_token = RefreshToken::random(entropy);
    let session = control.writing(|unit| {
        let expires_at = unit.stamp().plus(lifetime);
        let session = unit.sessions().add(NewSession {
            user_id: user.id,
            tenant_id: user.tenant_id,
            cookie_digest: None,
            expires_at,
        })?;
        keep_token(unit, &refresh_token, session.id, expires_at)?;
        Ok(session.id)
    })?;
    Ok(SignedIn {
        user,
        session,
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
) -> Result<Result<SignedIn, SignInError>> {
    let Some(token) = RefreshToken::presented(presented) else {
        return Ok(Err(SignInError::BadRefreshToken));
    };
    let successor = token.successor(secret)?;
    let now = clock.now();
    control.writing(|unit| {
        let Some(record) = unit
            .refresh_tokens()
            .lookup(&token.digest())?
            .filter(|record| record.expires_at > now)
        else {
            return Ok(Err(SignInError::BadRefreshToken));
        };
        let Some(user) = live_user(unit, record.session_id)? else {
            return Ok(Err(SignInError::BadRefreshToken));
        };
        match record.used_at {
            Some(used_at) if now.since(used_at) > GRACE => {
                unit.sessions().end(record.session_id)?;
                return Ok(Err(SignInError::RefreshTokenReused));
            }
            Some(_) => {}
            None => {
                unit.refresh_tokens().mark_used(&record.digest, now)?;
                unit.sessions().touch(record.session_id, now)?;
                keep_token(unit, &successor, record.session_id, now.plus(lifetime))?;
            }
        }
        Ok(Ok(SignedIn {
            user,
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

/// The user of a session that has not ended, when both user and tenant are active. A session lives as long as its newest token.
fn live_user(unit: &mut dyn ControlUnit, session: SessionId) -> Result<Option<User>> {
    let Some(session) = unit.sessions().lookup(session)?.filter(|session| session.ended_at.is_none()) else {
        return Ok(None);
    };
    let tenant = unit.tenants().lookup(session.tenant_id)?;
    let user = unit.users().lookup(session.user_id)?;
    Ok(user.filter(|user| user.is_active && tenant.is_some_and(|tenant| tenant.is_active)))
}
