//! Which tenants may have jobs that are due.

use crm_domain::{
    control::work::{Promise, Work, WorkReads, WorkRepository},
    error::Result,
    id::{RecordId, TenantId},
    stamp::Stamp,
};
use diesel::prelude::*;

use super::{ports::Ports, schema::work};
use crate::error::map;

#[derive(Queryable, Insertable)]
#[diesel(table_name = work)]
struct WorkRow {
    tenant_id: i64,
    due_at: i64,
    mark: i64,
    marked_at: i64,
}

impl From<WorkRow> for Work {
    fn from(row: WorkRow) -> Self {
        Self {
            tenant: TenantId::from_i64(row.tenant_id),
            due_at: Stamp::from_micros(row.due_at),
            mark: row.mark,
            marked_at: Stamp::from_micros(row.marked_at),
        }
    }
}

impl WorkReads for Ports<'_> {
    fn due(&mut self, now: Stamp, limit: u32) -> Result<Vec<Work>> {
        let due = work::table
            .filter(work::due_at.le(now.micros()))
            .order((work::due_at.asc(), work::tenant_id.asc()))
            .limit(i64::from(limit));
        let rows: Vec<WorkRow> = due.load(self.connection).map_err(map)?;
        Ok(rows.into_iter().map(Work::from).collect())
    }

    fn lookup(&mut self, tenant: TenantId) -> Result<Option<Work>> {
        let row: Option<WorkRow> = work::table.find(tenant.get()).first(self.connection).optional().map_err(map)?;
        Ok(row.map(Work::from))
    }
}

impl WorkRepository for Ports<'_> {
    fn mark(&mut self, tenant: TenantId, due_at: Stamp) -> Result<Promise> {
        // Transactions run one after another: nobody else adds the row in between.
        let known = WorkReads::lookup(self, tenant)?;
        let row = WorkRow {
            tenant_id: tenant.get(),
            due_at: known.map_or(due_at, |known| known.due_at.min(due_at)).micros(),
            mark: known.map_or(0, |known| known.mark) + 1,
            marked_at: self.stamp.micros(),
        };
        let written = match known {
            Some(_) => {
                let values = (
                    work::due_at.eq(row.due_at),
                    work::mark.eq(row.mark),
                    work::marked_at.eq(row.marked_at),
                );
                diesel::update(work::table.find(row.tenant_id)).set(values).execute(self.connection)
            }
            None => diesel::insert_into(work::table).values(&row).execute(self.connection),
        };
        written.map_err(map)?;
        Ok(Promise::made(self.stamp))
    }

    fn settle(&mut self, seen: &Work, next_look: Option<Stamp>) -> Result<()> {
        let unchanged = work::table.find(seen.tenant.get()).filter(work::mark.eq(seen.mark));
        let settled = match next_look {
            Some(at) => diesel::update(unchanged).set(work::due_at.eq(at.micros())).execute(self.connection),
            None => diesel::delete(unchanged).execute(self.connection),
        };
        settled.map(drop).map_err(map)
    }
}
