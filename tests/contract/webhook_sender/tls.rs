//! Receivers by https.

use std::{
    io::{Read, Write},
    net::TcpListener,
    thread,
};

use crm_domain::tenant::webhook::sender::FailureKind;
use crm_outbound::{resolver, webhook::SenderSettings};
use crm_tests::receiver::Receiver;

use super::{Desk, SHORT, outgoing, settings};

#[test]
fn a_certificate_of_an_unknown_authority_is_refused_and_told() {
    let receiver = Receiver::with_own_authority();
    let (kind, reason) = Desk::new().failure(outgoing(receiver.url()));
    assert_eq!(kind, FailureKind::Tls);
    let expected = "the receiver's certificate is not signed by an authority that this server trusts";
    assert!(reason.starts_with(expected), "{reason}");
    assert!(receiver.received().is_empty(), "nothing is said to a stranger");
}

#[test]
fn a_receiver_without_tls_is_told_from_one_with_bad_tls() {
    for (said, expected) in [
        (
            &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
            "the receiver does not speak TLS at this port",
        ),
        (b"", "the receiver hung up while TLS was set up: does it speak TLS at this port?"),
        // A fatal alert of TLS 1.2: handshake failure.
        (b"\x15\x03\x03\x00\x02\x02\x28", "the receiver refused TLS (HandshakeFailure)"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}/hook", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            // The hello is read whole, lest closing reset the connection.
            assert!(stream.read(&mut [0; 1 << 14]).unwrap() > 0);
            stream.write_all(said).unwrap();
        });
        assert_eq!(Desk::new().failure(outgoing(url)), (FailureKind::Tls, expected.to_owned()));
        server.join().unwrap();
    }
}

/// The system takes the connection, but nobody speaks.
#[test]
fn a_connection_that_is_not_there_in_time_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let desk = Desk::with(
        SenderSettings {
            connect_within: SHORT,
            ..settings()
        },
        resolver::system(),
    );
    let (kind, reason) = desk.failure(outgoing(format!("https://{}/hook", listener.local_addr().unwrap())));
    assert_eq!(kind, FailureKind::Connect);
    assert!(reason.starts_with("no connection within 300ms: "), "{reason}");
}
