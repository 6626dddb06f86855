//! Who has which unique value, while a bulk is written.

use std::{collections::HashMap, marker::PhantomData};

use crate::{
    error::{Error, Result},
    field::Check,
    id::RecordId,
    tenant::{
        UnitOfWork,
        custom_field::{CustomValues, Definitions, Holders},
        record::{Key, Record},
    },
};

/// The custom fields of a noun, and who has which of their unique values, while a bulk is written.
pub(super) struct Custom {
    pub(super) definitions: Definitions,
    holders: Holders,
}

impl Custom {
    pub(super) fn in_unit<R: Record>(unit: &mut dyn UnitOfWork) -> Result<Self> {
        Ok(Self {
            definitions: Definitions::in_unit(unit, R::KIND)?,
            holders: Holders::default(),
        })
    }

    pub(super) fn read_holders(&mut self, unit: &mut dyn UnitOfWork, wanted: &[CustomValues]) -> Result<()> {
        self.holders = Holders::read(unit, &self.definitions, wanted)?;
        Ok(())
    }

    /// Whether a record can have its unique values.
    pub(super) fn check(&self, own: Option<i64>, values: &CustomValues) -> Result<()> {
        let mut check = Check::new();
        self.holders.check(own, &self.definitions, values, &mut check);
        check.finish()
    }

    /// Gives a record its unique values, when it gets the rest as well.
    pub(super) fn take(&mut self, own: Option<i64>, values: &CustomValues, rest: impl FnOnce() -> Result<()>) -> Result<()> {
        self.check(own, values)?;
        rest()?;
        self.holders.take(own, &self.definitions, values);
        Ok(())
    }
}

/// Who has which unique value, while a bulk is written.
pub(super) struct Held<R> {
    /// Values that an import brought twice have several holders.
    by_key: HashMap<Key, Vec<Option<i64>>>,
    noun: PhantomData<R>,
}

impl<R: Record> Held<R> {
    /// Looks up who has the values that are wanted.
    pub(super) fn read<'a>(unit: &mut dyn UnitOfWork, wanted: impl Iterator<Item = &'a R::Parsed>) -> Result<Self>
    where
        R::Parsed: 'a,
    {
        let mut texts: HashMap<&'static str, Vec<String>> = HashMap::new();
        for key in wanted.flat_map(|parsed| R::keys(R::fields_of(parsed))) {
            texts.entry(key.field).or_default().push(key.text);
        }
        let mut by_key: HashMap<Key, Vec<Option<i64>>> = HashMap::new();
        for (field, texts) in texts {
            for holder in R::holders(unit, field, &texts)? {
                let keys = R::keys(holder.fields()).into_iter().filter(|key| key.field == field);
                keys.for_each(|key| by_key.entry(key).or_default().push(Some(holder.id())));
            }
        }
        Ok(Self { by_key, noun: PhantomData })
    }

    /// Gives a record its values; one that it had and has no more is free again.
    pub(super) fn take(&mut self, fields: &R::Fields, before: Option<&R>) -> Result<()> {
        let own = before.map(R::id);
        let had = before.map_or_else(Vec::new, |record| R::keys(record.fields()));
        let keys = R::keys(fields);
        // Two new records of a bulk have no id yet, and are not the same.
        let is_others = |holder: &Option<i64>| holder.is_none() || *holder != own;
        let taken = |key: &&Key| !had.contains(key) && self.by_key.get(key).is_some_and(|holders| holders.iter().any(is_others));
        if let Some(key) = keys.iter().find(taken) {
            return Err(Error::Duplicate {
                noun: R::Id::NOUN,
                field: key.field,
            });
        }
        for key in had {
            if let Some(holders) = self.by_key.get_mut(&key) {
                holders.retain(|holder| *holder != own);
            }
        }
        keys.into_iter().for_each(|key| self.by_key.entry(key).or_default().push(own));
        Ok(())
    }

    /// Whether a value that is new to the record is another's than of those whom `is_giving` tells to give it up.
    pub(super) fn is_taken(&self, key: &Key, is_giving: impl Fn(i64) -> bool) -> bool {
        let is_others = |holder: &Option<i64>| holder.is_none_or(|id| !is_giving(id));
        self.by_key.get(key).is_some_and(|holders| holders.iter().any(is_others))
    }

    /// Frees what a record had.
    pub(super) fn give_up(&mut self, record: &R) {
        for key in R::keys(record.fields()) {
            if let Some(holders) = self.by_key.get_mut(&key) {
                holders.retain(|holder| *holder != Some(record.id()));
            }
        }
    }
}
