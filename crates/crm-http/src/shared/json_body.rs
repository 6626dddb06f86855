//! JSON request bodies: parsed strictly, bound to a family's DTO. How they are read within limits is [`super::body`]'s matter.
//!
//! A DTO is a struct of [`Given`] fields, so that parsing it cannot fail: a field that is missing or of the wrong JSON type is one field
//! error among the others. No `Content-Type` is asked for (contract C-19, C-52). Unknown fields are ignored (contract X-24).

mod binder;
mod extractor;
mod given;

use std::fmt;

use crm_domain::control::refresh_token::hex;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use self::binder::Binder;
pub(crate) use self::extractor::{Body, receive};
pub use self::given::{Decimal, Given, JsonType, Object, Objects};

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

/// A parsed body. It may hold passwords and tokens: it is never shown.
#[derive(Clone, PartialEq, Eq)]
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
        T::deserialize(Binder::new(self.object)).map_err(|error| BodyError::NotJson(error.to_string()))
    }
}

impl JsonBody {
    /// Its members, as they were sent.
    pub fn into_object(self) -> Map<String, Value> {
        self.object
    }

    /// The names of its members.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.object.keys().map(String::as_str)
    }

    /// The member of this name, whatever the case of its letters; the exact spelling wins.
    pub fn into_member(mut self, name: &str) -> Option<Value> {
        let exact = self.object.remove(name);
        exact.or_else(|| {
            let similar = |(key, value): (String, Value)| key.eq_ignore_ascii_case(name).then_some(value);
            self.object.into_iter().filter_map(similar).next_back()
        })
    }
}

/// Binds an item of a list as [`JsonBody::bind_any_case`] binds a whole body; what is no object counts as one without members.
pub fn bind_item<T: DeserializeOwned>(item: Value) -> Result<T, BodyError> {
    let object = match item {
        Value::Object(object) => object,
        _ => Map::new(),
    };
    T::deserialize(Binder::new(object)).map_err(|error| BodyError::NotJson(error.to_string()))
}

impl fmt::Debug for JsonBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JsonBody(…)")
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

#[cfg(test)]
mod tests;
