//! Merging records that turned out to be the same, and undoing it. A noun whose records can be merged implements [`Merging`] and adds its line
//! to [`NOUNS`].

mod wire;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, StatusCode},
    web,
};
use crm_domain::{
    Error,
    field::Check,
    id::{MergeId, RecordId},
    page::{Direction, Sort},
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        account::Account,
        contact::Contact,
        lead::Lead,
        merge::{Merge, MergeField, MergeFilter, Mergeable},
    },
    usecase::merge,
};
use utoipa::{Modify, openapi::OpenApi};

use super::{
    answer::{acted, kept, kept_record, once_over, record},
    context::{Body, Delete, Nothing, Particulars, Permit, Read},
    error::{ErrorResponses, LookupResponses, SaasError, StateResponses},
    id::in_path,
    noun::{Noun, View, shown},
    page::{PageBody, PageParams, Query},
    resource::changed_at,
    word::MERGE,
};
use crate::families::{Credential, Route};
use wire::{MergeInfo, MergeRequest, Merged};

pub(super) const PATH: &str = "/api/merges";
pub(super) const ITEM: &str = "/api/merges/{id}";
pub(super) const UNDO: &str = "/api/merges/{id}/undo";

/// A noun whose records can be merged.
trait Merging: Noun + Mergeable {
    /// The path under which one of its records takes others in.
    const MERGE: &'static str;
}

impl Merging for Account {
    const MERGE: &'static str = "/api/companies/{id}/merge";
}

impl Merging for Contact {
    const MERGE: &'static str = "/api/contacts/{id}/merge";
}

impl Merging for Lead {
    const MERGE: &'static str = "/api/leads/{id}/merge";
}

/// A noun's route and its documentation.
struct Operation {
    route: fn() -> Route,
    document: fn(&mut OpenApi),
}

impl Operation {
    const fn of<N: Merging>() -> Self {
        Self {
            route: || Route::new(Method::POST, N::MERGE, Credential::Jwt, || web::to(merge::<N>)),
            document: wire::document::<N>,
        }
    }
}

/// Every noun whose records can be merged; one line each.
const NOUNS: [Operation; 3] = [Operation::of::<Account>(), Operation::of::<Contact>(), Operation::of::<Lead>()];

/// The routes of all nouns, and those of the merges themselves.
pub(super) fn routes() -> Vec<Route> {
    let jwt = Credential::Jwt;
    let mut routes = vec![
        Route::new(Method::GET, PATH, jwt, || web::to(list)),
        Route::new(Method::GET, ITEM, jwt, || web::to(get)),
        Route::new(Method::POST, UNDO, jwt, || web::to(undo)),
    ];
    routes.extend(NOUNS.iter().map(|noun| (noun.route)()));
    routes
}

/// Documents the nouns' routes.
pub(super) struct MergeOperations;

impl Modify for MergeOperations {
    fn modify(&self, document: &mut OpenApi) {
        for noun in &NOUNS {
            (noun.document)(document);
        }
    }
}

/// Makes the records that the body names one with this record.
async fn merge<N: Merging>(permit: Permit<Delete>, id: web::Path<String>, body: Body<MergeRequest>) -> Result<HttpResponse, SaasError> {
    let id: N::Id = in_path(&id, N::PREFIX)?;
    let mut check = Check::new();
    let ids = body.value.ids::<N>(&mut check);
    let view = View::of(&permit.tenant);
    let answer = once_over(&permit, body.guard, id, changed_at::<N>, move |unit| {
        let merged = merge::merge::<N>(unit, id, ids, check)?;
        let record = shown(unit.labels(), merged.record, view)?;
        kept(StatusCode::OK, &Merged::of(record, &merged.merge))
    });
    Ok(acted(answer.await?))
}

/// Lists merges, newest first, undone ones among them.
#[utoipa::path(
    get, path = PATH, tag = "merges", operation_id = "saas_list_merges", params(PageParams),
    responses((status = 200, description = "A page of merges", body = PageBody<MergeInfo>), ErrorResponses),
    security(("accessToken" = []))
)]
pub(super) async fn list(permit: Permit<Read>, request: HttpRequest) -> Result<HttpResponse, SaasError> {
    let mut query = Query::parse(request.query_string());
    let paging = query.paging("merges");
    query.finish()?;
    let window = paging.window();
    let newest_first = Sort {
        key: MergeField::Id,
        direction: Direction::Descending,
    };
    let read =
        move |reader: &mut dyn crm_domain::tenant::TenantReader| reader.merges().list(&MergeFilter::default(), newest_first, &window);
    let page = permit.tenant.read(read).await?;
    let tenant = permit.tenant.tenant.id;
    let place = |merge: &Merge| (crm_domain::query::Field::place(newest_first.key, merge), merge.id.get());
    Ok(HttpResponse::Ok().json(PageBody::new(&paging, page, place, |merge| MergeInfo::of(merge, tenant))))
}

/// Shows a merge.
#[utoipa::path(
    get, path = ITEM, tag = "merges", operation_id = "saas_get_merge", params(("id" = String, Path, example = "merge_7")),
    responses((status = 200, description = "The merge", body = MergeInfo), ErrorResponses, LookupResponses),
    security(("accessToken" = []))
)]
pub(super) async fn get(permit: Permit<Read>, id: web::Path<String>) -> Result<HttpResponse, SaasError> {
    let id: MergeId = in_path(&id, MERGE)?;
    let merge = permit.tenant.read(move |reader| reader.merges().lookup(id)).await?;
    let merge = merge.ok_or_else(|| Error::not_found(MergeId::NOUN, id))?;
    let settled_at = settled_at(&merge);
    Ok(record(&MergeInfo::of(merge, permit.tenant.tenant.id), settled_at))
}

/// Undoes a merge: the merged records live again with their ids, and what still is as the merge left it becomes what it was before: who refers
/// to which record, the fields that were filled, the tags. What was changed since stays. It cannot be undone once one of its records was
/// restored by itself, while the record that remained is deleted, or while another record has a value that must be unique.
#[utoipa::path(
    post, path = UNDO, tag = "merges", operation_id = "saas_undo_merge",
    params(
        ("id" = String, Path, example = "merge_7"),
        ("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key and body takes effect once")
    ),
    responses(
        (status = 200, description = "The merge as it is now", body = MergeInfo),
        ErrorResponses, LookupResponses, StateResponses, super::error::BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn undo(
    permit: Permit<Delete>,
    id: web::Path<String>,
    Particulars(body): Particulars<Nothing>,
) -> Result<HttpResponse, SaasError> {
    let id: MergeId = in_path(&id, MERGE)?;
    let tenant = permit.tenant.tenant.id;
    let answer = once_over(&permit, body.guard, id, state, move |unit| {
        let undone = merge::undo(unit, id)?;
        let settled_at = settled_at(&undone);
        kept_record(StatusCode::OK, &MergeInfo::of(undone, tenant), settled_at)
    });
    Ok(acted(answer.await?))
}

fn state(unit: &mut dyn UnitOfWork, id: MergeId) -> crm_domain::Result<Option<Stamp>> {
    Ok(unit.merges().lookup(id)?.as_ref().map(settled_at))
}

/// When the merge was done, or undone.
fn settled_at(merge: &Merge) -> Stamp {
    merge.undone_at.unwrap_or(merge.created_at)
}
