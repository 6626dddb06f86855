//! Brackets of company sizes (contract X-121).

use super::super::ContactFields;
use crate::{error::Problem, field::Text};

/// The brackets, ascending.
pub const SIZE_BRACKETS: [&str; 8] = [
    "1-10",
    "11-50",
    "51-200",
    "201-500",
    "501-1000",
    "1001-5000",
    "5001-10000",
    "10001+",
];

/// The bracket's last number, of all but the last.
const ENDS: [i64; 7] = [10, 50, 200, 500, 1_000, 5_000, 10_000];

/// The bracket that so many employees fall into; none has a company without employees.
pub fn bracket_of(employees: i64) -> Option<&'static str> {
    (employees > 0).then(|| SIZE_BRACKETS[ENDS.iter().filter(|end| employees > **end).count()])
}

/// Whether a text is a range of numbers, as people write sizes: `51-200`, `1,001 – 5,000 employees`, `10,001+`.
pub fn is_range(text: &str) -> bool {
    let bare = bare(text);
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (from, to) = match bare.split_once('-') {
        Some((from, to)) => (from, to),
        None if bare.starts_with('>') => (&bare[1..], ""),
        None => match bare.strip_suffix('+') {
            Some(from) => (from, ""),
            None => return false,
        },
    };
    is_number(from) && (to.is_empty() || is_number(to))
}

/// A text without what does not matter in a bracket.
fn bare(text: &str) -> String {
    let bare = text.to_lowercase().replace("employees", "").replace(['–', '—'], "-");
    bare.chars().filter(|c| !c.is_whitespace() && !matches!(c, ',' | '.')).collect()
}

/// A bracket as people write it: `201 – 500 employees` and `1,001-5,000` are those of the list, anything else is kept as given.
pub(in super::super) fn parse_bracket(text: &str) -> Result<Text<50>, Problem> {
    let given = Text::parse(text)?;
    let bare = bare(text);
    let bare = match bare.as_str() {
        "10000+" | ">10000" | "10001-" => "10001+",
        bare => bare,
    };
    let known = SIZE_BRACKETS.iter().find(|bracket| **bracket == bare);
    Ok(known.map_or(given, |bracket| Text::from_store((*bracket).to_owned())))
}

/// The bracket after a write: the one that was given, else that of the employees. One that followed from the employees before does so still.
pub(in super::super) fn bracket(current: Option<&ContactFields>, employees: Option<i64>, given: Option<Text<50>>) -> Option<Text<50>> {
    let derived = |employees: Option<i64>| employees.and_then(bracket_of);
    let had = current.and_then(|current| derived(current.employees));
    let has_followed = current.is_some_and(|current| current.employees != employees) && had.is_some() && given.as_deref() == had;
    let given = given.filter(|_| !has_followed);
    given.or_else(|| derived(employees).map(|bracket| Text::from_store(bracket.to_owned())))
}
