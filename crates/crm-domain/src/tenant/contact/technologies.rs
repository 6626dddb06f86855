//! The technologies that a company uses.

use std::ops::Deref;

use serde::Serialize;

use crate::{
    error::Problem,
    field::{Check, Patch, Text},
};

/// Most technologies of one contact.
const MAX: usize = 200;

/// A list of technologies, at least one, each once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Technologies(Vec<Text<100>>);

impl Technologies {
    /// Reads what was given: blank and repeated entries are left out; `None` when nothing is left.
    ///
    /// # Errors
    /// The first entry's problem, that one holds a semicolon, which tells entries apart in tables, or that there are too many.
    pub fn parse(given: &[String]) -> Result<Option<Self>, Problem> {
        let mut parsed: Vec<Text<100>> = Vec::with_capacity(given.len());
        for text in given.iter().filter(|text| !text.trim().is_empty()) {
            if text.contains(';') {
                return Err(Problem::Rule("must be entries without a semicolon".to_owned()));
            }
            let text = Text::parse(text)?;
            if !parsed.contains(&text) {
                parsed.push(text);
            }
            if parsed.len() > MAX {
                return Err(Problem::Rule(format!("must be at most {MAX} entries")));
            }
        }
        Ok((!parsed.is_empty()).then_some(Self(parsed)))
    }

    /// The entries of a text that lists them, between semicolons or, where there is none, commas.
    pub fn split(text: &str) -> Vec<String> {
        let separator = if text.contains(';') { ';' } else { ',' };
        text.split(separator).map(|entry| entry.trim().to_owned()).collect()
    }

    /// The entries as one text, of which [`Technologies::split`] makes them again.
    pub fn joined(&self) -> String {
        let entries: Vec<&str> = self.0.iter().map(Deref::deref).collect();
        match entries.as_slice() {
            [alone] if alone.contains(',') => format!("{alone};"),
            entries => entries.join("; "),
        }
    }

    /// Trusts entries that were parsed before they were stored.
    pub fn from_store(entries: Vec<String>) -> Option<Self> {
        (!entries.is_empty()).then(|| Self(entries.into_iter().map(Text::from_store).collect()))
    }

    pub(super) fn patched(given: Patch<Vec<String>>, current: Option<Self>, check: &mut Check) -> Option<Self> {
        match given {
            Patch::Keep => current,
            Patch::Clear => None,
            Patch::Set(entries) => check.keep("technologies", Self::parse(&entries)),
        }
    }
}

impl Deref for Technologies {
    type Target = [Text<100>];
    fn deref(&self) -> &[Text<100>] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn entries_are_told_apart() {
        let parse = |entries: &[&str]| {
            let entries: Vec<String> = entries.iter().map(ToString::to_string).collect();
            Technologies::parse(&entries).unwrap().map(|list| list.joined())
        };
        assert_eq!(parse(&["Rust", " ", "Rust", "C, C++"]).as_deref(), Some("Rust; C, C++"));
        assert_eq!(parse(&["", " "]), None);
        assert!(Technologies::parse(&["HTML;CSS".to_owned()]).is_err());
        assert_eq!(Technologies::split("AWS, React"), ["AWS", "React"]);
        assert!(Technologies::parse(&["x".repeat(101)]).is_err());
        assert!(Technologies::parse(&(0..=MAX).map(|number| number.to_string()).collect::<Vec<_>>()).is_err());
    }

    proptest! {
        #[test]
        fn a_cell_is_read_back(entries in prop::collection::vec("[a-c, ]{0,5}", 0..5)) {
            let list = Technologies::parse(&entries).unwrap();
            let cell = list.as_ref().map(Technologies::joined).unwrap_or_default();
            prop_assert_eq!(Technologies::parse(&Technologies::split(&cell)).unwrap(), list);
        }
    }
}
