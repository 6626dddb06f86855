//! Which tenants have webhooks, and when one of their deliveries is due.

use crm_domain::{
    control::{
        outbox::{OutboxReads, OutboxRepository},
        work::{Promise, Work},
    },
    error::Result,
    id::{RecordId, TenantId},
    stamp::Stamp,
};
use diesel::prelude::*;

use super::{ports::Ports, schema::outbox};
use crate::error::map;

#[derive(Queryable, Insertable)]
#[diesel(table_name = outbox)]
struct OutboxRow {
    tenant_id: i64,
    due_at: i64,
    mark: i64,
    marked_at: i64,
}

impl From<OutboxRow> for Work {
    fn from(row: OutboxRow) -> Self {
        Self {
            tenant: TenantId::from_i64(row.tenant_id),
            due_at: Stamp::from_micros(row.due_at),
            mark: row.mark,
            marked_at: Stamp::from_micros(row.marked_at),
        }
    }
}

impl OutboxReads for Ports<'_> {
    fn due(&mut self, now: Stamp, limit: u32) -> Result<Vec<Work>> {
        let due = outbox::table
            .filter(outbox::due_at.le(now.micros()))
            .order((outbox::due_at.asc(), outbox::tenant_id.asc()))
            .limit(i64::from(limit));
        let rows: Vec<OutboxRow> = due.load(self.connection).map_err(map)?;
        Ok(rows.into_iter().map(Work::from).collect())
    }

    fn list_after(&mut self, after: TenantId, limit: u32) -> Result<Vec<Work>> {
        let marked = outbox::table
            .filter(outbox::tenant_id.gt(after.get()))
            .order(outbox::tenant_id.asc())
            .limit(i64::from(limit));
        let rows: Vec<OutboxRow> = marked.load(self.connection).map_err(map)?;
        Ok(rows.into_iter().map(Work::from).collect())
    }

    fn lookup(&mut self, tenant: TenantId) -> Result<Option<Work>> {
        let row: Option<OutboxRow> = outbox::table.find(tenant.get()).first(self.connection).optional().map_err(map)?;
        Ok(row.map(Work::from))
    }
}

impl OutboxRepository for Ports<'_> {
    fn mark(&mut self, tenant: TenantId, due_at: Stamp) -> Result<Promise> {
        // Transactions run one after another: nobody else adds the row in between.
        let known = OutboxReads::lookup(self, tenant)?;
        let row = OutboxRow {
            tenant_id: tenant.get(),
            due_at: known.map_or(due_at, |known| known.due_at.min(due_at)).micros(),
            mark: known.map_or(0, |known| known.mark) + 1,
            marked_at: self.stamp.micros(),
        };
        let written = match known {
            Some(_) => {
                let values = (
                    outbox::due_at.eq(row.due_at),
                    outbox::mark.eq(row.mark),
                    outbox::marked_at.eq(row.marked_at),
                );
                diesel::update(outbox::table.find(row.tenant_id))
                    .set(values)
                    .execute(self.connection)
            }
            None => diesel::insert_into(outbox::table).values(&row).execute(self.connection),
        };
        written.map_err(map)?;
        Ok(Promise::made(self.stamp))
    }

    fn settle(&mut self, seen: &Work, next_look: Option<Stamp>) -> Result<()> {
        let unchanged = outbox::table.find(seen.tenant.get()).filter(outbox::mark.eq(seen.mark));
        let settled = match next_look {
            Some(at) => diesel::update(unchanged)
                .set(outbox::due_at.eq(at.micros()))
                .execute(self.connection),
            None => diesel::delete(unchanged).execute(self.connection),
        };
        settled.map(drop).map_err(map)
    }
}
