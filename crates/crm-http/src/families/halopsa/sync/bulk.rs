//! Leads that are handed over many at once (contract B-26 … B-34, X-57, X-58).

use actix_web::{HttpResponse, http::StatusCode};
use crm_domain::{
    Error,
    error::Problem,
    field::{Check, Patch, parse_integer},
    id::{RecordId, UserId},
    usecase::{
        bulk::{BULK_MAX, Outcomes},
        sync_leads::{self, Incoming, Slice, Source, SyncOptions, Synced},
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{BULK, OptionsRequest, options};
use crate::{
    families::{
        halopsa::{
            context::{Access, Body, BulkBody},
            error::{ApiError, BodyResponses, ErrorResponses, told_in_bulk},
            lead::{LeadData, incoming},
            limits,
        },
        saas::answer::{acted, kept},
    },
    shared::{
        call::Call,
        idempotency::over_units,
        json_body::{Decimal, Given, Object},
    },
};

/// Most leads of one unit of work, and what is taken when nobody says (contract X-57).
const BATCH_MAX: i64 = 1_000;
const BATCH: i64 = 100;
/// Most leads a second towards the service desk.
const RATE_MAX: i64 = 1_000;

/// How many leads are worked off.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = halopsa::BatchOptions)]
pub(crate) struct BatchRequest {
    /// Leads that are committed together; 100 when left out.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000, example = 100)]
    batch_size: Given<Decimal>,
    /// Leads a second that are handed on to HaloPSA; without one it has no effect. 10 when left out.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000, example = 10)]
    rate_limit: Given<Decimal>,
    /// Whether the leads behind a failed one are taken over as well; true when left out.
    #[schema(value_type = Option<bool>, example = true)]
    continue_on_error: Given<bool>,
}

/// Leads that are handed over.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = halopsa::BulkRequest)]
pub(crate) struct BulkRequest {
    /// A slug of lower-case letters, digits, `-`, `_` and `.`.
    #[schema(value_type = String, example = "zoominfo")]
    source: Given<String>,
    /// 1 to 500 leads.
    #[schema(value_type = Vec<LeadData>, min_items = 1, max_items = 500)]
    leads: Given<Vec<Value>>,
    #[schema(value_type = Option<OptionsRequest>)]
    options: Given<Object<OptionsRequest>>,
    #[schema(value_type = Option<BatchRequest>)]
    batch_options: Given<Object<BatchRequest>>,
}

/// A lead that was taken over.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = halopsa::BulkResult)]
pub(crate) struct BulkResult {
    /// Its place in `leads`, from 0.
    #[schema(example = 0)]
    index: usize,
    /// Always true.
    success: bool,
    #[schema(example = 12_346)]
    lead_id: i64,
}

/// A lead that was not taken over.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = halopsa::BulkError)]
pub(crate) struct BulkError {
    /// Its place in `leads`, from 0.
    #[schema(example = 15)]
    index: usize,
    #[schema(example = "Duplicate email address")]
    error: String,
}

/// What became of the leads.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = halopsa::BulkReport)]
pub(crate) struct BulkReport {
    /// `successful` and `failed` together: all of them, unless a failure ended it.
    #[schema(example = 100)]
    total_processed: usize,
    #[schema(example = 98)]
    successful: usize,
    #[schema(example = 2)]
    failed: usize,
    results: Vec<BulkResult>,
    errors: Vec<BulkError>,
}

impl BulkReport {
    /// Adds what became of the next leads.
    fn add(&mut self, outcomes: Outcomes<Synced>) {
        for outcome in outcomes {
            let index = self.total_processed;
            self.total_processed += 1;
            match outcome {
                Ok(synced) => self.results.push(BulkResult {
                    index,
                    success: true,
                    lead_id: synced.lead.id.get(),
                }),
                Err(error) => self.errors.push(BulkError {
                    index,
                    error: told_in_bulk(&error),
                }),
            }
        }
        (self.successful, self.failed) = (self.results.len(), self.errors.len());
    }
}

/// A bulk that was found well.
struct Parsed {
    source: Source,
    leads: Vec<Incoming>,
    options: SyncOptions,
    batch_size: usize,
    stops: bool,
}

impl BulkRequest {
    fn parse(self) -> crm_domain::Result<Parsed> {
        let mut check = Check::new();
        let source = self.source.patch("source", &mut check);
        let source = check.required("source", source, None, Source::parse);
        let options = options(self.options, &mut check);
        let batch = match self.batch_options.patch::<Object<BatchRequest>>("batch_options", &mut check) {
            Patch::Set(Object(batch)) => batch,
            Patch::Keep | Patch::Clear => BatchRequest::default(),
        };
        let batch_size = whole(batch.batch_size, "batch_size", BATCH_MAX, &mut check).unwrap_or(BATCH);
        // Nothing is handed on as long as there is no service desk; what cannot be right is refused all the same.
        whole(batch.rate_limit, "rate_limit", RATE_MAX, &mut check);
        let goes_on = batch.continue_on_error.patch::<bool>("continue_on_error", &mut check);
        let leads = self.leads.patch::<Vec<Value>>("leads", &mut check);
        let leads = match leads {
            Patch::Set(leads) if (1..=BULK_MAX).contains(&leads.len()) => leads,
            Patch::Set(_) => {
                check.fail("leads", Problem::Rule(format!("must hold 1 to {BULK_MAX} items")));
                Vec::new()
            }
            Patch::Keep | Patch::Clear => {
                check.fail("leads", Problem::Required);
                Vec::new()
            }
        };
        let source = check.finish_with(source)?;
        Ok(Parsed {
            source,
            leads: leads.into_iter().map(item).collect(),
            options,
            batch_size: usize::try_from(batch_size).unwrap_or(BULK_MAX),
            stops: !goes_on.or_current(None).unwrap_or(true),
        })
    }
}

/// A whole number from 1 to `max`.
fn whole(given: Given<Decimal>, field: &str, max: i64, check: &mut Check) -> Option<i64> {
    let given = given.patch(field, check);
    check.optional(field, given, None, |text| parse_integer(text, 1, max))
}

/// What is no object says nothing: the fields that are required are missing.
fn item(item: Value) -> Incoming {
    let members = match item {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    incoming(members, Check::new())
}

/// Takes leads over, 1 to 500 of them. One that cannot be taken over fails alone, and is told by its place; what is taken over is committed by batches.
#[utoipa::path(
    post, path = BULK, tag = "halopsa", operation_id = "halopsa_sync_leads", request_body = BulkRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "A request sent again with the same key and body takes effect once")),
    responses((status = 200, description = "What became of each lead", body = BulkReport), ErrorResponses, BodyResponses),
    security(("halopsa_key" = []))
)]
pub(crate) async fn many(call: Call, access: Access, BulkBody(body): BulkBody<BulkRequest>) -> Result<HttpResponse, ApiError> {
    let _place = limits::take_place(&call)?;
    let Body { value, sent, guard } = body;
    let parsed = value.parse().map_err(|error| ApiError::of(error, &sent))?;
    limits::count_bulk(&call).await?;
    let (tenant, owner) = (access.tenant.clone(), access.owner);
    let work = async move {
        let mut report = BulkReport::default();
        for slice in slices(parsed, owner) {
            let stops = slice.stops;
            report.add(tenant.write(move |unit| sync_leads::sync(unit, slice)).await?);
            if stops && report.failed > 0 {
                break;
            }
        }
        kept(StatusCode::OK, &report)
    };
    Ok(acted(
        over_units(&access.tenant, guard, work)
            .await
            .map_err(|error: Error| ApiError::of(error, &sent))?,
    ))
}

