//! API keys of families A, B, D and E: their text, their verification and their grants (contract A-08 … … X-28 as decided).

use std::net::IpAddr;

use ipnet::IpNet;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{
    clock::Entropy,
    control::refresh_token::hex,
    error::{Error, Problem, Result},
    field::{Check, Patch, Text, parse_integer},
    id::{ApiKeyId, TenantId, UserId},
    page::{Page, Window},
    stamp::Stamp,
};

/// The endpoint family that a key opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the families of the contract")]
pub enum KeyFamily {
    HealthTrixss,
    Halopsa,
    Contacts,
    Elevate,
}

impl KeyFamily {
    /// Every family that knows keys.
    pub const ALL: [Self; 4] = [Self::HealthTrixss, Self::Halopsa, Self::Contacts, Self::Elevate];

    /// The family's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HealthTrixss => "health_trixss",
            Self::Halopsa => "halopsa",
            Self::Contacts => "contacts",
            Self::Elevate => "elevate",
        }
    }

    /// What its keys begin with, before `_`.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::HealthTrixss => "htx",
            Self::Halopsa => "halo",
            Self::Contacts => "crm",
            Self::Elevate => "elk",
        }
    }

    /// Reads the family's name.
    pub fn parse(word: &str) -> Result<Self, Problem> {
        let found = Self::ALL.into_iter().find(|family| family.as_str() == word.trim());
        found.ok_or_else(|| Problem::Choice {
            allowed: Self::ALL.map(|family| family.as_str().to_owned()).to_vec(),
        })
    }

    /// Scopes (D) or permissions (B, E) that its keys may carry; empty where the document knows none.
    pub fn grants(self) -> &'static [&'static str] {
        match self {
            Self::HealthTrixss => &[],
            Self::Halopsa => &["read", "write"],
            Self::Contacts => &[
                "contacts:read",
                "contacts:write",
                "contacts:delete",
                "contacts:bulk",
                "enrichment:run",
                "enrichment:read",
                "stats:read",
                "tags:read",
                "tags:write",
                "activities:read",
            ],
            Self::Elevate => &["read", "write", "webhook"],
        }
    }
}

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

/// An API key as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The id.
    pub id: ApiKeyId,
    /// The tenant it opens.
    pub tenant_id: TenantId,
    /// The family it opens.
    pub family: KeyFamily,
    /// The part of the key that finds this row.
    pub public_id: String,
    /// What is kept of the secret.
    pub hash: KeyHash,
    /// What people entered.
    pub fields: ApiKeyFields,
    /// Who made it.
    pub created_by: UserId,
    /// When it was made.
    pub created_at: Stamp,
    /// When it was revoked.
    pub revoked_at: Option<Stamp>,
    /// When it was last used (contract A-20); written in batches.
    pub last_used_at: Option<Stamp>,
    /// Requests made with it; written in batches.
    pub request_count: i64,
}

/// What people enter about a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyFields {
    /// Its name.
    pub name: Text<255>,
    /// What it is for.
    pub description: Option<Text<1000>>,
    /// Scopes or permissions, of [`KeyFamily::grants`]; sorted, without repeats.
    pub grants: Vec<String>,
    /// Requests per minute, 1 to 100,000,000; `None` is the family's default.
    pub rate_limit: Option<u32>,
    /// When it ends.
    pub expires_at: Option<Stamp>,
    /// Addresses and networks it may be used from; empty means anywhere.
    pub ip_allowlist: Vec<IpNet>,
}

/// What a caller says of a key, unparsed.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the fields of ApiKeyFields")]
pub struct ApiKeyDraft {
    pub name: Patch<String>,
    pub description: Patch<String>,
    pub grants: Patch<Vec<String>>,
    pub rate_limit: Patch<String>,
    pub expires_at: Patch<String>,
    pub ip_allowlist: Patch<Vec<String>>,
}

impl ApiKeyFields {
    /// Parses a new key; without grants named it gets all of its family's.
    pub fn parse(draft: ApiKeyDraft, family: KeyFamily, now: Stamp, check: Check) -> Result<Self> {
        Self::merge(None, draft, family, now, check)
    }

    /// Parses an update: fields the draft does not mention stay.
    pub fn updated(&self, draft: ApiKeyDraft, family: KeyFamily, now: Stamp, check: Check) -> Result<Self> {
        Self::merge(Some(self), draft, family, now, check)
    }

    fn merge(current: Option<&Self>, draft: ApiKeyDraft, family: KeyFamily, now: Stamp, mut check: Check) -> Result<Self> {
        let name = check.required("name", draft.name, current.map(|c| c.name.clone()), Text::parse);
        let description = check.optional(
            "description",
            draft.description,
            current.and_then(|c| c.description.clone()),
            Text::parse,
        );
        let rate_limit = check.optional("rate_limit", draft.rate_limit, current.and_then(|c| c.rate_limit), |text| {
            parse_integer(text, 1, 100_000_000).map(|limit| u32::try_from(limit).unwrap_or(u32::MAX))
        });
        let set_expiry = matches!(draft.expires_at, Patch::Set(_));
        let expires_at = check.optional("expires_at", draft.expires_at, current.and_then(|c| c.expires_at), Stamp::parse);
        if set_expiry && expires_at.is_some_and(|at| at <= now) {
            check.fail("expires_at", Problem::Rule("must lie in the future".to_owned()));
        }
        let all = || family.grants().iter().map(|&grant| grant.to_owned()).collect();
        let grants = match draft.grants {
            Patch::Keep => current.map_or_else(all, |c| c.grants.clone()),
            Patch::Clear => all(),
            Patch::Set(given) => check.keep("grants", parse_grants(given, family)),
        };
        let ip_allowlist = match draft.ip_allowlist {
            Patch::Keep => current.map_or_else(Vec::new, |c| c.ip_allowlist.clone()),
            Patch::Clear => Vec::new(),
            Patch::Set(given) => check.keep("ip_allowlist", parse_allowlist(&given)),
        };
        let fields = name.map(|name| Self {
            name,
            description,
            grants,
            rate_limit,
            expires_at,
            ip_allowlist,
        });
        check.finish_with(fields)
    }
}

