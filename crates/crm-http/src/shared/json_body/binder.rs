//! Binds the members of a JSON object to the fields of a struct whatever the case of their letters (contract C-44, X-92).

use std::collections::BTreeMap;

use serde::{
    Deserializer,
    de::{
        IntoDeserializer, Visitor,
        value::{MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::{Map, Value};

/// Hands a value to serde: objects with the keys that a struct declares, null told apart from missing.
pub(super) struct Binder {
    value: Value,
}

impl Binder {
    pub(super) fn new(object: Map<String, Value>) -> Self {
        Self {
            value: Value::Object(object),
        }
    }
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
