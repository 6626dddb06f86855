//! A key's text and what is kept of its secret.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::KeyFamily;
use crate::{
    clock::Entropy,
    control::refresh_token::hex,
    error::{Error, Result},
};

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const PUBLIC_ID: usize = 12;
const SECRET: usize = 43;
const CHECKSUM: usize = 6;

/// A key as its holder sends it: `<prefix>_<public id><secret><checksum>`, at most 66 characters.
///
/// The public id finds the row, the checksum turns away garbage before any hashing, the secret (256 bits) is verified.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyText {
    family: KeyFamily,
    text: String,
}

impl std::fmt::Debug for KeyText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyText({}_{}…)", self.family.prefix(), self.public_id())
    }
}

impl KeyText {
    /// A new key.
    pub fn random(family: KeyFamily, entropy: &dyn Entropy) -> Self {
        let body = base62(PUBLIC_ID + SECRET, entropy);
        let text = format!("{}_{body}{}", family.prefix(), checksum(family, &body));
        Self { family, text }
    }

    /// Reads a presented key; `None` when its form or checksum cannot be right.
    pub fn parse(text: &str) -> Option<Self> {
        let family = KeyFamily::ALL
            .into_iter()
            .find(|family| text.strip_prefix(family.prefix()).is_some_and(|rest| rest.starts_with('_')))?;
        let body = &text[family.prefix().len() + 1..];
        if body.len() != PUBLIC_ID + SECRET + CHECKSUM || !body.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        let (body, sum) = body.split_at(PUBLIC_ID + SECRET);
        (checksum(family, body) == sum).then(|| Self {
            family,
            text: text.to_owned(),
        })
    }

    /// The family that its prefix names.
    pub fn family(&self) -> KeyFamily {
        self.family
    }

    /// The part that finds the row; not secret.
    pub fn public_id(&self) -> &str {
        let start = self.family.prefix().len() + 1;
        &self.text[start..start + PUBLIC_ID]
    }

    fn secret(&self) -> &str {
        let start = self.family.prefix().len() + 1 + PUBLIC_ID;
        &self.text[start..start + SECRET]
    }

    /// The whole key, for its holder: shown once.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// SHA-256 of the whole key: under it a bcrypt verdict is remembered.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.text.as_bytes()).into()
    }

    /// What is stored of the secret: bcrypt for family A (contract A-17; some 200 ms at cost 12), SHA-256 for the others.
    pub fn hash(&self, bcrypt_cost: u32) -> Result<KeyHash> {
        match self.family {
            KeyFamily::HealthTrixss => bcrypt::non_truncating_hash(self.secret(), bcrypt_cost)
                .map(KeyHash)
                .map_err(|error| Error::Internal(error.to_string())),
            KeyFamily::Halopsa | KeyFamily::Contacts | KeyFamily::Elevate => Ok(KeyHash(hex(&Sha256::digest(self.secret().as_bytes())))),
        }
    }
}

fn checksum(family: KeyFamily, body: &str) -> String {
    let mut sum = crc32fast::hash(format!("{}_{body}", family.prefix()).as_bytes());
    let mut digits = [b'0'; CHECKSUM];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(sum % 62) as usize];
        sum /= 62;
    }
    digits.iter().map(|&digit| char::from(digit)).collect()
}

/// Unbiased: bytes beyond the largest multiple of 62 are drawn again.
fn base62(length: usize, entropy: &dyn Entropy) -> String {
    let mut text = String::with_capacity(length);
    let mut bytes = [0; 64];
    while text.len() < length {
        entropy.fill(&mut bytes);
        let usable = bytes.iter().filter(|&&byte| byte < 248).take(length - text.len());
        text.extend(usable.map(|&byte| char::from(ALPHABET[usize::from(byte % 62)])));
    }
    text
}

/// What is stored of a key's secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyHash(String);

impl KeyHash {
    /// From the stored text.
    pub fn from_store(hash: String) -> Self {
        Self(hash)
    }

    /// The stored text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether verifying costs a bcrypt round, so that callers use their bounded pool.
    pub fn is_slow(&self) -> bool {
        self.0.starts_with("$2")
    }

    /// Whether `key` has this secret.
    pub fn verify(&self, key: &KeyText) -> bool {
        if self.is_slow() {
            return bcrypt::non_truncating_verify(key.secret(), &self.0).unwrap_or(false);
        }
        let digest = hex(&Sha256::digest(key.secret().as_bytes()));
        digest.as_bytes().ct_eq(self.0.as_bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::SystemEntropy;

    #[test]
    fn a_key_reads_back_and_verifies_only_itself() {
        for family in KeyFamily::ALL {
            let key = KeyText::random(family, &SystemEntropy);
            let other = KeyText::random(family, &SystemEntropy);
            let hash = key.hash(4).unwrap();
            assert_eq!(KeyText::parse(key.as_str()), Some(key.clone()));
            assert!(key.as_str().len() <= 72);
            assert!(hash.verify(&key));
            assert!(!hash.verify(&other));
            assert_eq!(hash.is_slow(), family == KeyFamily::HealthTrixss);
        }
    }

    #[test]
    fn a_changed_character_breaks_the_checksum() {
        let key = KeyText::random(KeyFamily::HealthTrixss, &SystemEntropy);
        for index in 0..key.as_str().len() {
            let mut bytes = key.as_str().as_bytes().to_vec();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            assert_eq!(KeyText::parse(std::str::from_utf8(&bytes).unwrap()), None, "at {index}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".*") {
            prop_assert!(KeyText::parse(&text).is_none());
            let _ = KeyText::parse(&format!("htx_{text}"));
        }
    }
}
