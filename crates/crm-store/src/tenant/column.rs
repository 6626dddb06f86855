//! Columns whose text stands for something else. Only this server writes them: what cannot be read is a broken database, and is said so
//! instead of being guessed and written back.

use crm_domain::{
    error::{Error, Result},
    field::parse_date,
    money::{Currency, Money},
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

fn unreadable(what: &str, stored: &str) -> Error {
    Error::Internal(format!("the database holds {stored:?} where a {what} belongs"))
}
