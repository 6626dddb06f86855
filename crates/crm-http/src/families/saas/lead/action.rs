//! What is done to a lead: handed over, judged, converted.

pub(in crate::families::saas) mod many;
mod wire;

use actix_web::{HttpResponse, http::StatusCode, web};
use crm_domain::{
    field::{Check, Patch},
    id::LeadId,
    tenant::lead::{self, Lead as Record},
    usecase::{convert_lead, single},
};

use super::Lead;
use crate::{
    families::saas::{
        answer::{acted, kept, once_over},
        context::{Body, Nothing, Particulars, Permit, Write},
        error::{BodyResponses, ErrorResponses, LookupResponses, SaasError, StateResponses},
        id::{LEAD, check_owner, in_path},
        noun::View,
        resource::{act, changed_at},
    },
    shared::call::Call,
};
use wire::{Assignment, Conversion, Converted, Disqualification};

pub(in crate::families::saas) const ASSIGN: &str = "/api/leads/{id}/assign";
pub(in crate::families::saas) const CONVERT: &str = "/api/leads/{id}/convert";
pub(in crate::families::saas) const DISQUALIFY: &str = "/api/leads/{id}/disqualify";
pub(in crate::families::saas) const QUALIFY: &str = "/api/leads/{id}/qualify";

/// Hands a lead to another user.
#[utoipa::path(
    post, path = ASSIGN, tag = "leads", operation_id = "saas_assign_lead", request_body = Assignment,
    params(("id" = String, Path, example = "lead_123")),
    responses((status = 200, description = "The lead as it is now", body = Lead), ErrorResponses, LookupResponses, BodyResponses),
    security(("accessToken" = []))
)]
pub(in crate::families::saas) async fn assign(
    call: Call,
    permit: Permit<Write>,
    id: web::Path<String>,
    body: Body<Assignment>,
) -> Result<HttpResponse, SaasError> {
    let mut check = Check::new();
    let owner = body.value.owner(&mut check);
    check_owner(&call.app.control, permit.tenant.tenant.id, &Patch::from(owner), &mut check).await?;
    act(&permit, body.guard, &id, move |unit, id| {
        // Whether there is such a lead is told before what is wrong with the body, as everywhere.
        let lead: Record = single::known(unit, id)?;
        let owner = check.finish_with(owner)?;
        lead::assign(unit, lead.id, owner)
    })
    .await
}

/// Says that a lead is worth pursuing. A disqualified one is so again.
#[utoipa::path(
    post, path = QUALIFY, tag = "leads", operation_id = "saas_qualify_lead", params(("id" = String, Path, example = "lead_123")),
    responses((status = 200, description = "The lead as it is now", body = Lead), ErrorResponses, LookupResponses, StateResponses),
    security(("accessToken" = []))
)]
pub(in crate::families::saas) async fn qualify(
    permit: Permit<Write>,
    id: web::Path<String>,
    Particulars(body): Particulars<Nothing>,
) -> Result<HttpResponse, SaasError> {
    act(&permit, body.guard, &id, lead::qualify).await
}

/// Says that a lead is not worth pursuing, and why.
#[utoipa::path(
    post, path = DISQUALIFY, tag = "leads", operation_id = "saas_disqualify_lead", request_body = Disqualification,
    params(("id" = String, Path, example = "lead_123")),
    responses(
        (status = 200, description = "The lead as it is now", body = Lead),
        ErrorResponses, LookupResponses, StateResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(in crate::families::saas) async fn disqualify(
    permit: Permit<Write>,
    id: web::Path<String>,
    body: Body<Disqualification>,
) -> Result<HttpResponse, SaasError> {
    let mut check = Check::new();
    let reason = body.value.reason(&mut check);
    act(&permit, body.guard, &id, move |unit, id| {
        let lead: Record = single::known(unit, id)?;
        let reason = check.finish_with(reason)?;
        lead::disqualify(unit, lead.id, reason)
    })
    .await
}

/// Makes a lead a contact, of a company where one is known, and with a deal unless `createDeal` is false. A contact with the lead's email is
/// used; so is a company with the lead's company name, or the only one with the email's domain. The lead stays, converted.
#[utoipa::path(
    post, path = CONVERT, tag = "leads", operation_id = "saas_convert_lead", request_body(content = Conversion),
    params(
        ("id" = String, Path, example = "lead_123"),
        ("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key and body takes effect once")
    ),
    responses(
        (status = 200, description = "What the lead became", body = Converted),
        ErrorResponses, LookupResponses, StateResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(in crate::families::saas) async fn convert(
    call: Call,
    permit: Permit<Write>,
    id: web::Path<String>,
    Particulars(body): Particulars<Conversion>,
) -> Result<HttpResponse, SaasError> {
    let id: LeadId = in_path(&id, LEAD)?;
    let mut check = Check::new();
    let tenant = permit.tenant.tenant.id;
    let (conversion, mut of_deal) = body.value.parse(&mut check);
    if let Some(deal) = &conversion.opportunity {
        check_owner(&call.app.control, tenant, &deal.owner_id, &mut of_deal).await?;
    }
    check.within("opportunity", of_deal.finish())?;
    let view = View::of(&permit.tenant);
    let answer = once_over(&permit, body.guard, id, changed_at::<Record>, move |unit| {
        let converted = convert_lead::convert(unit, id, conversion, check)?;
        kept(StatusCode::OK, &Converted::of(unit.labels(), converted, view)?)
    });
    Ok(acted(answer.await?))
}
