//! The current user's API keys (contract D-17 … D-20, D-207 … D-216, X-155).
//!
//! A key's scopes are a part of its maker's rights: what a role may not do, its users' keys cannot either.

use std::sync::Arc;

use actix_web::{HttpResponse, http::StatusCode, web};
use crm_domain::{
    Error,
    control::{
        ControlStore,
        api_key::{ApiKey as Entity, ApiKeyDraft, ApiKeyFields, KeyFamily},
        user::Role,
    },
    error::{FieldError, Problem},
    field::{Check, Patch},
    id::{ApiKeyId, RecordId, id_in, uuid_of},
    tenant::change::Origin,
    usecase::api_keys,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    answer::{Success, secret},
    context::{Body, Browser},
    error::{ApiError, BodyResponses, ErrorResponses, LookupResponses},
    id,
};
use crate::shared::{
    call::Call,
    json_body::{Decimal, Given},
    mint::Minting,
    tenant::block,
};

pub(super) const PATH: &str = "/api/api-keys";
pub(super) const ITEM: &str = "/api/api-keys/{id}";

/// A new key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::ApiKeyRequest)]
pub(super) struct ApiKeyRequest {
    #[schema(value_type = String, example = "My Integration")]
    label: Given<String>,
    #[schema(value_type = Vec<String>, min_items = 1, example = json!(["contacts:read", "contacts:write"]))]
    scopes: Given<Vec<String>>,
    /// The family's default when left out.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 100_000_000, example = 60)]
    rate_limit_per_minute: Given<Decimal>,
}

impl ApiKeyRequest {
    fn parse(self, call: &Call) -> crm_domain::Result<ApiKeyFields> {
        let mut check = Check::new();
        let grants: Patch<Vec<String>> = self.scopes.patch("grants", &mut check);
        if !matches!(&grants, Patch::Set(scopes) if !scopes.is_empty()) {
            check.fail("grants", Problem::Required);
        }
        let draft = ApiKeyDraft {
            name: self.label.patch("name", &mut check),
            rate_limit: self.rate_limit_per_minute.patch("rate_limit", &mut check),
            grants,
            ..ApiKeyDraft::default()
        };
        ApiKeyFields::parse(draft, KeyFamily::Contacts, Role::Admin, call.app.clock.now(), check).map_err(called)
    }
}

/// Calls the fields of a key by this family's names.
fn called(error: Error) -> Error {
    let Error::Invalid(errors) = error else { return error };
    let own = |field: String| match field.as_str() {
        "name" => "label".to_owned(),
        "grants" => "scopes".to_owned(),
        "rate_limit" => "rate_limit_per_minute".to_owned(),
        _ => field,
    };
    let renamed = errors.into_iter().map(|FieldError { field, problem }| FieldError {
        field: own(field),
        problem,
    });
    Error::Invalid(renamed.collect())
}

/// A key as its making shows it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::NewApiKey)]
pub(super) struct NewApiKey {
    #[schema(format = Uuid)]
    id: String,
    #[schema(example = "My Integration")]
    label: String,
    #[schema(example = json!(["contacts:read", "contacts:write"]))]
    scopes: Vec<String>,
    #[schema(example = 60)]
    rate_limit_per_minute: u32,
    #[schema(example = "2024-01-15T10:30:00Z")]
    created_at: String,
}

/// A key as lists show it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::ApiKey)]
pub(super) struct ApiKey {
    #[serde(flatten)]
    key: NewApiKey,
    /// Requests made with it; counted with a short delay.
    #[schema(example = 1250)]
    request_count: i64,
    last_used_at: Option<String>,
    revoked_at: Option<String>,
    is_active: bool,
}

impl NewApiKey {
    fn of(key: &Entity, usual: u32) -> Self {
        Self {
            id: uuid_of(key.id, key.created_at).to_string(),
            label: key.fields.name.to_string(),
            scopes: key.fields.grants.clone(),
            rate_limit_per_minute: key.fields.rate_limit.unwrap_or(usual),
            created_at: key.created_at.to_second_precision(),
        }
    }
}

