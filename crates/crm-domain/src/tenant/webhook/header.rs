//! Headers that a subscriber wants with each delivery (contract E-51, E-52).

use std::{collections::BTreeMap, fmt};

use crate::error::{Error, Problem, Result};

/// Most headers of a webhook.
const MAX: usize = 20;
/// Most characters of a header's name.
const NAME_MAX: usize = 100;
/// Most characters of a header's value.
const VALUE_MAX: usize = 2_000;

/// Names that shape the request or frame its body, and those that say who delivers: they are the server's.
const RESERVED: [&str; 20] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "signature",
    "signature-input",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "x-signature",
];

/// Beginnings of names that are the server's: proxies' own, forwarding, and the deliveries' id, time and signature.
const RESERVED_PREFIXES: [&str; 5] = ["proxy-", "sec-", "webhook-", "x-forwarded-", "x-webhook-"];

/// Header names and values, each name once whatever its case. Values may be credentials: they are never shown by `Debug`.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Headers(BTreeMap<String, String>);

impl Headers {
    /// Checks names and values (RFC 9110 5.1, 5.5).
    pub fn parse(given: BTreeMap<String, String>) -> Result<Self, Problem> {
        if given.len() > MAX {
            return Err(Problem::Rule(format!("must be at most {MAX} headers")));
        }
        let mut names: Vec<String> = given.keys().map(|name| name.to_ascii_lowercase()).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Problem::Rule(format!("must not name {} twice", twice[0])));
        }
        for (name, value) in &given {
            check_name(name)?;
            check_value(name, value)?;
        }
        Ok(Self(given))
    }

    /// Names and values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As one text, to be sealed.
    pub(super) fn to_text(&self) -> Result<String> {
        serde_json::to_string(&self.0).map_err(|error| Error::Internal(error.to_string()))
    }

    /// Reads what [`Headers::to_text`] wrote.
    pub(super) fn from_text(text: &str) -> Result<Self> {
        // The parser's own message would quote values.
        let headers = serde_json::from_str(text).map_err(|_| Error::Internal("the headers of a webhook cannot be read".to_owned()))?;
        Ok(Self(headers))
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

fn check_name(name: &str) -> Result<(), Problem> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || name.len() > NAME_MAX || !name.bytes().all(is_token) {
        return Err(Problem::Rule(format!(
            "must have names of 1 to {NAME_MAX} letters, digits and hyphens"
        )));
    }
    let lower = name.to_ascii_lowercase();
    let reserved = RESERVED.contains(&lower.as_str()) || RESERVED_PREFIXES.iter().any(|prefix| lower.starts_with(prefix));
    if reserved {
        return Err(Problem::Rule(format!("must not set {name}: it is set by the server")));
    }
    Ok(())
}

/// Visible ASCII with spaces and tabs inside. Line breaks would begin another header.
fn check_value(name: &str, value: &str) -> Result<(), Problem> {
    let is_visible = |byte: u8| byte == b'\t' || (b' '..=b'~').contains(&byte);
    let is_trimmed = value.trim_matches([' ', '\t']).len() == value.len();
    if value.len() > VALUE_MAX || !is_trimmed || !value.bytes().all(is_visible) {
        return Err(Problem::Rule(format!(
            "must have values of at most {VALUE_MAX} printable ASCII characters without spaces around them: {name}"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(headers: &[(&str, &str)]) -> Result<Headers, Problem> {
        Headers::parse(
            headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        )
    }

    #[test]
    fn what_a_subscriber_may_set() {
        for header in [
            ("X-Custom-Header", "value"),
            ("Authorization", "Bearer abc.def"),
            ("x_api_key", ""),
            ("Cookie", "a=b; c=d"),
            ("X-Tabs", "a\tb c"),
            ("!#$%&'*+-.^_`|~09azAZ", "~"),
        ] {
            let headers = parse(&[header]).unwrap();
            assert_eq!(headers.iter().collect::<Vec<_>>(), [header]);
            assert_eq!(Headers::from_text(&headers.to_text().unwrap()).unwrap(), headers);
        }
    }

    #[test]
    fn what_is_the_servers_own_is_refused_whatever_its_case() {
        for name in [
            "Host",
            "hOST",
            "Content-Length",
            "Content-Type",
            "content-encoding",
            "Transfer-Encoding",
            "TE",
            "Trailer",
            "Connection",
            "Keep-Alive",
            "Upgrade",
            "Expect",
            "Proxy-Authorization",
            "Forwarded",
            "X-Forwarded-For",
            "X-Webhook-Signature",
            "X-Webhook-Event",
            "x-webhook-timestamp",
            "webhook-id",
            "webhook-signature",
            "User-Agent",
            "X-Signature",
        ] {
            let Err(Problem::Rule(message)) = parse(&[(name, "x")]) else {
                panic!("{name} is the server's");
            };
            assert!(message.contains(name) && message.contains("set by the server"), "{message}");
        }
    }

    #[test]
    fn nothing_can_break_out_of_a_header() {
        for (name, value) in [
            ("X-A", "b\r\nHost: evil"),
            ("X-A", "b\nc"),
            ("X-A", "b\rc"),
            ("X-A", "b\0"),
            ("X-A", "\u{7f}"),
            ("X-A", "ä"),
            ("X-A", " b"),
            ("X-A", "b\t"),
            ("X-A: b\r\nHost", "evil"),
            ("X A", "b"),
            ("X-A:", "b"),
            (":authority", "evil"),
            ("", "b"),
            ("Ä", "b"),
            ("X(A)", "b"),
        ] {
            assert!(matches!(parse(&[(name, value)]), Err(Problem::Rule(_))), "{name:?}: {value:?}");
        }
        assert!(parse(&[("X-A", &"x".repeat(2_000))]).is_ok());
        assert!(parse(&[("X-A", &"x".repeat(2_001))]).is_err());
        assert!(parse(&[(&"x".repeat(101), "x")]).is_err());
    }

    #[test]
    fn names_are_few_and_differ() {
        assert!(matches!(parse(&[("X-A", "1"), ("x-a", "2")]), Err(Problem::Rule(_))));
        let many = |count: usize| (0..count).map(|number| (format!("X-{number}"), String::new())).collect();
        assert!(Headers::parse(many(20)).is_ok());
        assert!(Headers::parse(many(21)).is_err());
    }

    #[test]
    fn values_are_not_shown_by_debug() {
        let headers = parse(&[("Authorization", "Bearer abc")]).unwrap();
        assert_eq!(format!("{headers:?}"), r#"{"Authorization"}"#);
    }
}
