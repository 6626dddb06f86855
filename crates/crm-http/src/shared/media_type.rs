//! Which bodies cannot be JSON, by what their `Content-Type` says (contract C-02, C-19, C-52).
//!
//! A client need not declare a type, and many that send JSON declare another one without meaning it: `fetch` says `text/plain`, others
//! `application/octet-stream`. A type of another format is believed, and so is a charset: bytes of ISO-8859-1 read as UTF-8 would be kept
//! as other letters than were sent.

use actix_web::{HttpMessage, HttpRequest, http::header::CONTENT_ENCODING};

use crate::shared::fault::Fault;

/// What a body's declared type leaves open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Declared {
    /// It is to be JSON.
    Json,
    /// A form, which is what curl and PHP call any body: it is one when it does not read as JSON.
    Form,
}

/// Judges a request's `Content-Type` and `Content-Encoding` before its body is read.
///
/// # Errors
/// [`Fault::BodyNotJson`] for a type that cannot be JSON; [`Fault::BodyCharset`] for another charset than UTF-8; [`Fault::BodyEncoded`] for a
/// compressed one, which nobody here unpacks.
pub(crate) fn declared(request: &HttpRequest) -> Result<Declared, Fault> {
    let mut encodings = request.headers().get_all(CONTENT_ENCODING);
    if encodings.any(|encoding| !encoding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity")) {
        return Err(Fault::BodyEncoded);
    }
    // A header that is no media type says nothing.
    let Ok(Some(kind)) = request.mime_type() else {
        return Ok(Declared::Json);
    };
    let declared = match kind.essence_str() {
        "application/json" | "text/json" | "text/plain" | "application/octet-stream" | "*/*" => Declared::Json,
        "application/x-www-form-urlencoded" => Declared::Form,
        _ if kind.suffix().is_some_and(|suffix| suffix.as_str() == "json") => Declared::Json,
        _ => return Err(Fault::BodyNotJson),
    };
    match kind
        .get_param("charset")
        .map(|charset| charset.as_str().to_ascii_lowercase())
        .as_deref()
    {
        None | Some("utf-8" | "utf8" | "us-ascii") => Ok(declared),
        Some(_) => Err(Fault::BodyCharset),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn of(kind: &str) -> Result<Declared, Fault> {
        declared(&TestRequest::post().insert_header(("content-type", kind)).to_http_request())
    }

    #[test]
    fn what_may_be_json_is_let_through() {
        assert_eq!(declared(&TestRequest::post().to_http_request()).unwrap(), Declared::Json);
        for kind in [
            "application/json",
            "Application/JSON; Charset=\"UTF-8\"",
            "application/json;charset=us-ascii",
            "application/vnd.api+json",
            "text/plain;charset=UTF-8",
            "text/plain",
            "application/octet-stream",
            "*/*",
            "nonsense",
            "",
        ] {
            assert_eq!(of(kind).unwrap(), Declared::Json, "{kind}");
        }
        assert_eq!(of("application/x-www-form-urlencoded").unwrap(), Declared::Form);
    }

    #[test]
    fn other_formats_and_charsets_are_refused() {
        for kind in [
            "multipart/form-data; boundary=x",
            "application/xml",
            "text/html",
            "image/png",
            "text/csv",
            "application/gzip",
        ] {
            assert!(matches!(of(kind), Err(Fault::BodyNotJson)), "{kind}");
        }
        for kind in [
            "application/json; charset=iso-8859-1",
            "text/plain; charset=UTF-16",
            "application/json;charset=utf-16le",
        ] {
            assert!(matches!(of(kind), Err(Fault::BodyCharset)), "{kind}");
        }
    }
}
