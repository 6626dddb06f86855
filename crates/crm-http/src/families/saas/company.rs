//! Companies: the domain's accounts (contract C-60 … C-66, X-87).

mod wire;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use crm_domain::{
    Error,
    field::Check,
    id::{AccountId, RecordId},
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        account::{self, Account, AccountFields, AccountFilter, AccountSort},
    },
};

use super::{
    answer::{IfMatch, created, kept, record, write_over},
    context::{Body, Delete, Permit, Read, Write},
    error::{BodyResponses, ConflictResponses, ErrorResponses, LookupResponses, SaasError, StaleResponses},
    id::{COMPANY, check_owner, in_path},
    page::{PageBody, PageParams, Query, SortKey, SortParams},
};
use crate::shared::{call::Call, idempotency::once};

pub(crate) use wire::{Company, CompanyChanges, CompanyRequest};

pub(super) const PATH: &str = "/api/companies";
pub(super) const ITEM: &str = "/api/companies/{id}";

impl SortKey for AccountSort {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("createdAt", Self::CreatedAt),
        // Ids ascend in the order of creation.
        ("id", Self::CreatedAt),
        ("updatedAt", Self::UpdatedAt),
        ("name", Self::Name),
        ("category", Self::Category),
        ("website", Self::Website),
        ("phone", Self::Phone),
        ("email", Self::Email),
        ("city", Self::City),
        ("state", Self::State),
        ("zipCode", Self::ZipCode),
        ("country", Self::Country),
        ("industry", Self::Industry),
        ("employees", Self::Employees),
        ("annualRevenue", Self::AnnualRevenue),
        ("foundedYear", Self::FoundedYear),
        ("ownerId", Self::OwnerId),
        ("externalId", Self::ExternalId),
        ("address", Self::Address),
        ("currency", Self::Currency),
        ("description", Self::Description),
        ("parentId", Self::ParentId),
        ("createdBy", Self::CreatedBy),
    ];
}

/// Lists companies.
#[utoipa::path(
    get, path = PATH, tag = "companies", operation_id = "saas_list_companies", params(PageParams, SortParams),
    responses((status = 200, description = "A page of companies", body = PageBody<Company>), ErrorResponses),
    security(("accessToken" = []))
)]
pub(super) async fn list(permit: Permit<Read>, request: HttpRequest) -> Result<HttpResponse, SaasError> {
    let mut query = Query::parse(request.query_string());
    let sort = query.sort::<AccountSort>();
    let filter = AccountFilter {
        search: query.search(),
        ..AccountFilter::default()
    };
    let paging = query.paging(&query.order_and_filter("companies", &["sortBy", "sortOrder", "search"]));
    query.finish()?;
    let window = paging.window();
    let page = permit
        .tenant
        .read(move |reader| reader.accounts().list(&filter, sort, &window))
        .await?;
    let tenant = permit.tenant.tenant.id;
    let place = |account: &Account| (sort.key.value(account), account.id.get());
    Ok(HttpResponse::Ok().json(PageBody::new(&paging, page, place, |account| Company::of(account, tenant))))
}

/// Shows a company.
#[utoipa::path(
    get, path = ITEM, tag = "companies", operation_id = "saas_get_company", params(("id" = String, Path, example = "company_12")),
    responses((status = 200, description = "The company", body = Company), ErrorResponses, LookupResponses),
    security(("accessToken" = []))
)]
pub(super) async fn get(permit: Permit<Read>, id: web::Path<String>) -> Result<HttpResponse, SaasError> {
    let id: AccountId = in_path(&id, COMPANY)?;
    let account = permit.tenant.read(move |reader| reader.accounts().lookup(id)).await?;
    let account = account.ok_or_else(|| Error::not_found(AccountId::NOUN, id))?;
    let updated_at = account.updated_at;
    Ok(record(&Company::of(account, permit.tenant.tenant.id), updated_at))
}

/// Creates a company.
#[utoipa::path(
    post, path = PATH, tag = "companies", operation_id = "saas_create_company", request_body = CompanyRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key and body takes effect once")),
    responses(
        (status = 201, description = "The new company", body = Company, headers(("Location" = String))),
        ErrorResponses, ConflictResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn create(call: Call, permit: Permit<Write>, body: Body<CompanyRequest>) -> Result<HttpResponse, SaasError> {
    let mut check = Check::new();
    let (tenant, owner) = (permit.tenant.tenant.id, permit.user().id);
    let draft = body.value.draft(&mut check);
    check_owner(&call.app.control, tenant, &draft.owner_id, &mut check).await?;
    let fields = AccountFields::parse(draft, owner, check)?;
    let guard = body.guard;
    let answer = permit.tenant.write(move |unit| {
        once(unit, guard.as_ref(), |unit| {
            let account = account::create(unit, fields)?;
            kept(StatusCode::CREATED, &Company::of(account, tenant))
        })
    });
    Ok(created(answer.await?, PATH)?)
}

/// When the record changed last.
fn state(unit: &mut dyn UnitOfWork, id: AccountId) -> crm_domain::Result<Option<Stamp>> {
    Ok(unit.accounts().lookup(id)?.map(|account| account.updated_at))
}

/// Changes the fields given; the others stay (contract X-93).
#[utoipa::path(
    put, path = ITEM, tag = "companies", operation_id = "saas_update_company", request_body = CompanyChanges,
    params(
        ("id" = String, Path, example = "company_12"),
        ("If-Match" = Option<String>, Header, description = "Only while the company has this entity tag")
    ),
    responses(
        (status = 200, description = "The company as it is now", body = Company),
        ErrorResponses, LookupResponses, ConflictResponses, StaleResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn update(
    call: Call,
    permit: Permit<Write>,
    id: web::Path<String>,
    condition: IfMatch,
    body: Body<CompanyRequest>,
) -> Result<HttpResponse, SaasError> {
    let id: AccountId = in_path(&id, COMPANY)?;
    let mut check = Check::new();
    let tenant = permit.tenant.tenant.id;
    let draft = body.value.draft(&mut check);
    check_owner(&call.app.control, tenant, &draft.owner_id, &mut check).await?;
    let account = write_over(&permit.tenant, condition, id, state, move |unit| {
        account::update(unit, id, draft, check)
    })
    .await?;
    let updated_at = account.updated_at;
    Ok(record(&Company::of(account, tenant), updated_at))
}

/// Deletes a company and, with it, its deals (contract X-40).
#[utoipa::path(
    delete, path = ITEM, tag = "companies", operation_id = "saas_delete_company",
    params(
        ("id" = String, Path, example = "company_12"),
        ("If-Match" = Option<String>, Header, description = "Only while the company has this entity tag")
    ),
    responses(
        (status = 204, description = "It is gone"),
        ErrorResponses, LookupResponses, StaleResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn remove(permit: Permit<Delete>, id: web::Path<String>, condition: IfMatch) -> Result<HttpResponse, SaasError> {
    let id: AccountId = in_path(&id, COMPANY)?;
    write_over(&permit.tenant, condition, id, state, move |unit| account::remove(unit, id)).await?;
    Ok(HttpResponse::NoContent().finish())
}
