//! `init`: make the first tenant and its Admin. `tenant create` makes further ones the same way.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;
use crm_domain::{
    control::{tenant::Tenant, user::User},
    field::{Check, Patch},
    usecase::register::{Registrar, Registration, RegistrationDraft, register},
};
use crm_store::Store;
use serde_json::json;

use super::{
    context::{Context, origin},
    prompt,
};

/// A tenant and its Admin.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The Admin's email; asked for when missing
    #[arg(long, env = "CRM_EMAIL")]
    pub email: Option<String>,
    /// The Admin's password, 8 to 128 characters; asked for when missing
    #[arg(long, env = "CRM_PASSWORD", hide_env_values = true)]
    pub password: Option<String>,
    /// The Admin's name
    #[arg(long)]
    pub name: Option<String>,
    /// The tenant's name
    #[arg(long, default_value = "My Company")]
    pub tenant_name: String,
    /// The company behind it; the tenant's name when missing
    #[arg(long)]
    pub company_name: Option<String>,
}

/// Makes the first tenant; refuses when there is one.
pub fn run(context: &Context, args: &InitArgs) -> Result<ExitCode> {
    context.with_store(|store, control| {
        if control.reading(|reader| reader.tenants().count())? > 0 {
            bail!("there is a tenant already: make further ones with `crm-server tenant create`");
        }
        let (tenant, user) = create(context, store, args)?;
        report(context, &tenant, &user)
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Makes a tenant and its Admin.
pub fn create(context: &Context, store: &Store, args: &InitArgs) -> Result<(Tenant, User)> {
    let email = prompt::text(args.email.as_deref(), "Email")?;
    let password = prompt::password(args.password.as_deref(), "Password")?;
    let draft = RegistrationDraft {
        email: Patch::Set(email),
        password: Patch::Set(password),
        tenant_name: Patch::Set(args.tenant_name.clone()),
        company_name: args.company_name.clone().into(),
        user_name: args.name.clone().into(),
    };
    let registration = Registration::parse(draft, Check::new())?;
    let hash = registration.password.hash(context.settings.auth.hashing.bcrypt_cost)?;
    let (control, tenants, world) = (store.control(), store.tenants(), &context.world);
    // Whoever may run commands on this machine may make tenants, whatever strangers may do over HTTP.
    let operator = Registrar::Operator(origin("init"));
    let made = register(&*control, &*tenants, &*world.clock, &*world.entropy, &operator, &registration, hash)?;
    context.carry(store, made.0.id);
    Ok(made)
}

/// Tells who was made.
pub fn report(context: &Context, tenant: &Tenant, user: &User) -> Result<()> {
    let email = user.email.as_ref().map_or("", |email| email.as_str());
    let value = json!({
        "tenant": { "id": tenant.id, "name": &*tenant.name, "companyName": &*tenant.company_name },
        "user": { "id": user.id, "email": email, "role": user.role.as_str() },
    });
    Ok(context.output.result(&value, || {
        format!(
            "Tenant {} ({}) is there, and {email} is its Admin.\n\nNext:\n  crm-server key create --tenant {} --family health_trixss --name \"My integration\"\n  crm-server import accounts --tenant {} accounts.csv\n  crm-server serve",
            tenant.id, &*tenant.name, tenant.id, tenant.id
        )
    })?)
}
