//! What commands share: settings, the world, output, and finding a tenant or user by what people call it.

use std::{path::Path, sync::Arc};

use anyhow::{Result, anyhow, bail};
use crm_domain::{
    control::{
        ControlStore,
        tenant::Tenant,
        user::{Role, User},
    },
    id::{RecordId, TenantId},
    tenant::change::{Actor, Origin},
    usecase::control_changes,
};
use crm_store::Store;

use super::output::Output;
use crate::{
    settings::Settings,
    telemetry,
    wire::{World, open_store},
};

/// What commands share.
pub struct Context {
    /// The settings.
    pub settings: Settings,
    /// Time and randomness.
    pub world: World,
    /// Where results go.
    pub output: Output,
}

impl Context {
    /// Reads the settings of this process.
    pub fn load(config: Option<&Path>, output: Output) -> Result<Self> {
        // A variable that is no Unicode cannot be a setting.
        let environment = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Ok(Self {
            settings: Settings::load(config, environment)?,
            world: World::real(),
            output,
        })
    }

    /// Starts the log of a command that is not the server: warnings, unless more was asked for.
    pub fn start_log(&self) -> Result<()> {
        let mut log = self.settings.log.clone();
        if log.filter == Settings::defaults()?.log.filter {
            "warn".clone_into(&mut log.filter);
        }
        telemetry::start_log(&log)
    }

    /// Opens the databases.
    pub fn store(&self) -> Result<Store> {
        open_store(&self.settings, &self.world)
    }

    /// Opens the databases, hands them over and closes them, whatever came of it.
    pub fn with_store<T>(&self, work: impl FnOnce(&Store, &Arc<dyn ControlStore>) -> Result<T>) -> Result<T> {
        let store = self.store()?;
        let result = work(&store, &store.control());
        store.close();
        result
    }

    /// Carries what a command did to a tenant's users and keys into the tenant's change feed. Where that does not work now, the server
    /// does it later: the command has done its work all the same.
    pub fn carry(&self, store: &Store, tenant: TenantId) {
        if let Err(error) = control_changes::carry_of(&*store.control(), &*store.tenants(), tenant) {
            tracing::warn!(%error, %tenant, "what was changed is not in the tenant's change feed yet; the server will put it there");
        }
    }
}

/// What the named command writes as.
pub fn origin(command: &'static str) -> Origin {
    Origin {
        actor: Actor::Job(command),
        family: "cli",
    }
}

/// The tenant with this id or name; without one, the only tenant.
pub fn find_tenant(control: &dyn ControlStore, wanted: Option<&str>) -> Result<Tenant> {
    let tenants = control.reading(|reader| reader.tenants().list())?;
    let names = || {
        tenants
            .iter()
            .map(|tenant| format!("{} ({})", tenant.id, &*tenant.name))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let Some(wanted) = wanted.map(str::trim) else {
        return match tenants.as_slice() {
            [] => bail!("there is no tenant yet: make one with `crm-server init`"),
            [only] => Ok(only.clone()),
            _ => bail!("say which tenant with --tenant: {}", names()),
        };
    };
    let by_id = tenants
        .iter()
        .find(|tenant| wanted == tenant.id.to_string() || wanted == format!("tenant_{}", tenant.id));
    let named: Vec<&Tenant> = tenants
        .iter()
        .filter(|tenant| tenant.name.to_lowercase() == wanted.to_lowercase())
        .collect();
    match (by_id, named.as_slice()) {
        (Some(tenant), _) => Ok(tenant.clone()),
        (None, [tenant]) => Ok((*tenant).clone()),
        (None, []) if tenants.is_empty() => bail!("there is no tenant yet: make one with `crm-server init`"),
        (None, []) => bail!("there is no tenant {wanted:?}: {}", names()),
        (None, _) => bail!("several tenants are called {wanted:?}: use the id"),
    }
}

/// The user with this email, id or name, in the tenant or, without one, in the deployment by email.
pub fn find_user(control: &dyn ControlStore, tenant: Option<&str>, wanted: &str) -> Result<User> {
    let wanted = wanted.trim();
    if let Some(user) = control.reading(|reader| reader.users().lookup_email(wanted))?
        && (tenant.is_none() || find_tenant(control, tenant)?.id == user.tenant_id)
    {
        return Ok(user);
    }
    let tenant = find_tenant(control, tenant)?;
    let users = control.reading(|reader| reader.users().list(tenant.id))?;
    let is_id = |user: &User| wanted == user.id.to_string() || wanted == format!("user_{}", user.id);
    if let Some(user) = users.iter().find(|user| is_id(user)) {
        return Ok(user.clone());
    }
    let is_named = |user: &&User| user.name.as_ref().is_some_and(|name| name.to_lowercase() == wanted.to_lowercase());
    let named: Vec<&User> = users.iter().filter(is_named).collect();
    match named.as_slice() {
        [user] => Ok((*user).clone()),
        [] => Err(anyhow!("tenant {} has no user {wanted:?}", &*tenant.name)),
        _ => Err(anyhow!("several users are called {wanted:?}: use the email or the id")),
    }
}

/// The tenant's oldest active Admin.
pub fn first_admin(control: &dyn ControlStore, tenant: &Tenant) -> Result<User> {
    let users = control.reading(|reader| reader.users().list(tenant.id))?;
    let admin = users.into_iter().find(|user| user.role == Role::Admin && user.is_active);
    admin.ok_or_else(|| anyhow!("tenant {} has no active Admin", &*tenant.name))
}

/// An id that a person typed, also in the form that the API shows, e.g. `user_12`.
pub fn parse_id<I: RecordId>(text: &str) -> Result<I> {
    let digits = text.rsplit_once('_').map_or(text, |(_, digits)| digits);
    I::parse_prefixed(digits, "").ok_or_else(|| anyhow!("{text:?} is not the id of a {}", I::NOUN))
}
