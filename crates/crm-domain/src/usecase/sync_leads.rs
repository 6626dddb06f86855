//! Leads that other systems hand over (contract B-12 … B-34, X-51 … X-58). A person is known again by its email: who is there already is left as it
//! is, or updated, as the caller wishes.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

use crate::{
    error::{Error, Problem, Result},
    field::{Check, Email, Patch, Text},
    id::{LeadId, RecordId, UserId},
    tenant::{
        UnitOfWork,
        change::EntityKind,
        custom_field::{CustomDraft, Definitions, Prepared},
        lead::{self, Lead, LeadDraft, LeadFields},
        sync_log::SyncNote,
    },
    usecase::bulk::{self, Drafted, Outcomes, alone},
};

/// Where leads come from: a slug such as `apollo`, in lower case (contract X-52).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source(Text<100>);

impl Source {
    /// Reads a slug: letters and digits of ASCII, `-`, `_` and `.`, beginning with a letter or digit.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let text = Text::parse(text)?;
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let is_slug = text.bytes().all(|byte| is_plain(byte) || b"-_.".contains(&byte));
        match text.bytes().next() {
            Some(first) if is_slug && is_plain(first) => Ok(Self(text)),
            _ => Err(Problem::Rule(
                "must be a slug of lower-case letters, digits, '-', '_' and '.', such as apollo".to_owned(),
            )),
        }
    }

    /// The slug.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is done with leads (contract B-14, X-53).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyncOptions {
    /// Whether a person who is there already is known again; otherwise each lead is made, also one of the same email.
    pub deduplication: bool,
    /// Whether who is known again is updated.
    pub update_existing: bool,
    /// Whether values of the tenant's custom fields are taken over.
    pub custom_fields: bool,
}

impl Default for SyncOptions {
    /// Those of the document's example.
    fn default() -> Self {
        Self {
            deduplication: true,
            update_existing: false,
            custom_fields: true,
        }
    }
}

/// A lead that is handed over.
#[derive(Debug, Default)]
pub struct Incoming {
    /// Its own fields.
    pub draft: LeadDraft,
    /// What else was said of it; what has the key of a custom field of leads is its value there, the rest says nothing here.
    pub others: BTreeMap<String, Value>,
    /// What is known to be wrong with it.
    pub check: Check,
}

/// Something that was done with a lead (contract B-16, X-55).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the words say it")]
pub enum SyncAction {
    LeadCreated,
    LeadUpdated,
    /// It was there already, and nothing of it changed.
    DuplicateSkipped,
    CustomFieldsPopulated,
}

impl SyncAction {
    /// The contract's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LeadCreated => "lead_created",
            Self::LeadUpdated => "lead_updated",
            Self::DuplicateSkipped => "duplicate_skipped",
            Self::CustomFieldsPopulated => "custom_fields_populated",
        }
    }
}

/// A lead that was taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synced {
    /// The lead.
    pub lead: Lead,
    /// What was done.
    pub actions: Vec<SyncAction>,
}

/// Leads that are taken over together, in one unit of work.
#[derive(Debug)]
pub struct Slice {
    /// Where they come from.
    pub source: Source,
    /// The leads.
    pub leads: Vec<Incoming>,
    /// What is done with them.
    pub options: SyncOptions,
    /// Whether the first failure ends it: what follows it is not looked at, and has no outcome.
    pub stops: bool,
    /// Who owns new leads.
    pub owner: UserId,
}

