//! Handing a deal over to another user (contract X-174).

use actix_web::{
    HttpResponse,
    http::{StatusCode, header::LOCATION},
    web,
};
use crm_domain::{
    Error,
    error::Problem,
    field::{Check, Patch},
    id::{HandoffId, OpportunityId, RecordId, TenantId, UserId},
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        handoff::{self, ChecklistItem, HandoffDraft, HandoffStatus, ItemDraft},
        opportunity::Opportunity,
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    families::saas::{
        answer::{acted, kept_record, once_over, record, write_over},
        context::{Body, Nothing, Particulars, Permit, Read, Write},
        error::{BodyResponses, ErrorResponses, LookupResponses, SaasError, StaleResponses, StateResponses},
        id::{DEAL, HANDOFF, TENANT, USER, check_owner, in_body, in_path, show},
        resource::changed_at,
        schema::changes_schema,
    },
    shared::{
        call::Call,
        json_body::{Given, Objects},
    },
};

pub(in super::super) const PATH: &str = "/api/deals/{id}/handoff";
pub(in super::super) const COMPLETE: &str = "/api/deals/{id}/handoff/complete";

/// A handoff as it is sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::HandoffRequest)]
pub(crate) struct HandoffRequest {
    /// The user who takes the deal on; required to initiate.
    #[schema(value_type = String, example = "user_457")]
    receiver_id: Given<String>,
    #[schema(value_type = Option<String>)]
    notes: Given<String>,
    /// What is to be done, at most 100 items in order.
    #[schema(value_type = Option<Vec<ItemRequest>>)]
    checklist: Given<Objects<ItemRequest>>,
}

/// An item of a checklist as it is sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::ChecklistItemRequest)]
pub(crate) struct ItemRequest {
    #[schema(value_type = String, example = "Introduce the customer")]
    title: Given<String>,
    /// False when left out.
    #[schema(value_type = Option<bool>)]
    done: Given<bool>,
}

changes_schema! {
    /// Documents a body that changes a handoff.
    HandoffChanges = "saas.HandoffChanges" of HandoffRequest
}

impl HandoffRequest {
    fn draft(self, check: &mut Check) -> HandoffDraft {
        let checklist = match self.checklist.patch::<Vec<ItemRequest>>("checklist", check) {
            Patch::Keep => Patch::Keep,
            Patch::Clear => Patch::Clear,
            Patch::Set(items) => Patch::Set(items.into_iter().map(ItemRequest::draft).collect()),
        };
        HandoffDraft {
            receiver_id: in_body(self.receiver_id, USER, "receiver_id", check),
            notes: self.notes.patch("notes", check),
            checklist,
        }
    }
}

impl ItemRequest {
    fn draft(self) -> (ItemDraft, Check) {
        let mut check = Check::new();
        let draft = ItemDraft {
            title: self.title.patch("title", &mut check),
            done: self.done.patch("done", &mut check),
        };
        (draft, check)
    }
}

/// An item of a checklist.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::ChecklistItem)]
pub(crate) struct Item {
    #[schema(example = "Introduce the customer")]
    title: String,
    done: bool,
}

/// How far a handoff is.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = saas::HandoffStatus)]
pub(crate) enum Status {
    Pending,
    Completed,
}

/// A handoff of a deal.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::Handoff)]
pub(crate) struct Handoff {
    #[schema(example = "handoff_1")]
    id: String,
    #[schema(example = "deal_34")]
    deal_id: String,
    #[schema(example = "user_457")]
    receiver_id: String,
    #[schema(example = "user_456")]
    initiator_id: String,
    notes: Option<String>,
    checklist: Vec<Item>,
    status: Status,
    #[schema(example = "2026-01-17T10:30:00Z")]
    initiated_at: String,
    #[schema(example = "2026-01-18T10:30:00Z")]
    completed_at: Option<String>,
    #[schema(example = "2026-01-17T10:30:00Z")]
    created_at: String,
    #[schema(example = "2026-01-17T10:30:00Z")]
    updated_at: String,
    #[schema(example = "user_456")]
    created_by: Option<String>,
    #[schema(example = "tenant_789")]
    tenant_id: String,
}

impl Handoff {
    pub(in super::super) fn of(handoff: handoff::Handoff, tenant: TenantId) -> Self {
        let fields = handoff.fields;
        let item = |item: ChecklistItem| Item {
            title: item.title.into_inner(),
            done: item.done,
        };
        Self {
            id: show(HANDOFF, handoff.id),
            deal_id: show(DEAL, fields.opportunity_id),
            receiver_id: show(USER, fields.receiver_id),
            initiator_id: show(USER, fields.initiator_id),
            notes: fields.notes.map(|text| text.into_inner()),
            checklist: fields.checklist.into_iter().map(item).collect(),
            status: match fields.status {
                HandoffStatus::Pending => Status::Pending,
                HandoffStatus::Completed => Status::Completed,
            },
            initiated_at: handoff.created_at.to_second_precision(),
            completed_at: fields.completed_at.map(Stamp::to_second_precision),
            created_at: handoff.created_at.to_second_precision(),
            updated_at: handoff.updated_at.to_second_precision(),
            created_by: handoff.created_by.map(|id| show(USER, id)),
            tenant_id: show(TENANT, tenant),
        }
    }
}

