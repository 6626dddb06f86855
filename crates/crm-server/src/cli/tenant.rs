//! `tenant`: list, create, deactivate and activate tenants.

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;
use crm_domain::control::tenant::Tenant;
use serde::Serialize;

use super::{
    context::{Context, find_tenant},
    init::{self, InitArgs},
    output::table,
};

/// What can be done with tenants.
#[derive(Debug, Subcommand)]
pub enum TenantCommand {
    /// List every tenant
    List,
    /// Make a tenant and its Admin
    Create(InitArgs),
    /// Keep everybody of a tenant out; its data stay
    Deactivate {
        /// The tenant's id or name
        tenant: String,
    },
    /// Let the people of a tenant in again
    Activate {
        /// The tenant's id or name
        tenant: String,
    },
}

/// A tenant as it is printed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    id: i64,
    name: String,
    company_name: String,
    tier: String,
    is_active: bool,
    created_at: String,
}

impl From<&Tenant> for Shown {
    fn from(tenant: &Tenant) -> Self {
        Self {
            id: crm_domain::id::RecordId::get(tenant.id),
            name: tenant.name.to_string(),
            company_name: tenant.company_name.to_string(),
            tier: tenant.tier.clone(),
            is_active: tenant.is_active,
            created_at: tenant.created_at.to_second_precision(),
        }
    }
}

/// Runs the command.
pub fn run(context: &Context, command: &TenantCommand) -> Result<ExitCode> {
    match command {
        TenantCommand::List => list(context)?,
        TenantCommand::Create(args) => context.with_store(|store, _| {
            let (tenant, user) = init::create(context, store, args)?;
            init::report(context, &tenant, &user)
        })?,
        TenantCommand::Deactivate { tenant } => set_active(context, tenant, false)?,
        TenantCommand::Activate { tenant } => set_active(context, tenant, true)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn list(context: &Context) -> Result<()> {
    let tenants = context.with_store(|_, control| Ok(control.reading(|reader| reader.tenants().list())?))?;
    let shown: Vec<Shown> = tenants.iter().map(Shown::from).collect();
    Ok(context.output.result(&shown, || {
        let row = |tenant: &Shown| {
            let state = if tenant.is_active { "active" } else { "inactive" };
            [
                tenant.id.to_string(),
                tenant.name.clone(),
                tenant.tier.clone(),
                state.to_owned(),
                tenant.created_at.clone(),
            ]
        };
        table(
            ["id", "name", "tier", "state", "created"],
            &shown.iter().map(row).collect::<Vec<_>>(),
        )
    })?)
}

fn set_active(context: &Context, wanted: &str, is_active: bool) -> Result<()> {
    let tenant = context.with_store(|_, control| {
        let tenant = Tenant {
            is_active,
            ..find_tenant(&**control, Some(wanted))?
        };
        control.writing(|unit| unit.tenants().update(&tenant))?;
        Ok(tenant)
    })?;
    let state = if is_active { "active" } else { "inactive" };
    Ok(context.output.result(&Shown::from(&tenant), || {
        format!("Tenant {} ({}) is {state}.", tenant.id, &*tenant.name)
    })?)
}
