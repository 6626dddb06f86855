//! Activities: calls, mails, meetings and notes (contract C-81 … C-87, X-87).

pub(super) mod action;
mod wire;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use crm_domain::{
    Error,
    field::{Check, Patch},
    id::{ActivityId, RecordId, TenantId, UserId},
    stamp::Stamp,
    tenant::{
        TenantReader, UnitOfWork,
        activity::{self, ActivityField, ActivityFields},
    },
};

use super::{
    answer::{IfMatch, created, kept, record, write_over},
    context::{Body, Delete, Permit, Read, Write},
    error::{BodyResponses, ErrorResponses, LookupResponses, SaasError, StaleResponses},
    id::{check_owner, in_path},
    include::{self, IncludeParam},
    list::{self, List, ListParams},
    noun::{Noun, Paths, paths},
    page::PageBody,
    related::Listed,
    word::ACTIVITY,
};
use crate::shared::{call::Call, idempotency::once, tenant::TenantSession};

pub(crate) use wire::{Activity, ActivityChanges, ActivityRequest};

pub(super) const PATH: &str = "/api/activities";
pub(super) const ITEM: &str = "/api/activities/{id}";

impl Listed for Activity {
    type Field = ActivityField;
    const PATH: &'static str = PATH;

    async fn page(tenant: &TenantSession, query: &str, list: List<ActivityField>) -> Result<HttpResponse, SaasError> {
        let read = |reader: &mut dyn TenantReader, filter: &_, sort, window: &_| reader.activities().list(filter, sort, window);
        list::answer(tenant, query, list, read, Self::of).await
    }
}

/// Lists activities.
#[utoipa::path(
    get, path = PATH, tag = "activities", operation_id = "saas_list_activities", params(ListParams<ActivityField>),
    responses((status = 200, description = "A page of activities", body = PageBody<Activity>), ErrorResponses),
    security(("accessToken" = []))
)]
pub(super) async fn list(permit: Permit<Read>, request: HttpRequest) -> Result<HttpResponse, SaasError> {
    Activity::page(&permit.tenant, request.query_string(), List::of("activities")).await
}

/// Shows an activity.
#[utoipa::path(
    get, path = ITEM, tag = "activities", operation_id = "saas_get_activity", params(("id" = String, Path, example = "activity_12"), IncludeParam<ActivityField>),
    responses((status = 200, description = "The activity", body = Activity), ErrorResponses, LookupResponses),
    security(("accessToken" = []))
)]
pub(super) async fn get(permit: Permit<Read>, id: web::Path<String>, request: HttpRequest) -> Result<HttpResponse, SaasError> {
    let id: ActivityId = in_path(&id, ACTIVITY)?;
    let read = move |reader: &mut dyn TenantReader| {
        let found = reader.activities().lookup(id)?;
        found.ok_or_else(|| Error::not_found(ActivityId::NOUN, id))
    };
    include::one::<ActivityField, _>(&permit.tenant, request.query_string(), read, |found| found.updated_at, Activity::of).await
}

fn shown(activity: activity::Activity, tenant: &TenantSession) -> HttpResponse {
    let updated_at = activity.updated_at;
    record(&Activity::of(activity, tenant.tenant.id), updated_at)
}

/// Creates an activity.
#[utoipa::path(
    post, path = PATH, tag = "activities", operation_id = "saas_create_activity", request_body = ActivityRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key and body takes effect once")),
    responses(
        (status = 201, description = "The new activity", body = Activity, headers(("Location" = String))),
        ErrorResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn create(call: Call, permit: Permit<Write>, body: Body<ActivityRequest>) -> Result<HttpResponse, SaasError> {
    let mut check = Check::new();
    let (tenant, owner) = (permit.tenant.tenant.id, permit.user().id);
    let draft = body.value.draft(&mut check);
    check_owner(&call.app.control, tenant, &draft.owner_id, &mut check).await?;
    let fields = ActivityFields::parse(draft, owner, check)?;
    let guard = body.guard;
    let answer = permit.tenant.write(move |unit| {
        once(unit, guard.as_ref(), |unit| {
            let activity = activity::create(unit, fields)?;
            kept(StatusCode::CREATED, &Activity::of(activity, tenant))
        })
    });
    Ok(created(answer.await?, PATH)?)
}

/// When the record changed last.
fn state(unit: &mut dyn UnitOfWork, id: ActivityId) -> crm_domain::Result<Option<Stamp>> {
    Ok(unit.activities().lookup(id)?.map(|activity| activity.updated_at))
}

/// Changes the fields given; the others stay (contract X-93).
#[utoipa::path(
    put, path = ITEM, tag = "activities", operation_id = "saas_update_activity", request_body = ActivityChanges,
    params(
        ("id" = String, Path, example = "activity_12"),
        ("If-Match" = Option<String>, Header, description = "Only while the activity has this entity tag")
    ),
    responses(
        (status = 200, description = "The activity as it is now", body = Activity),
        ErrorResponses, LookupResponses, StaleResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn update(
    call: Call,
    permit: Permit<Write>,
    id: web::Path<String>,
    condition: IfMatch,
    body: Body<ActivityRequest>,
) -> Result<HttpResponse, SaasError> {
    let id: ActivityId = in_path(&id, ACTIVITY)?;
    let mut check = Check::new();
    let draft = body.value.draft(&mut check);
    check_owner(&call.app.control, permit.tenant.tenant.id, &draft.owner_id, &mut check).await?;
    let activity = write_over(&permit.tenant, condition, id, state, move |unit| {
        activity::update(unit, id, draft, check)
    })
    .await?;
    Ok(shown(activity, &permit.tenant))
}

/// Deletes an activity.
#[utoipa::path(
    delete, path = ITEM, tag = "activities", operation_id = "saas_delete_activity",
    params(
        ("id" = String, Path, example = "activity_12"),
        ("If-Match" = Option<String>, Header, description = "Only while the activity has this entity tag")
    ),
    responses(
        (status = 204, description = "It is gone"),
        ErrorResponses, LookupResponses, StaleResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn remove(permit: Permit<Delete>, id: web::Path<String>, condition: IfMatch) -> Result<HttpResponse, SaasError> {
    let id: ActivityId = in_path(&id, ACTIVITY)?;
    write_over(&permit.tenant, condition, id, state, move |unit| activity::remove(unit, id)).await?;
    Ok(HttpResponse::NoContent().finish())
}

impl Noun for activity::Activity {
    const PREFIX: &'static str = ACTIVITY;
    const PLURAL: &'static str = "activities";
    const PATHS: Paths = paths!("/api/activities");
    type Request = ActivityRequest;
    type Resource = Activity;

    fn draft(request: ActivityRequest, check: &mut Check) -> Self::Draft {
        request.draft(check)
    }

    fn owner(draft: &Self::Draft) -> &Patch<UserId> {
        &draft.owner_id
    }

    fn show(self, tenant: TenantId, _: Stamp) -> Activity {
        Activity::of(self, tenant)
    }
}
