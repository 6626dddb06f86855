//! Custom fields in a table: which columns feed them, and what its rows say of them.

use std::collections::HashSet;

use serde_json::Value;

use crate::{
    decimal::Decimal,
    table::{Mapping, MappingError, UNMAP},
    tenant::custom_field::{CustomDraft, CustomField, Definitions, FieldType, MEMBER},
};

use super::{columns::Columns, report::ImportError};

/// What stands before a custom field's key where a column is mapped to it, in the words of the API.
const PREFIX: &str = "customFields.";

/// A column that feeds a custom field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CustomColumn {
    pub(super) column: usize,
    /// The field's key.
    pub(super) key: String,
}

/// The key in `customFields.key` and `custom_fields.key`.
fn key_in(name: &str) -> Option<&str> {
    let (member, key) = name.split_once('.')?;
    let member = member.trim();
    (member.eq_ignore_ascii_case(MEMBER) || member.eq_ignore_ascii_case(PREFIX.trim_end_matches('.'))).then_some(key.trim())
}

/// What a custom field is called in the report of the columns, and at the head of its column in an exported table.
pub fn name_of(key: &str) -> String {
    format!("{PREFIX}{key}")
}

/// Maps columns as a person says, some of them to custom fields, and the columns that feed nothing then to the custom fields whose key or
/// label is their header.
pub(super) fn map(mapping: &mut Mapping, overrides: &[(String, String)], fields: &[CustomField]) -> Result<Vec<CustomColumn>, ImportError> {
    // A column of a custom field feeds no other, which the mapping sees to.
    let own = |(header, field): &(String, String)| {
        let field = key_in(field).map_or(field.as_str(), |_| UNMAP);
        (header.clone(), field.to_owned())
    };
    // A header that says that it is a custom field's is like no other field's, whatever its key.
    let said: Vec<(String, String)> = mapping
        .mapped()
        .filter(|mapped| key_in(mapped.header).is_some())
        .map(|mapped| (mapped.header.to_owned(), UNMAP.to_owned()))
        .collect();
    mapping.apply_overrides(&said)?;
    mapping.apply_overrides(&overrides.iter().map(own).collect::<Vec<_>>())?;
    let mut columns = Vec::new();
    for (header, key) in overrides.iter().filter_map(|(header, field)| Some((header, key_in(field)?))) {
        let field = fields.iter().find(|field| field.fields.key.eq_ignore_ascii_case(key));
        let field = field.ok_or_else(|| ImportError::Option(format!("there is no custom field {key:?}")))?;
        push(&mut columns, mapping.column_named(header), field).map_err(|name| ImportError::Mapping(MappingError::Repeated { name }))?;
    }
    let settled: HashSet<usize> = overrides.iter().filter_map(|(header, _)| mapping.column_named(header)).collect();
    let free: Vec<(usize, &str)> = mapping.unmapped().filter(|(column, _)| !settled.contains(column)).collect();
    for field in fields {
        let is_its = |(_, header): &&(usize, &str)| {
            let header = header.trim();
            let names = [Some(header), key_in(header)];
            names.into_iter().flatten().any(|name| name.eq_ignore_ascii_case(&field.fields.key)) || *header == *field.fields.label
        };
        // What is mapped already stays so.
        if let Some((column, _)) = free.iter().find(is_its) {
            push(&mut columns, Some(*column), field).ok();
        }
    }
    columns.sort_by_key(|column| column.column);
    Ok(columns)
}

/// # Errors
/// The field's name, when its column or the field is taken.
fn push(columns: &mut Vec<CustomColumn>, column: Option<usize>, field: &CustomField) -> Result<(), String> {
    let key = field.fields.key.to_string();
    let Some(column) = column else { return Ok(()) };
    if columns.iter().any(|other| other.column == column || other.key == key) {
        return Err(name_of(&key));
    }
    columns.push(CustomColumn { column, key });
    Ok(())
}

/// What a row says of custom fields. A blank cell says nothing.
pub(super) fn draft(columns: &Columns, definitions: &Definitions, cells: &[String]) -> CustomDraft {
    let said = columns.custom().iter().filter_map(|CustomColumn { column, key }| {
        let text = columns.cell(cells, *column)?;
        let holds = definitions.find(key).map(|field| field.fields.field_type);
        Some((key.clone(), given(holds, text)))
    });
    CustomDraft(said.collect())
}

/// A cell as JSON would give it; what cannot be of the type stays a text, so that it is refused as one.
fn given(holds: Option<FieldType>, text: &str) -> Value {
    let value = match holds {
        Some(FieldType::Number) => Decimal::parse(text).ok().map(|number| Value::Number(number.to_json())),
        Some(FieldType::Bool) => yes_or_no(text).map(Value::Bool),
        Some(FieldType::Text | FieldType::Date | FieldType::Choice) | None => None,
    };
    value.unwrap_or_else(|| Value::String(text.to_owned()))
}

/// What people write for yes and no.
pub(super) fn yes_or_no(word: &str) -> Option<bool> {
    match word.to_lowercase().as_str() {
        "yes" | "y" | "true" | "t" | "1" | "x" => Some(true),
        "no" | "n" | "false" | "f" | "0" | "-" => Some(false),
        _ => None,
    }
}
