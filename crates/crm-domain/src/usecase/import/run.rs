//! The course of an import: takes slices from the feed, has them written, and keeps count.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
    sync::{Arc, mpsc},
    thread,
};

use crate::{
    error::{Error, Result},
    id::UserId,
    table::TableReader,
    tenant::UnitOfWork,
};

use super::{
    ImportTarget,
    columns::Columns,
    company::{accounts_named, create_accounts, imagine_accounts, missing_accounts, names_suffice},
    feed::{AHEAD, Feed, Slice},
    noun::{Noun, Records, Row},
    options::ImportOptions,
    owner::Owners,
    parent::Parents,
    report::{ImportError, Observer, Summary},
    slice::{Fate, Outcome, Plan, distinct, hash},
};

/// Single rows in a row that may fail for no reason of their own, until the database counts as broken.
const MAX_DEFECTS: u32 = 20;

/// Imports the rows of a table as records of `N`.
pub(super) fn run<N: Noun>(
    target: &ImportTarget,
    reader: TableReader,
    columns: Arc<Columns>,
    options: &ImportOptions,
    observer: &mut dyn Observer,
) -> Result<Summary, ImportError> {
    let owners = Owners::load(target, options.default_owner.as_deref(), options.dry_run)?;
    let owner = owners.default;
    let noun = Arc::new(N::new(&*target.store, columns.clone(), owner)?);
    let feed = Feed {
        reader,
        noun,
        owners,
        store: &*target.store,
        slice_rows: options.slice_rows.max(1),
        twins: HashMap::new(),
    };
    let mut run = Run::new(target, options, columns, owner, observer);
    thread::scope(|scope| {
        let (sender, slices) = mpsc::sync_channel(AHEAD);
        scope.spawn(move || feed.run(&sender));
        // On an error `slices` is dropped, which ends the feed.
        slices.iter().try_for_each(|slice| run.take(slice?))
    })?;
    run.finish()
}

/// An import on its way.
pub(super) struct Run<'a> {
    pub(super) target: &'a ImportTarget,
    pub(super) options: &'a ImportOptions,
    pub(super) columns: Arc<Columns>,
    owner: UserId,
    pub(super) observer: &'a mut dyn Observer,
    pub(super) summary: Summary,
    pub(super) parents: Parents,
    /// What a dry run would have made: hashes of keys.
    pub(super) imagined: HashSet<u64>,
    /// Hashes of the external ids in the file, and of the first row of each.
    identified: HashMap<u64, u64>,
    defects: u32,
}

impl<'a> Run<'a> {
    fn new(
        target: &'a ImportTarget,
        options: &'a ImportOptions,
        columns: Arc<Columns>,
        owner: UserId,
        observer: &'a mut dyn Observer,
    ) -> Self {
        Self {
            target,
            options,
            columns,
            owner,
            observer,
            summary: Summary::default(),
            parents: Parents::default(),
            imagined: HashSet::new(),
            identified: HashMap::new(),
            defects: 0,
        }
    }

    fn take<N: Noun>(&mut self, slice: Slice<N>) -> Result<(), ImportError> {
        self.summary.read += slice.read;
        self.summary.owners_created += slice.owners_created;
        let mut failures = slice.failures;
        let outcomes = self.outcomes(&slice.noun, &slice.rows, slice.parsed)?;
        for (row, outcome) in slice.rows.iter().zip(outcomes) {
            if let Fate::Failed(error) = &outcome.fate {
                failures.push(self.columns.failure(row.line, row.cells.clone(), error));
            } else {
                self.count::<N>(row, outcome);
            }
        }
        failures.sort_by_key(|failure| failure.line);
        self.summary.failed += failures.len() as u64;
        for failure in &failures {
            self.observer.failed(failure)?;
        }
        Ok(self.observer.progressed(&self.summary)?)
    }

