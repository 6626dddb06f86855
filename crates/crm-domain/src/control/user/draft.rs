//! A user as an Admin enters it.

use super::{NewUser, PasswordHash, Role, User};
use crate::{
    error::Result,
    field::{Check, Email, Patch, Text},
    id::{TenantId, UserId},
};

/// What an Admin says of a new user, who signs in with the email.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of User")]
pub struct UserFields {
    pub email: Email,
    pub name: Option<Text<255>>,
    pub role: Role,
    pub manager_id: Option<UserId>,
    pub office: Option<Text<100>>,
}

/// The same, unparsed. The role is `User` when left out.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the fields of User")]
pub struct UserDraft {
    pub email: Patch<String>,
    pub name: Patch<String>,
    pub role: Patch<String>,
    pub manager_id: Patch<UserId>,
    pub office: Patch<String>,
}

impl UserFields {
    /// Parses a new user's fields.
    pub fn parse(draft: UserDraft, mut check: Check) -> Result<Self> {
        let email = check.required("email", draft.email, None, Email::parse);
        let name = check.optional("name", draft.name, None, Text::parse);
        let role = check.required("role", draft.role, Some(Role::User), Role::parse);
        let office = check.optional("office", draft.office, None, Text::parse);
        let manager_id = draft.manager_id.or_current(None);
        check.finish_with(email.zip(role).map(|(email, role)| Self {
            email,
            name,
            role,
            manager_id,
            office,
        }))
    }

    /// The user with this password, for the store.
    pub fn with_password(self, tenant_id: TenantId, password: PasswordHash) -> NewUser {
        NewUser {
            tenant_id,
            email: Some(self.email),
            name: self.name,
            role: self.role,
            password: Some(password),
            manager_id: self.manager_id,
            office: self.office,
        }
    }
}

/// What can be changed of a user like a record's field. The role, the password and whether it may enter have operations of their own.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the fields of User")]
pub struct UserChanges {
    pub name: Patch<String>,
    pub manager_id: Patch<UserId>,
    pub office: Patch<String>,
}

impl UserChanges {
    /// The user with the changes.
    pub fn apply(self, user: User, mut check: Check) -> Result<User> {
        let name = check.optional("name", self.name, user.name, Text::parse);
        let office = check.optional("office", self.office, user.office, Text::parse);
        let manager_id = self.manager_id.or_current(user.manager_id);
        check.finish()?;
        Ok(User {
            name,
            office,
            manager_id,
            ..user
        })
    }
}
