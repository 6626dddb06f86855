//! `just bench-contacts`: what family D promises at a million contacts: import, lists, bulk creation, statistics and export.

mod bulk;
mod export;
mod import;
mod lists;
mod site;
mod stats;

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
    /// Contacts
    #[arg(long)]
    rows: Option<u64>,
}

/// What can be measured by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Measurement {
    /// The import of all contacts, against the database's own loader, and requests beside it
    Import,
    /// Lists with every order, filter and search
    Lists,
    /// Creating contacts by the five hundred, against bare batches
    Bulk,
    /// The statistics, at a thousand contacts and at all
    Stats,
    /// Downloading all contacts
    Export,
}

impl Options {
    fn has(&self, measurement: Measurement) -> bool {
        self.only.is_empty() || self.only.contains(&measurement)
    }

    fn rounds(&self) -> usize {
        self.run.rounds(2, 3)
    }

    fn rows(&self) -> u64 {
        self.rows.unwrap_or(self.run.choose(5_000, 1_000_000)).max(2_000)
    }
}

/// Measures, prints the table; `true` when every goal is reached.
pub fn run(options: &Options) -> Result<bool> {
    options.run.run(
        |backend, table| measure(options, &Host::start(backend)?, table),
        |file, table| report::write_family_d(file, options.rounds(), table),
    )
}

fn measure(options: &Options, host: &Host, table: &mut Table) -> Result<()> {
    if options.has(Measurement::Bulk) {
        table.push(bulk::measure(options, host)?);
    }
    let on_records = [Measurement::Import, Measurement::Lists, Measurement::Stats, Measurement::Export];
    if !on_records.into_iter().any(|measurement| options.has(measurement)) {
        return Ok(());
    }
    let site = Site::import(host, "contacts", options.rows())?;
    if options.has(Measurement::Import) {
        table.extend(import::measure(&site)?);
    }
    if options.has(Measurement::Stats) {
        table.extend(stats::measure(options, host, &site)?);
    }
    if options.has(Measurement::Export) {
        table.extend(export::measure(options, &site)?);
    }
    if options.has(Measurement::Lists) {
        table.extend(lists::measure(options, &site)?);
    }
    site.server.stop()
}