    fn count<N: Noun>(&mut self, row: &Row, outcome: Outcome) {
        if let Some(id) = self.columns.text(&row.cells, "external_id") {
            let cells = hash(&row.cells);
            let first = *self.identified.entry(hash(&id)).or_insert(cells);
            self.summary.repeated_ids += u64::from(first != cells);
        }
        let again = self.options.dry_run && self.seen_before(&outcome);
        match outcome.fate {
            Fate::Created if !again => self.summary.created += 1,
            Fate::Created | Fate::Updated => self.summary.updated += 1,
            Fate::Unchanged => self.summary.unchanged += 1,
            Fate::Failed(_) => {}
        }
        if let Some(stage) = outcome.stage {
            *self.summary.stages.entry(stage).or_default() += 1;
        }
        if N::HAS_PARENT {
            self.note_parent(row, outcome.id, outcome.keys);
        }
    }

    /// Whether an earlier row of a dry run would have made the record; remembers it.
    fn seen_before(&mut self, outcome: &Outcome) -> bool {
        let [external, natural] = outcome.keys;
        let decisive = external.or(natural);
        let mut told = decisive.iter().chain(&outcome.also);
        let seen = told.any(|key| self.imagined.contains(key));
        self.imagined.extend(outcome.keys.iter().flatten().chain(&outcome.also));
        seen
    }

    fn outcomes<N: Noun>(&mut self, noun: &Arc<N>, rows: &Arc<Vec<Row>>, parsed: Vec<N::Parsed>) -> Result<Vec<Outcome>> {
        if self.options.dry_run {
            return self.imagine(noun, rows, parsed);
        }
        self.write(noun, rows, 0..rows.len(), parsed)
    }

    fn imagine<N: Noun>(&mut self, noun: &Arc<N>, rows: &[Row], parsed: Vec<N::Parsed>) -> Result<Vec<Outcome>> {
        let create = self.options.create_accounts && N::NEEDS_ACCOUNT;
        let (outcomes, made) = self.target.store.reading(|reader| {
            let mut records = Records::Reader(reader);
            let mut accounts = accounts_named(&mut records, &**noun, rows)?;
            let mut made = Vec::new();
            if create && names_suffice(&mut records)? {
                let missing = missing_accounts(&**noun, rows, &accounts);
                made.extend(missing.iter().map(|(name, _)| hash(&("account", name.to_lowercase()))));
                imagine_accounts(&missing, &mut accounts);
            }
            Ok((Plan::make(&mut records, &**noun, rows, parsed, &accounts)?.imagine(), made))
        })?;
        self.summary.accounts_created += made.into_iter().filter(|key| self.imagined.insert(*key)).count() as u64;
        let stages = imagined_stages(&**noun, outcomes.iter());
        let stages = stages.iter().map(|stage| hash(&("stage", stage.to_lowercase())));
        self.summary.stages_created += stages.filter(|key| self.imagined.insert(*key)).count() as u64;
        Ok(outcomes)
    }

