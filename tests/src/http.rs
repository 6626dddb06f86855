//! Requests to a server under test, and its answers.

use std::{
    fmt,
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    time::Duration,
};

use reqwest::{
    Method, RequestBuilder,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use serde::Serialize;
use serde_json::Value;

/// Longest that a test waits for an answer: only a hanging server is so slow.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sends requests to one address; blocks, so that tests read from top to bottom. May be used from several threads at once.
pub struct Client {
    runtime: tokio::runtime::Runtime,
    http: reqwest::Client,
    address: SocketAddr,
}

impl Client {
    /// A client of the server at this address.
    pub fn new(address: SocketAddr) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime can be built");
        // No connection is kept: an idle one would make a server's graceful stop wait for it.
        let http = reqwest::Client::builder()
            .pool_max_idle_per_host(0)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            // The server speaks no TLS: without authorities none are looked for.
            .tls_certs_only([])
            .timeout(PATIENCE)
            .build()
            .expect("a client can be built");
        Self { runtime, http, address }
    }

    /// Where the server listens, e.g. `http://127.0.0.1:40123`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A request; `path` with its query, as it shall be sent.
    pub fn request(&self, method: &str, path: &str) -> Request<'_> {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let builder = self.http.request(method.clone(), format!("{}{path}", self.url()));
        Request {
            client: self,
            what: format!("{method} {path}"),
            builder,
        }
    }

    /// `GET`.
    pub fn get(&self, path: &str) -> Request<'_> {
        self.request("GET", path)
    }

    /// `POST`.
    pub fn post(&self, path: &str) -> Request<'_> {
        self.request("POST", path)
    }

    /// `PUT`.
    pub fn put(&self, path: &str) -> Request<'_> {
        self.request("PUT", path)
    }

    /// `PATCH`.
    pub fn patch(&self, path: &str) -> Request<'_> {
        self.request("PATCH", path)
    }

    /// `DELETE`.
    pub fn delete(&self, path: &str) -> Request<'_> {
        self.request("DELETE", path)
    }

    /// Sends these bytes on a connection of their own and reads the one answer; for what no decent client sends. Ask the server for
    /// `Connection: close`, else the answer ends with the keep-alive time.
    pub fn raw(&self, bytes: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.address).expect("the server accepts connections");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        stream.write_all(bytes).expect("the server reads");
        let mut answer = Vec::new();
        // A server that refuses a request may cut the connection before it has read all of it.
        let _ = stream.read_to_end(&mut answer);
        let _ = stream.shutdown(Shutdown::Both);
        Answer::parse(String::from_utf8_lossy(bytes).lines().next().unwrap_or_default(), &answer)
    }

    /// Sends a request line's target exactly as it is: reqwest would tidy it up.
    pub fn raw_get(&self, target: &str, headers: &[(&str, &str)]) -> Answer {
        let mut text = format!("GET {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address);
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        self.raw(text.as_bytes())
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client of {}", self.address)
    }
}

/// A request being put together.
pub struct Request<'c> {
    client: &'c Client,
    what: String,
    builder: RequestBuilder,
}

impl Request<'_> {
    /// Adds a header.
    #[must_use]
    pub fn header(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a header name");
        let value = HeaderValue::from_bytes(value.as_ref()).expect("a header value");
        Self {
            builder: self.builder.header(name, value),
            ..self
        }
    }

    /// With an API key of family A, D or E.
    #[must_use]
    pub fn key(self, key: impl AsRef<[u8]>) -> Self {
        self.header("x-api-key", key)
    }

    /// With an access token or a key of family B or D.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// With a JSON body.
    #[must_use]
    pub fn json(self, body: &(impl Serialize + ?Sized)) -> Self {
        Self {
            builder: self.builder.json(body),
            ..self
        }
    }

    /// With these bytes as body, of no declared type.
    #[must_use]
    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self {
            builder: self.builder.body(body.into()),
            ..self
        }
    }

    /// Sends it and reads the whole answer.
    pub fn send(self) -> Answer {
        let Self { client, what, builder } = self;
        let answer = client.runtime.block_on(async move {
            let response = builder.send().await?;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            Ok::<_, reqwest::Error>((status, headers, response.bytes().await?))
        });
        match answer {
            Ok((status, headers, body)) => Answer {
                what,
                status,
                headers,
                body: body.into(),
            },
            Err(error) => panic!("{what} was not answered: {error:?}"),
        }
    }

    /// Sends it and expects this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Answer {
        self.send().expect(status)
    }
}

/// An answer, read to its end.
pub struct Answer {
    what: String,
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    fn parse(what: &str, bytes: &[u8]) -> Self {
        let split = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        let Some(split) = split else {
            panic!("{what} was answered with no head: {:?}", String::from_utf8_lossy(bytes));
        };
        let head = String::from_utf8_lossy(&bytes[..split]).into_owned();
        let mut lines = head.lines();
        let status = lines
            .next()
            .and_then(|line| line.split(' ').nth(1))
            .and_then(|word| word.parse().ok());
        let mut headers = HeaderMap::new();
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a header name");
            headers.append(name, HeaderValue::from_str(value.trim()).expect("a header value"));
        }
        Self {
            what: what.to_owned(),
            status: status.expect("a status line"),
            headers,
            body: bytes[split + 4..].to_vec(),
        }
    }

    /// Fails the test unless the answer has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a header of text"))
    }

    /// A header that is a number.
    #[track_caller]
    pub fn number(&self, name: &str) -> i64 {
        match self.header(name).map(str::parse) {
            Some(Ok(number)) => number,
            other => panic!("{name} is {other:?} in {self:?}"),
        }
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body of UTF-8")
    }

    /// The body as JSON, which its content type must say too.
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("no JSON ({error}): {self:?}"),
        }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = String::from_utf8_lossy(&self.body);
        let shown: String = body.chars().take(2_000).collect();
        write!(f, "{} → {} {:?} {shown}", self.what, self.status, self.headers)
    }
}
