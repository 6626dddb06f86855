//! Importing contacts (contract D-180 … D-192, X-149 … X-152): the file is looked at while its sender waits, and imported by a job.

pub(super) mod failure;
pub mod field;
mod form;
pub(super) mod progress;
mod wire;

use std::{fs::File, io::Read, sync::Arc};

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use crm_domain::{
    Error, Result as DomainResult,
    control::user::Permission,
    page::{Direction, Sort, Window},
    query::{Condition, Filter},
    tenant::{
        import::CHUNK,
        job::{Job, JobField, JobKind},
    },
    usecase::import_job::{self, NOUN},
};
use uuid::Uuid;

use self::{
    form::Form,
    wire::{AutoMapped, Import, Imports, Started},
};
use super::{
    answer::{Envelope, given, kept},
    context::{Browser, Nothing, Optional},
    error::{ApiError, BodyResponses, ErrorResponses, LookupResponses},
    page::{PageParams, Query},
};
use crate::shared::{
    call::Call,
    idempotency::{Guard, known, once},
    tenant::{TenantSession, block},
};

pub(super) const PREFIX: &str = "/api/import";
pub(super) const AUTO_MAP: &str = "/api/import/auto-map";
pub(super) const ITEM: &str = "/api/import/{id}";
pub(super) const EVENTS: &str = "/api/import/{id}/events";
pub(super) const ERRORS: &str = "/api/import/{id}/errors";
pub(super) const CANCEL: &str = "/api/import/{id}/cancel";
pub(super) const UNDO: &str = "/api/import/{id}/undo";

/// Looks at a table of contacts and proposes which column feeds which field.
///
/// The file is the part `csv` (or `file`): CSV, also with semicolons, tabs or bars; UTF-8, UTF-16 or Windows-1252. Nothing is kept.
#[utoipa::path(
    post, path = AUTO_MAP, tag = "contacts import", operation_id = "contacts_map_import",
    request_body(content = form::MapForm, content_type = "multipart/form-data"),
    responses((status = 200, description = "What would feed what", body = AutoMapped), ErrorResponses, BodyResponses),
    security(("contacts_session" = []))
)]
pub(super) async fn auto_map(browser: Browser, call: Call, request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, ApiError> {
    let form = Form::receive(&call, &request, payload).await?;
    let target = form::target(&browser);
    let mapped = block(move || Ok(AutoMapped::of(&target, &form.file))).await??;
    Ok(HttpResponse::Ok().json(mapped))
}

/// Imports a table of contacts, in the background.
///
/// Parts: `csv` (or `file`), the table; `fieldMapping`, a JSON object that names the field of each header to import (without it the columns are
/// mapped as `POST /api/import/auto-map` proposes); `options`, a JSON object. A row is known by its email, its LinkedIn profile or its name and
/// company. One whose contact is there is refused unless `updateExisting` or `skipDuplicates` is set; of both, `updateExisting` wins. With `autoEnrich`
/// each contact that is made and has a LinkedIn profile is looked up, by a job of its own, where a provider is configured.
#[utoipa::path(
    post, path = PREFIX, tag = "contacts import", operation_id = "contacts_start_import",
    request_body(content = form::ImportForm, content_type = "multipart/form-data"),
    responses((status = 200, description = "The import has begun", body = Started), ErrorResponses, BodyResponses),
    security(("contacts_session" = []))
)]
pub(super) async fn start(browser: Browser, call: Call, request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, ApiError> {
    browser.require(Permission::Write)?;
    let form = Form::receive(&call, &request, payload).await?;
    let guard = Guard::of(&request, &browser.tenant.origin.actor, &form.digest)?;
    let target = form::target(&browser);
    let user = browser.user().id;
    let can_enrich = call.app.lookups.provider().is_some();
    let (payload, filename, file) = block(move || Ok(form.judge(&target, user, can_enrich))).await??;
    let asked = guard.clone();
    let opened = call.app.jobs.submit(&browser.tenant, browser.tenant.now, move |unit, promise| {
        if let Some(before) = known(unit, asked.as_ref())? {
            return Ok(Err(before));
        }
        import_job::open(unit, promise, &payload, filename).map(|job| Ok((job, payload)))
    });
    let (job, payload) = match opened.await? {
        Ok(opened) => opened,
        Err(before) => return Ok(given(before)),
    };
    let answer = async {
        keep(&browser.tenant, &job, file).await?;
        let (begun, rows) = (job.clone(), payload.rows);
        let begin = call.app.jobs.submit(&browser.tenant, browser.tenant.now, move |unit, promise| {
            once(unit, guard.as_ref(), |unit| {
                import_job::begin(unit, promise, &begun)?;
                kept(StatusCode::OK, &Started::new(begun.uuid, rows))
            })
        });
        begin.await
    };
    let answer: Result<_, Error> = answer.await;
    // Of two requests with one key the first to get here has begun.
    let is_needed = answer.as_ref().is_ok_and(|answer| !answer.replayed);
    if !is_needed {
        let forgotten = browser.tenant.write(move |unit| import_job::cancel(unit, job.uuid));
        if let Err(error) = forgotten.await {
            tracing::warn!(%error, "an import that did not begin cannot be cancelled; it ends by itself");
        }
    }
    Ok(given(answer?))
}

/// Keeps the file where every node finds it.
async fn keep(tenant: &TenantSession, job: &Job, mut file: File) -> DomainResult<()> {
    let job = Arc::new(job.clone());
    for number in 0.. {
        let (chunk, rest) = block(move || {
            let mut chunk = Vec::with_capacity(CHUNK);
            (&mut file).take(CHUNK as u64).read_to_end(&mut chunk).map_err(form::unreadable)?;
            Ok((chunk, file))
        })
        .await?;
        if chunk.is_empty() {
            break;
        }
        file = rest;
        let job = Arc::clone(&job);
        tenant.write(move |unit| import_job::keep_chunk(unit, &job, number, &chunk)).await?;
    }
    Ok(())
}

/// Lists imports, and the undoing of some, newest first.
#[utoipa::path(
    get, path = PREFIX, tag = "contacts import", operation_id = "contacts_list_imports", params(PageParams),
    responses((status = 200, description = "A page", body = Envelope<Imports>), ErrorResponses),
    security(("contacts_session" = []))
)]
pub(super) async fn list(browser: Browser, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let mut query = Query::parse(request.query_string());
    let paging = query.paging("imports");
    query.finish()?;
    let window: Window = paging.window();
    let page = browser.tenant.snapshot(move |reader| {
        let kinds = [JobKind::Import, JobKind::ImportUndo].map(JobKind::as_str);
        let filter = Filter::of([Condition::one_of(JobField::Kind, kinds)]);
        let sort = Sort {
            key: JobField::Id,
            direction: Direction::Descending,
        };
        reader.jobs().list(&filter, sort, &window)
    });
    let page = page.await?;
    let now = browser.tenant.clock.now();
    let imports = page.items.iter().map(|job| Import::of(job, now)).collect::<DomainResult<_>>()?;
    Ok(HttpResponse::Ok().json(Envelope::page(Imports { imports }, paging.meta(page.total))))
}

