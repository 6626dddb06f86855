//! What callers say of an API key, and how it becomes valid fields.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

use super::{ApiKeyFields, KeyFamily};
use crate::{
    control::user::Role,
    error::{Problem, Result},
    field::{Check, Patch, Text, parse_integer},
    stamp::Stamp,
};

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
    /// Parses a new key; without grants named it gets all that its creator can give.
    pub fn parse(draft: ApiKeyDraft, family: KeyFamily, creator: Role, now: Stamp, mut check: Check) -> Result<Self> {
        let fields = Self::merge(None, draft, Some(family), creator, now, &mut check);
        check.finish_with(fields)
    }

    /// Parses a new key and its family. Without a family every other problem is told, but for those of the grants, which only the family
    /// knows.
    pub fn parse_with_family(
        draft: ApiKeyDraft,
        family: Patch<String>,
        creator: Role,
        now: Stamp,
        mut check: Check,
    ) -> Result<(KeyFamily, Self)> {
        let family = check.required("family", family, None, KeyFamily::parse);
        let fields = Self::merge(None, draft, family, creator, now, &mut check);
        check.finish_with(family.zip(fields))
    }

    /// Parses an update: fields the draft does not mention stay.
    pub fn updated(&self, draft: ApiKeyDraft, family: KeyFamily, creator: Role, now: Stamp, mut check: Check) -> Result<Self> {
        let fields = Self::merge(Some(self), draft, Some(family), creator, now, &mut check);
        check.finish_with(fields)
    }

    fn merge(
        current: Option<&Self>,
        draft: ApiKeyDraft,
        family: Option<KeyFamily>,
        creator: Role,
        now: Stamp,
        check: &mut Check,
    ) -> Option<Self> {
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
        // Null is never; a blank is more likely a forgotten value than a wish for a key without an end.
        if matches!(&draft.expires_at, Patch::Set(text) if text.trim().is_empty()) {
            check.fail("expires_at", Problem::Timestamp);
        }
        let expires_at = check.optional("expires_at", draft.expires_at, current.and_then(|c| c.expires_at), Stamp::parse);
        if set_expiry && expires_at.is_some_and(|at| at <= now) {
            check.fail("expires_at", Problem::Rule("must lie in the future".to_owned()));
        }
        let all = || family.map_or_else(Vec::new, |family| family.grants_by(creator).map(str::to_owned).collect());
        let grants = match draft.grants {
            Patch::Keep => current.map_or_else(all, |c| c.grants.clone()),
            Patch::Clear => all(),
            Patch::Set(given) => family.map_or_else(Vec::new, |family| check.keep("grants", parse_grants(given, family, creator))),
        };
        let ip_allowlist = match draft.ip_allowlist {
            Patch::Keep => current.map_or_else(Vec::new, |c| c.ip_allowlist.clone()),
            Patch::Clear => Vec::new(),
            Patch::Set(given) => check.keep("ip_allowlist", parse_allowlist(&given)),
        };
        name.map(|name| Self {
            name,
            description,
            grants,
            rate_limit,
            expires_at,
            ip_allowlist,
        })
    }
}

fn parse_grants(mut given: Vec<String>, family: KeyFamily, creator: Role) -> Result<Vec<String>, Problem> {
    if family.grants().is_empty() && !given.is_empty() {
        return Err(Problem::Rule("must be empty: keys of this family carry none".to_owned()));
    }
    if given.iter().any(|grant| !family.grants().contains(&grant.as_str())) {
        return Err(Problem::Choice {
            allowed: family.grants().iter().map(|&grant| grant.to_owned()).collect(),
        });
    }
    if let Some(grant) = given.iter().find(|grant| !family.grants_by(creator).any(|held| held == **grant)) {
        let creator = creator.as_str();
        return Err(Problem::Rule(format!(
            "must not hold {grant:?}: the key's creator, a {creator}, may not do that"
        )));
    }
    given.sort_unstable();
    given.dedup();
    Ok(given)
}

/// Most entries of an allowlist.
const ALLOWLIST_MAX: usize = 100;

fn parse_allowlist(given: &[String]) -> Result<Vec<IpNet>, Problem> {
    if given.len() > ALLOWLIST_MAX {
        return Err(Problem::Rule(format!("must have at most {ALLOWLIST_MAX} entries")));
    }
    let parse = |(index, text): (usize, &String)| parse_network(text).ok_or_else(|| not_a_network(index, text));
    given.iter().enumerate().map(parse).collect()
}

fn parse_network(text: &str) -> Option<IpNet> {
    let text = text.trim();
    let net = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    net.map(|net| canonical(net.trunc()))
}

/// Characters of a wrong entry that its problem repeats: more than any address has.
const ENTRY_SHOWN: usize = 50;

fn not_a_network(index: usize, text: &str) -> Problem {
    let shown: String = text.chars().take(ENTRY_SHOWN).collect();
    Problem::Rule(format!(
        "must hold IP addresses such as 203.0.113.7 or 2001:db8::1, or CIDR networks such as 10.0.0.0/8 or 2001:db8::/32; entry {} is {shown:?}",
        index + 1
    ))
}

/// IPv4 written as IPv6 (`::ffff:10.0.0.0/104`) is IPv4: so are the clients' addresses that it is compared with.
fn canonical(net: IpNet) -> IpNet {
    let IpNet::V6(v6) = net else { return net };
    let v4 = v6.addr().to_ipv4_mapped().zip(v6.prefix_len().checked_sub(96));
    let v4 = v4.and_then(|(address, length)| Ipv4Net::new(address, length).ok());
    v4.map_or(net, IpNet::V4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allowlist_knows_networks_and_mapped_addresses() {
        let nets = parse_allowlist(&["10.0.0.0/8".to_owned(), "2001:db8::1".to_owned()]).unwrap();
        let contains = |text: &str| nets.iter().any(|net| net.contains(&text.parse::<IpAddr>().unwrap().to_canonical()));
        assert!(contains("10.1.2.3") && contains("::ffff:10.1.2.3") && contains("2001:db8::1"));
        assert!(!contains("11.0.0.1") && !contains("2001:db8::2"));
        let Err(Problem::Rule(message)) = parse_allowlist(&["10.0.0.1".to_owned(), "10.0.0.0/33".to_owned()]) else {
            panic!("the second is no network");
        };
        assert!(message.ends_with("; entry 2 is \"10.0.0.0/33\""), "{message}");
        let mapped = parse_allowlist(&["::ffff:10.0.0.1".to_owned(), "::ffff:10.0.0.0/104".to_owned(), "::/0".to_owned()]).unwrap();
        assert_eq!(
            mapped.iter().map(IpNet::to_string).collect::<Vec<_>>(),
            ["10.0.0.1/32", "10.0.0.0/8", "::/0"]
        );
    }
}
