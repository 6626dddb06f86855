//! The values of custom fields, and how what a caller says of them is checked against the definitions.

use std::collections::BTreeMap;

use serde_json::Value;
use time::Date;

use super::{CustomField, CustomFieldReads, FIELDS_MAX, FieldType, ValueOf};
use crate::{
    decimal::Decimal,
    error::{Problem, Result},
    field::{Check, Text, format_date, parse_date},
    id::CustomFieldId,
    query::{self, CustomColumn, Spec},
    tenant::{UnitOfWork, change::EntityKind},
};

/// What the custom fields of a record are called together, in errors and changes: `custom_fields.tier`.
pub const MEMBER: &str = "custom_fields";
/// With this the names of custom fields begin in errors and changes.
pub(crate) const BEGINNING: &str = "custom_fields.";
/// Most characters of an unknown key that are told back.
const SHOWN_MAX: usize = 40;

/// A value of a custom field.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are those of the types")]
pub enum FieldValue {
    Text(Text<255>),
    Number(Decimal),
    Date(Date),
    Bool(bool),
    /// As its field spells it.
    Choice(String),
}

impl FieldValue {
    /// Reads back what [`FieldValue::stored`] wrote.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_store(holds: FieldType, stored: String) -> Result<Self, Problem> {
        match holds {
            FieldType::Text => Ok(Self::Text(Text::from_store(stored))),
            FieldType::Number => Decimal::parse(&stored).map(Self::Number),
            FieldType::Date => parse_date(&stored).map(Self::Date),
            FieldType::Bool => stored.parse().map(Self::Bool).map_err(|_| query::choice(&["true", "false"])),
            FieldType::Choice => Ok(Self::Choice(stored)),
        }
    }

    /// Reads what a change tells, which says nothing of the field's type: dates and choices are texts there, which JSON shows alike. `None`
    /// of no value.
    pub(crate) fn told(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self::Text(Text::from_store(text.clone()))),
            Value::Number(number) => Decimal::parse(&number.to_string()).ok().map(Self::Number),
            Value::Bool(flag) => Some(Self::Bool(*flag)),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// The text that it is stored as.
    pub fn stored(&self) -> String {
        match self {
            Self::Text(text) => text.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Date(date) => format_date(*date),
            Self::Bool(flag) => flag.to_string(),
            Self::Choice(word) => word.clone(),
        }
    }

    /// A text whose order, by code points, is that of the field's values; equal values have the same.
    pub fn sort_key(&self) -> String {
        match self {
            Self::Text(text) => text.to_lowercase(),
            Self::Number(number) => number.sort_key(),
            Self::Date(_) | Self::Bool(_) | Self::Choice(_) => self.stored(),
        }
    }
}

/// As JSON shows it.
impl From<&FieldValue> for Value {
    fn from(value: &FieldValue) -> Self {
        match value {
            FieldValue::Number(number) => Self::Number(number.to_json()),
            FieldValue::Bool(flag) => Self::Bool(*flag),
            FieldValue::Text(_) | FieldValue::Date(_) | FieldValue::Choice(_) => Self::String(value.stored()),
        }
    }
}

impl CustomField {
    /// Reads a value as JSON gives it; null and blank texts are none.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(&self, given: &Value) -> Result<Option<FieldValue>, Problem> {
        match given {
            Value::Null => return Ok(None),
            Value::String(text) if text.trim().is_empty() => return Ok(None),
            _ => {}
        }
        let value = match (self.fields.field_type, given) {
            (FieldType::Text, Value::String(text)) => Text::parse(text).map(FieldValue::Text),
            (FieldType::Number, Value::Number(number)) => Decimal::parse(&number.to_string()).map(FieldValue::Number),
            (FieldType::Date, Value::String(text)) => parse_date(text).map(FieldValue::Date),
            (FieldType::Bool, Value::Bool(flag)) => Ok(FieldValue::Bool(*flag)),
            (FieldType::Choice, Value::String(text)) => self.choice(text).map(FieldValue::Choice),
            (FieldType::Text | FieldType::Choice | FieldType::Date, _) => Err(expected("a string")),
            (FieldType::Number, _) => Err(expected("a number")),
            (FieldType::Bool, _) => Err(expected("true or false")),
        };
        value.map(Some)
    }

    /// Reads a value as a condition of a list gives it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(&self, spec: &Spec, text: &str) -> Result<query::Value, Problem> {
        match self.fields.field_type {
            FieldType::Choice => self.choice(text).map(query::Value::Text),
            FieldType::Text | FieldType::Number | FieldType::Date | FieldType::Bool => spec.read(text),
        }
    }

    /// The field's own spelling of a choice.
    fn choice(&self, text: &str) -> Result<String, Problem> {
        let wanted = text.trim().to_lowercase();
        let found = self.fields.choices.iter().find(|choice| choice.to_lowercase() == wanted);
        found.map(ToString::to_string).ok_or_else(|| {
            let words: Vec<&str> = self.fields.choices.iter().map(|choice| &**choice).collect();
            query::choice(&words)
        })
    }

    /// What it is called in errors and changes.
    pub fn name(&self) -> String {
        name_of(&self.fields.key)
    }
}

