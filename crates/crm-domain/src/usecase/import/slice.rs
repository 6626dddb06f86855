//! One slice of rows against the database: which records they mean, what becomes of them, and the writing of it.
//!
//! Everything between the bulk look-ups and the bulk writes happens in memory, row after row in the order of the file, so that a row
//! sees what earlier rows of its slice did.

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
};

use crate::{
    error::{Error, Result},
    field::Check,
    tenant::{
        UnitOfWork,
        custom_field::{self, CustomValues, Definitions, Holders, ValueSource},
        label,
    },
};

use super::{
    company::{Links, NamedAccounts, account_of, contact_of},
    custom,
    noun::{Also, AlsoKind, Natural, Noun, Records, Row},
    options::Existing,
    tags::Tags,
};

/// What becomes of a row.
#[derive(Debug)]
pub(super) enum Fate {
    Created,
    Updated,
    Unchanged,
    /// The record is there, and stays as it is.
    Skipped,
    Failed(Error),
}

/// What became of a row.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) fate: Fate,
    /// The record's id; `None` for a failed row and in a dry run for a new one.
    pub(super) id: Option<i64>,
    /// Hashes of what the record is known by: its external id, its natural key.
    pub(super) keys: [Option<u64>; 2],
    /// Hashes of what it is also known by, where that tells it for sure.
    pub(super) also: Vec<u64>,
    /// The stage that it is counted under.
    pub(super) stage: Option<String>,
}

impl Outcome {
    pub(super) fn failed(error: Error) -> Self {
        Self {
            fate: Fate::Failed(error),
            id: None,
            keys: [None; 2],
            also: Vec::new(),
            stage: None,
        }
    }
}

/// What is to be written.
pub(super) struct Plan<N: Noun> {
    slots: Vec<Slot<N>>,
    by_external: HashMap<String, usize>,
    by_natural: HashMap<String, Vec<usize>>,
    by_also: HashMap<Also, Vec<usize>>,
    /// Each row's outcome, with its slot.
    outcomes: Vec<(Outcome, Option<usize>)>,
    definitions: Definitions,
    /// Who has which unique value of a custom field; the record of a slot is known by [`Slot::holder`].
    holders: Holders,
    existing: Existing,
}

/// A record, there before or new.
struct Slot<N: Noun> {
    record: Option<N::Record>,
    now: N::Parsed,
    changed: bool,
    /// What it has in custom fields, as far as the table tells of some.
    custom: CustomValues,
    /// Its tags, as far as the table tells of some.
    tags: Tags,
}

impl<N: Noun> Slot<N> {
    /// Whom the holders of unique values know it as: a new record, which has no id yet, by a number that no id is.
    fn holder(&self, index: usize) -> i64 {
        let new = || i64::try_from(index).map_or(i64::MIN, |index| -1 - index);
        self.record.as_ref().map_or_else(new, N::id)
    }
}

impl<N: Noun> Plan<N> {
    /// Looks up what the rows may mean, and decides.
    pub(super) fn make(
        records: &mut Records<'_>,
        noun: &N,
        rows: &[Row],
        parsed: Vec<N::Parsed>,
        accounts: &NamedAccounts,
        existing: Existing,
    ) -> Result<Self> {
        let mut plan = Self {
            slots: Vec::new(),
            by_external: HashMap::new(),
            by_natural: HashMap::new(),
            by_also: HashMap::new(),
            outcomes: Vec::with_capacity(rows.len()),
            definitions: records.definitions(N::KIND)?,
            holders: Holders::default(),
            existing,
        };
        plan.look_up(records, noun, &parsed)?;
        let own = plan.know_meant(noun.lookup_own(records, rows)?);
        let twins = plan.know_meant(noun.lookup_twins(records, rows, &parsed, accounts)?);
        plan.know_values(records, noun, rows)?;
        plan.know_tags(records, noun)?;
        for (index, (row, parsed)) in rows.iter().zip(parsed).enumerate() {
            let meant = own.get(&index).copied();
            let meant = meant.or_else(|| plan.find(noun, &parsed)).or_else(|| twins.get(&index).copied());
            let outcome = plan.place(noun, row, parsed, accounts, meant);
            plan.outcomes.push(outcome.unwrap_or_else(|error| (Outcome::failed(error), None)));
        }
        Ok(plan)
    }

    /// The outcomes so far, without the ids of new records.
    pub(super) fn outcomes(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().map(|(outcome, _)| outcome)
    }

