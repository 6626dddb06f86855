//! `just bench`: what the server does, compared with what this machine gives without a CRM.

pub mod import;
mod pages;
mod reads;
mod site;
mod start;
mod total;
mod writes;

use std::time::Duration;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::{deployment::Host, loaded::Loaded, report, run::RunOptions, table::Table};
use site::Site;

/// What is measured, and how long.
#[derive(Debug, Clone, Args)]
pub struct Options {
    #[command(flatten)]
    run: RunOptions,
    /// Only these measurements (may be repeated)
    #[arg(long, value_enum)]
    only: Vec<Measurement>,
    /// Seconds of each load
    #[arg(long)]
    seconds: Option<u64>,
    /// Accounts of the large tenant
    #[arg(long)]
    rows: Option<u64>,
    /// Tenants of the deployment whose start is measured
    #[arg(long)]
    tenants: Option<usize>,
}

/// What can be measured by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Measurement {
    /// A list of 50 accounts by key, against bare diesel and actix
    List,
    /// One account by key, against bare diesel and actix
    Detail,
    /// An authenticated request that touches no tenant row, against /livez
    Auth,
    /// The first page of the large tenant, against that of the small one
    FirstPage,
    /// A page far behind, by cursor, against the first
    DeepPage,
    /// The exact total, against the page without it
    Total,
    /// Creating companies, against a bare writer
    Create,
    /// Importing the large tenant, against the database's own loader
    Import,
    /// Start and memory
    Start,
}

/// Accounts of the small tenant.
const SMALL: u64 = 1_000;

impl Options {
    fn has(&self, measurement: Measurement) -> bool {
        self.only.is_empty() || self.only.contains(&measurement)
    }

    fn has_any(&self, measurements: &[Measurement]) -> bool {
        measurements.iter().any(|measurement| self.has(*measurement))
    }

    fn rounds(&self) -> usize {
        self.run.rounds(2, 5)
    }

    fn load(&self) -> Duration {
        Duration::from_secs(self.seconds.unwrap_or(self.run.choose(1, 5)).max(1))
    }

    fn rows(&self) -> u64 {
        // Below, there is no page far behind.
        self.rows.unwrap_or(self.run.choose(20_000, 1_000_000)).max(SMALL)
    }

    fn tenants(&self) -> usize {
        self.tenants.unwrap_or(self.run.choose(70, 1_000))
    }
}

/// Measures, prints the table; `true` when every goal is reached.
pub fn run(options: &Options) -> Result<bool> {
    options.run.run(
        |backend, table| measure(options, &Host::start(backend)?, table),
        |file, table| report::write(file, options.rounds(), options.load().as_secs(), table),
    )
}

fn measure(options: &Options, host: &Host, table: &mut Table) -> Result<()> {
    use Measurement::{Auth, Create, DeepPage, Detail, FirstPage, Import, List, Start, Total};
    if options.has(Start) {
        table.extend(start::measure(options, host)?);
    }
    if options.has(Create) {
        table.extend(writes::measure(options, host)?);
    }
    let mut small = None;
    if options.has_any(&[List, Detail, Auth, FirstPage]) {
        let site = Site::serve(Loaded::new(host, "small", SMALL)?)?;
        table.extend(reads::measure(options, &site)?);
        small = Some(site);
    }
    if options.has_any(&[List, Detail, FirstPage, DeepPage, Total, Import]) {
        let loaded = Loaded::new(host, "large", options.rows())?;
        if options.has(Import) {
            table.extend(import::measure(&loaded)?);
        }
        measure_large(options, &Site::serve(loaded)?, small.as_ref(), table)?;
    }
    Ok(())
}

fn measure_large(options: &Options, large: &Site, small: Option<&Site>, table: &mut Table) -> Result<()> {
    table.extend(reads::measure_rows(options, large)?);
    if let Some(small) = small.filter(|_| options.has(Measurement::FirstPage)) {
        table.push(pages::measure_first(options, small, large)?);
    }
    if options.has(Measurement::DeepPage) {
        table.push(pages::measure_deep(options, large)?);
    }
    if options.has(Measurement::Total) {
        table.extend(total::measure(options, large)?);
    }
    Ok(())
}
