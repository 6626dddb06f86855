//! The board and the forecast of deals.

use anyhow::Result;

use super::{Options, site::Site, turns::percentile_of};
use crate::{
    output::note,
    sample::Sample,
    table::{Goal, Line, Table, Unit},
};

/// Requests of one turn.
const REQUESTS: usize = 100;
/// What 99 of 100 answers may take, in milliseconds.
const MOST: f64 = 150.0;

/// Measures both.
pub fn measure(options: &Options, site: &Site) -> Result<Table> {
    let mut table = Table::default();
    for path in ["/api/deals/board", "/api/deals/forecast"] {
        note(&format!("{}: {path}", site.backend()));
        let mut client = site.client();
        let request = site.get(path);
        let mut ours = Sample::default();
        for _ in 0..options.rounds() {
            ours.push(percentile_of(&mut client, &request, REQUESTS, 0.99)?);
        }
        table.push(Line {
            backend: site.backend(),
            work: format!("C: {path} of {} deals, p99", options.deals()),
            unit: Unit::Millis,
            limit: None,
            ours,
            goal: Goal::AtMost(MOST),
        });
    }
    Ok(table)
}
