//! What is kept of an answer.

use crm_domain::tenant::webhook::sender::EXCERPT_MAX;
use reqwest::Response;
use tokio::time::{Instant, timeout_at};

/// The beginning of the body as text. The status has told whether the receiver took the delivery: a body that breaks off, or does not end before the
/// deadline, makes no failure of that.
pub(super) async fn excerpt(mut response: Response, deadline: Instant) -> String {
    let mut body = Vec::new();
    while let Ok(Ok(Some(chunk))) = timeout_at(deadline, response.chunk()).await {
        let room = EXCERPT_MAX - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() >= room {
            break;
        }
    }
    text(&body)
}

/// Replaces what is no UTF-8, and leaves out null characters, which PostgreSQL does not keep.
fn text(body: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(body).replace('\0', "");
    text.truncate(text.floor_char_boundary(EXCERPT_MAX));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_body_becomes_a_text_that_databases_keep() {
        assert_eq!(text(b"received"), "received");
        assert_eq!(text(b"a\0b"), "ab");
        assert_eq!(text(b"a\xffb"), "a\u{fffd}b");
        // Each of these becomes three bytes.
        let long = text(&[0xff; EXCERPT_MAX]);
        assert_eq!(long.len(), EXCERPT_MAX / 3 * 3);
        assert!(long.chars().all(|c| c == '\u{fffd}'));
        // A character that the limit cut.
        let cut = text(&["ü".repeat(EXCERPT_MAX / 2).as_bytes(), &[0xc3]].concat());
        assert_eq!(cut.len(), EXCERPT_MAX);
    }
}
