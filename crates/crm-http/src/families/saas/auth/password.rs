//! Passwords that people choose themselves: a new one for an old one, or one for an invitation.

use std::sync::Arc;

use actix_web::{HttpResponse, http::StatusCode};
use crm_domain::{
    control::{ControlUnit, user::Password},
    error::Problem,
    field::{Check, Email, Patch, Text},
    tenant::change::Origin,
    usecase::{
        invitations,
        users::{self, wrong_password},
    },
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{ACCEPT_INVITATION, CHANGE_PASSWORD, LoginResponse};
use crate::{
    families::saas::{
        answer::secret,
        context::{Body, Permit, Read},
        error::{BodyResponses, ConflictResponses, ErrorResponses, SaasError},
        id::{USER, show},
    },
    shared::{
        call::Call,
        idempotency::{self, Answer, Guard, IDEMPOTENT_REPLAYED},
        json_body::Given,
        sign_in::required,
        tenant::{block, carry},
    },
};

/// A new password for an old one. Not `Debug`: it would show both.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::ChangePasswordRequest)]
pub(crate) struct ChangePasswordRequest {
    #[schema(value_type = String, example = "Admin@123")]
    old_password: Given<String>,
    #[schema(value_type = String, min_length = 8, max_length = 128)]
    new_password: Given<String>,
}

impl ChangePasswordRequest {
    /// The old and the new password.
    fn parse(self) -> crm_domain::Result<(Password, Password)> {
        let mut check = Check::new();
        let old = required("old_password", self.old_password, &mut check).map(|text| Password::candidate(&text));
        let given: Patch<String> = self.new_password.patch("new_password", &mut check);
        let new = check.required("new_password", given, None, Password::parse);
        if old.is_some() && old == new {
            check.fail("new_password", Problem::Rule("must differ from the old one".to_owned()));
        }
        check.finish_with(old.zip(new))
    }
}

/// Changes the caller's password. All of its other sessions end. Wrong old passwords count as failed logins do.
#[utoipa::path(
    post, path = CHANGE_PASSWORD, tag = "auth", operation_id = "saas_change_password", request_body = ChangePasswordRequest,
    responses((status = 204, description = "The new password counts"), ErrorResponses, BodyResponses),
    params(("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key takes effect once")),
    security(("accessToken" = []))
)]
pub(crate) async fn change_password(
    call: Call,
    permit: Permit<Read>,
    body: Body<ChangePasswordRequest>,
) -> Result<HttpResponse, SaasError> {
    let guard = body.guard;
    // The old password is another one by now, where the request was sent before.
    if let Some(answer) = answered_before(&call, &permit, guard.clone()).await? {
        return Ok(nothing(&answer));
    }
    let (old, new) = body.value.parse()?;
    let (user, session) = (permit.user().clone(), permit.session());
    let account = user.email.as_ref().map_or_else(|| show(USER, user.id), Email::key);
    let attempt = call.app.sign_in.guard.attempt(&account, call.client).map_err(SaasError::TooEarly)?;
    if !call.app.sign_in.verify(user.password.clone(), old).await? {
        attempt.failed();
        return Err(wrong_password().into());
    }
    attempt.succeeded();
    let hash = call.app.sign_in.hash(new).await?;
    let change = move |unit: &mut dyn ControlUnit, origin: &Origin| {
        users::change_password(unit, origin, &user, session, hash)?;
        Ok((StatusCode::NO_CONTENT, String::new()))
    };
    let answer = permit.tenant.administer_once(&call.app.sealer, guard, change).await?;
    Ok(nothing(&answer))
}

/// The answer to the same request with the same `Idempotency-Key` before.
async fn answered_before(call: &Call, permit: &Permit<Read>, guard: Option<Guard>) -> crm_domain::Result<Option<Answer>> {
    let Some(guard) = guard else { return Ok(None) };
    let (control, vault) = (Arc::clone(&call.app.control), permit.tenant.vault(&call.app.sealer));
    block(move || control.writing(|unit| idempotency::control::known(unit, &vault, Some(&guard)))).await
}

fn nothing(answer: &Answer) -> HttpResponse {
    let mut response = HttpResponse::build(answer.status);
    if answer.replayed {
        response.insert_header((IDEMPOTENT_REPLAYED, "true"));
    }
    response.finish()
}

/// An accepted invitation. Not `Debug`: it would show the token and the password.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::AcceptInvitationRequest)]
pub(crate) struct AcceptInvitationRequest {
    /// As the creation of the invitation showed it.
    #[schema(value_type = String)]
    token: Given<String>,
    #[schema(value_type = String, min_length = 8, max_length = 128)]
    password: Given<String>,
    /// The person's name; the one in the invitation when left out.
    #[schema(value_type = Option<String>, example = "Sam Seller")]
    name: Given<String>,
}

impl AcceptInvitationRequest {
    fn parse(self) -> crm_domain::Result<(String, Password, Option<Text<255>>)> {
        let mut check = Check::new();
        let token = required("token", self.token, &mut check);
        let given: Patch<String> = self.password.patch("password", &mut check);
        let password = check.required("password", given, None, Password::parse);
        let given: Patch<String> = self.name.patch("name", &mut check);
        let name = check.optional("name", given, None, Text::parse);
        check.finish_with(token.zip(password).map(|(token, password)| (token, password, name)))
    }
}

/// Accepts an invitation: makes its user and signs it in. The token is good once.
#[utoipa::path(
    post, path = ACCEPT_INVITATION, tag = "auth", operation_id = "saas_accept_invitation", request_body = AcceptInvitationRequest,
    responses((status = 201, description = "Accepted and signed in", body = LoginResponse), ErrorResponses, ConflictResponses, BodyResponses)
)]
pub(crate) async fn accept_invitation(call: Call, body: Body<AcceptInvitationRequest>) -> Result<HttpResponse, SaasError> {
    let (presented, password, name) = body.value.parse()?;
    let app = Arc::clone(&call.app);
    let token = block(move || invitations::check(&*app.control, &*app.clock, &presented)).await??;
    let hash = call.app.sign_in.hash(password).await?;
    let (app, family) = (Arc::clone(&call.app), call.family.name());
    let signed_in = block(move || {
        let lifetime = app.settings.tokens.refresh_lifetime();
        invitations::accept(&*app.control, &*app.entropy, family, &token, name, hash, lifetime)
    });
    let signed_in = signed_in.await??;
    carry(&call.app, signed_in.user.tenant_id).await;
    let answer = LoginResponse::of(&call, signed_in).await?;
    Ok(secret(StatusCode::CREATED).json(answer))
}
