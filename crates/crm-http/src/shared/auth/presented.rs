//! The key that a request came with.

use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName};

/// A header's only value. One that came twice, or in bytes that no key consists of, is a text that is no key.
pub(crate) fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name);
    let first = values.next()?;
    if values.next().is_some() {
        return Some("");
    }
    Some(first.to_str().map_or("", str::trim))
}

/// What `Authorization: Bearer` holds; another scheme is a text that is no key.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let text = single(headers, &AUTHORIZATION)?;
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    Some(if scheme.eq_ignore_ascii_case("bearer") { token.trim() } else { "" })
}
