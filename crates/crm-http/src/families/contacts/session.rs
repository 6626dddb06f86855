//! Browsers' sessions: signing in and out, and who is signed in (contract D-154 … D-164, X-142 … X-145).

use std::sync::Arc;

use actix_web::{
    HttpResponse,
    http::{StatusCode, header::SET_COOKIE},
};
use crm_domain::{
    control::user::User as Entity,
    field::Email,
    id::uuid_of,
    usecase::{
        browser_session,
        sign_in::{self, Claimed, sign_out},
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    answer::{Success, secret},
    context::{Body, Browser},
    error::{ApiError, BodyResponses, ErrorResponses},
};
use crate::{
    settings::SessionSettings,
    shared::{call::Call, csrf, json_body::Given, session_cookie::COOKIE_NAME, sign_in::credentials, tenant::block},
};

pub(super) const LOGIN: &str = "/api/login";
pub(super) const LOGOUT: &str = "/api/logout";
pub(super) const USER: &str = "/api/auth/user";

/// A login. Not `Debug`: it would show the password.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::LoginRequest)]
pub(super) struct LoginRequest {
    #[schema(value_type = String, example = "user@example.com")]
    email: Given<String>,
    #[schema(value_type = String)]
    password: Given<String>,
}

/// A user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = contacts::User)]
pub(super) struct User {
    #[schema(format = Uuid)]
    id: String,
    #[schema(example = "user@example.com")]
    email: Option<String>,
    #[schema(example = "User Name")]
    name: Option<String>,
}

impl From<&Entity> for User {
    fn from(user: &Entity) -> Self {
        Self {
            id: uuid_of(user.id, user.created_at).to_string(),
            email: user.email.clone().map(Email::into_inner),
            name: user.name.clone().map(|name| name.into_inner()),
        }
    }
}

/// The answer to a login.
#[derive(Serialize, ToSchema)]
#[schema(as = contacts::LoginResponse)]
pub(super) struct LoginResponse {
    /// Always `true`.
    success: bool,
    user: User,
    /// Goes with this session: a page that sends it in `X-CSRF-Token` may write whatever site it is on. The session itself is in the cookie.
    token: String,
}

/// Signs in: the answer sets the session's cookie. Failed logins slow further ones down.
#[utoipa::path(
    post, path = LOGIN, tag = "contacts session", operation_id = "contacts_login", request_body = LoginRequest,
    responses(
        (status = 200, description = "Signed in", body = LoginResponse, headers(("Set-Cookie" = String))),
        ErrorResponses, BodyResponses
    )
)]
pub(super) async fn login(call: Call, body: Body<LoginRequest>) -> Result<HttpResponse, ApiError> {
    let (email, password) = credentials(body.value.email, body.value.password)?;
    let attempt = call.app.sign_in.guard.attempt(&email, call.client).map_err(ApiError::TooEarly)?;
    let control = Arc::clone(&call.app.control);
    let claimed = block(move || sign_in::candidate(&*control, &email)).await?;
    if let Some(claimed) = &claimed {
        call.set_claimant(claimed);
    }
    let hash = claimed.as_ref().and_then(Claimed::password);
    let right = call.app.sign_in.verify(hash.cloned(), password).await?;
    let Some(Claimed { user, .. }) = claimed.filter(|_| right) else {
        attempt.failed();
        return Err(ApiError::BadCredentials);
    };
    attempt.succeeded();
    let (app, who) = (Arc::clone(&call.app), user.clone());
    let opened = block(move || browser_session::open(&*app.control, &*app.entropy, &who, app.settings.sessions.lifetime())).await?;
    let (session, cookie) = opened.map_err(|_| ApiError::BadCredentials)?;
    if let Some(principal) = call.app.auth.user_principal(user.id, session.id).await? {
        call.set_user(principal);
    }
    let answer = LoginResponse {
        success: true,
        user: User::from(&user),
        token: csrf::token(&cookie),
    };
    let settings = &call.app.settings.sessions;
    let cookie = set_cookie(settings, cookie.as_str(), settings.lifetime_seconds);
    Ok(secret(StatusCode::OK).insert_header((SET_COOKIE, cookie)).json(answer))
}

/// A cookie that scripts cannot read and other sites' writes do not carry. Its value is of letters, digits, `-` and `_`.
fn set_cookie(settings: &SessionSettings, value: &str, lifetime_seconds: u64) -> String {
    let secure = if settings.secure_cookie { "; Secure" } else { "" };
    format!("{COOKIE_NAME}={value}; Path=/; Max-Age={lifetime_seconds}; HttpOnly; SameSite=Lax{secure}")
}

/// An answer that makes the browser forget its session's cookie.
pub(super) fn goodbye(call: &Call, message: Option<&'static str>) -> HttpResponse {
    let forgotten = set_cookie(&call.app.settings.sessions, "", 0);
    let answer = message.map_or_else(Success::new, Success::saying);
    HttpResponse::Ok().insert_header((SET_COOKIE, forgotten)).json(answer)
}

/// Ends the session: its cookie is worth nothing from now on, on every node.
#[utoipa::path(
    post, path = LOGOUT, tag = "contacts session", operation_id = "contacts_logout",
    responses((status = 200, description = "Signed out", body = Success), ErrorResponses),
    security(("contacts_session" = []))
)]
pub(super) async fn logout(call: Call, browser: Browser) -> Result<HttpResponse, ApiError> {
    let (control, session) = (Arc::clone(&call.app.control), browser.principal.session.id);
    block(move || sign_out(&*control, session)).await?;
    Ok(goodbye(&call, None))
}

/// Shows who is signed in.
#[utoipa::path(
    get, path = USER, tag = "contacts session", operation_id = "contacts_current_user",
    responses((status = 200, description = "The user", body = User), ErrorResponses),
    security(("contacts_session" = []))
)]
pub(super) async fn user(browser: Browser) -> HttpResponse {
    HttpResponse::Ok().json(User::from(browser.user()))
}
