//! Where an export goes. A file has its name only when it is whole, so that one that stopped half-way is never taken for all there is.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

/// Where an export goes.
pub enum Target {
    /// Standard output.
    Stdout(io::Stdout),
    /// A pipe or device that is there already.
    Device(File),
    /// A new file, beside its place until it is whole.
    File {
        file: File,
        temporary: PathBuf,
        path: PathBuf,
        overwrites: bool,
    },
}

impl Target {
    /// Opens it; `-` is standard output.
    ///
    /// # Errors
    /// When the file exists and must not be overwritten, or cannot be made.
    pub fn open(path: &Path, overwrites: bool) -> Result<Self> {
        if path.as_os_str() == "-" {
            return Ok(Self::Stdout(io::stdout()));
        }
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => bail!("{} is a directory", path.display()),
            Ok(metadata) if !metadata.is_file() => {
                let device = File::options().write(true).open(path);
                return Ok(Self::Device(device.with_context(|| format!("cannot open {}", path.display()))?));
            }
            Ok(_) if !overwrites => bail!("{} exists: choose another file, or --overwrite it", path.display()),
            // Where it cannot be made, making it says why.
            Ok(_) | Err(_) => {}
        }
        let temporary = beside(path);
        // People's data: for its owner alone.
        let mut options = File::options();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options
            .open(&temporary)
            .with_context(|| format!("cannot make {}", temporary.display()))?;
        Ok(Self::File {
            file,
            temporary,
            path: path.to_owned(),
            overwrites,
        })
    }

    /// Whether it is standard output.
    pub fn is_stdout(&self) -> bool {
        matches!(self, Self::Stdout(_))
    }

    /// Gives the whole file its name.
    ///
    /// # Errors
    /// When it cannot be made durable, or another file has taken the name meanwhile.
    pub fn keep(self) -> Result<()> {
        let Self::File {
            ref file,
            ref temporary,
            ref path,
            overwrites,
        } = self
        else {
            return Ok(());
        };
        if !overwrites && path.exists() {
            bail!("{} was made meanwhile: choose another file, or --overwrite it", path.display());
        }
        let named = file.sync_all().and_then(|()| fs::rename(temporary, path));
        named.with_context(|| format!("cannot make {}", path.display()))
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if let Self::File { temporary, .. } = self {
            // Renamed, it is not there any more; else it is not worth keeping, and there is nobody to tell.
            let _ = fs::remove_file(temporary);
        }
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(stdout) => stdout.write(bytes),
            Self::Device(file) | Self::File { file, .. } => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(stdout) => stdout.flush(),
            Self::Device(file) | Self::File { file, .. } => file.flush(),
        }
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().map_or_else(OsString::new, ToOwned::to_owned);
    name.push(format!(".{}.part", std::process::id()));
    path.with_file_name(name)
}
