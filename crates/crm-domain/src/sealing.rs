//! Encrypts what must be readable again, such as the secrets that sign webhooks, before it is stored.
//!
//! A sealed value names the key that opens it, so that the deployment's key can be changed: what is sealed from then on uses the new key, and
//! the old one stays among the retired keys until nothing sealed with it is left. A value opens only for the tenant and purpose it was sealed
//! for: a row copied elsewhere is worthless.

use std::{fmt, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use sha2::{Digest, Sha256};

use crate::{
    clock::Entropy,
    control::refresh_token::hex,
    error::{Error, Result},
    id::TenantId,
};

const NONCE: usize = 24;

/// A sealed value as it is stored: `<key id>.<nonce and ciphertext in base64>`.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(String);

impl Sealed {
    /// A value that was sealed before it was stored.
    pub fn from_store(stored: String) -> Self {
        Self(stored)
    }

    /// What is stored.
    pub fn into_inner(self) -> String {
        self.0
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(…)")
    }
}

/// The deployment's sealing keys.
pub struct Sealer {
    current: SealingKey,
    retired: Vec<SealingKey>,
    entropy: Arc<dyn Entropy>,
}

impl Sealer {
    /// Seals with `current`, and opens what `retired` keys sealed as well.
    pub fn new(current: [u8; 32], retired: &[[u8; 32]], entropy: Arc<dyn Entropy>) -> Self {
        Self {
            current: SealingKey::new(&current),
            retired: retired.iter().map(SealingKey::new).collect(),
            entropy,
        }
    }

    fn key(&self, id: &str) -> Option<&SealingKey> {
        std::iter::once(&self.current).chain(&self.retired).find(|key| key.id == id)
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealer({} and {} retired)", self.current.id, self.retired.len())
    }
}

/// A key and the name that sealed values know it by.
struct SealingKey {
    id: String,
    cipher: XChaCha20Poly1305,
}

impl SealingKey {
    fn new(bytes: &[u8; 32]) -> Self {
        let mut digest = Sha256::new();
        digest.update(b"sealing key id\0");
        digest.update(bytes);
        Self {
            id: hex(&digest.finalize()[..4]),
            cipher: XChaCha20Poly1305::new(bytes.into()),
        }
    }
}

/// Seals and opens for one tenant.
#[derive(Debug, Clone)]
pub struct Vault {
    sealer: Arc<Sealer>,
    tenant: TenantId,
}

impl Vault {
    /// The tenant's.
    pub fn new(sealer: Arc<Sealer>, tenant: TenantId) -> Self {
        Self { sealer, tenant }
    }

    /// Seals a text for a purpose; the same text is sealed differently each time.
    ///
    /// # Errors
    /// [`Error::Internal`] when it is too long to be encrypted (256 GiB).
    pub fn seal(&self, purpose: &str, text: &str) -> Result<Sealed> {
        let mut nonce = [0; NONCE];
        self.sealer.entropy.fill(&mut nonce);
        let context = self.context(purpose);
        let payload = Payload {
            msg: text.as_bytes(),
            aad: context.as_bytes(),
        };
        let key = &self.sealer.current;
        let encrypted = key.cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| unsealable(purpose))?;
        let mut bytes = nonce.to_vec();
        bytes.extend(encrypted);
        Ok(Sealed(format!("{}.{}", key.id, URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// Opens what was sealed for this tenant and purpose.
    ///
    /// # Errors
    /// [`Error::Internal`] when it was sealed for another one, with a key that is gone, or is damaged.
    pub fn open(&self, purpose: &str, sealed: &Sealed) -> Result<String> {
        let (key, bytes) = sealed
            .0
            .split_once('.')
            .ok_or_else(|| unopenable(purpose, "it is no sealed value"))?;
        let key = self
            .sealer
            .key(key)
            .ok_or_else(|| unopenable(purpose, &format!("the deployment has no sealing key {key}")))?;
        let damaged = || unopenable(purpose, "it is damaged, or was sealed for something else");
        let bytes = URL_SAFE_NO_PAD.decode(bytes).map_err(|_| damaged())?;
        let (nonce, encrypted) = bytes.split_first_chunk::<NONCE>().ok_or_else(damaged)?;
        let context = self.context(purpose);
        let payload = Payload {
            msg: encrypted,
            aad: context.as_bytes(),
        };
        let text = key.cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| damaged())?;
        String::from_utf8(text).map_err(|_| damaged())
    }

    fn context(&self, purpose: &str) -> String {
        format!("{purpose} of tenant {}", self.tenant)
    }
}

fn unsealable(purpose: &str) -> Error {
    Error::Internal(format!("a {purpose} cannot be sealed"))
}

fn unopenable(purpose: &str, why: &str) -> Error {
    Error::Internal(format!("a {purpose} cannot be opened: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::SystemEntropy, id::RecordId};

    const OLD: [u8; 32] = [1; 32];
    const NEW: [u8; 32] = [2; 32];

    fn vault(current: [u8; 32], retired: &[[u8; 32]], tenant: i64) -> Vault {
        let sealer = Sealer::new(current, retired, Arc::new(SystemEntropy));
        Vault::new(Arc::new(sealer), TenantId::from_i64(tenant))
    }

    #[test]
    fn what_is_sealed_opens_and_shows_nothing() {
        let vault = vault(OLD, &[], 1);
        for text in ["", "whsec_abc", "Schlüssel 🔑", &"x".repeat(10_000)] {
            let sealed = vault.seal("secret", text).unwrap();
            assert_eq!(vault.open("secret", &sealed).unwrap(), text);
            assert_ne!(vault.seal("secret", text).unwrap(), sealed, "two nonces");
            assert!(text.is_empty() || !sealed.0.contains(text));
            assert_eq!(format!("{sealed:?}"), "Sealed(…)");
        }
    }

    #[test]
    fn it_opens_for_its_own_tenant_and_purpose_alone() {
        let sealed = vault(OLD, &[], 1).seal("secret", "text").unwrap();
        assert!(vault(OLD, &[], 2).open("secret", &sealed).is_err());
        assert!(vault(OLD, &[], 1).open("headers", &sealed).is_err());
        assert!(vault(OLD, &[], 1).open("secret", &sealed).is_ok());
    }

    #[test]
    fn a_retired_key_opens_but_does_not_seal() {
        let old = vault(OLD, &[], 1).seal("secret", "text").unwrap();
        let rotated = vault(NEW, &[OLD], 1);
        assert_eq!(rotated.open("secret", &old).unwrap(), "text");
        let new = rotated.seal("secret", "text").unwrap();
        assert_eq!(vault(NEW, &[], 1).open("secret", &new).unwrap(), "text");
        let gone = vault(NEW, &[], 1).open("secret", &old).unwrap_err().to_string();
        assert!(gone.contains("no sealing key") && !gone.contains("text"), "{gone}");
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let vault = vault(OLD, &[], 1);
        let Sealed(text) = vault.seal("secret", "text").unwrap();
        for index in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            let changed = Sealed(String::from_utf8(bytes).unwrap());
            assert!(vault.open("secret", &changed).is_err(), "byte {index}");
        }
        for garbage in ["", ".", "x", &text[..9], &text[..20]] {
            assert!(vault.open("secret", &Sealed(garbage.to_owned())).is_err(), "{garbage}");
        }
    }
}
