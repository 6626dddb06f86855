//! The accounts that rows of other nouns name: found by external id or by name, for some nouns made.

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

/// The field whose cell holds an account's external id.
pub(super) const ACCOUNT_EXTERNAL_ID: &str = "account_external_id";

/// The accounts that rows name.
#[derive(Default)]
pub(super) struct NamedAccounts {
    /// By lower-case name; of several accounts the oldest.
    by_name: HashMap<String, AccountId>,
    by_external_id: HashMap<String, AccountId>,
}

impl NamedAccounts {
    fn of<N: Noun>(&self, noun: &N, row: &Row) -> Option<AccountId> {
        let by_external_id = account_external_id(noun, row).and_then(|id| self.by_external_id.get(id));
        let by_name = || account_name(noun, row).and_then(|name| self.by_name.get(&name.to_lowercase()));
        by_external_id.or_else(by_name).copied()
    }
}

fn account_name<'a, N: Noun>(noun: &'a N, row: &'a Row) -> Option<&'a str> {
    let columns = noun.columns();
    let field = N::ACCOUNT.iter().find(|field| columns.has(field))?;
    columns.text(&row.cells, field)
}

fn account_external_id<'a, N: Noun>(noun: &'a N, row: &'a Row) -> Option<&'a str> {
    noun.columns().text(&row.cells, ACCOUNT_EXTERNAL_ID)
}

/// The account that a row names, if it names one that is there.
///
/// # Errors
/// [`Error::Invalid`] when it is not there and the noun needs it.
pub(super) fn account_of<N: Noun>(noun: &N, row: &Row, accounts: &NamedAccounts) -> Result<Option<AccountId>> {
    let found = accounts.of(noun, row);
    if found.is_none() && N::NEEDS_ACCOUNT {
        match (account_name(noun, row), account_external_id(noun, row)) {
            (Some(name), _) => return Err(unknown_account(&format!("is named {name:?}"))),
            (None, Some(id)) => return Err(unknown_account(&format!("has the external id {id:?}"))),
            (None, None) => {}
        }
    }
    Ok(found)
}

/// The accounts that the rows name.
pub(super) fn accounts_named<N: Noun>(records: &mut Records<'_>, noun: &N, rows: &[Row]) -> Result<NamedAccounts> {
    let mut accounts = NamedAccounts::default();
    let ids = distinct(rows.iter().filter_map(|row| account_external_id(noun, row)).map(str::to_owned));
    if !ids.is_empty() {
        let with_id = records.accounts().lookup_external(&ids)?.into_iter();
        accounts.by_external_id = with_id
            .filter_map(|account| Some((account.fields.external_id?.into_inner(), account.id)))
            .collect();
    }
    let names = distinct(rows.iter().filter_map(|row| account_name(noun, row)).map(str::to_lowercase));
    if !names.is_empty() {
        for account in records.accounts().lookup_named(&names)? {
            accounts.by_name.entry(account.fields.name.to_lowercase()).or_insert(account.id);
        }
    }
    Ok(accounts)
}

/// The accounts that rows name and that do not exist: name and owner, in the order of the rows.
pub(super) fn missing_accounts<'a, N: Noun>(noun: &'a N, rows: &'a [Row], known: &NamedAccounts) -> Vec<(&'a str, Option<UserId>)> {
    let mut seen = HashSet::new();
    let missing = rows.iter().filter(|row| known.of(noun, row).is_none());
    let named = missing.filter_map(|row| account_name(noun, row).map(|name| (name, row.owner)));
    named.filter(|(name, _)| seen.insert(name.to_lowercase())).collect()
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
    known: &mut NamedAccounts,
) -> Result<u64> {
    let new: Vec<_> = missing
        .iter()
        .filter_map(|(name, own)| named(name, own.unwrap_or(owner)).ok())
        .collect();
    if new.is_empty() {
        return Ok(0);
    }
    let made = create_many(unit, new)?;
    let by_name = made.iter().map(|account| (account.fields.name.to_lowercase(), account.id));
    known.by_name.extend(by_name);
    Ok(made.len() as u64)
}

/// Stands for an account that a dry run does not make.
pub(super) fn imagine_accounts(missing: &[(&str, Option<UserId>)], known: &mut NamedAccounts) {
    let by_name = missing.iter().map(|(name, _)| (name.to_lowercase(), AccountId::from_i64(0)));
    known.by_name.extend(by_name);
}

/// The problem of a row whose account does not exist.
fn unknown_account(known_by: &str) -> Error {
    Error::invalid("account_id", Problem::Rule(format!("no account {known_by}")))
}
