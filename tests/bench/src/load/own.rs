//! Load by threads of our own, one per connection.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, anyhow, ensure};

use super::{CONNECTIONS, Load, Throughput};
use crate::{http::Client, sample::percentile};

pub(super) fn run(load: &Load, duration: Duration) -> Result<Throughput> {
    let started = Instant::now();
    let times: Result<Vec<Vec<Duration>>> = thread::scope(|scope| {
        let clients: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(|| send(load, started, duration))).collect();
        clients
            .into_iter()
            .map(|client| client.join().map_err(|_| anyhow!("a client of the load panicked"))?)
            .collect()
    });
    let mut times = times?.concat();
    Ok(Throughput {
        per_second: times.len() as f64 / started.elapsed().as_secs_f64(),
        p99: percentile(&mut times, 0.99),
    })
}

fn send(load: &Load, started: Instant, duration: Duration) -> Result<Vec<Duration>> {
    let mut client = Client::new(load.address);
    let mut times = Vec::new();
    while started.elapsed() < duration {
        let asked = Instant::now();
        let response = client.call(&load.request)?;
        ensure!(
            response.status == load.status,
            "status {} instead of {}",
            response.status,
            load.status
        );
        times.push(asked.elapsed());
    }
    Ok(times)
}
