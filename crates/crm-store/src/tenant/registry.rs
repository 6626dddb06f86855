//! Which tenants' databases are open: the most recently used, each with a small pool of readers and one writer.

use std::{
    collections::HashMap,
    fs,
    io::ErrorKind,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak},
};

use crm_domain::{
    clock::{Clock, Entropy, uuid_at},
    control::{ControlStore, tenant::Tenant},
    error::{Error, Result},
    id::TenantId,
    stamp::Stamp,
    tenant::{OnCommit, TenantReader, TenantStore, Tenants, Unit},
};
use lru::LruCache;
use uuid::Uuid;

use super::{
    TenantDatabase,
    list::Tallies,
    pipeline, turnstile,
    writer::{TenantWriter, WriterPool},
};
use crate::{
    dialect::{self, Plane, Purpose},
    error::unavailable,
    location::{Location, database_of, with_database},
    migrate, private,
    store::StoreSettings,
};

/// The tenants of a deployment, as one node sees them.
pub(crate) struct TenantRegistry {
    control: Location,
    data_dir: PathBuf,
    readers: u32,
    open: Mutex<Open>,
    writers: Arc<WriterPool>,
    tallies: Arc<Tallies>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    own: Weak<Self>,
}

struct Open {
    recent: LruCache<TenantId, Arc<TenantDatabase>>,
    /// Closed to new callers, but still at work: found again, so that a tenant never has two writers on one node.
    leaving: HashMap<TenantId, Leaving>,
    /// Being opened: who comes meanwhile waits for the outcome and shares it.
    opening: HashMap<TenantId, Arc<Opening>>,
}

/// How opening a database for the first time on this node went.
type Opening = OnceLock<Result<()>>;

/// A database that somebody may still hold; its writer stays until its queue is empty, even when nobody holds the database.
struct Leaving {
    database: Weak<TenantDatabase>,
    writer: Weak<TenantWriter>,
}

impl Open {
    fn find(&mut self, id: TenantId) -> Option<Arc<TenantDatabase>> {
        self.recent.get(&id).map(Arc::clone)
    }

    /// Keeps a database; returns the one that leaves for it, to be dropped, and so closed, without holding the lock.
    fn keep(&mut self, id: TenantId, database: &Arc<TenantDatabase>) -> Option<Arc<TenantDatabase>> {
        let (left, leaving) = self.recent.push(id, Arc::clone(database))?;
        self.leaving.retain(|_, other| other.writer.strong_count() > 0);
        let trace = Leaving {
            database: Arc::downgrade(&leaving),
            writer: Arc::downgrade(leaving.writer()),
        };
        self.leaving.insert(left, trace);
        Some(leaving)
    }
}

