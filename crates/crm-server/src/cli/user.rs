//! `user`: list, create and change users.

use std::process::ExitCode;

use anyhow::{Result, anyhow, bail};
use clap::{Args, Subcommand};
use crm_domain::{
    control::{
        ControlStore,
        user::{self, NewUser, Password, PasswordHash, Role, User},
    },
    field::{Check, Email, Patch, Text},
    id::RecordId,
    usecase::users,
};
use serde::Serialize;

use super::{
    context::{Context, find_tenant, find_user, origin},
    output::table,
    prompt,
};

/// Who changes them, as the change feed tells.
const JOB: &str = "user";

/// What can be done with users.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// List a tenant's users
    List {
        /// The tenant's id or name; may be left out while there is only one
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Make a user
    Create(CreateArgs),
    /// Give a user another password; ends all of the user's sessions
    SetPassword {
        #[command(flatten)]
        who: Who,
        /// The new password; asked for when missing
        #[arg(long, env = "CRM_PASSWORD", hide_env_values = true)]
        password: Option<String>,
    },
    /// Give a user another role
    SetRole {
        #[command(flatten)]
        who: Who,
        /// Admin, Manager or User
        #[arg(value_parser = role)]
        role: Role,
    },
    /// Keep a user out; ends all of the user's sessions
    Deactivate(Who),
    /// Let a user in again
    Activate(Who),
}

/// A user.
#[derive(Debug, Args)]
pub struct Who {
    /// The user's email, id or name
    user: String,
    /// The tenant's id or name; may be left out while there is only one, or with an email
    #[arg(long)]
    tenant: Option<String>,
}

/// A new user.
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// The email to sign in with
    #[arg(long)]
    email: String,
    /// The name to show
    #[arg(long)]
    name: Option<String>,
    /// Admin, Manager or User
    #[arg(long, default_value = "User", value_parser = role)]
    role: Role,
    /// The password, 8 to 128 characters; asked for when missing
    #[arg(long, env = "CRM_PASSWORD", hide_env_values = true)]
    password: Option<String>,
    /// Make a user who cannot sign in yet
    #[arg(long, conflicts_with = "password")]
    no_password: bool,
    /// The tenant's id or name; may be left out while there is only one
    #[arg(long)]
    tenant: Option<String>,
}

/// A user as it is printed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    id: i64,
    tenant_id: i64,
    email: Option<String>,
    name: Option<String>,
    role: &'static str,
    is_active: bool,
    can_sign_in: bool,
    manager_id: Option<i64>,
    office: Option<String>,
}

impl From<&User> for Shown {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.get(),
            tenant_id: user.tenant_id.get(),
            email: user.email.as_ref().map(|email| email.as_str().to_owned()),
            name: user.name.as_ref().map(ToString::to_string),
            role: user.role.as_str(),
            is_active: user.is_active,
            can_sign_in: user.is_active && user.email.is_some() && user.password.is_some(),
            manager_id: user.manager_id.map(RecordId::get),
            office: user.office.as_ref().map(ToString::to_string),
        }
    }
}

/// Runs the command.
pub fn run(context: &Context, command: &UserCommand) -> Result<ExitCode> {
    match command {
        UserCommand::List { tenant } => list(context, tenant.as_deref())?,
        UserCommand::Create(args) => create(context, args)?,
        UserCommand::SetPassword { who, password } => set_password(context, who, password.as_deref())?,
        UserCommand::SetRole { who, role } => change(context, who, "has another role", |control, user| {
            users::set_role(control, &origin(JOB), user.tenant_id, user.id, *role)
        })?,
        UserCommand::Deactivate(who) => change(context, who, "is kept out", |control, user| {
            users::set_active(control, &origin(JOB), user.tenant_id, user.id, false)
        })?,
        UserCommand::Activate(who) => change(context, who, "is let in", |control, user| {
            users::set_active(control, &origin(JOB), user.tenant_id, user.id, true)
        })?,
    }
    Ok(ExitCode::SUCCESS)
}

fn role(word: &str) -> Result<Role, String> {
    Role::parse(word).map_err(|problem| problem.to_string())
}

fn list(context: &Context, tenant: Option<&str>) -> Result<()> {
    let users = context.with_store(|_, control| {
        let tenant = find_tenant(&**control, tenant)?;
        Ok(control.reading(|reader| reader.users().list(tenant.id))?)
    })?;
    let shown: Vec<Shown> = users.iter().map(Shown::from).collect();
    Ok(context.output.result(&shown, || {
        let row = |user: &Shown| {
            let state = match (user.is_active, user.can_sign_in) {
                (false, _) => "inactive",
                (true, true) => "active",
                (true, false) => "no login",
            };
            let or_blank = |text: &Option<String>| text.clone().unwrap_or_default();
            [
                user.id.to_string(),
                or_blank(&user.email),
                or_blank(&user.name),
                user.role.to_owned(),
                state.to_owned(),
            ]
        };
        table(["id", "email", "name", "role", "state"], &shown.iter().map(row).collect::<Vec<_>>())
    })?)
}

fn create(context: &Context, args: &CreateArgs) -> Result<()> {
    let mut check = Check::new();
    let email = check.required("email", Patch::Set(args.email.clone()), None, Email::parse);
    let name = check.optional("name", args.name.clone().into(), None, Text::parse);
    check.finish()?;
    let password = if args.no_password {
        None
    } else {
        Some(prompt::password(args.password.as_deref(), "Password")?)
    };
    let password = password.map(|typed| hash(context, &typed)).transpose()?;
    let user = context.with_store(|store, control| {
        let tenant_id = find_tenant(&**control, args.tenant.as_deref())?.id;
        let new = NewUser {
            tenant_id,
            email,
            name,
            role: args.role,
            password,
            manager_id: None,
            office: None,
        };
        let user = control.writing(|unit| user::add(unit, &origin(JOB), new))?;
        context.carry(store, tenant_id);
        Ok(user)
    })?;
    show(context, &user, "is there")
}

fn set_password(context: &Context, who: &Who, password: Option<&str>) -> Result<()> {
    let hash = hash(context, &prompt::password(password, "New password")?)?;
    let user = context.with_store(|store, control| {
        let found = find_user(&**control, who.tenant.as_deref(), &who.user)?;
        if found.email.is_none() {
            bail!("user {} has no email to sign in with", found.id);
        }
        let user = users::set_password(&**control, &origin(JOB), found.tenant_id, found.id, hash.clone())?;
        context.carry(store, found.tenant_id);
        Ok(user)
    })?;
    show(context, &user, "has a new password")
}

fn hash(context: &Context, typed: &str) -> Result<PasswordHash> {
    let password = Password::parse(typed).map_err(|problem| anyhow!("the password {problem}"))?;
    Ok(password.hash(context.settings.auth.hashing.bcrypt_cost)?)
}

fn change(
    context: &Context,
    who: &Who,
    outcome: &str,
    work: impl FnOnce(&dyn ControlStore, &User) -> crm_domain::Result<User>,
) -> Result<()> {
    let user = context.with_store(|store, control| {
        let found = find_user(&**control, who.tenant.as_deref(), &who.user)?;
        let user = work(&**control, &found)?;
        context.carry(store, found.tenant_id);
        Ok(user)
    })?;
    show(context, &user, outcome)
}

fn show(context: &Context, user: &User, outcome: &str) -> Result<()> {
    let shown = Shown::from(user);
    let called = shown.email.clone().or_else(|| shown.name.clone()).unwrap_or_default();
    Ok(context
        .output
        .result(&shown, || format!("User {} ({called}, {}) {outcome}.", shown.id, shown.role))?)
}
