//! Deliveries in SQL. What many rows need is one statement for all of them: a unit keeps the outcomes of hundreds.

mod queue;
mod row;

use std::collections::{HashMap, HashSet};

use crm_domain::{
    error::Result,
    id::{DeliveryId, RecordId, WebhookId},
    stamp::Stamp,
    tenant::delivery::{
        Attempt, Claim, Delivery, DeliveryFilter, DeliveryReads, DeliveryRepository, DeliveryState, Hour, NewDelivery, Outcome, Requeue,
        TestDelivery, Verdict,
    },
};
use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl,
    sql_types::{BigInt, Nullable},
};
use uuid::Uuid;

use super::{
    Session, Writing,
    counter::next,
    fragment::{Bind, Sql, Statement},
    schema::{counter, delivery, delivery_attempt, delivery_failure, delivery_queue},
};
use crate::{error::map, insert_rows};
use row::{AttemptRow, DeliveryRow, NewRow, QueueRow, count};

impl<State> Session<'_, State> {
    fn with_logs(&mut self, rows: Vec<DeliveryRow>) -> Result<Vec<Delivery>> {
        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        let attempts: Vec<AttemptRow> = delivery_attempt::table
            .filter(delivery_attempt::delivery_id.eq_any(&ids))
            .order((delivery_attempt::delivery_id.asc(), delivery_attempt::number.asc()))
            .load(self.connection)
            .map_err(map)?;
        let mut logs: HashMap<i64, Vec<Attempt>> = HashMap::new();
        for attempt in attempts {
            logs.entry(attempt.delivery_id).or_default().push(attempt.try_into()?);
        }
        rows.into_iter().map(|row| row.with_log(&mut logs)).collect()
    }
}

/// The ids of a webhook's deliveries, as `delivery_id`: those that are pending or were given up from tables that hold no others.
fn of(filter: &DeliveryFilter) -> Sql {
    const ARRIVED: &str = " AND NOT EXISTS (SELECT 1 FROM delivery_queue AS pending WHERE pending.delivery_id = listed.delivery_id) \
         AND NOT EXISTS (SELECT 1 FROM delivery_failure AS failed WHERE failed.delivery_id = listed.delivery_id)";
    let sql = Sql::new("SELECT delivery_id FROM ").sql(match filter.state {
        Some(DeliveryState::Pending) => "delivery_queue",
        Some(DeliveryState::Failed) => "delivery_failure",
        Some(DeliveryState::Delivered) | None => "(SELECT id AS delivery_id, webhook_id FROM delivery)",
    });
    let sql = sql.sql(" AS listed WHERE webhook_id = ").integer(filter.webhook_id.get());
    let sql = match filter.state {
        Some(DeliveryState::Delivered) => sql.sql(ARRIVED),
        Some(DeliveryState::Pending | DeliveryState::Failed) | None => sql,
    };
    match &filter.event {
        None => sql,
        Some(event) => sql
            .sql(" AND EXISTS (SELECT 1 FROM delivery WHERE delivery.id = listed.delivery_id AND event = ")
            .bind(Bind::Text(event.clone()))
            .sql(")"),
    }
}