impl TenantRegistry {
    pub(crate) fn start(
        settings: &StoreSettings,
        control: Location,
        agenda: Arc<dyn ControlStore>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Arc<Self>> {
        let writers = WriterPool::start(settings.writer_threads, agenda, Arc::clone(&clock), Arc::clone(&entropy))?;
        let capacity = NonZeroUsize::new(settings.max_open_tenants).unwrap_or(NonZeroUsize::MIN);
        Ok(Arc::new_cyclic(|own| Self {
            control,
            data_dir: settings.data_dir.clone(),
            readers: settings.connections_per_tenant,
            open: Mutex::new(Open {
                recent: LruCache::new(capacity),
                leaving: HashMap::new(),
                opening: HashMap::new(),
            }),
            writers,
            tallies: Tallies::new(settings.slow_page),
            clock,
            entropy,
            own: own.clone(),
        }))
    }

    pub(crate) fn location_of(&self, tenant: &Tenant) -> Result<Location> {
        Location::of_tenant(&tenant.location, &self.control, &self.data_dir)
    }

    /// The open database of a tenant; opens and migrates it when it is not open.
    fn database(&self, id: TenantId, location: &Location) -> Result<Arc<TenantDatabase>> {
        let mut open = self.lock();
        if let Some(database) = open.find(id) {
            return Ok(database);
        }
        let opening = Arc::clone(open.opening.entry(id).or_default());
        drop(open);
        let opened = opening.get_or_init(|| prepare(location));
        let mut open = self.lock();
        if open.opening.get(&id).is_some_and(|current| Arc::ptr_eq(current, &opening)) {
            open.opening.remove(&id);
        }
        opened.clone()?;
        // Another who waited may have been first.
        if let Some(database) = open.find(id) {
            return Ok(database);
        }
        let database = self.reopened(id, open.leaving.remove(&id), location);
        let left = open.keep(id, &database);
        drop(open);
        drop(left);
        Ok(database)
    }

    /// The database as somebody still holds it, or a new one, with the writer that is still at work.
    fn reopened(&self, id: TenantId, leaving: Option<Leaving>, location: &Location) -> Arc<TenantDatabase> {
        let held = leaving.as_ref().and_then(|leaving| leaving.database.upgrade());
        held.unwrap_or_else(|| {
            let writer = leaving.and_then(|leaving| leaving.writer.upgrade());
            let writer = writer.unwrap_or_else(|| TenantWriter::new(id, location.clone(), &self.writers));
            let tallies = self.tallies.of_database();
            Arc::new(TenantDatabase::new(location.clone(), self.readers, writer, tallies))
        })
    }

    /// Has a writer's thread open the tenant's database for a unit of work.
    fn submit_opening(self: &Arc<Self>, id: TenantId, location: Location, unit: Unit) {
        let registry = Arc::clone(self);
        self.writers
            .open(move |may_open| match may_open.and_then(|()| registry.database(id, &location)) {
                Ok(database) => database.writer().submit_opened(unit),
                Err(error) => (unit.done)(Err(error)),
            });
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn folder(&self) -> PathBuf {
        self.data_dir.join("tenants")
    }

    fn provision_sqlite(&self, id: Uuid, now: Stamp) -> Result<String> {
        let folder = self.folder();
        let file = format!("{}.db", id.simple());
        let target = folder.join(&file);
        let made = private::create_folder(&folder).and_then(|()| {
            let template = folder.join(format!(".template-{}.db", id.simple()));
            migrated_file(&template, now).map_err(|error| std::io::Error::other(error.to_string()))?;
            // A rename is whole or not at all, and the template is this tenant's own: no other node or process touches it.
            fs::rename(&template, &target)?;
            fs::File::open(&target)?.sync_all()?;
            fs::File::open(&folder)?.sync_all()
        });
        made.map_err(|error| Error::Internal(format!("{}: {error}", target.display())))?;
        Ok(format!("sqlite:tenants/{file}"))
    }

    fn provision_postgres(&self, url: &str, id: Uuid, now: Stamp) -> Result<String> {
        let (template, name) = (format!("{}_template", stem(url)?), tenant_database(url, id)?);
        let maintenance = with_database(url, "postgres")?;
        migrate::with_template_lock(url, || {
            if !dialect::database_exists(url, &template)? {
                dialect::create_database(&maintenance, &template, None)?;
            }
            // Closed before the copy: a database in use cannot be a template.
            drop(migrated(&Location::Postgres(with_database(url, &template)?))?);
            dialect::create_database(&maintenance, &name, Some(&template))
        })?;
        let location = Location::Postgres(with_database(url, &name)?);
        let stamped = dialect::open(&location, Purpose::Write).and_then(|mut connection| pipeline::stamp(&mut connection, now));
        if let Err(error) = stamped {
            dialect::drop_database(&maintenance, &name)?;
            return Err(error);
        }
        Ok(format!("postgres:{name}"))
    }
}

/// Opens a tenant's database for the first time on this node: it must be there, and it gets the migrations it lacks.
fn prepare(location: &Location) -> Result<()> {
    if let Location::Sqlite(path) = location
        && !path.exists()
    {
        // A volume that is not mounted, a backup being restored: it may well come back.
        return Err(unavailable(format!("the tenant's database {} is missing", path.display())));
    }
    migrated(location).map(drop)
}

fn migrated(location: &Location) -> Result<crate::connection::Connection> {
    let mut connection = dialect::open(location, Purpose::Write)?;
    migrate::run_locked(location, &mut connection, Plane::Tenant)?;
    Ok(connection)
}

/// A new file that is a whole, migrated database by itself.
fn migrated_file(path: &Path, now: Stamp) -> Result<()> {
    let mut connection = migrated(&Location::Sqlite(path.to_owned()))?;
    pipeline::stamp(&mut connection, now)?;
    dialect::checkpoint(&mut connection)
}

/// What the names of a deployment's PostgreSQL databases begin with. PostgreSQL cuts names at 63 bytes.
pub(crate) fn stem(control_url: &str) -> Result<String> {
    Ok(database_of(control_url)?.chars().filter(char::is_ascii).take(28).collect())
}

/// The name of a tenant's PostgreSQL database.
pub(crate) fn tenant_database(control_url: &str, id: Uuid) -> Result<String> {
    Ok(format!("{}_t_{}", stem(control_url)?, id.simple()))
}

/// Removes a database that nothing names.
pub(crate) fn remove(location: &Location) -> Result<()> {
    match location {
        Location::Sqlite(path) => remove_files(path),
        Location::Postgres(url) => dialect::drop_database(&with_database(url, "postgres")?, &database_of(url)?),
    }
}

/// The file and what stands beside it: logs, where the database is open, and the writers' locks.
fn remove_files(path: &Path) -> Result<()> {
    fs::remove_file(path).map_err(|error| Error::Internal(format!("{}: {error}", path.display())))?;
    let logs = ["-wal", "-shm"].map(|suffix| {
        let mut log = path.as_os_str().to_owned();
        log.push(suffix);
        PathBuf::from(log)
    });
    for beside in logs.into_iter().chain(turnstile::files(path)) {
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(Error::Internal(format!("{}: {error}", beside.display())));
            }
            _ => {}
        }
    }
    Ok(())
}

