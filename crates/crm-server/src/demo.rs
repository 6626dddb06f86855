//! A demo tenant, filled from files inside the binary by the same import as any other file. Companies, people and figures are made up,
//! and say so.

use std::{fmt, io, sync::Arc};

use anyhow::{Context, Result};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use crm_domain::{
    clock::Entropy,
    control::{
        ControlStore,
        api_key::{ApiKeyDraft, ApiKeyFields, KeyFamily, KeyText},
        tenant::Tenant,
        user::User,
    },
    field::{Check, Patch},
    id::{AccountId, UserId},
    table::{TableOptions, TableReader},
    tenant::{
        TenantStore, Tenants, UnitOfWork,
        activity::{self, ActivityDraft, ActivityFields},
        change::{Actor, Origin},
    },
    usecase::{
        api_keys, control_changes,
        import::{ImportKind, ImportOptions, ImportTarget, Observer, RowFailure, import},
        register::{Registrar, Registration, RegistrationDraft, register},
        single,
    },
};
use serde::Serialize;

use crate::wire::World;

/// Who signs in to the demo. The address cannot belong to anybody: `.example` is reserved.
const EMAIL: &str = "demo@crm.example";

/// In the order in which one refers to another.
const FILES: [(ImportKind, &str); 5] = [
    (ImportKind::Users, include_str!("../demo/users.csv")),
    (ImportKind::Accounts, include_str!("../demo/accounts.csv")),
    (ImportKind::Contacts, include_str!("../demo/contacts.csv")),
    (ImportKind::Opportunities, include_str!("../demo/opportunities.csv")),
    (ImportKind::Leads, include_str!("../demo/leads.csv")),
];

const ACTIVITIES: &str = include_str!("../demo/activities.csv");

/// Millions, as the accounts' file has them.
const REVENUE_SCALE: &str = "annual_revenue=1000000";

/// What became of the demo.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "state")]
pub enum Demo {
    /// It was made: how to get in, shown this once.
    Made {
        /// To sign in with.
        email: &'static str,
        /// To sign in with.
        password: String,
        /// Of family `health_trixss`.
        api_key: String,
    },
    /// It was there.
    Exists {
        /// To sign in with.
        email: &'static str,
    },
}

impl fmt::Display for Demo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Made { email, password, api_key } => write!(
                f,
                "A demo tenant is there, with made-up records. These are shown this once:\n  email     {email}\n  password  {password}\n  API key   {api_key}\n"
            ),
            Self::Exists { email } => write!(
                f,
                "The demo tenant is there already ({email}).\nA lost password is replaced by `crm-server user set-password {email}`, a lost key by `crm-server key create`.\n"
            ),
        }
    }
}

/// Makes and fills the demo tenant, unless it is there.
///
/// # Errors
/// When the databases fail.
pub fn fill(control: &Arc<dyn ControlStore>, tenants: &dyn Tenants, world: &World, bcrypt_cost: u32) -> Result<Demo> {
    if control.reading(|reader| reader.users().lookup_email(EMAIL))?.is_some() {
        return Ok(Demo::Exists { email: EMAIL });
    }
    let password = random_password(&*world.entropy);
    let (tenant, user) = make_tenant(&**control, tenants, world, bcrypt_cost, &password)?;
    let store = tenants.open(&tenant)?;
    let target = ImportTarget {
        control: Arc::clone(control),
        store: Arc::clone(&store),
        tenant: tenant.id,
        origin: origin(),
    };
    for (kind, file) in FILES {
        import_file(&target, kind, file)?;
    }
    add_activities(&*store, user.id)?;
    let api_key = make_key(&**control, &tenant, &user, world, bcrypt_cost)?;
    control_changes::carry(&**control, &*store, tenant.id)?;
    Ok(Demo::Made {
        email: EMAIL,
        password,
        api_key,
    })
}

fn origin() -> Origin {
    Origin {
        actor: Actor::Job("demo"),
        family: "server",
    }
}

fn random_password(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 12];
    entropy.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

fn make_tenant(control: &dyn ControlStore, tenants: &dyn Tenants, world: &World, cost: u32, password: &str) -> Result<(Tenant, User)> {
    let draft = RegistrationDraft {
        email: Patch::Set(EMAIL.to_owned()),
        password: Patch::Set(password.to_owned()),
        tenant_name: Patch::Set("Demo".to_owned()),
        company_name: Patch::Set("Demo Company".to_owned()),
        user_name: Patch::Set("Demo Admin".to_owned()),
    };
    let registration = Registration::parse(draft, Check::new())?;
    let hash = registration.password.hash(cost)?;
    Ok(register(
        control,
        tenants,
        &*world.clock,
        &*world.entropy,
        &Registrar::Operator(origin()),
        &registration,
        hash,
    )?)
}

fn make_key(control: &dyn ControlStore, tenant: &Tenant, user: &User, world: &World, cost: u32) -> Result<String> {
    let draft = ApiKeyDraft {
        name: Patch::Set("Demo key".to_owned()),
        ..ApiKeyDraft::default()
    };
    let fields = ApiKeyFields::parse(draft, KeyFamily::HealthTrixss, user.role, world.clock.now(), Check::new())?;
    let key = KeyText::random(KeyFamily::HealthTrixss, &*world.entropy);
    let hash = key.hash(cost)?;
    control.writing(|unit| api_keys::mint(unit, &origin(), tenant.id, user.id, &key, hash, fields))?;
    Ok(key.as_str().to_owned())
}

fn import_file(target: &ImportTarget, kind: ImportKind, file: &'static str) -> Result<()> {
    let mut options = ImportOptions::default();
    if kind == ImportKind::Accounts {
        options.scales.extend(crm_domain::usecase::import::Scale::parse(REVENUE_SCALE));
    }
    import(target, kind, file.as_bytes(), &options, &mut NoFailure).with_context(|| format!("demo {}", kind.as_str()))?;
    Ok(())
}

/// A demo file has no bad rows: one is a defect of this program.
struct NoFailure;

impl Observer for NoFailure {
    fn failed(&mut self, failure: &RowFailure) -> io::Result<()> {
        Err(io::Error::other(format!("line {}: {}", failure.line, failure.reason)))
    }
}

fn add_activities(store: &dyn TenantStore, owner: UserId) -> Result<()> {
    let mut rows = Vec::new();
    for row in TableReader::open(ACTIVITIES.as_bytes(), TableOptions::default())? {
        rows.push(row?.cells);
    }
    Ok(store.writing(origin(), move |unit| {
        rows.into_iter().try_for_each(|cells| add_activity(unit, cells, owner))
    })?)
}

fn add_activity(unit: &mut dyn UnitOfWork, cells: Vec<String>, owner: UserId) -> crm_domain::Result<()> {
    let [activity_type, subject, body, occurred_at, completed, account] =
        <[String; 6]>::try_from(cells).map_err(|cells| crm_domain::Error::Internal(format!("demo activity of {} cells", cells.len())))?;
    let draft = ActivityDraft {
        activity_type: Patch::Set(activity_type),
        subject: Patch::Set(subject),
        body: Patch::Set(body),
        occurred_at: Patch::Set(occurred_at),
        completed: Patch::Set(completed == "yes"),
        account_id: account_named(unit, account)?.into(),
        ..ActivityDraft::default()
    };
    single::create_parsed::<activity::Activity>(unit, ActivityFields::parse(draft, owner, Check::new())?).map(drop)
}

fn account_named(unit: &mut dyn UnitOfWork, name: String) -> crm_domain::Result<Option<AccountId>> {
    Ok(unit.accounts().lookup_named(&[name])?.first().map(|account| account.id))
}
