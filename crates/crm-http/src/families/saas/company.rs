//! Companies: the domain's accounts (contract C-60 … C-66, X-87).

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use crm_domain::{
    Error,
    field::Check,
    id::{AccountId, RecordId, TenantId},
    tenant::account::{self, Account, AccountDraft, AccountFields, AccountFilter, AccountSort},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    answer::{IfMatch, created, kept, record},
    context::{Body, Delete, Permit, Read, Write},
    error::{BodyResponses, ConflictResponses, ErrorResponses, LookupResponses, SaasError, StaleResponses},
    id::{COMPANY, TENANT, USER, check_owner, in_body, in_path, show},
    page::{PageBody, PageParams, Query, SortKey, SortParams},
    schema::changes_schema,
};
use crate::shared::{
    call::Call,
    idempotency::once,
    json_body::{Decimal, Given},
};

pub(super) const PATH: &str = "/api/companies";
pub(super) const ITEM: &str = "/api/companies/{id}";

/// A company as it is sent: to create one, or the fields of one to change. Null clears a field.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::CompanyRequest)]
pub(crate) struct CompanyRequest {
    /// The id in the system that the company came from; unique among the tenant's companies.
    #[schema(value_type = Option<String>)]
    external_id: Given<String>,
    /// Required to create.
    #[schema(value_type = String, example = "Acme Corp")]
    name: Given<String>,
    #[schema(value_type = Option<String>)]
    category: Given<String>,
    #[schema(value_type = Option<String>)]
    website: Given<String>,
    #[schema(value_type = Option<String>)]
    phone: Given<String>,
    #[schema(value_type = Option<String>)]
    email: Given<String>,
    #[schema(value_type = Option<String>)]
    address: Given<String>,
    #[schema(value_type = Option<String>)]
    city: Given<String>,
    #[schema(value_type = Option<String>)]
    state: Given<String>,
    #[schema(value_type = Option<String>)]
    zip_code: Given<String>,
    #[schema(value_type = Option<String>)]
    country: Given<String>,
    #[schema(value_type = Option<String>)]
    industry: Given<String>,
    #[schema(value_type = Option<i64>)]
    employees: Given<Decimal>,
    /// In major units of `currency`.
    #[schema(value_type = Option<f64>, example = 1250000.5)]
    annual_revenue: Given<Decimal>,
    /// ISO 4217; USD when left out.
    #[schema(value_type = Option<String>, example = "USD")]
    currency: Given<String>,
    #[schema(value_type = Option<i64>)]
    founded_year: Given<Decimal>,
    #[schema(value_type = Option<String>)]
    description: Given<String>,
    /// The company it is a subsidiary of.
    #[schema(value_type = Option<String>, example = "company_12")]
    parent_id: Given<String>,
    /// The user responsible; who creates it when left out.
    #[schema(value_type = Option<String>, example = "user_456")]
    owner_id: Given<String>,
}

impl CompanyRequest {
    fn draft(self, check: &mut Check) -> AccountDraft {
        AccountDraft {
            external_id: self.external_id.patch("external_id", check),
            name: self.name.patch("name", check),
            category: self.category.patch("category", check),
            website: self.website.patch("website", check),
            phone: self.phone.patch("phone", check),
            email: self.email.patch("email", check),
            address: self.address.patch("address", check),
            city: self.city.patch("city", check),
            state: self.state.patch("state", check),
            zip_code: self.zip_code.patch("zip_code", check),
            country: self.country.patch("country", check),
            industry: self.industry.patch("industry", check),
            employees: self.employees.patch("employees", check),
            annual_revenue: self.annual_revenue.patch("annual_revenue", check),
            currency: self.currency.patch("currency", check),
            revenue_scale: 1,
            founded_year: self.founded_year.patch("founded_year", check),
            description: self.description.patch("description", check),
            parent_id: in_body(self.parent_id, COMPANY, "parent_id", check),
            owner_id: in_body(self.owner_id, USER, "owner_id", check),
        }
    }
}

changes_schema! {
    /// Documents a body that changes a company.
    CompanyChanges = "saas.CompanyChanges" of CompanyRequest
}

/// A company.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::Company)]
pub(crate) struct Company {
    #[schema(example = "company_12")]
    id: String,
    external_id: Option<String>,
    #[schema(example = "Acme Corp")]
    name: String,
    category: Option<String>,
    website: Option<String>,
    phone: Option<String>,
    email: Option<String>,
    address: Option<String>,
    city: Option<String>,
    state: Option<String>,
    zip_code: Option<String>,
    country: Option<String>,
    industry: Option<String>,
    employees: Option<i64>,
    /// In major units of `currency`.
    #[schema(value_type = Option<f64>, example = 1250000.5)]
    annual_revenue: Option<serde_json::Number>,
    /// Of `annualRevenue`; null without it.
    #[schema(example = "USD")]
    currency: Option<String>,
    founded_year: Option<i64>,
    description: Option<String>,
    parent_id: Option<String>,
    #[schema(example = "user_456")]
    owner_id: String,
    #[schema(example = "2026-01-17T10:30:00Z")]
    created_at: String,
    #[schema(example = "2026-01-17T10:30:00Z")]
    updated_at: String,
    /// Null when no user but an integration or an import made it.
    #[schema(example = "user_456")]
    created_by: Option<String>,
    #[schema(example = "tenant_789")]
    tenant_id: String,
}

impl Company {
    fn of(account: Account, tenant: TenantId) -> Self {
        let fields = account.fields;
        Self {
            id: show(COMPANY, account.id),
            external_id: fields.external_id.map(|text| text.into_inner()),
            name: fields.name.into_inner(),
            category: fields.category.map(|text| text.into_inner()),
            website: fields.website.map(|address| address.into_inner()),
            phone: fields.phone.map(|text| text.into_inner()),
            email: fields.email.map(|email| email.into_inner()),
            address: fields.address.map(|text| text.into_inner()),
            city: fields.city.map(|text| text.into_inner()),
            state: fields.state.map(|text| text.into_inner()),
            zip_code: fields.zip_code.map(|text| text.into_inner()),
            country: fields.country.map(|text| text.into_inner()),
            industry: fields.industry.map(|text| text.into_inner()),
            employees: fields.employees,
            annual_revenue: fields.annual_revenue.map(|money| money.major()),
            currency: fields.annual_revenue.map(|money| money.currency.as_str().to_owned()),
            founded_year: fields.founded_year,
            description: fields.description.map(|text| text.into_inner()),
            parent_id: fields.parent_id.map(|id| show(COMPANY, id)),
            owner_id: show(USER, fields.owner_id),
            created_at: account.created_at.to_second_precision(),
            updated_at: account.updated_at.to_second_precision(),
            created_by: account.created_by.map(|id| show(USER, id)),
            tenant_id: show(TENANT, tenant),
        }
    }
}

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
    let updated = permit.tenant.write(move |unit| {
        let current = unit.accounts().lookup(id)?.ok_or_else(|| Error::not_found(AccountId::NOUN, id))?;
        let holds = condition.holds(current.updated_at);
        holds.then(|| account::update(unit, id, draft, check)).transpose()
    });
    let account = updated.await?.ok_or(SaasError::Stale)?;
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
    let removed = permit.tenant.write(move |unit| {
        let current = unit.accounts().lookup(id)?.ok_or_else(|| Error::not_found(AccountId::NOUN, id))?;
        let holds = condition.holds(current.updated_at);
        holds.then(|| account::remove(unit, id)).transpose()
    });
    removed.await?.ok_or(SaasError::Stale)?;
    Ok(HttpResponse::NoContent().finish())
}
