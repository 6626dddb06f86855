//! Lookups as jobs (contract D-124 … D-133, D-203 … D-206, X-130, X-136): for programs by key, and their history for browsers.

mod wire;

use std::collections::HashSet;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use crm_domain::{
    Error, Result as DomainResult,
    error::Problem,
    id::{ContactId, JobId, RecordId},
    page::{Direction, Sort, Window},
    query::Condition,
    tenant::{
        TenantReader,
        job::{JobField, JobFilter, JobKind},
    },
    usecase::{
        enrich::{self, job::JOBS_MAX},
        jobs,
    },
};
use uuid::Uuid;

use self::wire::{History, Job, JobRequest, Jobs, JobsRequest, OneJob, Outcome, Wish};
use crate::{
    families::contacts::{
        answer::{Envelope, given, kept, ok},
        contact::bulk::items,
        context::{Access, Body, Browser, Raw},
        error::{ApiError, BodyResponses, ErrorResponses, LookupResponses},
        id,
        page::{PageParams, Query, positive},
    },
    shared::{call::Call, idempotency::once, json_body::bind_item, tenant::TenantSession},
};

pub(in super::super) const PATH: &str = "/api/v1/enrichment/jobs";
pub(in super::super) const ITEM: &str = "/api/v1/enrichment/jobs/{id}";
pub(in super::super) const BULK: &str = "/api/v1/enrichment/jobs/bulk";
pub(in super::super) const HISTORY: &str = "/api/enrichment/jobs";
pub(in super::super) const OF_CONTACT: &str = "/api/contacts/{id}/enrichment-jobs";

/// The member that holds the items of a bulk.
const JOBS: &str = "jobs";
/// Jobs of a history, unless asked otherwise (D-204), and at most.
const LIMIT: u32 = 20;
const LIMIT_MAX: u32 = 100;

/// Starts a lookup.
#[utoipa::path(
    post, path = PATH, tag = "contacts enrichment", operation_id = "contacts_create_enrichment_job", request_body = JobRequest,
    responses((status = 201, description = "The job", body = Envelope<OneJob>), ErrorResponses, LookupResponses, BodyResponses),
    security(("contacts_key" = []), ("contacts_bearer" = []))
)]
pub(in super::super) async fn create(call: Call, access: Access, body: Body<JobRequest>) -> Result<HttpResponse, ApiError> {
    let wish = body.value.parse()?;
    let asked = wish.clone();
    access.tenant.read(move |reader| asked.subject(reader.contacts())).await?;
    call.app.lookups.check()?;
    let (owner, guard, now, family) = (access.owner, body.guard, access.tenant.now, access.tenant.origin.family);
    let answer = call.app.jobs.submit(&access.tenant, now, move |unit, promise| {
        once(unit, guard.as_ref(), |unit| {
            let subject = wish.subject(unit.contacts())?;
            let added = jobs::submit(unit, promise, enrich::job::job(&subject, owner, family, now)?)?;
            let job = Job::one(unit.contacts(), added)?;
            kept(StatusCode::CREATED, &Envelope::of(OneJob { job }))
        })
    });
    Ok(given(answer.await?))
}

/// Starts up to 100 lookups. What is wrong with one fails it alone.
#[utoipa::path(
    post, path = BULK, tag = "contacts enrichment", operation_id = "contacts_create_many_enrichment_jobs", request_body = JobsRequest,
    responses((status = 201, description = "What became of each", body = Envelope<Outcome>), ErrorResponses, BodyResponses),
    security(("contacts_key" = []), ("contacts_bearer" = []))
)]
pub(in super::super) async fn create_many(call: Call, access: Access, body: Raw) -> Result<HttpResponse, ApiError> {
    let items = items(body.json, JOBS, JOBS_MAX)?;
    let wish = |item| Ok(bind_item::<JobRequest>(item)?.parse());
    let wishes: Vec<DomainResult<Wish>> = items.into_iter().map(wish).collect::<Result<_, ApiError>>()?;
    call.app.lookups.check()?;
    let (owner, guard, now, family) = (access.owner, body.guard, access.tenant.now, access.tenant.origin.family);
    let answer = call.app.jobs.submit(&access.tenant, now, move |unit, promise| {
        once(unit, guard.as_ref(), |unit| {
            let mut seen = HashSet::new();
            let mut outcomes = Vec::with_capacity(wishes.len());
            for wish in wishes {
                let subject = wish.and_then(|wish| {
                    // One profile twice would be paid for twice.
                    if !seen.insert((wish.person.key().to_owned(), wish.contact)) {
                        let twice = Problem::Rule("must not stand in one request twice".to_owned());
                        return Err(Error::invalid("linkedin_url", twice));
                    }
                    wish.subject(unit.contacts())
                });
                outcomes.push(match subject {
                    Ok(subject) => {
                        let added = jobs::submit(unit, promise, enrich::job::job(&subject, owner, family, now)?)?;
                        Ok(Job::one(unit.contacts(), added)?)
                    }
                    Err(error @ (Error::Unavailable { .. } | Error::Internal(_))) => return Err(error),
                    Err(error) => Err(error),
                });
            }
            kept(StatusCode::CREATED, &Envelope::of(Outcome::of(outcomes)))
        })
    });
    Ok(given(answer.await?))
}

