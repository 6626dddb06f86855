//! What the exact total adds to a page, and whether it is exact.

use std::time::Instant;

use anyhow::{Context, Result};
use crm_store::{connection::Connection, dialect, dialect::Purpose};
use diesel::QueryResult;

use super::{Options, site::Site};
use crate::{
    bare::account::{self, AccountsDto},
    database::Database,
    http::{Client, Request},
    output::note,
    sample::{Sample, percentile},
    table::{Goal, Line, Table, Unit},
};

/// Queries of one turn.
const QUERIES: usize = 500;

/// The list's own statement with and without its total, and the total shown against a count.
pub fn measure(options: &Options, site: &Site) -> Result<Table> {
    note("the exact total");
    let location = site.loaded.deployment.location(&site.loaded.access.tenant)?;
    let mut connection = dialect::open(&location, Purpose::Read)?;
    let (mut without, mut with) = (Sample::default(), Sample::default());
    turn(&mut connection, account::page_without_total)?;
    turn(&mut connection, account::page_with_total)?;
    for _ in 0..options.rounds() {
        without.push(turn(&mut connection, account::page_without_total)?);
        with.push(turn(&mut connection, account::page_with_total)?);
    }
    let mut table = Table::default();
    let rows = site.loaded.rows;
    let line = |work: String, unit, limit, ours, goal| Line {
        backend: site.backend(),
        work,
        unit,
        limit: Some(limit),
        ours,
        goal,
    };
    let work = format!("exact total of {rows}; limit the page without it");
    table.push(line(work, Unit::Millis, without, with, Goal::AtMostTimes(1.1)));
    let counted = Database::open(&location)?.number("SELECT count(*) AS value FROM account WHERE deleted_at IS NULL")?;
    let work = "A: total shown; limit COUNT(*)".to_owned();
    table.push(line(work, Unit::Count, (counted as f64).into(), shown(site)?.into(), Goal::Same));
    Ok(table)
}

fn turn(connection: &mut Connection, page: fn(&mut Connection) -> QueryResult<AccountsDto>) -> Result<f64> {
    let mut times = Vec::with_capacity(QUERIES);
    for _ in 0..QUERIES {
        let asked = Instant::now();
        page(connection)?;
        times.push(asked.elapsed());
    }
    Ok(percentile(&mut times, 0.5).as_secs_f64() * 1000.0)
}

fn shown(site: &Site) -> Result<f64> {
    let request = Request::get("/api/v1/external/accounts?limit=1").key(&site.loaded.access.key);
    let body = Client::new(site.server.address).call(&request)?.json()?;
    body["pagination"]["total"].as_f64().context("the list shows no total")
}
