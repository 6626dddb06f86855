//! Creating contacts by the five hundred, against bare batches of the same rows.

use std::time::Instant;

use anyhow::{Result, ensure};
use crm_domain::control::api_key::KeyFamily;
use serde_json::json;

use super::Options;
use crate::{
    bare::contact,
    dataset,
    deployment::Host,
    http::{Client, Request},
    output::note,
    sample::Sample,
    server::Server,
    table::{Goal, Line, Unit},
};

/// Contacts of one request, and of one commit of the bare writer.
const BULK: u64 = 500;

/// Both fill an empty tenant in each round, the bare writer with the rows that the server made.
pub fn measure(options: &Options, host: &Host) -> Result<Line> {
    let rows = options.run.choose(2_000, 25_000);
    note(&format!("{}: {rows} contacts by {BULK}, and bare", host.backend.as_str()));
    let (mut limit, mut ours) = (Sample::default(), Sample::default());
    for round in 0..options.rounds() {
        let (made, empty) = (host.deploy(&format!("bulk{round}"))?, host.deploy(&format!("bare{round}"))?);
        let access = made.with_tenant()?;
        let key = made.mint(&access, KeyFamily::Contacts)?;
        let server = Server::start(&made)?;
        ours.push(rows as f64 / create(&server, &key, rows)?);
        server.stop()?;
        let (from, to) = (made.location(&access.tenant)?, empty.location(&empty.with_tenant()?.tenant)?);
        let (time, copied) = contact::copy(&from, &to, BULK as usize)?;
        ensure!(copied as u64 == rows, "{copied} of {rows} contacts were made");
        limit.push(rows as f64 / time.as_secs_f64());
    }
    Ok(Line {
        backend: host.backend.as_str(),
        work: format!("D: /api/v1/contacts/bulk by {BULK}, one client; limit bare batches"),
        unit: Unit::PerSecond,
        limit: Some(limit),
        ours,
        goal: Goal::AtLeastShare(0.4),
    })
}

/// How many seconds it takes.
fn create(server: &Server, key: &str, rows: u64) -> Result<f64> {
    let bodies: Vec<Request> = (1..=rows)
        .step_by(BULK as usize)
        .map(|first| {
            let contacts: Vec<_> = (first..first + BULK).map(dataset::contact_object).collect();
            Request::new("POST", "/api/v1/contacts/bulk")
                .bearer(key)
                .json(&json!({ "contacts": contacts }))
        })
        .collect();
    let mut client = Client::new(server.address);
    let started = Instant::now();
    for request in &bodies {
        let response = client.call(request)?;
        ensure!(response.status < 300, "{}", response.describe());
    }
    Ok(started.elapsed().as_secs_f64())
}