/// Shows a deal's newest handoff.
#[utoipa::path(
    get, path = PATH, tag = "deals", operation_id = "saas_get_deal_handoff", params(("id" = String, Path, example = "deal_34")),
    responses((status = 200, description = "The handoff", body = Handoff), ErrorResponses, LookupResponses),
    security(("accessToken" = []))
)]
pub(in super::super) async fn get(permit: Permit<Read>, id: web::Path<String>) -> Result<HttpResponse, SaasError> {
    let id: OpportunityId = in_path(&id, DEAL)?;
    let handoff = permit.tenant.snapshot(move |reader| {
        let deal = reader.opportunities().lookup(id)?;
        deal.ok_or_else(|| Error::not_found(OpportunityId::NOUN, id))?;
        let handoff = reader.handoffs().latest_of(id)?;
        handoff.ok_or_else(|| Error::not_found(HandoffId::NOUN, id))
    });
    let handoff = handoff.await?;
    let updated_at = handoff.updated_at;
    Ok(record(&Handoff::of(handoff, permit.tenant.tenant.id), updated_at))
}

/// Starts to hand a deal over; its owner stays who it is until an update says otherwise.
#[utoipa::path(
    post, path = PATH, tag = "deals", operation_id = "saas_initiate_deal_handoff", request_body = HandoffRequest,
    params(
        ("id" = String, Path, example = "deal_34"),
        ("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key and body takes effect once")
    ),
    responses(
        (status = 201, description = "The new handoff", body = Handoff, headers(("Location" = String))),
        ErrorResponses, LookupResponses, StateResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(in super::super) async fn initiate(
    call: Call,
    permit: Permit<Write>,
    id: web::Path<String>,
    body: Body<HandoffRequest>,
) -> Result<HttpResponse, SaasError> {
    let location = PATH.replace("{id}", &id);
    let id: OpportunityId = in_path(&id, DEAL)?;
    let mut check = Check::new();
    let (tenant, initiator) = (permit.tenant.tenant.id, permit.user().id);
    let draft = body.value.draft(&mut check);
    check_receiver(&call, tenant, &draft.receiver_id, &mut check).await?;
    let answer = once_over(&permit, body.guard, id, changed_at::<Opportunity>, move |unit| {
        let handoff = handoff::initiate(unit, id, draft, initiator, check)?;
        let updated_at = handoff.updated_at;
        kept_record(StatusCode::CREATED, &Handoff::of(handoff, tenant), updated_at)
    });
    let mut response = acted(answer.await?);
    let location = location
        .parse()
        .map_err(|_| Error::Internal(format!("{location:?} is no header")))?;
    response.headers_mut().insert(LOCATION, location);
    Ok(response)
}

/// Changes a deal's pending handoff: another receiver, notes, or what of the checklist is done.
#[utoipa::path(
    put, path = PATH, tag = "deals", operation_id = "saas_update_deal_handoff", request_body = HandoffChanges,
    params(
        ("id" = String, Path, example = "deal_34"),
        ("If-Match" = Option<String>, Header, description = "Only while the handoff has this entity tag")
    ),
    responses(
        (status = 200, description = "The handoff as it is now", body = Handoff),
        ErrorResponses, LookupResponses, StateResponses, StaleResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(in super::super) async fn update(
    call: Call,
    permit: Permit<Write>,
    id: web::Path<String>,
    body: Body<HandoffRequest>,
) -> Result<HttpResponse, SaasError> {
    let id: OpportunityId = in_path(&id, DEAL)?;
    let mut check = Check::new();
    let tenant = permit.tenant.tenant.id;
    let draft = body.value.draft(&mut check);
    check_receiver(&call, tenant, &draft.receiver_id, &mut check).await?;
    let write = move |unit: &mut dyn UnitOfWork| handoff::update(unit, id, draft, check);
    let handoff = write_over(&permit, id, state, write).await?;
    let updated_at = handoff.updated_at;
    Ok(record(&Handoff::of(handoff, tenant), updated_at))
}

/// Completes a deal's pending handoff.
#[utoipa::path(
    post, path = COMPLETE, tag = "deals", operation_id = "saas_complete_deal_handoff",
    params(
        ("id" = String, Path, example = "deal_34"),
        ("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key and body takes effect once")
    ),
    responses(
        (status = 200, description = "The handoff as it is now", body = Handoff),
        ErrorResponses, LookupResponses, StateResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(in super::super) async fn complete(
    permit: Permit<Write>,
    id: web::Path<String>,
    Particulars(body): Particulars<Nothing>,
) -> Result<HttpResponse, SaasError> {
    let id: OpportunityId = in_path(&id, DEAL)?;
    let tenant = permit.tenant.tenant.id;
    let answer = once_over(&permit, body.guard, id, state, move |unit| {
        let handoff = handoff::complete(unit, id)?;
        let updated_at = handoff.updated_at;
        kept_record(StatusCode::OK, &Handoff::of(handoff, tenant), updated_at)
    });
    Ok(acted(answer.await?))
}

/// When the deal's handoff changed last; of a deal that was never handed over, nothing, and the write says what is missing.
fn state(unit: &mut dyn UnitOfWork, id: OpportunityId) -> crm_domain::Result<Option<Stamp>> {
    let handoff = unit.handoffs().latest_of(id)?;
    Ok(handoff.map(|handoff| handoff.updated_at).or(Some(Stamp::default())))
}

/// A receiver is an active user of the tenant, as an owner is.
async fn check_receiver(call: &Call, tenant: TenantId, receiver: &Patch<UserId>, check: &mut Check) -> crm_domain::Result<()> {
    let mut judged = Check::new();
    check_owner(&call.app.control, tenant, receiver, &mut judged).await?;
    if judged.finish().is_err() {
        check.fail("receiver_id", Problem::Reference { noun: UserId::NOUN });
    }
    Ok(())
}
