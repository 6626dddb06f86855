//! Lookups as jobs (contract D-124 … D-133, D-203 … D-206, X-130, X-136): for programs by key, and their history for browsers.

use std::collections::{HashMap, HashSet};

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use crm_domain::{
    Error, Result as DomainResult,
    enrichment::ProfileUrl,
    error::Problem,
    field::{Check, Patch},
    id::{ContactId, JobId, RecordId},
    page::{Direction, Sort, Window},
    query::Condition,
    tenant::{
        TenantReader,
        contact::ContactReads,
        job::{Job as Entity, JobField, JobFilter, JobKind, JobState},
    },
    usecase::{
        enrich::{
            self, Subject,
            job::{JOBS_MAX, Shape},
        },
        jobs,
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    families::contacts::{
        answer::{Envelope, given, kept, ok},
        contact::bulk::items,
        context::{Access, Body, Browser, Raw},
        error::{ApiError, BodyResponses, ErrorResponses, ItemError, LookupResponses},
        id,
        page::{PageParams, Query, positive},
    },
    shared::{
        call::Call,
        idempotency::once,
        json_body::{Given, bind_item},
        tenant::TenantSession,
    },
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

/// Whom a job looks up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::EnrichmentJobRequest)]
pub(in super::super) struct JobRequest {
    #[schema(value_type = String, example = "https://linkedin.com/in/janedoe")]
    linkedin_url: Given<String>,
    /// Which contact the profile fills. Without it that is the one that has the profile; where none has, a contact is made.
    #[schema(value_type = Option<String>, format = Uuid)]
    contact_id: Given<String>,
}

/// A request that was understood.
#[derive(Debug, Clone)]
struct Wish {
    person: ProfileUrl,
    contact: Option<Uuid>,
}

impl JobRequest {
    fn parse(self) -> DomainResult<Wish> {
        let mut check = Check::new();
        let url: Patch<String> = self.linkedin_url.patch("linkedin_url", &mut check);
        let person = check.required("linkedin_url", url, None, ProfileUrl::parse);
        let contact: Patch<String> = self.contact_id.patch("contact_id", &mut check);
        let person = check.finish_with(person)?;
        let contact = match contact {
            Patch::Set(text) => Some(id::parse::<ContactId>(&text)?),
            Patch::Keep | Patch::Clear => None,
        };
        Ok(Wish { person, contact })
    }
}

impl Wish {
    fn subject(self, contacts: &mut (impl ContactReads + ?Sized)) -> DomainResult<Subject> {
        match self.contact {
            Some(contact) => enrich::of_contact(contacts, contact, Some(self.person)),
            None => enrich::of_anybody(contacts, self.person),
        }
    }
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = contacts::JobStatus)]
pub(in super::super) enum Status {
    Pending,
    Processing,
    Completed,
    Failed,
}

impl From<JobState> for Status {
    fn from(state: JobState) -> Self {
        match state {
            JobState::Queued => Self::Pending,
            JobState::Running => Self::Processing,
            JobState::Completed => Self::Completed,
            JobState::Failed | JobState::Cancelled => Self::Failed,
        }
    }
}

/// A lookup.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::EnrichmentJob)]
pub(in super::super) struct Job {
    #[schema(format = Uuid)]
    id: String,
    #[schema(example = "https://linkedin.com/in/janedoe")]
    linkedin_url: String,
    /// The contact that the profile fills, or made; null where that is not known so far.
    #[schema(format = Uuid)]
    contact_id: Option<String>,
    status: Status,
    /// Null where nothing was asked so far, or the provider does not say.
    #[schema(example = 1)]
    credits_used: Option<u32>,
    /// Why it failed; of a pending job why it is tried again.
    error: Option<String>,
    /// `created`, `enriched` or `unchanged`: what the profile did.
    #[schema(example = "enriched")]
    result: Option<&'static str>,
    /// How often the provider was asked.
    #[schema(example = 1)]
    attempts: u32,
    #[schema(example = "2024-01-21T10:00:00Z")]
    created_at: String,
    #[schema(example = "2024-01-21T10:00:05Z")]
    completed_at: Option<String>,
}

impl Job {
    fn of(job: Entity, contacts: &HashMap<ContactId, Uuid>) -> DomainResult<Self> {
        let (wanted, progress) = (job.payload_of::<Shape>()?, job.progress_of::<Shape>()?);
        Ok(Self {
            id: job.uuid.to_string(),
            linkedin_url: wanted.linkedin_url,
            contact_id: job.contact_id.and_then(|id| contacts.get(&id)).map(Uuid::to_string),
            status: job.state.into(),
            credits_used: progress.credits,
            error: job.last_error,
            result: progress.result.map(|done| done.as_str()),
            attempts: progress.attempts,
            created_at: job.created_at.to_second_precision(),
            completed_at: job.finished_at.map(|stamp| stamp.to_second_precision()),
        })
    }

    /// The jobs, with the uuids of their contacts.
    fn all(contacts: &mut (impl ContactReads + ?Sized), jobs: Vec<Entity>) -> DomainResult<Vec<Self>> {
        let ids: Vec<ContactId> = jobs.iter().filter_map(|job| job.contact_id).collect();
        let uuids: HashMap<ContactId, Uuid> = contacts.uuids_of(&ids)?.into_iter().collect();
        jobs.into_iter().map(|job| Self::of(job, &uuids)).collect()
    }

    fn one(contacts: &mut (impl ContactReads + ?Sized), job: Entity) -> DomainResult<Self> {
        let shown = Self::all(contacts, vec![job])?.pop();
        shown.ok_or_else(|| Error::Internal("a job is not shown".to_owned()))
    }
}

/// One job.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = contacts::OneEnrichmentJob)]
pub(in super::super) struct OneJob {
    job: Job,
}

/// Jobs, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = contacts::EnrichmentJobs)]
pub(in super::super) struct Jobs {
    jobs: Vec<Job>,
}

/// Jobs, newest first, for a page.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = contacts::EnrichmentHistory)]
pub(in super::super) struct History {
    /// Always `true`.
    success: bool,
    jobs: Vec<Job>,
}

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

/// Lookups to start.
#[derive(ToSchema)]
#[schema(as = contacts::EnrichmentJobsRequest)]
#[expect(dead_code, reason = "documents the body, never made")]
pub(in super::super) struct JobsRequest {
    /// At most 100.
    jobs: Vec<JobRequest>,
}

/// What became of many lookups.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = contacts::EnrichmentJobsResult)]
pub(in super::super) struct Outcome {
    summary: Summary,
    /// Those that were started.
    jobs: Vec<Job>,
    results: Vec<ItemResult>,
}

/// How many were started.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = contacts::EnrichmentJobsSummary)]
pub(in super::super) struct Summary {
    #[schema(example = 2)]
    total: usize,
    #[schema(example = 2)]
    created: usize,
    #[schema(example = 0)]
    failed: usize,
}

/// What became of one of them.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::EnrichmentJobsItem)]
pub(in super::super) struct ItemResult {
    /// Its place in the request, from 0.
    index: usize,
    success: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Uuid)]
    job_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ItemError>,
}

impl Outcome {
    fn of(outcomes: Vec<DomainResult<Job>>) -> Self {
        let total = outcomes.len();
        let (mut jobs, mut results) = (Vec::new(), Vec::with_capacity(total));
        for (index, outcome) in outcomes.into_iter().enumerate() {
            results.push(ItemResult {
                index,
                success: outcome.is_ok(),
                job_id: outcome.as_ref().ok().map(|job| job.id.clone()),
                error: outcome.as_ref().err().map(ItemError::from),
            });
            jobs.extend(outcome);
        }
        let created = jobs.len();
        Self {
            summary: Summary {
                total,
                created,
                failed: total - created,
            },
            jobs,
            results,
        }
    }
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
    let (total, jobs) = access.tenant.read(move |reader| page(reader, None, &window)).await?;
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
    let read = browser.tenant.read(move |reader| page(reader, None, &Window::first(limit)));
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
