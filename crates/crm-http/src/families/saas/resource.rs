//! Listing, reading, creating, changing and deleting the records of any noun (contract C-37 … C-80, X-87, X-93).

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use crm_domain::{
    field::Patch,
    stamp::Stamp,
    tenant::{TenantReader, UnitOfWork, label},
    usecase::{bulk::Drafted, single},
};

use super::{
    answer::{IfMatch, acted, created, kept_record, once_over, record},
    context::{Body, Needed, Permit, Read},
    error::SaasError,
    id::{check_owner, in_path},
    include,
    list::{self, List},
    noun::{Noun, View, drafted, shown},
};
use crate::shared::{
    call::Call,
    idempotency::{Guard, once},
    tenant::TenantSession,
};

/// Lists records.
pub(super) async fn list<N: Noun>(permit: Permit<Read>, request: HttpRequest) -> Result<HttpResponse, SaasError> {
    page::<N>(&permit.tenant, request.query_string(), List::of(N::PLURAL)).await
}

/// Answers a page of a list of the noun. Labels are read after the records, so that they are as new or newer.
pub(super) async fn page<N: Noun>(tenant: &TenantSession, query: &str, mut list: List<N::Field>) -> Result<HttpResponse, SaasError> {
    let view = View::of(tenant);
    for switch in N::switches(view.now) {
        list = list.with_switch(switch.name, switch.conditions);
    }
    list = list.with_derived(N::DERIVED);
    let labels = |reader: &mut dyn TenantReader, records: &[N]| {
        let ids: Vec<i64> = records.iter().map(|record| record.id()).collect();
        label::of(reader.labels(), N::KIND, &ids)
    };
    let read = |reader: &mut dyn TenantReader, filter: &_, sort, window: &_| N::read_page(reader, filter, sort, window);
    list::answer_with(tenant, query, list, read, labels, |record: N, _, labels| {
        let own = labels.get(&record.id()).cloned().unwrap_or_default();
        record.show(own, view)
    })
    .await
}

/// Shows a record.
pub(super) async fn get<N: Noun>(permit: Permit<Read>, id: web::Path<String>, request: HttpRequest) -> Result<HttpResponse, SaasError> {
    let id: N::Id = in_path(&id, N::PREFIX)?;
    include::one::<N>(&permit.tenant, request.query_string(), id).await
}

/// Creates a record.
pub(super) async fn create<N: Noun>(call: Call, permit: Permit<N::Writing>, body: Body<N::Request>) -> Result<HttpResponse, SaasError> {
    let mut drafted = drafted::<N>(body.value, N::creation);
    check_owner_of(&call, &permit.tenant, &mut drafted).await?;
    let (view, owner, guard) = (View::of(&permit.tenant), permit.user().id, body.guard);
    let answer = permit.tenant.write(move |unit| {
        once(unit, guard.as_ref(), |unit| {
            let record: N = single::create_drafted(unit, drafted, owner)?;
            let updated_at = record.updated_at();
            kept_record(StatusCode::CREATED, &shown(unit.labels(), record, view)?, updated_at)
        })
    });
    Ok(created(answer.await?, N::PATHS.list)?)
}

/// Changes the fields given of a record; the others stay.
pub(super) async fn update<N: Noun>(
    call: Call,
    permit: Permit<N::Writing>,
    id: web::Path<String>,
    body: Body<N::Request>,
) -> Result<HttpResponse, SaasError> {
    let id: N::Id = in_path(&id, N::PREFIX)?;
    let mut drafted = drafted::<N>(body.value, N::draft);
    check_owner_of(&call, &permit.tenant, &mut drafted).await?;
    let (view, owner, condition) = (View::of(&permit.tenant), permit.user().id, permit.condition.clone());
    let written = permit.tenant.write(move |unit| {
        let Some(before) = unless_stale::<N>(unit, id, &condition)? else {
            return Ok(None);
        };
        let after = single::update_drafted(unit, before, drafted, owner)?;
        let updated_at = after.updated_at();
        Ok(Some((shown(unit.labels(), after, view)?, updated_at)))
    });
    let (resource, updated_at) = written.await?.ok_or(SaasError::Stale)?;
    Ok(record(&resource, updated_at))
}

/// Deletes a record, with what goes along with it.
pub(super) async fn remove<N: Noun>(permit: Permit<N::Removing>, id: web::Path<String>) -> Result<HttpResponse, SaasError> {
    let id: N::Id = in_path(&id, N::PREFIX)?;
    let condition = permit.condition.clone();
    let written = permit.tenant.write(move |unit| {
        let before = unless_stale::<N>(unit, id, &condition)?;
        before.map(|before| single::remove_known(unit, before)).transpose()
    });
    written.await?.ok_or(SaasError::Stale)?;
    Ok(HttpResponse::NoContent().finish())
}

/// Does something to a live record, once for each `Idempotency-Key` and while it is in a state that the client will write over, and shows it as
/// it is then.
pub(super) async fn act<N: Noun>(
    permit: &Permit<impl Needed>,
    guard: Option<Guard>,
    id: &str,
    action: impl FnOnce(&mut dyn UnitOfWork, N::Id) -> crm_domain::Result<N> + Send + 'static,
) -> Result<HttpResponse, SaasError> {
    act_on(permit, guard, id, changed_at::<N>, action).await
}

/// [`act`], on a record that `changed_at` finds.
pub(super) async fn act_on<N: Noun>(
    permit: &Permit<impl Needed>,
    guard: Option<Guard>,
    id: &str,
    changed_at: fn(&mut dyn UnitOfWork, N::Id) -> crm_domain::Result<Option<Stamp>>,
    action: impl FnOnce(&mut dyn UnitOfWork, N::Id) -> crm_domain::Result<N> + Send + 'static,
) -> Result<HttpResponse, SaasError> {
    let id: N::Id = in_path(id, N::PREFIX)?;
    let view = View::of(&permit.tenant);
    let answer = once_over(permit, guard, id, changed_at, move |unit| {
        let record = action(unit, id)?;
        let updated_at = record.updated_at();
        kept_record(StatusCode::OK, &shown(unit.labels(), record, view)?, updated_at)
    });
    Ok(acted(answer.await?))
}

/// When a live record changed last.
pub(super) fn changed_at<N: Noun>(unit: &mut dyn UnitOfWork, id: N::Id) -> crm_domain::Result<Option<Stamp>> {
    Ok(N::lookup_many(unit, &[id])?.pop().map(|record| record.updated_at()))
}

/// The live record, while it is in a state that the client will write over.
fn unless_stale<N: Noun>(unit: &mut dyn UnitOfWork, id: N::Id, condition: &IfMatch) -> crm_domain::Result<Option<N>> {
    let record: N = single::known(unit, id)?;
    Ok(condition.holds(record.updated_at()).then_some(record))
}

async fn check_owner_of<N: Noun>(call: &Call, tenant: &TenantSession, drafted: &mut Drafted<N>) -> crm_domain::Result<()> {
    match N::owner(&drafted.draft) {
        Some(owner @ Patch::Set(_)) => check_owner(&call.app.control, tenant.tenant.id, owner, &mut drafted.check).await,
        Some(Patch::Keep | Patch::Clear) | None => Ok(()),
    }
}