/// Takes leads over: one outcome for each, in order. One that cannot be taken over fails alone, which the log tells, and so does it of one of
/// which nothing changed.
///
/// # Errors
/// What stops all of them; what is wrong with one is its outcome: [`Error::Invalid`], or [`Error::Duplicate`] where its email is there already and
/// is not to be updated.
pub fn sync(unit: &mut dyn UnitOfWork, slice: Slice) -> Result<Outcomes<Synced>> {
    let definitions = Definitions::in_unit(unit, EntityKind::Lead)?;
    let prepare = |incoming: Incoming| Item::of(incoming, &slice.source, slice.options, &definitions);
    let items: Vec<Item> = slice.leads.into_iter().map(prepare).collect();
    let work = Work {
        options: slice.options,
        owner: slice.owner,
    };
    let outcomes = if slice.stops {
        work.until_failure(unit, items)?
    } else {
        work.all(unit, items)?
    };
    let notes: Vec<SyncNote> = outcomes.iter().filter_map(|taken| taken.note(&slice.source)).collect();
    if !notes.is_empty() {
        unit.sync_log().add(&notes)?;
    }
    Ok(outcomes.into_iter().map(|taken| taken.outcome).collect())
}

/// What became of a lead, and which one was there already.
struct Taken {
    outcome: Result<Synced>,
    known: Option<LeadId>,
}

impl Taken {
    /// What the log tells of it.
    fn note(&self, source: &Source) -> Option<SyncNote> {
        match &self.outcome {
            Ok(synced) if synced.actions.contains(&SyncAction::DuplicateSkipped) => {
                Some(SyncNote::unchanged(source.as_str(), synced.lead.id))
            }
            Ok(_) => None,
            Err(error) => SyncNote::refused(source.as_str(), error, self.known),
        }
    }
}

impl From<Result<Synced>> for Taken {
    fn from(outcome: Result<Synced>) -> Self {
        Self { outcome, known: None }
    }
}

/// A lead about to be taken over.
struct Item {
    drafted: Drafted<Lead>,
    /// By which the person is known again; `None` without a valid email, so that the lead is refused.
    key: Option<String>,
    has_custom: bool,
}

impl Item {
    fn of(incoming: Incoming, source: &Source, options: SyncOptions, definitions: &Definitions) -> Self {
        let Incoming {
            mut draft,
            mut others,
            mut check,
        } = incoming;
        draft.source = Patch::Set(source.as_str().to_owned());
        lead::require_email(&draft, &mut check);
        let email = match &draft.email {
            Patch::Set(text) => Email::parse(text).ok(),
            Patch::Keep | Patch::Clear => None,
        };
        others.retain(|key, _| options.custom_fields && definitions.find(key).is_some());
        Self {
            key: email.map(|email| email.key()),
            has_custom: others.values().any(|value| !value.is_null()),
            drafted: Drafted {
                draft,
                custom: CustomDraft(others),
                check,
            },
        }
    }
}

/// What is the same for all leads.
#[derive(Clone, Copy)]
struct Work {
    options: SyncOptions,
    owner: UserId,
}

/// An item and its place among all.
type Placed = (usize, Item);

impl Work {
    /// One by one, up to the first that cannot be taken over.
    fn until_failure(self, unit: &mut dyn UnitOfWork, items: Vec<Item>) -> Result<Vec<Taken>> {
        let mut outcomes = Vec::with_capacity(items.len());
        for item in items {
            outcomes.extend(self.all(unit, vec![item])?);
            if outcomes.last().is_some_and(|taken: &Taken| taken.outcome.is_err()) {
                break;
            }
        }
        Ok(outcomes)
    }

    fn all(self, unit: &mut dyn UnitOfWork, items: Vec<Item>) -> Result<Vec<Taken>> {
        let mut outcomes: Vec<Option<Taken>> = items.iter().map(|_| None).collect();
        let mut pending: Vec<Placed> = items.into_iter().enumerate().collect();
        while !pending.is_empty() {
            // A person who comes again is known by what became of it before.
            let (round, rest) = if self.options.deduplication {
                one_of_each(pending)
            } else {
                (pending, Vec::new())
            };
            for (index, outcome) in self.round(unit, round)? {
                if let Some(place) = outcomes.get_mut(index) {
                    *place = Some(outcome);
                }
            }
            pending = rest;
        }
        let missing = || Error::Internal("a lead has no outcome".to_owned());
        outcomes.into_iter().map(|outcome| outcome.ok_or_else(missing)).collect()
    }

