//! Users: everybody reads who they are, Admins change them (contract C-109, C-110, X-97).
//!
//! `Idempotency-Key` means nothing here: the body of a creation holds a password, of which nothing but its hash may be kept, and a unique
//! email guards it.

mod wire;

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use crm_domain::{
    control::{
        ControlStore, ControlUnit,
        user::{User, UserField, UserFilter, page},
    },
    field::Check,
    id::UserId,
    tenant::change::Origin,
    usecase::users,
};

use super::{
    answer::{acted, created, kept, kept_record, record},
    context::{Body, ManageUsers, Nothing, Particulars, Permit, Read},
    error::{BodyResponses, ConflictResponses, ErrorResponses, LookupResponses, SaasError, StaleResponses},
    id::{USER, in_path},
    list::{self, PlainListParams},
    page::PageBody,
};
use crate::shared::{call::Call, idempotency::Guard, tenant::block};

pub(crate) use wire::{RoleRequest, UserInfo, UserRequest, UserUpdate};

pub(super) const PATH: &str = "/api/users";
pub(super) const ITEM: &str = "/api/users/{id}";
pub(super) const ROLE: &str = "/api/users/{id}/role";
pub(super) const DEACTIVATE: &str = "/api/users/{id}/deactivate";
pub(super) const REACTIVATE: &str = "/api/users/{id}/reactivate";

/// Lists the tenant's users.
#[utoipa::path(
    get, path = PATH, tag = "users", operation_id = "saas_list_users", params(PlainListParams<UserField>),
    responses((status = 200, description = "A page of users", body = PageBody<UserInfo>), ErrorResponses),
    security(("accessToken" = []))
)]
pub(super) async fn list(call: Call, permit: Permit<Read>, request: HttpRequest) -> Result<HttpResponse, SaasError> {
    let (control, tenant) = (Arc::clone(&call.app.control), permit.tenant.tenant.id);
    let now = permit.tenant.now;
    let read = |filter: UserFilter, sort, window| {
        block(move || control.reading(|reader| page(reader.users().list(tenant)?, &filter, sort, &window, now)))
    };
    list::answer_plain::<UserField, _, _>(request.query_string(), "users", USER, read, UserInfo::of).await
}

/// Shows a user.
#[utoipa::path(
    get, path = ITEM, tag = "users", operation_id = "saas_get_user", params(("id" = String, Path, example = "user_456")),
    responses((status = 200, description = "The user", body = UserInfo), ErrorResponses, LookupResponses),
    security(("accessToken" = []))
)]
pub(super) async fn get(call: Call, permit: Permit<Read>, id: web::Path<String>) -> Result<HttpResponse, SaasError> {
    let id: UserId = in_path(&id, USER)?;
    let (control, tenant) = (Arc::clone(&call.app.control), permit.tenant.tenant.id);
    let user = block(move || users::lookup(&*control, tenant, id)).await?;
    Ok(shown(user))
}

