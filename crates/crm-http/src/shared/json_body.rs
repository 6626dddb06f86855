//! JSON request bodies: parsed strictly, bound to a family's DTO. How they are read within limits is [`super::body`]'s matter.
//!
//! A DTO is a struct of [`Given`] fields, so that parsing it cannot fail: a field that is missing or of the wrong JSON type is one field
//! error among the others. No `Content-Type` is asked for (contract C-19, C-52). Unknown fields are ignored (contract X-24).

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use crm_domain::{
    control::refresh_token::hex,
    error::Problem,
    field::{Check, Patch},
};
use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeOwned, IntoDeserializer, Visitor,
        value::{MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// Why a body is refused before any field of it is looked at; always 400.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Not JSON (syntax, UTF-8, lone surrogates, nesting deeper than 128).
    #[error("Request body is not valid JSON: {0}")]
    NotJson(String),
    /// JSON, but no object.
    #[error("Request body must be a JSON object")]
    NotAnObject,
    /// A NUL character, which no database column keeps.
    #[error("Request body must not contain NUL characters")]
    Nul,
}

/// A parsed body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonBody {
    object: Map<String, Value>,
    digest: String,
}

impl JsonBody {
    /// Parses a body.
    pub fn parse(bytes: &[u8]) -> Result<Self, BodyError> {
        let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let value: Value = serde_json::from_slice(text).map_err(|error| BodyError::NotJson(error.to_string()))?;
        if holds_nul(&value) {
            return Err(BodyError::Nul);
        }
        match value {
            Value::Object(object) => Ok(Self {
                object,
                digest: hex(&Sha256::digest(bytes)),
            }),
            _ => Err(BodyError::NotAnObject),
        }
    }

    /// SHA-256 of the body as it was sent, hex.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Binds the keys whatever the case of their letters: `FirstName` and `firstname` are `firstName` (contract C-44, X-92).
    pub fn bind_any_case<T: DeserializeOwned>(self) -> Result<T, BodyError> {
        T::deserialize(Binder {
            value: Value::Object(self.object),
        })
        .map_err(|error| BodyError::NotJson(error.to_string()))
    }
}

/// Recursion is bounded: the parser refuses nesting deeper than 128.
fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(members) => members.iter().any(|(key, value)| key.contains('\0') || holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

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

/// Hands a value to serde: objects with the keys that a struct declares, null told apart from missing.
struct Binder {
    value: Value,
}

/// The members that the struct knows, under its own names. The exact spelling wins over others, else the last one given.
fn spelled(object: Map<String, Value>, fields: &'static [&'static str]) -> BTreeMap<&'static str, Value> {
    let (mut exact, mut similar) = (BTreeMap::new(), BTreeMap::new());
    for (key, value) in object {
        if let Some(field) = fields.iter().find(|field| **field == key) {
            exact.insert(*field, value);
        } else if let Some(field) = fields.iter().find(|field| field.eq_ignore_ascii_case(&key)) {
            similar.insert(*field, value);
        }
    }
    similar.extend(exact);
    similar
}

