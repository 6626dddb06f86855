//! When the tenants' timers are due.

use crm_domain::{
    control::{
        agenda::{AgendaReads, AgendaRepository},
        work::Work,
    },
    error::Result,
    id::{RecordId, TenantId},
    stamp::Stamp,
};
use diesel::prelude::*;

use super::{ports::Ports, schema::agenda};
use crate::error::map;

#[derive(Queryable, Insertable)]
#[diesel(table_name = agenda)]
struct AgendaRow {
    tenant_id: i64,
    due_at: i64,
    mark: i64,
    marked_at: i64,
}

impl From<AgendaRow> for Work {
    fn from(row: AgendaRow) -> Self {
        Self {
            tenant: TenantId::from_i64(row.tenant_id),
            due_at: Stamp::from_micros(row.due_at),
            mark: row.mark,
            marked_at: Stamp::from_micros(row.marked_at),
        }
    }
}

impl AgendaReads for Ports<'_> {
    fn due(&mut self, now: Stamp, limit: u32) -> Result<Vec<Work>> {
        let due = agenda::table
            .filter(agenda::due_at.lt(now.micros()))
            .order((agenda::due_at.asc(), agenda::tenant_id.asc()))
            .limit(i64::from(limit));
        let rows: Vec<AgendaRow> = due.load(self.connection).map_err(map)?;
        Ok(rows.into_iter().map(Work::from).collect())
    }

    fn lookup(&mut self, tenant: TenantId) -> Result<Option<Work>> {
        let row: Option<AgendaRow> = agenda::table.find(tenant.get()).first(self.connection).optional().map_err(map)?;
        Ok(row.map(Work::from))
    }
}

impl AgendaRepository for Ports<'_> {
    fn enter(&mut self, tenant: TenantId, due_at: Stamp) -> Result<()> {
        // Transactions run one after another: nobody else adds the row in between.
        let known = AgendaReads::lookup(self, tenant)?;
        let row = AgendaRow {
            tenant_id: tenant.get(),
            due_at: known.map_or(due_at, |known| known.due_at.min(due_at)).micros(),
            mark: known.map_or(0, |known| known.mark) + 1,
            marked_at: self.stamp.micros(),
        };
        let written = match known {
            Some(_) => {
                let values = (
                    agenda::due_at.eq(row.due_at),
                    agenda::mark.eq(row.mark),
                    agenda::marked_at.eq(row.marked_at),
                );
                diesel::update(agenda::table.find(row.tenant_id))
                    .set(values)
                    .execute(self.connection)
            }
            None => diesel::insert_into(agenda::table).values(&row).execute(self.connection),
        };
        written.map(drop).map_err(map)
    }

    fn settle(&mut self, seen: &Work, next_look: Option<Stamp>) -> Result<()> {
        let unchanged = agenda::table.find(seen.tenant.get()).filter(agenda::mark.eq(seen.mark));
        let settled = match next_look {
            Some(at) => diesel::update(unchanged)
                .set(agenda::due_at.eq(at.micros()))
                .execute(self.connection),
            None => diesel::delete(unchanged).execute(self.connection),
        };
        settled.map(drop).map_err(map)
    }
}
