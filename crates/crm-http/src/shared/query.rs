//! Query strings, read parameter by parameter. Which parameters there are, and what they may be, is each family's own.

use std::collections::HashMap;

use crm_domain::{
    error::{FieldError, Problem},
    page::Cursor,
};

/// Beyond it a page counts as it: no list is as long, and every client's integer holds the number.
pub(crate) const PAGE_MAX: u32 = 2_147_483_647;

/// A query string's parameters, and what was found wrong with them so far.
pub(crate) struct Parameters {
    given: HashMap<String, String>,
    errors: Vec<FieldError>,
}

impl Parameters {
    /// Reads a query string; of a repeated parameter the last one counts.
    pub fn parse(query: &str) -> Self {
        Self {
            given: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            errors: Vec::new(),
        }
    }

    /// A parameter as it was sent.
    pub fn raw(&self, name: &str) -> Option<&str> {
        self.given.get(name).map(String::as_str)
    }

    /// A parameter's trimmed text; blank is none.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.raw(name).map(str::trim).filter(|text| !text.is_empty())
    }

    /// The parameters whose names begin so, and their texts.
    pub fn beginning_with(&self, prefix: &str) -> impl Iterator<Item = (String, String)> {
        let found = self.given.iter().filter(move |(name, _)| name.starts_with(prefix));
        found.map(|(name, text)| (name.clone(), text.clone()))
    }

    /// Notes a problem.
    pub fn fail(&mut self, name: &str, problem: Problem) {
        self.errors.push(FieldError {
            field: name.to_owned(),
            problem,
        });
    }

    /// A parameter that is parsed when given.
    pub fn parsed<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Result<T, Problem>) -> Option<T> {
        let parsed = parse(self.text(name)?);
        parsed.map_err(|problem| self.fail(name, problem)).ok()
    }

    /// The same where blank is a value like any other: for bounds, without which a list would silently be everything (contract X-18).
    pub fn parsed_even_blank<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Result<T, Problem>) -> Option<T> {
        let parsed = parse(self.raw(name)?.trim());
        parsed.map_err(|problem| self.fail(name, problem)).ok()
    }

    /// The parameter `cursor`: one of the list with this digest that `is_own` takes for the family's.
    pub fn cursor(&mut self, list: u32, is_own: impl FnOnce(&Cursor) -> bool) -> Option<Cursor> {
        self.parsed("cursor", |text| {
            let cursor = Cursor::decode(text, list).ok().filter(is_own);
            cursor.ok_or_else(|| Problem::Rule("must be a cursor returned by this list with the same parameters".to_owned()))
        })
    }

    /// What was wrong; nothing when all is well.
    ///
    /// # Errors
    /// Every problem noted.
    pub fn finish(self) -> Result<(), Vec<FieldError>> {
        if self.errors.is_empty() { Ok(()) } else { Err(self.errors) }
    }
}

/// Says which words a parameter can be.
pub(crate) fn choice<'a>(allowed: impl IntoIterator<Item = &'a str>) -> Problem {
    Problem::Choice {
        allowed: allowed.into_iter().map(str::to_owned).collect(),
    }
}
