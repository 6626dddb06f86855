//! The statistics: what they cost must not depend on how many contacts there are.

use anyhow::Result;

use super::{Options, site::Site};
use crate::{
    deployment::Host,
    output::note,
    saas::turns::percentile_of,
    sample::Sample,
    table::{Goal, Line, Table, Unit},
};

/// Contacts of the small tenant.
const FEW: u64 = 1_000;
/// Requests of one turn.
const REQUESTS: usize = 50;
/// What they may cost at all contacts, in costs at a few.
const TIMES: f64 = 5.0;

/// Both kinds of statistics, in turns on a small tenant and the large one.
pub fn measure(options: &Options, host: &Host, site: &Site) -> Result<Table> {
    let small = Site::import(host, "few", FEW)?;
    let mut table = Table::default();
    for path in ["/api/v1/stats", "/api/v1/stats/comprehensive"] {
        note(&format!("{}: {path}", site.backend()));
        let (mut limit, mut ours) = (Sample::default(), Sample::default());
        for _ in 0..options.rounds() {
            limit.push(percentile_of(&mut small.client(), &small.get(path), REQUESTS, 0.5)?);
            ours.push(percentile_of(&mut site.client(), &site.get(path), REQUESTS, 0.5)?);
        }
        table.push(Line {
            backend: site.backend(),
            work: format!("D: {path} of {} contacts; limit of {FEW}", options.rows()),
            unit: Unit::Millis,
            limit: Some(limit),
            ours,
            goal: Goal::AtMostTimes(TIMES),
        });
    }
    small.server.stop()?;
    Ok(table)
}
