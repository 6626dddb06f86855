//! A field of a body: missing, null, a value, or a value of another JSON type than the field's.

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use crm_domain::{
    error::Problem,
    field::{Check, Patch},
};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Visitor},
};
use serde_json::{Map, Value};

use super::binder::Binder;

/// What a body says of a field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Given<T> {
    /// Nothing.
    #[default]
    Missing,
    /// `null`.
    Null,
    /// A value.
    Value(T),
    /// A value of another JSON type.
    WrongType,
}

/// A JSON type that fields can have.
pub trait JsonType: Sized {
    /// What error messages call it, with its article.
    const EXPECTED: &'static str;
    /// Reads it; `None` for another type.
    fn from_json(value: Value) -> Option<Self>;
}

impl JsonType for String {
    const EXPECTED: &'static str = "a string";
    fn from_json(value: Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }
}

impl JsonType for bool {
    const EXPECTED: &'static str = "true or false";
    fn from_json(value: Value) -> Option<Self> {
        value.as_bool()
    }
}

impl JsonType for Vec<String> {
    const EXPECTED: &'static str = "a list of strings";
    fn from_json(value: Value) -> Option<Self> {
        match value {
            Value::Array(items) => items.into_iter().map(String::from_json).collect(),
            _ => None,
        }
    }
}

impl JsonType for Vec<Value> {
    const EXPECTED: &'static str = "a list";
    fn from_json(value: Value) -> Option<Self> {
        match value {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }
}

impl JsonType for BTreeMap<String, String> {
    const EXPECTED: &'static str = "an object of strings";
    fn from_json(value: Value) -> Option<Self> {
        match value {
            Value::Object(members) => members
                .into_iter()
                .map(|(name, value)| String::from_json(value).map(|value| (name, value)))
                .collect(),
            _ => None,
        }
    }
}

/// An object whose members are named by the tenant, and so bound as they are.
impl JsonType for Map<String, Value> {
    const EXPECTED: &'static str = "an object";
    fn from_json(value: Value) -> Option<Self> {
        match value {
            Value::Object(members) => Some(members),
            _ => None,
        }
    }
}

/// An object within a body, whose keys are bound as the body's are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object<T>(pub T);

impl<T: DeserializeOwned> JsonType for Object<T> {
    const EXPECTED: &'static str = "an object";
    fn from_json(value: Value) -> Option<Self> {
        match value {
            Value::Object(members) => T::deserialize(Binder::new(members)).ok().map(Self),
            _ => None,
        }
    }
}

/// A list of objects, whose keys bind as those of the body do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objects<T>(Vec<T>);

impl<T: DeserializeOwned> JsonType for Objects<T> {
    const EXPECTED: &'static str = "a list of objects";
    fn from_json(value: Value) -> Option<Self> {
        let Value::Array(items) = value else { return None };
        let read = |item| match item {
            Value::Object(object) => T::deserialize(Binder::new(object)).ok(),
            _ => None,
        };
        items.into_iter().map(read).collect::<Option<_>>().map(Self)
    }
}

impl<T> From<Objects<T>> for Vec<T> {
    fn from(objects: Objects<T>) -> Self {
        objects.0
    }
}

/// A JSON number as its decimal text, which commands parse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decimal(String);

impl JsonType for Decimal {
    const EXPECTED: &'static str = "a number";
    fn from_json(value: Value) -> Option<Self> {
        let Value::Number(number) = value else {
            return None;
        };
        // `1e3` and `50.0` are whole numbers to every JSON reader; 15 digits are exact in a double.
        let whole = number
            .as_f64()
            .filter(|_| number.is_f64())
            .filter(|n| n.fract() == 0.0 && n.abs() < 1e15);
        Some(Self(whole.map_or_else(|| number.to_string(), |n| format!("{n:.0}"))))
    }
}

impl From<Decimal> for String {
    fn from(number: Decimal) -> Self {
        number.0
    }
}

impl<T: JsonType> Given<T> {
    /// What a command makes of it; a wrong type is noted under the field's snake-case name.
    pub fn patch<U: From<T>>(self, field: &str, check: &mut Check) -> Patch<U> {
        match self {
            Self::Missing => Patch::Keep,
            Self::Null => Patch::Clear,
            Self::Value(value) => Patch::Set(value.into()),
            Self::WrongType => {
                check.fail(
                    field,
                    Problem::Type {
                        expected: T::EXPECTED.to_owned(),
                    },
                );
                Patch::Keep
            }
        }
    }
}

/// serde hands a missing field's type a deserializer that answers `deserialize_option` with none; `Binder` answers null with a unit.
impl<'de, T: JsonType> Deserialize<'de> for Given<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(GivenVisitor(PhantomData))
    }
}

struct GivenVisitor<T>(PhantomData<T>);

impl<'de, T: JsonType> Visitor<'de> for GivenVisitor<T> {
    type Value = Given<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(Given::Missing)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Given::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Ok(T::from_json(value).map_or(Given::WrongType, Given::Value))
    }
}
