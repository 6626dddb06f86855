//! LinkedIn addresses in the form in which they are compared (contract X-135).

use url::Url;

/// The address without what does not tell profiles apart: `https://de.linkedin.com/in/JohnDoe/?trk=x` and `linkedin.com/in/johndoe` are both
/// `linkedin.com/in/johndoe`. Scheme, port, query and fragment go, so do `www.`, a country's or a mobile subdomain, empty path segments and
/// what follows a profile's name; the rest is decoded and put in lower case. `None` for what is no address with a path.
pub fn linkedin_key(address: &str) -> Option<String> {
    let address = address.trim();
    let bare = address.trim_start_matches('/');
    let full = if bare.contains("://") {
        bare.to_owned()
    } else {
        format!("https://{bare}")
    };
    let url = Url::parse(&full).ok()?;
    let host = host_key(url.host_str()?);
    let segments = url.path_segments()?.filter(|segment| !segment.is_empty()).map(decoded);
    let mut segments: Vec<String> = segments.map(|segment| segment.trim().to_lowercase()).collect();
    if host == LINKEDIN {
        if segments.first().is_some_and(|first| first == "mwlite") {
            segments.remove(0);
        }
        // Behind the name stand a language or a part of the profile.
        if segments.first().is_some_and(|first| NAMED.contains(&first.as_str())) {
            segments.truncate(2);
        }
    }
    if segments.is_empty() {
        None
    } else {
        Some(format!("{host}/{}", segments.join("/")))
    }
}

const LINKEDIN: &str = "linkedin.com";
/// The kinds of page whose name is the second segment.
const NAMED: [&str; 4] = ["in", "company", "school", "showcase"];

fn host_key(host: &str) -> String {
    let host = host.to_lowercase();
    let host = host.trim_end_matches('.');
    match host.strip_suffix(LINKEDIN).and_then(|rest| rest.strip_suffix('.')) {
        Some(sub) if sub.len() == 2 || matches!(sub, "www" | "m" | "mobile" | "touch") => LINKEDIN.to_owned(),
        _ => host.strip_prefix("www.").unwrap_or(host).to_owned(),
    }
}

/// A segment with its `%XX` as the characters they stand for; as it is where they stand for none.
fn decoded(segment: &str) -> String {
    let bytes = segment.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, behind)) = rest.split_first() {
        match (first, behind.get(..2).and_then(hex_pair)) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                rest = &behind[2..];
            }
            _ => {
                decoded.push(*first);
                rest = behind;
            }
        }
    }
    match String::from_utf8(decoded) {
        Ok(text) if !text.chars().any(char::is_control) => text,
        _ => segment.to_owned(),
    }
}

fn hex_pair(pair: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let value = digit(*pair.first()?)? * 16 + digit(*pair.get(1)?)?;
    u8::try_from(value).ok()
}
