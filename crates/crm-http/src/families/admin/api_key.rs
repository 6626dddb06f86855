//! API keys of families A, B, D and E (contract A-15 … … A-103).
//!
//! A key's grants are a subset of its creator's: what a Manager may not do, no key of a Manager's can. Nor does a Manager change or revoke
//! the key of an Admin.

mod wire;

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header::LOCATION},
    web,
};
use crm_domain::{
    control::{ControlStore, api_key::KeyFamily},
    field::Check,
    id::{ApiKeyId, RecordId},
    page::SortValue,
    tenant::change::Origin,
    usecase::api_keys,
};

use crate::{
    families::saas::{
        answer::secret,
        context::{Body, ManageApiKeys, Permit},
        error::{BodyResponses, ConflictResponses, ErrorResponses, LookupResponses, SaasError, StateResponses},
        id::{API_KEY, in_path, show},
        page::{PageBody, PageParams, Query},
    },
    shared::{call::Call, mint::Minting, tenant::block},
};
use wire::{ApiKeyInfo, ApiKeyRequest, MintRequest, MintResponse};

pub(super) const PATH: &str = "/api/admin/api-keys";
pub(super) const ITEM: &str = "/api/admin/api-keys/{id}";

/// Lists the tenant's keys, newest first, revoked ones included.
#[utoipa::path(
    get, path = PATH, tag = "admin", operation_id = "admin_list_api_keys",
    params(PageParams, ("family" = Option<String>, Query, description = "Only keys of this family", example = "health_trixss")),
    responses((status = 200, description = "A page of keys", body = PageBody<ApiKeyInfo>), ErrorResponses),
    security(("accessToken" = []), ("contacts_session" = []))
)]
pub(super) async fn list(call: Call, permit: Permit<ManageApiKeys>, request: HttpRequest) -> Result<HttpResponse, SaasError> {
    let mut query = Query::parse(request.query_string());
    let family = query.parsed("family", KeyFamily::parse);
    let list = query.order_and_filter("api keys", &["family"]);
    let paging = query.paging(&list);
    query.finish()?;
    let (control, tenant, window) = (Arc::clone(&call.app.control), permit.tenant.tenant.id, paging.window());
    let page = block(move || control.reading(|reader| reader.api_keys().list(tenant, family, &window))).await?;
    Ok(HttpResponse::Ok().json(PageBody::new(&paging, page, |key| (SortValue::Id, key.id.get()), ApiKeyInfo::of)))
}

/// Shows a key; the key itself cannot be read again.
#[utoipa::path(
    get, path = ITEM, tag = "admin", operation_id = "admin_get_api_key", params(("id" = String, Path, example = "key_3")),
    responses((status = 200, description = "The key", body = ApiKeyInfo), ErrorResponses, LookupResponses),
    security(("accessToken" = []), ("contacts_session" = []))
)]
pub(super) async fn get(call: Call, permit: Permit<ManageApiKeys>, id: web::Path<String>) -> Result<HttpResponse, SaasError> {
    let id: ApiKeyId = in_path(&id, API_KEY)?;
    let (control, tenant) = (Arc::clone(&call.app.control), permit.tenant.tenant.id);
    let key = block(move || api_keys::lookup(&*control, tenant, id)).await?;
    Ok(HttpResponse::Ok().json(ApiKeyInfo::of(key)))
}

/// Makes a key. The answer shows it, once: it is never shown again (contract A-16), also not to a request repeated with the same
/// `Idempotency-Key`, which is answered 409.
#[utoipa::path(
    post, path = PATH, tag = "admin", operation_id = "admin_mint_api_key", request_body = MintRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key and body makes no second key")),
    responses(
        (status = 201, description = "The new key", body = MintResponse, headers(("Location" = String))),
        ErrorResponses, ConflictResponses, BodyResponses
    ),
    security(("accessToken" = []), ("contacts_session" = []))
)]
pub(super) async fn mint(call: Call, permit: Permit<ManageApiKeys>, body: Body<MintRequest>) -> Result<HttpResponse, SaasError> {
    let (family, fields) = body.value.parse(permit.user().role, call.app.clock.now())?;
    let minting = Minting {
        call: &call,
        tenant: &permit.tenant,
        creator: permit.user().id,
        family,
    };
    let made = minting.mint(body.guard.as_ref(), fields).await?;
    let location = format!("{PATH}/{}", show(API_KEY, made.1.id));
    let answer = MintResponse::of(&made.0, made.1);
    Ok(secret(StatusCode::CREATED).insert_header((LOCATION, location)).json(answer))
}

/// Changes the fields given; takes effect with the next request. Null removes a limit, an expiry or an allowlist. A Manager changes no
/// Admin's key.
#[utoipa::path(
    patch, path = ITEM, tag = "admin", operation_id = "admin_update_api_key", request_body = ApiKeyRequest,
    params(("id" = String, Path, example = "key_3")),
    responses(
        (status = 200, description = "The key as it is now", body = ApiKeyInfo),
        ErrorResponses, LookupResponses, StateResponses, BodyResponses
    ),
    security(("accessToken" = []), ("contacts_session" = []))
)]
pub(super) async fn update(
    permit: Permit<ManageApiKeys>,
    id: web::Path<String>,
    body: Body<ApiKeyRequest>,
) -> Result<HttpResponse, SaasError> {
    let id: ApiKeyId = in_path(&id, API_KEY)?;
    permit.over_untagged()?;
    let mut check = Check::new();
    let draft = body.value.draft(&mut check);
    let (tenant, actor) = (permit.tenant.tenant.id, permit.user().id);
    let update = move |control: &dyn ControlStore, origin: &Origin| draft.update(control, origin, tenant, id, actor, check);
    let key = permit.tenant.administer(update).await?;
    Ok(HttpResponse::Ok().json(ApiKeyInfo::of(key)))
}

/// Revokes a key: the very next request with it is turned away (contract A-19). Revoking it twice changes nothing. A
/// Manager revokes no Admin's key.
#[utoipa::path(
    delete, path = ITEM, tag = "admin", operation_id = "admin_revoke_api_key", params(("id" = String, Path, example = "key_3")),
    responses((status = 204, description = "It is revoked"), ErrorResponses, LookupResponses),
    security(("accessToken" = []), ("contacts_session" = []))
)]
pub(super) async fn revoke(permit: Permit<ManageApiKeys>, id: web::Path<String>) -> Result<HttpResponse, SaasError> {
    let id: ApiKeyId = in_path(&id, API_KEY)?;
    permit.over_untagged()?;
    let (tenant, actor) = (permit.tenant.tenant.id, permit.user().id);
    let revoke = move |control: &dyn ControlStore, origin: &Origin| api_keys::revoke_as(control, origin, tenant, id, actor);
    permit.tenant.administer(revoke).await?;
    Ok(HttpResponse::NoContent().finish())
}
