//! Partners (contract E-48, E-49, X-164, X-165).

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse};
use crm_domain::{
    control::tenant::Tenant,
    id::RecordId,
    page::Sort,
    tenant::{
        TenantReader,
        partner::{Partner as Entity, PartnerField, PartnerFilter, Percent},
    },
};
use serde::Serialize;
use serde_json::Number;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    context::Access,
    error::{ApiError, ErrorResponses},
    page::{PageParams, Place, PollParams, Query, changed_since},
    related::user,
};

pub(super) const PATH: &str = "/api/external/partners";

/// A partner.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = elevate::Partner)]
pub(super) struct Partner {
    id: Uuid,
    tenant_id: Uuid,
    #[schema(example = "Globex Reselling")]
    name: String,
    #[schema(example = "Reseller")]
    partner_type: Option<String>,
    #[schema(example = "Active")]
    status: String,
    email: Option<String>,
    phone: Option<String>,
    website: Option<String>,
    contact_name: Option<String>,
    /// Its share of what it sells, 0 to 100.
    #[schema(value_type = Option<f64>, example = 12.5)]
    commission_percent: Option<Number>,
    notes: Option<String>,
    /// The user responsible, as `/api/users` names it.
    #[schema(example = "user_456")]
    owner_id: String,
    #[schema(format = DateTime, example = "2026-01-10T00:00:00Z")]
    created_at: String,
    #[schema(format = DateTime, example = "2026-01-10T00:00:00Z")]
    updated_at: String,
}

impl Partner {
    fn of(partner: &Entity, tenant: &Tenant) -> Self {
        let fields = &partner.fields;
        let text = |text: Option<&str>| text.map(str::to_owned);
        Self {
            id: partner.uuid,
            tenant_id: tenant.uuid,
            name: fields.name.to_string(),
            partner_type: text(fields.partner_type.as_deref()),
            status: fields.status.to_string(),
            email: fields.email.as_ref().map(|email| email.as_str().to_owned()),
            phone: text(fields.phone.as_deref()),
            website: fields.website.as_ref().map(|website| website.as_str().to_owned()),
            contact_name: text(fields.contact_name.as_deref()),
            commission_percent: fields.commission_percent.map(Percent::number),
            notes: text(fields.notes.as_deref()),
            owner_id: user(fields.owner_id),
            created_at: partner.created_at.to_second_precision(),
            updated_at: partner.updated_at.to_second_precision(),
        }
    }
}

/// A page of partners.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = elevate::Partners)]
pub(super) struct Partners {
    partners: Vec<Partner>,
    #[serde(flatten)]
    place: Place,
}

/// Lists partners, in the order of creation.
#[utoipa::path(
    get, path = PATH, tag = "elevate pull", operation_id = "elevate_list_partners",
    params(PollParams, PageParams),
    responses((status = 200, description = "A page of partners", body = Partners), ErrorResponses),
    security(("elevate_key" = []))
)]
pub(super) async fn list(access: Access, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let mut query = Query::parse(request.query_string());
    let since = query.since();
    let paging = query.paging(&format!("partners by creation, since {since:?}"));
    query.finish()?;
    let filter = PartnerFilter::of(changed_since(PartnerField::UpdatedAt, since));
    let tenant = Arc::clone(&access.tenant.tenant);
    let read = move |reader: &mut dyn TenantReader| {
        let page = reader.partners().list(&filter, Sort::default(), &paging.window())?;
        let last = page.items.last().map(|partner| partner.id.get());
        Ok(Partners {
            place: paging.place_of(&page, last),
            partners: page.items.iter().map(|partner| Partner::of(partner, &tenant)).collect(),
        })
    };
    Ok(HttpResponse::Ok().json(access.tenant.snapshot(read).await?))
}
