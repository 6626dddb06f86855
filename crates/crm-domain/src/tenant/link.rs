//! Which records refer to which: one table of every reference between nouns, and what is done along it.
//!
//! Deleting a record releases those that refer to it, restoring it puts them back, merging moves them to another record. A noun that
//! refers to others adds its lines to [`LINKS`] and needs no more.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::{Map, Value};

use super::{
    UnitOfWork,
    change::{Change, EntityKind, NewChange},
};
use crate::{
    error::{Error, FieldError, Problem, Result},
    field::Patch,
    id::RecordId,
};

/// A field by which records of one noun refer to records of another, or of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Link {
    /// Who refers.
    pub from: EntityKind,
    /// By which field, snake case.
    pub field: &'static str,
    /// To whom.
    pub to: EntityKind,
}

const fn link(from: EntityKind, field: &'static str, to: EntityKind) -> Link {
    Link { from, field, to }
}

/// The account for which a contact works.
pub const EMPLOYER: Link = link(EntityKind::Contact, "account_id", EntityKind::Account);

/// Every field that a record may lack and that names a record; one line each.
pub const LINKS: &[Link] = &[
    link(EntityKind::Account, "parent_id", EntityKind::Account),
    EMPLOYER,
    link(EntityKind::Lead, "account_id", EntityKind::Account),
    link(EntityKind::Lead, "converted_account_id", EntityKind::Account),
    link(EntityKind::Lead, "converted_contact_id", EntityKind::Contact),
    link(EntityKind::Lead, "converted_opportunity_id", EntityKind::Opportunity),
    link(EntityKind::Opportunity, "account_id", EntityKind::Account),
    link(EntityKind::Opportunity, "contact_id", EntityKind::Contact),
    link(EntityKind::Activity, "account_id", EntityKind::Account),
    link(EntityKind::Activity, "contact_id", EntityKind::Contact),
    link(EntityKind::Activity, "lead_id", EntityKind::Lead),
    link(EntityKind::Activity, "opportunity_id", EntityKind::Opportunity),
    link(EntityKind::Task, "account_id", EntityKind::Account),
    link(EntityKind::Task, "contact_id", EntityKind::Contact),
    link(EntityKind::Task, "lead_id", EntityKind::Lead),
    link(EntityKind::Task, "opportunity_id", EntityKind::Opportunity),
    link(EntityKind::Task, "ticket_id", EntityKind::Ticket),
    link(EntityKind::Ticket, "account_id", EntityKind::Account),
    link(EntityKind::Ticket, "contact_id", EntityKind::Contact),
    link(EntityKind::Ticket, "sla_policy_id", EntityKind::SlaPolicy),
];

/// The links to records of a kind.
pub fn links_to(kind: EntityKind) -> impl Iterator<Item = Link> {
    LINKS.iter().copied().filter(move |link| link.to == kind)
}

/// What one of a record's fields refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reference {
    /// The field, snake case.
    pub field: &'static str,
    /// The kind of record that it names.
    pub kind: EntityKind,
    /// The record's id.
    pub id: i64,
}

impl Reference {
    /// What a draft's field names, if anything.
    pub fn named<I: RecordId + Copy>(field: &'static str, kind: EntityKind, id: &Patch<I>) -> Option<Self> {
        match id {
            Patch::Set(id) => Self::of(field, kind, Some(*id)),
            Patch::Keep | Patch::Clear => None,
        }
    }

    /// What a field refers to, if anything.
    pub fn of<I: RecordId>(field: &'static str, kind: EntityKind, id: Option<I>) -> Option<Self> {
        id.map(|id| Self { field, kind, id: id.get() })
    }
}

/// Reads and writes references, whatever the noun.
pub trait LinkRepository {
    /// Which of these records are live.
    fn live(&mut self, kind: EntityKind, ids: &[i64]) -> Result<Vec<i64>>;
    /// Up to `limit` of the live records that refer by this link to the target, by id, behind `after`.
    fn referring_after(&mut self, link: Link, target: i64, after: i64, limit: u32) -> Result<Vec<i64>>;
    /// The live records that refer by this link to one of these targets, each with its target, by id.
    fn referring(&mut self, link: Link, targets: &[i64]) -> Result<Vec<(i64, i64)>>;
    /// The same of the records that units before this one deleted.
    fn referring_deleted(&mut self, link: Link, targets: &[i64]) -> Result<Vec<(i64, i64)>>;
    /// Which of these records, live or deleted, refer by this link to the target, or to nothing.
    fn still(&mut self, link: Link, referrers: &[i64], target: Option<i64>) -> Result<Vec<i64>>;
    /// Lets records refer by this link to another target, or to nothing, from this unit's stamp on.
    fn point(&mut self, link: Link, referrers: &[i64], target: Option<i64>) -> Result<()>;
}

/// Which of many records' references name no live record; one look-up for each kind.
pub fn dead(unit: &mut dyn UnitOfWork, references: impl IntoIterator<Item = Reference>) -> Result<HashSet<Reference>> {
    let mut by_kind: HashMap<EntityKind, Vec<Reference>> = HashMap::new();
    for reference in references {
        by_kind.entry(reference.kind).or_default().push(reference);
    }
    let mut dead = HashSet::new();
    for (kind, references) in by_kind {
        let mut ids: Vec<i64> = references.iter().map(|reference| reference.id).collect();
        ids.sort_unstable();
        ids.dedup();
        let live: HashSet<i64> = unit.links().live(kind, &ids)?.into_iter().collect();
        dead.extend(references.into_iter().filter(|reference| !live.contains(&reference.id)));
    }
    Ok(dead)
}

