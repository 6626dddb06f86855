//! Stopping under load: whoever was let in is answered.

use std::{
    net::TcpStream,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use super::process::{Place, ask};

/// Clients that ask again and again, each time on a connection of their own.
const CLIENTS: usize = 8;

#[test]
fn a_stop_under_load_answers_everybody_who_was_let_in() {
    let place = Place::new();
    for _ in 0..3 {
        let mut serving = place.serve(&[]);
        let (answered, stopping) = (AtomicUsize::new(0), AtomicBool::new(false));
        let lost: Vec<String> = thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS)
                .map(|_| scope.spawn(|| ask_until_refused(&serving.address, &answered, &stopping)))
                .collect();
            while answered.load(Ordering::SeqCst) < 200 {
                thread::yield_now();
            }
            stopping.store(true, Ordering::SeqCst);
            serving.terminate();
            clients.into_iter().filter_map(|client| client.join().unwrap()).collect()
        });
        assert_eq!(lost, Vec::<String>::new());
        assert!(serving.child.wait().unwrap().success());
    }
}

/// What went wrong. Whoever connects after the signal may be told to come back, or be refused.
fn ask_until_refused(address: &str, answered: &AtomicUsize, stopping: &AtomicBool) -> Option<String> {
    loop {
        let connected = TcpStream::connect(address);
        let was_let_in = !stopping.load(Ordering::SeqCst);
        let answer = connected.and_then(|stream| ask(stream, "GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
        match answer {
            Ok(answer) if answer.starts_with("HTTP/1.1 200") => {
                answered.fetch_add(1, Ordering::SeqCst);
            }
            other if was_let_in => return Some(format!("{other:?}")),
            Ok(answer) if answer.starts_with("HTTP/1.1 503") => {}
            Ok(answer) => return Some(format!("answered {answer:?}")),
            Err(_) => return None,
        }
    }
}

#[test]
fn idle_connections_do_not_hold_the_stop_up() {
    let place = Place::new();
    let mut serving = place.serve(&[]);
    let idle: Vec<_> = (0..4).map(|_| TcpStream::connect(&serving.address).unwrap()).collect();
    assert!(serving.get("/livez", "").starts_with("HTTP/1.1 200"));
    let started = Instant::now();
    serving.terminate();
    assert!(serving.child.wait().unwrap().success());
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    drop(idle);
}
