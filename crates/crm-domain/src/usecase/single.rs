//! Writing one record of any noun: what [`super::bulk`] does to many.

use crate::{
    error::{Error, Result},
    field::Check,
    id::{RecordId, UserId},
    tenant::{
        UnitOfWork, link,
        record::{Record, check_keys},
    },
};

/// The live record with this id.
///
/// # Errors
/// [`Error::NotFound`].
pub fn known<R: Record>(unit: &mut dyn UnitOfWork, id: R::Id) -> Result<R> {
    let found = R::lookup_many(unit, &[id])?.pop();
    found.ok_or_else(|| Error::not_found(R::Id::NOUN, id))
}

/// Creates a record, owned by `owner` where its noun has owners and the draft names nobody.
///
/// # Errors
/// [`Error::Invalid`] for invalid fields, and those of [`create_parsed`].
pub fn create<R: Record>(unit: &mut dyn UnitOfWork, draft: R::Draft, owner: UserId, check: Check) -> Result<R> {
    let context = R::context(unit, owner)?;
    let parsed = R::parse(draft, &context, check)?;
    create_parsed(unit, parsed)
}

/// Creates a record of valid fields.
///
/// # Errors
/// [`Error::Invalid`] for references to what does not exist, [`Error::Duplicate`] when a value that must be unique is taken.
pub fn create_parsed<R: Record>(unit: &mut dyn UnitOfWork, parsed: R::Parsed) -> Result<R> {
    let fields = R::fields_of(&parsed);
    link::check(unit, &[], &R::references(fields))?;
    check_keys::<R>(unit, None, fields)?;
    let created = R::create_many(unit, vec![parsed])?.pop();
    created.ok_or_else(|| Error::Internal(format!("an added {} is missing", R::Id::NOUN)))
}

/// Updates a record: fields the draft does not mention stay. An update that changes nothing leaves no change and no new stamp.
///
/// # Errors
/// [`Error::NotFound`], those of [`create`], and what [`Record::judge`] finds.
pub fn update<R: Record>(unit: &mut dyn UnitOfWork, id: R::Id, draft: R::Draft, owner: UserId, check: Check) -> Result<R> {
    let before = known(unit, id)?;
    update_known(unit, before, draft, owner, check)
}

/// [`update`], where the record was just read in this unit.
///
/// # Errors
/// Those of [`update`].
pub fn update_known<R: Record>(unit: &mut dyn UnitOfWork, before: R, draft: R::Draft, owner: UserId, check: Check) -> Result<R> {
    let context = R::context(unit, owner)?;
    let parsed = before.updated(draft, &context, check)?;
    let fields = R::fields_of(&parsed);
    link::check(unit, &R::references(before.fields()), &R::references(fields))?;
    before.judge(unit, &parsed)?;
    check_keys(unit, Some(&before), R::fields_of(&parsed))?;
    Ok(R::revise(unit, &before, parsed)?.unwrap_or(before))
}

/// Deletes a record, with what goes along with it.
///
/// # Errors
/// [`Error::NotFound`], and what [`Record::judge_removal`] finds.
pub fn remove<R: Record>(unit: &mut dyn UnitOfWork, id: R::Id) -> Result<()> {
    let record = known(unit, id)?;
    remove_known::<R>(unit, record)
}

/// [`remove`], where the record was just read in this unit.
///
/// # Errors
/// Those of [`remove`].
pub fn remove_known<R: Record>(unit: &mut dyn UnitOfWork, record: R) -> Result<()> {
    record.judge_removal(unit)?;
    R::remove_many(unit, vec![record])
}