    /// The outcomes, nothing being written.
    pub(super) fn imagine(self) -> Vec<Outcome> {
        self.outcomes.into_iter().map(|(outcome, _)| outcome).collect()
    }

    /// Writes, and tells the outcomes with their ids.
    pub(super) fn write(self, unit: &mut dyn UnitOfWork) -> Result<Vec<Outcome>> {
        let mut ids = vec![0; self.slots.len()];
        let (mut new, mut new_slots, mut new_custom) = (Vec::new(), Vec::new(), Vec::new());
        let (mut custom, mut tags) = (Vec::new(), Vec::new());
        // Updates first: a value that one of them gives up may be a new record's.
        for (index, slot) in self.slots.into_iter().enumerate() {
            let names = slot.tags.into_new();
            if !names.is_empty() {
                tags.push((index, names));
            }
            match slot.record {
                Some(record) => {
                    ids[index] = N::id(&record);
                    if slot.changed {
                        N::revise(unit, &record, slot.now)?;
                        custom.push((ids[index], slot.custom));
                    }
                }
                None => {
                    new.push(slot.now);
                    new_slots.push(index);
                    new_custom.push(slot.custom);
                }
            }
        }
        custom_field::write(unit, &self.definitions, custom)?;
        if !new.is_empty() {
            let added = N::add(unit, new)?;
            let custom = added.iter().copied().zip(new_custom).collect();
            custom_field::write_new(unit, &self.definitions, custom)?;
            for (index, id) in new_slots.into_iter().zip(added) {
                ids[index] = id;
            }
        }
        let tags = tags.into_iter().map(|(index, names)| (ids[index], names)).collect();
        label::assign_each(unit, N::KIND, tags)?;
        let with_id = |(outcome, slot): (Outcome, Option<usize>)| Outcome {
            id: slot.map(|slot| ids[slot]),
            ..outcome
        };
        Ok(self.outcomes.into_iter().map(with_id).collect())
    }

    fn look_up(&mut self, records: &mut Records<'_>, noun: &N, parsed: &[N::Parsed]) -> Result<()> {
        let external = distinct(parsed.iter().filter_map(|row| N::external_id(row).map(str::to_owned)));
        if !external.is_empty() {
            self.know(N::lookup_external(records, &external)?);
        }
        let natural = match N::NATURAL {
            Natural::None => return Ok(()),
            Natural::Unique(_) => distinct(parsed.iter().filter_map(N::natural_key)),
            Natural::Shared => distinct(parsed.iter().filter(|row| !self.knows_external(row)).filter_map(N::natural_key)),
        };
        if !natural.is_empty() {
            self.know(N::lookup_natural(records, &natural)?);
        }
        let mut also: HashSet<Also> = HashSet::new();
        for row in parsed.iter().filter(|row| self.find(noun, row).is_none()) {
            also.extend(noun.also_asked(row));
        }
        if !also.is_empty() {
            let also: Vec<Also> = also.into_iter().collect();
            self.know(N::lookup_also(records, &also)?);
        }
        Ok(())
    }

    fn knows_external(&self, row: &N::Parsed) -> bool {
        N::external_id(row).is_some_and(|id| self.by_external.contains_key(id))
    }

    fn know(&mut self, records: Vec<N::Record>) {
        let mut known: HashSet<i64> = self.slots.iter().filter_map(|slot| slot.record.as_ref()).map(N::id).collect();
        for record in records {
            if known.insert(N::id(&record)) {
                let now = N::fields(&record);
                let exported_id = N::exported_id(&record);
                let index = self.push(Slot {
                    record: Some(record),
                    now,
                    changed: false,
                    custom: CustomValues::default(),
                    tags: Tags::default(),
                });
                if let Some(id) = exported_id {
                    self.by_external.entry(id).or_insert(index);
                }
            }
        }
    }

    /// The slots of the records that rows mean by themselves, by the rows' indexes.
    fn know_meant(&mut self, meant: Vec<(usize, N::Record)>) -> HashMap<usize, usize> {
        let (rows, records): (Vec<usize>, Vec<N::Record>) = meant.into_iter().unzip();
        let ids: Vec<i64> = records.iter().map(N::id).collect();
        self.know(records);
        let slot_of = |(index, slot): (usize, &Slot<N>)| Some((N::id(slot.record.as_ref()?), index));
        let slots: HashMap<i64, usize> = self.slots.iter().enumerate().filter_map(slot_of).collect();
        let of_row = rows.into_iter().zip(ids);
        of_row.filter_map(|(row, id)| Some((row, *slots.get(&id)?))).collect()
    }

