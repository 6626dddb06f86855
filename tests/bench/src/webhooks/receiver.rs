//! A local receiver: it reads each delivery whole, and does what it is told.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};

use anyhow::{Context, Result};
use socket2::SockRef;

/// A delivery.
#[derive(Debug, Clone, Default)]
pub struct Delivery {
    /// The path that it was sent to.
    pub path: String,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Delivery {
    /// A header's value; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// What a receiver does with a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conduct {
    /// Takes it.
    Take,
    /// Answers 500.
    Fail,
    /// Redirects to where it would be taken.
    Redirect,
    /// Answers what is no HTTP.
    Garble,
    /// Resets the connection.
    Reset,
    /// Never answers, until the client hangs up.
    Hang,
}

/// Decides what is done with a delivery, on the thread of its connection.
pub type Judge = Arc<dyn Fn(&Delivery) -> Conduct + Send + Sync>;

/// Receives on a free port, for as long as this program runs.
pub struct Receiver {
    address: SocketAddr,
}

impl Receiver {
    /// Begins to receive.
    pub fn start(judge: Judge) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("no port for the receiver")?;
        let address = listener.local_addr()?;
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let judge = Arc::clone(&judge);
                // A client that went away is what some of this is about.
                thread::spawn(move || drop(serve(stream, &judge)));
            }
        });
        Ok(Self { address })
    }

    /// Where deliveries go.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

fn serve(stream: TcpStream, judge: &Judge) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::with_capacity(64 << 10, stream);
    while let Some(delivery) = read(&mut stream)? {
        let conduct = judge(&delivery);
        let path = &delivery.path;
        let answer = match conduct {
            Conduct::Take => "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_owned(),
            Conduct::Fail => "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 4\r\n\r\noops".to_owned(),
            Conduct::Redirect => format!("HTTP/1.1 302 Found\r\nlocation: {path}/elsewhere\r\ncontent-length: 0\r\n\r\n"),
            Conduct::Garble => "\u{16}\u{3}\u{1} this is no HTTP\r\n\r\n".to_owned(),
            Conduct::Reset => return SockRef::from(stream.get_ref()).set_linger(Some(Duration::ZERO)),
            Conduct::Hang => return stream.read_to_end(&mut Vec::new()).map(drop),
        };
        stream.get_mut().write_all(answer.as_bytes())?;
        if conduct == Conduct::Garble {
            return Ok(());
        }
    }
    Ok(())
}

/// The next delivery; `None` when the client hung up.
fn read(stream: &mut impl BufRead) -> io::Result<Option<Delivery>> {
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
    let first = lines.next().unwrap_or_default();
    let split = |line: String| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_lowercase(), value.trim().to_owned()))
    };
    let mut delivery = Delivery {
        path: first.split(' ').nth(1).unwrap_or_default().to_owned(),
        headers: lines.filter_map(split).collect(),
        body: Vec::new(),
    };
    let length = delivery.header("content-length").and_then(|length| length.parse().ok());
    delivery.body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut delivery.body)?;
    Ok(Some(delivery))
}
