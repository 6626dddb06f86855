//! The database goes away under load and comes back: 503 with `Retry-After` meanwhile, and everything works again by itself.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, ensure};

use super::{Options, Outcome, some, verify, writers};
use crate::{
    deployment::{Access, Host},
    http::{Client, Request, Response},
    postgres::{Cluster, StopMode},
    server::Server,
};

/// Half of them read, half write.
const CLIENTS: usize = 16;
/// Load before, while, and after.
const PHASE: Duration = Duration::from_secs(2);
/// No answer takes longer, whatever the database does.
const LONGEST: Duration = Duration::from_secs(10);
/// After the database is back, this soon is the server.
const RECOVERY: Duration = Duration::from_secs(10);

/// Stops PostgreSQL in both ways while the server is under load.
pub fn run(_options: &Options, host: &Host) -> Result<Outcome> {
    let cluster = host.cluster().context("only PostgreSQL can go away")?;
    let deployment = host.deploy("chaos_outage")?;
    let access = deployment.with_tenant()?;
    let server = Server::start(&deployment)?;
    let token = server.sign_in(&access)?;
    let done = AtomicBool::new(false);
    let (recoveries, seen) = thread::scope(|scope| {
        let spawn = |number| {
            let (access, token, done) = (&access, &token, &done);
            let address = server.address;
            scope.spawn(move || ask(address, access, token, number, done))
        };
        let clients: Vec<_> = (0..CLIENTS).map(spawn).collect();
        let recoveries: Result<Vec<Duration>> = [StopMode::Fast, StopMode::Immediate]
            .into_iter()
            .map(|mode| interrupt(cluster, &server, &access, mode))
            .collect();
        done.store(true, Ordering::SeqCst);
        let mut seen = Seen::default();
        for client in clients {
            seen.extend(client.join().map_err(|_| anyhow!("a client panicked"))?);
        }
        Ok::<_, anyhow::Error>((recoveries?, seen))
    })?;
    server.stop()?;
    let location = deployment.location(&access.tenant)?;
    let mut problems = seen.problems();
    problems.extend(verify::problems(&location, 0)?);
    problems.extend(verify::missing(&seen.acknowledged, &verify::stored_names(&location)?));
    let recoveries: Vec<String> = recoveries.iter().map(|time| format!("{} ms", time.as_millis())).collect();
    Ok(Outcome {
        facts: format!(
            "answers by status {:?}, recovered in {}, the slowest answer took {} ms",
            seen.statuses,
            recoveries.join(" and "),
            seen.slowest.as_millis()
        ),
        problems,
    })
}

/// Takes the database away for a while; how long after its return the server served again.
fn interrupt(cluster: &Cluster, server: &Server, access: &Access, mode: StopMode) -> Result<Duration> {
    thread::sleep(PHASE);
    cluster.stop(mode)?;
    thread::sleep(PHASE);
    let ready = Client::new(server.address).call(&Request::get("/readyz"))?;
    ensure!(ready.status == 503, "/readyz answers {} without a database", ready.status);
    cluster.resume()?;
    let back = Instant::now();
    let mut client = Client::new(server.address);
    let list = Request::get("/api/v1/external/accounts").key(&access.key);
    while client.call(&list)?.status != 200 {
        ensure!(
            back.elapsed() < RECOVERY,
            "the server did not recover within {} s:\n{}",
            RECOVERY.as_secs(),
            server.last_words()
        );
        thread::sleep(Duration::from_millis(20));
    }
    let recovery = back.elapsed();
    thread::sleep(PHASE);
    let status = client.call(&list)?.status;
    ensure!(status == 200, "{status} long after the database came back");
    Ok(recovery)
}

/// What the clients saw.
#[derive(Default)]
struct Seen {
    statuses: BTreeMap<u16, usize>,
    acknowledged: Vec<String>,
    wrong: Vec<String>,
    slowest: Duration,
}

impl Seen {
    fn extend(&mut self, other: Self) {
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        self.acknowledged.extend(other.acknowledged);
        self.wrong.extend(other.wrong);
        self.slowest = self.slowest.max(other.slowest);
    }

    fn note(&mut self, what: &str, response: &Response) {
        *self.statuses.entry(response.status).or_default() += 1;
        let wait = response.header("retry-after").and_then(|value| value.parse::<u64>().ok());
        match (response.status, wait) {
            (200 | 201, _) | (503, Some(1..)) => {}
            (status, wait) => {
                let body = String::from_utf8_lossy(&response.body).into_owned();
                self.wrong.push(format!("{what} answered {status} (Retry-After {wait:?}): {body}"));
            }
        }
    }

    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if !self.wrong.is_empty() {
            problems.push(format!("{} wrong answers: {}", self.wrong.len(), some(&self.wrong)));
        }
        if self.slowest > LONGEST {
            problems.push(format!("an answer took {} ms", self.slowest.as_millis()));
        }
        for status in [200, 201, 503] {
            if !self.statuses.contains_key(&status) {
                problems.push(format!("no answer had status {status}: the load did not meet the outage"));
            }
        }
        problems
    }
}

fn ask(address: SocketAddr, access: &Access, token: &str, number: usize, done: &AtomicBool) -> Seen {
    let mut client = Client::new(address);
    let mut seen = Seen::default();
    let mut count = 0;
    while !done.load(Ordering::SeqCst) {
        count += 1;
        let name = format!("company {number}-{count}");
        let request = if number.is_multiple_of(2) {
            Request::get("/api/v1/external/accounts?limit=5").key(&access.key)
        } else {
            writers::creation(token, &name)
        };
        let asked = Instant::now();
        match client.call(&request) {
            Ok(response) => {
                seen.note(request.method, &response);
                if response.status == 201 {
                    seen.acknowledged.push(name);
                } else if response.status == 503 {
                    thread::sleep(Duration::from_millis(10));
                }
            }
            Err(failure) => seen.wrong.push(format!("{} {}: {failure}", request.method, request.path)),
        }
        seen.slowest = seen.slowest.max(asked.elapsed());
    }
    seen
}
