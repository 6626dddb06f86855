//! gzip for answers that gain from it, where the client asks for it.
//!
//! Only complete answers to `GET` and `HEAD` are compressed. Whatever hands out a token, a password or a key answers a `POST`, so that no
//! length of a compressed answer tells anything of a secret; event streams have no length and are passed on as they come. A strong entity
//! tag names the very bytes of an answer, so that one with such a tag stays as it is.

use std::io::{self, Write};

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    body::{BodySize, BoxBody, MessageBody},
    http::{
        Method,
        header::{AcceptEncoding, CONTENT_ENCODING, CONTENT_TYPE, ETAG, Encoding, HeaderMap, HeaderValue, VARY},
    },
    web::{self, Bytes},
};
use flate2::{Compression, write::GzEncoder};

/// Smaller answers fit into one packet anyway.
const LEAST: u64 = 1_024;
/// Compressing more than this keeps a worker's other requests waiting for longer than a change of threads costs.
const INLINE: usize = 64 * 1_024;

const GZIP: HeaderValue = HeaderValue::from_static("gzip");
const ACCEPT_ENCODING: HeaderValue = HeaderValue::from_static("accept-encoding");

/// The answer, compressed where that is wanted and worth it.
pub(crate) async fn compress(request: &HttpRequest, mut response: HttpResponse) -> HttpResponse {
    if !is_compressible(request.method(), &response) {
        return response;
    }
    // Also on the plain form: a cache must not hand it to everybody, nor the compressed one.
    response.headers_mut().append(VARY, ACCEPT_ENCODING);
    if !accepts_gzip(request) {
        return response;
    }
    let (mut response, body) = response.into_parts();
    let plain = match body.try_into_bytes() {
        Ok(plain) => plain,
        Err(stream) => return response.set_body(stream),
    };
    let packed = if plain.len() <= INLINE {
        gzip(&plain)
    } else {
        let plain = plain.clone();
        web::block(move || gzip(&plain))
            .await
            .unwrap_or_else(|error| Err(io::Error::other(error)))
    };
    match packed {
        Ok(packed) => {
            response.headers_mut().insert(CONTENT_ENCODING, GZIP);
            response.set_body(BoxBody::new(packed))
        }
        Err(error) => {
            tracing::warn!(%error, "an answer goes out uncompressed");
            response.set_body(BoxBody::new(plain))
        }
    }
}

/// The bytes in gzip's form: fast rather than small, since each answer is compressed once and read once.
pub(crate) fn gzip(plain: &[u8]) -> io::Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 4), Compression::fast());
    encoder.write_all(plain)?;
    encoder.finish().map(Bytes::from)
}

/// Whether the client takes gzip and does not like the plain form better.
pub(crate) fn accepts_gzip(request: &HttpRequest) -> bool {
    let supported = [Encoding::gzip(), Encoding::identity()];
    let accepted = request.get_header::<AcceptEncoding>();
    accepted.and_then(|accepted| accepted.negotiate(supported.iter())) == Some(Encoding::gzip())
}

fn is_compressible(method: &Method, response: &HttpResponse) -> bool {
    let headers = response.headers();
    (method == Method::GET || method == Method::HEAD)
        && matches!(response.body().size(), BodySize::Sized(size) if size >= LEAST)
        && is_text(headers)
        && !headers.contains_key(CONTENT_ENCODING)
        && !headers.get(ETAG).is_some_and(|tag| tag.as_bytes().starts_with(b"\""))
}

fn is_text(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    kind.is_some_and(|kind| kind.starts_with(b"application/json") || kind.starts_with(b"text/"))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use actix_web::{body::to_bytes, http::header::EntityTag, test::TestRequest};
    use flate2::read::GzDecoder;
    use futures_util::stream;

    use super::*;

    const LONG: &str = "[\"0123456789\"]";

    fn long() -> String {
        LONG.repeat(200)
    }

    fn json(body: String) -> HttpResponse {
        HttpResponse::Ok().content_type("application/json").body(body)
    }

    async fn sent(method: Method, accept: &str, response: HttpResponse) -> (Option<String>, bool, Bytes) {
        let request = TestRequest::default().method(method).insert_header(("accept-encoding", accept));
        let response = compress(&request.to_http_request(), response).await;
        let encoding = response
            .headers()
            .get(CONTENT_ENCODING)
            .map(|value| value.to_str().unwrap().to_owned());
        let varies = response.headers().contains_key(VARY);
        (encoding, varies, to_bytes(response.into_body()).await.unwrap())
    }

    fn unpacked(packed: &[u8]) -> String {
        let mut plain = String::new();
        GzDecoder::new(packed).read_to_string(&mut plain).unwrap();
        plain
    }

    #[actix_web::test]
    async fn a_long_answer_is_compressed_for_who_asks() {
        for times in [200, 20_000] {
            let plain = LONG.repeat(times);
            let (encoding, varies, body) = sent(Method::GET, "gzip, deflate, br, zstd", json(plain.clone())).await;
            assert_eq!((encoding.as_deref(), varies), (Some("gzip"), true));
            assert!(body.len() < plain.len() / 4);
            assert_eq!(unpacked(&body), plain);
        }
        for accept in ["identity", "br", "gzip;q=0", "", "gzip;q=0.5, identity"] {
            let (encoding, varies, body) = sent(Method::GET, accept, json(long())).await;
            assert_eq!((encoding, varies), (None, true), "{accept}");
            assert_eq!(body, long().as_bytes());
        }
    }

    #[actix_web::test]
    async fn what_would_not_gain_or_could_tell_a_secret_stays_as_it_is() {
        let tagged = |tag| {
            let mut response = json(long());
            response
                .headers_mut()
                .insert(ETAG, HeaderValue::from_str(&format!("{tag}")).unwrap());
            response
        };
        let chunks = stream::iter([Ok::<_, actix_web::Error>(Bytes::from(long()))]);
        for (method, response) in [
            (Method::POST, json(long())),
            (Method::GET, json("{}".to_owned())),
            (Method::GET, HttpResponse::Ok().content_type("image/png").body(long())),
            (Method::GET, HttpResponse::Ok().body(long().into_bytes())),
            (Method::GET, tagged(EntityTag::new_strong("x".to_owned()))),
            (Method::GET, HttpResponse::Ok().content_type("text/event-stream").streaming(chunks)),
        ] {
            let (encoding, varies, _) = sent(method, "gzip", response).await;
            assert_eq!((encoding, varies), (None, false));
        }
        let (encoding, ..) = sent(Method::GET, "gzip", tagged(EntityTag::new_weak("x".to_owned()))).await;
        assert_eq!(encoding.as_deref(), Some("gzip"));
    }
}
