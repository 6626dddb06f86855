//! What records carry beside their own fields, as cells: their tags in one column, and one column for each custom field.

use super::ExportSource;
use crate::{
    error::Result,
    tenant::{change::EntityKind, custom_field::FieldValue, label::Labels},
    usecase::import::custom_header,
};

/// The column of the tags, whose names are told apart by commas, which none of them holds.
const TAGS: &str = "tags";

/// The columns of a kind of records.
pub(super) struct Carried {
    /// The keys of the custom fields.
    keys: Vec<String>,
}

impl Carried {
    /// The tags, and the custom fields that there are now.
    pub(super) fn of_kind(source: &ExportSource, kind: EntityKind) -> Result<Self> {
        let fields = source.store.reading(|reader| reader.custom_fields().of_kind(kind))?;
        let keys = fields.into_iter().map(|field| field.fields.key.to_string()).collect();
        Ok(Self { keys })
    }

    /// The headers, by which an import knows them again.
    pub(super) fn headers(&self) -> impl Iterator<Item = String> {
        std::iter::once(TAGS.to_owned()).chain(self.keys.iter().map(|key| custom_header(key)))
    }

    /// A record's cells.
    pub(super) fn cells(&self, labels: Option<&Labels>) -> impl Iterator<Item = String> {
        let tags = labels.map(|labels| labels.tags.join(", ")).unwrap_or_default();
        let value = move |key: &String| labels.and_then(|labels| labels.custom_fields.get(key)).map(FieldValue::stored);
        std::iter::once(tags).chain(self.keys.iter().map(move |key| value(key).unwrap_or_default()))
    }
}
