//! Writing many records of a noun in one unit of work, so under one stamp. A record that cannot be written fails alone, and what it needs
//! to be judged by is looked up for all at once: references once for each kind, unique values once for each field (contract C-50, C-51,
//!

mod held;
mod update;

use std::collections::{HashMap, HashSet};

use self::{
    held::{Custom, Held},
    update::{Update, Updates, Written},
};
use crate::{
    error::{Error, Problem, Result},
    field::Check,
    id::{RecordId, UserId},
    tenant::{
        UnitOfWork,
        change::Entity,
        custom_field::{self, CustomDraft, CustomValues},
        link::{self, Reference},
        record::{Record, Settling},
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
    settle::<R>(unit, parsed.iter_mut().map(|outcome| (None, outcome)))?;
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

/// Updates records, one after another: a value that one of them gives up may be another's, also where they exchange theirs.
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
    settle(unit, before.iter().map(Option::as_ref).zip(&mut parsed))?;
    let held = Held::<R>::read(unit, parsed.iter().flatten())?;
    custom.read_holders(unit, &values)?;
    let mut updates = Updates::new(held, custom, parsed.len());
    for (index, ((record, outcome), values)) in before.into_iter().zip(parsed).zip(values).enumerate() {
        match (record, outcome) {
            (Some(record), Ok(parsed)) => updates.add(Update {
                index,
                record,
                parsed,
                values,
            }),
            (_, Err(error)) => updates.fail(index, error),
            (None, Ok(_)) => updates.fail(index, Error::Internal("an update without its record".to_owned())),
        }
    }
    let Written {
        mut outcomes,
        custom,
        values,
    } = updates.write(unit)?;
    let touched = custom_field::write(unit, &custom.definitions, values)?;
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
pub(crate) fn alone<T>(result: Result<T>) -> Result<Result<T>> {
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

/// [`Record::settle`] of the records that do not fail.
fn settle<'a, R: Record>(
    unit: &mut dyn UnitOfWork,
    records: impl Iterator<Item = (Option<&'a R>, &'a mut Result<R::Parsed>)>,
) -> Result<()> {
    let settling = |(before, outcome): (Option<&'a R>, &'a mut Result<R::Parsed>)| {
        let after = outcome.as_mut().ok()?;
        Some(Settling { before, after })
    };
    R::settle(unit, &mut records.filter_map(settling).collect::<Vec<_>>())
}
