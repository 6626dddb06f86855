//! Where deliveries may go (contract X-23).
//!
//! A webhook is a request that somebody else has this server send: without these checks it would reach what only the server can, such as a
//! cloud's metadata service. Registration refuses what is visibly not public; names are judged again when they are resolved.

mod address;
mod judge;
#[cfg(test)]
mod tests;

pub use address::is_public;
pub use judge::{Judged, TargetJudge};

use serde::Serialize;
use sha2::{Digest, Sha256};
use url::{Host, Url};

use crate::{control::refresh_token::hex, error::Problem, field::Text};

/// Most characters of a URL.
const MAX: usize = 2_048;

/// Top-level names of hosts that no public name server knows.
const LOCAL_NAMES: [&str; 10] = [
    "corp",
    "home",
    "home.arpa",
    "internal",
    "intranet",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "private",
];

/// Which targets the deployment allows: the setting `webhooks.allow_private_targets`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Targets {
    /// Public ones, by https.
    #[default]
    Public,
    /// Private ones as well, also by http.
    Any,
}

/// The URL that deliveries go to: http or https, without user, password and fragment, at most 2,048 characters, kept as written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct TargetUrl(String);

impl TargetUrl {
    /// Checks a URL.
    pub fn parse(given: &str, targets: Targets) -> Result<Self, Problem> {
        let text = Text::<MAX>::parse(given)?;
        let url = plain_url(&text)?;
        match url.scheme() {
            "https" => {}
            "http" if targets == Targets::Any => {}
            "http" => return Err(rule("must be an https URL")),
            _ => return Err(Problem::Url),
        }
        if targets == Targets::Public {
            check_host(&url)?;
        }
        Ok(Self(text.into_inner()))
    }

    /// Trusts a URL that was parsed before it was stored.
    pub fn from_store(stored: String) -> Self {
        Self(stored)
    }

    /// What uniqueness is judged by (contract X-100): two spellings of one target have the same. It is a digest, since no index takes long texts.
    pub fn key(&self) -> String {
        hex(&Sha256::digest(self.normal_form().as_bytes()))
    }

    fn normal_form(&self) -> String {
        let Ok(mut url) = Url::parse(&self.0) else { return self.0.clone() };
        // A name without its root's dot is as good a host as with it.
        if let Some(name) = url.host_str().and_then(|host| host.strip_suffix('.')).map(str::to_owned)
            && url.set_host(Some(&name)).is_err()
        {
            return self.0.clone();
        }
        url.into()
    }

    /// The URL as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The URL itself.
    pub fn into_inner(self) -> String {
        self.0
    }
}

/// A URL that every parser understands alike: what browsers' parsers mend (`https:host`, `https:\\host`, line breaks) is refused, lest another
/// one see a different host in it.
fn plain_url(text: &str) -> Result<Url, Problem> {
    let (_, rest) = text.split_once("://").ok_or(Problem::Url)?;
    if text.contains('\\') || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(Problem::Url);
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(rule("must not hold a user name or a password"));
    }
    if text.contains('#') {
        return Err(rule("must not hold a fragment"));
    }
    let url = Url::parse(text).map_err(|_| Problem::Url)?;
    // An empty authority would make the path's first part the host.
    if authority.is_empty() || url.port() == Some(0) {
        return Err(Problem::Url);
    }
    Ok(url)
}

/// The parser has already read addresses in every spelling: `0x7f.1`, `2130706433`, `１２７.0.0.1`, `[::ffff:7f00:1]`.
fn check_host(url: &Url) -> Result<(), Problem> {
    let public = match url.host().ok_or(Problem::Url)? {
        Host::Ipv4(address) => is_public(address.into()),
        Host::Ipv6(address) => is_public(address.into()),
        Host::Domain(name) => is_public_name(name),
    };
    if public { Ok(()) } else { Err(not_public()) }
}

/// What is said of a URL that leads to where the deployment does not go.
pub fn not_public() -> Problem {
    rule("must not lead to a loopback, private or special address")
}

/// Whether a name can be one of the public internet; a name of one label is a neighbour's.
fn is_public_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let local = |local: &str| name.strip_suffix(local).is_some_and(|rest| rest.ends_with('.'));
    name.contains('.') && !name.split('.').any(str::is_empty) && !LOCAL_NAMES.into_iter().any(local)
}

fn rule(text: &str) -> Problem {
    Problem::Rule(text.to_owned())
}
