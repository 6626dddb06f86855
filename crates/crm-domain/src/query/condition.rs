//! Conditions on one field, parsed once: a value of this module's types fits its field.

use super::{Field, IntoValue, Kind, Spec, VALUES_MAX, Value, field::choice};
use crate::{error::Problem, field::search_key};

/// Fewest characters of a [`Operator::Contains`]: indexes know no shorter pieces of text.
const CONTAINS_MIN: usize = 3;
/// Most characters of a value.
const VALUE_MAX: usize = 255;

/// How a field is compared, as callers name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// The same value.
    Eq,
    /// Another value, or none: whatever [`Operator::Eq`] leaves out.
    Ne,
    /// Less.
    Lt,
    /// Less or the same.
    Lte,
    /// More.
    Gt,
    /// More or the same.
    Gte,
    /// One of several values.
    In,
    /// The text stands somewhere in the value, whatever its case.
    Contains,
    /// The value begins with the text.
    StartsWith,
    /// Whether there is a value.
    IsNull,
}

impl Operator {
    /// Every operator.
    pub const ALL: [Self; 10] = [
        Self::Eq,
        Self::Ne,
        Self::Lt,
        Self::Lte,
        Self::Gt,
        Self::Gte,
        Self::In,
        Self::Contains,
        Self::StartsWith,
        Self::IsNull,
    ];

    /// The word that callers write.
    pub fn word(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Lt => "lt",
            Self::Lte => "lte",
            Self::Gt => "gt",
            Self::Gte => "gte",
            Self::In => "in",
            Self::Contains => "contains",
            Self::StartsWith => "startsWith",
            Self::IsNull => "isNull",
        }
    }

    /// Whether a condition on this field may have it.
    pub(super) fn fits(self, spec: &Spec) -> bool {
        let fits = match self {
            Self::Eq => true,
            Self::Ne => !spec.is_sparse,
            Self::Lt | Self::Lte | Self::Gt | Self::Gte => {
                matches!(
                    spec.kind,
                    Kind::Integer | Kind::Decimal | Kind::Ranked(_) | Kind::Date | Kind::Stamp | Kind::Money
                )
            }
            Self::In => spec.kind != Kind::Bool,
            Self::Contains => spec.is_searchable,
            Self::StartsWith => matches!(spec.kind, Kind::Text | Kind::Key),
            Self::IsNull => spec.is_nullable && !spec.is_sparse,
        };
        spec.is_filterable && fits
    }
}

/// How a value is compared with another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    fn holds(self, value: &Value, with: &Value) -> bool {
        match self {
            Self::Equal => value == with,
            Self::Less => value < with,
            Self::LessOrEqual => value <= with,
            Self::Greater => value > with,
            Self::GreaterOrEqual => value >= with,
        }
    }
}

/// What a condition asks of its field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// The value compares so with this one; never met without a value.
    Compare(Comparison, Value),
    /// The value is another one, or there is none.
    Differs(Value),
    /// The value is this one or more, or there is none; no caller writes it.
    NotLess(Value),
    /// The value is one of these, of which there are 1 to [`VALUES_MAX`].
    In(Vec<Value>),
    /// The value holds this text, which is in the form of [`search_key`].
    Contains(String),
    /// The value begins with this text.
    StartsWith(String),
    /// There is no value, or there is one.
    IsNull(bool),
}

/// A condition on one field, which its test fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition<F> {
    field: F,
    test: Test,
}

