//! The shapes of a user.

use crm_domain::{
    Error, Result,
    control::user::{Password, Role, User, UserChanges, UserDraft, UserFields},
    field::{Check, Patch},
    stamp::Stamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    families::saas::id::{TENANT, USER, in_body, show},
    shared::json_body::Given,
};

/// A new user. Not `Debug`: it would show the password.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::UserRequest)]
pub(crate) struct UserRequest {
    /// Unique over the deployment, whatever its case, so that a login finds its tenant.
    #[schema(value_type = String, example = "sam@company.com")]
    email: Given<String>,
    #[schema(value_type = String, min_length = 8, max_length = 128)]
    password: Given<String>,
    #[schema(value_type = Option<String>, example = "Sam Seller")]
    name: Given<String>,
    /// `Admin`, `Manager` or `User`, which is what it is when left out.
    #[schema(value_type = Option<String>, example = "User")]
    role: Given<String>,
    /// The user it reports to.
    #[schema(value_type = Option<String>, example = "user_456")]
    manager_id: Given<String>,
    #[schema(value_type = Option<String>, example = "Berlin")]
    office: Given<String>,
}

impl UserRequest {
    pub(super) fn parse(self) -> Result<(UserFields, Password)> {
        let mut check = Check::new();
        let given: Patch<String> = self.password.patch("password", &mut check);
        let password = check.required("password", given, None, Password::parse);
        let draft = UserDraft {
            email: self.email.patch("email", &mut check),
            name: self.name.patch("name", &mut check),
            role: self.role.patch("role", &mut check),
            manager_id: in_body(self.manager_id, USER, "manager_id", &mut check),
            office: self.office.patch("office", &mut check),
        };
        let fields = UserFields::parse(draft, check)?;
        let password = password.ok_or_else(|| Error::Internal("a password is missing without a problem noted".to_owned()))?;
        Ok((fields, password))
    }
}

/// The fields of a user to change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::UserChanges)]
pub(crate) struct UserUpdate {
    #[schema(value_type = Option<String>, example = "Sam Seller")]
    name: Given<String>,
    /// The user it reports to; nobody who reports to it.
    #[schema(value_type = Option<String>, example = "user_456")]
    manager_id: Given<String>,
    #[schema(value_type = Option<String>, example = "Berlin")]
    office: Given<String>,
}

impl UserUpdate {
    pub(super) fn changes(self, check: &mut Check) -> UserChanges {
        UserChanges {
            name: self.name.patch("name", check),
            manager_id: in_body(self.manager_id, USER, "manager_id", check),
            office: self.office.patch("office", check),
        }
    }
}

/// A user's new role.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::RoleRequest)]
pub(crate) struct RoleRequest {
    /// `Admin`, `Manager` or `User`.
    #[schema(value_type = String, example = "Manager")]
    role: Given<String>,
}

impl RoleRequest {
    pub(super) fn parse(self) -> Result<Role> {
        let mut check = Check::new();
        let given = self.role.patch("role", &mut check);
        let role = check.required("role", given, None, Role::parse);
        check.finish_with(role)
    }
}

/// A user.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::User)]
pub(crate) struct UserInfo {
    #[schema(example = "user_456")]
    id: String,
    /// Null for the owners that an import made; they cannot sign in.
    email: Option<String>,
    name: Option<String>,
    /// `Admin`, `Manager` or `User`.
    #[schema(example = "User")]
    role: &'static str,
    /// Whether it may enter.
    is_active: bool,
    /// The user it reports to.
    #[schema(example = "user_456")]
    manager_id: Option<String>,
    office: Option<String>,
    #[schema(example = "2026-01-17T10:30:00Z")]
    created_at: String,
    #[schema(example = "2026-01-17T10:30:00Z")]
    updated_at: String,
    /// When it last signed in with its password.
    #[schema(example = "2026-01-17T10:30:00Z")]
    last_login_at: Option<String>,
    #[schema(example = "tenant_789")]
    tenant_id: String,
}

impl UserInfo {
    pub(crate) fn of(user: User) -> Self {
        Self {
            id: show(USER, user.id),
            email: user.email.map(|email| email.into_inner()),
            name: user.name.map(|text| text.into_inner()),
            role: user.role.as_str(),
            is_active: user.is_active,
            manager_id: user.manager_id.map(|id| show(USER, id)),
            office: user.office.map(|text| text.into_inner()),
            created_at: user.created_at.to_second_precision(),
            updated_at: user.updated_at.to_second_precision(),
            last_login_at: user.last_login_at.map(Stamp::to_second_precision),
            tenant_id: show(TENANT, user.tenant_id),
        }
    }
}
