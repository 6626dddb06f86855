//! Webhooks: how fast they are delivered (`just bench-webhooks`), and whether any gets lost (`just chaos-webhooks`).

mod bare;
pub mod chaos;
mod engine;
mod ledger;
mod receiver;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::{
    deployment::Host,
    output::note,
    report,
    run::RunOptions,
    sample::Sample,
    table::{Goal, Line, Table, Unit},
};
use engine::Neighbour;

/// Receivers that are told of each event.
const RECEIVERS: usize = 4;
/// Deliveries under way to one receiver: the server's setting, and what the client alone is given.
const PER_RECEIVER: usize = 4;
/// The share of the client's own rate that deliveries must reach.
const SHARE: f64 = 0.3;
/// What 99 of 100 reads beside deliveries may take at most, in milliseconds.
const READ_MILLIS: f64 = 100.0;
/// The share of their rate that deliveries must keep beside a receiver that never answers.
const BESIDE_SILENCE: f64 = 0.85;

/// What is measured, and on how much.
#[derive(Debug, Clone, Args)]
pub struct Options {
    #[command(flatten)]
    run: RunOptions,
    /// Only these measurements (may be repeated)
    #[arg(long, value_enum)]
    only: Vec<Measurement>,
    /// Events, each of which four receivers are told of
    #[arg(long)]
    events: Option<u64>,
}

/// What can be measured by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Measurement {
    /// Deliveries a second, against the HTTP client alone, and reads beside them
    Throughput,
    /// The same beside a receiver that never answers
    Silence,
}

impl Options {
    fn has(&self, measurement: Measurement) -> bool {
        self.only.is_empty() || self.only.contains(&measurement)
    }

    fn rounds(&self) -> usize {
        self.run.rounds(1, 3)
    }

    fn events(&self) -> u64 {
        self.events.unwrap_or(self.run.choose(500, 5_000)).max(100)
    }
}

/// Measures, prints the table; `true` when every goal is reached.
pub fn run(options: &Options) -> Result<bool> {
    options.run.run(
        |backend, table| {
            table.extend(measure(options, &Host::start(backend)?)?);
            Ok(())
        },
        |file, table| report::write_webhooks(file, options.rounds(), table),
    )
}

fn measure(options: &Options, host: &Host) -> Result<Table> {
    let backend = host.backend.as_str();
    let events = options.events();
    let (mut bare, mut alone, mut beside_silence, mut reads) = (Sample::default(), Sample::default(), Sample::default(), Sample::default());
    for round in 1..=options.rounds() {
        note(&format!("{backend}: {events} events to {RECEIVERS} receivers, round {round}"));
        let measured = engine::measure(host, &format!("webhooks{round}"), events, Neighbour::None)?;
        bare.push(bare::measure(&measured.sample, events)?);
        alone.push(measured.per_second);
        reads.push_time(measured.read_p99);
        if options.has(Measurement::Silence) {
            let measured = engine::measure(host, &format!("silence{round}"), events, Neighbour::Silent)?;
            beside_silence.push(measured.per_second);
        }
    }
    let mut table = Table::default();
    let line = |work: &str, unit, limit, ours, goal| Line {
        backend,
        work: work.to_owned(),
        unit,
        limit,
        ours,
        goal,
    };
    if options.has(Measurement::Throughput) {
        table.push(line(
            "deliveries; limit the HTTP client alone",
            Unit::PerSecond,
            Some(bare),
            alone.clone(),
            Goal::AtLeastShare(SHARE),
        ));
        table.push(line(
            "p99 of a page of leads beside them",
            Unit::Millis,
            None,
            reads,
            Goal::AtMost(READ_MILLIS),
        ));
    }
    if options.has(Measurement::Silence) {
        table.push(line(
            "deliveries beside a receiver that never answers; limit without it",
            Unit::PerSecond,
            Some(alone),
            beside_silence,
            Goal::AtLeastShare(BESIDE_SILENCE),
        ));
    }
    Ok(table)
}