/// Shows how far an import is.
#[utoipa::path(
    get, path = ITEM, tag = "contacts import", operation_id = "contacts_get_import", params(("id" = String, Path, format = Uuid)),
    responses((status = 200, description = "The import", body = Import), ErrorResponses, LookupResponses),
    security(("contacts_session" = []))
)]
pub(super) async fn get(browser: Browser, path: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let job = find(&browser.tenant, parse(&path)?).await?;
    Ok(HttpResponse::Ok().json(Import::of(&job, browser.tenant.clock.now())?))
}

/// Ends an import, or the undoing of one, where it is. What it did stays.
#[utoipa::path(
    post, path = CANCEL, tag = "contacts import", operation_id = "contacts_cancel_import", params(("id" = String, Path, format = Uuid)),
    responses((status = 200, description = "The import", body = Import), ErrorResponses, LookupResponses, BodyResponses),
    security(("contacts_session" = []))
)]
pub(super) async fn cancel(browser: Browser, path: web::Path<String>, Optional(body): Optional<Nothing>) -> Result<HttpResponse, ApiError> {
    browser.require(Permission::Write)?;
    let (uuid, guard, now) = (parse(&path)?, body.guard, browser.tenant.now);
    let answer = browser.tenant.write(move |unit| {
        once(unit, guard.as_ref(), |unit| {
            let job = import_job::cancel(unit, uuid)?;
            kept(StatusCode::OK, &Import::of(&job, now)?)
        })
    });
    Ok(given(answer.await?))
}

/// Takes an import back, in the background: what it made is deleted, what it changed becomes what it was. What somebody else changed since is
/// left alone, and named by `GET /api/import/{id}/errors` of the job that this answers.
#[utoipa::path(
    post, path = UNDO, tag = "contacts import", operation_id = "contacts_undo_import", params(("id" = String, Path, format = Uuid)),
    responses((status = 200, description = "The job that takes it back", body = Import), ErrorResponses, LookupResponses, BodyResponses),
    security(("contacts_session" = []))
)]
pub(super) async fn undo(
    browser: Browser,
    call: Call,
    path: web::Path<String>,
    Optional(body): Optional<Nothing>,
) -> Result<HttpResponse, ApiError> {
    browser.require(Permission::Write)?;
    let (uuid, guard, now, user) = (parse(&path)?, body.guard, browser.tenant.now, browser.user().id);
    find(&browser.tenant, uuid).await?;
    browser.require(Permission::Delete)?;
    let answer = call.app.jobs.submit(&browser.tenant, now, move |unit, promise| {
        once(unit, guard.as_ref(), |unit| {
            let job = import_job::undo(unit, promise, uuid, user)?;
            kept(StatusCode::OK, &Import::of(&job, now)?)
        })
    });
    Ok(given(answer.await?))
}

/// The uuid that a path names; what is none names nothing.
fn parse(text: &str) -> DomainResult<Uuid> {
    let parsed = Uuid::try_parse(text).ok().filter(|_| text.len() == 36);
    parsed.ok_or_else(|| Error::not_found(NOUN, text))
}

async fn find(tenant: &TenantSession, uuid: Uuid) -> DomainResult<Job> {
    tenant.read(move |reader| import_job::find(reader.jobs(), uuid)).await
}
