//! Deals: the domain's opportunities (contract E-18 … E-25, X-164).

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse};
use crm_domain::{
    Result as DomainResult,
    control::tenant::Tenant,
    error::Problem,
    field::format_date,
    id::{OpportunityId, RecordId, StageId},
    page::Sort,
    query::Condition,
    tenant::{
        TenantReader,
        change::EntityKind,
        opportunity::{Opportunity, OpportunityField, OpportunityFilter},
        pipeline::{Pipeline, StageKind},
        timer,
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
    related::{Related, user},
};

pub(super) const PATH: &str = "/api/external/deals";

/// Most characters of a stage's name.
const STAGE_MAX: usize = 100;
const STATUSES: [(&str, StageKind); 3] = [("open", StageKind::Open), ("won", StageKind::Won), ("lost", StageKind::Lost)];

/// A deal.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = elevate::Deal)]
pub(super) struct Deal {
    id: Uuid,
    tenant_id: Uuid,
    #[schema(example = "Enterprise licence")]
    name: String,
    /// The stage's name.
    #[schema(example = "Proposal Sent")]
    stage: String,
    /// `open`, `won` or `lost`: what reaching the stage means.
    #[schema(example = "open")]
    status: &'static str,
    /// In major units; null while nobody knows.
    #[schema(value_type = Option<f64>, example = 75_000)]
    value: Option<Number>,
    /// ISO 4217; null without a value.
    #[schema(example = "USD")]
    currency: Option<String>,
    /// Per cent, 0 to 100.
    probability: i64,
    #[schema(format = Date, example = "2026-03-15")]
    expected_close_date: Option<String>,
    /// The day it was won or lost.
    #[schema(format = Date)]
    closed_on: Option<String>,
    lost_reason: Option<String>,
    description: Option<String>,
    #[schema(example = "Referral")]
    source: Option<String>,
    next_step: Option<String>,
    /// When the next target of its SLA policy is due that is still to be met; null without one.
    #[schema(format = DateTime)]
    sla_due_at: Option<String>,
    /// How far its newest handoff is: `pending` or `completed`; null while it was never handed over.
    #[schema(example = "pending")]
    handoff_status: Option<&'static str>,
    account_id: Option<Uuid>,
    contact_id: Option<Uuid>,
    /// The user responsible, as `/api/users` names it.
    #[schema(example = "user_456")]
    owner_id: String,
    #[schema(format = DateTime, example = "2026-01-10T00:00:00Z")]
    created_at: String,
    #[schema(format = DateTime, example = "2026-01-10T00:00:00Z")]
    updated_at: String,
}

impl Deal {
    /// Deals with what they refer to.
    pub fn show(reader: &mut dyn TenantReader, tenant: &Tenant, deals: &[Opportunity]) -> DomainResult<Vec<Self>> {
        let wanted = deals.iter().flat_map(|deal| {
            [
                (EntityKind::Account, deal.fields.account_id.map(RecordId::get)),
                (EntityKind::Contact, deal.fields.contact_id.map(RecordId::get)),
            ]
        });
        let related = Related::read(reader, wanted)?;
        let ids: Vec<OpportunityId> = deals.iter().map(|deal| deal.id).collect();
        let handoffs = reader.handoffs().statuses_of(&ids)?;
        let ids: Vec<i64> = ids.into_iter().map(RecordId::get).collect();
        let due = timer::next_due(&reader.timers().list_of(EntityKind::Opportunity, &ids)?);
        let show = |deal: &Opportunity| {
            let mut shown = Self::of(deal, tenant, &related);
            shown.sla_due_at = due.get(&deal.id.get()).map(|due| due.to_second_precision());
            shown.handoff_status = handoffs.get(&deal.id).map(|status| status.as_str());
            shown
        };
        Ok(deals.iter().map(show).collect())
    }

    fn of(deal: &Opportunity, tenant: &Tenant, related: &Related) -> Self {
        let fields = &deal.fields;
        let text = |text: Option<&str>| text.map(str::to_owned);
        Self {
            id: deal.uuid,
            tenant_id: tenant.uuid,
            name: fields.name.to_string(),
            stage: deal.stage.fields.name.to_string(),
            status: deal.stage.fields.kind.as_str(),
            value: fields.amount.map(|amount| amount.currency.major(amount.minor.into())),
            currency: fields.amount.map(|amount| amount.currency.as_str().to_owned()),
            probability: fields.probability,
            expected_close_date: fields.expected_close_date.map(format_date),
            closed_on: fields.closed_on.map(format_date),
            lost_reason: text(fields.lost_reason.as_deref()),
            description: text(fields.description.as_deref()),
            source: text(fields.lead_source.as_deref()),
            next_step: text(fields.next_step.as_deref()),
            sla_due_at: None,
            handoff_status: None,
            account_id: related.of(EntityKind::Account, fields.account_id),
            contact_id: related.of(EntityKind::Contact, fields.contact_id),
            owner_id: user(fields.owner_id),
            created_at: deal.created_at.to_second_precision(),
            updated_at: deal.updated_at.to_second_precision(),
        }
    }
}

/// A page of deals.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = elevate::Deals)]
pub(super) struct Deals {
    deals: Vec<Deal>,
    #[serde(flatten)]
    place: Place,
}

/// Lists deals, in the order of creation.
#[utoipa::path(
    get, path = PATH, tag = "elevate pull", operation_id = "elevate_list_deals",
    params(
        ("status" = Option<String>, Query, description = "Only deals that are `open`, `won` or `lost`", example = "open"),
        ("stage" = Option<String>, Query, description = "Only deals in a stage of this name, whatever its case and in every pipeline"),
        PollParams, PageParams,
    ),
    responses((status = 200, description = "A page of deals", body = Deals), ErrorResponses),
    security(("elevate_key" = []))
)]
pub(super) async fn list(access: Access, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let mut query = Query::parse(request.query_string());
    let status = query.word("status", &STATUSES);
    let stage = query.parsed("stage", |text| match text.chars().count() {
        0..=STAGE_MAX => Ok(text.to_lowercase()),
        _ => Err(Problem::TooLong { max: STAGE_MAX }),
    });
    let since = query.since();
    let paging = query.paging(&format!("deals by creation, {status:?}, {stage:?}, since {since:?}"));
    query.finish()?;
    let tenant = Arc::clone(&access.tenant.tenant);
    let read = move |reader: &mut dyn TenantReader| {
        let mut filter = OpportunityFilter::of(changed_since(OpportunityField::UpdatedAt, since));
        if status.is_some() || stage.is_some() {
            let stages = stages(&reader.pipelines().all()?, status, stage.as_deref());
            filter.conditions.push(Condition::one_of(OpportunityField::StageId, stages));
        }
        let page = reader.opportunities().list(&filter, Sort::default(), &paging.window())?;
        let last = page.items.last().map(|deal| deal.id.get());
        Ok(Deals {
            place: paging.place_of(&page, last),
            deals: Deal::show(reader, &tenant, &page.items)?,
        })
    };
    Ok(HttpResponse::Ok().json(access.tenant.snapshot(read).await?))
}

/// The stages that mean this and are called this.
fn stages(pipelines: &[Pipeline], kind: Option<StageKind>, name: Option<&str>) -> Vec<StageId> {
    let stages = pipelines.iter().flat_map(|pipeline| &pipeline.stages);
    let meant = stages.filter(|stage| kind.is_none_or(|kind| stage.fields.kind == kind));
    let called = meant.filter(|stage| name.is_none_or(|name| stage.fields.name.to_lowercase() == name));
    called.map(|stage| stage.id).collect()
}