impl<State> DeliveryReads for Session<'_, State> {
    fn lookup(&mut self, webhook: WebhookId, id: DeliveryId) -> Result<Option<Delivery>> {
        let row: Option<DeliveryRow> = delivery::table
            .left_join(delivery_queue::table)
            .left_join(delivery_failure::table)
            .filter(delivery::id.eq(id.get()))
            .filter(delivery::webhook_id.eq(webhook.get()))
            .select(row::columns())
            .first(self.connection)
            .optional()
            .map_err(map)?;
        Ok(self.with_logs(row.into_iter().collect())?.pop())
    }

    fn list(&mut self, filter: &DeliveryFilter, before: i64, limit: u32) -> Result<Vec<Delivery>> {
        let sql = of(filter).sql(" AND delivery_id < ").integer(before);
        let sql = sql.sql(" ORDER BY delivery_id DESC LIMIT ").integer(i64::from(limit));
        let ids: Vec<i64> = Statement::<BigInt>::new(sql, true).load(self.connection).map_err(map)?;
        let rows = delivery::table
            .left_join(delivery_queue::table)
            .left_join(delivery_failure::table)
            .filter(delivery::id.eq_any(ids))
            .order(delivery::id.desc())
            .select(row::columns())
            .load(self.connection)
            .map_err(map)?;
        self.with_logs(rows)
    }

    fn span_since(&mut self, since: Stamp) -> Result<(DeliveryId, DeliveryId)> {
        let last: i64 = counter::table
            .find(1)
            .select(counter::delivery_id)
            .first(self.connection)
            .map_err(map)?;
        // Ids ascend with the times at which they were given: halving finds the place, without an index that every delivery would have to be
        // entered in. Old ones are gone, so a look takes the next one that is there.
        let (mut before, mut end) = (0, last);
        while before < end {
            let middle = before + (end - before) / 2;
            let next: Option<(i64, i64)> = delivery::table
                .filter(delivery::id.gt(middle))
                .order(delivery::id.asc())
                .select((delivery::id, delivery::created_at))
                .first(self.connection)
                .optional()
                .map_err(map)?;
            match next {
                Some((id, at)) if at < since.micros() => before = id,
                Some(_) | None => end = middle,
            }
        }
        Ok((DeliveryId::from_i64(before), DeliveryId::from_i64(last)))
    }

    fn dispatched(&mut self) -> Result<i64> {
        counter::table
            .find(1)
            .select(counter::dispatched_seq)
            .first(self.connection)
            .map_err(map)
    }

    fn next_due(&mut self, webhooks: &[WebhookId]) -> Result<Vec<(WebhookId, Stamp)>> {
        let ids: Vec<i64> = webhooks.iter().map(|id| id.get()).collect();
        // The first entry of each webhook's part of the index.
        let sql = Sql::new("SELECT id, (SELECT min(due_at) FROM delivery_queue WHERE webhook_id = webhook.id AND due_at IS NOT NULL)")
            .sql(" FROM webhook WHERE id")
            .one_of(self.connection, &ids);
        let statement = Statement::<(BigInt, Nullable<BigInt>)>::new(sql, true);
        let rows: Vec<(i64, Option<i64>)> = statement.load(self.connection).map_err(map)?;
        let known = rows.into_iter().filter_map(|(id, at)| Some((id, at?)));
        Ok(known.map(|(id, at)| (WebhookId::from_i64(id), Stamp::from_micros(at))).collect())
    }
}

impl Session<'_, Writing<'_>> {
    fn add_attempts(&mut self, attempts: Vec<(DeliveryId, Attempt)>) -> Result<()> {
        if attempts.is_empty() {
            return Ok(());
        }
        let rows: Vec<AttemptRow> = attempts.into_iter().map(|(id, attempt)| AttemptRow::of(id, attempt)).collect();
        insert_rows!(self.connection, delivery_attempt::table, &rows).map_err(map)
    }
}

impl DeliveryRepository for Session<'_, Writing<'_>> {
    fn advance(&mut self, seq: i64) -> Result<()> {
        self.state.counters.dispatched_seq = seq;
        Ok(())
    }

    fn add(&mut self, new: &[NewDelivery]) -> Result<()> {
        if new.is_empty() {
            return Ok(());
        }
        let mut pending = queue::pending_of(self, new)?;
        let stamp = self.state.stamp;
        let (mut rows, mut queued) = (Vec::with_capacity(new.len()), Vec::with_capacity(new.len()));
        for new in new {
            let id = next(&mut self.state.counters.delivery_id);
            let (webhook_id, (kind, entity_id)) = (new.webhook_id.get(), new.record);
            let is_first = pending.insert((new.webhook_id, kind, entity_id));
            rows.push(NewRow {
                id,
                uuid: self.state.uuid().to_string(),
                webhook_id,
                event: new.event.to_owned(),
                seq: Some(new.seq),
                entity: Some(kind.as_str().to_owned()),
                entity_id: Some(entity_id),
                body: new.body.clone(),
                created_at: stamp.micros(),
            });
            queued.push(QueueRow {
                delivery_id: id,
                webhook_id,
                entity: Some(kind.as_str().to_owned()),
                entity_id: Some(entity_id),
                attempts: 0,
                tries: 0,
                due_at: is_first.then(|| stamp.micros()),
                lease: None,
            });
        }
        insert_rows!(self.connection, delivery::table, &rows).map_err(map)?;
        queue::add(self, &queued)
    }

    fn add_test(&mut self, test: TestDelivery) -> Result<Delivery> {
        let stamp = self.state.stamp;
        let id = DeliveryId::from_i64(next(&mut self.state.counters.delivery_id));
        let state = match test.attempt.result.is_success() {
            true => DeliveryState::Delivered,
            false => DeliveryState::Failed,
        };
        let row = NewRow {
            id: id.get(),
            uuid: test.uuid.to_string(),
            webhook_id: test.webhook_id.get(),
            event: crm_domain::tenant::delivery::TEST.to_owned(),
            seq: None,
            entity: None,
            entity_id: None,
            body: test.body,
            created_at: stamp.micros(),
        };
        let added = diesel::insert_into(delivery::table).values(&row).execute(self.connection);
        added.map_err(map)?;
        if state == DeliveryState::Failed {
            queue::give_up(self, &[id.get()])?;
        }
        self.add_attempts(vec![(id, test.attempt.clone())])?;
        Ok(Delivery {
            id,
            uuid: test.uuid,
            webhook_id: test.webhook_id,
            event: row.event,
            seq: None,
            record: None,
            state,
            attempts: 1,
            due_at: None,
            created_at: stamp,
            ended_at: Some(test.attempt.ended_at()),
            log: vec![test.attempt],
        })
    }

