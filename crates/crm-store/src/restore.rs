//! Making a deployment from a backup: whole, or not at all.
//!
//! The control plane's copy is restored aside, and takes its place last: until then there is nothing that a server could be started on. A
//! tenant's database whose name is taken gets another, noted in the control plane before anything can read it there, so that a backup can
//! be restored beside the very deployment that it was made of.

use std::{path::Path, sync::Arc};

use crm_domain::{
    clock::{Clock, Entropy, uuid_at},
    control::{ControlStore, tenant::Tenant},
    error::{Error, Result},
};

use crate::{
    backup::{self, DatabaseCopy},
    control::ControlDatabase,
    dialect::{self, Plane, Purpose},
    location::{Location, with_database},
    migrate,
    tenant::registry::{self, tenant_database},
};

/// A restore on its way.
pub(crate) struct Restore<'a> {
    folder: &'a Path,
    data_dir: &'a Path,
    control: &'a Location,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    /// What is to be removed unless everything succeeds.
    made: Vec<Location>,
}

impl<'a> Restore<'a> {
    pub(crate) fn new(
        folder: &'a Path,
        data_dir: &'a Path,
        control: &'a Location,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self {
            folder,
            data_dir,
            control,
            clock,
            entropy,
            made: Vec::new(),
        }
    }

    /// Restores everything; `restored` hears of each database.
    ///
    /// # Errors
    /// When something is where the control plane shall be, a copy is missing, or one cannot be restored. Then nothing is left of it.
    pub(crate) fn run(mut self, restored: &mut dyn FnMut(&DatabaseCopy)) -> Result<()> {
        let done = self.restore(restored);
        if done.is_err() {
            self.undo();
        }
        done
    }

    fn undo(&mut self) {
        for location in self.made.drain(..).rev() {
            let removed = migrate::exists(&location).and_then(|is_there| if is_there { registry::remove(&location) } else { Ok(()) });
            if let Err(error) = removed {
                tracing::error!(%error, %location, "a database of a restore that failed is left over");
            }
        }
        if let Location::Sqlite(_) = self.control {
            // Only an empty folder can be removed, and it need not be there.
            let _ = std::fs::remove_dir(self.data_dir.join("tenants"));
        }
    }

    fn restore(&mut self, restored: &mut dyn FnMut(&DatabaseCopy)) -> Result<()> {
        if backup::is_occupied(self.control)? {
            return Err(Error::Internal(format!("{} exists already: nothing is overwritten", self.control)));
        }
        let aside = self.aside()?;
        self.make(&aside, &DatabaseCopy::of(self.control, None), restored)?;
        migrate::run_locked(&aside, &mut dialect::open(&aside, Purpose::Write)?, Plane::Control)?;
        let control: Arc<dyn ControlStore> = Arc::new(ControlDatabase::new(aside.clone(), 1, Arc::clone(&self.clock))?);
        let mut tenants = control.reading(|reader| reader.tenants().list())?;
        let copies: Vec<DatabaseCopy> = tenants.iter().map(|tenant| self.copy_of(tenant)).collect::<Result<_>>()?;
        for tenant in &mut tenants {
            if self.is_taken(tenant)? {
                tenant.location = self.another_location(tenant)?;
                control.writing(|unit| unit.tenants().update(tenant))?;
            }
        }
        drop(control);
        for (tenant, copy) in tenants.iter().zip(&copies) {
            let location = self.location_of(tenant)?;
            self.make(&location, copy, restored)?;
            migrate::run_locked(&location, &mut dialect::open(&location, Purpose::Write)?, Plane::Tenant)?;
        }
        backup::put_in_place(&aside, self.control)
    }

    /// Makes a database of a copy; from then on it is this restore's to remove.
    fn make(&mut self, location: &Location, copy: &DatabaseCopy, restored: &mut dyn FnMut(&DatabaseCopy)) -> Result<()> {
        if migrate::exists(location)? {
            return Err(Error::Internal(format!("{location} exists already: nothing is overwritten")));
        }
        self.made.push(location.clone());
        backup::copy_in(location, &self.folder.join(&copy.file))?;
        restored(copy);
        Ok(())
    }

    /// Where the control plane waits for its place.
    fn aside(&self) -> Result<Location> {
        let id = uuid_at(self.clock.now(), &*self.entropy).simple();
        Ok(match self.control {
            Location::Sqlite(path) => Location::Sqlite(path.with_file_name(format!("restoring-{id}.db"))),
            Location::Postgres(url) => Location::Postgres(with_database(url, &format!("{}_r_{id}", registry::stem(url)?))?),
        })
    }

    fn location_of(&self, tenant: &Tenant) -> Result<Location> {
        Location::of_tenant(&tenant.location, self.control, self.data_dir)
    }

    fn copy_of(&self, tenant: &Tenant) -> Result<DatabaseCopy> {
        let copy = DatabaseCopy::of(&self.location_of(tenant)?, Some(tenant.id));
        if backup::exists(&self.folder.join(&copy.file)) {
            return Ok(copy);
        }
        Err(backup::missing_copy(tenant, &copy.file))
    }

    /// Whether another deployment, or this one's original, has the tenant's database; a file that is there is never another's.
    fn is_taken(&self, tenant: &Tenant) -> Result<bool> {
        match self.location_of(tenant)? {
            Location::Sqlite(_) => Ok(false),
            location @ Location::Postgres(_) => migrate::exists(&location),
        }
    }

    /// A place of its own on the same server.
    fn another_location(&self, tenant: &Tenant) -> Result<String> {
        let Location::Postgres(control) = self.control else {
            return Ok(tenant.location.clone());
        };
        let name = tenant_database(control, uuid_at(self.clock.now(), &*self.entropy))?;
        if tenant.location.starts_with("postgres:") && !tenant.location.starts_with("postgres://") {
            return Ok(format!("postgres:{name}"));
        }
        with_database(&tenant.location, &name)
    }
}
