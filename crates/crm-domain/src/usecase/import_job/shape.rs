//! What imports keep in their jobs.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    table::Encoding,
    tenant::job::{JobKind, JobShape},
    usecase::import::{Existing, ImportOptions, Part},
};

/// An import of contacts.
pub struct ContactImport;

impl JobShape for ContactImport {
    const KIND: JobKind = JobKind::Import;
    type Payload = ImportPayload;
    type Progress = ImportProgress;
}

/// What is to be imported, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportPayload {
    /// Who imports, and owns what is made.
    pub user_id: i64,
    /// The file's headers.
    pub headers: Vec<String>,
    /// Its rows.
    pub rows: u64,
    /// Its chunks.
    pub chunks: u32,
    /// Pairs of a header and a field of the domain.
    pub mapping: Vec<(String, String)>,
    /// What becomes of rows whose contact is there already (contract X-150).
    pub existing: Existing,
    /// Whether who was made is to be looked up.
    pub auto_enrich: bool,
    /// Whether that can be done: there is a provider.
    #[serde(default)]
    pub can_enrich: bool,
    /// Whether nothing is to be written.
    pub dry_run: bool,
}

impl ImportPayload {
    /// The same for the importer; columns feed the fields among `only`, and custom ones.
    pub fn options(&self, only: &'static [&'static str]) -> ImportOptions {
        ImportOptions {
            mapping: self.mapping.clone(),
            owner_id: Some(crate::id::RecordId::from_i64(self.user_id)),
            existing: self.existing,
            only: Some(only),
            dry_run: self.dry_run,
            ..ImportOptions::default()
        }
    }
}

/// How far an import came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImportProgress {
    /// How the characters of the file are read, as far as it was; `None` before.
    pub encoding: Option<Encoding>,
    /// Rows done: each is one of the following.
    pub done: u64,
    /// Rows that made a contact.
    pub created: u64,
    /// Rows that changed one.
    pub updated: u64,
    /// Rows that said nothing new.
    pub unchanged: u64,
    /// Rows left out, since their contact is there.
    pub skipped: u64,
    /// Rows not imported.
    pub failed: u64,
    /// Lookups begun for contacts that it made.
    pub lookups: u64,
    /// The job that undoes it.
    pub undo: Option<Uuid>,
}

impl ImportProgress {
    pub(super) fn add(&mut self, part: &Part) {
        self.encoding = Some(part.encoding);
        self.done = part.until;
        self.created += part.created;
        self.updated += part.updated;
        self.unchanged += part.unchanged;
        self.skipped += part.skipped;
        self.failed += part.failures.len() as u64;
    }

    /// Rows whose contact was there, made by an earlier row or before (contract D-191, X-152).
    pub fn duplicates(&self) -> u64 {
        self.updated + self.unchanged + self.skipped
    }
}

/// Taking an import back.
pub struct ImportUndo;

impl JobShape for ImportUndo {
    const KIND: JobKind = JobKind::ImportUndo;
    type Payload = UndoPayload;
    type Progress = UndoProgress;
}

/// Which import is to be taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoPayload {
    /// Its job.
    pub import_id: i64,
    /// The same for people.
    pub import: Uuid,
    /// Who takes it back.
    pub user_id: i64,
    /// How many contacts it made or changed, counted once for each time.
    pub changes: u64,
}

/// How far it was taken back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UndoProgress {
    /// The stamp of the import's unit that is being taken back; those after it are.
    pub part: Option<i64>,
    /// The changes of that unit from this number on are taken back, too.
    pub before: Option<i64>,
    /// Contacts that the import had made, and that are deleted now.
    pub deleted: u64,
    /// Contacts that are again what they were.
    pub reverted: u64,
    /// Contacts that were left as they are, since somebody else had changed them.
    pub left: u64,
}

impl UndoProgress {
    /// Changes dealt with.
    pub fn done(&self) -> u64 {
        self.deleted + self.reverted + self.left
    }
}