    fn round(self, unit: &mut dyn UnitOfWork, items: Vec<Placed>) -> Result<Vec<(usize, Taken)>> {
        if !self.options.deduplication {
            return Ok(taken(self.twins(unit, items)?).collect());
        }
        let known = known(unit, &items)?;
        let (mut new, mut old, mut outcomes) = (Vec::new(), Vec::new(), Vec::new());
        for (index, item) in items {
            match item.key.as_ref().and_then(|key| known.get(key)) {
                None => new.push((index, item)),
                Some(lead) if self.options.update_existing => old.push((index, lead, item)),
                Some(lead) => outcomes.push((
                    index,
                    Taken {
                        outcome: Err(duplicate()),
                        known: Some(lead.id),
                    },
                )),
            }
        }
        outcomes.extend(taken(self.create(unit, new)?));
        outcomes.extend(taken(self.update(unit, old)?));
        Ok(outcomes)
    }

    fn create(self, unit: &mut dyn UnitOfWork, items: Vec<Placed>) -> Result<Vec<(usize, Result<Synced>)>> {
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let (places, drafts): (Vec<_>, Vec<_>) = items
            .into_iter()
            .map(|(index, item)| ((index, item.has_custom), item.drafted))
            .unzip();
        let created = bulk::create::<Lead>(unit, drafts, self.owner)?;
        let synced = |((index, has_custom), outcome): ((usize, bool), Result<Lead>)| {
            (index, outcome.map(|lead| Synced::new(lead, SyncAction::LeadCreated, has_custom)))
        };
        Ok(places.into_iter().zip(created).map(synced).collect())
    }

    fn update(self, unit: &mut dyn UnitOfWork, items: Vec<(usize, &Lead, Item)>) -> Result<Vec<(usize, Result<Synced>)>> {
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let (mut places, mut drafts) = (Vec::with_capacity(items.len()), Vec::with_capacity(items.len()));
        for (index, lead, mut item) in items {
            if lead.fields.source.is_some() {
                // Where it came from first, it came from.
                item.drafted.draft.source = Patch::Keep;
            }
            places.push((index, item.has_custom, lead));
            drafts.push(Ok((lead.id, item.drafted)));
        }
        let updated = bulk::update::<Lead>(unit, drafts, self.owner)?;
        let stamp = unit.stamp();
        let synced = |((index, has_custom, before), outcome): ((usize, bool, &Lead), Result<Lead>)| {
            let outcome = outcome.map(|lead| {
                let own = lead.fields != before.fields;
                // Of what this unit wrote before, the stamp tells nothing new.
                let custom = has_custom && before.updated_at == stamp;
                match own || custom || lead.updated_at != before.updated_at {
                    true => Synced::new(lead, SyncAction::LeadUpdated, has_custom),
                    false => Synced::new(lead, SyncAction::DuplicateSkipped, false),
                }
            });
            (index, outcome)
        };
        Ok(places.into_iter().zip(updated).map(synced).collect())
    }

    /// Makes each lead, whether its email is there already or not.
    fn twins(self, unit: &mut dyn UnitOfWork, items: Vec<Placed>) -> Result<Vec<(usize, Result<Synced>)>> {
        let mut outcomes = Vec::with_capacity(items.len());
        for (index, item) in items {
            let has_custom = item.has_custom;
            let created = alone(create_twin(unit, item.drafted, self.owner))?;
            outcomes.push((index, created.map(|lead| Synced::new(lead, SyncAction::LeadCreated, has_custom))));
        }
        Ok(outcomes)
    }
}

impl Synced {
    fn new(lead: Lead, action: SyncAction, has_custom: bool) -> Self {
        let custom = has_custom.then_some(SyncAction::CustomFieldsPopulated);
        Self {
            lead,
            actions: [action].into_iter().chain(custom).collect(),
        }
    }
}

