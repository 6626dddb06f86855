//! Timers in SQL.

use std::sync::Arc;

use crm_domain::{
    error::{Error, Result},
    id::{RecordId, SlaPolicyId, TimerId},
    stamp::Stamp,
    tenant::{
        change::EntityKind,
        pipeline::StageKind,
        sla_policy::SlaPolicy,
        task::TaskStatus,
        ticket::TicketStatus,
        timer::{Alarm, Moment, Promise, Review, Target, Timer, TimerReads, TimerRepository},
    },
};
use diesel::{ExpressionMethods, Insertable, JoinOnDsl, OptionalExtension, QueryDsl, Queryable, RunQueryDsl, dsl::min};

use super::{
    Session, Writing,
    column::unreadable,
    counter::next,
    schema::{lead, opportunity, stage, task, ticket, timer, timer_review},
};
use crate::{error::map, insert_rows};

/// What no policy has.
const NO_POLICY: i64 = 0;
/// The states of leads of which nothing becomes by the clock any more.
const DONE: [&str; 2] = ["Disqualified", "Converted"];
/// Most ids of one statement: SQLite binds some thirty thousand.
const IDS: usize = 10_000;

#[derive(Queryable, Insertable)]
#[diesel(table_name = timer, treat_none_as_default_value = false)]
struct TimerRow {
    id: i64,
    entity: String,
    entity_id: i64,
    alarm: String,
    target: String,
    policy_id: i64,
    cycle: i64,
    fires_at: i64,
    due_at: i64,
    fired_at: Option<i64>,
}

impl TryFrom<TimerRow> for Timer {
    type Error = Error;

    fn try_from(row: TimerRow) -> Result<Self> {
        let promise = Promise {
            alarm: Alarm::parse(&row.alarm).ok_or_else(|| unreadable("alarm", &row.alarm))?,
            target: Target::parse(&row.target).ok_or_else(|| unreadable("target", &row.target))?,
            policy: (row.policy_id != NO_POLICY).then(|| SlaPolicyId::from_i64(row.policy_id)),
            cycle: Stamp::from_micros(row.cycle),
        };
        Ok(Self {
            id: TimerId::from_i64(row.id),
            record: (kind(&row.entity)?, row.entity_id),
            moment: Moment {
                promise,
                fires_at: Stamp::from_micros(row.fires_at),
                due_at: Stamp::from_micros(row.due_at),
            },
            fired_at: row.fired_at.map(Stamp::from_micros),
        })
    }
}

fn kind(word: &str) -> Result<EntityKind> {
    EntityKind::parse(word).ok_or_else(|| unreadable("kind of record", word))
}

impl<State> TimerReads for Session<'_, State> {
    fn list_of(&mut self, entity: EntityKind, ids: &[i64]) -> Result<Vec<Timer>> {
        let mut timers = Vec::new();
        for ids in ids.chunks(IDS) {
            let rows = timer::table
                .filter(timer::entity.eq(entity.as_str()))
                .filter(timer::entity_id.eq_any(ids.to_vec()))
                .order(timer::id.asc());
            for row in rows.load::<TimerRow>(self.connection).map_err(map)? {
                timers.push(Timer::try_from(row)?);
            }
        }
        Ok(timers)
    }

    fn next(&mut self) -> Result<Option<Stamp>> {
        let reviews: i64 = timer_review::table.count().get_result(self.connection).map_err(map)?;
        if reviews > 0 {
            return Ok(Some(Stamp::default()));
        }
        let waiting = timer::table.filter(timer::fired_at.is_null());
        let first: Option<i64> = waiting.select(min(timer::fires_at)).first(self.connection).map_err(map)?;
        Ok(first.map(Stamp::from_micros))
    }
}

impl Session<'_, Writing<'_>> {
    /// Notes when there is something to do.
    fn alarm(&mut self, at: i64) {
        let first = self.state.alarm_at.map_or(at, |known| known.min(at));
        self.state.alarm_at = Some(first);
    }
}

impl TimerRepository for Session<'_, Writing<'_>> {
    fn policies(&mut self) -> Result<Arc<[SlaPolicy]>> {
        self.known_policies()
    }

    fn set(&mut self, moments: &[((EntityKind, i64), Moment)]) -> Result<()> {
        let mut rows = Vec::with_capacity(moments.len());
        for ((entity, entity_id), moment) in moments {
            let promise = moment.promise;
            self.alarm(moment.fires_at.micros());
            rows.push(TimerRow {
                id: next(&mut self.state.counters.timer_id),
                entity: entity.as_str().to_owned(),
                entity_id: *entity_id,
                alarm: promise.alarm.as_str().to_owned(),
                target: promise.target.as_str().to_owned(),
                policy_id: promise.policy.map_or(NO_POLICY, RecordId::get),
                cycle: promise.cycle.micros(),
                fires_at: moment.fires_at.micros(),
                due_at: moment.due_at.micros(),
                fired_at: None,
            });
        }
        // PostgreSQL binds some sixty thousand values in one statement, and more rows are copied.
        insert_rows!(self.connection, timer::table, &rows).map_err(map)
    }

