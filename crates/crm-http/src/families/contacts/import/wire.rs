//! The shapes of imports (contract D-182, D-187, D-190, X-149, X-151, X-152).

use std::{collections::BTreeMap, fs::File};

use crm_domain::{
    Result,
    stamp::Stamp,
    table::Encoding,
    tenant::job::{Job, JobKind, JobState},
    usecase::{
        import::{ColumnUse, ImportKind, ImportTarget, columns_of},
        import_job::{ContactImport, ImportPayload, ImportProgress, ImportUndo, UndoPayload, UndoProgress},
    },
};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{field, form};
use crate::families::contacts::error::ApiError;

/// Rows shown of a table.
const SAMPLE: usize = 5;
/// What an import gets done in a second, to begin with.
const ROWS_PER_SECOND: u64 = 5_000;
/// The document's own words (D-187).
const STARTED: &str = "Ultra-fast import started - processing with streaming, batching, and parallel operations";
const NOT_ENRICHED: &str = "autoEnrich: LinkedIn enrichment is not configured; the contacts are imported as they stand in the file";

/// What would feed what.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::AutoMapping)]
pub(in super::super) struct AutoMapped {
    /// Always `true`.
    #[schema(example = true)]
    success: bool,
    /// Header to field.
    #[schema(value_type = Object, example = json!({"Name": "fullName", "Email Address": "email", "Company Name": "company"}))]
    field_mapping: Map<String, Value>,
    #[schema(example = json!(["Custom Field 1"]))]
    unmapped_headers: Vec<String>,
    /// The first rows, at most five: header to cell.
    #[schema(value_type = Vec<Object>)]
    sample_data: Vec<BTreeMap<String, String>>,
    /// What separates the cells.
    #[schema(example = ",")]
    delimiter: char,
    /// `utf-8`, `utf-16le`, `utf-16be` or `windows-1252`.
    #[schema(example = "utf-8")]
    encoding: &'static str,
}

impl AutoMapped {
    pub(super) fn of(target: &ImportTarget, file: &File) -> Result<Self, ApiError> {
        let mut reader = form::open(file)?;
        let columns = columns_of(target, ImportKind::Contacts, &reader, &form::proposing());
        let columns = match columns.map(Some).or_else(without_names)? {
            Some(columns) => columns,
            None => reader.headers().iter().map(|header| unused(header)).collect(),
        };
        let headers = reader.headers().to_vec();
        let rows = std::iter::from_fn(|| reader.next_row()).flatten().take(SAMPLE);
        let sample_data = rows.map(|row| headers.iter().cloned().zip(row.cells).collect()).collect();
        let (mapped, unmapped): (Vec<&ColumnUse>, Vec<&ColumnUse>) = columns.iter().partition(|column| column.field.is_some());
        let pair = |column: &&ColumnUse| Some((column.header.clone(), Value::String(field::show(column.field.as_deref()?))));
        Ok(Self {
            success: true,
            field_mapping: mapped.iter().filter_map(pair).collect(),
            unmapped_headers: unmapped.into_iter().map(|column| column.header.clone()).collect(),
            sample_data,
            delimiter: char::from(reader.delimiter().as_byte()),
            encoding: reader.encoding().as_str(),
        })
    }
}

/// A table in which nobody finds a name is one whose columns a person has to map.
fn without_names(error: crm_domain::usecase::import::ImportError) -> Result<Option<Vec<ColumnUse>>, ApiError> {
    match error {
        crm_domain::usecase::import::ImportError::NoNameColumn { .. } => Ok(None),
        other => Err(form::refused(other)),
    }
}

fn unused(header: &str) -> ColumnUse {
    ColumnUse {
        header: header.to_owned(),
        field: None,
    }
}

/// An import has begun.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::ImportStarted)]
pub(in super::super) struct Started {
    #[schema(format = Uuid)]
    job_id: String,
    #[schema(example = "Ultra-fast import started - processing with streaming, batching, and parallel operations")]
    message: &'static str,
    #[schema(example = "~5 seconds")]
    estimated_time: String,
}

impl Started {
    pub(super) fn new(job: Uuid, rows: u64) -> Self {
        let seconds = rows.div_ceil(ROWS_PER_SECOND).max(1);
        let unit = if seconds == 1 { "second" } else { "seconds" };
        Self {
            job_id: job.to_string(),
            message: STARTED,
            estimated_time: format!("~{seconds} {unit}"),
        }
    }
}

/// Imports, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = contacts::Imports)]
pub(in super::super) struct Imports {
    pub(super) imports: Vec<Import>,
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = contacts::ImportStatus)]
pub(super) enum Status {
    Pending,
    Processing,
    Completed,
    Failed,
    Cancelled,
}

