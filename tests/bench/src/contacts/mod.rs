//! `just bench-contacts`: what family D promises at a million contacts: import, lists, bulk creation, statistics and export.

mod bulk;
mod export;
mod import;
mod lists;
mod site;
mod stats;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::{
    deployment::{Backends, Host},
    output::{note, say},
    report,
    table::Table,
};
use site::Site;

/// What is measured, and on how much.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Which databases
    #[arg(long, value_enum, default_value_t = Backends::Both)]
    backend: Backends,
    /// Only these measurements (may be repeated)
    #[arg(long, value_enum)]
    only: Vec<Measurement>,
    /// A short run on little data, to see that everything works; its figures mean nothing
    #[arg(long)]
    quick: bool,
    /// Rounds; in each the limit and the server take turns
    #[arg(long)]
    rounds: Option<usize>,
    /// Contacts
    #[arg(long)]
    rows: Option<u64>,
    /// Also write the table to the section "Family D" of this file
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
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
        self.rounds.unwrap_or(if self.quick { 2 } else { 3 }).max(1)
    }

    fn rows(&self) -> u64 {
        self.rows.unwrap_or(if self.quick { 5_000 } else { 1_000_000 }).max(2_000)
    }
}

/// Measures, prints the table; `true` when every goal is reached.
pub fn run(options: &Options) -> Result<bool> {
    crate::server::program()?;
    let mut table = Table::default();
    for backend in options.backend.list() {
        let host = Host::start(*backend)?;
        measure(options, &host, &mut table)?;
    }
    say(&table.to_markdown());
    if let Some(file) = &options.markdown {
        report::write_family_d(file, options.rounds(), &table)?;
        note(&format!("written to {}", file.display()));
    }
    Ok(table.is_reached())
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
