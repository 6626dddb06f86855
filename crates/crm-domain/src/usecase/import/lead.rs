//! Rows that are leads.

use std::sync::Arc;

use crate::{
    error::Result,
    field::{Check, Email, Patch},
    id::{LeadId, RecordId, UserId},
    tenant::{
        TenantStore, UnitOfWork,
        change::EntityKind,
        lead::{Lead, LeadDraft, LeadFields, LeadStatus, create_many, revise},
    },
};

use super::{
    columns::Columns,
    company::Links,
    noun::{Natural, Noun, Records, Row},
};

/// Leads.
pub(super) struct Leads {
    columns: Arc<Columns>,
    owner: UserId,
}

impl Leads {
    fn draft(&self, cells: &[String]) -> LeadDraft {
        let patch = |field| self.columns.patch(cells, field);
        let (first_name, last_name) = person_name(&self.columns, cells);
        LeadDraft {
            external_id: patch("external_id"),
            first_name,
            last_name,
            email: patch("email"),
            phone: patch("phone"),
            title: patch("title"),
            company: patch("company"),
            source: patch("source"),
            status: patch("status"),
            description: patch("description"),
            account_id: Patch::Keep,
            owner_id: Patch::Keep,
        }
    }
}

/// First and last name from their own columns, else from the full name, whose last word is the last name.
fn person_name(columns: &Columns, cells: &[String]) -> (Patch<String>, Patch<String>) {
    let own = (columns.patch(cells, "first_name"), columns.patch(cells, "last_name"));
    let full = columns.text(cells, "full_name").filter(|_| own == (Patch::Keep, Patch::Keep));
    match full.map(|name| name.rsplit_once(char::is_whitespace).unwrap_or(("", name))) {
        Some(("", last)) => (Patch::Keep, Patch::Set(last.to_owned())),
        Some((first, last)) => (Patch::Set(first.to_owned()), Patch::Set(last.to_owned())),
        None => own,
    }
}

impl Noun for Leads {
    type Record = Lead;
    type Parsed = LeadFields;
    const NOUN: &'static str = LeadId::NOUN;
    const KIND: EntityKind = EntityKind::Lead;
    const NATURAL: Natural = Natural::Shared;
    const ACCOUNT: &'static [&'static str] = &["company"];

    fn new(_store: &dyn TenantStore, columns: Arc<Columns>, owner: UserId) -> Result<Self> {
        Ok(Self { columns, owner })
    }

    fn columns(&self) -> &Arc<Columns> {
        &self.columns
    }

    fn parse(&self, cells: &[String]) -> Result<LeadFields> {
        LeadFields::parse(self.draft(cells), self.owner, Check::new())
    }

    fn merge(&self, current: &LeadFields, row: &Row, links: Links<'_>) -> Result<LeadFields> {
        let mut draft = LeadDraft {
            account_id: links.account_id().into(),
            owner_id: row.owner.into(),
            ..self.draft(&row.cells)
        };
        // A file that was exported before the lead was converted here does not undo that.
        if current.status == LeadStatus::Converted {
            draft.status = Patch::Keep;
        }
        current.updated(draft, Check::new())
    }

    fn complete(parsed: &mut LeadFields, owner: Option<UserId>, links: Links<'_>) {
        parsed.owner_id = owner.unwrap_or(parsed.owner_id);
        parsed.account_id = links.account_id().or(parsed.account_id);
    }

    fn external_id(parsed: &LeadFields) -> Option<&str> {
        parsed.external_id.as_deref()
    }

    fn natural_key(parsed: &LeadFields) -> Option<String> {
        parsed.email.as_ref().map(Email::key)
    }

    fn lookup_external(records: &mut Records<'_>, ids: &[String]) -> Result<Vec<Lead>> {
        records.leads().lookup_external(ids)
    }

    fn lookup_natural(records: &mut Records<'_>, keys: &[String]) -> Result<Vec<Lead>> {
        records.leads().lookup_emails(keys)
    }

    fn id(record: &Lead) -> i64 {
        record.id.get()
    }

    fn fields(record: &Lead) -> LeadFields {
        record.fields.clone()
    }

    fn add(unit: &mut dyn UnitOfWork, new: Vec<LeadFields>) -> Result<Vec<i64>> {
        let added = create_many(unit, new)?;
        Ok(added.iter().map(|lead| lead.id.get()).collect())
    }

    fn revise(unit: &mut dyn UnitOfWork, before: &Lead, fields: LeadFields) -> Result<()> {
        revise(unit, before, fields).map(drop)
    }
}
