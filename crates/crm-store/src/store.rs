//! The store as a whole: the control plane's database and the tenants' databases.

use std::{path::PathBuf, sync::Arc};

use crm_domain::{
    clock::{Clock, Entropy},
    control::{ControlStore, tenant::Tenant},
    error::{Error, Result},
    tenant::Tenants,
};

use crate::{
    control::ControlDatabase,
    dialect::{self, Plane, Purpose},
    location::Location,
    migrate,
    tenant::registry::TenantRegistry,
};

/// How a store is set up.
#[derive(Debug, Clone)]
pub struct StoreSettings {
    /// `postgres://…`, or empty for SQLite in the data directory.
    pub url: String,
    /// SQLite files live here.
    pub data_dir: PathBuf,
    /// Most tenants whose databases are open at once; the least recently used is closed for another.
    pub max_open_tenants: usize,
    /// Most reading connections to one tenant's database.
    pub connections_per_tenant: u32,
    /// Threads that all tenants' writers share.
    pub writer_threads: usize,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self {
            url: String::new(),
            data_dir: PathBuf::from("data"),
            max_open_tenants: 64,
            connections_per_tenant: 8,
            writer_threads: 2,
        }
    }
}

/// The databases of a deployment.
pub struct Store {
    location: Location,
    control: Arc<ControlDatabase>,
    tenants: Arc<TenantRegistry>,
}

/// What a check of one database found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseReport {
    /// Where it is, without a password.
    pub location: String,
    /// Backend and version.
    pub version: String,
    /// Whether it lacks migrations.
    pub has_pending_migrations: bool,
    /// `ok`, or what is wrong with its pages and indexes.
    pub integrity: String,
}

impl Store {
    /// Opens the control plane, creating and migrating its database where needed. Tenants' databases are opened, and migrated, when they
    /// are first used.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database cannot be reached, [`Error::Internal`] when it cannot be used.
    pub fn open(settings: &StoreSettings, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Result<Self> {
        let location = Location::control(&settings.url, &settings.data_dir)?;
        migrate::prepare(&location)?;
        let mut connection = dialect::open(&location, Purpose::Write)?;
        let version = dialect::version(&mut connection)?;
        migrate::run_locked(&location, &mut connection, Plane::Control)?;
        tracing::info!(%location, version, "control plane is open");
        let control = ControlDatabase::new(location.clone(), settings.connections_per_tenant, Arc::clone(&clock))?;
        let tenants = TenantRegistry::start(settings, location.clone(), clock, entropy)?;
        Ok(Self {
            location,
            control: Arc::new(control),
            tenants,
        })
    }

    /// The control plane.
    pub fn control(&self) -> Arc<dyn ControlStore> {
        Arc::clone(&self.control) as Arc<dyn ControlStore>
    }

    /// The tenants.
    pub fn tenants(&self) -> Arc<dyn Tenants> {
        Arc::clone(&self.tenants) as Arc<dyn Tenants>
    }

    /// Migrates every tenant's database now; returns the names of the migrations that ran, by tenant.
    pub fn migrate_tenants(&self) -> Result<Vec<(Tenant, Vec<String>)>> {
        self.each_tenant(|tenant, location| {
            let mut connection = dialect::open(location, Purpose::Write)?;
            Ok((tenant.clone(), migrate::run_locked(location, &mut connection, Plane::Tenant)?))
        })
    }

    /// Checks the control plane's database and every tenant's.
    pub fn check(&self) -> Result<Vec<DatabaseReport>> {
        let mut reports = vec![report(&self.location, Plane::Control)?];
        reports.extend(self.each_tenant(|_, location| report(location, Plane::Tenant))?);
        Ok(reports)
    }

    /// Commits what is queued and closes every database.
    pub fn close(&self) {
        self.tenants.close();
    }

    fn each_tenant<T>(&self, mut work: impl FnMut(&Tenant, &Location) -> Result<T>) -> Result<Vec<T>> {
        let tenants = self.control().reading(|reader| reader.tenants().list())?;
        tenants
            .iter()
            .map(|tenant| work(tenant, &self.tenants.location_of(tenant)?))
            .collect()
    }
}

fn report(location: &Location, plane: Plane) -> Result<DatabaseReport> {
    // A database that is not there must not be created by looking at it.
    if let Location::Sqlite(path) = location
        && !path.exists()
    {
        return Err(Error::Internal(format!("{} does not exist", path.display())));
    }
    let mut connection = dialect::open(location, Purpose::Write)?;
    Ok(DatabaseReport {
        location: location.to_string(),
        version: dialect::version(&mut connection)?,
        has_pending_migrations: dialect::has_pending_migrations(&mut connection, plane)?,
        integrity: dialect::integrity(&mut connection)?,
    })
}
