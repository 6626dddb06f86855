//! Companies: the domain's accounts (contract C-60 … C-66, X-87).

mod wire;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use crm_domain::{
    Error,
    field::{Check, Patch},
    id::{AccountId, RecordId, TenantId, UserId},
    stamp::Stamp,
    tenant::{
        TenantReader, UnitOfWork,
        account::{self, Account, AccountField},
        record::Record,
    },
};

use super::{
    answer::{IfMatch, created, kept, record, write_over},
    context::{Body, Delete, Permit, Read, Write},
    error::{BodyResponses, ConflictResponses, ErrorResponses, LookupResponses, SaasError, StaleResponses},
    id::{COMPANY, check_owner, in_path},
    include::{self, IncludeParam},
    list::{self, List, ListParams},
    noun::{Noun, Paths, paths},
    page::PageBody,
    related::Listed,
};
use crate::shared::{call::Call, idempotency::once, tenant::TenantSession};

pub(crate) use wire::{Company, CompanyChanges, CompanyRequest};

pub(super) const PATH: &str = "/api/companies";
pub(super) const ITEM: &str = "/api/companies/{id}";

impl Listed for Company {
    type Field = AccountField;
    const PATH: &'static str = PATH;

    async fn page(tenant: &TenantSession, query: &str, list: List<AccountField>) -> Result<HttpResponse, SaasError> {
        let read = |reader: &mut dyn TenantReader, filter: &_, sort, window: &_| reader.accounts().list(filter, sort, window);
        list::answer(tenant, query, list, read, Self::of).await
    }
}

/// Lists companies.
#[utoipa::path(
    get, path = PATH, tag = "companies", operation_id = "saas_list_companies", params(ListParams<AccountField>),
    responses((status = 200, description = "A page of companies", body = PageBody<Company>), ErrorResponses),
    security(("accessToken" = []))
)]
pub(super) async fn list(permit: Permit<Read>, request: HttpRequest) -> Result<HttpResponse, SaasError> {
    Company::page(&permit.tenant, request.query_string(), List::of("companies")).await
}

/// Shows a company.
#[utoipa::path(
    get, path = ITEM, tag = "companies", operation_id = "saas_get_company", params(("id" = String, Path, example = "company_12"), IncludeParam<AccountField>),
    responses((status = 200, description = "The company", body = Company), ErrorResponses, LookupResponses),
    security(("accessToken" = []))
)]
pub(super) async fn get(permit: Permit<Read>, id: web::Path<String>, request: HttpRequest) -> Result<HttpResponse, SaasError> {
    let id: AccountId = in_path(&id, COMPANY)?;
    let read = move |reader: &mut dyn TenantReader| {
        let found = reader.accounts().lookup(id)?;
        found.ok_or_else(|| Error::not_found(AccountId::NOUN, id))
    };
    include::one::<AccountField, _>(&permit.tenant, request.query_string(), read, |found| found.updated_at, Company::of).await
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
    let guard = body.guard;
    let answer = permit.tenant.write(move |unit| {
        once(unit, guard.as_ref(), |unit| {
            let context = Account::context(unit, owner)?;
            let account = account::create(unit, Account::parse(draft, &context, check)?)?;
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

impl Noun for Account {
    const PREFIX: &'static str = COMPANY;
    const PLURAL: &'static str = "companies";
    const PATHS: Paths = paths!("/api/companies");
    type Request = CompanyRequest;
    type Resource = Company;

    fn draft(request: CompanyRequest, check: &mut Check) -> Self::Draft {
        request.draft(check)
    }

    fn owner(draft: &Self::Draft) -> &Patch<UserId> {
        &draft.owner_id
    }

    fn show(self, tenant: TenantId, _: Stamp) -> Company {
        Company::of(self, tenant)
    }
}
