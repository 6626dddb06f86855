//! A tenant's registration, and what a signed-in user sees of itself.

use std::sync::Arc;

use actix_web::{HttpResponse, http::StatusCode};
use crm_domain::{
    control::user::User,
    field::Check,
    usecase::{
        register::{self, Registrar, Registration, RegistrationDraft},
        sign_in::open_session,
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{LoginResponse, ME, REGISTER};
use crate::{
    families::saas::{
        answer::secret,
        context::{Body, Permit, Read},
        error::{BodyResponses, ConflictResponses, ErrorResponses, SaasError},
        id::{TENANT, USER, show},
    },
    shared::{
        call::Call,
        json_body::Given,
        tenant::{block, carry},
    },
};

/// A registration (contract C-07).
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::RegisterRequest)]
pub(crate) struct RegisterRequest {
    /// Unique over the deployment, so that a login finds its tenant.
    #[schema(value_type = String, example = "admin@company.com")]
    email: Given<String>,
    #[schema(value_type = String, example = "Admin@123", min_length = 8, max_length = 128)]
    password: Given<String>,
    #[schema(value_type = String, example = "My Company")]
    tenant_name: Given<String>,
    /// The tenant's name when left out.
    #[schema(value_type = Option<String>, example = "Acme Corp")]
    company_name: Given<String>,
    /// The first user's own name.
    #[schema(value_type = Option<String>)]
    name: Given<String>,
}

impl RegisterRequest {
    fn parse(self) -> crm_domain::Result<Registration> {
        let mut check = Check::new();
        let draft = RegistrationDraft {
            email: self.email.patch("email", &mut check),
            password: self.password.patch("password", &mut check),
            tenant_name: self.tenant_name.patch("tenant_name", &mut check),
            company_name: self.company_name.patch("company_name", &mut check),
            user_name: self.name.patch("user_name", &mut check),
        };
        Registration::parse(draft, check)
    }
}

/// Registers a tenant with its first user, an Admin, and signs it in. The setting `auth.registration` says who may.
#[utoipa::path(
    post, path = REGISTER, tag = "auth", operation_id = "saas_register", request_body = RegisterRequest,
    responses((status = 201, description = "Registered and signed in", body = LoginResponse), ErrorResponses, ConflictResponses, BodyResponses)
)]
pub(crate) async fn register(call: Call, body: Body<RegisterRequest>) -> Result<HttpResponse, SaasError> {
    let registration = body.value.parse()?;
    call.app.settings.registration.check_open()?;
    let hash = call.app.sign_in.hash(registration.password.clone()).await?;
    let (app, family) = (Arc::clone(&call.app), call.family.name());
    let signed_in = block(move || {
        let registrar = Registrar::Itself {
            family,
            policy: app.settings.registration,
        };
        let (_, user) = register::register(
            &*app.control,
            &*app.tenants,
            &*app.clock,
            &*app.entropy,
            &registrar,
            &registration,
            hash,
        )?;
        open_session(&*app.control, &*app.entropy, user, app.settings.tokens.refresh_lifetime())
    });
    let signed_in = signed_in.await??;
    carry(&call.app, signed_in.user.tenant_id).await;
    let answer = LoginResponse::of(&call, signed_in).await?;
    Ok(secret(StatusCode::CREATED).json(answer))
}

/// The signed-in user.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::Me)]
pub(crate) struct Me {
    #[schema(example = "user_456")]
    id: String,
    email: Option<String>,
    name: Option<String>,
    /// `Admin`, `Manager` or `User`.
    #[schema(example = "Admin")]
    role: &'static str,
    #[schema(example = "tenant_789")]
    tenant_id: String,
    tenant_name: String,
    company_name: String,
    #[schema(example = "2026-01-17T10:30:00Z")]
    created_at: String,
}

/// Shows the signed-in user and its tenant.
#[utoipa::path(
    get, path = ME, tag = "auth", operation_id = "saas_me",
    responses((status = 200, description = "Who the access token stands for", body = Me), ErrorResponses),
    security(("accessToken" = []))
)]
pub(crate) async fn me(permit: Permit<Read>) -> HttpResponse {
    let (user, tenant): (&User, _) = (permit.user(), &permit.tenant.tenant);
    HttpResponse::Ok().json(Me {
        id: show(USER, user.id),
        email: user.email.as_ref().map(|email| email.as_str().to_owned()),
        name: user.name.as_ref().map(ToString::to_string),
        role: user.role.as_str(),
        tenant_id: show(TENANT, tenant.id),
        tenant_name: tenant.name.to_string(),
        company_name: tenant.company_name.to_string(),
        created_at: user.created_at.to_second_precision(),
    })
}
