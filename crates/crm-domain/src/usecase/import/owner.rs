//! The users whom rows name as their owners.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use crate::{
    control::{
        ControlStore,
        user::{self, NewUser, Role, User},
    },
    error::Result,
    field::{Email, Text},
    id::{RecordId, TenantId, UserId},
    tenant::change::Origin,
};

use super::{ImportTarget, options::ImportOptions, report::ImportError};

/// The tenant's users, by name and email. Users of one name: the oldest is meant.
pub(super) struct Owners {
    control: Arc<dyn ControlStore>,
    tenant: TenantId,
    /// Who makes users for unknown names.
    origin: Origin,
    dry_run: bool,
    /// Owns rows that name nobody.
    pub(super) default: UserId,
    by_name: HashMap<String, UserId>,
    by_email: HashMap<String, UserId>,
}

impl Owners {
    /// Reads the tenant's users; who owns rows that name nobody is the user whom the options name, else the first active Admin.
    pub(super) fn load(target: &ImportTarget, options: &ImportOptions) -> Result<Self, ImportError> {
        let users = target.control.reading(|reader| reader.users().list(target.tenant))?;
        let mut owners = Self {
            control: Arc::clone(&target.control),
            tenant: target.tenant,
            origin: target.origin.clone(),
            dry_run: options.dry_run,
            default: UserId::from_i64(0),
            by_name: HashMap::new(),
            by_email: HashMap::new(),
        };
        for user in &users {
            owners.remember(user.id, user.name.as_deref(), user.email.as_ref());
        }
        owners.default = match (options.owner_id, options.default_owner.as_deref()) {
            (Some(id), _) => id,
            (None, Some(wanted)) => owners.chosen(wanted, &users)?,
            (None, None) => first_admin(&users)?,
        };
        Ok(owners)
    }

    /// The user with this name or email.
    pub(super) fn find(&self, text: &str) -> Option<UserId> {
        let key = key(text);
        self.by_email.get(&key).or_else(|| self.by_name.get(&key)).copied()
    }

    /// Makes users for the names that nobody has, in one transaction; returns how many. They have neither email nor password, so that
    /// nobody can sign in as them.
    pub(super) fn ensure(&mut self, names: &[Text<255>]) -> Result<u64> {
        let mut seen = HashSet::new();
        let unknown: Vec<&Text<255>> = names
            .iter()
            .filter(|name| self.find(name).is_none() && seen.insert(key(name)))
            .collect();
        if unknown.is_empty() {
            return Ok(0);
        }
        let ids = if self.dry_run {
            vec![UserId::from_i64(0); unknown.len()]
        } else {
            self.create(&unknown)?
        };
        for (name, id) in unknown.iter().zip(&ids) {
            self.remember(*id, Some(name), None);
        }
        Ok(ids.len() as u64)
    }

    fn create(&self, names: &[&Text<255>]) -> Result<Vec<UserId>> {
        let (tenant_id, origin) = (self.tenant, &self.origin);
        self.control.writing(|unit| {
            let add = |name: &&Text<255>| {
                let new = nameless_login(tenant_id, (*name).clone());
                user::add(unit, origin, new).map(|user| user.id)
            };
            names.iter().map(add).collect()
        })
    }

    fn remember(&mut self, id: UserId, name: Option<&str>, email: Option<&Email>) {
        if let Some(name) = name {
            self.by_name.entry(key(name)).or_insert(id);
        }
        if let Some(email) = email {
            self.by_email.insert(email.key(), id);
        }
    }

    fn chosen(&self, wanted: &str, users: &[User]) -> Result<UserId, ImportError> {
        let by_id = || users.iter().map(|user| user.id).find(|id| id.to_string() == wanted.trim());
        let unknown = || ImportError::Option(format!("the tenant has no user {wanted:?} to own the rows"));
        self.find(wanted).or_else(by_id).ok_or_else(unknown)
    }
}

/// A user whom only a file knows.
pub(super) fn nameless_login(tenant_id: TenantId, name: Text<255>) -> NewUser {
    NewUser {
        tenant_id,
        email: None,
        name: Some(name),
        role: Role::User,
        password: None,
        manager_id: None,
        office: None,
    }
}

/// What names are compared by.
pub(super) fn key(text: &str) -> String {
    text.trim().to_lowercase()
}

fn first_admin(users: &[User]) -> Result<UserId, ImportError> {
    let admin = users.iter().find(|user| user.role == Role::Admin && user.is_active);
    let missing = || ImportError::Option("the tenant has no active Admin: say who owns rows that name no owner".to_owned());
    admin.map(|user| user.id).ok_or_else(missing)
}
