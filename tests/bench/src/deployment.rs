//! A throwaway deployment: its databases, its tenants and what opens them.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result};
use clap::ValueEnum;
use crm_domain::{
    clock::{Clock, SystemClock, SystemEntropy, uuid_at},
    control::{
        api_key::{ApiKeyDraft, ApiKeyFields, KeyFamily, KeyText},
        tenant::{NewTenant, Tenant},
        user::{BCRYPT_COST, NewUser, Password, PasswordHash, Role, User},
    },
    field::{Check, Email, Patch, Text},
    tenant::change::{Actor, Origin},
    usecase::api_keys,
};
use crm_store::{Location, Store, StoreSettings};
use tempfile::TempDir;

use crate::postgres::Cluster;

/// The tier of our tenants, without a limit in practice.
pub const TIER: &str = "bench";
/// So many requests a minute that no limit is ever met, but each request is counted.
pub const LIMIT: u32 = 100_000_000;
/// What every user of ours signs in with.
pub const PASSWORD: &str = "correct horse battery staple";

/// Where a deployment keeps its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    /// SQLite files in a temporary folder.
    Sqlite,
    /// Databases of a throwaway PostgreSQL server.
    Postgres,
}

impl Backend {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// Which backends a run covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Backends {
    /// SQLite alone.
    Sqlite,
    /// PostgreSQL alone.
    Postgres,
    /// One after the other.
    Both,
}

impl Backends {
    /// The backends.
    pub fn list(self) -> &'static [Backend] {
        match self {
            Self::Sqlite => &[Backend::Sqlite],
            Self::Postgres => &[Backend::Postgres],
            Self::Both => &[Backend::Sqlite, Backend::Postgres],
        }
    }
}

/// Makes deployments on one backend.
pub struct Host {
    /// The backend.
    pub backend: Backend,
    cluster: Option<Arc<Cluster>>,
}

impl Host {
    /// Starts what the backend needs.
    pub fn start(backend: Backend) -> Result<Self> {
        let cluster = match backend {
            Backend::Sqlite => None,
            Backend::Postgres => Some(Arc::new(Cluster::start()?)),
        };
        Ok(Self { backend, cluster })
    }

    /// The PostgreSQL server, where that is the backend.
    pub fn cluster(&self) -> Option<&Cluster> {
        self.cluster.as_deref()
    }

    /// A new deployment without tenants. `name` is a plain word.
    pub fn deploy(&self, name: &str) -> Result<Deployment> {
        Ok(Deployment {
            url: self.cluster().map(|cluster| cluster.url(name)).unwrap_or_default(),
            folder: tempfile::Builder::new().prefix("crm-bench-").tempdir()?,
            backend: self.backend,
            _cluster: self.cluster.clone(),
        })
    }
}

/// A deployment's databases. Dropping it removes them.
pub struct Deployment {
    /// The backend.
    pub backend: Backend,
    /// The setting `store.url`.
    pub url: String,
    folder: TempDir,
    /// Its databases go when the server goes.
    _cluster: Option<Arc<Cluster>>,
}

/// A tenant and what opens it.
#[derive(Debug, Clone)]
pub struct Access {
    /// The tenant.
    pub tenant: Tenant,
    /// Its Admin's email; the password is [`PASSWORD`].
    pub email: String,
    /// A key of family A.
    pub key: String,
}

impl Deployment {
    /// The setting `store.data_dir`.
    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A file beside the data.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Opens the databases from here, past the server.
    pub fn open(&self) -> Result<Store> {
        let settings = StoreSettings {
            url: self.url.clone(),
            data_dir: self.data_dir(),
            ..StoreSettings::default()
        };
        Ok(Store::open(&settings, Arc::new(SystemClock), Arc::new(SystemEntropy))?)
    }

    /// Where a tenant's database is.
    pub fn location(&self, tenant: &Tenant) -> Result<Location> {
        let control = Location::control(&self.url, &self.data_dir())?;
        Ok(Location::of_tenant(&tenant.location, &control, &self.data_dir())?)
    }

    /// The one tenant that most measurements need.
    pub fn with_tenant(&self) -> Result<Access> {
        let store = self.open()?;
        let access = add_tenant(&store, 1, &hash_password(BCRYPT_COST)?, BCRYPT_COST);
        store.close();
        access
    }

    /// Another key of the tenant, which can do all that its family's keys can.
    pub fn mint(&self, access: &Access, family: KeyFamily) -> Result<String> {
        let store = self.open()?;
        let users = store.control().reading(|reader| reader.users().list(access.tenant.id))?;
        let admin = users.first().context("the tenant has no user")?;
        let key = mint(&store, &access.tenant, admin, family, BCRYPT_COST);
        store.close();
        key
    }

    /// The folder of everything.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// Hashes [`PASSWORD`].
pub fn hash_password(cost: u32) -> Result<PasswordHash> {
    let password = Password::parse(PASSWORD).map_err(|problem| anyhow::anyhow!("the password {problem}"))?;
    Ok(password.hash(cost)?)
}

/// Makes a tenant with its database, an Admin with the password `hash`, and a key, hashed at `cost`, whose limit is [`LIMIT`].
pub fn add_tenant(store: &Store, number: usize, hash: &PasswordHash, cost: u32) -> Result<Access> {
    let (email, hash) = (format!("admin{number}@bench.example"), hash.clone());
    let (name, parsed) = (text(&format!("Bench {number}"))?, Email::parse(&email).ok().context("an email")?);
    let location = store.tenants().provision()?;
    let (tenant, user) = store.control().writing(|unit| {
        let tenant = unit.tenants().add(NewTenant {
            uuid: uuid_at(SystemClock.now(), &SystemEntropy),
            company_name: name.clone(),
            name,
            location,
            tier: TIER.to_owned(),
        })?;
        let user = unit.users().add(NewUser {
            tenant_id: tenant.id,
            email: Some(parsed),
            name: None,
            role: Role::Admin,
            password: Some(hash),
            manager_id: None,
            office: None,
        })?;
        Ok((tenant, user))
    })?;
    let key = mint(store, &tenant, &user, KeyFamily::HealthTrixss, cost)?;
    Ok(Access { tenant, email, key })
}

fn mint(store: &Store, tenant: &Tenant, user: &User, family: KeyFamily, cost: u32) -> Result<String> {
    let key = KeyText::random(family, &SystemEntropy);
    let draft = ApiKeyDraft {
        name: Patch::Set("bench".to_owned()),
        rate_limit: Patch::Set(LIMIT.to_string()),
        ..ApiKeyDraft::default()
    };
    let fields = ApiKeyFields::parse(draft, family, user.role, SystemClock.now(), Check::new())?;
    let origin = Origin {
        actor: Actor::System,
        family: "server",
    };
    let hash = key.hash(cost)?;
    store
        .control()
        .writing(|unit| api_keys::mint(unit, &origin, tenant.id, user.id, &key, hash, fields))?;
    Ok(key.as_str().to_owned())
}

fn text(value: &str) -> Result<Text<255>> {
    Text::parse(value).map_err(|problem| anyhow::anyhow!("{value:?} {problem}"))
}
