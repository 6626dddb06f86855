//! Creating, changing and deleting many records of any noun in one request (contract C-50 … C-52, X-94). An item that is not valid fails
//! alone and is told by its index; what is written is committed together.

use std::collections::HashMap;

use actix_web::{HttpResponse, http::StatusCode};
use crm_domain::{
    Error,
    error::Problem,
    field::{Check, Patch},
    id::{RecordId, UserId},
    tenant::UnitOfWork,
    usecase::bulk::{self, BULK_MAX, Drafted, Outcomes},
};
use serde_json::{Value, json};

use super::{
    answer::{acted, kept},
    context::{BulkBody, Permit},
    error::{Refused, SaasError},
    id::unknown_owners,
    noun::{self, Noun, View, shown_many},
};
use crate::shared::{
    call::Call,
    idempotency::{Guard, once},
    json_body::{JsonBody, bind_item},
    tenant::TenantSession,
};

/// The member that names the records to delete.
const IDS: &str = "ids";
/// What an item as a whole is called, where it is none.
const ITEM: &str = "item";

/// Creates records.
pub(super) async fn create<N: Noun>(call: Call, permit: Permit<N::Writing>, body: BulkBody) -> Result<HttpResponse, SaasError> {
    let items = items(body.json, N::PLURAL)?;
    let drafts = items.into_iter().map(|item| drafted::<N>(item, N::creation));
    let mut drafts: Vec<Drafted<N>> = drafts.collect::<Result<_, _>>()?;
    check_owners::<N>(&call, &permit.tenant, drafts.iter_mut()).await?;
    let owner = permit.user().id;
    written(&permit.tenant, body.guard, move |unit, view| {
        let outcomes = bulk::create::<N>(unit, drafts, owner)?;
        Ok((StatusCode::CREATED, records(unit, outcomes, "created", view)?))
    })
    .await
}

/// Changes the fields given of each record.
pub(super) async fn update<N: Noun>(call: Call, permit: Permit<N::Writing>, body: BulkBody) -> Result<HttpResponse, SaasError> {
    let items = items(body.json, N::PLURAL)?;
    let with_id = |item: Value| {
        let id = if item.is_object() {
            id_of::<N>(item.get("id"))
        } else {
            Err(Error::invalid(ITEM, no_object()))
        };
        drafted::<N>(item, N::draft).map(|drafted| id.map(|id| (id, drafted)))
    };
    let drafts = items.into_iter().map(with_id);
    let mut drafts: Vec<crm_domain::Result<(N::Id, Drafted<N>)>> = drafts.collect::<Result<_, SaasError>>()?;
    let named = drafts.iter_mut().flatten().map(|(_, drafted)| drafted);
    check_owners::<N>(&call, &permit.tenant, named).await?;
    let owner = permit.user().id;
    written(&permit.tenant, body.guard, move |unit, view| {
        let outcomes = bulk::update::<N>(unit, drafts, owner)?;
        Ok((StatusCode::OK, records(unit, outcomes, "updated", view)?))
    })
    .await
}

/// Deletes records.
pub(super) async fn remove<N: Noun>(permit: Permit<N::Removing>, body: BulkBody) -> Result<HttpResponse, SaasError> {
    let items = items(body.json, IDS)?;
    let ids: Vec<crm_domain::Result<N::Id>> = items.iter().map(|item| id_of::<N>(Some(item))).collect();
    written(&permit.tenant, body.guard, move |unit, _| {
        let outcomes = bulk::remove::<N>(unit, ids)?;
        Ok((StatusCode::OK, removals(&outcomes)))
    })
    .await
}

/// Writes in one unit, once for each `Idempotency-Key`.
pub(super) async fn written(
    tenant: &TenantSession,
    guard: Option<Guard>,
    work: impl FnOnce(&mut dyn UnitOfWork, View) -> crm_domain::Result<(StatusCode, Value)> + Send + 'static,
) -> Result<HttpResponse, SaasError> {
    let view = View::of(tenant);
    let answer = tenant.write(move |unit| {
        once(unit, guard.as_ref(), |unit| {
            let (status, body) = work(unit, view)?;
            kept(status, &body)
        })
    });
    Ok(acted(answer.await?))
}

