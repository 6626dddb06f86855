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
    /// Names that the server refused, with status and body.
    pub refused: Vec<(String, String)>,
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

    fn note(&mut self, name: String, answer: Result<Response, Failure>) {
        match answer {
            Ok(response) if response.status == 201 => self.acknowledged.push(name),
            Ok(response) => {
                let told = format!("{} {}", response.status, String::from_utf8_lossy(&response.body));
                self.refused.push((name, told));
            }
            Err(failure) => self.unanswered.push((name, failure)),
        }
    }
}

/// Runs `clients` writers while `meanwhile` does its work on this thread, then waits for them. A writer ends with its first request that gets
/// no answer, or when `meanwhile` is through and has set `done`.
pub fn run<T>(
    address: SocketAddr,
    token: &str,
    clients: usize,
    round: usize,
    meanwhile: impl FnOnce(&AtomicBool) -> Result<T>,
) -> Result<(Written, T)> {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let write = |client: usize| {
            let done = &done;
            scope.spawn(move || write(address, token, &format!("company {round}-{client}"), done))
        };
        let writers: Vec<ScopedJoinHandle<'_, Written>> = (0..clients).map(write).collect();
        let result = meanwhile(&done);
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
    while !done.load(Ordering::SeqCst) && written.unanswered.is_empty() {
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
