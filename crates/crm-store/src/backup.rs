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
    dialect::{self, Plane, Purpose},
    location::{Location, database_of, with_database},
    migrate, private,
};

/// The folder of the tenants' copies.
const TENANTS: &str = "tenants";
/// How the name of a SQLite file ends.
const SQLITE_END: &str = "db";
/// How the name of a PostgreSQL dump ends.
const POSTGRES_END: &str = "dump";

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
            Location::Sqlite(_) => SQLITE_END,
            Location::Postgres(_) => POSTGRES_END,
        };
        let file = match tenant {
            None => PathBuf::from(format!("control.{end}")),
            Some(id) => Path::new(TENANTS).join(format!("{id}.{end}")),
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
            migrate::prepare(location)?;
            let mut restore = postgres_program("pg_restore", url)?;
            restore.args([
                "--no-owner",
                "--no-privileges",
                "--no-comments",
                "--exit-on-error",
                "--single-transaction",
            ]);
            restore.arg(file);
            run(restore, "pg_restore").map(drop)
        }
    }
}

/// The databases' copies in a backup's folder, relative to it.
pub(crate) fn copies_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let ends = [SQLITE_END, POSTGRES_END];
    let control = ends.map(|end| PathBuf::from(format!("control.{end}")));
    let mut copies: Vec<PathBuf> = control.into_iter().filter(|file| exists(&folder.join(file))).collect();
    let tenants = folder.join(TENANTS);
    if tenants.is_dir() {
        for entry in fs::read_dir(&tenants).map_err(|error| failure(&tenants, &error))? {
            let name = entry.map_err(|error| failure(&tenants, &error))?.file_name();
            copies.push(Path::new(TENANTS).join(name));
        }
    }
    copies.sort();
    Ok(copies)
}

/// Refuses a copy that a newer version made: it has migrations that this one does not know. Nothing is written.
pub(crate) fn judge_copy(folder: &Path, file: &Path) -> Result<()> {
    let (path, plane) = (
        folder.join(file),
        if file.starts_with(TENANTS) { Plane::Tenant } else { Plane::Control },
    );
    let applied = match file.extension().and_then(|end| end.to_str()) {
        Some(SQLITE_END) => dialect::migrations_of_file(&path)?,
        Some(POSTGRES_END) => migrations_of_dump(&path)?,
        _ => return Ok(()),
    };
    let known = dialect::known_migrations(plane)?;
    match applied.iter().filter(|version| !known.contains(*version)).max() {
        None => Ok(()),
        Some(version) => Err(Error::Internal(format!(
            "{} was made by a newer version: it has the migration {version}, which this one does not know; restore it with that version or \
             a later one",
            file.display()
        ))),
    }
}

/// The versions of the migrations in a dump, which needs no server.
fn migrations_of_dump(file: &Path) -> Result<Vec<String>> {
    let mut restore = Command::new("pg_restore");
    restore
        .args(["--data-only", "--table=__diesel_schema_migrations", "--file=-"])
        .arg(file);
    let sql = run(restore, "pg_restore")?;
    let rows = sql.lines().skip_while(|line| !line.starts_with("COPY ")).skip(1);
    let versions = rows.take_while(|line| *line != "\\.").filter_map(|line| line.split('\t').next());
    Ok(versions.map(str::to_owned).collect())
}

/// Whether there is something where the control plane shall be: an empty PostgreSQL database is nothing.
pub(crate) fn is_occupied(control: &Location) -> Result<bool> {
    match control {
        Location::Postgres(url) => Ok(migrate::exists(control)? && dialect::has_tables(url)?),
        Location::Sqlite(_) => migrate::exists(control),
    }
}

/// Gives a database that nobody uses the place, and the name, of one that is not there, or empty.
pub(crate) fn put_in_place(aside: &Location, place: &Location) -> Result<()> {
    match (aside, place) {
        (Location::Sqlite(aside), Location::Sqlite(path)) => {
            let failed = |error: io::Error| failure(path, &error);
            dialect::checkpoint(&mut dialect::open(&Location::Sqlite(aside.clone()), Purpose::Write)?)?;
            fs::rename(aside, path).map_err(failed)?;
            let folder = path.parent().unwrap_or(Path::new("."));
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
        }
        (Location::Postgres(aside), Location::Postgres(url)) => {
            let (admin, name) = (with_database(url, "postgres")?, database_of(url)?);
            if is_occupied(place)? {
                return Err(Error::Internal(format!("{place} was made meanwhile: nothing is overwritten")));
            }
            dialect::drop_empty_database(&admin, &name)?;
            dialect::rename_database(&admin, &database_of(aside)?, &name)
        }
        _ => Err(Error::Internal("the backup is of another backend".to_owned())),
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

/// Runs a program; what it said on standard output.
fn run(mut command: Command, program: &str) -> Result<String> {
    let output = command.output().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Error::Internal(format!(
            "{program} is needed and not installed: install the PostgreSQL client programs (postgresql-client on Debian), not older than \
             the server"
        )),
        _ => Error::Internal(format!("{program} cannot be run: {error}")),
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Error::Internal(format!("{program} failed: {}", said.trim().replace('\n', "; "))))
}

/// Whether there is such a file.
pub(crate) fn exists(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|metadata| metadata.is_file())
}
