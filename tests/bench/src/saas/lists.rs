//! Every order and every single filter that a list offers, against the list as it comes.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use serde_json::json;

use super::{
    Options,
    offered::{Ask, asks},
    site::Site,
    turns::{millis, time},
};
use crate::{
    http::{Client, Request},
    output::note,
    sample::{Sample, percentile},
    table::{Goal, Line, Table, Unit},
};

/// Requests of one turn.
const REQUESTS: usize = 15;
/// Requests of one turn, each of which follows a write.
const WRITES: usize = 7;
/// What an order or a filter may cost, in costs of the list as it comes.
const TIMES: f64 = 3.0;

/// The lists of what there is a million of; and of deals, of which there are fewer.
const LISTS: [&str; 3] = ["/api/companies", "/api/leads", "/api/deals"];

/// What one ask costs.
struct Cost {
    ask: Ask,
    /// The first time, when what matches had not been counted yet; in milliseconds.
    first: f64,
    /// The list as it comes, in turns with it.
    limit: Sample,
    ours: Sample,
    /// Both again, a record being written before each request.
    limit_written: Sample,
    ours_written: Sample,
}

/// Measures each list.
pub fn measure(options: &Options, site: &Site) -> Result<Table> {
    let mut table = Table::default();
    for path in LISTS {
        let asks = asks(site, path)?;
        note(&format!("{}: {} orders and filters of {path}", site.backend(), asks.len()));
        let costs: Result<Vec<Cost>> = asks.into_iter().map(|ask| cost(options, site, path, ask)).collect();
        table.extend(lines(site, path, &costs?)?);
    }
    Ok(table)
}

fn cost(options: &Options, site: &Site, path: &str, ask: Ask) -> Result<Cost> {
    let mut client = site.client();
    let plain = site.get(path);
    let asked = site.get(format!("{path}?{}", ask.query));
    let mut writes = Writes::of(site, path)?;
    let mut cost = Cost {
        first: millis(time(&mut client, &asked)?),
        ask,
        limit: Sample::default(),
        ours: Sample::default(),
        limit_written: Sample::default(),
        ours_written: Sample::default(),
    };
    for _ in 0..options.rounds() {
        let [limit, ours] = medians(&mut client, [&plain, &asked], REQUESTS, |_| Ok(()))?;
        cost.limit.push(limit);
        cost.ours.push(ours);
        // Not counted: which records match is found out when the first of them is changed.
        time(&mut client, &writes.next())?;
        time(&mut client, &asked)?;
        let write = |client: &mut Client| time(client, &writes.next()).map(drop);
        let [limit, ours] = medians(&mut client, [&plain, &asked], WRITES, write)?;
        cost.limit_written.push(limit);
        cost.ours_written.push(ours);
    }
    Ok(cost)
}

/// Changes of one record of a list.
struct Writes<'a> {
    site: &'a Site,
    record: String,
}

impl<'a> Writes<'a> {
    fn of(site: &'a Site, path: &str) -> Result<Self> {
        let page = site.client().call(&site.get(format!("{path}?pageSize=1&page=2")))?.json()?;
        let id = page["items"][0]["id"]
            .as_str()
            .with_context(|| format!("{path} has no second record"))?;
        let record = format!("{path}/{id}");
        Ok(Self { site, record })
    }

    /// The next one, unlike those before it.
    fn next(&mut self) -> Request {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let body = json!({ "description": format!("looked at {number} times") });
        Request::new("PUT", &self.record).bearer(&self.site.token).json(&body)
    }
}

/// The median times of two requests that take turns, in milliseconds; `before` happens before each.
fn medians(
    client: &mut Client,
    requests: [&Request; 2],
    count: usize,
    mut before: impl FnMut(&mut Client) -> Result<()>,
) -> Result<[f64; 2]> {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..count {
        for (times, request) in times.iter_mut().zip(requests) {
            before(client)?;
            times.push(time(client, request)?);
        }
    }
    Ok(times.map(|mut times| millis(percentile(&mut times, 0.5))))
}

fn ratio(limit: &Sample, ours: &Sample) -> f64 {
    ours.median() / limit.median()
}

fn lines(site: &Site, path: &str, costs: &[Cost]) -> Result<Table> {
    let mut table = Table::default();
    for (is_order, what) in [(true, "orders"), (false, "single filters")] {
        let of: Vec<&Cost> = costs.iter().filter(|cost| cost.ask.is_order == is_order).collect();
        tell_slowest(path, what, &of);
        let slowest = |ratio: &dyn Fn(&Cost) -> f64| of.iter().copied().max_by(|a, b| ratio(a).total_cmp(&ratio(b)));
        let slow = slowest(&|cost| ratio(&cost.limit, &cost.ours)).context("nothing was measured")?;
        let mut push = |work: String, limit: Option<&Sample>, ours: Sample, goal| {
            table.push(Line {
                backend: site.backend(),
                work,
                unit: Unit::Millis,
                limit: limit.cloned(),
                ours,
                goal,
            });
        };
        push(
            format!("C: {path}, the slowest of {} {what}: {}; limit without", of.len(), slow.ask.query),
            Some(&slow.limit),
            slow.ours.clone(),
            Goal::AtMostTimes(TIMES),
        );
        let slow = slowest(&|cost| ratio(&cost.limit_written, &cost.ours_written)).context("nothing was measured")?;
        push(
            format!("the same, each after a write: {}", slow.ask.query),
            Some(&slow.limit_written),
            slow.ours_written.clone(),
            Goal::AtMostTimes(TIMES),
        );
        if !is_order {
            let slow = slowest(&|cost| cost.first).context("nothing was measured")?;
            push(
                format!("the first time it is asked for, to be counted: {}", slow.ask.query),
                None,
                slow.first.into(),
                Goal::None,
            );
        }
    }
    Ok(table)
}

/// The slowest ones, for who wants to mend them.
fn tell_slowest(path: &str, what: &str, costs: &[&Cost]) {
    let mut sorted = costs.to_vec();
    sorted.sort_by(|a, b| ratio(&b.limit, &b.ours).total_cmp(&ratio(&a.limit, &a.ours)));
    note(&format!(
        "{path}, {what}: first time; in turns with the list as it comes; after writes"
    ));
    for cost in sorted.into_iter().take(12) {
        note(&format!(
            "  {:9.2} ms; {:7.2} of {:5.2} ms = {:5.2}×; {:7.2} of {:5.2} ms = {:5.2}×  {}",
            cost.first,
            cost.ours.median(),
            cost.limit.median(),
            ratio(&cost.limit, &cost.ours),
            cost.ours_written.median(),
            cost.limit_written.median(),
            ratio(&cost.limit_written, &cost.ours_written),
            cost.ask.query
        ));
    }
}
