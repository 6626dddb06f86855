//! `doctor`: check settings, secrets, databases and clock. It changes nothing but a database's schema, as every start does.

use std::{fs, path::Path, process::ExitCode};

use anyhow::{Context as _, Result, bail};
use crm_domain::stamp::Stamp;
use crm_store::Location;
use serde::Serialize;

use super::{context::Context, output::table};
use crate::secrets;

/// A clock before 2025-01-01 has not been set.
const EARLIEST: Stamp = Stamp::from_micros(1_735_689_600_000_000);

/// One check.
#[derive(Debug, Serialize)]
struct Finding {
    check: String,
    ok: bool,
    detail: String,
}

impl Finding {
    fn of(check: impl Into<String>, result: Result<String>) -> Self {
        let (ok, detail) = match result {
            Ok(detail) => (true, detail),
            Err(error) => (false, format!("{error:#}")),
        };
        Self {
            check: check.into(),
            ok,
            detail,
        }
    }
}

/// Checks everything and exits with 1 when something is wrong.
pub fn run(context: &Context) -> Result<ExitCode> {
    let data_dir = &context.settings.store.data_dir;
    let mut findings = vec![
        Finding::of("data directory", check_data_dir(data_dir)),
        Finding::of("secrets", check_secrets(data_dir)),
        Finding::of("clock", check_clock(context)),
    ];
    match check_databases(context) {
        Ok(databases) => findings.extend(databases),
        Err(error) => findings.push(Finding::of("databases", Err(error))),
    }
    context.output.result(&findings, || {
        let row = |finding: &Finding| {
            let state = if finding.ok { "ok" } else { "FAILED" };
            [finding.check.clone(), state.to_owned(), finding.detail.clone()]
        };
        table(["check", "state", "detail"], &findings.iter().map(row).collect::<Vec<_>>())
    })?;
    let healthy = findings.iter().all(|finding| finding.ok);
    Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn check_data_dir(data_dir: &Path) -> Result<String> {
    if !data_dir.try_exists()? {
        return Ok(format!("{} does not exist yet: the first start creates it", data_dir.display()));
    }
    let probe = data_dir.join(format!(".doctor-{}", std::process::id()));
    fs::write(&probe, b"")
        .and_then(|()| fs::remove_file(&probe))
        .with_context(|| format!("{} cannot be written", data_dir.display()))?;
    Ok(format!("{} can be written", data_dir.display()))
}

fn check_secrets(data_dir: &Path) -> Result<String> {
    let path = data_dir.join(secrets::FILE);
    if !path.try_exists()? {
        return Ok("not made yet: the first start makes them".to_owned());
    }
    secrets::load(&path)?;
    Ok(format!("{} is readable by its owner alone", path.display()))
}

fn check_clock(context: &Context) -> Result<String> {
    let now = context.world.clock.now();
    if now < EARLIEST {
        bail!(
            "the clock shows {}: set it before records get wrong dates",
            now.to_second_precision()
        );
    }
    Ok(now.to_second_precision())
}

fn check_databases(context: &Context) -> Result<Vec<Finding>> {
    let location = Location::control(&context.settings.store.url, &context.settings.store.data_dir)?;
    if let Location::Sqlite(path) = &location
        && !path.try_exists()?
    {
        let detail = format!("{} does not exist yet: the first start creates it", path.display());
        return Ok(vec![Finding::of("databases", Ok(detail))]);
    }
    let reports = context.with_store(|store, _| Ok(store.check()?))?;
    let finding = |report: crm_store::DatabaseReport| {
        let result = match (report.has_pending_migrations, report.integrity.as_str()) {
            (true, _) => Err(anyhow::anyhow!(
                "{}: migrations are pending, run `crm-server migrate`",
                report.version
            )),
            (false, "ok") => Ok(format!("{}, up to date, intact", report.version)),
            (false, damage) => Err(anyhow::anyhow!("{}: {damage}", report.version)),
        };
        Finding::of(report.location, result)
    };
    Ok(reports.into_iter().map(finding).collect())
}
