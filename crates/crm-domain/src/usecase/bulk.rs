//! Writing many records of a noun in one unit of work, so under one stamp. A record that cannot be written fails alone, and what it needs
//! to be judged by is looked up for all at once: references once for each kind, unique values once for each field (contract C-50, C-51,
//!

use std::collections::{HashMap, HashSet};

use crate::{
    error::{Error, Problem, Result},
    field::Check,
    id::{RecordId, UserId},
    tenant::{
        UnitOfWork,
        change::Entity,
        custom_field::{self, CustomDraft, CustomValues, Definitions, Holders},
        link::{self, Reference},
        record::{Key, Record},
    },
};

/// Most records of one bulk (contract X-94).
pub const BULK_MAX: usize = 500;

/// What a caller says of one record.
pub struct Drafted<R: Record> {
    /// Its own fields.
    pub draft: R::Draft,
    /// Its custom fields.
    pub custom: CustomDraft,
    /// What is known to be wrong with it.
    pub check: Check,
}

impl<R: Record> Drafted<R> {
    /// A record of which nothing is said but of its own fields.
    pub fn new(draft: R::Draft, check: Check) -> Self {
        Self {
            draft,
            custom: CustomDraft::default(),
            check,
        }
    }
}

/// What became of each record, in the order given.
pub type Outcomes<T> = Vec<Result<T>>;