/// Says which of a record's references name nothing. `before` are those that it had: a reference that stays may name a record deleted
/// since, which must not keep people from editing the rest.
///
/// # Errors
/// [`Error::Invalid`] with each such field.
pub fn check(unit: &mut dyn UnitOfWork, before: &[Reference], after: &[Reference]) -> Result<()> {
    let new = after.iter().filter(|reference| !before.contains(reference)).copied();
    let dead = dead(unit, new)?;
    refuse(after, &dead)
}

/// [`check`], where it is known which references are dead.
///
/// # Errors
/// [`Error::Invalid`] with each dead one among `after`.
pub(crate) fn refuse(after: &[Reference], dead: &HashSet<Reference>) -> Result<()> {
    let errors = errors_of(after, dead);
    if errors.is_empty() { Ok(()) } else { Err(Error::Invalid(errors)) }
}

/// What is wrong with a draft, and with the records that it names: everything at once.
///
/// # Errors
/// The look-up's.
pub(crate) fn with_dead(unit: &mut dyn UnitOfWork, named: &[Reference], mut error: Error) -> Result<Error> {
    let dead = dead(unit, named.iter().copied())?;
    add_dead(&mut error, named, &dead);
    Ok(error)
}

/// [`with_dead`], where it is known which references are dead.
pub(crate) fn add_dead(error: &mut Error, named: &[Reference], dead: &HashSet<Reference>) {
    if let Error::Invalid(errors) = error {
        errors.extend(errors_of(named, dead));
        errors.sort_by(|a, b| a.field.cmp(&b.field));
    }
}

fn errors_of(references: &[Reference], dead: &HashSet<Reference>) -> Vec<FieldError> {
    let error = |reference: &Reference| FieldError {
        field: reference.field.to_owned(),
        problem: Problem::Reference {
            noun: reference.kind.noun(),
        },
    };
    let mut errors: Vec<FieldError> = references.iter().filter(|reference| dead.contains(reference)).map(error).collect();
    errors.sort_by(|a, b| a.field.cmp(&b.field));
    errors
}

/// The ids of records, by their kind.
pub(crate) type Moved = BTreeMap<EntityKind, BTreeSet<i64>>;

/// Lets whatever refers to these records refer to `to` instead, or to nothing; tells which live records of each kind were moved.
///
/// Deleted records go along, so that one that is restored refers to what it would refer to if it had been there all the time, and undoing
/// finds it wherever it is by then.
pub(crate) fn move_all(unit: &mut dyn UnitOfWork, kind: EntityKind, from: &[i64], to: Option<i64>) -> Result<Moved> {
    let mut moved = Moved::new();
    for link in links_to(kind) {
        let live = unit.links().referring(link, from)?;
        let deleted = unit.links().referring_deleted(link, from)?;
        let referring: Vec<(i64, i64)> = live.iter().chain(&deleted).copied().collect();
        if referring.is_empty() {
            continue;
        }
        let ids: Vec<i64> = referring.iter().map(|(id, _)| *id).collect();
        unit.links().point(link, &ids, to)?;
        for (id, before) in referring {
            unit.record(NewChange::relinked(link, id, Some(before), to));
        }
        if !live.is_empty() {
            moved.entry(link.from).or_default().extend(live.into_iter().map(|(id, _)| id));
        }
    }
    Ok(moved)
}

/// Undoes what [`move_all`] did in a unit, as its changes tell: whatever went from `of` to `to` and still refers to that refers to `of`
/// again, live or deleted, but for the records of `except`, of the same kind.
pub(crate) fn move_back(
    unit: &mut dyn UnitOfWork,
    changes: &[Change],
    kind: EntityKind,
    of: i64,
    to: Option<i64>,
    except: &[i64],
) -> Result<()> {
    for link in links_to(kind) {
        let mut moved = Vec::new();
        for change in changes.iter().filter(|change| change.entity == link.from) {
            let excepted = link.from == kind && except.contains(&change.entity_id);
            if !excepted && change.pair(link.field)? == Some((Value::from(of), to.into())) {
                moved.push(change.entity_id);
            }
        }
        if moved.is_empty() {
            continue;
        }
        let still = unit.links().still(link, &moved, to)?;
        unit.links().point(link, &still, Some(of))?;
        for id in still {
            unit.record(NewChange::relinked(link, id, to, Some(of)));
        }
    }
    Ok(())
}

impl Change {
    /// What a field was and what it became; `None` when it stayed.
    ///
    /// # Errors
    /// [`Error::Internal`] for a change that cannot be read.
    pub fn pair(&self, field: &str) -> Result<Option<(Value, Value)>> {
        let unreadable = |cause: &str| Error::Internal(format!("the fields of change {} cannot be read: {cause}", self.seq));
        let fields: Map<String, Value> = serde_json::from_str(&self.fields).map_err(|error| unreadable(&error.to_string()))?;
        match fields.get(field) {
            None => Ok(None),
            Some(Value::Array(pair)) => match pair.as_slice() {
                [before, after] => Ok(Some((before.clone(), after.clone()))),
                _ => Err(unreadable("no pair")),
            },
            Some(_) => Err(unreadable("no pair")),
        }
    }
}
