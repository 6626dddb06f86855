//! A tenant with records, loaded by the server's own command line.

use std::{
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use crm_store::{dialect, dialect::Purpose};
use diesel::connection::SimpleConnection;

use crate::{
    dataset,
    deployment::{Access, Backend, Deployment, Host},
    memory,
    output::note,
    server,
};

/// A deployment whose one tenant has records, loaded by `crm-server import`.
pub struct Loaded {
    /// The deployment.
    pub deployment: Deployment,
    /// Its tenant.
    pub access: Access,
    /// How many records.
    pub rows: u64,
    /// How long the import ran, from its process's start to its end.
    pub time: Duration,
    /// The most memory that it held, in MiB.
    pub peak: f64,
}

impl Loaded {
    /// Makes the deployment and imports `rows` accounts.
    pub fn new(host: &Host, name: &str, rows: u64) -> Result<Self> {
        Self::with(host, name, "accounts", rows, |file| dataset::write_accounts(file, rows))
    }

    /// Makes the deployment and imports what `write` puts into a file: so many rows.
    pub fn with(host: &Host, name: &str, kind: &str, rows: u64, write: impl FnOnce(&Path) -> Result<()>) -> Result<Self> {
        let deployment = host.deploy(name)?;
        let access = deployment.with_tenant()?;
        note(&format!("{}: importing {rows} {kind}", host.backend.as_str()));
        let (time, peak) = import(&deployment, kind, write)?;
        let loaded = Self {
            deployment,
            access,
            rows,
            time,
            peak,
        };
        loaded.settle()?;
        Ok(loaded)
    }

    /// Imports more records into the tenant; `write` makes the file.
    pub fn import(&self, kind: &str, write: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
        import(&self.deployment, kind, write).map(drop)
    }

    /// What the database would do by itself within minutes must not happen in the middle of a measurement.
    pub fn settle(&self) -> Result<()> {
        let mut connection = dialect::open(&self.deployment.location(&self.access.tenant)?, Purpose::Write)?;
        match self.deployment.backend {
            Backend::Sqlite => dialect::checkpoint(&mut connection)?,
            Backend::Postgres => {
                connection.batch_execute("VACUUM ANALYZE")?;
                connection.batch_execute("CHECKPOINT")?;
            }
        }
        Ok(())
    }
}

/// Imports what `write` puts into a file by `crm-server import`: how long it ran, and the most memory it held, in MiB.
pub fn import(deployment: &Deployment, kind: &str, write: impl FnOnce(&Path) -> Result<()>) -> Result<(Duration, f64)> {
    let file = deployment.file("import.csv");
    write(&file)?;
    let mut command = server::command(deployment)?;
    command.args(["import", kind]).arg(&file);
    let watched = watch(command, deployment)?;
    std::fs::remove_file(&file)?;
    Ok(watched)
}

/// Runs a command to its end: how long it took, and the most memory it held.
fn watch(mut command: Command, deployment: &Deployment) -> Result<(Duration, f64)> {
    let log = deployment.file("import.log");
    let output = std::fs::File::create(&log)?;
    let started = Instant::now();
    let mut child = command
        .stdout(output.try_clone()?)
        .stderr(output)
        .spawn()
        .context("crm-server import")?;
    let mut peak: f64 = 0.0;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        // The kernel keeps the peak, so that looking rarely misses nothing but the last moments, when an import only closes its files.
        if let Ok(held) = memory::peak(child.id()) {
            peak = peak.max(held);
        }
        thread::sleep(Duration::from_millis(5));
    };
    let time = started.elapsed();
    ensure!(
        status.success(),
        "the import failed ({status}):\n{}",
        std::fs::read_to_string(&log).unwrap_or_default()
    );
    Ok((time, peak))
}
