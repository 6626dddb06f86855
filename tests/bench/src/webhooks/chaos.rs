//! `just chaos-webhooks`: a receiver that fails nearly a third of the time and a server that is killed again and again; no event is lost, what comes
//! twice has the same id and the same bytes, and the events of each record come in their order.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::json;

use super::{
    engine::{Couriers, register, serve},
    ledger::{EVENTS, Ledger, PENDING, UNDELIVERED},
    receiver::Receiver,
};
use crate::{
    database::Database,
    deployment::{Backends, Host},
    http::{Client, Request},
    output::{note, say},
    server::Server,
};

/// Changes of each lead: its creation, and updates.
const STEPS: u64 = 5;
/// Clients that write at once.
const CLIENTS: u64 = 8;
/// Deliveries under way at once: those that hang keep their place for fifteen seconds.
const PER_ENDPOINT: usize = 32;
/// Longest that the end may take: a delivery that failed twice waits for forty seconds, and so do those behind it.
const PATIENCE: Duration = Duration::from_secs(480);

/// What is hurt, and how often.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Which databases
    #[arg(long, value_enum, default_value_t = Backends::Sqlite)]
    backend: Backends,
    /// Two kills and few events, to see that everything works
    #[arg(long)]
    quick: bool,
}

impl Options {
    fn kills(&self) -> u64 {
        if self.quick { 2 } else { 20 }
    }

    fn events(&self) -> u64 {
        if self.quick { 400 } else { 10_000 }
    }
}

/// Hurts, looks, tells; `true` when nothing was lost.
pub fn run(options: &Options) -> Result<bool> {
    crate::server::program()?;
    let mut good = true;
    for backend in options.backend.list() {
        let host = Host::start(*backend)?;
        let name = backend.as_str();
        note(&format!("{name}: {} events, {} kills", options.events(), options.kills()));
        let begun = Instant::now();
        let (facts, problems) = suffer(options, &host)?;
        let verdict = if problems.is_empty() { "pass" } else { "FAIL" };
        say(&format!("{verdict}  {name:<10}  {facts} ({} s)", begun.elapsed().as_secs()));
        problems.iter().for_each(|problem| say(&format!("        {problem}")));
        good &= problems.is_empty();
    }
    say(if good { "nothing was lost" } else { "SOMETHING WAS LOST" });
    Ok(good)
}

fn suffer(options: &Options, host: &Host) -> Result<(String, Vec<String>)> {
    let deployment = host.deploy("chaos_webhooks")?;
    let access = deployment.with_tenant()?;
    let ledger = Arc::<Mutex<Ledger>>::default();
    let judge = Arc::clone(&ledger);
    let receiver = Receiver::start(Arc::new(move |delivery| lock(&judge).judge(delivery)))?;
    let mut server = serve(&deployment, Couriers::PerReceiver(PER_ENDPOINT))?;
    // One token for all rounds: the session must survive as well.
    let token = server.sign_in(&access)?;
    register(&server, &token, &receiver.url("/hook"), &["lead.created", "lead.updated"])?;
    let each = options.events() / options.kills() / STEPS / CLIENTS;
    for kill in 1..=options.kills() {
        let address = server.address;
        thread::scope(|scope| {
            for client in 0..CLIENTS {
                let token = &token;
                scope.spawn(move || write(address, token, &format!("{kill}-{client}"), each));
            }
            // Sometimes while they write, sometimes while what they wrote is delivered or sent again.
            thread::sleep(Duration::from_millis(300 + (kill * 737) % 2_400));
            server.kill()
        })?;
        server = serve(&deployment, Couriers::PerReceiver(PER_ENDPOINT))?;
    }
    let mut database = Database::open(&deployment.location(&access.tenant)?)?;
    // Kills cost some of the writes; the last server is left alone.
    let missing = options.events().saturating_sub(u64::try_from(database.number(EVENTS)?)?);
    let leads = missing.div_ceil(STEPS);
    let written = write(server.address, &token, "rest", leads);
    ensure!(
        written == leads,
        "only {written} of {leads} leads were written:\n{}",
        server.last_words()
    );
    wait(&mut database, &server)?;
    server.stop()?;
    let ledger = lock(&ledger);
    let problems = ledger.problems(&mut database)?;
    let facts = format!(
        "{} events, {} kills, {}",
        database.number(EVENTS)?,
        options.kills(),
        ledger.describe()
    );
    Ok((facts, problems))
}

fn lock(ledger: &Mutex<Ledger>) -> MutexGuard<'_, Ledger> {
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Creates leads and updates each, until the server is gone; how many were finished.
fn write(address: SocketAddr, token: &str, prefix: &str, leads: u64) -> u64 {
    let mut client = Client::new(address);
    for number in 0..leads {
        if change(&mut client, token, &format!("{prefix}-{number}")).is_err() {
            return number;
        }
    }
    leads
}

/// All steps of one lead.
fn change(client: &mut Client, token: &str, name: &str) -> Result<()> {
    let lead = json!({ "firstName": "Chaos", "lastName": name, "email": format!("{name}@chaos.example") });
    let creation = Request::new("POST", "/api/leads").bearer(token).json(&lead);
    let made = client.call(&creation)?;
    ensure!(made.status == 201, "{}", made.describe());
    let id = made.json()?["id"].as_str().map(str::to_owned).context("a lead has an id")?;
    for step in 1..STEPS {
        let update = Request::new("PUT", format!("/api/leads/{id}"))
            .bearer(token)
            .json(&json!({ "description": format!("step {step}") }));
        let changed = client.call(&update)?;
        ensure!(changed.status == 200, "{}", changed.describe());
    }
    Ok(())
}

/// Waits until every event was dispatched and every delivery is over.
fn wait(database: &mut Database, server: &Server) -> Result<()> {
    let begun = Instant::now();
    loop {
        let left = database.number(UNDELIVERED)? + database.number(PENDING)?;
        if left == 0 {
            return Ok(());
        }
        ensure!(
            begun.elapsed() < PATIENCE,
            "{left} deliveries are left after {PATIENCE:?}:\n{}",
            server.last_words()
        );
        thread::sleep(Duration::from_millis(250));
    }
}
