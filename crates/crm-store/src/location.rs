//! Where a database is.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use crm_domain::error::{Error, Result};
use url::Url;

/// Where a database is: a SQLite file or a PostgreSQL database.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Location {
    /// The file.
    Sqlite(PathBuf),
    /// `postgres://user:password@host:port/database`.
    Postgres(String),
}

impl Location {
    /// The control plane's database: `url`, or with an empty one a file in the data directory.
    pub fn control(url: &str, data_dir: &Path) -> Result<Self> {
        if url.is_empty() {
            return Ok(Self::Sqlite(data_dir.join("control.db")));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url.to_owned()));
        }
        Err(Error::Internal(
            "store.url must be empty (SQLite in the data directory) or begin with postgres://".to_owned(),
        ))
    }

    /// Reads a tenant row's location: `sqlite:<file in the data directory>`, `postgres:<database on the control plane's server>`, or a
    /// whole `postgres://` URL for tenants on other servers.
    pub fn of_tenant(stored: &str, control: &Self, data_dir: &Path) -> Result<Self> {
        let invalid = || Error::Internal(format!("tenant location {stored:?} cannot be read"));
        if stored.starts_with("postgres://") || stored.starts_with("postgresql://") {
            return Ok(Self::Postgres(stored.to_owned()));
        }
        match (stored.split_once(':').ok_or_else(invalid)?, control) {
            (("sqlite", file), _) => Ok(Self::Sqlite(data_dir.join(file))),
            (("postgres", database), Self::Postgres(url)) => Ok(Self::Postgres(with_database(url, database)?)),
            _ => Err(invalid()),
        }
    }
}

/// The same PostgreSQL server, another database.
pub(crate) fn with_database(url: &str, database: &str) -> Result<String> {
    let mut url = Url::parse(url).map_err(|error| Error::Internal(format!("store.url: {error}")))?;
    url.set_path(database);
    Ok(url.into())
}

/// The database that a PostgreSQL URL names.
pub(crate) fn database_of(url: &str) -> Result<String> {
    let url = Url::parse(url).map_err(|error| Error::Internal(format!("store.url: {error}")))?;
    let name = url.path().trim_start_matches('/').to_owned();
    if name.is_empty() {
        Err(Error::Internal("store.url must name a database".to_owned()))
    } else {
        Ok(name)
    }
}

impl fmt::Display for Location {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "{}", path.display()),
            Self::Postgres(url) => match Url::parse(url) {
                Ok(url) => write!(
                    f,
                    "postgres://{}:{}{}",
                    url.host_str().unwrap_or("localhost"),
                    url.port().unwrap_or(5432),
                    url.path()
                ),
                Err(_) => f.write_str("postgres://…"),
            },
        }
    }
}
