//! Copies of whole databases, made while they are in use, and databases made from such copies.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::Command,
};

use crm_domain::{
    control::tenant::Tenant,
    error::{Error, Result},
    id::TenantId,
};
use url::{Url, form_urlencoded};

use crate::{
    dialect::{self, Purpose},
    location::{Location, database_of, with_database},
    migrate, private,
};

/// A copy of one database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseCopy {
    /// Whose it is; `None` for the control plane's.
    pub tenant: Option<TenantId>,
    /// The file, relative to the backup's folder.
    pub file: PathBuf,
}

impl DatabaseCopy {
    pub(crate) fn of(location: &Location, tenant: Option<TenantId>) -> Self {
        let end = match location {
            Location::Sqlite(_) => "db",
            Location::Postgres(_) => "dump",
        };
        let file = match tenant {
            None => PathBuf::from(format!("control.{end}")),
            Some(id) => Path::new("tenants").join(format!("{id}.{end}")),
        };
        Self { tenant, file }
    }
}

/// Copies a database into a new file as it is at one moment; it may be written meanwhile.
pub(crate) fn copy_out(location: &Location, file: &Path) -> Result<()> {
    let failed = |error: io::Error| failure(file, &error);
    if let Some(folder) = file.parent() {
        private::create_folder(folder).map_err(failed)?;
    }
    private::create_file(file).map_err(failed)?;
    match location {
        Location::Sqlite(path) if !path.exists() => return Err(Error::Internal(format!("{} does not exist", path.display()))),
        Location::Sqlite(_) => dialect::copy_into(&mut dialect::open(location, Purpose::Write)?, &file.to_string_lossy())?,
        Location::Postgres(url) => {
            let mut dump = postgres_program("pg_dump", url)?;
            dump.args(["--format=custom", "--no-owner", "--no-privileges", "--file"]).arg(file);
            run(dump, "pg_dump")?;
        }
    }
    File::open(file).and_then(|file| file.sync_all()).map_err(failed)
}

/// Makes a database from a copy. What is there already is never overwritten.
pub(crate) fn copy_in(location: &Location, file: &Path) -> Result<()> {
    match location {
        Location::Sqlite(path) => {
            let failed = |error: io::Error| failure(path, &error);
            if path.exists() {
                return Err(Error::Internal(format!("{} exists already", path.display())));
            }
            if let Some(folder) = path.parent() {
                private::create_folder(folder).map_err(failed)?;
            }
            private::create_file(path).map_err(failed)?;
            let mut target = File::options().write(true).open(path).map_err(failed)?;
            let mut source = File::open(file).map_err(|error| failure(file, &error))?;
            io::copy(&mut source, &mut target).and_then(|_| target.sync_all()).map_err(failed)
        }
        Location::Postgres(url) => {
            let name = database_of(url)?;
            if !dialect::database_exists(&with_database(url, "postgres")?, &name)? {
                migrate::prepare(location)?;
            } else if dialect::has_tables(url)? {
                return Err(Error::Internal(format!("database {name} has tables already")));
            }
            let mut restore = postgres_program("pg_restore", url)?;
            restore.args([
                "--no-owner",
                "--no-privileges",
                "--no-comments",
                "--exit-on-error",
                "--single-transaction",
            ]);
            restore.arg(file);
            run(restore, "pg_restore")
        }
    }
}

/// A tenant of a backup whose copy is missing.
pub(crate) fn missing_copy(tenant: &Tenant, file: &Path) -> Error {
    Error::Internal(format!("the backup has no {} of tenant {}", file.display(), tenant.id))
}

fn failure(path: &Path, error: &io::Error) -> Error {
    Error::Internal(format!("{}: {error}", path.display()))
}

/// One of PostgreSQL's own programs. Other users of the machine can see its arguments, but not its environment: the password goes there.
fn postgres_program(program: &str, url: &str) -> Result<Command> {
    let mut url = Url::parse(url).map_err(|error| Error::Internal(format!("store.url: {error}")))?;
    let password = url.password().map(|password| {
        let encoded = format!("password={}", password.replace('+', "%2B"));
        form_urlencoded::parse(encoded.as_bytes())
            .map(|(_, value)| value.into_owned())
            .collect::<String>()
    });
    let mut command = Command::new(program);
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
        url.set_password(None)
            .map_err(|()| Error::Internal("store.url cannot be used without its password".to_owned()))?;
    }
    command.arg("--no-password").arg("--dbname").arg(url.as_str());
    Ok(command)
}

fn run(mut command: Command, program: &str) -> Result<()> {
    let output = command.output().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Error::Internal(format!(
            "{program} is needed and not installed: install the PostgreSQL client programs (postgresql-client on Debian), not older than \
             the server"
        )),
        _ => Error::Internal(format!("{program} cannot be run: {error}")),
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Error::Internal(format!("{program} failed: {}", said.trim().replace('\n', "; "))))
}

/// Whether there is such a file.
pub(crate) fn exists(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|metadata| metadata.is_file())
}
