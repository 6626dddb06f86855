//! Leads that are handed over one by one (contract B-12 … B-25, X-51 … ).

pub(super) mod bulk;

use actix_web::{HttpResponse, http::StatusCode};
use crm_domain::{
    Error,
    field::{Check, Patch},
    id::{RecordId, UserId},
    tenant::lead,
    usecase::sync_leads::{self, Slice, Source, SyncOptions, Synced},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    context::{Access, Body},
    error::{ApiError, BodyResponses, ErrorResponses},
    lead::{LeadData, incoming, object},
    limits,
};
use crate::{
    families::saas::answer::{acted, kept},
    shared::{
        call::Call,
        idempotency::{known, once},
        json_body::{Given, Object},
    },
};

pub(super) const PATH: &str = "/api/v1/sync/leads";
pub(super) const BULK: &str = "/api/v1/sync/leads/bulk";

/// What is done with leads.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = halopsa::SyncOptions)]
pub(super) struct OptionsRequest {
    /// Whether a person who is there already, by email, is known again; true when left out. Otherwise each lead is made.
    #[schema(value_type = Option<bool>, example = true)]
    deduplication: Given<bool>,
    /// Whether who is known again is updated; false when left out.
    #[schema(value_type = Option<bool>, example = false)]
    update_existing: Given<bool>,
    /// Whether values of the tenant's custom fields are taken over; true when left out.
    #[schema(value_type = Option<bool>, example = true)]
    custom_fields: Given<bool>,
}

/// A lead that is handed over.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = halopsa::SyncRequest)]
pub(super) struct SyncRequest {
    /// A slug of lower-case letters, digits, `-`, `_` and `.`.
    #[schema(value_type = String, example = "apollo")]
    source: Given<String>,
    #[schema(value_type = LeadData)]
    data: Given<Map<String, Value>>,
    #[schema(value_type = Option<OptionsRequest>)]
    options: Given<Object<OptionsRequest>>,
}

/// A lead that was taken over.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = halopsa::SyncedLead)]
pub(super) struct SyncedLead {
    /// Always true.
    success: bool,
    #[schema(example = 12_345)]
    lead_id: i64,
    /// The ticket that the lead has in HaloPSA; null while it has none, and where no HaloPSA is configured.
    #[schema(example = 67_890)]
    halopsa_ticket_id: Option<i64>,
    /// What was done: `lead_created`, `lead_updated` or `duplicate_skipped`, and `custom_fields_populated`.
    #[schema(example = json!(["lead_created", "custom_fields_populated"]))]
    actions_taken: Vec<&'static str>,
}

impl SyncedLead {
    fn of(synced: &Synced) -> Self {
        Self {
            success: true,
            lead_id: synced.lead.id.get(),
            halopsa_ticket_id: None,
            actions_taken: synced.actions.iter().map(|action| action.as_str()).collect(),
        }
    }
}

/// Options, by default those of the document's example.
fn options(given: Given<Object<OptionsRequest>>, check: &mut Check) -> SyncOptions {
    let request = match given.patch::<Object<OptionsRequest>>("options", check) {
        Patch::Set(Object(request)) => request,
        Patch::Keep | Patch::Clear => OptionsRequest::default(),
    };
    let usual = SyncOptions::default();
    let mut flag = |given: Given<bool>, field: &str, usual: bool| given.patch::<bool>(field, check).or_current(None).unwrap_or(usual);
    SyncOptions {
        deduplication: flag(request.deduplication, "deduplication", usual.deduplication),
        update_existing: flag(request.update_existing, "update_existing", usual.update_existing),
        custom_fields: flag(request.custom_fields, "custom_fields", usual.custom_fields),
    }
}

impl SyncRequest {
    /// The slice of one that this asks for. Everything that is wrong with the request is told at once, whatever of the lead.
    fn slice(self, owner: UserId) -> crm_domain::Result<Slice> {
        let mut check = Check::new();
        let source = self.source.patch("source", &mut check);
        let source = check.required("source", source, None, Source::parse);
        let options = options(self.options, &mut check);
        let members = object(self.data, "data", &mut check);
        let is_well = !["source", "options", "deduplication", "update_existing", "custom_fields", "data"]
            .iter()
            .any(|field| check.has(field));
        let lead = incoming(members, check);
        match source.filter(|_| is_well) {
            Some(source) => Ok(Slice {
                source,
                leads: vec![lead],
                options,
                stops: false,
                owner,
            }),
            None => Err(Error::Invalid(lead::judge(lead.draft, owner, lead.check)?.problems)),
        }
    }
}

/// Takes a lead over. One whose email is there already is refused, or updated where `update_existing` says so.
#[utoipa::path(
    post, path = PATH, tag = "halopsa", operation_id = "halopsa_sync_lead", request_body = SyncRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key and body takes effect once")),
    responses((status = 200, description = "The lead that it is now", body = SyncedLead), ErrorResponses, BodyResponses),
    security(("halopsa_key" = []))
)]
pub(super) async fn one(call: Call, access: Access, body: Body<SyncRequest>) -> Result<HttpResponse, ApiError> {
    let _place = limits::take_place(&call)?;
    let (sent, guard) = (body.sent, body.guard);
    let told = |error| ApiError::of(error, &sent);
    let slice = body.value.slice(access.owner).map_err(told)?;
    let answer = access.tenant.write(move |unit| {
        if let Some(known) = known(unit, guard.as_ref())? {
            return Ok(Ok(known));
        }
        let outcome = sync_leads::sync(unit, slice)?.pop();
        match outcome.ok_or_else(|| Error::Internal("a lead has no outcome".to_owned()))? {
            Ok(synced) => once(unit, guard.as_ref(), |_| kept(StatusCode::OK, &SyncedLead::of(&synced))).map(Ok),
            // What was logged of it is committed all the same.
            Err(error) => Ok(Err(error)),
        }
    });
    Ok(acted(answer.await.map_err(told)?.map_err(told)?))
}
