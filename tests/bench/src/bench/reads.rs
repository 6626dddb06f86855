//! Reading by key under load, against the same work done bare.

use anyhow::Result;

use super::{Measurement, Options, site::Site};
use crate::{
    http::Request,
    load::{Load, Throughput},
    output::note,
    sample::Sample,
    table::{Goal, Line, Table, Unit},
};

/// What the small tenant is measured with.
pub fn measure(options: &Options, site: &Site) -> Result<Table> {
    let mut table = measure_rows(options, site)?;
    if options.has(Measurement::Auth) {
        table.push(measure_admission(options, site)?);
    }
    Ok(table)
}

/// The list and the detail.
pub fn measure_rows(options: &Options, site: &Site) -> Result<Table> {
    let mut table = Table::default();
    let rows = site.loaded.rows;
    if options.has(Measurement::List) {
        let ours = ours(site, Request::get("/api/v1/external/accounts"), 200);
        let contest = Contest::run(options, &bare(site, "/accounts"), &ours)?;
        let work = format!("A: list of 50 accounts of {rows}");
        table.push(contest.per_second(site, work.clone(), Goal::AtLeastShare(0.7)));
        table.push(contest.p99(site, format!("{work}, p99"), Goal::AtMostTimes(2.0)));
    }
    if options.has(Measurement::Detail) {
        let id = format!("ACT-{:05}", rows / 2);
        let ours = ours(site, Request::get(format!("/api/v1/external/accounts/{id}")), 200);
        let contest = Contest::run(options, &bare(site, &format!("/accounts/{id}")), &ours)?;
        table.push(contest.per_second(site, format!("A: one account of {rows}"), Goal::AtLeastShare(0.5)));
    }
    Ok(table)
}

/// A request that is authenticated, counted and logged, and then needs no row of the tenant: a method that the path does not have.
fn measure_admission(options: &Options, site: &Site) -> Result<Line> {
    let livez = Load {
        address: site.server.address,
        request: Request::get("/livez"),
        status: 200,
    };
    let ours = ours(site, Request::new("POST", "/api/v1/external/accounts"), 405);
    let contest = Contest::run(options, &livez, &ours)?;
    Ok(contest.per_second(
        site,
        "A: authenticated, no tenant row; limit /livez".to_owned(),
        Goal::AtLeastShare(0.5),
    ))
}

fn ours(site: &Site, request: Request, status: u16) -> Load {
    Load {
        address: site.server.address,
        request: request.key(&site.loaded.access.key),
        status,
    }
}

fn bare(site: &Site, path: &str) -> Load {
    Load {
        address: site.bare.address,
        request: Request::get(path),
        status: 200,
    }
}

/// Two loads that took turns.
struct Contest {
    limit: Vec<Throughput>,
    ours: Vec<Throughput>,
}

impl Contest {
    fn run(options: &Options, limit: &Load, ours: &Load) -> Result<Self> {
        note(&format!("{} {}", ours.request.method, ours.request.path));
        let mut contest = Self {
            limit: Vec::new(),
            ours: Vec::new(),
        };
        // Opens connections, fills caches, verifies the key's slow hash.
        limit.run(std::time::Duration::from_secs(1))?;
        ours.run(std::time::Duration::from_secs(1))?;
        for _ in 0..options.rounds() {
            contest.limit.push(limit.run(options.load())?);
            contest.ours.push(ours.run(options.load())?);
        }
        Ok(contest)
    }

    fn per_second(&self, site: &Site, work: String, goal: Goal) -> Line {
        let per_second = |rounds: &[Throughput]| rounds.iter().map(|round| round.per_second).collect();
        self.line(site, work, Unit::PerSecond, goal, per_second)
    }

    fn p99(&self, site: &Site, work: String, goal: Goal) -> Line {
        let p99 = |rounds: &[Throughput]| rounds.iter().map(|round| round.p99.as_secs_f64() * 1000.0).collect();
        self.line(site, work, Unit::Millis, goal, p99)
    }

    fn line(&self, site: &Site, work: String, unit: Unit, goal: Goal, of: impl Fn(&[Throughput]) -> Sample) -> Line {
        Line {
            backend: site.backend(),
            work,
            unit,
            limit: Some(of(&self.limit)),
            ours: of(&self.ours),
            goal,
        }
    }
}
