//! One connection, kept alive.

use std::{
    fmt, io,
    io::{BufReader, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use super::{Request, Response};

/// Longer than any answer may take.
const PATIENCE: Duration = Duration::from_secs(45);

/// How far a request got that has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The server could not be connected to.
    Connect,
    /// The connection broke before the last byte was handed over.
    Send,
    /// It was sent whole, and nothing came back.
    NoAnswer,
    /// It was sent whole, and the answer broke off.
    PartialAnswer,
}

/// Why a request has no answer.
#[derive(Debug)]
pub struct Failure {
    /// How far it got.
    pub stage: Stage,
    /// What the connection said.
    pub error: io::Error,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.stage, self.error)
    }
}

impl std::error::Error for Failure {}

/// A client with one connection, opened when it is needed.
pub struct Client {
    address: SocketAddr,
    host: String,
    stream: Option<BufReader<TcpStream>>,
}

impl Client {
    /// For the server at `address`; connects with the first request.
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            host: address.to_string(),
            stream: None,
        }
    }

    /// Sends a request and reads its answer. After a failure the next request connects anew; none is repeated by itself.
    pub fn call(&mut self, request: &Request) -> Result<Response, Failure> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => connect(self.address).map_err(|error| failure(Stage::Connect, error))?,
        };
        let bytes = request.to_bytes(&self.host);
        stream.get_mut().write_all(&bytes).map_err(|error| failure(Stage::Send, error))?;
        let mut begun = false;
        let response = Response::read(&mut stream, &mut begun).map_err(|error| {
            let stage = if begun { Stage::PartialAnswer } else { Stage::NoAnswer };
            failure(stage, error)
        })?;
        if !response.closes() {
            self.stream = Some(stream);
        }
        Ok(response)
    }
}

fn connect(address: SocketAddr) -> io::Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(BufReader::with_capacity(64 << 10, stream))
}

fn failure(stage: Stage, error: io::Error) -> Failure {
    Failure { stage, error }
}
