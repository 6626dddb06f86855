//! A receiver of webhooks on this machine: a real server that keeps what it is sent, and is as slow, as broken and as rude as a test wants it to be.

use std::{
    collections::VecDeque,
    io::{self, BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use serde_json::Value;

/// Longest that a test waits for a delivery.
const PATIENCE: Duration = Duration::from_secs(60);
/// Signed by itself, which nobody knows as an authority; for `localhost`.
const CERTIFICATE: &[u8] = include_bytes!("receiver/certificate.pem");
const KEY: &[u8] = include_bytes!("receiver/key.pem");

/// What the receiver does with a delivery.
#[derive(Debug, Clone)]
pub enum Conduct {
    /// Answers with this status, these headers and this body, and keeps the connection.
    Answer(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// Waits until [`Receiver::release`], then does that.
    Hold(Box<Conduct>),
    /// Resets the connection before the body is read.
    Reset,
    /// Hangs up when it has read the delivery.
    HangUp,
    /// Sends half a head and hangs up.
    HalfAHead,
    /// Sends what is no HTTP.
    Garble,
    /// Sends a head that never ends.
    EndlessHead,
    /// Announces a longer body than it sends, and hangs up.
    Truncate,
    /// Sends a body that never ends, as fast as it is taken.
    Flood,
    /// Sends a body that never ends, a byte every few milliseconds.
    Trickle,
}

impl Conduct {
    /// An answer with a short text for a body.
    pub fn status(status: u16) -> Self {
        Self::Answer(status, Vec::new(), format!("I say {status}").into_bytes())
    }

    /// An answer with a header.
    #[must_use]
    pub fn with(self, name: &'static str, value: impl ToString) -> Self {
        match self {
            Self::Answer(status, mut headers, body) => {
                headers.push((name, value.to_string()));
                Self::Answer(status, headers, body)
            }
            other => other,
        }
    }

    /// The same, held back until [`Receiver::release`].
    #[must_use]
    pub fn held(self) -> Self {
        Self::Hold(Box::new(self))
    }
}

/// What was received.
#[derive(Debug, Clone)]
pub struct Received {
    /// Such as `POST /hook HTTP/1.1`.
    pub line: String,
    /// As they were sent.
    pub headers: Vec<(String, String)>,
    /// The bytes of the body.
    pub body: Vec<u8>,
    /// By which connection it came: 1, 2, 3 …
    pub connection: usize,
}

impl Received {
    /// The header of this name, which is there once at most.
    #[track_caller]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let value = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "{name} came twice: {self:?}");
        value
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    fn read_body(&mut self, stream: &mut impl Read) -> io::Result<()> {
        let length = self.header("content-length").and_then(|length| length.parse().ok());
        self.body = vec![0; length.unwrap_or(0)];
        stream.read_exact(&mut self.body)
    }
}

/// The receiver. It takes everything with 200 until it is told otherwise.
pub struct Receiver {
    address: SocketAddr,
    desk: Arc<Desk>,
    scheme: &'static str,
}

#[derive(Default)]
struct Desk {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// What it does next, one for each delivery.
    next: VecDeque<Conduct>,
    /// What it does with all others.
    always: Option<Conduct>,
    received: Vec<Received>,
    connections: usize,
    held: usize,
    released: bool,
    is_over: bool,
}

impl Receiver {
    /// A receiver on a free port, by http.
    pub fn start() -> Self {
        Self::on("http", |desk, stream, number| desk.serve(BufReader::new(stream), number))
    }

    /// A receiver by https, whose certificate is signed by nobody that anybody trusts.
    ///
    /// # Panics
    /// When TLS cannot be set up.
    pub fn with_own_authority() -> Self {
        let certificate = CertificateDer::from_pem_slice(CERTIFICATE).expect("a certificate");
        let key = PrivateKeyDer::from_pem_slice(KEY).expect("a key");
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(vec![certificate], key))
            .expect("TLS");
        let config = Arc::new(config);
        Self::on("https", move |desk, stream, number| {
            let session = ServerConnection::new(Arc::clone(&config)).expect("TLS");
            desk.serve(BufReader::new(StreamOwned::new(session, stream)), number);
        })
    }

    fn on(scheme: &'static str, serve: impl Fn(&Desk, TcpStream, usize) + Clone + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        let desk = Arc::<Desk>::default();
        let serving = Arc::clone(&desk);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let Some(number) = serving.take_connection() else { return };
                let (desk, serve) = (Arc::clone(&serving), serve.clone());
                thread::spawn(move || {
                    let ending = stream.try_clone();
                    serve(&desk, stream, number);
                    // Whoever went away meanwhile has what it wanted.
                    let _ = ending.and_then(|stream| stream.shutdown(Shutdown::Both));
                });
            }
        });
        Self { address, desk, scheme }
    }

    /// Where deliveries go.
    pub fn url(&self) -> String {
        format!("{}://{}/hook", self.scheme, self.address)
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// What it does with every delivery from now on, but for those that [`Receiver::next`] tells of.
    pub fn always(&self, conduct: Conduct) {
        self.desk.state().always = Some(conduct);
    }

    /// What it does with the next deliveries, one after another.
    pub fn next(&self, conducts: impl IntoIterator<Item = Conduct>) {
        self.desk.state().next.extend(conducts);
    }

    /// What was received so far.
    pub fn received(&self) -> Vec<Received> {
        self.desk.state().received.clone()
    }

    /// Waits until so many deliveries were received, and answers them all.
    ///
    /// # Panics
    /// When they do not come.
    #[track_caller]
    pub fn wait_for(&self, count: usize) -> Vec<Received> {
        let received = self.desk.wait(|state| state.received.len() < count).received.clone();
        assert!(received.len() >= count, "{count} deliveries did not come: {received:?}");
        received
    }

    /// Waits until so many deliveries are held back.
    ///
    /// # Panics
    /// When they are not.
    #[track_caller]
    pub fn wait_for_held(&self, count: usize) {
        let held = self.desk.wait(|state| state.held < count).held;
        assert!(held >= count, "{held} deliveries of {count} are held back");
    }

    /// How many connections it took so far.
    pub fn connections(&self) -> usize {
        self.desk.state().connections
    }

    /// Goes on with the deliveries that are held back, now and from now on.
    pub fn release(&self) {
        self.desk.state().released = true;
        self.desk.changed.notify_all();
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let mut state = self.desk.state();
        (state.is_over, state.released) = (true, true);
        drop(state);
        self.desk.changed.notify_all();
        // The listener waits for a client: this is the last.
        let _ = TcpStream::connect(self.address);
    }
}

