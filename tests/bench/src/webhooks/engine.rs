//! The server as it delivers what happens, while it answers others.

use std::{
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::json;

use super::{
    PER_RECEIVER, RECEIVERS,
    receiver::{Conduct, Delivery, Receiver},
};
use crate::{
    dataset,
    deployment::{Deployment, Host},
    http::{Client, Request},
    saas::turns::time,
    sample::percentile,
    server::{self, Server},
};

/// Leads of one request.
const BULK: u64 = 500;
/// Between two reads.
const PAUSE: Duration = Duration::from_millis(5);
/// Longest that a run may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// Who is told besides the receivers that are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Neighbour {
    /// Nobody.
    None,
    /// A receiver that takes connections and never answers.
    Silent,
}

/// What a run measured.
pub struct Measured {
    /// Deliveries a second, from the first to the last.
    pub per_second: f64,
    /// What 99 of 100 reads took at most meanwhile.
    pub read_p99: Duration,
    /// One of the deliveries.
    pub sample: Delivery,
}

/// What came so far.
#[derive(Default)]
struct Arrivals {
    count: u64,
    first: Option<(Instant, Delivery)>,
    last: Option<Instant>,
}

/// Tells all receivers of so many leads, which were created before by a server that delivers nothing: what is measured is how fast
/// deliveries are made, sent and kept, not how fast leads are created.
pub fn measure(host: &Host, name: &str, events: u64, neighbour: Neighbour) -> Result<Measured> {
    let deployment = host.deploy(name)?;
    let access = deployment.with_tenant()?;
    let server = serve(&deployment, Couriers::Away)?;
    let token = server.sign_in(&access)?;
    let shared = Arc::<(Mutex<Arrivals>, Condvar)>::default();
    let arrivals = Arc::clone(&shared);
    let receiver = Receiver::start(Arc::new(move |delivery| {
        if delivery.path == "/silent" {
            return Conduct::Hang;
        }
        let now = Instant::now();
        let mut arrived = arrivals.0.lock().unwrap_or_else(PoisonError::into_inner);
        arrived.count += 1;
        arrived.first.get_or_insert_with(|| (now, delivery.clone()));
        arrived.last = Some(now);
        arrivals.1.notify_all();
        Conduct::Take
    }))?;
    for number in 0..RECEIVERS {
        register(&server, &token, &receiver.url(&format!("/{number}")), &["lead.created"])?;
    }
    if neighbour == Neighbour::Silent {
        register(&server, &token, &receiver.url("/silent"), &["lead.created"])?;
    }
    create(&server, &token, events)?;
    server.stop()?;
    let server = serve(&deployment, Couriers::PerReceiver(PER_RECEIVER))?;
    let expected = events * RECEIVERS as u64;
    let done = AtomicBool::new(false);
    let reads = thread::scope(|scope| {
        let reads = scope.spawn(|| read(&server, &token, &done));
        wait(&shared, expected);
        done.store(true, Ordering::Release);
        reads.join().map_err(|_| anyhow!("the reader panicked"))?
    });
    let mut reads = reads?;
    let arrived = shared.0.lock().unwrap_or_else(PoisonError::into_inner);
    ensure!(arrived.count == expected, "{} of {expected} deliveries came", arrived.count);
    let (first, sample) = arrived.first.clone().context("nothing came")?;
    let took = arrived.last.context("nothing came")?.duration_since(first);
    drop(arrived);
    match neighbour {
        Neighbour::None => server.stop()?,
        // What the silent receiver holds is given back at a stop, which is not what is measured.
        Neighbour::Silent => server.kill()?,
    }
    Ok(Measured {
        per_second: expected as f64 / took.as_secs_f64(),
        read_p99: percentile(&mut reads, 0.99),
        sample,
    })
}

/// Whether a server delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Couriers {
    /// It leaves that to others.
    Away,
    /// So many deliveries to one receiver at once.
    PerReceiver(usize),
}

/// Starts a server whose receivers may be on this machine.
pub fn serve(deployment: &Deployment, couriers: Couriers) -> Result<Server> {
    let mut command = server::command(deployment)?;
    command.arg("serve").env("CRM__WEBHOOKS__ALLOW_PRIVATE_TARGETS", "true");
    match couriers {
        Couriers::Away => command.env("CRM__WEBHOOKS__PARALLEL", "0"),
        Couriers::PerReceiver(most) => command.env("CRM__WEBHOOKS__PER_ENDPOINT", most.to_string()),
    };
    Server::spawn(command, &deployment.file("server.log"), "/readyz")
}

/// Registers a webhook through family C.
pub fn register(server: &Server, token: &str, url: &str, events: &[&str]) -> Result<()> {
    let registration = Request::new("POST", "/api/webhooks")
        .bearer(token)
        .json(&json!({ "url": url, "events": events }));
    let response = Client::new(server.address).call(&registration)?;
    ensure!(response.status == 201, "the registration was answered {}", response.describe());
    Ok(())
}

fn create(server: &Server, token: &str, events: u64) -> Result<()> {
    let mut client = Client::new(server.address);
    let mut first = 0;
    while first < events {
        let count = BULK.min(events - first);
        let leads: Vec<_> = (first + 1..=first + count).map(dataset::lead_object).collect();
        let request = Request::new("POST", "/api/leads/bulk")
            .bearer(token)
            .json(&json!({ "leads": leads }));
        let response = client.call(&request)?;
        ensure!(response.status == 201, "{}", response.describe());
        first += count;
    }
    Ok(())
}

/// Reads a page again and again.
fn read(server: &Server, token: &str, done: &AtomicBool) -> Result<Vec<Duration>> {
    let mut client = Client::new(server.address);
    let page = Request::get("/api/leads?pageSize=20").bearer(token);
    let mut times = Vec::new();
    while !done.load(Ordering::Acquire) {
        times.push(time(&mut client, &page)?);
        thread::sleep(PAUSE);
    }
    Ok(times)
}

/// Waits until all came, or until nobody would wait any longer.
fn wait(shared: &(Mutex<Arrivals>, Condvar), expected: u64) {
    let arrivals = shared.0.lock().unwrap_or_else(PoisonError::into_inner);
    drop(
        shared
            .1
            .wait_timeout_while(arrivals, PATIENCE, |arrivals| arrivals.count < expected),
    );
}
