//! The course of an import: takes slices from the feed, has them written, and keeps count.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use crate::{
    error::{Error, Result},
    id::UserId,
    table::{Encoding, TableReader},
    tenant::{UnitOfWork, job::is_lost},
};

use super::{
    ImportTarget,
    columns::Columns,
    company::{accounts_named, create_accounts, imagine_accounts, missing_accounts, names_suffice},
    feed::{AHEAD, Feed, Slice},
    journal::{Journal, Part, Resume},
    noun::{Noun, Records, Row},
    options::{Existing, ImportOptions},
    owner::Owners,
    pace::Pace,
    parent::Parents,
    report::{ImportError, Observer, RowFailure, Summary},
    slice::{Fate, Outcome, Plan, distinct, hash, is_there},
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
    resume: Option<Resume>,
) -> Result<Summary, ImportError> {
    let owners = Owners::load(target, options)?;
    let owner = owners.default;
    let noun = Arc::new(N::new(&*target.store, columns.clone(), owner)?);
    let feed = Feed {
        reader,
        noun,
        owners,
        store: &*target.store,
        slice_rows: options.slice_rows.max(1),
        twins: HashMap::new(),
        done: resume.as_ref().map_or(0, |resume| resume.done),
    };
    let mut run = Run::new(target, options, columns, owner, observer);
    run.journal = resume.map(|resume| resume.journal);
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
    pace: Pace,
    journal: Option<Arc<dyn Journal>>,
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
            pace: Pace::new(options.slice_rows),
            journal: None,
        }
    }

    fn take<N: Noun>(&mut self, slice: Slice<N>) -> Result<(), ImportError> {
        self.summary.encoding = slice.encoding;
        self.summary.read += slice.read;
        self.summary.owners_created += slice.owners_created;
        let batch = Arc::new(Batch {
            noun: slice.noun,
            rows: slice.rows,
            failures: slice.failures,
            until: slice.until,
            encoding: slice.encoding,
        });
        let outcomes = self.outcomes(&batch, slice.parsed)?;
        let mut failures = batch.failures.clone();
        for (row, outcome) in batch.rows.iter().zip(outcomes) {
            if let Fate::Failed(error) = &outcome.fate {
                failures.push(self.columns.failure(row.place(), row.cells.clone(), error));
            } else {
                self.count::<N>(row, outcome);
            }
        }
        failures.sort_by_key(|failure| failure.record);
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
        match outcome.fate {
            Fate::Created => self.summary.created += 1,
            Fate::Updated => self.summary.updated += 1,
            Fate::Unchanged => self.summary.unchanged += 1,
            Fate::Skipped => self.summary.skipped += 1,
            Fate::Failed(_) => {}
        }
        if let Some(stage) = outcome.stage {
            *self.summary.stages.entry(stage).or_default() += 1;
        }
        if N::HAS_PARENT {
            self.note_parent(row, outcome.id, outcome.keys);
        }
    }

    /// What becomes of a row in a dry run: of one whose record an earlier row would have made, what the options say.
    fn imagined_fate<N: Noun>(&mut self, outcome: Outcome) -> Outcome {
        let again = self.seen_before(&outcome);
        let fate = match (outcome.fate, self.options.existing) {
            (Fate::Created, Existing::Update) if again => Fate::Updated,
            (Fate::Created, Existing::Skip) if again => Fate::Skipped,
            (Fate::Created, Existing::Refuse) if again => Fate::Failed(is_there::<N>()),
            (fate, _) => fate,
        };
        Outcome { fate, ..outcome }
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

    fn outcomes<N: Noun>(&mut self, batch: &Arc<Batch<N>>, parsed: Vec<N::Parsed>) -> Result<Vec<Outcome>> {
        let all = 0..batch.rows.len();
        if !self.options.dry_run {
            return self.write_paced(batch, parsed);
        }
        let outcomes = self.imagine(&batch.noun, &batch.rows, parsed)?;
        let outcomes: Vec<Outcome> = outcomes.into_iter().map(|outcome| self.imagined_fate::<N>(outcome)).collect();
        self.note(batch, all, &outcomes)?;
        Ok(outcomes)
    }

    fn imagine<N: Noun>(&mut self, noun: &Arc<N>, rows: &[Row], parsed: Vec<N::Parsed>) -> Result<Vec<Outcome>> {
        let create = self.options.create_accounts && N::NEEDS_ACCOUNT;
        let existing = self.options.existing;
        let (outcomes, made) = self.target.store.reading(|reader| {
            let mut records = Records::Reader(reader);
            let mut accounts = accounts_named(&mut records, &**noun, rows, &parsed)?;
            let mut made = Vec::new();
            if create && names_suffice(&mut records)? {
                let missing = missing_accounts(&**noun, rows, &accounts);
                made.extend(missing.iter().map(|(name, _)| hash(&("account", name.to_lowercase()))));
                imagine_accounts(&missing, &mut accounts);
            }
            Ok((
                Plan::make(&mut records, &**noun, rows, parsed, &accounts, existing)?.imagine(),
                made,
            ))
        })?;
        self.summary.accounts_created += made.into_iter().filter(|key| self.imagined.insert(*key)).count() as u64;
        let stages = imagined_stages(&**noun, outcomes.iter());
        let stages = stages.iter().map(|stage| hash(&("stage", stage.to_lowercase())));
        self.summary.stages_created += stages.filter(|key| self.imagined.insert(*key)).count() as u64;
        Ok(outcomes)
    }

    /// Writes the rows in as many units as the pace asks for.
    fn write_paced<N: Noun>(&mut self, batch: &Arc<Batch<N>>, mut parsed: Vec<N::Parsed>) -> Result<Vec<Outcome>> {
        let (end, mut start) = (batch.rows.len(), 0);
        let mut outcomes = Vec::with_capacity(end);
        loop {
            let until = end.min(start + self.pace.rows());
            let rest = parsed.split_off(until - start);
            outcomes.extend(self.write(batch, start..until, parsed)?);
            (start, parsed) = (until, rest);
            if start == end {
                return Ok(outcomes);
            }
        }
    }

    /// Writes the rows in one unit or, when one of them spoils it, in halves: a bad row costs only itself.
    fn write<N: Noun>(&mut self, batch: &Arc<Batch<N>>, range: Range<usize>, parsed: Vec<N::Parsed>) -> Result<Vec<Outcome>> {
        if range.is_empty() {
            self.note(batch, range, &[])?;
            return Ok(Vec::new());
        }
        match self.write_once(batch, range.clone(), parsed) {
            Ok((written, took)) => {
                self.pace.note(range.len(), took);
                self.defects = 0;
                self.summary.accounts_created += written.accounts;
                self.summary.stages_created += written.stages;
                Ok(written.outcomes)
            }
            Err(error) if !is_of_a_row(&error) => Err(error),
            Err(error) if range.len() == 1 => {
                let outcomes = vec![Outcome::failed(self.note_defect(error)?)];
                self.note(batch, range, &outcomes)?;
                Ok(outcomes)
            }
            Err(_) => {
                let middle = range.start + range.len() / 2;
                let mut outcomes = self.write_again(batch, range.start..middle)?;
                outcomes.extend(self.write_again(batch, middle..range.end)?);
                Ok(outcomes)
            }
        }
    }

    /// Parsed rows go with the unit that failed: they are parsed anew.
    fn write_again<N: Noun>(&mut self, batch: &Arc<Batch<N>>, range: Range<usize>) -> Result<Vec<Outcome>> {
        let rows = batch.rows[range.clone()].iter();
        let parsed = rows.map(|row| batch.noun.parse(&row.cells)).collect::<Result<_>>()?;
        self.write(batch, range, parsed)
    }

    /// What came of a unit, and how long its own work took.
    fn write_once<N: Noun>(&self, batch: &Arc<Batch<N>>, range: Range<usize>, parsed: Vec<N::Parsed>) -> Result<(Written, Duration)> {
        let (batch, columns, existing) = (batch.clone(), self.columns.clone(), self.options.existing);
        let journal = self.journal.clone();
        let create = self.options.create_accounts && N::NEEDS_ACCOUNT;
        let create_for = create.then_some(self.owner);
        self.target.store.writing(self.target.origin.clone(), move |unit| {
            let begun = Instant::now();
            let rows = &batch.rows[range.clone()];
            let written = write_slice(unit, &*batch.noun, rows, parsed, create_for, existing)?;
            if let Some(journal) = journal {
                let mut part = batch.part(range.clone());
                part.add(&columns, rows, &written.outcomes);
                journal.note(unit, part)?;
            }
            Ok((written, begun.elapsed()))
        })
    }

    /// Notes what became of rows for which there is no unit.
    fn note<N: Noun>(&self, batch: &Arc<Batch<N>>, range: Range<usize>, outcomes: &[Outcome]) -> Result<()> {
        let Some(journal) = self.journal.clone() else { return Ok(()) };
        let mut part = batch.part(range.clone());
        part.add(&self.columns, &batch.rows[range], outcomes);
        let work = move |unit: &mut dyn UnitOfWork| journal.note(unit, part);
        self.target.store.writing(self.target.origin.clone(), work)
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

/// A slice on its way into the database.
struct Batch<N> {
    noun: Arc<N>,
    rows: Arc<Vec<Row>>,
    /// What cannot be written.
    failures: Vec<RowFailure>,
    /// The place of its last record in the file.
    until: u64,
    /// How its characters were read.
    encoding: Encoding,
}

impl<N> Batch<N> {
    /// The part of the file that ends where the rows behind this range begin, as far as is known without them.
    fn part(&self, range: Range<usize>) -> Part {
        let from = if range.start == 0 { 0 } else { self.rows[range.start].record };
        let until = self.rows.get(range.end).map_or(self.until, |next| next.record - 1);
        let failures = self.failures.iter().filter(|failure| (from..=until).contains(&failure.record));
        Part {
            encoding: self.encoding,
            until,
            failures: failures.cloned().collect(),
            ..Part::default()
        }
    }
}

/// Whether a unit failed for one of its rows, so that the others may go on without it.
pub(super) fn is_of_a_row(error: &Error) -> bool {
    match error {
        error if is_lost(error) => false,
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
    existing: Existing,
) -> Result<Written> {
    let parse = |noun: &N| rows.iter().map(|row| noun.parse(&row.cells)).collect::<Result<Vec<_>>>();
    let refreshed = noun.refreshed(unit)?;
    let (noun, parsed) = match &refreshed {
        Some(noun) => (noun, parse(noun)?),
        None => (noun, parsed),
    };
    let mut accounts = accounts_named(&mut Records::Unit(unit), noun, rows, &parsed)?;
    let mut made = 0;
    if let Some(owner) = create_for
        && names_suffice(&mut Records::Unit(unit))?
    {
        let missing = missing_accounts(noun, rows, &accounts);
        made = create_accounts(unit, &missing, owner, &mut accounts)?;
    }
    let mut plan = Plan::make(&mut Records::Unit(unit), noun, rows, parsed, &accounts, existing)?;
    let mut stages = 0;
    // Only now is it known which rows do not fail: theirs are the stages to make. With these the rows are planned again.
    let wanted = imagined_stages(noun, plan.outcomes());
    if !wanted.is_empty()
        && let Some((noun, made)) = noun.with_stages(unit, &wanted)?
    {
        stages = made;
        plan = Plan::make(&mut Records::Unit(unit), &noun, rows, parse(&noun)?, &accounts, existing)?;
    }
    Ok(Written {
        outcomes: plan.write(unit)?,
        accounts: made,
        stages,
    })
}
