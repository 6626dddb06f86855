//! Tags as the mechanisms common to all nouns see them.

use super::{Tag, TagDraft, TagFields};
use crate::{
    error::Result,
    field::Check,
    id::{TagId, UserId},
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        change::NewChange,
        link::Reference,
        record::{Key, Record},
    },
};

impl Record for Tag {
    type Id = TagId;
    type Draft = TagDraft;
    type Parsed = TagFields;
    type Context = ();

    fn updated_at(&self) -> Stamp {
        self.updated_at
    }

    fn context(_: &mut dyn UnitOfWork, _: UserId) -> Result<()> {
        Ok(())
    }

    fn parse(draft: TagDraft, (): &(), check: Check) -> Result<TagFields> {
        TagFields::parse(draft, check)
    }

    fn updated(&self, draft: TagDraft, (): &(), check: Check) -> Result<TagFields> {
        self.fields.updated(draft, check)
    }

    fn fields_of(parsed: &TagFields) -> &TagFields {
        parsed
    }

    fn named(_: &TagDraft) -> Vec<Reference> {
        Vec::new()
    }

    fn references(_: &TagFields) -> Vec<Reference> {
        Vec::new()
    }

    /// Two tags become one by hand, never by a slip.
    fn keys(fields: &TagFields) -> Vec<Key> {
        Key::of("name", Some(fields.name.to_lowercase())).into_iter().collect()
    }

    fn holders(unit: &mut dyn UnitOfWork, _: &'static str, texts: &[String]) -> Result<Vec<Self>> {
        unit.tags().lookup_named(texts)
    }

    fn lookup_many(unit: &mut dyn UnitOfWork, ids: &[TagId]) -> Result<Vec<Self>> {
        unit.tags().lookup_many(ids)
    }

    fn create_many(unit: &mut dyn UnitOfWork, new: Vec<TagFields>) -> Result<Vec<Self>> {
        let added = unit.tags().add(new)?;
        for tag in &added {
            unit.record(NewChange::created(tag)?);
        }
        Ok(added)
    }

    /// Every record that carries it shows it so from now on; the change is the tag's alone.
    fn revise(unit: &mut dyn UnitOfWork, before: &Self, fields: TagFields) -> Result<Option<Self>> {
        let after = Self {
            fields,
            updated_at: unit.stamp(),
            ..before.clone()
        };
        let Some(change) = NewChange::updated(before, &after)? else {
            return Ok(None);
        };
        unit.tags().update(&after)?;
        unit.record(change);
        Ok(Some(after))
    }

    /// No record shows them any more, until they are restored. The change is the tags' alone.
    fn remove_many(unit: &mut dyn UnitOfWork, tags: Vec<Self>) -> Result<()> {
        for tag in tags {
            unit.tags().remove(tag.id)?;
            unit.record(NewChange::deleted(&tag)?);
        }
        Ok(())
    }

    fn lookup_deleted(unit: &mut dyn UnitOfWork, id: TagId) -> Result<Option<Self>> {
        unit.tags().lookup_deleted(id)
    }

    /// Every record that carried it does so again.
    fn revive(&self, unit: &mut dyn UnitOfWork) -> Result<()> {
        unit.tags().restore(self)
    }
}