impl<F: Field> Condition<F> {
    /// Reads a condition; `read` reads one value of the field.
    ///
    /// # Errors
    /// What is wrong with the operator (it does not fit the field) or the text.
    pub fn parse(field: F, operator: Operator, text: &str, read: impl Fn(&Spec, &str) -> Result<Value, Problem>) -> Result<Self, Problem> {
        let spec = field.spec();
        if !operator.fits(spec) {
            let words: Vec<_> = spec.operators().map(Operator::word).collect();
            return Err(choice(&words));
        }
        let text = text.trim();
        let read = |text: &str| read_one(spec, text, &read);
        let test = match operator {
            Operator::Eq => Test::Compare(Comparison::Equal, read(text)?),
            Operator::Lt => Test::Compare(Comparison::Less, read(text)?),
            Operator::Lte => Test::Compare(Comparison::LessOrEqual, read(text)?),
            Operator::Gt => Test::Compare(Comparison::Greater, read(text)?),
            Operator::Gte => Test::Compare(Comparison::GreaterOrEqual, read(text)?),
            Operator::Ne => match read(text)? {
                // What is not true is false, unless there may be neither.
                Value::Bool(flag) if !spec.is_nullable => Test::Compare(Comparison::Equal, Value::Bool(!flag)),
                value => Test::Differs(value),
            },
            Operator::In => Test::In(read_many(text, read)?),
            Operator::Contains => match read(text)? {
                Value::Text(text) if text.chars().count() >= CONTAINS_MIN => Test::Contains(search_key(&text)),
                _ => return Err(Problem::TooShort { min: CONTAINS_MIN }),
            },
            Operator::StartsWith => match read(text)? {
                Value::Text(text) => Test::StartsWith(text),
                Value::Bool(_) | Value::Integer(_) => return Err(misread()),
            },
            Operator::IsNull => match text.to_ascii_lowercase().as_str() {
                "true" => Test::IsNull(true),
                "false" => Test::IsNull(false),
                _ => return Err(choice(&["true", "false"])),
            },
        };
        Ok(Self { field, test })
    }

    /// The field has this value; for conditions that no caller wrote.
    pub fn equal(field: F, value: impl IntoValue) -> Self {
        let test = match value.into_value() {
            Some(value) => Test::Compare(Comparison::Equal, value),
            None => Test::IsNull(true),
        };
        Self { field, test }
    }

    /// The field has no value, or has one; for conditions that no caller wrote.
    pub fn null(field: F, is_null: bool) -> Self {
        Self {
            field,
            test: Test::IsNull(is_null),
        }
    }

    /// The field has one of these values; for conditions that no caller wrote.
    pub fn one_of<V: IntoValue>(field: F, values: impl IntoIterator<Item = V>) -> Self {
        let values = values.into_iter().filter_map(IntoValue::into_value).collect();
        Self {
            field,
            test: Test::In(values),
        }
    }

    /// The field compares so with this value, as in `updatedSince` (contract A-27); for conditions that no caller wrote.
    pub fn compare(field: F, comparison: Comparison, value: impl IntoValue) -> Self {
        let test = match value.into_value() {
            Some(value) => Test::Compare(comparison, value),
            // Nothing compares with nothing: `x < NULL` is met by no record.
            None => Test::In(Vec::new()),
        };
        Self { field, test }
    }

    /// The field's value is not less than this one, as no value is; for conditions that no caller wrote.
    pub fn not_less(field: F, value: impl IntoValue) -> Self {
        let test = match value.into_value() {
            Some(value) => Test::NotLess(value),
            None => Test::In(Vec::new()),
        };
        Self { field, test }
    }
}

impl<F: Field> Condition<F> {
    /// Whether a record meets it: what a store answers, said for one record. Values of custom fields are not in the record: it is judged as
    /// one that has none.
    pub fn is_met_by(&self, record: &F::Record) -> bool {
        let value = self.field.value(record);
        let text = match &value {
            Some(Value::Text(text)) => Some(text.as_str()),
            _ => None,
        };
        match &self.test {
            Test::Compare(comparison, with) => value.is_some_and(|value| comparison.holds(&value, with)),
            Test::Differs(other) => value.as_ref() != Some(other),
            Test::NotLess(least) => value.is_none_or(|value| value >= *least),
            Test::In(values) => value.is_some_and(|value| values.contains(&value)),
            Test::Contains(part) => text.is_some_and(|text| search_key(text).contains(part)),
            Test::StartsWith(prefix) => text.is_some_and(|text| text.starts_with(prefix)),
            Test::IsNull(is_null) => value.is_none() == *is_null,
        }
    }
}

impl<F> Condition<F> {
    /// The field.
    pub fn field(&self) -> &F {
        &self.field
    }

    /// What is asked of it.
    pub fn test(&self) -> &Test {
        &self.test
    }
}

fn read_one(spec: &Spec, text: &str, read: impl Fn(&Spec, &str) -> Result<Value, Problem>) -> Result<Value, Problem> {
    match text.chars().count() {
        0 => Err(Problem::Required),
        count if count > VALUE_MAX => Err(Problem::TooLong { max: VALUE_MAX }),
        _ if text.contains('\0') => Err(Problem::ControlCharacter),
        _ => read(spec, text).and_then(|value| if spec.holds(&value) { Ok(value) } else { Err(misread()) }),
    }
}

