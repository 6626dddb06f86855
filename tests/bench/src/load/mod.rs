//! Load: one request sent over many connections for a while, by `wrk` where it is installed, otherwise by threads of our own.

mod own;
mod wrk;

use std::{net::SocketAddr, time::Duration};

use anyhow::{Result, ensure};

use crate::http::{Client, Request};

/// Connections of every load.
pub const CONNECTIONS: usize = 32;

/// What is sent, and what must come back.
#[derive(Debug, Clone)]
pub struct Load {
    /// To whom.
    pub address: SocketAddr,
    /// What.
    pub request: Request,
    /// The status that every answer must have.
    pub status: u16,
}

/// What a load measured.
#[derive(Debug, Clone, Copy)]
pub struct Throughput {
    /// Answers per second.
    pub per_second: f64,
    /// 99 of 100 answers took at most this long.
    pub p99: Duration,
}

impl Load {
    /// Sends the request over [`CONNECTIONS`] connections for `duration`.
    ///
    /// # Errors
    /// When an answer has another status, or there is none: a fast refusal must not pass for speed.
    pub fn run(&self, duration: Duration) -> Result<Throughput> {
        self.check()?;
        if wrk::is_installed() {
            wrk::run(self, duration)
        } else {
            own::run(self, duration)
        }
    }

    /// Sends it once.
    pub fn check(&self) -> Result<()> {
        let response = Client::new(self.address).call(&self.request)?;
        ensure!(
            response.status == self.status,
            "{} {} answered {} instead of {}: {}",
            self.request.method,
            self.request.path,
            response.status,
            self.status,
            String::from_utf8_lossy(&response.body)
        );
        Ok(())
    }
}

/// What sends the load.
pub fn generator() -> &'static str {
    if wrk::is_installed() {
        "wrk -t1 -c32"
    } else {
        "32 threads of crm-bench"
    }
}
