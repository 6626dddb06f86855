//! Looking people up at the provider, for browsers (contract D-193 … D-202, X-153, X-154). Every lookup costs credits: what can be refused is
//! refused before, and a request that is sent again with its `Idempotency-Key` pays once.

pub(super) mod job;
mod wire;

use actix_web::{HttpResponse, http::StatusCode, web};
use crm_domain::{
    control::user::Permission,
    enrichment::Found,
    id::ContactId,
    tenant::UnitOfWork,
    usecase::enrich::{self, Outcome, Subject},
};

use self::wire::{EnrichedContact, FoundPerson, LookupRequest, OwnLookupRequest, Status};
use super::{
    answer::{given, kept},
    context::{Body, Browser, Optional},
    error::{ApiError, BodyResponses, ErrorResponses, ProviderResponses},
    id,
};
use crate::shared::{
    call::Call,
    idempotency::{Answer, Guard},
    lookups::LookupFailure,
    tenant::TenantSession,
};

pub(super) const STATUS: &str = "/api/enrichment/status";
pub(super) const SEARCH: &str = "/api/enrichment/search";
pub(super) const ENRICH: &str = "/api/contacts/{id}/enrich-linkedin";
pub(super) const CREATE: &str = "/api/enrichment/create-from-linkedin";

/// Tells whether people can be looked up.
#[utoipa::path(
    get, path = STATUS, tag = "contacts enrichment", operation_id = "contacts_enrichment_status",
    responses((status = 200, description = "Whether a provider is configured", body = Status), ErrorResponses),
    security(("contacts_session" = []))
)]
pub(super) async fn status(call: Call, _: Browser) -> HttpResponse {
    let provider = call.app.lookups.provider();
    let message = match provider {
        Some(_) => "LinkedIn enrichment is ready to use",
        None => "LinkedIn enrichment is not configured",
    };
    HttpResponse::Ok().json(Status {
        configured: provider.is_some(),
        provider,
        message,
    })
}

/// Looks a person up. Nothing is written.
#[utoipa::path(
    post, path = SEARCH, tag = "contacts enrichment", operation_id = "contacts_look_up_person", request_body = LookupRequest,
    responses((status = 200, description = "What is known", body = FoundPerson), ErrorResponses, BodyResponses, ProviderResponses),
    security(("contacts_session" = []))
)]
pub(super) async fn search(call: Call, browser: Browser, body: Body<LookupRequest>) -> Result<HttpResponse, ApiError> {
    browser.require(Permission::Write)?;
    let person = body.value.parse()?;
    let tenant = &browser.tenant;
    once(tenant, body.guard, async |guard| {
        let Found { profile, credits } = call.app.lookups.find(person).await?;
        let answer = FoundPerson {
            success: true,
            data: profile.into(),
            credits_used: credits,
            message: "Contact details found successfully",
        };
        let (status, body) = kept(StatusCode::OK, &answer)?;
        Ok(tenant.write(move |unit| finished(unit, guard, status, body)).await?)
    })
    .await
}

/// Looks up the person that a contact is, and fills what the contact does not say. Without `linkedinUrl` it is the contact's own profile.
#[utoipa::path(
    post, path = ENRICH, tag = "contacts enrichment", operation_id = "contacts_enrich_contact", request_body = OwnLookupRequest,
    params(("id" = String, Path, format = Uuid)),
    responses((status = 200, description = "The contact as it is now", body = EnrichedContact), ErrorResponses, BodyResponses, ProviderResponses),
    security(("contacts_session" = []))
)]
pub(super) async fn enrich_contact(
    call: Call,
    browser: Browser,
    path: web::Path<String>,
    Optional(body): Optional<OwnLookupRequest>,
) -> Result<HttpResponse, ApiError> {
    browser.require(Permission::Write)?;
    let uuid = id::parse::<ContactId>(&path)?;
    let given = body.value.parse()?;
    let tenant = &browser.tenant;
    once(tenant, body.guard, async |guard| {
        let subject = tenant
            .read(move |reader| enrich::of_contact(reader.contacts(), uuid, given))
            .await?;
        let found = look_up(&call, &browser, &subject).await?;
        apply(&browser, subject, found, guard).await
    })
    .await
}

