//! `just bench-saas`: what family C promises at a million records: lists, boards, search, change streams and bulk creation.

mod boards;
mod bulk;
mod lists;
mod offered;
mod search;
mod site;
mod streams;
pub mod turns;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::{deployment::Host, report, run::RunOptions, table::Table};
use site::Site;

/// What is measured, and on how much.
#[derive(Debug, Clone, Args)]
pub struct Options {
    #[command(flatten)]
    run: RunOptions,
    /// Only these measurements (may be repeated)
    #[arg(long, value_enum)]
    only: Vec<Measurement>,
    /// Companies, and leads
    #[arg(long)]
    rows: Option<u64>,
    /// Deals
    #[arg(long)]
    deals: Option<u64>,
    /// Change streams that are open at once
    #[arg(long)]
    streams: Option<usize>,
}

/// What can be measured by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Measurement {
    /// Every order and every single filter of the lists, against the list as it comes
    Lists,
    /// The board and the forecast of deals
    Boards,
    /// The search over everything
    Search,
    /// Memory of idle change streams
    Streams,
    /// Creating leads by the five hundred, against importing them
    Bulk,
}

impl Options {
    fn has(&self, measurement: Measurement) -> bool {
        self.only.is_empty() || self.only.contains(&measurement)
    }

    fn rounds(&self) -> usize {
        self.run.rounds(2, 3)
    }

    fn rows(&self) -> u64 {
        // Below, no page is far from the ends.
        self.rows.unwrap_or(self.run.choose(5_000, 1_000_000)).max(2_000)
    }

    fn deals(&self) -> u64 {
        self.deals.unwrap_or(self.run.choose(2_000, 100_000)).clamp(2_000, self.rows())
    }

    fn streams(&self) -> usize {
        self.streams.unwrap_or(self.run.choose(50, 1_000)).max(1)
    }
}

/// Measures, prints the table; `true` when every goal is reached.
pub fn run(options: &Options) -> Result<bool> {
    options.run.run(
        |backend, table| measure(options, &Host::start(backend)?, table),
        |file, table| report::write_family_c(file, options.rounds(), table),
    )
}

fn measure(options: &Options, host: &Host, table: &mut Table) -> Result<()> {
    if options.has(Measurement::Streams) {
        table.push(streams::measure(options, host)?);
    }
    if options.has(Measurement::Bulk) {
        table.push(bulk::measure(options, host)?);
    }
    let on_records = [Measurement::Lists, Measurement::Boards, Measurement::Search];
    if !on_records.into_iter().any(|measurement| options.has(measurement)) {
        return Ok(());
    }
    let site = Site::serve(options, host)?;
    if options.has(Measurement::Boards) {
        table.extend(boards::measure(options, &site)?);
    }
    if options.has(Measurement::Search) {
        table.extend(search::measure(options, &site)?);
    }
    if options.has(Measurement::Lists) {
        table.extend(lists::measure(options, &site)?);
    }
    site.server.stop()
}
