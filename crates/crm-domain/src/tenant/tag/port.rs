//! Reading and keeping tags.

use uuid::Uuid;

use super::{Tag, TagFields};
use crate::{
    error::Result,
    fields,
    id::TagId,
    page::{Page, Sort, Window},
    query::Filter,
};

fields! {
    /// The fields of tags that lists know; by creation unless asked otherwise (contract X-106).
    pub enum TagField of tag: Tag {
        CreatedAt: Spec::stamp("created_at").filterable().in_id_order() => tag.created_at;
        Id: Spec::id("id").filterable().in_id_order() => tag.id;
        UpdatedAt: Spec::stamp("updated_at").filterable() => tag.updated_at;
        Name: Spec::key("name").filterable().searchable() => &tag.fields.name;
        CreatedBy: Spec::id("created_by").nullable() => tag.created_by;
    }
}

/// Which tags a list shows; a search looks in name and description.
pub type TagFilter = Filter<TagField>;

/// Reads tags.
pub trait TagReads {
    /// The live tag with this id.
    fn lookup(&mut self, id: TagId) -> Result<Option<Tag>>;
    /// The ids of the tags, live or deleted, that have one of these uuids.
    fn ids_of(&mut self, uuids: &[Uuid]) -> Result<Vec<(Uuid, TagId)>>;
    /// The live tags among these ids, in any order.
    fn lookup_many(&mut self, ids: &[TagId]) -> Result<Vec<Tag>>;
    /// The live tags with one of these names, whatever their case; at most one each.
    fn lookup_named(&mut self, names: &[String]) -> Result<Vec<Tag>>;
    /// A page of the tags that match.
    fn list(&mut self, filter: &TagFilter, sort: Sort<TagField>, window: &Window) -> Result<Page<Tag>>;
    /// How many live records carry each of these tags; those that none carries are left out.
    fn usage(&mut self, ids: &[TagId]) -> Result<Vec<(TagId, u64)>>;
}

/// Writes tags. Callers outside this crate use [`single`](crate::usecase::single), which also records the change.
pub trait TagRepository: TagReads {
    /// Keeps new tags; ids ascend in the order given.
    fn add(&mut self, fields: Vec<TagFields>) -> Result<Vec<Tag>>;
    /// Keeps a tag's new fields and `updated_at`.
    fn update(&mut self, tag: &Tag) -> Result<()>;
    /// Marks a tag deleted at this unit's stamp.
    fn remove(&mut self, id: TagId) -> Result<()>;
    /// The deleted tag with this id.
    fn lookup_deleted(&mut self, id: TagId) -> Result<Option<Tag>>;
    /// Makes a tag, as [`lookup_deleted`](TagRepository::lookup_deleted) read it, live again at this unit's stamp.
    fn restore(&mut self, tag: &Tag) -> Result<()>;
}
