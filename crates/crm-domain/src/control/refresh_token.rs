//! Refresh tokens: opaque, kept as digests, rotated with each use (contract C-16 … C-20, X-83, X-84).

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::{
    clock::Entropy,
    error::{Error, Result},
    id::SessionId,
    stamp::Stamp,
};

/// How long a used token still answers with the same successor, for clients whose answer was lost.
pub const GRACE: Duration = Duration::from_secs(30);

/// A refresh token as the client holds it: 256 bits, base64url.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken(String);

impl std::fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RefreshToken(…)")
    }
}

impl RefreshToken {
    /// The first token of a session.
    pub fn random(entropy: &dyn Entropy) -> Self {
        Self(opaque(entropy))
    }

    /// A token that a client presents; longer texts cannot be one.
    pub fn presented(text: &str) -> Option<Self> {
        may_be_opaque(text).then(|| Self(text.to_owned()))
    }

    /// The token that replaces this one: derived, so that a repeated refresh within the grace gets the same one without it being stored.
    pub fn successor(&self, secret: &[u8]) -> Result<Self> {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(|error| Error::Internal(error.to_string()))?;
        mac.update(b"refresh-token-successor\0");
        mac.update(self.0.as_bytes());
        Ok(Self(URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())))
    }

    /// SHA-256, hex: what is stored.
    pub fn digest(&self) -> String {
        digest(&self.0)
    }

    /// The token itself, for its client.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// 256 random bits, base64url: what nobody can guess needs no slow hash.
pub(super) fn opaque(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 32];
    entropy.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Whether a text is as long as [`opaque`] ones are.
pub(super) fn may_be_opaque(text: &str) -> bool {
    text.len() == 43
}

/// SHA-256, hex.
pub(super) fn digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A stored refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshTokenRecord {
    /// [`RefreshToken::digest`].
    pub digest: String,
    /// The session it belongs to.
    pub session_id: SessionId,
    /// When it was made.
    pub created_at: Stamp,
    /// When it expires.
    pub expires_at: Stamp,
    /// When it was first used.
    pub used_at: Option<Stamp>,
}

/// Reads and writes refresh tokens.
pub trait RefreshTokenRepository {
    /// The token with this digest.
    fn lookup(&mut self, digest: &str) -> Result<Option<RefreshTokenRecord>>;
    /// Keeps a new token.
    fn add(&mut self, record: &RefreshTokenRecord) -> Result<()>;
    /// Notes the first use.
    fn mark_used(&mut self, digest: &str, at: Stamp) -> Result<()>;
}
