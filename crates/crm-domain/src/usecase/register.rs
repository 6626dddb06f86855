//! Registering a tenant with its first user (contract C-06 … C-10, X-81, X-82; `auth.registration` as decided).

use crate::{
    clock::{Clock, Entropy, uuid_at},
    control::{
        ControlStore,
        tenant::{NewTenant, Tenant},
        user::{self, NewUser, Password, PasswordHash, Role, User},
    },
    error::{Error, Problem, Result},
    field::{Check, Email, Patch, Text},
    tenant::{Tenants, change::Origin},
};

/// Who may register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RegistrationPolicy {
    /// Only while no tenant exists.
    #[default]
    First,
    /// Everybody.
    Open,
    /// Nobody: tenants are made on the command line.
    Closed,
}

impl RegistrationPolicy {
    /// Reads the setting.
    pub fn parse(word: &str) -> Result<Self, Problem> {
        match word {
            "first" => Ok(Self::First),
            "open" => Ok(Self::Open),
            "closed" => Ok(Self::Closed),
            _ => Err(Problem::Choice {
                allowed: ["first", "open", "closed"].map(str::to_owned).to_vec(),
            }),
        }
    }

    /// What is known without a database: asked before a password is hashed, which costs more.
    ///
    /// # Errors
    /// [`Error::Forbidden`] when nobody may register.
    pub fn check_open(self) -> Result<()> {
        match self {
            Self::Closed => Err(Error::Forbidden("Registration is closed".to_owned())),
            Self::First | Self::Open => Ok(()),
        }
    }
}

/// Who makes a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registrar {
    /// The user that becomes its Admin.
    Itself {
        /// The endpoint family's name.
        family: &'static str,
        /// Whether it may.
        policy: RegistrationPolicy,
    },
    /// Whoever runs the deployment, who may.
    Operator(Origin),
}

impl Registrar {
    fn policy(&self) -> RegistrationPolicy {
        match self {
            Self::Itself { policy, .. } => *policy,
            Self::Operator(_) => RegistrationPolicy::Open,
        }
    }
}

/// A valid registration.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Registration {
    pub email: Email,
    pub password: Password,
    pub tenant_name: Text<255>,
    pub company_name: Text<255>,
    pub user_name: Option<Text<255>>,
}

/// A registration, unparsed. Not [`Debug`](std::fmt::Debug): it would show the password.
#[derive(Clone, Default)]
#[allow(missing_docs, reason = "the fields of Registration")]
pub struct RegistrationDraft {
    pub email: Patch<String>,
    pub password: Patch<String>,
    pub tenant_name: Patch<String>,
    /// Left out, the tenant's name.
    pub company_name: Patch<String>,
    pub user_name: Patch<String>,
}

impl Registration {
    /// Parses a registration.
    pub fn parse(draft: RegistrationDraft, mut check: Check) -> Result<Self> {
        let email = check.required("email", draft.email, None, Email::parse);
        let password = check.required("password", draft.password, None, Password::parse);
        let tenant_name = check.required("tenant_name", draft.tenant_name, None, Text::parse);
        let company_name = check
            .optional("company_name", draft.company_name, None, Text::parse)
            .or(tenant_name.clone());
        let user_name = check.optional("user_name", draft.user_name, None, Text::parse);
        let whole = email.zip(password).zip(tenant_name.zip(company_name));
        check.finish_with(whole.map(|((email, password), (tenant_name, company_name))| Self {
            email,
            password,
            tenant_name,
            company_name,
            user_name,
        }))
    }
}

/// Makes the tenant's database, then the tenant and its Admin in one transaction. `hash` is the password's, made on the caller's bounded pool.
/// `registrar` is who makes them.
///
/// # Errors
/// [`Error::Forbidden`] by policy, [`Error::Duplicate`] for a taken email.
pub fn register(
    control: &dyn ControlStore,
    tenants: &dyn Tenants,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
    registrar: &Registrar,
    registration: &Registration,
    hash: PasswordHash,
) -> Result<(Tenant, User)> {
    let policy = registrar.policy();
    // Checked before a database is made, and again in the transaction, where it decides.
    control.reading(|reader| {
        let taken = reader.users().lookup_email(registration.email.as_str())?.is_some();
        admit(policy, reader.tenants().count()?, taken)
    })?;
    let location = tenants.provision()?;
    let made = control.writing(|unit| {
        let taken = unit.users().lookup_email(registration.email.as_str())?.is_some();
        admit(policy, unit.tenants().count()?, taken)?;
        let tenant = unit.tenants().add(NewTenant {
            uuid: uuid_at(clock.now(), entropy),
            name: registration.tenant_name.clone(),
            company_name: registration.company_name.clone(),
            location: location.clone(),
            tier: "default".to_owned(),
        })?;
        let new = NewUser {
            tenant_id: tenant.id,
            email: Some(registration.email.clone()),
            name: registration.user_name.clone(),
            role: Role::Admin,
            password: Some(hash.clone()),
            manager_id: None,
            office: None,
        };
        let user = match registrar {
            Registrar::Itself { family, .. } => user::add_itself(unit, family, new)?,
            Registrar::Operator(origin) => user::add(unit, origin, new)?,
        };
        Ok((tenant, user))
    });
    if made.is_err() {
        tenants.discard(&location)?;
    }
    made
}

fn admit(policy: RegistrationPolicy, tenants: u64, email_taken: bool) -> Result<()> {
    policy.check_open()?;
    if email_taken {
        return Err(Error::Duplicate {
            noun: "user",
            field: "email",
        });
    }
    match policy {
        RegistrationPolicy::First if tenants > 0 => Err(Error::Forbidden("Registration is closed: the first tenant exists".to_owned())),
        RegistrationPolicy::First | RegistrationPolicy::Open | RegistrationPolicy::Closed => Ok(()),
    }
}
