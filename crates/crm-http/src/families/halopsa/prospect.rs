//! Prospects: what leads are from their conversion on (contract B-35 … B-48, X-59 … X-61). A prospect has its lead's id.

use actix_web::{HttpResponse, http::StatusCode, web};
use crm_domain::{
    field::{Check, Patch, format_date},
    id::{LeadId, RecordId},
    tenant::lead::{Lead, ProspectDraft, QualificationDraft, prospect},
    usecase::{
        convert_lead::Converted,
        prospect::{Promotion, promote},
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    context::{Access, Body},
    error::{ApiError, BodyResponses, ErrorResponses, LookupResponses},
    id,
};
use crate::{
    families::saas::answer::{acted, kept},
    shared::{
        idempotency::once,
        json_body::{Decimal, Given, Object},
    },
};

pub(super) const CONVERT: &str = "/api/v1/prospects/convert/{id}";
pub(super) const STATUS: &str = "/api/v1/prospects/{id}/status";

/// What was found out about a lead.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = halopsa::QualificationData)]
pub(super) struct QualificationData {
    #[schema(value_type = Option<String>, example = "Need better data analytics")]
    pain_points: Given<String>,
    #[schema(value_type = Option<String>, example = "50000-100000")]
    budget_range: Given<String>,
    #[schema(value_type = Option<bool>, example = true)]
    decision_maker: Given<bool>,
    /// 0 to 100.
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 100, example = 85)]
    fit_score: Given<Decimal>,
}

/// What goes along with a conversion.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = halopsa::ConversionOptions)]
pub(super) struct ConversionOptions {
    /// Whether an opportunity is opened at once; false when left out.
    #[schema(value_type = Option<bool>, example = false)]
    create_opportunity: Given<bool>,
    /// Whether a note among the lead's activities tells the team; true when left out.
    #[schema(value_type = Option<bool>, example = true)]
    notify_team: Given<bool>,
}

/// How a lead becomes a prospect.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = halopsa::ConversionRequest)]
pub(super) struct ConversionRequest {
    #[schema(value_type = Option<QualificationData>)]
    qualification_data: Given<Object<QualificationData>>,
    #[schema(value_type = Option<ConversionOptions>)]
    conversion_options: Given<Object<ConversionOptions>>,
}

impl ConversionRequest {
    fn promotion(self, check: &mut Check) -> Promotion {
        let data = part(self.qualification_data, "qualification_data", check);
        let options = part(self.conversion_options, "conversion_options", check);
        let mut flag = |given: Given<bool>, field: &str, usual: bool| given.patch::<bool>(field, check).or_current(None).unwrap_or(usual);
        Promotion {
            with_opportunity: flag(options.create_opportunity, "create_opportunity", false),
            notify_team: flag(options.notify_team, "notify_team", true),
            qualification: QualificationDraft {
                pain_points: data.pain_points.patch("pain_points", check),
                budget_range: data.budget_range.patch("budget_range", check),
                decision_maker: data.decision_maker.patch("decision_maker", check),
                fit_score: data.fit_score.patch("fit_score", check),
            },
        }
    }
}

/// A part of a body that may be left out.
pub(super) fn part<T: Default + serde::de::DeserializeOwned>(given: Given<Object<T>>, field: &str, check: &mut Check) -> T {
    match given.patch::<Object<T>>(field, check) {
        Patch::Set(Object(part)) => part,
        Patch::Keep | Patch::Clear => T::default(),
    }
}

/// What a lead has become.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = halopsa::Conversion)]
pub(super) struct Conversion {
    /// Always true.
    success: bool,
    /// The prospect has its lead's id.
    #[schema(example = 12_345)]
    prospect_id: i64,
    #[schema(example = 12_345)]
    lead_id: i64,
    /// Where the prospect stands: `qualified` when the lead was, else `new`.
    #[schema(example = "new")]
    status: Option<&'static str>,
    /// The person.
    contact_id: i64,
    /// The company; null where none is known.
    account_id: Option<i64>,
    /// What may be sold; null where none was wanted.
    opportunity_id: Option<i64>,
}

impl Conversion {
    fn of(converted: &Converted) -> Self {
        let lead = &converted.lead;
        Self {
            success: true,
            prospect_id: lead.id.get(),
            lead_id: lead.id.get(),
            status: lead.fields.prospect_status().map(|status| status.as_str()),
            contact_id: converted.contact.id.get(),
            account_id: converted.account.as_ref().map(|account| account.id.get()),
            opportunity_id: converted.opportunity.as_ref().map(|opportunity| opportunity.id.get()),
        }
    }
}