/// Outcomes that name nobody who is there already.
fn taken(outcomes: Vec<(usize, Result<Synced>)>) -> impl Iterator<Item = (usize, Taken)> {
    outcomes.into_iter().map(|(index, outcome)| (index, outcome.into()))
}

/// The first item of each person, and the others.
fn one_of_each(items: Vec<Placed>) -> (Vec<Placed>, Vec<Placed>) {
    let mut seen = HashSet::new();
    items.into_iter().partition(|(_, item)| match &item.key {
        Some(key) => seen.insert(key.clone()),
        None => true,
    })
}

/// The leads that are there already, by their emails; of several with one email the oldest.
fn known(unit: &mut dyn UnitOfWork, items: &[Placed]) -> Result<HashMap<String, Lead>> {
    let keys: Vec<String> = items.iter().filter_map(|(_, item)| item.key.clone()).collect();
    let mut known = HashMap::new();
    if keys.is_empty() {
        return Ok(known);
    }
    for lead in unit.leads().lookup_emails(&keys)? {
        if let Some(key) = lead.fields.email.as_ref().map(Email::key) {
            known.entry(key).or_insert(lead);
        }
    }
    Ok(known)
}

fn create_twin(unit: &mut dyn UnitOfWork, drafted: Drafted<Lead>, owner: UserId) -> Result<Lead> {
    let Drafted { draft, custom, mut check } = drafted;
    let prepared = Prepared::new_record(unit, EntityKind::Lead, custom, &mut check)?;
    let fields = LeadFields::parse(draft, owner, check)?;
    let lead = lead::create_many(unit, vec![fields])?.pop();
    let lead = lead.ok_or_else(|| Error::Internal("an added lead is missing".to_owned()))?;
    prepared.write_new(unit, lead.id.get())?;
    Ok(lead)
}

fn duplicate() -> Error {
    Error::Duplicate {
        noun: LeadId::NOUN,
        field: "email",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    //
    #[test]
    fn a_source_is_a_slug() {
        for slug in ["apollo", "zoominfo", "my-crm_2.0", "4th", " apollo "] {
            assert_eq!(Source::parse(slug).unwrap().as_str(), slug.trim());
        }
        for other in ["", " ", "Apollo", "a b", "-a", "a/b", "ä", &"a".repeat(101)] {
            assert!(Source::parse(other).is_err(), "{other}");
        }
    }

    fn item(index: usize, key: &str) -> Placed {
        let email = Patch::Set(format!("{key}@acme.example"));
        let draft = LeadDraft {
            email,
            ..LeadDraft::default()
        };
        let incoming = Incoming {
            draft,
            ..Incoming::default()
        };
        let source = Source::parse("apollo").unwrap();
        (
            index,
            Item::of(incoming, &source, SyncOptions::default(), &Definitions::none(EntityKind::Lead)),
        )
    }

    proptest! {
        #[test]
        fn each_round_has_each_person_once_and_all_come_in_order(keys in proptest::collection::vec("[abc]", 0..20)) {
            let mut pending: Vec<Placed> = keys.iter().enumerate().map(|(index, key)| item(index, key)).collect();
            let mut taken: HashMap<String, Vec<usize>> = HashMap::new();
            while !pending.is_empty() {
                let (round, rest) = one_of_each(pending);
                let persons: HashSet<_> = round.iter().map(|(_, item)| item.key.clone()).collect();
                prop_assert_eq!(persons.len(), round.len());
                for (index, item) in round {
                    taken.entry(item.key.unwrap()).or_default().push(index);
                }
                pending = rest;
            }
            prop_assert_eq!(taken.values().map(Vec::len).sum::<usize>(), keys.len());
            prop_assert!(taken.values().all(|places| places.is_sorted()));
        }
    }
}
