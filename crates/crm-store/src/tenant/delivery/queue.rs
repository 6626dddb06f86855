//! Which deliveries are due: `delivery_queue` holds those that are pending. One is due while `due_at` is set: of those of one record to one webhook
//! the first alone, beside what is made due again while a later one is being sent.

use std::collections::{HashMap, HashSet};

use crm_domain::{
    error::Result,
    id::{DeliveryId, RecordId, WebhookId},
    stamp::Stamp,
    tenant::{
        change::EntityKind,
        delivery::{Claim, NewDelivery, Outcome},
    },
};
use diesel::{
    ExpressionMethods, QueryDsl, RunQueryDsl,
    sql_types::{BigInt, Text},
};
use uuid::Uuid;

use super::{
    super::{
        Session, Writing,
        fragment::{Bind, Sql, Statement},
        schema::delivery_queue,
    },
    row::{self, ClaimedRow, QueueRow, Sent},
};
use crate::{error::map, insert_rows};

/// That no earlier delivery of the record to the webhook is pending.
const IS_FIRST: &str = "NOT EXISTS (SELECT 1 FROM delivery_queue AS earlier WHERE earlier.webhook_id = delivery_queue.webhook_id \
     AND earlier.entity = delivery_queue.entity AND earlier.entity_id = delivery_queue.entity_id \
     AND earlier.delivery_id < delivery_queue.delivery_id)";

/// What is pending of the same record to the same webhook as `delivery`.
const OF_ITS_RECORD: &str = "waiting.webhook_id = delivery.webhook_id AND waiting.entity = delivery.entity \
     AND waiting.entity_id = delivery.entity_id";

type Unit<'s, 'w> = Session<'s, Writing<'w>>;

fn execute(unit: &mut Unit<'_, '_>, sql: Sql) -> Result<()> {
    let statement = Statement::<BigInt>::new(sql, true);
    statement.execute(unit.connection).map(drop).map_err(map)
}

/// A webhook, and a record of which it is told.
pub(super) type Stream = (WebhookId, EntityKind, i64);

/// Of which records something is pending, among those of new deliveries.
pub(super) fn pending_of(unit: &mut Unit<'_, '_>, new: &[NewDelivery]) -> Result<HashSet<Stream>> {
    let mut records: HashMap<EntityKind, (Vec<i64>, Vec<i64>)> = HashMap::new();
    for new in new {
        let (webhooks, ids) = records.entry(new.record.0).or_default();
        webhooks.push(new.webhook_id.get());
        ids.push(new.record.1);
    }
    let mut pending = HashSet::new();
    for (kind, (mut webhooks, mut ids)) in records {
        for list in [&mut webhooks, &mut ids] {
            list.sort_unstable();
            list.dedup();
        }
        let sql = Sql::new("SELECT DISTINCT webhook_id, entity_id FROM delivery_queue WHERE webhook_id")
            .one_of(unit.connection, &webhooks)
            .sql(" AND entity = ")
            .bind(Bind::Text(kind.as_str().to_owned()))
            .sql(" AND entity_id")
            .one_of(unit.connection, &ids);
        let statement = Statement::<(BigInt, BigInt)>::new(sql, true);
        let rows: Vec<(i64, i64)> = statement.load(unit.connection).map_err(map)?;
        pending.extend(rows.into_iter().map(|(webhook, id)| (WebhookId::from_i64(webhook), kind, id)));
    }
    Ok(pending)
}

/// Keeps that deliveries are pending.
pub(super) fn add(unit: &mut Unit<'_, '_>, rows: &[QueueRow]) -> Result<()> {
    insert_rows!(unit.connection, delivery_queue::table, rows).map_err(map)
}

pub(super) fn claim(unit: &mut Unit<'_, '_>, webhook: WebhookId, owner: Uuid, until: Stamp, limit: u32) -> Result<Vec<Claim>> {
    let sql = Sql::new("UPDATE delivery_queue SET lease = ")
        .bind(Bind::Text(owner.to_string()))
        .sql(", due_at = ")
        .integer(until.micros())
        .sql(" WHERE delivery_id IN (SELECT delivery_id FROM delivery_queue WHERE webhook_id = ")
        .integer(webhook.get())
        .sql(" AND due_at IS NOT NULL AND due_at <= ")
        .integer(unit.state.stamp.micros())
        .sql(" ORDER BY due_at, delivery_id LIMIT ")
        .integer(i64::from(limit))
        .sql(") RETURNING delivery_id, attempts, tries");
    let statement = Statement::<(BigInt, BigInt, BigInt)>::new(sql, true);
    let claimed: Vec<(i64, i64, i64)> = statement.load(unit.connection).map_err(map)?;
    if claimed.is_empty() {
        return Ok(Vec::new());
    }
    let sent: HashMap<i64, Sent> = claimed.into_iter().map(|(id, attempts, tries)| (id, (attempts, tries))).collect();
    let ids: Vec<i64> = sent.keys().copied().collect();
    let sql = Sql::new("SELECT id, uuid, webhook_id, event, body FROM delivery WHERE id")
        .one_of(unit.connection, &ids)
        .sql(" ORDER BY id");
    let statement = Statement::<(BigInt, Text, BigInt, Text, Text)>::new(sql, true);
    let rows: Vec<ClaimedRow> = statement.load(unit.connection).map_err(map)?;
    rows.into_iter()
        .map(|row| {
            let sent = sent.get(&row.0).copied().unwrap_or_default();
            row::claim(row, sent, until)
        })
        .collect()
}