    /// Writes the rows in one unit or, when one of them spoils it, in halves: a bad row costs only itself.
    fn write<N: Noun>(&mut self, noun: &Arc<N>, rows: &Arc<Vec<Row>>, range: Range<usize>, parsed: Vec<N::Parsed>) -> Result<Vec<Outcome>> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        match self.write_once(noun, rows, range.clone(), parsed) {
            Ok(written) => {
                self.defects = 0;
                self.summary.accounts_created += written.accounts;
                self.summary.stages_created += written.stages;
                Ok(written.outcomes)
            }
            Err(error) if !is_of_a_row(&error) => Err(error),
            Err(error) if range.len() == 1 => self.note_defect(error).map(|error| vec![Outcome::failed(error)]),
            Err(_) => {
                let middle = range.start + range.len() / 2;
                let mut outcomes = self.write_again(noun, rows, range.start..middle)?;
                outcomes.extend(self.write_again(noun, rows, middle..range.end)?);
                Ok(outcomes)
            }
        }
    }

    /// Parsed rows go with the unit that failed: they are parsed anew.
    fn write_again<N: Noun>(&mut self, noun: &Arc<N>, rows: &Arc<Vec<Row>>, range: Range<usize>) -> Result<Vec<Outcome>> {
        let parsed = rows[range.clone()]
            .iter()
            .map(|row| noun.parse(&row.cells))
            .collect::<Result<_>>()?;
        self.write(noun, rows, range, parsed)
    }

    fn write_once<N: Noun>(&self, noun: &Arc<N>, rows: &Arc<Vec<Row>>, range: Range<usize>, parsed: Vec<N::Parsed>) -> Result<Written> {
        let (noun, rows, owner) = (noun.clone(), rows.clone(), self.owner);
        let create = self.options.create_accounts && N::NEEDS_ACCOUNT;
        self.target.store.writing(self.target.origin.clone(), move |unit| {
            write_slice(unit, &*noun, &rows[range], parsed, create.then_some(owner))
        })
    }

    /// Lets a few rows fail for a defect of the database, not all of them.
    pub(super) fn note_defect(&mut self, error: Error) -> Result<Error> {
        if !matches!(error, Error::Internal(_)) {
            self.defects = 0;
            return Ok(error);
        }
        self.defects += 1;
        if self.defects > MAX_DEFECTS { Err(error) } else { Ok(error) }
    }

    fn finish(mut self) -> Result<Summary, ImportError> {
        self.resolve_parents()?;
        Ok(self.summary)
    }
}

/// Whether a unit failed for one of its rows, so that the others may go on without it.
pub(super) fn is_of_a_row(error: &Error) -> bool {
    match error {
        Error::NotFound { .. }
        | Error::Duplicate { .. }
        | Error::Invalid(_)
        | Error::State { .. }
        | Error::Conflict(_)
        | Error::Internal(_) => true,
        Error::Forbidden(_) | Error::IdempotencyMismatch | Error::Unavailable { .. } => false,
    }
}

/// What one unit of work came to.
struct Written {
    outcomes: Vec<Outcome>,
    /// Accounts made.
    accounts: u64,
    /// Stages made.
    stages: u64,
}

/// The imagined stages of rows that do not fail, in the order of the rows.
fn imagined_stages<'a, N: Noun>(noun: &N, outcomes: impl Iterator<Item = &'a Outcome>) -> Vec<String> {
    let stages = outcomes.filter_map(|outcome| outcome.stage.as_deref());
    distinct(stages.filter(|stage| noun.is_imagined(stage)).map(str::to_owned))
}

/// One unit of work. `create_for` is the owner of accounts that rows name in vain and that are to be made.
fn write_slice<N: Noun>(
    unit: &mut dyn UnitOfWork,
    noun: &N,
    rows: &[Row],
    parsed: Vec<N::Parsed>,
    create_for: Option<UserId>,
) -> Result<Written> {
    let parse = |noun: &N| rows.iter().map(|row| noun.parse(&row.cells)).collect::<Result<Vec<_>>>();
    let refreshed = noun.refreshed(unit)?;
    let (noun, parsed) = match &refreshed {
        Some(noun) => (noun, parse(noun)?),
        None => (noun, parsed),
    };
    let mut accounts = accounts_named(&mut Records::Unit(unit), noun, rows)?;
    let mut made = 0;
    if let Some(owner) = create_for
        && names_suffice(&mut Records::Unit(unit))?
    {
        let missing = missing_accounts(noun, rows, &accounts);
        made = create_accounts(unit, &missing, owner, &mut accounts)?;
    }
    let mut plan = Plan::make(&mut Records::Unit(unit), noun, rows, parsed, &accounts)?;
    let mut stages = 0;
    // Only now is it known which rows do not fail: theirs are the stages to make. With these the rows are planned again.
    let wanted = imagined_stages(noun, plan.outcomes());
    if !wanted.is_empty()
        && let Some((noun, made)) = noun.with_stages(unit, &wanted)?
    {
        stages = made;
        plan = Plan::make(&mut Records::Unit(unit), &noun, rows, parse(&noun)?, &accounts)?;
    }
    Ok(Written {
        outcomes: plan.write(unit)?,
        accounts: made,
        stages,
    })
}
