//! The shapes of a contact.

use crm_domain::{
    field::Check,
    id::TenantId,
    tenant::{
        contact::{Contact as Entity, ContactDraft},
        label::Labels,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{
    families::saas::{
        custom_field::values,
        id::{COMPANY, CONTACT, TENANT, USER, in_body, show},
        schema::changes_schema,
    },
    shared::json_body::Given,
};

/// A contact as it is sent: to create one, or the fields of one to change. Null clears a field.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::ContactRequest)]
pub(crate) struct ContactRequest {
    /// The id in the system that the contact came from; unique among the tenant's contacts.
    #[schema(value_type = Option<String>)]
    external_id: Given<String>,
    /// At least one of first and last name is required to create.
    #[schema(value_type = Option<String>, example = "Ada")]
    first_name: Given<String>,
    #[schema(value_type = Option<String>, example = "Lovelace")]
    last_name: Given<String>,
    /// Unique among the tenant's contacts, whatever its case.
    #[schema(value_type = Option<String>, example = "ada@example.com")]
    email: Given<String>,
    #[schema(value_type = Option<String>)]
    phone: Given<String>,
    #[schema(value_type = Option<String>)]
    other_phone: Given<String>,
    #[schema(value_type = Option<String>)]
    title: Given<String>,
    /// The company's name. Where one of the tenant's has this name it is that one, and `companyId` names it; else a text and no more.
    #[schema(value_type = Option<String>)]
    company: Given<String>,
    #[schema(value_type = Option<String>)]
    website: Given<String>,
    #[schema(value_type = Option<String>)]
    city: Given<String>,
    #[schema(value_type = Option<String>)]
    state: Given<String>,
    #[schema(value_type = Option<String>)]
    country: Given<String>,
    #[schema(value_type = Option<String>)]
    description: Given<String>,
    /// The company it works for, whose name then is its `company`. Null takes `company` away as well.
    #[schema(value_type = Option<String>, example = "company_12")]
    company_id: Given<String>,
    /// The user responsible; who creates it when left out.
    #[schema(value_type = Option<String>, example = "user_456")]
    owner_id: Given<String>,
    /// Values of the tenant's custom fields, by their keys. Null clears a value; those left out stay.
    #[schema(value_type = Option<Object>, example = json!({"tier": "Gold"}))]
    pub(super) custom_fields: Given<Map<String, Value>>,
}

impl ContactRequest {
    pub(super) fn draft(self, check: &mut Check) -> ContactDraft {
        ContactDraft {
            external_id: self.external_id.patch("external_id", check),
            first_name: self.first_name.patch("first_name", check),
            last_name: self.last_name.patch("last_name", check),
            email: self.email.patch("email", check),
            phone: self.phone.patch("phone", check),
            other_phone: self.other_phone.patch("other_phone", check),
            title: self.title.patch("title", check),
            company: self.company.patch("company", check),
            website: self.website.patch("website", check),
            city: self.city.patch("city", check),
            state: self.state.patch("state", check),
            country: self.country.patch("country", check),
            description: self.description.patch("description", check),
            account_id: in_body(self.company_id, COMPANY, "account_id", check),
            owner_id: in_body(self.owner_id, USER, "owner_id", check),
            needs_name: true,
            ..ContactDraft::default()
        }
    }
}

changes_schema! {
    /// Documents a body that changes a contact.
    ContactChanges = "saas.ContactChanges" of ContactRequest
}

/// A contact.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::Contact)]
pub(crate) struct Contact {
    #[schema(example = "contact_12")]
    id: String,
    external_id: Option<String>,
    #[schema(example = "Ada")]
    first_name: Option<String>,
    #[schema(example = "Lovelace")]
    last_name: Option<String>,
    #[schema(example = "ada@example.com")]
    email: Option<String>,
    phone: Option<String>,
    other_phone: Option<String>,
    title: Option<String>,
    company: Option<String>,
    website: Option<String>,
    city: Option<String>,
    state: Option<String>,
    country: Option<String>,
    description: Option<String>,
    #[schema(example = "company_12")]
    company_id: Option<String>,
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

impl Contact {
    pub(super) fn of(contact: Entity, labels: Labels, tenant: TenantId) -> Self {
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
            website: fields.website.map(|address| address.into_inner()),
            city: fields.city.map(|text| text.into_inner()),
            state: fields.state.map(|text| text.into_inner()),
            country: fields.country.map(|text| text.into_inner()),
            description: fields.description.map(|text| text.into_inner()),
            company_id: fields.account_id.map(|id| show(COMPANY, id)),
            owner_id: show(USER, fields.owner_id),
            created_at: contact.created_at.to_second_precision(),
            updated_at: contact.updated_at.to_second_precision(),
            created_by: contact.created_by.map(|id| show(USER, id)),
            tenant_id: show(TENANT, tenant),
            custom_fields: values(&labels.custom_fields),
            tags: labels.tags,
        }
    }
}
