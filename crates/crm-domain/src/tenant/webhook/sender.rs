//! Sending a delivery: the port, and what may come of it.

use std::{fmt, time::Duration};

/// Most bytes of a response that are kept.
pub const EXCERPT_MAX: usize = 64 * 1_024;

/// A request to a receiver: a `POST`.
#[derive(Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Where it goes, as the webhook has it.
    pub url: String,
    /// Names and values. Of two with one name, whatever its case, the first is sent: so the signature's headers precede the subscriber's.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte as it was signed.
    pub body: Vec<u8>,
}

impl fmt::Debug for Outgoing {
    /// Headers and bodies may hold what is confidential; so may the query of the URL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Outgoing")
            .field("headers", &names)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// A receiver's answer, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status; 100 to 999.
    pub status: u16,
    /// The beginning of the body, at most [`EXCERPT_MAX`] bytes, as text: what is no UTF-8 is replaced, and what no database keeps is left out.
    pub excerpt: String,
    /// For how long the receiver wants to be left alone, as it says; at most a day.
    pub retry_after: Option<Duration>,
    /// From the begin of sending to the end of what was kept.
    pub took: Duration,
}

impl Reply {
    /// Whether the receiver took the delivery: a status of 200 to 299. A redirection is a refusal, since none is followed.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// No answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendFailure {
    /// What kind of failure.
    pub kind: FailureKind,
    /// A sentence by which the receiver's or this server's operator can act.
    pub reason: String,
    /// From the begin of sending to the failure.
    pub took: Duration,
}

/// What keeps a delivery from being answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// The URL or a header cannot be sent at all. Nothing was sent.
    Invalid,
    /// The URL leads to where this deployment does not go (contract X-23). Nothing was sent.
    NotAllowed,
    /// The host's name leads to no address. Nothing was sent.
    Dns,
    /// Nobody took the connection. Nothing was sent.
    Connect,
    /// The receiver's certificate or its TLS is not in order. Nothing was sent.
    Tls,
    /// The answer did not come in time. The receiver may have read the delivery.
    Timeout,
    /// The connection broke off, or what came is no HTTP. The receiver may have read the delivery.
    Broken,
    /// This server stops. The receiver may have read the delivery.
    Stopped,
}

impl FailureKind {
    const ALL: [Self; 8] = [
        Self::Invalid,
        Self::NotAllowed,
        Self::Dns,
        Self::Connect,
        Self::Tls,
        Self::Timeout,
        Self::Broken,
        Self::Stopped,
    ];

    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::NotAllowed => "not_allowed",
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Broken => "broken",
            Self::Stopped => "stopped",
        }
    }

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Is told what came of a delivery.
pub type SendDone = Box<dyn FnOnce(Result<Reply, SendFailure>) + Send>;

/// Sends deliveries.
pub trait WebhookSender: Send + Sync + 'static {
    /// Sends `outgoing` and tells `done`, exactly once and on a thread of the sender's, what came of it. Does not wait for that, and does not
    /// send again.
    fn send(&self, outgoing: Outgoing, done: SendDone);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_reads_back() {
        for kind in FailureKind::ALL {
            assert_eq!(FailureKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(FailureKind::parse("Dns"), None);
    }

    #[test]
    fn a_redirection_is_no_success() {
        let reply = |status| Reply {
            status,
            excerpt: String::new(),
            retry_after: None,
            took: Duration::ZERO,
        };
        let taken = [199, 200, 204, 299, 300, 302, 404, 500].map(|status| reply(status).is_success());
        assert_eq!(taken, [false, true, true, true, false, false, false, false]);
    }

    #[test]
    fn debug_shows_nothing_confidential() {
        let outgoing = Outgoing {
            url: "https://example.com/?key=confidential".to_owned(),
            headers: vec![("Authorization".to_owned(), "confidential".to_owned())],
            body: b"confidential".to_vec(),
        };
        assert_eq!(format!("{outgoing:?}"), r#"Outgoing { headers: ["Authorization"], bytes: 12, .. }"#);
    }
}
