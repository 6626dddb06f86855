//! What went wrong, in words by which somebody can mend it.

use std::{error::Error, fmt::Display, io, time::Duration};

use crm_domain::{
    error::Problem,
    tenant::webhook::{not_public, sender::FailureKind},
};
use rustls::CertificateError;

use crate::resolver::{NotPublic, Unresolved};

/// Most characters of a reason: what libraries say may quote the receiver.
const REASON_MAX: usize = 500;

/// What kept a delivery from being answered.
pub(super) struct Failure {
    pub kind: FailureKind,
    pub reason: String,
}

impl Failure {
    pub(super) fn new(kind: FailureKind, reason: impl Display) -> Self {
        let plain = |c: char| if c.is_control() { ' ' } else { c };
        Self {
            kind,
            reason: reason.to_string().chars().take(REASON_MAX).map(plain).collect(),
        }
    }

    pub(super) fn not_allowed(problem: &Problem) -> Self {
        let reason = format!("the URL {problem}, unless webhooks.allow_private_targets is set");
        Self::new(FailureKind::NotAllowed, reason)
    }

    pub(super) fn too_late(total: Duration) -> Self {
        Self::new(FailureKind::Timeout, format!("the receiver did not answer within {total:?}"))
    }

    /// What an error of the client is.
    pub(super) fn of(error: &reqwest::Error, connect_within: Duration) -> Self {
        let causes: Vec<&(dyn Error + 'static)> = causes(error).collect();
        if causes.iter().any(|cause| cause.is::<NotPublic>()) {
            return Self::not_allowed(&not_public());
        }
        if causes.iter().any(|cause| cause.is::<Unresolved>()) {
            return Self::new(FailureKind::Dns, format!("the host's name does not resolve: {}", last(&causes)));
        }
        if let Some(error) = causes.iter().find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
            return Self::new(FailureKind::Tls, tls(error));
        }
        if !error.is_connect() {
            return Self::new(FailureKind::Broken, format!("the exchange broke off: {}", last(&causes)));
        }
        if error.is_timeout() {
            let reason = format!("no connection within {connect_within:?}: the receiver is down, or a firewall drops what is sent to it");
            return Self::new(FailureKind::Connect, reason);
        }
        // The outer ones only wrap.
        let inner = causes.iter().rev().find_map(|cause| cause.downcast_ref::<io::Error>());
        match inner.map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionRefused) => Self::new(
                FailureKind::Connect,
                "the connection was refused: nothing listens at the URL's port",
            ),
            // A connection that is there has no end before TLS begins.
            Some(io::ErrorKind::UnexpectedEof) => Self::new(
                FailureKind::Tls,
                "the receiver hung up while TLS was set up: does it speak TLS at this port?",
            ),
            _ => Self::new(FailureKind::Connect, format!("no connection: {}", last(&causes))),
        }
    }
}

/// The error, its cause, that one's cause and so on. What an [`io::Error`] wraps is not its source, but counts.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error: &&'a (dyn Error + 'static)| {
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map(|wrapped| wrapped as &(dyn Error + 'static)).or_else(|| error.source())
    })
}

fn last(causes: &[&(dyn Error + 'static)]) -> String {
    causes.last().map(ToString::to_string).unwrap_or_default()
}

fn tls(error: &rustls::Error) -> String {
    use rustls::Error;
    match error {
        Error::InvalidCertificate(problem) => format!("the receiver's certificate {}", certificate(problem)),
        Error::InvalidMessage(_) => "the receiver does not speak TLS at this port".to_owned(),
        Error::PeerIncompatible(what) => format!("the receiver has no version or cipher of TLS in common with this server ({what:?})"),
        Error::AlertReceived(alert) => format!("the receiver refused TLS ({alert:?})"),
        other => format!("TLS failed: {other}"),
    }
}

/// Follows "the certificate".
fn certificate(problem: &CertificateError) -> String {
    match problem {
        CertificateError::UnknownIssuer => {
            "is not signed by an authority that this server trusts: the receiver must send its whole chain, \
             and an authority of one's own must be among the certificates of this server's machine"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "is not valid yet",
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => "is for another name than the URL's",
        CertificateError::Revoked => "was revoked",
        // The library that tells has no public name for it. It is what OpenSSL makes when it is asked for nothing else.
        CertificateError::Other(cause) if format!("{cause:?}").contains("CaUsedAsEndEntity") => {
            "signs itself and is marked as an authority's: the receiver needs one without that mark, signed by an authority that this server trusts"
        }
        other => return format!("is not in order: {other}"),
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tls_says_is_told_in_words() {
        use std::sync::Arc;

        use rustls::{AlertDescription, Error, InvalidMessage, OtherError};
        for (error, expected) in [
            (
                Error::InvalidCertificate(CertificateError::Expired),
                "the receiver's certificate has expired",
            ),
            (
                Error::InvalidCertificate(CertificateError::NotValidForName),
                "the receiver's certificate is for another name than the URL's",
            ),
            (
                Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(io::Error::other("CaUsedAsEndEntity"))))),
                "the receiver's certificate signs itself and is marked as an authority's: the receiver needs one without that mark, \
                 signed by an authority that this server trusts",
            ),
            (
                Error::InvalidMessage(InvalidMessage::InvalidContentType),
                "the receiver does not speak TLS at this port",
            ),
            (
                Error::AlertReceived(AlertDescription::HandshakeFailure),
                "the receiver refused TLS (HandshakeFailure)",
            ),
        ] {
            assert_eq!(tls(&error), expected);
        }
    }

    #[test]
    fn causes_are_found_inside_of_what_wraps_them() {
        let wrapped = io::Error::other(io::Error::other(NotPublic));
        assert!(causes(&wrapped).any(|cause| cause.is::<NotPublic>()));
        let unresolved = Unresolved::from(io::Error::from(io::ErrorKind::NotFound));
        assert_eq!(last(&causes(&unresolved).collect::<Vec<_>>()), "entity not found");
    }

    #[test]
    fn a_reason_is_one_line_of_bounded_length() {
        let failure = Failure::new(FailureKind::Tls, format!("a\n\0{}", "ü".repeat(1_000)));
        assert!(failure.reason.starts_with("a  ü"));
        assert_eq!(failure.reason.chars().count(), REASON_MAX);
    }
}