    /// Reads what the records have in custom fields, and who has the unique values that rows want, where the table tells of some.
    fn know_values(&mut self, records: &mut Records<'_>, noun: &N, rows: &[Row]) -> Result<()> {
        if noun.columns().custom().is_empty() {
            return Ok(());
        }
        let ids: Vec<i64> = self.slots.iter().filter_map(|slot| slot.record.as_ref()).map(N::id).collect();
        let mut held: HashMap<i64, Vec<_>> = HashMap::new();
        for value in records.labels().values_of(N::KIND, &ids)? {
            held.entry(value.record_id).or_default().push(value);
        }
        for slot in &mut self.slots {
            if let Some(values) = slot.record.as_ref().and_then(|record| held.remove(&N::id(record))) {
                slot.custom = CustomValues::held(values);
            }
        }
        // What is wrong with a row is told when its turn comes.
        let wanted: Vec<CustomValues> = rows.iter().map(|row| self.values(noun, row, &mut Check::new())).collect();
        self.holders = Holders::read(records, &self.definitions, &wanted)?;
        Ok(())
    }

    /// Reads the records' tags, where the table tells of some.
    fn know_tags(&mut self, records: &mut Records<'_>, noun: &N) -> Result<()> {
        let ids: Vec<i64> = self.slots.iter().filter_map(|slot| slot.record.as_ref()).map(N::id).collect();
        let mut carried = Tags::read(records, noun.columns(), N::KIND, &ids)?;
        for slot in &mut self.slots {
            if let Some(tags) = slot.record.as_ref().and_then(|record| carried.remove(&N::id(record))) {
                slot.tags = tags;
            }
        }
        Ok(())
    }

    /// What a row says of custom fields.
    fn values(&self, noun: &N, row: &Row, check: &mut Check) -> CustomValues {
        let draft = custom::draft(noun.columns(), &self.definitions, &row.cells);
        self.definitions.parse_changes(draft, check)
    }

    /// Whether a record can have these values of custom fields; `own` is its slot, when it has one.
    fn check_values(&self, own: Option<usize>, values: &CustomValues, mut check: Check) -> Result<()> {
        let holder = own.map(|index| self.slots[index].holder(index));
        self.holders.check(holder, &self.definitions, values, &mut check);
        check.finish()
    }

    fn push(&mut self, slot: Slot<N>) -> usize {
        let index = self.slots.len();
        self.index(index, &slot.now);
        self.slots.push(slot);
        index
    }

    fn index(&mut self, index: usize, fields: &N::Parsed) {
        if let Some(id) = N::external_id(fields) {
            self.by_external.insert(id.to_owned(), index);
        }
        if let Some(key) = N::natural_key(fields) {
            self.by_natural.entry(key).or_default().push(index);
        }
        for also in N::also_known(fields) {
            self.by_also.entry(also).or_default().push(index);
        }
    }

    fn unindex(&mut self, index: usize) {
        let fields = &self.slots[index].now;
        if let Some(id) = N::external_id(fields) {
            self.by_external.remove(id);
        }
        if let Some(same) = N::natural_key(fields).and_then(|key| self.by_natural.get_mut(&key)) {
            same.retain(|other| *other != index);
        }
        for also in N::also_known(fields) {
            if let Some(same) = self.by_also.get_mut(&also) {
                same.retain(|other| *other != index);
            }
        }
    }

