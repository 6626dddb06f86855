//! Opportunities (contract B-49 … B-59, X-59, X-61, X-62).

use actix_web::{HttpResponse, http::StatusCode, web};
use crm_domain::{
    field::{Check, format_date, parse_integer},
    id::{LeadId, OpportunityId, RecordId},
    tenant::opportunity::{Opportunity as Entity, OpportunityDraft},
    usecase::prospect::{ProgressDraft, open_opportunity, progress},
};
use serde::{Deserialize, Serialize};
use serde_json::Number;
use utoipa::ToSchema;

use super::{
    context::{Access, Body},
    error::{ApiError, BodyResponses, ErrorResponses, LookupResponses},
    id,
    prospect::part,
};
use crate::{
    families::saas::answer::{acted, kept},
    shared::{
        idempotency::once,
        json_body::{Decimal, Given, Object},
    },
};

pub(super) const PATH: &str = "/api/v1/opportunities";
pub(super) const ITEM: &str = "/api/v1/opportunities/{id}";

/// What is known of a new opportunity.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = halopsa::OpportunityData)]
pub(super) struct OpportunityData {
    /// In major units of the tenant's currency.
    #[schema(value_type = Option<f64>, example = 75_000)]
    value: Given<Decimal>,
    /// Per cent; the first stage's own when left out.
    #[schema(value_type = Option<u32>, minimum = 0, maximum = 100, example = 60)]
    probability: Given<Decimal>,
    #[schema(value_type = Option<String>, format = Date, example = "2024-03-15")]
    expected_close_date: Given<String>,
    /// Names, separated by commas.
    #[schema(value_type = Option<String>, example = "Competitor A, Competitor B")]
    competitors: Given<String>,
}

/// A new opportunity.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = halopsa::OpportunityRequest)]
pub(super) struct OpportunityRequest {
    /// A qualified prospect.
    #[schema(value_type = i64, example = 12_345)]
    prospect_id: Given<Decimal>,
    #[schema(value_type = Option<OpportunityData>)]
    opportunity_data: Given<Object<OpportunityData>>,
}

/// How far an opportunity is. What is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = halopsa::OpportunityChanges)]
pub(super) struct OpportunityChanges {
    /// `open`, `proposal`, `negotiation`, `won` or `lost`.
    #[schema(value_type = Option<String>, example = "negotiation")]
    status: Given<String>,
    /// In major units of its currency.
    #[schema(value_type = Option<f64>, example = 80_000)]
    value: Given<Decimal>,
    /// Per cent; another status brings its stage's own when left out.
    #[schema(value_type = Option<u32>, minimum = 0, maximum = 100, example = 75)]
    probability: Given<Decimal>,
    #[schema(value_type = Option<String>, example = "Customer requested custom terms")]
    notes: Given<String>,
}

/// An opportunity.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = halopsa::Opportunity)]
pub(super) struct Opportunity {
    #[schema(example = 345)]
    opportunity_id: i64,
    #[schema(example = "Tech Corp")]
    name: String,
    /// `open`, `proposal`, `negotiation`, `won` or `lost`.
    #[schema(example = "negotiation")]
    status: &'static str,
    /// The stage's name.
    #[schema(example = "Negotiation")]
    stage: String,
    /// In major units; null while nobody knows.
    #[schema(value_type = Option<f64>, example = 80_000)]
    value: Option<Number>,
    /// ISO 4217; null without a value.
    #[schema(example = "USD")]
    currency: Option<String>,
    /// Per cent, 0 to 100.
    #[schema(example = 75)]
    probability: i64,
    #[schema(format = Date, example = "2024-03-15")]
    expected_close_date: Option<String>,
    #[schema(example = "Competitor A, Competitor B")]
    competitors: Option<String>,
    notes: Option<String>,
    #[schema(format = DateTime, example = "2024-01-25T10:00:00Z")]
    created_at: String,
    #[schema(format = DateTime, example = "2024-01-25T10:00:00Z")]
    updated_at: String,
}