/// Lists lookups, newest first.
#[utoipa::path(
    get, path = PATH, tag = "contacts enrichment", operation_id = "contacts_list_enrichment_jobs", params(PageParams),
    responses((status = 200, description = "A page of jobs", body = Envelope<Jobs>), ErrorResponses),
    security(("contacts_key" = []), ("contacts_bearer" = []))
)]
pub(in super::super) async fn list(access: Access, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let mut query = Query::parse(request.query_string());
    let paging = query.paging("enrichment jobs");
    query.finish()?;
    let window = paging.window();
    let (total, jobs) = access.tenant.snapshot(move |reader| page(reader, None, &window)).await?;
    Ok(HttpResponse::Ok().json(Envelope::page(Jobs { jobs }, paging.meta(total))))
}

/// Shows a lookup.
#[utoipa::path(
    get, path = ITEM, tag = "contacts enrichment", operation_id = "contacts_get_enrichment_job", params(("id" = String, Path, format = Uuid)),
    responses((status = 200, description = "The job", body = Envelope<OneJob>), ErrorResponses, LookupResponses),
    security(("contacts_key" = []), ("contacts_bearer" = []))
)]
pub(in super::super) async fn get(access: Access, path: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let uuid = id::parse::<JobId>(&path)?;
    let job = access.tenant.read(move |reader| {
        let found = reader.jobs().lookup_uuid(uuid)?;
        let found = found.filter(|job| job.kind == JobKind::Enrichment);
        let job = found.ok_or_else(|| Error::not_found(JobId::NOUN, uuid))?;
        Job::one(reader.contacts(), job)
    });
    Ok(ok(OneJob { job: job.await? }))
}

/// Lists the last lookups, newest first, also those that a page waited for.
#[utoipa::path(
    get, path = HISTORY, tag = "contacts enrichment", operation_id = "contacts_enrichment_history",
    params(("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "Most jobs; 20 unless given, above 100 counts as 100")),
    responses((status = 200, description = "The last jobs", body = History), ErrorResponses),
    security(("contacts_session" = []))
)]
pub(in super::super) async fn history(browser: Browser, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let limit = limit(&request)?;
    let read = browser.tenant.snapshot(move |reader| page(reader, None, &Window::first(limit)));
    let (_, jobs) = read.await?;
    Ok(HttpResponse::Ok().json(History { success: true, jobs }))
}

/// Lists the last lookups for a contact, newest first.
#[utoipa::path(
    get, path = OF_CONTACT, tag = "contacts enrichment", operation_id = "contacts_enrichment_history_of_contact",
    params(
        ("id" = String, Path, format = Uuid),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "Most jobs; 20 unless given, above 100 counts as 100"),
    ),
    responses((status = 200, description = "The last jobs", body = History), ErrorResponses, LookupResponses),
    security(("contacts_session" = []))
)]
pub(in super::super) async fn history_of_contact(
    browser: Browser,
    path: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let uuid = id::parse::<ContactId>(&path)?;
    let limit = limit(&request)?;
    let jobs = of_contact(&browser.tenant, uuid, limit).await?;
    Ok(HttpResponse::Ok().json(History { success: true, jobs }))
}

async fn of_contact(tenant: &TenantSession, uuid: Uuid, limit: u32) -> DomainResult<Vec<Job>> {
    let read = tenant.read(move |reader| {
        let contact = reader.contacts().lookup_uuids(&[uuid])?.pop();
        let contact = contact.ok_or_else(|| Error::not_found(ContactId::NOUN, uuid))?;
        page(reader, Some(contact.id), &Window::first(limit))
    });
    read.await.map(|(_, jobs)| jobs)
}

fn limit(request: &HttpRequest) -> Result<u32, ApiError> {
    let mut query = Query::parse(request.query_string());
    let limit = query.parsed("limit", positive).unwrap_or(LIMIT.into());
    query.finish()?;
    Ok(u32::try_from(limit).unwrap_or(LIMIT_MAX).min(LIMIT_MAX))
}

/// How many lookups there are, and a page of them, newest first.
fn page(reader: &mut dyn TenantReader, contact: Option<ContactId>, window: &Window) -> DomainResult<(u64, Vec<Job>)> {
    let mut filter = JobFilter::of([Condition::equal(JobField::Kind, JobKind::Enrichment.as_str())]);
    filter
        .conditions
        .extend(contact.map(|id| Condition::equal(JobField::ContactId, id)));
    let newest_first = Sort {
        direction: Direction::Descending,
        ..Sort::default()
    };
    let found = reader.jobs().list(&filter, newest_first, window)?;
    Ok((found.total, Job::all(reader.contacts(), found.items)?))
}
