//! `backup`: a copy of every database and of the secrets, made while the server may run.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use super::{
    context::Context,
    manifest::{self, Entry, FORMAT, Manifest},
    output::grouped,
};
use crate::secrets;

/// Where to.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// The folder to make, outside of the data directory; it must not exist, or be empty
    folder: PathBuf,
}

/// Copies everything, then writes the manifest.
pub fn run(context: &Context, args: &BackupArgs) -> Result<ExitCode> {
    let folder = &args.folder;
    let settings = &context.settings.store;
    check_place(folder, &settings.data_dir)?;
    make_folder(folder)?;
    let created_at = context.world.clock.now().to_second_precision();
    let mut files: Vec<PathBuf> = context.with_store(|store, _| {
        let copies = store.backup(folder, |copy| context.output.note(&format!("Copied {}", copy.file.display())))?;
        Ok(copies.into_iter().map(|copy| copy.file).collect())
    })?;
    let kept = settings.data_dir.join(secrets::FILE);
    match fs::read(&kept) {
        Ok(content) => {
            manifest::write_private(&folder.join(secrets::FILE), &content)?;
            files.push(PathBuf::from(secrets::FILE));
        }
        // Made at the first start of the server.
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", kept.display())),
    }
    let manifest = Manifest {
        format: FORMAT,
        server_version: env!("CARGO_PKG_VERSION").to_owned(),
        created_at,
        backend: backend(&settings.url).to_owned(),
        files: files.iter().map(|file| Entry::of(folder, file)).collect::<Result<_>>()?,
    };
    manifest.write(folder)?;
    let bytes: u64 = manifest.files.iter().map(|entry| entry.bytes).sum();
    context.output.result(&manifest, || {
        let count = manifest.files.len();
        format!("Backed up {count} files, {} bytes, to {}", grouped(bytes), folder.display())
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The word for the backend in a manifest.
pub fn backend(url: &str) -> &'static str {
    if url.is_empty() { "sqlite" } else { "postgres" }
}

/// A backup within the data directory would be lost along with it, and keep `restore` from finding that directory empty.
fn check_place(folder: &Path, data_dir: &Path) -> Result<()> {
    if resolved(folder)?.starts_with(resolved(data_dir)?) {
        bail!(
            "{} lies in the data directory {}: choose a folder outside of it",
            folder.display(),
            data_dir.display()
        );
    }
    Ok(())
}

/// A path without links, relative parts and `..`. Its end need not be there yet.
fn resolved(path: &Path) -> Result<PathBuf> {
    let path = std::path::absolute(path).with_context(|| format!("cannot find {}", path.display()))?;
    match path.canonicalize() {
        Err(error) if error.kind() == ErrorKind::NotFound => match (path.parent(), path.file_name()) {
            (Some(parent), Some(name)) => Ok(resolved(parent)?.join(name)),
            _ => Err(error),
        },
        found => found,
    }
    .with_context(|| format!("cannot find {}", path.display()))
}

fn make_folder(folder: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .recursive(true)
        .create(folder)
        .with_context(|| format!("cannot make {}", folder.display()))?;
    if !is_empty(folder)? {
        bail!("{} is not empty: choose another folder", folder.display());
    }
    Ok(())
}

/// Whether a folder holds nothing, or is not there.
pub fn is_empty(folder: &Path) -> Result<bool> {
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error).with_context(|| format!("cannot look into {}", folder.display())),
    }
}