impl Opportunity {
    /// As the family shows it.
    pub fn of(opportunity: &Entity) -> Self {
        let fields = &opportunity.fields;
        let text = |text: Option<&str>| text.map(str::to_owned);
        Self {
            opportunity_id: opportunity.id.get(),
            name: fields.name.to_string(),
            status: opportunity.status().as_str(),
            stage: opportunity.stage.fields.name.to_string(),
            value: fields.amount.map(|amount| amount.major()),
            currency: fields.amount.map(|amount| amount.currency.as_str().to_owned()),
            probability: fields.probability,
            expected_close_date: fields.expected_close_date.map(format_date),
            competitors: text(fields.competitors.as_deref()),
            notes: text(fields.description.as_deref()),
            created_at: opportunity.created_at.to_second_precision(),
            updated_at: opportunity.updated_at.to_second_precision(),
        }
    }
}

/// An opportunity that was written.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = halopsa::WrittenOpportunity)]
pub(super) struct Written {
    /// Always true.
    success: bool,
    /// The prospect that it was opened for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 12_345)]
    prospect_id: Option<i64>,
    #[serde(flatten)]
    opportunity: Opportunity,
}

/// Opens an opportunity for a qualified prospect; it belongs to the contact and account that its lead was converted into.
#[utoipa::path(
    post, path = PATH, tag = "halopsa", operation_id = "halopsa_create_opportunity", request_body = OpportunityRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key and body takes effect once")),
    responses((status = 201, description = "The new opportunity", body = Written), ErrorResponses, LookupResponses, BodyResponses),
    security(("halopsa_key" = []))
)]
pub(super) async fn create(access: Access, body: Body<OpportunityRequest>) -> Result<HttpResponse, ApiError> {
    let (sent, guard, request) = (body.sent, body.guard, body.value);
    let mut check = Check::new();
    let prospect = request.prospect_id.patch("prospect_id", &mut check);
    let prospect = check.required("prospect_id", prospect, None, |text| parse_integer(text, 1, i64::MAX));
    let data = part(request.opportunity_data, "opportunity_data", &mut check);
    let draft = OpportunityDraft {
        amount: data.value.patch("value", &mut check),
        probability: data.probability.patch("probability", &mut check),
        expected_close_date: data.expected_close_date.patch("expected_close_date", &mut check),
        competitors: data.competitors.patch("competitors", &mut check),
        ..OpportunityDraft::default()
    };
    let Some(prospect) = prospect.map(LeadId::from_i64) else {
        check.finish().map_err(|error| ApiError::of(error, &sent))?;
        return Err(ApiError::NotFound);
    };
    let answer = access.tenant.write(move |unit| {
        once(unit, guard.as_ref(), |unit| {
            let opened = open_opportunity(unit, prospect, draft, check).map_err(as_value)?;
            kept(
                StatusCode::CREATED,
                &Written {
                    success: true,
                    prospect_id: Some(prospect.get()),
                    opportunity: Opportunity::of(&opened),
                },
            )
        })
    });
    Ok(acted(answer.await.map_err(|error| ApiError::of(error, &sent))?))
}

/// Says how far an opportunity is.
#[utoipa::path(
    put, path = ITEM, tag = "halopsa", operation_id = "halopsa_update_opportunity", request_body = OpportunityChanges,
    params(("id" = i64, Path, example = 345)),
    responses((status = 200, description = "The opportunity as it is now", body = Written), ErrorResponses, LookupResponses, BodyResponses),
    security(("halopsa_key" = []))
)]
pub(super) async fn update(access: Access, path: web::Path<String>, body: Body<OpportunityChanges>) -> Result<HttpResponse, ApiError> {
    let id: OpportunityId = id::parse(&path)?;
    let (sent, request) = (body.sent, body.value);
    let mut check = Check::new();
    let draft = ProgressDraft {
        status: request.status.patch("status", &mut check),
        value: request.value.patch("value", &mut check),
        probability: request.probability.patch("probability", &mut check),
        notes: request.notes.patch("notes", &mut check),
    };
    let changed = access.tenant.write(move |unit| progress(unit, id, draft, check).map_err(as_value));
    let changed = changed.await.map_err(|error| ApiError::of(error, &sent))?;
    Ok(HttpResponse::Ok().json(Written {
        success: true,
        prospect_id: None,
        opportunity: Opportunity::of(&changed),
    }))
}

/// What this family calls the fields that are wrong.
fn as_value(error: crm_domain::Error) -> crm_domain::Error {
    let crm_domain::Error::Invalid(mut errors) = error else {
        return error;
    };
    for error in &mut errors {
        error.field = match error.field.as_str() {
            "amount" => "value".to_owned(),
            "description" => "notes".to_owned(),
            other => other.to_owned(),
        };
    }
    crm_domain::Error::Invalid(errors)
}
