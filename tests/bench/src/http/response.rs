//! Reading a response.

use std::io::{self, BufRead, Read};

/// An answer.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status code.
    pub status: u16,
    headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// A header's value; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    pub fn json(&self) -> anyhow::Result<serde_json::Value> {
        serde_json::from_slice(&self.body).map_err(|error| anyhow::anyhow!("{error} in {:?}", String::from_utf8_lossy(&self.body)))
    }

    /// Status and body, for people.
    pub fn describe(&self) -> String {
        format!("{} {}", self.status, String::from_utf8_lossy(&self.body))
    }

    /// Whether the server closes the connection after it.
    pub(super) fn closes(&self) -> bool {
        self.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    /// Reads one answer. `begun` becomes true with its first byte.
    pub(super) fn read(stream: &mut impl BufRead, begun: &mut bool) -> io::Result<Self> {
        if stream.fill_buf()?.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        *begun = true;
        let status_line = read_line(stream)?;
        let status = status_line.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or_else(|| invalid(&status_line))?;
        let mut headers = Vec::new();
        loop {
            let line = read_line(stream)?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').ok_or_else(|| invalid(&line))?;
            headers.push((name.trim().to_lowercase(), value.trim().to_owned()));
        }
        let mut response = Self {
            status,
            headers,
            body: Vec::new(),
        };
        response.body = response.read_body(stream)?;
        Ok(response)
    }

    fn read_body(&self, stream: &mut impl BufRead) -> io::Result<Vec<u8>> {
        if self
            .header("transfer-encoding")
            .is_some_and(|value| value.eq_ignore_ascii_case("chunked"))
        {
            return read_chunks(stream);
        }
        let length = self.header("content-length").map_or(Ok(0), str::parse);
        let mut body = vec![0; length.map_err(|_| invalid("content-length"))?];
        stream.read_exact(&mut body)?;
        Ok(body)
    }
}

fn read_chunks(stream: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = read_line(stream)?;
        let digits = line.split(';').next().unwrap_or_default().trim();
        let length = u64::from_str_radix(digits, 16).map_err(|_| invalid(&line))?;
        let before = body.len() as u64;
        stream.take(length).read_to_end(&mut body)?;
        if body.len() as u64 - before < length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        // A chunk ends with an empty line; so does the last one, as long as nobody sends trailers.
        read_line(stream)?;
        if length == 0 {
            return Ok(body);
        }
    }
}

fn read_line(stream: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    match line.strip_suffix("\r\n") {
        Some(line) => Ok(line.to_owned()),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("not an HTTP answer: {what:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (io::Result<Response>, bool) {
        let mut begun = false;
        let response = Response::read(&mut text.as_bytes(), &mut begun);
        (response, begun)
    }

    #[test]
    fn reads_bodies_of_both_framings() {
        let response = read("HTTP/1.1 201 Created\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
            .0
            .unwrap();
        assert_eq!((response.status, &response.body[..], response.closes()), (201, &b"{}"[..], true));
        let response = read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n")
            .0
            .unwrap();
        assert_eq!((&response.body[..], response.closes()), (&b"abcd"[..], false));
    }

    #[test]
    fn an_answer_cut_short_is_told_from_none() {
        assert!(matches!(read(""), (Err(_), false)));
        for cut in [
            "HTTP/1.1 200",
            "HTTP/1.1 200 OK\r\nA: b\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
        ] {
            assert!(matches!(read(cut), (Err(_), true)), "{cut}");
        }
    }
}
