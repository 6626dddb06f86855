//! Sessions: what a user's tokens and cookies hang on. Ending a session ends them all.

use crate::{
    error::Result,
    id::{SessionId, TenantId, UserId},
    stamp::Stamp,
};

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
