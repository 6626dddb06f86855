//! The contact that a lead became.

use crm_domain::{id::TenantId, tenant::contact};
use serde::Serialize;
use utoipa::ToSchema;

use crate::families::saas::id::{COMPANY, CONTACT, TENANT, USER, show};

/// A contact.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::Contact)]
pub(in crate::families::saas) struct Contact {
    #[schema(example = "contact_56")]
    id: String,
    external_id: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    other_phone: Option<String>,
    title: Option<String>,
    company: Option<String>,
    #[schema(example = "company_12")]
    company_id: Option<String>,
    website: Option<String>,
    city: Option<String>,
    state: Option<String>,
    country: Option<String>,
    description: Option<String>,
    #[schema(example = "user_456")]
    owner_id: String,
    #[schema(example = "2026-01-17T10:30:00Z")]
    created_at: String,
    #[schema(example = "2026-01-17T10:30:00Z")]
    updated_at: String,
    #[schema(example = "user_456")]
    created_by: Option<String>,
    #[schema(example = "tenant_789")]
    tenant_id: String,
}

impl Contact {
    pub(super) fn of(contact: contact::Contact, tenant: TenantId) -> Self {
        let fields = contact.fields;
        Self {
            id: show(CONTACT, contact.id),
            external_id: fields.external_id.map(|text| text.into_inner()),
            first_name: fields.first_name.map(|text| text.into_inner()),
            last_name: fields.last_name.map(|text| text.into_inner()),
            email: fields.email.map(|email| email.into_inner()),
            phone: fields.phone.map(|text| text.into_inner()),
            other_phone: fields.other_phone.map(|text| text.into_inner()),
            title: fields.title.map(|text| text.into_inner()),
            company: fields.company.map(|text| text.into_inner()),
            company_id: fields.account_id.map(|id| show(COMPANY, id)),
            website: fields.website.map(|address| address.into_inner()),
            city: fields.city.map(|text| text.into_inner()),
            state: fields.state.map(|text| text.into_inner()),
            country: fields.country.map(|text| text.into_inner()),
            description: fields.description.map(|text| text.into_inner()),
            owner_id: show(USER, fields.owner_id),
            created_at: contact.created_at.to_second_precision(),
            updated_at: contact.updated_at.to_second_precision(),
            created_by: contact.created_by.map(|id| show(USER, id)),
            tenant_id: show(TENANT, tenant),
        }
    }
}
