//! API keys, as an Admin manages them (contract E-07 … E-17, X-159 … X-162).
//!
//! The document shows no credential beside `tenant_id`, which is no secret: an Admin's access token or session is asked for.

use std::{sync::Arc, time::Duration};

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use crm_domain::{
    Error,
    control::{
        ControlStore,
        api_key::{ApiKey as Entity, ApiKeyDraft, ApiKeyFields, KeyFamily},
        user::Role,
    },
    error::{FieldError, Problem},
    field::{Check, Patch, parse_integer},
    id::{ApiKeyId, id_in, uuid_of},
    stamp::Stamp,
    tenant::change::Origin,
    usecase::api_keys,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    answer::Done,
    context::{Administrator, Body},
    error::{ApiError, BodyResponses, ErrorResponses, LookupResponses},
    page::{PageParams, Place, Query},
};
use crate::{
    families::saas::answer::secret,
    shared::{
        call::Call,
        json_body::{Decimal, Given},
        mint::Minting,
        tenant::block,
    },
};

pub(super) const PATH: &str = "/api/external/api-keys";
pub(super) const ITEM: &str = "/api/external/api-keys/{id}";

/// A century: what lives longer does not end.
const DAYS_MAX: i64 = 36_500;
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// A new key.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = elevate::ApiKeyRequest)]
pub(super) struct ApiKeyRequest {
    #[schema(value_type = String, example = "Labyrinth OS Integration")]
    name: Given<String>,
    /// `read`, `write`, `webhook`; all of them when left out.
    #[schema(value_type = Option<Vec<String>>, example = json!(["read", "write", "webhook"]))]
    permissions: Given<Vec<String>>,
    /// After so many days it is refused; never when null or left out.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 36_500)]
    expires_in_days: Given<Decimal>,
}

impl ApiKeyRequest {
    fn parse(self, now: Stamp) -> crm_domain::Result<ApiKeyFields> {
        let mut check = Check::new();
        let grants: Patch<Vec<String>> = self.permissions.patch("grants", &mut check);
        if matches!(&grants, Patch::Set(permissions) if permissions.is_empty()) {
            check.fail("grants", Problem::Required);
        }
        let days: Patch<String> = self.expires_in_days.patch("expires_at", &mut check);
        let days = check.optional("expires_at", days, None, |text| parse_integer(text, 1, DAYS_MAX));
        let lifetime = days.and_then(|days| u32::try_from(days).ok()).map(|days| DAY * days);
        let draft = ApiKeyDraft {
            name: self.name.patch("name", &mut check),
            expires_at: lifetime.map_or(Patch::Keep, |lifetime| Patch::Set(now.plus(lifetime).to_microsecond_precision())),
            grants,
            ..ApiKeyDraft::default()
        };
        ApiKeyFields::parse(draft, KeyFamily::Elevate, Role::Admin, now, check).map_err(called)
    }
}

/// Calls the fields of a key by this family's names.
fn called(error: Error) -> Error {
    let Error::Invalid(errors) = error else { return error };
    let own = |field: String| match field.as_str() {
        "grants" => "permissions".to_owned(),
        "expires_at" => "expires_in_days".to_owned(),
        _ => field,
    };
    let renamed = errors.into_iter().map(|FieldError { field, problem }| FieldError {
        field: own(field),
        problem,
    });
    Error::Invalid(renamed.collect())
}

/// A new key, shown this once.
#[derive(Serialize, ToSchema)]
#[schema(as = elevate::NewApiKey)]
pub(super) struct NewApiKey {
    id: Uuid,
    #[schema(example = "Labyrinth OS Integration")]
    name: String,
    /// The key itself.
    #[schema(example = "elk_…")]
    key: String,
    #[schema(example = json!(["read", "write", "webhook"]))]
    permissions: Vec<&'static str>,
    #[schema(format = DateTime, example = "2026-01-10T00:00:00Z")]
    created_at: String,
    /// Null when it never ends.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

/// A key as lists show it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = elevate::ApiKey)]
pub(super) struct ApiKey {
    id: Uuid,
    name: String,
    permissions: Vec<&'static str>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// Noted with a short delay.
    #[schema(format = DateTime)]
    last_used_at: Option<String>,
    /// Whether it opens anything: it is neither revoked nor expired.
    is_active: bool,
}

impl ApiKey {
    fn of(key: Entity, now: Stamp) -> Self {
        let is_expired = key.fields.expires_at.is_some_and(|at| at <= now);
        Self {
            id: uuid_of(key.id, key.created_at),
            name: key.fields.name.into_inner(),
            permissions: permissions(&key.fields.grants),
            created_at: key.created_at.to_second_precision(),
            expires_at: key.fields.expires_at.map(Stamp::to_second_precision),
            last_used_at: key.last_used_at.map(Stamp::to_second_precision),
            is_active: key.revoked_at.is_none() && !is_expired,
        }
    }
}

/// What a key may do, in the document's order.
fn permissions(grants: &[String]) -> Vec<&'static str> {
    let known = KeyFamily::Elevate.grants().iter().copied();
    known.filter(|known| grants.iter().any(|grant| grant == known)).collect()
}

