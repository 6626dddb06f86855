//! A client of server-sent events on a bare socket, which sees every byte of the stream as it comes.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::Value;

use crate::server::Server;

/// Longest that a test waits for a line: only a hanging server is so slow.
const PATIENCE: Duration = Duration::from_secs(60);

/// An open stream.
pub struct EventStream {
    /// The answer's status line and headers, in lower case.
    pub head: String,
    reader: BufReader<Chunks>,
}

/// What the server sent between two blank lines.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Block {
    /// The last `id`, where the block has one.
    pub id: Option<i64>,
    /// The event's name; a block without is no event.
    pub event: Option<String>,
    /// The event's data.
    pub data: Value,
    /// Comments.
    pub comments: Vec<String>,
}

impl EventStream {
    /// Asks for a stream and reads the head of the answer.
    ///
    /// # Panics
    /// When the server does not answer.
    pub fn open(server: &Server, path: &str, token: &str, headers: &[(&str, &str)]) -> Self {
        let url = server.url();
        let socket = TcpStream::connect(url.trim_start_matches("http://")).expect("the server accepts connections");
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        let mut request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nAccept-Encoding: gzip\r\n");
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        (&socket).write_all(format!("{request}\r\n").as_bytes()).expect("the server reads");
        let mut socket = BufReader::new(socket);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(
                socket.read_line(&mut head).expect("a head"),
                0,
                "the answer ends in its head: {head}"
            );
        }
        Self {
            head: head.to_lowercase(),
            reader: BufReader::new(Chunks {
                socket,
                left: 0,
                ended: false,
            }),
        }
    }

    /// The next block; `None` when the server has ended the stream.
    ///
    /// # Panics
    /// When the connection breaks, or the stream ends within a block.
    pub fn block(&mut self) -> Option<Block> {
        let mut block = Block::default();
        for number in 0.. {
            let mut line = String::new();
            let read = self.reader.read_line(&mut line).expect("the stream is whole up to its end");
            if read == 0 {
                assert_eq!(number, 0, "the stream ends within {block:?}");
                return None;
            }
            match line.trim_end_matches('\n').split_once(": ") {
                Some(("id", id)) => block.id = Some(id.parse().expect("a number")),
                Some(("event", name)) => block.event = Some(name.to_owned()),
                Some(("data", data)) => block.data = serde_json::from_str(data).expect("JSON"),
                Some(("", comment)) => block.comments.push(comment.to_owned()),
                Some(("retry", _)) => {}
                None if line == "\n" => break,
                other => panic!("{other:?} is no line of an event stream"),
            }
        }
        Some(block)
    }

    /// The next event; `None` when the server has ended the stream.
    ///
    /// # Panics
    /// As [`EventStream::block`].
    pub fn event(&mut self) -> Option<Block> {
        loop {
            let block = self.block()?;
            if block.event.is_some() {
                return Some(block);
            }
        }
    }
}

/// The body of a chunked answer.
struct Chunks {
    socket: BufReader<TcpStream>,
    left: usize,
    ended: bool,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.left == 0 && !self.ended {
            let mut size = String::new();
            self.socket.read_line(&mut size)?;
            let broken = |_| std::io::Error::other(format!("cut off where a chunk begins: {size:?}"));
            self.left = usize::from_str_radix(size.trim(), 16).map_err(broken)?;
            self.ended = self.left == 0;
        }
        let most = buffer.len().min(self.left);
        let read = self.socket.read(&mut buffer[..most])?;
        self.left -= read;
        if read > 0 && self.left == 0 {
            self.socket.read_exact(&mut [0; 2])?;
        }
        Ok(read)
    }
}
