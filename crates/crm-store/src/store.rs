//! The store as a whole: the control plane's database and the tenants' databases.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use crm_domain::{
    clock::{Clock, Entropy},
    control::{ControlStore, tenant::Tenant},
    error::Result,
    id::TenantId,
    tenant::Tenants,
};

use crate::{
    backup::{self, DatabaseCopy},
    check::DatabaseReport,
    control::ControlDatabase,
    dialect::{self, Plane, Purpose},
    location::Location,
    migrate,
    restore::Restore,
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
    /// A page of a filtered list that takes longer is slow: when it is asked for again, the list's order is kept in memory.
    pub slow_page: Duration,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self {
            url: String::new(),
            data_dir: PathBuf::from("data"),
            max_open_tenants: 64,
            connections_per_tenant: 8,
            writer_threads: 2,
            slow_page: Duration::from_millis(1),
        }
    }
}

/// The databases of a deployment.
pub struct Store {
    location: Location,
    control: Arc<ControlDatabase>,
    tenants: Arc<TenantRegistry>,
}

impl Store {
    /// Opens the control plane, creating and migrating its database where needed. Tenants' databases are opened, and migrated, when they
    /// are first used.
    ///
    /// # Errors
    /// `Error::Unavailable` when the database cannot be reached, `Error::Internal` when it cannot be used.
    pub fn open(settings: &StoreSettings, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Result<Self> {
        let location = Location::control(&settings.url, &settings.data_dir)?;
        migrate::prepare(&location)?;
        let mut connection = dialect::open(&location, Purpose::Write)?;
        let version = dialect::version(&mut connection)?;
        migrate::run_locked(&location, &mut connection, Plane::Control)?;
        tracing::info!(%location, version, "control plane is open");
        let control = ControlDatabase::new(location.clone(), settings.connections_per_tenant, Arc::clone(&clock))?;
        let control = Arc::new(control);
        let agenda = Arc::clone(&control) as Arc<dyn ControlStore>;
        let tenants = TenantRegistry::start(settings, location.clone(), agenda, clock, entropy)?;
        Ok(Self {
            location,
            control,
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

    /// Checks the control plane's database and every tenant's: what is wrong with one keeps none of the others from being looked at.
    pub fn check(&self) -> Vec<DatabaseReport> {
        let mut control = DatabaseReport::of_control(&self.location);
        let tenants = self.control().reading(|reader| reader.tenants().list()).unwrap_or_else(|error| {
            control.problems.push(format!("the tenants cannot be listed: {error}"));
            Vec::new()
        });
        let of_tenant = |tenant: &Tenant| DatabaseReport::of_tenant(tenant, self.tenants.location_of(tenant));
        std::iter::once(control).chain(tenants.iter().map(of_tenant)).collect()
    }

    /// Copies every database into `folder`, each as it is at one moment, while all of them may be in use; `copied` hears of each copy.
    /// The control plane comes last: whom the tenants' records name is in it.
    ///
    /// # Errors
    /// When a database cannot be copied: the folder then holds no whole backup.
    pub fn backup(&self, folder: &Path, mut copied: impl FnMut(&DatabaseCopy)) -> Result<Vec<DatabaseCopy>> {
        let mut copies: Vec<DatabaseCopy> = Vec::new();
        let mut copy = |location: &Location, tenant: Option<TenantId>, copies: &mut Vec<DatabaseCopy>| {
            let made = DatabaseCopy::of(location, tenant);
            if !copies.contains(&made) {
                backup::copy_out(location, &folder.join(&made.file))?;
                copied(&made);
                copies.push(made);
            }
            Ok(())
        };
        self.each_tenant(|tenant, location| copy(location, Some(tenant.id), &mut copies))?;
        copy(&self.location, None, &mut copies)?;
        // A tenant made meanwhile may be in the control plane's copy.
        self.each_tenant(|tenant, location| copy(location, Some(tenant.id), &mut copies))?;
        Ok(copies)
    }

    /// Looks at the copies in a backup's `folder`, as [`Store::restore`] does first, and changes nothing.
    ///
    /// # Errors
    /// When a newer version made one of them, or it cannot be read.
    pub fn judge_backup(folder: &Path) -> Result<()> {
        backup::copies_in(folder)?
            .iter()
            .try_for_each(|file| backup::judge_copy(folder, file))
    }

    /// Makes the databases of a backup in `folder` where the settings say, and opens them; `restored` hears of each. A tenant's PostgreSQL
    /// database whose name is taken on the server gets another: a backup can be restored beside the deployment that it was made of.
    ///
    /// # Errors
    /// When a newer version made the backup, there is a control database already, a copy is missing or cannot be restored.
    pub fn restore(
        settings: &StoreSettings,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        folder: &Path,
        mut restored: impl FnMut(&DatabaseCopy),
    ) -> Result<Self> {
        Self::judge_backup(folder)?;
        let location = Location::control(&settings.url, &settings.data_dir)?;
        let restore = Restore::new(folder, &settings.data_dir, &location, Arc::clone(&clock), Arc::clone(&entropy));
        restore.run(&mut restored)?;
        let store = Self::open(settings, clock, entropy)?;
        // The tenants were copied before the control plane, which may have forgotten jobs and timers since that the copies still have.
        store.control().writing(|unit| {
            let (now, tenants) = (unit.stamp(), unit.tenants().list()?);
            tenants.iter().try_for_each(|tenant| {
                unit.work().mark(tenant.id, now)?;
                unit.agenda().enter(tenant.id, now)
            })
        })?;
        Ok(store)
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