/// Those of the deliveries that are the owner's, and how often each was sent.
pub(super) fn held(unit: &mut Unit<'_, '_>, owner: Uuid, outcomes: &[Outcome]) -> Result<HashMap<i64, i64>> {
    let ids: Vec<i64> = outcomes.iter().map(|outcome| outcome.id.get()).collect();
    let sql = Sql::new("SELECT delivery_id, attempts FROM delivery_queue WHERE delivery_id")
        .one_of(unit.connection, &ids)
        .sql(" AND lease = ")
        .bind(Bind::Text(owner.to_string()));
    let statement = Statement::<(BigInt, BigInt)>::new(sql, true);
    let rows: Vec<(i64, i64)> = statement.load(unit.connection).map_err(map)?;
    Ok(rows.into_iter().collect())
}

/// Sends a delivery again at this time.
pub(super) fn postpone(unit: &mut Unit<'_, '_>, id: DeliveryId, at: Stamp) -> Result<()> {
    let values = (
        delivery_queue::attempts.eq(delivery_queue::attempts + 1),
        delivery_queue::tries.eq(delivery_queue::tries + 1),
        delivery_queue::due_at.eq(at.micros()),
        delivery_queue::lease.eq(None::<String>),
    );
    let waiting = diesel::update(delivery_queue::table.find(id.get())).set(values);
    waiting.execute(unit.connection).map(drop).map_err(map)
}

/// Lets those of these deliveries wait that are not the first of their record: what comes before them was made pending while they were being
/// sent.
pub(super) fn hold_back(unit: &mut Unit<'_, '_>, ids: &[i64]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let sql = Sql::new("UPDATE delivery_queue SET due_at = NULL WHERE lease IS NULL AND delivery_id")
        .one_of(unit.connection, ids)
        .sql(" AND NOT ")
        .sql(IS_FIRST);
    execute(unit, sql)
}

/// Notes that deliveries were given up.
pub(super) fn give_up(unit: &mut Unit<'_, '_>, ids: &[i64]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let sql = Sql::new("INSERT INTO delivery_failure (delivery_id, webhook_id) SELECT id, webhook_id FROM delivery WHERE id");
    let sql = sql.one_of(unit.connection, ids);
    execute(unit, sql)
}

/// Takes deliveries out of the queue; what waited for them is due: of each record the first that is pending, unless it is due already.
pub(super) fn leave(unit: &mut Unit<'_, '_>, ids: &[i64]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let sql = Sql::new("DELETE FROM delivery_queue WHERE delivery_id").one_of(unit.connection, ids);
    execute(unit, sql)?;
    let sql = Sql::new("UPDATE delivery_queue SET due_at = ")
        .integer(unit.state.stamp.micros())
        .sql(" WHERE due_at IS NULL AND delivery_id IN (SELECT (SELECT min(waiting.delivery_id) FROM delivery_queue AS waiting WHERE ")
        .sql(OF_ITS_RECORD)
        .sql(") FROM delivery WHERE id")
        .one_of(unit.connection, ids)
        .sql(")");
    execute(unit, sql)
}

/// Gives back what the owner did not send.
pub(super) fn release(unit: &mut Unit<'_, '_>, owner: Uuid, ids: &[i64]) -> Result<()> {
    let sql = Sql::new("UPDATE delivery_queue SET lease = NULL, due_at = ")
        .integer(unit.state.stamp.micros())
        .sql(" WHERE delivery_id")
        .one_of(unit.connection, ids)
        .sql(" AND lease = ")
        .bind(Bind::Text(owner.to_string()));
    execute(unit, sql)?;
    hold_back(unit, ids)
}

/// Makes deliveries that nobody holds pending from the start; what is later of their records waits for them.
pub(super) fn restart(unit: &mut Unit<'_, '_>, ids: &[i64]) -> Result<()> {
    for sql in [
        "DELETE FROM delivery_failure WHERE delivery_id",
        "DELETE FROM delivery_queue WHERE delivery_id",
        "INSERT INTO delivery_queue (delivery_id, webhook_id, entity, entity_id, tries, attempts) \
         SELECT id, webhook_id, entity, entity_id, 0, \
         (SELECT coalesce(max(number), 0) FROM delivery_attempt WHERE delivery_id = delivery.id) FROM delivery WHERE id",
    ] {
        let sql = Sql::new(sql).one_of(unit.connection, ids);
        execute(unit, sql)?;
    }
    let sql = Sql::new("UPDATE delivery_queue SET due_at = NULL WHERE due_at IS NOT NULL AND lease IS NULL AND delivery_id IN (")
        .sql("SELECT waiting.delivery_id FROM delivery JOIN delivery_queue AS waiting ON ")
        .sql(OF_ITS_RECORD)
        .sql(" AND waiting.delivery_id > delivery.id WHERE delivery.id")
        .one_of(unit.connection, ids)
        .sql(")");
    execute(unit, sql)?;
    let sql = Sql::new("UPDATE delivery_queue SET due_at = ")
        .integer(unit.state.stamp.micros())
        .sql(" WHERE delivery_id")
        .one_of(unit.connection, ids)
        .sql(" AND ")
        .sql(IS_FIRST);
    execute(unit, sql)
}

/// Forgets deliveries and their logs; what waited for them is due.
pub(super) fn forget(unit: &mut Unit<'_, '_>, ids: &[i64]) -> Result<()> {
    leave(unit, ids)?;
    for sql in [
        "DELETE FROM delivery_failure WHERE delivery_id",
        "DELETE FROM delivery_attempt WHERE delivery_id",
        "DELETE FROM delivery WHERE id",
    ] {
        let sql = Sql::new(sql).one_of(unit.connection, ids);
        execute(unit, sql)?;
    }
    Ok(())
}
