//! Columns whose text stands for something else. Only this server writes them: what cannot be read is a broken database, and is said so
//! instead of being guessed and written back.

use crm_domain::{
    error::{Error, Problem, Result},
    field::parse_date,
    money::{Currency, Money},
    tenant::priority::Priority,
};
use time::Date;
use uuid::Uuid;

/// A uuid.
pub(super) fn uuid(stored: &str) -> Result<Uuid> {
    Uuid::try_parse(stored).map_err(|_| unreadable("uuid", stored))
}

/// An amount and its currency, which stand in two columns.
pub(super) fn money(minor: Option<i64>, currency: Option<&str>) -> Result<Option<Money>> {
    let Some(minor) = minor else { return Ok(None) };
    let stored = currency.unwrap_or_default();
    let currency = Currency::parse(stored).map_err(|_| unreadable("currency", stored))?;
    Ok(Some(Money { minor, currency }))
}

/// A calendar date.
pub(super) fn date(stored: Option<&str>) -> Result<Option<Date>> {
    let read = |text: &str| parse_date(text).map_err(|_| unreadable("date", text));
    stored.map(read).transpose()
}

/// A word of a closed vocabulary.
pub(super) fn word<T>(stored: &str, parse: impl FnOnce(&str) -> Result<T, Problem>) -> Result<T> {
    parse(stored).map_err(|_| unreadable("known word", stored))
}

/// A priority, which stands as its place among all.
pub(super) fn priority(place: i64) -> Result<Priority> {
    let among = usize::try_from(place).ok().and_then(|place| Priority::ALL.get(place));
    among.copied().ok_or_else(|| unreadable("priority", &place.to_string()))
}

pub(super) fn unreadable(what: &str, stored: &str) -> Error {
    Error::Internal(format!("the database holds {stored:?} where a {what} belongs"))
}
