//! Jobs in SQL.

use std::time::Duration;

use crm_domain::{
    error::{Error, Result},
    field::Text,
    id::{ContactId, JobId, RecordId, UserId},
    page::{Page, Sort, Window},
    stamp::Stamp,
    tenant::job::{End, Job, JobField, JobFilter, JobKind, JobReads, JobRepository, JobState, Lease, NewJob},
};
use diesel::{AsChangeset, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, RunQueryDsl};
use uuid::Uuid;

use super::{
    Session, Writing,
    column::{self, unreadable},
    counter::next,
    found,
    list::{self, ColumnsOf, Listed, Table},
    schema::job,
};
use crate::error::map;

#[derive(Debug, Clone, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = job, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(crate) struct JobRow {
    id: i64,
    uuid: String,
    kind: String,
    state: String,
    payload: String,
    progress: String,
    contact_id: Option<i64>,
    filename: Option<String>,
    actor: String,
    attempts: i64,
    due_at: i64,
    lease: Option<String>,
    started_at: Option<i64>,
    finished_at: Option<i64>,
    last_error: Option<String>,
    created_at: i64,
    created_by: Option<i64>,
    updated_at: i64,
}

impl From<&Job> for JobRow {
    fn from(job: &Job) -> Self {
        Self {
            id: job.id.get(),
            uuid: job.uuid.to_string(),
            kind: job.kind.as_str().to_owned(),
            state: job.state.as_str().to_owned(),
            payload: job.payload.clone(),
            progress: job.progress.clone(),
            contact_id: job.contact_id.map(RecordId::get),
            filename: job.filename.clone().map(Text::into_inner),
            actor: job.actor.clone(),
            attempts: i64::from(job.attempts),
            due_at: job.due_at.micros(),
            lease: job.lease.map(|owner| owner.to_string()),
            started_at: job.started_at.map(Stamp::micros),
            finished_at: job.finished_at.map(Stamp::micros),
            last_error: job.last_error.clone(),
            created_at: job.created_at.micros(),
            created_by: job.created_by.map(RecordId::get),
            updated_at: job.updated_at.micros(),
        }
    }
}

impl TryFrom<JobRow> for Job {
    type Error = Error;

    fn try_from(row: JobRow) -> Result<Self> {
        Ok(Self {
            id: JobId::from_i64(row.id),
            uuid: column::uuid(&row.uuid)?,
            kind: JobKind::parse(&row.kind).ok_or_else(|| unreadable("kind of job", &row.kind))?,
            state: JobState::parse(&row.state).ok_or_else(|| unreadable("state of a job", &row.state))?,
            payload: row.payload,
            progress: row.progress,
            contact_id: row.contact_id.map(ContactId::from_i64),
            filename: row.filename.map(Text::from_store),
            actor: row.actor,
            attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
            due_at: Stamp::from_micros(row.due_at),
            lease: row.lease.as_deref().map(column::uuid).transpose()?,
            started_at: row.started_at.map(Stamp::from_micros),
            finished_at: row.finished_at.map(Stamp::from_micros),
            last_error: row.last_error,
            created_at: Stamp::from_micros(row.created_at),
            created_by: row.created_by.map(UserId::from_i64),
            updated_at: Stamp::from_micros(row.updated_at),
        })
    }
}

impl Listed for JobField {
    type Columns = ColumnsOf<job::table>;
    type Row = JobRow;
    const TABLE: Table = Table {
        is_searchable: false,
        keeps_deleted: false,
        ..Table::of_records("job")
    };
    const TOTAL: &'static str = "job_total";

    fn columns() -> Self::Columns {
        job::all_columns
    }

    fn record(row: JobRow) -> Result<Job> {
        row.try_into()
    }
}

/// The states of the jobs that the partial index of due ones holds.
fn open() -> [&'static str; 2] {
    [JobState::Queued.as_str(), JobState::Running.as_str()]
}