    fn unset(&mut self, ids: &[TimerId]) -> Result<()> {
        for ids in ids.chunks(IDS) {
            let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
            diesel::delete(timer::table.filter(timer::id.eq_any(ids)))
                .execute(self.connection)
                .map_err(map)?;
        }
        Ok(())
    }

    fn forget_policy(&mut self, policy: SlaPolicyId) -> Result<()> {
        let waiting = timer::table
            .filter(timer::policy_id.eq(policy.get()))
            .filter(timer::fired_at.is_null());
        diesel::delete(waiting).execute(self.connection).map(drop).map_err(map)
    }

    fn due(&mut self, now: Stamp, limit: u32) -> Result<Vec<Timer>> {
        let due = timer::table
            .filter(timer::fired_at.is_null())
            .filter(timer::fires_at.lt(now.micros()))
            .order((timer::fires_at.asc(), timer::id.asc()))
            .limit(i64::from(limit));
        let rows: Vec<TimerRow> = due.load(self.connection).map_err(map)?;
        rows.into_iter().map(Timer::try_from).collect()
    }

    fn fired(&mut self, ids: &[TimerId]) -> Result<()> {
        for ids in ids.chunks(IDS) {
            let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
            diesel::update(timer::table.filter(timer::id.eq_any(ids)))
                .set(timer::fired_at.eq(self.state.stamp.micros()))
                .execute(self.connection)
                .map_err(map)?;
        }
        Ok(())
    }

    fn review(&mut self) -> Result<Option<Review>> {
        let first = timer_review::table.order(timer_review::entity.asc());
        let row: Option<(String, i64, i64)> = first.first(self.connection).optional().map_err(map)?;
        let review = |(entity, after, since): (String, i64, i64)| {
            Ok(Review {
                entity: kind(&entity)?,
                after,
                since: Stamp::from_micros(since),
            })
        };
        row.map(review).transpose()
    }

    fn begin_review(&mut self, entity: EntityKind) -> Result<()> {
        self.advance_review(entity, None)?;
        let row = (
            timer_review::entity.eq(entity.as_str()),
            timer_review::after_id.eq(0),
            timer_review::since.eq(self.state.stamp.micros()),
        );
        diesel::insert_into(timer_review::table)
            .values(row)
            .execute(self.connection)
            .map_err(map)?;
        self.alarm(Stamp::default().micros());
        Ok(())
    }

    fn advance_review(&mut self, entity: EntityKind, after: Option<i64>) -> Result<()> {
        let review = timer_review::table.find(entity.as_str());
        let advanced = match after {
            Some(after) => diesel::update(review)
                .set(timer_review::after_id.eq(after))
                .execute(self.connection),
            None => diesel::delete(review).execute(self.connection),
        };
        advanced.map(drop).map_err(map)
    }

    fn running(&mut self, entity: EntityKind, after: i64, limit: u32) -> Result<Vec<i64>> {
        let limit = i64::from(limit);
        let ids = match entity {
            EntityKind::Task => {
                let open = TaskStatus::ALL.iter().filter(|status| status.is_open());
                task::table
                    .filter(task::id.gt(after))
                    .filter(task::deleted_at.is_null())
                    .filter(task::due_at.is_not_null())
                    .filter(task::status.eq_any(open.map(|status| status.as_str())))
                    .order(task::id.asc())
                    .limit(limit)
                    .select(task::id)
                    .load(self.connection)
            }
            EntityKind::Ticket => {
                let open = TicketStatus::ALL.iter().filter(|status| !status.is_settled());
                ticket::table
                    .filter(ticket::id.gt(after))
                    .filter(ticket::deleted_at.is_null())
                    .filter(ticket::status.eq_any(open.map(|status| status.as_str())))
                    .order(ticket::id.asc())
                    .limit(limit)
                    .select(ticket::id)
                    .load(self.connection)
            }
            EntityKind::Lead => lead::table
                .filter(lead::id.gt(after))
                .filter(lead::deleted_at.is_null())
                .filter(lead::status.ne_all(DONE))
                .order(lead::id.asc())
                .limit(limit)
                .select(lead::id)
                .load(self.connection),
            EntityKind::Opportunity => opportunity::table
                .inner_join(stage::table.on(stage::id.eq(opportunity::stage_id)))
                .filter(opportunity::id.gt(after))
                .filter(opportunity::deleted_at.is_null())
                .filter(stage::kind.eq(StageKind::Open.as_str()))
                .order(opportunity::id.asc())
                .limit(limit)
                .select(opportunity::id)
                .load(self.connection),
            // Records of other kinds have no timers.
            _ => Ok(Vec::new()),
        };
        ids.map_err(map)
    }

    fn agree(&mut self, next: Option<Stamp>) -> Result<()> {
        self.state.counters.agenda_at = next.map_or(i64::MAX, Stamp::micros);
        Ok(())
    }
}
