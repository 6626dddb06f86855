//! Judging a lead before it is imported; nothing is kept (contract B-70 … B-74, X-66).

use actix_web::HttpResponse;
use crm_domain::{field::Check, tenant::lead, usecase::sync_leads::Source};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    context::{Access, Body},
    error::{ApiError, BodyResponses, ErrorResponses, message},
    lead::{LeadData, incoming, object},
};
use crate::shared::json_body::Given;

pub(super) const PATH: &str = "/api/v1/validate/leads";

/// A lead to judge.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = halopsa::ValidationRequest)]
pub(super) struct ValidationRequest {
    #[schema(value_type = LeadData)]
    data: Given<Map<String, Value>>,
    /// A slug of lower-case letters, digits, `-`, `_` and `.`.
    #[schema(value_type = Option<String>, example = "apollo")]
    source: Given<String>,
}

/// What there is to say of a lead.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = halopsa::Validation)]
pub(super) struct Validation {
    /// Whether it could be imported.
    valid: bool,
    /// Why it could not, and what of it is doubtful.
    warnings: Vec<String>,
    #[schema(example = json!(["Consider adding phone number for better contact rate"]))]
    suggestions: Vec<String>,
}

/// Judges a lead before it is imported. Nothing is kept.
#[utoipa::path(
    post, path = PATH, tag = "halopsa", operation_id = "halopsa_validate_lead", request_body = ValidationRequest,
    responses((status = 200, description = "What there is to say of it", body = Validation), ErrorResponses, BodyResponses),
    security(("halopsa_key" = []))
)]
pub(super) async fn judge(access: Access, body: Body<ValidationRequest>) -> Result<HttpResponse, ApiError> {
    let sent = body.sent;
    let mut missing = Check::new();
    let members = object(body.value.data, "data", &mut missing);
    missing.finish().map_err(|error| ApiError::of(error, &sent))?;
    let mut check = Check::new();
    let source = body.value.source.patch("source", &mut check);
    check.optional("source", source, None, Source::parse);
    let lead = incoming(members, check);
    let advice = lead::judge(lead.draft, access.owner, lead.check)?;
    let doubts = advice.warnings.iter().map(ToString::to_string);
    Ok(HttpResponse::Ok().json(Validation {
        valid: advice.problems.is_empty(),
        warnings: advice.problems.iter().map(message).chain(doubts).collect(),
        suggestions: advice.suggestions.iter().map(ToString::to_string).collect(),
    }))
}
