//! Giving records values in custom fields.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value, json};

use super::{CustomDraft, CustomValues, Definitions, FieldValue, Holders, NewValue, ValueOf, unique::live_holders, value::name_of};
use crate::{
    error::{Error, Result},
    field::Check,
    id::CustomFieldId,
    tenant::{
        UnitOfWork,
        change::{ChangeKind, EntityKind, NewChange},
    },
};

/// A record's values by field.
type Current = BTreeMap<CustomFieldId, ValueOf>;

/// What one record is to have in custom fields, parsed before the record itself is written, so that a caller hears at once of everything
/// that is wrong.
#[derive(Debug)]
pub struct Prepared {
    definitions: Definitions,
    values: CustomValues,
}

impl Prepared {
    /// Parses what is said of a new record, and notes everything that is wrong.
    pub fn new_record(unit: &mut dyn UnitOfWork, kind: EntityKind, draft: CustomDraft, check: &mut Check) -> Result<Self> {
        let definitions = Definitions::in_unit(unit, kind)?;
        let values = definitions.parse_new(draft, check);
        Self::unless_taken(unit, definitions, values, None, check)
    }

    /// [`Prepared::new_record`] of what other records say: a field of which nothing is said takes over the value of this key where it can
    /// hold it. What must be unique is not taken over: it is the other record's.
    pub fn made_of(
        unit: &mut dyn UnitOfWork,
        kind: EntityKind,
        mut draft: CustomDraft,
        known: &BTreeMap<String, FieldValue>,
        check: &mut Check,
    ) -> Result<Self> {
        let definitions = Definitions::in_unit(unit, kind)?;
        for field in definitions.fields().iter().filter(|field| !field.fields.unique) {
            let key = &*field.fields.key;
            let value = known.get(key).filter(|_| !draft.0.contains_key(key)).map(Value::from);
            if let Some(value) = value.filter(|value| field.parse(value).is_ok()) {
                draft.0.insert(key.to_owned(), value);
            }
        }
        let values = definitions.parse_new(draft, check);
        Self::unless_taken(unit, definitions, values, None, check)
    }

    /// Parses what is said of the record with this id, and notes everything that is wrong.
    pub fn change(unit: &mut dyn UnitOfWork, kind: EntityKind, id: i64, draft: CustomDraft, check: &mut Check) -> Result<Self> {
        let definitions = if draft.0.is_empty() {
            Definitions::none(kind)
        } else {
            Definitions::in_unit(unit, kind)?
        };
        let values = definitions.parse_changes(draft, check);
        Self::unless_taken(unit, definitions, values, Some(id), check)
    }

    fn unless_taken(
        unit: &mut dyn UnitOfWork,
        definitions: Definitions,
        values: CustomValues,
        own: Option<i64>,
        check: &mut Check,
    ) -> Result<Self> {
        Holders::read(unit, &definitions, [&values])?.check(own, &definitions, &values, check);
        Ok(Self { definitions, values })
    }

    /// [`write_new`] for the record, which has this id now.
    pub fn write_new(self, unit: &mut dyn UnitOfWork, id: i64) -> Result<()> {
        write_new(unit, &self.definitions, vec![(id, self.values)])
    }

    /// [`write()`] for the record; whether it has other values now.
    pub fn write(self, unit: &mut dyn UnitOfWork, id: i64) -> Result<bool> {
        let changed = write(unit, &self.definitions, vec![(id, self.values)])?;
        Ok(!changed.is_empty())
    }
}

/// Gives records that this unit made their values, which were checked before. They stand in the change that made the record.
pub fn write_new(unit: &mut dyn UnitOfWork, definitions: &Definitions, values: Vec<(i64, CustomValues)>) -> Result<()> {
    let nothing = HashMap::new();
    put(unit, definitions, values, nothing).map(drop)
}

/// Gives records new values, which were checked before. A record that has other values now gets this unit's stamp, and the change stands in
/// the feed, with what else this unit changed of the record. Answers the records that have other values now.
pub fn write(unit: &mut dyn UnitOfWork, definitions: &Definitions, values: Vec<(i64, CustomValues)>) -> Result<Vec<i64>> {
    let values: Vec<_> = values.into_iter().filter(|(_, values)| !values.is_empty()).collect();
    if values.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<i64> = values.iter().map(|(id, _)| *id).collect();
    let current = current(unit, definitions.kind(), &ids)?;
    let changed = put(unit, definitions, values, current)?;
    if !changed.is_empty() {
        unit.labels().touch(definitions.kind(), &changed)?;
    }
    Ok(changed)
}

