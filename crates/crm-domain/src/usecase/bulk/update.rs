//! Writing the updates of a bulk in an order in which each finds the values free that others give up.
//!
//! One that wants a value of another that is yet to give it up waits for it. What is left then wait for each other in a circle: they
//! give up their values together before any of them gets its new ones.

use std::collections::{HashMap, HashSet};

use super::{
    Outcomes, alone,
    held::{Custom, Held},
};
use crate::{
    error::{Error, Result},
    id::RecordId,
    tenant::{
        UnitOfWork,
        custom_field::CustomValues,
        record::{Key, Record, id_of},
    },
};

/// One record's update.
pub(super) struct Update<R: Record> {
    /// Its place in the bulk.
    pub(super) index: usize,
    pub(super) record: R,
    pub(super) parsed: R::Parsed,
    pub(super) values: CustomValues,
}

impl<R: Record> Update<R> {
    /// The unique values that are new to the record.
    fn wanted(&self) -> Vec<Key> {
        let had = R::keys(self.record.fields());
        let keys = R::keys(R::fields_of(&self.parsed)).into_iter();
        keys.filter(|key| !had.contains(key)).collect()
    }

    /// Those that it gives up.
    fn given_up(&self) -> Vec<Key> {
        let keys = R::keys(R::fields_of(&self.parsed));
        let had = R::keys(self.record.fields()).into_iter();
        had.filter(|key| !keys.contains(key)).collect()
    }
}

/// The updates of a bulk.
pub(super) struct Updates<R: Record> {
    held: Held<R>,
    custom: Custom,
    waiting: Vec<Update<R>>,
    /// Who is yet to give up which value.
    giving: HashMap<Key, i64>,
    outcomes: Vec<Option<Result<R>>>,
    written: Vec<(i64, CustomValues)>,
}

/// What came of them.
pub(super) struct Written<R: Record> {
    pub(super) outcomes: Outcomes<R>,
    pub(super) custom: Custom,
    /// The values of custom fields that are to be written, by record.
    pub(super) values: Vec<(i64, CustomValues)>,
}

impl<R: Record> Updates<R> {
    pub(super) fn new(held: Held<R>, custom: Custom, count: usize) -> Self {
        Self {
            held,
            custom,
            waiting: Vec::with_capacity(count),
            giving: HashMap::new(),
            outcomes: std::iter::repeat_with(|| None).take(count).collect(),
            written: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, update: Update<R>) {
        let id = update.record.id();
        self.giving.extend(update.given_up().into_iter().map(|key| (key, id)));
        self.waiting.push(update);
    }

    pub(super) fn fail(&mut self, index: usize, error: Error) {
        self.settle(index, Err(error));
    }

    /// Writes them all; what is wrong with one is its outcome.
    pub(super) fn write(mut self, unit: &mut dyn UnitOfWork) -> Result<Written<R>> {
        loop {
            let before = self.waiting.len();
            for update in std::mem::take(&mut self.waiting) {
                if self.must_wait(&update) {
                    self.waiting.push(update);
                } else {
                    self.write_one(unit, update)?;
                }
            }
            if self.waiting.is_empty() {
                break;
            }
            if self.waiting.len() == before {
                self.exchange(unit)?;
                break;
            }
        }
        let missing = || Err(Error::Internal("an update without an outcome".to_owned()));
        Ok(Written {
            outcomes: self.outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(missing)).collect(),
            custom: self.custom,
            values: self.written,
        })
    }

    fn settle(&mut self, index: usize, outcome: Result<R>) {
        if let Some(place) = self.outcomes.get_mut(index) {
            *place = Some(outcome);
        }
    }

    /// Whether all that speaks against an update is what others are yet to give up.
    fn must_wait(&self, update: &Update<R>) -> bool {
        let own = update.record.id();
        let wanted = update.wanted();
        let is_held = |key: &&Key| self.held.is_taken(key, |id| id == own);
        let is_given = |key: &Key| {
            self.giving
                .get(key)
                .is_some_and(|giver| !self.held.is_taken(key, |id| id == own || id == *giver))
        };
        wanted.iter().any(|key| is_held(&key)) && wanted.iter().filter(is_held).all(is_given)
    }

    fn write_one(&mut self, unit: &mut dyn UnitOfWork, update: Update<R>) -> Result<()> {
        self.giving.retain(|_, giver| *giver != update.record.id());
        let Update {
            index,
            record,
            parsed,
            values,
        } = update;
        let held = &mut self.held;
        let outcome = match alone(record.judge(unit, &parsed))? {
            Err(error) => Err(error),
            Ok(()) => self
                .custom
                .take(Some(record.id()), &values, || held.take(R::fields_of(&parsed), Some(&record))),
        };
        let outcome = match outcome {
            Err(error) => Err(error),
            Ok(()) => {
                self.written.push((record.id(), values));
                Ok(R::revise(unit, &record, parsed)?.unwrap_or(record))
            }
        };
        self.settle(index, outcome);
        Ok(())
    }

    /// Writes those that wait for each other: all that can get what they want when all of them give up what they have.
    fn exchange(&mut self, unit: &mut dyn UnitOfWork) -> Result<()> {
        let mut updates = std::mem::take(&mut self.waiting);
        loop {
            let failed = self.failed(unit, &updates)?;
            if failed.is_empty() {
                break;
            }
            let mut failed: HashMap<usize, Error> = failed.into_iter().collect();
            let (lost, rest): (Vec<_>, Vec<_>) = updates.into_iter().partition(|update| failed.contains_key(&update.index));
            updates = rest;
            for update in lost {
                if let Some(error) = failed.remove(&update.index) {
                    self.fail(update.index, error);
                }
            }
        }
        let ids: Vec<R::Id> = updates.iter().map(|update| id_of(&update.record)).collect();
        if !ids.is_empty() && !R::vacate(unit, &ids)? {
            for update in updates {
                let wanted = update.wanted().into_iter().next();
                let field = wanted.map_or("id", |key| key.field);
                self.fail(update.index, duplicate::<R>(field));
            }
            return Ok(());
        }
        updates.iter().for_each(|update| self.held.give_up(&update.record));
        for update in updates {
            let index = update.index;
            self.write_one(unit, update)?;
            // Its values are vacated: it cannot be left as it was.
            if let Some(Some(Err(_))) = self.outcomes.get(index) {
                return Err(Error::Conflict(
                    "records that exchange values cannot be updated together".to_owned(),
                ));
            }
        }
        Ok(())
    }

    /// Those that cannot be updated even when all of these give up what they have.
    fn failed(&self, unit: &mut dyn UnitOfWork, updates: &[Update<R>]) -> Result<Vec<(usize, Error)>> {
        let ids: HashSet<i64> = updates.iter().map(|update| update.record.id()).collect();
        let (mut claimed, mut failed) = (HashSet::new(), Vec::new());
        for update in updates {
            let judged = alone(update.record.judge(unit, &update.parsed))?;
            if let Err(error) = judged.and_then(|()| self.custom.check(Some(update.record.id()), &update.values)) {
                failed.push((update.index, error));
                continue;
            }
            let keys = R::keys(R::fields_of(&update.parsed));
            let taken = keys
                .iter()
                .find(|key| claimed.contains(*key) || self.held.is_taken(key, |id| ids.contains(&id)));
            match taken {
                Some(key) => failed.push((update.index, duplicate::<R>(key.field))),
                None => claimed.extend(keys),
            }
        }
        Ok(failed)
    }
}

fn duplicate<R: Record>(field: &'static str) -> Error {
    Error::Duplicate { noun: R::Id::NOUN, field }
}