/// A page of keys.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = elevate::ApiKeys)]
pub(super) struct ApiKeys {
    api_keys: Vec<ApiKey>,
    #[serde(flatten)]
    place: Place,
}

/// Lists the tenant's keys of this family, newest first, revoked ones included; never the keys themselves.
#[utoipa::path(
    get, path = PATH, tag = "elevate api keys", operation_id = "elevate_list_api_keys",
    params(("tenant_id" = String, Query, description = "The Admin's own tenant"), PageParams),
    responses((status = 200, description = "A page of keys", body = ApiKeys), ErrorResponses, LookupResponses),
    security(("accessToken" = []), ("contacts_session" = []))
)]
pub(super) async fn list(call: Call, admin: Administrator, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let mut query = Query::parse(request.query_string());
    let paging = query.numbered();
    query.finish()?;
    let (control, tenant, window) = (Arc::clone(&call.app.control), admin.tenant.tenant.id, paging.window());
    let read = move || control.reading(|reader| reader.api_keys().list(tenant, Some(KeyFamily::Elevate), &window));
    let page = block(read).await?;
    Ok(HttpResponse::Ok().json(ApiKeys {
        place: paging.place(page.items.len(), page.total),
        api_keys: page.items.into_iter().map(|key| ApiKey::of(key, call.received_at)).collect(),
    }))
}

/// Makes a key. The answer shows it, once: it is never shown again, also not to a request repeated with the same `Idempotency-Key`, which is
/// answered 409.
#[utoipa::path(
    post, path = PATH, tag = "elevate api keys", operation_id = "elevate_create_api_key", request_body = ApiKeyRequest,
    params(("tenant_id" = String, Query, description = "The Admin's own tenant")),
    responses((status = 201, description = "The new key", body = NewApiKey), ErrorResponses, LookupResponses, BodyResponses),
    security(("accessToken" = []), ("contacts_session" = []))
)]
pub(super) async fn create(call: Call, admin: Administrator, body: Body<ApiKeyRequest>) -> Result<HttpResponse, ApiError> {
    let fields = body.value.parse(call.app.clock.now())?;
    let minting = Minting {
        call: &call,
        tenant: &admin.tenant,
        creator: admin.user().id,
        family: KeyFamily::Elevate,
    };
    let (text, made) = minting.mint(body.guard.as_ref(), fields).await?;
    Ok(secret(StatusCode::CREATED).json(NewApiKey {
        id: uuid_of(made.id, made.created_at),
        name: made.fields.name.into_inner(),
        key: text.as_str().to_owned(),
        permissions: permissions(&made.fields.grants),
        created_at: made.created_at.to_second_precision(),
        expires_at: made.fields.expires_at.map(Stamp::to_second_precision),
    }))
}

/// Revokes a key: the very next request with it is turned away. Revoking it twice changes nothing.
#[utoipa::path(
    delete, path = ITEM, tag = "elevate api keys", operation_id = "elevate_revoke_api_key",
    params(("id" = String, Path, format = Uuid), ("tenant_id" = String, Query, description = "The Admin's own tenant")),
    responses((status = 200, description = "It is revoked", body = Done), ErrorResponses, LookupResponses),
    security(("accessToken" = []), ("contacts_session" = []))
)]
pub(super) async fn revoke(admin: Administrator, path: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let uuid = super::id::parse(&path)?;
    let (tenant, actor) = (admin.tenant.tenant.id, admin.user().id);
    let revoke = move |control: &dyn ControlStore, origin: &Origin| {
        let id: ApiKeyId = id_in(uuid);
        let key = api_keys::lookup(control, tenant, id)?;
        if uuid_of(key.id, key.created_at) != uuid || key.family != KeyFamily::Elevate {
            return Err(Error::not_found("api key", uuid));
        }
        api_keys::revoke_as(control, origin, tenant, id, actor)
    };
    admin.tenant.administer(revoke).await?;
    Ok(Done::saying("API key revoked"))
}