/// What the field with this key is called in errors and changes.
pub(crate) fn name_of(key: &str) -> String {
    format!("{BEGINNING}{key}")
}

fn expected(expected: &str) -> Problem {
    Problem::Type {
        expected: expected.to_owned(),
    }
}

/// What a caller says of a record's custom fields, unparsed, by their keys. Null clears; fields that are not mentioned stay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomDraft(pub BTreeMap<String, Value>);

/// Parsed values of a record's custom fields; `None` clears, and fields that are not there stay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomValues(pub(super) BTreeMap<CustomFieldId, Option<FieldValue>>);

impl CustomValues {
    /// Whether they say nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What a record has.
    pub(crate) fn held(values: impl IntoIterator<Item = ValueOf>) -> Self {
        Self(values.into_iter().map(|held| (held.field_id, Some(held.value))).collect())
    }

    /// Takes over what is said later.
    pub(crate) fn extend(&mut self, later: Self) {
        self.0.extend(later.0);
    }
}

/// The custom fields of a kind of record.
#[derive(Debug, Clone)]
pub struct Definitions {
    kind: EntityKind,
    fields: Vec<CustomField>,
}

impl Definitions {
    /// Those of this kind of record; none of one that has none.
    pub fn read(reads: &mut dyn CustomFieldReads, kind: EntityKind) -> Result<Self> {
        let can_have = super::CUSTOMIZED.contains(&kind);
        let fields = if can_have { reads.of_kind(kind)? } else { Vec::new() };
        Ok(Self { kind, fields })
    }

    /// The same in a unit of work, where a tenant without custom fields costs no statement.
    pub fn in_unit(unit: &mut dyn UnitOfWork, kind: EntityKind) -> Result<Self> {
        if unit.labels().present()?.custom_fields {
            Self::read(unit.custom_fields(), kind)
        } else {
            Ok(Self::none(kind))
        }
    }

    /// None.
    pub(crate) fn none(kind: EntityKind) -> Self {
        Self { kind, fields: Vec::new() }
    }

    /// The kind of record.
    pub fn kind(&self) -> EntityKind {
        self.kind
    }

    /// The fields, in their order.
    pub fn fields(&self) -> &[CustomField] {
        &self.fields
    }

    /// The field with this key.
    pub fn find(&self, key: &str) -> Option<&CustomField> {
        self.fields.iter().find(|field| *field.fields.key == *key)
    }

    pub(super) fn get(&self, id: CustomFieldId) -> Option<&CustomField> {
        self.fields.iter().find(|field| field.id == id)
    }

    /// The field that a list knows as this column.
    pub fn of_column(&self, column: CustomColumn) -> Option<&CustomField> {
        self.get(column.id)
    }

    /// Parses what is said of a new record, and notes everything that is wrong under [`CustomField::name`]: a required field without a
    /// value as well.
    pub fn parse_new(&self, draft: CustomDraft, check: &mut Check) -> CustomValues {
        let mut values = self.parse(draft, check);
        values.0.retain(|_, value| value.is_some());
        self.require(&values, check);
        values
    }

    /// Notes each required field in which a new record with these values has none.
    pub fn require(&self, values: &CustomValues, check: &mut Check) {
        for field in self.fields.iter().filter(|field| field.fields.required) {
            if values.0.get(&field.id).is_none_or(Option::is_none) {
                // Where another problem was noted already, that one stays.
                check.fail(&field.name(), Problem::Required);
            }
        }
    }

    /// Whether a new record needs a value.
    pub fn ask_for_values(&self) -> bool {
        self.fields.iter().any(|field| field.fields.required)
    }

    /// Parses what is said of a record that there is, and notes everything that is wrong under [`CustomField::name`]: also that a required
    /// field would lose its value.
    pub fn parse_changes(&self, draft: CustomDraft, check: &mut Check) -> CustomValues {
        let values = self.parse(draft, check);
        for (id, value) in &values.0 {
            if let (Some(field), None) = (self.get(*id).filter(|field| field.fields.required), value) {
                check.fail(&field.name(), Problem::Required);
            }
        }
        values
    }

    fn parse(&self, draft: CustomDraft, check: &mut Check) -> CustomValues {
        let mut values = CustomValues::default();
        if draft.0.len() > FIELDS_MAX {
            check.fail(MEMBER, Problem::Rule(format!("must be at most {FIELDS_MAX}")));
            return values;
        }
        for (key, given) in draft.0 {
            let Some(field) = self.find(&key) else {
                let shown: String = key.chars().take(SHOWN_MAX).collect();
                check.fail(&name_of(&shown), unknown());
                continue;
            };
            match field.parse(&given) {
                Ok(value) => drop(values.0.insert(field.id, value)),
                Err(problem) => check.fail(&field.name(), problem),
            }
        }
        values
    }
}