impl Status {
    fn of(state: JobState) -> Self {
        match state {
            JobState::Queued => Self::Pending,
            JobState::Running => Self::Processing,
            JobState::Completed => Self::Completed,
            JobState::Failed => Self::Failed,
            JobState::Cancelled => Self::Cancelled,
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    pub(super) fn is_over(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

/// An import, or the undoing of one.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::Import)]
pub(in super::super) struct Import {
    #[schema(format = Uuid)]
    id: String,
    #[schema(example = "contacts.csv")]
    filename: Option<String>,
    pub(super) status: Status,
    /// Rows of the file; of an undoing, contacts that the import made or changed.
    #[schema(example = 1000)]
    total_rows: u64,
    #[schema(example = 1000)]
    processed_rows: u64,
    /// Rows that are imported: made, updated, or left out because their contact is there.
    #[schema(example = 985)]
    successful_rows: u64,
    /// Rows that are not; of an undoing, contacts left as they are.
    #[schema(example = 15)]
    error_rows: u64,
    /// Of the successful ones those whose contact was there, made by an earlier row or before.
    #[schema(example = 50)]
    duplicate_rows: u64,
    #[schema(example = "2024-01-21T10:00:00Z")]
    created_at: String,
    /// Null before the end.
    #[schema(example = "2024-01-21T10:00:05Z")]
    completed_at: Option<String>,
    started_at: Option<String>,
    /// `import` or `undo`.
    #[schema(example = "import")]
    kind: &'static str,
    /// Whether nothing is written.
    dry_run: bool,
    created_rows: u64,
    updated_rows: u64,
    skipped_rows: u64,
    /// How the characters of the file are read: `utf-8`, `utf-16le`, `utf-16be` or `windows-1252`; null before it has begun.
    #[schema(example = "utf-8")]
    encoding: Option<&'static str>,
    /// Of the whole so far; null before it has begun.
    #[schema(example = 5000.0)]
    rows_per_second: Option<f64>,
    /// Null when it cannot be told.
    #[schema(example = 3)]
    estimated_seconds_left: Option<u64>,
    /// Why it failed, or why it has to be tried again.
    error: Option<String>,
    /// Lookups begun for contacts that it made (D-186).
    enrichment_jobs: u64,
    /// What was asked for and is not done.
    warnings: Vec<&'static str>,
    /// The job that undoes this import.
    #[schema(format = Uuid)]
    undo_job_id: Option<String>,
    /// The import that this job undoes.
    #[schema(format = Uuid)]
    import_id: Option<String>,
}

impl Import {
    /// The job as it is, at `now`.
    pub(super) fn of(job: &Job, now: Stamp) -> Result<Self> {
        let import = match job.kind {
            JobKind::ImportUndo => Self::of_undo(job)?,
            _ => Self::of_import(job)?,
        };
        Ok(import.timed(job, now))
    }

    fn of_import(job: &Job) -> Result<Self> {
        let payload: ImportPayload = job.payload_of::<ContactImport>()?;
        let progress: ImportProgress = job.progress_of::<ContactImport>()?;
        Ok(Self {
            total_rows: payload.rows,
            processed_rows: progress.done,
            successful_rows: progress.created + progress.duplicates(),
            error_rows: progress.failed,
            duplicate_rows: progress.duplicates(),
            kind: "import",
            dry_run: payload.dry_run,
            created_rows: progress.created,
            updated_rows: progress.updated,
            skipped_rows: progress.unchanged + progress.skipped,
            encoding: progress.encoding.map(Encoding::as_str),
            warnings: (payload.auto_enrich && !payload.can_enrich)
                .then_some(NOT_ENRICHED)
                .into_iter()
                .collect(),
            enrichment_jobs: progress.lookups,
            undo_job_id: progress.undo.map(|undo| undo.to_string()),
            ..Self::common(job)
        })
    }

    fn of_undo(job: &Job) -> Result<Self> {
        let payload: UndoPayload = job.payload_of::<ImportUndo>()?;
        let progress: UndoProgress = job.progress_of::<ImportUndo>()?;
        Ok(Self {
            total_rows: payload.changes,
            processed_rows: progress.done(),
            successful_rows: progress.deleted + progress.reverted,
            error_rows: progress.left,
            kind: "undo",
            updated_rows: progress.reverted,
            import_id: Some(payload.import.to_string()),
            ..Self::common(job)
        })
    }

    fn common(job: &Job) -> Self {
        Self {
            id: job.uuid.to_string(),
            filename: job.filename.as_ref().map(ToString::to_string),
            status: Status::of(job.state),
            total_rows: 0,
            processed_rows: 0,
            successful_rows: 0,
            error_rows: 0,
            duplicate_rows: 0,
            created_at: job.created_at.to_second_precision(),
            completed_at: job.finished_at.map(Stamp::to_second_precision),
            started_at: job.started_at.map(Stamp::to_second_precision),
            kind: "",
            dry_run: false,
            created_rows: 0,
            updated_rows: 0,
            skipped_rows: 0,
            encoding: None,
            rows_per_second: None,
            estimated_seconds_left: None,
            error: job.last_error.clone(),
            enrichment_jobs: 0,
            warnings: Vec::new(),
            undo_job_id: None,
            import_id: None,
        }
    }

    /// Whether nothing happened in between; time alone is no news.
    pub(super) fn is_same(&self, now: &Self) -> bool {
        let timeless = |import: &Self| Self {
            rows_per_second: None,
            estimated_seconds_left: None,
            ..import.clone()
        };
        timeless(self) == timeless(now)
    }

    /// Speed, and what is left of the time.
    fn timed(self, job: &Job, now: Stamp) -> Self {
        let end = job.finished_at.unwrap_or(now);
        let micros = job.started_at.map_or(0, |started| end.since(started).as_micros());
        if micros == 0 || self.processed_rows == 0 {
            return self;
        }
        let rows = u128::from(self.processed_rows);
        let left = u128::from(self.total_rows.saturating_sub(self.processed_rows));
        let seconds_left = (left * micros).div_ceil(rows * 1_000_000);
        // A tenth of a row is told of what is slow.
        let tenths = u32::try_from(rows * 10_000_000 / micros).unwrap_or(u32::MAX);
        Self {
            rows_per_second: Some(f64::from(tenths) / 10.0),
            estimated_seconds_left: (job.state == JobState::Running).then(|| u64::try_from(seconds_left).unwrap_or(u64::MAX)),
            ..self
        }
    }
}