impl Tenants for TenantRegistry {
    fn open(&self, tenant: &Tenant) -> Result<Arc<dyn TenantStore>> {
        let registry = self
            .own
            .upgrade()
            .ok_or_else(|| Error::Internal("the store is closed".to_owned()))?;
        Ok(Arc::new(TenantHandle {
            id: tenant.id,
            location: self.location_of(tenant)?,
            registry,
        }))
    }

    fn provision(&self) -> Result<String> {
        let now = self.clock.now();
        let id = uuid_at(now, &*self.entropy);
        match &self.control {
            Location::Sqlite(_) => self.provision_sqlite(id, now),
            Location::Postgres(url) => self.provision_postgres(url, id, now),
        }
    }

    fn discard(&self, location: &str) -> Result<()> {
        remove(&Location::of_tenant(location, &self.control, &self.data_dir)?)
    }

    fn on_commit(&self, heard: OnCommit) {
        self.writers.on_commit(heard);
    }

    fn close(&self) {
        self.writers.stop();
        self.lock().recent.clear();
    }
}

/// A tenant's store in a caller's hands. Holding it keeps nothing open: each use finds the open database, or opens it.
struct TenantHandle {
    id: TenantId,
    location: Location,
    registry: Arc<TenantRegistry>,
}

impl TenantStore for TenantHandle {
    fn read(&self, work: &mut dyn FnMut(&mut dyn TenantReader) -> Result<()>) -> Result<()> {
        self.registry.database(self.id, &self.location)?.read(work)
    }

    fn snapshot(&self, work: &mut dyn FnMut(&mut dyn TenantReader) -> Result<()>) -> Result<()> {
        self.registry.database(self.id, &self.location)?.snapshot(work)
    }

    /// Callers are async: what may block is left to a writer's thread.
    fn submit(&self, unit: Unit) {
        let open = self.registry.lock().find(self.id);
        match open {
            Some(database) => database.submit(unit),
            None => self.registry.submit_opening(self.id, self.location.clone(), unit),
        }
    }
}
