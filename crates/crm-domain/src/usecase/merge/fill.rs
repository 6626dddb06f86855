//! What the record that remains takes over from those that became it.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use crate::{
    error::{Error, Result},
    tenant::{
        UnitOfWork,
        change::values_of,
        link,
        merge::{Fillable, Mergeable},
        record::Key,
    },
};

/// The fields of the record that remains, filled from the others, which are deleted by now, one after another. A reference to what is
/// deleted, a value that another live record has and a parent below the record are not taken over.
pub(super) fn filled<R: Mergeable>(unit: &mut dyn UnitOfWork, survivor: &R, merged: &[R]) -> Result<R::Fields> {
    let references = merged.iter().flat_map(|record| R::references(record.fields()));
    let dead = link::dead(unit, references)?;
    let taken = taken(unit, survivor, merged)?;
    let mut fields = survivor.fields().clone();
    for record in merged {
        let mut more = fields.clone();
        more.fill(record.fields());
        for key in new(R::keys(&fields), R::keys(&more)) {
            if taken.contains(&key) {
                more.empty(key.field);
            }
        }
        let references = new(R::references(&fields), R::references(&more));
        for reference in references.iter().filter(|reference| dead.contains(reference)) {
            more.empty(reference.field);
        }
        if !references.is_empty() {
            judged(unit, survivor, &mut more)?;
        }
        fields = more;
    }
    Ok(fields)
}

/// Empties what cannot be the record's.
fn judged<R: Mergeable>(unit: &mut dyn UnitOfWork, survivor: &R, fields: &mut R::Fields) -> Result<()> {
    match survivor.judge(unit, fields) {
        Err(Error::Invalid(errors)) => {
            errors.iter().for_each(|error| fields.empty(&error.field));
            Ok(())
        }
        judged => judged,
    }
}

fn new<T: PartialEq>(before: Vec<T>, after: Vec<T>) -> Vec<T> {
    after.into_iter().filter(|value| !before.contains(value)).collect()
}

/// Those of the merged records' unique values that live records but the one that remains have.
fn taken<R: Mergeable>(unit: &mut dyn UnitOfWork, survivor: &R, merged: &[R]) -> Result<HashSet<Key>> {
    let mut texts: HashMap<&'static str, Vec<String>> = HashMap::new();
    for key in merged.iter().flat_map(|record| R::keys(record.fields())) {
        texts.entry(key.field).or_default().push(key.text);
    }
    let mut taken = HashSet::new();
    for (field, texts) in texts {
        let holders = R::holders(unit, field, &texts)?;
        let others = holders.iter().filter(|holder| holder.id() != survivor.id());
        taken.extend(others.flat_map(|holder| R::keys(holder.fields())));
    }
    Ok(taken)
}

/// The fields that were empty and are not any more, with their values.
pub(super) fn difference<R: Mergeable>(before: &R, after: &R::Fields) -> Result<Map<String, Value>> {
    let before = values_of::<R>(before.fields())?;
    let was_empty = |field: &str| before.get(field).is_none_or(Value::is_null);
    let after = values_of::<R>(after)?;
    Ok(after
        .into_iter()
        .filter(|(field, value)| !value.is_null() && was_empty(field))
        .collect())
}
