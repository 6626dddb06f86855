//! A person's name: in one piece, and in two.

use super::super::ContactFields;
use crate::{
    error::Problem,
    field::{Check, Patch, Text, is_blank},
};

/// A name. Whenever a part is known the whole is, and the other way round.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in super::super) struct Name {
    pub(in super::super) full: Option<Text<201>>,
    pub(in super::super) first: Option<Text<100>>,
    pub(in super::super) last: Option<Text<100>>,
}

/// What a caller says of a name.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct NameDraft {
    pub(in super::super) full: Patch<String>,
    pub(in super::super) first: Patch<String>,
    pub(in super::super) last: Patch<String>,
}

impl Name {
    pub(in super::super) fn of(fields: &ContactFields) -> Self {
        Self {
            full: fields.full_name.clone(),
            first: fields.first_name.clone(),
            last: fields.last_name.clone(),
        }
    }
}

impl NameDraft {
    /// The name after a write:
    ///
    /// * The whole alone is split: its last word is the last name, a single word the first.
    /// * Parts alone are joined by a space.
    /// * The whole with one part gives the other as what remains of the whole, where the part begins or ends it.
    /// * The whole with both parts is kept.
    ///
    /// An empty value counts as not given, but for a part beside no whole, which is cleared.
    pub(in super::super) fn resolve(self, current: Option<Name>, check: &mut Check) -> Name {
        let current = current.unwrap_or_default();
        let said = |given: &Patch<String>| matches!(given, Patch::Set(text) if !is_blank(text));
        let (has_full, has_first, has_last) = (said(&self.full), said(&self.first), said(&self.last));
        let full = check.optional("full_name", self.full, None, Text::parse);
        let before = (current.first.clone(), current.last.clone());
        let first = check.optional("first_name", self.first, current.first, Text::parse);
        let last = check.optional("last_name", self.last, current.last, Text::parse);
        let Some(full) = full.filter(|_| has_full) else {
            return if (&first, &last) == (&before.0, &before.1) && current.full.is_some() {
                Name {
                    full: current.full,
                    first,
                    last,
                }
            } else {
                Name {
                    full: joined(first.as_deref(), last.as_deref()),
                    first,
                    last,
                }
            };
        };
        // The same name again tells nothing new of its parts.
        if !has_first && !has_last && current.full.as_ref() == Some(&full) {
            return Name {
                full: Some(full),
                first: before.0,
                last: before.1,
            };
        }
        let (first, last) = match (has_first, has_last) {
            (false, false) => split(&full, check),
            (true, false) => {
                let rest = first
                    .as_deref()
                    .and_then(|first| full.strip_prefix(first))
                    .filter(|rest| rest.starts_with(char::is_whitespace));
                let last = rest.and_then(|rest| Text::parse(rest).ok());
                (first, last.or(before.1))
            }
            (false, true) => {
                let rest = last
                    .as_deref()
                    .and_then(|last| full.strip_suffix(last))
                    .filter(|rest| rest.ends_with(char::is_whitespace));
                let first = rest.and_then(|rest| Text::parse(rest).ok());
                (first.or(before.0), last)
            }
            (true, true) => (first, last),
        };
        Name {
            full: Some(full),
            first,
            last,
        }
    }
}

/// First and last name as one, as far as known.
pub fn joined(first: Option<&str>, last: Option<&str>) -> Option<Text<201>> {
    let parts: Vec<&str> = [first, last].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| Text::from_store(parts.join(" ")))
}

/// What stands behind a comma and a name without being one.
const TITLES: [&str; 22] = [
    "jr", "jnr", "sr", "snr", "i", "ii", "iii", "iv", "v", "phd", "md", "dds", "dvm", "esq", "cpa", "mba", "msc", "bsc", "ma", "ba", "rn",
    "pe",
];

/// First and last name of a whole name: the last word is the last name, a single word the first. `Byron, Ada` has the last name first;
/// `Ada Byron, PhD` is followed by a title, which stays with the last name.
fn split(full: &str, check: &mut Check) -> (Option<Text<100>>, Option<Text<100>>) {
    let (first, last) = match parts(visible(full)) {
        (first, Some(last)) => (Text::parse(first), Some(Text::parse(last))),
        (first, None) => (Text::parse(first), None),
    };
    let is_fitting = first.is_ok() && last.as_ref().is_none_or(Result::is_ok);
    if !is_fitting {
        check.fail(
            "full_name",
            Problem::Rule("must have a first and a last name of at most 100 characters each".to_owned()),
        );
    }
    (first.ok(), last.and_then(Result::ok))
}

fn parts(full: &str) -> (&str, Option<&str>) {
    let comma = full.split_once(',').map(|(left, right)| (left.trim(), right.trim()));
    let (name, is_titled) = match comma {
        Some((left, right)) if is_blank(left) || is_blank(right) => (full, false),
        Some((left, right)) if right.split(',').all(is_title) => (left, true),
        Some((last, first)) if !first.contains(',') => return (first, Some(last)),
        _ => (full, false),
    };
    match name.rsplit_once(char::is_whitespace) {
        // A title goes with the last name.
        Some((first, last)) if is_titled => (first, Some(&full[name.len() - last.len()..])),
        Some((first, last)) => (first, Some(last)),
        None => (full, None),
    }
}

fn is_title(text: &str) -> bool {
    let bare: String = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    TITLES.contains(&bare.as_str())
}

/// The text without the words at its ends of which nobody could see anything.
fn visible(text: &str) -> &str {
    let mut text = text.trim();
    while let Some((front, last)) = text.rsplit_once(char::is_whitespace)
        && is_blank(last)
    {
        text = front.trim_end();
    }
    while let Some((first, rest)) = text.split_once(char::is_whitespace)
        && is_blank(first)
    {
        text = rest.trim_start();
    }
    text
}