/// Creates records; ids ascend in the order given.
///
/// # Errors
/// What stops the whole bulk; what is wrong with one record is its outcome.
pub fn create<R: Record>(unit: &mut dyn UnitOfWork, drafts: Vec<Drafted<R>>, owner: UserId) -> Result<Outcomes<R>> {
    let context = R::context(unit, owner)?;
    let mut custom = Custom::in_unit::<R>(unit)?;
    let (mut parsed, mut values) = (Vec::with_capacity(drafts.len()), Vec::with_capacity(drafts.len()));
    let mut named = Vec::with_capacity(drafts.len());
    for Drafted {
        draft,
        custom: given,
        mut check,
    } in drafts
    {
        named.push(R::named(&draft));
        values.push(custom.definitions.parse_new(given, &mut check));
        parsed.push(R::parse(draft, &context, check));
    }
    check_references::<R>(unit, &mut parsed, &named, |_| None)?;
    let mut held = Held::<R>::read(unit, parsed.iter().flatten())?;
    custom.read_holders(unit, &values)?;
    for (outcome, values) in parsed.iter_mut().zip(&values) {
        judge(outcome, |parsed| {
            custom.take(None, values, || held.take(R::fields_of(parsed), None))
        });
    }
    let (mut new, mut of_new, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    for (outcome, values) in parsed.into_iter().zip(values) {
        match outcome {
            Ok(parsed) => {
                new.push(parsed);
                of_new.push(values);
                failed.push(None);
            }
            Err(error) => failed.push(Some(error)),
        }
    }
    let added = R::create_many(unit, new)?;
    let values = added.iter().map(Entity::id).zip(of_new).collect();
    custom_field::write_new(unit, &custom.definitions, values)?;
    let mut added = added.into_iter();
    let missing = || Error::Internal("an added record is missing".to_owned());
    let outcome = |failed: Option<Error>| failed.map_or_else(|| added.next().ok_or_else(missing), Err);
    Ok(failed.into_iter().map(outcome).collect())
}

/// Updates records, one after another: a value that one of them gives up may be the next one's.
///
/// # Errors
/// What stops the whole bulk; what is wrong with one record is its outcome.
pub fn update<R: Record>(unit: &mut dyn UnitOfWork, drafts: Vec<Result<(R::Id, Drafted<R>)>>, owner: UserId) -> Result<Outcomes<R>> {
    let context = R::context(unit, owner)?;
    let ids: Vec<R::Id> = drafts.iter().flatten().map(|(id, _)| *id).collect();
    let mut records = by_id::<R>(unit, &ids)?;
    let mut seen = HashSet::new();
    let mut custom = Custom::in_unit::<R>(unit)?;
    let (mut before, mut named) = (Vec::with_capacity(drafts.len()), Vec::with_capacity(drafts.len()));
    let (mut parsed, mut values) = (Vec::with_capacity(drafts.len()), Vec::with_capacity(drafts.len()));
    for draft in drafts {
        let found = draft.and_then(|(id, drafted)| once(&mut seen, id).map(|()| (id, drafted)));
        let found = found.and_then(|(id, drafted)| Ok((known(&mut records, id)?, drafted)));
        named.push(found.as_ref().map_or_else(|_| Vec::new(), |(_, drafted)| R::named(&drafted.draft)));
        let (record, of_record, outcome) = match found {
            Ok((
                record,
                Drafted {
                    draft,
                    custom: given,
                    mut check,
                },
            )) => {
                let values = custom.definitions.parse_changes(given, &mut check);
                let outcome = record.updated(draft, &context, check);
                (Some(record), values, outcome)
            }
            Err(error) => (None, CustomValues::default(), Err(error)),
        };
        before.push(record);
        values.push(of_record);
        parsed.push(outcome);
    }
    check_references::<R>(unit, &mut parsed, &named, |index| before[index].as_ref())?;
    let mut held = Held::<R>::read(unit, parsed.iter().flatten())?;
    custom.read_holders(unit, &values)?;
    let (mut outcomes, mut written) = (Vec::with_capacity(parsed.len()), Vec::new());
    for ((record, outcome), values) in before.into_iter().zip(parsed).zip(values) {
        outcomes.push(match (record, outcome) {
            (Some(record), Ok(parsed)) => {
                if let Err(error) = alone(record.judge(unit, &parsed))? {
                    Err(error)
                } else if let Err(error) = custom.take(Some(record.id()), &values, || held.take(R::fields_of(&parsed), Some(&record))) {
                    Err(error)
                } else {
                    written.push((record.id(), values));
                    Ok(R::revise(unit, &record, parsed)?.unwrap_or(record))
                }
            }
            (_, Err(error)) => Err(error),
            (None, Ok(_)) => Err(Error::Internal("an update without its record".to_owned())),
        });
    }
    let touched = custom_field::write(unit, &custom.definitions, written)?;
    refresh(unit, &mut outcomes, &touched)?;
    Ok(outcomes)
}

/// Reads the records again whose custom fields changed: they have another stamp now.
fn refresh<R: Record>(unit: &mut dyn UnitOfWork, outcomes: &mut Outcomes<R>, touched: &[i64]) -> Result<()> {
    if touched.is_empty() {
        return Ok(());
    }
    let ids: Vec<R::Id> = touched.iter().copied().map(R::Id::from_i64).collect();
    let mut fresh = by_id::<R>(unit, &ids)?;
    for record in outcomes.iter_mut().flatten() {
        if let Some(now) = fresh.remove(&record.id()) {
            *record = now;
        }
    }
    Ok(())
}

/// Deletes records, each with what goes along with it.
///
/// # Errors
/// What stops the whole bulk; what is wrong with one record is its outcome.
pub fn remove<R: Record>(unit: &mut dyn UnitOfWork, ids: Vec<Result<R::Id>>) -> Result<Outcomes<()>> {
    let named: Vec<R::Id> = ids.iter().flatten().copied().collect();
    let mut records = by_id::<R>(unit, &named)?;
    let (mut seen, mut found) = (HashSet::new(), Vec::new());
    let mut outcomes = Vec::with_capacity(ids.len());
    for id in ids {
        let record = id.and_then(|id| once(&mut seen, id).and_then(|()| known(&mut records, id)));
        outcomes.push(match record {
            Ok(record) => alone(record.judge_removal(unit))?.map(|()| found.push(record)),
            Err(error) => Err(error),
        });
    }
    R::remove_many(unit, found)?;
    Ok(outcomes)
}

fn by_id<R: Record>(unit: &mut dyn UnitOfWork, ids: &[R::Id]) -> Result<HashMap<i64, R>> {
    let records = R::lookup_many(unit, ids)?;
    Ok(records.into_iter().map(|record| (record.id(), record)).collect())
}

fn known<R: Record>(records: &mut HashMap<i64, R>, id: R::Id) -> Result<R> {
    records.remove(&id.get()).ok_or_else(|| Error::not_found(R::Id::NOUN, id))
}

fn once<I: RecordId>(seen: &mut HashSet<I>, id: I) -> Result<()> {
    if seen.insert(id) {
        return Ok(());
    }
    Err(Error::invalid("id", Problem::Rule("must stand in a bulk once only".to_owned())))
}

/// What is one record's own failure, apart from what stops the whole bulk.
fn alone<T>(result: Result<T>) -> Result<Result<T>> {
    match result {
        Err(error @ (Error::NotFound { .. } | Error::Duplicate { .. } | Error::Invalid(_) | Error::State { .. } | Error::Conflict(_))) => {
            Ok(Err(error))
        }
        Err(error @ (Error::Forbidden(_) | Error::IdempotencyMismatch | Error::Unavailable { .. } | Error::Internal(_))) => Err(error),
        Ok(value) => Ok(Ok(value)),
    }
}

fn judge<T>(outcome: &mut Result<T>, judge: impl FnOnce(&T) -> Result<()>) {
    if let Ok(parsed) = outcome
        && let Err(error) = judge(parsed)
    {
        *outcome = Err(error);
    }
}

/// Fails the records whose new references name nothing; those that fail anyway are told what of theirs names nothing.
fn check_references<'a, R: Record>(
    unit: &mut dyn UnitOfWork,
    parsed: &mut Outcomes<R::Parsed>,
    named: &[Vec<Reference>],
    before: impl Fn(usize) -> Option<&'a R>,
) -> Result<()> {
    let new_of = |(index, outcome): (usize, &Result<R::Parsed>)| {
        let stays = before(index).map_or_else(Vec::new, |record| R::references(record.fields()));
        let after = match outcome {
            Ok(parsed) => R::references(R::fields_of(parsed)),
            Err(_) => named.get(index).cloned().unwrap_or_default(),
        };
        after.into_iter().filter(|reference| !stays.contains(reference)).collect::<Vec<_>>()
    };
    let new: Vec<_> = parsed.iter().enumerate().map(new_of).collect();
    let dead = link::dead(unit, new.iter().flatten().copied())?;
    for (outcome, new) in parsed.iter_mut().zip(new) {
        match outcome {
            Ok(_) => judge(outcome, |_| link::refuse(&new, &dead)),
            Err(error) => link::add_dead(error, &new, &dead),
        }
    }
    Ok(())
}