/// The leads by batches, in order.
fn slices(parsed: Parsed, owner: UserId) -> Vec<Slice> {
    let Parsed {
        source,
        leads,
        options,
        batch_size,
        stops,
    } = parsed;
    let mut leads = leads.into_iter().peekable();
    let mut slices = Vec::new();
    while leads.peek().is_some() {
        slices.push(Slice {
            source: source.clone(),
            leads: leads.by_ref().take(batch_size).collect(),
            options,
            stops,
            owner,
        });
    }
    slices
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        //
        #[test]
        fn each_lead_is_in_one_batch_of_at_most_its_size(count in 1..=BULK_MAX, batch_size in 1_usize..=1_000) {
            let parsed = Parsed {
                source: Source::parse("apollo").unwrap(),
                leads: (0..count).map(|_| Incoming::default()).collect(),
                options: SyncOptions::default(),
                batch_size,
                stops: false,
            };
            let sizes: Vec<usize> = slices(parsed, UserId::from_i64(1)).iter().map(|slice| slice.leads.len()).collect();
            prop_assert_eq!(sizes.iter().sum::<usize>(), count);
            prop_assert_eq!(sizes.len(), count.div_ceil(batch_size));
            prop_assert!(sizes.iter().all(|size| (1..=batch_size).contains(size)));
        }
    }
}
