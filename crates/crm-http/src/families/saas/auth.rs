//! Registering, signing in and out, refreshing (contract C-06 … C-20).
//!
//! `Idempotency-Key` means nothing here: a login and a refresh create no record, and a registration is guarded by its unique email.

mod account;
mod password;
mod token;

pub(super) use account::{__path_me, __path_register, me, register};
pub(super) use password::{__path_accept_invitation, __path_change_password, accept_invitation, change_password};
pub(super) use token::{__path_login, __path_logout, __path_refresh, login, logout, refresh};

use crm_domain::usecase::sign_in::SignedIn;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    error::SaasError,
    id::{TENANT, USER, show},
};
use crate::shared::call::Call;

pub(super) const REGISTER: &str = "/api/auth/register";
pub(super) const LOGIN: &str = "/api/auth/login";
pub(super) const REFRESH: &str = "/api/auth/refresh";
pub(super) const LOGOUT: &str = "/api/auth/logout";
pub(super) const CHANGE_PASSWORD: &str = "/api/auth/change-password";
pub(super) const ACCEPT_INVITATION: &str = "/api/auth/accept-invitation";
pub(super) const ME: &str = "/api/auth/me";

/// The answer of a login and of a registration (contract C-13, X-81).
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::LoginResponse)]
pub(crate) struct LoginResponse {
    /// The access token.
    token: String,
    /// Gets the next access token, once.
    refresh_token: String,
    /// Seconds that the access token is valid.
    #[schema(example = 3600)]
    expires_in: u64,
    #[schema(example = "tenant_789")]
    tenant_id: String,
    #[schema(example = "user_456")]
    user_id: String,
}

impl LoginResponse {
    /// Signs the access token of a session just opened, and notes its user on the call, so that the request log shows who it was.
    async fn of(call: &Call, signed_in: SignedIn) -> Result<Self, SaasError> {
        let user = &signed_in.user;
        if let Some(principal) = call.app.auth.user_principal(user.id, signed_in.session).await? {
            call.set_user(principal);
        }
        Ok(Self {
            token: call.app.sign_in.tokens.sign(user, signed_in.session)?,
            refresh_token: signed_in.refresh_token.as_str().to_owned(),
            expires_in: call.app.sign_in.tokens.lifetime().as_secs(),
            tenant_id: show(TENANT, user.tenant_id),
            user_id: show(USER, user.id),
        })
    }
}