/// Looks a person up and makes a contact of the profile. Where a contact has the profile already nobody is looked up: 409. One that has the
/// profile's email, and no profile of its own, is filled instead: 200.
#[utoipa::path(
    post, path = CREATE, tag = "contacts enrichment", operation_id = "contacts_create_from_profile", request_body = LookupRequest,
    responses(
        (status = 201, description = "The new contact", body = EnrichedContact),
        (status = 200, description = "The contact with the profile's email", body = EnrichedContact),
        ErrorResponses, BodyResponses, ProviderResponses
    ),
    security(("contacts_session" = []))
)]
pub(super) async fn create(call: Call, browser: Browser, body: Body<LookupRequest>) -> Result<HttpResponse, ApiError> {
    browser.require(Permission::Write)?;
    let person = body.value.parse()?;
    let (tenant, owner) = (&browser.tenant, browser.user().id);
    once(tenant, body.guard, async |guard| {
        call.app.lookups.check()?;
        let subject = tenant.write(move |unit| {
            enrich::check_creatable(unit)?;
            enrich::of_nobody(unit.contacts(), person)
        });
        let subject = subject.await?;
        let found = look_up(&call, &browser, &subject).await?;
        // Who makes a contact of a profile is its maker, and the change feed says so; what fills one is the profile.
        let (new, profile, keeping) = (subject.clone(), found.profile.clone(), guard.clone());
        let (credits, family) = (found.credits, tenant.origin.family);
        let made = tenant.write(move |unit| {
            if let Some(holder) = enrich::holder(unit, &new.person, &profile)? {
                return Ok(Err(holder));
            }
            let made = Outcome::Created(enrich::create(unit, &new.person, &profile, owner)?);
            enrich::job::note(unit, &new, owner, family, credits, Ok(&made))?;
            let (status, answer) = EnrichedContact::of(made, credits);
            let (status, body) = kept(status, &answer)?;
            finished(unit, keeping, status, body).map(Ok)
        });
        match made.await? {
            Ok(answer) => Ok(answer),
            Err(holder) => {
                let contact = Some(holder);
                apply(&browser, Subject { contact, ..subject }, found, guard).await
            }
        }
    })
    .await
}

/// Looks the subject up. That somebody was not found stands in the history, as far as the provider was asked at all (D-203).
async fn look_up(call: &Call, browser: &Browser, subject: &Subject) -> Result<Found, ApiError> {
    let refusal = match call.app.lookups.find(subject.person.clone()).await {
        Ok(found) => return Ok(found),
        Err(refusal) => refusal,
    };
    if let LookupFailure::Lookup(error) = &refusal
        && !error.is_unasked()
    {
        let (subject, owner, family) = (subject.clone(), browser.user().id, browser.tenant.origin.family);
        let (credits, reason) = (error.credits(), error.to_string());
        let noted = browser
            .tenant
            .write(move |unit| enrich::job::note(unit, &subject, owner, family, credits, Err(reason)));
        if let Err(error) = noted.await {
            // The caller hears what went wrong first.
            tracing::error!(%error, "a lookup cannot be noted");
        }
    }
    Err(refusal.into())
}

/// Fills the subject's contact, as the feed says by the profile, and answers it.
async fn apply(browser: &Browser, subject: Subject, found: Found, guard: Option<Guard>) -> Result<Answer, ApiError> {
    let owner = browser.user().id;
    let tenant = TenantSession {
        origin: enrich::origin(browser.tenant.origin.family),
        ..browser.tenant.clone()
    };
    let family = tenant.origin.family;
    let answer = tenant.write(move |unit| {
        let outcome = enrich::apply(unit, &subject, &found.profile, owner)?;
        enrich::job::note(unit, &subject, owner, family, found.credits, Ok(&outcome))?;
        let (status, answer) = EnrichedContact::of(outcome, found.credits);
        let (status, body) = kept(status, &answer)?;
        finished(unit, guard, status, body)
    });
    Ok(answer.await?)
}

/// The answer of a unit of work, kept with its effect.
fn finished(unit: &mut dyn UnitOfWork, guard: Option<Guard>, status: StatusCode, body: String) -> crm_domain::Result<Answer> {
    if let Some(guard) = guard {
        guard.finish(unit, status, &body)?;
    }
    Ok(Answer {
        status,
        body,
        changed_at: None,
        replayed: false,
    })
}

/// Does what costs something once for each `Idempotency-Key`; what failed may be sent again.
async fn once(
    tenant: &TenantSession,
    guard: Option<Guard>,
    work: impl AsyncFnOnce(Option<Guard>) -> Result<Answer, ApiError>,
) -> Result<HttpResponse, ApiError> {
    let Some(guard) = guard else {
        return work(None).await.map(given);
    };
    let beginning = guard.clone();
    if let Some(answer) = tenant.write(move |unit| beginning.begin(unit)).await? {
        return Ok(given(answer));
    }
    let done = work(Some(guard.clone())).await;
    if done.is_err() {
        let freed = tenant.write(move |unit| guard.settle(unit, false)).await;
        if let Err(error) = freed {
            // It stays reserved, and a repeated request is answered 409.
            tracing::error!(%error, "cannot note how a lookup ended");
        }
    }
    done.map(given)
}
