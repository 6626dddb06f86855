//! Creating companies, fully durable, against a bare writer that commits the same rows in groups.

use std::time::Duration;

use anyhow::Result;
use crm_store::{Location, tenant::schema};
use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};
use serde_json::json;

use super::Options;
use crate::{
    bare::{account::AccountRow, writer},
    deployment::{Access, Backend, Deployment, Host},
    http::Request,
    load::{CONNECTIONS, Load, Throughput},
    output::note,
    server::Server,
    table::{Goal, Line, Table, Unit},
};

/// Takes turns between `POST /api/companies` and the bare writer, each on a tenant database of its own.
pub fn measure(options: &Options, host: &Host) -> Result<Table> {
    note(&format!("{}: creating companies", host.backend.as_str()));
    let (deployment, limit_deployment) = (host.deploy("create")?, host.deploy("create_limit")?);
    let access = deployment.with_tenant()?;
    let limit_tenant = limit_deployment.with_tenant()?.tenant;
    let limit_location = limit_deployment.location(&limit_tenant)?;
    let server = Server::start(&deployment)?;
    let load = Load {
        address: server.address,
        request: creation(&server.sign_in(&access)?),
        status: 201,
    };
    load.check()?;
    let (template, fields) = written(&deployment, &access)?;
    let (mut limit, mut ours) = (Vec::new(), Vec::new());
    load.run(Duration::from_secs(1))?;
    for _ in 0..options.rounds() {
        limit.push(writer::run(&limit_location, CONNECTIONS, options.load(), &template, &fields)?);
        ours.push(load.run(options.load())?);
    }
    server.stop()?;
    Ok(lines(host.backend, &limit, &ours))
}

fn lines(backend: Backend, limit: &[Throughput], ours: &[Throughput]) -> Table {
    let per_second = |rounds: &[Throughput]| rounds.iter().map(|round| round.per_second).collect();
    let p99 = |rounds: &[Throughput]| rounds.iter().map(|round| round.p99.as_secs_f64() * 1000.0).collect();
    let work = "C: create a company, 32 clients, durable; limit a bare writer";
    let mut table = Table::default();
    table.push(Line {
        backend: backend.as_str(),
        work: work.to_owned(),
        unit: Unit::PerSecond,
        limit: Some(per_second(limit)),
        ours: per_second(ours),
        goal: Goal::AtLeastShare(0.5),
    });
    table.push(Line {
        backend: backend.as_str(),
        work: format!("{work}, p99"),
        unit: Unit::Millis,
        limit: Some(p99(limit)),
        ours: p99(ours),
        goal: Goal::AtMost(50.0),
    });
    table
}

fn creation(token: &str) -> Request {
    Request::new("POST", "/api/companies").bearer(token).json(&json!({
        "name": "Northwind Health Center",
        "category": "Hospital",
        "website": "https://northwind.example",
        "phone": "+1-555-0100",
        "email": "info@northwind.example",
        "address": "123 Main St",
        "city": "Boston",
        "state": "MA",
        "zipCode": "02101",
        "country": "USA",
        "industry": "Healthcare",
        "employees": 500,
        "annualRevenue": 500_000,
        "description": "Serves Boston and its neighbourhood",
    }))
}

/// What one creation wrote: the account's row and its change's fields.
fn written(deployment: &Deployment, access: &Access) -> Result<(AccountRow, String)> {
    let location: Location = deployment.location(&access.tenant)?;
    let mut connection = crm_store::dialect::open(&location, crm_store::dialect::Purpose::Read)?;
    let account = schema::account::table.order(schema::account::id.desc()).first(&mut connection)?;
    let fields = schema::change::table
        .select(schema::change::fields)
        .order(schema::change::seq.desc())
        .first(&mut connection)?;
    Ok((account, fields))
}
