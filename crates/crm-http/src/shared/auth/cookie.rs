//! Browsers' sessions.

use std::{sync::Arc, time::Duration};

use actix_web::HttpRequest;
use crm_domain::{
    Result,
    control::session::{Cookie, Session},
    stamp::Stamp,
    usecase::browser_session,
};

use super::{Auth, UserPrincipal};
use crate::shared::{call::Call, session_cookie::session_cookie, tenant::block};

/// How exactly the last use of a session is known.
const PRECISION: Duration = Duration::from_secs(60);

/// The user whose session's cookie a request came with, noted on the call; `None` where there is none in force. Whether the request is one of this
/// server's pages is still to be checked, against the cookie ([`crate::shared::csrf::check`]).
///
/// # Errors
/// When a database is down. That is not the client's doing: it is told so, and nothing is counted.
pub(crate) async fn recognise(call: &Call, request: &HttpRequest) -> Result<Option<(Cookie, Arc<UserPrincipal>)>> {
    let Some(cookie) = session_cookie(request.head()) else {
        return Ok(None);
    };
    let idle = call.app.settings.sessions.idle();
    let principal = call.app.auth.cookie_principal(&cookie, call.received_at, idle).await?;
    Ok(principal.map(|principal| {
        call.set_user(Arc::clone(&principal));
        (cookie, principal)
    }))
}

impl Auth {
    /// The user of a cookie, while user, tenant and session are in force; current as of this call, but for the last use, which is known to
    /// the minute. Using a session keeps it alive: it ends when it was not used for longer than `idle`.
    pub async fn cookie_principal(&self, cookie: &Cookie, now: Stamp, idle: Duration) -> Result<Option<Arc<UserPrincipal>>> {
        let digest = cookie.digest();
        let known = match self.cookies.get(&digest).filter(|known| now.since(known.last_seen_at) < PRECISION) {
            Some(known) => known,
            None => match self.find_and_touch(cookie.clone(), now, idle).await? {
                Some(session) => {
                    let session = Arc::new(session);
                    self.cookies.insert(digest, Arc::clone(&session));
                    session
                }
                None => return Ok(None),
            },
        };
        if known.is_over(now, idle) {
            return Ok(None);
        }
        // Whether it was ended early, the epoch tells.
        self.user_principal(known.user_id, known.id).await
    }

    async fn find_and_touch(&self, cookie: Cookie, now: Stamp, idle: Duration) -> Result<Option<Session>> {
        let control = Arc::clone(&self.control);
        block(move || {
            let Some(session) = browser_session::find(&*control, &cookie, now, idle)? else {
                return Ok(None);
            };
            if now.since(session.last_seen_at) < PRECISION {
                return Ok(Some(session));
            }
            browser_session::touch(&*control, &session, idle)
        })
        .await
    }
}
