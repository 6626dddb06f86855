//! Requests one after the other on an idle server, and how long they take.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::{
    http::{Client, Request},
    sample::percentile,
};

/// How long the server takes to answer a request.
pub fn time(client: &mut Client, request: &Request) -> Result<Duration> {
    let asked = Instant::now();
    let response = client.call(request)?;
    let time = asked.elapsed();
    ensure!(
        response.status < 300,
        "{} {} answered {}",
        request.method,
        request.path,
        response.describe()
    );
    Ok(time)
}

/// The time that this share of `count` requests did not exceed, in milliseconds.
pub fn percentile_of(client: &mut Client, request: &Request, count: usize, share: f64) -> Result<f64> {
    let mut times = (0..count).map(|_| time(client, request)).collect::<Result<Vec<_>>>()?;
    Ok(millis(percentile(&mut times, share)))
}

/// Milliseconds.
pub fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
