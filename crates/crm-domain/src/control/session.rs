//! Sessions: what a user's tokens and cookies hang on. Ending a session ends them all.

use std::time::Duration;

use super::refresh_token::{digest, may_be_opaque, opaque};
use crate::{
    clock::Entropy,
    error::Result,
    id::{SessionId, TenantId, UserId},
    stamp::Stamp,
};

/// A session's cookie as the browser holds it: 256 bits, base64url.
#[derive(Clone, PartialEq, Eq)]
pub struct Cookie(String);

impl std::fmt::Debug for Cookie {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cookie(…)")
    }
}

impl Cookie {
    /// The cookie of a new session.
    pub fn random(entropy: &dyn Entropy) -> Self {
        Self(opaque(entropy))
    }

    /// A cookie that a client presents; texts of another length cannot be one.
    pub fn presented(text: &str) -> Option<Self> {
        may_be_opaque(text).then(|| Self(text.to_owned()))
    }

    /// SHA-256, hex: what is stored.
    pub fn digest(&self) -> String {
        digest(&self.0)
    }

    /// The cookie itself, for its client.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A session. One made by a login of family C has refresh tokens, one made by a browser has a cookie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The id; the `sid` claim of access tokens.
    pub id: SessionId,
    /// Its user.
    pub user_id: UserId,
    /// The user's tenant.
    pub tenant_id: TenantId,
    /// SHA-256 of the cookie, hex, for browsers.
    pub cookie_digest: Option<String>,
    /// When the user last proved the password.
    pub created_at: Stamp,
    /// When it was last used; kept to the minute.
    pub last_seen_at: Stamp,
    /// When its first token or cookie ends; a session that is refreshed lives on with its newest refresh token.
    pub expires_at: Stamp,
    /// When it was ended early.
    pub ended_at: Option<Stamp>,
}

impl Session {
    /// Whether a browser's session is over: ended, at its end, or not used for longer than `idle`.
    pub fn is_over(&self, now: Stamp, idle: Duration) -> bool {
        self.ended_at.is_some() || self.expires_at <= now || now.since(self.last_seen_at) > idle
    }
}

/// A session on its way into the store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of Session")]
pub struct NewSession {
    pub user_id: UserId,
    pub tenant_id: TenantId,
    pub cookie_digest: Option<String>,
    pub expires_at: Stamp,
}

/// Reads sessions.
pub trait SessionReads {
    /// The session with this id, ended or not.
    fn lookup(&mut self, id: SessionId) -> Result<Option<Session>>;
    /// The session with this cookie digest, ended or not.
    fn lookup_cookie(&mut self, digest: &str) -> Result<Option<Session>>;
}

/// Writes sessions.
pub trait SessionRepository: SessionReads {
    /// Keeps a new session.
    fn add(&mut self, new: NewSession) -> Result<Session>;
    /// Notes that it was used; does not raise the credential epoch.
    fn touch(&mut self, id: SessionId, at: Stamp) -> Result<()>;
    /// Ends a session; raises the credential epoch.
    fn end(&mut self, id: SessionId) -> Result<()>;
    /// Ends every session of a user but `keep`; raises the credential epoch.
    fn end_all(&mut self, user: UserId, keep: Option<SessionId>) -> Result<()>;
    /// Forgets sessions (and their refresh tokens) that ended or expired before `before`.
    fn purge(&mut self, before: Stamp) -> Result<u64>;
}
