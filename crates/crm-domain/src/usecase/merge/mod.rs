//! Merging records of any noun, and undoing it.
//!
//! The records that are merged are deleted, so that restoring one brings it back by itself; whatever referred to them refers to the one that
//! remains. That one keeps its own values, is filled where it has none, custom fields included, and carries the tags of all. What was done
//! stands in the change feed, record by record, with a row that says that it was a merge; and in the [`Merge`], which [`undo`] goes by.

mod fill;
mod undo;

pub use undo::undo;

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::{
    error::{Error, Problem, Result},
    field::Check,
    id::RecordId,
    tenant::{
        UnitOfWork,
        change::{Entity, EntityKind, NewChange},
        label,
        link::{self, Moved},
        merge::{Merge, Mergeable, NewMerge},
        record::id_of,
    },
    usecase::single::settle_one,
};

/// Most records that one merge makes one with another.
pub const MERGE_MAX: usize = 50;

/// What came of a merge.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged<R> {
    /// The record that remains, as it is now.
    pub record: R,
    /// What was done.
    pub merge: Merge,
}

/// Merges records into another. `ids` name them in the order in which they fill its fields; `None` stands for what can be no id.
///
/// # Errors
/// [`Error::NotFound`] when the other record is not there. [`Error::Invalid`], with `ids` or `ids[2]` for each that is wrong: it is not there,
/// is the other record or was named before; and with `tags` when the records carry more together than one may. [`Error::State`] when they
/// cannot become one: an account and its ancestor, a converted lead.
pub fn merge<R: Mergeable>(unit: &mut dyn UnitOfWork, into: R::Id, ids: Vec<Option<R::Id>>, check: Check) -> Result<Merged<R>> {
    let (survivor, merged) = named::<R>(unit, into, ids, check)?;
    survivor.check_merge(unit, &merged)?;
    let merged_ids: Vec<i64> = merged.iter().map(Entity::id).collect();
    let moved = link::move_all(unit, R::KIND, &merged_ids, Some(survivor.id()))?;
    // As they are now: one of them may have referred to another.
    let typed: Vec<R::Id> = merged.iter().map(id_of).collect();
    let released = R::lookup_many(unit, &typed)?;
    R::remove_many(unit, released)?;
    let mut fields = fill::filled(unit, &survivor, &merged)?;
    settle_one(unit, &survivor, &mut fields)?;
    let filled = fill::difference(&survivor, &fields)?;
    R::revise(unit, &survivor, fields)?;
    let labels = label::copy(unit, R::KIND, &merged_ids, survivor.id())?;
    let merge = unit.merges().add(NewMerge {
        kind: R::KIND,
        survivor_id: survivor.id(),
        moved: counted(moved, R::KIND, &merged_ids),
        merged_ids,
        filled,
        labels,
    })?;
    unit.record(NewChange::merged(&merge));
    let record = R::lookup_many(unit, &[into])?.pop();
    let record = record.ok_or_else(|| Error::Internal("the record that remains is missing".to_owned()))?;
    record.referred(unit)?;
    Ok(Merged { record, merge })
}

/// The record that remains, and those that become it.
fn named<R: Mergeable>(unit: &mut dyn UnitOfWork, into: R::Id, mut ids: Vec<Option<R::Id>>, mut check: Check) -> Result<(R, Vec<R>)> {
    if !(1..=MERGE_MAX).contains(&ids.len()) {
        check.fail("ids", Problem::Rule(format!("must hold 1 to {MERGE_MAX} ids")));
        ids.clear();
    }
    let wanted: Vec<R::Id> = ids.iter().flatten().copied().chain([into]).collect();
    let found = R::lookup_many(unit, &wanted)?;
    let mut found: HashMap<R::Id, R> = found.into_iter().map(|record| (id_of(&record), record)).collect();
    let survivor = found.remove(&into).ok_or_else(|| Error::not_found(R::Id::NOUN, into))?;
    let mut seen = HashSet::from([into]);
    let mut merged = Vec::with_capacity(ids.len());
    for (index, id) in ids.into_iter().enumerate() {
        let problem = match id {
            Some(id) if id == into => Problem::Rule("must name another record than the one that remains".to_owned()),
            Some(id) if !seen.insert(id) => Problem::Rule("must stand here once only".to_owned()),
            Some(id) if found.contains_key(&id) => {
                merged.extend(found.remove(&id));
                continue;
            }
            Some(_) | None => Problem::Reference { noun: R::Id::NOUN },
        };
        check.fail(&format!("ids[{index}]"), problem);
    }
    check.finish()?;
    Ok((survivor, merged))
}

/// How many records of each kind, by its word, were moved that are still there.
fn counted(moved: Moved, kind: EntityKind, merged_ids: &[i64]) -> Vec<(EntityKind, u64)> {
    let count = |(of, mut ids): (EntityKind, BTreeSet<i64>)| {
        if of == kind {
            ids.retain(|id| !merged_ids.contains(id));
        }
        (!ids.is_empty()).then_some((of, ids.len() as u64))
    };
    let mut counted: Vec<(EntityKind, u64)> = moved.into_iter().filter_map(count).collect();
    counted.sort_by_key(|(kind, _)| kind.as_str());
    counted
}
