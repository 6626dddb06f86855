//! The deployment's secrets: made at first start, kept in `<data_dir>/secrets`, readable by nobody but the server's user.
//!
//! Nodes that share a PostgreSQL database share this file, too: copy it to each node's data directory before its first start.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use base64::{Engine, engine::general_purpose::STANDARD};
use crm_domain::clock::Entropy;
use crm_http::Secrets;
use crm_store::create_private_folder;
use serde::{Deserialize, Serialize};

/// The file's name in the data directory.
pub const FILE: &str = "secrets";

/// The file's content: each secret is 32 bytes in base64.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    jwt: String,
    refresh: String,
    sealing: String,
    /// Former values of `sealing`, kept until nothing sealed with them is left. To replace the key, move it here and put a new one in its
    /// place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    retired_sealing: Vec<String>,
}

/// Reads the secrets; the first of several processes that start at once makes them.
///
/// # Errors
/// When the directory cannot be written, the file is readable by others, or it is not one of this server.
pub fn load_or_create(data_dir: &Path, entropy: &dyn Entropy) -> Result<Secrets> {
    let path = data_dir.join(FILE);
    create_private_folder(data_dir).with_context(|| format!("cannot create the data directory {}", data_dir.display()))?;
    if !path.try_exists().with_context(|| format!("cannot look for {}", path.display()))? {
        create(&path, entropy).with_context(|| format!("cannot create {}", path.display()))?;
    }
    load(&path)
}

/// Reads the secrets that are there.
///
/// # Errors
/// As [`load_or_create`], and when there are none.
pub fn load(path: &Path) -> Result<Secrets> {
    check_mode(path)?;
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let stored: Stored = serde_json::from_str(&text).with_context(|| format!("{} is not a secrets file", path.display()))?;
    let decode = |secret: &str| -> Result<[u8; 32]> {
        let bytes = STANDARD.decode(secret).with_context(|| format!("{} is damaged", path.display()))?;
        <[u8; 32]>::try_from(bytes)
            .ok()
            .with_context(|| format!("{} is damaged: a secret has not 32 bytes", path.display()))
    };
    Ok(Secrets {
        jwt: decode(&stored.jwt)?.to_vec(),
        refresh: decode(&stored.refresh)?.to_vec(),
        sealing: decode(&stored.sealing)?,
        retired_sealing: stored.retired_sealing.iter().map(|secret| decode(secret)).collect::<Result<_>>()?,
    })
}

/// Refuses a file that others than its owner may read or write.
///
/// # Errors
/// When they may, or when the file cannot be looked at.
pub fn check_mode(path: &Path) -> Result<()> {
    let metadata = fs::metadata(path).with_context(|| format!("cannot look at {}", path.display()))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            bail!(
                "{} is open to other users (mode {mode:03o}): run chmod 600 on it, or delete it to end all sessions",
                path.display()
            );
        }
    }
    if !metadata.is_file() {
        bail!("{} is not a file", path.display());
    }
    Ok(())
}

/// Writes the whole file aside, then links it into place: it is never seen half written, and the first of several processes wins.
fn create(path: &Path, entropy: &dyn Entropy) -> Result<()> {
    let aside = aside(path, entropy);
    let result = write_new(&aside, &fresh(entropy)?).and_then(|()| match fs::hard_link(&aside, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        linked => Ok(linked?),
    });
    fs::remove_file(&aside)
        .with_context(|| format!("cannot remove {}", aside.display()))
        .and(result)?;
    sync_folder(path)
}

fn aside(path: &Path, entropy: &dyn Entropy) -> PathBuf {
    let mut bytes = [0; 8];
    entropy.fill(&mut bytes);
    path.with_extension(format!("{:016x}.new", u64::from_le_bytes(bytes)))
}

fn fresh(entropy: &dyn Entropy) -> Result<String> {
    let secret = || {
        let mut bytes = [0; 32];
        entropy.fill(&mut bytes);
        STANDARD.encode(bytes)
    };
    let stored = Stored {
        jwt: secret(),
        refresh: secret(),
        sealing: secret(),
        retired_sealing: Vec::new(),
    };
    Ok(serde_json::to_string_pretty(&stored)?)
}

fn write_new(path: &Path, text: &str) -> Result<()> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(())
}

/// Makes the new name survive a power cut, where folders can be synced.
fn sync_folder(path: &Path) -> Result<()> {
    #[cfg(unix)]
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        File::open(folder)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::thread;

    use crm_domain::clock::SystemEntropy;

    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn secrets_are_made_once_and_differ() {
        let folder = folder();
        let data_dir = folder.path().join("new/data");
        let first = load_or_create(&data_dir, &SystemEntropy).unwrap();
        let second = load_or_create(&data_dir, &SystemEntropy).unwrap();
        assert_eq!(
            (&first.jwt, &first.refresh, first.sealing),
            (&second.jwt, &second.refresh, second.sealing)
        );
        assert_ne!(first.jwt, first.refresh);
        assert_eq!(fs::read_dir(&data_dir).unwrap().count(), 1, "nothing is left aside");
    }

    #[test]
    fn processes_that_start_at_once_agree() {
        let folder = folder();
        let secrets: Vec<Vec<u8>> = thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| load_or_create(folder.path(), &SystemEntropy).unwrap().jwt))
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(secrets.iter().all(|secret| *secret == secrets[0]));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = folder();
        load_or_create(folder.path(), &SystemEntropy).unwrap();
        let path = folder.path().join(FILE);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = load_or_create(folder.path(), &SystemEntropy).unwrap_err().to_string();
        assert!(error.contains("mode 640") && error.contains("chmod 600"), "{error}");
    }

    #[test]
    fn a_damaged_file_is_never_replaced() {
        let folder = folder();
        let path = folder.path().join(FILE);
        load_or_create(folder.path(), &SystemEntropy).unwrap();
        for damaged in [
            "",
            "{}",
            r#"{"jwt":"AAAA","refresh":"AAAA","sealing":"AAAA"}"#,
            r#"{"jwt":"!","refresh":"","sealing":""}"#,
        ] {
            fs::write(&path, damaged).unwrap();
            assert!(load_or_create(folder.path(), &SystemEntropy).is_err(), "{damaged}");
            assert_eq!(fs::read_to_string(&path).unwrap(), damaged);
        }
    }
}
