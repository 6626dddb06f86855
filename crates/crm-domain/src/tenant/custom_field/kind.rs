//! What a custom field can hold.

use serde::Serialize;

use crate::{
    error::Problem,
    query::{IntoValue, Value},
};

/// What a custom field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// A text of at most 255 characters, compared whatever its case.
    Text,
    /// A [`crate::decimal::Decimal`].
    Number,
    /// A calendar day.
    Date,
    /// True or false; false comes first.
    Bool,
    /// One of the field's choices.
    Choice,
}

impl FieldType {
    /// Every type.
    pub const ALL: [Self; 5] = [Self::Text, Self::Number, Self::Date, Self::Bool, Self::Choice];
    /// Their words.
    pub const WORDS: [&'static str; 5] = ["text", "number", "date", "bool", "choice"];

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Date => "date",
            Self::Bool => "bool",
            Self::Choice => "choice",
        }
    }

    /// Reads the word, whatever its case.
    ///
    /// # Errors
    /// [`Problem::Choice`] with every word.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let wanted = text.trim();
        let found = Self::ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(wanted));
        found.ok_or_else(|| Problem::Choice {
            allowed: Self::WORDS.map(str::to_owned).to_vec(),
        })
    }
}

impl IntoValue for FieldType {
    fn into_value(self) -> Option<Value> {
        self.as_str().into_value()
    }
}
