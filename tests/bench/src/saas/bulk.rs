//! Creating leads by the five hundred over HTTP, against importing the same leads from a file.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Instant,
};

use anyhow::{Result, anyhow, ensure};
use serde_json::json;

use super::Options;
use crate::{
    database::Database,
    dataset,
    deployment::{Deployment, Host},
    http::{Client, Request},
    loaded,
    output::note,
    sample::Sample,
    server::Server,
    table::{Goal, Line, Unit},
};

/// Leads of one request.
const BULK: u64 = 500;
/// Clients that send them.
const CLIENTS: usize = 2;

/// Both fill an empty tenant in each round.
pub fn measure(options: &Options, host: &Host) -> Result<Line> {
    let rows = options.run.choose(2_000, 50_000);
    note(&format!("{}: {rows} leads by {BULK}, and by import", host.backend.as_str()));
    let (mut limit, mut ours) = (Sample::default(), Sample::default());
    for round in 0..options.rounds() {
        limit.push(import(&host.deploy(&format!("import{round}"))?, rows)?);
        ours.push(create(&host.deploy(&format!("bulk{round}"))?, rows)?);
    }
    Ok(Line {
        backend: host.backend.as_str(),
        work: format!("C: /api/leads/bulk by {BULK}, {CLIENTS} clients; limit their import"),
        unit: Unit::PerSecond,
        limit: Some(limit),
        ours,
        goal: Goal::AtLeastShare(0.4),
    })
}

/// Leads a second.
fn import(deployment: &Deployment, rows: u64) -> Result<f64> {
    deployment.with_tenant()?;
    let (time, _) = loaded::import(deployment, "leads", |file| dataset::write_leads(file, rows))?;
    Ok(rows as f64 / time.as_secs_f64())
}

/// Leads a second.
fn create(deployment: &Deployment, rows: u64) -> Result<f64> {
    let access = deployment.with_tenant()?;
    let server = Server::start(deployment)?;
    let token = server.sign_in(&access)?;
    let next = AtomicU64::new(0);
    let send = || -> Result<()> {
        let mut client = Client::new(server.address);
        loop {
            let first = next.fetch_add(BULK, Ordering::Relaxed);
            if first >= rows {
                return Ok(());
            }
            let leads: Vec<_> = (first + 1..=first + BULK).map(dataset::lead_object).collect();
            let request = Request::new("POST", "/api/leads/bulk")
                .bearer(&token)
                .json(&json!({ "leads": leads }));
            let response = client.call(&request)?;
            ensure!(response.status == 201, "{}", response.describe());
        }
    };
    let started = Instant::now();
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(send)).collect();
        clients
            .into_iter()
            .try_for_each(|client| client.join().map_err(|_| anyhow!("a client panicked"))?)
    })?;
    let time = started.elapsed();
    server.stop()?;
    let made = Database::open(&deployment.location(&access.tenant)?)?.number("SELECT count(*) AS value FROM lead")?;
    ensure!(made as u64 == rows, "{made} of {rows} leads were made");
    Ok(rows as f64 / time.as_secs_f64())
}
