//! A way to a server that can be made to hang: it takes connections and what is sent, and passes nothing on until it is told to.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
};

use url::Url;

/// Carries bytes between its clients and one server. Everybody is cut off when it is dropped.
pub struct Relay {
    address: SocketAddr,
    gate: Arc<Gate>,
}

#[derive(Default)]
struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    hangs: bool,
    is_over: bool,
    open: Vec<TcpStream>,
}

impl Relay {
    /// A way to the server that a URL names; the same URL by this way is [`Relay::url`].
    ///
    /// # Panics
    /// When the machine gives no port.
    pub fn to(url: &str) -> Self {
        let url = Url::parse(url).expect("a URL");
        let server = (url.host_str().expect("a host").to_owned(), url.port().unwrap_or(5432));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        let gate = Arc::<Gate>::default();
        let watched = Arc::clone(&gate);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if watched.is_over() {
                    return;
                }
                let Ok(server) = TcpStream::connect(&server) else { continue };
                watched.carry(&client, &server);
                watched.carry(&server, &client);
            }
        });
        Self { address, gate }
    }

    /// The URL by way of the relay.
    pub fn url(&self, url: &str) -> String {
        let mut url = Url::parse(url).expect("a URL");
        url.set_host(Some("127.0.0.1")).expect("a host can be set");
        url.set_port(Some(self.address.port())).expect("a port can be set");
        url.into()
    }

    /// Passes nothing on from now on.
    pub fn hang(&self) {
        self.gate.change(|state| state.hangs = true);
    }

    /// Passes on what came meanwhile, and goes on.
    pub fn go_on(&self) {
        self.gate.change(|state| state.hangs = false);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.gate.change(|state| {
            state.is_over = true;
            for stream in state.open.drain(..) {
                // One that is closed already is as it should be.
                let _ = stream.shutdown(Shutdown::Both);
            }
        });
        // The listener waits for a client: this is the last.
        let _ = TcpStream::connect(self.address);
    }
}

impl Gate {
    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }

    fn is_over(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).is_over
    }

    /// Waits while everything hangs.
    fn pass(&self) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.changed.wait_while(state, |state| state.hangs && !state.is_over));
    }

    /// Carries one direction on a thread of its own, until either end closes.
    fn carry(self: &Arc<Self>, from: &TcpStream, to: &TcpStream) {
        let gate = Arc::clone(self);
        let (mut from, mut to) = (from.try_clone().expect("a handle"), to.try_clone().expect("a handle"));
        self.change(|state| state.open.push(from.try_clone().expect("a handle")));
        thread::spawn(move || {
            let mut bytes = [0; 8 * 1024];
            while let Ok(count @ 1..) = from.read(&mut bytes) {
                gate.pass();
                if to.write_all(&bytes[..count]).is_err() {
                    break;
                }
            }
            let _ = to.shutdown(Shutdown::Write);
        });
    }
}
