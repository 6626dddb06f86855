//! Tokens: got by a password, exchanged for newer ones, ended.

use std::sync::Arc;

use actix_web::{HttpResponse, http::StatusCode};
use crm_domain::{
    field::Check,
    usecase::sign_in::{self, Claimed, SignInError, open_session, sign_out},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{LOGIN, LOGOUT, LoginResponse, REFRESH};
use crate::{
    families::saas::{
        answer::secret,
        context::{Body, Permit, Read},
        error::{BodyResponses, ErrorResponses, SaasError},
    },
    shared::{
        call::Call,
        json_body::Given,
        sign_in::{credentials, required},
        tenant::block,
    },
};

/// A login (contract C-12).
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::LoginRequest)]
pub(crate) struct LoginRequest {
    #[schema(value_type = String, example = "admin@company.com")]
    email: Given<String>,
    #[schema(value_type = String, example = "Admin@123")]
    password: Given<String>,
}

/// Signs in. An email identifies its tenant (contract C-10).
#[utoipa::path(
    post, path = LOGIN, tag = "auth", operation_id = "saas_login", request_body = LoginRequest,
    responses((status = 200, description = "Signed in", body = LoginResponse), ErrorResponses, BodyResponses)
)]
pub(crate) async fn login(call: Call, body: Body<LoginRequest>) -> Result<HttpResponse, SaasError> {
    let (email, password) = credentials(body.value.email, body.value.password)?;
    let attempt = call.app.sign_in.guard.attempt(&email, call.client).map_err(SaasError::TooEarly)?;
    let control = Arc::clone(&call.app.control);
    let claimed = block(move || sign_in::candidate(&*control, &email)).await?;
    if let Some(claimed) = &claimed {
        call.set_claimant(claimed);
    }
    let hash = claimed.as_ref().and_then(Claimed::password);
    let right = call.app.sign_in.verify(hash.cloned(), password).await?;
    let Some(Claimed { user, .. }) = claimed.filter(|_| right) else {
        attempt.failed();
        return Err(SignInError::BadCredentials.into());
    };
    attempt.succeeded();
    let app = Arc::clone(&call.app);
    let signed_in = block(move || open_session(&*app.control, &*app.entropy, user, app.settings.tokens.refresh_lifetime()));
    let answer = LoginResponse::of(&call, signed_in.await??).await?;
    Ok(secret(StatusCode::OK).json(answer))
}

/// What an access token is renewed with (contract C-17).
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::RefreshRequest)]
pub(crate) struct RefreshRequest {
    #[schema(value_type = String)]
    refresh_token: Given<String>,
}

/// New tokens (contract C-18).
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::RefreshResponse)]
pub(crate) struct RefreshResponse {
    token: String,
    /// Replaces the one sent, which is used up.
    refresh_token: String,
    /// Seconds that the access token is valid.
    #[schema(example = 3600)]
    expires_in: u64,
}

/// Exchanges a refresh token for new tokens. Each is good once; one that is used again later than 30 seconds ends its session
/// (contract X-83).
#[utoipa::path(
    post, path = REFRESH, tag = "auth", operation_id = "saas_refresh", request_body = RefreshRequest,
    responses((status = 200, description = "New tokens", body = RefreshResponse), ErrorResponses, BodyResponses)
)]
pub(crate) async fn refresh(call: Call, body: Body<RefreshRequest>) -> Result<HttpResponse, SaasError> {
    let mut check = Check::new();
    let presented = required("refresh_token", body.value.refresh_token, &mut check);
    let presented = check.finish_with(presented)?;
    let app = Arc::clone(&call.app);
    let refreshed = block(move || {
        let lifetime = app.settings.tokens.refresh_lifetime();
        sign_in::refresh(&*app.control, &*app.clock, &app.secrets.refresh, &presented, lifetime)
    });
    let refreshed = refreshed.await?.map_err(|refused| {
        if let Some(claimed) = &refused.claimed {
            call.set_claimant(claimed);
        }
        refused.why
    });
    let LoginResponse {
        token,
        refresh_token,
        expires_in,
        ..
    } = LoginResponse::of(&call, refreshed?).await?;
    Ok(secret(StatusCode::OK).json(RefreshResponse {
        token,
        refresh_token,
        expires_in,
    }))
}

/// Ends the session: its access tokens and refresh tokens die at once, on every node.
#[utoipa::path(
    post, path = LOGOUT, tag = "auth", operation_id = "saas_logout",
    responses((status = 204, description = "Signed out"), ErrorResponses),
    security(("accessToken" = []))
)]
pub(crate) async fn logout(call: Call, permit: Permit<Read>) -> Result<HttpResponse, SaasError> {
    let (control, session) = (Arc::clone(&call.app.control), permit.session());
    block(move || sign_out(&*control, session)).await?;
    Ok(HttpResponse::NoContent().finish())
}
