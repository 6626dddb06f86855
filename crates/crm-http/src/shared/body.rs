//! Reading request bodies: within a size, within a time. actix leaves a slow body open for ever.

use std::time::Duration;

use actix_web::{
    HttpRequest,
    dev::Payload,
    error::PayloadError,
    http::header::CONTENT_LENGTH,
    web::{Bytes, BytesMut},
};
use futures_util::StreamExt;
use tokio::time::timeout;

use crate::shared::fault::Fault;

/// Reads a whole body of at most `limit` bytes within `deadline`. One that is announced to be larger is refused before it arrives.
///
/// # Errors
/// [`Fault::BodyTooLarge`], [`Fault::BodyTimeout`], [`Fault::BodyBroken`].
pub async fn read_body(request: &HttpRequest, payload: &mut Payload, limit: usize, deadline: Duration) -> Result<Bytes, Fault> {
    if announced_length(request).is_some_and(|length| length > limit as u64) {
        return Err(Fault::BodyTooLarge { limit });
    }
    timeout(deadline, collect(payload, limit)).await.map_err(|_| Fault::BodyTimeout)?
}

/// actix has refused a length that is no number, or that comes beside a transfer encoding.
fn announced_length(request: &HttpRequest) -> Option<u64> {
    request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn collect(payload: &mut Payload, limit: usize) -> Result<Bytes, Fault> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| broken(&error, limit))?;
        if body.len() + chunk.len() > limit {
            return Err(Fault::BodyTooLarge { limit });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn broken(error: &PayloadError, limit: usize) -> Fault {
    match error {
        PayloadError::Overflow => Fault::BodyTooLarge { limit },
        other => Fault::BodyBroken(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use futures_util::stream;

    use super::*;

    fn payload(chunks: Vec<Result<Bytes, PayloadError>>, endless: bool) -> Payload {
        let chunks = stream::iter(chunks);
        let rest = if endless {
            stream::pending().left_stream()
        } else {
            stream::empty().right_stream()
        };
        Payload::Stream {
            payload: Box::pin(chunks.chain(rest)),
        }
    }

    async fn read(chunks: Vec<Result<Bytes, PayloadError>>, endless: bool) -> Result<Bytes, Fault> {
        let request = TestRequest::post().to_http_request();
        read_body(&request, &mut payload(chunks, endless), 10, Duration::from_millis(50)).await
    }

    #[actix_web::test]
    async fn a_body_announced_too_large_is_not_waited_for() {
        let request = TestRequest::post().insert_header((CONTENT_LENGTH, 11)).to_http_request();
        let outcome = read_body(&request, &mut payload(Vec::new(), true), 10, Duration::from_secs(60)).await;
        assert!(matches!(outcome, Err(Fault::BodyTooLarge { limit: 10 })));
    }

    #[actix_web::test]
    async fn size_and_time_are_bounded() {
        let chunk = |text: &'static str| Ok(Bytes::from_static(text.as_bytes()));
        assert_eq!(&read(vec![chunk("12345"), chunk("67890")], false).await.unwrap()[..], b"1234567890");
        assert!(matches!(
            read(vec![chunk("12345"), chunk("678901")], true).await,
            Err(Fault::BodyTooLarge { limit: 10 })
        ));
        assert!(matches!(read(vec![chunk("1")], true).await, Err(Fault::BodyTimeout)));
        assert!(matches!(
            read(vec![Err(PayloadError::Incomplete(None))], false).await,
            Err(Fault::BodyBroken(_))
        ));
    }
}