/// Values between commas, each once.
fn read_many(text: &str, read: impl Fn(&str) -> Result<Value, Problem>) -> Result<Vec<Value>, Problem> {
    let mut values = text.split(',').map(|part| read(part.trim())).collect::<Result<Vec<_>, _>>()?;
    values.sort_unstable();
    values.dedup();
    if values.len() > VALUES_MAX {
        return Err(Problem::Rule(format!("must be at most {VALUES_MAX} values")));
    }
    Ok(values)
}

/// A value of another kind than the field's: only a mistaken reader makes one.
fn misread() -> Problem {
    Problem::Rule("cannot be compared with this value".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        id::RecordId,
        tenant::{account::AccountField, opportunity::OpportunityField, task::TaskField},
    };

    fn parse<F: Field>(field: F, operator: Operator, text: &str) -> Result<Test, Problem> {
        Condition::parse(field, operator, text, Spec::read).map(|condition| condition.test)
    }

    #[test]
    fn a_value_is_read_by_its_fields_kind() {
        let equal = |value| Ok(Test::Compare(Comparison::Equal, value));
        assert_eq!(
            parse(AccountField::Name, Operator::Eq, " ÄCME "),
            equal(Value::Text("äcme".to_owned()))
        );
        assert_eq!(
            parse(AccountField::Industry, Operator::Eq, "Steel"),
            equal(Value::Text("Steel".to_owned()))
        );
        assert_eq!(parse(AccountField::OwnerId, Operator::Eq, "7"), equal(Value::Integer(7)));
        assert_eq!(parse(OpportunityField::Amount, Operator::Eq, "10.25"), equal(Value::Integer(1_025)));
        let date = Value::Text("2025-02-01".to_owned());
        assert_eq!(parse(OpportunityField::ExpectedCloseDate, Operator::Eq, "2025-02-01"), equal(date));
        assert_eq!(
            parse(OpportunityField::IncludeInForecast, Operator::Ne, "TRUE"),
            equal(Value::Bool(false))
        );
        let many = Test::In(vec![Value::Integer(1), Value::Integer(2)]);
        assert_eq!(parse(AccountField::OwnerId, Operator::In, "2, 1,2"), Ok(many));
    }

    #[test]
    fn a_ranked_word_is_read_as_its_place() {
        let high = Value::Integer(2);
        assert_eq!(
            parse(TaskField::Priority, Operator::Gte, "HIGH"),
            Ok(Test::Compare(Comparison::GreaterOrEqual, high))
        );
        assert_eq!(
            parse(TaskField::Priority, Operator::Eq, "soon"),
            Err(choice(&["Low", "Normal", "High", "Urgent"]))
        );
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert_eq!(parse(AccountField::OwnerId, Operator::Eq, "x"), Err(Problem::WholeNumber));
        assert_eq!(parse(AccountField::Industry, Operator::Eq, " "), Err(Problem::Required));
        assert_eq!(parse(AccountField::Industry, Operator::Eq, "a\0"), Err(Problem::ControlCharacter));
        assert_eq!(parse(AccountField::Industry, Operator::In, "a,,b"), Err(Problem::Required));
        assert_eq!(
            parse(AccountField::Name, Operator::Contains, "ab"),
            Err(Problem::TooShort { min: 3 })
        );
        let long = "x".repeat(256);
        assert_eq!(
            parse(AccountField::Industry, Operator::Eq, &long),
            Err(Problem::TooLong { max: 255 })
        );
        assert_eq!(
            parse(AccountField::Industry, Operator::IsNull, "maybe"),
            Err(choice(&["true", "false"]))
        );
        // An operator that does not fit is answered by those that do; a field without an index has none.
        assert_eq!(
            parse(AccountField::Industry, Operator::Gt, "a"),
            Err(choice(&["eq", "ne", "in", "startsWith", "isNull"]))
        );
        assert_eq!(parse(AccountField::CreatedBy, Operator::Eq, "1"), Err(choice(&[])));
    }

    #[test]
    fn a_condition_of_ours_fits_as_well() {
        let owner = crate::id::UserId::from_i64(3);
        assert_eq!(
            Condition::equal(AccountField::OwnerId, owner),
            Condition::parse(AccountField::OwnerId, Operator::Eq, "3", Spec::read).unwrap()
        );
    }
}