    /// Does in memory what a row says of the record in the slot that it means, or of a new one.
    fn place(
        &mut self,
        noun: &N,
        row: &Row,
        mut parsed: N::Parsed,
        accounts: &NamedAccounts,
        meant: Option<usize>,
    ) -> Result<(Outcome, Option<usize>)> {
        let mut links = Links {
            account: account_of::<N>(noun, row, accounts)?,
            contact: contact_of::<N>(noun, row, accounts)?,
        };
        let mut check = Check::new();
        let values = self.values(noun, row, &mut check);
        let said = Tags::said(noun.columns(), &row.cells)?;
        let Some(index) = meant else {
            links.account = links.account.or_else(|| accounts.of_domains(&noun.domains(&parsed)));
            N::complete(&mut parsed, row.owner, links);
            self.check_unique(&parsed, None)?;
            self.definitions.require(&values, &mut check);
            self.check_values(None, &values, check)?;
            let mut tags = Tags::default();
            tags.add(said)?;
            let index = self.push(Slot {
                record: None,
                now: parsed,
                changed: true,
                custom: values.clone(),
                tags,
            });
            self.hold(index, &values);
            return Ok((self.outcome(index, Fate::Created), Some(index)));
        };
        match self.existing {
            Existing::Update => {}
            Existing::Skip => return Ok((self.outcome(index, Fate::Skipped), Some(index))),
            Existing::Refuse => return Err(is_there::<N>()),
        }
        let merged = noun.merge(&self.slots[index].now, row, links)?;
        let mut custom = self.slots[index].custom.clone();
        custom.extend(values.clone());
        let mut tags = self.slots[index].tags.clone();
        let is_tagged_anew = tags.add(said)?;
        let is_same = merged == self.slots[index].now && custom == self.slots[index].custom && !is_tagged_anew;
        self.check_values(Some(index), &values, check)?;
        if is_same {
            return Ok((self.outcome(index, Fate::Unchanged), Some(index)));
        }
        self.check_unique(&merged, Some(index))?;
        self.unindex(index);
        self.index(index, &merged);
        self.hold(index, &values);
        self.slots[index].now = merged;
        self.slots[index].custom = custom;
        self.slots[index].tags = tags;
        self.slots[index].changed = true;
        Ok((self.outcome(index, Fate::Updated), Some(index)))
    }

    /// Notes who has the unique values now.
    fn hold(&mut self, index: usize, values: &CustomValues) {
        let holder = self.slots[index].holder(index);
        self.holders.take(Some(holder), &self.definitions, values);
    }

    /// The record that a row means: that of its external id, else one of its natural key, else one of what it is also known by; a row with an
    /// unknown external id only takes over a record that has none.
    fn find(&self, noun: &N, row: &N::Parsed) -> Option<usize> {
        let external = N::external_id(row);
        if let Some(index) = external.and_then(|id| self.by_external.get(id)) {
            return Some(*index);
        }
        let fits = |index: &&usize| external.is_none() || N::external_id(&self.slots[**index].now).is_none();
        let same = N::natural_key(row).and_then(|key| self.by_natural.get(&key));
        if let Some(index) = same.into_iter().flatten().find(fits) {
            return Some(*index);
        }
        noun.also_asked(row).iter().find_map(|also| {
            let is_meant = |index: &&usize| match also.kind {
                AlsoKind::Profile => true,
                AlsoKind::Identity => !N::differ(row, &self.slots[**index].now),
                AlsoKind::Name => !N::contradict(row, &self.slots[**index].now),
            };
            let mut meant = self.by_also.get(also)?.iter().filter(fits).filter(is_meant);
            let first = meant.next().copied()?;
            let is_told = also.kind != AlsoKind::Name || meant.next().is_none();
            is_told.then_some(first)
        })
    }

    fn check_unique(&self, fields: &N::Parsed, own: Option<usize>) -> Result<()> {
        let Natural::Unique(field) = N::NATURAL else { return Ok(()) };
        let same = N::natural_key(fields).and_then(|key| self.by_natural.get(&key));
        if same.is_some_and(|same| same.iter().any(|index| Some(*index) != own)) {
            return Err(Error::Duplicate { noun: N::NOUN, field });
        }
        Ok(())
    }

    fn outcome(&self, index: usize, fate: Fate) -> Outcome {
        let fields = &self.slots[index].now;
        let is_sure = |also: &Also| match also.kind {
            AlsoKind::Profile => true,
            AlsoKind::Identity => N::natural_key(fields).is_none(),
            AlsoKind::Name => false,
        };
        let also_known = N::also_known(fields).into_iter().filter(is_sure);
        Outcome {
            fate,
            id: self.slots[index].record.as_ref().map(N::id),
            keys: [
                N::external_id(fields).map(|id| hash(&("external", id))),
                N::natural_key(fields).map(|key| hash(&key.as_str())),
            ],
            also: also_known.map(|also| hash(&also)).collect(),
            stage: N::stage(fields).map(str::to_owned),
        }
    }
}

/// Why a row fails whose record is there.
pub(super) fn is_there<N: Noun>() -> Error {
    Error::Conflict(format!("the {} exists already", N::NOUN))
}

/// Under what a key is remembered in a dry run.
pub(super) fn hash(key: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

/// The keys, each once, in order.
pub(super) fn distinct(keys: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = HashSet::new();
    keys.filter(|key| seen.insert(key.clone())).collect()
}
