//! Importing tables of records: accounts, opportunities, contacts, leads and users.
//!
//! A file goes through in slices. One thread reads and parses the next slices (`feed`) while the tenant's writer works on the current
//! one (`slice`): it looks up which records exist with a few bulk queries, merges the slice's rows in memory, and adds and updates what
//! is left. A slice that a row spoils is halved until the bad row stands alone, so that it costs only itself and no row is half written.
//!
//! What a noun adds stands in its own file as an implementation of `noun::Noun`; which headers it knows stands in [`headers`].
//!
//! Rows are matched with records by external id, else by what people know a record by: an account's name, a contact's or lead's email, a
//! user's name or email; an opportunity by its name, account and a day (see `opportunity::known`). A row with an unknown external id takes over the record of its name or
//! email if that has no external id yet. A contact is found before all else by its own id, which our downloads have; then also by its
//! LinkedIn profile, by name and company, and, where a row says none of these, by its name alone if one live contact has it that nothing else
//! in the row contradicts. An empty cell says nothing: it clears nothing, and nothing is invented for it.
//!
//! Columns feed custom fields by their keys or labels (`custom`); a new record needs a value where one is required.

mod account;
mod columns;
mod company;
mod contact;
mod custom;
mod failures;
mod feed;
pub mod headers;
mod journal;
mod lead;
mod noun;
mod opportunity;
mod options;
mod owner;
mod pace;
mod parent;
mod report;
mod run;
mod settle;
mod slice;
mod tags;
#[cfg(test)]
mod tests;
mod user;

use std::{io::Read, sync::Arc};

pub use custom::name_of as custom_header;
pub use failures::{FAILURE_HEADERS, FailureTable, failure_cells};
pub use journal::{Journal, Part, Resume};
pub use options::{Existing, ImportKind, ImportOptions, Replacement, Scale, parse_pair};
pub use report::{ColumnUse, ImportError, Observer, RowFailure, Summary};

use crate::{
    control::ControlStore,
    id::TenantId,
    table::TableReader,
    tenant::{TenantStore, change::Origin},
};
use columns::Columns;

/// Where an import writes, and as whom.
#[derive(Clone)]
pub struct ImportTarget {
    /// Keeps the users that rows name as owners.
    pub control: Arc<dyn ControlStore>,
    /// Keeps the records.
    pub store: Arc<dyn TenantStore>,
    /// The tenant of both.
    pub tenant: TenantId,
    /// Who imports.
    pub origin: Origin,
}

/// Imports a table, blockingly, and tells `observer` of its progress and of each row that fails.
///
/// # Errors
/// [`ImportError`], when the table cannot be read at all, its columns cannot be mapped, or the database fails. Rows of slices that were
/// applied before stay; running the import again goes on where it stopped, as rows that are there already change nothing.
pub fn import(
    target: &ImportTarget,
    kind: ImportKind,
    input: impl Read + Send + 'static,
    options: &ImportOptions,
    observer: &mut dyn Observer,
) -> Result<Summary, ImportError> {
    let reader = TableReader::open(input, options.table)?;
    let columns = resolve(target, kind, &reader, options)?;
    observer.mapped(&columns.uses())?;
    match kind {
        ImportKind::Accounts => run::run::<account::Accounts>(target, reader, columns, options, observer, None),
        ImportKind::Contacts => run::run::<contact::Contacts>(target, reader, columns, options, observer, None),
        ImportKind::Leads => run::run::<lead::Leads>(target, reader, columns, options, observer, None),
        ImportKind::Opportunities => run::run::<opportunity::Opportunities>(target, reader, columns, options, observer, None),
        ImportKind::Users => user::run(target, reader, &columns, options, observer),
    }
}

/// Imports contacts, or goes on with it, and notes each part in the unit that writes it: whoever takes the import up again after a crash
/// applies every row exactly once. A dry run cannot be taken up: it begins anew.
///
/// # Errors
/// Those of [`import`], and of the journal.
pub fn import_contacts(
    target: &ImportTarget,
    input: impl Read + Send + 'static,
    options: &ImportOptions,
    observer: &mut dyn Observer,
    resume: Resume,
) -> Result<Summary, ImportError> {
    let reader = TableReader::open(input, options.table)?;
    let columns = resolve(target, ImportKind::Contacts, &reader, options)?;
    observer.mapped(&columns.uses())?;
    run::run::<contact::Contacts>(target, reader, columns, options, observer, Some(resume))
}

/// What would become of a table's columns.
///
/// # Errors
/// [`ImportError`], when an import with these options could not begin.
pub fn columns_of(
    target: &ImportTarget,
    kind: ImportKind,
    reader: &TableReader,
    options: &ImportOptions,
) -> Result<Vec<ColumnUse>, ImportError> {
    Ok(resolve(target, kind, reader, options)?.uses())
}

fn resolve(target: &ImportTarget, kind: ImportKind, reader: &TableReader, options: &ImportOptions) -> Result<Arc<Columns>, ImportError> {
    let fields = match kind.entity() {
        Some(entity) => target.store.reading(|reader| reader.custom_fields().of_kind(entity))?,
        None => Vec::new(),
    };
    Ok(Arc::new(Columns::resolve(reader.headers(), kind, options, &fields)?))
}
