//! Keeps other sites' pages from writing with a user's cookie, which browsers send along whoever asks.
//!
//! A browser says where a request comes from: in `Sec-Fetch-Site`, older ones in `Origin`. A program that is no browser says neither, and no
//! page can make it send a cookie. Whoever sends the session's token in `X-CSRF-Token`, as a login answers it, has read it, which other sites
//! cannot: that settles it, one way or the other.

use actix_web::{
    HttpRequest,
    http::{
        Method,
        header::{HOST, HeaderMap, HeaderName, ORIGIN},
    },
};
use crm_domain::control::{refresh_token::hex, session::Cookie};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use url::Url;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const X_CSRF_TOKEN: HeaderName = HeaderName::from_static("x-csrf-token");

/// The request comes from another site's page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("The request comes from another site")]
pub(crate) struct CrossSite;

/// The token of a session, which goes along with its cookie and cannot be told from outside (contract X-144 as decided).
pub(crate) fn token(cookie: &Cookie) -> String {
    let mut hash = Sha256::new();
    hash.update(b"csrf-token\0");
    hash.update(cookie.as_str().as_bytes());
    hex(&hash.finalize())
}

/// Whether a request may write with this cookie; without one it is a login.
///
/// # Errors
/// [`CrossSite`].
pub(crate) fn check(request: &HttpRequest, cookie: Option<&Cookie>) -> Result<(), CrossSite> {
    if [Method::GET, Method::HEAD].contains(request.method()) {
        return Ok(());
    }
    let headers = request.headers();
    let passes = match (headers.get(&X_CSRF_TOKEN), cookie) {
        (Some(given), Some(cookie)) => bool::from(given.as_bytes().ct_eq(token(cookie).as_bytes())),
        _ => comes_from_here(headers),
    };
    if passes { Ok(()) } else { Err(CrossSite) }
}

/// Headers that came twice, or in bytes that are no text, are of no page of ours.
fn comes_from_here(headers: &HeaderMap) -> bool {
    let single = |name: &HeaderName| {
        let mut values = headers.get_all(name);
        let first = values.next()?;
        Some(if values.next().is_some() {
            ""
        } else {
            first.to_str().unwrap_or_default()
        })
    };
    match (single(&SEC_FETCH_SITE), single(&ORIGIN)) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => single(&HOST).is_some_and(|host| is_same(origin, host)),
        (None, None) => true,
    }
}

/// Whether an origin is the host that the request was sent to. A proxy may have taken the encryption off, so that the scheme only tells the
/// default port.
fn is_same(origin: &str, host: &str) -> bool {
    let Ok(origin) = Url::parse(origin) else { return false };
    let Ok(host) = Url::parse(&format!("{}://{host}", origin.scheme())) else {
        return false;
    };
    let place = |url: &Url| (url.host_str().map(str::to_owned), url.port_or_known_default());
    origin.has_host() && place(&origin) == place(&host)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use crm_domain::clock::SystemEntropy;

    use super::*;

    fn passes(method: Method, headers: &[(&'static str, &str)], cookie: Option<&Cookie>) -> bool {
        let mut request = TestRequest::default().method(method).insert_header(("host", "crm.example:5000"));
        for header in headers {
            request = request.append_header(*header);
        }
        check(&request.to_http_request(), cookie).is_ok()
    }

    #[test]
    fn only_pages_of_this_server_write() {
        for (headers, expected) in [
            (&[][..], true),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "none")], true),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "none")], false),
            (&[("sec-fetch-site", "cross-site"), ("origin", "http://crm.example:5000")], false),
            (&[("origin", "http://crm.example:5000")], true),
            (&[("origin", "https://crm.example:5000")], true),
            (&[("origin", "http://crm.example")], false),
            (&[("origin", "http://evil.example:5000")], false),
            (&[("origin", "http://crm.example:5000.evil.example")], false),
            (&[("origin", "null")], false),
            (&[("origin", "")], false),
        ] {
            assert_eq!(passes(Method::POST, headers, None), expected, "{headers:?}");
            assert!(passes(Method::GET, headers, None), "{headers:?}");
        }
        assert!(is_same("https://crm.example", "crm.example") && is_same("https://crm.example", "crm.example:443"));
    }

    #[test]
    fn the_sessions_token_settles_it() {
        let (own, other) = (Cookie::random(&SystemEntropy), Cookie::random(&SystemEntropy));
        let far = ("sec-fetch-site", "cross-site");
        assert!(passes(Method::DELETE, &[far, ("x-csrf-token", &token(&own))], Some(&own)));
        for wrong in [token(&other), String::new(), own.as_str().to_owned()] {
            assert!(!passes(Method::DELETE, &[("x-csrf-token", &wrong)], Some(&own)));
        }
    }
}
