//! What a page costs, alone on an idle server: at many rows against at few, and far behind against in front.

use std::time::Instant;

use anyhow::{Context, Result, ensure};

use super::{Options, site::Site};
use crate::{
    http::{Client, Request},
    output::note,
    sample::{Sample, percentile},
    table::{Goal, Line, Unit},
};

/// Requests of one turn.
const REQUESTS: usize = 200;
const LIMIT: u64 = 50;

/// The first page of the large tenant against that of the small one.
pub fn measure_first(options: &Options, small: &Site, large: &Site) -> Result<Line> {
    note("the first page, large against small");
    let page = |site: &Site| Page::new(site, format!("limit={LIMIT}"));
    let (limit, ours) = take_turns(options, &mut page(small), &mut page(large))?;
    let work = format!("A: first page at {} rows; limit at {}", large.loaded.rows, small.loaded.rows);
    Ok(line(large, work, limit, ours))
}

/// A page nine tenths down the list, by cursor, against the first.
pub fn measure_deep(options: &Options, site: &Site) -> Result<Line> {
    note("a page far behind, by cursor");
    let pages = site.loaded.rows / LIMIT;
    let number = pages * 9 / 10;
    let cursor = cursor_before(site, number)?;
    let mut first = Page::new(site, format!("limit={LIMIT}"));
    let mut deep = Page::new(site, format!("limit={LIMIT}&cursor={cursor}"));
    let expected = format!("ACT-{:05}", (number - 1) * LIMIT + 1);
    let shown = deep.get()?["accounts"][0]["id"].clone();
    ensure!(
        shown == expected.as_str(),
        "page {number} begins with {shown} instead of {expected}"
    );
    let (limit, ours) = take_turns(options, &mut first, &mut deep)?;
    Ok(line(
        site,
        format!("A: cursor page {number} of {pages}; limit the first page"),
        limit,
        ours,
    ))
}

/// The cursor of a page: the one that the page before it, reached by offset, hands out.
fn cursor_before(site: &Site, number: u64) -> Result<String> {
    let mut before = Page::new(site, format!("limit={LIMIT}&offset={}", (number - 2) * LIMIT));
    let body = before.get()?;
    let cursor = body["pagination"]["nextCursor"]
        .as_str()
        .context("the list hands out no nextCursor")?;
    Ok(cursor.to_owned())
}

/// One page, asked for again and again over one connection.
struct Page {
    client: Client,
    request: Request,
}

impl Page {
    fn new(site: &Site, query: String) -> Self {
        Self {
            client: Client::new(site.server.address),
            request: Request::get(format!("/api/v1/external/accounts?{query}")).key(&site.loaded.access.key),
        }
    }

    fn get(&mut self) -> Result<serde_json::Value> {
        let response = self.client.call(&self.request)?;
        ensure!(response.status == 200, "{} answered {}", self.request.path, response.status);
        response.json()
    }

    /// The median time of a turn, in milliseconds.
    fn turn(&mut self) -> Result<f64> {
        let mut times = Vec::with_capacity(REQUESTS);
        for _ in 0..REQUESTS {
            let asked = Instant::now();
            let response = self.client.call(&self.request)?;
            times.push(asked.elapsed());
            ensure!(response.status == 200, "{} answered {}", self.request.path, response.status);
        }
        Ok(percentile(&mut times, 0.5).as_secs_f64() * 1000.0)
    }
}

fn take_turns(options: &Options, limit: &mut Page, ours: &mut Page) -> Result<(Sample, Sample)> {
    limit.turn()?;
    ours.turn()?;
    let (mut limits, mut all) = (Sample::default(), Sample::default());
    for _ in 0..options.rounds() {
        limits.push(limit.turn()?);
        all.push(ours.turn()?);
    }
    Ok((limits, all))
}

fn line(site: &Site, work: String, limit: Sample, ours: Sample) -> Line {
    Line {
        backend: site.backend(),
        work,
        unit: Unit::Millis,
        limit: Some(limit),
        ours,
        goal: Goal::AtMostTimes(1.3),
    }
}
