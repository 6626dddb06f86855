//! Writing one record of any noun: what [`super::bulk`] does to many.

use crate::{
    error::{Error, Result},
    field::Check,
    id::{RecordId, UserId},
    tenant::{
        UnitOfWork,
        custom_field::Prepared,
        link,
        record::{Record, Settling, check_keys, id_of},
    },
    usecase::bulk::Drafted,
};

/// The live record with this id.
///
/// # Errors
/// [`Error::NotFound`].
pub fn known<R: Record>(unit: &mut dyn UnitOfWork, id: R::Id) -> Result<R> {
    let found = R::lookup_many(unit, &[id])?.pop();
    found.ok_or_else(|| Error::not_found(R::Id::NOUN, id))
}

/// Creates a record of which nothing is said but of its own fields, owned by `owner` where its noun has owners and the draft names nobody.
///
/// # Errors
/// [`Error::Invalid`] for invalid fields, and those of [`create_parsed`].
pub fn create<R: Record>(unit: &mut dyn UnitOfWork, draft: R::Draft, owner: UserId, check: Check) -> Result<R> {
    create_drafted(unit, Drafted::new(draft, check), owner)
}

/// Creates a record with its custom fields, owned by `owner` where its noun has owners and the draft names nobody.
///
/// # Errors
/// Those of [`create`], told at once with what is wrong with the custom fields.
pub fn create_drafted<R: Record>(unit: &mut dyn UnitOfWork, drafted: Drafted<R>, owner: UserId) -> Result<R> {
    let Drafted { draft, custom, mut check } = drafted;
    let prepared = Prepared::new_record(unit, R::KIND, custom, &mut check)?;
    let context = R::context(unit, owner)?;
    let named = R::named(&draft);
    let parsed = match R::parse(draft, &context, check) {
        Ok(parsed) => parsed,
        Err(error) => return Err(link::with_dead(unit, &named, error)?),
    };
    let created = create_parsed::<R>(unit, parsed)?;
    prepared.write_new(unit, created.id())?;
    Ok(created)
}

/// Creates a record of valid fields.
///
/// # Errors
/// [`Error::Invalid`] for references to what does not exist, [`Error::Duplicate`] when a value that must be unique is taken.
pub fn create_parsed<R: Record>(unit: &mut dyn UnitOfWork, mut parsed: R::Parsed) -> Result<R> {
    link::check(unit, &[], &R::references(R::fields_of(&parsed)))?;
    let after = &mut parsed;
    R::settle(unit, &mut [Settling { before: None, after }])?;
    check_keys::<R>(unit, None, R::fields_of(&parsed))?;
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
    update_drafted(unit, before, Drafted::new(draft, check), owner)
}

/// [`update_known`] with custom fields.
///
/// # Errors
/// Those of [`update`], told at once with what is wrong with the custom fields.
pub fn update_drafted<R: Record>(unit: &mut dyn UnitOfWork, before: R, drafted: Drafted<R>, owner: UserId) -> Result<R> {
    let Drafted { draft, custom, mut check } = drafted;
    let prepared = Prepared::change(unit, R::KIND, before.id(), custom, &mut check)?;
    let context = R::context(unit, owner)?;
    let named = R::named(&draft);
    let mut parsed = match before.updated(draft, &context, check) {
        Ok(parsed) => parsed,
        Err(error) => return Err(link::with_dead(unit, &named, error)?),
    };
    link::check(unit, &R::references(before.fields()), &R::references(R::fields_of(&parsed)))?;
    settle_one(unit, &before, &mut parsed)?;
    before.judge(unit, &parsed)?;
    check_keys(unit, Some(&before), R::fields_of(&parsed))?;
    let after = R::revise(unit, &before, parsed)?.unwrap_or(before);
    // Its values give it this unit's stamp, whatever else of it changed.
    let is_touched = prepared.write(unit, after.id())?;
    if is_touched { known(unit, id_of(&after)) } else { Ok(after) }
}

/// [`Record::settle`] of one record.
pub(crate) fn settle_one<R: Record>(unit: &mut dyn UnitOfWork, before: &R, after: &mut R::Parsed) -> Result<()> {
    let before = Some(before);
    R::settle(unit, &mut [Settling { before, after }])
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