/// Gives a record the values of others of its kind in fields in which it has none, the first of them first, as a merge does. The others keep
/// theirs, so that undoing it finds them. Answers what the record got, as [`FieldValue::stored`] writes it.
pub fn copy(unit: &mut dyn UnitOfWork, kind: EntityKind, from: &[i64], to: i64) -> Result<BTreeMap<CustomFieldId, String>> {
    let definitions = Definitions::in_unit(unit, kind)?;
    if definitions.fields().is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut all = current(unit, kind, &[from, &[to]].concat())?;
    let own = all.remove(&to).unwrap_or_default();
    let mut missing = CustomValues::default();
    for value in from.iter().filter_map(|id| all.remove(id)).flat_map(Current::into_values) {
        if !own.contains_key(&value.field_id) {
            missing.0.entry(value.field_id).or_insert(Some(value.value));
        }
    }
    let stored = |(id, value): (&CustomFieldId, &Option<FieldValue>)| value.as_ref().map(|value| (*id, value.stored()));
    let got = missing.0.iter().filter_map(stored).collect();
    write(unit, &definitions, vec![(to, missing)])?;
    Ok(got)
}

/// Takes from a record what [`copy`] gave it and it still has.
pub fn take_back(unit: &mut dyn UnitOfWork, kind: EntityKind, id: i64, got: &BTreeMap<CustomFieldId, String>) -> Result<()> {
    if got.is_empty() {
        return Ok(());
    }
    let definitions = Definitions::in_unit(unit, kind)?;
    let now = current(unit, kind, &[id])?.remove(&id).unwrap_or_default();
    let is_same = |value: &ValueOf| got.get(&value.field_id) == Some(&value.value.stored());
    let same = now.into_values().filter(is_same).map(|value| (value.field_id, None));
    write(unit, &definitions, vec![(id, CustomValues(same.collect()))]).map(drop)
}

/// Looks whether a record that is restored has unique values that live records have by now.
///
/// # Errors
/// [`Error::Conflict`] when it has.
pub fn check_restored(unit: &mut dyn UnitOfWork, kind: EntityKind, id: i64) -> Result<()> {
    let definitions = Definitions::in_unit(unit, kind)?;
    if !definitions.fields().iter().any(|field| field.fields.unique) {
        return Ok(());
    }
    for held in unit.labels().values_of(kind, &[id])? {
        let is_unique = definitions.get(held.field_id).is_some_and(|field| field.fields.unique);
        if is_unique && !live_holders(unit, kind, held.field_id, &[held.value.sort_key()])?.is_empty() {
            let key = held.key;
            return Err(Error::Conflict(format!(
                "another record has its value of the custom field {key} by now"
            )));
        }
    }
    Ok(())
}

fn current(unit: &mut dyn UnitOfWork, kind: EntityKind, ids: &[i64]) -> Result<HashMap<i64, Current>> {
    let mut current: HashMap<i64, Current> = HashMap::new();
    for value in unit.labels().values_of(kind, ids)? {
        current.entry(value.record_id).or_default().insert(value.field_id, value);
    }
    Ok(current)
}

fn put(
    unit: &mut dyn UnitOfWork,
    definitions: &Definitions,
    values: Vec<(i64, CustomValues)>,
    mut current: HashMap<i64, Current>,
) -> Result<Vec<i64>> {
    let (mut gone, mut new, mut changed) = (Vec::new(), Vec::new(), Vec::new());
    for (record_id, values) in values {
        let mut had = current.remove(&record_id).unwrap_or_default();
        let mut fields = Map::new();
        for (field_id, after) in values.0 {
            let before = had.remove(&field_id).map(|had| had.value);
            if before == after {
                continue;
            }
            if let Some(field) = definitions.get(field_id) {
                fields.insert(name_of(&field.fields.key), pair(before.as_ref(), after.as_ref()));
            }
            if before.is_some() {
                gone.push((record_id, field_id));
            }
            new.extend(after.map(|value| NewValue {
                record_id,
                field_id,
                value,
            }));
        }
        if !fields.is_empty() {
            changed.push(record_id);
            unit.amend(NewChange {
                entity: definitions.kind(),
                entity_id: record_id,
                kind: ChangeKind::Updated,
                fields: Value::Object(fields).to_string(),
            });
        }
    }
    if !gone.is_empty() {
        unit.labels().clear_values(definitions.kind(), &gone)?;
    }
    if !new.is_empty() {
        unit.labels().add_values(definitions.kind(), new)?;
    }
    Ok(changed)
}

fn pair(before: Option<&FieldValue>, after: Option<&FieldValue>) -> Value {
    json!([before.map(Value::from), after.map(Value::from)])
}
