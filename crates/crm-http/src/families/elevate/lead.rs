//! Leads (contract E-26 … E-30, X-164, X-165).

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse};
use crm_domain::{
    Result as DomainResult,
    control::tenant::Tenant,
    id::RecordId,
    page::Sort,
    query::Condition,
    stamp::Stamp,
    tenant::{
        TenantReader,
        change::EntityKind,
        lead::{Lead as Entity, LeadField, LeadFilter, LeadStatus, Tier},
    },
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    context::Access,
    error::{ApiError, ErrorResponses},
    page::{PageParams, Place, PollParams, Query, changed_since},
    related::{Related, user},
};

pub(super) const PATH: &str = "/api/external/leads";

/// A lead.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = elevate::Lead)]
pub(super) struct Lead {
    id: Uuid,
    tenant_id: Uuid,
    /// First and last name.
    #[schema(example = "Jane Doe")]
    name: String,
    first_name: Option<String>,
    last_name: Option<String>,
    #[schema(example = "jane@acme.example")]
    email: Option<String>,
    phone: Option<String>,
    title: Option<String>,
    #[schema(example = "Acme")]
    company: Option<String>,
    #[schema(example = "Website")]
    source: Option<String>,
    #[schema(example = "Qualified")]
    status: String,
    /// `A` (75 points and more), `B` (50), `C` (25) or `D`, which every disqualified lead is.
    #[schema(example = "A")]
    tier: &'static str,
    /// 0 to 100 points: email 15 and 10 more when it is not a free provider's, phone 15, company 15, title 10 and 15 more when its bearer
    /// decides, source 5; contacted 5, qualified or converted 15; disqualified 0 in all.
    #[schema(example = 85)]
    score: i64,
    description: Option<String>,
    disqualified_reason: Option<String>,
    #[schema(format = DateTime)]
    qualified_at: Option<String>,
    #[schema(format = DateTime)]
    converted_at: Option<String>,
    /// The deal that came of it.
    converted_deal_id: Option<Uuid>,
    account_id: Option<Uuid>,
    /// The user responsible, as `/api/users` names it.
    #[schema(example = "user_456")]
    owner_id: String,
    #[schema(format = DateTime, example = "2026-01-10T00:00:00Z")]
    created_at: String,
    #[schema(format = DateTime, example = "2026-01-10T00:00:00Z")]
    updated_at: String,
}

impl Lead {
    /// Leads with what they refer to.
    pub fn show(reader: &mut dyn TenantReader, tenant: &Tenant, leads: &[Entity]) -> DomainResult<Vec<Self>> {
        let wanted = leads.iter().flat_map(|lead| {
            let deal = lead.fields.outcome.converted_opportunity_id;
            [
                (EntityKind::Account, lead.fields.account_id.map(RecordId::get)),
                (EntityKind::Opportunity, deal.map(RecordId::get)),
            ]
        });
        let related = Related::read(reader, wanted)?;
        Ok(leads.iter().map(|lead| Self::of(lead, tenant, &related)).collect())
    }

    fn of(lead: &Entity, tenant: &Tenant, related: &Related) -> Self {
        let fields = &lead.fields;
        let text = |text: Option<&str>| text.map(str::to_owned);
        let names = [fields.first_name.as_deref(), fields.last_name.as_deref()];
        Self {
            id: lead.uuid,
            tenant_id: tenant.uuid,
            name: names.into_iter().flatten().collect::<Vec<_>>().join(" "),
            first_name: text(fields.first_name.as_deref()),
            last_name: text(fields.last_name.as_deref()),
            email: fields.email.as_ref().map(|email| email.as_str().to_owned()),
            phone: text(fields.phone.as_deref()),
            title: text(fields.title.as_deref()),
            company: text(fields.company.as_deref()),
            source: text(fields.source.as_deref()),
            status: fields.status.to_string(),
            tier: fields.tier().as_str(),
            score: fields.lead_score(),
            description: text(fields.description.as_deref()),
            disqualified_reason: text(fields.outcome.disqualified_reason.as_deref()),
            qualified_at: fields.outcome.qualified_at.map(Stamp::to_second_precision),
            converted_at: fields.outcome.converted_at.map(Stamp::to_second_precision),
            converted_deal_id: related.of(EntityKind::Opportunity, fields.outcome.converted_opportunity_id),
            account_id: related.of(EntityKind::Account, fields.account_id),
            owner_id: user(fields.owner_id),
            created_at: lead.created_at.to_second_precision(),
            updated_at: lead.updated_at.to_second_precision(),
        }
    }
}

/// A page of leads.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = elevate::Leads)]
pub(super) struct Leads {
    leads: Vec<Lead>,
    #[serde(flatten)]
    place: Place,
}

/// Lists leads, in the order of creation.
#[utoipa::path(
    get, path = PATH, tag = "elevate pull", operation_id = "elevate_list_leads",
    params(
        ("status" = Option<String>, Query, description = "Only leads of this status: `New`, `Contacted`, `Qualified`, `Disqualified`, `Converted`, \
            whatever the case, or a word of the system that they were imported from", example = "Qualified"),
        ("tier" = Option<String>, Query, description = "Only leads of this tier: `A`, `B`, `C` or `D`", example = "A"),
        PollParams, PageParams,
    ),
    responses((status = 200, description = "A page of leads", body = Leads), ErrorResponses),
    security(("elevate_key" = []))
)]
pub(super) async fn list(access: Access, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let mut query = Query::parse(request.query_string());
    let status = query.parsed("status", LeadStatus::parse);
    let tier = query.parsed("tier", Tier::parse);
    let since = query.since();
    let paging = query.paging(&format!("leads by creation, {status:?}, {tier:?}, since {since:?}"));
    query.finish()?;
    let status = status.map(|status| Condition::equal(LeadField::Status, status.as_str()));
    let tier = tier.map(|tier| Condition::equal(LeadField::Tier, tier));
    let filter = LeadFilter::of([status, tier, changed_since(LeadField::UpdatedAt, since)].into_iter().flatten());
    let tenant = Arc::clone(&access.tenant.tenant);
    let read = move |reader: &mut dyn TenantReader| {
        let page = reader.leads().list(&filter, Sort::default(), &paging.window())?;
        let last = page.items.last().map(|lead| lead.id.get());
        Ok(Leads {
            place: paging.place_of(&page, last),
            leads: Lead::show(reader, &tenant, &page.items)?,
        })
    };
    Ok(HttpResponse::Ok().json(access.tenant.snapshot(read).await?))
}
