//! Start and memory: with one tenant, and with many.

use std::{thread, time::Duration};

use anyhow::{Result, ensure};
use crm_domain::control::user::BCRYPT_COST;

use super::Options;
use crate::{
    deployment::{Access, Deployment, Host, add_tenant, hash_password},
    http::{Client, Request},
    memory,
    output::note,
    sample::Sample,
    server::Server,
    table::{Goal, Line, Table, Unit},
};

/// Tenants that are open at once.
const OPEN: usize = 64;
/// Long enough for what a start leaves to be done.
const IDLE: Duration = Duration::from_secs(3);
/// bcrypt's least cost: these keys are only there to open tenants.
const CHEAP: u32 = 4;

/// Measures both.
pub fn measure(options: &Options, host: &Host) -> Result<Table> {
    let mut table = Table::default();
    let mut push = |work: String, unit, ours: Sample, goal| {
        table.push(Line {
            backend: host.backend.as_str(),
            work,
            unit,
            limit: None,
            ours,
            goal,
        });
    };
    let idle = idle_memory(options, host)?;
    push("idle memory, one tenant".to_owned(), Unit::Mebibytes, idle, Goal::AtMost(40.0));
    let tenants = options.tenants();
    let (starts, held) = many_tenants(options, host, tenants)?;
    push(
        format!("start to /readyz, {tenants} tenants"),
        Unit::Millis,
        starts,
        Goal::AtMost(1000.0),
    );
    push(
        format!("memory, {OPEN} of {tenants} tenants open"),
        Unit::Mebibytes,
        held.into(),
        Goal::AtMost(200.0),
    );
    Ok(table)
}

fn idle_memory(options: &Options, host: &Host) -> Result<Sample> {
    note(&format!("{}: idle memory", host.backend.as_str()));
    let deployment = host.deploy("idle")?;
    deployment.with_tenant()?;
    let mut held = Sample::default();
    for _ in 0..options.rounds() {
        let server = Server::start(&deployment)?;
        thread::sleep(IDLE);
        held.push(memory::resident(server.pid())?);
        server.stop()?;
    }
    Ok(held)
}

/// Start times, and the memory held after [`OPEN`] tenants were asked for their accounts.
fn many_tenants(options: &Options, host: &Host, tenants: usize) -> Result<(Sample, f64)> {
    note(&format!("{}: making {tenants} tenants", host.backend.as_str()));
    let deployment = host.deploy("many")?;
    let open = populate(&deployment, tenants)?;
    let mut starts = Sample::default();
    for _ in 1..options.rounds() {
        let server = Server::start(&deployment)?;
        starts.push_time(server.start);
        server.stop()?;
    }
    let server = Server::start(&deployment)?;
    starts.push_time(server.start);
    for access in &open {
        let request = Request::get("/api/v1/external/accounts").key(&access.key);
        let response = Client::new(server.address).call(&request)?;
        ensure!(response.status == 200, "{}: status {}", &*access.tenant.name, response.status);
    }
    thread::sleep(IDLE);
    let held = memory::resident(server.pid())?;
    server.stop()?;
    Ok((starts, held))
}

/// Makes the tenants; the ones to open.
fn populate(deployment: &Deployment, tenants: usize) -> Result<Vec<Access>> {
    let store = deployment.open()?;
    let hash = hash_password(BCRYPT_COST)?;
    let made: Result<Vec<Access>> = (0..tenants).map(|number| add_tenant(&store, number, &hash, CHEAP)).collect();
    store.close();
    let mut made = made?;
    made.truncate(OPEN);
    Ok(made)
}
