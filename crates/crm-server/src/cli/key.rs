//! `key`: list, create and revoke API keys.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use crm_domain::{
    control::api_key::{ApiKey, ApiKeyDraft, ApiKeyFields, KeyFamily, KeyText},
    field::{Check, Patch},
    id::{ApiKeyId, RecordId},
    page::{Start, Window},
    usecase::api_keys,
};
use serde::Serialize;

use super::{
    context::{Context, find_tenant, find_user, first_admin, origin, parse_id},
    output::table,
};

/// Who changes them, as the change feed tells.
const JOB: &str = "key";

/// What can be done with API keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// List a tenant's keys; their secrets are not kept
    List {
        /// Only keys of this family: health_trixss, halopsa, contacts or elevate
        #[arg(long, value_parser = family)]
        family: Option<KeyFamily>,
        /// The tenant's id or name; may be left out while there is only one
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Make a key; it is shown this once
    Create(CreateArgs),
    /// Revoke a key; the next request with it is turned away
    Revoke {
        /// The key's id
        id: String,
        /// The tenant's id or name; may be left out while there is only one
        #[arg(long)]
        tenant: Option<String>,
    },
}

/// A new key.
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// health_trixss, halopsa, contacts or elevate
    #[arg(long, value_parser = family)]
    family: KeyFamily,
    /// What it is called
    #[arg(long)]
    name: String,
    /// What it is for
    #[arg(long)]
    description: Option<String>,
    /// Requests per minute (halopsa: per hour); the family's default when missing
    #[arg(long)]
    rate_limit: Option<String>,
    /// When it ends, e.g. 2027-01-01T00:00:00Z
    #[arg(long)]
    expires_at: Option<String>,
    /// An address or network that it may be used from; may be repeated
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',')]
    allow_ip: Vec<String>,
    /// Scopes (family contacts), separated by commas; all that its maker may do when missing
    #[arg(long, value_delimiter = ',')]
    scopes: Vec<String>,
    /// Permissions (families halopsa and elevate), separated by commas; all that its maker may do when missing
    #[arg(long, value_delimiter = ',', conflicts_with = "scopes")]
    permissions: Vec<String>,
    /// Who makes it, an Admin or Manager, by email, id or name; the tenant's first Admin when missing
    #[arg(long)]
    user: Option<String>,
    /// The tenant's id or name; may be left out while there is only one
    #[arg(long)]
    tenant: Option<String>,
}

/// A key as it is printed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown {
    id: i64,
    tenant_id: i64,
    family: &'static str,
    public_id: String,
    name: String,
    description: Option<String>,
    grants: Vec<String>,
    rate_limit: Option<u32>,
    expires_at: Option<String>,
    ip_allowlist: Vec<String>,
    revoked_at: Option<String>,
    last_used_at: Option<String>,
    request_count: i64,
}

impl From<&ApiKey> for Shown {
    fn from(key: &ApiKey) -> Self {
        Self {
            id: key.id.get(),
            tenant_id: key.tenant_id.get(),
            family: key.family.as_str(),
            public_id: key.public_id.clone(),
            name: key.fields.name.to_string(),
            description: key.fields.description.as_ref().map(ToString::to_string),
            grants: key.fields.grants.clone(),
            rate_limit: key.fields.rate_limit,
            expires_at: key.fields.expires_at.map(|at| at.to_second_precision()),
            ip_allowlist: key.fields.ip_allowlist.iter().map(ToString::to_string).collect(),
            revoked_at: key.revoked_at.map(|at| at.to_second_precision()),
            last_used_at: key.last_used_at.map(|at| at.to_second_precision()),
            request_count: key.request_count,
        }
    }
}

/// A key with its text, which only its creation shows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    key: String,
    api_key: Shown,
}

/// Runs the command.
pub fn run(context: &Context, command: &KeyCommand) -> Result<ExitCode> {
    match command {
        KeyCommand::List { family, tenant } => list(context, *family, tenant.as_deref())?,
        KeyCommand::Create(args) => create(context, args)?,
        KeyCommand::Revoke { id, tenant } => revoke(context, id, tenant.as_deref())?,
    }
    Ok(ExitCode::SUCCESS)
}