fn words(kinds: &[JobKind]) -> Vec<&'static str> {
    kinds.iter().map(|kind| kind.as_str()).collect()
}

impl<State> JobReads for Session<'_, State> {
    fn lookup(&mut self, id: JobId) -> Result<Option<Job>> {
        let row: Option<JobRow> = job::table.find(id.get()).first(self.connection).optional().map_err(map)?;
        row.map(Job::try_from).transpose()
    }

    fn lookup_uuid(&mut self, uuid: Uuid) -> Result<Option<Job>> {
        let with = job::table.filter(job::uuid.eq(uuid.to_string()));
        let row: Option<JobRow> = with.first(self.connection).optional().map_err(map)?;
        row.map(Job::try_from).transpose()
    }

    fn list(&mut self, filter: &JobFilter, sort: Sort<JobField>, window: &Window) -> Result<Page<Job>> {
        list::page(self, filter, sort, window)
    }

    fn next_due(&mut self, kinds: Option<&[JobKind]>) -> Result<Option<Stamp>> {
        let mut first = job::table
            .filter(job::state.eq_any(open()))
            .order((job::due_at.asc(), job::id.asc()))
            .select(job::due_at)
            .into_boxed();
        if let Some(kinds) = kinds {
            first = first.filter(job::kind.eq_any(words(kinds)));
        }
        let due: Option<i64> = first.first(self.connection).optional().map_err(map)?;
        Ok(due.map(Stamp::from_micros))
    }
}

impl Session<'_, Writing<'_>> {
    /// A new, queued job.
    fn queued(&mut self, new: NewJob) -> Job {
        let stamp = self.state.stamp;
        Job {
            id: JobId::from_i64(next(&mut self.state.counters.job_id)),
            uuid: self.state.uuid(),
            kind: new.kind,
            state: JobState::Queued,
            payload: new.payload,
            progress: new.progress,
            contact_id: new.contact_id,
            filename: new.filename,
            actor: self.state.origin.actor.to_string(),
            attempts: 0,
            due_at: new.due_at,
            lease: None,
            started_at: None,
            finished_at: None,
            last_error: None,
            created_at: stamp,
            created_by: self.state.created_by().map(UserId::from_i64),
            updated_at: stamp,
        }
    }

    fn insert(&mut self, added: Job) -> Result<Job> {
        self.state.counters.job_total += 1;
        diesel::insert_into(job::table)
            .values(&JobRow::from(&added))
            .execute(self.connection)
            .map_err(map)?;
        Ok(added)
    }

    fn keep(&mut self, mut changed: Job) -> Result<Job> {
        changed.updated_at = self.state.stamp;
        let updated = diesel::update(job::table.find(changed.id.get()))
            .set(&JobRow::from(&changed))
            .execute(self.connection)
            .map_err(map)?;
        found(updated, changed.id)?;
        Ok(changed)
    }
}

impl JobRepository for Session<'_, Writing<'_>> {
    fn add(&mut self, new: NewJob) -> Result<Job> {
        let added = self.queued(new);
        self.insert(added)
    }

    fn add_following(&mut self, new: NewJob) -> Result<Job> {
        let due_at = new.due_at.micros();
        self.state.work_at = Some(self.state.work_at.map_or(due_at, |at| at.min(due_at)));
        let added = self.queued(new);
        self.insert(added)
    }

    fn add_over(&mut self, new: NewJob, end: End) -> Result<Job> {
        let mut added = self.queued(new);
        let now = self.state.stamp;
        (added.attempts, added.started_at) = (1, Some(now));
        end.apply(&mut added, now);
        self.insert(added)
    }

