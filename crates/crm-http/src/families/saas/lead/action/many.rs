//! Many leads handed over at once: to one user, or to several in turn. Answers as bulk operations do (contract X-94).

use actix_web::{HttpResponse, http::StatusCode};
use crm_domain::{
    error::Problem,
    field::{Check, Patch},
    id::{LeadId, RecordId, UserId},
    tenant::lead::{Lead as Record, LeadDraft},
    usecase::bulk::{self, BULK_MAX, Drafted},
};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    families::saas::{
        bulk::{id_of, records, written},
        context::{Body, Permit, Write},
        error::{BodyResponses, ErrorResponses, Refused, SaasError},
        id::{USER, in_body, unknown_owners},
        lead::Lead,
    },
    shared::{call::Call, json_body::Given},
};

pub(in crate::families::saas) const ASSIGN: &str = "/api/leads/assign";

/// Which leads are handed over, and to whom.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::LeadAssignments)]
pub(in crate::families::saas) struct Assignments {
    /// The leads' ids.
    #[schema(value_type = Option<Vec<String>>, min_items = 1, max_items = 500, example = json!(["lead_123", "lead_124"]))]
    lead_ids: Given<Vec<Value>>,
    /// The same as `leadIds`; one of them must be given.
    #[schema(value_type = Option<Vec<String>>, min_items = 1, max_items = 500)]
    ids: Given<Vec<Value>>,
    /// The user who is responsible for all of them from now on.
    #[schema(value_type = Option<String>, example = "user_456")]
    owner_id: Given<String>,
    /// Users who get them in turn: the first lead goes to the first, and after the last comes the first again. Instead of `ownerId`.
    #[schema(value_type = Option<Vec<String>>, min_items = 1, max_items = 500)]
    owner_ids: Given<Vec<String>>,
}

/// What became of each lead; for the documentation.
#[derive(ToSchema)]
#[schema(as = saas::AssignedLeads)]
#[expect(dead_code, reason = "documents the answer, never made")]
pub(in crate::families::saas) struct Assigned {
    /// The leads that were handed over, as they are now.
    items: Vec<Lead>,
    updated: u32,
    failed: u32,
    errors: Vec<Refused>,
}

/// Hands up to 500 leads to a user, or to several in turn. A lead that is not there fails alone.
#[utoipa::path(
    post, path = ASSIGN, tag = "leads", operation_id = "saas_assign_many_leads", request_body = inline(Assignments),
    params(("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key and body takes effect once")),
    responses((status = 200, description = "What became of each", body = inline(Assigned)), ErrorResponses, BodyResponses),
    security(("accessToken" = []))
)]
pub(in crate::families::saas) async fn assign(
    call: Call,
    permit: Permit<Write>,
    body: Body<Assignments>,
) -> Result<HttpResponse, SaasError> {
    let mut check = Check::new();
    let wanted = body.value.parse(&mut check);
    let unknown = unknown_owners(&call.app.control, permit.tenant.tenant.id, wanted.owners.clone()).await?;
    if !unknown.is_empty() {
        check.fail(wanted.named_by, Problem::Reference { noun: UserId::NOUN });
    }
    check.finish()?;
    let drafts = wanted.drafts();
    let owner = permit.user().id;
    written(&permit.tenant, body.guard, move |unit, view| {
        let outcomes = bulk::update::<Record>(unit, drafts, owner)?;
        Ok((StatusCode::OK, records(unit, outcomes, "updated", view)?))
    })
    .await
}

/// The leads and the users who get them in turn.
struct Wanted {
    leads: Vec<Value>,
    owners: Vec<UserId>,
    /// The field that names the users.
    named_by: &'static str,
}

impl Assignments {
    fn parse(self, check: &mut Check) -> Wanted {
        let leads = self.lead_ids.patch::<Vec<Value>>("lead_ids", check);
        let ids = self.ids.patch::<Vec<Value>>("ids", check);
        let (name, leads) = match (leads, ids) {
            (leads @ Patch::Set(_), Patch::Keep | Patch::Clear) => ("lead_ids", leads),
            (Patch::Keep | Patch::Clear, ids @ Patch::Set(_)) => ("ids", ids),
            (Patch::Set(_), Patch::Set(_)) => {
                check.fail("ids", Problem::Rule("must not be given beside leadIds".to_owned()));
                ("ids", Patch::Keep)
            }
            (_, _) => ("lead_ids", Patch::Keep),
        };
        let leads = some_of(leads, name, check);
        let owner: Patch<UserId> = in_body(self.owner_id, USER, "owner_id", check);
        let owners = self.owner_ids.patch::<Vec<String>>("owner_ids", check);
        let (named_by, owners) = match (owner, owners) {
            (Patch::Set(_), Patch::Set(_)) => {
                check.fail("owner_ids", Problem::Rule("must not be given beside ownerId".to_owned()));
                ("owner_id", Vec::new())
            }
            (Patch::Set(owner), Patch::Keep | Patch::Clear) => ("owner_id", vec![owner]),
            (_, owners @ Patch::Set(_)) => ("owner_ids", users(some_of(owners, "owner_ids", check), check)),
            (_, _) => {
                if !check.has("owner_id") && !check.has("owner_ids") {
                    check.fail("owner_id", Problem::Required);
                }
                ("owner_id", Vec::new())
            }
        };
        Wanted { leads, owners, named_by }
    }
}

/// The items of a list, of which there must be some and not too many.
fn some_of<T>(given: Patch<Vec<T>>, field: &str, check: &mut Check) -> Vec<T> {
    match given {
        Patch::Set(items) if (1..=BULK_MAX).contains(&items.len()) => items,
        Patch::Set(_) => {
            check.fail(field, Problem::Rule(format!("must hold 1 to {BULK_MAX} items")));
            Vec::new()
        }
        Patch::Keep | Patch::Clear => {
            if !check.has(field) && !check.has("ids") {
                check.fail(field, Problem::Required);
            }
            Vec::new()
        }
    }
}

fn users(texts: Vec<String>, check: &mut Check) -> Vec<UserId> {
    let users: Option<Vec<_>> = texts.iter().map(|text| UserId::parse_prefixed(text.trim(), USER)).collect();
    users.unwrap_or_else(|| {
        check.fail("owner_ids", Problem::Reference { noun: UserId::NOUN });
        Vec::new()
    })
}

impl Wanted {
    fn drafts(self) -> Vec<crm_domain::Result<(LeadId, Drafted<Record>)>> {
        let draft = |(item, owner): (&Value, &UserId)| {
            let draft = LeadDraft {
                owner_id: Patch::Set(*owner),
                ..LeadDraft::default()
            };
            id_of::<Record>(Some(item)).map(|id| (id, Drafted::new(draft, Check::new())))
        };
        self.leads.iter().zip(self.owners.iter().cycle()).map(draft).collect()
    }
}
