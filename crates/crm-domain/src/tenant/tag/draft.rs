//! What callers say of a tag, and how it becomes valid fields.

use std::fmt;

use serde::Serialize;

use super::{TagFields, TagName};
use crate::{
    error::{Problem, Result},
    field::{Check, Patch, Text, join_search},
};

/// A colour as `#rrggbb`, lower case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Color(String);

impl Color {
    /// Trims and checks `value`.
    pub fn parse(value: &str) -> Result<Self, Problem> {
        let value = value.trim();
        let digits = value.strip_prefix('#').unwrap_or_default();
        if digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            Ok(Self(value.to_ascii_lowercase()))
        } else {
            Err(Problem::Rule("must be a colour such as #1a2b3c".to_owned()))
        }
    }

    /// Trusts a value that was parsed before it was stored.
    pub fn from_store(value: String) -> Self {
        Self(value)
    }

    /// The colour itself.
    pub fn into_inner(self) -> String {
        self.0
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a caller says of a tag, unparsed. Serves creation and update alike.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the fields of TagFields")]
pub struct TagDraft {
    pub name: Patch<String>,
    pub color: Patch<String>,
    pub description: Patch<String>,
}

/// Reads the name of a tag.
///
/// # Errors
/// What is wrong with it.
pub fn parse_name(text: &str) -> Result<TagName, Problem> {
    if text.contains(',') {
        return Err(Problem::Rule("must not contain a comma".to_owned()));
    }
    Text::parse(text)
}

impl TagFields {
    /// Parses a new tag.
    pub fn parse(draft: TagDraft, check: Check) -> Result<Self> {
        Self::merge(None, draft, check)
    }

    /// Parses an update of `self`: fields the draft does not mention stay (contract X-93).
    pub fn updated(&self, draft: TagDraft, check: Check) -> Result<Self> {
        Self::merge(Some(self), draft, check)
    }

    fn merge(current: Option<&Self>, draft: TagDraft, mut check: Check) -> Result<Self> {
        let name = check.required("name", draft.name, current.map(|c| c.name.clone()), parse_name);
        let color = check.optional("color", draft.color, current.and_then(|c| c.color.clone()), Color::parse);
        let described = current.and_then(|c| c.description.clone());
        let description = check.optional("description", draft.description, described, Text::parse);
        check.finish_with(name.map(|name| Self { name, color, description }))
    }

    /// The lower-case text that a search looks in.
    pub fn search_text(&self) -> String {
        join_search(&[Some(&*self.name), self.description.as_deref()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_has_six_hexadecimal_digits() {
        assert_eq!(Color::parse(" #1A2b3C ").map(Color::into_inner), Ok("#1a2b3c".to_owned()));
        for wrong in ["", "#", "#12345", "#1234567", "123456", "#12345g", "#12345é", "red"] {
            assert!(Color::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_name_is_short_and_no_list() {
        assert_eq!(parse_name(" VIP ").map(TagName::into_inner), Ok("VIP".to_owned()));
        for wrong in ["", " ", "a,b", "a\0b", &"x".repeat(51)] {
            assert!(parse_name(wrong).is_err(), "{wrong:?}");
        }
    }
}
