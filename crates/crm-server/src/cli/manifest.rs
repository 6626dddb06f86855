//! What a backup holds: written last, so that a folder without it is no backup.

use std::{
    fs::File,
    io::{self, Read, Write},
    path::{Component, Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The file's name in the backup's folder.
pub const FILE: &str = "manifest.json";
/// How the folder is laid out.
pub const FORMAT: u32 = 1;

/// What a backup holds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// [`FORMAT`] of this version.
    pub format: u32,
    /// The version of the server that made it.
    pub server_version: String,
    /// When it was begun.
    pub created_at: String,
    /// `sqlite` or `postgres`: a backup is restored to the backend it came from.
    pub backend: String,
    /// Every file but this one.
    pub files: Vec<Entry>,
}

/// A file of a backup.
#[derive(Debug, Serialize, Deserialize)]
pub struct Entry {
    /// Relative to the backup's folder.
    pub file: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its content, in hexadecimal digits.
    pub sha256: String,
}

impl Entry {
    /// Describes a file as it is.
    pub fn of(folder: &Path, file: &Path) -> Result<Self> {
        let path = folder.join(file);
        let (bytes, sha256) = digest(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Self {
            file: file.to_owned(),
            bytes,
            sha256,
        })
    }
}

impl Manifest {
    /// Writes it into the backup's folder, readable by its owner alone.
    pub fn write(&self, folder: &Path) -> Result<()> {
        write_private(&folder.join(FILE), serde_json::to_string_pretty(self)?.as_bytes())
    }

    /// Reads it and compares every file with it.
    ///
    /// # Errors
    /// When the folder is no backup, or one of its files is missing or damaged.
    pub fn read_checked(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("{} is no whole backup: cannot read {}", folder.display(), path.display()))?;
        let manifest: Self = serde_json::from_str(&text).with_context(|| format!("{} cannot be understood", path.display()))?;
        if manifest.format != FORMAT {
            bail!("the backup has format {}; this version knows {FORMAT}", manifest.format);
        }
        for entry in &manifest.files {
            if !entry.file.components().all(|part| matches!(part, Component::Normal(_))) {
                bail!("{} is not a file of the backup", entry.file.display());
            }
            let found = Entry::of(folder, &entry.file)?;
            if (found.bytes, &found.sha256) != (entry.bytes, &entry.sha256) {
                bail!(
                    "{} is damaged: its checksum is not the manifest's",
                    folder.join(&entry.file).display()
                );
            }
        }
        Ok(manifest)
    }
}

/// Makes a file that is readable by its owner alone, and makes sure that it is on the disk.
pub fn write_private(path: &Path, content: &[u8]) -> Result<()> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()
    });
    written.with_context(|| format!("cannot write {}", path.display()))
}

fn digest(path: &Path) -> io::Result<(u64, String)> {
    let (mut file, mut hasher, mut bytes) = (File::open(path)?, Sha256::new(), 0);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => {
                hasher.update(&buffer[..read]);
                bytes += read as u64;
            }
        }
    }
    let digits = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((bytes, digits))
}
