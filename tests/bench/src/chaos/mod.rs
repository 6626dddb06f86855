//! `just chaos`: kills and stops the server and its database under load, and looks for what is missing afterwards.

mod kill;
mod outage;
mod poll;
mod stop;
mod verify;
mod writers;

use std::time::{Duration, Instant};

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::{
    deployment::{Backend, Backends, Host},
    output::{note, say},
};

/// What is hurt, and how often.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Which databases
    #[arg(long, value_enum, default_value_t = Backends::Both)]
    backend: Backends,
    /// Only these faults (may be repeated)
    #[arg(long, value_enum)]
    only: Vec<Fault>,
    /// Two rounds of each fault, to see that everything works
    #[arg(long)]
    quick: bool,
}

/// What can be hurt by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Fault {
    /// kill -9 under a write load
    Kill,
    /// Nothing; but pollers must miss no update of many writers
    Poll,
    /// SIGTERM under a write load
    Stop,
    /// The PostgreSQL server goes away and comes back
    Outage,
}

impl Options {
    /// How often the server is killed or stopped.
    fn rounds(&self) -> usize {
        if self.quick { 2 } else { 20 }
    }

    /// How many updates the pollers follow.
    fn updates(&self) -> u64 {
        if self.quick { 1_000 } else { 10_000 }
    }
}

/// What a fault did.
struct Outcome {
    /// What happened, for people.
    facts: String,
    /// What was lost or wrong; empty is good.
    problems: Vec<String>,
}

/// Hurts, looks, tells; `true` when nothing was lost.
pub fn run(options: &Options) -> Result<bool> {
    crate::server::program()?;
    let mut good = true;
    for backend in options.backend.list() {
        let host = Host::start(*backend)?;
        for fault in [Fault::Kill, Fault::Poll, Fault::Stop, Fault::Outage] {
            let selected = options.only.is_empty() || options.only.contains(&fault);
            // SQLite is no server that could go away.
            if selected && (fault != Fault::Outage || *backend == Backend::Postgres) {
                good &= suffer(fault, options, &host)?;
            }
        }
    }
    say(if good { "nothing was lost" } else { "SOMETHING WAS LOST" });
    Ok(good)
}

fn suffer(fault: Fault, options: &Options, host: &Host) -> Result<bool> {
    let name = match fault {
        Fault::Kill => "kill -9 under load",
        Fault::Poll => "pollers while 8 writers update",
        Fault::Stop => "SIGTERM under load",
        Fault::Outage => "database down under load",
    };
    note(&format!("{}: {name}", host.backend.as_str()));
    let started = Instant::now();
    let outcome = match fault {
        Fault::Kill => kill::run(options, host)?,
        Fault::Poll => poll::run(options, host)?,
        Fault::Stop => stop::run(options, host)?,
        Fault::Outage => outage::run(options, host)?,
    };
    let verdict = if outcome.problems.is_empty() { "pass" } else { "FAIL" };
    let seconds = started.elapsed().as_secs();
    say(&format!(
        "{verdict}  {:<10}  {name}: {} ({seconds} s)",
        host.backend.as_str(),
        outcome.facts
    ));
    for problem in &outcome.problems {
        say(&format!("        {problem}"));
    }
    Ok(outcome.problems.is_empty())
}

/// How long the load of a round runs before the server is hurt: another moment in each.
fn moment(round: usize) -> Duration {
    Duration::from_millis(300 + (round as u64 * 137) % 500)
}

/// Tells a few of many.
pub fn some<T: std::fmt::Debug>(all: &[T]) -> String {
    let shown = &all[..all.len().min(5)];
    let more = if all.len() > shown.len() { " …" } else { "" };
    format!("{shown:?}{more}")
}
