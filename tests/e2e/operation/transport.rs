//! Connections: who may have how many, who is cut off, and what is answered before there is a request.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use crm_tests::{database::Backend, server::Server};

/// Longest that a test waits for what must happen soon.
const PATIENCE: Duration = Duration::from_secs(60);

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.url().trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends a request on a connection that stays open, and reads the head of its answer.
fn ask(stream: &mut TcpStream) -> String {
    stream.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut answer = [0; 1024];
    let read = stream.read(&mut answer).unwrap();
    String::from_utf8_lossy(&answer[..read]).into_owned()
}

/// Everything until the server closes the connection, which it must do by itself.
fn rest(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        // What was sent too much was not read.
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "the server closes the connection"),
    }
    String::from_utf8(answer).unwrap()
}

fn wait_until_served(server: &Server) {
    let started = Instant::now();
    while server.get("/livez").send().status != 200 {
        assert!(started.elapsed() < PATIENCE, "no place becomes free");
    }
}

#[test]
fn one_address_does_not_take_every_place() {
    let server = Server::with(Backend::Sqlite, |settings| settings.server.connections_per_address = 2);
    let mut admitted = [connect(&server), connect(&server)];
    for stream in &mut admitted {
        assert!(ask(stream).starts_with("HTTP/1.1 200"));
    }
    let refused = server.get("/livez").expect(503);
    assert_eq!((refused.number("retry-after"), refused.header("connection")), (1, Some("close")));
    assert_eq!(refused.json()["error"], "Service Unavailable");
    // In the envelope of whoever owns the path.
    for (path, pointer, expected) in [
        ("/api/v1/external/accounts?page=1", "/error", "Service unavailable"),
        ("/api/v1/sync/leads", "/error/code", "INTERNAL_ERROR"),
        ("/api/leads", "/error/code", "INTERNAL_ERROR"),
        ("/api/v1/contacts", "/error/code", "INTERNAL_ERROR"),
        ("/api/external/deals", "/detail", "The service is temporarily unavailable"),
    ] {
        let refused = server.get(path).expect(503);
        assert_eq!(refused.json().pointer(pointer), Some(&expected.into()), "{refused:?}");
        assert_eq!(refused.number("retry-after"), 1);
        assert!(refused.header("x-trace-id").is_some(), "{refused:?}");
    }
    for stream in &mut admitted {
        assert!(ask(stream).starts_with("HTTP/1.1 200"), "who is in stays in");
    }
    drop(admitted);
    wait_until_served(&server);
}

#[test]
fn a_proxy_brings_as_many_connections_as_it_has_clients() {
    let server = Server::with(Backend::Sqlite, |settings| {
        settings.server.connections_per_address = 1;
        settings.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    });
    let mut streams: Vec<_> = (0..4).map(|_| connect(&server)).collect();
    for stream in &mut streams {
        assert!(ask(stream).starts_with("HTTP/1.1 200"));
    }
}

// The only place of the address is free again when the server has given the first connection up.
#[test]
fn a_client_that_does_not_take_its_answers_is_cut_off() {
    let server = Server::with(Backend::Sqlite, |settings| {
        settings.server.connections_per_address = 1;
        settings.server.write_seconds = 1;
    });
    let mut greedy = connect(&server);
    // Together they are more than the buffers between the two hold.
    let ask = b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n".repeat(40);
    greedy.write_all(&ask).unwrap();
    let mut first = [0; 12];
    greedy.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    assert_eq!(server.get("/livez").send().status, 503, "the place is taken");
    wait_until_served(&server);
    drop(greedy);
}

// What actix refuses before there is a request has no body: no family owns it.
#[test]
fn what_is_no_request_is_answered_and_the_connection_closed() {
    let server = Server::with(Backend::Sqlite, |settings| settings.server.request_head_seconds = 1);
    let long = format!("GET / HTTP/1.1\r\nHost: x\r\nlong: {}", "x".repeat(200_000));
    for (status, bytes) in [
        ("400", "nonsense\r\n\r\n"),
        ("400", "GET /livez HTTP/1.1\r\n\r\n"),
        ("408", "GET /livez HTTP/1.1\r\nHost: x\r\n"),
        ("431", &long),
    ] {
        let mut stream = connect(&server);
        stream.write_all(bytes.as_bytes()).unwrap();
        let answer = rest(stream);
        assert_eq!(answer.split(' ').nth(1), Some(status), "{answer}");
        assert!(answer.ends_with("\r\n\r\n") && answer.contains("content-length: 0"), "{answer}");
    }
}