fn unknown() -> Problem {
    Problem::Rule("is not a custom field of these records".to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::{
        Error,
        field::Patch,
        id::RecordId,
        stamp::Stamp,
        tenant::custom_field::{CustomFieldDraft, CustomFieldFields},
    };

    fn field(id: i64, key: &str, holds: FieldType, required: bool) -> CustomField {
        let choices = ["Gold", "Silver"].map(str::to_owned).to_vec();
        let draft = CustomFieldDraft {
            entity: Patch::Set(EntityKind::Account),
            key: Patch::Set(key.to_owned()),
            field_type: Patch::Set(holds.as_str().to_owned()),
            required: Patch::Set(required),
            choices: if holds == FieldType::Choice {
                Patch::Set(choices)
            } else {
                Patch::Keep
            },
            ..CustomFieldDraft::default()
        };
        CustomField {
            id: CustomFieldId::from_i64(id),
            uuid: uuid::Uuid::nil(),
            fields: CustomFieldFields::parse(draft, id, Check::new()).unwrap(),
            created_at: Stamp::default(),
            created_by: None,
            updated_at: Stamp::default(),
        }
    }

    fn definitions() -> Definitions {
        Definitions {
            kind: EntityKind::Account,
            fields: vec![
                field(1, "code", FieldType::Text, true),
                field(2, "score", FieldType::Number, false),
                field(3, "renewal", FieldType::Date, false),
                field(4, "vip", FieldType::Bool, false),
                field(5, "tier", FieldType::Choice, true),
            ],
        }
    }

    fn draft(value: Value) -> CustomDraft {
        CustomDraft(value.as_object().unwrap().clone().into_iter().collect())
    }

    fn told(check: Check) -> Vec<String> {
        match check.finish() {
            Ok(()) => Vec::new(),
            Err(Error::Invalid(errors)) => errors.iter().map(|error| format!("{} {}", error.field, error.problem)).collect(),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn values_are_read_by_their_fields_types() {
        let mut check = Check::new();
        let given = json!({"code": " A-7 ", "score": 1e3, "renewal": "2026-02-28", "vip": false, "tier": "GOLD"});
        let values = definitions().parse_new(draft(given), &mut check);
        let stored: Vec<String> = values.0.values().flatten().map(FieldValue::stored).collect();
        assert_eq!(stored, ["A-7", "1000", "2026-02-28", "false", "Gold"]);
        assert_eq!(told(check), [""; 0]);
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let mut check = Check::new();
        let given = json!({"code": 7, "score": "7", "renewal": "2026-02-30", "vip": "yes", "other": 1, "tier": "Bronze"});
        definitions().parse_new(draft(given), &mut check);
        assert_eq!(
            told(check),
            [
                "custom_fields.code must be a string",
                "custom_fields.other is not a custom field of these records",
                "custom_fields.renewal must be a date in the form YYYY-MM-DD",
                "custom_fields.score must be a number",
                "custom_fields.tier must be one of: Gold, Silver",
                "custom_fields.vip must be true or false",
            ]
        );
        let mut check = Check::new();
        definitions().parse_new(draft(json!({"code": " ", "score": null})), &mut check);
        assert_eq!(told(check), ["custom_fields.code is required", "custom_fields.tier is required"]);
    }

    #[test]
    fn a_change_may_leave_out_what_is_required_but_not_clear_it() {
        let mut check = Check::new();
        let values = definitions().parse_changes(draft(json!({"score": null})), &mut check);
        assert_eq!((values.0.len(), told(check)), (1, Vec::new()));
        let mut check = Check::new();
        definitions().parse_changes(draft(json!({"code": null, "tier": ""})), &mut check);
        assert_eq!(told(check), ["custom_fields.code is required", "custom_fields.tier is required"]);
    }

    #[test]
    fn a_body_of_many_unknown_fields_is_one_error() {
        let many = (0..1_000).map(|number| (format!("f{number}"), json!(1))).collect();
        let mut check = Check::new();
        definitions().parse_changes(CustomDraft(many), &mut check);
        assert_eq!(told(check), ["custom_fields must be at most 100"]);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".*".prop_map(Value::from),
            "[0-9]{4}-[0-9]{2}-[0-9]{2}".prop_map(Value::from),
            Just(json!(["Gold"])),
            Just(json!({"a": 1})),
        ]
    }

    proptest! {
        #[test]
        fn values_read_back_from_the_store_and_from_json(given in any_json()) {
            for field in definitions().fields() {
                let Ok(Some(value)) = field.parse(&given) else { continue };
                let holds = field.fields.field_type;
                prop_assert_eq!(FieldValue::from_store(holds, value.stored()), Ok(value.clone()));
                prop_assert_eq!(field.parse(&Value::from(&value)), Ok(Some(value)));
            }
        }

        #[test]
        fn a_condition_on_a_value_reads_its_sort_key(given in any_json()) {
            for field in definitions().fields() {
                let Ok(Some(value)) = field.parse(&given) else { continue };
                let read = field.read(field.column().spec(), &value.stored());
                prop_assert_eq!(read, Ok(query::Value::Text(value.sort_key())));
            }
        }
    }
}