    fn claim(&mut self, kinds: &[JobKind], lease: Duration, limit: u32) -> Result<Vec<Job>> {
        let stamp = self.state.stamp;
        let due = job::table
            .filter(job::state.eq_any(open()))
            .filter(job::kind.eq_any(words(kinds)))
            .filter(job::due_at.le(stamp.micros()))
            .order((job::due_at.asc(), job::id.asc()))
            .limit(i64::from(limit));
        let rows: Vec<JobRow> = due.load(self.connection).map_err(map)?;
        rows.into_iter()
            .map(|row| {
                let mut claimed = Job::try_from(row)?;
                claimed.state = JobState::Running;
                claimed.lease = Some(self.state.uuid());
                claimed.due_at = stamp.plus(lease);
                claimed.attempts = claimed.attempts.saturating_add(1);
                claimed.started_at = claimed.started_at.or(Some(stamp));
                self.keep(claimed)
            })
            .collect()
    }

    fn release_all(&mut self) -> Result<usize> {
        let running = job::table.filter(job::state.eq(JobState::Running.as_str()));
        let now = self.state.stamp.micros();
        let values = (job::lease.eq(None::<String>), job::due_at.eq(now), job::updated_at.eq(now));
        diesel::update(running).set(values).execute(self.connection).map_err(map)
    }

    fn held(&mut self, lease: &Lease) -> Result<Job> {
        let job = JobReads::lookup(self, lease.job)?;
        job.filter(|job| job.lease == Some(lease.owner)).ok_or_else(|| lease.lost())
    }

    fn extend(&mut self, lease: &Lease, by: Duration) -> Result<()> {
        let mut job = self.held(lease)?;
        job.due_at = self.state.stamp.plus(by);
        self.keep(job).map(drop)
    }

    fn advance(&mut self, lease: &Lease, progress: String) -> Result<()> {
        let mut job = self.held(lease)?;
        job.progress = progress;
        job.attempts = 1;
        self.keep(job).map(drop)
    }

    fn concern(&mut self, lease: &Lease, contact: ContactId) -> Result<()> {
        let mut job = self.held(lease)?;
        job.contact_id = Some(contact);
        self.keep(job).map(drop)
    }

    fn end(&mut self, lease: &Lease, end: End) -> Result<Job> {
        let mut job = self.held(lease)?;
        end.apply(&mut job, self.state.stamp);
        self.keep(job)
    }

    fn cancel(&mut self, id: JobId) -> Result<Job> {
        let mut job = JobReads::lookup(self, id)?.ok_or_else(|| Error::not_found(JobId::NOUN, id))?;
        if job.state.is_final() {
            return Err(Error::state(JobId::NOUN, id, job.state.as_str(), JobState::Cancelled.as_str()));
        }
        job.state = JobState::Cancelled;
        job.lease = None;
        job.finished_at = Some(self.state.stamp);
        self.keep(job)
    }

    fn postpone(&mut self, id: JobId, due_at: Stamp) -> Result<()> {
        let queued = job::table.find(id.get()).filter(job::state.eq(JobState::Queued.as_str()));
        let values = (job::due_at.eq(due_at.micros()), job::updated_at.eq(self.state.stamp.micros()));
        let updated = diesel::update(queued).set(values).execute(self.connection).map_err(map)?;
        found(updated, id)
    }

    fn note(&mut self, id: JobId, progress: String) -> Result<()> {
        let over = job::table.find(id.get()).filter(job::finished_at.is_not_null());
        let values = (job::progress.eq(progress), job::updated_at.eq(self.state.stamp.micros()));
        let updated = diesel::update(over).set(values).execute(self.connection).map_err(map)?;
        found(updated, id)
    }

    fn purge(&mut self, before: Stamp, limit: u32) -> Result<Vec<JobId>> {
        let over = job::table
            .filter(job::finished_at.is_not_null())
            .filter(job::finished_at.lt(before.micros()))
            .order(job::finished_at.asc());
        let ids: Vec<i64> = over.select(job::id).limit(i64::from(limit)).load(self.connection).map_err(map)?;
        let purged = diesel::delete(job::table.filter(job::id.eq_any(&ids)))
            .execute(self.connection)
            .map_err(map)?;
        self.state.counters.job_total -= i64::try_from(purged).unwrap_or(0);
        Ok(ids.into_iter().map(JobId::from_i64).collect())
    }
}
