//! Tags in a table: a column of names between commas, which are put on the rows' records beside those that they carry.

use std::collections::{BTreeMap, HashMap};

use crate::{
    error::{Error, Problem, Result},
    tenant::{
        change::EntityKind,
        custom_field::ValueSource,
        label::{self, LABELLED, TAGS_MAX},
        tag::TagName,
    },
};

use super::{columns::Columns, noun::Records};

/// The field.
const FIELD: &str = "tags";

/// The tags of one record.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Tags {
    /// By lower-case name: those that it carries, and those that it is to carry.
    all: BTreeMap<String, TagName>,
    /// Those that are yet to be put on it.
    new: Vec<TagName>,
}

impl Tags {
    /// What these records carry, where the table tells of tags.
    pub(super) fn read(records: &mut Records<'_>, columns: &Columns, kind: EntityKind, ids: &[i64]) -> Result<HashMap<i64, Self>> {
        let mut carried: HashMap<i64, Self> = HashMap::new();
        if columns.has(FIELD) && LABELLED.contains(&kind) && !ids.is_empty() {
            for tag in records.labels().tags_of(kind, ids)? {
                let all = &mut carried.entry(tag.record_id).or_default().all;
                all.insert(tag.name.to_lowercase(), TagName::from_store(tag.name));
            }
        }
        Ok(carried)
    }

    /// The tags that a row names.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a name that cannot be one, and for too many.
    pub(super) fn said(columns: &Columns, cells: &[String]) -> Result<Vec<TagName>> {
        let Some(cell) = columns.text(cells, FIELD) else {
            return Ok(Vec::new());
        };
        let names: Vec<String> = cell
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        if names.is_empty() {
            return Ok(Vec::new());
        }
        label::parse_tags(&names).map_err(|error| match error {
            // The column is at fault, whichever of its names it is.
            Error::Invalid(errors) => {
                let problem = errors.into_iter().next().map_or(Problem::Required, |error| error.problem);
                Error::invalid(FIELD, problem)
            }
            other => other,
        })
    }

    /// Adds tags; whether any of them is new.
    ///
    /// # Errors
    /// [`Error::Invalid`] when they are too many then.
    pub(super) fn add(&mut self, names: Vec<TagName>) -> Result<bool> {
        let mut with = self.clone();
        for name in names {
            if with.all.insert(name.to_lowercase(), name.clone()).is_none() {
                with.new.push(name);
            }
        }
        if with.all.len() > TAGS_MAX {
            return Err(Error::invalid(FIELD, Problem::Rule(format!("must be at most {TAGS_MAX} tags"))));
        }
        let has_new = with.new.len() > self.new.len();
        *self = with;
        Ok(has_new)
    }

    /// Those that are to be put on the record.
    pub(super) fn into_new(self) -> Vec<TagName> {
        self.new
    }
}