impl ApiKey {
    fn of(key: &Entity, call: &Call) -> Self {
        let is_expired = key.fields.expires_at.is_some_and(|at| at <= call.received_at);
        Self {
            key: NewApiKey::of(key, call.app.settings.rate_limits.contacts),
            request_count: key.request_count,
            last_used_at: key.last_used_at.map(|at| at.to_second_precision()),
            revoked_at: key.revoked_at.map(|at| at.to_second_precision()),
            is_active: key.revoked_at.is_none() && !is_expired,
        }
    }
}

/// The keys of a user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = contacts::ApiKeys)]
pub(super) struct ApiKeys {
    /// Always `true`.
    success: bool,
    keys: Vec<ApiKey>,
}

/// A key, shown this once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::ApiKeyResponse)]
pub(super) struct ApiKeyResponse {
    /// Always `true`.
    success: bool,
    #[schema(example = "API key created successfully. Copy the key now - it won't be shown again.")]
    message: &'static str,
    #[schema(example = "crm_…")]
    key: String,
    api_key: NewApiKey,
}

/// Lists the keys that the user has made, newest first, revoked ones included.
#[utoipa::path(
    get, path = PATH, tag = "contacts api keys", operation_id = "contacts_list_api_keys",
    responses((status = 200, description = "The user's keys", body = ApiKeys), ErrorResponses),
    security(("contacts_session" = []))
)]
pub(super) async fn list(call: Call, browser: Browser) -> Result<HttpResponse, ApiError> {
    let (control, tenant, user) = (Arc::clone(&call.app.control), browser.user().tenant_id, browser.user().id);
    let keys = block(move || control.reading(|reader| reader.api_keys().list_of_user(tenant, user, KeyFamily::Contacts))).await?;
    Ok(HttpResponse::Ok().json(ApiKeys {
        success: true,
        keys: keys.iter().map(|key| ApiKey::of(key, &call)).collect(),
    }))
}

/// Makes a key. The answer shows it, once: it is never shown again, also not to a request repeated with the same `Idempotency-Key`, which is
/// answered 409.
#[utoipa::path(
    post, path = PATH, tag = "contacts api keys", operation_id = "contacts_create_api_key", request_body = ApiKeyRequest,
    responses((status = 201, description = "The new key", body = ApiKeyResponse), ErrorResponses, BodyResponses),
    security(("contacts_session" = []))
)]
pub(super) async fn create(call: Call, browser: Browser, body: Body<ApiKeyRequest>) -> Result<HttpResponse, ApiError> {
    // Whoever may not give a scope is forbidden to, by `api_keys::mint`; the scope itself is right.
    let fields = body.value.parse(&call)?;
    let minting = Minting {
        call: &call,
        tenant: &browser.tenant,
        creator: browser.user().id,
        family: KeyFamily::Contacts,
    };
    let made = minting.mint(body.guard.as_ref(), fields).await?;
    Ok(secret(StatusCode::CREATED).json(ApiKeyResponse {
        success: true,
        message: "API key created successfully. Copy the key now - it won't be shown again.",
        key: made.0.as_str().to_owned(),
        api_key: NewApiKey::of(&made.1, call.app.settings.rate_limits.contacts),
    }))
}

/// Revokes a key of the user: the very next request with it is turned away. Revoking it twice changes nothing.
#[utoipa::path(
    delete, path = ITEM, tag = "contacts api keys", operation_id = "contacts_revoke_api_key",
    params(("id" = String, Path, format = Uuid)),
    responses((status = 200, description = "It is revoked", body = Success), ErrorResponses, LookupResponses),
    security(("contacts_session" = []))
)]
pub(super) async fn revoke(browser: Browser, path: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let uuid = id::parse::<ApiKeyId>(&path)?;
    let (tenant, user) = (browser.user().tenant_id, browser.user().id);
    let revoke = move |control: &dyn ControlStore, origin: &Origin| {
        let id: ApiKeyId = id_in(uuid);
        let key = api_keys::lookup(control, tenant, id)?;
        if uuid_of(key.id, key.created_at) != uuid {
            return Err(Error::not_found(ApiKeyId::NOUN, uuid));
        }
        api_keys::revoke_own(control, origin, tenant, user, KeyFamily::Contacts, id)
    };
    browser.tenant.administer(revoke).await?;
    Ok(HttpResponse::Ok().json(Success::saying("API key revoked successfully")))
}
