//! Restoring a deleted record: it keeps its id, and what deleting it took apart is put together again (contract X-129).

use crate::{
    error::{Error, Result},
    id::RecordId,
    tenant::{
        UnitOfWork,
        change::{self, NewChange},
        custom_field,
        link::{self, LINKS},
        record::{Record, check_keys, id_of},
    },
};

/// Makes a deleted record live again, with the references to it that deleting it had cleared and nobody has set since. What it referred to
/// itself and what is deleted now, it refers to no more.
///
/// # Errors
/// [`Error::NotFound`] when there never was such a record, [`Error::State`] when it is live, [`Error::Duplicate`] when a value that must be
/// unique was taken meanwhile, [`Error::Conflict`] when that is one of a custom field; none of them has written anything.
pub fn restore<R: Record>(unit: &mut dyn UnitOfWork, id: R::Id) -> Result<R> {
    let Some(deleted) = R::lookup_deleted(unit, id)? else {
        let is_live = !R::lookup_many(unit, &[id])?.is_empty();
        return Err(if is_live {
            Error::state(R::Id::NOUN, id, "not deleted", "restored")
        } else {
            Error::not_found(R::Id::NOUN, id)
        });
    };
    check_keys::<R>(unit, None, deleted.fields())?;
    custom_field::check_restored(unit, R::KIND, id.get())?;
    let live = revive(unit, &deleted)?;
    put_back(unit, &live, id)?;
    Ok(live)
}

/// Makes a deleted record, whose values are free, live again, without references to what is deleted now.
pub(super) fn revive<R: Record>(unit: &mut dyn UnitOfWork, deleted: &R) -> Result<R> {
    deleted.revive(unit)?;
    drop_dead_references(unit, deleted)?;
    let live = R::lookup_many(unit, &[id_of(deleted)])?.into_iter().next();
    let live = live.ok_or_else(|| Error::Internal("a restored record is missing".to_owned()))?;
    unit.record(NewChange::restored(&live)?);
    Ok(live)
}

fn drop_dead_references<R: Record>(unit: &mut dyn UnitOfWork, record: &R) -> Result<()> {
    let dead = link::dead(unit, R::references(record.fields()))?;
    let is_dead = |link: &link::Link| link.from == R::KIND && dead.iter().any(|reference| reference.field == link.field);
    for link in LINKS.iter().copied().filter(is_dead) {
        unit.links().point(link, &[record.id()], None)?;
    }
    Ok(())
}

/// Undoes the rest of the unit that deleted the record.
fn put_back<R: Record>(unit: &mut dyn UnitOfWork, record: &R, id: R::Id) -> Result<()> {
    let Some(deletion) = change::last_deletion(unit.changes(), R::KIND, id.get())? else {
        return Ok(());
    };
    let changes = unit.changes().list_of_unit(deletion.seq)?;
    record.restore_companions(unit, &changes)?;
    // A record that was put below it before may stand above it now.
    let ancestors = record.ancestors(unit)?;
    link::move_back(unit, &changes, R::KIND, record.id(), None, &ancestors)?;
    record.referred(unit)
}
