//! What the mechanisms common to all nouns need to know of a noun: restoring, writing in bulk, merging.

use std::fmt::Display;

use super::{UnitOfWork, change::Entity, link::Reference};
use crate::{
    error::{Error, Result},
    field::Check,
    id::{RecordId, UserId},
    stamp::Stamp,
};

/// A value that no two live records of a noun share, in the form that is compared.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// The field, snake case.
    pub field: &'static str,
    /// The value.
    pub text: String,
}

impl Key {
    /// The key of a field, if it has a value.
    pub fn of(field: &'static str, text: Option<impl Into<String>>) -> Option<Self> {
        text.map(|text| Self { field, text: text.into() })
    }
}

/// A record about to be written: as it was, and what it is to be.
pub struct Settling<'a, R: Record> {
    /// As it was; `None` for a new one.
    pub before: Option<&'a R>,
    /// What it is to be, valid and with references that were checked.
    pub after: &'a mut R::Parsed,
}

/// A noun whose records are written by the common mechanisms.
pub trait Record: Entity + Clone + Send + 'static {
    /// Its id.
    type Id: RecordId + Display;
    /// What a caller says of a record, unparsed.
    type Draft: Send + 'static;
    /// Valid fields, with what else the noun's repository asks for.
    type Parsed: Send + 'static;
    /// What parsing needs to know beside the draft; read once, however many drafts.
    type Context;

    /// When it changed last.
    fn updated_at(&self) -> Stamp;

    /// What parsing needs to know; `owner` owns new records whose draft names nobody.
    fn context(unit: &mut dyn UnitOfWork, owner: UserId) -> Result<Self::Context>;
    /// Parses a new record.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] with everything that is wrong.
    fn parse(draft: Self::Draft, context: &Self::Context, check: Check) -> Result<Self::Parsed>;
    /// Parses an update of this record: fields that the draft does not mention stay.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] with everything that is wrong.
    fn updated(&self, draft: Self::Draft, context: &Self::Context, check: Check) -> Result<Self::Parsed>;
    /// The fields among what was parsed.
    fn fields_of(parsed: &Self::Parsed) -> &Self::Fields;
    /// The records that a draft names: what is looked up of a draft that is wrong otherwise, so that everything is told at once.
    fn named(draft: &Self::Draft) -> Vec<Reference>;
    /// The records that fields refer to.
    fn references(fields: &Self::Fields) -> Vec<Reference>;
    /// The values of fields that no other live record may have.
    fn keys(fields: &Self::Fields) -> Vec<Key>;
    /// The live records that have one of these values in a field of [`Record::keys`].
    fn holders(unit: &mut dyn UnitOfWork, field: &'static str, texts: &[String]) -> Result<Vec<Self>>;
    /// The live records among these ids, in any order.
    fn lookup_many(unit: &mut dyn UnitOfWork, ids: &[Self::Id]) -> Result<Vec<Self>>;
    /// Completes what follows from the fields and from other records, for all at once.
    fn settle(_unit: &mut dyn UnitOfWork, _records: &mut [Settling<'_, Self>]) -> Result<()> {
        Ok(())
    }
    /// Told when a merge, its undoing or a restoration has let other records refer to this one.
    fn referred(&self, _unit: &mut dyn UnitOfWork) -> Result<()> {
        Ok(())
    }
    /// Frees the values of [`Record::keys`] of records that get new ones later in this unit, so that they can exchange them. Whether that
    /// can be done; where it cannot, such records are duplicates.
    fn vacate(_unit: &mut dyn UnitOfWork, _ids: &[Self::Id]) -> Result<bool> {
        Ok(false)
    }
    /// What is to be judged beyond references and keys before a record gets new fields; it sees what the unit wrote so far.
    ///
    /// # Errors
    /// What speaks against it.
    fn judge(&self, _unit: &mut dyn UnitOfWork, _parsed: &Self::Parsed) -> Result<()> {
        Ok(())
    }
    /// Whether it may be deleted.
    ///
    /// # Errors
    /// [`Error::State`] when it may not.
    fn judge_removal(&self, _unit: &mut dyn UnitOfWork) -> Result<()> {
        Ok(())
    }
    /// Keeps new records, which were checked before, and their changes.
    fn create_many(unit: &mut dyn UnitOfWork, new: Vec<Self::Parsed>) -> Result<Vec<Self>>;
    /// Gives a record, just read in this unit, new fields, which were checked before; `None` when nothing differs.
    fn revise(unit: &mut dyn UnitOfWork, before: &Self, parsed: Self::Parsed) -> Result<Option<Self>>;
    /// Deletes live records, just read in this unit, and does what goes along with it.
    fn remove_many(unit: &mut dyn UnitOfWork, records: Vec<Self>) -> Result<()>;
    /// The deleted record with this id.
    fn lookup_deleted(unit: &mut dyn UnitOfWork, id: Self::Id) -> Result<Option<Self>>;
    /// Makes a deleted record live again, as the repository's `restore` does.
    fn revive(&self, unit: &mut dyn UnitOfWork) -> Result<()>;
    /// Restores what was deleted along with the record; `changes` are those of that unit.
    fn restore_companions(&self, _unit: &mut dyn UnitOfWork, _changes: &[super::change::Change]) -> Result<()> {
        Ok(())
    }
    /// The ids of the records of its noun above it, nearest first; none where the noun has no hierarchy.
    fn ancestors(&self, _unit: &mut dyn UnitOfWork) -> Result<Vec<i64>> {
        Ok(Vec::new())
    }
}

/// The record's id as its own type.
pub fn id_of<R: Record>(record: &R) -> R::Id {
    R::Id::from_i64(record.id())
}

/// Says which value of a record's fields, new to it, another live record has.
///
/// # Errors
/// [`Error::Duplicate`].
pub(crate) fn check_keys<R: Record>(unit: &mut dyn UnitOfWork, before: Option<&R>, fields: &R::Fields) -> Result<()> {
    let had = before.map_or_else(Vec::new, |record| R::keys(record.fields()));
    for key in R::keys(fields).into_iter().filter(|key| !had.contains(key)) {
        if !R::holders(unit, key.field, &[key.text])?.is_empty() {
            return Err(Error::Duplicate {
                noun: R::Id::NOUN,
                field: key.field,
            });
        }
    }
    Ok(())
}
