//! Preparing databases: the control plane's at start, a tenant's when it is made or first used.

use crm_domain::error::{Error, Result};

use crate::{
    connection::Connection,
    dialect::{self, Plane},
    location::{Location, database_of, with_database},
    private,
};

/// Key of the advisory lock under which one node at a time migrates or copies the template: the letters "crm".
const LOCK: i64 = 0x0063_726d;

/// Makes sure that the control plane's database can be opened: its folder, or on PostgreSQL the database itself.
pub(crate) fn prepare(location: &Location) -> Result<()> {
    match location {
        Location::Sqlite(path) => match path.parent() {
            Some(folder) => private::create_folder(folder).map_err(|error| Error::Internal(format!("{}: {error}", folder.display()))),
            None => Ok(()),
        },
        Location::Postgres(_) if exists(location)? => Ok(()),
        Location::Postgres(url) => dialect::create_database(&with_database(url, "postgres")?, &database_of(url)?, None),
    }
}

/// Whether there is a database, whatever is in it. Nothing is made by looking.
///
/// # Errors
/// [`Error::Unavailable`] when its server cannot be asked.
pub fn exists(location: &Location) -> Result<bool> {
    match location {
        Location::Sqlite(path) => path
            .try_exists()
            .map_err(|error| Error::Internal(format!("{}: {error}", path.display()))),
        Location::Postgres(url) => {
            let name = database_of(url)?;
            let maintenance = with_database(url, "postgres")?;
            // Where the maintenance database may not be entered, the named one must exist already.
            dialect::database_exists(&maintenance, &name).or_else(|_| dialect::database_exists(url, &name))
        }
    }
}

/// Runs the migrations that a database lacks; nodes that start at once take turns.
pub(crate) fn run_locked(location: &Location, connection: &mut Connection, plane: Plane) -> Result<Vec<String>> {
    match location {
        _ if !dialect::has_pending_migrations(connection, plane)? => Ok(Vec::new()),
        Location::Sqlite(_) => dialect::migrate(connection, plane),
        Location::Postgres(url) => dialect::with_server_lock(url, LOCK, || dialect::migrate(connection, plane)),
    }
}

/// Runs `work` while no other node of the deployment prepares or copies the template.
pub(crate) fn with_template_lock<T>(control_url: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    dialect::with_server_lock(control_url, LOCK + 1, work)
}
