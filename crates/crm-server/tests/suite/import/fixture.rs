//! A tenant in a temporary folder, and short ways to import into it and to look at it.

use std::{io, sync::Arc};

use crm_domain::{
    clock::{Clock, ManualClock, SystemEntropy},
    control::{
        ControlStore,
        user::{PasswordHash, User},
    },
    field::{Check, Patch},
    page::{Sort, Window},
    stamp::Stamp,
    tenant::{
        TenantStore,
        account::{Account, AccountFilter},
        change::{Actor, Change, Origin},
        contact::{Contact, ContactFilter},
        opportunity::{Opportunity, OpportunityFilter},
    },
    usecase::{
        import::{ImportError, ImportKind, ImportOptions, ImportTarget, Observer, RowFailure, Summary, import},
        register::{Registrar, Registration, RegistrationDraft, register},
    },
};
use crm_store::{Store, StoreSettings};
use tempfile::TempDir;

/// A tenant with one Admin.
pub struct Fixture {
    pub target: ImportTarget,
    store: Store,
    _folder: TempDir,
}

impl Fixture {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = StoreSettings {
            data_dir: folder.path().to_owned(),
            ..StoreSettings::default()
        };
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(Stamp::parse("2025-06-01").unwrap()));
        let store = Store::open(&settings, clock.clone(), Arc::new(SystemEntropy)).unwrap();
        let draft = RegistrationDraft {
            email: Patch::Set("admin@acme.example".to_owned()),
            password: Patch::Set("Admin@123".to_owned()),
            tenant_name: Patch::Set("Acme".to_owned()),
            ..RegistrationDraft::default()
        };
        let registration = Registration::parse(draft, Check::new()).unwrap();
        let hash = PasswordHash::from_store("$2b$never".to_owned());
        let (control, tenants) = (store.control(), store.tenants());
        let origin = Origin {
            actor: Actor::Job("import"),
            family: "cli",
        };
        let (tenant, _) = register(
            &*control,
            &*tenants,
            &*clock,
            &SystemEntropy,
            &Registrar::Operator(origin.clone()),
            &registration,
            hash,
        )
        .unwrap();
        let target = ImportTarget {
            control,
            store: tenants.open(&tenant).unwrap(),
            tenant: tenant.id,
            origin,
        };
        Self {
            target,
            store,
            _folder: folder,
        }
    }

    /// Imports a file that is fine as a whole.
    pub fn import(&self, kind: ImportKind, file: &str) -> Outcome {
        self.import_with(kind, file, &ImportOptions::default())
    }

    pub fn import_with(&self, kind: ImportKind, file: &str, options: &ImportOptions) -> Outcome {
        self.try_import(kind, file, options).unwrap()
    }

    pub fn try_import(&self, kind: ImportKind, file: &str, options: &ImportOptions) -> Result<Outcome, ImportError> {
        try_import(&self.target, kind, file, options)
    }

    /// Every account, oldest first.
    pub fn accounts(&self) -> Vec<Account> {
        let list = |window: Window| {
            let all = AccountFilter::default();
            self.target
                .store
                .reading(|reader| reader.accounts().list(&all, Sort::default(), &window))
                .unwrap()
        };
        list(Window::first(100_000)).items
    }

    pub fn account(&self, name: &str) -> Account {
        self.accounts().into_iter().find(|account| &*account.fields.name == name).unwrap()
    }

    /// Every contact, oldest first.
    pub fn contacts(&self) -> Vec<Contact> {
        let all = ContactFilter::default();
        let window = Window::first(100_000);
        self.target
            .store
            .reading(|reader| reader.contacts().list(&all, Sort::default(), &window))
            .unwrap()
            .items
    }

    /// Every opportunity, oldest first.
    pub fn opportunities(&self) -> Vec<Opportunity> {
        let all = OpportunityFilter::default();
        let window = Window::first(100_000);
        self.target
            .store
            .reading(|reader| reader.opportunities().list(&all, Sort::default(), &window))
            .unwrap()
            .items
    }

    pub fn users(&self) -> Vec<User> {
        self.target
            .control
            .reading(|reader| reader.users().list(self.target.tenant))
            .unwrap()
    }

    pub fn user(&self, name: &str) -> User {
        self.users().into_iter().find(|user| user.name.as_deref() == Some(name)).unwrap()
    }

    pub fn changes(&self) -> Vec<Change> {
        self.target
            .store
            .reading(|reader| reader.changes().list_after(0, 1_000_000))
            .unwrap()
    }

    pub fn control(&self) -> &Arc<dyn ControlStore> {
        &self.target.control
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        self.store.close();
    }
}

/// What an import came to.
pub struct Outcome {
    pub summary: Summary,
    pub failures: Vec<RowFailure>,
}

impl Outcome {
    /// (created, updated, unchanged, failed)
    pub fn counts(&self) -> (u64, u64, u64, u64) {
        let summary = &self.summary;
        assert_eq!(
            summary.read,
            summary.created + summary.updated + summary.unchanged + summary.failed,
            "{summary:?}"
        );
        (summary.created, summary.updated, summary.unchanged, summary.failed)
    }

    /// `line column: reason` of each failure.
    pub fn reasons(&self) -> Vec<String> {
        self.failures
            .iter()
            .map(|failure| format!("{} {}: {}", failure.line, failure.column, failure.reason))
            .collect()
    }
}

struct Failures(Vec<RowFailure>);

impl Observer for Failures {
    fn failed(&mut self, failure: &RowFailure) -> io::Result<()> {
        self.0.push(failure.clone());
        Ok(())
    }
}

pub fn try_import(target: &ImportTarget, kind: ImportKind, file: &str, options: &ImportOptions) -> Result<Outcome, ImportError> {
    let mut failures = Failures(Vec::new());
    let input = io::Cursor::new(file.as_bytes().to_vec());
    let summary = import(target, kind, input, options, &mut failures)?;
    Ok(Outcome {
        summary,
        failures: failures.0,
    })
}

/// A store on which every unit fails after its work when `is_spoiled` says so.
pub struct Spoiled {
    pub inner: Arc<dyn TenantStore>,
    pub is_spoiled: fn(&mut dyn crm_domain::tenant::UnitOfWork) -> Option<crm_domain::Error>,
}

impl TenantStore for Spoiled {
    fn read(&self, work: &mut dyn FnMut(&mut dyn crm_domain::tenant::TenantReader) -> crm_domain::Result<()>) -> crm_domain::Result<()> {
        self.inner.read(work)
    }

    fn snapshot(
        &self,
        work: &mut dyn FnMut(&mut dyn crm_domain::tenant::TenantReader) -> crm_domain::Result<()>,
    ) -> crm_domain::Result<()> {
        self.inner.snapshot(work)
    }

    fn submit(&self, unit: crm_domain::tenant::Unit) {
        let (work, is_spoiled) = (unit.work, self.is_spoiled);
        let work = Box::new(move |ports: &mut dyn crm_domain::tenant::UnitOfWork| {
            work(ports)?;
            is_spoiled(ports).map_or(Ok(()), Err)
        });
        self.inner.submit(crm_domain::tenant::Unit { work, ..unit });
    }
}
