//! Contacts as people download them (contract D-175 … D-179, X-148): a table for spreadsheets, under the document's headers.
//!
//! It is drawn page by page. Whoever sends it asks for a page when the one before was taken, and holds no more than one; each is read in a
//! transaction of its own that only reads, so that nobody who writes ever waits, however slowly it is taken.

use std::collections::HashMap;

use super::{
    ExportError, ExportSource, PAGE,
    contact::{SHEET, sheet},
    noun::{Needed, cell},
    reference::References,
    table::{Format, Table},
};
use crate::{
    error::Result,
    id::RecordId,
    page::{Cursor, Page, Sort, Start, Window},
    query::Field,
    tenant::{
        TenantReader,
        change::EntityKind,
        contact::{Contact, ContactField, ContactFilter},
        custom_field::FieldValue,
        label::{self, Labels},
    },
};

/// Which columns the table has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContactColumns {
    /// Those that the document names (contract D-177).
    Documented,
    /// Behind them whatever else is kept of a contact, its tags and its custom fields (contract X-148).
    All,
}

/// A table of contacts, drawn page by page. In the order of creation, either way, each contact that matches is shown once. In another
/// order one that changes its place meanwhile may be missing, or be shown twice.
pub struct ContactTable {
    columns: ContactColumns,
    filter: ContactFilter,
    sort: Sort<ContactField>,
    source: ExportSource,
    references: References,
    /// The keys of the custom fields that have a column: those that there were when the table was begun.
    custom_keys: Vec<String>,
    next: Next,
}

/// What is drawn next.
enum Next {
    Beginning,
    After(Cursor),
    Nothing,
}

/// What was read of a page.
struct Read {
    page: Page<Contact>,
    labels: HashMap<i64, Labels>,
    /// The keys of the custom fields, read with the first page.
    custom_keys: Option<Vec<String>>,
}

impl ContactTable {
    /// A table of which nothing has been read yet.
    pub fn new(source: ExportSource, columns: ContactColumns, filter: ContactFilter, sort: Sort<ContactField>) -> Self {
        Self {
            columns,
            filter,
            sort,
            references: References::new(source.clone()),
            source,
            custom_keys: Vec::new(),
            next: Next::Beginning,
        }
    }

    /// The next lines of the table, the headers first; `None` at its end. Blocks.
    ///
    /// # Errors
    /// [`ExportError`]; whoever asks again gets the same lines.
    pub fn draw(&mut self) -> Result<Option<Vec<u8>>, ExportError> {
        let start = match &self.next {
            Next::Beginning => Start::Offset(0),
            Next::After(cursor) => Start::After(cursor.clone()),
            Next::Nothing => return Ok(None),
        };
        let Read { page, labels, custom_keys } = self.read(start)?;
        let mut lines = Vec::new();
        let mut table = match custom_keys {
            Some(keys) => {
                self.custom_keys = keys;
                Table::start(&mut lines, &self.headers(), Format::Download)?
            }
            None => Table::resume(&mut lines, Format::Download),
        };
        let nothing = Labels::default();
        for contact in &page.items {
            let row = Row {
                contact,
                references: &self.references,
                labels: labels.get(&contact.id.get()).unwrap_or(&nothing),
            };
            table.write(&self.cells(&row))?;
        }
        table.finish()?;
        self.next = match page.items.last().filter(|_| page.has_more) {
            Some(last) => Next::After(Cursor {
                value: self.sort.key.place(last),
                id: last.id.get(),
                seen: page.seen,
                list: 0,
            }),
            None => Next::Nothing,
        };
        Ok(Some(lines))
    }

    fn read(&mut self, start: Start) -> Result<Read> {
        let begins = matches!(self.next, Next::Beginning);
        let window = Window { limit: PAGE, start };
        let store = &self.source.store;
        // In a snapshot, where the count of a filter is kept from one page to the next.
        let read = store.reading_snapshot(|reader| {
            let page = reader.contacts().list(&self.filter, self.sort, &window)?;
            let mut read = Read {
                page,
                labels: HashMap::new(),
                custom_keys: begins.then(Vec::new),
            };
            if self.columns == ContactColumns::All {
                read.complete(reader, &mut self.references)?;
            }
            Ok(read)
        })?;
        if self.columns == ContactColumns::All {
            let owners = read.page.items.iter().map(|contact| contact.fields.owner_id);
            self.references.load_owners(owners)?;
        }
        Ok(read)
    }

    fn headers(&self) -> Vec<&str> {
        let further = self.further().iter().map(|(header, _)| *header);
        let custom = self.custom_keys.iter().map(String::as_str);
        SHEET.into_iter().chain(further).chain(custom).collect()
    }

    fn cells(&self, row: &Row<'_>) -> Vec<String> {
        let further = self.further().iter().map(|(_, cell)| cell(row));
        let custom = self.custom_keys.iter().map(|key| row.custom(key));
        sheet(row.contact).into_iter().chain(further).chain(custom).collect()
    }

    fn further(&self) -> &'static [Column] {
        match self.columns {
            ContactColumns::Documented => &[],
            ContactColumns::All => &FURTHER,
        }
    }
}

impl Read {
    /// Reads what stands beside the contacts.
    fn complete(&mut self, reader: &mut dyn TenantReader, references: &mut References) -> Result<()> {
        let contacts = &self.page.items;
        let accounts = contacts.iter().filter_map(|contact| contact.fields.account_id);
        references.load(reader, Needed::ids(accounts))?;
        let ids: Vec<i64> = contacts.iter().map(|contact| contact.id.get()).collect();
        self.labels = label::of(reader.labels(), EntityKind::Contact, &ids)?;
        if let Some(keys) = &mut self.custom_keys {
            let fields = reader.custom_fields().of_kind(EntityKind::Contact)?;
            keys.extend(fields.into_iter().map(|field| field.fields.key.to_string()));
        }
        Ok(())
    }
}

/// The headers that a table of all columns has besides the document's and the tenant's own.
pub(super) fn further_headers() -> impl Iterator<Item = &'static str> {
    FURTHER.iter().map(|(header, _)| *header)
}

/// What a row is made of.
struct Row<'a> {
    contact: &'a Contact,
    references: &'a References,
    labels: &'a Labels,
}

impl Row<'_> {
    fn custom(&self, key: &str) -> String {
        self.labels.custom_fields.get(key).map(FieldValue::stored).unwrap_or_default()
    }
}

/// A header and what stands under it.
type Column = (&'static str, fn(&Row<'_>) -> String);

/// What else is kept of a contact, between the document's columns and its custom fields (contract X-148).
const FURTHER: [Column; 8] = [
    ("Id", |row| row.contact.uuid.to_string()),
    ("Email Domain", |row| row.contact.fields.email_domain().unwrap_or_default()),
    ("Updated At", |row| row.contact.updated_at.to_second_precision()),
    // As the importer tells them apart: no name holds a comma, and some a semicolon.
    ("Tags", |row| row.labels.tags.join(", ")),
    ("Description", |row| cell(row.contact.fields.description.as_ref())),
    ("External Id", |row| cell(row.contact.fields.external_id.as_ref())),
    ("Account", |row| row.references.account(row.contact.fields.account_id)),
    ("Owner", |row| row.references.owner(row.contact.fields.owner_id)),
];
