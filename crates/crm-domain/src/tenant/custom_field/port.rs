//! Reading and keeping custom fields and their values.

use super::{CUSTOMIZED, CustomField, CustomFieldFields, FieldType, FieldValue};
use crate::{
    error::Result,
    fields,
    id::CustomFieldId,
    page::{Page, Sort, Window},
    query::Filter,
    tenant::change::EntityKind,
};

/// The stored words of the kinds of record that can have custom fields.
const ENTITIES: [&str; 7] = [
    CUSTOMIZED[0].as_str(),
    CUSTOMIZED[1].as_str(),
    CUSTOMIZED[2].as_str(),
    CUSTOMIZED[3].as_str(),
    CUSTOMIZED[4].as_str(),
    CUSTOMIZED[5].as_str(),
    CUSTOMIZED[6].as_str(),
];

fields! {
    /// The fields of custom fields that lists know; by creation unless asked otherwise (contract X-106). There are too few of them to need
    /// indexes.
    pub enum CustomFieldField of field: CustomField {
        CreatedAt: Spec::stamp("created_at").filterable().in_id_order() => field.created_at;
        Id: Spec::id("id").filterable().in_id_order() => field.id;
        UpdatedAt: Spec::stamp("updated_at").filterable() => field.updated_at;
        Entity: Spec::choice("entity", &ENTITIES) => field.fields.entity.as_str();
        Key: Spec::text("key").filterable() => &*field.fields.key;
        Label: Spec::text("label").filterable() => &field.fields.label;
        FieldType: Spec::choice("field_type", &FieldType::WORDS) => field.fields.field_type;
        Required: Spec::boolean("required").filterable() => field.fields.required;
        Unique: Spec::boolean("unique").filterable() => field.fields.unique;
        Position: Spec::integer("position").filterable() => field.fields.position;
        CreatedBy: Spec::id("created_by").nullable() => field.created_by;
    }
}

/// Which custom fields a list shows.
pub type CustomFieldFilter = Filter<CustomFieldField>;

/// A value that a record has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueOf {
    /// The record.
    pub record_id: i64,
    /// The field.
    pub field_id: CustomFieldId,
    /// The field's key.
    pub key: String,
    /// The value.
    pub value: FieldValue,
}

/// A value that a record gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewValue {
    /// The record.
    pub record_id: i64,
    /// The field.
    pub field_id: CustomFieldId,
    /// The value; it takes the place of the one before.
    pub value: FieldValue,
}

/// Reads custom fields, and what of their values their definitions depend on. The values themselves are labels of their records
/// ([`crate::tenant::label`]).
pub trait CustomFieldReads {
    /// The live field with this id.
    fn lookup(&mut self, id: CustomFieldId) -> Result<Option<CustomField>>;
    /// Every live field of a kind of record, in their order.
    fn of_kind(&mut self, kind: EntityKind) -> Result<Vec<CustomField>>;
    /// A page of the fields that match.
    fn list(&mut self, filter: &CustomFieldFilter, sort: Sort<CustomFieldField>, window: &Window) -> Result<Page<CustomField>>;
    /// The records, deleted ones too, whose value in this field has one of these sort keys, with it.
    fn holders(&mut self, id: CustomFieldId, sort_keys: &[String]) -> Result<Vec<(i64, String)>>;
    /// Whether any record, deleted or not, has a value in this field.
    fn has_values(&mut self, id: CustomFieldId) -> Result<bool>;
    /// One of these choices that some record, deleted or not, has in this field.
    fn used_choice(&mut self, id: CustomFieldId, choices: &[String]) -> Result<Option<String>>;
    /// Whether two live records have the same value in this field.
    fn has_duplicates(&mut self, field: &CustomField) -> Result<bool>;
}

/// Writes custom fields. Callers outside this crate use the functions beside [`CustomField`], which also record the change.
pub trait CustomFieldRepository: CustomFieldReads {
    /// Keeps new fields; ids ascend in the order given.
    fn add(&mut self, fields: Vec<CustomFieldFields>) -> Result<Vec<CustomField>>;
    /// Keeps a field's new definition and `updated_at`.
    fn update(&mut self, field: &CustomField) -> Result<()>;
    /// Marks a field deleted at this unit's stamp.
    fn remove(&mut self, id: CustomFieldId) -> Result<()>;
    /// Makes a deleted field live again at this unit's stamp; `None` when there is none with this id.
    fn restore(&mut self, id: CustomFieldId) -> Result<Option<CustomField>>;
}