/// Makes a lead a prospect, with a contact and, where its company is known, an account. A lead that is one already, and a disqualified one, is
/// refused; `details.state` says which.
#[utoipa::path(
    post, path = CONVERT, tag = "halopsa", operation_id = "halopsa_convert_lead", request_body = ConversionRequest,
    params(
        ("id" = i64, Path, description = "The lead's id", example = 12_345),
        ("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key and body takes effect once")
    ),
    responses((status = 200, description = "What it has become", body = Conversion), ErrorResponses, LookupResponses, BodyResponses),
    security(("halopsa_key" = []))
)]
pub(super) async fn convert(access: Access, path: web::Path<String>, body: Body<ConversionRequest>) -> Result<HttpResponse, ApiError> {
    let id: LeadId = id::parse(&path)?;
    let (sent, guard) = (body.sent, body.guard);
    let mut check = Check::new();
    let promotion = body.value.promotion(&mut check);
    let answer = access.tenant.write(move |unit| {
        once(unit, guard.as_ref(), |unit| {
            let converted = promote(unit, id, promotion, check)?;
            kept(StatusCode::OK, &Conversion::of(&converted))
        })
    });
    Ok(acted(answer.await.map_err(|error| ApiError::of(error, &sent))?))
}

/// Where a prospect stands.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = halopsa::ProspectRequest)]
pub(super) struct ProspectRequest {
    /// `new`, `contacted`, `qualified`, `disqualified` or `converted`.
    #[schema(value_type = String, example = "qualified")]
    status: Given<String>,
    /// Why; it goes with its status.
    #[schema(value_type = Option<String>, example = "Meets all qualification criteria")]
    reason: Given<String>,
    /// Stays when left out.
    #[schema(value_type = Option<String>, example = "Schedule discovery call")]
    next_action: Given<String>,
    /// Stays when left out.
    #[schema(value_type = Option<String>, format = Date, example = "2024-02-01")]
    next_action_date: Given<String>,
}

/// A prospect.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = halopsa::Prospect)]
pub(super) struct Prospect {
    /// Always true.
    success: bool,
    #[schema(example = 12_345)]
    prospect_id: i64,
    #[schema(example = "qualified")]
    status: Option<&'static str>,
    reason: Option<String>,
    next_action: Option<String>,
    #[schema(format = Date, example = "2024-02-01")]
    next_action_date: Option<String>,
    #[schema(format = DateTime, example = "2024-01-25T10:00:00Z")]
    updated_at: String,
}

impl Prospect {
    fn of(lead: &Lead) -> Self {
        let known = &lead.fields.prospect;
        Self {
            success: true,
            prospect_id: lead.id.get(),
            status: lead.fields.prospect_status().map(|status| status.as_str()),
            reason: known.prospect_reason.as_deref().map(str::to_owned),
            next_action: known.next_action.as_deref().map(str::to_owned),
            next_action_date: known.next_action_date.map(format_date),
            updated_at: lead.updated_at.to_second_precision(),
        }
    }
}

/// Says where a prospect stands, and what is to be done next.
#[utoipa::path(
    put, path = STATUS, tag = "halopsa", operation_id = "halopsa_update_prospect", request_body = ProspectRequest,
    params(("id" = i64, Path, description = "The prospect's id, which is its lead's", example = 12_345)),
    responses((status = 200, description = "The prospect as it is now", body = Prospect), ErrorResponses, LookupResponses, BodyResponses),
    security(("halopsa_key" = []))
)]
pub(super) async fn update(access: Access, path: web::Path<String>, body: Body<ProspectRequest>) -> Result<HttpResponse, ApiError> {
    let id: LeadId = id::parse(&path)?;
    let (sent, request) = (body.sent, body.value);
    let mut check = Check::new();
    let draft = ProspectDraft {
        status: request.status.patch("status", &mut check),
        reason: request.reason.patch("reason", &mut check),
        next_action: request.next_action.patch("next_action", &mut check),
        next_action_date: request.next_action_date.patch("next_action_date", &mut check),
    };
    let lead = access.tenant.write(move |unit| prospect::update(unit, id, draft, check));
    let lead = lead.await.map_err(|error| ApiError::of(error, &sent))?;
    Ok(HttpResponse::Ok().json(Prospect::of(&lead)))
}
