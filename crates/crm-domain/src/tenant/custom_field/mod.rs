//! Custom fields: what a tenant keeps of its records beyond the fields that every tenant has. A definition says what a field holds; the
//! values stand beside the records, are checked against the definitions, and lists filter and sort by them as by any field.
//!
//! Deleting a definition hides its values, and restoring it shows them again. A rule that is made stricter (`required`) counts for later
//! writes: the records that break it stay as they are.

mod draft;
mod kind;
mod port;
mod unique;
mod value;
mod write;

pub use draft::{CustomFieldDraft, FieldKey};
pub use kind::FieldType;
pub use port::{CustomFieldField, CustomFieldFilter, CustomFieldReads, CustomFieldRepository, NewValue, ValueOf};
pub use unique::{Holders, ValueSource};
pub(crate) use value::{BEGINNING, name_of};
pub use value::{CustomDraft, CustomValues, Definitions, FieldValue, MEMBER};
pub use write::{Prepared, check_restored, copy, take_back, write, write_new};

use serde::Serialize;
use uuid::Uuid;

use crate::{
    error::{Error, Result},
    field::{Check, Text},
    id::{CustomFieldId, RecordId, UserId},
    query::CustomColumn,
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        change::{Entity, EntityKind, NewChange},
    },
};

/// The kinds of record that can have custom fields.
pub const CUSTOMIZED: [EntityKind; 7] = [
    EntityKind::Account,
    EntityKind::Contact,
    EntityKind::Lead,
    EntityKind::Opportunity,
    EntityKind::Ticket,
    EntityKind::Activity,
    EntityKind::Task,
];
/// Most custom fields of one kind of record.
pub const FIELDS_MAX: usize = 100;
/// Most choices of a field.
pub const CHOICES_MAX: usize = 100;
/// The last position.
pub const POSITION_MAX: i64 = 1_000_000;

/// One of the values of a [`FieldType::Choice`].
pub type Choice = Text<100>;

/// What people enter about a custom field. A value of this type is valid by construction, but for its key's uniqueness.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CustomFieldFields {
    /// The kind of record that has it, one of [`CUSTOMIZED`]; it never changes.
    pub entity: EntityKind,
    /// What callers name it by; unique among the live fields of its kind of record.
    pub key: FieldKey,
    /// What people call it.
    pub label: Text<100>,
    /// What it holds; it changes only while no record has a value.
    pub field_type: FieldType,
    /// Whether new records need a value, and no record may lose it.
    pub required: bool,
    /// Whether no two live records may have the same value; of texts whatever their case.
    pub unique: bool,
    /// What a [`FieldType::Choice`] may hold, in the order in which it is offered; empty for other types.
    pub choices: Vec<Choice>,
    /// Its place among the fields of its kind of record, ascending; fields of one place stand in the order of creation.
    pub position: i64,
}

/// A custom field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomField {
    /// Per-tenant id; ascending in the order of creation.
    pub id: CustomFieldId,
    /// Version 7 uuid.
    pub uuid: Uuid,
    /// What people entered.
    pub fields: CustomFieldFields,
    /// Stamp of the unit that created it.
    pub created_at: Stamp,
    /// The user who created it; `None` for integrations and jobs.
    pub created_by: Option<UserId>,
    /// Stamp of the last unit that changed it.
    pub updated_at: Stamp,
}

impl CustomField {
    /// It as lists know it.
    pub fn column(&self) -> CustomColumn {
        CustomColumn {
            id: self.id,
            holds: self.fields.field_type,
        }
    }
}

impl Entity for CustomField {
    const KIND: EntityKind = EntityKind::CustomField;
    type Fields = CustomFieldFields;
    fn id(&self) -> i64 {
        self.id.get()
    }
    fn fields(&self) -> &CustomFieldFields {
        &self.fields
    }
}

/// Creates a custom field, behind the others of its kind of record unless its position says otherwise.
///
/// # Errors
/// [`Error::Invalid`], [`Error::Duplicate`] when the key is taken, and [`Error::Conflict`] when there are [`FIELDS_MAX`] already.
pub fn create(unit: &mut dyn UnitOfWork, draft: CustomFieldDraft, check: Check) -> Result<CustomField> {
    let others = match draft.entity() {
        Some(entity) => unit.custom_fields().of_kind(entity)?,
        None => Vec::new(),
    };
    let last = others.iter().map(|other| other.fields.position).max();
    let position = last.map_or(1, |last| (last + 1).min(POSITION_MAX));
    let fields = CustomFieldFields::parse(draft, position, check)?;
    check_room(others.len() + 1)?;
    let mut added = unit.custom_fields().add(vec![fields])?;
    let field = added.pop().ok_or_else(|| Error::Internal("an added field is missing".to_owned()))?;
    unit.record(NewChange::created(&field)?);
    Ok(field)
}

