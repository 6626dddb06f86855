//! Amounts as this family shows them: numbers in major units (contract E-41, X-14).

use std::collections::BTreeMap;

use crm_domain::{money::Currency, tenant::kpi::Worth};
use serde_json::Number;

/// A sum in the tenant's default currency.
pub(super) fn value(worth: &Worth, currency: Currency) -> Number {
    currency.major(worth.minor(currency))
}

/// What sums are in other currencies: those are not added to it, since nobody says at which rate.
pub(super) fn others(worth: &Worth, currency: Currency) -> BTreeMap<String, Number> {
    let others = worth.by_currency.iter().filter(|(other, _)| **other != currency);
    others
        .map(|(other, minor)| (other.as_str().to_owned(), other.major(*minor)))
        .collect()
}
