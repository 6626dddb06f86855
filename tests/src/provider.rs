//! A provider of profiles on this machine: a real server, as slow, as broken and as rude as a test wants it to be.

use std::{
    collections::VecDeque,
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use serde_json::{Value, json};

/// What the provider does with a request.
#[derive(Debug, Clone)]
pub enum Deed {
    /// Answers with this status, these headers and this body.
    Answer(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// Waits until [`Provider::release`], then does that.
    Hold(Box<Deed>),
    /// Announces a longer body than it sends.
    Truncate,
    /// Sends a body that never ends.
    Flood,
    /// Hangs up when it has read the request.
    HangUp,
    /// Sends half a head and hangs up.
    HalfAHead,
    /// Sends what is no HTTP.
    Garble,
}

impl Deed {
    /// A JSON answer that costs so many credits.
    pub fn found(profile: &Value, credits: u32) -> Self {
        let headers = vec![("x-proxycurl-credit-cost", credits.to_string())];
        Self::Answer(200, headers, profile.to_string().into_bytes())
    }

    /// An answer without a profile.
    pub fn status(status: u16) -> Self {
        Self::Answer(status, Vec::new(), b"{}".to_vec())
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

    /// The same, held back until [`Provider::release`].
    #[must_use]
    pub fn held(self) -> Self {
        Self::Hold(Box::new(self))
    }
}

/// A person as the provider knows one.
pub fn person(first: &str, last: &str) -> Value {
    json!({
        "public_identifier": first.to_lowercase(), "first_name": first, "last_name": last, "full_name": format!("{first} {last}"),
        "country": "GB", "country_full_name": "United Kingdom", "city": "London", "state": "England", "industry": "Computing",
        "experiences": [
            { "title": "Student", "company": "University", "ends_at": { "day": 1, "month": 1, "year": 1840 } },
            { "title": "Analyst", "company": "Engines Ltd", "company_linkedin_profile_url": "https://www.linkedin.com/company/engines", "ends_at": null },
        ],
        "personal_emails": [format!("{}@example.com", first.to_lowercase())], "personal_numbers": ["+441234567890"],
    })
}

/// The provider. It knows nobody until it is told to.
pub struct Provider {
    address: SocketAddr,
    desk: Arc<Desk>,
}

#[derive(Default)]
struct Desk {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// What it does next, one for each request.
    next: VecDeque<Deed>,
    /// What it does with all others.
    always: Option<Deed>,
    /// The heads of the requests so far.
    heads: Vec<String>,
    held: usize,
    released: bool,
    is_over: bool,
}

impl Provider {
    /// A provider on a free port.
    ///
    /// # Panics
    /// When the machine gives no port.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        let desk = Arc::<Desk>::default();
        let serving = Arc::clone(&desk);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if serving.state().is_over {
                    return;
                }
                let desk = Arc::clone(&serving);
                thread::spawn(move || desk.serve(stream));
            }
        });
        Self { address, desk }
    }

    /// Where profiles are looked up.
    pub fn url(&self) -> String {
        format!("http://{}/api/v2/linkedin", self.address)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// What it does with every request from now on, but for those that [`Provider::next`] tells of.
    pub fn always(&self, deed: Deed) {
        self.desk.state().always = Some(deed);
    }

    /// What it does with the next requests, one after another.
    pub fn next(&self, deeds: impl IntoIterator<Item = Deed>) {
        self.desk.state().next.extend(deeds);
    }

    /// The heads of the requests so far.
    pub fn heads(&self) -> Vec<String> {
        self.desk.state().heads.clone()
    }

    /// How many requests there were so far.
    pub fn asked(&self) -> usize {
        self.desk.state().heads.len()
    }

    /// Waits until so many requests are held back.
    pub fn wait_for_held(&self, count: usize) {
        let state = self.desk.state();
        drop(self.desk.wait(state, |state| state.held < count));
    }

    /// How many requests are held back.
    pub fn held(&self) -> usize {
        self.desk.state().held
    }

    /// Goes on with the requests that are held back, now and from now on.
    pub fn release(&self) {
        self.desk.state().released = true;
        self.desk.changed.notify_all();
    }
}

impl Drop for Provider {
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

    fn wait<'a>(&self, state: MutexGuard<'a, State>, on: impl FnMut(&mut State) -> bool) -> MutexGuard<'a, State> {
        self.changed.wait_while(state, on).unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, mut stream: TcpStream) {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read(&mut byte) {
                Ok(1) => head.push(byte[0]),
                // Whoever hangs up without asking is no request.
                Ok(_) | Err(_) => return,
            }
        }
        let deed = {
            let mut state = self.state();
            state.heads.push(String::from_utf8_lossy(&head).into_owned());
            state.next.pop_front().or_else(|| state.always.clone())
        };
        // A client that went away meanwhile has what it wanted.
        let _ = self.act(&mut stream, deed.unwrap_or_else(|| Deed::status(404)));
        let _ = stream.shutdown(Shutdown::Both);
    }

    fn act(&self, stream: &mut TcpStream, deed: Deed) -> std::io::Result<()> {
        match deed {
            Deed::Answer(status, headers, body) => {
                let mut head = format!(
                    "HTTP/1.1 {status} Whatever\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
                    body.len()
                );
                for (name, value) in headers {
                    head.push_str(&format!("{name}: {value}\r\n"));
                }
                stream.write_all(format!("{head}connection: close\r\n\r\n").as_bytes())?;
                stream.write_all(&body)
            }
            Deed::Hold(deed) => {
                let mut state = self.state();
                state.held += 1;
                self.changed.notify_all();
                let mut state = self.wait(state, |state| !state.released);
                state.held -= 1;
                drop(state);
                self.act(stream, *deed)
            }
            Deed::Truncate => stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"full_name\":\"Ada"),
            Deed::Flood => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"full_name\":\"")?;
                while !self.state().is_over {
                    stream.write_all(&[b'x'; 8_192])?;
                }
                Ok(())
            }
            Deed::HangUp => Ok(()),
            Deed::HalfAHead => stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-le"),
            Deed::Garble => stream.write_all(b"\x16\x03\x01 this is no HTTP\r\n\r\n"),
        }
    }
}