/// Updates a custom field: what the draft does not mention stays.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Invalid`], [`Error::Duplicate`] when the key is taken, and [`Error::State`] when records have values that
/// the change does not allow: values of the type before, choices that are gone, or the same value twice in a field that becomes unique.
pub fn update(unit: &mut dyn UnitOfWork, id: CustomFieldId, draft: CustomFieldDraft, check: Check) -> Result<CustomField> {
    let before = found(unit, id)?;
    let after = CustomField {
        fields: before.fields.updated(draft, check)?,
        updated_at: unit.stamp(),
        ..before.clone()
    };
    let Some(change) = NewChange::updated(&before, &after)? else {
        return Ok(before);
    };
    check_values(unit, &before, &after)?;
    unit.custom_fields().update(&after)?;
    unit.record(change);
    Ok(after)
}

/// Deletes a custom field: no record shows it any more, until it is restored. The change is the field's alone.
///
/// # Errors
/// [`Error::NotFound`].
pub fn remove(unit: &mut dyn UnitOfWork, id: CustomFieldId) -> Result<()> {
    let field = found(unit, id)?;
    unit.custom_fields().remove(id)?;
    unit.record(NewChange::deleted(&field)?);
    Ok(())
}

/// Restores a deleted custom field, and with it the values that records have in it.
///
/// # Errors
/// [`Error::NotFound`], [`Error::State`] when it is not deleted, [`Error::Duplicate`] when its key was taken meanwhile, [`Error::Conflict`]
/// when there are [`FIELDS_MAX`] others now, and when records share a value that must be unique: some may have been restored meanwhile.
pub fn restore(unit: &mut dyn UnitOfWork, id: CustomFieldId) -> Result<CustomField> {
    if unit.custom_fields().lookup(id)?.is_some() {
        return Err(Error::state(CustomFieldId::NOUN, id, "not deleted", "restored"));
    }
    let field = unit.custom_fields().restore(id)?;
    let field = field.ok_or_else(|| Error::not_found(CustomFieldId::NOUN, id))?;
    check_room(unit.custom_fields().of_kind(field.fields.entity)?.len())?;
    if field.fields.unique && unit.custom_fields().has_duplicates(&field)? {
        return Err(shared(&field));
    }
    unit.record(NewChange::restored(&field)?);
    Ok(field)
}

fn found(unit: &mut dyn UnitOfWork, id: CustomFieldId) -> Result<CustomField> {
    let found = unit.custom_fields().lookup(id)?;
    found.ok_or_else(|| Error::not_found(CustomFieldId::NOUN, id))
}

fn check_room(fields: usize) -> Result<()> {
    if fields <= FIELDS_MAX {
        return Ok(());
    }
    Err(Error::Conflict(format!(
        "these records have {FIELDS_MAX} custom fields, and no room for more"
    )))
}

/// Looks whether the values that records have, deleted ones too, fit the definition as it is to be.
fn check_values(unit: &mut dyn UnitOfWork, before: &CustomField, after: &CustomField) -> Result<()> {
    let (old, new) = (&before.fields, &after.fields);
    if old.field_type != new.field_type {
        return if unit.custom_fields().has_values(before.id)? {
            Err(Error::state(CustomFieldId::NOUN, before.id, "in use", "given another type"))
        } else {
            Ok(())
        };
    }
    let gone = old.choices.iter().filter(|choice| !new.choices.contains(choice));
    let gone: Vec<String> = gone.map(ToString::to_string).collect();
    if !gone.is_empty()
        && let Some(used) = unit.custom_fields().used_choice(before.id, &gone)?
    {
        let state = format!("in use with the choice {used:?}");
        return Err(Error::state(CustomFieldId::NOUN, before.id, state, "changed so"));
    }
    if new.unique && !old.unique && unit.custom_fields().has_duplicates(after)? {
        return Err(shared(after));
    }
    Ok(())
}

fn shared(field: &CustomField) -> Error {
    Error::state(
        CustomFieldId::NOUN,
        field.id,
        "in use with the same value in several records",
        "unique",
    )
}