/// What became of each record: those that were `done`, and what was wrong with the others.
pub(super) fn records<N: Noun>(unit: &mut dyn UnitOfWork, outcomes: Outcomes<N>, done: &str, view: View) -> crm_domain::Result<Value> {
    let (mut written, mut errors) = (Vec::new(), Vec::new());
    for (index, outcome) in outcomes.into_iter().enumerate() {
        match outcome {
            Ok(record) => written.push(record),
            Err(error) => errors.push(Refused::of(index, &error)),
        }
    }
    let items = shown_many(unit.labels(), written, view)?;
    Ok(json!({ "items": items, done: items.len(), "failed": errors.len(), "errors": errors }))
}

fn removals(outcomes: &Outcomes<()>) -> Value {
    let failed = outcomes.iter().enumerate();
    let errors: Vec<_> = failed
        .filter_map(|(index, outcome)| outcome.as_ref().err().map(|error| Refused::of(index, error)))
        .collect();
    json!({ "deleted": outcomes.len() - errors.len(), "failed": errors.len(), "errors": errors })
}

/// The items of a body, of which there must be some and not too many.
fn items(body: JsonBody, member: &'static str) -> Result<Vec<Value>, SaasError> {
    let problem = match body.into_member(member) {
        None | Some(Value::Null) => Problem::Required,
        Some(Value::Array(items)) if (1..=BULK_MAX).contains(&items.len()) => return Ok(items),
        Some(Value::Array(_)) => Problem::Rule(format!("must hold 1 to {BULK_MAX} items")),
        Some(_) => Problem::Type {
            expected: "a list".to_owned(),
        },
    };
    Err(Error::invalid(member, problem).into())
}

/// What is no object says nothing: the fields that are required are missing, too.
fn drafted<N: Noun>(item: Value, draft: fn(N::Request, &mut Check) -> N::Draft) -> Result<Drafted<N>, SaasError> {
    let is_object = item.is_object();
    let mut drafted = noun::drafted(bind_item::<N::Request>(item)?, draft);
    if !is_object {
        drafted.check.fail(ITEM, no_object());
    }
    Ok(drafted)
}

fn no_object() -> Problem {
    Problem::Type {
        expected: "an object".to_owned(),
    }
}

/// The id of an item, as bodies give it.
pub(super) fn id_of<N: Noun>(given: Option<&Value>) -> crm_domain::Result<N::Id> {
    match given {
        None | Some(Value::Null) => Err(Error::invalid("id", Problem::Required)),
        Some(Value::String(text)) => {
            N::Id::parse_prefixed(text, N::PREFIX).ok_or_else(|| Error::not_found(<N::Id as RecordId>::NOUN, text))
        }
        Some(_) => {
            let expected = "a string".to_owned();
            Err(Error::invalid("id", Problem::Type { expected }))
        }
    }
}

/// Notes the owners that are no active users of the tenant; each user is looked up once.
async fn check_owners<'a, N: Noun>(
    call: &Call,
    tenant: &TenantSession,
    drafts: impl Iterator<Item = &'a mut Drafted<N>>,
) -> Result<(), SaasError> {
    let mut by_owner: HashMap<UserId, Vec<&mut Check>> = HashMap::new();
    for drafted in drafts {
        if let Some(Patch::Set(owner)) = N::owner(&drafted.draft) {
            by_owner.entry(*owner).or_default().push(&mut drafted.check);
        }
    }
    if by_owner.is_empty() {
        return Ok(());
    }
    let owners = by_owner.keys().copied().collect();
    for unknown in unknown_owners(&call.app.control, tenant.tenant.id, owners).await? {
        for check in by_owner.remove(&unknown).into_iter().flatten() {
            check.fail("owner_id", Problem::Reference { noun: UserId::NOUN });
        }
    }
    Ok(())
}