impl Desk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits while something is so, but not for ever.
    fn wait(&self, on: impl FnMut(&mut State) -> bool) -> MutexGuard<'_, State> {
        let waited = self.changed.wait_timeout_while(self.state(), PATIENCE, on);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn take_connection(&self) -> Option<usize> {
        let mut state = self.state();
        if state.is_over {
            return None;
        }
        state.connections += 1;
        Some(state.connections)
    }

    fn serve(&self, mut stream: BufReader<impl Read + Write>, connection: usize) {
        loop {
            let Ok(Some(mut received)) = head(&mut stream, connection) else {
                return;
            };
            let conduct = {
                let mut state = self.state();
                state.next.pop_front().or_else(|| state.always.clone())
            };
            let conduct = conduct.unwrap_or_else(|| Conduct::status(200));
            // What was sent and not read makes the system reset the connection when it is closed.
            let is_reset = matches!(conduct, Conduct::Reset);
            if !is_reset && received.read_body(&mut stream).is_err() {
                return;
            }
            self.state().received.push(received);
            self.changed.notify_all();
            match self.act(stream.get_mut(), conduct) {
                Ok(true) => {}
                Ok(false) | Err(_) => return,
            }
        }
    }

    /// Whether the connection is kept.
    fn act(&self, stream: &mut impl Write, conduct: Conduct) -> io::Result<bool> {
        match conduct {
            Conduct::Answer(status, headers, body) => {
                let mut head = format!("HTTP/1.1 {status} Whatever\r\ncontent-length: {}\r\n", body.len());
                for (name, value) in headers {
                    head.push_str(&format!("{name}: {value}\r\n"));
                }
                stream.write_all(&[format!("{head}\r\n").as_bytes(), &body].concat())?;
                stream.flush()?;
                return Ok(true);
            }
            Conduct::Hold(conduct) => {
                self.state().held += 1;
                self.changed.notify_all();
                let mut state = self.wait(|state| !state.released);
                state.held -= 1;
                drop(state);
                return self.act(stream, *conduct);
            }
            Conduct::Reset | Conduct::HangUp => {}
            Conduct::HalfAHead => stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-le")?,
            Conduct::Garble => stream.write_all(b"\x16\x03\x01 this is no HTTP\r\n\r\n")?,
            Conduct::EndlessHead => {
                stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
                self.repeat(stream, format!("x-long: {}\r\n", "x".repeat(1_000)).as_bytes(), Duration::ZERO)?;
            }
            Conduct::Truncate => stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhalf of it")?,
            Conduct::Flood => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")?;
                self.repeat(stream, &[b'x'; 8_192], Duration::ZERO)?;
            }
            Conduct::Trickle => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")?;
                self.repeat(stream, b"x", Duration::from_millis(5))?;
            }
        }
        stream.flush()?;
        Ok(false)
    }

    /// Sends the same again and again, until nobody takes it.
    fn repeat(&self, stream: &mut impl Write, bytes: &[u8], pause: Duration) -> io::Result<()> {
        loop {
            stream.write_all(bytes)?;
            stream.flush()?;
            let waited = self.changed.wait_timeout_while(self.state(), pause, |state| !state.is_over);
            if waited.unwrap_or_else(PoisonError::into_inner).0.is_over {
                return Ok(());
            }
        }
    }
}

/// A delivery but for its body; `None` when the client hung up instead.
fn head(stream: &mut impl BufRead, connection: usize) -> io::Result<Option<Received>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let mut lines = lines.into_iter();
    let line = lines.next().unwrap_or_default();
    let split = |line: String| line.split_once(':').map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
    Ok(Some(Received {
        line,
        headers: lines.filter_map(split).collect(),
        body: Vec::new(),
        connection,
    }))
}
