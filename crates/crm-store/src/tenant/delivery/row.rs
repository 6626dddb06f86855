//! Rows of deliveries and their logs.

use std::{collections::HashMap, time::Duration};

use crm_domain::{
    error::{Error, Result},
    id::{DeliveryId, RecordId, WebhookId},
    stamp::Stamp,
    tenant::{
        change::EntityKind,
        delivery::{Attempt, AttemptResult, Claim, Delivery, DeliveryState},
    },
};
use diesel::{Insertable, NullableExpressionMethods, Queryable};

use crate::tenant::{
    column::{self, unreadable},
    schema::{delivery, delivery_attempt, delivery_failure, delivery_queue},
};

#[derive(Debug, Insertable)]
#[diesel(table_name = delivery, treat_none_as_default_value = false)]
pub(super) struct NewRow {
    pub(super) id: i64,
    pub(super) uuid: String,
    pub(super) webhook_id: i64,
    pub(super) event: String,
    pub(super) seq: Option<i64>,
    pub(super) entity: Option<String>,
    pub(super) entity_id: Option<i64>,
    pub(super) body: String,
    pub(super) created_at: i64,
}

/// That a delivery is pending.
#[derive(Debug, Insertable)]
#[diesel(table_name = delivery_queue, treat_none_as_default_value = false)]
pub(super) struct QueueRow {
    pub(super) delivery_id: i64,
    pub(super) webhook_id: i64,
    pub(super) entity: Option<String>,
    pub(super) entity_id: Option<i64>,
    pub(super) attempts: i64,
    pub(super) tries: i64,
    pub(super) due_at: Option<i64>,
    pub(super) lease: Option<String>,
}

/// A delivery without its body, with what the other tables know of it.
#[derive(Debug, Queryable)]
pub(super) struct DeliveryRow {
    pub(super) id: i64,
    uuid: String,
    webhook_id: i64,
    event: String,
    seq: Option<i64>,
    entity: Option<String>,
    entity_id: Option<i64>,
    created_at: i64,
    /// Its id, where it is pending.
    pending: Option<i64>,
    due_at: Option<i64>,
    /// Its id, where it was given up.
    given_up: Option<i64>,
}

#[diesel::dsl::auto_type]
pub(super) fn columns() -> _ {
    (
        delivery::id,
        delivery::uuid,
        delivery::webhook_id,
        delivery::event,
        delivery::seq,
        delivery::entity,
        delivery::entity_id,
        delivery::created_at,
        delivery_queue::delivery_id.nullable(),
        delivery_queue::due_at.nullable(),
        delivery_failure::delivery_id.nullable(),
    )
}

impl DeliveryRow {
    /// The delivery with its log, taken out of those of many.
    pub(super) fn with_log(self, logs: &mut HashMap<i64, Vec<Attempt>>) -> Result<Delivery> {
        let record = match (self.entity, self.entity_id) {
            (Some(entity), Some(id)) => {
                let kind = EntityKind::parse(&entity).ok_or_else(|| unreadable("kind of record", &entity))?;
                Some((kind, id))
            }
            _ => None,
        };
        let state = match (self.pending, self.given_up) {
            (Some(_), _) => DeliveryState::Pending,
            (None, Some(_)) => DeliveryState::Failed,
            (None, None) => DeliveryState::Delivered,
        };
        let log = logs.remove(&self.id).unwrap_or_default();
        let last = log.last();
        Ok(Delivery {
            id: DeliveryId::from_i64(self.id),
            uuid: column::uuid(&self.uuid)?,
            webhook_id: WebhookId::from_i64(self.webhook_id),
            event: self.event,
            seq: self.seq,
            record,
            state,
            attempts: last.map_or(0, |attempt| attempt.number),
            due_at: self.due_at.map(Stamp::from_micros),
            created_at: Stamp::from_micros(self.created_at),
            ended_at: last.filter(|_| state != DeliveryState::Pending).map(Attempt::ended_at),
            log,
        })
    }
}

#[derive(Debug, Queryable, Insertable)]
#[diesel(table_name = delivery_attempt, treat_none_as_default_value = false)]
pub(super) struct AttemptRow {
    pub(super) delivery_id: i64,
    number: i64,
    at: i64,
    took: i64,
    status: Option<i64>,
    reason: Option<String>,
    response: Option<String>,
}

impl AttemptRow {
    pub(super) fn of(delivery: DeliveryId, attempt: Attempt) -> Self {
        let (status, reason, response) = match attempt.result {
            AttemptResult::Answered { status, response } => (Some(i64::from(status)), None, Some(response)),
            AttemptResult::Unanswered(reason) => (None, Some(reason), None),
        };
        Self {
            delivery_id: delivery.get(),
            number: i64::from(attempt.number),
            at: attempt.at.micros(),
            took: i64::try_from(attempt.took.as_micros()).unwrap_or(i64::MAX),
            status,
            reason,
            response,
        }
    }
}

impl TryFrom<AttemptRow> for Attempt {
    type Error = Error;

    fn try_from(row: AttemptRow) -> Result<Self> {
        let result = match row.status {
            Some(status) => AttemptResult::Answered {
                status: u16::try_from(status).map_err(|_| unreadable("HTTP status", &status.to_string()))?,
                response: row.response.unwrap_or_default(),
            },
            None => AttemptResult::Unanswered(row.reason.unwrap_or_default()),
        };
        Ok(Self {
            number: count(row.number),
            at: Stamp::from_micros(row.at),
            took: Duration::from_micros(u64::try_from(row.took).unwrap_or(0)),
            result,
        })
    }
}

/// What is sent of a claimed delivery: id, uuid, webhook, event, body.
pub(super) type ClaimedRow = (i64, String, i64, String, String);

/// How often a delivery was sent: in all, and since it was last made due.
pub(super) type Sent = (i64, i64);

pub(super) fn claim((id, uuid, webhook_id, event, body): ClaimedRow, (attempts, tries): Sent, until: Stamp) -> Result<Claim> {
    Ok(Claim {
        id: DeliveryId::from_i64(id),
        uuid: column::uuid(&uuid)?,
        webhook_id: WebhookId::from_i64(webhook_id),
        event,
        body,
        attempts: count(attempts),
        tries: count(tries),
        until,
    })
}

pub(super) fn count(stored: i64) -> u32 {
    u32::try_from(stored).unwrap_or(0)
}