impl<'de> Deserializer<'de> for Binder {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.value.deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        match self.value {
            Value::Object(object) => {
                let members = spelled(object, fields).into_iter();
                visitor.visit_map(MapDeserializer::new(members.map(|(key, value)| (key, Self { value }))))
            }
            other => other.deserialize_struct(name, fields, visitor),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.value {
            Value::Array(items) => visitor.visit_seq(SeqDeserializer::new(items.into_iter().map(|value| Self { value }))),
            other => other.deserialize_seq(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.value.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct tuple tuple_struct map
        identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, serde_json::Error> for Binder {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Person {
        first_name: Given<String>,
        age: Given<Decimal>,
        is_active: Given<bool>,
        tags: Given<Vec<String>>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct People {
        all_people: Option<Vec<Person>>,
        nested: Option<Box<Person>>,
    }

    fn person(text: &str) -> Person {
        JsonBody::parse(text.as_bytes()).unwrap().bind_any_case().unwrap()
    }

    #[test]
    fn missing_null_value_and_wrong_type_are_told_apart() {
        let person = person(r#"{"age": null, "isActive": true, "tags": [1], "unknown": {"a": 1}}"#);
        assert_eq!(
            person,
            Person {
                first_name: Given::Missing,
                age: Given::Null,
                is_active: Given::Value(true),
                tags: Given::WrongType,
            }
        );
    }

    #[test]
    fn keys_bind_whatever_their_case() {
        for text in [
            r#"{"firstName":"Ann"}"#,
            r#"{"FirstName":"Ann"}"#,
            r#"{"FIRSTNAME":"Ann"}"#,
            r#"{"firstname":"Ann"}"#,
        ] {
            assert_eq!(person(text).first_name, Given::Value("Ann".to_owned()), "{text}");
        }
        let both = r#"{"FIRSTNAME":"x","firstName":"Ann","firstname":"y"}"#;
        assert_eq!(person(both).first_name, Given::Value("Ann".to_owned()), "the exact spelling wins");
    }

    #[test]
    fn nested_structs_bind_whatever_their_case() {
        let people: People = JsonBody::parse(br#"{"AllPeople":[{"FirstName":"Ann"}],"NESTED":{"AGE":7}}"#)
            .unwrap()
            .bind_any_case()
            .unwrap();
        assert_eq!(people.all_people.unwrap()[0].first_name, Given::Value("Ann".to_owned()));
        assert_eq!(people.nested.unwrap().age, Given::Value(Decimal("7".to_owned())));
    }

    #[test]
    fn numbers_are_handed_on_as_decimal_text() {
        for (text, expected) in [
            ("7", "7"),
            ("-7", "-7"),
            ("1100.04", "1100.04"),
            ("50.0", "50"),
            ("1e3", "1000"),
            ("18446744073709551615", "18446744073709551615"),
            ("1e300", "1e+300"),
        ] {
            let Given::Value(age) = person(&format!(r#"{{"age":{text}}}"#)).age else {
                panic!("{text}");
            };
            assert_eq!(String::from(age), expected);
        }
        assert_eq!(person(r#"{"age":"7"}"#).age, Given::WrongType);
    }

    #[test]
    fn wrong_types_become_field_errors() {
        let person = person(r#"{"firstName": 1, "age": "x", "isActive": "true", "tags": "a"}"#);
        let mut check = Check::new();
        let name: Patch<String> = person.first_name.patch("first_name", &mut check);
        let age: Patch<String> = person.age.patch("age", &mut check);
        let active: Patch<bool> = person.is_active.patch("is_active", &mut check);
        let tags: Patch<Vec<String>> = person.tags.patch("tags", &mut check);
        assert_eq!((name, age, active, tags), (Patch::Keep, Patch::Keep, Patch::Keep, Patch::Keep));
        let Err(crm_domain::Error::Invalid(errors)) = check.finish() else {
            panic!("four fields are wrong");
        };
        let told: Vec<_> = errors.iter().map(|e| format!("{} {}", e.field, e.problem)).collect();
        assert_eq!(
            told,
            [
                "age must be a number",
                "first_name must be a string",
                "is_active must be true or false",
                "tags must be a list of strings"
            ]
        );
    }

    #[test]
    fn what_is_no_json_object_is_refused() {
        let deep = format!("{}{}", r#"{"a":"#.repeat(200), "}".repeat(200));
        for bad in [
            &b""[..],
            b"{",
            b"{\"a\":1}x",
            b"{'a':1}",
            b"{\"a\":\"\xFF\"}",
            b"{\"a\":\"\x00\"}",
            br#"{"a":"\ud800"}"#,
            br#"{"a":"\udc00\ud800"}"#,
            br#"{"a":NaN}"#,
            br#"{"a":1e999}"#,
            deep.as_bytes(),
        ] {
            assert!(
                matches!(JsonBody::parse(bad), Err(BodyError::NotJson(_))),
                "{}",
                String::from_utf8_lossy(bad)
            );
        }
        for bad in [&b"[]"[..], b"null", b"\"text\"", b"7"] {
            assert_eq!(JsonBody::parse(bad), Err(BodyError::NotAnObject));
        }
        for bad in [&br#"{"a":"x\u0000y"}"#[..], br#"{"a":{"\u0000":1}}"#, br#"{"a":[["\u0000"]]}"#] {
            assert_eq!(JsonBody::parse(bad), Err(BodyError::Nul));
        }
        assert!(JsonBody::parse(b"\xEF\xBB\xBF{}").is_ok(), "a byte order mark is skipped");
        assert!(JsonBody::parse(br#"{"a":"\ud83d\ude00"}"#).is_ok());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(body) = JsonBody::parse(&bytes) {
                let _ = body.bind_any_case::<People>();
            }
        }

        #[test]
        fn no_object_panics(text in r#"\{"(all|ALL)?[pP]eople":[\[\]{}0-9a-z":,]{0,40}\}"#) {
            if let Ok(body) = JsonBody::parse(text.as_bytes()) {
                let _ = body.bind_any_case::<People>();
            }
        }

        #[test]
        fn any_text_is_handed_on_unchanged(text in "[^\0]*") {
            let body = serde_json::json!({"FIRSTNAME": text}).to_string();
            prop_assert_eq!(person(&body).first_name, Given::Value(text));
        }
    }
}
