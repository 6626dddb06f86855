//! Sessions of browsers, which a cookie carries (contract D-154 … D-164, X-145).

use std::time::Duration;

use crate::{
    clock::Entropy,
    control::{
        ControlStore,
        session::{Cookie, NewSession, Session},
        user::User,
    },
    error::Result,
    usecase::sign_in::SignInError,
};

/// Opens a session for a user whose password was verified; it ends after `lifetime` at the latest. A user who was deactivated or got another
/// password since it was read is not let in: no session outlives what ended all others.
pub fn open(
    control: &dyn ControlStore,
    entropy: &dyn Entropy,
    user: &User,
    lifetime: Duration,
) -> Result<Result<(Session, Cookie), SignInError>> {
    let cookie = Cookie::random(entropy);
    control.writing(|unit| {
        let now = unit.users().lookup(user.id)?;
        if now.is_none_or(|now| !now.is_active || now.password != user.password) {
            return Ok(Err(SignInError::BadCredentials));
        }
        let expires_at = unit.stamp().plus(lifetime);
        let session = unit.sessions().add(NewSession {
            user_id: user.id,
            tenant_id: user.tenant_id,
            cookie_digest: Some(cookie.digest()),
            expires_at,
        })?;
        unit.users().note_login(user.id)?;
        Ok(Ok((session, cookie.clone())))
    })
}

/// The session of a cookie as it is now; `None` when there is none or it is over.
pub fn find(control: &dyn ControlStore, cookie: &Cookie, now: crate::stamp::Stamp, idle: Duration) -> Result<Option<Session>> {
    let session = control.reading(|reader| reader.sessions().lookup_cookie(&cookie.digest()))?;
    Ok(session.filter(|session| !session.is_over(now, idle)))
}

/// Notes that a session is used, unless it is over; a session that was ended meanwhile is not woken.
pub fn touch(control: &dyn ControlStore, session: &Session, idle: Duration) -> Result<Option<Session>> {
    control.writing(|unit| {
        let now = unit.stamp();
        let Some(known) = unit.sessions().lookup(session.id)?.filter(|known| !known.is_over(now, idle)) else {
            return Ok(None);
        };
        unit.sessions().touch(known.id, now)?;
        unit.sessions().lookup(known.id)
    })
}
