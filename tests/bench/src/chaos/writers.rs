//! Clients that create companies as fast as they can, and remember exactly what became of each.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicBool, Ordering},
    thread::{self, ScopedJoinHandle},
};

use anyhow::{Result, anyhow};
use serde_json::json;

use crate::http::{Client, Failure, Request, Response};

/// What became of the companies that some clients created.
#[derive(Debug, Default)]
pub struct Written {
    /// Names that the server said it has.
    pub acknowledged: Vec<String>,
    /// What the server answered instead.
    pub refused: Vec<Response>,
    /// Names without an answer.
    pub unanswered: Vec<(String, Failure)>,
}

impl Written {
    /// Adds what another client did.
    pub fn extend(&mut self, other: Self) {
        self.acknowledged.extend(other.acknowledged);
        self.refused.extend(other.refused);
        self.unanswered.extend(other.unanswered);
    }

    fn is_all_acknowledged(&self) -> bool {
        self.unanswered.is_empty() && self.refused.is_empty()
    }

    fn note(&mut self, name: String, answer: Result<Response, Failure>) {
        match answer {
            Ok(response) if response.status == 201 => self.acknowledged.push(name),
            Ok(response) => self.refused.push(response),
            Err(failure) => self.unanswered.push((name, failure)),
        }
    }
}

/// Runs `clients` writers while `meanwhile` does its work on this thread, then waits for them. A writer ends with its first company that is not
/// acknowledged, or when `meanwhile` fails.
pub fn run<T>(
    address: SocketAddr,
    token: &str,
    clients: usize,
    round: usize,
    meanwhile: impl FnOnce() -> Result<T>,
) -> Result<(Written, T)> {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let write = |client: usize| {
            let done = &done;
            scope.spawn(move || write(address, token, &format!("company {round}-{client}"), done))
        };
        let writers: Vec<ScopedJoinHandle<'_, Written>> = (0..clients).map(write).collect();
        let result = meanwhile();
        // Also when it failed: nobody must wait for writers that never end.
        if result.is_err() {
            done.store(true, Ordering::SeqCst);
        }
        let mut written = Written::default();
        for writer in writers {
            written.extend(writer.join().map_err(|_| anyhow!("a writer panicked"))?);
        }
        Ok((written, result?))
    })
}

fn write(address: SocketAddr, token: &str, prefix: &str, done: &AtomicBool) -> Written {
    let mut client = Client::new(address);
    let mut written = Written::default();
    let mut number = 0;
    while !done.load(Ordering::SeqCst) && written.is_all_acknowledged() {
        number += 1;
        let name = format!("{prefix}-{number}");
        let answer = client.call(&creation(token, &name));
        written.note(name, answer);
    }
    written
}

/// Creates a company of this name.
pub fn creation(token: &str, name: &str) -> Request {
    Request::new("POST", "/api/companies")
        .bearer(token)
        .json(&json!({ "name": name, "category": "Hospital", "city": "Boston" }))
}
