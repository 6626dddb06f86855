//! Exporting records as tables (CSV) that [`import`](super::import) reads back: its columns are the importer's fields.
//!
//! Records are read page by page in the order of creation, each page in a transaction of its own that only reads, and written as they come:
//! memory does not grow with the table, and no writer ever waits. What is made while an export runs may be missing; what it shows it shows
//! once.
//!
//! Behind a noun's own columns come its tags and the tenant's custom fields (`carried`).
//!
//! A table is there to be read by people, too: accounts and owners are named, not numbered. Where a name is not enough, an external id
//! stands beside it (see `reference`).
//!
//! What people download of contacts ([`ContactTable`]) has the columns that its document names, and is drawn instead of written.

mod account;
mod carried;
mod contact;
mod download;
mod noun;
mod opportunity;
mod reference;
mod table;
#[cfg(test)]
mod tests;

use std::{io::Write, sync::Arc};

use serde::Serialize;

use self::{
    carried::Carried,
    noun::Noun,
    reference::References,
    table::{Format, Table},
};
use crate::{
    control::ControlStore,
    error::Error,
    id::TenantId,
    page::{Cursor, Sort, SortValue, Start, Window},
    tenant::{TenantStore, label},
};

pub use contact::{is_download, is_export};
pub use download::{ContactColumns, ContactTable};
pub use table::{GUARD_HEADER, guarded, unguarded};

/// Records read, and kept in memory, at a time.
const PAGE: u32 = 500;

/// What is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the nouns")]
pub enum ExportKind {
    Accounts,
    Contacts,
    Opportunities,
}

impl ExportKind {
    /// The plural noun.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Contacts => "contacts",
            Self::Opportunities => "opportunities",
        }
    }
}

/// Whose records are exported.
#[derive(Clone)]
pub struct ExportSource {
    /// Keeps the users who own records.
    pub control: Arc<dyn ControlStore>,
    /// Keeps the records.
    pub store: Arc<dyn TenantStore>,
    /// The tenant of both.
    pub tenant: TenantId,
}

/// What a caller says about an export.
#[derive(Debug, Clone, Copy, Default)]
pub struct ExportOptions {
    /// Cells that a spreadsheet would take for a formula get a leading apostrophe, and the table a column that says so to the importer.
    pub guard_formulas: bool,
}

/// What an export wrote so far, or in all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportSummary {
    /// Records written: one row each.
    pub written: u64,
    /// Records there are, as far as known.
    pub total: u64,
    /// Opportunities in another pipeline than the default one, which must be there where they are imported.
    pub other_pipelines: u64,
}

/// Why an export ended.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] Error),
    /// The output, or whoever follows the export, took no more.
    #[error("the table cannot be written: {0}")]
    Write(#[from] std::io::Error),
}

/// Writes every live record of a kind to `output`, blockingly, and tells `progressed` after each page.
///
/// # Errors
/// [`ExportError`]; what was written before stays written.
pub fn export(
    source: &ExportSource,
    kind: ExportKind,
    options: ExportOptions,
    output: impl Write,
    progressed: &mut dyn FnMut(&ExportSummary),
) -> Result<ExportSummary, ExportError> {
    match kind {
        ExportKind::Accounts => run::<account::Accounts>(source, options, output, progressed),
        ExportKind::Contacts => run::<contact::Contacts>(source, options, output, progressed),
        ExportKind::Opportunities => run::<opportunity::Opportunities>(source, options, output, progressed),
    }
}

fn run<N: Noun>(
    source: &ExportSource,
    options: ExportOptions,
    output: impl Write,
    progressed: &mut dyn FnMut(&ExportSummary),
) -> Result<ExportSummary, ExportError> {
    let format = if options.guard_formulas { Format::Marked } else { Format::Plain };
    let carried = Carried::of_kind(source, N::KIND)?;
    let custom: Vec<String> = carried.headers().collect();
    let headers: Vec<&str> = N::COLUMNS.iter().copied().chain(custom.iter().map(String::as_str)).collect();
    let mut table = Table::start(output, &headers, format)?;
    let mut references = References::new(source.clone());
    let mut summary = ExportSummary::default();
    let mut window = Window::first(PAGE);
    loop {
        let (page, records, labels) = source.store.reading(|reader| {
            let page = N::page(reader, Sort::default(), &window)?;
            references.load(reader, N::accounts(&page.items))?;
            references.load_contacts(reader, N::contacts(&page.items))?;
            let ids: Vec<i64> = page.items.iter().map(N::id).collect();
            let labels = label::of(reader.labels(), N::KIND, &ids)?;
            Ok(((page.total, page.has_more, page.seen), page.items, labels))
        })?;
        references.load_owners(records.iter().map(N::owner))?;
        let (total, has_more, seen) = page;
        for record in &records {
            let mut cells = N::cells(record, &references);
            cells.extend(carried.cells(labels.get(&N::id(record))));
            table.write(&cells)?;
            summary.written += 1;
            summary.other_pipelines += u64::from(!N::is_importable_in_place(record, &references));
        }
        summary.total = total.max(summary.written);
        progressed(&summary);
        let Some(last) = records.last().filter(|_| has_more) else {
            table.finish()?;
            return Ok(summary);
        };
        window.start = Start::After(Cursor {
            // By creation, which is the order of ids.
            value: SortValue::Id,
            id: N::id(last),
            seen,
            list: 0,
        });
    }
}
