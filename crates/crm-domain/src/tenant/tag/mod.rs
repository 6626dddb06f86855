//! Tags: words that people put on records of several kinds (contract D-99 … D-111). Which records carry them, [`super::label`] knows.

mod draft;
mod port;

pub use draft::{Color, TagDraft, parse_name};
pub use port::{TagField, TagFilter, TagReads, TagRepository};

use std::collections::HashMap;

use serde::Serialize;
use uuid::Uuid;

use crate::{
    error::{Error, Result},
    field::{Check, Text},
    id::{RecordId, TagId, UserId},
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        change::{Entity, EntityKind, NewChange},
    },
};

/// What a tag is called. No comma: lists of names stand between commas.
pub type TagName = Text<50>;

/// What people enter about a tag. A value of this type is valid by construction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the names say it; formats are the types'")]
pub struct TagFields {
    /// Unique among live tags, whatever its case.
    pub name: TagName,
    pub color: Option<Color>,
    pub description: Option<Text<500>>,
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Per-tenant id; ascending in the order of creation.
    pub id: TagId,
    /// Version 7 uuid.
    pub uuid: Uuid,
    /// What people entered.
    pub fields: TagFields,
    /// Stamp of the unit that created it.
    pub created_at: Stamp,
    /// The user who created it; `None` for integrations and jobs.
    pub created_by: Option<UserId>,
    /// Stamp of the last unit that changed it.
    pub updated_at: Stamp,
}

impl Entity for Tag {
    const KIND: EntityKind = EntityKind::Tag;
    type Fields = TagFields;
    fn id(&self) -> i64 {
        self.id.get()
    }
    fn fields(&self) -> &TagFields {
        &self.fields
    }
}

/// Creates a tag.
///
/// # Errors
/// [`Error::Duplicate`] when a live tag has the name.
pub fn create(unit: &mut dyn UnitOfWork, fields: TagFields) -> Result<Tag> {
    let mut added = create_many(unit, vec![fields])?;
    added.pop().ok_or_else(|| Error::Internal("an added tag is missing".to_owned()))
}

fn create_many(unit: &mut dyn UnitOfWork, fields: Vec<TagFields>) -> Result<Vec<Tag>> {
    let added = unit.tags().add(fields)?;
    for tag in &added {
        unit.record(NewChange::created(tag)?);
    }
    Ok(added)
}

/// Updates a tag: fields the draft does not mention stay. Every record that carries it shows it so from now on; the change is the tag's
/// alone. An update that changes nothing leaves no change and no new stamp.
///
/// # Errors
/// [`Error::NotFound`], and [`Error::Duplicate`] when another live tag has the name: two tags become one by hand, never by a slip.
pub fn update(unit: &mut dyn UnitOfWork, id: TagId, draft: TagDraft, check: Check) -> Result<Tag> {
    let before = found(unit, id)?;
    let after = Tag {
        fields: before.fields.updated(draft, check)?,
        updated_at: unit.stamp(),
        ..before.clone()
    };
    let Some(change) = NewChange::updated(&before, &after)? else {
        return Ok(before);
    };
    unit.tags().update(&after)?;
    unit.record(change);
    Ok(after)
}

/// Deletes a tag: no record shows it any more, until it is restored. The change is the tag's alone.
///
/// # Errors
/// [`Error::NotFound`].
pub fn remove(unit: &mut dyn UnitOfWork, id: TagId) -> Result<()> {
    let tag = found(unit, id)?;
    unit.tags().remove(id)?;
    unit.record(NewChange::deleted(&tag)?);
    Ok(())
}

/// Restores a deleted tag, and with it the tag of every record that carried it.
///
/// # Errors
/// [`Error::NotFound`], [`Error::State`] when it is not deleted, [`Error::Duplicate`] when its name was taken meanwhile.
pub fn restore(unit: &mut dyn UnitOfWork, id: TagId) -> Result<Tag> {
    if unit.tags().lookup(id)?.is_some() {
        return Err(Error::state(TagId::NOUN, id, "not deleted", "restored"));
    }
    let tag = unit.tags().restore(id)?.ok_or_else(|| Error::not_found(TagId::NOUN, id))?;
    unit.record(NewChange::restored(&tag)?);
    Ok(tag)
}

fn found(unit: &mut dyn UnitOfWork, id: TagId) -> Result<Tag> {
    unit.tags().lookup(id)?.ok_or_else(|| Error::not_found(TagId::NOUN, id))
}

/// The live tags of these names, made where there is none; each once, whatever the case of its name.
pub(super) fn named(unit: &mut dyn UnitOfWork, names: Vec<TagName>) -> Result<Vec<Tag>> {
    let mut wanted = HashMap::new();
    for name in names {
        wanted.entry(name.to_lowercase()).or_insert(name);
    }
    let keys: Vec<String> = wanted.keys().cloned().collect();
    let mut tags = unit.tags().lookup_named(&keys)?;
    for tag in &tags {
        wanted.remove(&tag.fields.name.to_lowercase());
    }
    // In the order of their names, so that their ids do not depend on a map's.
    let mut missing: Vec<TagName> = wanted.into_values().collect();
    missing.sort();
    let plain = |name| TagFields {
        name,
        color: None,
        description: None,
    };
    tags.extend(create_many(unit, missing.into_iter().map(plain).collect())?);
    Ok(tags)
}
