//! What became of records since the changes of a batch: what shows them as those left them.
//!
//! The later changes among those read with the batch are at hand; those behind them are read for all records at once, and only where the feed goes
//! on. A batch that reaches the end of the feed reads nothing more.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::{
    error::Result,
    stamp::Stamp,
    tenant::{
        TenantReader,
        change::{Change, EntityKind},
        rewind::Rewinding,
    },
};

/// Changes read at once.
const PAGE: u32 = 1_000;

type Record = (EntityKind, i64);

/// The rewindings of these changes, given by their places; `is_all` where no change of their kinds came after them.
///
/// # Errors
/// Those of reading.
pub(super) fn rewindings(
    reader: &mut dyn TenantReader,
    changes: &[Change],
    places: &BTreeSet<usize>,
    is_all: bool,
) -> Result<HashMap<usize, Rewinding>> {
    let mut first: HashMap<Record, usize> = HashMap::new();
    for place in places {
        first.entry(record_of(&changes[*place])).or_insert(*place);
    }
    let mut undone = match changes.last() {
        Some(last) if !is_all => behind(reader, &by_kind(first.keys().copied()), last.seq)?,
        _ => HashMap::new(),
    };
    let mut rewindings = HashMap::new();
    for (place, change) in changes.iter().enumerate().rev() {
        let record = record_of(change);
        let Some(first) = first.get(&record) else { continue };
        if places.contains(&place) {
            rewindings.insert(place, undone.get(&record).cloned().unwrap_or_default());
        }
        if place > *first {
            undone.entry(record).or_default().undo(change);
        }
    }
    restamp(reader, changes, &mut rewindings)?;
    Ok(rewindings)
}

fn record_of(change: &Change) -> Record {
    (change.entity, change.entity_id)
}

fn by_kind(records: impl Iterator<Item = Record>) -> BTreeMap<EntityKind, Vec<i64>> {
    let mut ids: BTreeMap<EntityKind, BTreeSet<i64>> = BTreeMap::new();
    for (kind, id) in records {
        ids.entry(kind).or_default().insert(id);
    }
    ids.into_iter().map(|(kind, ids)| (kind, ids.into_iter().collect())).collect()
}

/// Undoes what happened to records after a change.
fn behind(reader: &mut dyn TenantReader, records: &BTreeMap<EntityKind, Vec<i64>>, after: i64) -> Result<HashMap<Record, Rewinding>> {
    let mut undone: HashMap<Record, Rewinding> = HashMap::new();
    for (kind, ids) in records {
        let mut place = None;
        loop {
            let later = reader.changes().list_later(*kind, ids, after, place, PAGE)?;
            for change in &later {
                undone.entry(record_of(change)).or_default().undo(change);
            }
            match later.last() {
                Some(last) if later.len() == PAGE as usize => place = Some((last.entity_id, last.seq)),
                _ => break,
            }
        }
    }
    Ok(undone)
}

/// Finds when records had changed last of which a change told that gives no stamp, where they were given others since.
fn restamp(reader: &mut dyn TenantReader, changes: &[Change], rewindings: &mut HashMap<usize, Rewinding>) -> Result<()> {
    let mut before: BTreeMap<usize, Record> = BTreeMap::new();
    for (place, rewinding) in rewindings.iter_mut() {
        let change = &changes[*place];
        if change.kind.gives_stamp() || !rewinding.is_restamped() {
            continue;
        }
        let record = record_of(change);
        let earlier = changes[..*place].iter().rev();
        match earlier
            .filter(|earlier| record_of(earlier) == record)
            .find(|earlier| earlier.kind.gives_stamp())
        {
            Some(earlier) => rewinding.set_updated_at(earlier.stamp),
            None => drop(before.insert(*place, record)),
        }
    }
    let Some(start) = changes.first().map(|change| change.seq) else {
        return Ok(());
    };
    let mut stamps: HashMap<Record, Stamp> = HashMap::new();
    for (kind, ids) in by_kind(before.values().copied()) {
        let found = reader.changes().stamps_before(kind, &ids, start)?;
        stamps.extend(found.into_iter().map(|(id, stamp)| ((kind, id), stamp)));
    }
    for (place, record) in before {
        if let (Some(rewinding), Some(stamp)) = (rewindings.get_mut(&place), stamps.get(&record)) {
            rewinding.set_updated_at(*stamp);
        }
    }
    Ok(())
}
