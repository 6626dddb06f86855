//! What became of leads that were handed over, in SQL.

use crm_domain::{
    error::{Error, Result},
    id::{LeadId, RecordId},
    page::{Page, Sort, Window},
    stamp::Stamp,
    tenant::sync_log::{SyncEntry, SyncLevel, SyncLogField, SyncLogFilter, SyncLogReads, SyncLogRepository, SyncNote, SyncReason},
};
use diesel::{ExpressionMethods, Insertable, QueryDsl, Queryable, RunQueryDsl};

use super::{
    Session, Writing,
    column::unreadable,
    counter::next,
    list::{self, ColumnsOf, Listed, Table},
    schema::sync_log,
};
use crate::{error::map, insert_rows};

#[derive(Debug, Queryable)]
pub(crate) struct SyncLogRow {
    id: i64,
    logged_at: i64,
    level: String,
    source: String,
    reason: String,
    message: String,
    lead_id: Option<i64>,
}

#[derive(Insertable)]
#[diesel(table_name = sync_log, treat_none_as_default_value = false)]
struct NewSyncLogRow<'a> {
    id: i64,
    logged_at: i64,
    level: &'a str,
    source: &'a str,
    reason: &'a str,
    message: &'a str,
    lead_id: Option<i64>,
}

impl TryFrom<SyncLogRow> for SyncEntry {
    type Error = Error;

    fn try_from(row: SyncLogRow) -> Result<Self> {
        Ok(Self {
            id: row.id,
            logged_at: Stamp::from_micros(row.logged_at),
            level: SyncLevel::parse(&row.level).ok_or_else(|| unreadable("level", &row.level))?,
            note: SyncNote {
                reason: SyncReason::parse(&row.reason).ok_or_else(|| unreadable("reason", &row.reason))?,
                source: row.source,
                message: row.message,
                lead_id: row.lead_id.map(LeadId::from_i64),
            },
        })
    }
}

impl Listed for SyncLogField {
    type Columns = ColumnsOf<sync_log::table>;
    type Row = SyncLogRow;
    const TABLE: Table = Table {
        is_searchable: false,
        keeps_deleted: false,
        ..Table::of_records("sync_log")
    };
    const TOTAL: &'static str = "sync_log_total";

    fn columns() -> Self::Columns {
        sync_log::all_columns
    }

    fn record(row: SyncLogRow) -> Result<SyncEntry> {
        row.try_into()
    }
}

impl<State> SyncLogReads for Session<'_, State> {
    fn list(&mut self, filter: &SyncLogFilter, sort: Sort<SyncLogField>, window: &Window) -> Result<Page<SyncEntry>> {
        list::page(self, filter, sort, window)
    }
}

impl SyncLogRepository for Session<'_, Writing<'_>> {
    fn add(&mut self, notes: &[SyncNote]) -> Result<()> {
        let logged_at = self.state.stamp.micros();
        let counters = &mut *self.state.counters;
        counters.sync_log_total += i64::try_from(notes.len()).unwrap_or(i64::MAX);
        let rows: Vec<NewSyncLogRow<'_>> = notes
            .iter()
            .map(|note| NewSyncLogRow {
                id: next(&mut counters.sync_log_id),
                logged_at,
                level: note.reason.level().as_str(),
                source: &note.source,
                reason: note.reason.as_str(),
                message: &note.message,
                lead_id: note.lead_id.map(RecordId::get),
            })
            .collect();
        insert_rows!(self.connection, sync_log::table, &rows).map_err(map)
    }

    fn purge(&mut self, before: Stamp, limit: u32) -> Result<u64> {
        let old = sync_log::table
            .filter(sync_log::logged_at.lt(before.micros()))
            .order(sync_log::logged_at.asc());
        let ids: Vec<i64> = old
            .select(sync_log::id)
            .limit(i64::from(limit))
            .load(self.connection)
            .map_err(map)?;
        let purged = diesel::delete(sync_log::table.filter(sync_log::id.eq_any(ids)))
            .execute(self.connection)
            .map_err(map)?;
        self.state.counters.sync_log_total -= i64::try_from(purged).unwrap_or(0);
        Ok(purged as u64)
    }
}