/// The custom fields of a noun, and who has which of their unique values, while a bulk is written.
struct Custom {
    definitions: Definitions,
    holders: Holders,
}

impl Custom {
    fn in_unit<R: Record>(unit: &mut dyn UnitOfWork) -> Result<Self> {
        Ok(Self {
            definitions: Definitions::in_unit(unit, R::KIND)?,
            holders: Holders::default(),
        })
    }

    fn read_holders(&mut self, unit: &mut dyn UnitOfWork, wanted: &[CustomValues]) -> Result<()> {
        self.holders = Holders::read(unit, &self.definitions, wanted)?;
        Ok(())
    }

    /// Gives a record its unique values, when it gets the rest as well.
    fn take(&mut self, own: Option<i64>, values: &CustomValues, rest: impl FnOnce() -> Result<()>) -> Result<()> {
        let mut check = Check::new();
        self.holders.check(own, &self.definitions, values, &mut check);
        check.finish()?;
        rest()?;
        self.holders.take(own, &self.definitions, values);
        Ok(())
    }
}

/// Who has which unique value, while a bulk is written.
struct Held<R> {
    /// Values that an import brought twice have several holders.
    by_key: HashMap<Key, Vec<Option<i64>>>,
    noun: std::marker::PhantomData<R>,
}

impl<R: Record> Held<R> {
    /// Looks up who has the values that are wanted.
    fn read<'a>(unit: &mut dyn UnitOfWork, wanted: impl Iterator<Item = &'a R::Parsed>) -> Result<Self>
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
        Ok(Self {
            by_key,
            noun: std::marker::PhantomData,
        })
    }

    /// Gives a record its values; one that it had and has no more is free again.
    fn take(&mut self, fields: &R::Fields, before: Option<&R>) -> Result<()> {
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
}
