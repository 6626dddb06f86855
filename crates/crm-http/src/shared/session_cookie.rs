//! The cookie of browsers' sessions.

use actix_web::{
    dev::RequestHead,
    http::header::{AUTHORIZATION, COOKIE},
};
use crm_domain::control::session::Cookie;

/// Its name (contract D-159).
pub(crate) const COOKIE_NAME: &str = "session";

/// Whether a request for a path of two families is this one's: it comes with a session's cookie and with no token (contract X-01).
pub(crate) fn is_browsers(head: &RequestHead) -> bool {
    !head.headers().contains_key(AUTHORIZATION) && session_cookie(head).is_some()
}

/// The session's cookie. Of several of its name the first that can be one counts: a browser sends the one with the longer path first.
pub(crate) fn session_cookie(head: &RequestHead) -> Option<Cookie> {
    let headers = head.headers().get_all(COOKIE);
    let pairs = headers.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(';'));
    let named = pairs
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, _)| *name == COOKIE_NAME);
    named.filter_map(|(_, value)| Cookie::presented(value.trim_matches('"'))).next()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use crm_domain::clock::SystemEntropy;

    use super::*;

    #[test]
    fn a_cookie_is_found_among_others() {
        let cookie = Cookie::random(&SystemEntropy);
        let of = |header: String| session_cookie(TestRequest::get().insert_header(("cookie", header)).to_http_request().head());
        let text = cookie.as_str();
        for header in [
            format!("session={text}"),
            format!("a=b; session={text}; c=d"),
            format!("session=short; session={text}"),
            format!("session=\"{text}\""),
        ] {
            assert_eq!(of(header.clone()), Some(cookie.clone()), "{header}");
        }
        for header in ["", "session", "session=", "session=short", "sessions=x"] {
            assert_eq!(of(header.to_owned()), None, "{header}");
        }
    }
}
