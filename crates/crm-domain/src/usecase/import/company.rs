//! The accounts that rows of other nouns name: found by name, for some nouns made.

use std::collections::{HashMap, HashSet};

use crate::{
    error::{Error, Problem, Result},
    id::{AccountId, RecordId, UserId},
    tenant::{UnitOfWork, account::create_many, change::EntityKind},
};

use super::{
    account::named,
    noun::{Noun, Records, Row},
    slice::distinct,
};

fn account_name<'a, N: Noun>(noun: &'a N, row: &'a Row) -> Option<&'a str> {
    noun.columns().text(&row.cells, N::ACCOUNT?)
}

/// The account that a row names, if it names one that is there.
///
/// # Errors
/// [`Error::Invalid`] when it is not there and the noun needs it.
pub(super) fn account_of<N: Noun>(noun: &N, row: &Row, accounts: &HashMap<String, AccountId>) -> Result<Option<AccountId>> {
    let Some(name) = account_name(noun, row) else { return Ok(None) };
    match accounts.get(&name.to_lowercase()) {
        None if N::NEEDS_ACCOUNT => Err(unknown_account(name)),
        found => Ok(found.copied()),
    }
}

/// The accounts that the rows name, by lower-case name; of several the oldest.
pub(super) fn accounts_named<N: Noun>(records: &mut Records<'_>, noun: &N, rows: &[Row]) -> Result<HashMap<String, AccountId>> {
    let names = distinct(rows.iter().filter_map(|row| account_name(noun, row)).map(str::to_lowercase));
    let mut accounts = HashMap::with_capacity(names.len());
    if !names.is_empty() {
        for account in records.accounts().lookup_named(&names)? {
            accounts.entry(account.fields.name.to_lowercase()).or_insert(account.id);
        }
    }
    Ok(accounts)
}

/// The accounts that rows name and that do not exist: name and owner, in the order of the rows.
pub(super) fn missing_accounts<'a, N: Noun>(
    noun: &'a N,
    rows: &'a [Row],
    known: &HashMap<String, AccountId>,
) -> Vec<(&'a str, Option<UserId>)> {
    let mut seen = HashSet::new();
    let named = rows.iter().filter_map(|row| account_name(noun, row).map(|name| (name, row.owner)));
    named
        .filter(|(name, _)| {
            let key = name.to_lowercase();
            !known.contains_key(&key) && seen.insert(key)
        })
        .collect()
}

/// Whether accounts can be made of which only the name is known: not where a custom field of theirs is required.
pub(super) fn names_suffice(records: &mut Records<'_>) -> Result<bool> {
    Ok(!records.definitions(EntityKind::Account)?.ask_for_values())
}

/// Makes the accounts; a name that cannot be one is left out, so that its rows fail. Returns how many were made.
pub(super) fn create_accounts(
    unit: &mut dyn UnitOfWork,
    missing: &[(&str, Option<UserId>)],
    owner: UserId,
    known: &mut HashMap<String, AccountId>,
) -> Result<u64> {
    let new: Vec<_> = missing
        .iter()
        .filter_map(|(name, own)| named(name, own.unwrap_or(owner)).ok())
        .collect();
    if new.is_empty() {
        return Ok(0);
    }
    let made = create_many(unit, new)?;
    known.extend(made.iter().map(|account| (account.fields.name.to_lowercase(), account.id)));
    Ok(made.len() as u64)
}

/// Stands for an account that a dry run does not make.
pub(super) fn imagine_accounts(missing: &[(&str, Option<UserId>)], known: &mut HashMap<String, AccountId>) {
    known.extend(missing.iter().map(|(name, _)| (name.to_lowercase(), AccountId::from_i64(0))));
}

/// The problem of a row whose account does not exist.
fn unknown_account(name: &str) -> Error {
    Error::invalid("account_id", Problem::Rule(format!("no account is named {name:?}")))
}
