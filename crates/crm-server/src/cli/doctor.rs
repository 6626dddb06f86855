//! `doctor`: check settings, secrets, databases and clock. It changes nothing but a database's schema, as every start does.

use std::{fs, path::Path, process::ExitCode};

use anyhow::{Context as _, Result, anyhow, bail};
use crm_domain::stamp::Stamp;
use crm_store::{DatabaseReport, Location, database_exists};
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
    /// Fine for the server, but not as it should be.
    warning: bool,
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
            warning: false,
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
    findings.extend(check_privacy(data_dir));
    match check_databases(context) {
        Ok(databases) => findings.extend(databases),
        Err(error) => findings.push(Finding::of("databases", Err(error))),
    }
    context.output.result(&findings, || {
        let row = |finding: &Finding| {
            let state = match finding {
                Finding { ok: false, .. } => "FAILED",
                Finding { warning: true, .. } => "warning",
                _ => "ok",
            };
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
    if !database_exists(&location).with_context(|| location.to_string())? {
        let detail = format!("{location} does not exist yet: the first start creates it");
        return Ok(vec![Finding::of("databases", Ok(detail))]);
    }
    let store = context.store().with_context(|| location.to_string())?;
    let reports = store.check();
    store.close();
    Ok(reports.into_iter().flat_map(findings_of).collect())
}

/// One finding per problem, or that there is none.
fn findings_of(report: DatabaseReport) -> Vec<Finding> {
    let check = match &report.tenant {
        Some(tenant) => format!("{} of tenant {tenant}", report.location),
        None => report.location.clone(),
    };
    if report.problems.is_empty() {
        let version = report.version.unwrap_or_default();
        return vec![Finding::of(check, Ok(format!("{version}, up to date, intact, counters right")))];
    }
    let problems = report.problems.into_iter();
    problems.map(|problem| Finding::of(check.clone(), Err(anyhow!(problem)))).collect()
}

/// Warns of databases that other users of the machine can open.
#[cfg(unix)]
fn check_privacy(data_dir: &Path) -> Option<Finding> {
    let open = open_to_others(data_dir);
    let first = open.first()?;
    let more = match open.len() - 1 {
        0 => String::new(),
        count => format!(" and {count} more"),
    };
    let data_dir = data_dir.display();
    Some(Finding {
        warning: true,
        ..Finding::of(
            "privacy",
            Ok(format!("{first}{more} can be read by other users: run chmod -R go= {data_dir}")),
        )
    })
}

#[cfg(not(unix))]
fn check_privacy(_data_dir: &Path) -> Option<Finding> {
    None
}

/// The data directory, the folders in it and the databases with the files beside them, as far as others may open them.
#[cfg(unix)]
fn open_to_others(data_dir: &Path) -> Vec<String> {
    use std::os::unix::fs::PermissionsExt as _;

    let mut open = Vec::new();
    // The data directory itself may be a link.
    let mut waiting: Vec<_> = fs::canonicalize(data_dir).into_iter().collect();
    while let Some(path) = waiting.pop() {
        // A link is not followed, and what cannot be looked at is told by the other checks.
        let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_database = metadata.is_file()
            && [".db", ".db-wal", ".db-shm", ".db-queue", ".db-turn"]
                .iter()
                .any(|end| name.ends_with(end));
        let mode = metadata.permissions().mode() & 0o777;
        if (is_database || metadata.is_dir()) && mode & 0o077 != 0 {
            open.push(format!("{} (mode {mode:03o})", path.display()));
        }
        if metadata.is_dir()
            && let Ok(entries) = fs::read_dir(&path)
        {
            waiting.extend(entries.flatten().map(|entry| entry.path()));
        }
    }
    open.sort();
    open
}
