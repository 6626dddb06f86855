//! The one row that a writer locks first: last stamp, last change, last ids and exact totals.

use crm_domain::{error::Result, stamp::Stamp};
use diesel::{AsChangeset, ExpressionMethods, OptionalExtension, QueryDsl, Queryable, RunQueryDsl};

use super::{fragment::Locked, schema::counter};
use crate::{connection::Connection, error::map};

/// The counters of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, AsChangeset)]
#[diesel(table_name = counter)]
pub(crate) struct Counters {
    id: i64,
    pub(crate) stamp: i64,
    pub(crate) change_seq: i64,
    pub(crate) account_id: i64,
    pub(crate) account_live: i64,
    pub(crate) contact_id: i64,
    pub(crate) contact_live: i64,
    pub(crate) lead_id: i64,
    pub(crate) lead_live: i64,
    pub(crate) opportunity_id: i64,
    pub(crate) opportunity_forecast: i64,
    pub(crate) opportunity_other: i64,
    pub(crate) activity_id: i64,
    pub(crate) activity_live: i64,
    pub(crate) stage_id: i64,
    pub(crate) tag_id: i64,
    pub(crate) tag_live: i64,
    pub(crate) request_id: i64,
    pub(crate) request_total: i64,
    pub(crate) sla_policy_id: i64,
    pub(crate) sla_policy_live: i64,
    pub(crate) ticket_id: i64,
    pub(crate) ticket_live: i64,
    pub(crate) ticket_comment_id: i64,
    pub(crate) ticket_comment_live: i64,
    pub(crate) partner_id: i64,
    pub(crate) partner_live: i64,
    pub(crate) task_id: i64,
    pub(crate) task_live: i64,
    pub(crate) webhook_id: i64,
    pub(crate) webhook_live: i64,
    pub(crate) pipeline_id: i64,
    pub(crate) handoff_id: i64,
    pub(crate) custom_field_id: i64,
    pub(crate) custom_field_live: i64,
    /// The last stamp at which a setting was changed.
    pub(crate) setting_at: i64,
    pub(crate) merge_id: i64,
    pub(crate) merge_total: i64,
    pub(crate) job_id: i64,
    pub(crate) job_total: i64,
    /// The last change of the control plane that was carried into the feed.
    pub(crate) control_change_id: i64,
    pub(crate) delivery_id: i64,
    /// The last change whose deliveries were made.
    pub(crate) dispatched_seq: i64,
    /// The hour of the last capped delivery, and how many were claimed in it.
    pub(crate) delivery_hour: i64,
    pub(crate) delivery_hour_sent: i64,
    pub(crate) timer_id: i64,
    /// The deployment's agenda names this tenant by then; the greatest number while it need not.
    pub(crate) agenda_at: i64,
    /// The last stamp at which an SLA policy was changed.
    pub(crate) sla_policy_at: i64,
    pub(crate) sync_log_id: i64,
    pub(crate) sync_log_total: i64,
}

impl Counters {
    /// Reads the row and keeps every other writer of this tenant out until the transaction ends.
    pub(crate) fn lock(connection: &mut Connection) -> Result<Self> {
        let row = counter::table.select(counter::all_columns).filter(Locked::new(connection));
        row.first(connection).map_err(map)
    }

    /// Reads the row without keeping anybody out; `None` when it is missing.
    pub(crate) fn look(connection: &mut Connection) -> Result<Option<Self>> {
        counter::table.find(1).first(connection).optional().map_err(map)
    }

    /// Keeps the counters that changed since `before`.
    pub(crate) fn save(&self, before: &Self, connection: &mut Connection) -> Result<()> {
        if self != before {
            diesel::update(counter::table.filter(counter::id.eq(1)))
                .set(self)
                .execute(connection)
                .map_err(map)?;
        }
        Ok(())
    }

    /// The next unit's stamp: the time, but always later than every stamp before it.
    pub(crate) fn next_stamp(&mut self, now: Stamp) -> Stamp {
        self.stamp = now.micros().max(self.stamp + 1);
        Stamp::from_micros(self.stamp)
    }
}

/// Takes the next id.
pub(crate) fn next(counter: &mut i64) -> i64 {
    *counter += 1;
    *counter
}
