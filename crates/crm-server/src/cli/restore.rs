//! `restore`: make a deployment from a backup, where none is.

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use crm_store::{Store, create_private_folder};

use super::{
    backup::{backend, is_empty},
    context::Context,
    manifest::{self, Manifest},
};
use crate::secrets;

/// Where from.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// The folder that `backup` made
    folder: PathBuf,
}

/// Checks the backup, which a newer version must not have made, copies it into the empty data directory and checks what came of it.
pub fn run(context: &Context, args: &RestoreArgs) -> Result<ExitCode> {
    let (folder, settings) = (&args.folder, &context.settings.store);
    let manifest = Manifest::read_checked(folder)?;
    let backend = backend(&settings.url);
    if manifest.backend != backend {
        bail!("the backup is of {}; the settings name {backend}", manifest.backend);
    }
    let data_dir = &settings.data_dir;
    if !is_empty(data_dir)? {
        bail!(
            "{} is not empty: nothing is overwritten; move it away or name another data directory",
            data_dir.display()
        );
    }
    Store::judge_backup(folder)?;
    let world = &context.world;
    let restored = |copy: &crm_store::DatabaseCopy| context.output.note(&format!("Restored {}", copy.file.display()));
    let store = Store::restore(
        &context.settings.for_store(),
        world.clock.clone(),
        world.entropy.clone(),
        folder,
        restored,
    )
    .with_context(|| format!("nothing is restored to {}", data_dir.display()))?;
    let reports = store.check();
    store.close();
    if manifest.files.iter().any(|entry| entry.file.as_os_str() == secrets::FILE) {
        let content = fs::read(folder.join(secrets::FILE)).context("cannot read the backup's secrets")?;
        // On PostgreSQL nothing has made the folder yet.
        create_private_folder(data_dir).with_context(|| format!("cannot make {}", data_dir.display()))?;
        manifest::write_private(&data_dir.join(secrets::FILE), &content)?;
    }
    let problems: Vec<String> = reports
        .iter()
        .flat_map(|report| report.problems.iter().map(|problem| format!("{}: {problem}", report.location)))
        .collect();
    if !problems.is_empty() {
        bail!("the restored databases are not sound: {}", problems.join("; "));
    }
    context.output.result(&manifest, || {
        let (count, made) = (manifest.files.len(), &manifest.created_at);
        format!(
            "Restored {count} files of the backup of {made} to {}; every database is intact",
            data_dir.display()
        )
    })?;
    Ok(ExitCode::SUCCESS)
}
