//! Clients that create companies as fast as they can, and remember exactly what became of each.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicBool, Ordering},
    thread::{self, ScopedJoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Result, anyhow, ensure};
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

/// How far the writers are.
pub struct Progress {
    is_under_way: AtomicBool,
    done: AtomicBool,
}

impl Progress {
    /// Waits until a company was acknowledged, however slow the machine is at the moment.
    pub fn wait_until_under_way(&self) -> Result<()> {
        let begun = Instant::now();
        while !self.is_under_way.load(Ordering::SeqCst) {
            ensure!(begun.elapsed() < FIRST, "nothing was acknowledged in {FIRST:?}");
            thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }
}

/// Longest time to the first acknowledgement.
const FIRST: Duration = Duration::from_secs(30);

/// Runs `clients` writers while `meanwhile` does its work on this thread, then waits for them. A writer ends with its first company that is not
/// acknowledged, or when `meanwhile` fails.
pub fn run<T>(
    address: SocketAddr,
    token: &str,
    clients: usize,
    round: usize,
    meanwhile: impl FnOnce(&Progress) -> Result<T>,
) -> Result<(Written, T)> {
    let progress = Progress {
        is_under_way: AtomicBool::new(false),
        done: AtomicBool::new(false),
    };
    thread::scope(|scope| {
        let write = |client: usize| {
            let progress = &progress;
            scope.spawn(move || write(address, token, &format!("company {round}-{client}"), progress))
        };
        let writers: Vec<ScopedJoinHandle<'_, Written>> = (0..clients).map(write).collect();
        let result = meanwhile(&progress);
        // Also when it failed: nobody must wait for writers that never end.
        if result.is_err() {
            progress.done.store(true, Ordering::SeqCst);
        }
        let mut written = Written::default();
        for writer in writers {
            written.extend(writer.join().map_err(|_| anyhow!("a writer panicked"))?);
        }
        Ok((written, result?))
    })
}

fn write(address: SocketAddr, token: &str, prefix: &str, progress: &Progress) -> Written {
    let mut client = Client::new(address);
    let mut written = Written::default();
    let mut number = 0;
    while !progress.done.load(Ordering::SeqCst) && written.is_all_acknowledged() {
        number += 1;
        let name = format!("{prefix}-{number}");
        let answer = client.call(&creation(token, &name));
        written.note(name, answer);
        if number == 1 && written.is_all_acknowledged() {
            progress.is_under_way.store(true, Ordering::SeqCst);
        }
    }
    written
}

/// Creates a company of this name.
pub fn creation(token: &str, name: &str) -> Request {
    Request::new("POST", "/api/companies")
        .bearer(token)
        .json(&json!({ "name": name, "category": "Hospital", "city": "Boston" }))
}