    fn claim(&mut self, webhook: WebhookId, owner: Uuid, until: Stamp, limit: u32) -> Result<Vec<Claim>> {
        queue::claim(self, webhook, owner, until, limit)
    }

    fn settle(&mut self, owner: Uuid, outcomes: &[Outcome]) -> Result<Vec<DeliveryId>> {
        let mut held = queue::held(self, owner, outcomes)?;
        let (mut delivered, mut failed, mut postponed, mut attempts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for outcome in outcomes {
            // A second outcome of the same delivery finds nothing any more.
            let Some(before) = held.remove(&outcome.id.get()) else { continue };
            match outcome.verdict {
                Verdict::Delivered => delivered.push(outcome.id.get()),
                Verdict::GivenUp => failed.push(outcome.id.get()),
                Verdict::Later(_) | Verdict::Gone => {
                    // Of a webhook that is switched off nothing is claimed.
                    let at = if let Verdict::Later(at) = outcome.verdict {
                        at
                    } else {
                        self.state.stamp
                    };
                    queue::postpone(self, outcome.id, at)?;
                    postponed.push(outcome.id.get());
                }
            }
            let attempt = Attempt {
                number: count(before).saturating_add(1),
                at: outcome.at,
                took: outcome.took,
                result: outcome.result.clone(),
            };
            attempts.push((outcome.id, attempt));
        }
        queue::give_up(self, &failed)?;
        queue::leave(self, &[delivered, failed].concat())?;
        queue::hold_back(self, &postponed)?;
        let settled = attempts.iter().map(|(id, _)| *id).collect();
        self.add_attempts(attempts)?;
        Ok(settled)
    }

    fn release(&mut self, owner: Uuid, ids: &[DeliveryId]) -> Result<()> {
        let ids: HashSet<i64> = ids.iter().map(|id| id.get()).collect();
        let ids: Vec<i64> = ids.into_iter().collect();
        queue::release(self, owner, &ids)
    }

    fn requeue(&mut self, which: &Requeue, limit: u32) -> Result<Vec<DeliveryId>> {
        const UNHELD: &str = " AND NOT EXISTS (SELECT 1 FROM delivery_queue AS held WHERE held.delivery_id = listed.delivery_id \
             AND held.lease IS NOT NULL)";
        let filter = DeliveryFilter {
            webhook_id: which.webhook_id,
            state: which.failed_only.then_some(DeliveryState::Failed),
            event: None,
        };
        let sql = of(&filter).sql(" AND delivery_id > ").integer(which.after.get());
        let sql = sql.sql(" AND delivery_id <= ").integer(which.until.get()).sql(UNHELD);
        let sql = sql.sql(" ORDER BY delivery_id LIMIT ").integer(i64::from(limit));
        let ids: Vec<i64> = Statement::<BigInt>::new(sql, true).load(self.connection).map_err(map)?;
        queue::restart(self, &ids)?;
        Ok(ids.into_iter().map(DeliveryId::from_i64).collect())
    }

    fn sent_in(&mut self, hour: Hour) -> Result<u32> {
        let counters = &self.state.counters;
        let is_same = counters.delivery_hour == hour.get();
        Ok(if is_same { count(counters.delivery_hour_sent) } else { 0 })
    }

    fn set_sent(&mut self, hour: Hour, sent: u32) -> Result<()> {
        let counters = &mut self.state.counters;
        (counters.delivery_hour, counters.delivery_hour_sent) = (hour.get(), i64::from(sent));
        Ok(())
    }

    fn purge(&mut self, before: Stamp, limit: u32) -> Result<u64> {
        let oldest = delivery::table.order(delivery::id.asc()).limit(i64::from(limit));
        let oldest: Vec<(i64, i64)> = oldest
            .select((delivery::id, delivery::created_at))
            .load(self.connection)
            .map_err(map)?;
        let old = oldest.into_iter().take_while(|(_, at)| *at < before.micros());
        let ids: Vec<i64> = old.map(|(id, _)| id).collect();
        queue::forget(self, &ids)?;
        Ok(u64::try_from(ids.len()).unwrap_or(u64::MAX))
    }
}
