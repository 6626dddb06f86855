//! What a receiver does, and what comes of it.

use std::{net::TcpListener, time::Duration};

use crm_domain::tenant::webhook::sender::{EXCERPT_MAX, FailureKind, Outgoing};
use crm_tests::receiver::{Conduct, Receiver};

use super::{Desk, PATIENCE, SHORT, outgoing};

// C-148, E-51, E-81, E-87
#[test]
fn a_delivery_arrives_as_it_was_given() {
    let (desk, receiver) = (Desk::new(), Receiver::start());
    receiver.next([Conduct::Answer(202, Vec::new(), b"taken, \xff and kept\0".to_vec())]);
    let reply = desk
        .send(Outgoing {
            url: receiver.url() + "?tenant=1&x=%2F",
            headers: [
                ("Content-Type", "application/json"),
                ("X-Webhook-Event", "deal.won"),
                ("x-webhook-event", "of somebody else"),
                ("X-Custom-Header", "a\tvalue"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
            body: "{\"name\":\"Müller\"}\n".into(),
        })
        .unwrap();
    assert_eq!((reply.status, reply.excerpt.as_str()), (202, "taken, \u{fffd} and kept"));
    assert!(reply.is_success() && reply.retry_after.is_none() && reply.took > Duration::ZERO);
    let received = &receiver.received()[0];
    assert_eq!(received.line, "POST /hook?tenant=1&x=%2F HTTP/1.1");
    assert_eq!(received.body, "{\"name\":\"Müller\"}\n".as_bytes());
    for (name, value) in [
        ("content-type", "application/json"),
        ("content-length", "19"),
        ("x-webhook-event", "deal.won"),
        ("x-custom-header", "a\tvalue"),
        ("host", &format!("127.0.0.1:{}", receiver.port())),
    ] {
        assert_eq!(received.header(name), Some(value), "{name}");
    }
    assert!(received.header("user-agent").is_some_and(|agent| agent.starts_with("crm-server/")));
    assert_eq!(received.header("transfer-encoding"), None);
}

#[test]
fn every_status_is_an_answer_and_none_is_followed() {
    let (desk, receiver, elsewhere) = (Desk::new(), Receiver::start(), Receiver::start());
    for status in [
        200, 201, 204, 301, 302, 303, 307, 308, 400, 401, 404, 410, 418, 429, 500, 502, 503, 599,
    ] {
        receiver.next([Conduct::status(status).with("location", elsewhere.url())]);
        let reply = desk.send(outgoing(receiver.url())).unwrap();
        assert_eq!((reply.status, reply.is_success()), (status, status < 300));
    }
    assert_eq!(elsewhere.connections(), 0);
    assert_eq!(receiver.received().len(), 18, "none was sent again");
}

#[test]
fn retry_after_is_told_in_seconds_or_as_a_date() {
    let (desk, receiver) = (Desk::new(), Receiver::start());
    for (said, expected) in [
        ("7", Some(7)),
        // The adapter's clock shows 10:00:00 on that day.
        ("Wed, 15 Jan 2025 10:02:00 GMT", Some(120)),
        ("Wed, 15 Jan 2025 09:00:00 GMT", Some(0)),
        ("99999999999", Some(24 * 3_600)),
        ("soon", None),
        ("-5", None),
    ] {
        receiver.next([Conduct::status(503).with("Retry-After", said)]);
        let reply = desk.send(outgoing(receiver.url())).unwrap();
        assert_eq!(reply.retry_after, expected.map(Duration::from_secs), "{said}");
    }
}

#[test]
fn what_is_no_answer_is_a_failure_that_says_why() {
    let (desk, receiver) = (Desk::new(), Receiver::start());
    for (conduct, reason) in [
        (Conduct::HangUp, "connection closed before message completed"),
        (Conduct::HalfAHead, "connection closed before message completed"),
        (Conduct::Garble, "invalid HTTP"),
        (Conduct::EndlessHead, "message head is too large"),
    ] {
        receiver.next([conduct]);
        let (kind, said) = desk.failure(outgoing(receiver.url()));
        assert_eq!(kind, FailureKind::Broken, "{said}");
        assert!(said.starts_with("the exchange broke off: ") && said.contains(reason), "{said}");
    }
    receiver.next([Conduct::Reset]);
    let large = Outgoing {
        body: vec![b' '; 1 << 20],
        ..outgoing(receiver.url())
    };
    assert_eq!(desk.failure(large).0, FailureKind::Broken);
    assert_eq!(receiver.received().len(), 5, "none was sent again");
    // What went wrong spoils nothing for the next one.
    assert_eq!(desk.send(outgoing(receiver.url())).unwrap().status, 200);
}

#[test]
fn a_receiver_that_does_not_answer_is_given_up() {
    let (desk, receiver) = (Desk::hasty(), Receiver::start());
    receiver.next([Conduct::status(200).held()]);
    let failure = desk.send(outgoing(receiver.url())).unwrap_err();
    assert_eq!(
        (failure.kind, failure.reason.as_str()),
        (FailureKind::Timeout, "the receiver did not answer within 300ms")
    );
    assert!((SHORT..PATIENCE).contains(&failure.took));
}

/// The status says that it was taken: how the body ends does not matter.
#[test]
fn of_a_body_that_does_not_end_only_the_beginning_is_kept() {
    let receiver = Receiver::start();
    receiver.next([Conduct::Flood]);
    let reply = Desk::new().send(outgoing(receiver.url())).unwrap();
    assert_eq!((reply.status, reply.excerpt.len()), (200, EXCERPT_MAX));
    receiver.next([Conduct::Trickle]);
    let reply = Desk::hasty().send(outgoing(receiver.url())).unwrap();
    assert_eq!(reply.status, 200);
    assert!(!reply.excerpt.is_empty() && reply.excerpt.bytes().all(|byte| byte == b'x'));
    assert!((SHORT..PATIENCE).contains(&reply.took));
    receiver.next([Conduct::Truncate]);
    let reply = Desk::new().send(outgoing(receiver.url())).unwrap();
    assert_eq!((reply.status, reply.excerpt.as_str()), (200, "half of it"));
}

#[test]
fn where_nobody_listens_nothing_is_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let (kind, reason) = Desk::new().failure(outgoing(url));
    assert_eq!(kind, FailureKind::Connect);
    assert!(reason.starts_with("the connection was refused"), "{reason}");
}

#[test]
fn what_cannot_be_sent_is_not() {
    let (desk, receiver) = (Desk::new(), Receiver::start());
    for url in [
        "",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        &receiver.url().replace("http://", "http://user:password@"),
        &format!("{}{}", receiver.url(), "x".repeat(10_000)),
    ] {
        let (kind, reason) = desk.failure(outgoing(url));
        assert_eq!(kind, FailureKind::Invalid, "{url}: {reason}");
        assert!(reason.starts_with("the URL ") && reason.len() < 200, "{reason}");
    }
    for (name, value) in [("X-A", "b\r\nHost: evil"), ("X A", "b"), ("", "b")] {
        let mut with_header = outgoing(receiver.url());
        with_header.headers.push((name.to_owned(), value.to_owned()));
        assert_eq!(desk.failure(with_header).0, FailureKind::Invalid, "{name}: {value}");
    }
    assert_eq!(receiver.connections(), 0);
}

#[test]
fn one_connection_serves_deliveries_that_follow_each_other() {
    let (desk, receiver) = (Desk::new(), Receiver::start());
    for _ in 0..20 {
        assert_eq!(desk.send(outgoing(receiver.url())).unwrap().status, 200);
    }
    let last = receiver.received().last().unwrap().connection;
    assert!(last < 20, "{last} connections");
}

#[test]
fn a_receiver_that_hangs_delays_no_other() {
    let (desk, hanging, prompt) = (Desk::new(), Receiver::start(), Receiver::start());
    hanging.always(Conduct::status(200).held());
    let waiting: Vec<_> = (0..50).map(|_| desk.begin(outgoing(hanging.url()))).collect();
    hanging.wait_for_held(50);
    assert_eq!(desk.send(outgoing(prompt.url())).unwrap().status, 200);
    hanging.release();
    for outcome in waiting {
        assert_eq!(outcome.recv_timeout(PATIENCE).unwrap().unwrap().status, 200);
    }
}

#[test]
fn whoever_sends_hears_of_a_server_that_stops() {
    let (desk, receiver) = (Desk::new(), Receiver::start());
    receiver.always(Conduct::status(200).held());
    let under_way = desk.begin(outgoing(receiver.url()));
    receiver.wait_for_held(1);
    let Desk { adapter, runtime } = desk;
    runtime.shutdown_background();
    assert_eq!(under_way.recv_timeout(PATIENCE).unwrap().unwrap_err().kind, FailureKind::Stopped);
    // And one that has stopped takes nothing more.
    let (done, outcome) = std::sync::mpsc::channel();
    adapter.send(outgoing(receiver.url()), Box::new(move |sent| done.send(sent).unwrap()));
    assert_eq!(outcome.recv_timeout(PATIENCE).unwrap().unwrap_err().kind, FailureKind::Stopped);
}