fn parse_grants(mut given: Vec<String>, family: KeyFamily) -> Result<Vec<String>, Problem> {
    if family.grants().is_empty() && !given.is_empty() {
        return Err(Problem::Rule("must be empty: keys of this family carry none".to_owned()));
    }
    if given.iter().any(|grant| !family.grants().contains(&grant.as_str())) {
        return Err(Problem::Choice {
            allowed: family.grants().iter().map(|&grant| grant.to_owned()).collect(),
        });
    }
    given.sort_unstable();
    given.dedup();
    Ok(given)
}

/// Most entries of an allowlist.
const ALLOWLIST_MAX: usize = 100;

fn parse_allowlist(given: &[String]) -> Result<Vec<IpNet>, Problem> {
    let invalid = || Problem::Rule(format!("must list at most {ALLOWLIST_MAX} IP addresses or CIDR networks"));
    if given.len() > ALLOWLIST_MAX {
        return Err(invalid());
    }
    let parse = |text: &String| {
        let text = text.trim();
        let net = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
        net.map(|net| net.trunc()).ok_or_else(invalid)
    };
    given.iter().map(parse).collect()
}

/// Why a key does not open the door. A wrong secret, a revoked key and a key of another family look the same to its holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum KeyRejection {
    #[error("no API key was sent")]
    Missing,
    #[error("the API key is malformed")]
    Malformed,
    #[error("the API key is unknown")]
    Unknown,
    #[error("the API key is revoked")]
    Revoked,
    #[error("the API key has expired")]
    Expired,
    #[error("the API key may not be used from this address")]
    AddressNotAllowed,
}

impl ApiKey {
    /// Whether the key, its secret being right, opens the door now for a client at `address`.
    pub fn admit(&self, now: Stamp, address: IpAddr) -> Result<(), KeyRejection> {
        if self.revoked_at.is_some() {
            return Err(KeyRejection::Revoked);
        }
        if self.fields.expires_at.is_some_and(|at| at <= now) {
            return Err(KeyRejection::Expired);
        }
        let address = address.to_canonical();
        let allowlist = &self.fields.ip_allowlist;
        if !allowlist.is_empty() && !allowlist.iter().any(|net| net.contains(&address)) {
            return Err(KeyRejection::AddressNotAllowed);
        }
        Ok(())
    }
}

/// An API key on its way into the store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of ApiKey")]
pub struct NewApiKey {
    pub tenant_id: TenantId,
    pub family: KeyFamily,
    pub public_id: String,
    pub hash: KeyHash,
    pub fields: ApiKeyFields,
    pub created_by: UserId,
}

/// Uses of a key since the last batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUsage {
    /// The key.
    pub id: ApiKeyId,
    /// The latest use.
    pub last_used_at: Stamp,
    /// How many.
    pub requests: i64,
}

/// Reads API keys.
pub trait ApiKeyReads {
    /// The key with this public id, revoked or not.
    fn lookup_public(&mut self, public_id: &str) -> Result<Option<ApiKey>>;
    /// The key of this tenant with this id, revoked or not.
    fn lookup(&mut self, tenant: TenantId, id: ApiKeyId) -> Result<Option<ApiKey>>;
    /// The tenant's keys, newest first; the window's offset and limit apply.
    fn list(&mut self, tenant: TenantId, family: Option<KeyFamily>, window: &Window) -> Result<Page<ApiKey>>;
}

/// Writes API keys.
pub trait ApiKeyRepository: ApiKeyReads {
    /// Keeps a new key.
    fn add(&mut self, new: NewApiKey) -> Result<ApiKey>;
    /// Keeps a key's new fields and `revoked_at`; raises the credential epoch.
    fn update(&mut self, key: &ApiKey) -> Result<()>;
    /// Adds uses; does not raise the credential epoch.
    fn record_usage(&mut self, usage: &[KeyUsage]) -> Result<()>;
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

    #[test]
    fn an_allowlist_knows_networks_and_mapped_addresses() {
        let nets = parse_allowlist(&["10.0.0.0/8".to_owned(), "2001:db8::1".to_owned()]).unwrap();
        let contains = |text: &str| nets.iter().any(|net| net.contains(&text.parse::<IpAddr>().unwrap().to_canonical()));
        assert!(contains("10.1.2.3") && contains("::ffff:10.1.2.3") && contains("2001:db8::1"));
        assert!(!contains("11.0.0.1") && !contains("2001:db8::2"));
        assert!(parse_allowlist(&["10.0.0.0/33".to_owned()]).is_err());
    }
}
