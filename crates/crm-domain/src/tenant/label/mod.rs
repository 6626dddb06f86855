//! Labels: what records of several kinds carry beyond their own fields. They are kept beside the records, shown with them, and changing
//! them changes the record: it gets a new stamp and a row in the change feed.

mod port;

pub use port::{LabelReads, LabelRepository, Present, TagOf};

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Value, json};

use super::{
    UnitOfWork,
    change::{ChangeKind, EntityKind, NewChange},
    custom_field::{self, CUSTOMIZED, FieldValue},
    rewind::Rewinding,
    tag::{self, TagName},
};
use crate::{
    error::{Error, FieldError, Problem, Result},
    id::{CustomFieldId, RecordId, TagId},
};

/// The kinds of record that carry tags; [`CUSTOMIZED`] are those that can have custom fields.
pub const LABELLED: [EntityKind; 5] = [
    EntityKind::Account,
    EntityKind::Contact,
    EntityKind::Lead,
    EntityKind::Opportunity,
    EntityKind::Ticket,
];

/// Most tags of one record.
pub const TAGS_MAX: usize = 50;

/// What one record carries.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Labels {
    /// Its tags' names, by name.
    pub tags: Vec<String>,
    /// What it has in custom fields, by their keys.
    pub custom_fields: BTreeMap<String, FieldValue>,
}

/// By this name changes tell a record's tags.
const TAGS: &str = "tags";

impl Labels {
    /// What the record carried before these changes were made. What became of tags and custom fields themselves, renamed, deleted or
    /// restored, is not undone.
    #[must_use]
    pub fn rewound(mut self, rewinding: &Rewinding) -> Self {
        if let Some(Value::Array(names)) = rewinding.field(TAGS) {
            self.tags = names.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        }
        for (key, value) in rewinding.fields_below(custom_field::BEGINNING) {
            match FieldValue::told(value) {
                Some(value) => drop(self.custom_fields.insert(key.to_owned(), value)),
                None => drop(self.custom_fields.remove(key)),
            }
        }
        self
    }
}

/// What these records carry; those that carry nothing are left out. Costs one small read while a tenant has no labels.
pub fn of(reads: &mut dyn LabelReads, kind: EntityKind, ids: &[i64]) -> Result<HashMap<i64, Labels>> {
    let mut labels: HashMap<i64, Labels> = HashMap::new();
    let (has_tags, has_custom_fields) = (LABELLED.contains(&kind), CUSTOMIZED.contains(&kind));
    if ids.is_empty() || !(has_tags || has_custom_fields) {
        return Ok(labels);
    }
    let present = reads.present()?;
    if present.tags && has_tags {
        for carried in reads.tags_of(kind, ids)? {
            labels.entry(carried.record_id).or_default().tags.push(carried.name);
        }
    }
    if present.custom_fields && has_custom_fields {
        for held in reads.values_of(kind, ids)? {
            let of_record = labels.entry(held.record_id).or_default();
            of_record.custom_fields.insert(held.key, held.value);
        }
    }
    Ok(labels)
}

/// Reads the names of tags to put on records: 1 to [`TAGS_MAX`].
///
/// # Errors
/// [`Error::Invalid`] with every name that is wrong, as `tags[2]`.
pub fn parse_tags(names: &[String]) -> Result<Vec<TagName>> {
    let wrong_number = match names.len() {
        0 => Some(Problem::Required),
        count if count > TAGS_MAX => Some(Problem::Rule(format!("must be at most {TAGS_MAX} tags"))),
        _ => None,
    };
    if let Some(problem) = wrong_number {
        return Err(Error::invalid("tags", problem));
    }
    let (mut parsed, mut errors) = (Vec::with_capacity(names.len()), Vec::new());
    for (index, name) in names.iter().enumerate() {
        match tag::parse_name(name) {
            Ok(name) => parsed.push(name),
            Err(problem) => errors.push(FieldError {
                field: format!("tags[{index}]"),
                problem,
            }),
        }
    }
    if errors.is_empty() {
        Ok(parsed)
    } else {
        Err(Error::Invalid(errors))
    }
}

/// Puts tags on records; tags that there are none of are made. A record that has them already stays as it is. Answers those of the ids
/// that there are live records of, in any order.
///
/// # Errors
/// [`Error::Invalid`] when a record would carry more than [`TAGS_MAX`].
pub fn assign(unit: &mut dyn UnitOfWork, kind: EntityKind, ids: &[i64], names: Vec<TagName>) -> Result<Vec<i64>> {
    let live = unit.labels().live(kind, ids)?;
    assign_each(unit, kind, live.iter().map(|id| (*id, names.clone())).collect())?;
    Ok(live)
}

/// Puts on each of these live records tags of its own; tags that there are none of are made.
///
/// # Errors
/// [`Error::Invalid`] when a record would carry more than [`TAGS_MAX`].
pub(crate) fn assign_each(unit: &mut dyn UnitOfWork, kind: EntityKind, wanted: Vec<(i64, Vec<TagName>)>) -> Result<()> {
    if wanted.is_empty() {
        return Ok(());
    }
    let all = wanted.iter().flat_map(|(_, names)| names).cloned().collect();
    let tags: HashMap<String, (TagId, String)> = tag::named(unit, all)?
        .into_iter()
        .map(|tag| (tag.fields.name.to_lowercase(), (tag.id, tag.fields.name.into_inner())))
        .collect();
    let ids: Vec<i64> = wanted.iter().map(|(id, _)| *id).collect();
    let mut carried = carried(unit, kind, &ids)?;
    let mut added = Vec::new();
    for (id, names) in wanted {
        let before = carried.remove(&id).unwrap_or_default();
        let mut after = before.clone();
        after.extend(names.iter().filter_map(|name| tags.get(&name.to_lowercase())).cloned());
        if after.len() > TAGS_MAX {
            return Err(Error::invalid("tags", Problem::Rule(format!("must be at most {TAGS_MAX} tags"))));
        }
        added.extend(after.keys().filter(|tag| !before.contains_key(tag)).map(|tag| (id, *tag)));
        record(unit, kind, id, &before, &after);
    }
    unit.labels().assign(kind, &added)?;
    touch(unit, kind, added)
}

