//! The shapes of a company.

use crm_domain::{
    field::Check,
    id::TenantId,
    money::Currency,
    tenant::{
        account::{Account, AccountDraft},
        label::Labels,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{
    families::saas::{
        custom_field::values,
        id::{COMPANY, TENANT, USER, in_body, show},
        schema::changes_schema,
    },
    shared::json_body::{Decimal, Given},
};

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
    /// ISO 4217; the tenant's default currency when left out.
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
    /// Values of the tenant's custom fields, by their keys. Null clears a value; those left out stay.
    #[schema(value_type = Option<Object>, example = json!({"tier": "Gold"}))]
    pub(super) custom_fields: Given<Map<String, Value>>,
}

impl CompanyRequest {
    pub(crate) fn draft(self, check: &mut Check) -> AccountDraft {
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
            default_currency: Currency::default(),
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
    /// Their names, by name.
    #[schema(example = json!(["VIP"]))]
    tags: Vec<String>,
    /// Its values of the tenant's custom fields, by their keys; those that it has.
    #[schema(value_type = Object, example = json!({"tier": "Gold"}))]
    custom_fields: Map<String, Value>,
}

impl Company {
    pub(crate) fn of(account: Account, labels: Labels, tenant: TenantId) -> Self {
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
            custom_fields: values(&labels.custom_fields),
            tags: labels.tags,
        }
    }
}
