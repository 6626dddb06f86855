//! Tags: words that people put on records of several kinds (contract D-99 … D-111). Which records carry them, [`super::label`] knows.

mod draft;
mod port;
mod record;

pub use draft::{Color, TagDraft, parse_name};
pub use port::{TagField, TagFilter, TagReads, TagRepository};

use std::collections::HashMap;

use serde::Serialize;
use uuid::Uuid;

use crate::{
    error::Result,
    field::Text,
    id::{RecordId, TagId, UserId},
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        change::{Entity, EntityKind},
        record::Record,
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
    tags.extend(Tag::create_many(unit, missing.into_iter().map(plain).collect())?);
    Ok(tags)
}