/// Takes a tag, told by its name or its id, off records that may not carry it. Answers those of the ids that there are live records of.
pub fn unassign(unit: &mut dyn UnitOfWork, kind: EntityKind, ids: &[i64], is_meant: impl Fn(TagId, &str) -> bool) -> Result<Vec<i64>> {
    let live = unit.labels().live(kind, ids)?;
    let mut carried = carried(unit, kind, &live)?;
    let mut removed = Vec::new();
    for id in &live {
        let before = carried.remove(id).unwrap_or_default();
        let mut after = before.clone();
        after.retain(|tag, name| !is_meant(*tag, name));
        removed.extend(before.keys().filter(|tag| !after.contains_key(tag)).map(|tag| (*id, *tag)));
        record(unit, kind, *id, &before, &after);
    }
    unit.labels().unassign(kind, &removed)?;
    touch(unit, kind, removed)?;
    Ok(live)
}

/// What a record got of others by [`copy`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Brought {
    /// The tags that it did not carry before.
    pub tags: Vec<TagId>,
    /// The custom fields in which it had nothing, with what it has in them since, as [`FieldValue::stored`] writes it.
    pub custom_fields: BTreeMap<CustomFieldId, String>,
}

/// Puts on a record what others of its kind carry, as a merge does, and answers what it did not carry before. The others keep theirs, so
/// that undoing it finds them.
///
/// # Errors
/// [`Error::Invalid`] when the record would carry more than [`TAGS_MAX`].
pub fn copy(unit: &mut dyn UnitOfWork, kind: EntityKind, from: &[i64], to: i64) -> Result<Brought> {
    Ok(Brought {
        custom_fields: custom_field::copy(unit, kind, from, to)?,
        tags: copy_tags(unit, kind, from, to)?,
    })
}

fn copy_tags(unit: &mut dyn UnitOfWork, kind: EntityKind, from: &[i64], to: i64) -> Result<Vec<TagId>> {
    let names: HashSet<String> = carried(unit, kind, from)?.into_values().flat_map(BTreeMap::into_values).collect();
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let before = carried(unit, kind, &[to])?.remove(&to).unwrap_or_default();
    let names = names.into_iter().map(TagName::from_store).collect();
    assign(unit, kind, &[to], names)?;
    let after = carried(unit, kind, &[to])?.remove(&to).unwrap_or_default();
    Ok(after.into_keys().filter(|tag| !before.contains_key(tag)).collect())
}

/// Takes off a record what [`copy`] put on it and it still carries.
pub fn take_back(unit: &mut dyn UnitOfWork, kind: EntityKind, id: i64, brought: &Brought) -> Result<()> {
    custom_field::take_back(unit, kind, id, &brought.custom_fields)?;
    if !brought.tags.is_empty() {
        unassign(unit, kind, &[id], |tag, _| brought.tags.contains(&tag))?;
    }
    Ok(())
}

type Carried = BTreeMap<TagId, String>;

fn carried(unit: &mut dyn UnitOfWork, kind: EntityKind, ids: &[i64]) -> Result<HashMap<i64, Carried>> {
    let mut carried: HashMap<i64, Carried> = HashMap::new();
    for of in unit.labels().tags_of(kind, ids)? {
        carried.entry(of.record_id).or_default().insert(of.tag_id, of.name);
    }
    Ok(carried)
}

/// Gives the records of these assignments this unit's stamp.
fn touch(unit: &mut dyn UnitOfWork, kind: EntityKind, assignments: Vec<(i64, TagId)>) -> Result<()> {
    let mut ids: Vec<i64> = assignments.into_iter().map(|(id, _)| id).collect();
    ids.dedup();
    if ids.is_empty() { Ok(()) } else { unit.labels().touch(kind, &ids) }
}

fn record(unit: &mut dyn UnitOfWork, kind: EntityKind, id: i64, before: &Carried, after: &Carried) {
    if before.keys().eq(after.keys()) {
        return;
    }
    let fields = json!({ TAGS: [names(before), names(after)] }).to_string();
    unit.record(NewChange {
        entity: kind,
        entity_id: id,
        kind: ChangeKind::Updated,
        fields,
    });
}

/// As [`LabelReads::tags_of`] orders them.
fn names(carried: &Carried) -> Value {
    let mut names: Vec<&String> = carried.values().collect();
    names.sort_by_key(|name| name.to_lowercase());
    json!(names)
}

/// Whether a text names a tag: by its name, whatever the case, or by its number where the family's form of an id was read from it.
pub fn names_tag(text: &str, number: Option<TagId>) -> impl Fn(TagId, &str) -> bool {
    let key = text.trim().to_lowercase();
    move |id, name| name.to_lowercase() == key || number.is_some_and(|number| number.get() == id.get())
}
