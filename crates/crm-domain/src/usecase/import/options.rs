//! What a caller may say about an import.

use serde::{Deserialize, Serialize};

use crate::{
    id::UserId,
    table::{FieldSpec, Mapping, TableOptions, auto_map},
    tenant::change::EntityKind,
};

use super::{headers, settle};

/// What the rows of a table are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the nouns")]
pub enum ImportKind {
    Accounts,
    Contacts,
    Leads,
    Opportunities,
    Users,
}

impl ImportKind {
    /// The plural noun.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Contacts => "contacts",
            Self::Leads => "leads",
            Self::Opportunities => "opportunities",
            Self::Users => "users",
        }
    }

    /// Which column of a table feeds which field: by the headers' names, and where programs use a name for something else, by what else
    /// there is. Fields that are not among `only` are fed by none, but take the columns that are theirs: an id is nobody's name.
    pub fn map(self, columns: &[String], only: Option<&[&str]>) -> Mapping {
        let mut mapping = auto_map(columns, self.fields(), headers::EXACT);
        if self == Self::Contacts {
            settle::settle(&mut mapping, columns, only);
        }
        if let Some(only) = only {
            mapping.restrict(only);
        }
        mapping
    }

    /// The fields that a table can fill.
    pub fn fields(self) -> &'static [FieldSpec] {
        match self {
            Self::Accounts => headers::ACCOUNT,
            Self::Contacts => headers::CONTACT,
            Self::Leads => headers::LEAD,
            Self::Opportunities => headers::OPPORTUNITY,
            Self::Users => headers::USER,
        }
    }

    /// The kind of record that a row is, if it is one.
    pub(super) fn entity(self) -> Option<EntityKind> {
        match self {
            Self::Accounts => Some(EntityKind::Account),
            Self::Contacts => Some(EntityKind::Contact),
            Self::Leads => Some(EntityKind::Lead),
            Self::Opportunities => Some(EntityKind::Opportunity),
            Self::Users => None,
        }
    }

    /// Fields of which at least one must have a column.
    pub(super) fn needed(self) -> &'static [&'static str] {
        match self {
            Self::Accounts | Self::Users => &["name"],
            Self::Contacts => &["first_name", "last_name", "full_name", "email"],
            Self::Leads => &["first_name", "last_name", "full_name"],
            Self::Opportunities => &["name", "product"],
        }
    }
}

/// In a column, a cell `from` (trimmed, same case) is read as `to`: for misspelt values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// A field's name or a column's header.
    pub column: String,
    /// The cell as it stands in the file.
    pub from: String,
    /// What it is read as; empty for nothing.
    pub to: String,
}

impl Replacement {
    /// Parses `column:from=to`.
    pub fn parse(text: &str) -> Option<Self> {
        let (column, rest) = text.split_once(':')?;
        let (from, to) = rest.split_once('=')?;
        let [column, from, to] = [column, from, to].map(|part| part.trim().to_owned());
        (!column.is_empty() && !from.is_empty()).then_some(Self { column, from, to })
    }
}

/// The figures of a column are given in this many units: 1,000,000 for "millions of USD".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scale {
    /// A field's name or a column's header; only `annual_revenue` can be scaled.
    pub column: String,
    /// At least 1.
    pub factor: u64,
}

impl Scale {
    /// Parses `column=factor`.
    pub fn parse(text: &str) -> Option<Self> {
        let (column, factor) = parse_pair(text)?;
        let factor = factor.replace(['_', ','], "").parse().ok().filter(|factor| *factor >= 1)?;
        Some(Self { column, factor })
    }
}

/// Parses `left=right`, cut at the last `=`, since headers may have one.
pub fn parse_pair(text: &str) -> Option<(String, String)> {
    let (left, right) = text.rsplit_once('=')?;
    let (left, right) = (left.trim(), right.trim());
    (!left.is_empty() && !right.is_empty()).then(|| (left.to_owned(), right.to_owned()))
}

/// What becomes of a row whose record is there already, made by an earlier row or before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Existing {
    /// What it says is taken over.
    #[default]
    Update,
    /// The record stays as it is.
    Skip,
    /// The row fails.
    Refuse,
}

/// What a caller says about an import.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// How the file is written, as far as known.
    pub table: TableOptions,
    /// Pairs of a header and a field, or [`crate::table::UNMAP`].
    pub mapping: Vec<(String, String)>,
    /// Columns whose figures are given in other units.
    pub scales: Vec<Scale>,
    /// Values to correct.
    pub replacements: Vec<Replacement>,
    /// Email, name or id of the user who owns rows that name no owner; `None` for the tenant's first Admin.
    pub default_owner: Option<String>,
    /// Opportunities of an account that does not exist make it; otherwise their row fails.
    pub create_accounts: bool,
    /// The user who owns rows that name no owner, where that is known; goes before `default_owner`.
    pub owner_id: Option<UserId>,
    /// What becomes of rows whose record is there already.
    pub existing: Existing,
    /// The fields that columns may feed; `None` for all. Columns of custom fields are none of them.
    pub only: Option<&'static [&'static str]>,
    /// Report what would happen and write nothing.
    pub dry_run: bool,
    /// Most rows of one unit of work, at least 1. How many it writes follows from how long they take, so that other writers of the tenant
    /// are let in soon.
    pub slice_rows: usize,
}

/// As many as are looked at together.
const SLICE_ROWS: usize = 1000;

impl Default for ImportOptions {
    fn default() -> Self {
        Self {
            table: TableOptions::default(),
            mapping: Vec::new(),
            scales: Vec::new(),
            replacements: Vec::new(),
            default_owner: None,
            create_accounts: false,
            owner_id: None,
            existing: Existing::default(),
            only: None,
            dry_run: false,
            slice_rows: SLICE_ROWS,
        }
    }
}
