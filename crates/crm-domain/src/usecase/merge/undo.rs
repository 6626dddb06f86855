//! Undoing a merge.

use serde_json::Value;

use crate::{
    error::{Error, Result},
    id::{MergeId, RecordId},
    tenant::{
        UnitOfWork,
        account::Account,
        change::{self, EntityKind, NewChange, values_of},
        contact::Contact,
        custom_field, label,
        lead::Lead,
        link,
        merge::{Fillable, Merge, Mergeable},
        record::Key,
    },
    usecase::restore::revive,
};

/// Undoes a merge: the merged records live again with their ids, and what still is as the merge left it becomes what it was before. References
/// that the merge had moved and that still are to the record that remained go back; its fields that the merge had filled and that hold the same
/// are emptied, custom fields included; the tags that only the merge had brought are taken off. What was changed since stays.
///
/// # Errors
/// [`Error::NotFound`] when there is no such merge. [`Error::State`] when it is undone already, when the record that remained is deleted now,
/// or when one of the merged ones was restored by itself. [`Error::Duplicate`] when a value of theirs that must be unique was taken
/// meanwhile, [`Error::Conflict`] when that is one of a custom field.
pub fn undo(unit: &mut dyn UnitOfWork, id: MergeId) -> Result<Merge> {
    let merge = unit.merges().lookup(id)?.ok_or_else(|| Error::not_found(MergeId::NOUN, id))?;
    if merge.undone_at.is_some() {
        return Err(refused(&merge, "undone"));
    }
    match merge.done.kind {
        EntityKind::Account => part::<Account>(unit, &merge)?,
        EntityKind::Contact => part::<Contact>(unit, &merge)?,
        EntityKind::Lead => part::<Lead>(unit, &merge)?,
        other => {
            return Err(Error::Internal(format!(
                "merge {id} is of a kind that is not merged: {}",
                other.as_str()
            )));
        }
    }
    unit.record(NewChange::unmerged(&merge));
    unit.merges().settle(id)
}

fn refused(merge: &Merge, state: &str) -> Error {
    Error::state(MergeId::NOUN, merge.id, state, "undone")
}

fn part<R: Mergeable>(unit: &mut dyn UnitOfWork, merge: &Merge) -> Result<()> {
    let to = R::Id::from_i64(merge.done.survivor_id);
    let survivor = R::lookup_many(unit, &[to])?.pop();
    let survivor = survivor.ok_or_else(|| refused(merge, "into a record that is deleted"))?;
    let (deleted, seq) = deleted::<R>(unit, merge)?;
    let changes = unit.changes().list_of_unit(seq)?;
    give_back(unit, merge, &survivor)?;
    let mut live = Vec::with_capacity(deleted.len());
    for record in &deleted {
        check_keys(unit, merge, record)?;
        custom_field::check_restored(unit, R::KIND, record.id())?;
        live.push(revive(unit, record)?);
    }
    for record in &live {
        // A record that was put below it before may stand above it now.
        let ancestors = record.ancestors(unit)?;
        link::move_back(unit, &changes, R::KIND, record.id(), Some(survivor.id()), &ancestors)?;
        record.referred(unit)?;
    }
    Ok(())
}

/// The merged records as their deletion left them, and the number of one of the changes that deleted them.
fn deleted<R: Mergeable>(unit: &mut dyn UnitOfWork, merge: &Merge) -> Result<(Vec<R>, i64)> {
    let (mut records, mut seq) = (Vec::with_capacity(merge.done.merged_ids.len()), 0);
    for id in &merge.done.merged_ids {
        // One that was restored since is live, or was deleted once more.
        let last = change::last_deletion(unit.changes(), R::KIND, *id)?;
        let last = last.filter(|change| change.stamp == merge.created_at);
        let record = R::lookup_deleted(unit, R::Id::from_i64(*id))?;
        let (Some(last), Some(record)) = (last, record) else {
            return Err(refused(merge, "no longer whole, since one of its records was restored,"));
        };
        records.push(record);
        seq = last.seq;
    }
    Ok((records, seq))
}

/// Empties what the merge had filled, and takes off the labels that it had brought.
fn give_back<R: Mergeable>(unit: &mut dyn UnitOfWork, merge: &Merge, survivor: &R) -> Result<()> {
    let now = values_of::<R>(survivor.fields())?;
    let mut fields = survivor.fields().clone();
    for (field, value) in &merge.done.filled {
        if now.get(field) == Some(value) {
            fields.empty(field);
        }
    }
    R::revise(unit, survivor, fields)?;
    label::take_back(unit, R::KIND, survivor.id(), &merge.done.labels)
}

/// Unique values that records shared before, as imported leads may, they share again; one that was taken since is a duplicate.
fn check_keys<R: Mergeable>(unit: &mut dyn UnitOfWork, merge: &Merge, record: &R) -> Result<()> {
    for key in R::keys(record.fields()) {
        for holder in R::holders(unit, key.field, std::slice::from_ref(&key.text))? {
            if !had_then(unit, merge, &holder, &key)? {
                return Err(Error::Duplicate {
                    noun: R::Id::NOUN,
                    field: key.field,
                });
            }
        }
    }
    Ok(())
}

/// Whether a record had a value when the merge was made.
fn had_then<R: Mergeable>(unit: &mut dyn UnitOfWork, merge: &Merge, record: &R, key: &Key) -> Result<bool> {
    let changes = unit.changes().list_of_field(R::KIND, record.id(), key.field)?;
    let mut value = Value::Null;
    for change in changes.iter().filter(|change| change.stamp < merge.created_at) {
        if let Some((_, after)) = change.pair(key.field)? {
            value = after;
        }
    }
    // As it was written, whatever the form in which it is compared.
    Ok(value
        .as_str()
        .is_some_and(|text| text == key.text || text.to_lowercase() == key.text))
}