fn family(word: &str) -> Result<KeyFamily, String> {
    KeyFamily::parse(word).map_err(|problem| problem.to_string())
}

/// Keys read at once.
const PAGE: u32 = 500;

fn list(context: &Context, family: Option<KeyFamily>, tenant: Option<&str>) -> Result<()> {
    let keys = context.with_store(|_, control| {
        let tenant = find_tenant(&**control, tenant)?.id;
        let mut keys = Vec::new();
        loop {
            let window = Window {
                limit: PAGE,
                start: Start::Offset(keys.len() as u64),
            };
            let page = control.reading(|reader| reader.api_keys().list(tenant, family, &window))?;
            keys.extend(page.items);
            if !page.has_more {
                return Ok(keys);
            }
        }
    })?;
    let shown: Vec<Shown> = keys.iter().map(Shown::from).collect();
    Ok(context.output.result(&shown, || {
        let row = |key: &Shown| {
            let state = key
                .revoked_at
                .as_ref()
                .map_or_else(|| "active".to_owned(), |at| format!("revoked {at}"));
            let used = key.last_used_at.clone().unwrap_or_else(|| "never".to_owned());
            [
                key.id.to_string(),
                key.family.to_owned(),
                key.name.clone(),
                key.public_id.clone(),
                used,
                state,
            ]
        };
        table(
            ["id", "family", "name", "public id", "last used", "state"],
            &shown.iter().map(row).collect::<Vec<_>>(),
        )
    })?)
}

fn create(context: &Context, args: &CreateArgs) -> Result<()> {
    let some = |list: &Vec<String>| (!list.is_empty()).then(|| list.clone());
    let draft = ApiKeyDraft {
        name: Patch::Set(args.name.clone()),
        description: args.description.clone().into(),
        grants: some(&args.scopes).or_else(|| some(&args.permissions)).into(),
        rate_limit: args.rate_limit.clone().into(),
        expires_at: args.expires_at.clone().into(),
        ip_allowlist: some(&args.allow_ip).into(),
    };
    let key = KeyText::random(args.family, &*context.world.entropy);
    let hash = key.hash(context.settings.auth.hashing.bcrypt_cost)?;
    let created = context.with_store(|store, control| {
        let tenant = find_tenant(&**control, args.tenant.as_deref())?;
        let user = match &args.user {
            Some(wanted) => find_user(&**control, Some(&tenant.id.to_string()), wanted)?,
            None => first_admin(&**control, &tenant)?,
        };
        let fields = ApiKeyFields::parse(draft, args.family, user.role, context.world.clock.now(), Check::new())?;
        let made = control.writing(|unit| api_keys::mint(unit, &origin(JOB), tenant.id, user.id, &key, hash, fields))?;
        context.carry(store, tenant.id);
        Ok(made)
    })?;
    let created = Created {
        key: key.as_str().to_owned(),
        api_key: Shown::from(&created),
    };
    Ok(context.output.result(&created, || {
        let Created { key, api_key } = &created;
        format!(
            "{key}\n\nThat is key {} ({}, {}). It is shown this once: keep it safe.",
            api_key.id, api_key.name, api_key.family
        )
    })?)
}

fn revoke(context: &Context, id: &str, tenant: Option<&str>) -> Result<()> {
    let id: ApiKeyId = parse_id(id)?;
    let key = context.with_store(|store, control| {
        let tenant = find_tenant(&**control, tenant)?.id;
        let key = api_keys::revoke(&**control, &origin(JOB), tenant, id)?;
        context.carry(store, tenant);
        Ok(key)
    })?;
    let shown = Shown::from(&key);
    Ok(context.output.result(&shown, || {
        format!("Key {} ({}, {}) is revoked.", shown.id, shown.name, shown.family)
    })?)
}
