//! What imports keep beside their jobs, in SQL.

use crm_domain::{
    error::{Error, Result},
    id::{JobId, RecordId},
    stamp::Stamp,
    tenant::import::{ImportReads, ImportRepository, RowFailure},
};
use diesel::{ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, RunQueryDsl};

use super::{
    Session, Writing,
    column::unreadable,
    schema::{import_chunk, import_failure, import_part},
};
use crate::{error::map, insert_rows};

#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = import_failure, treat_none_as_default_value = false)]
struct FailureRow {
    job_id: i64,
    record: i64,
    line: i64,
    at_fault: String,
    reason: String,
    cells: String,
    raw: Option<String>,
}

/// What PostgreSQL keeps in no text stands in rows that could not be read because of it.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{FFFD}")
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl FailureRow {
    fn of(job: JobId, failure: &RowFailure) -> Result<Self> {
        let cells = serde_json::to_string(&failure.cells).map_err(|error| Error::Internal(error.to_string()))?;
        Ok(Self {
            job_id: job.get(),
            record: number(failure.record),
            line: number(failure.line),
            at_fault: storable(&failure.column),
            reason: storable(&failure.reason),
            cells,
            raw: failure.raw.as_deref().map(storable),
        })
    }
}

impl TryFrom<FailureRow> for RowFailure {
    type Error = Error;

    fn try_from(row: FailureRow) -> Result<Self> {
        Ok(Self {
            record: row.record.unsigned_abs(),
            line: row.line.unsigned_abs(),
            column: row.at_fault,
            reason: row.reason,
            cells: serde_json::from_str(&row.cells).map_err(|_| unreadable("list of cells", &row.cells))?,
            raw: row.raw,
        })
    }
}

impl<State> ImportReads for Session<'_, State> {
    fn chunk(&mut self, job: JobId, number: u32) -> Result<Option<Vec<u8>>> {
        let body = import_chunk::table.find((job.get(), i64::from(number))).select(import_chunk::body);
        body.first(self.connection).optional().map_err(map)
    }

    fn failures(&mut self, job: JobId, after: u64, limit: u32) -> Result<Vec<RowFailure>> {
        let rows = import_failure::table
            .filter(import_failure::job_id.eq(job.get()))
            .filter(import_failure::record.gt(number(after)))
            .order(import_failure::record.asc())
            .limit(i64::from(limit));
        let rows: Vec<FailureRow> = rows.load(self.connection).map_err(map)?;
        rows.into_iter().map(RowFailure::try_from).collect()
    }

    fn last_part(&mut self, job: JobId, before: Stamp) -> Result<Option<Stamp>> {
        let last = import_part::table
            .filter(import_part::job_id.eq(job.get()))
            .filter(import_part::stamp.lt(before.micros()))
            .order(import_part::stamp.desc())
            .select(import_part::stamp);
        let stamp: Option<i64> = last.first(self.connection).optional().map_err(map)?;
        Ok(stamp.map(Stamp::from_micros))
    }

    fn parts_among(&mut self, jobs: &[JobId], stamps: &[Stamp]) -> Result<Vec<Stamp>> {
        let jobs: Vec<i64> = jobs.iter().map(|job| job.get()).collect();
        let stamps: Vec<i64> = stamps.iter().map(|stamp| stamp.micros()).collect();
        let among = import_part::table
            .filter(import_part::job_id.eq_any(jobs))
            .filter(import_part::stamp.eq_any(stamps))
            .select(import_part::stamp);
        let stamps: Vec<i64> = among.load(self.connection).map_err(map)?;
        Ok(stamps.into_iter().map(Stamp::from_micros).collect())
    }
}

impl ImportRepository for Session<'_, Writing<'_>> {
    fn add_chunk(&mut self, job: JobId, number: u32, body: &[u8]) -> Result<()> {
        let row = (
            import_chunk::job_id.eq(job.get()),
            import_chunk::number.eq(i64::from(number)),
            import_chunk::body.eq(body),
        );
        let added = diesel::insert_into(import_chunk::table).values(row).execute(self.connection);
        added.map(drop).map_err(map)
    }

    fn remove_file(&mut self, job: JobId) -> Result<()> {
        let file = import_chunk::table.filter(import_chunk::job_id.eq(job.get()));
        diesel::delete(file).execute(self.connection).map(drop).map_err(map)
    }

    fn add_failures(&mut self, job: JobId, failures: &[RowFailure]) -> Result<()> {
        if failures.is_empty() {
            return Ok(());
        }
        let places: Vec<i64> = failures.iter().map(|failure| number(failure.record)).collect();
        let kept = import_failure::table
            .filter(import_failure::job_id.eq(job.get()))
            .filter(import_failure::record.eq_any(places))
            .select(import_failure::record);
        let kept: Vec<i64> = kept.load(self.connection).map_err(map)?;
        let new = failures.iter().filter(|failure| !kept.contains(&number(failure.record)));
        let rows: Vec<FailureRow> = new.map(|failure| FailureRow::of(job, failure)).collect::<Result<_>>()?;
        if rows.is_empty() {
            return Ok(());
        }
        insert_rows!(self.connection, import_failure::table, &rows).map_err(map)
    }

    fn remove_failures(&mut self, job: JobId) -> Result<()> {
        let rows = import_failure::table.filter(import_failure::job_id.eq(job.get()));
        diesel::delete(rows).execute(self.connection).map(drop).map_err(map)
    }

    fn add_part(&mut self, job: JobId) -> Result<()> {
        let row = (import_part::job_id.eq(job.get()), import_part::stamp.eq(self.state.stamp.micros()));
        let added = diesel::insert_into(import_part::table).values(row).execute(self.connection);
        added.map(drop).map_err(map)
    }
}