/// Creates a user with a password. To have the person choose it, send an invitation instead.
#[utoipa::path(
    post, path = PATH, tag = "users", operation_id = "saas_create_user", request_body = UserRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key takes effect once")),
    responses(
        (status = 201, description = "The new user", body = UserInfo, headers(("Location" = String))),
        ErrorResponses, ConflictResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn create(call: Call, permit: Permit<ManageUsers>, body: Body<UserRequest>) -> Result<HttpResponse, SaasError> {
    let (fields, password) = body.value.parse()?;
    let hash = call.app.sign_in.hash(password).await?;
    let tenant = permit.tenant.tenant.id;
    let create = move |unit: &mut dyn ControlUnit, origin: &Origin| {
        let user = users::create(unit, origin, tenant, fields, hash)?;
        kept(StatusCode::CREATED, &UserInfo::of(user))
    };
    let answer = permit.tenant.administer_once(&call.app.sealer, body.guard, create).await?;
    Ok(created(answer, PATH)?)
}

/// Changes the fields given; the others stay (contract X-93). Null clears a field.
#[utoipa::path(
    put, path = ITEM, tag = "users", operation_id = "saas_update_user", request_body = UserUpdate,
    params(
        ("id" = String, Path, example = "user_456"),
        ("If-Match" = Option<String>, Header, description = "Only while the user has this entity tag")
    ),
    responses(
        (status = 200, description = "The user as it is now", body = UserInfo),
        ErrorResponses, LookupResponses, StaleResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn update(permit: Permit<ManageUsers>, id: web::Path<String>, body: Body<UserUpdate>) -> Result<HttpResponse, SaasError> {
    let id: UserId = in_path(&id, USER)?;
    let mut check = Check::new();
    let changes = body.value.changes(&mut check);
    let (tenant, condition) = (permit.tenant.tenant.id, permit.condition.clone());
    let update = move |control: &dyn ControlStore, origin: &Origin| {
        users::update(control, origin, tenant, id, changes, check, |at| condition.holds(at))
    };
    let updated = permit.tenant.administer(update).await?;
    Ok(shown(updated.ok_or(SaasError::Stale)?))
}

/// Gives a user another role; it counts with the user's next request. The last active Admin stays one.
#[utoipa::path(
    put, path = ROLE, tag = "users", operation_id = "saas_set_user_role", request_body = RoleRequest,
    params(("id" = String, Path, example = "user_456")),
    responses(
        (status = 200, description = "The user as it is now", body = UserInfo),
        ErrorResponses, LookupResponses, ConflictResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn set_role(
    permit: Permit<ManageUsers>,
    id: web::Path<String>,
    body: Body<RoleRequest>,
) -> Result<HttpResponse, SaasError> {
    let id: UserId = in_path(&id, USER)?;
    let role = body.value.parse();
    let (tenant, condition) = (permit.tenant.tenant.id, permit.condition.clone());
    // Whether there is such a user is told before what is wrong with the body, as everywhere.
    let set_role = move |control: &dyn ControlStore, origin: &Origin| {
        control.writing(|unit| {
            users::change_while(
                unit,
                origin,
                tenant,
                id,
                |at| condition.holds(at),
                |user| Ok(User { role: role?, ..user }),
            )
        })
    };
    Ok(shown(permit.tenant.administer(set_role).await?.ok_or(SaasError::Stale)?))
}

/// Keeps a user out: its access tokens, refresh tokens and sessions die at once, on every node. Its records stay. The last active Admin
/// cannot be kept out. Doing it twice changes nothing.
#[utoipa::path(
    post, path = DEACTIVATE, tag = "users", operation_id = "saas_deactivate_user",
    params(
        ("id" = String, Path, example = "user_456"),
        ("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key takes effect once")
    ),
    responses((status = 200, description = "The user as it is now", body = UserInfo), ErrorResponses, LookupResponses, ConflictResponses),
    security(("accessToken" = []))
)]
pub(super) async fn deactivate(
    call: Call,
    permit: Permit<ManageUsers>,
    id: web::Path<String>,
    Particulars(body): Particulars<Nothing>,
) -> Result<HttpResponse, SaasError> {
    set_active(&call, &permit, body.guard, &id, false).await
}

/// Lets a user in again, who signs in anew. Doing it twice changes nothing.
#[utoipa::path(
    post, path = REACTIVATE, tag = "users", operation_id = "saas_reactivate_user",
    params(
        ("id" = String, Path, example = "user_456"),
        ("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key takes effect once")
    ),
    responses((status = 200, description = "The user as it is now", body = UserInfo), ErrorResponses, LookupResponses),
    security(("accessToken" = []))
)]
pub(super) async fn reactivate(
    call: Call,
    permit: Permit<ManageUsers>,
    id: web::Path<String>,
    Particulars(body): Particulars<Nothing>,
) -> Result<HttpResponse, SaasError> {
    set_active(&call, &permit, body.guard, &id, true).await
}

async fn set_active(
    call: &Call,
    permit: &Permit<ManageUsers>,
    guard: Option<Guard>,
    id: &str,
    is_active: bool,
) -> Result<HttpResponse, SaasError> {
    let id: UserId = in_path(id, USER)?;
    let (tenant, condition) = (permit.tenant.tenant.id, permit.condition.clone());
    let set_active = move |unit: &mut dyn ControlUnit, origin: &Origin| {
        let edit = |user| Ok(User { is_active, ..user });
        let user = users::change_while(unit, origin, tenant, id, |at| condition.holds(at), edit)?;
        user.map(|user| {
            let updated_at = user.updated_at;
            kept_record(StatusCode::OK, &UserInfo::of(user), updated_at)
        })
        .transpose()
    };
    let answer = permit.tenant.administer_while(&call.app.sealer, guard, set_active).await?;
    Ok(acted(answer.ok_or(SaasError::Stale)?))
}

fn shown(user: User) -> HttpResponse {
    let updated_at = user.updated_at;
    record(&UserInfo::of(user), updated_at)
}
